"""Options of HRGrad: their ranges, and how far parameter groups may differ in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hrgradlib.optim._axes import AXES
from hrgradlib.optim._metrics import METRICS

__all__ = ["OWN", "check_groups", "check_harmony", "check_options"]

#: What parameter groups may have of their own.
OWN = ("lr", "weight_decay")
#: What every metric has beside its defaults.
COMMON = ("metric", "axis", "guard", "max_norm", "weight_decay")

_NON_NEGATIVE = lambda v: 0 <= v < float("inf"), "a finite number ≥ 0"
_DECAY = lambda v: 0 <= v < 1, "a number in [0, 1)"
_RANGES = {
    "lr": _NON_NEGATIVE,
    "betas": (lambda v: np.shape(v) == (2,), "two numbers"),
    "betas[0]": _DECAY,
    "betas[1]": _DECAY,
    "tiny": (lambda v: 0 < v < float("inf"), "a finite number > 0"),
    "damping": _NON_NEGATIVE,
    "harmony": (
        lambda v: np.ndim(v) < 2 and bool(np.all((0 <= np.asarray(v)) & (np.asarray(v) <= 1))),
        "a number in [0, 1], or one for every task",
    ),
    "weight_decay": _NON_NEGATIVE,
    "max_norm": (lambda v: v is None or 0 < v < float("inf"), "a finite number > 0, or None"),
}


def check_options(metric: str, given: Mapping[str, Any], common: Mapping[str, Any]) -> dict:
    """The metric's defaults, what the user gave, and the options that all metrics share.

    Raises:
        ValueError: an unknown name or a number outside its range.
        TypeError: an option that the metric does not have.
    """  # noqa: DOC502 (ValueError: raised by the checks)
    _check_name("metric", metric, METRICS)
    _check_name("axis", common["axis"], AXES)
    chosen = METRICS[metric]
    if unknown := sorted(given.keys() - chosen.defaults.keys()):
        raise TypeError(
            f"HRGrad: the metric {metric!r} has no option {unknown[0]!r}; its options are "
            f"{sorted(chosen.defaults)}."
        )
    options = {**chosen.defaults, **given, **common}
    _check_ranges(options)
    chosen.check(options)
    if np.ndim(options["harmony"]):
        options["harmony"] = tuple(float(k) for k in options["harmony"])
    return options


def check_groups(groups: Sequence[Mapping[str, Any]]) -> None:
    """One vector of all parameters is harmonised: groups share all but lr and weight decay.

    Raises:
        ValueError: they differ in more, a number is out of range, or dtypes differ.
    """
    first = groups[0]
    shared = {*COMMON, *METRICS[first["metric"]].defaults} - {
        *OWN
    }  # not what schedulers keep there
    for group in groups:
        _check_ranges(group)
        differing = sorted(name for name in shared if group.get(name) != first[name])
        if differing:
            raise ValueError(
                f"HRGrad: found parameter groups that differ in {differing[0]}; expected them to "
                "differ in lr and weight_decay alone, since one vector is harmonised."
            )
    if any(p.is_complex() for group in groups for p in group["params"]):
        raise ValueError(
            "HRGrad: found complex parameters; expected real ones (torch.view_as_complex makes "
            "complex numbers of a real parameter)."
        )
    kinds = {p.dtype for group in groups for p in group["params"] if p.requires_grad}
    if len(kinds) > 1:
        raise ValueError(
            f"HRGrad: found parameters of the dtypes {sorted(map(str, kinds))}; expected one."
        )


def check_harmony(harmony: Any, tasks: int) -> None:
    """One number, or one for every task; again at every step, as groups can be written to.

    Raises:
        ValueError: another number of them, or one out of range.
    """
    _check_ranges({"harmony": harmony})
    if np.ndim(harmony) and len(harmony) != tasks:
        raise ValueError(
            f"HRGrad: found harmony of {len(harmony)} numbers for {tasks} tasks; expected one "
            "number, or one for every task."
        )


def _check_name(name: str, value: Any, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"HRGrad: found {name} = {value!r}; expected one of {tuple(known)}.")


def _check_ranges(options: Mapping[str, Any]) -> None:
    """Of the options that metrics share; a metric checks those of its own."""
    for name, value in options.items():
        good, expected = _RANGES.get(name, (None, ""))
        if good and not good(value):
            raise ValueError(f"HRGrad: found {name} = {value!r}; expected {expected}.")
    if "betas" in options:
        _check_ranges(dict(zip(("betas[0]", "betas[1]"), options["betas"], strict=True)))
