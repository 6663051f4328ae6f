"""Tasks that are no ranges of ε, ranges that are never seen, and ways to tell a network ε."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments import segmentation
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.runner import begin
from hrgradlib.experiments.specs import FEWEST, SpecError, make_spec
from hrgradlib.training.loop import Schedule, TrainingState, train

KINDS = [
    (name, kind)
    for name, case in CASES.items()
    for kind in case.divisions(case.formulations[0])[1:]
]


def spec_of(problem="transport-periodic", method="hrgrad-soap", **changes):
    return make_spec(problem, method, "smoke", **{"per_task": 8} | changes)


def drawn(spec, seed=0):
    return segmentation.sample(spec, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("problem", "kind"), KINDS)
def test_sizes_are_those_of_the_points_and_a_step_runs(problem, kind):
    spec = spec_of(problem, segmentation=kind)
    sizes = segmentation.task_sizes(spec)
    assert {len(p) for p in drawn(spec)} == {sum(sizes)} and min(sizes) >= 2
    method, tasks = begin(spec, torch.device("cpu"))
    state = TrainingState(method.model, method, torch.Generator().manual_seed(0))
    train(state, tasks, Schedule(2, 1e-3), quiet=True)
    assert state.records.values["losses"].array().shape == (2, len(sizes))


def test_unequal_tasks_halve_and_are_sorted_by_eps():
    spec = spec_of(segmentation="unequal", tasks=5, per_task=32)
    sizes = segmentation.task_sizes(spec)
    assert sum(sizes) == 160 and sizes == sorted(sizes) and sizes[-1] == 2 * sizes[-2]
    points = drawn(spec)
    assert (points[2].diff() >= 0).all()
    usual = drawn(spec.with_(segmentation="regimes"))  # the same points, in another order
    for one, other in zip(points, usual, strict=True):
        assert torch.equal(one, other[usual[2].argsort(stable=True)])


def test_the_smallest_unequal_tasks_have_the_fewest_points():
    spec = spec_of(segmentation="unequal", tasks=7, per_task=FEWEST)
    assert segmentation.task_sizes(spec) == [FEWEST] * 7
    with pytest.raises(
        SpecError, match=rf"found per_task = 3; expected a number in \[{FEWEST}, inf"
    ):
        spec.with_(per_task=3)


def test_drawn_tasks_are_one_eps_each_log_uniform():
    spec = spec_of(segmentation="drawn", tasks=5)
    found = torch.cat([drawn(spec, seed)[2].view(5, -1) for seed in range(300)])
    assert (found == found[:, :1]).all()
    share = (found[:, 0].log10() + 4) / 4
    assert share.mean() == pytest.approx(0.5, abs=0.02) and share.min() < 0.01 < 0.99 < share.max()


def test_terms_part_the_loss_and_lose_nothing_of_it():
    spec = spec_of(segmentation="both")
    points, model = drawn(spec), spec.build_model()
    plain, parted = (f(spec)(model, *points) for f in (spec.case.residuals, segmentation.residuals))
    half = len(plain) // 2
    assert torch.equal(parted[:half].square().sum(1), plain[:half, 0].square())
    assert torch.equal(parted[half:, 1:], plain[half:, 1:]) and not parted[half:, 0].any()
    assert torch.equal(plain[:half], plain[half:])


DIVIDED = [
    (name, formulation)
    for name, case in CASES.items()
    for formulation in case.formulations
    if "terms" in case.divisions(formulation)
]


@pytest.mark.parametrize(("problem", "formulation"), DIVIDED)
def test_every_term_is_there_and_the_tasks_are_all_of_the_loss(problem, formulation):
    """No term without a component, no component that is lost or in two terms."""
    spec = spec_of(problem, formulation=formulation, segmentation="terms")
    points, model = [p.double() for p in drawn(spec)], spec.build_model().double()
    plain, parted = (f(spec)(model, *points) for f in (spec.case.residuals, segmentation.residuals))
    shares = parted.chunk(len(segmentation.task_sizes(spec)))
    assert torch.equal(sum(shares), plain[: len(shares[0])])
    owners = torch.stack([share.ne(0).any(0) for share in shares])  # [terms, components]
    assert owners.any(1).all() and (owners.sum(0) == 1).all()


UNSEEN = [(name, unseen) for name, case in CASES.items() for unseen in case.unseen if unseen]


@pytest.mark.parametrize("tasks", [2, 3, 5, 10, 40])
@pytest.mark.parametrize(("problem", "unseen"), UNSEEN)
def test_not_one_point_is_unseen_and_nothing_else_is_missing(problem, unseen, tasks):
    spec = spec_of(problem, unseen=unseen, tasks=tasks, per_task=20480 // tasks)
    eps = drawn(spec)[2].double()
    assert len(eps) == sum(segmentation.task_sizes(spec))
    hidden, seen = spec.case.unseen[unseen], torch.zeros_like(eps)
    for low, high in hidden:
        assert not ((eps > low * (1 + 1e-6)) & (eps < high * (1 - 1e-6))).any()
        seen += (eps.clamp(low, high) / low).log()
    low, high = spec.case.problem.eps_range
    length = np.log(high / low) - sum(np.log(b / a) for a, b in hidden)
    share = ((eps / low).log() - seen) / length  # of what is left: uniform, as far as tasks allow
    assert share.min() < 1e-3 and share.max() > 1 - 1e-3
    found = torch.histc(share, 10, 0, 1) / len(share)
    assert found.numpy() == pytest.approx(np.full(10, 0.1), abs=0.02 if tasks >= 10 else 0.08)


@pytest.mark.parametrize(("problem", "unseen"), UNSEEN)
def test_no_task_reaches_over_what_is_unseen(problem, unseen):
    parts = drawn(spec_of(problem, unseen=unseen, tasks=10, per_task=64))[2].view(10, 64)
    for low, high in CASES[problem].unseen[unseen]:
        assert ((parts <= low * (1 + 1e-6)).all(1) | (parts >= high * (1 - 1e-6)).all(1)).all()


def test_times_are_drawn_alike_beside_a_gap():
    """Half of a task's times are uniform, gap or not."""
    spec = spec_of(unseen="gap", tasks=4, per_task=400)
    t = drawn(spec)[0].view(4, 2, 200)[:, 0] / spec.case.problem.final_time
    assert t.mean(1).numpy() == pytest.approx(np.full(4, 0.5), abs=0.06)


