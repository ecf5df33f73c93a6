"""The settings of a comparison, a check and a profile, made of the options that a user gives.

The command line, the file of a project and Python callers give the same options, by the names of
the Python functions. Tables name the check of each option; the checked options become one frozen
value, which is all that the pipelines know of the user's wishes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from kldiv_cli import readers
from kldiv_cli.core.dataset import MOST_OUTCOMES, NO_NAME, Wanted, unknown_column
from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.measures import LIMITED
from kldiv_cli.errors import UsageError
from kldiv_cli.pipeline import validation
from kldiv_cli.pipeline.validation import (
    ColumnRules,
    Validator,
    among,
    optional,
    per_side,
    size,
    whole,
)
from kldiv_cli.readers import FORMATS, ReadOptions
from kldiv_cli.readers.formats import OF_SOME
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Literal, TypeAlias, TypedDict

    from kldiv_cli.core.counts import Type
    from kldiv_cli.core.grouped import Grouping
    from kldiv_cli.core.inference.history import History
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.core.measures import Base, Reduction
    from kldiv_cli.core.smoothing import Smoothing

    Option = TypeVar("Option")
    PerSide: TypeAlias = Option | list[Option] | tuple[Option, ...]
    """One value for both sides, or one for each."""
    Names: TypeAlias = tuple[str | None, str | None]
    Given: TypeAlias = Mapping[str, Any]
    """Options by the names of the Python functions."""

    class ReadingColumns(TypedDict, total=False):
        """How tables are read, whose columns are counted."""

        kind: PerSide[str | None]
        label: PerSide[str | None]
        weight: PerSide[str | None]
        input_format: PerSide[str | None]
        encoding: PerSide[str | None]
        delimiter: PerSide[str | None]
        decimal: PerSide[str]
        header: PerSide[bool | None]
        comment: PerSide[str | None]
        escape: PerSide[str | None]
        thousands: PerSide[str | None]
        skip_rows: PerSide[int]
        total_row: PerSide[Literal["drop", "keep"] | None]
        where: PerSide[str | None]
        duplicates: Literal["error", "sum"]
        at: PerSide[str | None]
        max_inflated: int | str | None
        max_header: int | str | None
        dtype: PerSide[Literal["bfloat16"] | None]
        memory_limit: int | str | None
        threads: int | None

    class Reading(ReadingColumns, total=False):
        """How the sides are read; the fields of `ReadOptions`."""

        flatten: bool

    class Counting(TypedDict, total=False):
        """Which columns are wanted, and how they are counted."""

        column: str | Sequence[str]
        exclude: str | Sequence[str]
        joint: Sequence[str]
        columns: Mapping[str, Mapping[str, Any]] | None
        bins: int | None
        missing: Literal["category", "drop", "error"]
        na: str | Sequence[str]
        max_outcomes: int

    class Columns(Counting, total=False):
        """The same of two sides, whose rows may weigh; the fields of `Rules`."""

        map: Mapping[str, str]
        row_weight: str | None
        frequency: str | None

    class Judging(TypedDict, total=False):
        """What is accepted without calling it drift; the fields of `Limits`."""

        max_kl: float
        max_psi: float
        max_js: float
        max_js_distance: float
        max_hellinger: float
        max_tv: float
        alpha: float
        adjust: Literal["bh", "none"]
        max_new: float | None
        max_missing_shift: float | None
        history: Mapping[str, Any] | History | None

    class CompareOptions(Reading, Columns, total=False):
        """The options of `compare`."""

        measures: str | Sequence[str] | None
        base: str | int
        smoothing: str
        temperature: float
        reduction: Reduction
        fail_above: Mapping[str, float] | None
        names: Names
        top: int
        strict: bool
        estimate: bool
        alpha: float
        targets: object
        block: int | None
        kld_rule: Literal["cells", "llama.cpp"]
        by: str | None
        max_segments: int

    class MatrixOptions(Reading, total=False):
        """The options of `matrix`; those of `Reading` are for all sources alike."""

        measures: str | Sequence[str]
        base: str | int
        smoothing: str
        temperature: float
        joint: Sequence[str]
        na: str | Sequence[str]
        names: Sequence[str | None]
        strict: bool

    class CalibrateOptions(ReadingColumns, Counting, total=False):
        """The options of `calibrate`."""

        alpha: float
        strict: bool

    class CheckOptions(Reading, Columns, Judging, total=False):
        """The options of `check`."""

        block: int | None
        by: str | None
        max_segments: int
        serial: bool
        cluster: str | None
        dataset: str | None
        names: Names
        top: int
        strict: bool


Spelling = Callable[[str], str]
"""Tells how the user wrote the name of an option: see `validation`."""
Made = TypeVar("Made")


class Rules(NamedTuple):
    """The user's rules for columns: which are wanted, and how they are counted."""

    column: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    joint: tuple[str, ...] = ()
    columns: Mapping[str, ColumnRules] = {}
    bins: int | None = None
    missing: Literal["category", "drop", "error"] = "category"
    na: tuple[str, ...] = ()
    max_outcomes: int = MOST_OUTCOMES
    asked: frozenset[str] = frozenset()
    """Options that this call gives, and no file of a project."""
    serial: bool = False
    """Whether rows depend on those before them …"""
    cluster: str | None = None
    """… or on those with the same value of a column."""
    looks_at_order: bool = False
    """Whether to find out if they do, where the user says nothing of it."""

    by: str | None = None
    """The column whose values are segments."""
    max_segments: int = 200
    row_weight: str | None = None
    """The column that says what a row weighs …"""
    frequency: str | None = None
    """… or how many rows it stands for."""

    @property
    def depends(self) -> bool:
        """Whether the user says that rows depend on each other."""
        return self.serial or self.cluster is not None

    @property
    def grouping(self) -> Grouping | None:
        """How rows are grouped, if they are counted by groups, too."""
        from kldiv_cli.core.grouped import Grouping

        if self.row_weight is not None:
            return Grouping(weight=self.row_weight, required=True)
        if self.by is not None:
            return Grouping("segment", self.by, required=True)
        if self.cluster is not None:
            return Grouping("cluster", self.cluster, required=True)
        if self.serial:
            return Grouping("block", required=True)
        return Grouping("block") if self.looks_at_order else None

    def typed(self, type: Type) -> frozenset[str]:
        """Return the columns that the user says are of this type."""
        return frozenset(name for name, rules in self.columns.items() if rules.type == type)

    def of(self, name: str) -> ColumnRules:
        """Return the rules of a column; empty ones where the user gave none."""
        return self.columns.get(name, ColumnRules())

    def bins_of(self, name: str) -> tuple[int | None, tuple[float, ...] | None]:
        """Return how many bins a column has, and their edges; None where they are not given."""
        bins = self.of(name).bins
        return (self.bins, bins) if isinstance(bins, tuple) else (bins or self.bins, None)

    def excludes(self, name: str) -> bool:
        """Return whether a column is left out by its name, or by a pattern."""
        from fnmatch import fnmatchcase

        if name in (self.row_weight, self.frequency):
            return True
        return any(name == word or fnmatchcase(name, word) for word in self.exclude)

    def wants(self, name: str) -> bool:
        """Return whether a column is to be counted."""
        return self.counting().wants(name)

    def check_names(self, names: Collection[str], source: str) -> None:
        """Refuse the name of a column that does not exist; a pattern may match nothing.

        Raises
        ------
        InputError
            If a column is named that is not among `names`.
        """
        exact = [word for word in self.exclude if not set(word) & set("*?[")]
        for word in (*self.column, *self.columns, *exact):
            if word not in names:
                flag = "--exclude" if word in exact else "--column" if word in self.column else ""
                raise unknown_column(word, list(dict.fromkeys(names)), source, flag=flag)

    def _wanted(self) -> frozenset[str] | None:
        """Return the only columns to count; None for all."""
        if not self.joint:
            return frozenset(self.column) or None
        from kldiv_cli.core.joint import joint_name

        return frozenset((joint_name(self.joint), *self.column))

    def counting(self) -> Wanted:
        """Return these rules as the counting of raw rows knows them."""
        return Wanted(
            columns=self._wanted(),
            numeric=self.typed("numeric"),
            categorical=self.typed("categorical"),
            dates=self.typed("date"),
            named=frozenset(self.columns),
            excluded=self.excludes,
            na=frozenset(self.na),
            na_of={name: frozenset(rules.na) for name, rules in self.columns.items() if rules.na},
            forbid_missing=self.missing == "error",
            drop_missing=self.missing == "drop",
            joint=self.joint,
            most_outcomes=self.max_outcomes,
            grouping=self.grouping,
            frequency=self.frequency,
        )


