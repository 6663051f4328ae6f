"""Gradient surgery of others: what Adam is given is what TorchJD's aggregators return."""

import io
import subprocess
import sys
from functools import partial

import cvxpy
import numpy as np
import pytest
import qpsolvers
import torch
from rivals import SIZES, batch, flat, gradients, network, residuals, trained
from torchjd import aggregation

from hrgradlib.cli import main
from hrgradlib.optim import StepRefused
from hrgradlib.training import METHODS, _extras
from hrgradlib.training._extras import Chance, MethodUnavailable
from hrgradlib.training.aggregated import GradientSurgery
from hrgradlib.training.methods import Settings

SURGERY = [name for name, kind in METHODS.items() if issubclass(kind, GradientSurgery)]
ORACLES = {
    "mgda": aggregation.MGDA,
    "imtl-g": aggregation.IMTLG,
    "aligned-mtl": aggregation.AlignedMTL,
    "upgrad": aggregation.UPGrad,
    "cagrad": partial(aggregation.CAGrad, 0.5),
}


@pytest.fixture(params=[1.0, 1e-6], ids=["as it is", "tiny"])
def scale(request):
    return request.param


@pytest.mark.parametrize("method", ORACLES)
def test_the_direction_is_torchjds(method, scale):
    """Whatever the unit of the losses; TorchJD's own thresholds take tiny gradients for none."""
    model, _, found = gradients()
    weights = METHODS[method](model, Settings(1e-2)).weights(
        found._replace(matrix=scale * found.matrix)
    )
    unit = found.matrix / found.matrix.norm()
    expected = ORACLES[method]()(unit)
    torch.testing.assert_close(weights @ unit, expected, rtol=1e-6, atol=1e-9)


def test_pcgrad_is_torchjds_with_the_same_chance():
    model, _, found = gradients()
    trainer = METHODS["pcgrad"](model, Settings(1e-2))
    first = trainer.weights(found)
    torch.random.manual_seed(0)  # of no effect on the next draw
    second = trainer.weights(found)
    again = METHODS["pcgrad"](model, Settings(1e-2))
    torch.testing.assert_close(again.weights(found), first, rtol=0, atol=0)
    again.load_state_dict(again.state_dict())
    torch.testing.assert_close(again.weights(found), second, rtol=0, atol=0)


def test_pcgrad_opposes_less_than_the_sum_does():
    model, _, found = gradients()
    weights = METHODS["pcgrad"](model, Settings(1e-2)).weights(found)
    if (found.matrix @ found.matrix.T >= 0).all():
        assert torch.equal(weights, torch.ones_like(weights))
    assert (weights >= 1).any()


def test_nash_weights_are_a_bargain():
    """(G α)_k α_k is one and the same for all tasks."""
    model, _, found = gradients()
    found = found._replace(matrix=1e-2 * found.matrix)  # too short to be cut
    weights = METHODS["nash-mtl"](model, Settings(1e-2)).weights(found)
    shares = weights * (found.matrix @ found.matrix.T @ weights)
    assert (weights > 0).all()
    torch.testing.assert_close(shares / shares.mean(), torch.ones_like(shares), rtol=0.05, atol=0)


@pytest.mark.filterwarnings("ignore")  # cvxpy says much
@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_nash_is_given_gradients_as_they_are_and_cuts_their_sum(factor):
    model, _, found = gradients()
    matrix = factor * found.matrix / found.matrix.norm()
    weights = METHODS["nash-mtl"](model, Settings(1e-2)).weights(found._replace(matrix=matrix))
    expected = aggregation.NashMTL(len(SIZES))(matrix)
    torch.testing.assert_close(weights @ matrix, expected, rtol=1e-6, atol=0)
    assert (expected.norm() == pytest.approx(1, rel=1e-6)) == (factor > 1)


def test_nash_keeps_its_weights_for_25_steps():
    model, _, found = gradients()
    trainer = METHODS["nash-mtl"](model, Settings(1e-2))
    flipped = found._replace(matrix=found.matrix.flip(0))
    asked = [trainer.weights(found), *(trainer.weights(flipped) for _ in range(25))]
    shares = [weights / weights.norm() for weights in asked]  # lengths are cut, by the gradients
    assert all(torch.allclose(share, shares[0], rtol=1e-6) for share in shares[:25])
    assert not torch.allclose(shares[25], shares[0], rtol=1e-2)


def test_two_gradients_dcgd_is_its_authors_formula():
    model, _, found = gradients()
    two = found._replace(matrix=found.matrix[:2], losses=found.losses[:2])
    a, b = two.matrix
    centre = a / a.norm() + b / b.norm()
    cosine = a @ b / (a.norm() * b.norm())
    expected = (centre @ (a + b)) / (2 * (1 + cosine)) * centre
    weights = METHODS["dcgd"](model, Settings(1e-2)).weights(two)
    torch.testing.assert_close(weights @ two.matrix, expected, rtol=1e-9, atol=1e-12)
    assert (two.matrix @ expected >= 0).all()


def test_graddrop_lets_one_sign_through_in_every_place():
    model, points, found = gradients()
    trainer = METHODS["graddrop"](model, Settings(1e-3))
    before = flat(model)
    record = trainer.step(partial(residuals, model), points, SIZES, True)
    moved = before - flat(model)  # Adam's first step has the sign of what it is given
    for place in range(len(moved)):
        column = found.matrix[:, place]
        kept = column[column.sign() == moved[place].sign()]
        assert len(kept) or moved[place] == 0
    np.testing.assert_array_equal(
        np.sign(record["cosine_gradients"]), (found.matrix @ moved).sign().numpy()
    )


