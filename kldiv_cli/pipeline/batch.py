"""Arrays of distributions, one a row, read side by side and measured block by block."""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import coded, storage, truncated
from kldiv_cli.core.distribution import EXACT, LOG_KINDS, Rows, total_of
from kldiv_cli.core.pair import outcomes_differ, rows_differ
from kldiv_cli.core.report import Side
from kldiv_cli.core.rows import Question, RowMeasures, RowValues, has_rows, rows_in_memory
from kldiv_cli.core.table import PIECE
from kldiv_cli.errors import InputError, Note, Place
from kldiv_cli.readers import batch, meaning
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    Blocks = Iterator[NDArray[Any]]

LARGE = 1 << 20
"""Logits from which on single precision, of a bound that is printed, is worth its speed."""
SAMPLE = 8
"""Rows of a side of which the noise of their storage is found."""


class Measured(NamedTuple):
    """The measures of the rows of P and of one Q.

    Attributes
    ----------
    p, q : Side
        The sides as a report shows them.
    rows : RowValues
        The measures.
    outcomes : int
        K, how many outcomes a row has.
    notes : tuple of Note
        Those of both sides.
    noise : float or None
        The divergence in nats that rounding to 16 bits makes by itself, as far as a sample of
        rows tells; None where numbers are stored in more.
    starts : ndarray of int, or None
        The first rows of the pieces of text, where a file tells them.
    """

    p: Side
    q: Side
    rows: RowValues
    outcomes: int
    notes: tuple[Note, ...]
    noise: float | None = None
    starts: NDArray[np.integer[Any]] | None = None


def measured(
    p: Rows,
    others: Sequence[Rows],
    asked: Question,
    threads: int | None = None,
    smooth: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    targets: object = None,
    *,
    score: bool = True,
) -> list[Measured]:
    """Measure the rows of P with those of each other side; P is read once.

    Parameters
    ----------
    p, others : Rows
        The sides.
    asked : Question
        What is asked of each row; the kinds are taken from the sides.
    threads : int, optional
        How many there may be; one a processor if not given.
    smooth : function, optional
        Smoothes weights.
    targets : path or object, optional
        The outcomes that came true, one for each row; see `readers.targets`.
    score : bool
        Whether the probabilities of those are asked for; files of different texts are refused
        all the same.

    Raises
    ------
    InputError
        If the sides do not have the same rows and outcomes, a number is no weight, or a total is
        too large.
    """
    for q in others:
        _check_shapes(p, q)
    sides = (p, *others)
    if p.tops is not None:
        return [_of_tops(p, q, asked) for q in others]
    letters = ("P", *("Q" for _ in others))
    totals = [
        _Totals(side, letter, asked.temperature)
        for side, letter in zip(sides, letters, strict=True)
    ]
    rows = max(side.rows for side in sides)
    asked = asked._replace(singles=rows * p.outcomes >= LARGE)
    came = _targets(sides, targets, rows, p.outcomes)
    if not score:
        came = None
    with executor(rows * p.outcomes, threads) as pool:
        every = [
            RowMeasures(asked._replace(kinds=(p.kind, q.kind)), rows, came, pool) for q in others
        ]
        streams = [_blocks(side) for side in sides]
        start = 0
        for blocks in zip(*streams, strict=False):
            try:
                first, *rest = (
                    _smoothed(side, block, smooth)
                    for side, block in zip(sides, blocks, strict=True)
                )
                for found, block in zip(every, rest, strict=True):
                    found.add(first, block)
            except ValueError as error:
                raise _fault(sides, blocks, streams, start) or error from None
            stop = start + max(len(block) for block in blocks if has_rows(block))
            for total, block in zip(totals, blocks, strict=True):
                total.add(block, None if came is None else came[start:stop])
            start = stop
    of_p = totals[0]
    return [
        Measured(
            of_p.side(),
            other.side(),
            found.result(),
            p.outcomes,
            (*of_p.notes(), *other.notes(), *of_p.floor(), *other.floor()),
            _added(of_p.noise(), other.noise()),
            _starts(p, other.of),
        )
        for other, found in zip(totals[1:], every, strict=True)
    ]


