"""The outcomes that set two sides apart most: as a stable sort of all of them would rank them."""

from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.divergences import contributions
from kldiv_cli.core.report import largest_contributions

COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@given(COUNTS, COUNTS, st.integers(0, 12))
def test_the_largest_contributions(p, q, top):
    size = min(len(p), len(q))
    # One outcome that both have, so that neither side is empty.
    p, q = [*p[:size], 1], [*q[:size], 1]
    parts = contributions(p, q)
    order = sorted(
        (i for i in range(len(p)) if p[i] or q[i]),
        key=lambda i: (-parts.part[i], -parts.p[i] if parts.part[i] == float("inf") else 0.0),
    )
    found = largest_contributions(parts, [str(i) for i in range(len(p))], top)
    assert [int(each.outcome) for each in found] == order[:top]
