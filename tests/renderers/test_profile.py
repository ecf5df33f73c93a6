"""A profile as a file: every outcome on a line of its own, whatever is in its label."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.binning import Bins
from kldiv_cli.core.counts import Binned, Categories
from kldiv_cli.core.dataset import DataSet, Excluded
from kldiv_cli.renderers.formats import profile as renderer
from kldiv_cli.renderers.formats.profile import render

HOSTILE = (
    '"edges": []',
    '"outcomes": []',
    '\\"outcomes\\": []',
    "##vso[task",
    " ::error::x",
    "é\n",
)
labels = st.one_of(st.text(), st.sampled_from(HOSTILE))
counted = st.dictionaries(labels, st.integers(0, 10**18), max_size=6)
edges = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4, unique=True)


def data_set(columns):
    return DataSet(
        name="all",
        source="rows.csv",
        format="csv",
        kind="profile",
        rows=3,
        columns={column.name: column for column in columns},
        excluded=(Excluded('"outcomes": []', "--exclude"),),
    )


def columns(names, counts, cuts):
    cuts = tuple(sorted({cut + 0.0 for cut in cuts}))
    sizes = np.arange(len(cuts) + 3)
    return [Categories(names[0], 1, counts), Binned(names[1], 0, Bins(cuts), sizes)]


@given(st.tuples(labels, labels).filter(lambda names: names[0] != names[1]), counted, edges)
def test_a_profile_is_read_as_it_was_counted(names, counts, cuts):
    text, binned = columns(names, counts, cuts)
    found = json.loads(render(data_set([text, binned])))
    assert [column["column"] for column in found["columns"]] == list(names)
    assert found["columns"][0]["outcomes"] == [list(row) for row in sorted(counts.items())]
    assert found["columns"][1]["edges"] == list(binned.bins.edges)
    # The bin below all numbers is empty, and stands there; those of infinities are not.
    expected = zip(binned.bins.labels, binned.counts.tolist(), strict=False)
    assert found["columns"][1]["outcomes"] == [list(row) for row in expected]
    assert found["excluded"] == [{"column": '"outcomes": []', "reason": "--exclude"}]


@given(counted, st.integers(1, 4))
def test_the_pieces_in_which_outcomes_are_written_leave_no_mark(counts, size):
    given = data_set(columns(("a", "b"), counts, (1.0, 2.5)))
    whole, before = render(given), renderer.AT_ONCE
    try:
        renderer.AT_ONCE = size
        assert render(given) == whole
    finally:
        renderer.AT_ONCE = before


def test_an_outcome_and_all_edges_have_a_line_each():
    given = data_set(columns(("a", "b"), {"x": 2, " ::error::": 1}, (1.0, 2.5)))
    assert render(given).splitlines()[5:] == [
        "    {",
        '      "column": "a",',
        '      "type": "categorical",',
        '      "edges": [],',
        '      "missing": 1,',
        '      "pooled": false,',
        '      "outcomes": [',
        '        [" \\u003a:error::", 1],',
        '        ["x", 2]',
        "      ]",
        "    },",
        "    {",
        '      "column": "b",',
        '      "type": "numeric",',
        '      "edges": [1.0, 2.5],',
        '      "missing": 0,',
        '      "pooled": false,',
        '      "outcomes": [',
        '        ["(-inf, 1]", 0],',
        '        ["(1, 2.5]", 1],',
        '        ["(2.5, inf)", 2],',
        '        ["-inf", 3],',
        '        ["+inf", 4]',
        "      ]",
        "    }",
        "  ],",
        '  "excluded": [',
        "    {",
        '      "column": "\\"outcomes\\": []",',
        '      "reason": "--exclude"',
        "    }",
        "  ]",
        "}",
    ]
