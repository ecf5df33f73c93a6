"""The registry of measures: every measure by name, with its traits.

The traits are the documentation (``kldiv measures`` prints them) and the table from which
the property tests are derived.  NumPy is not imported here: help needs the names only.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

Base = Literal["e", "2", "10"]
"""Base of the logarithm: nats, bits or hartleys."""
Reduction = Literal["none", "mean", "sum", "batchmean"]
"""How the values of a batch become one, as in PyTorch's ``F.kl_div``."""
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


_DIVERGENCE: frozenset[Trait] = frozenset({"monotone", "zero-iff-equal"})
_SYMMETRIC: frozenset[Trait] = _DIVERGENCE | {"symmetric"}
_DISTANCE: frozenset[Trait] = _SYMMETRIC | {"metric", "bounded"}
_NEEDS_Q: frozenset[Trait] = frozenset({"absolute-continuity", "disjoint-infinite"})
_NEEDS_P: frozenset[Trait] = frozenset({"absolute-continuity-reversed", "disjoint-infinite"})
_KULLBACK = "Kullback and Leibler, Ann. Math. Stat. 22 (1951)"
_LIN = "Lin, IEEE Trans. Inf. Theory 37 (1991)"
_SHANNON = "Shannon, Bell Syst. Tech. J. 27 (1948)"
_PEARSON = "Pearson, Philos. Mag. 50 (1900)"

