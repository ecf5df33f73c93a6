"""Work that cannot be left while it lasts: a signal, or a deadline, ends it at once."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

INTERVAL = 0.1
"""Seconds from one look at how far the work is to the next."""
PATIENCE = 5.0
"""Seconds that work which was told to end may take for that where a deadline has passed."""


class DeadlineError(Exception):
    """The work took longer than it may."""


def done(
    work: Callable[[], T],
    end: Callable[[], object],
    told: Callable[[], object] | None = None,
    seconds: float | None = None,
) -> T:
    """Return what some work returns, or raise what it raises.

    It runs in a thread of its own, since a handler of Python's would have to wait for it. Whatever
    arrives at the one that waits for it, a signal for example, ends it before it is raised.

    Parameters
    ----------
    work : callable
        A query of a database, for example.
    end : callable
        Ends the work from outside, as soon as it has begun.
    told : callable, optional
        Called every tenth of a second while the work lasts.
    seconds : float, optional
        How long it may take.

    Raises
    ------
    DeadlineError
        If it took longer. It may still wait for an answer that never comes.
    """
    from threading import Event, Thread

    found: list[T] = []
    failures: list[BaseException] = []
    is_done = Event()

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failures.append(error)
        finally:
            is_done.set()

    last = None if seconds is None else monotonic() + seconds
    given_up: float | None = None
    thread = Thread(target=run, daemon=seconds is not None)
    try:
        thread.start()
        while not is_done.wait(INTERVAL if told or last else None):
            if told:
                told()
            if last and monotonic() > last:
                raise DeadlineError
        thread.join()
    finally:
        if seconds is not None and given_up is None:
            given_up = monotonic() + PATIENCE
        # Work that has not begun yet is not ended: it is tried again.
        while thread.is_alive() and not (given_up and monotonic() > given_up):
            end()
            thread.join(0.01)
    if failures:
        raise failures[0]
    return found[0]
