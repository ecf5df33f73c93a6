"""What rounding to 16 bits does to a divergence, beside what it does when it is done."""

import numpy as np
import pytest

from kldiv_cli.core.divergences import divergences
from kldiv_cli.core.storage import rounding_noise


def bfloat16(values):
    """Round to the nearest number of which float32 has the first 16 bits."""
    bits = np.asarray(values, dtype=np.float32).view(np.uint32)
    nearest = bits + 0x7FFF + (bits >> 16 & 1)
    return (nearest & np.uint32(0xFFFF0000)).view(np.float32)


ROUNDED = {"float16": lambda z: z.astype(np.float16), "bfloat16": bfloat16}


@pytest.mark.parametrize("stored", ROUNDED)
@pytest.mark.parametrize(("outcomes", "scale"), [(20, 3.0), (400, 2.0), (400, 6.0)])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_noise_is_that_of_rounded_logits(stored, outcomes, scale, temperature):
    random = np.random.default_rng(outcomes)
    logits = scale * random.normal(size=(4000, outcomes)) + 1.0
    rounded = ROUNDED[stored](logits)
    made = divergences(
        logits, rounded.astype(float), measures=("kl_pq",), kind="logits", temperature=temperature
    )["kl_pq"]
    noise = rounding_noise(rounded, stored, temperature)
    assert noise.shape == (4000,)
    assert noise.mean() == pytest.approx(made.mean(), rel=0.1)


def test_numbers_that_no_rounding_moves_have_no_noise():
    rows = np.array([[0.0, -np.inf, -np.inf], [-np.inf, 3.0, -np.inf]], dtype=np.float16)
    assert rounding_noise(rows, "float16").tolist() == [0.0, 0.0]
    # Below the least number of eleven bits, zero as well, the unit is that number's.
    tiny = np.array([[0.0, 0.0], [2.0**-24, 2.0**-20]], dtype=np.float16)
    assert rounding_noise(tiny, "float16") == pytest.approx(0.5 * 2.0**-48 / 24, rel=1e-4)
    zeros = np.zeros((1, 2), dtype=np.float32)
    assert rounding_noise(zeros, "bfloat16")[0] == 0.5 * 2.0**-266 / 24