@pytest.mark.parametrize("method", sorted({*SURGERY} - {"nash-mtl"}))
def test_one_task_is_adam(method):
    ends = [trained(name, 8, sizes=[12])[0] for name in (method, "sum")]
    torch.testing.assert_close(*ends, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", ["graddrop", "pcgrad", "rlw"])
def test_other_weights_draw_otherwise_and_nobody_elses_numbers_change(method):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    model, generator = network(7), torch.Generator().manual_seed(0)
    torch.manual_seed(5)
    trainer = METHODS[method](model, Settings(1e-2))
    trainer.step(partial(residuals, model), batch(generator), SIZES, False)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    other = trained(method, 1, seed=8)[1]
    assert not torch.equal(*(t.chance.state[0] for t in (other, trainer)))


def test_every_devices_chance_goes_on_where_it_ended(monkeypatch):
    """Two generators stand for those of a processor and of a graphics card."""
    generators, model = [torch.default_generator, torch.Generator()], network()
    monkeypatch.setattr(_extras, "_generators", lambda device: generators)

    def draw(chance):
        with chance.drawing(model):
            return torch.stack([torch.rand(2, generator=g) for g in generators])

    before, chance = [g.get_state() for g in generators], Chance()
    first, second = draw(chance), draw(chance)
    again = Chance()
    assert torch.equal(draw(again), first)
    saved, resumed = io.BytesIO(), Chance()
    torch.save(again.state, saved)
    saved.seek(0)
    resumed.state = torch.load(saved, weights_only=True, map_location="cpu")
    assert torch.equal(draw(resumed), second)
    assert all(map(torch.equal, [g.get_state() for g in generators], before))


def test_what_is_drawn_from_leaves_the_others_as_they_were():
    model, chance = network(), Chance()
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="broken"), chance.drawing(model):
        torch.rand(1)
        raise RuntimeError("broken")
    assert torch.equal(torch.get_rng_state(), before) and chance.state is None


def test_a_state_of_fewer_devices_is_taken_up(monkeypatch):
    chance, model = Chance(), network()
    with chance.drawing(model):
        torch.rand(1)
    more = [torch.default_generator, torch.Generator().manual_seed(3)]
    monkeypatch.setattr(_extras, "_generators", lambda device: more)
    drawn = []
    for state in (chance.state, chance.state):
        chance.state = state
        with chance.drawing(model):
            drawn.append(torch.rand(1, generator=more[1]))
    assert torch.equal(*drawn) and len(chance.state) == 2


def test_a_zero_gradient_is_no_division():
    model, _, found = gradients()
    for method in ("mgda", "dcgd", "upgrad"):
        weights = METHODS[method](model, Settings(1e-2)).weights(
            found._replace(matrix=0 * found.matrix)
        )
        assert weights.isfinite().all()


def test_what_a_solver_says_is_one_line(monkeypatch):
    model, _, found = gradients()
    trainer = METHODS["mgda"](model, Settings(1e-2))

    def breaks(*arguments):
        raise ValueError("no solution\nat all")

    monkeypatch.setattr(trainer, "weigh", breaks)
    with pytest.raises(StepRefused, match=r"MGDA.*: no solution$"):
        trainer.weights(found)


def test_what_every_solver_raises_is_a_refused_step(monkeypatch):
    model, _, found = gradients()
    trainer = METHODS["mgda"](model, Settings(1e-2))
    kinds = [torch.linalg.LinAlgError, np.linalg.LinAlgError, qpsolvers.exceptions.ProblemError,
             cvxpy.error.SolverError, ValueError, ZeroDivisionError]  # fmt: skip
    for kind in kinds:
        monkeypatch.setattr(trainer, "weigh", raising(kind("no way")))
        with pytest.raises(StepRefused, match="MGDA.*: no way$"):
            trainer.weights(found)


@pytest.mark.parametrize("kind", [TypeError, AttributeError, KeyError])
def test_a_mistake_of_the_code_is_no_refused_step(kind, monkeypatch):
    model, _, found = gradients()
    trainer = METHODS["mgda"](model, Settings(1e-2))
    monkeypatch.setattr(trainer, "weigh", raising(kind("a mistake")))
    with pytest.raises(kind, match="a mistake"):
        trainer.weights(found)


def raising(error):
    def breaks(*arguments):
        raise error

    return breaks


def test_a_rule_that_is_not_whole_cannot_be_built():
    for unfinished in (GradientSurgery, type("Rule", (GradientSurgery,), {"summary": "no rule"})):
        with pytest.raises(TypeError, match="abstract method '?weigh"):
            unfinished(network(), Settings(1e-2))


def test_the_registry_needs_none_of_the_packages():
    code = "import sys, hrgradlib.training; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torchjd", "cvxpy", "qpsolvers", "quadprog", "ecos"} & set(done.stdout.split())


def test_without_its_package_a_method_is_refused_in_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(_extras, "find_spec", lambda name: None if name == "quadprog" else "there")
    with pytest.raises(MethodUnavailable, match=r"UPGrad.* needs quadprog"):
        METHODS["upgrad"](network(), Settings(1e-2))
    out = str(tmp_path / "run")
    given = ["run", "transport-periodic", "--method", "upgrad", "--profile", "smoke", "--out", out]
    assert main(given) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "pip install 'torchjd[quadprog_projector]'" in said
