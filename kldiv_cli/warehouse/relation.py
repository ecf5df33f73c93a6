"""Relations: the rows of a table, or of a query, with the names and the kinds of its columns."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from kldiv_cli.errors import InputError, Place, UsageError, did_you_mean
from kldiv_cli.tuples import NamedTuple
from kldiv_cli.warehouse import session as sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.warehouse.address import Address
    from kldiv_cli.warehouse.session import Session

Kind: TypeAlias = Literal[
    "text", "integer", "floating", "decimal", "boolean", "date", "timestamp", "other", "nested"
]
"""What the values of a column are: `decimal` is any number that is asked for as text, and `other`
what is one value, and has no type here."""


class Field(NamedTuple):
    """A column of a relation: its name, the kind of its values, and its expression in Ibis."""

    title: str
    kind: Kind
    expression: Any


class Relation(NamedTuple):
    """Rows in an engine.

    Attributes
    ----------
    session : Session
        The connection that is asked.
    source : str
        The name of the rows in errors and reports.
    table : ibis.expr.types.Table
        The rows.
    fields : tuple of Field
        Its columns, in order.
    frequency : Field or None
        A column that is none of these, and says how many rows a row stands for; None where each
        is one.
    """

    session: Session
    source: str
    table: Any
    fields: tuple[Field, ...]
    frequency: Field | None = None

    def repeated(self, title: str) -> Relation:
        """Return rows each of which stands for as many as a column says."""
        (frequency,) = (field for field in self.fields if field.title == title)
        rest = tuple(field for field in self.fields if field is not frequency)
        return self._replace(fields=rest, frequency=frequency)


class Rows:
    """A table, or a query, of a `Warehouse`: one side, not yet asked for.

    Parameters
    ----------
    warehouse : Warehouse
        Where it is.
    name : str
        What it is called.
    table, sql : str, optional
        The name of a table, or a query that selects rows.
    """

    def __init__(
        self, warehouse: Warehouse, name: str, *, table: str | None = None, sql: str | None = None
    ) -> None:
        self.warehouse = warehouse
        self.name = name
        self.table = table
        self.sql = sql

    @property
    def source(self) -> str:
        """What errors and reports call it."""
        return f"{self.warehouse.address.source}/{self.table or f'({self.name})'}"


class Warehouse:
    """An engine, to which a connection is opened when it is first asked for; a context closes it.

    Parameters
    ----------
    address : Address
        Where it is.
    seconds : float, optional
        How long an answer may take.
    """

    def __init__(self, address: Address, seconds: float | None = None) -> None:
        self.address = address
        self._seconds = seconds
        self._session: Session | None = None

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def session(self) -> Session:
        """Return the connection.

        Raises
        ------
        InputError, OSError
            As `kldiv_cli.warehouse.session.opened` does.
        """
        if self._session is None:
            self._session = sessions.opened(self.address, self._seconds)
        return self._session


def names(source: Any) -> tuple[str, str]:
    """Return what errors call an object that is a relation, and its name."""
    if isinstance(source, Rows):
        return source.source, source.name
    named = getattr(source.op(), "name", None)
    title = named if isinstance(named, str) else "table"
    return f"{title} (Ibis)", title


@contextmanager
def opened(source: Any) -> Iterator[Relation]:
    """Yield the rows that an object stands for; in the context they are the same for all queries.

    Raises
    ------
    InputError
        If the engine cannot be asked for them, or two columns are called alike.
    UsageError
        If a query is not one that selects.
    """
    called, _ = names(source)
    if isinstance(source, Rows):
        session = source.warehouse.session()
    else:
        session = sessions.of_backend(_backend(source, called), called)
    with _named(called, session), session.snapshot():
        found = _of_rows(source, session) if isinstance(source, Rows) else _of_table(source)
        table, columns = found
        titles = [
            title if title.strip() else f"column {i}" for i, (title, _) in enumerate(columns, 1)
        ]
        if not titles:
            raise InputError("no-columns", "this has no columns", Place(called))
        if len(set(titles)) < len(titles):
            twice = next(title for title in titles if titles.count(title) > 1)
            message = f"{titles.count(twice)} columns are called {twice[:60]!r}"
            raise InputError("duplicate-columns", message, Place(called))
        fields = (
            Field(title, _kind(column.type()), _written(column))
            for title, (_, column) in zip(titles, columns, strict=True)
        )
        yield Relation(session, called, table, tuple(fields))


@contextmanager
def _named(source: str, session: Session) -> Iterator[None]:
    """Let an error of an engine name the rows that it was asked for."""
    try:
        yield
    except InputError as problem:
        if [place.source for place in problem.places] == [session.source]:
            problem.places = (Place(source),)
        raise


def _backend(table: Any, source: str) -> Any:
    """Return the connection of a table of Ibis."""
    try:
        return table.get_backend()
    except Exception as error:
        message = f"this table of Ibis has no connection ({type(error).__name__})"
        raise InputError("bad-object", message, Place(source)) from error


def _of_table(table: Any) -> tuple[Any, list[tuple[str, Any]]]:
    return table, [(name, table[name]) for name in table.columns]


def _of_rows(rows: Rows, session: Session) -> tuple[Any, list[tuple[str, Any]]]:
    """Return the rows of a table, or of a query, and its columns, by position."""
    dialect = session.backend.dialect
    if rows.sql is not None:
        query = one_select(rows.sql, dialect)
    else:
        query = f"select * from {quoted(rows.table or '', dialect)}"
    try:
        columns = session.columns(f"select * from (\n{query}\n) as r limit 0")
    except InputError as problem:
        if problem.code == "no-such-table" and rows.table is not None:
            problem.hint = _near(rows.table, session)
        raise
    by_position = {f"c{i}": type_ for i, (_, type_) in enumerate(columns)}
    # Names of columns are the user's: none becomes a part of the SQL.
    renamed = f"select * from (\n{query}\n) as r({', '.join(by_position)})"
    table = session.backend.sql(renamed, schema=by_position)
    names = [name for name, _ in columns]
    return table, [(name, table[c]) for name, c in zip(names, by_position, strict=True)]


def _near(table: str, session: Session) -> str:
    """Return a hint with the table that may be meant."""
    try:
        return did_you_mean(table, session.tables())
    except InputError:
        return ""


def one_select(sql: str, dialect: Any) -> str:
    """Return a query without the semicolon at its end, if it is one, and selects rows.

    That is for a message in words; as a part of another query it can be nothing else.

    Raises
    ------
    UsageError
        If it is not.
    """
    import sqlglot
    from sqlglot import expressions as of
    from sqlglot.errors import SqlglotError

    query = sql.strip().rstrip(";").rstrip()
    try:
        statements = [one for one in sqlglot.parse(query, dialect=dialect) if one is not None]
    except SqlglotError:
        # The engine knows best what it takes.
        return query
    if len(statements) != 1:
        message = f"this is {len(statements)} statements, and one SELECT is taken"
        raise UsageError("one-select", message)
    writes = (of.Insert, of.Update, of.Delete, of.Merge, of.Create, of.Drop, of.Into)
    if not isinstance(statements[0], of.Query) or next(statements[0].find_all(*writes), None):
        message = "this is no SELECT, and a table is only read"
        raise UsageError("one-select", message)
    return query


def quoted(table: str, dialect: Any) -> str:
    """Return the name of a table, maybe with its schema before it, as SQL takes it verbatim.

    Raises
    ------
    UsageError
        If it is no name.
    """
    import sqlglot
    from sqlglot import expressions as of
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse_one(table, into=of.Table, dialect=dialect)
        parts = [part for part in parsed.parts if isinstance(part, of.Identifier)]
        is_name = parsed == of.Table(**{k: v for k, v in parsed.args.items() if v in parts})
    except SqlglotError:
        parts, is_name = [], False
    if not is_name or not 1 <= len(parts) <= 3:
        # A blank or a dash in a name needs no quotes here.
        if not table or any(sign in table for sign in "\"'`;()\0"):
            message = "this is no name of a table, such as SCHEMA.TABLE"
            raise UsageError("bad-table", message)
        parts = [of.to_identifier(part, quoted=True) for part in table.split(".")]
    return ".".join(of.Identifier(this=part.this, quoted=True).sql(dialect) for part in parts)


def _written(column: Any) -> Any:
    """Return a column of numbers of single precision as the doubles next to how they are written.

    A number that is next to 0.1 is 0.1, and no longer one; see `core.numbers.as_written`.
    """
    type_ = column.type()
    if not (type_.is_float16() or type_.is_float32()):
        return column
    return column.cast("string").cast("float64")


def _kind(type_: Any) -> Kind:
    """Return the kind of values that a type of Ibis has."""
    if type_.is_string():
        return "text"
    if type_.is_boolean():
        return "boolean"
    if type_.is_integer():
        return "decimal" if type_.is_uint64() else "integer"
    if type_.is_floating():
        return "floating"
    if type_.is_decimal():
        return "decimal"
    if type_.is_date():
        return "date"
    if type_.is_timestamp():
        return "timestamp"
    nested = (type_.is_nested, type_.is_json, type_.is_binary, type_.is_geospatial)
    return "nested" if any(is_so() for is_so in nested) else "other"
