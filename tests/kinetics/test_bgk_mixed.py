"""BGK with ε(x): what has not collided in closed form, residuals of a network by differences."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from hrgradlib.kinetics.bgk_mixed import MixedBGK, MixedFields, flights, mixed_residual, uncollided
from hrgradlib.models.bgk_mixed import MixedBGKModel, MixedBGKObservables

PROBLEM = MixedBGK()
F64 = torch.float64


def tensors(*arrays):
    return [torch.tensor(np.asarray(a, dtype=float)) for a in arrays]


def hermite(v, theta, highest):
    """``He_k(v/√Θ)/√k!``, [highest + 1, V]."""
    scaled = v / theta**0.5
    values = [np.ones_like(scaled), scaled]
    for k in range(1, highest):
        values.append((scaled * values[k] - k**0.5 * values[k - 1]) / (k + 1) ** 0.5)
    return np.stack(values[: highest + 1])


def test_the_field_has_every_regime():
    x = np.linspace(-0.5, 0.5, 101)
    field, slope = PROBLEM.knudsen(x, np.full(101, 1e-3))
    assert field.min() < 1.2e-3 and field.max() == pytest.approx(1e-3 + np.tanh(1), rel=1e-12)
    np.testing.assert_allclose(PROBLEM.knudsen(x + 3, 1e-3)[0], field, rtol=1e-9)
    inside = np.abs(x) < 0.49
    by_differences = (
        PROBLEM.knudsen(x + 1e-6, 1e-3)[0] - PROBLEM.knudsen(x - 1e-6, 1e-3)[0]
    ) / 2e-6
    np.testing.assert_allclose(slope[inside], by_differences[inside], atol=1e-8)


@pytest.mark.parametrize("eps", [0.1, 1e-3])
def test_mean_free_paths_in_closed_form(eps):
    for a in (-1.3, -0.5, -0.07, 0.2, 0.5, 2.4):
        cuts = np.union1d([0.0, a], np.arange(-1.5, 2.6, 0.25))
        cuts = cuts[(cuts >= min(a, 0)) & (cuts <= max(a, 0))]
        pieces = [
            quad(lambda y: 1 / PROBLEM.knudsen(np.array(y), eps)[0], p, q, epsabs=0, epsrel=1e-11)[
                0
            ]
            for p, q in zip(cuts[:-1], cuts[1:], strict=True)
        ]
        exact = np.sign(a) * sum(pieces)
        assert float(PROBLEM.optical(np.array(a), np.array(eps))) == pytest.approx(exact, rel=1e-9)


def test_what_has_not_collided_solves_its_equation():
    """``(∂t + v ∂x) E = −E/ε(x)``, E = 1 at t = 0, and its slope by x is the one returned."""
    t, x, v, eps = tensors([0.02, 0.1, 0.2, 0.25], [0.1, -0.2, 0.45, 0.3], [1.2, -0.7, 0.4, -2.0],
                           [0.1, 0.01, 0.03, 0.1])  # fmt: skip
    share, relative = uncollided(PROBLEM, t, x, v, eps)
    by_t, by_x = (
        torch.func.jacrev(lambda t, x: uncollided(PROBLEM, t, x, v, eps)[0].sum(), argnums=i)(t, x)
        for i in (0, 1)
    )
    torch.testing.assert_close(by_x, share * relative)
    field, _ = PROBLEM.knudsen(x, eps)
    torch.testing.assert_close(by_t + v * by_x, -share / field)
    at_once, _ = uncollided(PROBLEM, 0 * t, x, v, eps)
    torch.testing.assert_close(at_once, torch.ones_like(t))


def test_flights_are_integrals_over_velocity():
    """By another rule with twice the nodes; derivatives by automatic differentiation."""
    theta, length = 1.1, 0.3
    t, x, eps = tensors([0.02, 0.1, 0.25], [0.1, -0.25, 0.45], [0.1, 0.03, 1e-3])
    found = flights(PROBLEM, t, x, eps, length, theta)
    nodes, weights = np.polynomial.legendre.leggauss(320)
    v, weights = torch.tensor(10 * nodes), torch.tensor(10 * weights)
    basis = torch.tensor(hermite(10 * nodes, theta, 3))

    def modes(t, x):
        values, _ = PROBLEM.initial_moments(x[:, None] - v * t[:, None])
        rho, mean, temperature = values.unbind(-1)
        f = rho * torch.exp(-0.5 * (v - mean) ** 2 / temperature)
        f = f / (2 * torch.pi * temperature).sqrt()
        share, _ = uncollided(PROBLEM, t[:, None], x[:, None], v, eps[:, None])
        return (share * f * weights) @ basis.T, (f * weights) @ torch.stack([v**0, v, v**2], 1)

    left, powers = modes(t, x)
    torch.testing.assert_close(found.modes, left, rtol=1e-6, atol=1e-8)
    by_x = torch.func.jacrev(lambda x: modes(t, x)[0].sum(0))(x).T
    torch.testing.assert_close(found.modes_x, length * by_x, rtol=1e-5, atol=1e-6)

    def primitive(t, x):
        mass, flow, square = modes(t, x)[1].unbind(1)
        return torch.stack([mass, flow / mass, square / mass - (flow / mass) ** 2], 1)

    torch.testing.assert_close(found.moments, primitive(t, x), rtol=1e-8, atol=1e-10)
    for slopes, i in ((found.moments_t, 0), (found.moments_x, 1)):
        exact = torch.func.jacrev(lambda t, x: primitive(t, x).sum(0), argnums=i)(t, x).T
        torch.testing.assert_close(slopes, length * exact, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("eps", [0.1, 0.01, 2e-3])
def test_residuals_of_a_network_by_differences(eps):
    """``∂t f + v ∂x f − (M − f)/ε(x)`` of its own f by central differences, mode by mode."""
    torch.manual_seed(0)
    model = MixedBGKModel(PROBLEM, 10, 2, 4).double()
    observed, p = MixedBGKObservables(model), 1 / (2 * np.pi)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    v, weights = 11 * nodes, 11 * weights

    def f(t, x):
        t, x, e = (np.full_like(v, a) for a in (t, x, eps))
        with torch.no_grad():
            state, modes = (out.numpy() for out in model(*tensors(t, x, e)))
        return observed.distribution(state, modes, t, x, v, e), state[0]

    for t, x in ((0.02, 0.07), (0.11, -0.31), (0.21, 0.16)):
        h = 1e-3 * min(t, 0.02)
        f_t = (8 * (f(t + h, x)[0] - f(t - h, x)[0]) - f(t + 2 * h, x)[0] + f(t - 2 * h, x)[0]) / (
            12 * h
        )
        f_x = (8 * (f(t, x + h)[0] - f(t, x - h)[0]) - f(t, x + 2 * h)[0] + f(t, x - 2 * h)[0]) / (
            12 * h
        )
        values, (rho, u, temperature) = f(t, x)
        maxwell = rho * np.exp(-0.5 * (v - u) ** 2 / temperature) / np.sqrt(2 * np.pi * temperature)
        field, _ = PROBLEM.knudsen(np.array(x), eps)
        whole = f_t + v * f_x - (maxwell - values) / field
        wanted = p * hermite(v, model.theta, 6) @ (weights * whole)
        found = mixed_residual(model.fields(*tensors([t], [x], [eps])), model.theta)[0]
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-5, atol=2e-6)


def test_uniform_equilibrium_has_no_residual():
    state = torch.tensor([[1.2, 0.3, 0.9]], dtype=F64)
    none, micro, one = torch.zeros(1, 3, dtype=F64), torch.zeros(1, 4, dtype=F64), torch.zeros(1)
    # What collided last and what never did change at the same rate: −∂x σ h = ∂x a, k = 2, 3.
    fields = MixedFields(state, none, none, micro, micro, one + 0.3, one, torch.zeros(1, 2))
    assert (mixed_residual(fields, 1.1) == 0).all()