def _targets(
    sides: Sequence[Rows], given: object, rows: int, outcomes: int
) -> NDArray[np.integer[Any]] | None:
    """Return the outcomes that came true: as the user gives them, or as the files tell."""
    if given is not None:
        from kldiv_cli.readers import targets

        return targets.read(given, rows, outcomes)
    known = [(side, side.coding) for side in sides if side.coding is not None]
    if not known:
        return None
    first, coding = known[0]
    for side, other in known[1:]:
        if coding.context != other.context or not np.array_equal(coding.targets, other.targets):
            message = f"{first.name} and {side.name} are of different texts,"
            message += " or of pieces of another length"
            hint = "compare what two models make of the same text"
            raise InputError("no-common-support", message, Place(side.source), hint=hint)
    return coding.targets


def _starts(p: Rows, q: Rows) -> NDArray[np.integer[Any]] | None:
    """Return the first rows of the pieces of text, where a file tells them."""
    coding = p.coding or q.coding
    return None if coding is None else np.arange(0, max(p.rows, q.rows), coding.rows_in_chunk)


def _of_tops(p: Rows, q: Rows, asked: Question) -> Measured:
    """Measure two texts of which the likeliest tokens of each position are known."""
    assert p.tops is not None
    if q.tops is None:
        message = (
            f"{p.name} lists the likeliest tokens, and {q.name} has all: only alike is compared"
        )
        raise InputError("no-common-support", message, Place(q.source))
    if p.tops.identity != q.tops.identity:
        message = f"the tokens of {p.name} are known by {p.tops.identity}, and those of {q.name}"
        message += f" by {q.tops.identity}"
        raise InputError("no-common-support", message, Place(q.source))
    if (row := truncated.first_difference(p.tops, q.tops)) is not None:
        message = f"{p.name} and {q.name} are of different texts, from row {row} on"
        hint = "compare what two models make of the same text: prompt_logprobs, for example"
        raise InputError("no-common-support", message, Place(q.source), hint=hint)
    cells = truncated.common_cells(p.tops.rows, q.tops.rows)
    found = rows_in_memory(
        cells.p, cells.q, asked._replace(kinds=("logits", "logits"), tops=False)
    )
    logs = [truncated.target_log_probabilities(side.tops) for side in (p, q) if side.tops]
    if not any(np.isnan(log).any() for log in logs):
        found = found._replace(log_p=logs[0], log_q=logs[1])
    message = "of each row the likeliest tokens alone are known: every divergence is a lower bound"
    noted = (*p.notes, *q.notes, Note("lower-bound", message, p.source))
    first, second = (_Totals(side, "", 1.0).side() for side in (p, q))
    same = truncated.same_top(p.tops.rows, q.tops.rows)
    return Measured(first, second, found._replace(same_top=same), p.outcomes, noted)


def _smoothed(
    side: Rows, block: NDArray[Any], smooth: Callable[[NDArray[Any]], NDArray[Any]] | None
) -> NDArray[Any]:
    """Return the numbers of a side, smoothed if that is asked for; records are left as they are.

    Raises
    ------
    ValueError
        If a number that would be smoothed is no weight: nobody could tell afterwards.
    """
    if smooth is None or side.coding is not None:
        return block
    if not batch.are_weights(block, side.kind):
        raise ValueError("a number is no weight")
    return smooth(block)


def _added(*noises: float | None) -> float | None:
    """Return the noise of both sides together; None if neither has any."""
    known = [noise for noise in noises if noise is not None]
    return sum(known) if known else None


@contextmanager
def executor(size: int, threads: int | None) -> Iterator[Executor | None]:
    """Yield what measures so many numbers in threads, where there are enough for that."""
    from kldiv_cli.database import threads_of

    if size <= 2 * PIECE or (count := threads_of(threads)) == 1:
        yield None
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count) as pool:
        yield pool


def _blocks(side: Rows) -> Blocks:
    """Return the blocks of a side; a single distribution is there for each of the other's."""
    blocks = iter(side.blocks)
    return repeat(next(blocks)) if side.is_vector else blocks


def _check_shapes(p: Rows, q: Rows) -> None:
    """Refuse sides whose rows or outcomes do not meet."""
    reason = ""
    if p.outcomes != q.outcomes and not (p.tops and q.tops):
        reason = outcomes_differ((p.name, p.outcomes), (q.name, q.outcomes))
    elif not (p.is_vector or q.is_vector) and p.rows != q.rows:
        reason = rows_differ((p.name, p.rows), (q.name, q.rows))
    elif len(p.shape) > 2 < len(q.shape) and p.shape != q.shape:
        reason = (
            f"{p.name} is of shape {p.shape} and {q.name} of {q.shape}, whose rows are in another"
            " order"
        )
    if reason:
        raise InputError("no-common-support", reason, Place(p.source))


