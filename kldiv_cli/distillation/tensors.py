"""The distillation loss of PyTorch's tensors, with a backward that gives the exact gradients.

PyTorch must be there: nobody imports this module but for a tensor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from kldiv_cli.core.loss import (
    LossAndGradients,
    Objective,
    Wanted,
    gradients_of_terms,
    loss,
    loss_and_gradients,
)


def kl_div_loss(
    teacher: Any, student: Any, objective: Objective, *, gradient: bool
) -> torch.Tensor | LossAndGradients:
    """Return the loss of tensors, or of a tensor and an array; see `kldiv_cli.kl_div_loss`.

    Parameters
    ----------
    teacher, student : torch.Tensor or array_like, shape (..., K)
        Logits; one of them at least is a tensor.
    objective : Objective
        Its mask and targets may be tensors.
    gradient : bool
        Whether to return gradients as well.

    Returns
    -------
    torch.Tensor or LossAndGradients
        A tensor with a graph where a side requires gradients; with ``gradient=True`` tensors
        without one.

    Raises
    ------
    ValueError, TypeError
        As `kldiv_cli.kl_div_loss`.
    """
    objective = replace(objective, mask=_array(objective.mask), targets=_array(objective.targets))
    sides = teacher, student
    if gradient:
        found = loss_and_gradients(
            _array(teacher), _array(student), objective, _wanted(sides), short=True
        )
        by_side = (found.teacher, found.student)
        gradients = (_like(x, values) for x, values in zip(sides, by_side, strict=True))
        return LossAndGradients(_as_loss(found.loss, sides), *gradients)
    if torch.is_grad_enabled() and any(_is_tensor(x) and x.requires_grad for x in sides):
        node = _Terms if objective.reduction == "none" else _KLDivLoss
        answer: torch.Tensor = node.apply(teacher, student, objective)
        return answer
    return _loss(teacher, student, objective)


class _KLDivLoss(torch.autograd.Function):
    """The loss as a node of the graph; its gradients are computed with it, to be scaled later."""

    @staticmethod
    def forward(ctx: Any, teacher: Any, student: Any, objective: Objective) -> torch.Tensor:
        """Return the loss and keep its gradients."""
        sides = teacher, student
        wanted = _wanted(sides, ctx.needs_input_grad)
        found = loss_and_gradients(_array(teacher), _array(student), objective, wanted, short=True)
        gradients = (found.teacher, found.student)
        ctx.save_for_backward(*(None if g is None else torch.from_numpy(g) for g in gradients))
        ctx.homes = [_home(x) for x in sides]
        return _as_loss(found.loss, sides)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients times that of the loss."""
        upstream = upstream.detach()
        by_side = (
            None if g is None else (g * upstream.to(g)).to(**home)
            for g, home in zip(ctx.saved_tensors, ctx.homes, strict=True)
        )
        return (*map(_final, by_side), None)


class _Terms(torch.autograd.Function):
    """The terms of a loss that is not reduced, as a node of the graph."""

    @staticmethod
    def forward(ctx: Any, teacher: Any, student: Any, objective: Objective) -> torch.Tensor:
        """Return the terms and keep the logits."""
        sides = teacher, student
        ctx.objective = objective
        ctx.save_for_backward(*(x if _is_tensor(x) else None for x in sides))
        ctx.arrays = [None if _is_tensor(x) else x for x in sides]
        return _loss(teacher, student, objective)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of the terms, weighted by the gradients by them."""
        saved = zip(ctx.saved_tensors, ctx.arrays, strict=True)
        sides = [array if tensor is None else tensor for tensor, array in saved]
        wanted = _wanted(sides, ctx.needs_input_grad)
        teacher, student = map(_array, sides)
        gradients = gradients_of_terms(
            teacher, student, ctx.objective, _array(upstream), wanted, short=True
        )
        by_side = (_like(x, g) for x, g in zip(sides, gradients, strict=True))
        return (*map(_final, by_side), None)


class _Final(torch.autograd.Function):
    """A gradient that has no derivative, which PyTorch would take for a constant."""

    @staticmethod
    def forward(ctx: Any, gradient: torch.Tensor, anchor: torch.Tensor) -> torch.Tensor:
        """Return the gradient; the anchor, which requires gradients, makes it a node."""
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Refuse."""
        raise RuntimeError(
            "kl_div_loss: expected one derivative, found that a second is asked for"
        )


def _final(gradient: torch.Tensor | None) -> torch.Tensor | None:
    """Return a gradient; where PyTorch keeps its graph, one that refuses to be differentiated."""
    if gradient is None or not torch.is_grad_enabled():
        return gradient
    final: torch.Tensor = _Final.apply(gradient, torch.zeros((), requires_grad=True))
    return final


def _loss(teacher: Any, student: Any, objective: Objective) -> torch.Tensor:
    """Return the loss without a graph."""
    sides = teacher, student
    terms = _numpy(_type_of_loss(sides))
    return _as_loss(loss(_array(teacher), _array(student), objective, terms, short=True), sides)


def _is_tensor(x: object) -> bool:
    return isinstance(x, torch.Tensor)


def _array(x: Any) -> Any:
    """Return the numbers of a tensor as NumPy has them, on the CPU; all else as it is."""
    if not _is_tensor(x):
        return x
    x = x.detach()
    if x.is_floating_point() and x.dtype not in (torch.float16, torch.float32, torch.float64):
        # NumPy has no bfloat16 and no type of 8 bits; float32 holds each exactly.
        x = x.float()
    return x.numpy(force=True)


def _type(x: Any) -> torch.dtype:
    """Return the type of a side's gradient: its own, if that is a type of fractions."""
    return x.dtype if _is_tensor(x) and x.is_floating_point() else torch.float64


def _type_of_loss(sides: Iterable[Any]) -> torch.dtype:
    """Return the wider type of both sides, but at least float32."""
    types = [_type(x) for x in sides if _is_tensor(x)]
    return torch.float64 if torch.float64 in types else torch.float32


def _numpy(dtype: torch.dtype) -> type[np.floating[Any]]:
    """Return the type in which numbers are computed that are to be of a type."""
    # Gradients of 16-bit logits may be too small for 16 bits until they are scaled.
    return np.float64 if dtype == torch.float64 else np.float32


def _wanted(sides: Iterable[Any], needed: Iterable[bool] = (True, True)) -> Wanted:
    """Return the types of the gradients that are needed."""
    types = (_numpy(_type(x)) if need else None for x, need in zip(sides, needed, strict=False))
    return Wanted(*types)


def _home(x: Any) -> dict[str, Any]:
    """Return the type and the device of a side's gradient."""
    return {"dtype": _type(x), "device": x.device if _is_tensor(x) else "cpu"}


def _like(x: Any, gradient: np.ndarray[Any, Any] | None) -> torch.Tensor | None:
    """Return the gradient of a side as a tensor of its type, where it is."""
    return None if gradient is None else torch.from_numpy(gradient).to(**_home(x))


def _as_loss(value: Any, sides: tuple[Any, Any]) -> torch.Tensor:
    """Return a loss as a tensor on the student's device, or if that is no tensor the teacher's."""
    device = next(x.device for x in reversed(sides) if _is_tensor(x))
    return torch.as_tensor(value, dtype=_type_of_loss(sides), device=device)