class Source(NamedTuple):
    """One side of a comparison or a check, not yet read."""

    source: object
    kind: Any
    """A `Kind`, ``samples``, or None."""
    options: ReadOptions
    name: str | None
    map: Mapping[str, str] = {}
    """From its names of columns to those of the side that it is compared with."""


class CompareSettings(NamedTuple):
    """Everything that a comparison is asked for; `rules` is None unless a side is raw rows."""

    sources: tuple[Source, Source]
    rules: Rules | None
    measures: tuple[str, ...]
    smoothing: Smoothing
    base: Base = "e"
    temperature: float = 1.0
    reduction: Reduction = "batchmean"
    fail_above: Mapping[str, float] = {}
    top: int = 10
    strict: bool = False
    estimate: bool = True
    targets: validation.Targets | None = None
    block: int | None = None
    kld_rule: Literal["cells", "llama.cpp"] = "cells"
    more: tuple[Source, ...] = ()
    """Further sides that the first is compared with."""
    alpha: float = 0.05
    """One minus the level of the intervals of estimates."""
    statistics: bool = True
    """Whether the statistics of a batch's rows are reported; bare numbers have none."""
    intervals: bool = True
    """Whether the estimates of measures but KL are reported; a short text has none."""
    by: str | None = None
    """The column whose values are segments."""
    max_segments: int = 200

    @property
    def every(self) -> tuple[Source, ...]:
        """All sides, the first of which is compared with each of the others."""
        return (*self.sources, *self.more)


class MatrixSettings(NamedTuple):
    """Everything that a matrix is asked for."""

    sources: tuple[Source, ...]
    smoothing: Smoothing
    measures: tuple[str, ...] = ("kl_pq",)
    base: Base = "e"
    temperature: float = 1.0
    strict: bool = False


class CheckSettings(NamedTuple):
    """Everything that a check is asked for."""

    sources: tuple[Source, Source]
    rules: Rules
    limits: Limits
    dataset: str
    block: int | None = None
    top: int = 10
    strict: bool = False

    @property
    def is_gate(self) -> bool:
        """Whether models are judged, by their logits or log-probabilities."""
        return self.sources[0].kind in LOG_KINDS


