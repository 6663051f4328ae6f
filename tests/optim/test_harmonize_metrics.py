"""P1 in the metrics of optimizers and in both precisions, judged on the actual gradients.

The Gramian is that of ``V = G L`` with ``P = L Lᵀ``, computed in the precision under test; the
guarantee is checked in float64, with ``G`` and ``P`` themselves.
"""

import numpy as np
import pytest
import torch
from gramians import axes, batches, harmonies, many, normalised, on_ten_thousand, tally
from hypothesis import given
from hypothesis import strategies as st

from hrgradlib import harmonize

DTYPES = [torch.float32, torch.float64]


class Identity:
    condition = 1.0

    def __init__(self, rng, n):
        pass

    def whiten(self, gradients):
        """``G L`` [B, K, n]"""
        return gradients

    def apply(self, vectors):
        """``P x`` for the last dimension."""
        return vectors


class Adam(Identity):
    """``diag(1/(√v + tiny))`` with second moments over sixteen decades."""

    def __init__(self, rng, n):
        second = 10.0 ** rng.uniform(-16, 0, n)
        self.diagonal = torch.from_numpy(1 / (np.sqrt(second) + 1e-8))

    def whiten(self, gradients):
        return gradients * self.diagonal.sqrt().to(gradients)

    def apply(self, vectors):
        return vectors * self.diagonal


class GaussNewton(Identity):
    """``(JᵀJ/N + λI)⁻¹`` from fewer residuals than parameters, never formed."""

    def __init__(self, rng, n):
        jacobian = rng.normal(size=(max(1, n // 2), n))
        damping = 1e-2
        matrix = jacobian.T @ jacobian / len(jacobian) + damping * np.eye(n)
        self.condition = np.linalg.cond(matrix)
        self.factor = torch.from_numpy(np.linalg.cholesky(matrix))  # P = C⁻ᵀ C⁻¹

    def whiten(self, gradients):
        solved = torch.linalg.solve_triangular(self.factor.to(gradients), gradients.mT, upper=False)
        return solved.mT

    def apply(self, vectors):
        return torch.cholesky_solve(vectors.mT, self.factor).mT


def cosines(batch, metric, coefficients):
    """[B, K] cosines in the metric of ``d = Σ coefficient_k u_k`` with every gradient."""
    units = torch.from_numpy(batch.units)
    d = torch.from_numpy(coefficients)[:, None] @ units
    dots = (units @ metric.apply(d).mT)[..., 0]
    squares = (units * metric.apply(units)).sum(-1)
    length = (d * metric.apply(d)).sum((-2, -1))[:, None]
    found = dots / (squares * length).clamp(min=1e-300).sqrt()
    return np.where(batch.moving, found.numpy(), np.inf)


def rounding(tasks, condition, dtype):
    """Of a cosine, see ``Batch.slack``; whitening multiplies that of a vector by ``√condition``."""
    eps = torch.finfo(dtype).eps
    return 3 * np.sqrt(tasks * eps) + 3 * np.sqrt(condition * eps / tasks)


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("kind", [Identity, Adam, GaussNewton])
@on_ten_thousand
@many
@given(batches(reach=8), st.integers(0, 2**32), harmonies, axes)
def test_p1_in_every_metric(kind, dtype, batch, seed, harmony, axis):
    metric = kind(np.random.default_rng(seed), batch.units.shape[-1])
    whitened = metric.whiten(torch.from_numpy(batch.gradients).to(dtype))
    found = harmonize(whitened @ whitened.mT, harmony, axis)
    assert found.weights.dtype == dtype
    assert all(bool(field.isfinite().all()) for field in found)
    still = found.stationary.numpy()
    moved = batch[~still]
    coefficients = found.weights.double().numpy()[~still] * moved.norms
    worst = cosines(moved, metric, normalised(coefficients)).min(-1)
    promised = harmony * found.cosine.double().numpy()[~still]
    assert (worst >= promised - rounding(batch.tasks, metric.condition, dtype)).all()
    tally.add(len(batch))
