"""The pipeline of the drift check: a reference, current data and limits in, a verdict out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli.core import findings, judging
from kldiv_cli.core.counts import TypeChangedError
from kldiv_cli.core.dataset import MOST_OUTCOMES, DataSet, Excluded
from kldiv_cli.core.findings import Finding, Findings, Reason
from kldiv_cli.core.inference.resampling import SEED
from kldiv_cli.core.judging import Pair
from kldiv_cli.core.labels import unmatched
from kldiv_cli.core.report import Side
from kldiv_cli.errors import InputError, Note, Place, UsageError
from kldiv_cli.pipeline.columnwise import distribution, joined, missing_in, paired, read_both
from kldiv_cli.pipeline.reports import Shown
from kldiv_cli.pipeline.settings import among, limits_of, rules_of, whole
from kldiv_cli.pipeline.sides import (
    PerSide,
    Source,
    described,
    described_rows,
    read_options,
    refuse_repairs,
    refuse_two_stdins,
    side_of,
)

if TYPE_CHECKING:
    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.pipeline.settings import Rules

KINDS = ("samples", "counts", "probabilities", "weights")


class CheckReport(Shown, findings.Check):
    """The answer of `check`: its attributes are the keys of the JSON report.

    A column's finding is found by its name: ``report.columns["age"].kl``.
    """

    __slots__ = ()


def check(
    reference: object,
    current: object,
    *,
    column: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    max_kl: float = 0.05,
    alpha: float = 0.05,
    adjust: Literal["bh", "none"] = "bh",
    max_new: float | None = None,
    max_missing_shift: float | None = None,
    bins: int | None = None,
    missing: Literal["category", "drop", "error"] = "category",
    na: str | Sequence[str] = (),
    max_outcomes: int = MOST_OUTCOMES,
    kind: PerSide[str | None] = None,
    label: PerSide[str | None] = None,
    weight: PerSide[str | None] = None,
    input_format: PerSide[str | None] = None,
    encoding: PerSide[str | None] = None,
    delimiter: PerSide[str | None] = None,
    decimal: PerSide[str] = ".",
    header: PerSide[bool | None] = None,
    comment: PerSide[str | None] = None,
    duplicates: Literal["error", "sum"] = "error",
    max_inflated: int | None = None,
    names: tuple[str | None, str | None] = (None, None),
    top: int = 10,
    strict: bool = False,
) -> CheckReport:
    """Judge whether data have drifted from a reference.

    For each column D(current || reference) is estimated from the counts and compared with
    `max_kl`: drift where it is above with the confidence that `alpha` asks for, pass where it
    is below, and otherwise inconclusive, with the number of rows that would decide.

    Parameters
    ----------
    reference, current : path, data frame, mapping of columns, records or array
        Raw rows; a path may also be a profile, as ``kldiv profile`` writes it. ``-`` is
        standard input.
    column : str or sequence of str, optional
        The only columns to judge. If not given, every shared one but those that look like keys.
    exclude : str or sequence of str, optional
        Columns, or patterns such as ``created_*``, to leave out.
    columns : mapping, optional
        What is known of single columns: ``{"age": {"max_kl": 0.1, "type": "numeric", "bins":
        [18, 30, 65]}}``; `bins` is a number of bins or their edges.
    max_kl : float
        The largest divergence that is accepted, in nats.
    alpha : float
        Level of the tests.
    adjust : {"bh", "none"}
        Correction for the number of columns: Benjamini and Hochberg's, or none.
    max_new, max_missing_shift : float, optional
        The largest share of rows with an outcome that the reference never had, and the largest
        change of the share of missing values. A warning is given where there is no limit.
    bins : int, optional
        Number of bins of numeric columns, before the tails are split.
    missing : {"category", "drop", "error"}
        Whether missing values are an outcome, are left out or are refused.
    na : str or sequence of str, optional
        Texts that mean a missing value.
    max_outcomes : int
        The most outcomes of a categorical column.
    kind : str or pair of str, optional
        ``samples`` (raw rows, if not given), ``counts``, ``probabilities`` or ``weights``. A
        table of counts has an outcome and a count in each row, or column, outcome and count.
    label, weight, input_format, encoding, delimiter, decimal, header, comment, duplicates, \
