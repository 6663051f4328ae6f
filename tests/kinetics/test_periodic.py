"""Micro–macro residuals: against analytic derivatives, and zero on the exact solution."""

import math

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.periodic import (
    PeriodicFields,
    PeriodicTransport,
    macro_residual,
    micro_residual,
)
from hrgradlib.kinetics.velocity import gauss_legendre, legendre
from hrgradlib.reference.periodic import PeriodicReference

KAPPA = 2 * np.pi


def tensors(*arrays):
    return [torch.from_numpy(np.ascontiguousarray(a, dtype=float)) for a in arrays]


class Manufactured:
    """``ρ = e^{−t}(1 + sin 2πx)/2`` and ``g = Σ_k cos(t + k) sin(2πx + k) φ_k(v)``, k = 1..M."""

    def __init__(self, modes):
        rng = np.random.default_rng(0)
        self.t, self.x = rng.uniform(0, 1, 20), rng.uniform(0, 1, 20)
        self.eps = 10 ** rng.uniform(-4, 0, 20)
        k, t, x = np.arange(1, modes + 1), self.t[:, None], self.x[:, None]
        self.rho_t = -np.exp(-self.t) * (1 + np.sin(KAPPA * self.x)) / 2
        self.rho_x = np.exp(-self.t) * KAPPA * np.cos(KAPPA * self.x) / 2
        self.b = np.cos(t + k) * np.sin(KAPPA * x + k)
        self.b_t = -np.sin(t + k) * np.sin(KAPPA * x + k)
        self.b_x = KAPPA * np.cos(t + k) * np.cos(KAPPA * x + k)

    def fields(self):
        relaxation = self.eps[:, None] ** 2 * self.b_t + self.b
        return PeriodicFields(*tensors(self.rho_t, self.rho_x, self.b_x, relaxation))


@pytest.mark.parametrize("modes", [1, 2, 5])
def test_manufactured_fields(modes):
    """The equations of chapter 3 evaluated at velocity nodes, then projected on the basis."""
    case = Manufactured(modes)
    v, weights = gauss_legendre(modes + 3)
    basis = legendre(v, modes + 1)
    g, g_t, g_x = (b @ basis[:, 1 : modes + 1].T for b in (case.b, case.b_t, case.b_x))
    average = (v * g_x) @ weights
    macro = case.rho_t + average
    eps = case.eps[:, None]
    micro = eps**2 * g_t + eps * (v * g_x - average[:, None]) + v * case.rho_x[:, None] + g
    projected = (micro * weights) @ basis
    found = micro_residual(case.fields(), *tensors(case.eps)).numpy()
    np.testing.assert_allclose(macro_residual(case.fields()).numpy(), macro, atol=1e-12)
    np.testing.assert_allclose(found, projected[:, 1 : modes + 1], atol=1e-12)
    np.testing.assert_allclose(projected[:, 0], 0.0, atol=1e-12)
    truncated = case.eps * (modes + 1) / math.sqrt(4 * (modes + 1) ** 2 - 1) * case.b_x[:, -1]
    np.testing.assert_allclose(projected[:, modes + 1], truncated, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(dtype):
    fields = PeriodicFields(*(f.to(dtype) for f in Manufactured(3).fields()))
    assert macro_residual(fields).dtype == dtype
    assert micro_residual(fields, torch.ones(20, dtype=dtype)).dtype == dtype


def exact_fields(t, x, eps, modes, rates):
    """Fields of the exact solution's first Legendre moments; ``rates(a)`` are their ∂t."""
    reference = PeriodicReference({1: 0.5}, n_velocity=48)
    basis = legendre(reference.nodes, modes)
    a = reference.moments(t, eps, 1, basis)
    a_t = rates(reference, basis)
    wave = 0.5 * np.exp(1j * KAPPA * x)[:, None]

    def real(values):
        return (wave * values).real

    b, b_t = a[1:] / eps, a_t[1:] / eps
    return PeriodicFields(
        *tensors(
            real(a_t[:1])[:, 0],
            real(1j * KAPPA * a[:1])[:, 0],
            real(1j * KAPPA * b),
            real(eps**2 * b_t + b),
        )
    )


def by_generator(t, eps):
    """``∂t <φ_k f̂> = −(iκ/ε) <v φ_k f̂> − (1 − δ_k0) <φ_k f̂>/ε²``."""

    def rates(reference, basis):
        moved = reference.moments(t, eps, 1, reference.nodes[:, None] * basis)
        damped = reference.moments(t, eps, 1, basis) / eps**2
        damped[0] = 0
        return -1j * KAPPA / eps * moved - damped

    return rates


def by_differences(t, eps):
    h = 2e-3 * min(eps**2, t)

    def rates(reference, basis):
        at = [reference.moments(t + i * h, eps, 1, basis) for i in (-2, -1, 1, 2)]
        return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)

    return rates


X = np.linspace(0, 1, 13)


def residuals(t, eps, modes, rates):
    fields = exact_fields(t, X, eps, modes, rates(t, eps))
    eps = torch.full((X.size,), eps, dtype=torch.float64)
    return (
        float(macro_residual(fields).abs().max()),
        float(micro_residual(fields, eps).abs().max()),
    )


@pytest.mark.parametrize("t", [0.005, 0.05, 0.1])
@pytest.mark.parametrize("eps", [1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4])
def test_residual_of_the_exact_solution_vanishes_as_modes_grow(eps, t):
    """Only the truncation at mode M is left: with 1 mode it shows, with 14 it is rounding."""
    macro, _ = residuals(t, eps, 1, by_generator)
    assert macro < 1e-6  # one moment is all it needs
    micro = [residuals(t, eps, modes, by_generator)[1] for modes in (1, 2, 4, 8, 14)]
    assert micro[-1] < (1e-8 if eps > 1e-3 else 1e-7)
    if eps >= 0.1:
        assert micro[0] > 1e-4
        assert all(b < a / 2 for a, b in zip(micro, micro[1:], strict=False) if a > 1e-9)


@pytest.mark.parametrize("eps", [1.0, 0.3, 0.1])
def test_the_same_with_time_derivatives_by_differences(eps):
    macro, micro = residuals(0.05, eps, 14, by_differences)
    assert macro < 1e-6 and micro < 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_initial_density(dtype):
    x = torch.linspace(0, 1, 11, dtype=dtype, requires_grad=True)
    value, slope = PeriodicTransport().initial_density(x)
    torch.testing.assert_close(value, 1 + 0.5 * torch.cos(2 * torch.pi * x))
    (expected,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(slope, expected, rtol=1e-5, atol=1e-5)
    assert value.dtype == slope.dtype == dtype
