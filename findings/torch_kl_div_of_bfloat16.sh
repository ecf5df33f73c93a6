#!/usr/bin/env bash
# PyTorch's kl_div of bfloat16 logits is negative for nearly every second row, and off by up to a
# hundred times the divergence.
#
# torch 2.13.0, numpy 2.4.6, on the CPU. log_softmax returns the type of its input, and bfloat16 has
# 8 bits: a log-probability of -10 becomes a multiple of 1/16, and the probabilities of a row add up
# to anything from 0.985 to 1.017. A divergence of 0.0002 cannot be seen beneath that: of the 200
# rows below, 96 came out negative, the worst was off by 0.022, and the mean was -0.0008. The logits
# themselves are not at fault, as the same tensors give the right value after `.float()`, or with
# `log_softmax(logits, -1, dtype=torch.float32)`. A model that runs in bfloat16 returns such logits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/wanted" <<'SEEN'
float64: mean 0.0002, negative rows: False
float32: mean 0.0002, negative rows: False
bfloat16: more than 60 of 200 rows negative: True, a row off by more than 0.01: True
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import numpy as np
import torch
from torch.nn.functional import kl_div, log_softmax

random = np.random.default_rng(1)
logits = random.normal(0, 3, (200, 32000))
noise = random.normal(0, 0.01, (200, 32000))
one, other = torch.tensor(logits).bfloat16(), torch.tensor(logits + noise).bfloat16()


def divergences(p, q):
    log_p, log_q = log_softmax(p, -1), log_softmax(q, -1)
    return kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1).double()


exact = divergences(one.double(), other.double())
for name, rows in (("float64", exact), ("float32", divergences(one.float(), other.float()))):
    mean, negative = round(rows.mean().item(), 4), bool((rows < 0).any())
    print(f"{name}: mean {mean}, negative rows: {negative}")
rows = divergences(one, other)
print(
    f"bfloat16: more than 60 of 200 rows negative: {(rows < 0).sum().item() > 60},",
    f"a row off by more than 0.01: {(rows - exact).abs().max().item() > 0.01}",
)
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
