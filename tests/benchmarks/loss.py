"""What the distillation loss and its gradients cost, beside PyTorch's ``F.kl_div`` and autograd.

    python tests/benchmarks/loss.py [--quick]

Needs PyTorch.  Prints a Markdown table: a teacher of which no gradient is asked, a student of
which one is, loss and backward on one thread.  Contenders take turns, each run a process of
its own, so that memory is theirs alone: the most that loss and backward held beside the logits.
The least processor time of the runs stands, and the error against float64.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

SHAPES = [(8, 128, 32_000), (2, 128, 151_936), (4096, 1000), (65_536, 10)]
QUICK = [(1, 128, 32_000), (256, 1000), (4096, 10)]
TYPES = ("float32", "bfloat16", "float64")
CONTENDERS = ("kldiv", "torch")
ENOUGH = 10_000_000
"""Logits in a run; small batches are repeated, as in training."""


def held(name: str) -> float:
    """Return memory of this process, in MB: VmRSS is what it holds, VmHWM the most it held."""
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def measure(contender: str, shape: list[int], name: str, temperature: float) -> dict[str, float]:
    """Return time, memory and error of one loss and its backward."""
    import torch
    from torch.nn import functional

    from kldiv_cli import kl_div_loss

    torch.set_num_threads(1)
    dtype = getattr(torch, name)
    random = torch.Generator().manual_seed(0)
    teacher = (2 * torch.randn(shape, generator=random)).to(dtype)
    student = (teacher.float() + torch.randn(shape, generator=random)).to(dtype)

    def loss_of(teacher, student):
        if contender == "kldiv":
            return kl_div_loss(teacher, student, temperature=temperature)
        log_q = functional.log_softmax(student / temperature, -1)
        p = functional.softmax(teacher / temperature, -1)
        return functional.kl_div(log_q, p, reduction="batchmean")

    # The first call imports and sets up what the others find.
    loss_of(teacher[:1], student[:1].clone().requires_grad_()).backward()
    student.requires_grad_()
    repeat = max(1, ENOUGH // teacher.numel())
    # What it took to make the logits does not count.
    Path("/proc/self/clear_refs").write_text("5")
    before, start = held("VmRSS"), time.process_time()
    for _ in range(repeat):
        student.grad = None
        loss_of(teacher, student).backward()
    seconds, memory = (time.process_time() - start) / repeat, held("VmHWM") - before
    rows = slice(0, 1)
    T = temperature
    p, q = (torch.softmax(x.detach()[rows].double() / T, -1) for x in (teacher, student))
    truth = (q - p) / (T * shape[0])
    error = (student.grad[rows].double() - truth).abs().max() / truth.abs().max()
    return {"ns": 1e9 * seconds / teacher.numel(), "MB": memory, "error": error.item()}


def run(*words: object) -> dict[str, float]:
    """Return what a process of its own measures."""
    command = [sys.executable, __file__, json.dumps(words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main() -> None:
    """Print the table."""
    if sys.argv[1:] and sys.argv[1] != "--quick":
        print(json.dumps(measure(*json.loads(sys.argv[1]))))
        return
    quick = "--quick" in sys.argv
    print("| logits | type | T |", *(f"{who} ns | MB | error |" for who in CONTENDERS))
    print("|---|---|--:|" + "--:|" * 3 * len(CONTENDERS))
    for shape in QUICK if quick else SHAPES:
        for name in TYPES:
            for temperature in (1.0, 2.0) if name == "float32" else (2.0,):
                runs = {who: [] for who in CONTENDERS}
                for _ in range(2 if quick else 5):
                    for who in CONTENDERS:
                        runs[who].append(run(who, shape, name, temperature))
                cells = []
                for who in CONTENDERS:
                    least = {key: min(each[key] for each in runs[who]) for key in runs[who][0]}
                    cells.append(f"{least['ns']:.1f} | {least['MB']:.0f} | {least['error']:.0e} |")
                size = " x ".join(f"{n:,}" for n in shape)
                print(f"| {size} | {name} | {temperature:g} |", *cells, flush=True)


if __name__ == "__main__":
    main()
