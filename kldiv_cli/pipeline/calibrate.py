"""The pipeline of a calibration: past windows are counted alike, and limits are made of them."""

from __future__ import annotations

import math
import os
import statistics
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.calibration import Calibration, Usual, Window
from kldiv_cli.core.counts import Categories
from kldiv_cli.core.dataset import Excluded
from kldiv_cli.core.inference import history
from kldiv_cli.core.inference.evidence import MOST_RATIO
from kldiv_cli.errors import InputError, Place, UsageError, abridged, option
from kldiv_cli.pipeline import config, toml, validation
from kldiv_cli.pipeline.pairing import tell_all_apart
from kldiv_cli.pipeline.profile import windows as counted_windows
from kldiv_cli.pipeline.reports import Renderable
from kldiv_cli.pipeline.settings import (
    CALIBRATE,
    KINDS_OF_PROFILE,
    PROFILE,
    calibrate_settings,
)
from kldiv_cli.pipeline.sides import nothing_left, refuse_repairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from numpy.typing import NDArray

    from kldiv_cli.core.counts import Binned, Column
    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.pipeline.settings import CalibrateOptions, CalibrateSettings

ALIKE = "it is the same in all windows"
EMPTY = "a window has no value of it"
"""Why a column has no limit."""
DIGITS = 4
"""Significant digits of a limit."""
LONGEST_HINT = 300
"""Characters of the options that a hint repeats for columns; cut, they could not be copied."""


class CalibrationReport(Renderable, Calibration):
    """The answer of `calibrate`: its attributes are the keys of the JSON report."""

    __slots__ = ()


def calibrate(
    windows: Iterable[object] | Mapping[str, object], **options: Unpack[CalibrateOptions]
) -> CalibrationReport:
    """Find out what is usual: a limit for each column from past windows.

    The score of a window is the estimate of D(window || the others together). The limits are such
    that the largest part of a limit that a further window reaches in any column is above 1 in
    `alpha` of all cases, if the windows are exchangeable: by ranks of 19 windows or more, of 8 to
    18 if ln(score) is normal.

    Parameters
    ----------
    windows : sequence of paths or data sets; or a mapping of names to these
        Past windows in their order, 8 or more, of about the same rows: raw rows as `check` takes
        them, or profiles.
    **options
        The parameters below, by their names.
    alpha : float, default 0.05
        The chance of a false alarm in any column.
    missing : {"category", "drop", "error"}, default "category"
        Whether missing values are an outcome, are left out or are refused.
    strict : bool, default False
        Refuse what would be repaired with a note.
    kind : {"samples", "counts"}, optional
        What the windows are: raw rows, or tables of counts.
    column, exclude, columns, bins, na, max_outcomes, joint, where
        Which columns there are, and how they are counted: as in `check`.
    label, weight, at, duplicates, total_row
        Of tables of counts, as in `check`.
    input_format, encoding, delimiter, decimal, thousands, skip_rows, header, comment, escape
        How files are read: as in `check`, once for all windows.
    max_inflated, max_header, dtype, memory_limit, threads
        As in `check`.

    Returns
    -------
    CalibrationReport
        Its attributes are the keys of the JSON report; ``history`` is what the option `history` of
        `check` takes.

    Raises
    ------
    InputError
        If a window cannot be read, or is not like the others: it has other columns or edges, or
        more than twice the rows of another; or if the windows have a trend.
    UsageError
        If there are fewer than 8 windows, one path or data frame stands in the place of several,
        or an option has a wrong value. Both are ValueErrors.
    TypeError
        If there is no option of a name.

    Examples
    --------
    >>> import random
    >>> from kldiv_cli import calibrate
    >>> draw = random.Random(1)
    >>> levels = [draw.gauss(0, 0.1) for _ in range(19)]
    >>> weeks = [{"size": [draw.gauss(level, 1) for _ in range(300)]} for level in levels]
    >>> report = calibrate(weeks)
    >>> report.by_rank, report.false_alarms, list(report.history.kl)
    (True, 0.05, ['size'])
    """
    from collections.abc import Mapping

    from kldiv_cli.pipeline.spelling import in_python

    with in_python(KINDS_OF_PROFILE, lacking=PROFILE.keys() - CALIBRATE.keys()):
        named = (
            list(windows.items())
            if isinstance(windows, Mapping)
            else [(None, window) for window in validation.sources("windows", windows)]
        )
        return calibrated(named, calibrate_settings(options))