class ProfileSettings(NamedTuple):
    """Everything that a profile is asked for, but for its sources."""

    rules: Rules
    options: ReadOptions
    kind: str | None = None
    min_count: int = 0
    strict: bool = False


class CalibrateSettings(NamedTuple):
    """Everything that a calibration is asked for, but for its windows."""

    rules: Rules
    options: ReadOptions
    kind: str | None = None
    alpha: float = 0.05
    strict: bool = False


KINDS = ("probabilities", "counts", "weights", "logits", "log-probs", "samples")
KINDS_OF_CHECK = ("samples", "counts", "probabilities", "weights", *LOG_KINDS)
KINDS_OF_PROFILE = ("samples", "counts")
KINDS_OF_MATRIX = tuple(kind for kind in KINDS if kind != "samples")
KINDS_OF = {
    "calibrate": KINDS_OF_PROFILE,
    "check": KINDS_OF_CHECK,
    "matrix": KINDS_OF_MATRIX,
    "profile": KINDS_OF_PROFILE,
}
"""The kinds of numbers that some commands know; the others know them all."""
READING: dict[str, Validator] = {
    # Any field that has no row below is a text, which the reader checks.
    **dict.fromkeys(ReadOptions._fields, per_side(validation.text)),
    "kind": per_side(among(*KINDS)),
    "skip_rows": per_side(whole(0)),
    "header": per_side(validation.anything),
    "total_row": per_side(among("drop", "keep")),
    "where": per_side(validation.condition),
    "duplicates": among("error", "sum"),
    "max_inflated": optional(size(0)),
    "max_header": optional(size(0)),
    "dtype": per_side(among("bfloat16")),
    "memory_limit": optional(size(1)),
    "threads": optional(whole(1)),
    "flatten": validation.anything,
}
READING["input_format"] = READING.pop("format")
# These are said of raw rows, too, and once for both sides.
del READING["na"], READING["joint"], READING["by"]
COLUMNS: dict[str, Validator] = {
    "column": validation.texts,
    "exclude": validation.texts,
    "joint": validation.several,
    "map": validation.renames,
    "columns": optional(validation.columns),
    "bins": optional(whole(1)),
    "missing": among("category", "drop", "error"),
    "na": validation.texts,
    "max_outcomes": whole(1),
    "row_weight": optional(validation.named),
    "frequency": optional(validation.named),
}
INSPECT: dict[str, Validator] = {**READING, "na": COLUMNS["na"], "joint": COLUMNS["joint"]}
MAXIMA: dict[str, Validator] = {
    f"max_{measure}": validation.limit_of(measure) for measure in LIMITED
}
JUDGING: dict[str, Validator] = {
    **MAXIMA,
    "alpha": validation.level,
    "adjust": among("bh", "none"),
    "max_new": optional(validation.limit),
    "max_missing_shift": optional(validation.limit),
    "history": optional(validation.history),
}
SHOWING: dict[str, Validator] = {
    "names": validation.pair,
    "top": whole(0),
    "strict": validation.anything,
}
COMPARE: dict[str, Validator] = {
    **READING,
    **COLUMNS,
    **SHOWING,
    "names": validation.names,
    "measures": optional(validation.measures),
    "base": validation.base,
    "smoothing": validation.smoothing,
    "temperature": validation.temperature,
    "reduction": among("batchmean", "mean", "sum", "none"),
    "fail_above": optional(validation.limits),
    "estimate": validation.anything,
    "alpha": validation.level,
    "targets": validation.targets,
    "block": optional(whole(1)),
    "kld_rule": among("cells", "llama.cpp"),
    "by": optional(validation.named),
    "max_segments": whole(1),
}
MATRIX: dict[str, Validator] = {
    **INSPECT,
    **{name: COMPARE[name] for name in ("measures", "base", "smoothing", "temperature", "strict")},
    "names": optional(validation.names),
}
CHECK: dict[str, Validator] = {
    **READING,
    **COLUMNS,
    **JUDGING,
    **SHOWING,
    "block": optional(whole(1)),
    "serial": validation.flag,
    "cluster": optional(validation.named),
    "by": optional(validation.named),
    "max_segments": whole(1),
    "dataset": optional(validation.named),
    "kind": per_side(among(*KINDS_OF_CHECK)),
}
# The file of a project serves several commands.
PROJECT: dict[str, Validator] = {
    **COLUMNS,
    **JUDGING,
    "memory_limit": READING["memory_limit"],
    "threads": READING["threads"],
    "top": whole(0),
    "dataset": validation.named,
    "min_count": whole(0),
    "fail_on": among("drift", "inconclusive"),
    "serial": validation.flag,
    "cluster": validation.named,
    "by": validation.named,
    "max_segments": whole(1),
}
PROFILE: dict[str, Validator] = {**READING, **PROJECT, "strict": validation.anything}
PROFILE["kind"] = per_side(among(*KINDS_OF_PROFILE))
# A profile holds missing values apart, whatever a check will make of them, and raw rows; and has
# its own name.
del PROFILE["missing"], PROFILE["flatten"], PROFILE["dataset"], PROFILE["map"]
# Which rows belong together is asked where they are judged; blocks of rows can be kept.
del PROFILE["cluster"]
# A profile has no segments.
del PROFILE["by"], PROFILE["max_segments"]
# Windows are of rows that count once, are alike as wholes, and are judged by no limit.
_NOT_OF_WINDOWS = {"row_weight", "frequency", "serial", "top", "min_count", "fail_on", *JUDGING}
CALIBRATE: dict[str, Validator] = {
    **{name: PROFILE[name] for name in PROFILE if name not in _NOT_OF_WINDOWS - {"alpha"}},
    "missing": COLUMNS["missing"],
}
# What one run counts together is no setting of a project.
del PROJECT["joint"]


