"""Reports as a page of HTML: one file, whole, safe, and drawn from the report's own numbers."""

import math
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from kldiv_cli import check, compare, matrix
from kldiv_cli.core.findings import failed
from kldiv_cli.core.report import Failure
from kldiv_cli.renderers import render
from kldiv_cli.renderers.formats import style
from kldiv_cli.renderers.formats.figure import BEFORE, LETTER, ROOM
from kldiv_cli.renderers.pictures.outcomes import outcomes
from kldiv_cli.renderers.pictures.paths import MARKS

HOSTILE = [
    "<script>alert(1)</script>", "]]>", "&amp;", "\u202egnp.exe", "\x1b[31mred", "::error::x",
    "a\nb", "\x00\ufffe", "x" * 300, '" onload="x', "</style>", "e\u0301" * 50,
]  # fmt: skip


def parsed(page):
    assert page.startswith("<!DOCTYPE html>\n<html")
    return ElementTree.fromstring(page)


def words(element):
    return " ".join("".join(element.itertext()).split())


def columns(count, shift=0.6, rows=300):
    random = np.random.default_rng(3)
    names = [f"c{i:03}" for i in range(count)]
    return (
        {name: random.normal(0, 1, rows).tolist() for name in names},
        {name: random.normal(shift, 1, rows).tolist() for name in names},
    )


@pytest.fixture(scope="module")
def flights(root):
    data = root / "sample_data"
    return check(data / "flights_january.json", data / "flights_july.csv")


@pytest.fixture(scope="module")
def page(flights):
    return parsed(flights.render("html"))


@pytest.fixture(scope="module")
def reports(flights, root):
    data = root / "sample_data"
    random = np.random.default_rng(4)
    p = random.dirichlet(np.ones(5), 400)
    labels = [HOSTILE[i % len(HOSTILE)] for i in range(600)]
    later = labels[:300] + HOSTILE[:1] * 300
    return {
        "check": flights,
        "compare": compare(data / "airlines_july.csv", data / "airlines_january.csv"),
        "columns": compare(*columns(5), kind="samples"),
        "several": compare([1, 2, 3], [2, 2, 2], [3, 2, 1]),
        "batch": compare(p, np.full((400, 5), 0.2)),
        "rows": compare(p[:3], np.full((3, 5), 0.2), reduction="none"),
        "infinite": compare({"a": 1, "b": 1}, {"a": 1}),
        "equal": compare([1, 2], [1, 2]),
        "hostile": check({"<b>": labels, "ok": labels}, {"<b>": later, "ok": labels}),
        "matrix": matrix([[1, 2, 3], [3, 2, 1], [0, 1, 1]], measures=["kl_pq", "js"]),
        "passing": check(*columns(3, 0.0, 4000)),
    }  # fmt: skip


KINDS = [
    "check", "compare", "columns", "several", "batch", "rows", "infinite", "equal", "hostile",
    "passing", "matrix",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_needs_nothing_but_itself(reports, kind):
    text = reports[kind].render("html")
    root = parsed(text)
    tags = {element.tag for element in root.iter()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in re.sub(r"http-equiv", "", text)
    for element in root.iter():
        assert not any(name.startswith("on") for name in element.attrib)
        assert element.get("href", "#").startswith("#")
    assert all(words(head).strip() for head in root.iter("th"))
    (policy,) = [each for each in root.iter("meta") if each.get("http-equiv")]
    assert policy.get("content") == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "matrix"])
