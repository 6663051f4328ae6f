"""Chapter 11: what splitting off free flight saves, as stored."""

import numpy as np

from hrgradlib.chapters.ch11_truncation import read_truncation, truncation_errors
from hrgradlib.kinetics.bgk_problems import BGK_LAYER
from hrgradlib.reference.bgk import BGKReference


def test_stored_errors_come_out_again():
    rows = read_truncation()
    stored = {(r["eps"], r["modes"], r["split"]): r for r in rows}
    reference = BGKReference(BGK_LAYER, coarse=True)
    found = truncation_errors(reference, 1.0, 4, False, cells=120)
    expected = [stored[1.0, 4, False][k] for k in ("density", "momentum", "energy")]
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_splitting_always_helps():
    rows = read_truncation()
    cells = {(r["eps"], r["modes"], r["split"]): r["momentum"] for r in rows}
    for eps, modes, split in cells:
        if split:
            assert cells[eps, modes, True] < cells[eps, modes, False]
