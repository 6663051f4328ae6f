"""The study behind chapter 12: one thing is changed at a time, all else is as it is.

Half of the steps of the profile; a cell's name is what is changed, before and after a dash.
"""

from __future__ import annotations

from hrgradlib.experiments.scale_studies import Study

__all__ = ["ABLATIONS", "BASE", "TWENTY_RUNS"]

BASE = "base"
_POINTS = 640  # a step, however many tasks share them


def _cells() -> dict[str, dict]:
    changes: dict[str, dict] = {BASE: {}}
    changes |= {f"encoding-{name}": dict(encoding=name) for name in ("raw", "film", "code", "none")}
    changes |= {f"tasks-{k}": dict(tasks=k, per_task=_POINTS // k) for k in (1, 2, 5, 20, 40)}
    changes |= {
        f"segmentation-{name}": dict(segmentation=name)
        for name in ("unequal", "drawn", "terms", "both")
    }
    changes |= {f"unseen-{name}": dict(unseen=name) for name in ("gap", "ends")}
    changes |= {f"harmony-{kappa:g}": dict(harmony=kappa) for kappa in (0.0, 1.0)}
    changes |= {f"axis-{name}": dict(axis=name) for name in ("equiangular", "rays")}
    changes |= {"metric-adam": dict(method="hrgrad"), "metric-sum": dict(method="sum-soap")}
    return {
        name: dict(method="hrgrad-soap", steps=2000) | change for name, change in changes.items()
    }


ABLATIONS: dict[str, Study] = {"ablations": ((0, 1, 2, 3, 4), _cells())}

#: Claims of the book rest on these: twenty runs in all.
TWENTY_RUNS = (
    tuple(range(5, 20)),
    (
        *(BASE, "encoding-raw", "encoding-code", "tasks-1", "segmentation-drawn"),
        *("axis-equiangular", "metric-sum"),
    ),
)
