"""What a step costs: counts that can be made with a pencil, and measurements kept with the book.

The measurements come from ``benchmarks/step_time.py`` and ``step_memory.py``, which name the steps
as :data:`LABELS` does; the counts are those of chapter 13.
"""

from __future__ import annotations

from torch import nn

from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.store import read

__all__ = [
    "LABELS",
    "cell",
    "gauss_newton_flops",
    "layer_macs",
    "network_flops",
    "passes",
    "separate_passes",
    "state_floats",
    "stored",
]

#: Names of the measured steps as figures and tables write them.
LABELS = {
    name: label_of(name)
    for name in (
        "sum",
        "hrgrad",
        "hrgrad-identity",
        "hrgrad-guard",
        "sum-soap",
        "hrgrad-soap",
        "backwards",
        "torchjd",
        "conflictfree",
    )
} | {
    "forward": "losses alone",
    "gradient": "gradient of the sum alone",
    "soap": "sum, SOAP of pytorch_optimizer",
    "gradients": "task gradients alone",
    "segment-gradients": "a pass over every segment, gradients alone",
    "torchjd-gradients": "TorchJD, task gradients alone",
    "sum-small": "sum, Adam (small network)",
    "hrgrad-gn": "HRGrad, Gauss–Newton (small network)",
}


def stored(name: str) -> dict:
    """A stored measurement: ``rows`` of all its cells, ``machine`` (that of the first)."""
    cells = read(name)
    rows = [row for cell in cells for row in cell.values["rows"]]
    return {"rows": rows, "machine": cells[0].origin.machine}


def cell(rows: list[dict], tasks: int, points: int, step: str) -> dict:
    """The row of one measurement.

    Raises:
        KeyError: it was not made.
    """
    for row in rows:
        if (row["tasks"], row["points"], row["step"]) == (tasks, points, step):
            return row
    raise KeyError(f"no measurement of {step!r} with {tasks} tasks of {points} points")


def layer_macs(model: nn.Module) -> int:
    """Multiply–adds of one row through every linear layer once, ``Σ in · out``."""
    return sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Linear))


def network_flops(macs: int, rows: int, gradients: int = 1) -> int:
    """Floating-point operations of one forward pass and ``gradients`` backward passes.

    Each layer multiplies rows by its weight: once forward; backward once for the gradient of its
    input and once for that of its weight.

    Args:
        macs: of :func:`layer_macs`.
        rows: points times streams.
        gradients: backward passes over all rows.
    """
    return 2 * macs * rows * (1 + 2 * gradients)


def passes(tasks: int) -> float:
    """Work of K backward passes over that of one, each with its forward pass: ``(1 + 2K)/3``."""
    return (1 + 2 * tasks) / 3


def separate_passes(rows: list[dict], tasks: int, points: int) -> float:
    """As :func:`passes`, from measured times of one forward pass f and one backward pass b.

    Returns:
        ``(f + K b)/(f + b)``.
    """
    forward = cell(rows, tasks, points, "forward")["milliseconds"]
    both = cell(rows, tasks, points, "gradient")["milliseconds"]
    return (forward + tasks * (both - forward)) / both


def state_floats(tasks: int, parameters: int) -> dict[str, int]:
    """Numbers that a step holds beside activations and parameters.

    Returns:
        In float32: for the sum under Adam (gradient and two moments) and for HRGrad in Adam's
        metric (K gradients, K first moments before and after the step, both scaled by the metric's
        root, of which the moments are float64 and count twice; one second moment).
    """
    return {"sum": 3 * parameters, "hrgrad": (6 * tasks + 1) * parameters}


def gauss_newton_flops(residuals: int, parameters: int, tasks: int) -> dict[str, float]:
    """Operations of one step in the Gauss–Newton metric, by part.

    The kernel of the smaller side counts half, as it is symmetric; the solve has 2K right-hand
    sides; moments (K), solutions (2K) and steps (2K) are multiplied by the Jacobian.
    """
    small = min(residuals, parameters)
    return {
        "kernel": float(residuals * parameters * small),
        "factorisation": small**3 / 3,
        "solves": 2.0 * 2 * tasks * small**2,
        "products": 10.0 * tasks * residuals * parameters,
    }
