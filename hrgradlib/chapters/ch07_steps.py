"""Chapter 7, small trainings: how far single numbers move, tasks that agree, scaled losses.

Every network here has some hundred parameters, and every training takes about a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import HRGrad, TaskGradients, harmonize_array, task_gradients

__all__ = [
    "Heads", "Moved", "copies", "fan", "farthest_sequence", "rescaled_steps",
    "scaled", "two_heads",
]  # fmt: skip

_ROWS = 64  # collocation points of every task
_BETAS = (0.9, 0.99)


# --- how far a single number moves ---------------------------------------------------------------


def farthest_sequence(betas: tuple[float, float], steps: int) -> NDArray:
    """Adam's ``m̂/√v̂`` at every step of the gradients ``(β₁/β₂)^(T−t)``, which end at the bound.

    Args:
        betas: ``(β₁, β₂)``.
        steps: T.

    Returns:
        [T], in learning rates.
    """
    beta1, beta2 = betas
    first = second = 0.0
    moved = np.zeros(steps)
    for t in range(1, steps + 1):
        gradient = (beta1 / beta2) ** (steps - t)
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        moved[t - 1] = first / (1 - beta1**t) / np.sqrt(second / (1 - beta2**t))
    return moved


class Heads(nn.Module):
    """Two heads on one trunk: task k reads the k-th half of the rows by the k-th head."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Linear(4, 16)
        self.heads = nn.ModuleList([nn.Linear(16, 1), nn.Linear(16, 1)])

    def forward(self, x: Tensor) -> Tensor:
        """[2N, 4] to [2N]."""
        hidden = torch.tanh(self.trunk(x))
        first, second = (head(hidden)[:, 0] for head in self.heads)
        return torch.where(torch.arange(len(x)) < len(x) // 2, first, second)


class Moved(NamedTuple):
    """What a training of :class:`Heads` did.

    Attributes:
        farthest: [T] the farthest that any parameter moved, in learning rates.
        losses: [T, 2] mean squares, without the scale.
    """

    farthest: NDArray
    losses: NDArray


def two_heads(kind: str, scale: float, steps: int, lr: float = 1e-2, seed: int = 0) -> Moved:
    """Train two regressions, the second loss multiplied by ``scale``.

    Args:
        kind: "sum" (Adam), "hrgrad", or "unbounded": HRGrad with the second moment of the plain
            sum, and no step shortened.
        scale: of the second loss.
        steps: T.
        lr: learning rate.
        seed: of network and data.
    """
    torch.manual_seed(seed)
    model = Heads().double()
    x = torch.randn(2 * _ROWS, 4, dtype=torch.float64)
    targets = torch.cat([torch.sin(2 * x[:_ROWS, 0]), torch.cos(x[_ROWS:].sum(1))])
    factors = torch.cat([torch.ones(_ROWS), torch.full((_ROWS,), scale)]).double()
    move = _mover(kind, model, lr)
    farthest, losses = [], []
    for _ in range(steps):
        found = task_gradients(
            lambda: factors * (model(x) - targets).square(), model, [_ROWS, _ROWS]
        )
        before = nn.utils.parameters_to_vector(model.parameters()).detach()
        move(found)
        after = nn.utils.parameters_to_vector(model.parameters()).detach()
        farthest.append(float((after - before).abs().max()) / lr)
        losses.append(found.losses.numpy() / np.array([1.0, scale]))
    return Moved(np.array(farthest), np.array(losses))


def _mover(kind: str, model: nn.Module, lr: float) -> Callable[[TaskGradients], object]:
    """(task gradients) → one step."""
    parameters = list(model.parameters())
    if kind == "hrgrad":
        optimizer = HRGrad(parameters, lr=lr)
        return lambda found: optimizer.step(found, observe=False)
    if kind == "sum":
        adam = torch.optim.Adam(parameters, lr=lr, betas=_BETAS)

        def move(found: TaskGradients) -> None:
            _put(parameters, found.matrix.sum(0))
            adam.step()

        return move
    return _Unbounded(parameters, lr)


class _Unbounded:
    """HRGrad in the metric of Adam on the plain sum, its step taken as it comes."""

    def __init__(self, parameters: Sequence[nn.Parameter], lr: float) -> None:
        self.parameters, self.lr, self.steps = parameters, lr, 0
        self.first = self.second = torch.zeros(())

    def __call__(self, found: TaskGradients) -> None:
        matrix, (beta1, beta2) = found.matrix, _BETAS
        self.steps += 1
        self.first = beta1 * self.first + (1 - beta1) * matrix
        self.second = beta2 * self.second + (1 - beta2) * matrix.sum(0).square()
        moments = self.first / (1 - beta1**self.steps)
        metric = 1 / ((self.second / (1 - beta2**self.steps)).sqrt() + 1e-8)
        gramian = ((moments * metric) @ moments.mT).numpy()
        weights = harmonize_array(gramian, 0.5, "maxmin", 1e-16).weights
        step = metric * (torch.from_numpy(weights) @ moments)
        with torch.no_grad():
            for p, part in zip(self.parameters, _parts(self.parameters, step), strict=True):
                p.sub_(self.lr * part)


def _parts(parameters: Sequence[nn.Parameter], flat: Tensor) -> list[Tensor]:
    pieces = flat.split([p.numel() for p in parameters])
    return [piece.view(p.shape) for piece, p in zip(pieces, parameters, strict=True)]


def _put(parameters: Sequence[nn.Parameter], flat: Tensor) -> None:
    for p, part in zip(parameters, _parts(parameters, flat), strict=True):
        p.grad = part.clone()


# --- tasks that agree ----------------------------------------------------------------------------


def fan(half: float, lift: float, against: float, weak: float) -> NDArray:
    """Three gradients of length one that nearly agree, and a weak fourth against them.

    Args:
        half: half opening angle of the fan (radians).
        lift: angle by which the middle one leaves the plane of the outer two.
        against: cosine of the fourth with the middle of the fan.
        weak: length of the fourth.

    Returns:
        [4, 4], one gradient per row.
    """
    turns = np.array([-half, 0.0, half])
    rows = np.zeros((4, 4))
    rows[:3, 0], rows[:3, 1] = np.cos(turns), np.sin(turns)
    rows[1] = np.cos(lift), 0, np.sin(lift), 0
    rows[3] = weak * np.array([against, 0, 0, np.sqrt(1 - against**2)])
    return rows


def copies(kind: str, tasks: int, steps: int, seed: int = 0, lr: float = 1e-2) -> NDArray:
    """K copies of one regression, every copy on sample points of its own.

    Args:
        kind: "sum" (Adam) or an axis of :func:`hrgradlib.harmonize`.
        tasks: K.
        steps: T.
        seed: of network and points.
        lr: learning rate, constant.

    Returns:
        [T] mean square over all points before every step.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(),
                          nn.Linear(16, 1)).double()  # fmt: skip
    x = 2 * torch.rand(16 * tasks, 1, generator=generator, dtype=torch.float64) - 1
    wanted = torch.sin(3 * x)
    if kind == "sum":
        move = _mover("sum", model, lr)
    else:
        optimizer = HRGrad(model.parameters(), lr=lr, axis=kind)

        def move(found: TaskGradients) -> None:
            optimizer.step(found, observe=False)

    seen = []
    for _ in range(steps):
        found = task_gradients(lambda: (model(x) - wanted).square()[:, 0], model, [16] * tasks)
        move(found)
        seen.append(float(found.losses.mean()))
    return np.array(seen)


# --- what rotation is for ------------------------------------------------------------------------


def scaled(
    harmony: float | None, scales: NDArray, steps: int, seed: int = 0, lr: float = 5e-2
) -> float:
    """K sets of six linear equations with one common solution in 20 unknowns, losses scaled.

    Args:
        harmony: ``κ``, or None for Adam on the sum.
        scales: [K] what the mean squared residuals are multiplied by.
        steps: T, at a learning rate that falls to zero along a cosine.
        seed: of the equations.
        lr: learning rate at the first step.

    Returns:
        Worst residual of a set (Euclidean) after the last step, over that before the first.
    """
    rng = np.random.default_rng(seed)
    rows = torch.from_numpy(rng.standard_normal((len(scales), 6, 20)))
    solution = torch.from_numpy(rng.standard_normal(20))
    unknown = nn.Parameter(torch.zeros(20, dtype=torch.float64))
    factors = torch.as_tensor(scales).double()[:, None] / 3
    harmonised = None if harmony is None else HRGrad([unknown], lr=lr, harmony=harmony)
    adam = torch.optim.Adam([unknown], lr=lr, betas=_BETAS)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(harmonised or adam, steps)
    for _ in range(steps):
        residuals = rows @ (unknown.detach() - solution)
        gradients = factors * torch.einsum("km,kmn->kn", residuals, rows)
        if harmonised is None:
            unknown.grad = gradients.sum(0)
            adam.step()
        else:
            harmonised.step(gradients, observe=False)
        slower.step()
    left = (rows @ (unknown.detach() - solution)).norm(dim=1)
    return float((left / (rows @ solution).norm(dim=1)).max())


def rescaled_steps(scales: NDArray, steps: int, seed: int = 0) -> NDArray:
    """What is invariant, measured: HRGrad with κ = 1 on two quadratics and on the same, scaled.

    Both start from the raw gradients, harmonised: their first weights differ by ``1/s_k``, up to
    one factor, which is what the theorem wants.

    Returns:
        [steps, 3] cosine of both runs' steps, ratio of their lengths, and ``w'_1 s_1 / w_1`` over
        ``w'_2 s_2 / w_2``.
    """
    rng, n = np.random.default_rng(seed), 12
    frames = np.linalg.qr(rng.standard_normal((2, n, n)))[0]
    curved = frames * 10 ** rng.uniform(-1, 0, (2, 1, n)) @ np.swapaxes(frames, 1, 2)
    centres = rng.standard_normal(n) + 0.5 * rng.standard_normal((2, n))
    runs = []
    for factors in (np.ones(2), np.asarray(scales)):
        place = nn.Parameter(torch.zeros(n, dtype=torch.float64))
        optimizer = HRGrad([place], lr=1e-2, harmony=1.0, tiny=1e-30)
        rows = []
        for _ in range(steps):
            before = place.detach().numpy().copy()
            slopes = np.einsum("kij,kj->ki", curved, before - centres)
            record = optimizer.step(torch.from_numpy(factors[:, None] * slopes), observe=False)
            rows.append((place.detach().numpy() - before, record.weights * factors))
        runs.append(rows)
    found = []
    for (one, plain), (other, weighted) in zip(*runs, strict=True):
        lengths = np.linalg.norm(one), np.linalg.norm(other)
        ratio = weighted / plain
        found.append((one @ other / np.prod(lengths), lengths[1] / lengths[0], ratio[0] / ratio[1]))
    return np.array(found)
