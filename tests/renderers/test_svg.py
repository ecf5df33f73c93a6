"""Pictures alone, as files of SVG."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from kldiv_cli import check, compare, matrix

SVG = "{http://www.w3.org/2000/svg}"


def drawn(report):
    return ElementTree.fromstring(report.render("svg"))


def texts(root):
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def paths(root):
    return {each.get("class"): each.get("d") for each in root.iter(f"{SVG}path")}


def test_a_comparison_is_the_picture_of_its_outcomes(root):
    data = root / "sample_data"
    report = compare(data / "airlines_july.csv", data / "airlines_january.csv")
    picture = drawn(report)
    assert picture.tag == f"{SVG}svg"
    assert picture.get("role") == "img"
    assert "airlines_july" in picture.find(f"{SVG}title").text
    assert picture.find(f"{SVG}desc").text
    said = texts(picture)
    held = [x for x, p in zip(report.comparisons[0].shares.labels,
                              report.comparisons[0].shares.p, strict=True) if p]  # fmt: skip
    assert {*held} <= {*said} or len(held) > 20
    assert {"k-p", "k-q", "k-more-bar", "k-less-bar"} <= {*paths(picture)}


def test_a_check_is_the_overview_of_its_columns(root):
    data = root / "sample_data"
    report = check(data / "flights_january.json", data / "flights_july.csv")
    picture = drawn(report)
    said = texts(picture)
    for finding in report.columns:
        assert finding.column in said
    assert picture.find(f"{SVG}title").text.startswith("drift in 1 of 6 columns")
    assert {"k-filled", "k-hollow", "k-limit", "k-interval"} <= {*paths(picture)}
    assert "k-p" not in paths(picture)


def test_a_batch_is_the_spread_of_its_rows():
    p = np.random.default_rng(1).dirichlet(np.ones(4), 300)
    picture = drawn(compare(p, np.full((300, 4), 0.25)))
    assert any(text.startswith("median ") for text in texts(picture))


def test_several_are_a_row_each():
    picture = drawn(compare([1, 2, 3], [2, 2, 2], [3, 2, 1], names=("p", "one", "two")))
    assert {"one", "two"} <= {*texts(picture)}
    assert "k-hollow" in paths(picture)


def test_a_matrix_is_as_wide_as_its_numbers():
    names = [f"side{i}" for i in range(30)]
    picture = drawn(matrix([[i + 1, 5, 40 - i] for i in range(30)], names=names))
    width = float(picture.get("viewBox").split()[2])
    assert width > 1500
    said = texts(picture)
    assert "30 side29" in said
    assert len(said) >= 30 * 30


def test_nothing_is_drawn_outside(root):
    data = root / "sample_data"
    for report in (
        check(data / "flights_january.json", data / "flights_july.csv"),
        compare({"x" * 300: 1, "宽" * 90: 5, "c": 2}, {"x" * 300: 3, "宽" * 90: 1, "c": 2}),
    ):
        picture = drawn(report)
        _, _, width, height = map(float, picture.get("viewBox").split())
        top = left = 0.0
        for group in picture.findall(f"{SVG}g"):
            x, y = map(float, re.findall(r"[\d.]+", group.get("transform")))
            for label in group.iter(f"{SVG}text"):
                left = max(left, x + float(label.get("x")))
                top = max(top, y + float(label.get("y")))
        assert left < width
        assert top < height


def test_the_same_report_is_the_same_bytes():
    report = compare({"a": 3, "b": 4}, {"a": 4, "b": 3})
    assert report.render("svg") == report.render("svg") == report._repr_svg_()


@pytest.mark.parametrize("name", ["<b>&", "]]>", "\x1b[31m", "\u202ex"])
def test_names_from_data_are_never_markup(name):
    picture = drawn(compare({name: 3, "b": 4}, {name: 4, "b": 3}))
    assert all(text.isprintable() for text in texts(picture))
