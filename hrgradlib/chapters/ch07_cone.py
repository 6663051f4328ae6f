"""The interactive picture of chapter 7: its data, computed by `harmonize`, and its HTML.

The script `book/static/cone.js` only draws. Where it does not run (no JavaScript, a notebook
outside the book) the HTML shows nothing, and the static figure stands as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.optim import AXES, harmonize

__all__ = [
    "NORMS",
    "PRESETS",
    "Preset",
    "Sweep",
    "cosines_with",
    "in_page",
    "interactive",
    "rounded",
    "sweep",
    "sweep_about",
    "unit_rows",
]


class Preset(NamedTuple):
    """Three task gradients in space.

    Attributes:
        title: what the reader chooses by.
        directions: (polar angle, azimuth) in degrees of every gradient; the polar axis is the
            harmonic axis wherever the polar angles are equal.
        norms: length of every gradient.
    """

    title: str
    directions: tuple[tuple[float, float], ...]
    norms: tuple[float, ...]

    def lengths(self, ratio: float | None = None) -> tuple[float, ...]:
        """Those of the preset, or a geometric sequence whose first is ``ratio`` times the last."""
        last = len(self.norms) - 1
        return (
            self.norms
            if ratio is None
            else tuple(float(ratio) ** (1 - k / last) for k in range(last + 1))
        )

    def gradients(self, ratio: float | None = None) -> NDArray:
        """[K, 3], one gradient per row, with these lengths."""
        polar, azimuth = np.radians(np.array(self.directions)).T
        flat = np.sin(polar)
        units = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.cos(polar)], 1)
        return units * np.array(self.lengths(ratio))[:, None]


PRESETS = {
    "mild": Preset("mild conflict", ((56, 0), (56, 130), (56, 245)), (1, 1, 0.3)),
    "strong": Preset("strong conflict", ((75, 0), (75, 115), (75, 235)), (2, 1, 0.6)),
    "unequal": Preset("very unequal norms", ((62, 0), (62, 120), (62, 240)), (10, 1, 0.1)),
    "outside": Preset("axis outside the cone", ((74, 0), (74, 50), (74, 125)), (2, 2, 0.8)),
    "opposite": Preset("nearly opposite", ((87, 0), (87, 176), (87, 262)), (2, 1, 1)),
}


class Sweep(NamedTuple):
    """Harmonised rotation of one set of K gradients in R^n for m values of the harmony κ.

    Attributes:
        kappa: [m] values of κ.
        axis: [n] unit axis; ``alpha``: [K] its coefficients on the unit gradients.
        cosine, angle, alignment: numbers c, φ and S.
        theta: [m] angle θ* that the gradients are left with.
        rotated: [m, K, n] unit gradients after the rotation.
        direction: [m, n] the vector d; ``cosines``: [m, K] its cosines with the gradients.
        length: [m] ‖d‖ over the length of the sum.
    """

    kappa: NDArray
    axis: NDArray
    alpha: NDArray
    cosine: float
    angle: float
    alignment: float
    theta: NDArray
    rotated: NDArray
    direction: NDArray
    cosines: NDArray
    length: NDArray


def unit_rows(vectors: NDArray) -> NDArray:
    """[..., n] scaled to length one."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def cosines_with(vectors: NDArray, gradients: NDArray) -> NDArray:
    """[..., K] cosines of vectors [..., n] with gradients [K, n]."""
    return unit_rows(vectors) @ unit_rows(gradients).T


def sweep(gradients: NDArray, kappas: Sequence[float]) -> Sweep:
    """Harmonise independent gradients [K, n] at every κ, about the equiangular axis."""
    gramian = torch.from_numpy(gradients @ gradients.T)
    found = [harmonize(gramian, float(kappa), "equiangular") for kappa in kappas]
    level = harmonize(gramian, 1.0, "equiangular")
    units, total = unit_rows(gradients), gradients.sum(0)
    axis = unit_rows(level.weights.numpy() @ gradients)
    c, angle = float(level.cosine), float(level.angle)
    theta = np.array([float(one.rotated_to) for one in found])
    off = (units - c * axis) / np.sin(angle)  # p_k
    direction = np.stack([one.weights.numpy() @ gradients for one in found])
    return Sweep(
        kappa=np.array(kappas, float),
        axis=axis,
        alpha=np.linalg.lstsq(units.T, axis, rcond=None)[0],
        cosine=c,
        angle=angle,
        alignment=float(level.alignment),
        theta=theta,
        rotated=np.cos(theta)[:, None, None] * axis + np.sin(theta)[:, None, None] * off,
        direction=direction,
        cosines=cosines_with(direction, gradients),
        length=np.linalg.norm(direction, axis=1) / np.linalg.norm(total),
    )