@pytest.mark.parametrize("encoding", CASES["transport-periodic"].encodings)
def test_every_encoding_has_right_tangents_and_its_own_use_of_eps(encoding):
    model = spec_of(encoding=encoding, width=8).build_model().double()
    t, x, eps = (torch.tensor([v], dtype=torch.float64) for v in (0.02, 0.3, 0.1))
    fields, h = model.fields(t, x, eps), 1e-6
    (up, _), (down, _) = model(t + h, x, eps), model(t - h, x, eps)
    assert fields.density_t.item() == pytest.approx(((up - down) / (2 * h)).item(), rel=1e-6)
    (up, b_up), (down, b_down) = model(t, x + h, eps), model(t, x - h, eps)
    assert fields.density_x.item() == pytest.approx(((up - down) / (2 * h)).item(), rel=1e-6)
    slope = (b_up - b_down) / (2 * h)
    assert fields.micro_x.detach().numpy() == pytest.approx(slope.detach().numpy(), rel=1e-6)
    code = [model.encoder(torch.tensor([[p]], dtype=torch.float64)) for p in (-0.9, 0.9)]
    assert torch.equal(*code) == (encoding == "none")


def test_codes_are_constant_in_a_regime():
    model = spec_of(encoding="code", tasks=4).build_model()
    code = model.encoder(torch.tensor([[-1.0], [-0.51], [-0.49], [1.0]]))
    assert torch.equal(code[0], code[1]) and not torch.equal(code[1], code[2])


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("transport-inflow", dict(segmentation="drawn")),
        ("transport-inflow", dict(encoding="film")),
        ("transport-inflow", dict(unseen="gap")),
        ("transport-periodic", dict(segmentation="terms", candidates=2)),
        ("transport-periodic", dict(segmentation="terms", unseen="gap")),
        ("transport-periodic", dict(formulation="plain", unseen="gap")),
        ("transport-periodic", dict(formulation="plain", segmentation="terms")),
        ("transport-periodic", dict(unseen="middle")),
        ("transport-periodic", dict(unseen="gap", tasks=1)),
        ("transport-periodic-published", dict(formulation="published-each", segmentation="drawn")),
        ("transport-periodic-published", dict(formulation="published-each", segmentation="both")),
        ("transport-periodic", dict(method="hrgrad-gn", segmentation="terms")),
        ("transport-inflow", dict(method="sum-gn", segmentation="both")),
    ],
)
def test_what_has_no_meaning_is_refused(problem, changes):
    with pytest.raises(SpecError, match="expected") as caught:
        spec_of(problem, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["hrgrad-gn", "sum-gn"])
def test_a_jacobian_has_tasks_by_eps(method):
    for kind in ("unequal", "drawn"):
        method_used, tasks = begin(spec_of(method=method, segmentation=kind), torch.device("cpu"))
        state = TrainingState(method_used.model, method_used, torch.Generator().manual_seed(0))
        train(state, tasks, Schedule(1, 1e-3), quiet=True)
