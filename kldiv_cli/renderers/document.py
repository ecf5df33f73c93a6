"""A report before any format draws it: what is said, in blocks, with no markup and no width.

Pages make documents of reports, and formats draw them. Text in a document is as it was found: each
format makes it safe in its own way, and cuts foreign text, such as labels and paths, to its room.
The signs ``‖ → ± ∞ Δp`` stand for themselves; a format spells those that its display lacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kldiv_cli.renderers.pictures.grid import Grid
    from kldiv_cli.renderers.pictures.outcomes import Outcomes
    from kldiv_cli.renderers.pictures.overview import Overview
    from kldiv_cli.renderers.pictures.spread import Spread

    Drawing = Outcomes | Overview | Spread | Grid

Tone = Literal["", "error", "drift", "inconclusive", "pass", "strong", "dim", "p", "q"]
"""The meaning of a piece of text, which a format may show; the words say it as well."""
Kind = Literal["", "name", "title", "label", "path", "words", "command"]
"""A piece of foreign text: the name of a side, or of a column; an outcome; a file; a sentence; a
line to be copied into a shell, which is never folded."""


class Span(NamedTuple):
    """A piece of text.

    Attributes
    ----------
    text : str
        As it was found, not yet safe to print.
    tone : Tone
        Its meaning; empty of plain text.
    kind : Kind
        What it is, if it comes from data or from a user; empty of this package's own words.
    beside : str
        The name of the other side, from which this one is told apart wherever both are cut.
    letter : str
        What may stand in the place of a name where there is no room: ``p`` or ``q``.
    """

    text: str
    tone: Tone = ""
    kind: Kind = ""
    beside: str = ""
    letter: str = ""


Line = tuple[Span, ...]
"""A sentence, a cell or a name."""


class Heading(NamedTuple):
    """The title of the blocks that follow."""

    line: Line


class Lines(NamedTuple):
    """Sentences, one below the other."""

    lines: tuple[Line, ...]


class Facts(NamedTuple):
    """Names, each with what is to be said of it: a line, or several."""

    facts: tuple[tuple[Line, tuple[Line, ...]], ...]


class Column(NamedTuple):
    """A column of a table.

    Attributes
    ----------
    head : Line
        Its name.
    number : bool
        Whether it holds numbers.
    rank : int
        Where a table is too wide, the columns with the highest rank go first; 0 always stays.
    names : bool
        Whether its cells are names of any length, which may have a line of their own.
    """

    head: Line
    number: bool = True
    rank: int = 0
    names: bool = False


class Row(NamedTuple):
    """A row of a table.

    Attributes
    ----------
    cells : tuple of Line
        One for each column.
    detail : Line
        What is to be said of the row; a column of its own where a table is all there is.
    below : tuple of Block
        What explains the row where there is room below it.
    folded : bool
        Whether a format that can fold may hide it.
    key : str
        What a picture of the rows calls this one.
    """

    cells: tuple[Line, ...]
    detail: Line = ()
    below: tuple[Block, ...] = ()
    folded: bool = False
    key: str = ""


class Table(NamedTuple):
    """A table, with a line above it and lines below it that belong to it.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of Row
    above : Line
        What the table shows.
    below : tuple of Line
        What holds of all of it.
    headed : bool
        Whether the names of the columns are to be shown where that is not required.
    reason : str
        The name of the column of details, where they have one.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    above: Line = ()
    below: tuple[Line, ...] = ()
    headed: bool = True
    reason: str = "reason"


class Picture(NamedTuple):
    """A picture, and what stands in its place where none can be drawn.

    Attributes
    ----------
    drawing : callable
        Returns what is drawn; nobody who draws nothing has to wait for it.
    title, sentence : Line
        What it is, and what it shows.
    table : Table
        The table in its place; what is below its rows belongs to the picture, too.
    below : tuple of Line
        What is to be said below the picture.
    spare : bool
        Whether nothing needs to stand in its place.
    instead : bool
        Whether text has it instead of the table, and not only on a terminal.
    """

    drawing: Callable[[], Drawing]
    title: Line
    sentence: Line
    table: Table
    below: tuple[Line, ...] = ()
    spare: bool = False
    instead: bool = False


class Folded(NamedTuple):
    """Details for those who ask for them.

    Attributes
    ----------
    summary : str
        What they are.
    blocks : tuple of Block
        The details.
    option : str
        What shows them in text, which has no folds.
    """

    summary: str
    blocks: tuple[Block, ...]
    option: str


class Remark(NamedTuple):
    """A note; where a report goes to a terminal it stands on standard error, and not here."""

    source: str
    message: str


Block = Heading | Lines | Facts | Table | Picture | Folded | Remark


class Document(NamedTuple):
    """A report as blocks.

    Attributes
    ----------
    title : Line
        The answer, or what the document is about.
    blocks : tuple of Block
    titled : bool
        Whether the title says what no block does, so that text has to begin with it.
    wide : bool
        Whether it may take all of a wide display, for the sake of a table of many columns.
    key : tuple of str
        The command and the names by which a later report of the same data is known, from which
        its place may be found; as they are in the data.
    """

    title: Line
    blocks: tuple[Block, ...]
    titled: bool = False
    wide: bool = False
    key: tuple[str, ...] = ()


NOTHING = Document((), ())
"""The document of an error: its words are on standard error."""


def line(*parts: str | Span, tone: Tone = "") -> Line:
    """Return a line of this package's own words, all of one tone, and of spans as they are."""
    return tuple(Span(part, tone) if isinstance(part, str) else part for part in parts)


def following(head: str, command: str) -> Iterator[Lines]:
    """Yield a command line, with the words before it, if there is one."""
    if command:
        yield Lines((line(Span(f"{head}: ", "dim"), Span(command, kind="command")),))


def joined(lines: Iterable[Line], separator: str) -> Line:
    """Return lines as one, with own words between them."""
    found: list[Span] = []
    for each in lines:
        found += (Span(separator), *each) if found else each
    return tuple(found)
