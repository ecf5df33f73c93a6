"""Histograms in all that programs keep them in: the same bins and counts from every source."""

import io
import json
import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest

from kldiv_cli.core.divergences import divergences
from kldiv_cli.core.intervals import BinsDifferError
from kldiv_cli.core.pair import pair_distributions
from kldiv_cli.errors import InputError, UsageError
from kldiv_cli.readers import ReadOptions, read, read_two

EDGES = [-9.0, -1.0, 0.0, 1.0, 9.0]
P = np.random.default_rng(1).normal(0, 1, 900)
Q = np.random.default_rng(2).normal(0.2, 1, 700)
LABELS = {"[-9, -1)", "[-1, 0)", "[0, 1)", "[1, 9]"}


def npz(*positional, **named):
    buffer = io.BytesIO()
    np.savez(buffer, *positional, **named)
    return buffer.getvalue()


def table(counts, edges, names, separator=","):
    rows = [names, *zip(edges[:-1], edges[1:], counts, strict=True)]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def records(counts, edges, names):
    rows = zip(edges[:-1], edges[1:], counts, strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def lines(counts, edges):
    made = records(counts, edges, ["bin_lo", "bin_hi", "x_count"])
    return "\n".join(map(json.dumps, made))


def density(counts, edges):
    shares = np.array(counts) / sum(counts) / np.diff(edges)
    return shares.tolist()


def mids(edges):
    return [(low + high) / 2 for low, high in pairwise(edges)]


def hist(counts, edges):
    """Return an object of R's hist, as jsonlite writes it."""
    return {
        "breaks": edges,
        "counts": counts,
        "density": np.round(density(counts, edges), 4).tolist(),
        "mids": mids(edges),
        "xname": ["x"],
        "equidist": [False],
    }


def axes(counts, edges, **more):
    axis = {"type": "variable", "edges": edges, "underflow": True, "overflow": True, **more}
    return {"axes": [axis], "storage": {"type": "double", "values": [0.0, *counts, 0.0]}}


# The file's name, and its contents from counts and edges.
FILES = {
    "hist.npz": lambda c, e: npz(hist=np.array(c), bin_edges=np.array(e)),
    "other_order.npz": lambda c, e: npz(e=np.array(e), h=np.array(c)),
    "positional.npz": lambda c, e: npz(np.array(c), np.array(e)),
    "integer_edges.npz": lambda c, e: npz(h=np.array(c), e=np.array(e).astype(int)),
    "and_density.npz": lambda c, e: npz(counts=c, density=density(c, e), edges=e),
    "and_a_scalar.npz": lambda c, e: npz(counts=c, edges=e, rows=sum(c)),
    "object.json": lambda c, e: json.dumps({"hist": c, "bin_edges": e}),
    "in_an_object.json": lambda c, e: json.dumps({"x": {"hist": c, "bin_edges": e}}),
    "array.json": lambda c, e: json.dumps([c, e]),
    "hist.json": lambda c, e: json.dumps(hist(c, e)),
    "partition.json": lambda c, e: json.dumps({"bins": e, "weights": c}),
    "tails.json": lambda c, e: json.dumps({"bins": e, "weights": c, "tail_weights": [0, 0]}),
    "axes.json": lambda c, e: json.dumps(axes(c, e)),
    "miller.csv": lambda c, e: table(c, e, ["bin_lo", "bin_hi", "x_count"]),
    "prefixed.tsv": lambda c, e: table(c, e, ["my_bin_lo", "my_bin_hi", "my_n"], "\t"),
    "left_right.csv": lambda c, e: table(c, e, ["left", "right", "count"]),
    "start_end.csv": lambda c, e: table(c, e, ["binStart", "binEnd", "count"]),
    "d3.json": lambda c, e: json.dumps(records(c, e, ["x0", "x1", "length"])),
    "vega.json": lambda c, e: json.dumps(records(c, e, ["bin_x", "bin_x_end", "__count"])),
    "miller.jsonl": lines,
    "columns.json": lambda c, e: json.dumps({"low": e[:-1], "high": e[1:], "count": c}),
}
# The same of an object in memory.
OBJECTS = {
    "arrays": lambda c, e: (np.array(c), np.array(e)),
    "lists": lambda c, e: [c, e],
    "mapping": lambda c, e: {"hist": np.array(c), "bin_edges": np.array(e)},
    "mapping of lists": lambda c, e: {"bins": e, "weights": c},
    "pandas": lambda c, e: pd.DataFrame({"left": e[:-1], "right": e[1:], "count": c}),
    "polars": lambda c, e: pl.DataFrame({"bin_lo": e[:-1], "bin_hi": e[1:], "x_count": c}),
    "arrow": lambda c, e: pl.DataFrame({"lower": e[:-1], "upper": e[1:], "n": c}).to_arrow(),
    "intervals": lambda c, e: pd.Series(c, pd.IntervalIndex.from_breaks(e, closed="left")),
}


def counted(values, edges=EDGES):
    return np.histogram(values, bins=edges)[0].tolist()


@pytest.fixture
def source(tmp_path):
    """Return a file, or an object, of counts and edges."""

    def make(kind, counts, edges, folder="p"):
        if kind in OBJECTS:
            return OBJECTS[kind](counts, edges)
        path = tmp_path / folder / kind
        path.parent.mkdir(exist_ok=True)
        data = FILES[kind](counts, edges)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    return make


def measured(p, q):
    pair = pair_distributions(p, q)
    return divergences(pair.p, pair.q, measures=["kl_pq", "kl_qp"])


@pytest.mark.parametrize("kind", [*FILES, *OBJECTS])
def test_a_histogram_has_its_bins_as_outcomes(source, kind):
    side = read(source(kind, counted(P), EDGES))
    assert side.kind in ("counts", "weights")
    by_bin = {
        (bin.low, bin.high): int(weight)
        for bin, weight in zip(side.intervals.bins, side.weights, strict=True)
        if weight or math.isfinite(bin.width)
    }
    ends = list(pairwise(EDGES))
    assert by_bin == dict(zip(ends, counted(P), strict=True))
    assert not {note.code for note in side.notes} & {"columns-chosen", "unlabelled"}


@pytest.mark.parametrize("kind", [*FILES, *OBJECTS])
@pytest.mark.parametrize("beside", ["hist.npz", "miller.csv", "axes.json", "mapping"])
def test_equal_edges_match_whoever_wrote_them(source, kind, beside):
    p, q = counted(P), counted(Q)
    found = measured(read(source(kind, p, EDGES)), read(source(beside, q, EDGES, "q")))
    shares = [[Fraction(n, sum(side)) for n in side] for side in (p, q)]
    exact = sum(a * Fraction(math.log(a / b)) for a, b in zip(*shares, strict=True))
    assert found["kl_pq"] == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("kind", [*FILES, *OBJECTS])
@pytest.mark.parametrize("beside", ["hist.npz", "miller.csv", "axes.json", "intervals"])
@pytest.mark.parametrize("edges", [[-9, -1.1, 0, 1, 9], [-9, -1, 0, 1, 8], [-9, -1, 1, 9]])
def test_other_edges_never_match(source, kind, beside, edges):
    if kind == "integer_edges.npz" or beside == "integer_edges.npz":
        edges = [-9, -2, 0, 1, 9]
    first = read(source(kind, counted(P, edges), [float(edge) for edge in edges]))
    second = read(source(beside, counted(Q), EDGES, "q"))
    for p, q in ((first, second), (second, first)):
        with pytest.raises(ValueError, match="edge"):
            pair_distributions(p, q)


def test_a_weight_that_is_named_has_the_edges_beside_it(given):
    data = npz(train=counted(P), test=counted(Q), edges=EDGES)
    assert {*given("x.npz", data, weight="train").outcomes} == LABELS
    assert given("x.npz", data, weight="test").weights.tolist() == counted(Q)
    text = json.dumps({"train": counted(P), "test": counted(Q), "edges": EDGES})
    assert {*given("x.json", text, weight="test").outcomes} == LABELS
    # The edges themselves are asked for, and are numbers like any.
    assert given("x.npz", npz(h=[1, 2], e=[0, 1, 2]), weight="e").outcomes is None


def test_two_histograms_of_one_file_share_its_edges(tmp_path):
    for name, data in (
        ("x.npz", npz(train=counted(P), test=counted(Q), edges=EDGES)),
        ("x.json", json.dumps({"train": counted(P), "test": counted(Q), "e": EDGES}).encode()),
        ("x.csv", b"bin_lo,bin_hi,train,test\n0,1,3,4\n1,2,5,6\n"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        options = ReadOptions(weight="train"), ReadOptions(weight="test")
        p, q = read_two(str(path), options)
        assert p.outcomes == q.outcomes
        assert p.intervals is not None
        assert (p.name, q.name) == ("train", "test")


@pytest.mark.parametrize(
    "arrays",
    [
        {"train": [5, 3, 9], "test": [4, 8, 6, 2]},
        {"train": [5, 3], "test": [4, 2, 6]},
        {"train": [5, 3, 9], "test": [1, 1, 2, 3]},
        {"train": [5, 3, -9], "test": [1, 2, 3, 4]},
        {"a": [5], "b": [1, 2]},
        {"p": [5, 3, 9], "q": [1, 2, 3, 4]},
        {"x": [5, 3, 9], "counts": [1, 2, 3, 4]},
        {"bins": [1, 5, 9], "y": [1, 2, 3, 4]},
        {"edges": [1, 5, 9], "counts": [1, 2, 3, 4]},
        {"a": [5, 3, 1], "b": [1, 2, 3, 4, 5]},
        {"h": [5, 3], "e": [0, 1, 2], "raw": [5.0, 3.0, 2.0, 9.0, 1.0]},
    ],
)
def test_arrays_that_are_no_histogram_stay_several(refused, arrays):
    assert refused("x.npz", npz(**arrays)).code == "several-weights"
    assert refused("x.json", json.dumps(arrays)).code == "several-weights"


@pytest.mark.parametrize(
    "arrays",
    [
        {"a": [1, 2], "b": [1, 2, 3], "c": [1, 2, 3, 4]},
        {"h": [5, 3], "u": [0, 1, 2], "v": [0, 1, 3]},
    ],
)
def test_edges_that_may_be_either_are_refused_by_name(refused, arrays):
    for error in (refused("x.npz", npz(**arrays)), refused("x.json", json.dumps(arrays))):
        assert error.code == "which-edges"
        assert error.message.count("in bins of") == 2


def test_several_numbers_in_bins_are_chosen_by_name(refused):
    arrays = {"train": [5, 3], "test": [4, 2], "edges": [0, 1, 2]}
    for error in (refused("x.npz", npz(**arrays)), refused("x.json", json.dumps(arrays))):
        assert error.code == "several-weights"
        assert "--weight" in error.hint


def test_what_follows_from_counts_is_left_aside_with_a_note(given):
    for side in (
        given("x.json", json.dumps(hist(counted(P), EDGES))),
        given("x.npz", npz(counts=counted(P), density=density(counted(P), EDGES), edges=EDGES)),
    ):
        assert side.kind == "counts"
        assert side.weights.tolist() == counted(P)
        assert [note.code for note in side.notes] == ["weights-chosen"]
        assert "density" in side.notes[0].message


def test_breaks_of_r_hold_their_upper_edges(given):
    side = given("x.json", json.dumps(hist(counted(P), EDGES)))
    assert side.outcomes == ("[-9, -1]", "(-1, 0]", "(0, 1]", "(1, 9]")


# Outer bins.


def test_weights_beyond_the_bins_are_outer_bins(given):
    partition = {"bins": [0, 1, 2, 3], "weights": [0.5, 0.3, 0.1], "tail_weights": [0.06, 0.04]}
    side = given("x.json", json.dumps(partition))
    assert dict(zip(side.outcomes, side.weights.tolist(), strict=True)) == {
        "(-inf, 0)": 0.06, "[0, 1)": 0.5, "[1, 2)": 0.3, "[2, 3]": 0.1, "(3, inf)": 0.04,
    }  # fmt: skip
    assert side.kind == "probabilities"
    assert read(partition).weights.tolist() == side.weights.tolist()


@pytest.mark.parametrize("tails", [[0.1], [0.1, 0.1, 0.1], ["a", "b"]])
def test_weights_beyond_the_bins_are_two(refused, tails):
    partition = {"bins": [0, 1, 2, 3], "weights": [0.5, 0.3, 0.1], "tail_weights": tails}
    assert refused("x.json", json.dumps(partition)).code == "bad-histogram"


def test_nothing_is_beyond_bins_without_an_end(given, refused):
    partition = {"bins": ["-Infinity", 1, "inf"], "weights": [0.5, 0.5], "tail_weights": [0, 0]}
    assert given("x.json", json.dumps(partition)).outcomes == ("(-inf, 1)", "[1, inf)")
    partition["tail_weights"] = [0.1, 0]
    assert refused("x.json", json.dumps(partition)).code == "bad-histogram"


def uhi(axis, values, **storage):
    return json.dumps({"axes": [axis], "storage": {"type": "double", "values": values, **storage}})


@pytest.mark.parametrize(
    ("axis", "outcomes"),
    [
        (
            {"type": "regular", "lower": -2.0, "upper": 2.0, "bins": 2, "underflow": True},
            ("(-inf, -2)", "[-2, 0)", "[0, 2)"),
        ),
        (
            {"type": "regular", "lower": 0, "upper": 1, "bins": 2, "overflow": True},
            ("[0, 0.5)", "[0.5, 1)", "[1, inf)"),
        ),
        ({"type": "variable", "edges": [0, 1, 5, 7]}, ("[0, 1)", "[1, 5)", "[5, 7)")),
        ({"type": "category_str", "categories": ["a", "b"], "flow": True}, ("a", "b", "(other)")),
        ({"type": "category_int", "categories": [3, 1, 2]}, ("3", "1", "2")),
    ],
)
def test_an_axis_of_uhi_has_flow_bins_where_it_says_so(given, axis, outcomes):
    side = given("x.json", uhi(axis, [1.0, 2.0, 3.0]))
    assert side.outcomes == outcomes
    assert side.weights.tolist() == [1, 2, 3]
    side = given("x.json", uhi(axis, [1.5, 2.0, 3.0], type="weighted", variances=[1, 2, 3]))
    assert side.weights.tolist() == [1.5, 2, 3]


@pytest.mark.parametrize("weight", [1, 2, 3])
@pytest.mark.parametrize("door", ["file", "mapping"])
def test_whole_sums_of_weights_are_no_counts(given, door, weight):
    # Each of w's squares is added up in the variances: they are the values where all w are 1.
    rows = [2.0, 5.0, 9.0]
    values = [weight * n for n in rows]
    axis = {"type": "regular", "lower": 0, "upper": 1, "bins": 3}
    text = uhi(axis, values, type="weighted", variances=[weight**2 * n for n in rows])
    side = given("x.json", text) if door == "file" else read(json.loads(text))
    assert side.kind == ("counts" if weight == 1 else "weights")
    assert side.weights.tolist() == values
    advised = {note.advice for note in side.notes if "--as counts" in note.advice}
    assert bool(advised) == (weight == 1)
    assert given("x.json", text, kind="counts").kind == "counts"


@pytest.mark.parametrize(
    "variances", [None, [4.0, 25.0, 9.0], [], [4.0, "x", 9.0], {"a": 1}, [1, 2]]
)
def test_variances_that_say_nothing_refuse_nothing(given, variances):
    axis = {"type": "regular", "lower": 0, "upper": 1, "bins": 3}
    side = given("x.json", uhi(axis, [4.0, 25.0, 9.0], type="weighted", variances=variances))
    assert side.kind == "counts"


@pytest.mark.parametrize(
    ("axis", "values", "storage"),
    [
        ({"type": "variable", "edges": [0, 1, 5, 7]}, [1, 2], {}),
        ({"type": "variable", "edges": [0, 5, 1]}, [1, 2], {}),
        ({"type": "regular", "lower": 1, "upper": 0, "bins": 2}, [1, 2], {}),
        ({"type": "regular", "lower": 0, "upper": 1, "bins": 10**12}, [1, 2], {}),
        ({"type": "regular", "lower": 0, "upper": 1, "bins": 2, "circular": True}, [1, 2], {}),
        ({"type": "nothing"}, [1, 2], {}),
        ({"type": "variable", "edges": [0, 1, 5]}, [1, 2], {"type": "mean"}),
        ({"type": "variable", "edges": [0, 1, 5]}, [1, 2], {"index": [0, 1]}),
        ({"type": "variable", "edges": [0, 1, 5]}, "/path", {}),
    ],
)
def test_half_a_histogram_of_uhi_is_refused_by_name(refused, axis, values, storage):
    assert refused("x.json", uhi(axis, values, **storage)).code == "bad-histogram"


def test_more_than_one_axis_of_uhi_is_refused_by_name(refused):
    axis = {"type": "variable", "edges": [0, 1, 5]}
    text = json.dumps(
        {"axes": [axis, axis], "storage": {"type": "int", "values": [[1, 2], [3, 4]]}}
    )
    assert "2 axes" in refused("x.json", text).message


@pytest.mark.parametrize(
    "names", [("explicitBounds", "bucketCounts"), ("explicit_bounds", "bucket_counts")]
)
@pytest.mark.parametrize("spelled", [int, str])
def test_bounds_between_buckets_leave_the_outer_ones_without_an_end(given, names, spelled):
    counts = [spelled(n) for n in (4, 3, 2)]
    side = given("x.json", json.dumps({names[0]: [0.5, 1], names[1]: counts, "count": "9"}))
    assert side.outcomes == ("(-inf, 0.5]", "(0.5, 1]", "(1, inf)")
    assert side.weights.tolist() == [4, 3, 2]
    assert side.kind == "counts"


def test_bounds_that_are_one_less_than_the_counts_are_never_these(given):
    # The counts increase, as edges do.
    side = given("x.json", json.dumps({"bounds": [1, 5, 10], "counts": [3, 4, 5, 6]}))
    assert side.outcomes == ("(-inf, 1]", "(1, 5]", "(5, 10]", "(10, inf)")
    assert side.weights.tolist() == [3, 4, 5, 6]
    side = given("x.json", json.dumps({"bounds": [0, 1, 5, 10], "counts": [3, 4, 5]}))
    assert side.outcomes == ("[0, 1)", "[1, 5)", "[5, 10]")


def test_bounds_and_buckets_that_do_not_fit_are_refused(refused):
    text = json.dumps({"explicitBounds": [0.5, 1], "bucketCounts": [4, 3]})
    assert refused("x.json", text).code == "bad-histogram"


# Tables.


def test_an_outer_edge_may_be_left_out(given):
    side = given("x.csv", "lower,upper,count\n,0,3\n0,1,4\n1,,5\n")
    assert side.outcomes == ("(-inf, 0)", "[0, 1)", "[1, inf)")
    side = given("x.csv", "lower,upper,count\n-inf,0,3\n0,1,4\n1,Inf,5\n")
    assert side.outcomes == ("(-inf, 0)", "[0, 1)", "[1, inf)")


@pytest.mark.parametrize(
    "rows", ["0,1,3\n0.5,2,4\n", "0,1,3\n2,1,4\n", "0,1,3\n1,1,4\n", "0,1,3\n1,x,4\n2,3,1\n"]
)
def test_columns_of_edges_that_are_none_are_refused(refused, rows):
    assert refused("x.csv", f"bin_lo,bin_hi,count\n{rows}").code == "bad-edge"


def test_a_column_of_edges_that_the_user_names_is_what_it_says(given):
    side = given("x.csv", "bin_lo,bin_hi,count\n0,1,3\n1,2,4\n", label="bin_lo")
    assert side.outcomes == ("0", "1")


def test_a_start_and_an_end_beside_labels_are_no_edges(given):
    side = given("x.csv", "name,start,end,count\na,0,1,3\nb,0,2,4\n")
    assert side.outcomes == ("a", "b")


def test_a_table_of_several_counts_is_chosen_from_by_name(given, refused):
    text = "bin_lo,bin_hi,x_count,y_count\n0,1,3,4\n1,2,5,6\n"
    assert refused("x.csv", text).code == "several-weights"
    assert given("x.csv", text, weight="y_count").outcomes == ("[0, 1)", "[1, 2)")


@pytest.mark.parametrize("options", [{"bins": EDGES}, {"bin_count": 4}])
@pytest.mark.parametrize("extension", ["csv", "json", "jsonl", "frame"])
def test_polars_names_the_upper_edges_beside_the_bins(given, options, extension):
    frame = pl.Series("x", P).hist(**options)
    if extension == "frame":
        side = read(frame)
    else:
        write = {"csv": "write_csv", "json": "write_json", "jsonl": "write_ndjson"}[extension]
        side = given(f"x.{extension}", getattr(frame, write)())
    assert side.weights.tolist() == frame["count"].to_list()
    labels = frame["category"].cast(pl.String).to_list()
    if "bins" in options:
        assert side.outcomes == tuple(labels)
    # Labels have six digits; the edges beside them are exact.
    low, *uppers = side.intervals.edges
    assert uppers == frame["breakpoint"].to_list()
    assert low == float(labels[0][1:].split(",")[0])
    assert side.intervals.closed_above
    assert not side.notes


def test_edges_of_polars_are_those_beside_its_rounded_labels(given):
    x = pl.Series("x", P) / 1000 + 1000
    frames = [(x + shift).hist(bin_count=4) for shift in (0, 1e-8)]
    assert frames[0]["category"].to_list() == frames[1]["category"].to_list()
    one, other = (read(frame) for frame in frames)
    with pytest.raises(BinsDifferError):
        pair_distributions(one, other)
    same = pair_distributions(one, given("x.csv", frames[0].write_csv()))
    assert float(divergences(same.p, same.q)["kl_pq"]) == 0
    # Bins that begin and end at rows, counted by NumPy between the same edges.
    edges = [999.99, *frames[0]["breakpoint"].to_list()]
    mine = read(x.hist(bins=edges))
    counts = np.histogram(x.to_numpy(), edges)[0]
    theirs = read({"counts": counts, "bin_edges": np.array(edges)})
    pair = pair_distributions(mine, theirs)
    assert len(pair.names) == 4
    assert pair.p.tolist() == pair.q.tolist()


@pytest.mark.parametrize(
    ("label", "edge", "kept"),
    [
        ("(0.0, 1.0]", "1.0", "(0.0, 1.0]"),
        ("(0.0, 1.0]", "1.0000004", "(0, 1.0000004]"),
        ("(0.0, 1.0]", "1.1", None),
        ("(0.0, 1.0]", "-1", None),
        ("(0.0, inf]", "", "(0.0, inf]"),
        ("(-inf, 1.0]", "1.0000004", "(-inf, 1.0000004]"),
        ("[-0.0, 0.0]", "-1e-8", None),
        ("low", "1.0", "low"),
        ("1-2, 3", "3", "1-2, 3"),
        ("", "1.0", "(missing)"),
    ],
)
def test_an_edge_beside_a_label_is_the_same_but_for_rounding(given, refused, label, edge, kept):
    text = f'breakpoint,category,count\n{edge},"{label}",3\n5.5,"(5.0, 5.5]",4\n'
    if kept is None:
        assert refused("x.csv", text).code == "bad-edge"
    else:
        assert given("x.csv", text).outcomes == (kept, "(5.0, 5.5]")


@pytest.mark.parametrize("orient", ["columns", "index", "split", "table", "records"])
def test_pandas_writes_intervals_into_json_as_objects(given, orient):
    edges = [*EDGES[:-1], math.inf]
    series = pd.cut(pd.Series(P), edges).value_counts().rename("count")
    labels = {"(-9.0, -1.0]", "(-1.0, 0.0]", "(0.0, 1.0]", "(1.0, inf]"}
    for made in (series.rename_axis("bin").reset_index(), series.to_frame()):
        if orient == "records" and len(made.columns) == 1:
            continue
        side = given("x.json", made.to_json(orient=orient))
        assert {*side.outcomes} == labels
        assert side.weights.tolist() == series.tolist()


def test_an_object_that_is_not_quite_an_interval_stays_one(refused):
    interval = dict.fromkeys(["closed", "closed_left", "closed_right", "left"], 1)
    text = json.dumps([{"bin": interval | {"right": "x"}, "n": 3}])
    assert refused("x.json", text).code == "bad-label"


# Upper bounds alone.


def test_bins_that_are_named_by_their_upper_edges_have_these(given):
    side = given("x.csv", "breakpoint,count\n1.0,3\n2.5,4\ninf,5\n")
    assert side.outcomes == ("1.0", "2.5", "inf")
    assert side.intervals.edges == (-math.inf, 1, 2.5, math.inf)
    again = given("y.csv", "breakpoint,count\n2.50,4\n1,3\ninf,5\n")
    assert measured(side, again)["kl_pq"] == 0
    buckets = given("z.json", json.dumps({"explicitBounds": [1, 2.5], "bucketCounts": [3, 4, 5]}))
    assert measured(side, buckets)["kl_pq"] == 0
    other = given("w.csv", "breakpoint,count\n2,4\n1,3\ninf,5\n")
    with pytest.raises(ValueError, match="edges of the bins differ"):
        pair_distributions(side, other)


def test_cumulative_buckets_are_refused_by_name(given, refused):
    error = refused("x.csv", "le,count\n0.1,3\n0.5,8\n+Inf,9\n")
    assert error.code == "cumulative"
    assert "Prometheus" in error.message
    side = given("x.csv", "le,count\n0.1,3\n0.5,5\n+Inf,1\n")
    assert side.weights.tolist() == [3, 5, 1]
    text = '# TYPE x histogram\nx_bucket{le="0.1"} 3\nx_bucket{le="+Inf"} 9\nx_count 9\n'
    for name in ("x.txt", "x.prom", "x.csv"):
        assert refused(name, text).code == "cumulative"


# Densities.


@pytest.mark.parametrize("name", ["density", "h", "weights"])
def test_densities_are_multiplied_by_the_widths(given, name):
    shares = np.array(counted(P)) / len(P)
    for side in (
        given("x.npz", npz(**{name: density(counted(P), EDGES)}, edges=EDGES)),
        given("x.json", json.dumps({name: density(counted(P), EDGES), "edges": EDGES})),
        given("x.csv", table(density(counted(P), EDGES), EDGES, ["left", "right", name])),
        read({name: density(counted(P), EDGES), "edges": EDGES}),
    ):
        assert side.kind == "probabilities"
        assert side.weights == pytest.approx(shares, rel=1e-14)
        assert [note.code for note in side.notes] == ["densities"]
        assert side.notes[0].repair


def test_densities_of_equal_widths_of_one_are_shares_already(given):
    side = given("x.npz", npz(h=[0.25, 0.5, 0.25], edges=[0, 1, 2, 3]))
    assert side.weights.tolist() == [0.25, 0.5, 0.25]
    assert not side.notes


def test_shares_whose_products_with_widths_are_not_one_stay_shares(given):
    side = given("x.npz", npz(h=[0.25, 0.5, 0.25], edges=[0, 1, 3, 4]))
    assert side.weights.tolist() == [0.25, 0.5, 0.25]
    side = given("x.npz", npz(h=[0.3, 0.5, 0.3], edges=[0, 1, 3, 4]))
    assert [note.code for note in side.notes] == ["normalised"]


def test_what_is_called_a_density_is_one_however_it_was_rounded(given):
    rounded = {"breaks": [0, 0.5, 2], "density": [1.3333, 0.2222]}
    side = given("x.json", json.dumps(rounded))
    assert side.weights / side.weights.sum() == pytest.approx([2 / 3, 1 / 3], abs=1e-4)


def test_counts_are_never_densities(given):
    side = given("x.npz", npz(h=np.array([1, 1]), edges=[0, 0.5, 1]))
    assert side.kind == "counts"
    assert side.weights.tolist() == [1, 1]


# Histograms of two axes.


def grid(values, **more):
    return np.histogram2d(values, values[::-1], bins=[EDGES, [-9, 0, 9]], **more)


def test_cells_of_two_axes_are_outcomes(given):
    h, x, y = grid(P)
    as_text = {"H": h.tolist(), "xedges": x.tolist(), "yedges": y.tolist()}
    for side in (
        given("x.npz", npz(H=h, xedges=x, yedges=y)),
        given("x.npz", npz(h, x, y)),
        given("x.json", json.dumps(as_text)),
        read((h, x, y)),
        read(as_text),
    ):
        assert side.weights.tolist() == h.ravel().tolist()
        assert side.outcomes[:3] == (
            "[-9, -1) x [-9, 0)", "[-9, -1) x [0, 9]", "[-1, 0) x [-9, 0)",
        )  # fmt: skip
        assert "cells" in [note.code for note in side.notes]
        assert side.flattened == (4, 2)
    assert measured(side, read(grid(P)))["kl_pq"] == 0


def test_cells_of_other_edges_never_match():
    side = read(grid(P))
    for x, y in ((EDGES, [-9, 0.5, 9]), ([-9, -1, 0, 1.5, 9], [-9, 0, 9]), (EDGES, [-9, 9])):
        other = np.histogram2d(P, P, bins=[x, y])
        if len(y) == 2:
            continue
        with pytest.raises(ValueError, match="edges of the bins differ"):
            pair_distributions(side, read(other))


def test_densities_of_cells_are_multiplied_by_their_areas():
    dense, plain = read(grid(P, density=True)), read(grid(P))
    assert dense.weights == pytest.approx(plain.weights / plain.weights.sum(), rel=1e-13)


# Labels and numbers beside each other.


@pytest.mark.parametrize(
    "arrays",
    [
        {"values": np.array(["u", "v", "w"]), "counts": np.array([5, 6, 7])},
        {"counts": np.array([5, 6, 7]), "values": np.array(["u", "v", "w"])},
        {"a": np.array(["u", "v", "w"]), "b": np.array([0.2, 0.3, 0.5])},
        {"values": np.array([1, 2, 3]), "counts": np.array([5, 6, 7])},
        {"counts": np.array([5, 6, 7]), "labels": np.array([3, 1, 2])},
        {"values": np.array([0.5, 1.0, 2.0]), "counts": np.array([5, 6, 7])},
        {"values": np.array([False, True]), "counts": np.array([5, 6])},
        {"d": np.array(["2024-01-05", "2024-01-06"], dtype="M8[D]"), "n": np.array([5, 6])},
    ],
)
def test_labels_beside_numbers_are_a_table(given, arrays):
    side = given("x.npz", npz(**arrays))
    label, weight = sorted(arrays, key=lambda name: name in ("counts", "n", "b"))
    assert side.outcomes == tuple(map(str, arrays[label].tolist()))
    assert side.weights.tolist() == arrays[weight].tolist()
    assert given("x.npz", npz(**arrays), weight=weight).outcomes == side.outcomes


def test_unique_values_without_names_are_refused_with_both_ways(given, refused):
    data = npz(*np.unique([1, 1, 2, 3, 3, 3], return_counts=True))
    error = refused("x.npz", data)
    assert error.code == "several-weights"
    assert "--weight arr_0" in error.hint
    assert "--label arr_0 --weight arr_1" in error.hint
    side = given("x.npz", data, label="arr_0", weight="arr_1")
    assert (side.outcomes, side.weights.tolist()) == (("1", "2", "3"), [2, 1, 3])
    assert given("x.npz", data, weight="arr_0").outcomes is None


def test_two_arrays_of_floats_stay_several(refused):
    data = npz(p=np.array([0.5, 0.5]), q=np.array([0.1, 0.9]))
    error = refused("x.npz", data)
    assert error.code == "several-weights"
    assert "--label" not in error.hint
    assert refused("x.npz", data, label="p", weight="q").code == "no-columns"
    data = npz(values=np.array([0.5, 0.5]), weights=np.array([0.1, 0.9]))
    assert refused("x.npz", data).code == "several-weights"


def test_a_histogram_is_no_raw_rows():
    from kldiv_cli.pipeline.sides import data_set

    for source in ((np.array([1, 2]), np.array([0, 1, 2])), {"hist": [1, 2], "edges": [0, 1, 2]}):
        with pytest.raises(InputError) as caught:
            data_set(source)
        assert caught.value.code == "is-a-histogram"
        assert "--as counts" in caught.value.hint


# One distribution of an array.


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.npy", np.array([[0.1, 0.2], [0.3, 0.4]])),
        ("x.npz", np.array([[0.1, 0.2], [0.3, 0.4]])),
        ("x.json", [[0.1, 0.2], [0.3, 0.4]]),
        ("x.jsonl", [[0.1, 0.2], [0.3, 0.4]]),
    ],
)
def test_an_array_is_flattened_in_every_format(given, name, data):
    if name == "x.npy":
        buffer = io.BytesIO()
        np.save(buffer, data)
        raw = buffer.getvalue()
    elif name == "x.npz":
        raw = npz(data)
    else:
        raw = "\n".join(map(json.dumps, data)) if name == "x.jsonl" else json.dumps(data)
    side = given(name, raw, flatten=True)
    assert side.weights.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert (side.kind, side.flattened) == ("probabilities", (2, 2))
    batch = given(name, raw)
    assert batch.weights.shape == (2, 2)
    assert "looks-joint" in [note.code for note in batch.notes]
    assert "--flatten" in batch.notes[0].advice


def test_rows_that_are_distributions_do_not_look_joint():
    for rows in ([[0.5, 0.5], [0.1, 0.9]], [[5, 3], [2, 1]], [[0.5, 0.4], [0.1, 0.9]]):
        assert "looks-joint" not in [note.code for note in read(np.array(rows)).notes]


def test_arrays_of_other_shapes_are_not_matched_by_position():
    p = read(np.full((2, 3), 1 / 6), ReadOptions(flatten=True))
    q = read(np.full((3, 2), 1 / 6), ReadOptions(flatten=True))
    with pytest.raises(ValueError, match="2 x 3"):
        pair_distributions(p, q)
    assert measured(p, read(np.full(6, 1 / 6)))["kl_pq"] == 0


def test_flatten_needs_an_array_of_two_dimensions():
    from kldiv_cli import compare

    with pytest.raises(UsageError, match="two dimensions"):
        compare([1, 2], [2, 1], flatten=True)
    flat = compare(np.array([[0.1, 0.2], [0.3, 0.4]]), [0.1, 0.2, 0.3, 0.4], flatten=True)
    assert flat.comparisons[0].measures["kl_pq"] == 0


def test_numbers_beyond_doubles_are_no_edges_and_no_crash(refused):
    huge = 10**400
    with pytest.raises(InputError):
        read({"hist": [1, 2], "edges": [0, 1, huge]})
    for text in (
        '{"hist": [1, 2], "edges": [0, 1, 1' + "0" * 400 + "]}",
        '{"hist": [1, 2], "edges": [0, 1e999, 2e999]}',
        '{"hist": [1, 1e999], "edges": [0, 1, 2]}',
    ):
        assert refused("x.json", text).code in ("several-weights", "number-overflow")
