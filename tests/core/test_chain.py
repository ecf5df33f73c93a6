"""The chain rule of KL: against 50-digit sums, and by its parts."""

import math
from itertools import product

import mpmath
import numpy as np
import pytest

from kldiv_cli.core.chain import chain


def exact(p, q):
    """Return D(P || Q) with 50 digits, by its definition."""
    with mpmath.workdps(50):
        total_p, total_q = (mpmath.fsum(map(mpmath.mpf, side)) for side in (p, q))
        terms = (
            a / total_p * mpmath.log(mpmath.mpf(a) * total_q / (total_p * b))
            for a, b in zip(map(mpmath.mpf, p), map(mpmath.mpf, q), strict=True)
            if a
        )
        return mpmath.fsum(terms)


def tables(seed):
    """Return two random tables of counts, of some outcomes in some segments; few are empty."""
    draw = np.random.default_rng(seed)
    shape = (draw.integers(1, 6), draw.integers(1, 6))
    rows = draw.choice([3, 30, 10_000])
    p, q = draw.integers(0, rows, (2, *shape))
    p.flat[0] += 1
    return p, q + 1


@pytest.mark.parametrize("block", range(10))
def test_the_parts_add_up_in_random_tables(block):
    for seed in range(100 * block, 100 * (block + 1)):
        p, q = tables(seed)
        found = chain(p.T, q.T)
        joint = exact(p.ravel().tolist(), q.ravel().tolist())
        assert abs(found.mix + found.within - joint) <= 1e-12 * joint
        assert abs(found.joint - joint) <= 1e-12 * joint
        mix = exact(p.sum(axis=0).tolist(), q.sum(axis=0).tolist())
        assert found.mix == pytest.approx(float(mix), rel=1e-12, abs=1e-300)
        for place, part in enumerate(found.parts):
            share = mpmath.mpf(int(p[:, place].sum())) / int(p.sum())
            within = exact(p[:, place].tolist(), q[:, place].tolist()) if share else 0
            assert part == pytest.approx(float(share * within), rel=1e-11, abs=1e-300)


def test_shares_do_not_depend_on_the_totals():
    p, q = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0.2, 0.2], [0.2, 0.4]])
    found, scaled = chain(p.T, q.T), chain(7 * p.T, 3 * q.T)
    assert scaled[:3] == pytest.approx(found[:3], rel=1e-13)
    assert scaled.parts == pytest.approx(found.parts, rel=1e-13)


JULY = [
    [851, 733, 1259, 1516, 972, 940, 664, 1096, 1233, 862, 349],
    [1294, 1202, 617, 491, 669, 874, 544, 914, 1671, 1481, 266],
    [851, 786, 1230, 1797, 885, 1097, 720, 879, 165, 0, 517],
]
JANUARY = [
    [1137, 814, 799, 801, 1176, 860, 1222, 923, 1007, 877, 277],
    [973, 1239, 603, 257, 436, 623, 1065, 906, 691, 2238, 130],
    [547, 552, 1098, 517, 1515, 825, 1372, 677, 648, 0, 199],
]
"""The air time of the flights of both months from EWR, JFK and LGA: deciles of both together, and
flights without one."""


def test_the_flights_by_their_origin():
    p, q = np.array(JULY).T, np.array(JANUARY).T
    found = chain(p.T, q.T)
    assert [round(number, 4) for number in found[:3]] == [0.1201, 0.0003, 0.1198]
    assert round(found.parts[2], 4) == 0.0635
    assert round(p[:, 2].sum() / p.sum(), 2) == 0.3
    marginal = chain([p.sum(axis=1)], [q.sum(axis=1)])
    assert round(marginal.joint, 4) == 0.0733
    assert marginal.mix == 0.0


def test_what_a_side_lacks():
    p = np.array([[5, 0, 3], [1, 0, 2]])
    q = np.array([[5, 4, 0], [1, 1, 0]])
    found = chain(p.T, q.T)
    assert found.parts == (0.0, 0.0, math.inf)
    assert (found.joint, found.mix, found.within) == (math.inf, math.inf, math.inf)
    # An outcome that one segment alone lacks is infinite there, and nowhere else.
    found = chain([np.array([5, 1]), np.array([3, 2])], [np.array([5, 0]), np.array([4, 1])])
    assert found.parts[0] == math.inf > found.parts[1] > 0
    assert found.mix < math.inf


def test_equal_tables_have_parts_of_exactly_0():
    for p in product([0, 3], repeat=4):
        if any(p):
            table = np.array(p).reshape(2, 2)
            *divergences, parts, shares_p, shares_q = chain(table.T, 2 * table.T)
            assert (divergences, parts) == ([0.0, 0.0, 0.0], (0.0, 0.0))
            assert shares_p == shares_q == tuple(table.sum(axis=0) / table.sum())
