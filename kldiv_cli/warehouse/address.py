"""URLs of engines: from a list of those that are known, and without a password."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from kldiv_cli.errors import UsageError
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

SCHEMES = {"postgresql": "postgresql", "postgres": "postgresql", "duckdb": "duckdb", "sc": "sc"}
"""What a URL may begin with, and the engine that it means: PostgreSQL, DuckDB, Spark Connect."""
SETTINGS = ("host", "sslmode", "sslrootcert")
"""What a URL of PostgreSQL may set; whatever else is set by the environment of its own library."""
FORMS = "postgresql://HOST/DATABASE, duckdb://FILE, or sc://HOST:PORT of Spark Connect"
SPARK_PORT = 15002
CREDENTIALS = "the variable PGPASSWORD, or the file ~/.pgpass, holds the password"


class Address(NamedTuple):
    """Where an engine is, without anything that only its users may know.

    Attributes
    ----------
    engine : {"postgresql", "duckdb", "sc"}
    database : str
        The name of a database, or the path of a file.
    host, user : str, or None
    port : int, or None
    settings : mapping of str to str
        Of the connection.
    """

    engine: str
    database: str
    host: str | None = None
    port: int | None = None
    user: str | None = None
    settings: Mapping[str, str] = {}

    @property
    def source(self) -> str:
        """What errors and reports call it: the URL without user and settings."""
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        port = "" if self.port is None else f":{self.port}"
        gap = "/" if self.database and self.engine != "duckdb" else ""
        return f"{self.engine}://{host}{port}{gap}{self.database}"


def parse(url: str) -> Address:
    """Return the engine that a URL names. No error repeats a part of a URL that may be secret.

    Raises
    ------
    UsageError
        If it is no URL of an engine that is known, or holds a password or unknown settings.
    """
    scheme, colon, rest = url.partition("://")
    if not colon or not re.fullmatch(r"[a-z][a-z0-9+.-]{0,19}", scheme):
        raise _refusal("this is no URL of an engine", FORMS)
    if scheme not in SCHEMES:
        raise _refusal(f"{scheme}:// is no engine that is known here", FORMS)
    engine = SCHEMES[scheme]
    if engine == "duckdb":
        return _file(rest)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        # The message of the library repeats what may be a password.
        raise _refusal("the host of the URL, or its port, is none", CREDENTIALS) from None
    # What stands before a stray @ may be the end of a password.
    if parts.password is not None or "@" in parts.path + parts.query + parts.fragment:
        raise UsageError(
            "password-in-url", "the URL of --connect holds a password", hint=CREDENTIALS
        )
    if parts.fragment:
        raise _refusal("the URL has a part behind '#'", FORMS)
    return (_server if engine == "postgresql" else _cluster)(parts, host, port)


def _server(parts: SplitResult, host: str | None, port: int | None) -> Address:
    settings = dict(parse_qsl(parts.query, keep_blank_values=True))
    if {name.casefold() for name in settings} & {"password", "passfile", "sslpassword"}:
        raise UsageError(
            "password-in-url", "the URL of --connect holds a password", hint=CREDENTIALS
        )
    if not {*settings} <= {*SETTINGS}:
        what = f"the URL sets more than {', '.join(SETTINGS)}"
        raise _refusal(what)
    database = unquote(parts.path.removeprefix("/"))
    if not database or "/" in database:
        raise _refusal("the URL names no database", FORMS)
    host = (host and unquote(host)) or None
    user = None if parts.username is None else unquote(parts.username)
    return Address("postgresql", database, host, port, user, settings)


def _cluster(parts: SplitResult, host: str | None, port: int | None) -> Address:
    if parts.username or parts.query or parts.path.strip("/"):
        raise _refusal("the URL of Spark Connect is more than a host and a port")
    if not host:
        return Address("sc", "")
    return Address("sc", "", host, port or SPARK_PORT)


def _file(path: str) -> Address:
    if "?" in path or not path:
        raise _refusal("the URL of DuckDB is more than the path of a file", FORMS)
    path = unquote(path)
    if path.startswith((":", "md:")):
        raise _refusal("this is no file of DuckDB", FORMS)
    return Address("duckdb", os.path.expanduser(path))


def _refusal(what: str, hint: str = "") -> UsageError:
    return UsageError("bad-url", f"--connect: {what}", hint=hint)
