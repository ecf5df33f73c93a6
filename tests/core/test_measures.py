"""The registry, and the laws that its traits promise."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import pairwise

import exact
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core.divergences import divergences, evaluate
from kldiv_cli.core.kernel.formulas import FAMILIES, FORMULAS
from kldiv_cli.core.measures import DEFAULT_MEASURES, MEASURES, find

EVERY = [
    find(name)
    for name in (
        *DEFAULT_MEASURES,
        *(f"{f}:{a}" for f in ("renyi", "tsallis") for a in (0, 0.25, 0.5, 1, 1.5, 3)),
    )
]
BOUNDS = {"1": 1.0, "log 2": math.log(2), "sqrt(log 2)": math.sqrt(math.log(2))}


def having(*traits):
    return pytest.mark.parametrize(
        "measure", [m for m in EVERY if m.traits >= set(traits)], ids=lambda m: m.name
    )


weight = st.one_of(st.just(0.0), st.floats(1e-6, 1e6), st.integers(1, 9).map(float))


@st.composite
def sides(draw, count=2):
    k = draw(st.integers(2, 8))
    row = st.lists(weight, min_size=k, max_size=k).filter(any)
    return [np.array(draw(row)) for _ in range(count)]


def value(measure, p, q, **options):
    return divergences(p, q, measures=[measure.name], **options)[measure.name]


def test_the_order_of_reports():
    assert list(MEASURES) == [
        "kl_pq",
        "kl_qp",
        "jeffreys",
        "psi",
        "js",
        "js_distance",
        "hellinger",
        "tv",
        "chi2_pq",
        "chi2_qp",
        "bhattacharyya",
        "renyi:ALPHA",
        "tsallis:ALPHA",
        "entropy_p",
        "entropy_q",
        "cross_entropy_pq",
        "cross_entropy_qp",
    ]
    assert [name for name in MEASURES if "ALPHA" not in name] == list(DEFAULT_MEASURES)


def test_every_measure_has_a_formula_and_every_formula_a_measure():
    families = {name.partition(":")[0] for name in MEASURES if MEASURES[name].takes_alpha}
    assert set(FORMULAS) == set(DEFAULT_MEASURES)
    assert set(FAMILIES) == families


def test_names_are_found():
    assert find("kl") is find("kl_pq") is MEASURES["kl_pq"]
    half = find("renyi:0.5")
    assert (half.name, half.alpha, half.symbol) == ("renyi:0.5", 0.5, "R_0.5(P || Q)")
    assert half.formula == "log(sum p^0.5 q^(1-0.5)) / (0.5 - 1)"
    assert find("tsallis:2").symbol == "T_2(P || Q)"
    assert find("renyi:1").formula == "sum p log(p/q)"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("kl_pqq", "did you mean 'kl_pq'?"),
        ("Hellinger", "did you mean 'hellinger'?"),
        ("tsalis:2", "did you mean 'tsallis:ALPHA'?"),
        ("js:2", "did you mean 'js'?"),
        ("wasserstein", "expected one of kl, kl_pq"),
        ("renyi", "needs an order: renyi:0.5"),
        ("renyi:ALPHA", "no measure 'renyi:ALPHA'"),
        ("renyi:-1", "expected a finite order >= 0, found '-1'"),
        ("renyi:inf", "finite"),
        ("renyi:nan", "finite"),
        ("renyi:", "finite"),
        ("renyi:1_0", "finite"),
        ("tsallis:1e999", "finite"),
    ],
)
def test_other_names_are_refused_with_advice(name, hint):
    with pytest.raises(ValueError, match=name.partition(":")[0]) as error:
        find(name)
    assert hint in str(error.value)


def test_help_needs_no_numpy_and_the_door_no_more_than_numpy():
    code = (
        "import sys, kldiv_cli.core.measures; assert not {'numpy', 'difflib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    code = (
        "import sys, numpy; before = set(sys.modules); import kldiv_cli.core.divergences;"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before};"
        "assert not new & {'scipy', 'fractions', 'decimal', 'difflib'}, new"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@having()
@given(sides())
@settings(max_examples=25)
def test_range_and_truth(measure, pair):
    found = value(measure, *pair)
    assert found >= 0.0
    if "bounded" in measure.traits:
        upper = BOUNDS.get(measure.upper) or float(measure.upper)
        assert found <= upper * (1 + 1e-15)
    P, Q = (exact.normalise(x) for x in pair)
    assert found == pytest.approx(float(exact.measure(measure.name, P, Q)), rel=4e-15, abs=1e-60)


@having("symmetric")
@given(sides())
@settings(max_examples=25)
def test_symmetry(measure, pair):
    p, q = pair
    assert value(measure, p, q) == value(measure, q, p)


@having("zero-iff-equal")
@given(sides())
@settings(max_examples=25)
def test_zero_where_equal_and_nowhere_else(measure, pair):
    p, q = pair
    assert value(measure, p, p) == value(measure, p, p * 4.0) == 0.0
    differ = exact.normalise(p) != exact.normalise(q)
    assert (value(measure, p, q) > 0.0) == differ


@having("monotone")
@given(sides())
@settings(max_examples=25)
def test_merging_outcomes_never_tells_more(measure, pair):
    merged = [np.append(x[2:], x[0] + x[1]) for x in pair]
    assert value(measure, *merged) <= value(measure, *pair) * (1 + 1e-13)


@having("metric")
@given(sides(count=3))
@settings(max_examples=25)
def test_triangle_inequality(measure, three):
    a, b, c = three
    detour = value(measure, a, b) + value(measure, b, c)
    assert value(measure, a, c) <= detour * (1 + 1e-13)


@having()
@given(sides(), st.randoms(use_true_random=False))
@settings(max_examples=10)
def test_order_and_units_of_outcomes_do_not_matter(measure, pair, random):
    p, q = pair
    order = list(range(len(p)))
    random.shuffle(order)
    plain = value(measure, p, q)
    assert value(measure, p[order], q[order]) == pytest.approx(plain, rel=1e-13)
    assert value(measure, 8.0 * p, 0.25 * q) == pytest.approx(plain, rel=1e-13)
    wider = value(measure, np.append(p, 0.0), np.append(0.0, q)[np.r_[1 : len(q) + 1, 0]])
    assert wider == pytest.approx(plain, rel=1e-13)


@having()
def test_only_measures_with_a_unit_scale_with_the_base(measure):
    p, q = [1.0, 2.0, 5.0], [3.0, 1.0, 1.0]
    nats = value(measure, p, q)
    expected = nats / math.log(2) ** measure.degree
    assert value(measure, p, q, base="2") == pytest.approx(expected, rel=1e-15)
    assert measure.scales == (measure.degree > 0)


@having()
def test_infinite_exactly_where_the_traits_say(measure):
    full, part = [1.0, 2.0, 3.0], [1.0, 0.0, 3.0]
    infinite = "absolute-continuity" in measure.traits
    reverse = "absolute-continuity-reversed" in measure.traits
    assert math.isinf(value(measure, full, part)) == infinite
    assert math.isinf(value(measure, part, full)) == reverse
    apart = math.isinf(value(measure, [1, 0, 2], [0, 1, 0]))
    assert apart == ("disjoint-infinite" in measure.traits)


@having()
def test_twins_are_each_other_with_the_sides_exchanged(measure):
    p, q = [1.0, 2.0, 5.0], [3.0, 1.0, 1.0]
    if measure.twin is not None:
        assert MEASURES[measure.twin].twin == measure.name
        assert value(measure, p, q) == value(MEASURES[measure.twin], q, p)


@given(sides())
@settings(max_examples=15)
def test_inequalities_between_measures(pair):
    v = divergences(*pair)
    slack = 1 + 1e-13
    assert 2 * v["tv"] ** 2 <= v["kl_pq"] * slack  # Pinsker
    assert v["hellinger"] ** 2 <= v["tv"] * slack
    assert v["tv"] <= v["hellinger"] * math.sqrt(2) * slack
    assert v["kl_pq"] <= math.log1p(v["chi2_pq"]) * slack
    assert v["js"] <= v["jeffreys"] / 4 * slack
    assert 2 * v["bhattacharyya"] <= v["kl_pq"] * slack
    assert v["cross_entropy_pq"] >= v["entropy_p"]
    orders = [0, 0.3, 0.5, 0.99999, 1, 1.00001, 2, 7]
    renyi = list(divergences(*pair, measures=[f"renyi:{a}" for a in orders]).values())
    for lower, upper in pairwise(renyi):
        assert lower <= upper * slack


def test_no_zero_has_a_sign():
    p = [1.0, 2.0, 5.0]
    names = [measure.name for measure in EVERY]
    for value in divergences(p, p, measures=names).values():
        assert math.copysign(1.0, value) == 1.0
    for name in ("renyi:0", "tsallis:0"):
        assert math.copysign(1.0, divergences(p, [3, 2, 1], measures=[name])[name]) == 1.0


def test_a_family_promises_only_what_every_order_keeps():
    for family in ("renyi", "tsallis"):
        generic = MEASURES[f"{family}:ALPHA"].traits
        assert all(generic <= find(f"{family}:{alpha}").traits for alpha in (0, 0.5, 1, 2))


def test_bounds_come_under_the_names_asked():
    found = evaluate([1, 2], [2, 1], ["kl", "kl_pq", "renyi:1.0"])
    assert list(found.values) == list(found.bounds) == ["kl", "kl_pq", "renyi:1.0"]
    assert len(set(found.values.values())) == 1
