"""The reasons for verdicts: every code, and its words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.inference.evidence import Evidence

MOST_NAMED = 3
"""New outcomes that a reason names."""
WARN_ONLY = "warn-only"
"""The code, and the word, for what is judged and shown, and never drift."""
LONGEST_NAME = 60
"""Characters of the name of an outcome."""


class Reason(NamedTuple):
    """The reason for a verdict.

    Attributes
    ----------
    code : str
        Stable, for programs.
    text : str
        In words.
    shares : tuple of str
        Codes of the shares above their limits that the text words, too.
    """

    code: str
    text: str
    shares: tuple[str, ...] = ()


def passed(evidence: Evidence, names: Sequence[str] | None) -> Reason:
    """Return the reason for a pass."""
    kl, tau = _kl(evidence), f"{evidence.threshold:.3g}"
    if math.isinf(evidence.threshold):
        text = f"KL {kl} has no limit ({WARN_ONLY}){_moved(evidence, names)}"
        return Reason(WARN_ONLY, text)
    if evidence.exact:
        return Reason("below-threshold", f"KL {kl} is within {tau}")
    limit = f", at most {evidence.high:.3g}," if evidence.high > 0 else ""
    return Reason("below-threshold", f"KL {kl}{limit} is within {tau} at this binning")


def drifted(evidence: Evidence, names: Sequence[str] | None) -> Reason:
    """Return the reason for drift."""
    moved = _moved(evidence, names)
    if math.isinf(evidence.kl):
        text = f"the current data have an outcome of probability 0 in the reference{moved}"
        return Reason("impossible-outcome", text)
    if evidence.disjoint:
        return Reason("no-common-outcome", f"no common outcome{moved}")
    chance = "" if evidence.p_drift is None else f" (p {p_value(evidence.p_drift)})"
    if evidence.threshold == 0 and not evidence.exact:
        return Reason("different", f"the distributions differ{chance}{moved}")
    text = f"KL {_kl(evidence)} is above {evidence.threshold:.3g}{chance}{moved}"
    return Reason("above-threshold", text)


def all_missing(side: str, other: str, share: float) -> Reason:
    """Return the reason that one side has no value at all; the other lacks a share of its own."""
    text = f"every value of the {side} is missing, and {percent(share)} of the {other}"
    return Reason("all-missing", text, ("missing-shift",))


def constant_changed(reference: str, current: str) -> Reason:
    """Return the reason that the only value of the reference is another one today."""
    old, new = (f"'{value[:LONGEST_NAME]}'" for value in (reference, current))
    return Reason("constant-changed", f"the constant changed: it was {old}, and is {new}")


def labels_respelled(pairs: Sequence[tuple[str, str]]) -> Reason:
    """Return the reason that outcomes drift whose labels of both sides differ in spelling alone.

    Parameters
    ----------
    pairs : sequence of pairs of str
        The label of the reference, and that of the current side, of each.
    """
    shown = (
        f"'{old[:LONGEST_NAME]}' is '{new[:LONGEST_NAME]}'" for old, new in pairs[:MOST_NAMED]
    )
    more = f" and {len(pairs) - MOST_NAMED} more" if len(pairs) > MOST_NAMED else ""
    return Reason("labels-respelled", f"labels are spelt in another way: {', '.join(shown)}{more}")


def zone_changed(side: str) -> Reason:
    """Return the reason that instants of one side alone have a zone, and so none is common."""
    text = f"no common outcome: only the instants of the {side} have a time zone"
    return Reason("no-common-outcome", f"{text}, and are never equal to any without")


def keys() -> Reason:
    """Return the reason that values which are nearly all distinct are other ones today."""
    text = "no common outcome: a date or key? --exclude NAME leaves it out"
    return Reason("no-common-outcome", text)


def undecided(
    evidence: Evidence, alpha: float, names: Sequence[str] | None, rows: int | None
) -> Reason:
    """Return the reason why neither drift nor a pass is claimed.

    Parameters
    ----------
    evidence : Evidence
        The evidence on the column.
    alpha : float
        Level of the tests.
    names : sequence of str, optional
        The outcomes that the samples were given.
    rows : int, optional
        Rows in each file that would decide; None if no number does.
    """
    kl = _kl(evidence)
    wanted = f"{rows:,} rows in each file would decide" if rows else "no number of rows decides"
    if evidence.p_drift is not None and evidence.p_drift <= alpha:
        chance = f"p {p_value(evidence.p_drift)}"
        text = f"drift if it were the only column ({chance}), but not among so many; {wanted}"
        return Reason("not-after-correction", text)
    if evidence.threshold == 0:
        return Reason("zero-threshold", "no difference is seen, and none can be excluded")
    if math.isinf(evidence.high) and evidence.reliable:
        share, place = evidence.unbounded()
        text = (
            f"KL {kl} has no upper limit: {percent(share)} of the current rows have outcomes that"
            f" the reference never had, such as {_name(place, names)}"
        )
        return Reason("new-outcomes", text)
    if not evidence.reliable:
        smaller = int(evidence.samples.rows)
        text = f"{smaller:,} rows, {evidence.samples.outcomes} outcomes; {wanted}"
        return Reason("too-few-rows", text)
    between = f"between {evidence.low:.2g} and {evidence.high:.2g}"
    text = f"KL {kl}, {between}, is too close to {evidence.threshold:.3g}; {wanted}"
    return Reason("too-close", text)


def missing_shift(reference: float, current: float, limit: float | None) -> Reason:
    """Return the reason that the share of missing values changed by more than a limit."""
    text = f"missing values went from {percent(reference)} to {percent(current)}"
    return Reason("missing-shift", text + _accepted(limit), ("missing-shift",))


def new_share(share: float, outcomes: Sequence[str], limit: float | None) -> Reason:
    """Return the reason that a share of the current rows above a limit has new outcomes."""
    names = ", ".join(outcomes[:MOST_NAMED])
    text = f"{percent(share)} of the current rows have new outcomes: {names}"
    return Reason("new-share", text + _accepted(limit), ("new-share",))


def together(first: Reason, *others: Reason) -> Reason:
    """Return several reasons as one, which has the code of the first."""
    every = (first, *others)
    return Reason(
        first.code,
        "; ".join(reason.text for reason in every),
        tuple(code for reason in every for code in reason.shares),
    )


def percent(share: float) -> str:
    """Return a share in percent, to three digits."""
    return f"{100 * share:.3g} %"


def _accepted(limit: float | None) -> str:
    return "" if limit is None else f" (at most {percent(limit)} is accepted)"


def _kl(evidence: Evidence) -> str:
    return f"{max(evidence.kl, 0.0):.3g}"


def p_value(p: float) -> str:
    """Return a p-value in two digits, or what it is below."""
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def _moved(evidence: Evidence, names: Sequence[str] | None) -> str:
    """Return the clause on the outcome that moved most."""
    if evidence.move is None:
        return ""
    name = _name(evidence.move.place, names)
    reference, current = percent(evidence.move.reference), percent(evidence.move.current)
    return f"; {name} went from {reference} to {current}"


def _name(place: int, names: Sequence[str] | None) -> str:
    return names[place][:LONGEST_NAME] if names else f"outcome {place}"