def _fault(
    sides: Sequence[Rows], blocks: Sequence[NDArray[Any]], streams: Sequence[Blocks], start: int
) -> InputError | None:
    """Return the error for the first side with numbers that are no weights."""
    for side, block, rest in zip(sides, blocks, streams, strict=True):
        following: Iterable[NDArray[Any]] = () if side.is_vector else rest
        fault = batch.first_fault(side, chain((block,), following), start)
        if fault is not None:
            return fault
    return None


class _Totals:
    """The totals of the distributions of a side, and what else is noted, as its blocks go by."""

    def __init__(self, side: Rows, letter: str, temperature: float) -> None:
        self.of = self._side = side
        self._letter, self._temperature = letter, temperature
        self._on_floor = 0
        self._rows = 0
        self._noise: list[NDArray[np.float64]] = []
        self._totals: list[NDArray[np.float64]] = []
        self._sum = 0.0
        self._are_whole = side.kind not in LOG_KINDS
        self._dtype = np.dtype(float)
        self._began = self._may_be_probabilities = False

    def add(self, block: NDArray[Any], targets: NDArray[np.integer[Any]] | None) -> None:
        """Look at a block, whose numbers are weights, and at the targets of its rows, if known."""
        side = self._side
        if side.coding is not None and targets is not None:
            self._on_floor += int(np.count_nonzero(coded.on_floor(block, targets)))
        self._dtype = block.dtype
        if side.kind == "logits" and not self._began:
            self._may_be_probabilities = meaning.look_like_probabilities(block[:SAMPLE])
        self._began = True
        if side.kind in LOG_KINDS and side.stored in storage.SIGNIFICAND and block.ndim == 2:
            step = -(-side.rows // SAMPLE)
            sample = block[-self._rows % step :: step]
            self._noise.append(storage.rounding_noise(sample, side.stored, self._temperature))
            self._rows += len(block)
        if side.kind == "logits" or side.coding or (side.is_vector and self._totals):
            return
        totals = np.atleast_1d(meaning.masses(block, side.kind))
        self._totals.append(totals)
        if side.kind not in LOG_KINDS:
            self._sum += self._total(block, totals)
            self._are_whole = self._are_whole and meaning.are_whole(block)

    def _total(self, block: NDArray[Any], totals: NDArray[np.float64]) -> float:
        """Return the total of a block; `totals` are those of its rows.

        Raises
        ------
        InputError
            If it is beyond a double, or would be with those of the blocks before.
        """
        with np.errstate(over="ignore"):
            total = float(totals.sum())
        if not math.isfinite(self._sum + total):
            raise meaning.too_large(Place(self._side.source, name=self._side.column))
        return total_of(block, self._side.kind) if block.size <= EXACT else total

    def side(self) -> Side:
        """Return the side as a report shows it."""
        side = self._side
        total = 1 if side.kind in LOG_KINDS else self._sum
        rows = side.outcomes if side.is_vector else side.rows
        return Side(
            side.name, side.source, side.format, side.kind, side.outcomes, total, rows, rows, 0
        )

    def floor(self) -> tuple[Note, ...]:
        """Return the note on targets of which the coding tells no more than a limit."""
        if not self._on_floor:
            return ()
        message = f"{self._on_floor} of {self._side.rows} targets lie on the floor of the file's"
        message += " coding, which says of them no more than a limit: the perplexity of"
        message += f" {self._letter} is at least the one that is shown"
        return (Note("target-on-floor", message, self._side.source),)

    def noise(self) -> float | None:
        """Return the divergence that rounding to 16 bits makes; None of what has more."""
        return float(np.concatenate(self._noise).mean()) if self._noise else None

    def notes(self) -> tuple[Note, ...]:
        """Return the notes on the side."""
        side = self._side
        if self._may_be_probabilities:
            message = "the rows of what are called logits add up to 1, as probabilities do"
            advice = "--as probabilities if they are" if len(side.shape) == 2 else ""
            return (*side.notes, Note("look-like-probabilities", message, side.source, advice))
        if not self._totals:
            return side.notes
        totals = np.concatenate(self._totals)
        shape: tuple[int, ...] = (len(totals), side.outcomes)
        if side.is_vector:
            totals, shape = totals[0], shape[1:]
        said = meaning.notes_on_totals(
            side.kind, totals, self._dtype, shape, side.source, may_be_counts=self._are_whole
        )
        return (*side.notes, *said)
