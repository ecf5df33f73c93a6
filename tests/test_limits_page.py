"""The figures of docs/limits.md are what the divergence says, by its definition."""

import math
import re
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from kldiv_cli import divergences

ROW = re.compile(r"^\| ([\d.]+) \| ([\d.]+) sd \| × ([\d.]+) \|(.*)\|$", re.M)
SHARES = ("0.5", "0.1", "0.01", "0.001")


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "limits.md").read_text()


@pytest.fixture(scope="module")
def prose(page):
    """The page in one line."""
    return " ".join(page.split())


def around(printed):
    """Return the ends of the interval whose numbers are printed so."""
    half = mpmath.mpf(10) ** -len(printed.partition(".")[2]) / 2
    return mpmath.mpf(printed) - half, mpmath.mpf(printed) + half


def share_that_became(p, q):
    p, q = mpmath.mpf(p), mpmath.mpf(q)
    return p * mpmath.log(p / q) + (1 - p) * mpmath.log((1 - p) / (1 - q))


def test_the_limit_lies_within_what_the_rounded_figures_say(page):
    rows = ROW.findall(page)
    assert [float(limit) for limit, *_ in rows] == [0.005, 0.01, 0.02, 0.05, 0.1, 0.125, 0.25]
    for limit, shift, spread, rest in rows:
        *shares, changed, evidence = (cell.strip() for cell in rest.split("|"))
        low, high = around(shift)
        assert low**2 / 2 <= float(limit) <= high**2 / 2
        low, high = ((s**2 - 1) / 2 - mpmath.log(s) for s in around(spread))
        assert low <= float(limit) <= high
        for share, of in zip(shares, SHARES, strict=True):
            low, high = (share_that_became(x / 100, of) for x in around(share.removesuffix(" %")))
            assert low <= float(limit) <= high
        low, high = (2 * (x / 100) ** 2 for x in around(changed.removesuffix(" %")))
        assert low <= float(limit) <= high
        assert int(evidence) == round(math.log(20) / float(limit))


def test_a_third_of_a_standard_deviation_and_a_fifth_of_the_customers(prose):
    assert "a third of a standard deviation, or a tenth of the customers become a fifth" in prose
    shift = 1 / 3
    assert shift**2 / 2 == pytest.approx(0.05, rel=0.15)
    assert share_that_became("0.2", "0.1") == pytest.approx(0.05, rel=0.15)


def test_the_means_of_an_index_where_nothing_differs(prose):
    means = re.search(
        r"that is ([\d.]+) for 100 rows .*?, ([\d.]+) for 300, ([\d.]+) for", prose, re.S
    )
    assert [9 * 2 / n for n in (100, 300, 1000)] == [float(mean) for mean in means.groups()]


def test_limits_of_other_measures_are_those_of_a_small_change(page):
    rows = re.findall(
        r"^\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.M
    )
    assert [float(kl) for kl, *_ in rows] == [0.01, 0.05, 0.1, 0.125]
    q = np.full(1000, 0.001)
    direction = np.random.default_rng(0).standard_normal(1000)
    for kl, *others in rows:
        # The same change, a thousand times smaller.
        p = q * (
            1 + math.sqrt(2e-6 * float(kl)) * direction / np.sqrt(direction @ direction / 1000)
        )
        found = divergences(p, q, measures=("kl_pq", "psi", "js", "js_distance", "hellinger"))
        scale = float(kl) / found["kl_pq"]
        scales = (scale, scale, math.sqrt(scale), math.sqrt(scale))
        for printed, measure, times in zip(others, list(found)[1:], scales, strict=True):
            low, high = around(printed)
            assert 0.998 * low <= times * found[measure] <= 1.002 * high


def seen_in_deciles(shift, spread):
    """Return the share of a normal distribution's divergence that is left in ten bins."""
    edges = [mpmath.findroot(lambda x, i=i: mpmath.ncdf(x) - i / 10, 0) for i in range(1, 10)]
    below = [0, *(mpmath.ncdf((edge - shift) / spread) for edge in edges), 1]
    p = [high - low for low, high in pairwise(below)]
    whole = (spread**2 + shift**2 - 1) / 2 - mpmath.log(spread)
    return mpmath.fsum(x * mpmath.log(10 * x) for x in p) / whole


def test_what_ten_bins_see(prose):
    assert "a shift shows more than nine tenths of its divergence, a spread about half" in prose
    for shift, spread in ((0.1, 1.07), (0.32, 1.23), (0.71, 1.54)):
        assert 0.9 < seen_in_deciles(shift, 1) < 1
        assert 0.4 < seen_in_deciles(0, spread) < 0.7
