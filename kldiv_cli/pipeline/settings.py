"""What the user says about a check: which columns, how they are counted, what is accepted."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kldiv_cli.core.binning import Bins
from kldiv_cli.core.dataset import MOST_OUTCOMES, Wanted, unknown_column
from kldiv_cli.core.inference.verdict import LEAST_ALPHA
from kldiv_cli.core.judging import Limits
from kldiv_cli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from kldiv_cli.core.counts import Type

TYPES = ("categorical", "numeric")
MISSING = ("category", "drop", "error")
ADJUST = ("bh", "none")
_LIMITS = Limits()


class ColumnRules(NamedTuple):
    """What the user says about one column."""

    type: Type | None = None
    max_kl: float | None = None
    bins: int | tuple[float, ...] | None = None
    """How many bins, or their edges."""


class Rules(NamedTuple):
    """How columns are chosen and counted."""

    column: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    columns: Mapping[str, ColumnRules] = {}
    bins: int | None = None
    missing: Literal["category", "drop", "error"] = "category"
    na: tuple[str, ...] = ()
    max_outcomes: int = MOST_OUTCOMES

    def typed(self, type: Type) -> frozenset[str]:
        """Return the columns that the user says are of this type."""
        return frozenset(name for name, rules in self.columns.items() if rules.type == type)

    def of(self, name: str) -> ColumnRules:
        """Return the rules of a column; empty ones where the user gave none."""
        return self.columns.get(name, ColumnRules())

    def excludes(self, name: str) -> bool:
        """Return whether a column is left out by its name, or by a pattern."""
        return any(name == word or fnmatchcase(name, word) for word in self.exclude)

    def wants(self, name: str) -> bool:
        """Return whether a column is to be judged."""
        return self.counting().wants(name)

    def check_names(self, names: Collection[str], source: str) -> None:
        """Refuse the name of a column that is not there; a pattern may match nothing.

        Raises
        ------
        InputError
            If one is not there.
        """
        exact = [word for word in self.exclude if not set(word) & set("*?[")]
        for word in (*self.column, *self.columns, *exact):
            if word not in names:
                raise unknown_column(word, list(dict.fromkeys(names)), source)

    def counting(self) -> Wanted:
        """Return what the readers need to know."""
        return Wanted(
            columns=frozenset(self.column) or None,
            numeric=self.typed("numeric"),
            categorical=self.typed("categorical"),
            named=frozenset(self.columns),
            excluded=self.excludes,
            na=frozenset(self.na),
            forbid_missing=self.missing == "error",
            most_outcomes=self.max_outcomes,
        )


def rules_of(
    column: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    bins: int | None = None,
    missing: str = "category",
    na: str | Sequence[str] = (),
    max_outcomes: int = MOST_OUTCOMES,
) -> Rules:
    """Return how columns are counted, from the arguments of `check`.

    Raises
    ------
    UsageError
        If one of them is not what it should be.
    """
    if not isinstance(columns or {}, Mapping):
        found = type(columns).__name__
        message = f"columns maps names to settings, found a {found}; 'column' chooses some"
        raise UsageError("usage", message, hint="columns={'age': {'max_kl': 0.1}}")
    return Rules(
        column=words("column", column),
        exclude=words("exclude", exclude),
        columns={name: column_rules(name, given) for name, given in (columns or {}).items()},
        bins=whole("bins", bins, 1),
        missing=among("missing", missing, MISSING),
        na=words("na", na),
        max_outcomes=whole("max_outcomes", max_outcomes, 1) or 1,
    )


def limits_of(
    rules: Rules,
    max_kl: float = _LIMITS.max_kl,
    alpha: float = _LIMITS.alpha,
    adjust: str = _LIMITS.adjust,
    max_new: float | None = _LIMITS.max_new,
    max_missing_shift: float | None = _LIMITS.max_missing_shift,
) -> Limits:
    """Return what is accepted, from the arguments of `check`.

    Raises
    ------
    UsageError
        If one of them is not what it should be.
    """
    if limit("alpha", alpha, 1.0) < LEAST_ALPHA:
        message = f"alpha is a number from {LEAST_ALPHA:g} to below 1, found {str(alpha)[:60]}"
        raise UsageError("usage", message)
    own = {name: each.max_kl for name, each in rules.columns.items() if each.max_kl is not None}
    shift = "max_missing_shift"
    return Limits(
        max_kl=limit("max_kl", max_kl, math.inf),
        max_kl_of=own,
        alpha=float(alpha),
        adjust=among("adjust", adjust, ADJUST),
        max_new=None if max_new is None else limit("max_new", max_new, math.inf),
        max_missing_shift=(
            None if max_missing_shift is None else limit(shift, max_missing_shift, math.inf)
        ),
    )


def words(name: str, value: object) -> tuple[str, ...]:
    """Return one word, or several, as several.

    Raises
    ------
    UsageError
        If they are none.
    """
    several = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else value
    found = tuple(several)
    for word in found:
        if not isinstance(word, str):
            raise UsageError("usage", f"{name} is text, or a list of texts; found {word!r}")
    return found


def among(name: str, value: Any, choices: tuple[str, ...]) -> Any:
    """Return a value that must be one of some.

    Raises
    ------
    UsageError
        If it is not.
    """
    if value in choices:
        return value
    raise UsageError("usage", f"{name} is one of {', '.join(choices)}; found {value!r}")


def limit(name: str, value: object, top: float) -> float:
    """Return a number from 0 to below `top`.

    Raises
    ------
    UsageError
        If it is not one.
    """
    try:
        number = math.nan if isinstance(value, bool | str) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (0 <= number < top):
        wanted = "between 0 and 1" if top == 1 else ">= 0"
        raise UsageError("usage", f"{name} is a number {wanted}, found {str(value)[:60]}")
    return number


def whole(name: str, value: object, least: int) -> int | None:
    """Return a whole number of at least `least`, or None.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError("usage", f"{name} is a whole number of at least {least}, found {value!r}")
    return value


def column_rules(name: object, given: object) -> ColumnRules:
    """Return the rules of one column, from a mapping with the keys of `ColumnRules`.

    What has bins is numeric.

    Raises
    ------
    UsageError
        If it is none of one.
    """
    what = f"columns[{name!r}]"
    if not isinstance(name, str) or not isinstance(given, Mapping):
        raise UsageError("usage", f"{what}: expected the rules of a column, found {given!r}")
    unknown = [key for key in given if key not in ColumnRules._fields]
    if unknown:
        hint = did_you_mean(str(unknown[0]), list(ColumnRules._fields))
        raise UsageError("usage", f"{what} has no key {unknown[0]!r}", hint=hint)
    type_, max_kl, bins = (given.get(key) for key in ColumnRules._fields)
    if type_ is not None:
        among(f"{what}: type", type_, TYPES)
    if isinstance(bins, list | tuple):
        if not bins or any(isinstance(edge, bool | str) for edge in bins):
            raise UsageError("usage", f"{what}: bins: expected edges, found {list(bins)!r}")
        try:
            bins = Bins(tuple(float(edge) for edge in bins)).edges
        except (TypeError, ValueError, OverflowError) as error:
            raise UsageError("usage", f"{what}: bins: {error}") from None
    else:
        bins = whole(f"{what}: bins", bins, 1)
    if bins is not None and type_ == "categorical":
        raise UsageError("usage", f"{what}: bins are for numeric columns")
    own = None if max_kl is None else limit(f"{what}: max_kl", max_kl, math.inf)
    return ColumnRules(type_ if bins is None else "numeric", own, bins)
