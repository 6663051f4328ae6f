"""Chapter 2: stored measurements on the BGK references."""

import pytest

from hrgradlib.chapters.ch02_bgk_tables import TABLES, read_tables
from hrgradlib.chapters.ch02_verification_bgk import space_orders, time_orders
from hrgradlib.chapters.ch02_verification_bgk_limits import fluid_orders
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_PROBLEMS
from hrgradlib.reference.bgk import BGKReference

QUANTITIES = ("density", "momentum", "energy")


def test_stored_tables_are_complete():
    """Every table is there, and what chapter 2 says of the references' errors holds."""
    stored = read_tables()
    assert set(stored) == set(TABLES)
    allowed = {"bgk-smooth": 2e-4, "bgk-layer": 5e-4, "bgk-riemann": 2e-3}
    for name in ("estimates", "agreement"):
        found = {(r["problem"], r["eps"]): max(r[q] for q in QUANTITIES) for r in stored[name]}
        assert set(found) == {(p.name, e) for p in BGK_PROBLEMS.values() for e in p.eval_eps}
        assert all(found[key] < allowed[key[0]] for key in found)
    assert max(r["seconds"] for r in stored["estimates"]) < 60
    assert max(max(r[q] for q in QUANTITIES) for r in stored["conservation"]) < 1e-12
    assert min(r["smallest"] for r in stored["positivity"]) > -1e-15


def test_stored_tables_say_the_same():
    """As the code of today, where measuring again takes a second."""
    stored = read_tables()
    again = {
        "space_semi_lagrangian": space_orders("semi-lagrangian", 1e-2, (40, 80), nv=61, nt=100),
        "time": [{"q": 1} | r for r in time_orders(1e-8, (10, 20, 40, 80), 1)],
        "fluid": fluid_orders((4e-3,)),
    }
    for name, rows in again.items():
        labels = [k for k in ("cells", "steps", "q") if k in rows[0]]
        eps = {"space_semi_lagrangian": 1e-2, "time": 1e-8, "fluid": 4e-3}[name]
        for row in rows:
            (old,) = [r for r in stored[name]
                      if r["eps"] == eps and all(r[k] == row[k] for k in labels)]  # fmt: skip
            for key in row:
                assert row[key] == pytest.approx(old[key], rel=1e-3, nan_ok=True), (name, key)
    slow = BGKReference(BGK_LAYER)
    (old,) = [r for r in stored["estimates"]
              if (r["problem"], r["eps"]) == ("bgk-layer", 1e-3)]  # fmt: skip
    for quantity in QUANTITIES:
        largest = slow.error_estimate(slow.times, 1e-3, quantity).max()
        assert largest == pytest.approx(old[quantity], rel=0.05)
