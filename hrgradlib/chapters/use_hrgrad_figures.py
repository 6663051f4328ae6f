"""Figure of the appendix on using HRGrad elsewhere: what a training's records tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLACK, CYCLE, GREY
from hrgradlib.chapters.style import subplots
from hrgradlib.optim import StepRecord

__all__ = ["step_records"]


def step_records(records: Sequence[StepRecord], names: Sequence[str]) -> Figure:
    """Losses, norms and cosines against the step, smoothed by a running mean.

    Args:
        records: one per step.
        names: of the K tasks.
    """
    columns = dict(zip(StepRecord._fields, map(np.array, zip(*records, strict=True)), strict=True))
    fig, (left, middle, right) = subplots(1, 3, figsize=(8.2, 3.0), sharex=True)
    for k, (name, color) in enumerate(zip(names, CYCLE, strict=False)):
        for axis, values in (left, columns["losses"]), (middle, columns["norms"]):
            steps, mean = _smooth(np.log(values[:, k]))
            axis.semilogy(steps, np.exp(mean), color=color, label=name)
    lowest = (columns["cosine_moments"].min(1), columns["cosine_gradients"].min(1))
    right.plot(*_smooth(lowest[0]), color=BLACK, label="on moments")
    right.plot(*_smooth(lowest[1]), color=GREY, label="on current gradients")
    right.plot(*_smooth(columns["guaranteed"]), "--", color=BLACK, lw=1, label="guaranteed")
    right.axhline(0, color=GREY, lw=0.6)
    left.set(xlabel="step", ylabel="loss of the task")
    middle.set(xlabel="step", ylabel="norm of its gradient")
    right.set(xlabel="step", ylabel="lowest cosine with the step")
    left.legend()
    bottom, top = right.get_ylim()
    right.set_ylim(bottom, top + 0.4 * (top - bottom))  # room for the legend
    right.legend(loc="upper right")
    return fig


def _smooth(values: NDArray) -> tuple[NDArray, NDArray]:
    """Steps and running mean."""
    width = max(1, len(values) // 25)
    mean = np.convolve(values, np.ones(width) / width, "valid")
    return np.arange(len(mean)) + width / 2, mean
