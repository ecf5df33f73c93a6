"""Knowledge distillation: a student learns the distribution of a teacher, from logits.

Arrays are the business of `kldiv_cli.core.loss`.  Tensors of PyTorch are that of
`kldiv_cli.distillation.tensors`, which is imported when a tensor is handed in, so that PyTorch
is never imported for those who do not use it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.loss import (
    IGNORE_INDEX,
    Direction,
    LossAndGradients,
    Objective,
    loss,
    loss_and_gradients,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from kldiv_cli.core.measures import Reduction

__all__ = ["LossAndGradients", "kl_div_loss"]


def kl_div_loss(
    teacher_logits: ArrayLike,
    student_logits: ArrayLike,
    *,
    temperature: float = 1.0,
    reduction: Reduction = "batchmean",
    gradient: bool = False,
    direction: Direction = "forward",
    scale_by_temperature_squared: bool = False,
    mask: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    ignore_index: int = IGNORE_INDEX,
) -> Any:
    """Knowledge-distillation loss: D(teacher || student) of softened distributions.

    Equals torch's ``KLDivLoss(reduction)(log_softmax(student / T), softmax(teacher / T))``,
    of arrays and of PyTorch's tensors.  A loss of tensors that require gradients has a
    ``backward`` of its own, which gives both sides their exact gradients.

    Parameters
    ----------
    teacher_logits, student_logits : array_like or torch.Tensor, shape (..., K)
        Logits; classes lie along the last axis, and rows along all others, such as the
        sequences and positions of a language model (B, L, K).  Shapes broadcast.
    temperature : float
        T.
    reduction : {"none", "mean", "sum", "batchmean"}
        How the divergences of all rows become one number, as in torch:

        - ``sum``: their sum.
        - ``batchmean``: the sum divided by the length of the first axis.  That is the mean
          of the rows for logits of shape (N, K); for (B, L, K) it is the mean of the
          sequences' sums, L times as much as the mean of the rows.
        - ``mean``: the sum divided by the number of logits of a side.  It is not the mean
          of the rows but K times less.
        - ``none``: no sum, but the terms p log(p/q), **shaped as the logits**, of which some
          are negative.  (`kl_div` with ``none`` adds them up by row: it returns an array
          without the axis of classes.)

        With `mask` or `targets` the rows that count are first laid along one axis, as
        ``logits[mask]`` does, so that ``batchmean`` is their mean in any rank.
    gradient : bool
        Whether to return gradients as well.
    direction : {"forward", "reverse"}
        Forward is D(teacher || student), which covers all that the teacher may say; reverse is
        D(student || teacher), which seeks what it says most [2]_.
    scale_by_temperature_squared : bool
        Whether the loss, and with it the gradients, are multiplied by T^2, so that their size
        does not depend on T [1]_.
    mask : array_like of bool, shape (...), optional
        True where a row counts.  The other rows may hold anything, nan too; there the gradients,
        and the terms under ``none``, are 0.
    targets : array_like of int, shape (...), optional
        The class of each row, or `ignore_index` where it does not count; nothing else is taken
        from it.  With a mask, rows count where both say so.  Labels of a causal language
        model must be shifted to the logits that predict them.
    ignore_index : int
        See `targets`.

    Returns
    -------
    float or ndarray, or LossAndGradients
        The loss; with ``gradient=True`` also its derivatives.  Of tensors these are tensors
        on the device of the student: the loss in the wider type of both sides, but at least
        float32, as under autocast; gradients in the types of the logits.  With
        ``gradient=True`` they are without a graph.

    Raises
    ------
    ValueError
        As `kl_div`, of the rows that count; also if no row counts, if `mask` or `targets` has
        not the shape of the batch, or if a target is no class.
    TypeError
        If logits are no real numbers, a mask no booleans, or targets no integers.

    Notes
    -----
    With p and q the softmax of the first and the second side over T, and N rows under
    ``batchmean`` [1]_::

        dL/d second = (q - p) / (N T)
        dL/d first = p (log(p/q) - D(p || q)) / (N T)

    The arithmetic is done on the CPU in double precision, some rows at a time; tensors of other
    devices are copied there, and results back.  A second derivative is refused.

    References
    ----------
    .. [1] G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network",
       arXiv:1503.02531 (2015).
    .. [2] Y. Gu, L. Dong, F. Wei and M. Huang, "MiniLLM: Knowledge distillation of large
       language models", arXiv:2306.08543 (2023).
    """
    objective = Objective(
        temperature,
        reduction,
        direction,
        scale_by_temperature_squared,
        mask,
        targets,
        ignore_index,
    )
    if _is_tensor(teacher_logits) or _is_tensor(student_logits):
        from kldiv_cli.distillation import tensors

        return tensors.kl_div_loss(teacher_logits, student_logits, objective, gradient=gradient)
    answer = loss_and_gradients if gradient else loss
    return answer(teacher_logits, student_logits, objective)


def _is_tensor(x: object) -> bool:
    """Return whether an object is a tensor of PyTorch, which then has been imported."""
    return isinstance(x, getattr(sys.modules.get("torch"), "Tensor", ()))
