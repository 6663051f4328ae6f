"""What chapter 2 measures on the BGK schemes: orders, conservation, positivity, the ends."""

import pytest

from hrgradlib.chapters import ch02_verification_bgk as verify
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_PROBLEMS, BGK_SMOOTH
from hrgradlib.reference.bgk import BGKReference


def worst(row):
    return max(row[n] for n in ("density", "momentum", "energy"))


@pytest.mark.parametrize(("eps", "least"), [(1.0, 6.2), (1e-2, 5.5), (1e-8, 4.8)])
def test_order_in_space(eps, least):
    """Seven in theory, approached as the steepened profile gets resolved."""
    rows = verify.space_orders("semi-lagrangian", eps, (80, 160), nv=61, nt=60)
    assert rows[-1]["order"] > least and worst(rows[-1]) < 3e-5


@pytest.mark.parametrize("eps", [1.0, 1e-2, 1e-8])
def test_order_in_time(eps):
    for q, least in ((1, 0.5), (2, 1.4), (3, 2.1)):
        rows = verify.time_orders(eps, (10, 20), q, nx=300, nv=41)
        assert rows[-1]["order"] > least
    assert worst(rows[-1]) < 3e-4


def test_uniformly_accurate():
    """One mesh, one step: nothing happens as ε falls through them."""
    rows = verify.uniformity((1.0, 1e-2, 1e-4, 1e-8), (50,), finest=150)
    assert max(r["50"] for r in rows) < 5e-5
    assert rows[-1]["50"] < 1.5 * rows[-2]["50"]


@pytest.mark.parametrize("weno", [True, False])
def test_second_scheme_converges(weno):
    rows = verify.space_orders("imex", 1e-2, (50, 100), nv=48, weno=weno)
    assert rows[-1]["order"] > 3 and worst(rows[-1]) < 3e-4


def test_conservation_to_rounding():
    for row in verify.conservation((1e8, 1.0, 1e-2, 1e-8), nx=64):
        assert worst(row) < 1e-12


def test_ends_of_the_domain_are_not_felt():
    """Twice the domain changes the window by rounding; at ±1.2 nothing has arrived above 1e-8."""
    for problem, eps in ((BGK_SMOOTH, 1.0), (BGK_SMOOTH, 1e-3), (BGK_LAYER, 1.0)):
        effect = verify.domain_effect(problem, eps)
        assert effect["window"] < 1e-14 and effect["ends"] < 1e-8


def test_positivity():
    for problem in (BGK_SMOOTH, BGK_LAYER):
        for row in verify.positivity(problem, (1.0, 1e-3), nx=200):
            assert row["smallest"] > -1e-14


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bound", "nx", "weno"), [
    ("bgk-smooth", 1e-4, 450, True), ("bgk-layer", 1e-4, 900, False), ("bgk-riemann", 1e-3, 600, 0),
])  # fmt: skip
def test_second_scheme_at_every_eps(name, bound, nx, weno):
    reference = BGKReference(BGK_PROBLEMS[name])
    nv = 192 if name == "bgk-riemann" else 96
    for row in verify.agreement(reference, reference.problem.eval_eps, nx, nv, bool(weno)):
        assert worst(row) < bound
