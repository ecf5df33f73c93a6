"""The reasons for verdicts: every code, and its words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.core.inference.p_values import digits, name_of_test
from kldiv_cli.core.inference.samples import MIN_ROWS
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.inference.evidence import Evidence, Past
    from kldiv_cli.core.inference.p_values import Adjusted

MOST_NAMED = 3
"""New outcomes that a reason names."""
WARN_ONLY = "warn-only"
"""The code, and the word, for what is judged and shown, and never drift."""
MOST_TIMES = 1000
"""More times the rows of the data are no realistic number of rows."""
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
    value, tau = _value(evidence), f"{evidence.threshold:.3g}"
    if math.isinf(evidence.threshold):
        text = f"{value} has no limit ({WARN_ONLY}){_moved(evidence, names)}"
        return Reason(WARN_ONLY, text)
    if evidence.exact:
        return Reason("below-threshold", f"{value} is within {tau}")
    limit = f", at most {evidence.high:.3g}{_kind(evidence)}," if evidence.high > 0 else ""
    return Reason("below-threshold", f"{value}{limit} is within {tau} at this binning")


def drifted(
    evidence: Evidence, names: Sequence[str] | None, adjusted: Adjusted | None = None
) -> Reason:
    """Return the reason for drift.

    Parameters
    ----------
    evidence : Evidence
        The evidence on the column.
    names : sequence of str, optional
        The outcomes that the samples were given.
    adjusted : Adjusted, optional
        The p-value of drift as it was corrected for many columns.
    """
    moved = _moved(evidence, names)
    if math.isinf(evidence.value):
        sides = ("the current data have", "the reference")
        if not evidence.unbounded()[2]:
            sides = ("the reference has", "the current data")
        text = f"{sides[0]} an outcome of probability 0 in {sides[1]}{moved}"
        return Reason("impossible-outcome", text)
    chance = _chance(evidence, adjusted)
    if evidence.disjoint:
        return Reason("no-common-outcome", f"no common outcome{chance}{moved}")
    if evidence.threshold == 0 and not evidence.exact:
        return Reason("different", f"the distributions differ{chance}{moved}")
    text = f"{_value(evidence)} is above {evidence.threshold:.3g}{chance}{moved}"
    return Reason("above-threshold", text + _without_interval(evidence))


def by_history(evidence: Evidence, past: Past, names: Sequence[str] | None) -> Reason:
    """Return the reason for drift or a pass by past windows; a limit may allow what is outside."""
    value, usual = _value(evidence), f"{past.limit:.3g}"
    if evidence.value <= past.limit:
        text = f"{value} is within the history of {past.windows} windows (at most {usual})"
        return Reason("within-history", text)
    text = f"{value} is outside the history of {past.windows} windows (at most {usual})"
    if evidence.value <= evidence.threshold:
        return Reason("below-threshold", f"{text}, and within {evidence.threshold:.3g}")
    return Reason("outside-history", text + _moved(evidence, names))


def other_window(past: Past, rows: float) -> Reason:
    """Return the reason that the rows are too many, or too few, for a limit from past windows."""
    least, most = past.rows
    windows = f"of {least:,} to {most:,} rows" if least < most else f"of {most:,} rows"
    text = f"{rows:,.0f} rows cannot be compared with a history of windows {windows}"
    return Reason("window-size", f"{text}: rows differ by a factor of 2 at most")


def few_in_segment(rows: int) -> Reason:
    """Return the reason that a segment has too few rows on a side to be decided."""
    text = f"{rows:,} rows on a side, and {MIN_ROWS} are needed: it is not tested"
    return Reason("too-few-rows", text)


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
    value, needed = _value(evidence), _wanted(evidence, rows)
    if evidence.p_drift is not None and evidence.p_drift <= alpha:
        chance = f"p {_p_drift(evidence)}"
        text = f"drift if it were the only column ({chance}), but not among so many; {needed}"
        return Reason("not-after-correction", text)
    if evidence.threshold == 0:
        return Reason("zero-threshold", "no difference is seen, and none can be excluded")
    if math.isinf(evidence.high) and evidence.reliable:
        share, place, are_new = evidence.unbounded()
        has, lacks = ("current", "reference") if are_new else ("reference", "current side")
        text = (
            f"{value} has no upper limit: {percent(share)} of the {has} rows have outcomes that"
            f" the {lacks} never had, such as {_name(place, names)}"
        )
        return Reason("new-outcomes", text)
    if evidence.doubt is not None:
        return evidence.doubt
    if not evidence.reliable:
        smaller = int(evidence.samples.rows)
        text = f"{smaller:,} rows, {evidence.samples.outcomes} outcomes; {needed}"
        return Reason("too-few-rows", text)
    between = f"between {evidence.low:.2g} and {evidence.high:.2g}{_kind(evidence)}"
    text = f"{value}, {between}, is too close to {evidence.threshold:.3g}; {needed}"
    return Reason("too-close", text)


def too_small(
    evidence: Evidence, alpha: float, rows: int | None = None, *, of_totals: bool = False
) -> Reason:
    """Return the reason that the rows are too few for any data to be called drift.

    Parameters
    ----------
    evidence, alpha, rows
        See `undecided`.
    of_totals : bool
        Whether that holds of the totals of these outcomes alone, which leave a chance to ask
        for more rows.
    """
    sizes = [f"{side:,.0f}" for side in evidence.samples[2:4] if math.isfinite(side)]
    what = f"table of {' and '.join(sizes)}" if len(sizes) > 1 else f"sample of {sizes[0]}"
    totals = " with these totals of outcomes" if of_totals else ""
    text = f"no {what} rows{totals} could be called drift at {alpha:g}"
    return Reason("too-few-rows", f"{text}; {_wanted(evidence, rows)}" if of_totals else text)


def dependent_rows(rows: float, worth: float) -> Reason:
    """Return the reason that rows of a side which depend on each other are worth too few."""
    text = f"dependent rows: {rows:,.0f} rows are worth {worth:,.0f}, too few for a verdict"
    return Reason("dependent-rows", text)


def few_groups(rows: float, groups: int, least: int) -> Reason:
    """Return the reason that the rows of a side are in too few groups."""
    text = f"dependent rows: {rows:,.0f} rows are {groups:,} groups, fewer than {least}"
    return Reason("dependent-rows", text)


def few_effective_rows(rows: float, worth: float, outcomes: int) -> Reason:
    """Return the reason that the rows of a side, which weigh, are worth too few for a verdict."""
    text = f"weighted: {rows:,.0f} rows are worth {worth:,.0f}, too few for {outcomes:,} outcomes"
    return Reason("few-effective-rows", text)


def uneven_weights(rows: float, worth: float) -> Reason:
    """Return the reason that rows of a side weigh so unevenly that nothing passes."""
    text = f"weighted: {rows:,.0f} rows are worth {worth:,.0f}, too few of them for a pass"
    return Reason("uneven-weights", text)


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


def _value(evidence: Evidence) -> str:
    return f"{evidence.row.title} {max(evidence.value, 0.0):.3g}"


def _kind(evidence: Evidence) -> str:
    """Return what is said of limits that are wider than they need be."""
    return " (conservative)" if evidence.row.conservative else ""


def _chance(evidence: Evidence, adjusted: Adjusted | None) -> str:
    """Return the clause on the p-value of drift, and on its test."""
    if evidence.p_drift is None:
        return ""
    shown = _p_drift(evidence)
    if adjusted and adjusted.columns > 1:
        among = digits(adjusted.value, floor=adjusted.is_floor)
        of = f"{adjusted.columns} {adjusted.are}"
        shown += f", {among} among {of}" if among != shown else ""
    tested = evidence.difference
    if tested and evidence.p_drift == tested.value:
        test = evidence.law or name_of_test(tested.test, tested.draws, tested.exceedances)
    elif evidence.law or evidence.samples.rows >= MIN_ROWS:
        test = evidence.law or evidence.row.law
    else:
        test = "Clopper-Pearson bound"
    return f" (p {shown}; {test})"


def _p_drift(evidence: Evidence) -> str:
    """Return the p-value of drift in the digits that are certain."""
    tested = evidence.difference
    assert evidence.p_drift is not None
    of_test = tested is not None and evidence.p_drift == tested.value
    return digits(evidence.p_drift, tested.exceedances if tested and of_test else None)


def _without_interval(evidence: Evidence) -> str:
    """Return the clause on what the claim rests on where the interval cannot be trusted."""
    if evidence.reliable:
        return ""
    if evidence.doubt is not None:
        return f"; the interval is not reliable: {evidence.doubt.text}"
    if evidence.samples.rows < MIN_ROWS:
        return "; the interval is not reliable, but the test holds for so few rows, too"
    hidden = f"rare outcomes hide a part of {evidence.row.title}, which only adds to it"
    return f"; the interval is not reliable: {hidden}"


def _wanted(evidence: Evidence, rows: int | None) -> str:
    """Return how many rows in each file would decide."""
    return wanted(rows, evidence.samples.rows, "{:,} rows in each file would decide")


def wanted(rows: int | None, present: float, words: str) -> str:
    """Return how many rows would decide, if so many can be had.

    Parameters
    ----------
    rows : int or None
        Their number; None if no number decides.
    present : float
        Rows of the data.
    words : str
        What is said of a number of rows, which stands in its place.
    """
    if rows is None:
        return "no number of rows decides"
    if rows > MOST_TIMES * present:
        return "no realistic number of rows would decide"
    return words.format(rows)


def _moved(evidence: Evidence, names: Sequence[str] | None) -> str:
    """Return the clause on the outcome that moved most."""
    if evidence.move is None:
        return ""
    name = _name(evidence.move.place, names)
    reference, current = percent(evidence.move.reference), percent(evidence.move.current)
    return f"; {name} went from {reference} to {current}"


def _name(place: int, names: Sequence[str] | None) -> str:
    return names[place][:LONGEST_NAME] if names else f"outcome {place}"
