"""Micro–macro residuals in the plane: against the kinetic equation, by quadrature in the angle."""

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.plane import PlaneFields, PlaneTransport, macro_residual, micro_residual
from hrgradlib.models.plane import PlaneModel, PlaneObservables
from hrgradlib.reference.plane import PlaneReference

TAU = 2 * np.pi


def tensors(*arrays):
    return [torch.from_numpy(np.ascontiguousarray(a, dtype=float)) for a in arrays]


def angles(modes):
    """Nodes at which means of trigonometric polynomials are exact, and the basis [n, M, 2]."""
    theta = TAU * np.arange(4 * modes + 8) / (4 * modes + 8)
    m = np.arange(1, modes + 1) * theta[:, None]
    return theta, np.sqrt(2) * np.stack([np.cos(m), np.sin(m)], -1)


class Manufactured:
    """Random fields: every derivative that the residuals see is a number of its own."""

    def __init__(self, modes, count=20):
        rng = np.random.default_rng(modes)
        self.eps = 10 ** rng.uniform(-6, 0, count)
        self.rho_t, self.rho_x = rng.normal(size=count), rng.normal(size=(count, 2))
        self.b, self.b_t = rng.normal(size=(2, count, modes, 2))
        self.b_x = rng.normal(size=(count, 2, modes, 2))

    def fields(self):
        relaxation = self.eps[:, None, None] ** 2 * self.b_t + self.b
        return PlaneFields(*tensors(self.rho_t, self.rho_x, self.b_x, relaxation))


@pytest.mark.parametrize("modes", [1, 2, 3, 6])
def test_manufactured_fields(modes):
    """The equation at nodes in θ, then projected: mode 0 is ε times macro, mode m is micro."""
    case = Manufactured(modes)
    theta, basis = angles(modes)
    omega = np.stack([np.cos(theta), np.sin(theta)])
    g, g_t = (np.einsum("nmp,amp->na", b, basis) for b in (case.b, case.b_t))
    g_x = np.einsum("njmp,amp->nja", case.b_x, basis)
    eps = case.eps[:, None]
    whole = (
        eps * case.rho_t[:, None] + eps**2 * g_t + case.rho_x @ omega
        + eps * np.einsum("nja,ja->na", g_x, omega) + g
    )  # fmt: skip
    macro = macro_residual(case.fields()).numpy()
    np.testing.assert_allclose(case.eps * macro, whole.mean(1), atol=1e-13)
    found = micro_residual(case.fields(), *tensors(case.eps)).numpy()
    wanted = np.einsum("na,amp->nmp", whole, basis) / len(theta)
    np.testing.assert_allclose(found, wanted.reshape(found.shape), atol=1e-13)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.01])
def test_residuals_of_a_network_by_differences(eps):
    """``ε ∂t f + Ω·∇f − (<f> − f)/ε`` of its own f, every derivative by central differences."""
    torch.manual_seed(0)
    model = PlaneModel(PlaneTransport(), 12, 2, 3).double()
    rng = np.random.default_rng(1)
    count, h = 6, 1e-4
    t, x = rng.uniform(0.02, 0.09, count), rng.uniform(0, 1, (count, 2))
    theta, basis = angles(3)

    def f(t, x):
        e = np.full(count, eps)
        with torch.no_grad():
            density, pairs = (out.numpy() for out in model(*tensors(t, x, e)))
        seen = PlaneObservables(model).distribution
        return np.stack([seen(density, pairs, t, x, np.full(count, a), e) for a in theta], 1)

    def slope(move_t, move_x, h):
        return (f(t + h * move_t, x + h * move_x) - f(t - h * move_t, x - h * move_x)) / (2 * h)

    here, step = f(t, x), h * min(1.0, eps)
    along = slope(0, np.array([1.0, 0]), h) * np.cos(theta) + slope(
        0, np.array([0, 1.0]), h
    ) * np.sin(theta)
    whole = eps * slope(1, np.zeros(2), step) + along - (here.mean(1, keepdims=True) - here) / eps
    e = torch.full((count,), eps, dtype=torch.float64)
    fields = model.fields(*tensors(t, x), e)
    np.testing.assert_allclose(eps * macro_residual(fields).detach(), whole.mean(1), atol=2e-5)
    wanted = np.einsum("na,amp->nmp", whole, basis) / len(theta)
    found = micro_residual(fields, e).detach().numpy()
    np.testing.assert_allclose(found, wanted.reshape(found.shape), atol=2e-5)
    assert np.abs(wanted).max() > 0.1


