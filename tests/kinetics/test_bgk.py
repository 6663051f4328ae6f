"""BGK in Hermite modes: the Maxwellian's coefficients, and residuals of manufactured solutions."""

import numpy as np
import pytest
import torch
from numpy.polynomial import hermite_e

from hrgradlib.kinetics.bgk import BGKFields, maxwellian_coefficients, residual
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_PROBLEMS, BGK_RIEMANN
from hrgradlib.kinetics.free_flight import free_distribution, free_flight

THETA = 1.2
F64 = torch.float64
V, W = hermite_e.hermegauss(80)  # weight exp(−v²/2)


def basis(v, highest):
    """``He_k(v/√Θ)/√k!`` along the last axis."""
    scaled = np.asarray(v)[..., None] / THETA**0.5
    values = [np.ones_like(scaled[..., 0]), scaled[..., 0]]
    for k in range(1, highest):
        values.append((scaled[..., 0] * values[k] - k**0.5 * values[k - 1]) / (k + 1) ** 0.5)
    return np.stack(values[: highest + 1], -1)


def states(count=5, seed=0):
    draw = np.random.default_rng(seed)
    return torch.from_numpy(draw.uniform([0.5, -0.6, 0.7], [1.6, 0.6, 1.6], (count, 3)))


def test_coefficients_are_the_maxwellians_moments():
    moments = states()
    found, _ = maxwellian_coefficients(moments, torch.zeros(5, 1, 3, dtype=F64), 12, THETA)
    for (rho, u, temperature), row in zip(moments.numpy(), found.numpy(), strict=True):
        nodes = u + temperature**0.5 * V  # Gauss quadrature in the Maxwellian's own variable
        exact = rho * (W / W.sum()) @ basis(nodes, 12)
        np.testing.assert_allclose(row, exact, rtol=1e-11, atol=1e-12)


def test_the_first_three_are_mass_momentum_energy():
    moments = states()
    found, _ = maxwellian_coefficients(moments, torch.zeros(5, 1, 3, dtype=F64), 3, THETA)
    rho, u, temperature = moments.T
    energy = 0.5 * rho * (u**2 + temperature)
    exact = torch.stack([rho, rho * u / THETA**0.5, (2 * energy / THETA - rho) / 2**0.5], 1)
    torch.testing.assert_close(found[:, :3], exact)


def test_tangents_are_derivatives():
    moments, direction = states(), states(seed=1)
    _, slopes = maxwellian_coefficients(moments, direction[:, None], 9, THETA)
    jacobian = torch.func.jacrev(
        lambda m: maxwellian_coefficients(m, torch.zeros(5, 1, 3, dtype=F64), 9, THETA)[0].sum(0)
    )(moments.detach())  # points do not mix
    exact = torch.einsum("knm,nm->nk", jacobian, direction)
    torch.testing.assert_close(slopes[:, 0], exact)


@pytest.mark.parametrize("problem", [BGK_LAYER, BGK_RIEMANN], ids=lambda p: p.name)
@pytest.mark.parametrize("eps", [1e-2, 0.1, 1.0])
def test_residual_of_a_manufactured_solution(problem, eps):
    """``∂t f + v ∂x f − (M − f)/ε`` by quadrature and automatic differentiation, mode by mode,
    of f with its part in free flight."""
    modes = 5
    highest, length = modes + 2, 0.07
    draw = np.random.default_rng(3)
    wave = torch.from_numpy(draw.uniform(0.5, 1.5, modes))

    def moments_of(t, x):
        return torch.stack(
            [
                1 + 0.3 * torch.sin(x + t),
                0.4 * torch.cos(x - 2 * t),
                1.1 + 0.2 * torch.sin(2 * x) * torch.cos(t),
            ]
        )

    def micro_of(t, x):
        return torch.sin(wave * x + t) * torch.cos(wave * t)

    def parts(t, x):
        """f_0 … f_{highest+1}, closed by b_{highest+1} = 0, and h."""
        zero = torch.zeros(1, 1, 3, dtype=F64)
        h = maxwellian_coefficients(moments_of(t, x)[None], zero, highest + 1, THETA)[0][0]
        flown = torch.exp(-t / eps)
        higher = flown * free_modes(problem, t, x, highest + 1) + (1 - flown) * h
        higher = higher + eps * torch.nn.functional.pad(micro_of(t, x), (3, 1))
        return torch.cat([h[:3], higher[3:]]), h

    t, x = torch.tensor(0.03, dtype=F64), torch.tensor(0.02, dtype=F64)
    f_t, f_x = torch.func.jacrev(lambda p: parts(p[0], p[1])[0])(torch.stack([t, x])).T
    k = torch.arange(highest + 2, dtype=F64)
    exact = f_t[:-1] + THETA**0.5 * (
        (k[1:]).sqrt() * f_x[1:] + torch.nn.functional.pad(k[1:-1].sqrt() * f_x[:-2], (1, 0))
    )
    f, h = parts(t, x)
    exact = exact + (f - h)[:-1] / eps

    moments_t, moments_x = torch.func.jacrev(lambda p: moments_of(p[0], p[1]))(
        torch.stack([t, x])
    ).T
    micro_t, micro_x = torch.func.jacrev(lambda p: micro_of(p[0], p[1]))(torch.stack([t, x])).T
    scale = torch.tensor([length], dtype=F64)
    free = free_flight(problem, t[None], x[None], scale, THETA)
    fields = BGKFields(
        moments_of(t, x)[None],
        length * moments_t[None],
        length * moments_x[None],
        length * eps * micro_x[None],
        length * (eps * micro_t + micro_of(t, x))[None],
        torch.exp(-t / eps)[None],
        free.modes_t,
        free.modes_x,
    )
    torch.testing.assert_close(residual(fields, THETA)[0] / length, exact, rtol=1e-6, atol=1e-7)


