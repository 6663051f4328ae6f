"""Codes for Knudsen numbers that a network with trained codes has not seen.

A meta-auto-decoder knows each of a few Knudsen numbers by a trained vector. At another one a new
vector is trained, by the same loss at that Knudsen number alone, with the network held fixed: eight
numbers instead of thousands. Losses at different Knudsen numbers share no unknown then, and Adam
treats every number by itself; so all are fitted at once, each as if it were alone. Or the network
is trained on as well, from where it is, which is a training of its own for every Knudsen number.

Source: Huang et al. 2022 (meta-auto-decoder), both variants.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from hrgradlib._system.progress import progress
from hrgradlib.experiments.solution import Solution, SolutionError
from hrgradlib.models.encodings import CodePerRegime
from hrgradlib.models.published import nearest
from hrgradlib.models.regime import regime
from hrgradlib.training.schedules import SCHEDULES

__all__ = ["CodeAtEach", "code_between", "code_of_nearest", "fit_codes", "known_eps", "losses"]

STEPS, POINTS, RATE, SEED = 500, 64, 1e-2, 0


class CodeAtEach(nn.Module):
    """A vector for each of E positions of ε in its range; others have that of the nearest.

    Args:
        positions: [E], rising, in [−1, 1].
        codes: [E, F].
    """

    positions: Tensor

    def __init__(self, positions: Tensor, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("positions", positions)
        self.codes = nn.Parameter(codes)

    def forward(self, position: Tensor) -> Tensor:
        """[N, 1] to [N, F]."""
        between = 0.5 * (self.positions[1:] + self.positions[:-1])
        return self.codes[torch.bucketize(position[:, 0].contiguous(), between)]


def code_between(solution: Solution, eps: ArrayLike) -> Solution:
    """The same network with a code for each ε: that of the line between its neighbours' codes.

    Nothing is trained. Between two trained Knudsen numbers the line is one in log ε.

    Args:
        solution: of a network with trained codes, ``--formulation published-codes``.
        eps: [E] Knudsen numbers in the trained range, rising.

    Returns:
        A solution that answers for these ε alone.

    Raises:
        SolutionError: a network without codes, or an ε that is NaN, outside the trained range, or
            not above the one before.
    """  # noqa: DOC502
    own, codes = _codes(solution)
    asked = _checked(solution, eps)
    lines = [np.interp(np.log(asked), np.log(own), column) for column in codes.T]
    return _knowing(solution, asked, np.stack(lines, 1))


def code_of_nearest(solution: Solution, eps: ArrayLike) -> Solution:
    """The same network with a code for each ε: that of the trained Knudsen number nearest to it.

    Arguments, result and errors as for :func:`code_between`.
    """
    own, codes = _codes(solution)
    asked = _checked(solution, eps)
    return _knowing(solution, asked, codes[nearest(own, torch.from_numpy(asked)).numpy()])


def fit_codes(
    solution: Solution,
    eps: ArrayLike,
    *,
    steps: int = STEPS,
    points: int = POINTS,
    rate: float = RATE,
    seed: int = SEED,
    network: bool = False,
    quiet: bool = True,
) -> Solution:
    """The same network with a code trained for each ε, from :func:`code_between` on, by Adam.

    Args:
        solution: of a network with trained codes, ``--formulation published-codes``.
        eps: [E] Knudsen numbers in the trained range, rising.
        steps, rate: of Adam; the rate rises over the first tenth and falls like a cosine to zero.
        points: collocation points of each ε, drawn anew every step.
        seed: of the points.
        network: train the network's weights too, for a single ε.
        quiet: no progress bar.

    Returns:
        A solution that answers for these ε alone.

    Raises:
        SolutionError: as :func:`code_between`; several ε, of which each would need a network; steps
            or points that are no whole number ≥ 1, or a rate that is not finite and positive; or
            what was fitted is not finite.

    Example:
        >>> from hrgradlib.experiments.specs import make_spec
        >>> spec = make_spec("transport-periodic-published", "sum", "smoke",
        ...                  formulation="published-codes")
        >>> untrained = Solution(spec, spec.build_model(), {})
        >>> fitted = fit_codes(untrained, [0.003, 0.3], steps=3)
        >>> fitted.density(t=0.1, x=[0.0, 0.5], eps=0.3).shape
        (2,)
    """
    _check_settings(steps=steps, points=points, rate=rate)
    found = code_between(solution, eps)
    model, spec = found.model, solution.spec
    own = known_eps(found)
    if network and len(own) > 1:
        raise SolutionError(
            f"found {len(own)} Knudsen numbers and network=True; expected one, as weights "
            "that were trained for one are not those of another"
        )
    residuals, generator = spec.case.residuals(spec), torch.Generator().manual_seed(seed)
    trained = [p for n, p in model.named_parameters() if network or n == "code.codes"]
    dtype = trained[0].dtype
    knudsen = torch.from_numpy(own).to(dtype)[:, None].expand(-1, points).flatten()
    optimizer = torch.optim.Adam(trained, lr=rate)
    schedule = SCHEDULES["cosine"](steps, rate, steps // 10)
    with progress(steps, "step", quiet=quiet) as bar:
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = schedule.rate(step)
            draw = torch.rand(2, len(knudsen), generator=generator, dtype=dtype)
            t = solution.problem.final_time * (1 - draw[0])
            misfits = residuals(model, t, draw[1], knudsen)
            # The mean over the points of each ε, the sum over ε: a code feels its own alone.
            loss = misfits.square().sum() / points
            for parameter, slope in zip(trained, torch.autograd.grad(loss, trained), strict=True):
                parameter.grad = slope
            optimizer.step()
            bar.update()
    if not all(bool(parameter.isfinite().all()) for parameter in trained):
        raise SolutionError(
            f"found NaN or inf in what was fitted, at rate = {rate:g}; expected finite codes: take "
            "a smaller rate"
        )
    return found


def _check_settings(**found: float) -> None:
    for name, value in found.items():
        if name == "rate":
            wanted, fits = "a finite number > 0", 0 < value < np.inf
        else:
            wanted, fits = "a whole number ≥ 1", isinstance(value, int) and value >= 1
        if not fits:
            raise SolutionError(f"found {name} = {value!r}; expected {wanted}")


def known_eps(solution: Solution) -> NDArray:
    """The Knudsen numbers that the network knows by codes, [E]."""
    found = solution.spec.case.only_eps(solution.model)
    assert found is not None  # of a network with codes
    return found


@torch.no_grad()
def losses(solution: Solution, points: int = 1024, seed: int = SEED + 1) -> NDArray:
    """What :func:`fit_codes` lowers, at each ε that the network knows, [E].

    Args:
        solution: of a network that knows few ε.
        points: collocation points of each, the same for all.
        seed: of the points; by default others than those of a fit.
    """
    model, spec = solution.model, solution.spec
    like = next(model.parameters())
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(2, points, generator=generator, dtype=like.dtype)
    t, x = solution.problem.final_time * (1 - draw[0]), draw[1]
    found = [
        spec.case.residuals(spec)(model, t, x, torch.full_like(t, eps)).square().sum() / points
        for eps in known_eps(solution)
    ]
    return torch.stack(found).double().numpy()


def _codes(solution: Solution) -> tuple[NDArray, NDArray]:
    """The trained Knudsen numbers [K], and their codes [K, F]."""
    code = getattr(solution.model, "code", None)
    if not isinstance(code, CodePerRegime):
        raise SolutionError(
            f"found formulation {solution.spec.formulation!r} of {solution.spec.problem}, whose "
            "network has no trained codes; expected a run with --formulation published-codes"
        )
    return known_eps(solution), code.codes.weight.detach().cpu().double().numpy().T


def _checked(solution: Solution, eps: ArrayLike) -> NDArray:
    asked = np.atleast_1d(np.asarray(eps, dtype=float))
    low, high = solution.problem.eps_range
    inside = (asked >= low * (1 - 1e-6)) & (asked <= high * (1 + 1e-6))
    if asked.ndim != 1 or not asked.size or not inside.all() or (np.diff(asked) <= 0).any():
        raise SolutionError(
            f"found eps of shape {asked.shape} between {asked.min(initial=np.inf):g} and "
            f"{asked.max(initial=-np.inf):g}; expected Knudsen numbers in [{low:g}, {high:g}], "
            "each above the one before"
        )
    return asked


def _knowing(solution: Solution, eps: NDArray, codes: NDArray) -> Solution:
    """A copy whose network knows these ε [E] by these codes [E, F]."""
    model: Any = copy.deepcopy(solution.model)
    like = next(model.parameters())
    places = regime(torch.from_numpy(eps), solution.problem.eps_range)
    model.code = CodeAtEach(places.to(like), torch.from_numpy(codes).to(like))
    model.own = eps
    return Solution(solution.spec, model, solution.result)
