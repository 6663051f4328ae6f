"""One battery for every metric of METRICS, and a toy added through the protocol alone."""

import copy

import pytest
import torch
from pytorch_optimizer import SOAP
from torch import nn

from hrgradlib.optim import (
    METRICS,
    Candidates,
    HRGrad,
    Metric,
    MetricState,
    Property,
    ResidualJacobian,
    StateMismatch,
    StepRefused,
    TaskGradients,
    dense_candidates,
    residual_jacobian,
    task_gradients,
)

F64 = torch.float64
SIZES = [4, 8, 6]


class RowWise(Metric):
    """A second moment per row of every parameter, of Σ_k g_k²: state that is not of shape [n]."""

    needs = TaskGradients
    defaults = {"lr": 1e-2, "betas": (0.9, 0.99), "floor": 1e-8, "harmony": 0.5}
    properties = frozenset({Property.TASK_ORDER, Property.STEP_SCALE_FREE})

    def check(self, group):
        if not group["floor"] > 0:
            raise ValueError(f"RowWise: found floor = {group['floor']}; expected a number > 0.")

    def init(self, tasks, like):
        state = MetricState.zeros(tasks, like, ["first_moments"])
        state.by_parameter["rows"] = [p.new_zeros(p.shape[:1]) for p in like]
        return state

    def offer(self, state, given, step, weights, group):
        beta1, beta2 = group["betas"]
        moments = state.per_task["first_moments"].lerp(given.matrix, 1 - beta1)
        squares = state.split(given.matrix.square().sum(0))
        means = [s.flatten(1).mean(1) if s.ndim > 1 else s for s in squares]
        rows = [
            r.lerp(m, 1 - beta2) for r, m in zip(state.by_parameter["rows"], means, strict=True)
        ]
        if not all(bool(r.isfinite().all()) for r in rows):
            raise StepRefused("RowWise: too large to be squared.")
        scale = [
            (r / (1 - beta2**step))
            .sqrt()
            .add(group["floor"])
            .reciprocal()
            .view(-1, *[1] * (len(shape) - 1))
            .expand(shape)
            .flatten()
            for r, shape in zip(rows, state.shapes, strict=True)
        ]
        offered = dense_candidates(torch.cat(scale).diag(), moments, given.matrix)

        def commit(_):
            state.per_task["first_moments"].copy_(moments)
            for old, new in zip(state.by_parameter["rows"], rows, strict=True):
                old.copy_(new)

        return offered._replace(commit=commit)


EVERY = [*METRICS, "row-wise"]


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(METRICS, "row-wise", RowWise())


class Problem:
    """Least squares that can be solved exactly: K tasks share the solution."""

    def __init__(self, metric, sizes=SIZES, dtype=F64, order=None, **options):
        generator = torch.Generator().manual_seed(0)
        self.model = nn.Linear(3, 2).to(dtype)
        with torch.no_grad():
            for p in self.model.parameters():
                p.copy_(torch.randn(p.shape, generator=generator, dtype=F64))
        x = torch.randn(sum(sizes), 3, generator=generator, dtype=F64)
        y = x @ torch.randn(3, 2, generator=generator, dtype=F64)
        parts = [range(len(sizes)), order][order is not None]
        self.x, self.y = (torch.cat([v.split(sizes)[i] for i in parts]).to(dtype) for v in (x, y))
        self.sizes = [sizes[i] for i in parts]
        self.optimizer = HRGrad(self.model.parameters(), metric=metric, **options)

    def gradients(self, scale=1.0):
        if METRICS[self.optimizer.param_groups[0]["metric"]].needs is ResidualJacobian:
            found = residual_jacobian(
                lambda x, y: self.model(x) - y, self.model, (self.x, self.y), self.sizes
            )
            root = scale**0.5
            return found._replace(residuals=found.residuals * root, matrix=found.matrix * root)
        found = task_gradients(
            lambda: (self.model(self.x) - self.y).square().sum(1), self.model, self.sizes
        )
        return TaskGradients(found.losses * scale, found.matrix * scale)

    def run(self, steps, scale=1.0):
        for _ in range(steps):
            self.optimizer.step(self.gradients(scale))
        return self

    @property
    def flat(self):
        return nn.utils.parameters_to_vector(self.model.parameters()).detach().clone()

    @property
    def loss(self):
        return float((self.model(self.x) - self.y).square().sum(1).mean().detach())

    def tensors(self):
        """Everything a step may move."""
        stored = self.optimizer.state_dict()["state"]
        state = [v.clone() for _, s in sorted(stored.items()) for _, v in sorted(s.items())]
        return [self.flat, *state]


