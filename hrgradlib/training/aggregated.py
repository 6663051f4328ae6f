"""Gradient surgery of others: the K task gradients become one, by TorchJD's code, then Adam.

Published rules for conflicting gradients, all under the same Adam on the same task gradients. Only
DCGD, which TorchJD lacks, is written here.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from importlib.util import find_spec
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hrgradlib.optim import StepRefused, TaskGradients
from hrgradlib.training._extras import Chance, require
from hrgradlib.training._products import flat, products, refuse_not_finite
from hrgradlib.training.methods import PlainSum, Settings

__all__ = [
    "CAGrad",
    "AlignedMTL",
    "DualCone",
    "GradDrop",
    "GradientSurgery",
    "IMTLG",
    "MGDA",
    "NashMTL",
    "PCGrad",
    "UPGrad",
    "failures",
]


def failures() -> tuple[type[Exception], ...]:
    """What the rules, and the solvers behind them, raise for gradients that they find no way for.

    TorchJD itself and quadprog raise ``ValueError``, of which NumPy's ``LinAlgError`` is one.
    """
    kinds: list[type[Exception]] = [torch.linalg.LinAlgError, ArithmeticError, ValueError]
    if find_spec("qpsolvers"):
        from qpsolvers.exceptions import QPError

        kinds.append(QPError)
    if find_spec("cvxpy"):
        from cvxpy.error import SolverError

        kinds.append(SolverError)
    return tuple(kinds)


class GradientSurgery(PlainSum, ABC):
    """A rule that weighs the task gradients, all of which it sees; then Adam."""

    combines = True

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.chance = Chance()

    @abstractmethod
    def weigh(self, found: TaskGradients, scale: Tensor) -> Tensor:
        """[K] float64, from rows of the order of ``scale``."""

    def weights(self, found: TaskGradients) -> Tensor:
        refuse_not_finite(found.losses, found)
        scale = torch.linalg.matrix_norm(found.matrix.double())
        if not bool(scale > 0):
            return torch.ones_like(found.losses)
        with self.chance.drawing(self.model):
            try:
                weights = self.weigh(found, scale)
            except failures() as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise StepRefused(f"{self.summary}: {reason}") from error
        if not bool(weights.isfinite().all()):
            raise StepRefused(f"{self.summary}: no finite weights for these gradients")
        return weights.to(found.matrix)

    def state_dict(self) -> dict:
        return super().state_dict() | {"chance": self.chance.state}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.chance.state = state["chance"]


class _TorchJDRule(GradientSurgery):
    """A rule of TorchJD, built when the number of tasks is known.

    It is given the Gramian over its trace. It gives the same weights for any multiple; its
    thresholds are meant for gradients of about length one.
    """

    packages: ClassVar[tuple[str, ...]] = ("torchjd",)
    extra: ClassVar[str] = "torchjd"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        require(self.summary, self.packages, self.extra)
        super().__init__(model, settings)
        self.rule_used: nn.Module | None = None

    @abstractmethod
    def build(self, tasks: int) -> nn.Module:
        """TorchJD's weighting."""

    def weigh(self, found: TaskGradients, scale: Tensor) -> Tensor:
        rows = found.matrix.double() / scale
        return self._rule(len(rows))(rows @ rows.T)

    def _rule(self, tasks: int) -> Any:
        if self.rule_used is None:
            self.rule_used = self.build(tasks)
        return self.rule_used


class PCGrad(_TorchJDRule):
    summary = "PCGrad: conflicting gradients projected pair by pair, then Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import PCGradWeighting

        return PCGradWeighting()


class MGDA(_TorchJDRule):
    summary = "MGDA: the shortest convex combination of the gradients, then Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import MGDAWeighting

        return MGDAWeighting()


class IMTLG(_TorchJDRule):
    summary = "IMTL-G: equal projections on all unit gradients, then Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import IMTLGWeighting

        return IMTLGWeighting()


class AlignedMTL(_TorchJDRule):
    summary = "Aligned-MTL: the gradients' matrix with equal singular values, then Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import AlignedMTLWeighting

        return AlignedMTLWeighting()