def test_every_picture_has_a_title_and_a_description_and_its_numbers_beside_it(reports, kind):
    root = parsed(reports[kind].render("html"))
    pictures = [each for each in root.iter("svg") if each.get("aria-hidden") is None]
    assert pictures
    for picture in pictures:
        assert picture.get("role") == "img"
        assert picture[0].tag == "title"
        assert words(picture[0])
        assert picture[1].tag == "desc"
        assert words(picture[1])
    assert list(root.iter("details"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_report_is_the_same_bytes(reports, kind):
    assert reports[kind].render("html") == reports[kind].render("html")


def test_another_process_writes_the_same_bytes(root):
    code = (
        "from kldiv_cli import compare;"
        "print(hash(compare({'a': 5, 'b': 4, 'c': 1}, {'a': 4, 'b': 5, 'd': 2}).render('html')"
        ".encode().hex()) and compare({'a': 5, 'b': 4, 'c': 1}, {'a': 4, 'b': 5, 'd': 2})"
        ".render('html'))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_the_verdict_comes_first_and_all_that_text_says_is_there(flights, page):
    body = page.find("body")
    assert words(next(body.iter("h1"))).startswith("drift in 1 of 6 columns")
    assert words(page.find("head/title")) == words(next(body.iter("h1")))
    said = words(body)
    assert f"alpha 0.05, adjust bh, seed {flights.seed}" in said
    assert flights.reference.source in said
    for finding in flights.columns:
        assert finding.column in said
    for note in flights.notes:
        assert note.message in said
    drifts = next(each for each in flights.columns if each.verdict == "drift")
    assert drifts.reason.text in said


@pytest.mark.parametrize("column", ["air_time", "dep_delay"])
def test_marks_and_bars_are_where_the_numbers_of_the_report_say(flights, page, column):
    finding = flights.columns[column]
    drawing = outcomes(finding.shares, "july", "january", "nats")
    (section,) = [each for each in page.iter("section") if words(each[0]).startswith(f"{column}:")]
    paths = {each.get("class"): each.get("d") for each in section.find(".//svg[@role]")}
    axis = drawing.axis
    for side, name in (("p", "k-p"), ("q", "k-q")):
        places = [float(x) for x in re.findall(r"M([\d.]+) [\d.]+h", paths[name])]
        shares = getattr(finding.shares, side).tolist()
        assert len(places) == len(shares)
        for x, share in zip(places, shares, strict=True):
            assert x == pytest.approx(1000 * MARKS * axis.place(share), abs=0.006)
    bars = re.findall(r"M[\d.]+ ([\d.]+)h([\d.]+)", paths["k-more-bar"] + paths["k-less-bar"])
    lengths = {float(y): float(length) for y, length in bars}
    largest = max(finding.shares.part)
    for place, part in enumerate(finding.shares.part.tolist()):
        drawn = lengths.get(place + 0.5, 0.0)
        assert drawn / max(lengths.values()) == pytest.approx(part / largest, abs=1e-4)
    text = words(section)
    for row in drawing.rows:
        assert row.label in text
    assert f"{math.fsum(finding.shares.part):.3g}" in text


def test_numbers_at_an_axis_touch_neither_labels_nor_each_other(page):
    rare = compare({"a": 0.9999, "b": 0.0001}, {"a": 0.9997, "b": 0.0003}).render("html")
    every = [*page.iter("div"), *parsed(rare).iter("div")]
    seen = 0
    for axis in [each for each in every if each.get("class") == "k-axis"]:
        end = -BEFORE
        for label in axis:
            place = float(re.search(r"left:([\d.]+)%", label.get("style"))[1]) / 100 * ROOM
            begins = "k-begins" in label.get("class", "")
            width = LETTER * len(label.text)
            start = place if begins else place - width / 2
            assert start >= end - 3
            end, seen = start + width, seen + begins
    assert seen > 0


def test_dots_and_limits_are_where_the_figures_of_the_report_say(flights, page):
    paths = {each.get("class"): each.get("d") for each in page.find(".//svg[@role]")}
    (filled,) = re.findall(r"M([\d.]+) ", paths["k-filled"])
    (drifts,) = [each for each in flights.columns if each.verdict == "drift"]
    limits = set(re.findall(r"M([\d.]+) ", paths["k-limit"]))
    assert len(limits) == 1
    # The square of a place is proportional to the divergence.
    ratio = (float(filled) / float(limits.pop())) ** 2
    assert ratio == pytest.approx(drifts.kl / drifts.threshold, rel=1e-3)


def test_columns_that_pass_are_folded_unless_all_of_them_pass(reports):
    folds = {
        kind: [words(each) for each in parsed(reports[kind].render("html")).iter("summary")]
        for kind in ("check", "passing")
    }
    assert "4 pass" in folds["check"]
    assert not any(fold.endswith("pass") for fold in folds["passing"])


def test_names_from_data_are_shown_and_never_markup(reports):
    root = parsed(reports["hostile"].render("html"))
    said = words(root)
    for shown in (
        r"\u202egnp.exe",
        r"\x1b[31mred",
        "<script>alert(1)</script>",
        r"a\nb",
        "</style>",
    ):
        assert shown in said
    assert "<b>" in said
    assert all(part.isprintable() for part in "".join(root.itertext()).split("\n"))


def test_ids_are_of_one_report_alone_and_links_lead_to_them(reports):
    found = []
    for report in reports.values():
        root = parsed(report.render("html"))
        ids = [each.get("id") for each in root.iter() if each.get("id")]
        links = [each.get("href") for each in root.iter("a")]
        assert len({*ids}) == len(ids)
        assert {link[1:] for link in links} <= {*ids}
        found += ids
    assert len({*found}) == len(found) > 2


def test_sizes_are_kept(reports):
    assert len(reports["passing"].render("html").encode()) < 30_000
    assert len(reports["compare"].render("html").encode()) < 30_000 + 12_000
    base = len(check(*columns(1)).render("html").encode())
    assert len(check(*columns(21)).render("html").encode()) < base + 20 * 12_000


def test_five_hundred_columns_stay_under_a_megabyte_and_what_is_not_drawn_is_said():
    report = check(*columns(500, rows=200))
    text = report.render("html")
    assert len(text.encode()) < 1_000_000
    root = parsed(text)
    assert "60 of 500 rows are drawn" in words(root)
    assert len(list(root.iter("section"))) == 60
    for finding in report.columns:
        assert finding.column in text


def test_a_reason_is_never_folded_away():
    before = {"gone": ["x", "y"] * 50, "kept": ["a", "b"] * 50}
    after = {"kept": ["a", "b"] * 50}
    report = check(before, after)
    root = parsed(report.render("html"))
    said = [words(section) for section in root.iter("section")]
    for finding in report.columns:
        if finding.verdict != "pass":
            assert any(finding.reason.text in section for section in said)


def test_an_impossible_outcome_is_infinite_in_words_and_signs(reports):
    said = words(parsed(reports["infinite"].render("html")).find("body"))
    assert "∞" in said


def test_a_matrix_has_every_number_on_its_shade(reports):
    report = reports["matrix"]
    first, second = parsed(report.render("html")).iter("table")
    assert words(first.find("caption")).startswith("D(P ‖ Q), in nats")
    for table, values in zip((first, second), report.measures.values(), strict=True):
        rows = [[*row] for row in table.iter("tr")][1:]
        for row, numbers in zip(rows, values, strict=True):
            assert [words(cell) for cell in row[1:]] == [
                "∞" if math.isinf(number) else f"{number:#.3g}" if number else "0"
                for number in numbers
            ]
    darkest = {words(cell) for cell in first.iter("td") if "k-s5" in cell.get("class", "")}
    assert "∞" in darkest


def test_without_an_answer_there_is_no_page():
    failure = Failure("x", "y", "", "")
    report = failed(failure, alpha=0.05, adjust="bh", seed=0, measure="kl", threshold=0.05)
    assert render(report, "html") == render(report, "svg") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_gets_an_element_whose_style_is_its_own(reports, kind):
    root = ElementTree.fromstring(reports[kind]._repr_html_())
    assert (root.tag, root.get("class")) == ("div", "kldiv")
    assert {each.tag for each in root.iter()}.isdisjoint({"html", "body", "script", "link"})
    assert words(root.find(".//h1"))


def rules(css):
    """Yield the selectors of a style sheet, those inside of conditions too."""
    css = re.sub(r"@(media|container)[^{]*\{", "", css)
    yield from (part.split("{")[0] for part in css.replace("}}", "}").split("}") if "{" in part)


@pytest.mark.parametrize("css", [style.STYLE, style.PICTURE_STYLE])
def test_every_rule_is_about_reports_alone_and_needs_no_escape(css):
    selectors = [each for rule in rules(css) for each in re.split(r",(?![^(]*\))", rule)]
    assert len(selectors) > 20
    assert [each for each in selectors if not each.strip().startswith(".kldiv")] == []
    assert not {*css} & {*"<>&"}
    assert css.count("{") == css.count("}")


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    """Return the contrast of two colours as WCAG 2.1 has it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [style.LIGHT, style.DARK])
def test_text_and_marks_stand_out_light_and_dark(colors):
    for name in ("ink", "dim"):
        assert contrast(colors[name], colors["bg"]) >= 4.5
    for name in ("p", "q"):
        assert contrast(colors[name], colors["bg"]) >= 3


def test_numbers_on_shades_stand_out():
    assert style.LIGHT["p"], style.LIGHT["q"] == ("#d55e00", "#0072b2")
    for level, color in enumerate(style.SHADES[1:], 1):
        ink = re.search(rf"\.k-t{level}{{fill:(#\w+)}}", style.STYLE)[1]
        assert contrast(color, "#" + "".join(c + c for c in ink[1:])) >= 4.5
