"""The distillation loss and its gradients: against torch, and against high precision."""

from __future__ import annotations

import exact
import numpy as np
import pytest

from kldiv_cli import kl_div, kl_div_loss
from kldiv_cli.core.loss import Objective, gradients_of_terms, loss, loss_and_gradients

mp = exact.mp


def matrix(seed, n, k):
    return np.array(exact.uniform(seed, n * k)).reshape(n, k)


TEACHER, STUDENT = 6 * matrix(1, 4, 5) - 3, 6 * matrix(2, 4, 5) - 3

# torch 2.13.0, float64: F.kl_div(log_softmax(s / T), softmax(t / T), reduction=...)
LOSSES = {
    (1.0, "batchmean"): 0.7804914318444145,
    (1.0, "mean"): 0.1560982863688829,
    (1.0, "sum"): 3.121965727377658,
    (2.0, "batchmean"): 0.22112582062049974,
    (2.0, "mean"): 0.04422516412409995,
    (2.0, "sum"): 0.8845032824819989,
    (0.7, "batchmean"): 1.3823259639591208,
    (0.7, "mean"): 0.27646519279182413,
    (0.7, "sum"): 5.529303855836483,
}
# ... and what backward() leaves in t.grad and s.grad for "batchmean".
GRADIENTS = {
    1.0: (
        [
            [
                -0.025816579991049828,
                -0.06990138604071143,
                0.12670098023352244,
                -0.025576055024323814,
                -0.005406959177437369,
            ],
            [
                0.08350016946872323,
                -0.010314548357146933,
                -0.030333428498770836,
                -0.0025036036803801646,
                -0.040348588932425294,
            ],
            [
                0.006674204818813335,
                0.07946457287251515,
                -0.02819165228848145,
                0.04656745112997202,
                -0.10451457653281906,
            ],
            [
                -0.005185408831491224,
                -0.013508481635418158,
                -0.03480871611428201,
                -0.045249017442219035,
                0.0987516240234104,
            ],
        ],
        [
            [
                0.0173095142034921,
                0.03924448385096725,
                -0.14095737776098177,
                0.08569195149412516,
                -0.0012885717876027515,
            ],
            [
                -0.04783388488895679,
                -0.03373499943159179,
                0.06989315625020844,
                0.0012486340325271903,
                0.010427094037813042,
            ],
            [
                -0.021794139133531842,
                -0.08194466366558191,
                -0.016059346577739553,
                -0.05167085175431356,
                0.17146900113116684,
            ],
            [
                0.02789900169809929,
                0.0018881635739244097,
                0.0024441338592942063,
                0.05026348672943677,
                -0.08249478586075465,
            ],
        ],
    ),
    2.0: (
        [
            [
                -0.00865793695523887,
                -0.012993372266151099,
                0.038497976230758575,
                -0.016324699540773816,
                -0.0005219674685947847,
            ],
            [
                0.02421079216645944,
                0.0010030228369555725,
                -0.015486797291294705,
                -0.002279610478857526,
                -0.007447407233262793,
            ],
            [
                0.004258722530405011,
                0.018564058092290583,
                -0.006071054692862269,
                0.013863458877474463,
                -0.030615184807307776,
            ],
            [
                -0.007589113572657615,
                -0.0021035500380401258,
                -0.002893920054147204,
                -0.0120880636592892,
                0.024674647324134182,
            ],
        ],
        [
            [
                0.005032790876506425,
                0.006311855571669307,
                -0.03428282115589327,
                0.025128926759509625,
                -0.0021907520517920644,
            ],
            [
                -0.018422102326396936,
                -0.006927519953195828,
                0.02166832899505978,
                0.0012679279096583151,
                0.0024133653748746667,
            ],
            [
                -0.007994196694032292,
                -0.020007154166659064,
                -0.0010117471674798869,
                -0.015549613969796986,
                0.04456271199796823,
            ],
            [
                0.01487633178680465,
                -0.0010127687303444393,
                -0.0022608440066178917,
                0.010406798786996168,
                -0.02200951783683847,
            ],
        ],
    ),
    0.7: (
        [
            [
                -0.02673226064220312,
                -0.11633844096995082,
                0.16571717742726838,
                -0.0176741094550427,
                -0.004972366360071739,
            ],
            [
                0.14630860324991618,
                -0.03301649433382753,
                -0.029688279598884534,
                -0.0013641742663777314,
                -0.08223965505082632,
            ],
            [
                0.002876453175393371,
                0.1586199318383077,
                -0.058625594058616344,
                0.07494376627154956,
                -0.17781455722663417,
            ],
            [
                -0.0020830163473337477,
                -0.02351447650763107,
                -0.0955862131486335,
                -0.07305551202575476,
                0.19423921802935312,
            ],
        ],
        [
            [
                0.024854692374252606,
                0.08904986494663457,
                -0.2625774545618216,
                0.14882552973655266,
                -0.00015263249561829457,
            ],
            [
                -0.06545797141021703,
                -0.07389419883385327,
                0.11626091120580492,
                0.0007311521406769077,
                0.02236010689758854,
            ],
            [
                -0.026683443431068862,
                -0.15664538956094928,
                -0.031168577399691234,
                -0.08186341305059523,
                0.29636082344230463,
            ],
            [
                0.030748735837287593,
                0.005556019213815584,
                0.017422117047737353,
                0.10517235089038965,
                -0.15889922298923012,
            ],
        ],
    ),
}