def compare_settings(
    sources: Sequence[object], options: Mapping[str, object], spell: Spelling = str
) -> CompareSettings:
    """Return the settings of `compare` from its arguments.

    Parameters
    ----------
    sources : sequence of object
        P, Q, and further sides that P is compared with; where Q is None, two weights of P are
        compared.
    options : mapping of str to object
        The keyword arguments.
    spell : callable
        Tells how the user wrote their names.

    Raises
    ------
    UsageError
        If an option has a wrong value, or cannot be used by this kind of input.
    TypeError
        If there is no such option.
    """
    from kldiv_cli.core.measures import DEFAULT_MEASURES
    from kldiv_cli.core.smoothing import Smoothing

    given = _checked("compare", COMPARE, options, spell)
    names = given.pop("names", (None,) * len(sources))
    _check_names(sources, names)
    sides = _sources(sources[:2], {**given, "names": names[:2]})
    more = tuple(
        _source(source, 1, {**given, "names": (None, name)})
        for source, name in zip(sources[2:], names[2:], strict=True)
    )
    targets = given.get("targets")
    _check_several([*sources, targets and targets.source], names)
    _check_delta_p(given.get("fail_above") or {}, has_targets=targets is not None)
    raw = (sides[0].kind == "samples", sides[1].kind == "samples")
    if sides[1].source is None and any(raw):
        message = "raw rows are compared with others, and there is one source"
        hint = "name a second file, or two values: --where COLUMN=BEFORE --where COLUMN=AFTER"
        raise UsageError("one-side", message, hint=hint)
    rules = _made(Rules, given, asked=frozenset(given))
    for each in rules.columns.values():
        for measure in each.limits:
            message = f"max_{measure} is a limit of a check, and a comparison has none"
            raise UsageError("usage", message)
    names = [name for name in COLUMNS if name not in ("na", "joint")]
    why = "is for tables of weights; of raw rows a check has segments"
    counts = "leave {} out; --as counts if this is a table of counts"
    refusals = (
        Refusal(("by",), (not any(raw),) * 2, why, counts),
        _refusal_of_segments(given),
        Refusal(names, (any(raw),) * 2, "is for raw rows", "--as samples, or leave {} out"),
        Refusal(("map",), (all(raw),) * 2, "is for raw rows on both sides", "leave {} out"),
        *_refusals(sides, raw),
    )
    _refuse(refusals, given, spell)
    _refuse_for_weights(rules, spell)
    defaults = {"measures": tuple(DEFAULT_MEASURES), "smoothing": Smoothing()}
    chosen = rules if any(raw) else None
    if (by := given.get("by")) is not None:
        _refuse_beside_segments(given, by, (*sides, *more), spell)
        first, second = (one._replace(options=one.options._replace(by=by)) for one in sides)
        sides = first, second
    # P is the current side.
    sides = (sides[0]._replace(map=given.get("map", {})), sides[1])
    return _made(CompareSettings, {**defaults, **given}, sources=sides, rules=chosen, more=more)


def _refuse_beside_segments(
    given: Given, by: str, sides: Sequence[Source], spell: Spelling
) -> None:
    """Refuse what there is no rule for where a divergence is split by segments."""
    name = spell("by")
    if len(sides) > 2:
        message = f"{name} splits the divergence of two sides, and there are more"
        raise UsageError("usage", message, hint=f"leave {name} out")
    if any(side.options.label == by for side in sides):
        raise _holds_segments(by, name)
    if "joint" in given:
        raise _no_rule(name, spell("joint"))
    if "smoothing" in given and given["smoothing"].name != "none":
        raise _no_rule(name, spell("smoothing"))


def _no_rule(name: str, other: str) -> UsageError:
    """Return the error for an option of segments beside another that has no rule for them."""
    hint = f"leave {name} or {other} out"
    return UsageError("usage", f"{name} has no rule for {other}", hint=hint)


def _holds_segments(by: str, name: str) -> UsageError:
    """Return the error for a column of segments that is to be compared in each of these."""
    message = f"'{by[:60]}' makes the segments, in each of which it is the same"
    return UsageError("usage", message, hint=f"leave {name} out, or name another column")


def _check_names(sources: Sequence[object], names: Sequence[str | None]) -> None:
    """Refuse more names, or fewer, than there are sides."""
    if len(names) != len(sources):
        message = f"there are {len(sources)} sides and {len(names)} names"
        raise UsageError("usage", message, hint="give each side a name, or None")


def _check_several(sources: Sequence[object], names: Sequence[str | None]) -> None:
    """Refuse several inputs that are standard input, or sides that are called the same."""
    if [source for source in sources if isinstance(source, str)].count("-") > 1:
        raise UsageError("usage", "only one input can be standard input ('-')")
    given = [name for name in names if name is not None]
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        hint = "leave one of the names out, or give each side its own"
        raise UsageError("usage", f"two sides are called '{twice[:60]}'", hint=hint)


