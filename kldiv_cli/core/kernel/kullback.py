"""D(P || Q) of weights, and nothing else: the data are read once where that is exact.

For weights a and b with the sums A and B, and any R > 0,

    D(P || Q) = (sum t - X phi(W / X)) / X,    t = w - x log(b / x) >= 0,
    x = R a,  w = b - x,  X = sum x,  W = sum w,  phi(r) = r - log(1 + r),

so with R = 1 neither side need be normalised.  Only where phi takes much of the sum, because
the totals differ by more than the distributions do, R has to be nearer to B / A: every round
adds to it what the round before has left over, in parts of 26 bits, whose products are exact.

Where the distributions differ much, log(B / A) - sum a log(b / a) / A loses nothing either.

Vectors and batches are taken alike, vectors with numbers for sums and as few calls of NumPy
as can be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kldiv_cli.core.kernel.blocks import (
    Buffers,
    NotWeightsError,
    Weights,
    pieces,
    row_sums,
)
from kldiv_cli.core.kernel.elements import NEAR, Work, coefficients, difference, select, series
from kldiv_cli.core.kernel.twofold import Floats, round26

ENOUGH = 0.25
"""From this divergence on the plain sum of a log(b / a) loses next to nothing."""
SHARE = 0.25
"""The most that the totals may take of the sum."""
LEAST, MOST = 1e-100, 1e100
"""Weights and totals between these need no care."""
NONE = np.array(1e-150)
"""Stands for an x of zero where it divides: beside others it is lost."""
BELOW = np.array(1e-300)
"""Less than any ratio to an x of `NONE` or more."""
ONE = np.array(1.0)
ZERO = 1e-50
"""Divergences below this hang on more bits of B / A than R has here."""
ROUNDS = 4
SAMPLE = 2048
"""Outcomes from which is guessed how far apart the sides are."""
VECTOR = 8192
"""Vectors are cut into pieces of this length: BLAS takes such with one thread."""
ONES = np.ones(VECTOR)

Gone = NDArray[np.bool_] | None


class _UnfitError(Exception):
    """Weights so small that they need the general way."""


def _gone(a: Floats, b: Floats) -> Gone:
    """Tell where only P gives an outcome a chance; None if no weight is zero."""
    # By position, as argmin also finds a nan.
    least = min(a.item(a.argmin()), b.item(b.argmin()))
    if least >= LEAST:
        return None
    if not least >= 0.0:
        raise NotWeightsError
    no_a, no_b = a == 0.0, b == 0.0
    for x, none in ((a, no_a), (b, no_b)):
        if np.count_nonzero(x < LEAST) > np.count_nonzero(none):
            raise _UnfitError
    gone: NDArray[np.bool_] = no_b > no_a
    return gone


def _total(v: Floats) -> Any:
    """Add up a vector to a number, or every row of a block."""
    return float(v.dot(ONES[: len(v)])) if v.ndim == 1 else row_sums(v)


def _totals(a: Floats, b: Floats, work: Work) -> tuple[Any, ...]:
    """Return A, B, and W, which tells the difference of A and B better than they do."""
    return _total(a), _total(b), _total(np.subtract(b, a, out=work.w))


def _plain(a: Floats, b: Floats, gone: Gone, work: Work, unit: Any = None) -> Any:
    """Sum of a log(b / a), with b in other units: near 1 a logarithm is most exact."""
    L = np.divide(b, a if gone is None else np.add(a, NONE, out=work.v), out=work.t)
    if unit is not None:
        np.multiply(L, unit, out=L)
    if gone is not None:
        np.add(L, BELOW, out=L)
    np.log(L, out=L)
    S = float(a.dot(L)) if a.ndim == 1 else row_sums(np.multiply(a, L, out=L))
    return S if gone is None else np.where(gone.any(axis=-1), -np.inf, S)


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
        # x (r - 1 - log r): the rounding of r counts in second order only.
        r = np.divide(b, divisor, out=work.s)
        L = np.log(r, out=q)
        np.subtract(r, ONE, out=r)
        np.subtract(r, L, out=r)
        np.multiply(r, divisor, out=r)
        select(np.greater(z, NEAR, out=work.mask), r, t, q)
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
                rho, unit = W / A, None
                if not (np.abs(rho) < 0.4).all():
                    unit = np.exp2(-np.rint(np.log2(B / A)))
                    rho = np.where(unit == 1.0, rho, (B * unit - A) / A)
                    unit = unit[:, None]
                D = np.log1p(rho) - _plain(a, b, gone, work, unit) / A
                good = (D >= ENOUGH) & _fit(A) & _fit(B)
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
        """One piece, as doubles."""
        a, b = (np.ascontiguousarray(x[start : start + VECTOR], np.float64) for x in (p, q))
        for x, raw in ((a, p), (b, q)):
            if raw.dtype.kind != "f" and x.max() >= 2.0**53:
                raise _UnfitError
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
    parts: tuple[float, ...] = ()
    S, A, B, W = _apart(*sample, work)
    if LEAST < A < MOST and LEAST < B < MOST:
        D = math.log(B / A) - S / A
        if D >= ENOUGH:
            k = round(math.log2(B / A))
            if k or not whole:
                S, A, B, W = add_up(_apart, 2.0**-k if k else None)
            if not (LEAST < A < MOST and LEAST < B < MOST):
                return None
            D = math.log1p((math.ldexp(B, -k) - A if k else W) / A) - S / A
            if D >= ENOUGH:
                return D
        else:
            lost, z = _lost(A, W)
            if z > NEAR or lost > (SHARE * D + 1e-14) * A:
                # Already the totals lose more than the divergence.
                if not whole:
                    _, A, B, W = add_up(_apart)
                parts = _refined((), B / A - 1.0)
    for _ in range(ROUNDS):
        t, X, W = add_up(_sums, parts)
        if not LEAST < X < MOST:
            break
        lost, z = _lost(X, W)
        if z <= NEAR and lost <= SHARE * t:
            D = (t - lost) / X
            return D if D >= ZERO or t == 0.0 else None
        parts = _refined(parts, W / X)
    return None


def _apart(a: Floats, b: Floats, gone: Gone, work: Work, unit: Any = None) -> tuple[float, ...]:
    return (_plain(a, b, gone, work, unit), *_totals(a, b, work))


def _sums(*of: Any) -> tuple[float, ...]:
    return tuple(map(_total, _terms(*of)))
