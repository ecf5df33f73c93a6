"""Single precision serves each measure of each row by itself, and the general path the rest."""

import math

import numpy as np
import pytest

from kldiv_cli.core import rows
from kldiv_cli.core.divergences import evaluate
from kldiv_cli.core.kernel.floats import LIMIT, SERVED
from kldiv_cli.core.measures import DEFAULT_MEASURES
from kldiv_cli.core.rows import Question, rows_in_memory

NAMES = (*DEFAULT_MEASURES, "renyi:0.5")
OF_DOUBLES = 1e-9
"""Bounds below this are of the general path, others of single precision."""
PLAIN, FAR, UNDEFINED, SAME = range(4)


def logits(outcomes=40):
    """Return both sides: a plain row, one whose p/q is e^95, one where P alone is, equal ones."""
    rng = np.random.default_rng(7)
    p = rng.normal(0.0, 2.0, (4, outcomes)).astype("f4")
    q = (p + rng.normal(0.0, 0.2, p.shape)).astype("f4")
    q[FAR, 3] -= 95.0
    # The side with the smaller logit here is the one whose masses are computed.
    q[FAR, 0] = p[FAR, 0] + 0.1
    q[UNDEFINED, 5] = -np.inf
    q[SAME] = p[SAME]
    return p, q


def measured(p, q, names=NAMES, base="e"):
    asked = Question(names, ("logits", "logits"), base, bounds=True, singles=True)
    return rows_in_memory(p, q, asked)


def test_every_measure_of_every_row_is_within_its_bound_of_the_general_path():
    p, q = logits()
    for base in ("e", "2"):
        found = measured(p, q, base=base)
        general = evaluate(p, q, NAMES, kind="logits", base=base)
        for name in NAMES:
            values, bounds, truths = found.values[name], found.bounds[name], general.values[name]
            for value, bound, truth in zip(values, bounds, truths, strict=True):
                assert value == truth or abs(value - truth) <= (bound + 1e-13) * truth, name


def test_a_measure_that_single_precision_does_not_serve_leaves_the_others_to_it(monkeypatch):
    asked = []

    def recorded(p, q, measures, **options):
        asked.append((len(p), frozenset(measures)))
        return evaluate(p, q, measures, **options)

    monkeypatch.setattr(rows, "evaluate", recorded)
    p, q = logits()
    found = measured(p, q, ("kl_pq", "hellinger", "chi2_pq", "chi2_qp"))
    assert set(asked) == {
        (1, frozenset({"chi2_pq"})),
        (1, frozenset({"kl_pq", "hellinger", "chi2_pq", "chi2_qp"})),
    }
    assert len(asked) == 2
    for name in ("kl_pq", "hellinger", "chi2_qp"):
        assert OF_DOUBLES < found.bounds[name][FAR] <= LIMIT
    assert found.values["chi2_pq"][FAR] > math.exp(80)
    assert found.bounds["chi2_pq"][FAR] < OF_DOUBLES
    assert found.values["kl_pq"][UNDEFINED] == math.inf


def test_measures_without_a_formula_in_single_precision_leave_the_others_to_it():
    p, q = logits()
    found = measured(p, q, ("tv", "tsallis:2"))
    assert found.bounds["tv"][PLAIN] > OF_DOUBLES > found.bounds["tsallis:2"][PLAIN]


@pytest.mark.parametrize("outcomes", [40, 5000])
def test_a_value_does_not_depend_on_what_else_is_asked(outcomes):
    p, q = logits(outcomes)
    whole = measured(p, q)
    for name in NAMES:
        alone = measured(p, q, (name,))
        np.testing.assert_array_equal(alone.values[name][SAME], whole.values[name][SAME])
        served = whole.bounds[name] > OF_DOUBLES
        assert served[PLAIN] == (name in SERVED), name
        np.testing.assert_array_equal(alone.values[name][served], whole.values[name][served], name)
        # The paths of doubles differ by what else is asked in the last bits.
        np.testing.assert_allclose(alone.values[name], whole.values[name], 1e-14, err_msg=name)
