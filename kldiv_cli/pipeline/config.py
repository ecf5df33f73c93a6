"""The file of a project: the nearest ``kldiv.toml``, or ``[tool.kldiv]`` in ``pyproject.toml``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import InputError, Note, Place, UsageError, abridged, did_you_mean
from kldiv_cli.pipeline.settings import PROJECT, right_options
from kldiv_cli.pipeline.validation import ColumnRules
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

FILE, SHARED = "kldiv.toml", "pyproject.toml"
KEYS = {name.replace("_", "-"): name for name in PROJECT if name != "columns"}
"""The settings that a file may hold, and the options that they are."""
# A file of settings travels with data, and is not always written by the user who reads it.
OUTPUTS = (
    "output", "format", "report", "reports", "html", "junit", "prometheus", "github-summary",
)  # fmt: skip
"""Words for places to write to, none of which a file may name …"""
CONNECTIONS = (
    "connect", "connection", "url", "database", "reference", "current", "data", "reference-sql",
    "reference-table", "current-sql", "current-table", "like",
)  # fmt: skip
"""… and for places to read from."""


class Config(NamedTuple):
    """The settings of a project, by the names of the Python functions' options.

    Attributes
    ----------
    path : str
        The file; empty where there is none.
    settings : dict of str to object
        The options that it sets, not yet in the form that they are used in.
    columns : dict of str to dict
        The rules that it gives for single columns.
    """

    path: str = ""
    settings: dict[str, Any] = {}  # noqa: RUF012 (a tuple's default, never changed)
    columns: dict[str, dict[str, Any]] = {}  # noqa: RUF012

    def beneath(self, options: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
        """Return options, and those `known` settings of the file that no option replaces."""
        said = options.get("columns", {})
        names = dict.fromkeys([*self.columns, *said])
        columns = {name: {**self.columns.get(name, {}), **said.get(name, {})} for name in names}
        settings = {name: value for name, value in self.settings.items() if name in known}
        return {**settings, **options, "columns": columns}

    def notes(self) -> tuple[Note, ...]:
        """Return a note that names the file and its settings; none if it has none."""
        keys = [key.replace("_", "-") for key in self.settings]
        keys += [f"columns.{name[:40]}" for name in self.columns]
        if not keys:
            return ()
        return (Note("settings", f"settings are taken from here: {abridged(keys)}", self.path),)


def load(path: str | None = None, folder: str = ".") -> Config:
    """Return the settings of a file, or of the nearest one from `folder` upwards.

    Raises
    ------
    InputError
        If the file cannot be read, has a key that is no setting, or sets a wrong value.
    """
    path, document = _document(path, folder)
    return _checked(document, path) if path else Config()


def right_settings(path: str | None = None) -> dict[str, Any]:
    """Return the settings of a file that have right values, whatever else is wrong with it."""
    try:
        _, document = _document(path, ".")
    except InputError:
        return {}
    known = document if isinstance(document, dict) else {}
    options = {KEYS[key]: value for key, value in known.items() if key in KEYS}
    return right_options(PROJECT, options)


def _document(path: str | None, folder: str) -> tuple[str, Any]:
    """Return the file that `load` reads and what it holds; an empty path if there is none."""
    if path is None:
        try:
            path = _nearest(os.path.abspath(folder))
        except FileNotFoundError:  # The working directory was deleted: nothing is near.
            path = None
        if path is None:
            return "", {}
    document = _parsed(path)
    if os.path.basename(path) == SHARED:
        document = _shared(document)
        if document is None:
            raise _bad(path, "there is no table [tool.kldiv]")
    return path, document


def files(path: str | None) -> tuple[str, ...]:
    """Return the files that `load` may read, which no report may replace."""
    return (path,) if path else (FILE, SHARED)


def _shared(document: dict[str, Any]) -> Any:
    """Return the table of kldiv in a file that several tools share; None if it has none."""
    tools = document.get("tool")
    return tools.get("kldiv") if isinstance(tools, dict) else None


def _nearest(folder: str) -> str | None:
    """Return the nearest file with settings, from a folder upwards; None if there is none."""
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
    """Return the document of a TOML file."""
    try:
        with open(path, "rb") as file:
            return _decoded(file.read(), path)
    except OSError as error:
        raise _bad(path, f"the settings cannot be read: {error.strerror or error}") from None


def check_text(text: str, path: str) -> None:
    """Make sure that a text can stand in a file of settings.

    Raises
    ------
    InputError
        As `load` does.
    """
    _checked(_decoded(text.encode(), path), path)


def _decoded(data: bytes, path: str) -> dict[str, Any]:
    """Return the document of a file in TOML."""
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        reason, where = str(error), Place(path)
        if place := re.search(r" \(at line (\d+), column (\d+)\)", reason):
            where = Place(path, int(place[1]), int(place[2]))
            reason = reason.replace(place[0], "")
        message = f"this is not TOML: {reason[:1].lower()}{reason[1:200]}"
        raise InputError("bad-config", message, where) from None


def _checked(document: Any, path: str) -> Config:
    """Return the settings of a document, each checked as the option of its name is."""
    if not isinstance(document, dict):
        raise _bad(path, "the settings are no table")
    document = {"columns": {}, **document}
    columns = document.pop("columns")
    if not isinstance(columns, dict):
        raise _bad(path, "'columns' is no table: [columns.NAME] holds the settings of a column")
    settings = {_known(key, list(KEYS), Place(path)): value for key, value in document.items()}
    columns = {name: _column(name, given, path) for name, given in columns.items()}
    try:
        for key, value in document.items():
            PROJECT[KEYS[key]](f"'{key}'", value)
        PROJECT["columns"]("columns", columns)
    except UsageError as problem:
        raise _bad(path, problem.message) from None
    return Config(path, settings, columns)


def _column(name: str, given: Any, path: str) -> dict[str, Any]:
    """Return the rules for one column, not yet checked."""
    if not isinstance(given, dict):
        raise _bad(path, f"'columns.{name[:60]}' is no table")
    known = [field.replace("_", "-") for field in ColumnRules._fields]
    place = Place(path, name=name)
    return {_known(key, known, place, " of a column"): value for key, value in given.items()}


def _known(key: str, known: list[str], place: Place, of: str = "") -> str:
    """Return the option that a key of a file sets."""
    word = key.replace("_", "-").casefold()
    if not of and word not in known and word in (*OUTPUTS, *CONNECTIONS):
        acts = "write to" if word in OUTPUTS else "read from"
        message = (
            f"{key[:60]!r} is no setting: a file that travels with data names no place to {acts}"
        )
        hint = f"delete {key[:60]!r} here, since the command line alone says it"
        raise InputError("forbidden-key", message, place, hint=hint)
    if key not in known:
        hint = did_you_mean(key, known if of else ["columns", *known])
        raise InputError("unknown-key", f"there is no setting {key[:60]!r}{of}", place, hint=hint)
    return key.replace("-", "_")


def _bad(path: str, message: str) -> InputError:
    return InputError("bad-config", message, Place(path))
