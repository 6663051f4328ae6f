"""Upwind for BGK, implicit and explicit, as chapter 2 shows it."""

import numpy as np

from hrgradlib.chapters.ch02_naive_bgk import explicit_step_limit, upwind
from hrgradlib.chapters.ch02_verification_bgk import GENTLE
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian


def test_naive_schemes():
    """First order and stable at every ε, or exploding: neither is what a reference needs."""
    exact = SemiLagrangian(GENTLE, 1e-3, Mesh(600, 41, 100))
    fine = exact.run([0.1])[0][0]
    errors = []
    for cells in (100, 200):
        found = upwind(GENTLE, 1e-3, cells, cells, implicit=True)
        assert found.stable and found.t == 0.1
        middle = fine[:3, 600 // cells // 2 :: 600 // cells] if cells == 200 else 0.5 * (
            fine[:3, 2::6] + fine[:3, 3::6])  # fmt: skip
        errors.append(np.linalg.norm(found.moments - middle) / np.linalg.norm(middle))
    assert 5e-3 < errors[1] < errors[0] < 5e-2 and 1.4 < errors[0] / errors[1] < 2.1
    steps = int(np.ceil(0.1 / explicit_step_limit(GENTLE, 1e-4, 100)))
    assert upwind(GENTLE, 1e-4, 100, steps, implicit=False).stable
    lost = upwind(GENTLE, 1e-4, 100, steps // 4, implicit=False)
    assert not lost.stable and lost.t < 0.1
