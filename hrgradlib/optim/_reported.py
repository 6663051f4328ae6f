"""HRGrad as publicly reported: anchor, rotation, ConFIG. All of it on the K×K Gramian.

1. *Anchor*: the sum of the normalised extreme rays of the harmonised cone (``_rays``).
2. *Rotation* of the gradients in conflict towards the anchor, lengths kept, and
3. *angles* by an inner descent (``_turning``).
4. *Aggregation*: ConFIG of the rotated gradients (``_config``).

As worded, a gradient conflicts if its product with the *anchor* is negative. None ever is: the
anchor is a sum of vectors that oppose no gradient (chapter 7). So there are two readings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._config import Units, config_coefficients, units_of
from hrgradlib.optim._rays import rays
from hrgradlib.optim._turning import Inner, turn

__all__ = ["READINGS", "Reported", "reported_weights"]

#: What a gradient must oppose in order to be rotated.
READINGS = ("gradients", "anchor")


class Reported(NamedTuple):
    """What the four stages found.

    Attributes:
        weights: [K] the update is ``Σ_k w_k g_k``.
        anchor: [K] on the unit gradients; zero where there is none.
        angles: [K] in radians, by which the gradients were rotated; zero for most.
        rotated: [K, K] the unit gradients after rotation, on those before it, by row.
        opposed: [K] bool, gradients *as they were* that the update opposes.
    """

    weights: NDArray
    anchor: NDArray
    angles: NDArray
    rotated: NDArray
    opposed: NDArray


def reported_weights(
    gramian: NDArray,
    reading: str = "gradients",
    inner: Inner | None = None,
    spread: float = 0.0,
    roundoff: float = float(np.finfo(float).eps),
) -> Reported:
    """Weights of HRGrad as reported (Z. Liang, arXiv 2604.24745; a third party's notes).

    Args:
        gramian: [K, K] float64, of gradients or, as reported, of first moments.
        reading: a gradient is rotated if it opposes one of the other ``"gradients"``, or the
            ``"anchor"`` (as worded; it never does).
        inner: hyperparameters of the angles.
        spread: standard deviation of the losses' relative changes, which sets the inner steps.
        roundoff: unit roundoff of the arithmetic that made the Gramian.

    Raises:
        StepRefused: NaN or inf, or a cone of too many rays.
        ValueError: unknown reading.

    Note:
        The promise is for the *rotated* gradients; ``opposed`` says which of the original ones the
        update pushes uphill. Where nothing is rotated this is ConFIG.

    Example:
        Nothing in conflict, nothing rotated; and two gradients at 120°, which are turned:

        >>> calm = reported_weights(np.array([[1.0, 0.5], [0.5, 1.0]]))
        >>> calm.weights.round(6).tolist(), calm.angles.tolist()
        ([1.0, 1.0], [0.0, 0.0])
        >>> torn = reported_weights(np.array([[1.0, -0.5], [-0.5, 1.0]]))
        >>> (torn.angles > 0).tolist(), torn.opposed.tolist()
        ([True, True], [False, False])
    """  # noqa: DOC502 (StepRefused: raised by what is called)
    if reading not in READINGS:
        raise ValueError(f"found reading = {reading!r}; expected one of {READINGS}.")
    units = units_of(gramian, roundoff)
    moving = units.active
    part = _moving(units)
    conflict = part.cosines.min(-1, initial=1.0) < -part.tolerance
    anchor = np.zeros(len(part.norms))
    if len(anchor) and (reading == "anchor" or conflict.any()):  # the cone's rays are what is dear
        anchor = rays(part.cosines[None], part.active[None], part.tolerance).coefficients[0]
    if reading == "anchor" or not anchor.any():
        conflict = part.cosines @ anchor < -part.tolerance
    inner = inner or Inner()
    angles, rotated = turn(part.cosines, anchor, conflict, inner, inner.steps(spread))
    after = part._replace(cosines=rotated @ part.cosines @ rotated.T)
    coefficients = config_coefficients(after) @ rotated
    along = part.cosines @ coefficients
    length = np.sqrt(max(coefficients @ along, 0.0))
    found = Reported(
        weights=np.zeros(len(moving)),
        anchor=np.zeros(len(moving)),
        angles=np.zeros(len(moving)),
        rotated=np.eye(len(moving)),
        opposed=np.zeros(len(moving), dtype=bool),
    )
    found.weights[moving] = coefficients / part.norms
    found.anchor[moving], found.angles[moving] = anchor, angles
    found.rotated[np.ix_(moving, moving)] = rotated
    found.opposed[moving] = along < -(part.tolerance**0.5) * length
    return found


def _moving(units: Units) -> Units:
    """The tasks that are not at rest."""
    kept = units.active
    cosines = units.cosines[np.ix_(kept, kept)]
    return Units(units.norms[kept], cosines, kept[kept], units.tolerance)
