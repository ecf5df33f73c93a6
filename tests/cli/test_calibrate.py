"""``kldiv calibrate`` writes limits over nothing that is not its own, and check judges by them."""

import json
import random
import tomllib

import jsonschema
import pandas
import pytest

from kldiv_cli import InputError, UsageError, calibrate, check, matrix
from kldiv_cli.cli.messages import written
from kldiv_cli.pipeline.calibrate import BEGIN, END, _rounded_up

NAMES = [f"w{place:02d}.csv" for place in range(19)]


def window(path, rows, level, seed, names=("amount", "colour")):
    """Write raw rows: numbers around a level, and labels of which its share are red."""
    draw = random.Random(seed)
    lines = [
        f"{draw.gauss(level, 1):.3f},{'red' if draw.random() < 0.5 + level / 5 else 'blue'}"
        for _ in range(rows)
    ]
    path.write_text("\n".join([",".join(names), *lines]) + "\n")


@pytest.fixture
def weeks(tmp_path, monkeypatch):
    """Nineteen windows whose levels differ, one that is usual and one that is not."""
    monkeypatch.chdir(tmp_path)
    draw = random.Random(3)
    for seed, name in enumerate(NAMES):
        window(tmp_path / name, 200 + seed, draw.gauss(0, 0.3), seed)
    window(tmp_path / "usual.csv", 210, 0.3, 50)
    window(tmp_path / "unusual.csv", 210, 1.6, 51)
    window(tmp_path / "short.csv", 90, 0.0, 52)
    return tmp_path


KEPT = {}
"""The files of a calibration, of which every test has the same."""


def calibrated(kldiv, folder):
    """Write limits, and the windows together as the reference."""
    for name in ("kldiv.toml", "history.json"):
        if name not in KEPT:
            command = "calibrate" if name == "kldiv.toml" else "profile"
            assert kldiv(command, *NAMES, "-o", name).code == 0
            KEPT[name] = (folder / name).read_bytes()
        (folder / name).write_bytes(KEPT[name])


def judged(kldiv, current, *options):
    ran = kldiv("check", "history.json", current, "-f", "json", *options)
    return {each["column"]: each for each in json.loads(ran.out)["columns"]}


def test_a_usual_window_is_within_and_an_unusual_one_outside(weeks, kldiv):
    ran = kldiv("calibrate", *NAMES, "-o", "kldiv.toml")
    assert "19 windows of 200 to 218 rows" in ran.out
    assert "5 % of windows like these are outside in any of 2 columns (by ranks" in " ".join(
        ran.out.split()
    )
    assert "next: kldiv profile w00.csv" in ran.err
    calibrated(kldiv, weeks)
    settings = tomllib.loads((weeks / "kldiv.toml").read_text())
    assert settings["history"]["rows"] == [200, 218]
    limits = settings["history"]["kl"]
    usual, unusual = judged(kldiv, "usual.csv"), judged(kldiv, "unusual.csv")
    # By the usual limit it would be drift, or too close to it.
    (weeks / "none.toml").write_text("")
    assert judged(kldiv, "usual.csv", "--config", "none.toml")["amount"]["verdict"] != "pass"
    for name, limit in limits.items():
        assert usual[name]["kl_unclamped"] <= limit < unusual[name]["kl_unclamped"]
        for found in (usual[name], unusual[name]):
            assert found["threshold"] == found["judged"][0]["threshold"] == limit
            assert found["threshold_source"] == found["judged"][0]["threshold_source"] == "history"
            assert found["p_drift"] is found["p_pass"] is found["p_drift_adjusted"] is None
        assert (usual[name]["verdict"], usual[name]["reason"]["code"]) == (
            "pass",
            "within-history",
        )
        found = unusual[name]
        assert (found["verdict"], found["reason"]["code"]) == ("drift", "outside-history")


IN_FORMATS = [
    ("text", "unusual.csv", "outside the history of 19 windows"),
    ("text", "usual.csv", "within the history of 19 windows (at most"),
    ("junit", "usual.csv", "within the history of 19 windows (at most"),
    ("csv", "unusual.csv", "outside-history"),
    ("csv", "usual.csv", "within-history"),
    ("markdown", "unusual.csv", "outside the history of 19 windows"),
    ("html", "unusual.csv", "outside the history of 19 windows"),
    ("junit", "unusual.csv", 'type="outside-history"'),
    ("github", "unusual.csv", "outside the history of 19 windows"),
    ("prometheus", "usual.csv", "kldiv_threshold_from_history{"),
]


