"""Checks of single options, for the command line, the file of a project, and Python.

A check takes the value of an option, and its name as the user wrote it: ``--max-kl``, ``'max-kl'``
or ``max_kl``. It returns the value in the form that the settings keep, or raises UsageError.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import infinity
from kldiv_cli.errors import WHOLE, UsageError, closest, did_you_mean
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from kldiv_cli.core.counts import Type
    from kldiv_cli.core.inference.history import History
    from kldiv_cli.core.smoothing import Smoothing

Validator = Callable[[str, Any], Any]


class ColumnRules(NamedTuple):
    """The user's rules for one column.

    `bins` is a number of bins, or their edges; `max_kl` and the others, the largest values of
    measures that are accepted.
    """

    type: Type | None = None
    max_kl: float | None = None
    bins: int | tuple[float, ...] | None = None
    na: tuple[str, ...] = ()
    """Texts that mean a missing value in this column, beside those that do in every one."""
    max_psi: float | None = None
    max_js: float | None = None
    max_js_distance: float | None = None
    max_hellinger: float | None = None
    max_tv: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are given, by the names of the measures."""
        given = self._asdict().items()
        return {
            name.removeprefix("max_"): limit
            for name, limit in given
            if name.startswith("max_") and limit is not None
        }


def flag(name: str, value: object) -> bool:
    """Check an option that is true or false."""
    if not isinstance(value, bool):
        raise _refused(name, "true or false", value)
    return value


def anything(name: str, value: Any) -> Any:
    """Return a value that is checked where it is used."""
    return value


def optional(check: Validator) -> Validator:
    """Return a check that also takes None, for an option that is not given."""
    return lambda name, value: None if value is None else check(name, value)


def per_side(check: Validator) -> Validator:
    """Return the check of an option that is given once for both sides, or once for each.

    The value becomes a pair, with None where nothing is said of a side.
    """

    def both(name: str, value: object) -> tuple[Any, Any]:
        given = value if isinstance(value, list | tuple) else (value,)
        if len(given) > 2:
            message = f"{name} is given {len(given)} times, but there are only two sides"
            raise UsageError("usage", message)
        sides = [optional(check)(name, one) for one in given or [None]]
        return sides[0], sides[-1]

    return both


