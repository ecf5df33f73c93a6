"""``kldiv check --as logits``: models judged by their files, arrays and pipes."""

import json
import math
import re

import jsonschema
import mpmath
import numpy as np
import pytest
from base_files import base_file

from kldiv_cli import check, compare
from kldiv_cli.core.gate import judged_rows
from kldiv_cli.errors import InputError, KldivError, UsageError
from kldiv_cli.renderers import CHECK_FORMATS

ROWS, OUTCOMES = 240, 7


def models(rows=ROWS, outcomes=OUTCOMES, noise=0.1, seed=5):
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 2, (rows, outcomes))
    return base, base + noise * rng.normal(size=base.shape)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two models in several formats, and models with faults, in the working folder."""
    monkeypatch.chdir(tmp_path)
    base, q4 = (side.astype(np.float32) for side in models())
    np.save("base.npy", base)
    np.save("q4.npy", q4)
    np.save("half.npy", q4.astype(np.float16))
    np.save("deep.npy", q4.reshape(4, 60, OUTCOMES))
    np.save("short.npy", q4[:-1])
    np.save("narrow.npy", q4[:, :-1])
    np.savez("both.npz", base=base, q4=q4)
    for name, place, value in (("nan", (17, 3), math.nan), ("hole", (17, 3), -math.inf)):
        wrong = q4.copy()
        wrong[place] = value
        np.save(f"{name}.npy", wrong)
    nothing = q4.copy()
    nothing[9] = -math.inf
    np.save("nothing.npy", nothing)
    (tmp_path / "q4.json").write_text(json.dumps(q4.astype(float).tolist()))
    return tmp_path


def mean_divergence(first, second):
    """Return the mean over rows of D(first || second) to 40 digits."""
    with mpmath.workdps(40):
        total = mpmath.mpf(0)
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            a, b = ([mpmath.exp(x) for x in row] for row in (one, other))
            p, q = ([x / mpmath.fsum(side) for x in side] for side in (a, b))
            total += mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(p, q, strict=True))
        return float(total / len(first))


def test_the_divergence_goes_from_the_reference_to_the_current_side():
    base, q4 = models(rows=40, noise=0.7)
    report = check(base, q4, kind="logits", max_kl=0.01)
    finding = report.columns["outcome"]
    forward, backward = mean_divergence(base, q4), mean_divergence(q4, base)
    assert abs(forward - backward) > 0.01
    assert report.direction == "reference || current"
    assert finding.kl == finding.measures["kl_qp"] == pytest.approx(forward, rel=1e-13)
    assert finding.measures["kl_pq"] == pytest.approx(backward, rel=1e-13)
    assert finding.verdict == report.verdict == "drift"
    assert (report.reference.kind, report.current.kind) == ("logits", "logits")


def test_it_is_the_mean_that_a_comparison_prints():
    base, q4 = models()
    finding = check(base, q4, kind="logits").columns[0]
    measures = compare(base, q4, kind="logits").comparisons[0].measures
    assert finding.kl == measures["kl_pq"]
    assert finding.measures["kl_pq"] == measures["kl_qp"]


def test_the_finding_is_that_of_its_rows():
    base, q4 = models()
    of_rows = compare(base, q4, kind="logits", measures=("kl_pq", "kl_qp"), reduction="none")
    forward, backward = (of_rows.comparisons[0].measures[name] for name in ("kl_pq", "kl_qp"))
    for options in ({}, {"block": 20}, {"alpha": 0.2}, {"max_kl": 0.003}, {"max_kl": math.inf}):
        expected = judged_rows(
            {"kl_qp": forward, "kl_pq": backward},
            "outcome",
            outcomes=OUTCOMES,
            limit=options.get("max_kl", 0.05),
            alpha=options.get("alpha", 0.05),
            block=options.get("block"),
        )
        assert check(base, q4, kind="logits", **options).columns[0] == expected


@pytest.mark.parametrize("current", ["q4.npy", "deep.npy", "q4.json", "half.npy"])
def test_files_and_arrays_are_judged_alike(files, current):
    from_files = check("base.npy", current, kind="logits", max_kl=0.01)
    arrays = [np.load("base.npy"), np.load("half.npy" if current == "half.npy" else "q4.npy")]
    assert from_files.columns == check(*arrays, kind="logits", max_kl=0.01).columns
    assert from_files.verdict == "pass"


def test_log_probabilities_are_judged_as_logits_are():
    base, q4 = models()
    logs = [side - np.log(np.exp(side).sum(axis=1, keepdims=True)) for side in (base, q4)]
    expected = check(base, q4, kind="logits").columns[0]
    for sides, kind in (
        (logs, "log-probs"),
        ((base, logs[1]), ("logits", "log-probs")),
        ((logs[0], q4), ("log-probs", "logits")),
    ):
        found = check(*sides, kind=kind).columns[0]
        assert found.kl == pytest.approx(expected.kl, rel=1e-9)
        assert found.verdict == expected.verdict


def test_one_distribution_meets_every_row():
    base, q4 = models()
    same = check(base[0], q4, kind="logits").columns[0]
    assert same == check(np.tile(base[0], (ROWS, 1)), q4, kind="logits").columns[0]
    assert same.n_reference == ROWS


def test_blocks_and_threads_change_nothing():
    # More than two pieces, which threads would share.
    base, q4 = (side.astype(np.float32) for side in models(rows=600, outcomes=1000))
    one, two = (check(base, q4, kind="logits", threads=n).to_json() for n in (1, 2))
    assert one == two


def test_two_single_distributions_are_known_exactly():
    base, q4 = {"a": 1.0, "b": 0.5, "c": -1.0}, {"c": -2.0, "b": 0.5, "a": 1.0}
    finding = check(base, q4, kind="logits", max_kl=0.01, top=2).columns[0]
    weights = ([1.0, 0.5, -1.0], [1.0, 0.5, -2.0])
    truth = mean_divergence(*(np.array([side]) for side in weights))
    assert finding.kl == finding.low == finding.high == pytest.approx(truth, rel=1e-14)
    assert (finding.n_reference, finding.n_current) == (math.inf, math.inf)
    assert finding.reason.text == f"KL {truth:.3g} is above 0.01"
    assert [part.outcome for part in finding.contributions] == ["c", "a"]
    reference = math.exp(-1) / (math.e + math.exp(0.5) + math.exp(-1))
    assert finding.contributions[0].q == pytest.approx(reference)
    assert check(base, base, kind="logits", max_kl=0).verdict == "pass"


# What is infinite.


def test_an_impossible_outcome_is_named_with_its_row(files):
    text = "row 17: outcome 3 has mass in the reference and none on the current side"
    for current in ("hole.npy", np.load("hole.npy"), np.load("hole.npy").astype(float).tolist()):
        finding = check("base.npy", current, kind="logits").columns[0]
        assert (finding.verdict, finding.kl) == ("drift", math.inf)
        assert finding.reason == ("impossible-outcome", text, ())
    # The other way round nothing is impossible that the reference has.
    assert check("hole.npy", "base.npy", kind="logits").verdict == "pass"
    assert check("hole.npy", "hole.npy", kind="logits").columns[0].kl == 0


def test_an_impossible_outcome_is_found_beyond_the_first_block():
    base, q4 = models(rows=1200, outcomes=1000)
    q4[1100, 999] = -math.inf
    assert (
        check(base, q4, kind="logits").columns[0].reason.text.startswith("row 1100: outcome 999")
    )
    first = check(base[0], q4, kind="logits").columns[0]
    assert first.reason.text.startswith("row 1100: outcome 999")


def test_the_impossible_outcome_of_labelled_rows_has_its_name():
    row = {"yes": -0.5, "no": -1.0}
    finding = check([row] * 9, [row] * 8 + [{"yes": -0.1, "on": -3.0}], kind="log-probs").columns[
        0
    ]
    assert finding.reason.text.startswith("row 8: outcome no has mass in the reference")


def test_a_pipe_that_cannot_be_read_again_names_the_row(files, shell):
    ran = shell("cat hole.npy | kldiv check base.npy - --as logits -f github", cwd=files)
    assert ran.code == 1
    assert "outcome: row 17: KL is infinite" in ran.out


def test_a_single_impossible_outcome_is_named():
    finding = check([0.0, 1.0, 2.0], [0.0, -math.inf, 2.0], kind="logits").columns[0]
    text = "outcome 1 has mass in the reference and none on the current side"
    assert finding.reason == ("impossible-outcome", text, ())


# Base files of llama.cpp, and answers of servers.


def test_base_files_are_judged_by_their_chunks(root):
    paths = [root / "tests" / "models" / f"trained_{name}.kld" for name in ("base", "Q2_K")]
    expected = json.loads((root / "tests" / "models" / "expected.json").read_text())
    for kind in ("logits", "log-probs"):
        finding = check(*paths, kind=kind, max_kl=0.01).columns[0]
        assert finding.kl == pytest.approx(np.mean(expected["exact_kl"]), abs=2e-6)
        assert (finding.verdict, finding.n_reference) == ("pass", 104)


def test_the_chunks_of_a_file_are_its_blocks():
    kl = np.repeat(np.random.default_rng(3).gamma(2.0, 0.01, 40), 25)
    rows = {"kl_pq": kl, "kl_qp": kl}
    chunks = np.arange(0, 1000, 25)
    options = {"outcomes": 5, "limit": 0.01, "alpha": 0.05}
    by_chunk = judged_rows(rows, "outcome", starts=chunks, **options)
    assert by_chunk == judged_rows(rows, "outcome", block=25, **options)
    alone = judged_rows(rows, "outcome", block=1, **options)
    # Of 25 equal rows the error is five times that of 25 others.
    assert by_chunk.high - by_chunk.low > 4 * (alone.high - alone.low)


def test_a_base_file_says_which_option_judges_it(root, kldiv):
    path = root / "tests" / "models" / "trained_base.kld"
    ran = kldiv("check", path, path, "--as", "samples")
    assert ran.code == 2
    assert "help: --as logits" in ran.err


def test_nothing_passes_by_a_lower_bound(table, kldiv):
    tops = [{"token": t, "logprob": p, "bytes": [ord(t)]} for t, p in (("a", -0.5), ("b", -2.0))]
    content = [{**tops[0], "top_logprobs": tops}]
    path = table("a.json", json.dumps({"choices": [{"logprobs": {"content": content}}]}))
    ran = kldiv("check", path, path, "--as", "logits")
    assert ran.code == 2
    assert "error[lower-bound]" in ran.err
    assert "nothing passes by it; help: kldiv compare shows the bound" in ran.err


# The command line.

CODES = [
    ("base.npy q4.npy --as logits", "pass", 0),
    ("base.npy q4.npy --as logits --max-kl 0.0001", "drift", 1),
    ("base.npy q4.npy --as logits --max-kl outcome=0.0001 --max-kl 9", "drift", 1),
    ("base.npy q4.npy --as logits --max-kl 0.0001 --exit-zero", "drift", 0),
    ("base.npy q4.npy --as logits --max-kl inf", "pass", 0),
    ("base.npy q4.npy --as logits --block 240", "inconclusive", 3),
    ("base.npy q4.npy --as logits --block 240 --fail-on inconclusive", "inconclusive", 3),
    ("base.npy hole.npy --as logits", "drift", 1),
    ("both.npz both.npz --weight base --weight q4 --as logits", "pass", 0),
    ("base.npy deep.npy --as logits --as logits", "pass", 0),
    ("base.npy nan.npy --as logits", "error", 2),
]


@pytest.mark.parametrize(("line", "verdict", "code"), CODES, ids=[line for line, *_ in CODES])
def test_exit_codes(files, kldiv, line, verdict, code):
    ran = kldiv("check", *line.split(), "-f", "json")
    assert ran.code == code
    document = json.loads(ran.out)
    assert document["verdict"] == verdict
    assert document["direction"] == "reference || current"
    if code != 2:
        assert kldiv("check", *line.split(), "-q").out == f"{verdict}\n"


def test_every_format_tells_of_the_model(files, kldiv, root, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    line = ["base.npy", "q4.npy", "--as", "logits", "--max-kl", "0.001"]
    out = {form: kldiv("check", *line, "-f", form).out for form in CHECK_FORMATS}
    finding = check("base.npy", "q4.npy", kind="logits", max_kl=0.001).columns[0]
    assert finding.verdict == "drift"
    said = finding.reason.text
    # Lines are folded, and Markdown escapes what is markup.
    for form in ("text", "json", "junit", "github"):
        assert said in re.sub(r"\s+", " ", out[form]).replace("&lt;", "<"), form
    assert "### drift: D(base ‖ q4)" in out["markdown"]
    assert "drift: D(base || q4) in nats" in out["text"]
    assert "drift: D(base || q4) in nats" in out["github"]
    assert "::error title=kldiv%3A drift::outcome: mean KL" in out["github"]
    assert 'name="D(base || q4)"' in out["junit"]
    assert "Estimate of D(reference || current)." in out["prometheus"]
    assert (
        f'kldiv_rows{{dataset="base",column="outcome",reference="base",side="current"}} {ROWS}'
        in (out["prometheus"])
    )
    table = [row.split(",")[2:5] for row in out["csv"].splitlines()]
    measures = finding.measures
    assert table == [
        ["measure", "direction", "value"],
        ["kl", "D(base || q4)", repr(finding.kl)],
        ["kl_pq", "D(q4 || base)", repr(measures["kl_pq"])],
        ["kl_qp", "D(base || q4)", repr(measures["kl_qp"])],
    ]
    schema = json.loads((root / "kldiv_cli/renderers/schemas/check-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(out["json"]))


def test_models_that_are_equal_are_no_surprise(files, kldiv):
    ran = kldiv("check", "base.npy", "base.npy", "--as", "logits", "-f", "csv")
    assert "below-threshold" in ran.out
    ran = kldiv("check", "base.npy", "base.npy", "--as", "logits")
    assert "pass: D(reference || current)" in ran.out
    assert "chance" not in ran.out
    assert "binning" not in ran.out


# What is refused.


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"column": "outcome"}, "column is for columns of data"),
        ({"exclude": "x*"}, "exclude is for columns of data"),
        ({"max_new": 0.1}, "max_new is for columns of data"),
        ({"max_missing_shift": 0.1}, "max_missing_shift is for columns of data"),
        ({"bins": 3}, "bins is for raw rows"),
        ({"missing": "drop"}, "missing is for raw rows"),
        ({"max_outcomes": 9}, "max_outcomes is for raw rows"),
        ({"map": {"a": "b"}}, "map renames columns"),
        ({"columns": {"outcome": {"type": "numeric"}}}, "columns is for raw rows"),
        ({"columns": {"other": {"max_kl": 1}}}, "no column 'other'"),
        ({"top": 3}, "not listed for a batch"),
        ({"flatten": True, "block": 2}, "a block is for the rows of a batch"),
        ({"duplicates": "sum"}, "'duplicates' is for labels"),
        ({"block": 0}, "block is a whole number >= 1"),
        ({"kind": ("logits", "samples")}, "one holds raw rows"),
        ({"kind": (None, "logits")}, "one holds raw rows"),
        ({"kind": ("probabilities", "log-probs")}, "one holds probabilities"),
        ({"kind": "samples", "block": 2}, "block is for the rows of models"),
    ],
    ids=str,
)
def test_options_that_say_nothing_of_models(options, words):
    with pytest.raises(KldivError, match=words):
        check(*models(), **{"kind": "logits", **options})


@pytest.mark.parametrize(
    ("current", "code", "words"),
    [
        ("short.npy", "no-common-support", "short has 239 rows and base has 240"),
        ("narrow.npy", "no-common-support", "narrow has 6 outcomes and base has 7"),
        ("nan.npy", "not-finite", r"nan.npy\[17, 3\]"),
        ("nothing.npy", "no-mass", r"nothing.npy\[9\]"),
        ("none.npy", "no-such-file", "none.npy"),
    ],
)
def test_models_that_cannot_be_judged(files, current, code, words):
    with pytest.raises(InputError, match=words) as caught:
        check("base.npy", current, kind="logits")
    assert caught.value.code == code


def test_probabilities_of_models_are_compared_and_not_judged():
    with pytest.raises(InputError, match="batch of distributions"):
        check(*(np.exp(side) for side in models()), kind="probabilities")


def test_a_project_says_nothing_that_models_have_not(files, kldiv):
    rules = 'exclude = ["id"]\nbins = 9\nmax-kl = 0.0001\nmax-new = 0.5\nmissing = "drop"\n'
    (files / "kldiv.toml").write_text(f"{rules}top = 3\n[columns.age]\nmax-kl = 0.1\n")
    ran = kldiv("check", "base.npy", "q4.npy", "--as", "logits", "-f", "json")
    assert ran.code == 1
    assert json.loads(ran.out)["columns"][0]["threshold"] == 0.0001


def test_a_project_has_no_settings_of_a_gate(files, kldiv):
    ran = kldiv("check", "base.npy", "q4.npy", "--as", "logits", "--init")
    assert ran.code == 2
    assert not (files / "kldiv.toml").exists()


def test_a_block_is_of_a_batch():
    with pytest.raises(UsageError, match="these are two distributions"):
        check([1.0, 2.0], [2.0, 1.0], kind="logits", block=3)


# Base files of llama.cpp, and the likeliest tokens.


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """Base files of two models, and their logits; 60 pieces of text of four rows."""
    monkeypatch.chdir(tmp_path)
    base, q4 = (side.astype(np.float32) for side in models())
    for name, side in (("base", base), ("q4", q4)):
        np.save(f"{name}.npy", side)
        (tmp_path / f"{name}.kld").write_bytes(base_file(side.tolist(), 10))
    np.savez("many.npz", base=base, q4=q4)
    (tmp_path / "rows.csv").write_text("a,b\n1,x\n2,y\n" * 9)
    (tmp_path / "counts.csv").write_text("a,count\nx,5\ny,3\n")
    (tmp_path / "p.json").write_text(check_profile())
    return tmp_path


def check_profile():
    return json.dumps(
        {
            "schema": "kldiv.profile/1",
            "rows": 8,
            "columns": {"a": {"type": "categorical", "missing": 0, "counts": {"x": 5, "y": 3}}},
        }
    )


@pytest.mark.parametrize("current", ["q4.kld", "q4.npy"])
@pytest.mark.parametrize("kind", [None, "logits", "log-probs"])
def test_a_base_file_says_that_it_is_a_model(texts, current, kind):
    options = {} if kind is None else {"kind": kind}
    base, q4 = (np.load(f"{name}.npy").astype(float) for name in ("base", "q4"))
    for limit, verdict in ((0.05, "pass"), (0.001, "drift")):
        report = check("base.kld", current, max_kl=limit, **options)
        finding = report.columns[0]
        assert (report.verdict, report.direction) == (verdict, "reference || current")
        assert (finding.type, finding.n_current, finding.outcomes) == ("model", ROWS, OUTCOMES)
        # Codes of 16 bits err by some 1e-4 in a logarithm.
        assert finding.kl == pytest.approx(mean_divergence(base, q4), rel=1e-3)
    turned = check(current, "base.kld", **options).columns[0]
    assert turned.measures == {"kl_pq": finding.kl, "kl_qp": finding.measures["kl_pq"]}


def test_pieces_of_text_are_the_blocks_of_the_error(texts):
    for both in (("base.kld", "q4.kld"), ("q4.npy", "base.kld")):
        found, threes, fours = (check(*both, block=block).columns for block in (None, 3, 4))
        assert found == fours
        assert found != threes


def test_targets_on_the_floor_are_no_matter_of_a_gate(root):
    path = root / "tests" / "models" / "trained_base.kld"
    assert check(path, path).notes == ()
    assert check(path, path).verdict == "pass"


def test_one_distribution_meets_every_record(texts):
    one = np.arange(OUTCOMES, dtype=np.float32)
    np.save("one.npy", one)
    np.save("every.npy", np.tile(one, (ROWS, 1)))
    found, every = (check("base.kld", name) for name in ("one.npy", "every.npy"))
    assert found.columns == every.columns


@pytest.mark.parametrize("other", ["rows.csv", "counts.csv", "p.json"])
def test_a_base_file_beside_data_is_refused(texts, other):
    for both in (("base.kld", other), (other, "base.kld")):
        with pytest.raises(InputError) as caught:
            check(*both)
        assert (caught.value.code, caught.value.places[0].source) == ("coded-rows", other)
    for kind in ("samples", "counts"):
        with pytest.raises(UsageError, match="a model is judged by logits"):
            check("base.kld", other, kind=(None, kind))
    with pytest.raises(InputError) as caught:
        check("base.kld", "q4.kld", kind="samples")
    assert (caught.value.code, caught.value.hint) == ("coded-rows", "kind='logits'")


def test_base_files_of_different_texts_are_refused(texts):
    (texts / "other.kld").write_bytes(base_file(np.load("q4.npy").tolist(), 10, [1] * 600))
    with pytest.raises(InputError, match="of different texts"):
        check("base.kld", "other.kld")


def test_a_token_that_is_impossible_on_the_current_side_is_named(texts):
    base, q4 = np.load("base.npy"), np.load("q4.npy")
    base[3] = [5, 4, 3, 2, 1, 0, -30]
    q4[3, [2, 6]] = -math.inf
    (texts / "base.kld").write_bytes(base_file(base.tolist(), 10))
    np.save("q4.npy", q4)
    text = check("base.kld", "q4.npy").columns[0].reason.text
    assert text == "row 3: outcome 2 has mass in the reference and none on the current side"
    # Below the floor nothing is known of a token of its own.
    q4[3, 2] = 3
    np.save("q4.npy", q4)
    assert math.isfinite(check("base.kld", "q4.npy").columns[0].kl)


def test_a_base_file_from_a_pipe_is_a_model_beside_another(texts, shell):
    for side, flags in (("q4.kld", ""), ("q4.npy", "--as logits")):
        ran = shell(f"cat base.kld | kldiv check - {side} -q {flags}", cwd=texts)
        assert (ran.code, ran.out) == (0, "pass\n")


def test_errors_of_a_base_file_have_the_direction_of_models(texts, shell):
    (texts / "cut.kld").write_bytes((texts / "q4.kld").read_bytes()[:-5])
    ran = shell("kldiv check base.kld cut.kld -f json", cwd=texts)
    assert ran.code == 2
    assert json.loads(ran.out)["direction"] == "reference || current"


@pytest.fixture
def wide(tmp_path, monkeypatch):
    """Two models as arrays, bare and named, of as many columns as a vocabulary and of one less."""
    monkeypatch.chdir(tmp_path)
    for name, outcomes in (("wide", 100), ("narrow", 99)):
        base, _ = models(rows=30, outcomes=outcomes)
        np.save(f"{name}.npy", base)
        np.savez(f"{name}.npz", logits=base)
        data = base.astype("<f4").tobytes()
        tensor = {"dtype": "F32", "shape": base.shape, "data_offsets": [0, len(data)]}
        header = json.dumps({"logits": tensor}).encode()
        content = len(header).to_bytes(8, "little") + header + data
        (tmp_path / f"{name}.safetensors").write_bytes(content)


@pytest.mark.parametrize("format", ["npy", "npz", "safetensors"])
def test_an_array_as_wide_as_a_vocabulary_may_be_logits(kldiv, wide, format):
    path = f"wide.{format}"
    for command in (("check", path, path), ("profile", path)):
        ran = kldiv(*command)
        assert (ran.code, ran.out) == (2, "")
        assert "error[which-kind]: this may hold logits" in ran.err
    assert kldiv("check", path, path, "--as", "logits", "-q").out == "pass\n"
    raw = json.loads(kldiv("check", path, path, "--as", "samples", "-f", "json").out)
    assert "wide-array" in [note["code"] for note in raw["notes"]]
    narrow = json.loads(kldiv("check", f"narrow.{format}", f"narrow.{format}", "-f", "json").out)
    assert "wide-array" not in [note["code"] for note in narrow["notes"]]


def test_a_wide_array_has_raw_rows_where_its_columns_are_named(kldiv, wide):
    assert kldiv("check", "wide.npy", "wide.npy", "--column", "3", "-q").code == 3
    assert kldiv("profile", "wide.npy", "--as", "samples", "-o", "wide.json").code == 0
    assert "which-kind" not in kldiv("check", "wide.json", "wide.npy", "-q").err


def test_a_wide_array_may_be_logits_in_python(wide):
    base = np.load("wide.npy")
    with pytest.raises(InputError, match="may hold logits"):
        check(base, base)
    assert check(base, base, kind="logits").verdict == "pass"


def test_probabilities_that_are_called_logits_are_noted():
    base, q4 = models(rows=30)
    p, q = (np.exp(side) / np.exp(side).sum(axis=1, keepdims=True) for side in (base, q4))
    for dtype in (np.float16, np.float32, np.float64):
        report = compare(p.astype(dtype), q.astype(dtype), kind="logits", measures="kl_pq")
        assert {note.code for note in report.notes} == {"look-like-probabilities"}
    for sides in ((base, q4), (p + 0.1, q + 0.1), (p[0], q[0])):
        assert compare(*sides, kind="logits", measures="kl_pq").notes == ()
