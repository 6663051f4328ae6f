"""The interactive picture of chapter 7: its data, computed by `harmonize`, and its HTML.

The script `book/static/cone.js` only draws. Where it does not run (no JavaScript, a notebook
outside the book) the HTML shows nothing, and the static figure stands as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.optim import harmonize

__all__ = ["PRESETS", "Preset", "Sweep", "cosines_with", "interactive", "sweep", "unit_rows"]


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

    def gradients(self) -> NDArray:
        """[K, 3], one gradient per row."""
        polar, azimuth = np.radians(np.array(self.directions)).T
        flat = np.sin(polar)
        units = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.cos(polar)], 1)
        return units * np.array(self.norms)[:, None]


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


def _rounded(values: NDArray) -> list:
    return (np.round(np.asarray(values, float), 4) + 0.0).tolist()  # + 0.0: no "-0.0"


def _payload(preset: Preset, steps: int) -> dict:
    gradients = preset.gradients()
    found = sweep(gradients, np.linspace(0, 1, steps).tolist())
    total = gradients.sum(0)
    return {
        "title": preset.title,
        "norms": list(preset.norms),
        "units": _rounded(unit_rows(gradients)),
        "axis": _rounded(found.axis),
        "sum": _rounded(unit_rows(total)),
        "sumCosines": _rounded(cosines_with(total, gradients)),
        "c": round(found.cosine, 4),
        "phi": round(found.angle, 4),
        "S": round(found.alignment, 4),
        "theta": _rounded(found.theta),
        "rotated": _rounded(found.rotated),
        "d": _rounded(unit_rows(found.direction)),
        "cosines": _rounded(found.cosines),
        "length": _rounded(found.length),
    }


def interactive(
    figure: str, presets: Mapping[str, Preset] = PRESETS, first: str = "strong", steps: int = 101
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
        "presets": {name: _payload(preset, steps) for name, preset in presets.items()},
    }
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return (
        '<link rel="stylesheet" href="../_static/cone.css">\n'
        '<div class="cone" hidden>'
        f'<script type="application/json">{text}</script></div>\n'
        '<script src="../_static/cone.js" defer></script>'
    )