@pytest.mark.parametrize("metric", EVERY)
def test_it_converges_on_a_quadratic(metric):
    problem = Problem(metric)
    start = problem.loss
    assert problem.run(800).loss < 1e-2 * start


@pytest.mark.parametrize("guard", [False, True])
@pytest.mark.parametrize("metric", EVERY)
def test_it_resumes_bit_for_bit(metric, guard):
    straight = Problem(metric, guard=guard).run(5)
    resumed = Problem(metric)
    resumed.model.load_state_dict(copy.deepcopy(straight.model.state_dict()))
    resumed.optimizer.load_state_dict(copy.deepcopy(straight.optimizer.state_dict()))
    for one, other in zip(straight.run(5).tensors(), resumed.run(5).tensors(), strict=True):
        assert torch.equal(one, other)


def sgd(problem):
    """Torch's momentum is a sum; the mean that HRGrad takes differs by a factor of the step."""
    optimizer = torch.optim.SGD(problem.model.parameters(), lr=1.0, momentum=0.9)

    def step(t):
        optimizer.param_groups[0]["lr"] = 1e-2 * 0.1 / (1 - 0.9**t)
        optimizer.step()

    return optimizer, step


def adam(problem):
    optimizer = torch.optim.Adam(problem.model.parameters(), lr=1e-2, betas=(0.9, 0.99))
    return optimizer, lambda t: optimizer.step()


def soap(problem):
    optimizer = SOAP(problem.model.parameters(), lr=1e-2, betas=(0.9, 0.99), weight_decay=0.0)
    return optimizer, lambda t: optimizer.step()


def autograd_steps(base):
    def run(problem, steps):
        optimizer, step = base(problem)
        for t in range(1, steps + 1):
            optimizer.zero_grad()
            (problem.model(problem.x) - problem.y).square().sum(1).mean().backward()
            step(t)

    return run


def spring(problem, steps):
    velocity = torch.zeros_like(problem.flat)
    for _ in range(steps):
        residuals, matrix, *_ = problem.gradients()
        kernel = matrix @ matrix.T
        shift = 1e-2 * residuals @ residuals
        shift = shift + 10 * torch.finfo(F64).eps * kernel.trace()
        right = residuals - 0.8 * matrix @ velocity
        solved = torch.linalg.solve(kernel + shift * torch.eye(len(kernel), dtype=F64), right)
        velocity = 0.8 * velocity + matrix.T @ solved
        moved = problem.flat - 0.1 * velocity
        nn.utils.vector_to_parameters(moved, problem.model.parameters())


BASES = {
    "identity": autograd_steps(sgd),
    "adam": autograd_steps(adam),
    "soap": autograd_steps(soap),
    "gauss-newton": spring,
}