def sweep_about(gradients: NDArray, kappas: Sequence[float], axis: str) -> Sweep:
    """Harmonise independent gradients [K, n] at every κ, about any of the axes.

    The gradients need not have one angle with the axis: ``cosine`` is the worst of theirs, and
    ``theta`` the largest angle that is left; ``tan θ_k`` is the same share of ``tan φ_k`` for all.

    Args:
        gradients: [K, n].
        kappas: [m] values of κ.
        axis: key of ``AXES``.
    """
    gramian = torch.from_numpy(gradients @ gradients.T)
    found = [harmonize(gramian, float(kappa), axis) for kappa in kappas]
    units, total = unit_rows(gradients), gradients.sum(0)
    given = AXES[axis].find((units @ units.T)[None], np.ones((1, len(units)), bool), 1e-12)
    if given.solved[0]:
        alpha = given.coefficients[0]
    else:  # then the axis is that of the best worst cosine, where alone κ = 1 is met
        alpha = harmonize(gramian, 1.0, axis).weights.numpy() * np.linalg.norm(gradients, axis=1)
    middle = unit_rows(alpha @ units)
    alpha = alpha / np.linalg.norm(alpha @ units)
    cosines = units @ middle
    tangents = np.sqrt(1 - cosines**2) / cosines
    off = unit_rows(units - cosines[:, None] * middle)  # p_k
    direction = np.stack([one.weights.numpy() @ gradients for one in found])
    along = total @ middle
    rest = np.linalg.norm(total - along * middle)
    turned = direction @ middle
    aside = np.linalg.norm(direction - turned[:, None] * middle, axis=1)
    share = aside / turned * along / rest if rest > 1e-12 * along else np.ones(len(kappas))
    angles = np.arctan(share[:, None] * tangents)
    return Sweep(
        kappa=np.array(kappas, float),
        axis=middle,
        alpha=alpha,
        cosine=float(cosines.min()),
        angle=float(np.arccos(cosines.min())),
        alignment=float(found[0].alignment),
        theta=angles.max(1),
        rotated=np.cos(angles)[..., None] * middle + np.sin(angles)[..., None] * off,
        direction=direction,
        cosines=cosines_with(direction, gradients),
        length=np.linalg.norm(direction, axis=1) / np.linalg.norm(total),
    )


#: What a reader may do to the lengths: ratio of the first to the last; None leaves the preset's.
NORMS: dict[str, float | None] = {
    "as they are": None,
    "all equal": 1.0,
    "10 to 1": 10.0,
    "100 to 1": 100.0,
}


def rounded(values: NDArray) -> list:
    """To four digits behind the point, as lists."""
    return (np.round(np.asarray(values, float), 4) + 0.0).tolist()  # + 0.0: no "-0.0"


def _payload(preset: Preset, steps: int) -> dict:
    """What the script draws: directions once, and for every axis and ratio of norms the rest."""
    kappas = np.linspace(0, 1, steps).tolist()
    return {
        "title": preset.title,
        "units": rounded(unit_rows(preset.gradients())),
        "cases": {
            axis: [_case(preset, kappas, axis, ratio) for ratio in NORMS.values()] for axis in AXES
        },
    }


def _case(preset: Preset, kappas: Sequence[float], axis: str, ratio: float | None) -> dict:
    gradients = preset.gradients(ratio)
    found = sweep_about(gradients, kappas, axis)
    total = gradients.sum(0)
    return {
        "norms": [float(f"{norm:.3g}") for norm in preset.lengths(ratio)],
        "axis": rounded(found.axis),
        "sum": rounded(unit_rows(total)),
        "sumCosines": rounded(cosines_with(total, gradients)),
        "c": round(found.cosine, 4),
        "phi": round(found.angle, 4),
        "theta": rounded(found.theta),
        "rotated": rounded(found.rotated),
        "d": rounded(unit_rows(found.direction)),
        "cosines": rounded(found.cosines),
        "length": rounded(found.length),
    }


def interactive(
    figure: str, presets: Mapping[str, Preset] = PRESETS, first: str = "strong", steps: int = 21
) -> str:
    """HTML of the interactive picture; deterministic, and without a request to another host.

    Args:
        figure: id of the static figure that it replaces where JavaScript runs.
        presets: what the reader may choose from.
        first: key of the preset shown at the start.
        steps: number of values of κ on the slider.
    """
    data = {
        "figure": figure,
        "first": first,
        "norms": list(NORMS),
        "axes": {
            "maxmin": "best worst cosine (the default)",
            "equiangular": "equal angles",
            "rays": "middle of the rays",
        },
        "presets": {name: _payload(preset, steps) for name, preset in presets.items()},
    }
    return in_page(data)


def in_page(data: Mapping[str, Any]) -> str:
    """HTML of a picture that the script draws from these data; hidden where it does not run."""
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return (
        '<link rel="stylesheet" href="../_static/cone.css">\n'
        '<div class="cone" hidden>'
        f'<script type="application/json">{text}</script></div>\n'
        '<script src="../_static/cone.js" defer></script>'
    )
