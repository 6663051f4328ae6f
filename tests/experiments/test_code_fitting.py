"""Codes at new Knudsen numbers: which they are, that a fit lowers its loss, what is refused."""

import numpy as np
import pytest
import torch

from hrgradlib import Solution
from hrgradlib.experiments.code_fitting import (
    code_between,
    code_of_nearest,
    fit_codes,
    known_eps,
    losses,
)
from hrgradlib.experiments.solution import SolutionError
from hrgradlib.experiments.specs import make_spec

FOUND = (code_between, code_of_nearest)


@pytest.fixture(scope="module")
def solution():
    """A network with codes that differ, in float64."""
    spec = make_spec("transport-periodic-published", "sum", "smoke", formulation="published-codes")
    model = spec.build_model().double()
    torch.manual_seed(3)
    with torch.no_grad():
        model.code.codes.weight.normal_()
    return Solution(spec, model, {})


def outputs(solution, eps):
    x = np.linspace(0, 1, 7)
    return np.stack([solution.density(0.05, x, e) for e in eps])


@pytest.mark.parametrize("find", FOUND)
def test_at_a_trained_knudsen_number_the_code_is_the_trained_one(solution, find):
    own = known_eps(solution)
    np.testing.assert_allclose(outputs(find(solution, own), own), outputs(solution, own))


def test_between_two_codes_lies_their_mean_or_the_nearer_one(solution):
    own = known_eps(solution)
    between, near = np.sqrt(own[0] * own[1]), own[0] ** 0.6 * own[1] ** 0.4
    codes = solution.model.code.codes.weight.detach().T
    found = code_between(solution, [between]).model.code.codes.detach()
    torch.testing.assert_close(found[0], 0.5 * (codes[0] + codes[1]))
    found = code_of_nearest(solution, [near]).model.code.codes.detach()
    torch.testing.assert_close(found[0], codes[0])


def test_every_knudsen_number_meets_its_own_code(solution):
    eps = np.geomspace(*solution.problem.eps_range, 9)
    alone = np.concatenate([outputs(code_between(solution, [e]), [e]) for e in eps])
    np.testing.assert_allclose(outputs(code_between(solution, eps), eps), alone)


def test_a_fit_lowers_every_loss_and_moves_the_codes_alone(solution):
    eps = np.array([3e-4, 0.03, 0.3])
    before = code_between(solution, eps)
    fitted = fit_codes(solution, eps, steps=200, rate=2e-2)
    assert (losses(fitted) < 0.98 * losses(before)).all()
    for (name, one), other in zip(
        fitted.model.named_parameters(), before.model.parameters(), strict=True
    ):
        assert torch.equal(one, other) == (name != "code.codes"), name
    assert all(p.requires_grad for p in fitted.model.parameters())


def test_codes_of_several_are_fitted_as_if_each_were_alone(solution, monkeypatch):
    """Points are drawn for all at once, so here they are the same for every ε."""
    eps, original = [0.003, 0.3], torch.rand

    def same_for_all(*shape, **more):
        one = original(shape[0], 8, **more)
        return one.repeat(1, shape[1] // 8)

    monkeypatch.setattr(torch, "rand", same_for_all)
    both = fit_codes(solution, eps, steps=20, points=8).model.code.codes
    alone = [fit_codes(solution, [e], steps=20, points=8).model.code.codes for e in eps]
    torch.testing.assert_close(both, torch.cat(alone), rtol=1e-9, atol=1e-12)


def test_a_whole_network_does_better_at_its_one_knudsen_number(solution):
    code = fit_codes(solution, [0.3], steps=100)
    whole = fit_codes(solution, [0.3], steps=100, network=True)
    assert losses(whole) < 0.5 * losses(code)
    original = dict(solution.model.named_parameters())
    moved = [n for n, p in whole.model.named_parameters() if n != "code.codes"]
    assert not any(torch.equal(dict(whole.model.named_parameters())[n], original[n]) for n in moved)


def test_a_fit_is_repeated_by_its_seed(solution):
    one, other = (fit_codes(solution, [0.3], steps=5, seed=s).model.code.codes for s in (1, 1))
    assert torch.equal(one, other)
    assert not torch.equal(one, fit_codes(solution, [0.3], steps=5, seed=2).model.code.codes)


@pytest.mark.parametrize("find", [*FOUND, fit_codes])
@pytest.mark.parametrize(
    "eps", [[2.0], [1e-5, 0.1], [np.nan], [], [0.1, 0.01], [0.1, 0.1], [[0.1]]]
)
def test_what_is_no_list_of_trained_knudsen_numbers_is_refused(solution, find, eps):
    with pytest.raises(SolutionError, match=r"expected Knudsen numbers in \[0.0001, 1\]"):
        find(solution, eps)


def test_a_network_without_trained_codes_is_refused(solution):
    spec = make_spec("transport-periodic-published", "sum", "smoke")
    plain = Solution(spec, spec.build_model(), {})
    for other in (plain, code_between(solution, [0.1])):
        with pytest.raises(SolutionError, match="no trained codes; expected a run with --formul"):
            fit_codes(other, [0.1])


def test_weights_for_several_knudsen_numbers_are_refused(solution):
    with pytest.raises(SolutionError, match="found 2 Knudsen numbers and network=True"):
        fit_codes(solution, [0.1, 0.2], network=True)


def test_other_knudsen_numbers_are_refused_when_it_is_asked(solution):
    with pytest.raises(SolutionError, match="has no network or code"):
        code_between(solution, [0.1, 0.2]).density(0.1, 0.5, 0.15)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (dict(steps=0), "found steps = 0; expected a whole number"),
        (dict(points=0), "found points = 0; expected a whole number"),
        (dict(steps=1.5), "found steps = 1.5"),
        (dict(rate=np.nan), "found rate = nan; expected a finite number > 0"),
        (dict(rate=-1.0), "found rate = -1.0"),
    ],
)
def test_settings_out_of_range_are_refused(solution, settings, said):
    with pytest.raises(SolutionError, match=said):
        fit_codes(solution, [0.1], **settings)


def test_a_fit_that_leaves_the_finite_numbers_is_refused(solution):
    with pytest.raises(SolutionError, match="found NaN or inf in what was fitted, at rate"):
        fit_codes(solution, [0.1], steps=3, rate=1e308)
