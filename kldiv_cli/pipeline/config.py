"""Settings of a project: the nearest ``kldiv.toml``, or ``[tool.kldiv]`` in ``pyproject.toml``."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

from kldiv_cli.errors import InputError, Note, Place, UsageError, abridged, did_you_mean
from kldiv_cli.pipeline.settings import ColumnRules, among, limits_of, rules_of, whole

FILE, SHARED = "kldiv.toml", "pyproject.toml"
NUMBER, WHOLE, TEXT, TEXTS = "a number", "a whole number", "text", "text, or a list of texts"
KEYS = {
    "column": TEXTS,
    "exclude": TEXTS,
    "max-kl": NUMBER,
    "alpha": NUMBER,
    "adjust": TEXT,
    "fail-on": TEXT,
    "max-new": NUMBER,
    "max-missing-shift": NUMBER,
    "bins": WHOLE,
    "missing": TEXT,
    "na": TEXTS,
    "max-outcomes": WHOLE,
    "min-count": WHOLE,
    "top": WHOLE,
}
"""What may be set: the options of the same names."""


RULES = ("column", "exclude", "bins", "missing", "na", "max_outcomes")
LIMITS = ("max_kl", "alpha", "adjust", "max_new", "max_missing_shift")
FAIL_ON = ("drift", "inconclusive")


class Config(NamedTuple):
    """What a file sets; the keys are those of the Python functions.

    Attributes
    ----------
    path : str
        The file; empty where there is none.
    settings : dict of str to object
    columns : dict of str to dict
        Settings of single columns.
    """

    path: str = ""
    settings: dict[str, Any] = {}  # noqa: RUF012 (a tuple's default, never changed)
    columns: dict[str, dict[str, Any]] = {}  # noqa: RUF012


def load(path: str | None = None, folder: str = ".") -> Config:
    """Return the settings of a file, or of the nearest one from `folder` upwards.

    Raises
    ------
    InputError
        If it cannot be read, or sets something that there is not.
    """
    if path is None:
        try:
            path = _nearest(os.path.abspath(folder))
        except FileNotFoundError:  # The working directory was deleted: nothing is near.
            path = None
        if path is None:
            return Config()
    document = _parsed(path)
    if os.path.basename(path) == SHARED:
        document = _shared(document)
        if document is None:
            raise _bad(path, "there is no table [tool.kldiv]")
    return _checked(document, path)


def _shared(document: dict[str, Any]) -> Any:
    """Return what a file that is shared with other tools says to this one; None if nothing."""
    tools = document.get("tool")
    return tools.get("kldiv") if isinstance(tools, dict) else None


def _nearest(folder: str) -> str | None:
    while True:
        path = os.path.join(folder, FILE)
        if os.path.lexists(path):
            return path
        shared = os.path.join(folder, SHARED)
        if os.path.isfile(shared) and _shared(_parsed(shared)) is not None:
            return shared
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _parsed(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"the settings cannot be read: {reason}"
        raise InputError("bad-config", message, Place(path)) from None
    except (ValueError, RecursionError) as error:
        text = str(error)
        place = re.search(r" \(at line (\d+), column (\d+)\)", text)
        where = Place(path, int(place[1]), int(place[2])) if place else Place(path)
        reason = text.replace(place[0], "") if place else text
        message = f"this is not TOML: {reason[:1].lower()}{reason[1:200]}"
        raise InputError("bad-config", message, where) from None


def _checked(document: Any, path: str) -> Config:
    if not isinstance(document, dict):
        raise _bad(path, "the settings are no table")
    settings = {}
    for key, value in document.items():
        if key == "columns":
            continue
        if key not in KEYS:
            message = f"there is no setting {key[:60]!r}"
            hint = did_you_mean(key, ["columns", *KEYS])
            raise InputError("unknown-key", message, Place(path), hint=hint)
        settings[key.replace("-", "_")] = _value(key, value, KEYS[key], path)
    columns = document.get("columns", {})
    if not isinstance(columns, dict):
        raise _bad(path, "'columns' is no table: [columns.NAME] holds the settings of one")
    found = Config(path, settings, {name: _column(name, of, path) for name, of in columns.items()})
    _check_values(found)
    return found


def notes(config: Config, *, quiet: bool = False) -> tuple[Note, ...]:
    """Return a note that names the file and what it sets."""
    keys = [key.replace("_", "-") for key in config.settings]
    keys += [f"columns.{name[:40]}" for name in config.columns]
    if quiet or not keys:
        return ()
    return (Note("settings", f"settings are taken from here: {abridged(keys)}", config.path),)


def _check_values(config: Config) -> None:
    """Refuse values that the options of the same names would refuse."""
    given = config.settings
    try:
        rules = rules_of(
            columns=config.columns, **{key: given[key] for key in RULES if key in given}
        )
        limits_of(rules, **{key: given[key] for key in LIMITS if key in given})
        among("fail-on", given.get("fail_on", "drift"), FAIL_ON)
        for key in ("min_count", "top"):
            whole(key.replace("_", "-"), given.get(key), 0)
    except UsageError as problem:
        raise InputError("bad-config", problem.message, Place(config.path)) from None


def _column(name: str, given: Any, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _bad(path, f"'columns.{name[:60]}' is no table")
    known = [field.replace("_", "-") for field in ColumnRules._fields]
    for key in given:
        if key not in known:
            message = f"there is no setting {key[:60]!r} of a column"
            hint = did_you_mean(key, known)
            raise InputError("unknown-key", message, Place(path, name=name), hint=hint)
    return {key.replace("-", "_"): value for key, value in given.items()}


def _value(key: str, value: Any, wanted: str, path: str) -> Any:
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    fits = {
        NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        WHOLE: isinstance(value, int) and not isinstance(value, bool),
        TEXT: isinstance(value, str),
        TEXTS: isinstance(value, str) or texts,
    }
    if not fits[wanted]:
        raise _bad(path, f"'{key}' is {wanted}, found {str(value)[:60]!r}")
    return value


def _bad(path: str, message: str) -> InputError:
    return InputError("bad-config", message, Place(path))