@pytest.mark.parametrize(
    "metric", [m for m in METRICS if Property.SINGLE_TASK_BASE in METRICS[m].properties]
)
def test_one_task_is_the_base_optimizer(metric):
    ours, base = (Problem(metric, [10]) for _ in range(2))
    ours.run(20)
    BASES[metric](base, 20)
    # SOAP's authors turn its basis in float32, here every tenth step.
    tolerance = 1e-4 if metric == "soap" else 1e-9
    torch.testing.assert_close(ours.flat, base.flat, rtol=1e-7, atol=tolerance)


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("metric", EVERY)
def test_a_nan_names_the_task_and_nothing_moves(metric, steps):
    problem = Problem(metric).run(steps)
    before = problem.tensors()
    problem.y[SIZES[0] + 1, 0] = float("nan")
    with pytest.raises(StepRefused) as caught:
        problem.optimizer.step(problem.gradients())
    assert caught.value.tasks == (1,)
    for one, other in zip(before, problem.tensors(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("metric", EVERY)
def test_numbers_near_the_end_of_float32_move_nothing(metric):
    """Every number is finite, and no step can be made of them, or a finite one is made."""
    problem = Problem(metric, dtype=torch.float32).run(2)
    refused = 0
    for exponent in range(10, 77, 2):
        before, found = problem.tensors(), problem.gradients(10.0**exponent)
        try:
            problem.optimizer.step(found)
        except StepRefused:
            refused += 1
            for one, other in zip(before, problem.tensors(), strict=True):
                assert torch.equal(one, other)
        assert all(bool(t.isfinite().all()) for t in problem.tensors())
    assert refused > 0


@pytest.mark.parametrize("metric", EVERY)
def test_the_order_of_tasks_is_irrelevant(metric):
    assert Property.TASK_ORDER in METRICS[metric].properties
    one, other = Problem(metric).run(10), Problem(metric, order=[2, 0, 1]).run(10)
    torch.testing.assert_close(one.flat, other.flat, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("metric", EVERY)
def test_scale_of_all_losses_is_as_promised(metric):
    one, other = Problem(metric).run(10), Problem(metric).run(10, scale=100.0)
    same = torch.allclose(one.flat, other.flat, rtol=1e-5, atol=1e-6)
    assert same == (Property.STEP_SCALE_FREE in METRICS[metric].properties)


@pytest.mark.parametrize("metric", EVERY)
def test_a_state_of_another_is_refused(metric):
    problem = Problem(metric).run(2)
    stored = copy.deepcopy(problem.optimizer.state_dict())

    def refused(state, match):
        target = Problem(metric).run(2)
        before = target.tensors()
        with pytest.raises(StateMismatch, match=match) as caught:
            target.optimizer.load_state_dict(state)
        assert "\n" not in str(caught.value)
        for one, other in zip(before, target.tensors(), strict=True):
            assert torch.equal(one, other)

    for kind in (torch.optim.Adam, torch.optim.SGD):
        refused(kind(problem.model.parameters(), lr=0.1).state_dict(), "another optimizer")
    refused({"what": 1}, "no state of an optimizer")
    other = next(name for name in EVERY if name != metric)
    refused(Problem(other).run(1).optimizer.state_dict(), f"metric '{other}'; expected '{metric}'")
    refused(Problem(metric, [9, 9]).run(1).optimizer.state_dict(), "state of 2 tasks; expected 3")
    stored["param_groups"][0]["version"] = 0
    refused(stored, "version 0; expected 2")
    net = HRGrad([nn.Parameter(torch.zeros(5, 3)), nn.Parameter(torch.zeros(5))], metric=metric)
    with pytest.raises(StateMismatch, match=r"of parameter 0, of shape \(5, 3\); expected"):
        net.load_state_dict(problem.optimizer.state_dict())
    with pytest.raises(StateMismatch, match="state of 2 parameters; expected 1"):
        HRGrad([nn.Parameter(torch.zeros(5))], metric=metric).load_state_dict(
            problem.optimizer.state_dict()
        )


@pytest.mark.parametrize("metric", EVERY)
def test_another_number_of_tasks_after_loading_is_refused(metric):
    stored = Problem(metric).run(2).optimizer.state_dict()
    problem = Problem(metric, [9, 9])
    problem.optimizer.load_state_dict(stored)
    with pytest.raises(ValueError, match="gradients of 2 tasks after steps with 3"):
        problem.run(1)


def dense(problem, metric, found):
    """``P`` of the step that was taken, written out, and the moments as covectors [K, n].

    Of a second moment, it is the optimizer's own: what it follows has tests of its own.
    """
    states = [problem.optimizer.state[p] for p in problem.model.parameters()]
    if metric == "identity":
        return torch.eye(8, dtype=F64), found.matrix
    if metric in ("adam", "soap"):
        second = torch.cat([s["second_moment"].flatten() for s in states])
        tiny = 1e-8 if metric == "soap" else 0.01**0.5 * 1e-8  # before or after the correction
        diagonal = (0.01**0.5 / (second.sqrt() + tiny)).diag()
    if metric == "adam":
        return diagonal, found.matrix
    if metric == "soap":
        left, right = states[0]["left_basis"], states[0]["right_basis"]
        basis = torch.block_diag(torch.kron(left, right), torch.eye(2, dtype=F64))
        return basis @ diagonal @ basis.T, found.matrix
    shift = 1e-2 * found.residuals.square().sum()
    normal = found.matrix.T @ found.matrix
    shift = shift + 10 * torch.finfo(F64).eps * normal.trace()
    parts = zip(found.matrix.split(found.sizes), found.residuals.split(found.sizes), strict=True)
    rows = torch.stack([m.T @ r for m, r in parts])
    return (normal + shift * torch.eye(8, dtype=F64)).inverse(), rows


@pytest.mark.parametrize("metric", METRICS)
def test_the_first_step_is_the_dense_metric_s(metric):
    """At the first step the moments are the gradients, but for one common factor."""
    problem = Problem(metric, harmony=1.0).run(metric == "soap")  # whose first call only measures
    before, given = problem.flat, problem.gradients()
    record = problem.optimizer.step(given)
    matrix, rows = dense(problem, metric, given)
    offered = dense_candidates(matrix, rows, rows)
    assert isinstance(offered, Candidates)
    seen, wanted = torch.from_numpy(record.gramian), torch.from_numpy(offered.moments)
    torch.testing.assert_close(seen, wanted, rtol=2e-6, atol=1e-8 * float(wanted.abs().max()))
    moved = -(problem.flat - before)
    along = (rows @ moved) / (torch.from_numpy(record.norms))
    expected = (
        torch.from_numpy(record.cosine_gradients)
        * (moved @ torch.linalg.solve(matrix, moved)).sqrt()
    )
    torch.testing.assert_close(along, expected, rtol=1e-6, atol=1e-12)
    assert record.cosine_gradients.min() > record.guaranteed - 1e-9


def test_an_option_of_the_metric_is_a_keyword():
    assert Problem("row-wise", floor=1e-3).optimizer.param_groups[0]["floor"] == 1e-3
    with pytest.raises(ValueError, match="found floor = 0; expected a number > 0"):
        Problem("row-wise", floor=0)
    with pytest.raises(TypeError, match="metric 'adam' has no option 'floor'"):
        Problem("adam", floor=1e-3)
    with pytest.raises(ValueError, match="metric = 'new'; expected one of .*'adam'"):
        Problem("new")


@pytest.mark.parametrize(("metric", "dtype"), [("adam", F64), ("soap", torch.float16)])
def test_gradients_of_another_dtype_are_refused_before_anything_moves(metric, dtype):
    parameter = nn.Parameter(torch.zeros(3))
    optimizer = HRGrad([parameter], metric=metric)
    with pytest.raises(ValueError, match=f"gradients in {dtype} of parameters in torch.float32"):
        optimizer.step(torch.ones(2, 3, dtype=dtype))
    assert not parameter.any() and not optimizer.state
    with pytest.raises(ValueError, match="found parameters of the dtypes .*float16.*expected one"):
        HRGrad([parameter, nn.Parameter(torch.zeros(3, dtype=torch.float16))], metric=metric)
