"""Gradient norms over ε."""

import numpy as np
import pytest
import torch

from hrgradlib.chapters import ch08_norms as norms
from hrgradlib.experiments.cases.periodic import residuals
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models.periodic import PeriodicModel

EPS = np.array([1e-4, 1e-2, 1e-1, 1.0])


@pytest.fixture
def model():
    torch.manual_seed(0)
    return PeriodicModel(PeriodicTransport(), 8, 1, 3, 2).double()


def test_gradients_are_those_of_autograd(model):
    found = norms.measure(model, EPS[1:2], 8)
    points = sample_points((1e-2, 1e-2), 0.1, 1, 8, torch.Generator().manual_seed(0))
    squares = residuals(model, *(p.double() for p in points)).square()
    for loss, rows in (
        (squares[:, 0].mean(), found.macro),
        (squares[:, 1:].sum(1).mean(), found.micro),
    ):
        exact = torch.autograd.grad(
            loss, list(model.parameters()), retain_graph=True, allow_unused=True
        )
        exact = [
            torch.zeros_like(p) if g is None else g
            for g, p in zip(exact, model.parameters(), strict=True)
        ]
        np.testing.assert_allclose(rows[0], torch.cat([g.flatten() for g in exact]), atol=1e-12)


def test_no_norm_exceeds_its_bound(model):
    found = norms.measure(model, EPS, 16)
    for rows, bound in zip((found.macro, found.micro), found.bounds, strict=True):
        assert (np.linalg.norm(rows, axis=1) <= bound).all()


def test_forms_differ_by_the_powers_that_are_proved(model):
    found = norms.measure(model, EPS, 16)
    ratio = norms.ratio_of_terms(found)
    for form in norms.FORMS:
        power = 0 if form == "micro–macro" else -2
        np.testing.assert_allclose(norms.ratio_of_terms(found, form), EPS**power * ratio)


def test_segments_of_terms_see_the_naive_form(model):
    found = norms.measure(model, EPS, 16)
    good, bad = (norms.ratio_of_regimes(found, 4, form, True) for form in ("micro–macro", "PINN"))
    assert bad > 100 * good
    assert norms.ratio_of_regimes(found, 1, "PINN") == 1


def test_settling_lowers_the_residuals(model):
    before = norms.measure(model, EPS, 16)
    norms.settle(model, 60, lr=1e-2)
    after = norms.measure(model, EPS, 16)
    assert after.bounds[0] < before.bounds[0]