def exact_fields(t, x, eps, modes, wave):
    """One wave of the exact solution, its time derivatives by the system it solves."""
    reference = PlaneReference({wave: 1.0})
    kappa, turn = TAU * np.hypot(*wave), np.arctan2(wave[1], wave[0])
    b = reference.coefficients(t, eps, kappa)
    n = np.arange(modes + 1)
    coupling = np.where(n == 0, 0.5**0.5, 0.5) * kappa
    below = np.append(0, coupling[:-1] * b[:modes]) / eps
    above = coupling * b[1 : modes + 2] / eps
    b_t = below - above - (n > 0) * b[: modes + 1] / eps**2
    phase = (-1j) ** n[:, None] * np.exp(1j * TAU * x @ np.array(wave))
    pairs = np.stack([np.cos(n[1:] * turn), np.sin(n[1:] * turn)], -1)
    wave_x = 1j * TAU * np.array(wave)

    def coefficients(values):  # of g = (f − ρ)/ε, [N, M, 2]
        return (values[1:, None] * phase[1:]).real.T[..., None] * pairs / eps

    b_x = [(b[1 : modes + 1, None] * phase[1:] * k).real.T[..., None] * pairs / eps for k in wave_x]
    relaxation = coefficients(eps**2 * b_t + b[: modes + 1])
    rho_x = (b[0] * phase[0][:, None] * wave_x).real
    return PlaneFields(*tensors((b_t[0] * phase[0]).real, rho_x, np.stack(b_x, 1), relaxation))


@pytest.mark.parametrize("wave", [(1, 0), (1, 2), (0, -1), (-2, 1)])
@pytest.mark.parametrize("eps", [1.0, 0.3, 0.1, 0.03])
def test_residual_of_the_exact_solution_vanishes_as_modes_grow(eps, wave):
    """Only the cut at mode M is left: with 1 pair it shows, with 30 it is rounding."""
    x = np.random.default_rng(0).uniform(0, 1, (13, 2))
    e = torch.full((13,), eps, dtype=torch.float64)
    micro = []
    for modes in (1, 2, 4, 8, 16, 30):
        fields = exact_fields(0.05, x, eps, modes, wave)
        assert macro_residual(fields).abs().max() < 1e-9
        micro.append(float(micro_residual(fields, e).abs().max()))
    assert micro[-1] < 1e-9 and micro[0] > 1e-3
    # At ε = 0.1 more is in the first modes than in the density, which has decayed.
    assert all(b < a / 10 for a, b in zip(micro[2:], micro[3:], strict=False) if a > 1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_initial_density(dtype):
    problem = PlaneTransport()
    x = torch.rand(30, 2, dtype=dtype, requires_grad=True)
    value, slope = problem.initial_density(x)
    wanted = 1 + 0.25 * torch.cos(TAU * x[:, 0]) + 0.25 * torch.cos(TAU * (x[:, 0] + 2 * x[:, 1]))
    torch.testing.assert_close(value, wanted, rtol=1e-5, atol=1e-5)
    (expected,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(slope, expected, rtol=1e-5, atol=1e-5)
    assert value.dtype == slope.dtype == dtype and (value > 0).all()


def test_limits_solve_their_equations():
    """Diffusion by differences; free flight as a mean over many angles of the shifted data."""
    problem, h = PlaneTransport(), 1e-4
    x, t = np.random.default_rng(2).uniform(0, 1, (9, 2)), 0.03
    rho = problem.diffusion_density
    rate = (rho(t + h, x) - rho(t - h, x)) / (2 * h)
    moves = h * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    laplacian = (sum(rho(t, x + move) for move in moves) - 4 * rho(t, x)) / h**2
    np.testing.assert_allclose(rate, 0.5 * laplacian, rtol=1e-4, atol=1e-4)
    theta = TAU * np.arange(200) / 200
    flown = x[:, None] - np.stack([np.cos(theta), np.sin(theta)], -1) * 0.05 / 0.2
    mean = problem.diffusion_density(0.0, flown).mean(1)
    np.testing.assert_allclose(problem.free_density(0.05, x, 0.2), mean, atol=1e-13)


def test_a_density_that_may_vanish_is_refused():
    with pytest.raises(ValueError, match="amplitudes 1 on a mean of 1; expected less"):
        PlaneTransport(waves=(((0, 0), 1.0), ((1, 0), 0.5), ((1, 2), -0.5)))
