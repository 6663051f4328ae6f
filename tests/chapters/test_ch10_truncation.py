"""The truncated moment system of BGK: what splitting off free flight saves."""

import numpy as np
import pytest

from hrgradlib.chapters.ch10_truncation import MomentSystem, read_truncation, truncation_errors
from hrgradlib.experiments.cases.bgk import BGK_LAYER, BGK_RIEMANN
from hrgradlib.reference.bgk import BGKReference


def test_a_jump_is_refused():
    with pytest.raises(ValueError, match="bgk-riemann"):
        MomentSystem(BGK_RIEMANN, 0.1, 4, True)


def test_mass_is_conserved():
    system = MomentSystem(BGK_LAYER, 0.1, 4, True, cells=60)
    state = system.solve()
    start = BGK_LAYER.initial_moments(system.x)[0].T
    assert abs((state[0] - start[0]).sum() / start[0].sum()) < 1e-6
    assert (state[[0, 2]] > 0).all()


def test_stored_errors_come_out_again():
    rows, origin = read_truncation()
    assert origin["versions"]["numpy"]
    stored = {(r["eps"], r["modes"], r["split"]): r for r in rows}
    reference = BGKReference(BGK_LAYER, coarse=True)
    found = truncation_errors(reference, 1.0, 4, False, cells=120)
    expected = [stored[1.0, 4, False][k] for k in ("density", "momentum", "energy")]
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_splitting_always_helps():
    rows, _ = read_truncation()
    cells = {(r["eps"], r["modes"], r["split"]): r["momentum"] for r in rows}
    for eps, modes, split in cells:
        if split:
            assert cells[eps, modes, True] < cells[eps, modes, False]
