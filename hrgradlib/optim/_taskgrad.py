"""K task gradients: for the price of one backward pass where that can be had, right everywhere.

Tasks are segments of one batch. The engine "one-backward" (:mod:`hrgradlib.optim._recorder`) lends
the model stand-ins for its parameters and reads all K gradients out of the backward pass of the
summed loss. What it cannot split it refuses, and ordinary backward passes take over
(:mod:`hrgradlib.optim._backwards`). The first result for a model is compared with an ordinary
backward pass (:mod:`hrgradlib.optim._check`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hrgradlib.optim._backwards import by_backwards, by_segments
from hrgradlib.optim._check import Verdict, difference, remembered
from hrgradlib.optim._recorder import Places, Recorder, matrix_for, trainable
from hrgradlib.optim._replay import Replay
from hrgradlib.optim._segments import Segments, read_sizes, segment_means, short
from hrgradlib.optim._standin import UnsupportedLayerError

__all__ = [
    "ENGINES",
    "FallbackWarning",
    "TaskGradients",
    "UnsupportedLayerError",
    "segment_means",
    "task_gradients",
]

ENGINES = ("one-backward", "segments", "backwards")


class FallbackWarning(UserWarning):
    """Gradients of a fast engine were found wrong; a slower one was taken.

    Example:
        >>> model, x = nn.Linear(2, 1), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> def mixed():  # the loss of a point depends on the others
        ...     return model(x)[:, 0].softmax(0)
        >>> with warnings.catch_warnings(record=True) as said:
        ...     warnings.simplefilter("always")
        ...     found = task_gradients(mixed, model, sizes=[2, 1])
        >>> found.engine, said[0].category.__name__
        ('backwards', 'FallbackWarning')
    """


class TaskGradients(NamedTuple):
    """Result of :func:`task_gradients`.

    Attributes:
        losses: [K] value of every task's loss, detached; NaN for an absent task.
        matrix: [K, n] row k is the gradient of loss k by all parameters, flattened in the order
            of ``model.parameters()`` (those that require a gradient); zero for an absent task.
        parameters: those parameters themselves, so that an optimizer can tell their order.
        engine: how the rows were found, one of ``ENGINES``, or "jac" (:meth:`from_jac`).
        present: K times whether the task had points.

    Example:
        >>> model = nn.Linear(3, 1)
        >>> found = TaskGradients(losses=torch.zeros(2), matrix=torch.arange(8.0).view(2, 4))
        >>> weight, bias = found.by_parameter(model)
        >>> weight.tolist(), bias.tolist()
        ([[[0.0, 1.0, 2.0]], [[4.0, 5.0, 6.0]]], [[3.0], [7.0]])
    """

    losses: Tensor
    matrix: Tensor
    parameters: tuple[nn.Parameter, ...] = ()
    engine: str = "one-backward"
    present: tuple[bool, ...] = ()

    def by_parameter(self, model: nn.Module) -> list[Tensor]:
        """Views of ``matrix``: one ``[K, *shape]`` tensor per trainable parameter."""
        parameters = trainable(model)
        blocks = self.matrix.split([p.numel() for p in parameters], dim=1)
        return [b.view(len(b), *p.shape) for b, p in zip(blocks, parameters, strict=True)]

    @staticmethod
    def from_jac(parameters: Sequence[nn.Parameter], losses: Tensor | None = None) -> TaskGradients:
        """What ``torchjd.autojac.backward`` left in ``.jac``, which is taken away.

        Args:
            parameters: in the order of the optimizer; zeros for one that no loss reached.
            losses: [K], for the record of the step.

        Raises:
            ValueError: no parameter has ``.jac``, or they are of different numbers of tasks.
        """
        trained = tuple(p for p in parameters if p.requires_grad)
        found = [getattr(p, "jac", None) for p in trained]
        counts = {len(jac) for jac in found if jac is not None}
        if len(counts) != 1:
            raise ValueError(
                f"TaskGradients.from_jac: found .jac of {sorted(counts)} tasks on "
                f"{len(trained)} parameters; expected one number: call torchjd.autojac.backward "
                "on the losses, once, before."
            )
        tasks = counts.pop()
        rows = [
            p.new_zeros(tasks, p.numel()) if jac is None else jac.flatten(1)
            for p, jac in zip(trained, found, strict=True)
        ]
        matrix = torch.cat(rows, 1).detach()
        for p, jac in zip(trained, found, strict=True):
            if jac is not None:
                del p.jac  # type: ignore[attr-defined]  # TorchJD's
        if losses is None:
            losses = matrix.new_full((tasks,), torch.nan)
        return TaskGradients(losses.detach(), matrix, trained, "jac", (True,) * tasks)


def task_gradients(
    point_losses: Callable[..., Tensor],
    model: nn.Module,
    sizes: Sequence[int] | Tensor,
    out: Tensor | None = None,
    *,
    points: Sequence[Tensor] = (),
    engine: str | None = None,
    check: bool | None = None,
) -> TaskGradients:
    """Gradients of the K task losses ``L_k = mean of the losses of task k's points``.

    **In one backward pass**: trainable parameters in ``linear`` (``nn.Linear``), matrix products
    from the right, embeddings and indexing by codes of the points; element by element (slopes,
    scales, biases, coefficients of an equation, of any shape); the affine part of layer, group,
    RMS and (in evaluation) batch normalisation, PReLU; and all expressions of parameters alone in
    these places (factorised, normalised, generated weights, networks on points that all tasks
    share). Layers must see the points as the **first** dimension, [N, ..., features], or the
    points of some consecutive tasks (heads of their own, one evaluation per term). Derivatives by
    inputs of any order, checkpointing, tied and frozen parameters do not matter; compiled code
    runs uncompiled meanwhile.

    **Falls back** to one backward pass per task: everything else that autograd can differentiate
    (convolutions, recurrent layers, attention between points, batch statistics, a layer whose
    rows serve several tasks, parameters used behind the model's back, ...).

    Args:
        point_losses: evaluates the model and returns the loss of every point, [N]. Points of a
            task are consecutive. Called as ``point_losses(*points)``.
        model: has all parameters that are trained.
        sizes: number of points of every task, ``Σ sizes = N``; a tensor (``torch.bincount``) will
            do. A task of size 0 is absent. Tasks of one size are fastest.
        out: [K, n] contiguous, overwritten and returned as ``matrix``; saves its allocation.
        points: tensors of first dimension N that ``point_losses`` is called with. They let the
            fallback be one forward and backward pass per task with its own points ("segments")
            instead of K backward passes through the whole batch ("backwards").
        engine: one of ``ENGINES`` to have no other; None chooses, and says what was chosen.
        check: compare with an ordinary backward pass of the whole batch; None: the first, second,
            fourth, eighth, … time that this code is evaluated with this model and these shapes
            (later on, what mixes rows may have been switched on). What is then found wrong
            (a loss of one row that depends on other rows, rows in another order inside the model,
            losses that differ from call to call) falls back with a :class:`FallbackWarning`.

    Returns:
        :class:`TaskGradients`; equal to K backward passes up to rounding.

    Raises:
        UnsupportedLayerError: ``engine`` is given and cannot do it, or is found wrong.
        ValueError: ``sizes`` do not sum to N, the losses have the wrong shape or no gradient, or
            the model has no trainable parameter.

    Example:
        Two tasks of the model ``w x`` with the loss ``(w x)²``, whose gradient is ``2 w x²``:

        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 3.0)
        >>> x = torch.tensor([[1.0], [1.0], [2.0]])
        >>> found = task_gradients(lambda: model(x)[:, 0].square(), model, sizes=[2, 1])
        >>> found.losses.tolist(), found.matrix.tolist(), found.engine
        ([9.0, 36.0], [[6.0], [24.0]], 'one-backward')
    """  # noqa: DOC502 (raised by what it calls)
    numbers = read_sizes(sizes, "task_gradients")
    return gradients_of(point_losses, model, numbers, out, points, engine, check, point_losses)


def gradients_of(
    point_losses: Callable[..., Tensor],
    model: nn.Module,
    sizes: tuple[int, ...],
    out: Tensor | None,
    points: Sequence[Tensor],
    engine: str | None,
    check: bool | None,
    written: Callable,
) -> TaskGradients:
    """:func:`task_gradients`; the check is remembered for the code of ``written``."""
    if engine is not None and engine not in ENGINES:
        raise ValueError(f"task_gradients: found engine = {engine!r}; expected one of {ENGINES}.")
    places = Places.of(model)
    if not places.parameters:
        raise ValueError("task_gradients: the model has no trainable parameter.")
    if any(len(p) != sum(sizes) for p in points):
        raise ValueError(
            f"task_gradients: found points of lengths {[len(p) for p in points]}; expected "
            f"{sum(sizes)}, to which sizes = {short(sizes)} sum."
        )
    verdict = remembered(written, model, places, sizes)
    job = _Job(point_losses, model, places, sizes, out, points, verdict)
    with torch.enable_grad():
        return job.run(engine, check)


class _Job:
    """One call of :func:`task_gradients`."""

    def __init__(self, point_losses, model, places, sizes, out, points, verdict) -> None:
        self.point_losses, self.model, self.places = point_losses, model, places
        self.parameters = places.parameters
        self.sizes, self.out, self.points = sizes, out, points
        self.verdict: Verdict = verdict

    def run(self, engine: str | None, check: bool | None) -> TaskGradients:
        known = self.verdict.engine
        due = check is not False and (self.verdict.due() or bool(check))
        replay = Replay(self.model) if due or known is None else None
        judge = replay if due else None
        if engine is not None:
            found = self._gradients(engine)
            wrong = None if judge is None else self._wrong(found, judge)
            if wrong is not None:
                raise UnsupportedLayerError(
                    f"task_gradients: engine {engine!r} is wrong here: {wrong} than an ordinary "
                    "backward pass. Leave the choice to engine=None."
                )
            return found
        for name in self._candidates(known):
            attempt = self._attempt(name)
            if attempt is not None:
                found = attempt
                if judge is None or name == "backwards":
                    break
                wrong = self._wrong(found, judge)
                if wrong is None:
                    break
                warnings.warn(
                    f"task_gradients: engine {name!r} is wrong here: {wrong} than an ordinary "
                    "backward pass. A point's loss depends on other points, or losses differ from "
                    "call to call; K backward passes are taken from now on.",
                    FallbackWarning,
                    stacklevel=4,
                )
            if replay is not None:
                replay.rewind()
        if due or name == "backwards":
            self.verdict.engine = name
        return found

    def _candidates(self, known: str | None) -> list[str]:
        names = ENGINES[ENGINES.index(known or ENGINES[0]) :]
        return [name for name in names if name != "segments" or self.points]

    def _attempt(self, name: str) -> TaskGradients | None:
        """None if it cannot be done; what fails in the last engine is the caller's."""
        if name == "backwards":
            return self._gradients(name)
        try:
            return self._gradients(name)
        except Exception:  # whatever stand-ins, or pieces of a batch, make fail
            return None

    def _gradients(self, name: str) -> TaskGradients:
        if name == "one-backward":
            losses, matrix = self._one_backward()
        else:
            matrix = matrix_for(self.parameters, len(self.sizes), self.out)
            losses = self._by_segments(matrix) if name == "segments" else self._backwards(matrix)
        present = tuple(size > 0 for size in self.sizes)
        return TaskGradients(losses, matrix, self.parameters, name, present)

    def _one_backward(self) -> tuple[Tensor, Tensor]:
        recorder = Recorder(self.model, self.places, self.sizes, self.out)
        with recorder.lending():
            values = self._evaluate()
            losses = recorder.segments.mean(values.detach())
            recorder.backward(values, self.verdict.blocks)
        return losses, recorder.matrix

    def _by_segments(self, matrix: Tensor) -> Tensor:
        if not self.points:
            raise ValueError("task_gradients: engine = 'segments' needs points = (...).")
        values = by_segments(self.point_losses, self.points, self.parameters, self.sizes, matrix)
        return self._means(self._checked(values))

    def _backwards(self, matrix: Tensor) -> Tensor:
        replay = Replay(self.model)
        values = self._evaluate()
        by_backwards(values, self._evaluate, self.parameters, self.sizes, matrix, replay)
        return self._means(values.detach())

    def _means(self, values: Tensor) -> Tensor:
        return Segments(self.sizes, values.device).mean(values)

    def _wrong(self, found: TaskGradients, replay: Replay) -> str | None:
        """What differs from an ordinary evaluation."""
        replay.rewind()
        return difference(found.losses, found.matrix, self._evaluate(), self.parameters, self.sizes)

    def _evaluate(self) -> Tensor:
        values = self._checked(self.point_losses(*self.points))
        if not values.requires_grad:
            raise ValueError(
                "task_gradients: the losses have no gradient; expected them to be made with the "
                "model's parameters, outside torch.no_grad()."
            )
        return values

    def _checked(self, values: Tensor) -> Tensor:
        rows = sum(self.sizes)
        if not isinstance(values, Tensor) or values.shape != (rows,):
            found = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
            raise ValueError(
                f"task_gradients: the losses have shape {found}; expected ({rows},), "
                f"one per point, since sizes = {short(self.sizes)} sum to {rows}."
            )
        return values
