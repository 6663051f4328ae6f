"""Chapter 4: what its stored trainings say."""

from dataclasses import asdict

import numpy as np

from hrgradlib.chapters import ch04_pinn as pinn

T = pinn.PROBLEM.final_time


def test_stored_study_is_complete():
    rows = pinn.stored()
    known = {tuple(row[name] for name in pinn.Case.__dataclass_fields__) for row in rows}
    assert {tuple(asdict(c).values()) for c in pinn.study()} == known
    assert len(known) == len(rows)  # nothing twice
    assert all(np.isfinite([r["error"], r["own"], r["macro"], r["micro"]]).all() for r in rows)
    for optimizer, rates in pinn.RATES.items():
        for eps in pinn.EPS:
            for loss in pinn.LOSSES:
                assert len(pinn.best_errors(rows, loss, optimizer, eps)) == len(pinn.SEEDS)
        assert pinn.SIZES["quick"][optimizer]["lr"] in rates


def test_stored_study_says_what_the_chapter_says():
    rows, middle = pinn.stored(), {}
    for optimizer in pinn.OPTIMIZERS:
        for eps in pinn.EPS:
            for loss in pinn.LOSSES:
                middle[loss, optimizer, eps] = np.median(
                    pinn.best_errors(rows, loss, optimizer, eps)
                )
    for eps in pinn.EPS:
        assert middle["apnn", "adam", eps] < 0.01
        assert middle["apnn", "gauss-newton", eps] < 1e-3
    for eps in (1e-3, 1e-4):
        assert middle["pinn", "adam", eps] > 0.1 and middle["pinn-plain", "adam", eps] > 0.1
    assert middle["pinn", "gauss-newton", 1e-3] < 1e-3
    assert middle["pinn-plain", "gauss-newton", 1e-4] > 0.1
    for loss in ("pinn", "pinn-plain"):  # sixteen times the steps do not help
        assert pinn.budget_errors(rows, loss, 1e-3)[-1] > 0.2
    assert pinn.budget_errors(rows, "apnn", 1e-3)[-1] < 2e-3


def test_stored_study_obeys_the_theorem():
    """``error ≤ √(2 c_T L) ε^{-p/2}``, p the power of ε in which the loss is blind."""
    slope = (2 * (4 * T**2 + T / 2)) ** 0.5
    for row in pinn.stored():
        power = dict(zip(pinn.LOSSES, (0, 2, 4), strict=True))[row["loss"]]
        assert row["error"] <= slope * row["eps"] ** (-power / 2) * row["own"] ** 0.5
