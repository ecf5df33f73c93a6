"""``kldiv calibrate``: limits from past windows, written into a file of settings."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import messages, options, streams
from kldiv_cli.cli.following import command_line
from kldiv_cli.cli.options import Argument, Option, group, number
from kldiv_cli.cli.outputs import Outputs, ReportFile
from kldiv_cli.errors import UsageError
from kldiv_cli.renderers import CALIBRATE_FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.core.calibration import Calibration
    from kldiv_cli.core.report import Failure

CODES = "Exit codes: 0 answered, 2 no answer."
EXAMPLES = (
    "kldiv calibrate week_*.csv -o kldiv.toml",
    "kldiv profile week_*.csv -o history.json",
    "kldiv check history.json next_week.csv",
)


# fmt: off
ROWS: tuple[Argument | Option, ...] = (
    Argument("windows", "WINDOW...", "Past windows in their order, 8 or more: raw rows or"
             " profiles; NAME=FILE."),
    *group(
        "Limits",
        Option("settings", "FILE", "Write the limits into this file of settings; one that"
               " calibrate wrote keeps what else stands in it.", ("--output", "-o")),
        Option("alpha", "X", "Chance of a false alarm in any column; 0.05 if not given.",
               read=number),
        *options.WANTED, *options.TYPES,
        Option("missing", "category|drop|error", "Missing values: an outcome, left out, refused."),
        options.MAX_OUTCOMES, options.CONFIG,
    ),
    *group(
        "What the data are",
        options.KIND._replace(help="What WINDOWs are: samples (raw rows), or counts."),
        options.LABEL, options.WEIGHT, options.AT, options.JOINT,
        options.WHERE._replace(help="Count only rows with this value in a column."), options.NA,
    ),
    *group(
        "How files are read",
        options.STRICT, *options.TEXT, options.TOTAL_ROW, options.DUPLICATES,
        options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE,
    ),
    *group(
        "Reports",
        Option("format", "FORMAT", "Of what is printed; text if not given.", ("--format", "-f")),
        options.QUIET._replace(help="Print nothing but repairs."), options.COLOR, options.VERBOSE,
    ),
)
# fmt: on


def failed(_: Sequence[str], said: Mapping[str, Any], failure: Failure) -> Calibration:
    """Return the report of an error, with the level if that has a right value."""
    from kldiv_cli.core.calibration import Calibration
    from kldiv_cli.pipeline.settings import CALIBRATE, CalibrateSettings, right_options

    right = {**CalibrateSettings._field_defaults, **right_options(CALIBRATE, said)}
    return Calibration(history=None, alpha=right["alpha"], error=failure)


@options.command(
    *ROWS, examples=EXAMPLES, exit_codes=CODES, formats=CALIBRATE_FORMATS, failed=failed
)
def calibrate(windows: list[str], said: dict[str, Any]) -> int:
    """Find out what is usual: a limit for each column from past windows.

    Each window is compared with all others together. The limits are such that a further window
    like them is above any of them in --alpha of all cases; 'kldiv check' then says
    within-history or outside-history. REFERENCE is the windows together.

    WINDOWs are alike: of about the same rows, and without a trend. Where weekdays differ, give
    windows of whole weeks, or of one weekday.
    """
    from functools import partial

    from kldiv_cli.pipeline import config
    from kldiv_cli.pipeline.calibrate import calibrated, settings_file
    from kldiv_cli.pipeline.settings import CALIBRATE, calibrate_settings
    from kldiv_cli.renderers import render

    asked = dict(said)
    path, color = said.pop("settings", None), said.get("color", "auto")
    outputs = Outputs(said, CALIBRATE_FORMATS)
    file = said.pop("config", None)
    names, paths = options.sources(*windows)
    if "-" in paths:
        raise UsageError("usage", "a window is a file, and '-' is none", hint="name each file")
    project = config.load(file)
    given = options.with_columns(said)
    every = project.beneath(given, CALIBRATE)
    settings = calibrate_settings(every, calibrate.spell, every.keys() - given.keys())
    with ExitStack() as stack:
        before, target = None, None
        if path is not None:
            before = _before(path)
            target = stack.enter_context(ReportFile(path))
            target.open(paths)
        found = calibrated([*zip(names, paths, strict=True)], settings)
        if target and path:
            target.write(settings_file(found, before, path))
            target.put_in_place()
        notes = (*project.notes(), *found.notes)
        outputs.write(partial(render, found), notes, bare=partial(str))
    if path is not None and found.history and not asked.get("quiet"):
        # What is said of columns and of reading holds for the reference, too.
        of_limits = ("settings", "alpha", "missing", "format", "color")
        end = "-o history.json"
        following = command_line("profile", windows, calibrate, asked, of_limits, end)
        summary = f"limits from {found.history.windows} windows"
        streams.tell(messages.written, (path, summary, following), color)
    return 0


def _before(path: str) -> str | None:
    """Return a file as it is, which is to have limits; None if there is none.

    Raises
    ------
    UsageError
        If its name cannot be one of settings.
    OutputError
        If it cannot be read.
    """
    from kldiv_cli.pipeline.config import FILE, SHARED

    if os.path.basename(path) in ("", "-", SHARED):
        message = f"limits are written into a file of their own, which cannot be called '{path}'"
        raise UsageError("usage", message, hint=f"-o {FILE}")
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise streams.lost(path, getattr(error, "strerror", None) or str(error)) from None
