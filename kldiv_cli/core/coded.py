"""Distributions of language models as llama.cpp codes them in 16 bits, and their comparison.

``llama-perplexity --kl-divergence-base`` writes a record for each token that a model predicts.
With z the model's logits of the K tokens of its vocabulary, the record holds

    low = max(min z, max z - floor)         floor: 16, or 24 in a fork
    scale = (max z - low) / 65535
    min = low - log sum exp z
    code_i = round((z_i - low) / scale),    0 where z_i < low

so that ``log p_i = scale code_i + min``. A record in which max z - low is the floor is clipped:
there code 0 means *at most* ``min``. All logarithms are natural, and divergences are in nats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.records import is_coded, ranked
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Interval = tuple[NDArray[np.float64], NDArray[np.float64]]
    """The least and the greatest that each of some numbers may be."""

TOP = 65535
"""The code of the most likely token."""
LEAST = -16.0
"""Tokens whose logarithm of the probability is not above this do not count in llama.cpp's rule."""
ROUNDING = 2.0**-17
"""How far the logarithms of a record are off beside their coding: they are single precision."""
OUTSIDE = -86.0
"""The logarithm of the weight of a token that has no cell of its own.

All of them together weigh less than 1e-31, and still are normal numbers of single precision.
"""

CHUNK = 128
"""Weights that are added up in their own precision; beyond that it is double precision."""


class Coding(NamedTuple):
    """What a file of records tells beside the distributions.

    Attributes
    ----------
    targets : ndarray of int32, shape (rows,)
        The token that follows in the text, for each row.
    rows_in_chunk : int
        Rows of one piece of text, one after another; the next row begins the next piece.
    context : int
        Tokens of a piece of text, scored or not.
    """

    targets: NDArray[np.int32]
    rows_in_chunk: int
    context: int


class Cells(NamedTuple):
    """Two batches of weights over the same K + 1 cells.

    Attributes
    ----------
    p, q : ndarray, shape (n, K + 1)
        Logarithms of weights, which are not normalised. The last cell stands for all tokens
        together that have none of their own; these have a logarithm of `OUTSIDE` on both sides.
    weights : pair of ndarray, shape (n, K + 1), or None
        The weights of P and of Q themselves, where they are known.
    """

    p: NDArray[np.floating[Any]]
    q: NDArray[np.floating[Any]]
    weights: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]] | None = None


class LlamaRows(NamedTuple):
    """What llama.cpp computes of each row; see `llama_rule`."""

    kl: NDArray[np.float64]
    nll_p: NDArray[np.float64]
    nll_q: NDArray[np.float64]


def record_type(outcomes: int) -> np.dtype[np.void]:
    """Return the type of a record with so many tokens: 2 (2 ceil(outcomes / 2) + 4) bytes."""
    fields: list[Any] = [("scale", "<f4"), ("min", "<f4"), ("code", "<u2", (outcomes,))]
    return np.dtype([*fields, ("pad", "<u2")] if outcomes % 2 else fields)