def _check_delta_p(limits: Mapping[str, float], *, has_targets: bool) -> None:
    """Refuse a limit on the probabilities of targets where there are none."""
    from kldiv_cli.core.measures import is_measure

    statistics = [name for name in limits if not is_measure(name)]
    if not statistics or has_targets:
        return
    from kldiv_cli.core.row_statistics import named_statistic

    for name in statistics:
        if named_statistic(name).rows == "delta_p":
            message = f"'{name}' is a statistic of the targets of rows, and there are none"
            raise UsageError("usage", message, hint="--targets FILE")


def check_settings(
    sources: Sequence[object],
    options: Mapping[str, object],
    spell: Spelling = str,
    project: Collection[str] = (),
) -> CheckSettings:
    """Return the settings of `check` from its arguments.

    Parameters
    ----------
    sources : pair of object
        The reference and the current data.
    options : mapping of str to object
        The keyword arguments.
    spell : callable
        Tells how the user wrote their names.
    project : collection of str
        Options that a project sets for all of its calls, and that are therefore not refused
        where they cannot be used.

    Raises
    ------
    UsageError
        If an option has a wrong value, or cannot be used by this kind of input.
    TypeError
        If there is no such option.
    """
    from kldiv_cli.core.judging import Limits

    given = _checked("check", CHECK, options, spell)
    sides = _models_known(_sources(sources, given))
    raw = (sides[0].kind in (None, "samples"), sides[1].kind in (None, "samples"))
    if sides[1].source is None and any(raw):
        message = "data are judged against a reference, and there is one source of rows"
        hint = "name a second file, or two values: --where COLUMN=BEFORE --where COLUMN=AFTER"
        if sides[0].options != sides[1].options:
            hint = "--as counts, --as probabilities or --as logits says what two weights are"
        raise UsageError("one-side", message, hint=hint)
    rules = _made(Rules, given, asked=given.keys() - {*project})
    typed = any(each.type for each in rules.columns.values())
    names = ("missing", "columns") if typed else ("missing",)
    kinds = {side.kind for side in sides}
    gate = _is_gate(sides)
    cells, exact = any(raw) or kinds == {"counts"}, kinds & {"probabilities", "weights"}
    sets = (cells and not exact and sides[1].source is not None,) * 2
    why = "is for raw rows; beside a known distribution a table is taken as it is"
    refusals = (
        Refusal(names, (cells, cells), why, "leave {} out"),
        Refusal(("max_outcomes", "frequency"), (any(raw),) * 2, "is for raw rows", "leave {} out"),
        Refusal(("map",), sets, "renames columns of one of two data sets", "leave {} out"),
        Refusal(("by",), (all(raw),) * 2, "is for raw rows on both sides", "leave {} out"),
        _refusal_of_segments(given),
        Refusal(
            ("serial", "cluster"),
            (all(raw),) * 2,
            "is for raw rows on both sides",
            "leave {} out",
        ),
        Refusal(
            (
                "column",
                "exclude",
                "max_new",
                "max_missing_shift",
                "history",
                *[name for name in MAXIMA if name != "max_kl"],
            ),
            (not gate,) * 2,
            "is for columns of data, and a gate of models has none",
            "leave {} out",
        ),
        Refusal(
            ("block",),
            (gate,) * 2,
            "is for the rows of models",
            "leave {} out; --as logits if these are logits",
        ),
        *_refusals(sides, raw),
    )
    _refuse(refusals, given, spell, project)
    _refuse_for_weights(rules, spell)
    own = {name: each.limits for name, each in rules.columns.items() if each.limits}
    limits = _made(Limits, given, of_columns=own)
    if all(raw) and not gate:
        _refuse_for_groups(rules, limits, spell)
        # Rows that stand for several have lost their order.
        rules = rules._replace(looks_at_order=rules.frequency is None)
    sides = (sides[0], sides[1]._replace(map=given.get("map", {})))
    dataset = given.pop("dataset", None) or name_of_data_set(sides[0].source, sides[0].name)
    return _made(CheckSettings, given, sources=sides, rules=rules, limits=limits, dataset=dataset)


def _refuse_for_groups(rules: Rules, limits: Limits, spell: Spelling) -> None:
    """Refuse what there is no rule for where rows are grouped, or weigh."""
    if rules.by is not None:
        _refuse_for_segments(rules, spell)
    given = [each for each in ("row_weight", "cluster", "serial") if getattr(rules, each)]
    if not given:
        return
    name = spell(given[0])
    if limits.history is not None and rules.row_weight is not None:
        message = f"{name} has no rule for limits from past windows"
        raise UsageError("usage", message, hint=f"leave {name} out")
    if rules.serial and rules.cluster is not None:
        message = f"{name} says which rows depend on each other, and {spell('serial')} that"
        hint = f"leave {spell('serial')} out"
        raise UsageError("usage", f"{message} neighbours do", hint=hint)
    if rules.joint:
        message = f"{name} has no rule for columns that are counted together"
        raise UsageError("usage", message, hint=f"leave {spell('joint')} out")
    if any("tv" in limits.of(each) for each in ("", *limits.of_columns)):
        message = f"{name} has no rule for the total variation"
        raise UsageError("usage", message, hint=f"leave {spell('max_tv')} out")