_ALL = (
    Measure(
        name="kl_pq",
        symbol="D(P || Q)",
        title="Kullback-Leibler divergence",
        formula="sum p log(p/q)",
        upper="inf",
        degree=1.0,
        traits=_DIVERGENCE | _NEEDS_Q,
        description="Expected excess surprise of Q where P is true.",
        source=_KULLBACK,
        twin="kl_qp",
    ),
    Measure(
        name="kl_qp",
        symbol="D(Q || P)",
        title="Kullback-Leibler divergence, reversed",
        formula="sum q log(q/p)",
        upper="inf",
        degree=1.0,
        traits=_DIVERGENCE | _NEEDS_P,
        description="Expected excess surprise of P where Q is true.",
        source=_KULLBACK,
        twin="kl_pq",
    ),
    Measure(
        name="jeffreys",
        symbol="J(P, Q)",
        title="Jeffreys divergence",
        formula="sum (p - q) log(p/q)",
        upper="inf",
        degree=1.0,
        traits=_SYMMETRIC | _NEEDS_Q | _NEEDS_P,
        description="Both Kullback-Leibler divergences added.",
        source="Jeffreys, Proc. R. Soc. A 186 (1946)",
    ),
    Measure(
        name="psi",
        symbol="PSI(P, Q)",
        title="Population stability index",
        formula="sum (p - q) log(p/q)",
        upper="inf",
        degree=1.0,
        traits=_SYMMETRIC | _NEEDS_Q | _NEEDS_P,
        description="The Jeffreys divergence under its name in credit scoring; not smoothed.",
        source="Siddiqi, Credit Risk Scorecards (2006)",
    ),
    Measure(
        name="js",
        symbol="JS(P, Q)",
        title="Jensen-Shannon divergence",
        formula="(D(P || M) + D(Q || M)) / 2,  M = (P + Q) / 2",
        upper="log 2",
        degree=1.0,
        traits=_SYMMETRIC | {"bounded"},
        description="What one draw tells, on average, about which of the two it came from.",
        source=_LIN,
    ),
    Measure(
        name="js_distance",
        symbol="sqrt JS(P, Q)",
        title="Jensen-Shannon distance",
        formula="sqrt(js)",
        upper="sqrt(log 2)",
        degree=0.5,
        traits=_DISTANCE,
        description="Square root of the Jensen-Shannon divergence: a metric.",
        source="Endres and Schindelin, IEEE Trans. Inf. Theory 49 (2003)",
    ),
    Measure(
        name="hellinger",
        symbol="Hel(P, Q)",
        title="Hellinger distance",
        formula="sqrt(sum (sqrt p - sqrt q)^2 / 2)",
        upper="1",
        degree=0.0,
        traits=_DISTANCE,
        description="Euclidean distance of the square roots.",
        source="Hellinger, J. Reine Angew. Math. 136 (1909)",
    ),
    Measure(
        name="tv",
        symbol="TV(P, Q)",
        title="Total variation distance",
        formula="sum |p - q| / 2",
        upper="1",
        degree=0.0,
        traits=_DISTANCE,
        description="The largest difference in probability that any event can have.",
        source="Levin and Peres, Markov Chains and Mixing Times (2017), chapter 4",
    ),
    Measure(
        name="chi2_pq",
        symbol="chi2(P || Q)",
        title="Pearson chi-squared divergence",
        formula="sum (p - q)^2 / q",
        upper="inf",
        degree=0.0,
        traits=_DIVERGENCE | _NEEDS_Q,
        description="Variance under Q of the likelihood ratio p/q.",
        source=_PEARSON,
        twin="chi2_qp",
    ),
    Measure(
        name="chi2_qp",
        symbol="chi2(Q || P)",
        title="Neyman chi-squared divergence",
        formula="sum (p - q)^2 / p",
        upper="inf",
        degree=0.0,
        traits=_DIVERGENCE | _NEEDS_P,
        description="Variance under P of the likelihood ratio q/p.",
        source=_PEARSON,
        twin="chi2_pq",
    ),
    Measure(
        name="bhattacharyya",
        symbol="B(P, Q)",
        title="Bhattacharyya distance",
        formula="-log sum sqrt(p q)",
        upper="inf",
        degree=1.0,
        traits=_SYMMETRIC | {"disjoint-infinite"},
        description="How little two distributions overlap, on a logarithmic scale.",
        source="Bhattacharyya, Bull. Calcutta Math. Soc. 35 (1943)",
    ),
    Measure(
        name="renyi:ALPHA",
        symbol="R_ALPHA(P || Q)",
        title="Renyi divergence of order ALPHA",
        formula="log(sum p^ALPHA q^(1-ALPHA)) / (ALPHA - 1)",
        upper="inf",
        degree=1.0,
        traits=frozenset({"monotone", "disjoint-infinite"}),
        description="D(P || Q) at 1; orders from 1 need q > 0 where p > 0; 0 sees supports only.",
        source="Renyi, Proc. 4th Berkeley Symp. 1 (1961)",
    ),
    Measure(
        name="tsallis:ALPHA",
        symbol="T_ALPHA(P || Q)",
        title="Tsallis divergence of order ALPHA",
        formula="(sum p^ALPHA q^(1-ALPHA) - 1) / (ALPHA - 1)",
        upper="inf",
        degree=0.0,
        traits=frozenset({"monotone"}),
        description="The Renyi divergence without its logarithm: finite at orders below 1.",
        source="Tsallis, J. Stat. Phys. 52 (1988)",
    ),
    Measure(
        name="entropy_p",
        symbol="H(P)",
        title="Shannon entropy of P",
        formula="-sum p log p",
        upper="log K",
        degree=1.0,
        traits=frozenset(),
        description="Expected surprise of P.",
        source=_SHANNON,
        twin="entropy_q",
    ),
    Measure(
        name="entropy_q",
        symbol="H(Q)",
        title="Shannon entropy of Q",
        formula="-sum q log q",
        upper="log K",
        degree=1.0,
        traits=frozenset(),
        description="Expected surprise of Q.",
        source=_SHANNON,
        twin="entropy_p",
    ),
    Measure(
        name="cross_entropy_pq",
        symbol="H(P, Q)",
        title="Cross-entropy of Q under P",
        formula="-sum p log q",
        upper="inf",
        degree=1.0,
        traits=_NEEDS_Q,
        description="Expected surprise of Q where P is true: H(P) + D(P || Q).",
        source="Good, J. R. Stat. Soc. B 18 (1956)",
        twin="cross_entropy_qp",
    ),
    Measure(
        name="cross_entropy_qp",
        symbol="H(Q, P)",
        title="Cross-entropy of P under Q",
        formula="-sum q log p",
        upper="inf",
        degree=1.0,
        traits=_NEEDS_P,
        description="Expected surprise of P where Q is true: H(Q) + D(Q || P).",
        source="Good, J. R. Stat. Soc. B 18 (1956)",
        twin="cross_entropy_pq",
    ),
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every measure, in the order of reports."""

DEFAULT_MEASURES: tuple[str, ...] = tuple(m.name for m in _ALL if not m.takes_alpha)
"""Every measure that takes no parameter."""


def find(name: str) -> Measure:
    """Find a measure by the name a user types.

    Parameters
    ----------
    name : str
        A key of `MEASURES`; ``kl`` for ``kl_pq``; ``renyi:0.5`` or ``tsallis:2`` with a
        finite order >= 0.

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
        raise ValueError(_unknown(name))
    if not colon:
        raise ValueError(f"measure {name!r} needs an order: {name}:0.5, for example")
    # Compiling the grammar is left to those who give an order.
    from kldiv_cli.core.numbers import is_number

    alpha = float(text) if is_number(text) and text == text.strip() else math.nan
    if not 0.0 <= alpha < math.inf:
        raise ValueError(f"measure {name!r}: expected a finite order >= 0, found {text!r}")
    return _bind(family_entry, name, abs(alpha))


def _bind(family: Measure, name: str, alpha: float) -> Measure:
    """Return a measure of the family with its order, and the laws that hold for this order."""
    order = repr(alpha).removesuffix(".0")
    traits = set(family.traits)
    if alpha >= 1.0:
        traits |= _NEEDS_Q
    if alpha > 0.0:
        # At order 0 only the support of p matters.
        traits.add("zero-iff-equal")
    if alpha == 0.5:
        traits.add("symmetric")
    bounded = family.family == "tsallis" and alpha < 1.0
    if bounded:
        traits.add("bounded")
    return family._replace(
        name=name,
        symbol=family.symbol.replace("ALPHA", order),
        title=family.title.replace("ALPHA", order),
        formula=MEASURES["kl_pq"].formula
        if alpha == 1.0
        else family.formula.replace("ALPHA", order),
        description=family.description.replace("ALPHA", "order"),
        upper=repr(1.0 / (1.0 - alpha)) if bounded else family.upper,
        traits=frozenset(traits),
        alpha=alpha,
    )


def _unknown(name: str) -> str:
    """Return the error message for an unknown name, with the nearest known one."""
    from difflib import get_close_matches

    known = ["kl", *MEASURES]
    close = get_close_matches(name.lower(), known, n=1) or get_close_matches(
        name.lower().partition(":")[0], ["renyi:ALPHA", "tsallis:ALPHA"], n=1, cutoff=0.45
    )
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
    return f"no measure {name!r}; {hint}"