def is_clipped(records: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return which records are clipped, so that their code 0 means "at most".

    The floor is a whole number, whatever it is; a record of which the range is one by chance has
    a single token with code 0, of which little is lost.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    step = records["scale"].astype(np.float64)
    reach = TOP * step
    is_whole: NDArray[np.bool_] = np.abs(reach - np.rint(reach)) < step
    return is_whole


def log_probabilities(
    records: NDArray[np.void], out: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.floating[Any]]:
    """Return the logarithms of the probabilities that records hold, as they are coded.

    They are not normalised: the probabilities of a row add up to 1 within 1.3e-4, less those of
    the tokens below the floor. Softmax would raise these: see `Cells`.

    Parameters
    ----------
    records : ndarray of `record_type`, shape (n,)
    out : ndarray of float32 or float64, shape (n, K), optional
        Where they are written.

    Returns
    -------
    ndarray, shape (n, K)
    """
    if out is None:
        out = np.empty(records["code"].shape, np.float32)
    # In steps it takes less time than a product of integers and floats.
    np.copyto(out, records["code"])
    out *= records["scale"][:, None]
    out += records["min"][:, None]
    return out


def target_log_probabilities(
    values: NDArray[Any], targets: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Return the logarithm of the probability of one token in each row.

    Parameters
    ----------
    values : ndarray
        Records of shape (n,), or logits of shape (n, K).
    targets : ndarray of int, shape (n,)
        From 0 to K - 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        Of records as they are coded: an upper bound where `on_floor` says so.
    """
    rows = np.arange(len(values))
    if is_coded(values):
        codes = values["code"][rows, targets]
        coded: NDArray[np.float64] = values["scale"].astype(np.float64) * codes + values["min"]
        return coded
    top = values.max(axis=1).astype(np.float64)
    rest = values - top[:, None]
    chosen = rest[rows, targets]
    logs: NDArray[np.float64] = chosen - np.log(np.exp(rest, out=rest).sum(axis=1))
    return logs


def on_floor(records: NDArray[np.void], targets: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return for which rows nothing but an upper bound is known of the target's probability.

    Where there are any, the perplexity that a file of records yields is a lower bound.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    is_least: NDArray[np.bool_] = records["code"][np.arange(len(records)), targets] == 0
    return is_least & is_clipped(records)


def llama_rule(
    p: NDArray[np.void], q: NDArray[Any], targets: NDArray[np.integer[Any]]
) -> LlamaRows:
    """Return what llama.cpp computes of each row, to agree with numbers that it printed.

    The divergence is sum p (log p - log q) over the tokens with log p > -16, where p is as it is
    coded, and not normalised: it may be negative, and errs by up to 1e-4.

    Parameters
    ----------
    p : ndarray of `record_type`, shape (n,)
        Of the full model.
    q : ndarray
        Of the other model: its logits, shape (n, K), or records, shape (n,).
    targets : ndarray of int, shape (n,)
        The tokens that follow in the text.

    Returns
    -------
    LlamaRows
        The divergence, and the negative log-likelihood of the targets by both models, shape (n,).
    """
    log_p = log_probabilities(p)
    if is_coded(q):
        log_q = log_probabilities(q)
    else:
        # The tool's own steps: single precision, but for the sum of the exponentials.
        log_q = q.astype(np.float32)
        log_q -= log_q.max(axis=1, keepdims=True)
        total = np.exp(log_q).sum(axis=1, keepdims=True, dtype=np.float64)
        log_q -= np.log(total).astype(np.float32)
    terms = np.subtract(log_p, log_q, out=log_q)
    terms *= np.exp(log_p)
    terms[log_p <= LEAST] = 0
    kl = terms.sum(axis=1, dtype=np.float64)
    nll_p, nll_q = (-target_log_probabilities(side, targets) for side in (p, q))
    return LlamaRows(kl, nll_p, nll_q)


def nearest(p: Interval, q: Interval) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the numbers of two intervals that are nearest to each other: equal if they meet."""
    meeting = (np.maximum(p[0], q[0]) + np.minimum(p[1], q[1])) / 2
    return np.clip(meeting, *p), np.clip(meeting, *q)


class CellsOfPair:
    """The joint cells of two batches, of which one or both are coded.

    A token has a cell of its own where no record has it on its floor. All others are one cell,
    whose mass is known within an interval: between what the records tell of tokens above their
    own floor, and that much more as the floor allows; and it is one less the mass of the other
    cells, within the noise of the coding. Of both sides the masses are taken that are nearest to
    each other. So no divergence is above that of the distributions themselves, but for the
    coding, by the log-sum inequality, and none is negative.

    Memory is kept from call to call.
    """

    def __init__(self) -> None:
        self._memory: list[_Memory] = []

    def __call__(self, p: NDArray[Any], q: NDArray[Any]) -> Cells:
        """Return two batches over the same cells.

        Parameters
        ----------
        p, q : ndarray
            Records, shape (n,), or logits, shape (n, K). There may be logits of -inf; the answer
            for a row with others that are not finite, or of -inf alone, is nan.

        Returns
        -------
        Cells
            Of float64 if logits are, else of float32. The next call overwrites it.
        """
        rows, outcomes = len(p), ranked(p).shape[1]
        dtype = np.result_type(np.float32, *(side for side in (p, q) if not is_coded(side)))
        if not self._memory or not self._memory[0].fits(rows, outcomes, dtype):
            self._memory = [_Memory.of(rows, outcomes, dtype) for _ in range(2)]
        memories = [memory.first(rows) for memory in self._memory]
        first, second = memories
        floors = _floors(p, q, memories)
        sides = [
            _Side.of(values, memory, side, floors)
            for side, (values, memory) in enumerate(zip((p, q), memories, strict=True))
        ]
        ends = [side.interval() for side in sides]
        masses = nearest(ends[0], ends[1])
        is_empty = (masses[0] == 0) & (masses[1] == 0)
        for side, memory, mass in zip(sides, memories, masses, strict=True):
            weight = mass * side.total
            with np.errstate(divide="ignore"):
                memory.log[:, -1] = np.where(is_empty, OUTSIDE, np.log(weight))
            memory.share[:, outcomes] = weight
        weights = first.share[:, : outcomes + 1], second.share[:, : outcomes + 1]
        return Cells(first.log, second.log, weights)


class _Floors(NamedTuple):
    """The tokens of which one side at least knows no more than a limit.

    Attributes
    ----------
    limit : ndarray, shape (n, K)
        `OUTSIDE` for these tokens, and 0 for others.
    known : pair of ndarray of int
        The places, in all rows, of those of which P knows more, and of which Q does.
    """

    limit: NDArray[np.floating[Any]]
    known: tuple[NDArray[np.intp], NDArray[np.intp]]


def _floors(p: NDArray[Any], q: NDArray[Any], memories: list[_Memory]) -> _Floors | None:
    """Find the tokens on the floor of each side, and on either; return None if there are none."""
    first, second = memories
    is_any = False
    for side, memory in zip((p, q), memories, strict=True):
        clipped = is_clipped(side) if is_coded(side) else np.zeros(1, np.bool_)
        if not clipped.any():
            memory.floor[...] = False
            continue
        is_any = True
        np.equal(side["code"], 0, out=memory.floor)
        if not clipped.all():
            memory.floor[~clipped] = False
    if not is_any:
        return None
    alone = np.flatnonzero(np.not_equal(first.floor, second.floor, out=first.marks))
    is_of_q = first.floor.reshape(-1)[alone]
    outside = np.logical_or(first.floor, second.floor, out=first.marks)
    # The second side needs it before its weights are known.
    limit = second.share[:, : outside.shape[1]]
    # An assignment where a mask says so takes ten times as long, and a product three times.
    np.copyto(limit, outside.view(np.uint8))
    limit *= OUTSIDE
    return _Floors(limit, (alone[~is_of_q], alone[is_of_q]))


class _Memory(NamedTuple):
    """Arrays for one side of a pair.

    Attributes
    ----------
    log : ndarray, shape (n, K + 1)
        The logarithms of the weights of the cells.
    share : ndarray, shape (n, W)
        The weights, and zeros: W is the next multiple of `CHUNK`.
    floor, marks : ndarray of bool, shape (n, K)
        The tokens of which nothing is known but that they are on the floor or below, and memory
        for other marks.
    """

    log: NDArray[np.floating[Any]]
    share: NDArray[np.floating[Any]]
    floor: NDArray[np.bool_]
    marks: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: int, outcomes: int, dtype: np.dtype[Any]) -> _Memory:
        """Return arrays for so many rows."""
        shape = (rows, outcomes)
        log = np.empty((rows, outcomes + 1), dtype)
        share = np.zeros((rows, -(-(outcomes + 1) // CHUNK) * CHUNK), dtype)
        marks = np.empty(shape, np.bool_), np.empty(shape, np.bool_)
        return cls(log, share, *marks)

    def fits(self, rows: int, outcomes: int, dtype: np.dtype[Any]) -> bool:
        """Return whether so many rows, or fewer, have a place here."""
        return (
            self.log.dtype == dtype and self.floor.shape[1] == outcomes and len(self.floor) >= rows
        )

    def first(self, rows: int) -> _Memory:
        """Return the places of the first rows."""
        log, share, floor, marks = self
        return _Memory(log[:rows], share[:rows], floor[:rows], marks[:rows])


class _Side(NamedTuple):
    """One side of a pair, while its cells are found.

    Attributes
    ----------
    total : ndarray, shape (n,)
        What a mass of 1 is in the weights.
    kept, held : ndarray, shape (n,)
        The mass of the tokens that have a cell of their own, and of the others that are not on
        the floor.
    most : ndarray, shape (n,)
        The mass that those on the floor can have at most.
    noise : ndarray, shape (n,)
        How much the mass of all can be off one.
    """

    total: NDArray[np.float64]
    kept: NDArray[np.float64]
    held: NDArray[np.float64]
    most: NDArray[np.float64]
    noise: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[Any], memory: _Memory, side: int, floors: _Floors | None) -> _Side:
        """Return a side; its weights and their logarithms are written to the memory.

        Parameters
        ----------
        values : ndarray
            Records, shape (n,), or logits, shape (n, K).
        memory : _Memory
            Its `floor` is known.
        side : int
            0 for P, 1 for Q.
        floors : _Floors or None
            The tokens without a cell of their own; None if there are none.
        """
        tokens = memory.log[:, :-1]
        rows, outcomes = tokens.shape
        held, most, noise = np.zeros(rows), np.zeros(rows), np.zeros(rows)
        if is_coded(values):
            log_probabilities(values, tokens)
        else:
            np.copyto(tokens, values)
            # The rounding of the difference is that of any softmax. What is no number stays none.
            with np.errstate(invalid="ignore"):
                tokens -= tokens.max(axis=1, keepdims=True)
        if floors is not None:
            own = floors.known[side]
            row = own // outcomes
            # Rows of logarithms have one cell more.
            flat, places = memory.log.reshape(-1), own + row
            logs = flat[places]
            held += np.bincount(row, np.exp(logs), minlength=rows)
            np.minimum(tokens, floors.limit, out=tokens)
            if len(logs) and logs.min() < OUTSIDE:
                flat[places] = OUTSIDE
        weights = np.exp(tokens, out=memory.share[:, :outcomes])
        memory.share[:, outcomes] = 0
        kept = _row_sums(memory.share)
        if not is_coded(values):
            total = kept + held
            return cls(total, kept / total, held / total, most, noise)
        if memory.floor.any():
            least = np.exp(values["min"].astype(weights.dtype)).astype(np.float64)
            # Row by row it is faster than along an axis.
            most = np.array([np.count_nonzero(row) for row in memory.floor]) * least
            clipped = is_clipped(values)
            noise = np.where(clipped, values["scale"].astype(np.float64) / 2 + ROUNDING, 0.0)
        return cls(np.ones(rows), kept, held, most, noise)

    def interval(self) -> Interval:
        """Return the least and the greatest mass of the cell that stands for the others."""
        greatest = self.held + self.most
        rest = 1 - self.kept
        low = np.clip(rest - self.noise, self.held, greatest)
        # Where the sum is above one by more than the noise, it says nothing.
        high = rest + self.noise
        high = np.where(high < self.held, greatest, high)
        return low, np.clip(high, self.held, greatest)


def _row_sums(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the sum of each row, whose length is a multiple of `CHUNK`."""
    chunks = np.vecdot(values.reshape(-1, CHUNK), np.ones(CHUNK, values.dtype))
    sums: NDArray[np.float64] = chunks.reshape(len(values), -1).sum(axis=1, dtype=np.float64)
    return sums
