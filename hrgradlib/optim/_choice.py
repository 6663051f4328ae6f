"""What is decided at a step: the weights, and the guard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._harmonize import Harmony, harmonic_weights
from hrgradlib.optim._metric import Candidates, Joint, Weights
from hrgradlib.optim._refused import StepRefused

__all__ = ["Choice", "choose"]

_WHISPER = 1e-6  # relative length of current gradients when they are constraints only


class Choice(NamedTuple):
    """What was decided on a step.

    Attributes:
        weights: of the candidates; those of the current gradients are None unless guarded.
        cosine: ``c`` of the axis.
        stationary: there is no common descent direction; the weights are zero.
        cosine_moments: [K] of the direction with the tasks' moments.
    """

    weights: Weights
    cosine: float
    stationary: bool
    cosine_moments: NDArray

    @property
    def guarded(self) -> bool:
        """Whether the guard acted."""
        return self.weights.on_gradients is not None


def choose(offered: Candidates, group: Mapping[str, Any]) -> Choice:
    """Harmonise the moments; if the guard is on and they oppose a current gradient, again.

    First with the current gradients among the constraints (at a whisper: they do not pull
    themselves), then with the current gradients alone, which always descends.

    Raises:
        StepRefused: a product is not finite.
    """  # noqa: DOC502 (raised by the check)
    gramian = offered.moments
    _check(gramian)
    found = _solve(gramian, group, offered.roundoff)
    if not group["guard"]:
        return _made(gramian, Weights(found.weights), found)
    joint, tasks = offered.joint(), len(gramian)
    _check(joint.products)
    weights = Weights(found.weights)
    if not found.stationary and _descends(joint, weights):
        return _made(gramian, weights, found)
    scale = np.concatenate([np.ones(tasks), np.full(tasks, _WHISPER)])
    found = _solve(joint.products * scale[:, None] * scale, group, offered.roundoff)
    both = found.weights * scale
    weights = Weights(both[:tasks], both[tasks:])
    if found.stationary or not _descends(joint, weights):
        found = _solve(joint.products[tasks:, tasks:], group, offered.roundoff)
        weights = Weights(np.zeros(tasks), found.weights)
    return _made(joint.products, weights, found)


def _made(products: NDArray, weights: Weights, found: Harmony) -> Choice:
    """``products`` [K, K] of the moments, or [2K, 2K] of all candidates."""
    used = weights.on_moments if weights.on_gradients is None else weights.joint
    tasks, along = len(weights.on_moments), products @ used
    norms = np.sqrt(np.diagonal(products)[:tasks])
    length = np.sqrt(max(used @ along, 0.0))
    cosines = along[:tasks] / np.maximum(norms * length, np.finfo(float).tiny)
    return Choice(weights, found.cosine, found.stationary, cosines)


def _solve(gramian: NDArray, group: Mapping[str, Any], roundoff: float) -> Harmony:
    if len(gramian) > len(np.atleast_1d(group["harmony"])) > 1:  # of every task, for both kinds
        harmony = np.tile(group["harmony"], 2)
    else:
        harmony = group["harmony"]
    return harmonic_weights(gramian, harmony, group["axis"], roundoff)


def _descends(joint: Joint, weights: Weights) -> bool:
    """Whether the step raises no current task loss to first order, up to its own rounding."""
    used, tasks = weights.joint, len(joint.descent)
    norms = np.sqrt(np.diagonal(joint.products))
    rounding = 16 * tasks * np.finfo(float).eps * (np.abs(used) @ norms)
    return bool((joint.descent @ used >= -rounding * norms[tasks:]).all())


def _check(products: NDArray) -> None:
    if not np.isfinite(products).all():
        tasks = np.flatnonzero(~np.isfinite(products).all(1)).tolist()
        raise StepRefused(
            f"HRGrad: NaN or inf in the Gramian of task(s) {tasks}; nothing was updated.", tasks
        )
