"""Answers of servers of language models, with the likeliest tokens of each position.

`logprobs.content` is what a chat of OpenAI's interface answers, `logprobs.top_logprobs` is its
older form, and `prompt_logprobs` are those of a given text by vLLM.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import Number, is_number
from kldiv_cli.core.table import Matrix
from kldiv_cli.errors import InputError, Note, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal

    from kldiv_cli.core.truncated import Row

    Found = tuple[list[tuple[Row, str | None]], Literal["bytes", "id", "text"]]

NOT_LISTED = -9999.0
"""Stands for the logarithm of a token that is not among the likeliest."""
TOLERANCE = 1e-3
"""How much above 1 the listed probabilities of a row may add up to."""


def matrix_of(value: Any, source: str, notes: Sequence[Note]) -> Matrix | None:
    """Return the likeliest tokens that a parsed answer lists, or several answers; else None.

    Parameters
    ----------
    value : object
        As `kldiv_cli.readers.json_text.parse` returns it.
    source : str
        The name of the source in errors.
    notes : sequence of Note
        Notes on the way to the value.

    Raises
    ------
    InputError
        If a logarithm is none of a probability, or no tokens are listed beside that of the text.
    """
    answers = value if isinstance(value, list) else [value]
    parts: list[Found] = []
    for answer in answers:
        found = _of_answer(answer, source)
        if found is None:
            return None
        parts += found
    identities = {identity for _, identity in parts}
    if not parts or len(identities) > 1:
        return None
    rows = [row for part, _ in parts for row in part]
    if not rows or all(len(row) < 2 for row, _ in rows):
        message = "the answer does not list the likeliest tokens"
        hint = "ask the server for logprobs, with top_logprobs=20"
        raise InputError("no-weights", message, Place(source), hint=hint)
    for i, (row, _) in enumerate(rows):
        total = math.fsum(map(math.exp, row.values()))
        if not total <= 1 + TOLERANCE:
            message = f"the probabilities of row {i} add up to {total:.6g}"
            raise InputError("bad-logprob", message, Place(source))
    from kldiv_cli.core.truncated import TopTokens

    widest = max(len(row) for row, _ in rows)
    tops = TopTokens([row for row, _ in rows], [token for _, token in rows], identities.pop())
    details = {"shape": f"the likeliest tokens of {len(rows)} positions, {widest} at most"}
    return Matrix("json", (), tops=tops, shape=(len(rows), widest), notes=notes, details=details)


def _of_answer(answer: Any, source: str) -> list[Found] | None:
    """Return the rows of an answer, of each choice in it; None if it is no such answer."""
    if not isinstance(answer, dict):
        return None
    if isinstance(answer.get("choices"), list):
        parts = []
        for choice in answer["choices"]:
            if not isinstance(choice, dict):
                return None
            # vLLM lists the tokens of the prompt beside the choices, or in each of them.
            own = choice if "prompt_logprobs" in choice else {**choice, **_prompt(answer)}
            found = _of_choice(own, source)
            if found is None:
                return None
            parts.append(found)
        return parts
    found = _of_choice({"logprobs": answer, **_prompt(answer)}, source)
    return None if found is None else [found]


def _prompt(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: answer[key] for key in ("prompt_logprobs", "prompt_token_ids") if key in answer}


def _of_choice(choice: dict[str, Any], source: str) -> Found | None:
    match choice:
        case {"prompt_logprobs": [*positions]} if any(isinstance(p, dict) for p in positions):
            return _of_prompt(positions, choice.get("prompt_token_ids"), source), "id"
        case {"logprobs": {"content": [_, *_] as positions}} if all(map(_is_position, positions)):
            has_bytes = all(isinstance(position.get("bytes"), list) for position in positions)
            return list(_of_content(positions, source)), "bytes" if has_bytes else "text"
        case {"logprobs": {"tokens": [*tokens], "top_logprobs": [*positions]}}:
            return list(_of_completion(tokens, positions, source)), "text"
    return None


def _is_position(position: Any) -> bool:
    return isinstance(position, dict) and isinstance(position.get("top_logprobs"), list)


def _of_prompt(positions: Sequence[Any], ids: Any, source: str) -> list[tuple[Row, str | None]]:
    """Return the rows of vLLM: an object of tokens by their numbers; null for the first."""
    known = list(map(str, ids)) if isinstance(ids, list) and len(ids) == len(positions) else []
    rows = []
    for i, position in enumerate(positions):
        if isinstance(position, dict):
            pairs = ((token, _logprob(entry)) for token, entry in position.items())
            rows.append((_row(pairs, source), known[i] if known else None))
    return rows


def _of_content(
    positions: Sequence[dict[str, Any]], source: str
) -> Iterator[tuple[Row, str | None]]:
    """Yield the rows of a chat; the token itself may not be among the likeliest."""
    for position in positions:
        entries = [entry for entry in position["top_logprobs"] if isinstance(entry, dict)]
        own = _name(position)
        listed = [(_name(entry), _logprob(entry)) for entry in entries]
        if own not in dict(listed):
            listed.append((own, _logprob(position)))
        yield _row(listed, source), own


def _of_completion(
    tokens: Sequence[Any], positions: Sequence[Any], source: str
) -> Iterator[tuple[Row, str | None]]:
    """Yield the rows of a completion: an object of tokens; null for the first of a prompt."""
    for token, position in zip(tokens, positions, strict=False):
        if isinstance(position, dict):
            yield _row(position.items(), source), str(token)


def _name(entry: dict[str, Any]) -> str:
    """Return what a token is known by: its bytes, of which texts are not always made, or text."""
    own = entry.get("bytes")
    return ",".join(map(str, own)) if isinstance(own, list) else str(entry.get("token"))


def _logprob(entry: Any) -> Any:
    return entry.get("logprob") if isinstance(entry, dict) else entry


def _row(pairs: Iterable[tuple[str, Any]], source: str) -> Row:
    """Return the logarithms of the tokens of a position; those that share a name are left out.

    They are part of the rest, as all are that are not listed.
    """
    row: dict[str, float] = {}
    twice = set()
    for token, number in pairs:
        is_log = type(number) is Number and (is_number(number) or number == "-Infinity")
        log = float(number) if is_log else math.nan
        if not log <= TOLERANCE:
            message = f"the logarithm of the probability of {token[:40]!r} is {str(number)[:40]!r}"
            raise InputError("bad-logprob", message, Place(source))
        if token in row:
            twice.add(token)
        if log > NOT_LISTED:
            row[token] = log
    return {token: log for token, log in row.items() if token not in twice}
