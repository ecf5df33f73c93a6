"""The picture of a matrix: every number, and a shade."""

import math

from kldiv_cli.renderers.pictures.grid import grid


def test_every_cell_has_its_number_and_a_shade_by_its_root():
    picture = grid(["a", "b"], [[0.0, 4.0], [1.0, 0.0]], "kl_pq", "nats")
    assert [[cell.value for cell in row] for row in picture.rows] == [[0, 4], [1, 0]]
    assert [[cell.shade for cell in row] for row in picture.rows] == [[0, 1], [0.5, 0]]


def test_infinity_is_as_dark_as_can_be_and_changes_no_other_shade():
    picture = grid(["a", "b"], [[0.0, math.inf], [1.0, 0.0]], "kl_pq", "nats")
    assert [[cell.shade for cell in row] for row in picture.rows] == [[0, 1], [1, 0]]


def test_equal_distributions_have_no_shade():
    picture = grid(["a", "b"], [[0.0, 0.0], [0.0, 0.0]], "kl_pq", "nats")
    assert {cell.shade for row in picture.rows for cell in row} == {0}
