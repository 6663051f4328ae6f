"""Skill: an error divided by that of the best line that costs no training.

A network whose skill is above 1 has learnt nothing that an untrained formula did not know.
Project's own, after the skill scores of weather forecasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from hrgradlib.experiments.cases._case import Case

__all__ = ["Trivial", "best_trivial", "skill", "skill_of_model", "skill_of_worst"]


class Trivial(NamedTuple):
    """The least trivial errors and whose they are; Q quantities, E Knudsen numbers.

    Attributes:
        errors: [Q, E] relative L2 errors, the largest over the times.
        names: [Q, E] the line they belong to, such as ``"diffusion"``.
    """

    errors: NDArray
    names: NDArray


def best_trivial(trivial: Mapping[str, ArrayLike], *, final: bool = False) -> Trivial:
    """The better line at every ε: for each the largest error over the times, then the least.

    A line is chosen as a whole, for all times at once: nobody could change it between them.

    Args:
        trivial: by name errors [Q, E, T], as of ``case.trivial_errors(eps)``.
        final: the last time alone.

    Raises:
        ValueError: no line, shapes that differ, or errors that are no positive finite numbers.

    Example:
        >>> best_trivial({"a": [[[0.1, 0.4]]], "b": [[[0.3, 0.2]]]})
        Trivial(errors=array([[0.3]]), names=array([['b']], dtype='<U1'))
    """
    if not trivial:
        raise ValueError("found no trivial line; pass case.trivial_errors(eps)")
    lines = {name: _over_times(errors, final, name) for name, errors in trivial.items()}
    if len({line.shape for line in lines.values()}) > 1:
        raise ValueError(
            f"trivial lines differ in shape: {_shapes(trivial)}; expected one [Q, E, T]"
        )
    if not all((line > 0).all() for line in lines.values()):
        raise ValueError("a trivial error is 0 or not finite; no skill can be told against it")
    stacked = np.stack(list(lines.values()))
    return Trivial(stacked.min(0), np.array(list(lines))[stacked.argmin(0)])


def skill(errors: ArrayLike, trivial: Mapping[str, ArrayLike], *, final: bool = False) -> NDArray:
    """Errors over the least trivial ones of the same quantity and ε; [Q, E], below 1 is better.

    Args:
        errors: [Q, E, T], as of ``case.errors(model, eps)``; inf where a run failed.
        trivial: by name errors [Q, E, T] at the same ε and times.
        final: the last time alone; else the largest over the times, of both.

    Raises:
        ValueError: shapes that differ, an error that is negative or not a number, or what
            :func:`best_trivial` refuses.

    Example:
        >>> skill([[[0.1, 0.03]]], {"a": [[[0.1, 0.4]]], "b": [[[0.3, 0.2]]]}).round(3)
        array([[0.333]])
    """
    best = best_trivial(trivial, final=final)
    found, shape = np.asarray(errors, float), np.shape(next(iter(trivial.values())))
    if found.shape != shape:
        raise ValueError(f"found errors of shape {found.shape}; the trivial ones are {shape}")
    _refuse_nan(found)
    return (found[..., -1] if final else found.max(-1)) / best.errors


def skill_of_worst(
    errors: ArrayLike, trivial: Mapping[str, ArrayLike], *, final: bool = False
) -> NDArray:
    """The same of errors [E] that are the largest of all quantities and times, as rows keep them.

    Each trivial line is reduced in the same way, by its worst quantity, before the best is taken.

    Args:
        errors: [E], such as ``row["curve"]["judged"]``, whose ε are ``case.judged_eps(profile)``.
        trivial: by name errors [Q, E, T] at the same ε.
        final: the errors are those of the last time alone.

    Raises:
        ValueError: shapes that differ, an error that is negative or not a number, or what
            :func:`best_trivial` refuses.

    Example:
        >>> skill_of_worst([0.1], {"a": [[[0.1]], [[0.4]]], "b": [[[0.5]], [[0.2]]]}).round(3)
        array([0.25])
    """
    worst = {name: np.asarray(line, float).max(0, keepdims=True) for name, line in trivial.items()}
    best, found = best_trivial(worst, final=final).errors[0], np.asarray(errors, float)
    if found.shape != best.shape:
        raise ValueError(f"found {found.shape} errors; the trivial lines have {best.shape} ε")
    _refuse_nan(found)
    return found / best


def skill_of_model(
    case: Case[Any], model: nn.Module, eps: Sequence[float] | None = None, *, final: bool = False
) -> NDArray:
    """Skill of a network of ``case.build``; [Q, E].

    Args:
        case: of :data:`hrgradlib.experiments.cases.CASES`.
        model: the network.
        eps: E Knudsen numbers; None for the problem's ``eval_eps``.
        final: the last time alone.

    Raises:
        ValueError: the network is not finite at the points of the reference.
    """  # noqa: DOC502 (raised by skill)
    return skill(case.errors(model, eps), case.trivial_errors(eps), final=final)


def _over_times(errors: ArrayLike, final: bool, name: str) -> NDArray:
    found = np.asarray(errors, float)
    if found.ndim != 3 or not found.size or not np.isfinite(found).all():
        raise ValueError(
            f"trivial line {name!r}: found {found.shape}; expected finite errors [Q, E, T]"
        )
    return found[..., -1] if final else found.max(-1)


def _refuse_nan(errors: NDArray) -> None:
    if not (errors >= 0).all():
        raise ValueError("an error is negative or not a number; a failed run counts as inf")


def _shapes(lines: Mapping[str, ArrayLike]) -> str:
    return ", ".join(f"{name} {np.shape(line)}" for name, line in lines.items())
