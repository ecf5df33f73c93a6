"""The truth: every measure in 70-digit arithmetic, straight from its definition."""

from __future__ import annotations

from collections.abc import Sequence

import mpmath

mp = mpmath.mp.clone()
mp.dps = 90

INF = mp.inf


def number(x: object) -> mpmath.mpf:
    """The number itself: no digit of a double or of an integer is lost."""
    return mp.mpf(int(x)) if hasattr(x, "__index__") else mp.mpf(float(x))


def normalise(weights: Sequence[object]) -> list[mpmath.mpf]:
    a = [number(x) for x in weights]
    total = mp.fsum(a)
    return [x / total for x in a]


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[mpmath.mpf]:
    top = max(logits)
    a = [
        mp.mpf(0)
        if z == -mp.inf
        else mp.exp((number(z) - number(top)) / number(temperature))
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
    """One measure of two normalised sides, in nats where it has a unit."""
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


def in_base(value: mpmath.mpf, base: str, name: str) -> mpmath.mpf:
    """From nats to the unit of the base."""
    if base == "e" or value == INF:
        return value
    unit = mp.log(int(base))
    return value / (mp.sqrt(unit) if name == "js_distance" else unit)


def relative_error(found: float, truth: mpmath.mpf) -> float:
    """Of a finite and positive truth; 0 or inf where an exact zero or infinity is due."""
    if truth > mp.mpf(2) ** 1024:
        truth = INF
    if truth == INF or truth == 0 or found in (float("inf"), float("-inf")):
        return 0.0 if found == truth else float("inf")
    return float(abs(mp.mpf(found) - truth) / abs(truth))


def splitmix64(seed: int):
    """The stream of doubles in (0, 1] from which the reference cases are made."""
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