def _refuse_for_weights(rules: Rules, spell: Spelling) -> None:
    """Refuse what there is no rule for where rows weigh, or stand for several."""
    for name in ("row_weight", "frequency"):
        column = getattr(rules, name)
        if column is not None and column in (*rules.column, *rules.joint):
            message = f"'{column[:60]}' says for how many a row stands, and is no data"
            hint = f"leave {spell(name)} out, or name another column"
            raise UsageError("usage", message, hint=hint)
    if rules.row_weight is None:
        return
    name = spell("row_weight")
    if rules.row_weight == rules.frequency:
        message = f"'{rules.frequency[:60]}' says what a row weighs, or how often it stands there"
        hint = f"leave {name} or {spell('frequency')} out"
        raise UsageError("usage", message, hint=hint)
    for other in ("serial", "cluster", "by", "joint"):
        if getattr(rules, other):
            raise _no_rule(name, spell(other))


def _refuse_for_segments(rules: Rules, spell: Spelling) -> None:
    """Refuse what there is no rule for where columns are judged by segments."""
    name = spell("by")
    if rules.by in rules.column:
        raise _holds_segments(rules.by or "", name)
    for other in ("serial", "cluster", "joint"):
        if getattr(rules, other):
            raise _no_rule(name, spell(other))


def _models_known(sides: tuple[Source, Source]) -> tuple[Source, Source]:
    """Return both sides as logits where nothing is said of them and one says that it is a model.

    Beside a base file, which holds log-probabilities, numbers are logits.
    """
    if not any(side.kind is None and readers.is_model(side.source) for side in sides):
        return sides
    first, second = (
        side._replace(kind="logits", options=side.options._replace(kind="logits"))
        if side.kind is None
        else side
        for side in sides
    )
    return first, second


def _is_gate(sides: tuple[Source, Source]) -> bool:
    """Return whether two models are judged, and refuse a model beside anything else."""
    logs = [side.kind in LOG_KINDS for side in sides]
    if any(logs) and not all(logs):
        model, other = sides if logs[0] else sides[::-1]
        raw = other.kind in (None, "samples")
        message = "a model is judged by logits or log-probabilities of both sides, and one holds"
        hint = f"--as {model.kind} if both do"
        if not raw:
            hint += "; kldiv compare takes such a pair"
        raise UsageError("usage", f"{message} {'raw rows' if raw else other.kind}", hint=hint)
    return all(logs)


def name_of_data_set(reference: object, name: str | None = None) -> str:
    """Return the name of a data set that is called nothing: the path of its reference.

    It stays the same from run to run, as the path is that which was given, but for what it says
    of its format. An object in memory may have a name instead.
    """
    if not isinstance(reference, str | os.PathLike) and name:
        return name
    return readers.location(reference) or NO_NAME


def right_options(table: Mapping[str, Validator], options: Given) -> dict[str, Any]:
    """Return those options that have a right value, checked; the others are left out."""
    found = {}
    for name in [name for name in options if name in table]:
        with suppress(UsageError):
            found[name] = table[name](name, options[name])
    return found


def profile_settings(
    options: Mapping[str, object],
    spell: Spelling = str,
    project: Collection[str] = (),
    *,
    like: bool = False,
) -> ProfileSettings:
    """Return the settings of a profile.

    Parameters
    ----------
    options, spell, project
        See `check_settings`.
    like : bool
        Whether columns, types and edges are taken from another profile.

    Raises
    ------
    UsageError
        If an option has a wrong value or is given twice, or if `like` leaves it nothing to say.
    """
    _refuse_twice(options, "an option that says how to read is given once, for all DATA")
    given = _checked("profile", PROFILE, options, spell)
    why = "says nothing beside --like, which takes columns, types and edges from a profile"
    names = ("column", "exclude", "columns", "bins")
    beside = Refusal(names, (not like,) * 2, why, "leave {} or --like out")
    _refuse([beside], given, spell, project)
    source = _source(None, 0, given)
    why = "is for a table of counts, and these are raw rows"
    tables, raw = (source.kind == "counts",) * 2, (source.kind != "counts",) * 2
    refusals = (
        Refusal(("label", "weight", "duplicates", "total_row"), tables, why, "--as counts"),
        Refusal(("row_weight", "frequency"), raw, "is for raw rows", "leave {} out"),
    )
    _refuse(refusals, given, spell)
    rules = _made(Rules, given, asked=given.keys() - {*project})
    _refuse_for_weights(rules, spell)
    if rules.serial and rules.joint:
        raise _no_rule(spell("serial"), spell("joint"))
    return _made(
        ProfileSettings, {**given, "kind": source.kind}, rules=rules, options=source.options
    )


def calibrate_settings(
    options: Mapping[str, object], spell: Spelling = str, project: Collection[str] = ()
) -> CalibrateSettings:
    """Return the settings of a calibration.

    Raises
    ------
    UsageError
        If an option has a wrong value or is given twice.
    TypeError
        If there is no option of a name.
    """
    for name in options:
        # A profile has options that windows have not.
        if name not in CALIBRATE:
            raise _unexpected("calibrate", name)
    alpha = PROFILE["alpha"](spell("alpha"), options.get("alpha", 0.05))
    missing = COLUMNS["missing"](spell("missing"), options.get("missing", "category"))
    rest = {name: value for name, value in options.items() if name not in ("alpha", "missing")}
    counted = profile_settings(rest, spell, project)
    return CalibrateSettings(
        counted.rules._replace(missing=missing),
        counted.options,
        counted.kind,
        alpha,
        strict=counted.strict,
    )


