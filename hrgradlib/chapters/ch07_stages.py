"""The method as reported, stage by stage, as data of an interactive picture (``cone.js``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hrgradlib.chapters.ch07_cone import PRESETS, Preset, cosines_with, in_page, rounded, unit_rows
from hrgradlib.chapters.ch07_reported import TORN
from hrgradlib.chapters.ch07_space import around
from hrgradlib.optim._rays import extreme_rays
from hrgradlib.optim._reported import reported_weights

__all__ = ["CHOICES", "STAGES", "interactive_stages", "staged"]

#: What the reader may choose from; the first is the one that the static figure shows.
CHOICES = {"torn": TORN} | PRESETS

STAGES = (
    "harmonised cone and anchor",
    "arcs on which gradients may turn",
    "where the inner descent leaves them",
    "ConFIG of the rotated gradients",
)


def staged(preset: Preset) -> dict[str, Any]:
    """What the four stages make of three independent gradients; unit vectors, and cosines.

    In the reading under which stage 2 fires; lengths play no part in any direction.
    """
    gradients = preset.gradients()
    units = unit_rows(gradients)
    gramian = gradients @ gradients.T
    found = reported_weights(gramian, spread=float("inf"))
    anchor = reported_weights(gramian, "anchor").anchor @ units  # also where nothing conflicts
    rotated = found.rotated @ units
    update = unit_rows(found.weights @ gradients)
    return {
        "title": preset.title,
        "units": rounded(units),
        "rays": rounded(around(unit_rows(extreme_rays(units @ units.T, 1e-12) @ units), anchor)),
        "anchor": rounded(anchor),
        "across": rounded(unit_rows(anchor - (units @ anchor)[:, None] * units)),
        "turns": ((units @ units.T).min(1) < -1e-12).tolist(),
        "angles": rounded(found.angles),
        "rotated": rounded(rotated),
        "g": rounded(update),
        "anchorCosines": rounded(cosines_with(anchor, units)),
        "cosines": rounded(cosines_with(update, units)),
        "rotatedCosines": rounded(cosines_with(update, rotated)),
    }


def interactive_stages(figure: str, choices: Mapping[str, Preset] = CHOICES) -> str:
    """HTML of the stages for three gradients; deterministic, without a request to another host.

    Args:
        figure: id of the static figure that it replaces where JavaScript runs.
        choices: what the reader may choose from, the first one shown at the start.
    """
    return in_page(
        {
            "figure": figure,
            "first": next(iter(choices)),
            "stages": list(STAGES),
            "presets": {name: staged(preset) for name, preset in choices.items()},
        }
    )
