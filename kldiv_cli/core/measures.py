"""The registry of measures: every measure by name, with its traits.

The traits are the documentation (``kldiv measures`` prints them) and the table from which
the property tests are derived.  NumPy is not imported here: help needs the names only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Base = Literal["e", "2", "10"]
"""Base of the logarithm: nats, bits or hartleys."""
Reduction = Literal["none", "mean", "sum", "batchmean"]
"""How the values of a batch become one, as in PyTorch's ``F.kl_div``."""
BOTH_DIRECTIONS = ("kl_pq", "kl_qp", "kl")
"""The Kullback-Leibler divergences, by the names that they may be asked by."""
BASES: tuple[Base, ...] = get_args(Base)
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
Trait = Literal[
    "symmetric",  # D(p, q) = D(q, p)
    "metric",  # symmetric, zero only at p = q, and obeys the triangle inequality
    "bounded",  # never above the upper end of its range, whatever p and q
    "monotone",  # never grows when outcomes are merged (data processing inequality)
    "zero-iff-equal",  # vanishes at p = q and nowhere else
    "absolute-continuity",  # infinite as soon as q = 0 < p for some outcome
    "absolute-continuity-reversed",  # infinite as soon as p = 0 < q for some outcome
    "disjoint-infinite",  # infinite where no outcome is possible under both
]


class Measure(NamedTuple):
    """The name, the formula and the traits of one measure.

    Attributes
    ----------
    name : str
        The name to ask for it by; ``renyi:0.5`` where a parameter is bound.
    symbol : str
        The symbol in reports, with P and Q for the two sides.
    title : str
        Its name in the field.
    formula : str
        Plain text over the normalised p and q, natural logarithm.
    upper, lower : str
        The ends of the range, in nats where the measure has a unit.
    degree : float
        Its unit: 1 where it is in nats, bits or hartleys, 1/2 where it is in their square root,
        0 where it has none.
    traits : frozenset of str
        The laws it obeys.
    description : str
        One line on its meaning.
    source : str
        The paper or book that it comes from.
    twin : str, optional
        The same measure with p and q exchanged.
    alpha : float, optional
        The bound parameter.
    """

    name: str
    symbol: str
    title: str
    formula: str
    upper: str
    degree: float
    traits: frozenset[Trait]
    description: str
    source: str
    lower: str = "0"
    twin: str | None = None
    alpha: float | None = None

    @property
    def most(self) -> float:
        """The largest value, in nats where it has a unit; infinite if K bounds it, or nothing."""
        return {"1": 1.0, "log 2": math.log(2), "sqrt(log 2)": math.sqrt(math.log(2))}.get(
            self.upper, math.inf
        )

    @property
    def scales(self) -> bool:
        """Whether it is expressed in units of the logarithm's base."""
        return self.degree > 0.0

    @property
    def takes_alpha(self) -> bool:
        """Whether the name still waits for a parameter, as ``renyi:ALPHA`` does."""
        return self.name.endswith(":ALPHA")

    @property
    def family(self) -> str:
        """The name without its parameter."""
        return self.name.partition(":")[0]


_MONOTONE: frozenset[Trait] = frozenset({"monotone"})
_DIVERGENCE: frozenset[Trait] = _MONOTONE | {"zero-iff-equal"}
_SYMMETRIC: frozenset[Trait] = _DIVERGENCE | {"symmetric"}
_DISTANCE: frozenset[Trait] = _SYMMETRIC | {"metric", "bounded"}
_DISJOINT: frozenset[Trait] = frozenset({"disjoint-infinite"})
_NEEDS_Q: frozenset[Trait] = _DISJOINT | {"absolute-continuity"}
_NEEDS_P: frozenset[Trait] = _DISJOINT | {"absolute-continuity-reversed"}
_KULLBACK = "Kullback and Leibler, Ann. Math. Stat. 22 (1951)"
_LIN = "Lin, IEEE Trans. Inf. Theory 37 (1991)"
_SHANNON = "Shannon, Bell Syst. Tech. J. 27 (1948)"
_PEARSON = "Pearson, Philos. Mag. 50 (1900)"
_GOOD = "Good, J. R. Stat. Soc. B 18 (1956)"