def inspect_settings(file: object, options: Mapping[str, object], spell: Spelling = str) -> Source:
    """Return the file of an inspection, and how it is to be read.

    Raises
    ------
    UsageError
        If an option has a wrong value, is given twice, or cannot be used by raw rows.
    """
    _refuse_twice(options, "one file is inspected, so every option is given once")
    given = _checked("inspect", INSPECT, options, spell)
    source = _source(file, 0, given)
    raw = source.kind == "samples"
    _refuse(_refusals((source, source), (raw, raw)), given, spell)
    return source


def matrix_settings(
    sources: Sequence[object], options: Mapping[str, object], spell: Spelling = str
) -> MatrixSettings:
    """Return the settings of `matrix` from its arguments.

    Parameters
    ----------
    sources : sequence of object
        The distributions, in the order of the rows and columns.
    options, spell
        See `compare_settings`.

    Raises
    ------
    UsageError
        If there are no two sources, or an option has a wrong value, is given twice, or cannot be
        used by this kind of input.
    TypeError
        If there is no such option.
    """
    from kldiv_cli.core.smoothing import Smoothing

    if len(sources) < 2:
        found = "is one" if sources else "is none"
        message = f"a matrix compares two distributions or more, and there {found}"
        raise UsageError("one-side", message, hint="kldiv matrix P Q takes two files")
    _refuse_twice(options, "an option that says how to read is given once, for all files")
    given = _checked("matrix", MATRIX, options, spell)
    names = given.pop("names", (None,) * len(sources))
    _check_names(sources, names)
    _check_several(sources, names)
    every = tuple(
        _source(source, 0, {**given, "names": (name, None)})
        for source, name in zip(sources, names, strict=True)
    )
    if every[0].kind == "samples":
        message = "a matrix compares whole distributions, and raw rows are compared by columns"
        hint = "kldiv compare P Q --as samples does"
        raise UsageError("usage", message, hint=hint)
    files = [side for side in every if isinstance(side.source, str | os.PathLike)]
    _refuse(_refusals(((files or every)[0], every[-1]), (False, False)), given, spell)
    return _made(MatrixSettings, {"smoothing": Smoothing(), **given}, sources=every)


def refuse_foreign(options: Sequence[ReadOptions], formats: Sequence[str]) -> None:
    """Refuse an option for reading that the formats of the inputs have no use for.

    Parameters
    ----------
    options : sequence of ReadOptions
        How each input was to be read. An option that is the same for all was given once, and it is
        enough if one of them has a use for it.
    formats : sequence of str
        What each input turned out to be; an object in memory is none of `FORMATS`.

    Raises
    ------
    UsageError
        If there is such an option.
    """
    for name in OF_SOME:
        values = [getattr(each, name) for each in options]
        useless = [
            form
            for value, form in zip(values, formats, strict=True)
            if value != _DEFAULTS[name] and form in FORMATS and name not in FORMATS[form].options
        ]
        if useless and (len(set(values)) > 1 or len(useless) == len(formats)):
            why = f"the option '{name}' has no meaning for the format {useless[0]}"
            hint = f"leave --{name.replace('_', '-')} out for this format"
            raise UsageError("usage", why, hint=hint)


def refuse_for_profiles(rules: Rules) -> None:
    """Refuse options for counting raw rows where all sides are profiles, which are counted.

    Raises
    ------
    UsageError
        If this call gives such an option.
    """
    own = "columns" in rules.asked and any(each.na for each in rules.columns.values())
    if "na" in rules.asked or own:
        why = "the option 'na' is for raw rows, and profiles are counted already"
        raise UsageError("usage", why, hint="leave --na out")
    if "max_outcomes" in rules.asked:
        why = "the option 'max_outcomes' is for raw rows, and profiles are counted already"
        raise UsageError("usage", why, hint="leave --max-outcomes out")
    if "frequency" in rules.asked:
        why = "the option 'frequency' is for raw rows, and profiles are counted already"
        raise UsageError("usage", why, hint="leave --frequency out")


def refuse_duplicates(options: Sequence[ReadOptions]) -> None:
    """Refuse to add up labels that repeat where outcomes are known by position.

    Raises
    ------
    UsageError
        If an option asks for it.
    """
    if any(each.duplicates != "error" for each in options):
        why = "the option 'duplicates' is for labels that repeat, and these outcomes have none"
        raise UsageError("usage", why, hint="leave --duplicates out")


def contributions_of_batch() -> UsageError:
    """Return the error for a batch of which the contributions of outcomes are asked for."""
    message = "the contributions of single outcomes are not listed for a batch"
    hint = "--rows FILE instead of --top writes the measures of every row; leave --top out"
    return UsageError("usage", message, hint=hint)


_NOTHING: tuple[object, ...] = (None, (), {}, (None, None))
_DEFAULTS = {**ReadOptions._field_defaults, **Rules._field_defaults}


def _checked(
    function: str, table: Mapping[str, Validator], options: Given, spell: Spelling
) -> dict[str, Any]:
    """Check options by a table, and leave out those that say no more than their defaults."""
    given = {}
    for name, option in options.items():
        if name not in table:
            raise _unexpected(function, name)
        value = table[name](spell(name), option)
        if value not in _NOTHING and value != _DEFAULTS.get(name):
            given[name] = value
    return given


def _unexpected(function: str, name: str) -> TypeError:
    """Return the error for an option that a function does not have, in Python's own words."""
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}")


