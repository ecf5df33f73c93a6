"""A first row that may hold names or data: the hint fits both sides, whose options it names."""

import re

import pytest

from kldiv_cli import check, compare
from kldiv_cli.errors import InputError

FILES = {
    "doubtful": "k,0\na,3\nb,4\n",
    "names": "k,n\na,3\nb,5\n",
    "data": "a,3\nb,5\nc,1\n",
}
HINTS = {
    ("doubtful", "names"): ("header=True", "header=(False, True)"),
    ("names", "doubtful"): ("header=True", "header=(True, False)"),
    ("doubtful", "data"): ("header=(True, False)", "header=False"),
    ("data", "doubtful"): ("header=(False, True)", "header=False"),
    ("doubtful", "other"): ("header=True", "header=False"),
}


@pytest.fixture
def files(tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "other.csv").write_text(FILES["doubtful"])
    return lambda names: [str(tmp_path / f"{name}.csv") for name in names]


@pytest.mark.parametrize("function", [compare, check])
@pytest.mark.parametrize("names", HINTS)
def test_the_hint_leads_to_an_answer(function, names, files):
    kind = {"kind": "counts"}
    with pytest.raises(InputError) as caught:
        function(*files(names), **kind)
    assert caught.value.code == "which-header"
    offered = re.findall(r"header=(?:\w+|\(.*?\))", caught.value.hint)
    assert tuple(offered) == HINTS[names]
    totals = []
    for words in offered:
        report = function(*files(names), **kind, **eval(f"dict({words})"))
        sides = (report.p, report.q) if function is compare else (report.reference, report.current)
        totals.append(tuple(side.outcomes for side in sides))
    # The side in doubt has one outcome more if its first row is data, the other side is the same;
    # a check does not count what has no weight.
    doubtful = names.index("doubtful")
    assert totals[1][doubtful] == totals[0][doubtful] + (function is compare)
    if "other" not in names:
        assert totals[1][1 - doubtful] == totals[0][1 - doubtful]


def test_an_outcome_without_weight_on_either_side_is_not_respelled(files):
    report = check(*files(("doubtful", "names")), kind="counts", header=(False, True))
    assert "near-duplicate-labels" not in [note.code for note in report.notes]