class UPGrad(_TorchJDRule):
    summary = "UPGrad: every gradient projected on the dual cone of all, then Adam (TorchJD)"
    packages = ("torchjd", "qpsolvers", "quadprog")
    extra = "torchjd[quadprog_projector]"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import UPGradWeighting

        return UPGradWeighting()


class CAGrad(_TorchJDRule):
    """The radius is half the mean gradient's length, as in most of its authors' experiments."""

    summary = "CAGrad: the best worst decrease in a ball around the mean, then Adam (TorchJD)"
    packages = ("torchjd", "cvxpy", "clarabel")
    extra = "torchjd[cagrad]"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import CAGradWeighting

        return CAGradWeighting(c=0.5)


class NashMTL(_TorchJDRule):
    """Weights are renewed every 25 steps, as its authors also do, to save time.

    It is given the gradients as they are: it cuts the sum that it makes of them to length one,
    which is a part of the method and no matter of units.
    """

    summary = "Nash-MTL: the tasks' bargain, renewed every 25 steps, then Adam (TorchJD)"
    packages = ("torchjd", "cvxpy", "ecos")
    extra = "torchjd[nash_mtl]"
    every: ClassVar[int] = 25
    settles_after: ClassVar[int] = 2 * every

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import NashMTL as Rule

        return Rule(tasks, update_weights_every=self.every).weighting

    def weigh(self, found: TaskGradients, scale: Tensor) -> Tensor:
        del scale
        rows = found.matrix.double()
        if len(rows) == 1:  # with whom should it bargain?
            return torch.ones(1, dtype=rows.dtype, device=rows.device)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cvxpy's, on what its formulation costs
            return self._rule(len(rows))(rows)

    def state_dict(self) -> dict:
        rule: Any = self.rule_used
        kept = None if rule is None else torch.as_tensor(rule.prvs_alpha, dtype=torch.float64)
        return super().state_dict() | {"bargain": kept, "taken": 0 if rule is None else rule.step}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.rule_used = None
        if (kept := state["bargain"]) is not None:
            rule = self._rule(len(kept))
            rule._init_optim_problem()
            rule.prvs_alpha, rule.step = kept.numpy().copy(), state["taken"]


class DualCone(GradientSurgery):
    """``d = ⟨c, Σ g⟩ c / ‖c‖²``, ``c = Σ g_k/‖g_k‖``: the total gradient's part along the centre.

    The rule of Hwang and Lim (arXiv 2409.18426, equation of DCGD (Center)) knows two losses, whose
    angle c halves. Of K > 2 losses c is not equally far from all, and d may leave the dual cone.
    """

    summary = "DCGD (Center): the sum's part along the sum of unit gradients, then Adam"

    def weigh(self, found: TaskGradients, scale: Tensor) -> Tensor:
        rows = found.matrix.double() / scale
        norms = rows.norm(dim=1).clamp_min(torch.finfo(rows.dtype).tiny)
        centre = (rows / norms[:, None]).sum(0)
        along = (rows.sum(0) @ centre) / (centre @ centre).clamp_min(torch.finfo(rows.dtype).tiny)
        return along / norms


class GradDrop(_TorchJDRule):
    """Weighs no task but every number of every gradient: in each place one sign survives."""

    summary = "GradDrop: in every place gradients of one sign, drawn, survive, then Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.aggregation import GradDrop as Rule

        return Rule()

    def weights(self, found: TaskGradients) -> Tensor:
        return torch.ones_like(found.losses)

    @torch.no_grad()
    def _from_tasks(self, found: TaskGradients, observe: bool) -> dict:
        refuse_not_finite(found.losses, found)
        with self.chance.drawing(self.model):
            direction = self._rule(len(found.losses))(found.matrix)
        before = flat(self.model)
        one = found._replace(matrix=direction[None], losses=found.losses[:1])
        record = super()._from_tasks(one, False)
        record["losses"] = found.losses.double().cpu().numpy()
        if observe:
            seen = products(found.matrix, before - flat(self.model), self._root_metric())
            record |= {name: value.cpu().numpy() for name, value in seen.items()}
        return record
