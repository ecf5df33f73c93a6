"""Every measure, computed from its definition with 90 digits; kldiv is compared with these."""

from __future__ import annotations

from collections.abc import Sequence

import mpmath
import numpy as np

mp = mpmath.mp.clone()
mp.dps = 90

INF = mp.inf


def number(x: object) -> mpmath.mpf:
    """Return a number as it is: no digit of a double or of an integer is lost."""
    return mp.mpf(int(x)) if hasattr(x, "__index__") else mp.mpf(float(x))


def normalise(weights: Sequence[object]) -> list[mpmath.mpf]:
    a = [number(x) for x in weights]
    total = mp.fsum(a)
    return [x / total for x in a]


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[mpmath.mpf]:
    top = max(logits)
    a = [
        mp.mpf(0) if z == -mp.inf else mp.exp((number(z) - number(top)) / number(temperature))
        for z in logits
    ]
    total = mp.fsum(a)
    return [x / total for x in a]


def side(x: Sequence[object], kind: str, temperature: float = 1.0) -> list[mpmath.mpf]:
    if kind in ("logits", "log-probs"):
        return softmax(x, temperature)
    return normalise(x)


def _kl(p, q):
    if any(x > 0 and y == 0 for x, y in zip(p, q, strict=True)):
        return INF
    return mp.fsum(x * mp.log(x / y) for x, y in zip(p, q, strict=True) if x > 0)


def _entropy(p):
    return -mp.fsum(x * mp.log(x) for x in p if x > 0)


def _power(p, q, alpha):
    """Sum p^alpha q^(1-alpha)."""
    alpha = number(alpha)
    if alpha > 1 and any(x > 0 and y == 0 for x, y in zip(p, q, strict=True)):
        return INF
    terms = zip(p, q, strict=True)
    return mp.fsum(x**alpha * y ** (1 - alpha) for x, y in terms if x > 0 and y > 0)


def measure(name: str, p: Sequence[mpmath.mpf], q: Sequence[mpmath.mpf]) -> mpmath.mpf:
    """Return one measure of two normalised sides, in nats where it has a unit."""
    family, _, order = name.partition(":")
    pairs = list(zip(p, q, strict=True))
    if order and float(order) == 1.0:
        return _kl(p, q)
    if family == "renyi":
        return mp.log(_power(p, q, float(order))) / (number(float(order)) - 1)
    if family == "tsallis":
        return (_power(p, q, float(order)) - 1) / (number(float(order)) - 1)
    match name:
        case "kl_pq" | "kl":
            return _kl(p, q)
        case "kl_qp":
            return _kl(q, p)
        case "jeffreys" | "psi":
            return _kl(p, q) + _kl(q, p)
        case "js" | "js_distance":
            m = [(x + y) / 2 for x, y in pairs]
            js = (_kl(p, m) + _kl(q, m)) / 2
            return mp.sqrt(max(js, 0)) if name == "js_distance" else js
        case "hellinger":
            return mp.sqrt(mp.fsum((mp.sqrt(x) - mp.sqrt(y)) ** 2 for x, y in pairs) / 2)
        case "tv":
            return mp.fsum(abs(x - y) for x, y in pairs) / 2
        case "chi2_pq" | "chi2_qp":
            if name == "chi2_qp":
                pairs = [(y, x) for x, y in pairs]
            if any(x > 0 and y == 0 for x, y in pairs):
                return INF
            return mp.fsum((x - y) ** 2 / y for x, y in pairs if y > 0)
        case "bhattacharyya":
            overlap = mp.fsum(mp.sqrt(x * y) for x, y in pairs)
            return -mp.log(overlap) if overlap > 0 else INF
        case "entropy_p":
            return _entropy(p)
        case "entropy_q":
            return _entropy(q)
        case "cross_entropy_pq":
            return _kl(p, q) + _entropy(p)
        case "cross_entropy_qp":
            return _kl(q, p) + _entropy(q)
    raise AssertionError(name)


def kl(p: Sequence[object], q: Sequence[object]) -> float:
    """Return D(p || q) of two sides of weights."""
    return float(_kl(normalise(p), normalise(q)))


def in_base(value: mpmath.mpf, base: str, name: str) -> mpmath.mpf:
    """Convert a value in nats to the unit of the base."""
    if base == "e" or value == INF:
        return value
    unit = mp.log(int(base))
    return value / (mp.sqrt(unit) if name == "js_distance" else unit)


