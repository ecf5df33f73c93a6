"""The pipeline of the drift check: read both sides, pair their columns, judge, and report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli.core import findings, judging
from kldiv_cli.core.dataset import MOST_OUTCOMES, Excluded
from kldiv_cli.core.findings import Finding, Findings
from kldiv_cli.core.inference.resampling import SEED
from kldiv_cli.core.labels import unmatched
from kldiv_cli.core.pair import Pair, Unpaired
from kldiv_cli.core.report import Side
from kldiv_cli.errors import InputError, Note, Place, UsageError
from kldiv_cli.pipeline.pairing import pair_data_sets
from kldiv_cli.pipeline.reports import Renderable
from kldiv_cli.pipeline.settings import among, limits_of, rules_of, whole
from kldiv_cli.pipeline.sides import (
    PerSide,
    Source,
    describe_data_set,
    describe_distribution,
    match_outcomes,
    read_data_sets,
    read_distribution,
    read_options,
    refuse_repairs,
    refuse_two_stdins,
    side_of,
)

if TYPE_CHECKING:
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.pipeline.settings import Rules

    Check = Any

KINDS = ("samples", "counts", "probabilities", "weights")


class CheckReport(Renderable, findings.Check):
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
    from types import SimpleNamespace

    return checked(
        SimpleNamespace(sources=sides, rules=rules, limits=limits, top=top, strict=strict)
    )


class _Sides(NamedTuple):
    """Both sides as a report shows them, and their columns in the order of the reference."""

    reference: Side
    current: Side
    columns: tuple[Pair | Unpaired, ...]
    excluded: tuple[Excluded, ...]
    notes: tuple[Note, ...]


def checked(settings: Check) -> CheckReport:
    """Read both sides, pair their columns, judge these, and return the report.

    Raises
    ------
    InputError
        If a side cannot be read, no column can be judged, or a repair is refused.
    UsageError
        If an option does not fit the data.
    """
    reference, current = settings.sources
    exact = {reference.kind, current.kind} & {"probabilities", "weights"}
    sides = (_distributions if exact else _data_sets)(reference, current, settings.rules)
    if settings.strict:
        refuse_repairs(sides.notes)
    if not sides.columns:
        raise _nothing_judged(sides)
    limits: Limits = settings.limits
    pairs = [one for one in sides.columns if isinstance(one, Pair)]
    judged = iter(judging.judged(pairs, limits, top=settings.top))
    columns = Findings(
        next(judged) if isinstance(one, Pair) else _unpaired(one, limits) for one in sides.columns
    )
    warned = judging.warnings(columns, limits, sides.current.source)
    return CheckReport(
        base="e",
        unit="nats",
        reference=sides.reference,
        current=sides.current,
        direction=findings.DIRECTION,
        verdict=findings.worst(finding.verdict for finding in columns),
        alpha=limits.alpha,
        adjust=limits.adjust,
        seed=SEED,
        columns=columns,
        excluded=sides.excluded,
        notes=tuple(dict.fromkeys((*sides.notes, *warned))),
    )


def _unpaired(column: Unpaired, limits: Limits) -> Finding:
    """Return the finding on a column that cannot be compared."""
    changed = "the type of the column changed: " if column.code == "type-changed" else ""
    return judging.unpaired(column._replace(text=changed + column.text), limits)


def _nothing_judged(sides: _Sides) -> InputError:
    """Return the error for sides of which no column is left to judge."""
    if sides.excluded:
        names = ", ".join(f"'{one.column[:40]}'" for one in sides.excluded[:5])
        message = f"no column is left to judge; excluded: {names}"
        hint = "--column NAME judges one that looks like a key; --as counts if these are counts"
    else:
        message = "the two sides have no column in common"
        hint = "--header or --no-header says whether the first rows name the columns"
    return InputError("no-column-judged", message, Place(sides.current.source), hint=hint)


def _data_sets(reference: Source, current: Source, rules: Rules) -> _Sides:
    """Read two data sets and pair their columns."""
    found = read_data_sets(reference, current, rules)
    columns = tuple(
        one.swapped() if isinstance(one, Pair) else one
        for one in pair_data_sets(found.first, found.second, rules)
    )
    pairs = [one for one in columns if isinstance(one, Pair)]
    source = found.second.source
    new = (
        Note("new-column", f"column '{name}' is not in the reference", source)
        for name in found.only_second
    )
    return _Sides(
        describe_data_set(found.first, pairs, is_p=False),
        describe_data_set(found.second, pairs, is_p=True),
        columns,
        found.first.excluded,
        (*found.first.notes, *found.second.notes, *new, *_nearly_alike(pairs, source)),
    )


def _nearly_alike(pairs: Sequence[Pair], source: str) -> Iterator[Note]:
    """Yield notes on labels that would meet one of the other side but for their spelling."""
    for pair in pairs:
        if pair.type == "categorical":
            gone, new = (
                [pair.names[i] for i in np.flatnonzero(side == 0)] for side in (pair.p, pair.q)
            )
            yield from unmatched(gone, new, f"labels of column '{pair.column}'", source)


def _distributions(reference: Source, current: Source, rules: Rules) -> _Sides:
    """Read two sides of which at least one is exactly known, and pair them."""
    counted = {reference.kind, current.kind} <= {"counts", "probabilities", "weights"}
    types = any(given.type or given.bins for given in rules.columns.values())
    if counted and (types or rules.na or rules.bins or rules.missing != "category"):
        raise UsageError(
            "usage",
            "types, bins and missing values are those of raw rows; beside a known distribution a"
            " table is taken as it is",
            hint="leave --numeric, --categorical, --bins, --na and --missing out",
        )
    q, p = sides = [read_distribution(side, rules) for side in (reference, current)]
    column = (q.column if q.outcomes else None) or "outcome"
    pair = match_outcomes(p, q, column)
    rules.check_names([column], q.source)
    # A dropped missing value is one of the rows all the same.
    dropped = rules.missing != "category"
    rows = [
        int(side.total) + dropped * side.missing if side.kind == "counts" else 0 for side in sides
    ]
    unnamed = {side.missing_label for side in sides}
    pair = pair._replace(
        of_data=np.array([label not in unnamed for label in pair.names]),
        rows=(rows[1], rows[0]),
    )
    wanted = rules.wants(column)
    return _Sides(
        describe_distribution(q),
        describe_distribution(p),
        (pair,) if wanted else (),
        () if wanted else (Excluded(column, "--exclude"),),
        (*q.notes, *p.notes),
    )
