"""Judging columns: from pairs of P and Q and the limits to findings with their verdicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kldiv_cli.core.binning import SPECIAL
from kldiv_cli.core.divergences import contributions, divergences
from kldiv_cli.core.findings import (
    USUAL_LIMIT,
    WORST_FIRST,
    Finding,
    Findings,
    Judged,
    is_warned,
)
from kldiv_cli.core.grouped import BLOCKS
from kldiv_cli.core.inference import reasons
from kldiv_cli.core.inference.evidence import MOST_RATIO, largest_move, weigh, weigh_exact
from kldiv_cli.core.inference.measured import MEASURED
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
from kldiv_cli.core.measures import DEFAULT_MEASURES, LIMITED, USUAL_LIMITS
from kldiv_cli.core.report import clamped, largest_contributions
from kldiv_cli.core.shares import shares_of
from kldiv_cli.errors import Note, abridged, option
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.divergences import Contributions
    from kldiv_cli.core.findings import ThresholdSource
    from kldiv_cli.core.inference.design import Design
    from kldiv_cli.core.inference.evidence import Evidence, Past
    from kldiv_cli.core.inference.history import History
    from kldiv_cli.core.inference.verdict import Judgement
    from kldiv_cli.core.pair import Pair, Unpaired
    from kldiv_cli.core.report import Side

MISSING_SHIFT = 0.01
NEW_SHARE = 0.001
"""Shares above which a warning is given, where no limit is."""
MOST_NAMED = 3
"""Columns that one warning names."""


class Limits(NamedTuple):
    """The largest divergences and shares that are accepted without calling them drift.

    Attributes
    ----------
    max_kl, max_psi, max_js, max_js_distance, max_hellinger, max_tv : float or None
        The largest values of measures, in nats where they have a unit; None does not judge the
        measure. KL is judged by the usual limit where no measure has one. Infinity limits
        nothing: the measure is estimated and shown, and never drift.
    of_columns : mapping of str to mapping of str to float
        Limits of single columns, by the column's name and the measure's, which replace those.
        A column whose own limits are infinite is never drift, whatever is limited of the others.
    alpha : float
        Level of the tests.
    adjust : {"bh", "none"}
        Correction for the number of tests.
    max_new, max_missing_shift : float or None
        The largest share of rows with a new outcome, and the largest change of the share of
        missing values; None does not limit them.
    history : History or None
        Limits of D(P || Q) from past windows. A column that has one is judged by it: it is drift
        where it is above that and above its limit of KL, if there is one, too.
    """

    max_kl: float | None = None
    max_psi: float | None = None
    max_js: float | None = None
    max_js_distance: float | None = None
    max_hellinger: float | None = None
    max_tv: float | None = None
    of_columns: Mapping[str, Mapping[str, float]] = {}
    alpha: float = 0.05
    adjust: Literal["bh", "none"] = "bh"
    max_new: float | None = None
    max_missing_shift: float | None = None
    history: History | None = None

    def of(self, column: str) -> dict[str, float]:
        """Return the measures that a column is judged by, and the largest values accepted.

        Infinite limits are there only where no other is: a single one, then.
        """
        given = {name: getattr(self, f"max_{name}") for name in LIMITED}
        given |= self.of_columns.get(column, {})
        found = {name: limit for name, limit in given.items() if limit is not None}
        if past := self.past(column):
            found = {"kl": max(past.limit, found.pop("kl", 0.0)), **found}
        finite = {name: limit for name, limit in found.items() if math.isfinite(limit)}
        return finite or dict([*found.items(), ("kl", USUAL_LIMIT)][:1])

    def past(self, column: str) -> Past | None:
        """Return what is usual for a column by past windows; None where they do not say."""
        return self.history.of(column) if self.history else None

    def tests(self, column: str) -> int:
        """Return how many tests a column takes: one for each measure by which it may be drift.

        A limit from past windows takes none.
        """
        found = self.of(column)
        own = [limit for name, limit in found.items() if name != "kl" or not self.past(column)]
        return sum(map(math.isfinite, own))

    def only_warns(self, column: str) -> bool:
        """Return whether nothing about a column is drift: no limit of its own is finite."""
        return column in self.of_columns and not any(map(math.isfinite, self.of(column).values()))


def judged(
    pairs: Sequence[Pair],
    limits: Limits,
    *,
    segments: Sequence[Pair] = (),
    top: int = 10,
    told: Callable[[int], object] = lambda done: None,
    dependent: bool = False,
) -> Findings:
    """Return the findings on columns that are judged together, and then those on segments.

    Parameters
    ----------
    pairs : sequence of Pair
        P is current, Q the reference; both have a positive total.
    limits : Limits
        The divergences and shares that are accepted.
    segments : sequence of Pair
        The same columns in some of their rows, for which the limits of divergences alone hold.
    top : int
        How many outcomes to list of each column.
    told : callable
        Is told how many columns are weighed, after each of them: this is what takes long.
    dependent : bool
        Whether rows of one group depend on each other.
    """
    # A column that cannot be drift takes no part in the correction for many columns.
    of_segments = limits._replace(history=None)
    tests = sum(limits.tests(pair.column or "") for pair in pairs if not all(pair.known))
    tests += sum(of_segments.tests(pair.column or "") for pair in segments)
    columns, pairs = len(pairs), [*pairs, *segments]
    shares = [contributions(pair.p, pair.q) for pair in pairs]
    measures = [
        # Of segments no report has the measures of the shares as they were counted.
        divergences(
            *pair.in_order_of_weights(),
            measures=DEFAULT_MEASURES if place < columns else ("kl_pq",),
        )
        for place, pair in enumerate(pairs)
    ]
    kl, evidence = [], []
    for place, (pair, parts, values) in enumerate(zip(pairs, shares, measures, strict=True)):
        # What is known exactly, or a part, is no window.
        of_pair = of_segments if all(pair.known) or place >= columns else limits
        judged = of_pair.of(pair.column or "")
        if pair.weighs or (dependent and not all(pair.known)):
            weighed, of_column = _designed_evidence(pair, parts, judged, of_pair)
        else:
            exact, alone = float(values["kl_pq"]), place >= columns and [*judged] == ["kl"]
            weighed = _kl_evidence(pair, parts, exact, judged, of_pair, tests, alone=alone)
            of_column = [_evidence(weighed, name, judged, values, limits) for name in judged]
        kl.append(weighed)
        evidence.append(of_column)
        told(len(kl))
    # All measures of all columns are tests of one family.
    every = [one for of_column in evidence for one in of_column]
    names = [
        pair.names for pair, of_column in zip(pairs, evidence, strict=True) for _ in of_column
    ]
    judgements = iter(
        judge(
            every,
            alpha=limits.alpha,
            adjust=limits.adjust,
            labels=names,
            are="tests" if segments else "columns",
        )
    )
    found: list[Finding] = []
    for pair, parts, values, weighed, of_column in zip(
        pairs, shares, measures, kl, evidence, strict=True
    ):
        pronounced = [(one, next(judgements)) for one in of_column]
        is_whole = len(found) < columns
        finding = _finding(pair, parts, values, weighed, pronounced, top if is_whole else None)
        found.append(_limited(finding, limits) if is_whole else finding)
    return Findings(found)


def _kl_evidence(
    pair: Pair,
    parts: Contributions,
    exact: float,
    judged: Mapping[str, float],
    limits: Limits,
    tests: int,
    *,
    alone: bool = False,
) -> Evidence:
    """Return what the counts of a pair say about D(P || Q); of known distributions its value.

    Parameters
    ----------
    judged : mapping of str to float
        The measures that the column is judged by, and their limits.
    tests : int
        How many tests are corrected for together.
    alone : bool
        Whether the p-value of no difference is asked for as a part of this evidence alone.
    """
    known_p, known_q = pair.known
    x = parts.p if known_p else pair.p.astype(np.float64)
    y = parts.q if known_q else pair.q.astype(np.float64)
    counts = samples(x, y, known=pair.known)
    max_kl = judged.get("kl", math.inf)
    if known_p and known_q:
        weighed = weigh_exact(exact, counts, max_kl=max_kl)
    else:
        # Where it has no limit any would do: what depends on it is left out.
        usual = USUAL_LIMIT if math.isinf(max_kl) else max_kl
        alone = alone and math.isfinite(max_kl)
        weighed = weigh(
            counts, max_kl=usual, alpha=limits.alpha, columns=max(tests, 1), alone=alone
        )
        past = limits.past(pair.column or "")
        if math.isinf(max_kl) or past:
            past = None if math.isinf(max_kl) else past
            weighed = weighed._replace(threshold=max_kl, p_drift=None, p_pass=None, past=past)
    return weighed._replace(move=largest_move(parts.p, parts.q, parts.part, counts.m))


def _designed_evidence(
    pair: Pair, parts: Contributions, judged: Mapping[str, float], limits: Limits
) -> tuple[Evidence, list[Evidence]]:
    """Return what rows that weigh, or depend on each other, say about D(P || Q), and `judged`."""
    from kldiv_cli.core.inference.design import weigh_design

    design = _design(pair)
    move = largest_move(parts.p, parts.q, parts.part, design.whole.m)

    def weighed(measure: str, limit: float) -> Evidence:
        usual = limit if math.isfinite(limit) else USUAL_LIMITS[measure]
        found = weigh_design(design, measure, threshold=usual, alpha=limits.alpha)
        past = limits.past(pair.column or "") if measure == "kl" else None
        if math.isinf(limit):
            found = found._replace(threshold=limit, p_drift=None, p_pass=None)
        elif past:
            # Windows of rows that depend on each other were no different in the past.
            found = found._replace(p_drift=None, p_pass=None, past=past, unfit=None)
        return found._replace(move=move)

    kl = weighed("kl", judged.get("kl", math.inf))
    return kl, [kl if name == "kl" else weighed(name, judged[name]) for name in judged]


def _design(pair: Pair) -> Design:
    """Return two samples of rows that weigh, or depend on each other."""
    if pair.weighs:
        from kldiv_cli.core.inference.weighted import weighted

        return weighted(*pair.weights)
    from kldiv_cli.core.inference.dependence import designed

    counts = samples(pair.p.astype(np.float64), pair.q.astype(np.float64), known=(False, False))
    return designed(counts, pair.groups, scores_of(pair))


def scores_of(pair: Pair) -> NDArray[np.float64] | None:
    """Return the places of bins of numbers in their order; None of labels.

    Missing values have the mean place.
    """
    if pair.type != "numeric":
        return None
    names = list(pair.names)
    regular = [place for place, name in enumerate(names) if name not in SPECIAL]
    scores = np.zeros(len(names))
    scores[regular] = np.arange(len(regular))
    rows = pair.p + pair.q
    total = rows[regular].sum()
    mean = float(scores[regular] @ rows[regular] / total) if total else 0.0
    ends = {SPECIAL[0]: -1.0, SPECIAL[1]: float(len(regular))}
    for place, name in enumerate(names):
        if name in SPECIAL:
            scores[place] = ends.get(name, mean)
    return scores


def history_noted(history: History, reference: Side) -> Iterator[Note]:
    """Yield a note where a reference cannot be the past windows together, by its rows."""
    rows, (least, most) = reference.total, (history.windows * size for size in history.rows)
    has_rows = reference.kind in ("counts", "samples", "profile")
    if has_rows and least <= MOST_RATIO * rows and rows <= MOST_RATIO * most:
        return
    have = f"has {rows:,.0f} rows" if has_rows else "is not of rows"
    together = f"{least:,} to {most:,}" if least < most else f"{most:,}"
    message = (
        f"the reference {have}, and the {history.windows} windows of the history {together}:"
        " its limits are for a comparison with these windows together"
    )
    advice = "kldiv profile WINDOWS -o FILE makes a reference of them"
    yield Note("history-reference", message, reference.source, advice=advice)


def dependence_noted(pairs: Sequence[Pair], source: str) -> Iterator[Note]:
    """Yield a note where rows vary more from block to block than independent ones would.

    Independent rows are warned about at most once in two hundred runs, over all columns.
    """
    from kldiv_cli.core.inference.dependence import LEVEL, chance, effect

    found = []
    for pair in pairs:
        scores = scores_of(pair)
        sides = [effect(table, scores) for table in pair.groups if table is not None]
        effects = tuple(each for each in sides if each is not None and each.groups >= BLOCKS)
        if effects:
            found.append((chance(effects, ordered=scores is not None), pair.column, effects))
    seen = [
        (min(effects, key=lambda each: each.worth / each.rows), column)
        for p_value, column, effects in found
        if p_value <= LEVEL / len(found)
    ]
    if not seen:
        return
    worst, column = min(seen, key=lambda one: one[0].worth / one[0].rows)
    message = (
        f"rows depend on those before them in {abridged(repr(name) for _, name in seen)}:"
        f" {worst.rows:,} rows of '{column}' that were looked at are worth {worst.worth:,.0f},"
        " and verdicts take them for independent"
    )
    advice = "--serial allows for it; --cluster COL if rows of one value belong together"
    if any(table is None for pair in pairs for table in pair.groups):
        make = "kldiv profile DATA --serial -o FILE"
        advice = f"{make} makes a reference that allows for it, with this option"
    yield Note("dependent-rows", message, source, advice=advice)


def _evidence(
    kl: Evidence,
    measure: str,
    judged: Mapping[str, float],
    values: Mapping[str, Any],
    limits: Limits,
) -> Evidence:
    """Return what the same counts say about a measure.

    Parameters
    ----------
    kl : Evidence
        That on D(P || Q).
    measure : str
        One of `judged`.
    values : mapping of str to float
        All measures of the shares as they were counted.
    """
    limit = judged[measure]
    if measure == "kl":
        return kl
    if kl.exact:
        value = float(values[measure])
        exact = weigh_exact(value, kl.samples, max_kl=limit, measure=measure)
        return exact._replace(move=kl.move)
    from kldiv_cli.core.inference.symmetric import weigh_symmetric

    # Past windows have a limit of KL alone.
    kl = kl._replace(past=None)
    if math.isfinite(limit):
        return weigh_symmetric(kl, measure, threshold=limit, alpha=limits.alpha)
    usual = USUAL_LIMITS[measure]
    weighed = weigh_symmetric(kl, measure, threshold=usual, alpha=limits.alpha)
    return weighed._replace(threshold=limit, p_drift=None, p_pass=None)


def _finding(
    pair: Pair,
    parts: Contributions,
    measures: Mapping[str, Any],
    kl: Evidence,
    judged: Sequence[tuple[Evidence, Judgement]],
    top: int | None,
) -> Finding:
    """Put together the finding on one column, before its shares are compared with their limits.

    Nothing is told of its outcomes if `top` is None. The measure with the worst verdict, the first
    of them, is that of the column.
    """
    evidence, judgement = min(judged, key=lambda one: WORST_FIRST.index(one[1].verdict))
    has_p, has_q = pair.support()
    fresh = has_p & ~has_q
    reason = judgement.reason
    if judgement.verdict == "drift":
        reason = _special_reason(pair, parts, float(measures["kl_pq"]), kl) or reason
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
        kl=clamped(kl.value, kl.low, kl.high),
        kl_unclamped=kl.value,
        measure=evidence.measure,
        value=clamped(evidence.value, evidence.low, evidence.high),
        value_unclamped=evidence.value,
        low=evidence.low,
        high=evidence.high,
        p_value=evidence.p_value,
        p_value_test=tested.test if tested else None,
        p_value_draws=tested.draws if tested else None,
        p_value_exceedances=tested.exceedances if tested else None,
        p_value_statistic=tested.statistic if tested else None,
        p_value_df=tested.df if tested else None,
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
        contributions=() if top is None else largest_contributions(parts, pair.names, top),
        measures={name: float(value) for name, value in measures.items()},
        quantiles=pair.quantiles or None,
        threshold_source=_source_of(evidence),
        shares=None if top is None else shares_of(pair, parts),
        judged=tuple(_judged(*one) for one in judged),
        pooled_outcomes=kl.rare,
    )


def _judged(evidence: Evidence, judgement: Judgement) -> Judged:
    """Return the verdict on one measure of a column."""
    return Judged(
        evidence.measure,
        clamped(evidence.value, evidence.low, evidence.high),
        evidence.value,
        evidence.low,
        evidence.high,
        evidence.threshold,
        judgement.verdict,
        judgement.reason,
        evidence.p_drift,
        judgement.p_drift_adjusted,
        evidence.p_pass,
        judgement.rows_needed,
        _source_of(evidence),
    )


def _source_of(evidence: Evidence) -> ThresholdSource:
    """Return where a threshold comes from."""
    return "history" if evidence.past else "limit"


def _missing_share(pair: Pair, shares: NDArray[np.float64], side: int) -> float:
    """Return the share of missing values on one side: of its rows, or else of its mass."""
    if pair.missing_shares is not None:
        return pair.missing_shares[side]
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
        if spellings := _respelled(pair, parts, kl, _kl_limit(evidence)):
            return reasons.labels_respelled(spellings)
        if side := _side_with_zones(pair):
            return reasons.zone_changed(side)
    new, old = pair.constants
    if new is not None and old is not None and new != old:
        return reasons.constant_changed(old, new)
    return reasons.keys() if pair.are_keys else None


def _kl_limit(evidence: Evidence) -> float:
    """Return the largest D(P || Q) that is accepted, the usual one where it is not judged."""
    return evidence.threshold if math.isfinite(evidence.threshold) else USUAL_LIMIT


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
    measure, limit = next(iter(limits.of(column.column).items()))
    return Finding(
        column=column.column,
        type="error",
        verdict="pass" if warns else "drift",
        reason=Reason(column.code, f"{column.text} ({WARN_ONLY})" if warns else column.text),
        threshold=limit,
        measure=measure,
        threshold_source="history" if limits.past(column.column) else "limit",
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
    for measure in LIMITED:
        if found := [finding for finding in unlimited if finding.measure == measure]:
            names, usual = (
                abridged(f"'{finding.column}'" for finding in found),
                USUAL_LIMITS[measure],
            )
            title = MEASURED[measure].title
            message = f"{title} is above {usual:.3g}, and no limit makes it drift: {names}"
            limit = option(f"--max-{measure.replace('_', '-')}", f"{found[0].column}={usual:.3g}")
            yield Note(WARN_ONLY, message, source, advice=f"{limit} would make it drift")
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
            others = len(said) - MOST_NAMED
            more = f"; and {others} more column{'s' * (others > 1)}" if others > 0 else ""
            message = "; ".join(text for _, text in said[:MOST_NAMED]) + more
            code = said[0][0].code
            yield Note(code, message, source, advice=f"{flag} X would make it drift")
