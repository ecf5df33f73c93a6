"""From two columns over one support to a finding, and from all findings to a verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from kldiv_cli.core.divergences import contributions, divergences
from kldiv_cli.core.findings import Finding, Findings, Reason
from kldiv_cli.core.inference.samples import table
from kldiv_cli.core.inference.verdict import judge, percent, weigh, weigh_exact
from kldiv_cli.core.measures import DEFAULT_MEASURES
from kldiv_cli.core.report import listed
from kldiv_cli.errors import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.counts import Type
    from kldiv_cli.core.inference.verdict import Evidence, Judgement

MISSING_SHIFT = 0.01
NEW_SHARE = 0.001
"""Shares above which a warning is given, where no limit is."""
MOST_NAMED = 3
"""Columns that one warning names."""


class Limits(NamedTuple):
    """What is accepted.

    Attributes
    ----------
    max_kl : float
        The largest divergence, in nats …
    max_kl_of : mapping of str to float
        … and that of single columns.
    alpha : float
        Level of the tests.
    adjust : {"bh", "none"}
        Correction for the number of columns.
    max_new, max_missing_shift : float or None
        The largest share of rows with a new outcome, and the largest change of the share of
        missing values; None does not limit them.
    """

    max_kl: float = 0.05
    max_kl_of: Mapping[str, float] = {}
    alpha: float = 0.05
    adjust: Literal["bh", "none"] = "bh"
    max_new: float | None = None
    max_missing_shift: float | None = None

    def of(self, column: str) -> float:
        """Return the largest divergence that is accepted of a column."""
        return self.max_kl_of.get(column, self.max_kl)


class Pair(NamedTuple):
    """Two columns to be judged.

    Attributes
    ----------
    column : str
        The name.
    type : {"categorical", "numeric"}
    labels : sequence of str
        Of the outcomes.
    reference, current : ndarray, shape (K,)
        Counts, or weights where the side is exactly known.
    named : ndarray of bool, shape (K,)
        Whether an outcome is one of the data, not a bin or a missing value.
    known : pair of bool
        Whether the reference, and the current side, is exactly known.
    rows, missing : pair of int
        Rows of either side, and those without a value.
    """

    column: str
    type: Type
    labels: Sequence[str]
    reference: NDArray[np.generic]
    current: NDArray[np.generic]
    named: NDArray[np.bool_]
    known: tuple[bool, bool]
    rows: tuple[int, int]
    missing: tuple[int, int]


def judged(pairs: Sequence[Pair], limits: Limits, *, top: int = 10) -> Findings:
    """Return what is found in each column, judged together.

    Parameters
    ----------
    pairs : sequence of Pair
        Both sides of each have a positive total.
    limits : Limits
        What is accepted.
    top : int
        How many outcomes to list of each column.
    """
    samples = sum(not all(pair.known) for pair in pairs)
    evidence = [_weighed(pair, limits, samples) for pair in pairs]
    labels = [pair.labels for pair in pairs]
    judgements = judge(evidence, alpha=limits.alpha, adjust=limits.adjust, labels=labels)
    return Findings(
        _finding(pair, one, judgement, limits, top)
        for pair, one, judgement in zip(pairs, evidence, judgements, strict=True)
    )


def _weighed(pair: Pair, limits: Limits, columns: int) -> Evidence:
    known_q, known_p = pair.known
    max_kl = limits.of(pair.column)
    shares = contributions(pair.current, pair.reference)
    x, y = (
        share if known else np.asarray(side, dtype=np.float64)
        for side, share, known in (
            (pair.current, shares.p, known_p),
            (pair.reference, shares.q, known_q),
        )
    )
    counts = table(x, y, known=(known_p, known_q))
    if known_p and known_q:
        exact = divergences(pair.current, pair.reference, measures=("kl_pq",))["kl_pq"]
        return weigh_exact(float(exact), counts, max_kl=max_kl)
    return weigh(counts, max_kl=max_kl, alpha=limits.alpha, columns=columns)


def _finding(pair: Pair, one: Evidence, judgement: Judgement, limits: Limits, top: int) -> Finding:
    parts = contributions(pair.current, pair.reference)
    fresh = pair.named & (pair.current > 0) & (pair.reference == 0)  # type: ignore[operator]
    new = sorted(np.flatnonzero(fresh).tolist(), key=lambda i: -parts.p[i])
    shares = [
        missing / rows if rows else 0.0
        for missing, rows in zip(pair.missing, pair.rows, strict=True)
    ]
    finding = Finding(
        column=pair.column,
        type=pair.type,
        verdict=judgement.verdict,
        reason=Reason(judgement.code, judgement.text),
        threshold=one.threshold,
        kl=one.kl,
        low=one.low,
        high=one.high,
        p_value=one.p_value,
        p_drift=one.p_drift,
        p_drift_adjusted=judgement.p_drift_adjusted,
        p_pass=one.p_pass,
        reliable=one.reliable,
        n_reference=one.table.m if pair.known[0] else pair.rows[0],
        n_current=one.table.n if pair.known[1] else pair.rows[1],
        missing_reference=shares[0],
        missing_current=shares[1],
        new_outcomes=tuple(pair.labels[i] for i in new),
        new_share=math.fsum(parts.p[fresh]),
        outcomes=one.table.outcomes,
        rows_needed=judgement.rows_needed,
        contributions=listed(parts, pair.labels, top),
        measures={
            name: float(value)
            for name, value in divergences(
                pair.current, pair.reference, measures=DEFAULT_MEASURES
            ).items()
        },
    )
    return _limited(finding, limits)


def _limited(finding: Finding, limits: Limits) -> Finding:
    """Return the finding as drift where a share is above its own limit."""
    broken = [
        reason
        for reason, share, limit in _shares(finding, limits)
        if limit is not None and not (share <= limit)
    ]
    if not broken:
        return finding
    if finding.verdict == "drift":
        words = "; ".join((finding.reason.text, *(reason.text for reason in broken)))
        return finding._replace(reason=Reason(finding.reason.code, words))
    reason = Reason(broken[0].code, "; ".join(reason.text for reason in broken))
    return finding._replace(verdict="drift", reason=reason, rows_needed=None)


def _shares(finding: Finding, limits: Limits) -> Iterator[tuple[Reason, float, float | None]]:
    """Yield what a share says in words, the share, and its limit."""
    before, after = finding.missing_reference, finding.missing_current
    assert not isinstance(before, str)
    assert not isinstance(after, str)
    assert not isinstance(finding.new_share, str)
    text = f"missing values went from {percent(before)} to {percent(after)}"
    limit = limits.max_missing_shift
    yield Reason("missing-shift", _above(text, limit)), abs(after - before), limit
    names = ", ".join(finding.new_outcomes[:3])
    text = f"{percent(finding.new_share)} of the current rows have new outcomes: {names}"
    yield Reason("new-share", _above(text, limits.max_new)), finding.new_share, limits.max_new


def _above(text: str, limit: float | None) -> str:
    return text if limit is None else f"{text} (at most {percent(limit)} is accepted)"


def warnings(findings: Findings, limits: Limits, source: str) -> Iterator[Note]:
    """Yield a note on each share that changed, of all columns, where no limit is set on it."""
    computed = [finding for finding in findings if finding.new_share != "error"]
    shares = [list(_shares(finding, limits)) for finding in computed]
    for place, (tolerated, option) in enumerate(
        ((MISSING_SHIFT, "--max-missing-shift"), (NEW_SHARE, "--max-new"))
    ):
        said = [
            (of[place][0].code, f"column '{finding.column}': {of[place][0].text}")
            for finding, of in zip(computed, shares, strict=True)
            if of[place][2] is None and of[place][1] > tolerated
        ]
        if said:
            more = f"; and {len(said) - MOST_NAMED} more columns" if len(said) > MOST_NAMED else ""
            message = "; ".join(text for _, text in said[:MOST_NAMED]) + more
            yield Note(said[0][0], message, source, advice=f"{option} X would make it drift")
