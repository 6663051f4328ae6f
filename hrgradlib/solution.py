"""A trained network as a function of (t, x, v, ε) for NumPy users."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from hrgradlib.experiments.assemble import build_model, problem_of
from hrgradlib.experiments.specs import Spec
from hrgradlib.kinetics.velocity import legendre

__all__ = ["Solution", "SolutionError", "load_solution"]


class SolutionError(ValueError):
    """A folder holds no readable solution, or a point lies outside what was trained."""


class Solution:
    """Solution of a kinetic equation for every trained ε; see :func:`load_solution`.

    Attributes:
        spec: how it was trained.
        problem: data and ranges.
        result: errors against the reference, as measured at the end of the run.
    """

    def __init__(self, spec: Spec, model: torch.nn.Module, result: dict) -> None:
        self.spec, self.model, self.result = spec, model.eval(), result
        self.problem = problem_of(spec)

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρ(t, x; ε)``; arguments broadcast, dimensionless.

        Raises:
            SolutionError: NaN, t outside [0, T], or ε outside the trained range.
        """
        return self._evaluate(t=t, x=x, eps=eps)[0]

    def distribution(self, t: ArrayLike, x: ArrayLike, v: ArrayLike, eps: ArrayLike) -> NDArray:
        """``f(t, x, v; ε) = ρ + ε Σ_k b_k φ_k(v)``; arguments broadcast, dimensionless.

        Raises:
            SolutionError: as in :meth:`density`, or v outside [−1, 1].
        """
        t, x, v, eps = _broadcast(t=t, x=x, v=v, eps=eps)
        if not (np.abs(v) <= 1).all():
            raise SolutionError("found NaN in v or |v| > 1; expected v in [-1, 1]")
        density, coefficients = self._evaluate(t=t, x=x, eps=eps)
        basis = legendre(v, coefficients.shape[-1])[..., 1:]
        return density + eps * (coefficients * basis).sum(-1)

    def _evaluate(self, **arguments: ArrayLike) -> tuple[NDArray, NDArray]:
        arrays = {name: np.asarray(a, dtype=float) for name, a in arguments.items()}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise SolutionError(f"found NaN or inf in {name}")
        low, high = self.problem.eps_range
        self._inside("eps", arrays["eps"], low, high)
        self._inside("t", arrays["t"], 0.0, self.problem.final_time)
        grid = _broadcast(**arrays)
        dtype = next(self.model.parameters()).dtype
        points = [torch.tensor(g.ravel(), dtype=dtype) for g in grid]
        with torch.no_grad():
            density, coefficients = self.model(*points)
        shape = grid[0].shape
        return density.double().numpy().reshape(shape), coefficients.double().numpy().reshape(
            *shape, coefficients.shape[1]
        )

    @staticmethod
    def _inside(name: str, array: NDArray, low: float, high: float) -> None:
        slack = 1e-6 * high
        if array.size and (array.min() < low * (1 - 1e-6) or array.max() > high + slack):
            raise SolutionError(
                f"found {name} from {array.min():g} to {array.max():g}; "
                f"expected the trained range [{low:g}, {high:g}]"
            )


def _broadcast(**arguments: ArrayLike) -> tuple[NDArray, ...]:
    arrays = {name: np.asarray(a, dtype=float) for name, a in arguments.items()}
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError as error:
        shapes = {name: array.shape for name, array in arrays.items()}
        raise SolutionError(f"found shapes {shapes}, which do not broadcast") from error


def load_solution(folder: str | Path) -> Solution:
    """The solution that ``hrgrad run … --out FOLDER`` wrote.

    Raises:
        SolutionError: the folder holds no finished run, or a file of it is damaged.
    """
    folder = Path(folder)
    try:
        raw = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        if "failed" in result:
            raise SolutionError(f"{folder} holds a run that failed: {result['failed']}")
        spec = Spec(**{f.name: raw[f.name] for f in fields(Spec)})
        model = build_model(spec)
        state = torch.load(folder / "model.pt", weights_only=True, map_location="cpu")
        model.load_state_dict(state)
    except FileNotFoundError as error:
        raise SolutionError(f"{folder} holds no finished run: no {Path(error.filename).name}; "
                            "finish it with hrgrad run … --resume") from error
    except SolutionError:
        raise
    except Exception as error:  # damaged JSON or weights raise many kinds
        raise SolutionError(f"{folder} cannot be read ({type(error).__name__}: {error})") from error
    return Solution(spec, model, result)