max_inflated
        How to read; see ``kldiv check --help``.
    names : pair of str, optional
        What to call the sides.
    top : int
        How many contributing outcomes to list of each column.
    strict : bool
        Refuse what would be repaired with a note.

    Returns
    -------
    CheckReport
        Its attributes are the keys of the JSON report.

    Raises
    ------
    InputError
        If a side cannot be read, a column that is named is not there, or none can be judged.
    UsageError
        If the arguments do not fit together. Both are ValueErrors.

    Examples
    --------
    >>> from kldiv_cli import check
    >>> report = check({"side": ["heads", "tails"] * 300}, {"side": ["heads"] * 400})
    >>> report.verdict, report.columns["side"].reason.code
    ('drift', 'above-threshold')
    """
    rules = rules_of(column, exclude, columns, bins, missing, na, max_outcomes)
    limits = limits_of(rules, max_kl, alpha, adjust, max_new, max_missing_shift)
    if whole("top", top, 0) is None:
        raise UsageError("usage", "top is a whole number")
    kinds = tuple(side_of(kind, i, "kind", None) for i in (0, 1))
    for word in kinds:
        if word is not None:
            among("kind", word, KINDS)
    options = tuple(
        read_options(
            i, kind=None if kinds[i] == "samples" else kinds[i], label=label, weight=weight,
            input_format=input_format, encoding=encoding, delimiter=delimiter, decimal=decimal,
            header=header, comment=comment, duplicates=duplicates, max_inflated=max_inflated,
        )
        for i in (0, 1)
    )  # fmt: skip
    refuse_two_stdins(reference, current)
    if len(names) != 2:
        raise UsageError("usage", f"names is a pair, one for each side; found {names!r}")
    sides = tuple(
        Source(*four) for four in zip((reference, current), kinds, options, names, strict=True)
    )
    exact = set(kinds) & {"probabilities", "weights"}
    found = (_distributions if exact else _data_sets)(sides[0], sides[1], rules)
    if strict:
        refuse_repairs(found.notes)
    return _report(found, limits, top)


class _Found(NamedTuple):
    """What is to be judged, and what is said about it already."""

    reference: Side
    current: Side
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[Note, ...] = ()
    order: tuple[str, ...] = ()


def _report(found: _Found, limits: Limits, top: int) -> CheckReport:
    if not found.pairs and not found.findings:
        raise _nothing_judged(found)
    every = [*judging.judged(found.pairs, limits, top=top), *found.findings]
    order = {name: place for place, name in enumerate(found.order)}
    every.sort(key=lambda finding: order.get(finding.column or "", len(order)))
    columns = Findings(
        finding._replace(threshold=limits.of(finding.column or "")) for finding in every
    )
    warned = judging.warnings(columns, limits, found.current.source)
    return CheckReport(
        base="e",
        unit="nats",
        reference=found.reference,
        current=found.current,
        direction=findings.DIRECTION,
        verdict=findings.worst(finding.verdict for finding in columns),
        alpha=limits.alpha,
        adjust=limits.adjust,
        seed=SEED,
        columns=columns,
        excluded=found.excluded,
        notes=tuple(dict.fromkeys((*found.notes, *warned))),
    )


def _nothing_judged(found: _Found) -> InputError:
    if found.excluded:
        names = ", ".join(f"'{one.column[:40]}'" for one in found.excluded[:5])
        message = f"no column is left to judge; excluded: {names}"
        hint = "--column NAME judges one that looks like a key; --as counts if these are counts"
    else:
        message = "the two sides have no column in common"
        hint = "--header or --no-header says whether the first rows name the columns"
    return InputError("no-column-judged", message, Place(found.current.source), hint=hint)


def _data_sets(reference: Source, current: Source, rules: Rules) -> _Found:
    """Read two sides with columns, and pair these."""
    before, after, others = read_both(reference, current, rules)
    fresh = tuple(
        Note("new-column", f"column '{name}' is not in the reference", after.source)
        for name in others
    )
    made = [_met(name, (before, after), rules) for name in before.columns]
    pairs = tuple(one for one in made if isinstance(one, Pair))
    return _Found(
        reference=described_rows(before, [(one.reference, one.missing[0]) for one in pairs]),
        current=described_rows(after, [(one.current, one.missing[1]) for one in pairs]),
        pairs=pairs,
        findings=tuple(one for one in made if isinstance(one, Finding)),
        excluded=before.excluded,
        notes=(*before.notes, *after.notes, *fresh, *_nearly_alike(pairs, after.source)),
        order=tuple(before.columns),
    )


def _nearly_alike(pairs: Sequence[Pair], source: str) -> Iterator[Note]:
    """Say which labels of the two sides would meet, were it not for what nobody sees."""
    for one in pairs:
        if one.type == "categorical":
            gone, new = one.current == 0, one.reference == 0
            only = [[one.labels[int(i)] for i in np.flatnonzero(side)] for side in (gone, new)]
            yield from unmatched(only[0], only[1], f"labels of column '{one.column}'", source)


def _met(name: str, sides: tuple[DataSet, DataSet], rules: Rules) -> Pair | Finding:
    """Return a column of both sides over one support, or why it has none."""
    before, after = (side.columns.get(name) for side in sides)
    assert before is not None
    if after is None:
        return _drifted(name, "column-missing", "the current data have no such column", before, 0)
    try:
        made = paired(name, sides, rules)
    except TypeChangedError as change:
        text = f"the type of the column changed: {change}"
        return _drifted(name, "type-changed", text, before, after.rows)
    return Pair(
        column=name,
        type=made.type,
        labels=made.labels,
        reference=made.reference,
        current=made.current,
        named=made.named,
        known=(False, False),
        rows=(before.rows, after.rows),
        missing=(before.missing, after.missing),
    )


def _drifted(name: str, code: str, text: str, before: Column, rows: int) -> Finding:
    return Finding(
        name, "error", "drift", Reason(code, text), 0.0, n_reference=before.rows, n_current=rows
    )


def _distributions(reference: Source, current: Source, rules: Rules) -> _Found:
    """Read two sides of which one at least is exactly known."""
    counted = {reference.kind, current.kind} <= {"counts", "probabilities", "weights"}
    types = any(given.type or given.bins for given in rules.columns.values())
    if counted and (types or rules.na or rules.bins or rules.missing != "category"):
        raise UsageError(
            "usage",
            "types, bins and missing values are those of raw rows; beside a known distribution a"
            " table is taken as it is",
            hint="leave --numeric, --categorical, --bins, --na and --missing out",
        )
    before, after = sides = tuple(distribution(side, rules) for side in (reference, current))
    both = joined(before, after)
    name = dict(before.details).get("outcomes in", "outcome") if before.outcomes else "outcome"
    rules.check_names([name], before.source)
    excluded = () if rules.wants(name) else (Excluded(name, "--exclude"),)
    dropped = rules.missing != "category"
    rows = tuple(
        int(side.total) + dropped * side.missing if side.kind == "counts" else 0 for side in sides
    )
    labels = both.outcomes or [str(i) for i in range(len(both.p))]
    made = Pair(
        column=name,
        type="categorical",
        labels=labels,
        reference=both.q,
        current=both.p,
        named=np.array([label not in {*map(missing_in, sides)} for label in labels]),
        known=(before.kind != "counts", after.kind != "counts"),
        rows=(rows[0], rows[1]),
        missing=(before.missing, after.missing),
    )
    return _Found(
        described(before),
        described(after),
        () if excluded else (made,),
        excluded=excluded,
        notes=(*before.notes, *after.notes),
        order=(name,),
    )
