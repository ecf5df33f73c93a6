"""What samples of any size would miss."""

import math

import numpy as np
import pytest

from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.unseen import Unseen
from kldiv_cli.core.inference.verdict import judge

SHARES = {
    "equal": np.full(1000, 1 / 1000),
    "Zipf": 1 / np.arange(1, 501),
    "steep": 1 / np.arange(1, 5001) ** 1.2,
    "log-normal": np.exp(2 * np.random.default_rng(9).normal(size=3000)),
    "geometric": 0.95 ** np.arange(300),
}


def two(shares, rows, rng):
    """Return two samples of one distribution."""
    x, y = (rng.multinomial(rows, shares / shares.sum()).astype(float) for _ in range(2))
    return samples(x, y)


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("rows", [200, 1000])
def test_it_foresees_what_more_rows_miss_and_show(name, rows):
    rng, q = np.random.default_rng(5), SHARES[name] / SHARES[name].sum()
    found = []
    for _ in range(40):
        seen = two(q, rows, rng)
        unseen = Unseen.of(seen)
        found.append([f(k * rows) for k in (1, 2, 4) for f in (unseen.mass, unseen.outcomes)])
        found[-1][1::2] = [seen.outcomes + new for new in found[-1][1::2]]
    # What is missed on average, and how many outcomes are seen, follow from the shares.
    for k, mass, outcomes in zip((1, 2, 4), *np.mean(found, axis=0).reshape(3, 2).T, strict=True):
        assert mass == pytest.approx(float(q @ (1 - q) ** (k * rows)), rel=0.15, abs=0.005)
        if k > 1:
            expected = float((1 - (1 - q) ** (k * rows)).sum())
            assert outcomes == pytest.approx(expected, rel=0.05)


def test_the_mass_that_all_rows_miss_is_that_of_good_and_turing():
    seen = two(SHARES["steep"] / SHARES["steep"].sum(), 3000, np.random.default_rng(1))
    once = np.count_nonzero(seen.x + seen.y == 1)
    assert Unseen.of(seen).mass(6000) == pytest.approx(once / 6000, rel=0.01)
    assert Unseen.of(seen).outcomes(6000) == 0
    assert Unseen.of(seen).outcomes(100) == 0


def test_a_known_distribution_hides_nothing_that_is_not_there():
    q = SHARES["Zipf"] / SHARES["Zipf"].sum()
    for known in ((True, False), (False, True)):
        sides = [q if is_known else np.ones(500) for is_known in known]
        unseen = Unseen.of(samples(*sides, known=known))
        assert unseen.mass(700) == pytest.approx(float(q @ np.exp(-700 * q)), rel=1e-12)
        assert unseen.outcomes(10**6) == 0
    # What is known to be impossible, too.
    unseen = Unseen.of(samples(np.array([0.0, 1.0]), np.array([3.0, 1.0]), known=(True, False)))
    assert (unseen.mass(5), unseen.outcomes(9)) == (pytest.approx(math.exp(-5)), 0)


def test_common_outcomes_and_rows_that_weigh():
    unseen = Unseen.of(samples(np.array([60.0, 80.0]), np.array([70.0, 90.0])))
    assert unseen.mass(300) < 1e-20
    assert unseen.outcomes(10**9) < 1e-50
    # Effective rows are no whole numbers, and may be less than one.
    unseen = Unseen.of(samples(np.array([0.3, 20.4]), np.array([0.1, 7.7])))
    assert 0 < unseen.mass(28.5) < 0.1
    assert math.isfinite(unseen.outcomes(1e9))


@pytest.mark.parametrize(
    ("name", "rows"), [("Zipf", 300), ("Zipf", 1000), ("steep", 300), ("log-normal", 1000)]
)
def test_the_rows_that_are_asked_for_decide(name, rows):
    rng, q = np.random.default_rng(8), SHARES[name] / SHARES[name].sum()

    def judged(size):
        evidence = weigh(two(q, size, rng), max_kl=0.05)
        (judgement,) = judge([evidence], alpha=0.05, adjust="bh", labels=[None], are="columns")
        return judgement

    needed = [each.rows_needed for each in (judged(rows) for _ in range(40))]
    verdicts = [judged(size).verdict for size in needed if size is not None]
    assert len(verdicts) > 30
    # In 80 % of all cases, were all that is seen so far the truth.
    assert verdicts.count("pass") >= 0.65 * len(verdicts)
