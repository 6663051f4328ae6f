"""BGK in Hermite modes: the Maxwellian's coefficients, and residuals of manufactured solutions."""

import numpy as np
import pytest
import torch
from numpy.polynomial import hermite_e

from hrgradlib.kinetics.bgk import BGKFields, maxwellian_coefficients, residual

THETA = 1.2
F64 = torch.float64
V, W = hermite_e.hermegauss(80)  # weight exp(−v²/2)


def basis(v, highest):
    """``He_k(v/√Θ)/√k!`` along the last axis."""
    scaled = np.asarray(v)[..., None] / THETA**0.5
    values = [np.ones_like(scaled[..., 0]), scaled[..., 0]]
    for k in range(1, highest):
        values.append((scaled[..., 0] * values[k] - k**0.5 * values[k - 1]) / (k + 1) ** 0.5)
    return np.stack(values[:highest + 1], -1)


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


@pytest.mark.parametrize("eps", [1e-8, 1e-3, 1.0])
def test_residual_of_a_manufactured_solution(eps):
    """``∂t f + v ∂x f − (M − f)/ε`` by quadrature and automatic differentiation, mode by mode."""
    modes = 5
    highest = modes + 2
    draw = np.random.default_rng(3)
    wave = torch.from_numpy(draw.uniform(0.5, 1.5, modes))

    def moments_of(t, x):
        return torch.stack([1 + 0.3 * torch.sin(x + t), 0.4 * torch.cos(x - 2 * t),
                            1.1 + 0.2 * torch.sin(2 * x) * torch.cos(t)])

    def micro_of(t, x):
        return torch.sin(wave * x + t) * torch.cos(wave * t)

    def coefficients(t, x):
        """f_0 … f_{highest+1}, closed by the Maxwellian's last one."""
        zero = torch.zeros(1, 1, 3, dtype=F64)
        h = maxwellian_coefficients(moments_of(t, x)[None], zero, highest + 1, THETA)[0][0]
        return h + torch.nn.functional.pad(eps * micro_of(t, x), (3, 1))

    t, x = torch.tensor(0.3, dtype=F64), torch.tensor(0.7, dtype=F64)
    jacobian = torch.func.jacrev(lambda p: coefficients(p[0], p[1]))(torch.stack([t, x]))
    f_t, f_x = jacobian.T
    k = torch.arange(highest + 2, dtype=F64)
    exact = f_t[:-1] + THETA**0.5 * (
        (k[1:]).sqrt() * f_x[1:] + torch.nn.functional.pad(k[1:-1].sqrt() * f_x[:-2], (1, 0)))
    exact = exact + torch.nn.functional.pad(micro_of(t, x), (3, 0))

    moments_t, moments_x = torch.func.jacrev(lambda p: moments_of(p[0], p[1]))(
        torch.stack([t, x])).T
    micro_t, micro_x = torch.func.jacrev(lambda p: micro_of(p[0], p[1]))(torch.stack([t, x])).T
    fields = BGKFields(moments_of(t, x)[None], moments_t[None], moments_x[None], micro_x[None],
                       (eps * micro_t + micro_of(t, x))[None])
    found = residual(fields, torch.tensor([eps], dtype=F64), THETA)
    torch.testing.assert_close(found[0], exact, rtol=1e-10, atol=1e-12)


def test_uniform_equilibrium_has_no_residual():
    fields = BGKFields(states(), *(torch.zeros(5, 3, dtype=F64) for _ in range(2)),
                       *(torch.zeros(5, 4, dtype=F64) for _ in range(2)))
    assert (residual(fields, torch.full((5,), 0.1, dtype=F64), THETA) == 0).all()


def test_conservation_laws_are_eulers_when_the_micro_part_vanishes():
    """r_0, r_1, r_2 are combinations of ∂t U + ∂x F(U), F = (ρu, ρu² + ρT, u(E + ρT))."""
    t, x = torch.tensor(0.2, dtype=F64), torch.tensor(-0.4, dtype=F64)

    def moments_of(p):
        t, x = p
        return torch.stack([1 + 0.3 * torch.sin(x + t), 0.4 * torch.cos(x),
                            1.1 + 0.2 * torch.sin(x)])

    def conserved(m):
        return torch.stack([m[0], m[0] * m[1], 0.5 * m[0] * (m[1]**2 + m[2])])

    def flux(m):
        energy = 0.5 * m[0] * (m[1]**2 + m[2])
        return torch.stack([m[0] * m[1], m[0] * m[1]**2 + m[0] * m[2],
                            m[1] * (energy + m[0] * m[2])])

    point = torch.stack([t, x])
    moments_t, moments_x = torch.func.jacrev(moments_of)(point).T
    law = (torch.func.jacrev(conserved)(moments_of(point)) @ moments_t
           + torch.func.jacrev(flux)(moments_of(point)) @ moments_x)
    exact = torch.stack([law[0], law[1] / THETA**0.5, (2 * law[2] / THETA - law[0]) / 2**0.5])
    fields = BGKFields(moments_of(point)[None], moments_t[None], moments_x[None],
                       *(torch.zeros(1, 3, dtype=F64) for _ in range(2)))
    found = residual(fields, torch.tensor([1e-3], dtype=F64), THETA)
    torch.testing.assert_close(found[0, :3], exact)
