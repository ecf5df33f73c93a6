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

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

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
    """

    p: NDArray[np.floating[Any]]
    q: NDArray[np.floating[Any]]


class LlamaRows(NamedTuple):
    """What llama.cpp computes of each row; see `llama_rule`."""

    kl: NDArray[np.float64]
    nll_p: NDArray[np.float64]
    nll_q: NDArray[np.float64]


def record_type(outcomes: int) -> np.dtype[np.void]:
    """Return the type of a record with so many tokens: 2 (2 ceil(outcomes / 2) + 4) bytes."""
    fields: list[Any] = [("scale", "<f4"), ("min", "<f4"), ("code", "<u2", (outcomes,))]
    return np.dtype([*fields, ("pad", "<u2")] if outcomes % 2 else fields)


def is_coded(values: NDArray[Any]) -> bool:
    """Return whether the values of a block are records, and not logits."""
    return values.dtype.names is not None


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
    np.multiply(records["code"], records["scale"][:, None], out=out, dtype=out.dtype)
    out += records["min"][:, None]
    return out


def ranked(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the order of the probabilities: of records their codes, else the logits.

    The likeliest tokens are to be found by these: in `Cells` a token may have no cell.
    """
    return values["code"] if is_coded(values) else values


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
        sides = [_Side.of(*each) for each in zip((p, q), memories, strict=True)]
        floors = [side.floor for side in sides if side.floor is not None]
        if not floors:
            for memory in memories:
                memory.log[:, -1] = OUTSIDE
            return Cells(first.log, second.log)
        outside = floors[0]
        if len(floors) == 2:
            outside = np.logical_or(floors[0], floors[1], out=first.either)
        held = [side.held(outside, second.either) for side in sides]
        ends = [side.interval(mass) for side, mass in zip(sides, held, strict=True)]
        masses = nearest(ends[0], ends[1])
        is_empty = (masses[0] == 0) & (masses[1] == 0)
        # An assignment where a mask says so takes ten times as long.
        limit = np.multiply(outside, OUTSIDE, out=first.share, dtype=dtype)
        for side, memory, mass in zip(sides, memories, masses, strict=True):
            tokens = memory.log[:, :-1]
            np.minimum(tokens, limit, out=tokens)
            with np.errstate(divide="ignore"):
                last = np.log(mass * side.total)
            memory.log[:, -1] = np.where(is_empty, OUTSIDE, last)
        return Cells(first.log, second.log)


class _Memory(NamedTuple):
    """Arrays for one side of a pair.

    Attributes
    ----------
    log : ndarray, shape (n, K + 1)
        The logarithms of the weights of the cells.
    share : ndarray, shape (n, K)
        The weights of the tokens.
    floor, either : ndarray of bool, shape (n, K)
        Marks of tokens.
    """

    log: NDArray[np.floating[Any]]
    share: NDArray[np.floating[Any]]
    floor: NDArray[np.bool_]
    either: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: int, outcomes: int, dtype: np.dtype[Any]) -> _Memory:
        """Return arrays for so many rows."""
        shape = (rows, outcomes)
        log, share = np.empty((rows, outcomes + 1), dtype), np.empty(shape, dtype)
        return cls(log, share, np.empty(shape, np.bool_), np.empty(shape, np.bool_))

    def fits(self, rows: int, outcomes: int, dtype: np.dtype[Any]) -> bool:
        """Return whether so many rows, or fewer, have a place here."""
        return (
            self.share.dtype == dtype
            and self.share.shape[1] == outcomes
            and len(self.share) >= rows
        )

    def first(self, rows: int) -> _Memory:
        """Return the places of the first rows."""
        log, share, floor, either = self
        return _Memory(log[:rows], share[:rows], floor[:rows], either[:rows])


class _Side(NamedTuple):
    """One side of a pair, while its cells are found.

    Attributes
    ----------
    share : ndarray, shape (n, K)
        The weights of the tokens.
    total : ndarray, shape (n,)
        What a mass of 1 is in these weights.
    above : ndarray, shape (n,)
        The mass of all tokens that are not on the floor.
    floor : ndarray of bool, shape (n, K), or None
        The tokens of which nothing is known but that they are on the floor or below.
    most : ndarray, shape (n,)
        The mass that these can have at most.
    noise : ndarray, shape (n,)
        How much the mass of all can be off one.
    """

    share: NDArray[np.floating[Any]]
    total: NDArray[np.float64]
    above: NDArray[np.float64]
    floor: NDArray[np.bool_] | None
    most: NDArray[np.float64]
    noise: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[Any], memory: _Memory) -> _Side:
        """Return a side; the logarithms of its weights are written to the memory."""
        log, share = memory.log[:, :-1], memory.share
        nothing, one = np.zeros(len(values)), np.ones(len(values))
        if not is_coded(values):
            np.copyto(log, values)
            # The rounding of the difference is that of any softmax. What is no number stays none.
            with np.errstate(invalid="ignore"):
                log -= log.max(axis=1, keepdims=True)
            total = np.exp(log, out=share).sum(axis=1).astype(np.float64)
            return cls(share, total, one, None, nothing, nothing)
        log_probabilities(values, log)
        sums = np.exp(log, out=share).sum(axis=1).astype(np.float64)
        clipped = is_clipped(values)
        if not clipped.any():
            return cls(share, one, sums, None, nothing, nothing)
        floor = np.equal(values["code"], 0, out=memory.floor)
        if not clipped.all():
            floor[~clipped] = False
        # The weight of the floor as it was added to the sums.
        least = np.exp(values["min"].astype(share.dtype)).astype(np.float64)
        # Row by row it is faster than along an axis.
        most = np.array([np.count_nonzero(row) for row in floor]) * least
        noise = values["scale"].astype(np.float64) / 2 + ROUNDING
        return cls(share, one, sums - most, floor, most, noise)

    def held(self, outside: NDArray[np.bool_], memory: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the mass of the tokens outside that are above the floor of this side."""
        own = outside if self.floor is None else np.greater(outside, self.floor, out=memory)
        rows, outcomes = own.shape
        places = np.flatnonzero(own)
        weights = self.share.reshape(-1)[places]
        return np.bincount(places // outcomes, weights, minlength=rows) / self.total

    def interval(self, held: NDArray[np.float64]) -> Interval:
        """Return the least and the greatest mass of the cell that stands for the others."""
        greatest = held + self.most
        rest = 1 - self.above + held
        low = np.clip(rest - self.noise, held, greatest)
        # Where the sum is above one by more than the noise, it says nothing.
        high = np.where(rest + self.noise < held, greatest, rest + self.noise)
        return low, np.clip(high, held, greatest)
