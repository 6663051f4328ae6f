"""P7: no loss rises for learning rates up to ``2κc/(L K Γ)``; for κ = 1, up to ``2/(L K Γ)``."""

import numpy as np
import torch
from gramians import many, on_ten_thousand, tally
from hypothesis import given
from hypothesis import strategies as st

from hrgradlib import harmonize

SMOOTHNESS = 3.0
STEPS = 10


class Quadratics:
    """B problems of K losses ``½ (x − t_k)ᵀ H_k (x − t_k)`` with ``0 ≺ H_k ⪯ L P⁻¹``.

    ``P`` is diagonal. In the coordinates ``P^{-1/2} x`` it is the identity, and half of the
    Hessians are ``L`` times it, for which the bound is sharpest.
    """

    def __init__(self, rng, count, tasks, n):
        raw = rng.normal(size=(count, tasks, n, n))
        hessians = raw @ raw.mT
        largest = np.linalg.eigvalsh(hessians)[..., -1, None, None]
        hessians = np.where(rng.random(largest.shape) < 0.5, hessians / largest, np.eye(n))
        self.root = 10.0 ** rng.uniform(-2, 2, (count, n))  # P^{1/2}
        outer = self.root[:, None, :, None] * self.root[:, None, None]
        self.hessians = SMOOTHNESS * hessians / outer
        spread = 10.0 ** rng.uniform(-2, 2, (count, tasks, 1))
        self.centres = spread * rng.normal(size=(count, tasks, n)) * self.root[:, None]

    def gradients(self, x):
        """[B, K, n]"""
        return np.einsum("bkij,bkj->bki", self.hessians, x[:, None] - self.centres)

    def changes(self, gradients, step):
        """[B, K] of every loss: exact for quadratics, and free of the losses' own rounding."""
        curved = np.einsum("bi,bkij,bj->bk", step, self.hessians, step)
        return np.einsum("bki,bi->bk", gradients, step) + 0.5 * curved


@on_ten_thousand
@many
@given(
    st.integers(1, 8),
    st.integers(2, 8),
    st.integers(0, 2**32),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_p7_every_loss_decreases(tasks, n, seed, harmony):
    losses = Quadratics(np.random.default_rng(seed), 25, tasks, n)
    x = losses.root * np.random.default_rng(seed).normal(size=losses.root.shape)
    for _ in range(STEPS):
        gradients = losses.gradients(x)
        scaled = gradients * losses.root[:, None]
        found = harmonize(torch.from_numpy(scaled @ scaled.mT), harmony)
        direction = np.einsum("bk,bkn->bn", found.weights.numpy(), scaled)
        expected = np.einsum("bkn,bn->bk", scaled, direction)  # fall of every loss per rate
        norms, c = np.linalg.norm(scaled, axis=-1), found.cosine.numpy()
        norms = np.maximum(norms, 1e-100)  # one quadratic may reach its minimum, and rests there
        ratio = norms.max(-1) / norms.min(-1)
        share = harmony * c
        if harmony == 1:  # all cosines equal, unless no equiangular axis exists
            equal = np.ptp(expected / norms, axis=-1) < 1e-9 * (expected / norms).max(-1)
            share = np.where(equal, 1.0, share)
        rate = (2 * share / (SMOOTHNESS * tasks * ratio))[:, None]
        step = -rate * losses.root * direction
        known = (c > 1e-4) & (ratio < 1e8)
        assert (losses.changes(gradients, step) <= 1e-9 * rate * expected)[known].all()
        assert (losses.changes(gradients, 0.999 * step) < 0)[known].all()
        tally.add(known)
        x = x + step
