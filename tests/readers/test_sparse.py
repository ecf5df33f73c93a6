"""Sparse matrices in archives: what SciPy saves is what is read, and damage is refused."""

import io
import sys

import numpy as np
import pytest
import scipy.sparse

from kldiv_cli.readers import read

DENSE = np.array([[0, 3, 0, 0], [1, 0, 0, 2], [0, 0, 4, 0], [5, 6, 0, 0]])
FORMATS = ["csr", "csc", "coo", "bsr", "dia"]


def saved(matrix, compressed=True):
    buffer = io.BytesIO()
    scipy.sparse.save_npz(buffer, matrix, compressed=compressed)
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("type_", [np.int32, np.uint8, np.float64, np.float32])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_a_sparse_matrix_is_a_batch_of_dense_rows(given, format, type_, kind):
    made = getattr(scipy.sparse, f"coo_{kind}")(DENSE.astype(type_)).asformat(format)
    side = given("x.npz", saved(made))
    assert side.weights.tolist() == DENSE.tolist()
    assert read(made).weights.tolist() == DENSE.tolist()


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "bsr", "dia"])
def test_a_sparse_matrix_of_one_row_is_one_distribution(given, format):
    made = scipy.sparse.coo_array(DENSE[1:2]).asformat(format)
    for side in (given("x.npz", saved(made, compressed=False)), read(made)):
        assert side.weights.tolist() == [1, 0, 0, 2]
        assert side.kind == "counts"


def test_a_sparse_vector_is_one_distribution(given):
    made = scipy.sparse.coo_array(np.array([0, 3, 0, 2]))
    assert given("x.npz", saved(made)).weights.tolist() == [0, 3, 0, 2]


def test_elements_that_are_given_twice_are_added_up(given):
    made = scipy.sparse.coo_array(([1, 2, 4], ([0, 0, 0], [3, 3, 1])), shape=(1, 5))
    assert given("x.npz", saved(made)).weights.tolist() == [0, 4, 0, 3, 0]
    made = scipy.sparse.csr_array(([1, 2, 4], [3, 3, 1], [0, 3]), shape=(1, 5))
    assert given("x.npz", saved(made)).weights.tolist() == [0, 4, 0, 3, 0]


def test_scipy_is_not_needed(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(saved(scipy.sparse.csr_array(DENSE)))
    import subprocess

    code = (
        "import sys; from kldiv_cli.readers import read; read(sys.argv[1]);"
        "assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


GOOD = {
    "format": np.array(b"csr"),
    "shape": np.array([2, 3]),
    "data": np.array([1, 2]),
    "indices": np.array([0, 2]),
    "indptr": np.array([0, 1, 2]),
}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": np.array(b"xyz")},
        {"format": np.array(b"coo")},
        {"format": np.array([1, 2])},
        {"shape": np.array([2.0, 3.0])},
        {"shape": np.array([2, 3, 4])},
        {"shape": np.array([], dtype=int)},
        {"data": np.array(["a", "b"])},
        {"data": np.array([1, 2, 3])},
        {"indices": np.array([0, 3])},
        {"indices": np.array([-1, 2])},
        {"indices": np.array([0.0, 2.0])},
        {"indices": np.array([[0], [2]])},
        {"indptr": np.array([0, 2])},
        {"indptr": np.array([0, 3, 2])},
        {"indptr": np.array([1, 1, 2])},
        {"indptr": np.array([0, 1, 1])},
        {"format": np.array(b"bsr")},
        {"format": np.array(b"dia"), "offsets": np.array([0])},
        {"format": np.array(b"coo"), "coords": np.array([0, 1])},
        {"format": np.array(b"coo"), "coords": np.zeros((3, 2), dtype=int)},
    ],
)
def test_a_damaged_sparse_matrix_is_refused(refused, changes):
    assert refused("x.npz", npz(**GOOD | changes)).code == "bad-sparse"


@pytest.mark.parametrize("shape", [[2**40, 3], [2**62, 2**62], [2, 10**9], [0, 3], [-1, 3]])
def test_a_sparse_matrix_that_would_be_too_large_is_refused(refused, shape):
    error = refused("x.npz", npz(**GOOD | {"shape": np.array(shape)}))
    assert error.code in ("inflated-too-large", "bad-sparse")


def test_the_size_of_a_sparse_matrix_is_bounded_by_the_option(given, refused):
    data = npz(**GOOD)
    assert refused("x.npz", data, max_inflated=47).code == "inflated-too-large"
    assert given("x.npz", data, max_inflated=10**4).weights.shape == (2, 3)