def test_every_format_tells_where_the_limit_comes_from(weeks, kldiv):
    calibrated(kldiv, weeks)
    for format, current, words in IN_FORMATS:
        out = kldiv("check", "history.json", current, "-f", format).out
        assert words in " ".join(out.split()), format


def test_a_limit_of_the_users_must_be_passed_as_well(weeks, kldiv):
    calibrated(kldiv, weeks)
    found = judged(kldiv, "unusual.csv", "--max-kl", "amount=9", "--max-kl", "colour=1e-9")
    assert found["amount"]["threshold"] == 9
    assert (found["amount"]["verdict"], found["amount"]["reason"]["code"]) == (
        "pass",
        "below-threshold",
    )
    assert "outside the history of 19 windows" in found["amount"]["reason"]["text"]
    assert found["colour"]["reason"]["code"] == "outside-history"
    found = judged(kldiv, "unusual.csv", "--max-kl", "amount=inf")["amount"]
    assert (found["verdict"], found["threshold_source"]) == ("pass", "limit")
    # Another measure is judged by its own limit, beside KL.
    found = judged(kldiv, "usual.csv", "--max-js", "amount=0")["amount"]
    assert found["verdict"] == "drift"
    assert [(each["measure"], each["threshold_source"]) for each in found["judged"]] == [
        ("kl", "history"),
        ("js", "limit"),
    ]


def test_rows_that_are_no_window_decide_nothing(weeks, kldiv):
    calibrated(kldiv, weeks)
    for found in judged(kldiv, "short.csv").values():
        assert (found["verdict"], found["reason"]["code"]) == ("inconclusive", "window-size")


def test_python_takes_the_same_table(weeks, kldiv):
    calibrated(kldiv, weeks)
    history = tomllib.loads((weeks / "kldiv.toml").read_text())["history"]
    report = check("history.json", "unusual.csv", history=history)
    assert report.columns["amount"].reason.code == "outside-history"
    for wrong in ({"windows": 2}, {"windows": 2, "rows": [1]}, {"kl": 1}, 5, {"window": 1},
                  {"windows": 2, "rows": [5, 6], "kl": {"x": -1}},
                  {"windows": 2, "rows": [5, 6], "kl": {"x": "much"}}):  # fmt: skip
        with pytest.raises(UsageError, match="history"):
            check("history.json", "unusual.csv", history=wrong)


def test_what_it_did_not_write_stays_and_what_stands_beside_its_limits_is_kept(weeks, kldiv):
    file = weeks / "kldiv.toml"
    file.write_text("max-kl = 0.1\n")
    ran = kldiv("calibrate", *NAMES, "-o", "kldiv.toml")
    assert (ran.code, file.read_text()) == (2, "max-kl = 0.1\n")
    assert "did not write kldiv.toml" in ran.err
    file.unlink()
    calibrated(kldiv, weeks)
    block = file.read_text()
    assert block.startswith(BEGIN)
    assert block.endswith(f"{END}\n")
    own = f"# mine\r\nmax-new = 0.5\n{block}\n[columns.amount]\nmax-js = 0.5 # ä\n"
    file.write_bytes(own.encode())
    assert kldiv("calibrate", *NAMES, "-o", "kldiv.toml").code == 0
    assert file.read_bytes() == own.encode()
    # Other windows have other limits; all else stays as it is.
    assert kldiv("calibrate", *NAMES[:12], "-o", "kldiv.toml").code == 0
    found = file.read_bytes().decode()
    assert found.startswith("# mine\r\nmax-new = 0.5\n# >>>")
    assert found.endswith("\n[columns.amount]\nmax-js = 0.5 # ä\n")
    assert tomllib.loads(found.replace("\r\n", "\n"))["history"]["windows"] == 12
    # A file that would be none of settings is left as it is.
    file.write_text(f"{block}[history]\nwindows = 3\n")
    (weeks / "empty.toml").write_text("")
    ran = kldiv("calibrate", *NAMES, "-o", "kldiv.toml", "--config", "empty.toml")
    assert (ran.code, file.read_text()) == (2, f"{block}[history]\nwindows = 3\n")
    assert "not TOML" in ran.err


