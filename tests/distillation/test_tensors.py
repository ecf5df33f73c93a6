"""The loss of PyTorch's tensors: beside ``F.kl_div`` and its autograd, where PyTorch is."""

from __future__ import annotations

import numpy as np
import pytest

from kldiv_cli import kl_div_loss

torch = pytest.importorskip("torch")
functional = torch.nn.functional

NAN, INF = float("nan"), float("inf")
CLOSE = {torch.float32: 1e-6, torch.float64: 1e-14}
SHAPES = [(7,), (6, 7), (3, 4, 7), (3, 4, 300)]


def logits(shape, seed=0, dtype=torch.float64, spread=2.0):
    """Return the logits of a teacher and a student that require gradients."""
    rng = np.random.default_rng(seed)
    teacher = rng.normal(scale=spread, size=shape)
    sides = teacher, teacher + rng.normal(size=shape)
    return tuple(torch.tensor(x, dtype=dtype, requires_grad=True) for x in sides)


def theirs(teacher, student, *, direction="forward", temperature=1.0, rows=None, **options):
    """Return the loss as PyTorch computes it, of the rows that count."""
    if rows is not None:
        teacher, student = teacher[rows], student[rows]
    p, q = (teacher, student) if direction == "forward" else (student, teacher)
    log_p, log_q = (functional.log_softmax(x / temperature, -1) for x in (p, q))
    return functional.kl_div(log_q, log_p, log_target=True, **options)


def derivatives(loss, sides, upstream=None):
    return torch.autograd.grad(loss, sides, upstream)