def among(*choices: str) -> Validator:
    """Return the check of an option that is one of a few words."""

    def check(name: str, value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        close = closest(str(value)[:WHOLE], choices)
        hint = f"did you mean {close!r}?" if close else ""
        raise _refused(name, f"one of {', '.join(choices)}", value, hint)

    return check


def whole(least: int) -> Validator:
    """Return the check of an option that is a whole number of at least `least`."""

    def check(name: str, value: Any) -> int:
        try:
            number = least - 1 if isinstance(value, bool) else index(value)
        except TypeError:
            number = least - 1
        if number < least:
            raise _refused(name, f"a whole number >= {least}", value)
        return number

    return check


LARGEST = 1 << 63
"""Bytes that no file and no memory has."""


def size(least: int) -> Validator:
    """Return the check of an option that is a number of bytes of at least `least`, or 500MB.

    As DuckDB has it, kB, MB and GB are powers of 1000, and KiB, MiB and GiB powers of 1024.
    """

    def check(name: str, value: Any) -> int:
        number = value
        if isinstance(value, str):
            match = re.fullmatch(r"([0-9]{1,19})(?:([KMGT])(I?))?B?", value.upper())
            unit = 1024 if match and match[3] else 1000
            number = int(match[1]) * unit ** " KMGT".index(match[2] or " ") if match else -1
        try:
            number = -1 if isinstance(number, bool) else index(number)
        except TypeError:
            number = -1
        if not least <= number < LARGEST:
            raise _refused(name, f"a size such as 500MB, from {least} to below 2^63 bytes", value)
        return number

    return check


def real(wanted: str, fits: Callable[[float], bool]) -> Validator:
    """Return the check of an option that is a number; `wanted` describes those that fit."""

    def check(name: str, value: Any) -> float:
        try:
            number = math.nan if isinstance(value, bool | str) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not fits(number):
            raise _refused(name, wanted, value)
        return number

    return check


limit = real("a finite number >= 0", lambda number: 0 <= number < math.inf)


def limit_of(measure: str) -> Validator:
    """Return the check of the largest value of a measure that is accepted.

    It is one that the measure can have; infinity, or its name, accepts any.
    """

    def check(name: str, value: object) -> float:
        if isinstance(value, str) and infinity(value) == math.inf:
            return math.inf
        from kldiv_cli.core.measures import find

        found = find(measure)
        range = ">= 0" if math.isinf(found.most) else f"from 0 to {found.most:.4g}"
        if found.upper.startswith(("log", "sqrt")):
            range += f" ({found.upper})"
        wanted = f"a number {range}, or inf for a column that only warns"
        fits = real(wanted, lambda number: 0 <= number <= found.most or number == math.inf)
        return float(fits(name, value))

    return check


temperature = real("a number above 0", lambda number: 0 < number < math.inf)


def level(name: str, value: object) -> object:
    """Check the level of a test."""
    from kldiv_cli.core.inference.verdict import LEAST_ALPHA

    wanted = f"a number from {LEAST_ALPHA:g} to below 1"
    return real(wanted, lambda number: LEAST_ALPHA <= number < 1)(name, value)


def text(name: str, value: object) -> str:
    """Check a text."""
    if not isinstance(value, str):
        raise _refused(name, "text", value)
    return value


def named(name: str, value: object) -> str:
    """Check a name, which is a text that is not blank."""
    if not text(name, value).strip():
        raise _refused(name, "a name", value)
    return text(name, value)


def condition(name: str, value: object) -> str:
    """Check ``COLUMN=VALUE``, which chooses rows."""
    words = text(name, value)
    if words.find("=") < 1:
        raise _refused(name, "COLUMN=VALUE", value)
    return words


def renames(name: str, value: object) -> dict[str, str]:
    """Check names of columns by which others are meant: a mapping, or texts ``NEW=OLD``."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        pairs = [
            (new, old) for new, _, old in (word.partition("=") for word in texts(name, value))
        ]
    if not all(isinstance(word, str) and word for pair in pairs for word in pair):
        raise _refused(name, "NEW=OLD, two names of columns", value)
    for words in zip(*pairs, strict=True):
        if len(set(words)) < len(words):
            twice = next(word for word in words if words.count(word) > 1)
            raise UsageError(
                "usage", f"{name} has '{twice[:60]}' twice", hint="leave one of the two out"
            )
    return {new: old for new, old in pairs if new != old}


@dataclass(frozen=True, eq=False)
class Targets:
    """The source of the outcomes that came true: a path, or an array."""

    source: object


def targets(name: str, value: object) -> Targets | None:
    """Wrap the source of targets, which may be an array that is compared with nothing."""
    return None if value is None else Targets(value)


def sources(name: str, value: object) -> list[object]:
    """Check an argument that is several paths or data sets; a path or a table alone is one."""
    from kldiv_cli import readers

    if not isinstance(value, Iterable) or readers.is_one_source(value):
        message = f"{name} are several paths or data sets, and here is one"
        raise UsageError(
            "usage", f"{message}: {readers.source_name(value)}", hint="put it into a list"
        )
    return list(value)


def several(name: str, value: object) -> tuple[str, ...]:
    """Check names of columns that are taken together, of which there are at least two."""
    words = texts(name, value)
    if words and len(set(words)) < max(len(words), 2):
        raise _refused(name, "the names of two columns or more", value)
    return words


def texts(name: str, value: object) -> tuple[str, ...]:
    """Check texts; a single one needs no list around it."""
    several = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else value
    found = tuple(several)
    if isinstance(several, Mapping) or not all(isinstance(word, str) for word in found):
        raise _refused(name, "text, or a list of texts", value)
    return found


def pair(name: str, value: Any) -> tuple[Any, Any]:
    """Check a pair of values, one for each side."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _refused(name, "a pair, one for each side", value)
    return value[0], value[1]


def names(name: str, value: Any) -> tuple[str | None, ...]:
    """Check the names of all sides, with None for one that has none."""
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise _refused(name, "a pair, one for each side", value)
    return tuple(value)


def measures(name: str, value: object, others: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Check names of measures; each is kept once, and `others` may have been meant."""
    from kldiv_cli.core.measures import find

    asked = tuple(dict.fromkeys(texts(name, value)))
    for measure in asked:
        try:
            find(measure, others)
        except ValueError as error:
            message = str(error)
            if others and "did you mean" not in message:
                from kldiv_cli.core.row_statistics import Spread

                message += "; a limit of a batch may be on top_disagreement, delta_p_rms, kl_X"
                message += f" and kl_qp_X, with X of {', '.join(Spread._fields)}"
            hint = "'kldiv measures' lists them all"
            raise UsageError("unknown-measure", message, hint=hint) from None
    return asked


def limits(name: str, value: object) -> dict[str, float]:
    """Check a mapping of measures, or statistics of rows, to the largest values accepted."""
    if not isinstance(value, Mapping):
        wanted = "a mapping of measures to the largest values that are accepted"
        raise _refused(name, wanted, value)
    from kldiv_cli.core.measures import is_measure

    asked = texts(name, list(value))
    if not all(map(is_measure, asked)):
        from kldiv_cli.core.row_statistics import MEANT, is_statistic

        unknown = [word for word in asked if not is_measure(word) and not is_statistic(word)]
        measures(name, unknown, MEANT)
    return {measure: limit(f"{name} {measure}", value[measure]) for measure in asked}


def base(name: str, value: object) -> str:
    """Check the base of the logarithm."""
    from kldiv_cli.core.report import UNITS

    if str(value) in UNITS:
        return str(value)
    meant = [base for base, unit in UNITS.items() if unit == value]
    message = f"the base of the logarithm is e, 2 or 10; found {value!r}"
    raise UsageError("usage", message, hint=f"--base {meant[0]}" if meant else "")


def smoothing(name: str, value: object) -> Smoothing:
    """Check the name of a smoothing, and return the smoothing."""
    from kldiv_cli.core.smoothing import find

    try:
        return find(text(name, value))
    except ValueError as error:
        raise UsageError("usage", str(error)) from None


def columns(name: str, value: object) -> dict[str, ColumnRules]:
    """Check the rules for single columns, which are mappings by the columns' names."""
    if not isinstance(value, Mapping):
        found = type(value).__name__
        message = f"{name} maps names to settings, found a {found}; 'column' chooses some"
        raise UsageError("usage", message, hint="columns={'age': {'max_kl': 0.1}}")
    return {title: _column_rules(title, given) for title, given in value.items()}


def history(name: str, value: object) -> History:
    """Check limits from past windows, as ``kldiv calibrate`` finds them."""
    from kldiv_cli.core.inference.history import History

    if isinstance(value, History):
        value = value._asdict()
    if not isinstance(value, Mapping):
        raise _refused(name, "a table, as 'kldiv calibrate' writes it", value)
    for key in value:
        if key not in History._fields:
            hint = did_you_mean(str(key), History._fields)
            raise UsageError("usage", f"{name} has no key {key!r}", hint=hint)
    windows = whole(1)(f"{name}: windows", value.get("windows"))
    rows = value.get("rows")
    if not isinstance(rows, list | tuple) or len(rows) != 2:
        raise _refused(f"{name}: rows", "the rows of the smallest and the largest window", rows)
    least, most = (whole(1)(f"{name}: rows", side) for side in rows)
    given = value.get("kl", {})
    if not isinstance(given, Mapping) or not all(isinstance(title, str) for title in given):
        raise _refused(f"{name}: kl", "a table of columns and their limits", given)
    kl = {title: limit(f"{name}: kl of '{title[:60]}'", end) for title, end in given.items()}
    return History(windows, (min(least, most), max(least, most)), kl)


def _column_rules(title: object, given: object) -> ColumnRules:
    """Return the rules for a column; one with bins is numeric."""
    name = f"columns[{title!r}]"
    if not isinstance(title, str) or not isinstance(given, Mapping):
        raise UsageError("usage", f"{name}: expected the rules of a column, found {given!r}")
    for key in given:
        if key not in ColumnRules._fields:
            hint = did_you_mean(str(key), ColumnRules._fields)
            raise UsageError("usage", f"{name} has no key {key!r}", hint=hint)
    type_ = optional(among("categorical", "numeric", "date"))(f"{name}: type", given.get("type"))
    limits = {
        key: optional(limit_of(key.removeprefix("max_")))(f"{name}: {key}", given.get(key))
        for key in ColumnRules._fields
        if key.startswith("max_")
    }
    bins = given.get("bins")
    check = _edges if isinstance(bins, list | tuple) else whole(1)
    bins = optional(check)(f"{name}: bins", bins)
    if bins is not None and type_ in ("categorical", "date"):
        raise UsageError("usage", f"{name}: bins are for numeric columns")
    na = texts(f"{name}: na", given.get("na", ()))
    return ColumnRules(type_ if bins is None else "numeric", bins=bins, na=na, **limits)


def _edges(name: str, value: Collection[Any]) -> tuple[float, ...]:
    """Check the edges of bins."""
    from kldiv_cli.core.binning import Bins

    if not value or any(isinstance(edge, bool | str) for edge in value):
        raise UsageError("usage", f"{name}: expected edges, found {list(value)!r}")
    try:
        return Bins(tuple(float(edge) for edge in value)).edges
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError("usage", f"{name}: {error}") from None


def _refused(name: str, wanted: str, value: object, hint: str = "") -> UsageError:
    found = repr(value)
    if isinstance(value, list | tuple) and value and all(isinstance(word, str) for word in value):
        found = ", ".join(map(repr, value))
    return UsageError("usage", f"{name} is {wanted}; found {found[:60]}", hint=hint)
