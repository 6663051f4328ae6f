"""The truncated moment system of BGK: what splitting off free flight saves."""

import pytest

from hrgradlib.chapters.ch11_truncation import MomentSystem
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_RIEMANN


def test_a_jump_is_refused():
    with pytest.raises(ValueError, match="bgk-riemann"):
        MomentSystem(BGK_RIEMANN, 0.1, 4, True)


def test_mass_is_conserved():
    system = MomentSystem(BGK_LAYER, 0.1, 4, True, cells=60)
    state = system.solve()
    start = BGK_LAYER.initial_moments(system.x)[0].T
    assert abs((state[0] - start[0]).sum() / start[0].sum()) < 1e-6
    assert (state[[0, 2]] > 0).all()
