"""Judging columns: from pairs of P and Q and the limits to findings with their verdicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli.core.divergences import contributions, divergences
from kldiv_cli.core.findings import USUAL_LIMIT, Finding, Findings, is_warned
from kldiv_cli.core.inference import reasons
from kldiv_cli.core.inference.evidence import largest_move, weigh, weigh_exact
from kldiv_cli.core.inference.reasons import (
    WARN_ONLY,
    Reason,
    missing_shift,
    new_share,
    together,
)
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.verdict import judge
from kldiv_cli.core.instants import has_zone
from kldiv_cli.core.labels import respelled
from kldiv_cli.core.measures import DEFAULT_MEASURES
from kldiv_cli.core.report import clamped, largest_contributions
from kldiv_cli.core.shares import shares_of
from kldiv_cli.errors import Note, abridged, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.divergences import Contributions
    from kldiv_cli.core.inference.evidence import Evidence
    from kldiv_cli.core.inference.verdict import Judgement
    from kldiv_cli.core.pair import Pair, Unpaired

MISSING_SHIFT = 0.01
NEW_SHARE = 0.001
"""Shares above which a warning is given, where no limit is."""
MOST_NAMED = 3
"""Columns that one warning names."""


class Limits(NamedTuple):
    """The largest divergences and shares that are accepted without calling them drift.

    Attributes
    ----------
    max_kl : float
        The largest divergence, in nats; `max_kl_of` replaces it for single columns. Infinity
        limits no divergence: it is estimated and shown, and never drift.
    max_kl_of : mapping of str to float
        The largest divergence of a column, by its name. A column whose own limit is infinite is
        never drift, whatever is limited of the others.
    alpha : float
        Level of the tests.
    adjust : {"bh", "none"}
        Correction for the number of columns.
    max_new, max_missing_shift : float or None
        The largest share of rows with a new outcome, and the largest change of the share of
        missing values; None does not limit them.
    """

    max_kl: float = USUAL_LIMIT
    max_kl_of: Mapping[str, float] = {}
    alpha: float = 0.05
    adjust: Literal["bh", "none"] = "bh"
    max_new: float | None = None
    max_missing_shift: float | None = None

    def of(self, column: str) -> float:
        """Return the largest divergence that is accepted of a column."""
        return self.max_kl_of.get(column, self.max_kl)

    def has_none(self, column: str) -> bool:
        """Return whether no divergence of a column is drift."""
        return math.isinf(self.of(column))

    def only_warns(self, column: str) -> bool:
        """Return whether nothing about a column is drift: its own limit is infinite."""
        return math.isinf(self.max_kl_of.get(column, 0.0))


def judged(
    pairs: Sequence[Pair],
    limits: Limits,
    *,
    top: int = 10,
    told: Callable[[int], object] = lambda done: None,
) -> Findings:
    """Return the findings on columns that are judged together.

    Parameters
    ----------
    pairs : sequence of Pair
        P is current, Q the reference; both have a positive total.
    limits : Limits
        The divergences and shares that are accepted.
    top : int
        How many outcomes to list of each column.
    told : callable
        Is told how many columns are weighed, after each of them: this is what takes long.
    """
    # A column that cannot be drift takes no part in the correction for many columns.
    columns = sum(not all(pair.known) and not limits.has_none(pair.column or "") for pair in pairs)
    shares = [contributions(pair.p, pair.q) for pair in pairs]
    measures = [
        divergences(*pair.in_order_of_weights(), measures=DEFAULT_MEASURES) for pair in pairs
    ]
    evidence = []
    for pair, parts, values in zip(pairs, shares, measures, strict=True):
        weighed = _evidence(pair, parts, float(values["kl_pq"]), limits, columns)
        move = largest_move(parts.p, parts.q, parts.part, weighed.samples.m)
        evidence.append(weighed._replace(move=move))
        told(len(evidence))
    labels = [pair.names for pair in pairs]
    judgements = judge(evidence, alpha=limits.alpha, adjust=limits.adjust, labels=labels)
    return Findings(
        _limited(_finding(*column, top), limits)
        for column in zip(pairs, shares, measures, evidence, judgements, strict=True)
    )


def _evidence(
    pair: Pair, parts: Contributions, exact: float, limits: Limits, columns: int
) -> Evidence:
    """Return what the counts of a pair say about D(P || Q); of known distributions its value."""
    known_p, known_q = pair.known
    x = parts.p if known_p else pair.p.astype(np.float64)
    y = parts.q if known_q else pair.q.astype(np.float64)
    counts = samples(x, y, known=pair.known)
    max_kl = limits.of(pair.column or "")
    if known_p and known_q:
        return weigh_exact(exact, counts, max_kl=max_kl)
    if math.isinf(max_kl):
        # Any limit would do: what depends on it is left out.
        weighed = weigh(counts, max_kl=USUAL_LIMIT, alpha=limits.alpha, columns=max(columns, 1))
        return weighed._replace(threshold=max_kl, p_drift=None, p_pass=None)
    return weigh(counts, max_kl=max_kl, alpha=limits.alpha, columns=columns)


def _finding(
    pair: Pair,
    parts: Contributions,
    measures: Mapping[str, Any],
    evidence: Evidence,
    judgement: Judgement,
    top: int,
) -> Finding:
    """Put together the finding on one column, before its shares are compared with their limits."""
    has_p, has_q = pair.support()
    fresh = has_p & ~has_q
    reason = judgement.reason
    if judgement.verdict == "drift":
        reason = _special_reason(pair, parts, float(measures["kl_pq"]), evidence) or reason
    if pair.of_data is not None:
        fresh &= pair.of_data
    new = sorted(np.flatnonzero(fresh).tolist(), key=lambda i: -parts.p[i])
    missing_p, missing_q = (
        _missing_share(pair, shares, side) for side, shares in enumerate((parts.p, parts.q))
    )
    tested = evidence.difference
    return Finding(
        column=pair.column,
        type=pair.type,
        verdict=judgement.verdict,
        reason=reason,
        threshold=evidence.threshold,
        kl=clamped(evidence.value, evidence.low, evidence.high),
        kl_unclamped=evidence.value,
        low=evidence.low,
        high=evidence.high,
        p_value=evidence.p_value,
        p_value_test=tested.test if tested else None,
        p_value_draws=tested.draws if tested else None,
        p_value_exceedances=tested.exceedances if tested else None,
        p_drift=evidence.p_drift,
        p_drift_adjusted=judgement.p_drift_adjusted,
        p_pass=evidence.p_pass,
        reliable=evidence.reliable,
        n_reference=evidence.samples.m if pair.known[1] else pair.rows[1],
        n_current=evidence.samples.n if pair.known[0] else pair.rows[0],
        missing_reference=missing_q,
        missing_current=missing_p,
        new_outcomes=tuple(pair.names[i] for i in new),
        new_share=math.fsum(parts.p[fresh]),
        outcomes=evidence.samples.outcomes,
        rows_needed=judgement.rows_needed,
        contributions=largest_contributions(parts, pair.names, top),
        measures={name: float(value) for name, value in measures.items()},
        quantiles=pair.quantiles or None,
        shares=shares_of(pair, parts),
    )


def _missing_share(pair: Pair, shares: NDArray[np.float64], side: int) -> float:
    """Return the share of missing values on one side: of its rows, or else of its mass."""
    if pair.rows[side]:
        return pair.missing[side] / pair.rows[side]
    if not pair.known[side] or pair.of_data is None:
        return 0.0
    return math.fsum(shares[~pair.of_data])


def _special_reason(
    pair: Pair, parts: Contributions, kl: float, evidence: Evidence
) -> Reason | None:
    """Return the reason for drift that a person would name before any number; None if none is."""
    current, reference = (
        _missing_share(pair, shares, side) for side, shares in enumerate((parts.p, parts.q))
    )
    if (current == 1) != (reference == 1):
        if current == 1:
            return reasons.all_missing("current side", "reference", reference)
        return reasons.all_missing("reference", "current side", current)
    if pair.type != "numeric" and pair.labels is not None:
        if spellings := _respelled(pair, parts, kl, evidence.threshold):
            return reasons.labels_respelled(spellings)
        if side := _side_with_zones(pair):
            return reasons.zone_changed(side)
    new, old = pair.constants
    if new is not None and old is not None and new != old:
        return reasons.constant_changed(old, new)
    return reasons.keys() if pair.are_keys else None


def _respelled(
    pair: Pair, parts: Contributions, kl: float, threshold: float
) -> list[tuple[str, str]]:
    """Return the labels of the reference and of today that are what drifts, and spelling alone.

    Were their outcomes the same, the divergence would be within the threshold, or at most half
    of what it is.
    """
    gone = np.flatnonzero((parts.q > 0) & (parts.p == 0)).tolist()
    new = np.flatnonzero((parts.p > 0) & (parts.q == 0)).tolist()
    names = pair.names
    pairs = respelled([names[i] for i in gone], [names[i] for i in new])
    if not pairs:
        return []
    place = {name: i for i, name in enumerate(names)}
    p = parts.p.copy()
    for old, today in pairs:
        p[place[old]], p[place[today]] = p[place[today]], 0.0
    as_one = float(divergences(p, parts.q, measures=("kl_pq",))["kl_pq"])
    return pairs if as_one <= max(threshold, kl / 2) and as_one < kl else []


def _side_with_zones(pair: Pair) -> str:
    """Return the side whose instants all have a zone where those of the other have none, or ""."""
    if pair.type != "date":
        return ""
    zones = np.array([has_zone(name) for name in pair.names])
    valued = pair.of_data if pair.of_data is not None else np.ones(len(zones), dtype=np.bool_)
    in_p, in_q = ((side > 0) & valued for side in (pair.p, pair.q))
    for side, own, other in (("current side", in_p, in_q), ("reference", in_q, in_p)):
        if own.any() and other.any() and zones[own].all() and not zones[other].any():
            return side
    return ""


def unpaired(column: Unpaired, limits: Limits) -> Finding:
    """Return the finding on a column that cannot be compared, which is drift unless it only warns.

    Parameters
    ----------
    column : Unpaired
        A column of the reference, and the reason.
    limits : Limits
        Gives the threshold that the finding shows.
    """
    warns = limits.only_warns(column.column)
    return Finding(
        column=column.column,
        type="error",
        verdict="pass" if warns else "drift",
        reason=Reason(column.code, f"{column.text} ({WARN_ONLY})" if warns else column.text),
        threshold=limits.of(column.column),
        n_reference=column.rows[0],
        n_current=column.rows[1],
    )


def _limited(finding: Finding, limits: Limits) -> Finding:
    """Return the finding as drift where a share is above its own limit."""
    broken = [
        reason
        for reason, share, limit in _shares(finding, limits)
        if limit is not None and not (share <= limit)
    ]
    if limits.only_warns(finding.column or ""):
        return finding._replace(reason=together(finding.reason, *broken))
    if not broken:
        return finding
    if finding.verdict == "drift":
        return finding._replace(reason=together(finding.reason, *broken))
    return finding._replace(verdict="drift", reason=together(*broken), rows_needed=None)


def _shares(finding: Finding, limits: Limits) -> Iterator[tuple[Reason, float, float | None]]:
    """Yield reason, share and limit, for missing values and for new outcomes."""
    before, after = finding.missing_reference, finding.missing_current
    assert not isinstance(before, str)
    assert not isinstance(after, str)
    assert not isinstance(finding.new_share, str)
    limit = limits.max_missing_shift
    yield missing_shift(before, after, limit), abs(after - before), limit
    reason = new_share(finding.new_share, finding.new_outcomes, limits.max_new)
    yield reason, finding.new_share, limits.max_new


def warnings(findings: Findings, limits: Limits, source: str) -> Iterator[Note]:
    """Yield a note on each share that changed, of all columns, where no limit is set on it."""
    unlimited = [finding for finding in findings if is_warned(finding)]
    if unlimited:
        names = abridged(f"'{finding.column}'" for finding in unlimited)
        message = f"KL is above {USUAL_LIMIT:g}, and no limit makes it drift: {names}"
        limit = option("--max-kl", f"{unlimited[0].column}={USUAL_LIMIT:g}")
        advice = f"{limit} would make it drift"
        yield Note(WARN_ONLY, message, source, advice=advice)
    computed = [finding for finding in findings if finding.new_share != "error"]
    shares = [_shares(finding, limits) for finding in computed]
    tolerated = (MISSING_SHIFT, "--max-missing-shift"), (NEW_SHARE, "--max-new")
    # The shares by column are turned into columns by share; without a column there are none.
    for (most, flag), by_column in zip(tolerated, zip(*shares, strict=True), strict=False):
        said = [
            (reason, f"column '{finding.column}': {reason.text}")
            for finding, (reason, share, limit) in zip(computed, by_column, strict=True)
            if limit is None and share > most
        ]
        if said:
            more = f"; and {len(said) - MOST_NAMED} more columns" if len(said) > MOST_NAMED else ""
            message = "; ".join(text for _, text in said[:MOST_NAMED]) + more
            code = said[0][0].code
            yield Note(code, message, source, advice=f"{flag} X would make it drift")