def calibrated(
    sources: Sequence[tuple[str | None, object]], settings: CalibrateSettings
) -> CalibrationReport:
    """Return limits from past windows, in their order.

    Parameters
    ----------
    sources : sequence of (name, source)
        Raw rows or profiles; a name that is None is taken from its source.
    settings : CalibrateSettings
        Everything that the calibration is asked for.

    Raises
    ------
    InputError
        If a window cannot be read, or is not like the others: it has other columns or edges, or
        more than twice the rows of another; or if the windows have a trend.
    UsageError
        If there are fewer than 8 windows, or one is given twice.
    """
    _refuse_few(sources)
    together, parts = counted_windows(sources, settings.rules, settings.options, settings.kind)
    if settings.strict:
        refuse_repairs(together.notes)
    parts = tell_all_apart(
        parts,
        [name for name, _ in sources],
        [f"window {place}" for place in range(1, len(parts) + 1)],
    )
    columns, excluded = {}, list(together.excluded)
    drops = settings.rules.missing == "drop"
    for title in together.columns:
        table = _table(title, together, parts, with_missing=not drops)
        if not table.sum(axis=1).all():
            excluded.append(Excluded(title, EMPTY))
            continue
        scores = history.scores(table)
        if scores.vary:
            columns[title] = (table, scores)
        else:
            excluded.append(Excluded(title, ALIKE))
    if not columns:
        raise nothing_left("calibrate", excluded, together.source)
    tables, scores_of = ([*each] for each in zip(*columns.values(), strict=True))
    rows = _rows(parts, tables)
    found = history.calibrated(scores_of, settings.alpha)
    trend = history.trend(tables)
    _refuse_trend(trend, [*columns], together.source)
    limits = dict(zip(columns, map(_rounded_up, found.limits), strict=True))
    values = np.array([scores.values for scores in scores_of])
    return CalibrationReport(
        history=history.History(len(parts), rows, limits),
        windows=tuple(_windows(parts, limits, values)),
        columns=tuple(
            Usual(title, statistics.median(own), max(own), limits[title])
            for title, own in zip(columns, values.tolist(), strict=True)
        ),
        excluded=tuple(excluded),
        alpha=settings.alpha,
        false_alarms=found.false_alarms,
        by_rank=found.by_rank,
        p_trend=trend.p_value,
        notes=together.notes,
    )


def _refuse_few(sources: Sequence[tuple[str | None, object]]) -> None:
    """Refuse fewer windows than a limit takes, and a file that is there twice."""
    paths = [os.fspath(each) for _, each in sources if isinstance(each, str | os.PathLike)]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        message = f"{twice} is given twice, and each window counts once"
        raise UsageError("usage", message, hint="leave one of the two out")
    if len(sources) < history.FEWEST:
        are = "is 1 window" if len(sources) == 1 else f"are {len(sources)} windows"
        message = f"there {are}, and what is usual takes {history.FEWEST} or more"
        hint = "give a file for each past day, week or month"
        raise UsageError("too-few-windows", message, hint=hint)


def _table(
    title: str, together: DataSet, windows: Sequence[DataSet], *, with_missing: bool
) -> NDArray[np.int64]:
    """Return the counts of a column in all windows: a row for each, a column for each outcome."""
    model = together.columns[title]
    rows = []
    for window in windows:
        counts = _counts(window.columns[title], model)
        rows.append([*counts, window.columns[title].missing] if with_missing else counts)
    table = np.array(rows, dtype=np.int64)
    return table[:, table.any(axis=0)]


def _counts(column: Column, model: Column) -> list[int]:
    """Return the counts of a column, which was counted as `model` was, in the order of that."""
    if isinstance(model, Categories):
        assert isinstance(column, Categories)
        return [column.counts.get(label, 0) for label in model.counts]
    binned: Binned = column  # type: ignore[assignment]
    counts: list[int] = binned.counts.tolist()
    return counts


