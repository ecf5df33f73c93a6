"""D(P || Q) of weights, and nothing else: the data are read once where that is exact.

For weights a and b with the sums A and B, and any R > 0,

    D(P || Q) = (sum t - X phi(W / X)) / X,    t = w - x log(b / x) >= 0,
    x = R a,  w = b - x,  X = sum x,  W = sum w,  phi(r) = r - log(1 + r),

so with R = 1 neither side need be normalised.  Only where phi takes much of the sum, because
the totals differ by more than the distributions do, R has to be nearer to B / A: every round
adds to it what the round before has left over, in parts of 26 bits, whose products are exact.

Where the distributions differ much, t needs no care: for all outcomes it is the plain
a (r - 1 - log r), r = b / a, and b may be rounded to bring the totals together.

Vectors and batches are taken alike, vectors with numbers for sums and as few calls of NumPy
as can be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from kldiv_cli.core.kernel.blocks import (
    Buffers,
    NotWeightsError,
    Weights,
    pieces,
    require_weights,
    row_sums,
)
from kldiv_cli.core.kernel.elements import NEAR, Work, coefficients, difference, select, series
from kldiv_cli.core.kernel.twofold import Floats, round26

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 0.02
"""From this divergence on the last digits of logarithms are worth next to nothing."""
SHARE = 0.25
"""The most that the totals may take of the sum."""
LEAST, MOST = 1e-100, 1e100
"""Weights and totals between these need no care."""
NONE = np.array(1e-150)
"""Stands for an x of zero where it divides: beside others it is lost."""
BELOW = np.array(1e-250)
"""Stands for a b of zero in the logarithm; beside an x of `NONE` it is nothing."""
NOTHING, ONE = np.array(0.0), np.array(1.0)
"""NumPy takes arrays faster than numbers."""
ZERO = 1e-50
"""Divergences below this hang on more bits of B / A than R has here."""
ROUNDS = 4
SAMPLE = 2048
"""Outcomes from which is guessed how far apart the sides are."""
VECTOR = 8192
"""Vectors are cut into pieces of this length: BLAS takes such with one thread."""
ONES = np.ones(VECTOR)

Gone: TypeAlias = "NDArray[np.bool_] | None"


class _UnfitError(Exception):
    """Weights so small that they need the general way."""


def _gone(a: Floats, b: Floats) -> Gone:
    """Tell where only P gives an outcome a chance; None if no weight is zero."""
    if a.ndim == 1:
        # For short vectors faster than their minimum, and it finds a nan as well.
        least = min(a.item(a.argmin()), b.item(b.argmin()))
    else:
        least = min(require_weights(a), require_weights(b))
    if least >= LEAST:
        return None
    if not least >= 0.0:
        raise NotWeightsError
    any_a, any_b = np.greater(a, NOTHING), np.greater(b, NOTHING)
    if np.count_nonzero(a >= LEAST) + np.count_nonzero(b >= LEAST) < (
        np.count_nonzero(any_a) + np.count_nonzero(any_b)
    ):
        raise _UnfitError
    gone: NDArray[np.bool_] = any_a > any_b
    return gone


def _total(v: Floats) -> Any:
    """Add up a vector to a number, or every row of a block."""
    return float(v.dot(ONES[: len(v)])) if v.ndim == 1 else row_sums(v)


def _totals(a: Floats, b: Floats, work: Work) -> tuple[Any, ...]:
    """Return A, B, and W, which tells the difference of A and B better than they do."""
    return _total(a), _total(b), _total(np.subtract(b, a, out=work.w))


def _far(x: Floats, b: Floats, work: Work) -> Floats:
    """Find t = x (r - 1 - log r), r = b / x, where r is far from 1.

    What r lost when it was rounded counts in second order only.
    """
    r = np.divide(b, x, out=work.s)
    L = np.log(r, out=work.q)
    np.subtract(r, ONE, out=r)
    np.subtract(r, L, out=r)
    return np.multiply(r, x, out=r)


def _plain(a: Floats, b: Floats, gone: Gone, work: Work) -> Any:
    """Sum of t for R = 1."""
    if gone is not None:
        a, b = np.add(a, NONE, out=work.v), np.add(b, BELOW, out=work.z)
    t = _total(_far(a, b, work))
    if gone is None or not np.count_nonzero(gone):
        return t
    return math.inf if a.ndim == 1 else np.where(gone.any(axis=1), np.inf, t)


def _terms(
    a: Floats, b: Floats, gone: Gone, work: Work, parts: tuple[Any, ...]
) -> tuple[Floats, Floats, Floats]:
    """Find t, x and w, where R has these parts, or is 1."""
    if parts:
        w = difference(a, b, parts, work)
        x = np.multiply(a, sum(parts), out=work.x)
    else:
        w, x = np.subtract(b, a, out=work.w), a
    divisor = x if gone is None else np.add(x, NONE, out=work.v)
    y = np.divide(w, np.add(divisor, b, out=work.s), out=work.y)
    z = np.multiply(y, y, out=work.z)
    peak = z.item(z.argmax())
    # w y - x Q, as in `elements`.
    q = series(y, z, peak, work.q)
    np.multiply(q, x, out=q)
    t = np.multiply(w, y, out=work.t)
    np.subtract(t, q, out=t)
    if peak > NEAR:
        far = np.greater(z, NEAR, out=work.mask)
        if 32 * np.count_nonzero(far) < far.size:
            t[far] = _far(divisor[far], b[far], Work())
        else:
            select(far, _far(divisor, b, work), t, q)
    return t, x, w


def _lost(X: Any, W: Any) -> tuple[Any, Any]:
    """X phi(W / X) = W y - X Q, and y^2, beyond `NEAR` of which that means nothing."""
    y = W / (X + X + W)
    z = y * y
    excess = 0.0
    for c in reversed(coefficients(z if isinstance(z, float) else float(z.max()))):
        excess = (excess + c) * z
    return W * y - X * excess * y, z


def _refined(parts: tuple[Any, ...], rho: Any) -> tuple[Any, ...]:
    """Add to R what is left of B / A = R (1 + rho)."""
    if not parts:
        return (round26(1.0 + rho),)
    rest = rho * sum(parts)
    return (*parts, round26(rest)) if len(parts) == 1 else (*parts[:2], sum(parts[2:], rest))


def kl_of_rows(p: Weights, q: Weights) -> Floats:
    """D(P || Q) by row, of rows that fit a block; nan is for the general way.

    What served most rows of one block is tried first on the next.
    """
    values = np.full(p.shape[0], np.nan)
    buffers = Buffers(p.shape)
    far_apart: bool | None = None
    unequal = False
    for piece in pieces(p.shape):
        work = buffers(piece.shape)
        (a, a_low), (b, b_low) = p.block(piece, work.a), q.block(piece, work.b)
        try:
            gone = _gone(a, b)
        except _UnfitError:
            continue
        if a_low is not None or b_low is not None:
            continue
        if far_apart is None:
            x, y = a.ravel()[:SAMPLE], b.ravel()[:SAMPLE]
            far_apart = bool(np.sum(x * np.log(x / y), where=x > 0.0) >= ENOUGH * x.sum())
        value = values[piece.rows]
        parts: tuple[Floats, ...] = ()
        if far_apart or unequal:
            A, B, W = _totals(a, b, work)
            if unequal:
                parts = _refined((), B / A - 1.0)
            if far_apart:
                lost, z = _lost(A, W)
                c = b
                if not (z <= NEAR).all():
                    c = np.multiply(b, (A / B)[:, None], out=work.x)
                    lost, _ = _lost(A, row_sums(np.subtract(c, a, out=work.w)))
                D = (_plain(a, c, gone, work) - lost) / A
                good = (ENOUGH + lost / A <= D) & _fit(A) & _fit(B)
                np.putmask(value, good, D)
                far_apart = bool(2 * np.count_nonzero(good) > len(good))
        at = left = np.flatnonzero(np.isnan(value))
        for step in range(ROUNDS):
            if not len(at):
                break
            if len(at) < len(a):
                a, b = (np.take(x, at, axis=0, mode="clip") for x in (a, b))
                gone = None if gone is None else gone[at]
                parts = tuple(part[at] for part in parts)
                work = buffers(a.shape)
            t, X, W = map(_total, _terms(a, b, gone, work, tuple(r[:, None] for r in parts)))
            lost, z = _lost(X, W)
            D = (t - lost) / X
            good = (z <= NEAR) & (lost <= SHARE * t) & _fit(X) & ((D >= ZERO) | (t == 0.0))
            at = np.flatnonzero(~good)
            D[at] = np.nan
            value[left] = D
            left = left[at]
            parts = _refined(parts, W / X)
            if step == 0:
                unequal = unequal or 2 * len(at) > len(good)
    return values


def _fit(total: Floats) -> NDArray[np.bool_]:
    return (total > LEAST) & (total < MOST)


def kl_of_vectors(p: NDArray[Any], q: NDArray[Any]) -> float | None:
    """D(P || Q) of two vectors of real numbers of 64 bits at most; None is for the general way."""
    with np.errstate(all="ignore"):
        try:
            return _kl_of_vectors(p, q)
        except (_UnfitError, NotWeightsError):
            return None


def _kl_of_vectors(p: NDArray[Any], q: NDArray[Any]) -> float | None:
    work = Work()

    def read(start: int) -> tuple[Floats, Floats, Gone]:
        stop = start + VECTOR
        a, b = _doubles(p[start:stop]), _doubles(q[start:stop])
        return a, b, _gone(a, b)

    def add_up(sums: Callable[..., tuple[float, ...]], *options: Any) -> tuple[float, ...]:
        found = sums(*head, work, *options)
        if len(p) <= VECTOR:
            return found
        rest = (sums(*read(start), work, *options) for start in range(VECTOR, len(p), VECTOR))
        return tuple(map(math.fsum, zip(found, *rest, strict=True)))

    head = sample = read(0)
    whole = len(p) <= SAMPLE
    if not whole:
        a, b, gone = head
        sample = a[:SAMPLE], b[:SAMPLE], None if gone is None else gone[:SAMPLE]
    a, b, gone = sample
    parts: tuple[float, ...] = ()
    A, B, W = _total(a), _total(b), 0.0
    if LEAST < A < MOST and LEAST < B < MOST:
        unit = 1.0 if 0.71 < B / A < 1.41 else A / B
        c = b if unit == 1.0 else b * unit
        w = c - a
        W = _total(w)
        lost, _ = _lost(A, W)
        # Near zero t is half of chi2, and D is nowhere more than chi2.
        t = 0.5 * float(w.dot(w / c))
        if not 2.0 * t < ENOUGH * A:
            t = _plain(a, c, gone, work)
        D: float = (t - lost) / A
        if ENOUGH + lost / A <= D:
            if whole:
                return D
            t, X, Y, W = add_up(_apart, unit)
            if not (LEAST < X < MOST and LEAST < Y < MOST):
                return None
            lost, z = _lost(X, W)
            D = float(t - lost) / X
            if z <= NEAR and ENOUGH + lost / X <= D:
                return D
        elif unit != 1.0 or lost > (SHARE * D + 1e-14) * A:
            # Already the totals lose more than the divergence.
            if not whole:
                _, A, B, _ = add_up(_apart, 1.0)
            parts = _refined((), B / A - 1.0)
    elif whole:
        return None
    for _ in range(ROUNDS):
        if whole and not parts:
            t, X = _total(_terms(*head, work, ())[0]), A
        else:
            t, X, W = add_up(_sums, parts)
        if not LEAST < X < MOST:
            break
        lost, z = _lost(X, W)
        if z <= NEAR and lost <= SHARE * t:
            D = (t - lost) / X
            return D if D >= ZERO or t == 0.0 else None
        parts = _refined(parts, W / X)
    return None


def _doubles(x: NDArray[Any]) -> Floats:
    doubles: Floats = np.ascontiguousarray(x, np.float64)
    if x.dtype.kind != "f" and doubles.max() >= 2.0**53:
        raise _UnfitError
    return doubles


def _apart(a: Floats, b: Floats, gone: Gone, work: Work, unit: float) -> tuple[float, ...]:
    if unit != 1.0:
        b = b * unit
    return (_plain(a, b, gone, work), *_totals(a, b, work))


def _sums(*of: Any) -> tuple[float, ...]:
    return tuple(map(_total, _terms(*of)))