def free_modes(problem, t, x, highest):
    """``a_0 … a_highest`` by quadrature on two panels that meet where f0 may jump."""
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(200))
    total, middle = 0.0, x / t
    for low, high in ((-12.0, middle), (middle, 12.0)):
        v = low + (high - low) * (nodes + 1) / 2
        f = free_distribution(problem, t, x, v)
        scaled = v / THETA**0.5
        values = [torch.ones_like(v), scaled]
        for k in range(1, highest):
            values.append((scaled * values[k] - k**0.5 * values[k - 1]) / (k + 1) ** 0.5)
        total = total + (high - low) / 2 * torch.stack(values) @ (weights * f)
    return total


@pytest.mark.parametrize("problem", BGK_PROBLEMS.values(), ids=lambda p: p.name)
def test_free_flight_is_that_of_the_initial_data(problem):
    t = torch.tensor([0.002, 0.02, 0.05, 0.1], dtype=F64)
    x = torch.tensor([0.001, -0.03, 0.1, -0.2], dtype=F64)
    length = torch.tensor([0.1, 0.2, 0.5, 1.0], dtype=F64)
    found = free_flight(problem, t, x, length, THETA)
    for i in range(4):
        modes = free_modes(problem, t[i], x[i], 3)
        torch.testing.assert_close(found.modes[i], modes[:3], rtol=1e-5, atol=1e-6)
        by_t, by_x = torch.func.jacrev(lambda p: free_modes(problem, p[0], p[1], 2))(
            torch.stack([t[i], x[i]])
        ).T
        torch.testing.assert_close(found.modes_t[i], length[i] * by_t, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found.modes_x[i], length[i] * by_x, rtol=1e-4, atol=1e-4)


def test_free_flight_of_rest_is_rest():
    """Before anything arrives the state is the far field's, its derivatives vanish."""
    t, x = torch.full((2,), 0.01, dtype=F64), torch.tensor([-0.9, 0.9], dtype=F64)
    for problem in BGK_PROBLEMS.values():
        found = free_flight(problem, t, x, torch.ones_like(t), THETA)
        exact = torch.tensor([problem.left, problem.right], dtype=F64)
        torch.testing.assert_close(found.moments, exact)
        assert found.moments_x.abs().max() < 1e-12 and found.moments_t.abs().max() < 1e-12


def test_uniform_equilibrium_has_no_residual():
    zero = torch.zeros(5, 3, dtype=F64)
    micro = torch.zeros(5, 4, dtype=F64)
    fields = BGKFields(states(), zero, zero, micro, micro, torch.full((5,), 0.3), zero, zero)
    assert (residual(fields, THETA) == 0).all()


def test_conservation_laws_are_eulers_when_the_micro_part_vanishes():
    """r_0, r_1, r_2 are combinations of ∂t U + ∂x F(U), F = (ρu, ρu² + ρT, u(E + ρT))."""
    t, x = torch.tensor(0.2, dtype=F64), torch.tensor(-0.4, dtype=F64)

    def moments_of(p):
        t, x = p
        return torch.stack(
            [1 + 0.3 * torch.sin(x + t), 0.4 * torch.cos(x), 1.1 + 0.2 * torch.sin(x)]
        )

    def conserved(m):
        return torch.stack([m[0], m[0] * m[1], 0.5 * m[0] * (m[1] ** 2 + m[2])])

    def flux(m):
        energy = 0.5 * m[0] * (m[1] ** 2 + m[2])
        return torch.stack(
            [m[0] * m[1], m[0] * m[1] ** 2 + m[0] * m[2], m[1] * (energy + m[0] * m[2])]
        )

    point = torch.stack([t, x])
    moments_t, moments_x = torch.func.jacrev(moments_of)(point).T
    law = (
        torch.func.jacrev(conserved)(moments_of(point)) @ moments_t
        + torch.func.jacrev(flux)(moments_of(point)) @ moments_x
    )
    exact = torch.stack([law[0], law[1] / THETA**0.5, (2 * law[2] / THETA - law[0]) / 2**0.5])
    zero = torch.zeros(1, 3, dtype=F64)
    fields = BGKFields(
        moments_of(point)[None],
        moments_t[None],
        moments_x[None],
        zero,
        zero,
        torch.zeros(1, dtype=F64),
        zero,
        zero,
    )
    found = residual(fields, THETA)
    torch.testing.assert_close(found[0, :3], exact)