# Name, symbol, title;
#     formula, upper end of the range, degree, traits;
#     description, source, twin.
# fmt: off
_ALL = (
    Measure("kl_pq", "D(P || Q)", "Kullback-Leibler divergence",
        "sum p log(p/q)", "inf", 1.0, _DIVERGENCE | _NEEDS_Q,
        "Expected excess surprise of Q where P is true.", _KULLBACK, twin="kl_qp"),
    Measure("kl_qp", "D(Q || P)", "Kullback-Leibler divergence, reversed",
        "sum q log(q/p)", "inf", 1.0, _DIVERGENCE | _NEEDS_P,
        "Expected excess surprise of P where Q is true.", _KULLBACK, twin="kl_pq"),
    Measure("jeffreys", "J(P, Q)", "Jeffreys divergence",
        "sum (p - q) log(p/q)", "inf", 1.0, _SYMMETRIC | _NEEDS_Q | _NEEDS_P,
        "Both Kullback-Leibler divergences added.", "Jeffreys, Proc. R. Soc. A 186 (1946)"),
    Measure("psi", "PSI(P, Q)", "Population stability index",
        "sum (p - q) log(p/q)", "inf", 1.0, _SYMMETRIC | _NEEDS_Q | _NEEDS_P,
        "The Jeffreys divergence under its name in credit scoring; not smoothed.",
        "Siddiqi, Credit Risk Scorecards (2006)"),
    Measure("js", "JS(P, Q)", "Jensen-Shannon divergence",
        "(D(P || M) + D(Q || M)) / 2,  M = (P + Q) / 2", "log 2", 1.0, _SYMMETRIC | {"bounded"},
        "What one draw tells, on average, about which of the two it came from.", _LIN),
    Measure("js_distance", "sqrt JS(P, Q)", "Jensen-Shannon distance",
        "sqrt(js)", "sqrt(log 2)", 0.5, _DISTANCE,
        "Square root of the Jensen-Shannon divergence: a metric.",
        "Endres and Schindelin, IEEE Trans. Inf. Theory 49 (2003)"),
    Measure("hellinger", "Hel(P, Q)", "Hellinger distance",
        "sqrt(sum (sqrt p - sqrt q)^2 / 2)", "1", 0.0, _DISTANCE,
        "Euclidean distance of the square roots.", "Hellinger, J. Reine Angew. Math. 136 (1909)"),
    Measure("tv", "TV(P, Q)", "Total variation distance",
        "sum |p - q| / 2", "1", 0.0, _DISTANCE,
        "The largest difference in probability that any event can have.",
        "Levin and Peres, Markov Chains and Mixing Times (2017), chapter 4"),
    Measure("chi2_pq", "chi2(P || Q)", "Pearson chi-squared divergence",
        "sum (p - q)^2 / q", "inf", 0.0, _DIVERGENCE | _NEEDS_Q,
        "Variance under Q of the likelihood ratio p/q.", _PEARSON, twin="chi2_qp"),
    Measure("chi2_qp", "chi2(Q || P)", "Neyman chi-squared divergence",
        "sum (p - q)^2 / p", "inf", 0.0, _DIVERGENCE | _NEEDS_P,
        "Variance under P of the likelihood ratio q/p.", _PEARSON, twin="chi2_pq"),
    Measure("bhattacharyya", "B(P, Q)", "Bhattacharyya distance",
        "-log sum sqrt(p q)", "inf", 1.0, _SYMMETRIC | _DISJOINT,
        "How little two distributions overlap, on a logarithmic scale.",
        "Bhattacharyya, Bull. Calcutta Math. Soc. 35 (1943)"),
    Measure("renyi:ALPHA", "R_ALPHA(P || Q)", "Renyi divergence of order ALPHA",
        "log(sum p^ALPHA q^(1-ALPHA)) / (ALPHA - 1)", "inf", 1.0, _MONOTONE | _DISJOINT,
        "D(P || Q) at 1; orders from 1 need q > 0 where p > 0; 0 sees supports only.",
        "Renyi, Proc. 4th Berkeley Symp. 1 (1961)"),
    Measure("tsallis:ALPHA", "T_ALPHA(P || Q)", "Tsallis divergence of order ALPHA",
        "(sum p^ALPHA q^(1-ALPHA) - 1) / (ALPHA - 1)", "inf", 0.0, _MONOTONE,
        "The Renyi divergence without its logarithm: finite at orders below 1.",
        "Tsallis, J. Stat. Phys. 52 (1988)"),
    Measure("entropy_p", "H(P)", "Shannon entropy of P",
        "-sum p log p", "log K", 1.0, frozenset(),
        "Expected surprise of P.", _SHANNON, twin="entropy_q"),
    Measure("entropy_q", "H(Q)", "Shannon entropy of Q",
        "-sum q log q", "log K", 1.0, frozenset(),
        "Expected surprise of Q.", _SHANNON, twin="entropy_p"),
    Measure("cross_entropy_pq", "H(P, Q)", "Cross-entropy of Q under P",
        "-sum p log q", "inf", 1.0, _NEEDS_Q,
        "Expected surprise of Q where P is true: H(P) + D(P || Q).",
        _GOOD, twin="cross_entropy_qp"),
    Measure("cross_entropy_qp", "H(Q, P)", "Cross-entropy of P under Q",
        "-sum q log p", "inf", 1.0, _NEEDS_P,
        "Expected surprise of P where Q is true: H(Q) + D(Q || P).",
        _GOOD, twin="cross_entropy_pq"),
)
# fmt: on

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every measure, in the order of reports."""

DEFAULT_MEASURES: tuple[str, ...] = tuple(m.name for m in _ALL if not m.takes_alpha)
"""Every measure that takes no parameter."""

USUAL_LIMITS: dict[str, float] = {
    "kl": 0.05,
    "psi": 0.1,
    "jeffreys": 0.1,
    "js": 0.0125,
    "js_distance": math.sqrt(0.0125),
    "hellinger": math.sqrt(0.0125),
    "tv": 0.1,
}
"""The largest values that are accepted where the user says nothing, of the measures that two
samples have an interval of. They amount to the same drift where P is near Q; that of the total
variation does for a shift of a normal distribution, about."""

LIMITED: tuple[str, ...] = tuple(name for name in USUAL_LIMITS if name != "jeffreys")
"""Measures that a check judges, by ``max_kl``, ``max_psi`` and so on."""


def find(name: str, others: Mapping[str, str] | None = None) -> Measure:
    """Find a measure by the name a user types.

    Parameters
    ----------
    name : str
        A key of `MEASURES`; ``kl`` for ``kl_pq``; ``renyi:0.5`` or ``tsallis:2`` with a
        finite order >= 0.
    others : mapping of str to str, optional
        What else may be meant, as a user calls it, and its name.

    Returns
    -------
    Measure
        With name, symbol, formula and traits for the order, where one is bound.

    Raises
    ------
    ValueError
        If there is no such measure, or the order is missing or not a number >= 0.
    """
    if not isinstance(name, str):
        raise TypeError(f"measure: expected a name, found {name!r}")
    if name == "kl":
        return MEASURES["kl_pq"]
    family, colon, text = name.partition(":")
    family_entry = MEASURES.get(f"{family}:ALPHA")
    if family_entry is None or text == "ALPHA":
        if name in MEASURES and not MEASURES[name].takes_alpha:
            return MEASURES[name]
        raise ValueError(_unknown(name, others or {}))
    if not colon:
        raise ValueError(f"measure {name!r} needs an order: {name}:0.5, for example")
    # Compiling the grammar is left to those who give an order.
    from kldiv_cli.core.numbers import is_number

    alpha = float(text) if is_number(text) and text == text.strip() else math.nan
    if not 0.0 <= alpha < math.inf:
        raise ValueError(f"measure {name!r}: expected a finite order >= 0, found {text!r}")
    return _bind(family_entry, name, abs(alpha))


def is_measure(name: str) -> bool:
    """Say whether a measure has a name."""
    try:
        find(name)
    except ValueError:
        return False
    return True


def _bind(family: Measure, name: str, alpha: float) -> Measure:
    """Return a measure of the family with its order, and the laws that hold for this order."""
    order = repr(alpha).removesuffix(".0")
    symbol, title, formula = (text.replace("ALPHA", order) for text in family[1:4])
    if alpha == 1.0:
        formula = MEASURES["kl_pq"].formula
    traits, upper = set(family.traits), family.upper
    if alpha >= 1.0:
        traits |= _NEEDS_Q
    if alpha > 0.0:
        # At order 0 only the support of p matters.
        traits.add("zero-iff-equal")
    if alpha == 0.5:
        traits.add("symmetric")
    if family.family == "tsallis" and alpha < 1.0:
        traits.add("bounded")
        upper = repr(1.0 / (1.0 - alpha))
    bound = family._replace(name=name, symbol=symbol, title=title, formula=formula, alpha=alpha)
    return bound._replace(upper=upper, traits=frozenset(traits))


def _unknown(name: str, others: Mapping[str, str]) -> str:
    """Return the error message for an unknown name, with the nearest known one."""
    from kldiv_cli.errors import closest

    known = ["kl", *MEASURES]
    close = closest(name.lower(), [*known, *others]) or closest(
        name.lower().partition(":")[0], ["renyi:ALPHA", "tsallis:ALPHA"], 0.45
    )
    meant = others.get(close, close) if close else None
    hint = f"did you mean {meant!r}?" if meant else f"expected one of {', '.join(known)}"
    return f"no measure {name!r}; {hint}"
