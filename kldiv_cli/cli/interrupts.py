"""Signals that end a run: each arrives as an exception, which removes half-written files."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sys import UnraisableHookArgs
    from types import FrameType

_ENDING = tuple(number for number in signal.Signals if number.name in ("SIGTERM", "SIGHUP"))
"""Signals that end a run: somebody wants it to end, or its terminal is gone."""
_NUMBERS = (signal.SIGINT, *_ENDING)
_kept: list[BaseException] = []
"""Exceptions that end the run; one that was raised where it is dropped ends it later."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; the exit code is the one by which shells tell of it."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number


def listen() -> None:
    """Raise `Terminated` on SIGTERM and SIGHUP, and keep the exceptions that would be dropped.

    A hangup that is ignored, as under nohup, stays so.

    Python prints an exception of a callback, or of an iterator that is being closed, and goes on
    as if nothing had happened. Compiled code, that of PyArrow where it imports a module, clears
    any exception. So those of signals are kept as they are raised.
    """
    _kept.clear()
    for number in _ENDING:
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _keep


@contextmanager
def ignored() -> Iterator[None]:
    """Let no signal end what is done after one has arrived."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def raise_kept() -> None:
    """Raise an exception that was kept since `listen`, if there is one."""
    if _kept:
        raise _kept.pop()


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    _raise(Terminated(number))


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    _raise(KeyboardInterrupt())


def _raise(error: BaseException) -> NoReturn:
    _kept.append(error)
    raise error


def _keep(dropped: UnraisableHookArgs) -> None:
    """Keep an exception that ends the run; leave any other to Python."""
    if isinstance(dropped.exc_value, KeyboardInterrupt | Terminated | MemoryError):
        _kept.append(dropped.exc_value)
    else:
        sys.__unraisablehook__(dropped)
