"""Files of settings in TOML, as they are written: comments, keys and values."""

from __future__ import annotations

from kldiv_cli.renderers.show import folded

WIDTH = 90
"""Characters of a line of a comment."""


def comment(text: str) -> list[str]:
    """Return a comment, in lines."""
    return [f"# {line}" for line in folded(text, WIDTH)]


def line(key: str, value: object) -> str:
    """Return the line that sets a key."""
    return f"{key} = {spelt(value)}"


def spelt(value: object) -> str:
    """Return a value, or a key that is no plain word."""
    if isinstance(value, str):
        return f'"{"".join(map(_character, value))}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spelt, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(line(spelt(key), each) for key, each in value.items())} }}"
    return repr(value)


def _character(character: str) -> str:
    """Return a character as a TOML string holds it; none that acts on a terminal stays."""
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if character.isprintable() or 0xD800 <= code < 0xE000:
        return character
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
