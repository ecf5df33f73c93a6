"""The words behind the name of a command: which are arguments, and which are of options."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kldiv_cli.cli.options import Command, Option


class Words(NamedTuple):
    """The words behind the name of a command, told apart.

    Attributes
    ----------
    arguments : list of str
        Those that are no options.
    given : dict of str to object
        The words of each option, by its name.
    strange : list of str
        Those that are no option of the command, lack the word of one, or are several in one.
    waiting : Option or None
        The option whose word would come next.
    ended : bool
        Whether ``--`` has ended the options.
    """

    arguments: list[str]
    given: dict[str, Any]
    strange: list[str]
    waiting: Option | None = None
    ended: bool = False


_UNKNOWN: tuple[None, Any] = (None, None)


def told_apart(command: Command, words: Iterable[str]) -> Words:
    """Return the arguments and the options among words, and the words that are neither."""
    flags = {flag: (row, end) for row in command.options for flag, end in row.ends().items()}
    found = Words([], {}, [])
    rest = deque(words)
    while rest:
        word = rest.popleft()
        if word == "--":
            found.arguments.extend(rest)
            return found._replace(ended=True)
        if word == "-" or not word.startswith("-"):
            found.arguments.append(word)
            continue
        flag, equals, value = word.partition("=") if word[:2] == "--" else (word, "", "")
        option, end = flags.get(flag, _UNKNOWN)
        if equals:
            end = value if end is None else None
        elif option and end is None and rest:
            end = rest.popleft()
        if option is None or end is None:
            found.strange.append(word)
            if option and not equals:
                return found._replace(waiting=option)
            rest.extendleft(reversed(_letters(word, flags)))
        elif option.many:
            found.given[option.name] = [*found.given.get(option.name, ()), end]
        else:
            found.given[option.name] = end
    return found


def _letters(word: str, flags: Mapping[str, tuple[Option, object]]) -> list[str]:
    """Return the words that one such as ``-qfjson`` stands for; none for any other."""
    found: list[str] = []
    for place in range(1, len(word) if len(word) > 2 else 0):
        flag = f"-{word[place]}"
        if flag not in flags:
            return []
        found.append(flag)
        if flags[flag][1] is None:
            value = word[place + 1 :].removeprefix("=")
            return [*found, value] if value else found
    return found