def test_json_has_what_python_has(weeks, kldiv, root):
    ran = kldiv("calibrate", *NAMES, "-f", "json", "-o", "kldiv.toml")
    document = json.loads(ran.out)
    schema = json.loads((root / "kldiv_cli/renderers/schemas/calibrate-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    limits = tomllib.loads((weeks / "kldiv.toml").read_text())["history"]
    assert document["history"] == limits
    report = calibrate(NAMES)
    assert report.to_dict() == document
    assert json.loads(report.to_json()) == document
    assert {each.column: each.limit for each in report.columns} == limits["kl"]
    assert report.render() == kldiv("calibrate", *NAMES).out
    assert "w07" in report.render("markdown")
    assert "w07" in report._repr_html_()
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(report)


def test_limits_of_python_are_an_option_of_check(weeks):
    frames = {name: pandas.read_csv(name) for name in NAMES}
    report = calibrate(frames, missing="drop")
    assert report.history.kl == calibrate(NAMES, missing="drop").history.kl
    assert [window.name for window in report.windows] == NAMES
    assert [window.name for window in calibrate([*frames.values()]).windows][:2] == [
        "window 1",
        "window 2",
    ]
    together = pandas.concat(frames.values())
    for name, verdict in (("usual", "pass"), ("unusual", "drift")):
        current = pandas.read_csv(f"{name}.csv")
        for history in (report.history, report.to_dict()["history"]):
            judged = check(together, current, history=history, missing="drop")
            assert judged.verdict == verdict


def test_an_error_has_a_document(weeks, kldiv, root):
    for words in ((*NAMES[:3],), (*NAMES, "--alpha", "2"), (*NAMES, "--nonsense")):
        ran = kldiv("calibrate", *words, "-f", "json", "-o", "kldiv.toml")
        document = json.loads(ran.out)
        schema = json.loads((root / "kldiv_cli/renderers/schemas/calibrate-1.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
        assert (ran.code, document["history"], document["false_alarms"]) == (2, None, "error")
        assert document["error"]["code"]
    assert not (weeks / "kldiv.toml").exists()


def test_python_refuses_what_the_command_does(weeks):
    with pytest.raises(UsageError, match="3 windows"):
        calibrate(NAMES[:3])
    with pytest.raises(UsageError, match="given twice"):
        calibrate([*NAMES, NAMES[0]])
    for name in ("nonsense", "max_kl", "columns_", "adjust", "history", "min_count"):
        with pytest.raises(TypeError, match=name):
            calibrate(NAMES, **{name: 1})
    with pytest.raises(UsageError, match="alpha"):
        calibrate(NAMES, alpha=2)
    with pytest.raises(UsageError, match="text, json"):
        calibrate(NAMES).render("csv")


def test_one_path_or_frame_is_not_taken_for_several(weeks):
    # A path and a frame can be gone through: by their letters, and by the names of columns.
    for one in (NAMES[0], weeks / NAMES[0], NAMES[0].encode(), pandas.read_csv(NAMES[0]), 8):
        for function, argument in ((calibrate, "windows"), (matrix, "sources")):
            with pytest.raises(UsageError, match=f"{argument} are several .* here is one") as told:
                function(one)
            assert told.value.hint == "put it into a list"
    assert calibrate(name for name in NAMES).history.windows == 19


def test_columns_that_no_option_brings_back(weeks, kldiv):
    for name in NAMES:
        window(weeks / name, 200, 0, 1)
    err = refused(kldiv, *NAMES, "--column", "colour")
    assert "--column" not in err
    assert "help: give data in which a column has values" in err


def test_few_windows_rest_on_a_law_and_say_so(weeks, kldiv):
    out = " ".join(kldiv("calibrate", *NAMES[:8]).out.split())
    assert "log-normal assumption" in out
    assert not (weeks / "kldiv.toml").exists()


def refused(kldiv, *words):
    ran = kldiv("calibrate", *words)
    assert (ran.code, ran.out) == (2, "")
    return ran.err


def test_windows_that_are_no_history_are_refused(weeks, kldiv):
    assert "there are 7 windows, and what is usual takes 8" in refused(kldiv, *NAMES[:7])
    assert "given twice" in refused(kldiv, *NAMES, NAMES[3])
    assert "short has 90 rows and w18 218" in refused(kldiv, *NAMES, "short.csv")
    window(weeks / "other.csv", 210, 0, 9, names=("amount", "color"))
    assert "error[unknown-column]" in refused(kldiv, *NAMES, "other.csv")
    assert kldiv("profile", "usual.csv", "--bins", "3", "-o", "bins.json").code == 0
    assert "edges" in refused(kldiv, *NAMES, "bins.json")
    assert "'-' is none" in refused(kldiv, *NAMES, "-")
    assert "pyproject.toml" in refused(kldiv, *NAMES, "-o", "pyproject.toml")
    assert "error" in refused(kldiv, *NAMES, "-o", NAMES[0])
    for place, name in enumerate(NAMES):
        window(weeks / name, 200, place / 10, place)
    err = refused(kldiv, *NAMES, "-o", "kldiv.toml")
    assert "error[history-trend]" in err
    assert "'amount'" in err
    assert not (weeks / "kldiv.toml").exists()


def test_another_reference_than_the_windows_is_noted(weeks, kldiv):
    calibrated(kldiv, weeks)

    def notes(*words):
        found = json.loads(kldiv("check", *words, "-f", "json").out)["notes"]
        return {note["code"]: note["message"] for note in found}

    assert "history-reference" not in notes("history.json", "usual.csv")
    said = notes(NAMES[0], "usual.csv")["history-reference"]
    assert "the reference has 200 rows, and the 19 windows of the history 3,800 to 4,142" in said
    (weeks / "known.json").write_text('{"red": 0.5, "blue": 0.5}')
    kinds = ("--as", "probabilities", "--as", "samples", "--column", "colour")
    said = notes("known.json", "usual.csv", *kinds)["history-reference"]
    assert said.startswith("the reference is not of rows, and the 19 windows")
    # Columns without a limit from past windows have nothing to do with them.
    for name in (NAMES[0], "usual.csv"):
        (weeks / name).write_text((weeks / name).read_text().replace("amount,colour", "a,b"))
    assert "history-reference" not in notes(NAMES[0], "usual.csv")


def test_dependent_rows_are_no_matter_to_limits_from_past_windows(weeks, kldiv):
    calibrated(kldiv, weeks)
    lines = (weeks / "usual.csv").read_text().splitlines()
    numbers = sorted(line.split(",")[0] for line in lines[1:])
    series = [f"{number},{'red' if place % 2 else 'blue'}" for place, number in enumerate(numbers)]
    (weeks / "series.csv").write_text("\n".join([lines[0], *series]) + "\n")
    assert "dependent-rows" not in kldiv("check", "history.json", "series.csv").err
    (weeks / "kldiv.toml").unlink()
    assert "dependent-rows" in kldiv("check", "history.json", "series.csv").err


def test_the_hint_on_a_trend_leaves_out_all_columns_that_have_one(weeks, kldiv):
    draw = random.Random(7)
    for place, name in enumerate(NAMES):
        rows = [
            f"{draw.gauss(place / 10, 1):.3f},{draw.gauss(-place / 10, 1):.3f},{draw.random():.3f}"
            for _ in range(200)
        ]
        (weeks / name).write_text("\n".join(["rising,falling down,steady", *rows]) + "\n")
    err = refused(kldiv, *NAMES)
    assert "--exclude rising --exclude 'falling down' leaves out what has a trend" in err
    ran = kldiv("calibrate", *NAMES, "--exclude", "rising", "--exclude", "falling down")
    assert (ran.code, "steady" in ran.out) == (0, True)


@pytest.mark.parametrize("terminal", [False, True])
def test_the_next_command_is_told_whole_however_long_it_is(terminal):
    following = "kldiv profile " + " ".join(f"weeks/w{place:03}.csv" for place in range(365))
    told = written(("kldiv.toml", "limits", following), terminal=terminal, color=False)
    assert told.endswith(f"{following}\n")


def test_a_column_that_never_changes_has_no_limit(weeks, kldiv):
    for name in NAMES:
        text = (weeks / name).read_text().replace("\n", ",x\n").replace("colour,x", "colour,same")
        (weeks / name).write_text(text)
    ran = kldiv("calibrate", *NAMES, "-o", "kldiv.toml")
    assert "same: it is the same in all windows" in ran.out
    assert {*tomllib.loads((weeks / "kldiv.toml").read_text())["history"]["kl"]} == {
        "amount",
        "colour",
    }
    ran = kldiv("calibrate", *NAMES, "--column", "same")
    assert (ran.code, "no column is left to calibrate" in ran.err) == (2, True)


def test_a_gate_of_models_has_no_history():
    history = {"windows": 8, "rows": [2, 2], "kl": {"outcome": 5.0}}
    with pytest.raises((UsageError, InputError), match="history"):
        check([[1.0, 2.0]], [[1.0, 3.0]], kind="logits", history=history)


@pytest.mark.parametrize(
    ("limit", "rounded"), [(0.0, 0.0), (0.0123401, 0.01235), (0.01234, 0.01234), (2.00001, 2.001)]
)
def test_a_limit_is_never_rounded_down(limit, rounded):
    assert _rounded_up(limit) == rounded
