"""Foreign text made safe to print: the one place that every label, name and argument passes.

Labels, file names and arguments come from data. Shown text cannot move a cursor, colour a
terminal, hide text, command a CI runner, or turn into markup or a formula.
"""

from __future__ import annotations

import re

# GitHub Actions takes `::` for a command where it begins a line, and a line may be wrapped
# before any word, or go on with a colon after a path; `##[` and Azure's `##vso[` are commands
# anywhere in a line.
_COMMAND = re.compile(r"(?<!\S):(?=:|\Z)|#(?=#\w*(?:\[|\Z))")
# The rarer patterns stay text: a run that does not need them does not compile them.
# A backslash or a whole pair, which stay; or half a pair.
_LONE_SURROGATE = r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\u(d[89a-f]..)"
_MARKDOWN = r"([\\`*_\[\](){}#!|~$])"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"})
_FORMULA = tuple("=+-@＝＋－＠")


def show(text: str, width: int | None = None, *, unicode: bool = True) -> str:
    r"""Return `text` on one line, without any character that acts on what displays it.

    Controls, bidirectional and invisible characters, line breaks and lone surrogates
    become escapes such as ``\x1b`` and ``\u202e``; the first character of a CI runner's
    command is escaped, too.

    Parameters
    ----------
    text : str
        Any text, from any source.
    width : int, optional
        The terminal columns it may take; a wider text is cut, and ends in an ellipsis.
    unicode : bool
        Whether the display knows more than ASCII; the other characters become escapes if not.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    text = _COMMAND.sub(lambda command: _escape(command[0]), text)
    if not unicode and not text.isascii():
        text = "".join(c if c.isascii() else _escape(c) for c in text)
    return text if width is None else _cut(text, width, _ellipsis(unicode))


def show_names(p: str, q: str, width: int, *, unicode: bool = True) -> tuple[str, str]:
    """Return the names of both sides as `show` does, cut so that they can be told apart.

    Names that are cut to the same text lose part of their common beginning instead of their
    end: ``transactions_2024_01`` and ``transactions_2024_02`` become ``…actions_2024_01`` and
    ``…actions_2024_02`` in 16 columns. Of names that go on for long after the place where they
    part, the beginning of the common text and the end are left out.

    Parameters
    ----------
    p, q : str
        The names; they are shown alike only if `show` without a width shows them alike.
    width : int
        The terminal columns that either may take, at least 8.
    unicode : bool
        See `show`.
    """
    cut_p, cut_q = (show(name, width, unicode=unicode) for name in (p, q))
    p, q = show(p, unicode=unicode), show(q, unicode=unicode)
    if cut_p != cut_q or p == q:
        return cut_p, cut_q
    ellipsis = _ellipsis(unicode)
    room = width - len(ellipsis)
    shorter = min(len(p), len(q))
    parting = next((i for i in range(shorter) if p[i] != q[i]), shorter)
    for start in range(max(1, parting - 2 * width), parting + 1):
        # A combining mark would sit on the ellipsis.
        if start < parting and not display_width(p[start]):
            continue
        longest = max(display_width(p[start:]), display_width(q[start:]))
        # Where the ends do not fit, a third of the room is for the text in common.
        if longest <= room or display_width(p[start:parting]) <= room // 3:
            break
    cut_p, cut_q = (ellipsis + _cut(name[start:], room, ellipsis) for name in (p, q))
    return cut_p, cut_q


def _ellipsis(unicode: bool) -> str:
    return "…" if unicode else "..."


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # A byte of a file name that is not UTF-8.
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def display_width(text: str) -> int:
    """Return how many terminal columns a shown text takes: a wide character takes two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(1 + (east_asian_width(c) in "WF") for c in text if not combining(c))


def _cut(text: str, width: int, ellipsis: str) -> str:
    # Combining marks take no column: a bound on the characters keeps a tower of them down.
    if display_width(text) <= width and len(text) <= 4 * width:
        return text
    return _beginning(text[: 4 * width], width - len(ellipsis)) + ellipsis


def _beginning(text: str, width: int) -> str:
    while text and display_width(text) > width:
        text = text[:-1]
    return text


def pad(text: str, width: int) -> str:
    """Return a shown text followed by blanks up to `width` columns."""
    return text + " " * (width - display_width(text))


def folded(text: str, width: int) -> list[str]:
    r"""Return a shown text as lines of at most `width` columns, broken between words.

    A number keeps its percent sign. A word that is longer than a line is cut into pieces; as
    no piece may begin with a command of a CI runner, colons in a row become ``\x3a`` in it.
    """
    lines, line = [], ""
    for word in re.split(r" (?!%)", text):
        if display_width(word) > width:
            word = re.sub(r":(?=:)", r"\\x3a", word)
        if line and display_width(line) + 1 + display_width(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while display_width(line) > width or len(line) > 4 * width:
            piece = _beginning(line[: 4 * width], width)
            lines.append(piece)
            line = line[len(piece) :]
    return [*lines, line]


def markdown(text: str, width: int = 120) -> str:
    """Return `text` for a cell of a Markdown table: no markup, mention, link or HTML."""
    plain = re.sub(_MARKDOWN, r"\\\1", show(text, width)).translate(_ENTITIES)
    return re.sub(r"(?i)\b(www)\.", r"\1&#46;", plain)


def code(text: str, width: int = 10_000) -> str:
    """Return `text` as code in Markdown: nothing in it is markup."""
    shown = show(text, width)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"


def document(value: object) -> str:
    """Return a JSON document in ASCII: no text in it can act on what displays it."""
    import json

    return harmless_json(json.dumps(value, indent=2, allow_nan=False)) + "\n"


def harmless_json(text: str) -> str:
    """Return JSON in ASCII with whatever is no text, or a command of a CI runner, escaped.

    Half of a surrogate pair, as in a file name that is not UTF-8, is no text, and some
    parsers refuse all of a document that holds one: it is escaped as `show` does.
    """
    text = re.sub(_LONE_SURROGATE, lambda m: m[1] or f"\\{_escape(chr(int(m[2], 16)))}", text)
    return _COMMAND.sub(lambda command: f"\\u{ord(command[0]):04x}", text)


def cell(text: str) -> str:
    """Return `text` for a cell of a CSV file that no spreadsheet takes for a formula."""
    shown = show(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