def assert_close(found, expected, tolerance):
    """Compare tensors in type, shape and value; the tolerance is of the largest number."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    found, expected = found.detach(), expected.detach()
    size = max(1.0, float(expected.abs().max()))
    assert float((found - expected).abs().max()) <= tolerance * size


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("reduction", ["sum", "batchmean", "mean"])
@pytest.mark.filterwarnings("ignore:reduction")
def test_loss_and_gradients_are_those_of_torch(dtype, shape, direction, temperature, reduction):
    sides = logits(shape, dtype=dtype)
    options = {"direction": direction, "temperature": temperature, "reduction": reduction}
    loss = kl_div_loss(*sides, **options)
    if len(shape) == 1 and reduction == "batchmean":
        # A pair of vectors is one row; torch divides it by the number of its classes.
        options["reduction"] = "sum"
    expected = theirs(*sides, **options)
    assert_close(loss, expected, CLOSE[dtype])
    for found, truth in zip(derivatives(loss, sides), derivatives(expected, sides), strict=True):
        assert_close(found, truth, CLOSE[dtype])


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_terms_have_the_gradients_of_torch(dtype, direction):
    sides = logits((3, 4, 7), dtype=dtype)
    options = {"direction": direction, "temperature": 1.7, "reduction": "none"}
    terms, expected = kl_div_loss(*sides, **options), theirs(*sides, **options)
    assert_close(terms, expected, CLOSE[dtype])
    weights = torch.tensor(np.random.default_rng(1).normal(size=terms.shape), dtype=dtype)
    for upstream in (torch.ones_like(terms), weights, weights[..., :1].expand(terms.shape)):
        for found, truth in zip(
            derivatives(terms, sides, upstream),
            derivatives(expected, sides, upstream),
            strict=True,
        ):
            assert_close(found, truth, CLOSE[dtype])
        terms, expected = kl_div_loss(*sides, **options), theirs(*sides, **options)


@pytest.mark.parametrize("reduction", ["sum", "batchmean", "mean", "none"])
@pytest.mark.parametrize("options", [{}, {"direction": "reverse"}, {"temperature": 3.0}])
def test_gradcheck(reduction, options):
    options = {**options, "reduction": reduction, "scale_by_temperature_squared": True}
    rows = torch.tensor([[True, False, True], [False, True, True]])
    targets = torch.where(rows, 2, -100)
    for extra in ({}, {"mask": rows}, {"targets": targets}):
        assert torch.autograd.gradcheck(
            lambda t, s, extra=extra: kl_div_loss(t, s, **options, **extra), logits((2, 3, 5))
        )
    # A side that is broadcast, and one that needs no gradient.
    teacher, _ = logits((5,))
    _, student = logits((2, 3, 5))
    assert torch.autograd.gradcheck(lambda t, s: kl_div_loss(t, s, **options), (teacher, student))
    fixed = teacher.detach().numpy()
    assert torch.autograd.gradcheck(lambda s: kl_div_loss(fixed, s, **options), (student,))


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("reduction", ["sum", "batchmean", "mean"])
@pytest.mark.filterwarnings("ignore:reduction")
def test_rows_that_do_not_count_are_left_out_as_an_index_does(dtype, reduction):
    sides = logits((3, 4, 7), dtype=dtype)
    rows = torch.tensor(np.random.default_rng(2).random((3, 4)) < 0.6)
    targets = torch.where(rows, torch.arange(12).reshape(3, 4) % 7, -1)
    expected = theirs(*sides, rows=rows, reduction=reduction)
    truths = derivatives(expected, sides)
    everywhere = torch.ones_like(rows)
    for options in (
        {"mask": rows},
        {"mask": rows.numpy()},
        {"targets": targets, "ignore_index": -1},
        {"targets": torch.where(rows, 0, -100)},
        {"mask": rows, "targets": torch.where(rows, 0, 99)},
        {"mask": everywhere, "targets": torch.where(rows, 0, -100)},
    ):
        loss = kl_div_loss(*sides, reduction=reduction, **options)
        assert_close(loss, expected, CLOSE[dtype])
        for found, truth in zip(derivatives(loss, sides), truths, strict=True):
            assert_close(found, truth, CLOSE[dtype])
            assert not found[~rows].any()


def test_rows_that_do_not_count_may_hold_nan():
    teacher, student = (x.detach() for x in logits((4, 5)))
    rows = torch.tensor([True, False, True, True])
    student[1], teacher[1] = NAN, INF
    student.requires_grad_()
    loss = kl_div_loss(teacher, student, mask=rows)
    loss.backward()
    assert_close(loss, theirs(teacher, student, rows=rows, reduction="batchmean"), 1e-15)
    assert not student.grad[1].any()
    assert student.grad[0].any()
    with pytest.raises(ValueError, match=r"teacher_logits\[1, 0\]: expected a finite number"):
        kl_div_loss(teacher, student)


def test_a_temperature_squared_scales_loss_and_gradients():
    sides = logits((3, 4, 7))
    plain = kl_div_loss(*sides, temperature=3.0)
    scaled = kl_div_loss(*sides, temperature=3.0, scale_by_temperature_squared=True)
    assert scaled.item() == pytest.approx(9.0 * plain.item(), rel=1e-15)
    for one, other in zip(derivatives(plain, sides), derivatives(scaled, sides), strict=True):
        assert_close(other, 9.0 * one, 1e-15)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_losses_of_16_bits_are_float32_and_small_gradients_survive(dtype):
    sides = logits((3, 4, 50), dtype=dtype)
    wide = [x.detach().double().requires_grad_() for x in sides]
    loss, truth = kl_div_loss(*sides), kl_div_loss(*wide)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(truth.item(), rel=1e-7)
    # Gradients below 6e-8 do not fit float16, until a GradScaler's factor is before them.
    found = derivatives(kl_div_loss(*sides, temperature=1e3), sides, torch.tensor(2.0**20))
    truths = derivatives(kl_div_loss(*wide, temperature=1e3), wide)
    assert max(float(truth.abs().max()) for truth in truths) < 6e-8
    for gradient, truth in zip(found, truths, strict=True):
        assert gradient.dtype == dtype
        torch.testing.assert_close(gradient.double(), 2.0**20 * truth, rtol=2.0**-8, atol=2.0**-24)
    terms = kl_div_loss(*sides, reduction="none")
    assert terms.dtype == torch.float32
    (by_student,) = derivatives(terms.sum(), sides[1:])
    assert by_student.dtype == dtype


def test_a_tensor_meets_an_array():
    teacher, student = logits((3, 4), dtype=torch.float32)
    array = teacher.detach().numpy()
    loss = kl_div_loss(array, student)
    assert loss.dtype == torch.float32
    (gradient,) = derivatives(loss, [student])
    assert_close(gradient, derivatives(kl_div_loss(teacher, student), [student])[0], 0.0)
    assert kl_div_loss(teacher, student.detach().numpy().tolist()).requires_grad
    found = kl_div_loss(array.tolist(), student, gradient=True)
    assert {x.dtype for x in (found.loss, found.student)} == {torch.float32}
    assert found.teacher.shape == (3, 4)
    # Of types that differ the wider one is that of the loss.
    mixed = kl_div_loss(teacher.bfloat16(), student.double())
    assert mixed.dtype == torch.float64


def test_gradients_that_are_asked_for_come_as_tensors():
    sides = logits((2, 3, 5))
    expected = derivatives(kl_div_loss(*sides), sides)
    found = kl_div_loss(*sides, gradient=True)
    assert_close(found.loss, kl_div_loss(*sides).detach(), 0.0)
    for gradient, truth in zip((found.teacher, found.student), expected, strict=True):
        assert_close(gradient, truth, 0.0)
    assert not any(x.requires_grad for x in found)
    arrays = kl_div_loss(*(x.detach().numpy() for x in sides), gradient=True)
    for gradient, array in zip(found, arrays, strict=True):
        np.testing.assert_allclose(gradient.numpy(), array, rtol=1e-13)


def test_a_loss_has_a_graph_only_where_one_is_needed():
    teacher, student = logits((2, 3))
    assert not kl_div_loss(teacher.detach(), student.detach()).requires_grad
    with torch.no_grad():
        assert not kl_div_loss(teacher, student).requires_grad
    loss = kl_div_loss(teacher.detach(), student)
    assert loss.shape == ()
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_a_second_derivative_is_refused():
    for reduction in ("batchmean", "none"):
        sides = logits((2, 3))
        loss = kl_div_loss(*sides, reduction=reduction).sum()
        (gradient,) = torch.autograd.grad(loss, sides[1:], create_graph=True)
        with pytest.raises(RuntimeError, match="kl_div_loss: expected one derivative"):
            (loss + gradient.square().sum()).backward()


def test_logits_that_were_changed_after_the_terms_are_noticed():
    teacher, student = logits((2, 3))
    kept = student * 1.0
    terms = kl_div_loss(teacher, kept, reduction="none")
    kept.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        terms.sum().backward()


def test_impossible_classes():
    teacher = torch.tensor([[0.0, 1.0, -INF], [1.0, 2.0, 3.0]], requires_grad=True)
    student = torch.tensor([[1.0, 0.0, 3.0], [0.0, 1.0, -INF]], requires_grad=True)
    assert kl_div_loss(teacher, student) == INF
    for reduction in ("sum", "none"):
        loss = kl_div_loss(teacher, student, reduction=reduction, mask=[True, False]).sum()
        expected = theirs(teacher[:1, :2], student[:1, :2], reduction="sum")
        expected = expected + torch.logsumexp(student[0], 0) - torch.logsumexp(student[0, :2], 0)
        assert_close(loss, expected, 1e-6)
        for found, truth in zip(
            derivatives(loss, (teacher, student)),
            derivatives(expected, (teacher, student)),
            strict=True,
        ):
            assert_close(found, truth, 1e-6)
    loss = kl_div_loss(teacher, student, reduction="none")
    assert loss[1, 2] == INF
    assert not any(x.isnan().any() for x in derivatives(loss[0].sum(), (teacher, student)))


def test_other_layouts_of_memory_are_read():
    teacher, student = logits((4, 3, 5))
    loss = kl_div_loss(teacher.transpose(0, 1), student.transpose(0, 1), reduction="sum")
    assert_close(loss, kl_div_loss(teacher, student, reduction="sum"), 1e-15)
    for found, truth in zip(
        derivatives(loss, (teacher, student)),
        derivatives(kl_div_loss(teacher, student, reduction="sum"), (teacher, student)),
        strict=True,
    ):
        assert_close(found, truth, 1e-15)
    whole = kl_div_loss(torch.tensor([3, 1]), torch.tensor([1, 2]))
    assert whole == kl_div_loss([3, 1], [1, 2])
    assert whole.dtype == torch.float64


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"mask": torch.tensor([1, 0])}, TypeError, "mask: expected booleans, found int64"),
        ({"mask": torch.zeros(2, dtype=bool)}, ValueError, "mask: expected a row that counts"),
        ({"targets": torch.tensor([-100, -100])}, ValueError, "targets: expected a row"),
        ({"targets": torch.tensor([0.0, 1.0])}, TypeError, "targets: expected integers"),
    ],
)
def test_what_is_refused_of_arrays_is_refused_of_tensors(options, error, text):
    with pytest.raises(error, match=text):
        kl_div_loss(*logits((2, 3)), **options)
    with pytest.raises(ValueError, match="as many outcomes on both sides, found 3 and 4"):
        kl_div_loss(logits((2, 3))[0], logits((2, 4))[1])
    with pytest.raises(ValueError, match=r"student_logits\[0\]: .* found nan"):
        kl_div_loss(logits((2,))[0], torch.tensor([NAN, 1.0]))
