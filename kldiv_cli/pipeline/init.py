"""A file of settings for given data: what is kept of them and why, and what is worth a look.

The file says what a run without it does: it changes no verdict until somebody edits it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.counts import Numbers
from kldiv_cli.core.dataset import NO_NAME
from kldiv_cli.core.findings import WORST_FIRST
from kldiv_cli.core.inference.reasons import percent
from kldiv_cli.core.judging import MISSING_SHIFT, NEW_SHARE, Limits
from kldiv_cli.errors import UsageError
from kldiv_cli.pipeline import config, toml
from kldiv_cli.pipeline.check import judged_sides, read_sides
from kldiv_cli.pipeline.settings import MAXIMA, Rules
from kldiv_cli.renderers.show import show
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.core.report import Side
    from kldiv_cli.errors import Note
    from kldiv_cli.pipeline.settings import CheckSettings

MANY_MISSING = 0.2
"""The share of missing values from which on a column is worth a look …"""
KEY_LIKE, MANY_OUTCOMES = 0.2, 50
"""… as is one of labels with so many outcomes, of its rows and in all, …"""
WIDE = 1000.0
"""… and one of numbers whose largest is so many times their median."""
MOST_EDGES = 12
"""Edges of bins that an example shows."""


class Written(NamedTuple):
    """A file of settings, and in words what is in it.

    Attributes
    ----------
    text : str
        The file.
    summary : str
        What it rests on.
    notes : tuple of Note
        Those of the check.
    """

    text: str
    summary: str
    notes: tuple[Note, ...]


def settings_file(settings: CheckSettings, said: Mapping[str, Any]) -> Written:
    """Check the data, and return a file of settings for them.

    Parameters
    ----------
    settings : CheckSettings
        Everything that the check is asked for.
    said : mapping of str to object
        The options of the user and of the file that held until now, by the names of the Python
        functions' options; those that a file can hold are kept.

    Raises
    ------
    InputError
        If the check has no answer.
    UsageError
        If the name of a column or an option is no Unicode text, or models are judged.
    """
    if settings.is_gate:
        message = "a file of settings is for the columns of data, and a gate of models has none"
        raise UsageError("usage", message, hint="leave --init out")
    both = read_sides(settings)
    report = judged_sides(both, settings)
    counted = both.counted
    found = (_look(finding, counted.get(finding.column or "")) for finding in report.columns)
    looks = [look for look in found if look]
    columns = said.get("columns", {})
    parts = [
        _head(report),
        *_limits(settings.limits, said),
        *_reading(said),
        *_left_out(report, said),
        *_worth_a_look(looks, settings.limits, columns),
        *_tables(columns),
    ]
    text = "\n".join(parts)
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "a name is no Unicode text, and a file of settings cannot hold it"
        raise UsageError("usage", message, hint="leave --init out") from None
    return Written(text, _summary(report, len(looks)), report.notes)


# What is written.


def _head(report: Check) -> str:
    """Return the comment at the top: what the file is, and which data it was written for."""
    assert report.reference is not None
    assert report.current is not None
    lines = toml.comment(
        "Settings of kldiv, written by 'kldiv check --init'. As they stand they say what kldiv"
        " does without them; a line with a # is an example. 'kldiv check --help' tells more, and"
        " an option of the command line goes before a setting."
    )
    lines += ["#", *toml.comment(f"reference  {_side(report.reference)}")]
    lines += [*toml.comment(f"current    {_side(report.current)}")]
    return "\n".join([*lines, *toml.comment(f"verdict    {_summary(report)}"), ""])


def _side(side: Side) -> str:
    if side.kind == "profile":
        return f"{show(side.source)}: a profile of {side.total:,} rows"
    return f"{show(side.source)}: {side.rows_read:,} rows"


def _summary(report: Check, looks: int | None = None) -> str:
    """Return in words how many columns have which verdict, and how many are left out."""
    verdicts = [verdict for verdict in WORST_FIRST if report.count(verdict)]
    counts = (f"{report.count(verdict)} {verdict}" for verdict in verdicts)
    judged = f"{', '.join(counts)}; {len(report.excluded)} left out"
    return judged if looks is None else f"{judged}; {looks} worth a look"


def _limits(limits: Limits, said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the limits, those that are not set as examples."""
    yield from toml.comment(
        "The largest D(current || reference) that is accepted, in nats. Other measures are judged"
        " by limits of their own, such as max-js and max-psi, and all must pass."
    )
    for measure, limit in limits.of(NO_NAME).items():
        yield toml.line(_key(measure), limit)
    yield ""
    yield from toml.comment(
        "The level of the tests; the correction for many columns, bh (Benjamini and Hochberg) or"
        " none; and whether one inconclusive column among others ends in exit code 3, too."
    )
    yield toml.line("alpha", limits.alpha)
    yield toml.line("adjust", limits.adjust)
    yield toml.line("fail-on", said.get("fail_on", "drift"))
    yield ""
    yield from toml.comment(
        "Shares that are drift by themselves: of rows whose outcome is new, and the change of the"
        " share of missing values. Without a limit, what changes is said and no more."
    )
    for key, value, example in (
        ("max-new", limits.max_new, 0.01),
        ("max-missing-shift", limits.max_missing_shift, 0.05),
    ):
        yield toml.line(key, value) if value is not None else f"# {toml.line(key, example)}"
    yield ""


SHOWN = (*MAXIMA, "alpha", "adjust", "fail_on", "max_new", "max_missing_shift")
"""Settings that have a place of their own in the file, as have the columns below."""
COLUMNS = ("column", "exclude", "columns")


