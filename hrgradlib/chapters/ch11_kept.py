"""Chapter 11: a short training of ``bgk-mixed``, and what its means being right is worth."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.kept_means import Compared
from hrgradlib.chapters.palette import BLUE, GREY, VERMILLION
from hrgradlib.chapters.style import shared_legend, subplots
from hrgradlib.experiments.runner import begin
from hrgradlib.experiments.solution import Solution
from hrgradlib.experiments.specs import make_spec
from hrgradlib.training.loop import Schedule, TrainingState, train

__all__ = ["errors_and_means", "short_training"]


def short_training(steps: int) -> Solution:
    """A small network after a few steps in the Gauss–Newton metric: a second for every thirty."""
    spec = make_spec("bgk-mixed", "hrgrad-gn", "smoke", seed=0, steps=steps, width=16, modes=9)
    method, tasks = begin(spec, torch.device("cpu"))
    state = TrainingState(method.model, method, torch.Generator().manual_seed(spec.seed))
    train(state, tasks, Schedule(spec.steps, spec.lr, spec.warmup), quiet=True)
    return Solution(spec, method.model, {})


def errors_and_means(eps: NDArray, found: Compared) -> Figure:
    """Errors at the last time by ε0, before and after, and the defect of the mean: a panel each.

    Args:
        eps: [E].
        found: of three moments, at these.
    """
    fig, axes = subplots(1, 3, figsize=(8.4, 3.1), sharex=True, sharey=True)
    names = ("density", "momentum", "energy")
    for k, (axis, name) in enumerate(zip(axes, names, strict=True)):
        before, after = found.errors[:, k, :, -1]
        share = abs(found.lacking[0, k, :, -1]) / found.norms[k, :, -1]
        axis.loglog(eps, before, "--s", color=VERMILLION, ms=4, label="error, as trained")
        axis.loglog(eps, after, "-o", color=BLUE, ms=4, label="error, means corrected")
        axis.loglog(eps, share, ":^", color=GREY, ms=4, label="what the mean lacks")
        axis.set(title=name, xlabel=r"$\varepsilon_0$")
    axes[0].set_ylabel("relative, at the last time")
    shared_legend(fig, axes[0], "lower center", ncols=3)
    return fig
