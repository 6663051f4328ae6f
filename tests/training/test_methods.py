"""Training methods: watching a step must not change it."""

from functools import partial

import numpy as np
import pytest
import torch

from hrgradlib.experiments.cases.periodic import point_losses
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.training import METHODS
from hrgradlib.training.methods import Settings

SPEC = make_spec("transport-periodic", "sum", "smoke", seed=3)
RESIDUALS = SPEC.case.residuals(SPEC)


def three_steps(method: str, observe: list[bool]):
    """Parameters after three steps in float64, and what was recorded."""
    model = SPEC.build_model().double()
    trainer = METHODS[method](model, Settings(1e-2))
    generator, problem, found = torch.Generator().manual_seed(0), SPEC.case.problem, []
    for watched in observe:
        points = sample_points(problem.eps_range, problem.final_time, 5, 24, generator)
        points = [p.double() for p in points]
        found.append(trainer.step(partial(RESIDUALS, model), points, [24] * 5, watched))
    return torch.cat([p.detach().flatten() for p in model.parameters()]), found


@pytest.mark.parametrize("method", METHODS)
def test_observing_does_not_change_the_step(method):
    watched, _ = three_steps(method, [True] * 3)
    unwatched, _ = three_steps(method, [False] * 3)
    torch.testing.assert_close(watched, unwatched, rtol=1e-10, atol=1e-12)


def test_observed_cosines_of_the_sum_are_those_of_the_applied_step():
    """Sign and size recomputed from the parameters before and after, gradient by gradient."""
    model = SPEC.build_model().double()
    trainer = METHODS["sum"](model, Settings(1e-3))
    generator, problem = torch.Generator().manual_seed(1), SPEC.case.problem
    points = sample_points(problem.eps_range, problem.final_time, 5, 24, generator)
    points = [p.double() for p in points]
    parameters = list(model.parameters())
    losses = point_losses(model, *points).view(5, 24).mean(1)
    gradients = torch.stack(
        [
            torch.cat(
                [g.flatten() for g in torch.autograd.grad(loss, parameters, retain_graph=True)]
            )
            for loss in losses
        ]
    )
    before = torch.cat([p.detach().flatten() for p in parameters])
    found = trainer.step(partial(RESIDUALS, model), points, [24] * 5, True)
    moved = torch.cat([p.detach().flatten() for p in parameters]) - before
    # At the first step Adam's second moment is the square of the summed gradient.
    metric = 1 / (gradients.sum(0).abs() + 1e-8)
    rows = gradients * metric.sqrt()
    expected = -(gradients @ moved) / (rows.norm(dim=1) * (moved / metric.sqrt()).norm())
    np.testing.assert_allclose(found["cosine_gradients"], expected.numpy(), rtol=1e-6)
    np.testing.assert_allclose(found["gramian"], (rows @ rows.T).numpy(), rtol=1e-6)
    np.testing.assert_allclose(found["gramian_raw"], (gradients @ gradients.T).numpy(), rtol=1e-8)


@pytest.mark.parametrize("methods", [("hrgrad", "sum", "harmonise-first"), ("hrgrad-gn", "sum-gn")])
def test_steps_are_the_same_for_all_methods_of_a_metric_without_conflict(methods):
    """One task: nothing to harmonise, so HRGrad is Adam, or SPRING."""
    ends = []
    for method in methods:
        model = SPEC.build_model().double()
        trainer = METHODS[method](model, Settings(1e-2))
        problem = SPEC.case.problem
        points = sample_points(
            problem.eps_range, problem.final_time, 1, 64, torch.Generator().manual_seed(0)
        )
        points = [p.double() for p in points]
        for _ in range(5):
            trainer.step(partial(RESIDUALS, model), points, [64], False)
        ends.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    for end in ends[1:]:
        torch.testing.assert_close(end, ends[0], rtol=1e-9, atol=1e-11)