def _rows(windows: Sequence[DataSet], tables: Sequence[NDArray[np.int64]]) -> tuple[int, int]:
    """Return the rows of the smallest and the largest window; refuse what differs by too much."""
    least, most = math.inf, 0
    for table in tables:
        sizes = table.sum(axis=1).tolist()
        if max(sizes) > MOST_RATIO * min(sizes):
            small, large = (windows[sizes.index(end(sizes))] for end in (min, max))
            message = (
                f"{small.name} has {min(sizes):,} rows and {large.name} {max(sizes):,}: windows"
                " that are compared differ by a factor of 2 at most"
            )
            hint = "leave windows out that are not whole, or cut all to the same length"
            raise InputError("windows-unequal", message, Place(small.source), hint=hint)
        least, most = min(least, *sizes), max(most, *sizes)
    return int(least), most


def _refuse_trend(trend: history.Trend, titles: Sequence[str], source: str) -> None:
    """Refuse windows whose order tells something."""
    if trend.p_value > history.TREND_LEVEL:
        return
    p_values = trend.of_columns
    found = [title for title, p in zip(titles, p_values, strict=True) if p <= history.TREND_LEVEL]
    names = abridged(f"'{title[:40]}'" for title in found)
    message = (
        f"the history has a trend (p {trend.p_value:.2g}, of {history.SHUFFLES} orders at random):"
        f" near windows are more alike in {names}"
    )
    leave = " ".join(option("--exclude", title) for title in found)
    if len(leave) > LONGEST_HINT:
        leave = "--exclude NAME for each of them"
    hint = f"give windows since the last change alone; {leave} leaves out what has a trend"
    raise InputError("history-trend", message, Place(source), hint=hint)


def _windows(
    parts: Sequence[DataSet], limits: Mapping[str, float], values: NDArray[np.float64]
) -> Iterator[Window]:
    """Yield each window with the column in which its estimate is the largest part of the limit."""
    ends = np.maximum([*limits.values()], np.finfo(np.float64).tiny)
    titles = [*limits]
    for part, own in zip(parts, values.T, strict=True):
        place = int(np.argmax(own / ends))
        outside = bool(own[place] > ends[place])
        yield Window(part.name, part.rows, titles[place], float(own[place]), outside)


def _rounded_up(limit: float) -> float:
    """Return a limit with few digits, and never a lower one."""
    if limit == 0:
        return limit
    places = DIGITS - 1 - math.floor(math.log10(limit))
    rounded = round(limit, places)
    return rounded if rounded >= limit else round(limit + 10.0**-places, places)


# The file.

BEGIN = "# >>> kldiv calibrate: it replaces what stands from here"
END = "# <<< kldiv calibrate: to here, and keeps the rest of this file"
"""The lines around what a calibration writes."""


def settings_file(found: Calibration, text: str | None, path: str) -> str:
    """Return a file of settings with limits from past windows.

    Parameters
    ----------
    found : Calibration
        The limits.
    text : str or None
        The file as it is; None if there is none. What stands between `BEGIN` and `END` is
        replaced, and all else is kept.
    path : str
        Where it is.

    Raises
    ------
    UsageError
        If no calibration wrote the file.
    InputError
        If it would not be a file of settings.
    """
    block = "\n".join(_block(found))
    if text is None:
        made = f"{block}\n"
    else:
        before, begins, rest = text.partition(BEGIN)
        _, ends, after = rest.partition(END)
        if not begins or not ends:
            message = f"kldiv calibrate did not write {path}, and leaves it as it is"
            raise UsageError("file-exists", message, hint="-o FILE names another place")
        made = f"{before}{block}{after}"
    config.check_text(made, path)
    return made


def _block(found: Calibration) -> Iterator[str]:
    """Yield the lines that a calibration writes."""
    past = found.history
    assert past is not None
    yield BEGIN
    yield from toml.comment(
        f"Limits from {past.windows} past windows. A column of 'kldiv check' is drift if its"
        " estimate of D(current || reference), in nats, is above the one here, and above its"
        " max-kl if it has one. REFERENCE is these windows together: 'kldiv profile WINDOW..."
        " -o history.json'. A setting for the whole file goes above this part."
    )
    yield from toml.comment(found.expectation)
    yield "[history]"
    yield toml.line("windows", past.windows)
    yield toml.line("rows", past.rows)
    yield ""
    yield "[history.kl]"
    for title, limit in past.kl.items():
        yield toml.line(toml.spelt(title), limit)
    yield END
