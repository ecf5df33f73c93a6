"""Say how far apart two distributions are.

Kullback-Leibler divergence in both directions and its relatives, exact to the last printed
digit, from arrays, mappings, data frames and files. Importing this package imports nothing
heavy: each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kldiv_cli.core.divergences import divergences as divergences
    from kldiv_cli.core.divergences import kl_div as kl_div
    from kldiv_cli.core.estimates import Estimate as Estimate
    from kldiv_cli.core.estimates import estimate as estimate
    from kldiv_cli.distillation import kl_div_loss as kl_div_loss
    from kldiv_cli.errors import InputError as InputError
    from kldiv_cli.errors import KldivError as KldivError
    from kldiv_cli.errors import UsageError as UsageError
    from kldiv_cli.pipeline.calibrate import CalibrationReport as CalibrationReport
    from kldiv_cli.pipeline.calibrate import calibrate as calibrate
    from kldiv_cli.pipeline.check import CheckReport as CheckReport
    from kldiv_cli.pipeline.check import assert_no_drift as assert_no_drift
    from kldiv_cli.pipeline.check import check as check
    from kldiv_cli.pipeline.compare import compare as compare
    from kldiv_cli.pipeline.matrix import MatrixReport as MatrixReport
    from kldiv_cli.pipeline.matrix import matrix as matrix
    from kldiv_cli.pipeline.reports import Report as Report

__version__ = "0.1.0"

_NAMES = {
    "kldiv_cli.pipeline.compare": ("compare",),
    "kldiv_cli.pipeline.reports": ("Report",),
    "kldiv_cli.pipeline.check": ("assert_no_drift", "check", "CheckReport"),
    "kldiv_cli.pipeline.calibrate": ("calibrate", "CalibrationReport"),
    "kldiv_cli.pipeline.matrix": ("matrix", "MatrixReport"),
    "kldiv_cli.core.divergences": ("divergences", "kl_div"),
    "kldiv_cli.distillation": ("kl_div_loss",),
    "kldiv_cli.core.estimates": ("Estimate", "estimate"),
    "kldiv_cli.errors": ("InputError", "KldivError", "UsageError"),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
