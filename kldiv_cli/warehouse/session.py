"""Sessions: connections to an engine, through Ibis, that read and do no more.

What fails becomes an error in words of its own: those of a library may repeat a user or a
password.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from kldiv_cli import waiting
from kldiv_cli.errors import Fault, InputError, KldivError, Place
from kldiv_cli.warehouse import INSTALL_CLUSTER, is_installed
from kldiv_cli.warehouse.address import CREDENTIALS, SPARK_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from kldiv_cli.warehouse.address import Address

CONNECTING = 30.0
"""Seconds that it may take to connect …"""
CONNECTING_SPARK = 180.0
"""… and to Spark, which makes a session first."""
ROWS = 100_000
"""Rows of an answer that are taken over at once."""
SECRET = re.compile(r"password|authentication|role|pg_hba|no password|fe_sendauth")


class Session:
    """A connection to an engine.

    Parameters
    ----------
    backend : ibis.backends.BaseBackend
        A connection of Ibis.
    source : str
        The name of the engine in errors.
    seconds : float, optional
        How long an answer may take.
    """

    engine: ClassVar[str]
    """What it is called."""
    format: ClassVar[str]
    """What reports call the format of a table in it."""
    text: ClassVar[str] = "varchar"
    double: ClassVar[str] = "double"
    """Its types of text and of 64-bit floats."""

    def __init__(self, backend: Any, source: str, seconds: float | None = None) -> None:
        self.backend = backend
        self.source = source
        self._seconds = seconds

    def columns(self, sql: str) -> list[tuple[str, Any]]:
        """Return the names of the columns of a query, and their types as Ibis has them.

        Raises
        ------
        InputError
            If the engine does not take the query.
        """
        with self.failing():
            found: list[tuple[str, Any]] = self._waited(lambda: self._columns(sql))
            return found

    def snapshot(self) -> AbstractContextManager[object]:
        """Return a context in which all queries meet the same rows, where the engine has such."""
        return nullcontext()

    def pieces(self, sql: str) -> Iterator[Sequence[Any]]:
        """Yield the rows of a query, some at a time: a list, or an array of Arrow, a column.

        Raises
        ------
        InputError
            If the engine fails, is gone, or takes too long.
        """
        with self.failing():
            rows = self._waited(lambda: self._asked(sql))
            while piece := self._waited(lambda: next(rows, None)):
                yield piece

    def exact(self, key: str) -> str:
        """Return the SQL for a text, so that two are the same only if they are spelt alike."""
        return key

    def tables(self) -> list[str]:
        """Return the names of the tables that there are."""
        query = """select distinct table_name from information_schema.tables
            where table_schema not in ('information_schema', 'pg_catalog') order by table_name"""
        return [str(name) for piece in self.pieces(query) for name in piece[0]]

    def close(self) -> None:
        """End the connection; whatever fails then matters no more."""
        try:
            self._waited(self.backend.disconnect, CONNECTING)
        except Exception:
            return

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Turn whatever fails in the engine into an error in words of this package.

        Raises
        ------
        InputError
            If anything fails but memory and the stack.
        """
        try:
            yield
        except (KldivError, MemoryError, RecursionError):
            raise
        except waiting.DeadlineError:
            raise self._refusal(TIMEOUT) from None
        except Exception as error:
            raise self._refusal(self._fault(error)) from None

    def _refusal(self, fault: Fault) -> InputError:
        return InputError(fault.code, fault.message, Place(self.source), hint=fault.hint)

    def _waited(self, work: Callable[[], Any], seconds: float | None = None) -> Any:
        """Return what some work with the connection returns, which may not take too long."""
        return waiting.done(work, self._end, seconds=seconds or self._seconds)

    def _end(self) -> None:
        """End the query that is running."""
        raise NotImplementedError

    def _columns(self, sql: str) -> list[tuple[str, Any]]:
        raise NotImplementedError

    def _asked(self, sql: str) -> Iterator[Sequence[Any]]:
        """Run a query, and return its rows; those of Arrow need no other way."""
        raise NotImplementedError

    def _fault(self, error: Exception) -> Fault:
        """Return what is wrong where the engine raises something."""
        raise NotImplementedError