def _reading(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield how columns are counted: what was said of it, or the usual."""
    kept = {name: value for name, value in said.items() if name in config.KEYS.values()}
    kept = {name: value for name, value in kept.items() if name not in (*SHOWN, *COLUMNS)}
    usual = Rules()
    yield from toml.comment(
        "Missing values: an outcome (category), left out (drop), refused (error)."
    )
    yield toml.line("missing", kept.pop("missing", usual.missing))
    if kept:
        yield ""
        yield from toml.comment("These were said when this file was written.")
        for name, value in kept.items():
            yield toml.line(name.replace("_", "-"), value)
    yield ""


def _left_out(report: Check, said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns that are judged or left out, and why."""
    if column := said.get("column"):
        yield from toml.comment("The only columns that are judged.")
        yield toml.line("column", column)
        yield ""
    given = said.get("exclude", ())
    patterns = [given] if isinstance(given, str) else list(given)
    asked = Rules(exclude=tuple(patterns))
    found = [each for each in report.excluded if not asked.excludes(each.column)]
    yield from toml.comment(
        "Columns that are left out, by name or by a pattern such as created_*. To judge one that"
        " kldiv chose, delete its line here and give it a table below: type = 'categorical'."
    )
    if not patterns and not found:
        yield '# exclude = ["id", "created_*"]'
    else:
        yield "exclude = ["
        yield from (f"    {toml.spelt(pattern)}," for pattern in patterns)
        for name, reason in found:
            yield f"    {toml.spelt(_literally(name))},  # {show(_why(reason), toml.WIDTH)}"
        yield "]"
    yield ""


def _why(reason: str) -> str:
    """Return the reason without its advice, which is one for the command line."""
    return reason.partition(" (--")[0]


def _worth_a_look(
    looks: Sequence[Look], limits: Limits, columns: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the columns that are worth a look, each with an example of settings for it."""
    if not looks:
        return
    yield from toml.comment("Columns that are worth a look, with the limit that they have now.")
    for look in looks:
        yield ""
        yield from toml.comment(f"{show(look.column, 60)}: {'; '.join(look.reasons)}.")
        if look.column not in columns:
            yield f"# [columns.{toml.spelt(look.column)}]"
            for measure, limit in limits.of(look.column).items():
                yield f"# {toml.line(_key(measure), limit)}"
        if look.bins and look.column not in columns:
            yield f"# {toml.line('bins', look.bins)}"
    yield ""


def _tables(columns: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the settings of single columns that were said."""
    for name, rules in columns.items():
        yield f"[columns.{toml.spelt(name)}]"
        for key, value in rules.items():
            if value is not None:
                yield toml.line(key.replace("_", "-"), value)
        yield ""


# What is worth a look.


class Look(NamedTuple):
    """A column that is worth a look, why, and perhaps edges for its bins."""

    column: str
    reasons: tuple[str, ...]
    bins: tuple[float, ...] = ()


def _look(finding: Finding, column: Column | None) -> Look | None:
    """Return what is worth a look about a column of the reference; None if nothing is."""
    reasons = [show(reason, 300) for reason in _reasons(finding)]
    bins: tuple[float, ...] = ()
    if isinstance(column, Numbers) and column.finite and finding.type == "numeric":
        finite = np.isfinite(column.values)
        values, reached = column.values[finite], np.cumsum(column.counts[finite])
        middle = int(np.searchsorted(2 * reached, reached[-1]))
        least, median, largest = (float(values[place]) for place in (0, middle, -1))
        if least >= 0 and 0 < WIDE * median < largest:
            reasons.append(f"half of the reference is at most {median:g}, and some is {largest:g}")
            powers = range(math.floor(math.log10(median)) - 1, math.ceil(math.log10(largest)) + 1)
            bins = tuple(10.0**power for power in powers)
    if not reasons or finding.column is None:
        return None
    return Look(finding.column, tuple(reasons), bins if len(bins) <= MOST_EDGES else ())


def _reasons(finding: Finding) -> Iterator[str]:
    """Yield the reasons why a column is worth a look, but for the spread of its numbers."""
    said: set[str] = set()
    if finding.verdict != "pass":
        said.update(finding.reason.shares)
        if finding.reason.code == "new-outcomes" and finding.measure == "kl":
            # KL has no upper limit because of these rows, so that the reason has their share.
            said.add("new-share")
        yield f"{finding.verdict}: {finding.reason.text}"
    elif not finding.reliable:
        yield "too few rows, or too many rare outcomes for them, to be sure of the interval"
    before, after, new = finding.missing_reference, finding.missing_current, finding.new_share
    told = "missing-shift" in said
    if not told and before != "error" and after != "error" and _is_missing(before, after):
        shares = f"{percent(before)} of the reference and {percent(after)} of the current values"
        yield f"{shares} are missing"
    if "new-share" not in said and not isinstance(new, str) and new > NEW_SHARE:
        yield f"{percent(new)} of the current rows have an outcome that the reference never had"
    rows = [n for n in (finding.n_reference, finding.n_current) if not isinstance(n, str)]
    fewest = min((n for n in rows if math.isfinite(n)), default=math.inf)
    if finding.type == "categorical" and finding.outcomes >= max(MANY_OUTCOMES, KEY_LIKE * fewest):
        yield f"{finding.outcomes:,} outcomes in {fewest:,.0f} rows: nearly a key"


def _is_missing(before: float, after: float) -> bool:
    """Return whether the shares of missing values of both sides are large, or differ."""
    return max(before, after) >= MANY_MISSING or abs(after - before) > MISSING_SHIFT


def _key(measure: str) -> str:
    """Return the key of the largest value of a measure that is accepted."""
    return f"max-{measure.replace('_', '-')}"


def _literally(name: str) -> str:
    """Return the pattern that matches a name alone."""
    return re.sub(r"([*?[])", r"[\1]", name)