def relative_error(found: float, truth: mpmath.mpf) -> float:
    """Return |found - truth| / truth; where truth is 0 or infinite, 0 if found is it, else inf."""
    if truth > mp.mpf(2) ** 1024:
        truth = INF
    if truth == INF or truth == 0 or found in (float("inf"), float("-inf")):
        return 0.0 if found == truth else float("inf")
    return float(abs(mp.mpf(found) - truth) / abs(truth))


def splitmix64(seed: int):
    """Yield the doubles in (0, 1] from which the reference cases are made."""
    mask = (1 << 64) - 1
    x = seed & mask
    while True:
        x = (x + 0x9E3779B97F4A7C15) & mask
        z = x
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        yield ((z >> 11) + 1) * 2.0**-53


def uniform(seed: int, n: int) -> list[float]:
    stream = splitmix64(seed)
    return [next(stream) for _ in range(n)]


def power(seed: int, n: int, k: int) -> list[float]:
    stream = splitmix64(seed)
    result = []
    for _ in range(n):
        x = next(stream)
        for _ in range(k - 1):
            x *= next(stream)
        result.append(x)
    return result


def perturb(of: Sequence[float], seed: int, eps: float, scale: float = 1.0) -> list[float]:
    stream = splitmix64(seed)
    return [(x * scale) * (1.0 + eps * (2.0 * next(stream) - 1.0)) for x in of]


def sparse(of: Sequence[float], seed: int, keep: float) -> list[float]:
    stream = splitmix64(seed)
    return [x if next(stream) <= keep else 0.0 for x in of]


CLASSES = (
    "near",
    "totals differ",
    "zeros",
    "counts",
    "beyond 2^53",
    "spread",
    "float32",
    "subnormal and huge",
    "logits",
    "logits with -inf",
    "weights and log-probs",
    "nearly a point mass",
    "beyond int64",
    "equal but for one",
    "disjoint",
    "multiples",
)


def pairs(count: int, seed: int):
    """Random pairs of every class of input, in turn: class, p, q, kinds, temperature."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        name = CLASSES[i % len(CLASSES)]
        k = int(rng.integers(2, 60))
        eps = 10.0 ** rng.uniform(-12, 0)
        kinds, temperature = ("weights", "weights"), 1.0
        p = rng.random(k)
        q = np.abs(p * (1.0 + eps * rng.standard_normal(k)))
        match name:
            case "totals differ":
                q *= 10.0 ** rng.uniform(-3, 3)
            case "zeros":
                p[rng.random(k) < 0.3] = q[rng.random(k) < 0.3] = 0.0
                p[0] = q[-1] = 0.5
            case "counts":
                p, q = rng.integers(0, 1000, k) + (np.arange(k) == 0), rng.integers(1, 1000, k)
            case "beyond 2^53":
                p = rng.integers(2**60, 2**62, k)
                q = p + rng.integers(-(10 ** int(rng.integers(1, 17))), 10**17, k)
            case "spread":
                p, q = rng.random(k) ** 20, rng.random(k) ** 20
            case "float32":
                p, q = p.astype(np.float32), q.astype(np.float32)
            case "subnormal and huge":
                p, q = p * 1e-310, q * 10.0 ** rng.uniform(-310, 290)
            case "logits" | "logits with -inf":
                kinds = ("logits", "logits")
                temperature = float(rng.choice([1.0, 2.0, 0.7]))
                if name == "logits":
                    p = rng.standard_normal(k) * 3
                    q = p + eps * rng.standard_normal(k) + rng.choice([0.0, 1e4, -300.0])
                else:
                    p, q = rng.standard_normal(k) * 30, rng.standard_normal(k) * 30
                    q[rng.random(k) < 0.2] = p[rng.random(k) < 0.2] = -np.inf
                    p[0] = q[-1] = 1.0
            case "weights and log-probs":
                kinds = ("weights", "log-probs")
                q = np.log(q + 1e-300) + rng.choice([0.0, 700.0])
                if rng.random() < 0.5:
                    p, q, kinds = q, p, kinds[::-1]
            case "nearly a point mass":
                p[0] = 1e9 * 10.0 ** rng.uniform(0, 30)
                q[0] = p[0] * (1.0 + eps)
            case "beyond int64":
                p = np.array([int(x * 2.0**53) << 40 for x in p], object) + 1
                q = np.array([int(x * 2.0**53) << 40 for x in q], object) + 3
            case "equal but for one":
                q = p.copy()
                p[-1] *= 10.0 ** rng.uniform(-320, 0)
            case "disjoint":
                p[: k // 2] = 0.0
                q[k // 2 :] = 0.0
            case "multiples":
                p = rng.integers(1, 1000, k)
                q = p * int(rng.integers(1, 1000))
        yield name, p, q, kinds, temperature
