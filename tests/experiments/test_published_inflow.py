"""``transport-inflow`` as published: penalties, terms, judges, and what a training lowers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import make_spec

CASE = CASES["transport-inflow-published"]
EVERY = pytest.mark.parametrize("formulation", CASE.formulations)
SPEEDS = 3


def spec_of(formulation, **changes):
    return make_spec(CASE.name, "hrgrad-gn", "smoke", formulation=formulation, **changes)


def points(spec):
    return sample(spec, torch.Generator().manual_seed(0))


def groups(spec, found):
    """Mean squares of the terms' columns, in their order."""
    sizes = [*CASE.terms(spec)]
    parts = found.split([*sizes, found.shape[1] - sum(sizes)], 1)
    return torch.stack([part.square().sum(1).mean() for part in parts])


class Told(torch.nn.Module):
    """A network that meets all data: empty inside and at the start, and what enters at a wall."""

    def __init__(self, model):
        super().__init__()
        self.model, self.asked = model, []

    def forward(self, t, x, eps):
        self.asked.append((t, x))
        empty = torch.zeros(len(t), 2 * SPEEDS, dtype=t.dtype)
        values = torch.cat([empty[:, :SPEEDS], empty[:, SPEEDS:] + (x == 0)[:, None]], 1)
        return torch.zeros_like(t), values

    def fields(self, t, x, eps):
        return self.model.fields(t, x, eps)


@EVERY
def test_penalties_vanish_where_the_data_hold(formulation):
    spec = spec_of(formulation, modes=SPEEDS)
    told, (t, x, eps) = Told(spec.build_model()), points(spec)
    found = groups(spec, CASE.residuals(spec)(told, t, x, eps))
    assert (found[-2:] == 0).all() and (found[:-2] > 0).all()
    (start, inside), (late, walls) = told.asked
    assert (start == 0).all() and torch.equal(inside, x) and torch.equal(late, t)
    assert set(walls.tolist()) == {0.0, 1.0}  # each point has the nearer
    assert ((walls - x).abs() <= 0.5).all()


@EVERY
def test_every_column_is_of_one_term(formulation):
    spec = spec_of(formulation, modes=SPEEDS)
    terms, columns = CASE.terms(spec), 2 * SPEEDS
    found = CASE.residuals(spec)(spec.build_model(), *points(spec))
    assert found.shape[1] - sum(terms) == SPEEDS  # last, what enters
    assert terms == ((columns, columns) if formulation == "pinn" else (1, 1, columns, 1 + columns))


@EVERY
def test_the_weight_is_that_of_both_penalties(formulation):
    found = []
    for weight in (1.0, 100.0):
        spec = spec_of(formulation, initial_weight=weight)
        found.append(groups(spec, CASE.residuals(spec)(spec.build_model(), *points(spec))))
    ratio = (found[1] / found[0]).tolist()
    assert ratio[-2:] == pytest.approx([100, 100]) and ratio[:-2] == pytest.approx(
        [1] * len(ratio[:-2])
    )


def test_it_is_judged_as_the_problem_itself():
    layered, model = CASES["transport-inflow"], spec_of("published").build_model()
    np.testing.assert_array_equal(CASE.errors(model, [0.1]), layered.errors(model, [0.1]))
    ours, theirs = CASE.trivial_errors([0.1]), layered.trivial_errors([0.1])
    assert list(ours) == list(theirs)
    for name in list(ours)[1:]:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert (ours["untrained ansatz"] != theirs["untrained ansatz"]).all()
    assert replace(CASE.problem, check_eps=layered.problem.check_eps) == layered.problem
    assert CASE.judged_eps("quick") == layered.judged_eps("quick")


@EVERY
def test_a_short_training_lowers_the_loss_and_both_penalties(formulation):
    spec = make_spec(CASE.name, "sum", "smoke", formulation=formulation)
    torch.manual_seed(0)
    model, residuals = spec.build_model(), CASE.residuals(spec)
    optimizer, generator = torch.optim.Adam(model.parameters(), 1e-2), torch.Generator()
    losses = []
    for _ in range(60):
        found = groups(spec, residuals(model, *sample(spec, generator)))
        losses.append(found.detach())
        optimizer.zero_grad()
        found.sum().backward()
        optimizer.step()
    before, after = losses[0], torch.stack(losses[-10:]).mean(0)
    assert after.sum() < 0.5 * before.sum()
    assert (after[-2:] < 0.7 * before[-2:]).all()  # data at the start and at the walls