@pytest.mark.parametrize(("temperature", "reduction"), LOSSES)
def test_the_loss_is_that_of_torch(temperature, reduction):
    for gradient in (False, True):
        found = kl_div_loss(
            TEACHER, STUDENT, temperature=temperature, reduction=reduction, gradient=gradient
        )
        loss = found.loss if gradient else found
        assert loss == pytest.approx(LOSSES[temperature, reduction], rel=1e-13)


@pytest.mark.parametrize("temperature", GRADIENTS)
def test_the_gradients_are_those_of_torch(temperature):
    found = kl_div_loss(TEACHER, STUDENT, temperature=temperature, gradient=True)
    teacher, student = GRADIENTS[temperature]
    np.testing.assert_allclose(found.teacher, teacher, rtol=0, atol=3e-16)
    np.testing.assert_allclose(found.student, student, rtol=0, atol=3e-16)


def test_against_torch_itself():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rng = np.random.default_rng(0)
    ours = rng.standard_normal((2, 64, 100))
    for temperature in (1.0, 3.0):
        t, s = (torch.tensor(x, requires_grad=True) for x in ours)
        loss = functional.kl_div(
            functional.log_softmax(s / temperature, -1),
            functional.softmax(t / temperature, -1),
            reduction="batchmean",
        )
        loss.backward()
        found = kl_div_loss(*ours, temperature=temperature, gradient=True)
        assert found.loss == pytest.approx(loss.item(), abs=1e-15)
        np.testing.assert_allclose(found.teacher, t.grad.numpy(), rtol=0, atol=1e-15)
        np.testing.assert_allclose(found.student, s.grad.numpy(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("eps", [1.0, 1e-7])
def test_gradients_in_high_precision(eps):
    temperature = 1.7
    teacher = TEACHER[0]
    student = teacher + eps * STUDENT[0]
    found = kl_div_loss(teacher, student, temperature=temperature, gradient=True)
    p, q = (exact.softmax(z, temperature) for z in (teacher, student))
    kl = exact.measure("kl_pq", p, q)
    T = mp.mpf(temperature)
    assert exact.relative_error(found.loss, kl) < 1.2e-15
    for i in range(5):
        by_student = (q[i] - p[i]) / T
        by_teacher = p[i] * (mp.log(p[i] / q[i]) - kl) / T
        assert exact.relative_error(abs(found.student[i]), abs(by_student)) < 1e-14
        assert exact.relative_error(abs(found.teacher[i]), abs(by_teacher)) < 1e-14

    def divergence(t, s):
        e = [[mp.exp(z / T) for z in side] for side in (t, s)]
        a, b = ([x / mp.fsum(side) for x in side] for side in e)
        return mp.fsum(x * mp.log(x / y) for x, y in zip(a, b, strict=True))

    h = mp.mpf(10) ** -30
    t, s = ([mp.mpf(float(z)) for z in side] for side in (teacher, student))
    for i in range(5):
        up, down = ([z + d * (j == i) for j, z in enumerate(t)] for d in (h, -h))
        assert found.teacher[i] == pytest.approx(
            float((divergence(up, s) - divergence(down, s)) / (2 * h))
        )
        up, down = ([z + d * (j == i) for j, z in enumerate(s)] for d in (h, -h))
        assert found.student[i] == pytest.approx(
            float((divergence(t, up) - divergence(t, down)) / (2 * h))
        )


def test_terms_where_nothing_is_reduced():
    terms = kl_div_loss(TEACHER, STUDENT, reduction="none")
    assert terms.shape == TEACHER.shape
    assert terms.sum() == pytest.approx(LOSSES[1.0, "sum"], rel=1e-14)
    whole = kl_div_loss(TEACHER, STUDENT, reduction="none", gradient=True)
    summed = kl_div_loss(TEACHER, STUDENT, reduction="sum", gradient=True)
    np.testing.assert_array_equal(whole.student, summed.student)
    one = kl_div_loss(TEACHER[0], STUDENT[0])
    assert one == pytest.approx(terms[0].sum(), rel=1e-14)


def test_a_teacher_that_meets_every_student_collects_all_gradients():
    both = kl_div_loss(TEACHER[0], STUDENT, gradient=True)
    apart = kl_div_loss(np.tile(TEACHER[0], (4, 1)), STUDENT, gradient=True)
    assert both.loss == apart.loss
    np.testing.assert_allclose(both.teacher, apart.teacher.sum(axis=0), atol=1e-17)


def test_impossible_classes():
    inf = np.inf
    found = kl_div_loss([[0.0, 1.0, -inf]], [[1.0, 0.0, 3.0]], gradient=True)
    assert np.isfinite(found.loss)
    assert found.teacher[0, 2] == 0.0
    infinite = kl_div_loss([[0.0, 1.0, 0.0]], [[1.0, 0.0, -inf]], gradient=True)
    assert infinite.loss == kl_div_loss([[0.0, 1.0, 0.0]], [[1.0, 0.0, -inf]]) == inf
    assert not np.isnan(infinite.teacher).any()
    assert np.isfinite(infinite.student).all()


def test_a_student_learns_from_a_teacher_as_under_torch():
    """Softmax regression on 12 points by gradient descent: KL at T = 2, and some cross-entropy."""
    x = 2 * matrix(5, 12, 3) - 1
    teacher = x @ (4 * matrix(6, 3, 4) - 2)
    labels = np.eye(4)[teacher.argmax(axis=1)]
    weights = 0.2 * matrix(7, 3, 4) - 0.1
    # The cross-entropy of a label is a divergence from a certain teacher.
    certain = np.where(labels > 0, 0.0, -np.inf)
    losses = []
    for _ in range(60):
        student = x @ weights
        soft = kl_div_loss(teacher, student, temperature=2, gradient=True)
        hard = kl_div_loss(certain, student, gradient=True)
        losses.append(soft.loss + 0.1 * hard.loss)
        weights = weights - 1.5 * x.T @ (soft.student + 0.1 * hard.student)
    # The same run in torch 2.13.0.
    theirs = [
        0.3059587678613963,
        0.15016877427731318,
        0.09407716818452597,
        0.07040730061964617,
        0.05924582521619017,
        0.053573686798702926,
        0.05076517971252494,
    ]
    np.testing.assert_allclose([*losses[::10], losses[-1]], theirs, rtol=1e-12)
    np.testing.assert_allclose(
        weights,
        [
            [1.5947262530332234, 0.4588467046937391, -1.1435403844375482, -0.9319707699785373],
            [0.5313469022620199, 1.1632144956963582, -0.9142494965600126, -0.8807312692644479],
            [-1.3649108494458049, 1.9325196982197923, -1.1635189999073416, 0.5180768951622206],
        ],
        rtol=1e-11,
    )


def softened_loss(teacher, student, *, temperature, direction, squared, reduction, rows, weights):
    """Return a loss in high precision, from its definition; or a weighted sum of its terms."""
    total = mp.mpf(0)
    for row in rows:
        p, q = (softmax(side[row], temperature) for side in (teacher, student))
        p, q = (p, q) if direction == "forward" else (q, p)
        terms = [a * mp.log(a / b) for a, b in zip(p, q, strict=True)]
        if reduction == "none":
            terms = [mp.mpf(w) * x for w, x in zip(weights[row], terms, strict=True)]
        total += mp.fsum(terms)
    if reduction == "mean":
        total /= len(rows) * len(terms)
    if reduction == "batchmean":
        total /= len(rows)
    return total * mp.mpf(temperature) ** (2 if squared else 0)


def softmax(logits, temperature):
    exponentials = [mp.exp(z / mp.mpf(temperature)) for z in logits]
    return [x / mp.fsum(exponentials) for x in exponentials]


def slopes(function, rows):
    """Return the derivatives of a function of rows of numbers, by central differences."""
    h = mp.mpf(10) ** -30
    found = np.zeros((len(rows), len(rows[0])))
    for i, j in np.ndindex(found.shape):
        up, down = ([[*row] for row in rows] for _ in range(2))
        up[i][j] += h
        down[i][j] -= h
        found[i, j] = float((function(up) - function(down)) / (2 * h))
    return found


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("reduction", ["sum", "mean", "batchmean", "none"])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("short", [False, True])
def test_objectives_are_those_of_their_definition(direction, reduction, squared, short):
    kept = [0, 1, 3]
    mask = np.array([[True, True], [False, True]])
    shape = (2, 2, 5)
    weights = 2 * matrix(8, 4, 5) - 1
    objective = Objective(
        temperature=1.7,
        reduction=reduction,
        direction=direction,
        scale_by_temperature_squared=squared,
        mask=mask,
    )
    sides = TEACHER.reshape(shape), STUDENT.reshape(shape)
    if reduction == "none":
        terms = loss(*sides, objective, short=short)
        value = float((terms * weights.reshape(shape)).sum())
        gradients = gradients_of_terms(*sides, objective, weights, short=short)
        assert not terms[1, 0].any()
    else:
        value = loss(*sides, objective)
        found = loss_and_gradients(*sides, objective, short=short)
        assert found.loss == pytest.approx(value, rel=1e-14)
        gradients = found.teacher, found.student

    def definition(teacher, student):
        return softened_loss(
            teacher,
            student,
            temperature=1.7,
            direction=direction,
            squared=squared,
            reduction=reduction,
            rows=kept,
            weights=weights,
        )

    teacher, student = ([[mp.mpf(z) for z in row] for row in side] for side in (TEACHER, STUDENT))
    assert value == pytest.approx(float(definition(teacher, student)), rel=1e-13)
    by_teacher = slopes(lambda rows: definition(rows, student), teacher)
    by_student = slopes(lambda rows: definition(teacher, rows), student)
    for gradient, truth in zip(gradients, (by_teacher, by_student), strict=True):
        assert gradient.shape == shape
        np.testing.assert_allclose(gradient.reshape(4, 5), truth, rtol=0, atol=1e-14)
        assert not gradient[1, 0].any()


def test_batchmean_divides_by_sequences_or_by_the_rows_that_count():
    teacher, student = (np.array([x, x + 1.0, x[::-1]]) for x in (TEACHER, STUDENT))
    assert teacher.shape == (3, 4, 5)
    total = kl_div_loss(teacher, student, reduction="sum")
    assert kl_div_loss(teacher, student) == pytest.approx(total / 3, rel=1e-15)
    assert kl_div_loss(teacher, student, reduction="mean") == pytest.approx(total / 60, rel=1e-15)
    mask = np.ones((3, 4), bool)
    assert kl_div_loss(teacher, student, mask=mask) == pytest.approx(total / 12, rel=1e-15)
    mask[0, 1:] = mask[2, 3] = False
    for reduction in ("sum", "mean", "batchmean"):
        chosen = kl_div_loss(teacher[mask], student[mask], reduction=reduction, gradient=True)
        found = kl_div_loss(teacher, student, reduction=reduction, mask=mask, gradient=True)
        assert found.loss == chosen.loss
        np.testing.assert_array_equal(found.student[mask], chosen.student)
        np.testing.assert_array_equal(found.teacher[mask], chosen.teacher)
        assert not found.student[~mask].any()
        assert not found.teacher[~mask].any()


def test_what_stands_under_none_is_one_axis_more_than_in_kl_div():
    terms = kl_div_loss(TEACHER, STUDENT, reduction="none")
    rows = kl_div(TEACHER, STUDENT, kind="logits", reduction="none")
    assert terms.shape == (*rows.shape, 5)
    assert (terms < 0.0).any()
    np.testing.assert_allclose(terms.sum(axis=-1), rows, rtol=1e-13)


def test_reverse_exchanges_the_sides():
    forward = kl_div_loss(TEACHER, STUDENT, gradient=True)
    reverse = kl_div_loss(STUDENT, TEACHER, direction="reverse", gradient=True)
    assert forward.loss == reverse.loss
    np.testing.assert_array_equal(forward.teacher, reverse.student)
    np.testing.assert_array_equal(forward.student, reverse.teacher)


def test_targets_say_which_rows_count():
    targets = [2, -100, 4, 0]
    mask = [True, False, True, True]
    expected = kl_div_loss(TEACHER, STUDENT, mask=mask)
    assert kl_div_loss(TEACHER, STUDENT, targets=targets) == expected
    assert kl_div_loss(TEACHER, STUDENT, targets=np.array(targets, "i1")) == expected
    padded = [2, 0, 4, 1]
    assert kl_div_loss(TEACHER, STUDENT, targets=padded, ignore_index=0) == expected
    # Where a mask says that a row does not count, its target may be anything.
    assert kl_div_loss(TEACHER, STUDENT, targets=[1, 99, 1, 1], mask=mask) == expected
    both = kl_div_loss(TEACHER, STUDENT, targets=targets, mask=[True, True, False, False])
    assert both == kl_div_loss(TEACHER[0], STUDENT[0])


def test_rows_that_do_not_count_may_hold_anything():
    teacher, student = TEACHER.copy(), STUDENT.copy()
    teacher[1], student[1, 2] = -np.inf, np.nan
    mask = np.array([True, False, True, True])
    for reduction in ("batchmean", "none"):
        expected = kl_div_loss(TEACHER, STUDENT, mask=mask, reduction=reduction, gradient=True)
        found = kl_div_loss(teacher, student, mask=mask, reduction=reduction, gradient=True)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    # The first fault is that of a row which counts.
    student[3, 4] = np.nan
    with pytest.raises(ValueError, match=r"student_logits\[3, 4\]: .* found nan"):
        kl_div_loss(teacher, student, mask=mask)
    # A vector meets all rows; it counts where one of them does.
    with pytest.raises(ValueError, match=r"student_logits\[3, 4\]: .* found nan"):
        kl_div_loss(TEACHER[0], student, mask=mask)
    vector = [0.0, np.nan, 0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match=r"teacher_logits\[1\]: .* found nan"):
        kl_div_loss(vector, STUDENT, mask=mask)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"direction": "back"}, ValueError, "direction: expected one of forward, reverse; found"),
        ({"mask": [1, 1, 1, 0]}, TypeError, "mask: expected booleans, found int64"),
        ({"mask": [True] * 3}, ValueError, r"mask: expected the shape .* \(4,\), found \(3,\)"),
        ({"mask": [False] * 4}, ValueError, "mask: expected a row that counts, found none"),
        ({"targets": [0.0] * 4}, TypeError, "targets: expected integers, found float64"),
        ({"targets": [[0] * 4]}, ValueError, r"targets: expected the shape .* found \(1, 4\)"),
        ({"targets": [0, 5, 0, 0]}, ValueError, r"targets\[1\]: expected a class from 0 to 4"),
        ({"targets": [0, -1, 0, 0]}, ValueError, r"-100 where a row .* count; found -1"),
        ({"targets": [-100] * 4}, ValueError, "targets: expected a row that counts"),
        (
            {"targets": [-100] * 3 + [1], "mask": [True] * 3 + [False]},
            ValueError,
            "mask and targets: expected a row that counts",
        ),
        ({"ignore_index": 0}, ValueError, "ignore_index: expected with targets"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(options, error, text):
    for gradient in (False, True):
        with pytest.raises(error, match=text):
            kl_div_loss(TEACHER, STUDENT, gradient=gradient, **options)


def test_a_mask_of_two_vectors_is_a_single_boolean():
    expected = kl_div_loss(TEACHER[0], STUDENT[0])
    assert kl_div_loss(TEACHER[0], STUDENT[0], mask=True) == expected
    assert kl_div_loss(TEACHER[0], STUDENT[0], targets=4) == expected
    with pytest.raises(ValueError, match="targets: expected a class from 0 to 4"):
        kl_div_loss(TEACHER[0], STUDENT[0], targets=5)