def _made(settings: type[Made], given: Given, **more: Any) -> Made:
    """Return a named tuple of the options that are its fields."""
    fields: tuple[str, ...] = settings._fields  # type: ignore[attr-defined]
    return settings(**{name: given[name] for name in fields if name in given}, **more)


def _sources(sources: Sequence[object], given: Given) -> tuple[Source, Source]:
    """Return both sides, each with the options that are for it."""
    if [os.fspath(one) for one in sources if isinstance(one, str | os.PathLike)] == ["-", "-"]:
        raise UsageError("usage", "only one side can be standard input ('-')")
    conditions = given.get("where", (None, None))
    if sources[1] is None and None not in conditions and conditions[0] != conditions[1]:
        # Both sides are rows of one source.
        sources = (sources[0], sources[0])
        names = _names_of_rows(conditions, given.get("names", (None, None))[0])
        given = {**given, "names": names}
    first, second = given.get("names", (None, None))
    if first is not None and first == second:
        hint = "leave one of the names out, or give each side its own"
        raise UsageError("usage", f"both sides are called '{first[:60]}'", hint=hint)
    return _source(sources[0], 0, given), _source(sources[1], 1, given)


def _names_of_rows(conditions: tuple[str, str], name: str | None) -> tuple[str, str]:
    """Return what rows of one source are called: by their values, where these tell them apart."""
    (column, _, value), (other_column, _, other_value) = (one.partition("=") for one in conditions)
    values = (
        (value, other_value) if column == other_column and value and other_value else conditions
    )
    return values if name is None else (f"{name} {values[0]}", f"{name} {values[1]}")


def _source(source: object, side: int, given: Given) -> Source:
    """Return one side with the options that are for it."""
    said = {name: _per_side(name, given[name])[side] for name in READING if name in given}
    said = {name: value for name, value in said.items() if value is not None}
    kind = said.pop("kind", None)
    if "input_format" in said:
        said["format"] = said.pop("input_format")
    if said.get("thousands") == ".":
        said.setdefault("decimal", ",")
    if joint := given.get("joint"):
        if "label" in said:
            message = "the outcomes are in one column, or in several together"
            raise UsageError("usage", message, hint="leave --label or --joint out")
        said["joint"] = joint
    na = frozenset(given.get("na", ()))
    options = ReadOptions(kind if kind != "samples" else None, na=na, **said)
    return Source(source, kind, options, given.get("names", (None, None))[side])


def _per_side(name: str, value: Any) -> tuple[Any, Any]:
    """Return the values of an option for either side."""
    return value if name in READING and isinstance(value, tuple) else (value, value)


def _refuse_twice(options: Mapping[str, object], message: str) -> None:
    """Refuse an option that says how to read, and is given twice where there are no two sides."""
    for name in READING:
        if isinstance(value := options.get(name), list | tuple) and len(value) > 1:
            raise UsageError("usage", message)


class Refusal(NamedTuple):
    """Options that a side may have no use for."""

    names: Iterable[str]
    able: tuple[bool, bool]
    """Whether either side can use them."""
    why: str
    """What is wrong if not."""
    hint: str
    """What to do then; braces stand for the option."""


def _refusal_of_segments(given: Given) -> Refusal:
    """Return the refusal of a number of segments where nothing makes any."""
    why = "is for segments, which 'by' makes"
    return Refusal(("max_segments",), (given.get("by") is not None,) * 2, why, "leave {} out")


def _refusals(sides: tuple[Source, Source], raw: tuple[bool, bool]) -> Iterator[Refusal]:
    """Yield the refusals that all commands share; `raw` tells which sides are raw rows."""
    tables = (not raw[0], not raw[1])
    counts = "--as counts if this is a table of counts"
    why = "is for raw rows on both sides"
    yield Refusal(("bins", "row_weight"), (all(raw),) * 2, why, "leave {} out")
    why = "chooses a column of a distribution, and these are raw rows"
    yield Refusal(("label", "weight"), tables, why, f"leave {{}} out; {counts}")
    why = "is for repeated labels of a table, and these are raw rows"
    yield Refusal(("duplicates",), tables, why, f"leave {{}} out; {counts}")
    why = "is for a table of counts or weights, and these are raw rows"
    yield Refusal(("total_row",), tables, why, f"leave {{}} out; {counts}")
    why = "makes one distribution of an array, and these are raw rows"
    yield Refusal(("flatten",), tables, why, "leave {} out")
    first, second = (isinstance(side.source, str | os.PathLike) for side in sides)
    # Without a second source both sides come from the first.
    files = (first, first if sides[1].source is None else second)
    names = (
        "input_format", "encoding", "delimiter", "thousands", "skip_rows", "header", "comment",
        "escape", "max_inflated", "max_header", "dtype",
    )  # fmt: skip
    why = "says how a file is read, and this is an object in memory"
    yield Refusal(names, files, why, "leave {} out")


def _refuse(
    refusals: Iterable[Refusal], given: Given, spell: Spelling, project: Collection[str] = ()
) -> None:
    """Raise the refusal of an option that no side for which it is given can use.

    An option that is given once is for both sides, of which one suffices.
    """
    for each in refusals:
        for name in [name for name in each.names if name in given and name not in project]:
            first, second = _per_side(name, given[name])
            able = each.able
            lost = (first is not None and not able[0], second is not None and not able[1])
            if all(lost) if first == second else any(lost):
                word = spell(name)
                raise UsageError("usage", f"{word} {each.why}", hint=each.hint.format(word))
