"""The picture of a batch: its rows as dots, and its quantiles as they are in the report."""

import math

import numpy as np
import pytest

from kldiv_cli import compare
from kldiv_cli.renderers.pictures.spread import TALLEST, spread


def picture_of(p, q):
    report = compare(p, q)
    batch = report.comparisons[0].batch
    values = report.rows[0].of(batch.measure)
    return batch, values, spread(batch, report.rows[0], "nats")


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(7)
    p = random.dirichlet(np.ones(5), 3000)
    return p, 0.9 * p + 0.1 * random.dirichlet(np.ones(5), 3000)


def test_dots_stand_where_the_rows_are(rows):
    _batch, values, picture = picture_of(*rows)
    places = [stack.place for stack in picture.stacks]
    assert places == sorted(places)
    assert max(stack.dots for stack in picture.stacks) <= TALLEST
    roots = np.floor(60 * np.sqrt(values / picture.axis.high))
    dots = [-(-int((roots == i).sum()) // picture.rows_per_dot) for i in range(60)]
    assert [stack.dots for stack in picture.stacks] == [count for count in dots if count]


def test_quantiles_are_those_of_the_report(rows):
    batch, _, picture = picture_of(*rows)
    of = batch.quantiles
    assert [mark.value for mark in picture.quantiles] == [of.p50, of.p95, of.p99, of.p99_9, of.max]
    assert [mark.place for mark in picture.quantiles] == [
        picture.axis.place(mark.value) for mark in picture.quantiles
    ]
    assert picture.worst == batch.worst


def test_few_rows_are_a_dot_each_and_have_no_far_quantiles():
    p = [[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]
    _, _, picture = picture_of(p, [[0.5, 0.5]] * 3)
    assert picture.rows_per_dot == 1
    assert sum(stack.dots for stack in picture.stacks) == 3
    assert [mark.name for mark in picture.quantiles] == ["median", "max"]


def test_infinite_rows_stand_apart():
    _, _, picture = picture_of([[0.5, 0.5], [0.4, 0.6]], [[1.0, 0.0], [0.5, 0.5]])
    assert [stack.dots for stack in picture.stacks] == [1, 1]
    assert picture.stacks[-1].place == picture.axis.place(math.inf)
