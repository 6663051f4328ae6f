"""Chapter 4: losses against independent derivatives, its theorems, and its trainings."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from hrgradlib.chapters import ch04_pinn as pinn
from hrgradlib.chapters import ch04_theory as pinn_theory
from hrgradlib.kinetics.periodic import PeriodicFields, macro_residual, micro_residual
from hrgradlib.kinetics.velocity import gauss_legendre, legendre
from hrgradlib.optim import residual_jacobian
from hrgradlib.reference.periodic import PeriodicReference

T, WAVE = pinn.PROBLEM.final_time, 2 * np.pi


def case(loss="apnn", optimizer="adam", eps=1e-2, seed=0):
    return pinn.Case.of("smoke", loss, optimizer, eps, seed)


def points(eps, count=24):
    return pinn.draw(eps, count, torch.Generator().manual_seed(1))


# --- the residual of f ---------------------------------------------------------------------------


def kinetic_by_autograd(model, t, x, eps, scaled):
    """√w ``R_f`` (or ``ε R_f`` of ``f = ρ + h``), f differentiated as a function of (t, x, v)."""
    nodes, weights = (torch.from_numpy(a) for a in gauss_legendre(model.modes + 1))
    basis = torch.from_numpy(legendre(nodes.numpy(), model.modes))[:, 1:]
    t, x = t.clone().requires_grad_(), x.clone().requires_grad_()
    rho, b = model(t, x, eps)
    f = rho[:, None] + (eps[:, None] if scaled else 1.0) * b @ basis.T
    columns = [torch.autograd.grad(c.sum(), (t, x), retain_graph=True) for c in f.unbind(1)]
    f_t, f_x = (torch.stack([c[i] for c in columns], 1) for i in (0, 1))
    mean = (weights * f).sum(1, keepdim=True)
    e = eps[:, None]
    found = e**2 * f_t + e * nodes * f_x + f - mean
    return weights.sqrt() * (found / e if scaled else found)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.02])
@pytest.mark.parametrize("loss", ["pinn", "pinn-plain"])
def test_residual_of_f_is_what_autograd_finds(loss, eps):
    model = pinn.build(case())
    found = pinn.residuals(loss)(model, *points(eps))
    expected = kinetic_by_autograd(model, *points(eps), scaled=loss == "pinn")
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("eps", pinn.EPS)
def test_losses_differ_by_the_weight_of_the_macro_residual(eps):
    model, at = pinn.build(case()), points(eps)
    fields = model.fields(*at)
    macro = macro_residual(fields).square()
    micro = micro_residual(fields, at[2]).square().sum(1)
    torch.testing.assert_close(
        pinn.residuals("pinn")(model, *at).square().sum(1), eps**2 * macro + micro
    )
    torch.testing.assert_close(pinn.residuals("apnn")(model, *at).square().sum(1), macro + micro)


def test_at_epsilon_one_the_losses_are_one():
    model, at = pinn.build(case()), points(1.0)
    values = [pinn.residuals(loss)(model, *at).square().sum(1) for loss in pinn.LOSSES]
    for value in values[1:]:
        torch.testing.assert_close(value, values[0])


@pytest.mark.parametrize("eps", [0.3, 1e-3])
def test_plain_form_is_the_other_one_rescaled(eps):
    """``f = ρ + h``: with ``g = h/ε`` its loss is ``ε² (ε² macro + micro)``."""
    found = pinn.mean_squares(pinn.build(case()), "pinn-plain", points(eps))
    expected = eps**2 * (eps**2 * found["macro"] + found["micro"])
    assert found["own"] == pytest.approx(expected, rel=1e-10)


def test_unknown_loss_is_named():
    with pytest.raises(ValueError, match="'apn'"):
        pinn.residuals("apn")


# --- theorems ------------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-3])
@pytest.mark.parametrize("diffusivity", [0.0, 0.2, 1 / 3])
def test_wrong_solutions_have_the_loss_of_the_theorem(diffusivity, eps):
    at = pinn_theory.even_points(eps, 400)
    found = pinn.mean_squares(pinn_theory.Candidate(diffusivity), "apnn", at)
    t = at[0].numpy()
    grown = -np.expm1(-t / eps**2)
    bend = WAVE**4 / 8 * np.exp(-2 * diffusivity * WAVE**2 * (t - eps**2 * grown))  # ‖∂xx ρ‖²
    macro = np.mean(grown**2 * (diffusivity - 1 / 3) ** 2 * bend)
    turned = eps**4 * (diffusivity * grown) ** 2 * WAVE**2 * bend / 3  # ∂x ∂t ρ
    micro = np.mean(grown**2 * (eps**2 * 4 / 45 * bend + turned))
    assert found["macro"] == pytest.approx(macro, rel=1e-10, abs=1e-20)
    assert found["micro"] == pytest.approx(micro, rel=1e-10)


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-2, 1e-4])
def test_the_apnn_loss_bounds_the_error_of_a_wrong_solution(eps):
    loss = pinn.mean_squares(pinn_theory.Candidate(0.0), "apnn", pinn_theory.even_points(eps))
    gone = 0.5 * (1 - float(PeriodicReference().mode_amplitude(T, eps))) / np.sqrt(2)
    assert gone**2 <= (4 * T**2 + T / 2) * loss["own"]


def test_landscape_is_least_at_the_limit_for_the_apnn_and_level_for_the_pinn():
    diffusivity, flux = np.array([0.0, 1 / 3, 2 / 3]), np.array([0.5, 1.0, 1.5])
    found = pinn_theory.landscape(1e-3, diffusivity, flux)
    assert np.unravel_index(found["apnn"].argmin(), (3, 3)) == (1, 1)
    assert found["pinn"][1].max() < 1e-4 < 0.05 < found["pinn"][[0, 2]].min()
    assert found["apnn"][1, [0, 2]].min() > 0.1


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-2, 1e-3, 1e-4])
def test_conditioning_obeys_its_bounds(eps):
    found, constant = pinn_theory.extremes(eps), pinn_theory.coercivity(T)
    for loss, power in zip(pinn.LOSSES, (0, 2, 4), strict=True):
        assert found.least[loss] >= eps**power / constant
        assert found.largest[loss] >= 1


def test_conditioning_has_the_orders_of_the_theorem():
    fine, coarse = pinn_theory.extremes(1e-4), pinn_theory.extremes(1e-3)
    for loss, power in zip(pinn.LOSSES, (0, 2, 4), strict=True):
        order = np.log10(coarse.least[loss] / fine.least[loss])
        assert order == pytest.approx(power, abs=0.01)


def test_one_mode_has_the_residuals_of_the_library():
    """The basis of the eigenvalue problem, evaluated at a place, against the functions used."""
    eps, modes = 0.2, 3
    fields, found, _ = pinn_theory._one_mode(eps, modes, 2)
    t, _ = pinn_theory._layered_times(eps)
    mix = np.random.default_rng(0).standard_normal(fields.shape[2])
    u, residual = fields @ mix, found @ mix  # [times, 1 + M]
    place = 0.3
    cos, sin = np.cos(WAVE * place), np.sin(WAVE * place)
    shape = np.array([sin if k % 2 else cos for k in range(1 + modes)])
    slope = WAVE * np.array([cos if k % 2 else -sin for k in range(1 + modes)])
    panel = slice(-16, None)  # where a polynomial of degree 15 interpolates to rounding
    t, u, residual = t[panel], u[panel], residual[panel]
    fitted = [np.polynomial.Chebyshev.fit(t, u[:, k], 15) for k in range(1 + modes)]
    u_t = np.stack([f.deriv()(t) for f in fitted], 1)
    library = PeriodicFields(
        *(
            torch.from_numpy(a)
            for a in (
                u_t[:, 0] * cos,
                u[:, 0] * slope[0],
                u[:, 1:] * slope[1:],
                (eps**2 * u_t + u)[:, 1:] * shape[1:],
            )
        )
    )
    eps_all = torch.full((len(u),), eps, dtype=torch.float64)
    turned = np.array([sin if k % 2 else cos for k in range(1, 1 + modes)])
    np.testing.assert_allclose(macro_residual(library).numpy() / cos, residual[:, 0], rtol=1e-6)
    np.testing.assert_allclose(
        micro_residual(library, eps_all).numpy() / turned, residual[:, 1:], rtol=1e-5, atol=1e-7
    )


def test_gauss_newton_does_not_see_weights_unless_damped():
    model, at = pinn.build(case()), points(1e-2, 6)
    batch = residual_jacobian(partial(pinn.residuals("apnn"), model), model, at, [6])
    weights = torch.ones(6, 1 + model.modes, dtype=torch.float64)
    weights[:, 0] = 1e-2
    weights = weights.flatten()
    matrix, residual = batch.matrix, batch.residuals
    rows = weights[:, None] * matrix
    step = torch.linalg.lstsq(matrix, residual, driver="gelsd").solution
    weighted = torch.linalg.lstsq(rows, weights * residual, driver="gelsd").solution
    torch.testing.assert_close(weighted, step, rtol=1e-4, atol=1e-4 * float(step.abs().max()))
    damping = 1e-3
    left = torch.linalg.solve(
        rows.T @ rows + damping * torch.eye(rows.shape[1]).double(), rows.T @ (weights * residual)
    )
    kernel = matrix @ matrix.T + damping * torch.diag(weights**-2)
    torch.testing.assert_close(
        left, matrix.T @ torch.linalg.solve(kernel, residual), rtol=1e-7, atol=1e-10
    )


def test_descent_starts_at_the_network_and_is_steepest_for_the_apnn():
    steps = np.array([0.0, 1e4])
    found = {n: pinn_theory.descent("smoke", n, 1e-3, steps, 64) for n in ("apnn", "pinn-plain")}
    for errors in found.values():
        assert np.isfinite(errors).all()
    x = np.arange(pinn.CELLS) / pinn.CELLS
    model = pinn.build(case(eps=1e-3))
    at = (
        torch.full((pinn.CELLS,), T).double(),
        torch.from_numpy(x),
        torch.full((pinn.CELLS,), 1e-3).double(),
    )
    exact = PeriodicReference().density(T, x, 1e-3)
    start = np.linalg.norm(model(*at)[0].detach().numpy() - exact) / np.linalg.norm(exact)
    assert found["apnn"][0] == pytest.approx(start)
    assert found["apnn"][1] < found["pinn-plain"][1]


# --- trainings -----------------------------------------------------------------------------------


def test_every_loss_starts_from_the_same_network():
    states = [pinn.build(case(loss)).state_dict() for loss in pinn.LOSSES]
    for state in states[1:]:
        for name, value in state.items():
            torch.testing.assert_close(value, states[0][name], rtol=0, atol=0)


@pytest.mark.parametrize("optimizer", pinn.OPTIMIZERS)
def test_training_lowers_its_loss_and_can_be_repeated(optimizer):
    first, second = pinn.run(case(optimizer=optimizer)), pinn.run(case(optimizer=optimizer))
    assert first.error == second.error and np.isfinite(first.error)
    assert first.losses[-1] < first.losses[0]
    assert first.density.shape == (pinn.CELLS,)
    assert first.steps[-1] == case(optimizer=optimizer).steps
    assert first.squares["own"] == pytest.approx(first.squares["macro"] + first.squares["micro"])


def test_the_pinn_fails_under_adam_where_the_apnn_does_not():
    sizes = dict(eps=1e-3, steps=250)
    error = {n: pinn.run(replace(case(n), **sizes)).error for n in ("apnn", "pinn")}
    assert error["apnn"] < 0.05 < 0.15 < error["pinn"]


def test_stored_rows_are_kept_and_only_missing_ones_are_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    small = [replace(case(loss), steps=3) for loss in ("apnn", "pinn")]
    pinn.main(small[:1])
    pinn.main(small)
    assert capsys.readouterr().err.count("error") == 2
    assert [r["loss"] for r in pinn.stored()] == ["apnn", "pinn"]
    pinn.main(small, force=True)
    assert capsys.readouterr().err.count("error") == 2