TIMEOUT = Fault("timeout", "the engine did not answer in time", "--timeout SECONDS allows more")
LOST = Fault("connection-lost", "the engine went away before it had answered")


def _failed(said: str) -> Fault:
    """Return what is wrong with a query, in the words of the engine, which are about it."""
    line = (said.strip().splitlines() or ["it gave no reason"])[0][:200]
    return Fault("query-failed", f"the engine did not take the query: {line}")


class Postgres(Session):
    """A connection to PostgreSQL, by psycopg."""

    engine = "PostgreSQL"
    format = "postgresql"
    text = "text"
    double = "double precision"

    def exact(self, key: str) -> str:
        """See `Session.exact`."""
        return f'cast({key} as text) collate "C"'

    def snapshot(self) -> AbstractContextManager[object]:
        """See `Session.snapshot`."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        from psycopg.pq import TransactionStatus

        connection = self.backend.con
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            # The user's own transaction, or this one.
            yield
            return
        with self.failing(), connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            yield

    def _end(self) -> None:
        self.backend.con.cancel_safe(timeout=waiting.PATIENCE)

    def _columns(self, sql: str) -> list[tuple[str, Any]]:
        with self._transaction():
            # To prepare it is to have one statement. If it fails, others are still taken.
            with self.backend.con.transaction():
                cursor = self.backend.con.execute(sql, prepare=True)
            found = [(column.name, column.type_code) for column in cursor.description or ()]
            query = """
                select oid, case when typtype = 'e' or typcategory = 'S' then 'text'
                    when typcategory in ('A', 'C', 'G') or typtype in ('c', 'r', 'm') then 'json'
                    else format_type(oid, null) end
                from pg_type where oid = any(%s)
            """
            oids = [type_ for _, type_ in found]
            types = dict(self.backend.con.execute(query, [oids]).fetchall())
        return [(name, _POSTGRES.get(types[type_], "string")) for name, type_ in found]

    def _asked(self, sql: str) -> Iterator[Sequence[Any]]:
        connection = self.backend.con
        # Most of the answer is asked for, and not its first rows.
        connection.execute("set local cursor_tuple_fraction = 1")
        cursor = connection.cursor(name="kldiv")
        cursor.execute(sql)

        def rows() -> Iterator[Sequence[Any]]:
            with cursor:
                while found := cursor.fetchmany(ROWS):
                    yield list(zip(*found, strict=True))

        return rows()

    def _fault(self, error: Exception) -> Fault:
        state = getattr(error, "sqlstate", None) or ""
        if state == "57014":
            return TIMEOUT
        if state in _STATES:
            return _STATES[state]
        if self.backend.con.broken or state[:2] in ("08", "57"):
            return LOST
        said = getattr(getattr(error, "diag", None), "message_primary", None)
        return _failed(said or type(error).__name__)


_STATES = {
    "42P01": Fault("no-such-table", "there is no such table"),
    "42501": Fault("permission-denied", "there is no permission to read this"),
    "25006": Fault("query-failed", "the query would write, and a check only reads"),
}
_POSTGRES = {
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "real": "float32",
    "double precision": "float64",
    "numeric": "decimal",
    "boolean": "boolean",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamp('UTC')",
    # What has no single value, or none that is compared.
    **dict.fromkeys(("json", "jsonb", "xml", "bytea", "record", "hstore", "tsvector"), "json"),
}
"""The types of PostgreSQL as Ibis has them; whatever is not here is taken as text."""


class Duck(Session):
    """A connection to a file of DuckDB."""

    engine = "DuckDB by Ibis"
    format = "duckdb"

    def _end(self) -> None:
        self.backend.con.interrupt()

    def _columns(self, sql: str) -> list[tuple[str, Any]]:
        if len(self.backend.con.extract_statements(sql)) != 1:
            raise self._refusal(_failed("it is more than one statement"))
        types = self.backend.compiler.type_mapper
        found = self.backend.con.execute(f"describe {sql}").fetchall()
        return [(name, types.from_string(type_)) for name, type_, *_ in found]

    def _asked(self, sql: str) -> Iterator[Sequence[Any]]:
        return _of_arrow(self.backend.con.sql(sql).to_arrow_table())

    def _fault(self, error: Exception) -> Fault:
        if type(error).__name__ == "CatalogException" and "Table with name" in str(error):
            return _STATES["42P01"]
        return _failed(re.sub(r"^[A-Z][a-z]+ Error: ", "", str(error)))


class Spark(Session):
    """A session of Spark, by Spark Connect or in this process."""

    engine = "Spark"
    format = "spark"
    text = "string"

    def _end(self) -> None:
        self._spark.interruptAll()

    def tables(self) -> list[str]:
        """See `Session.tables`."""
        with self.failing():
            return [table.name for table in self._spark.catalog.listTables()]

    @property
    def _spark(self) -> Any:
        return self.backend._session

    def _columns(self, sql: str) -> list[tuple[str, Any]]:
        from ibis import dtype
        from ibis.backends.pyspark.datatypes import PySparkType

        # Ibis takes moments and times without a zone for one type; a union of both is of moments.
        return [
            (
                field.name,
                dtype("timestamp('UTC')")
                if field.dataType.typeName() == "timestamp"
                else PySparkType.to_ibis(field.dataType),
            )
            for field in _twice(lambda: self._spark.sql(sql).schema).fields
        ]

    def _asked(self, sql: str) -> Iterator[Sequence[Any]]:
        return _of_arrow(_twice(lambda: self._spark.sql(sql).toArrow()))

    def _fault(self, error: Exception) -> Fault:
        said = str(error)
        if "TABLE_OR_VIEW_NOT_FOUND" in said:
            return _STATES["42P01"]
        if "UNAVAILABLE" in said or type(error).__name__ in (
            "_MultiThreadedRendezvous",
            "RpcError",
        ):
            return LOST
        return _failed(said)


def _twice(work: Callable[[], Any]) -> Any:
    """Return what some reading returns, which is done again if its threads were shut down.

    All sessions of PySpark in a process share the threads by which answers are let go. Whichever
    ends, or is collected, shuts them down, though others are at work.
    """
    try:
        return work()
    except RuntimeError as error:
        if "after shutdown" not in str(error):
            raise
        return work()


def _of_arrow(table: Any) -> Iterator[Sequence[Any]]:
    for batch in table.to_batches(max_chunksize=ROWS):
        if batch.num_rows:
            yield batch.columns


OF_BACKENDS: dict[str, type[Session]] = {"postgres": Postgres, "duckdb": Duck, "pyspark": Spark}
"""The sessions of the connections of Ibis, by the names of these."""


def of_backend(backend: Any, source: str) -> Session:
    """Return the session of a connection that a caller has opened.

    Raises
    ------
    InputError
        If it is to an engine that is not known.
    """
    known = OF_BACKENDS.get(backend.name)
    if known is None:
        engines = ", ".join(OF_BACKENDS)
        message = f"tables of Ibis are counted in {engines}, and this is one of {backend.name}:"
        message += " table.to_pyarrow() takes it out, if it is not large"
        raise InputError("bad-object", message, Place(source))
    return known(backend, source)


def opened(address: Address, seconds: float | None = None) -> Session:
    """Connect to an engine, which is only read.

    Parameters
    ----------
    address : Address
        Where it is. Credentials are taken from the environment of the engine's own library.
    seconds : float, optional
        How long an answer may take.

    Raises
    ------
    InputError
        If there is none, it does not let this user in, or the extra is not installed.
    OSError
        If a file cannot be opened.
    """
    place = Place(address.source)
    if not is_installed():
        message = "tables in an engine of yours are counted with the extra cluster"
        raise InputError(
            "needs-extra", message, place, hint=f"{INSTALL_CLUSTER} in a checkout of kldiv"
        )
    if address.engine == "duckdb":
        # Where there is no file, one would be made.
        with open(address.database, "rb") as file:
            if file.read(12)[8:] != b"DUCK":
                raise InputError("format-mismatch", "this is no database of DuckDB", place)
    connect, session = {
        "postgresql": (_postgres, Postgres),
        "duckdb": (_duck, Duck),
        "sc": (_spark, Spark),
    }[address.engine]
    longest = CONNECTING_SPARK if address.engine == "sc" else CONNECTING
    try:
        wait = min(longest, seconds or longest)
        backend = waiting.done(lambda: connect(address, seconds), lambda: None, seconds=wait)
    except waiting.DeadlineError:
        if seconds is not None and seconds < longest:
            raise InputError(TIMEOUT.code, TIMEOUT.message, place, hint=TIMEOUT.hint) from None
        raise InputError("not-connected", "the engine does not answer", place) from None
    except (KldivError, MemoryError):
        raise
    except Exception as error:
        fault = _not_connected(error)
        raise InputError(fault.code, fault.message, place, hint=fault.hint) from None
    return session(backend, address.source, seconds)


def _not_connected(error: Exception) -> Fault:
    """Return why there is no connection; the words of a library may tell a user."""
    said = str(error)
    if isinstance(error, ImportError):
        name = (error.name or "").partition(".")[0]
        extra = "duckdb" if name == "duckdb" else "spark" if name == "pyspark" else "cluster"
        message = f"the package {name or 'of the engine'}, of the extra {extra}, is not installed"
        return Fault("needs-extra", message)
    if "database" in said and "does not exist" in said:
        return Fault("not-connected", "the server has no such database")
    if SECRET.search(said):
        return Fault("not-connected", "the server does not let this user in", CREDENTIALS)
    if "lock on file" in said:
        return Fault("not-connected", "another program has the database open, to write to it")
    return Fault("not-connected", "there is no connection to the engine: it may not be running")


def _postgres(address: Address, seconds: float | None) -> Any:
    import logging

    import ibis

    # What it says where nobody listens would go to standard error, with the user's name.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    limit = "" if seconds is None else f" -c statement_timeout={int(seconds * 1000) + 1000}"
    return ibis.postgres.connect(
        # A setting may be the folder of a socket.
        host=address.settings.get("host", address.host),
        user=address.user,
        # Not Ibis', which knows nothing of PGPORT.
        port=address.port,
        database=address.database,
        connect_timeout=int(CONNECTING),
        application_name="kldiv",
        keepalives_idle=15,
        keepalives_interval=5,
        keepalives_count=3,
        # What is said last counts. The server ends a query by itself, should nobody wait for it.
        options=f"{os.environ.get('PGOPTIONS', '')} -c default_transaction_read_only=on{limit}",
        **{name: value for name, value in address.settings.items() if name != "host"},
    )


def _duck(address: Address, seconds: float | None) -> Any:
    import ibis

    backend = ibis.duckdb.connect(address.database, read_only=True)
    # The file may be open in this process already, and then it has all of these.
    if not backend.con.execute("select current_setting('lock_configuration')").fetchone()[0]:
        for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
            backend.con.execute(f"SET {name} = false")
        backend.con.execute("SET enable_external_access = false")
        backend.con.execute("SET TimeZone = 'UTC'")
        # From here on nothing else can be opened, and no setting be changed.
        backend.con.execute("SET lock_configuration = true")
    return backend


def _spark(address: Address, seconds: float | None) -> Any:
    import ibis
    from pyspark.sql import SparkSession

    remote = os.environ.get("SPARK_REMOTE", "")
    if address.host is not None:
        host = f"[{address.host}]" if ":" in address.host else address.host
        remote = f"sc://{host}:{address.port or SPARK_PORT}"
    if not remote.startswith("sc://"):
        message = "the URL names no host, and the variable SPARK_REMOTE holds none"
        raise InputError("not-connected", message, Place(address.source))
    spark = SparkSession.builder.remote(remote).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return ibis.pyspark.connect(spark)
