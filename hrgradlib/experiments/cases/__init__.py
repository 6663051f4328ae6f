"""One file per family of problems: network, collocation points, residuals, errors."""

from hrgradlib.experiments.cases.inflow import InflowCase
from hrgradlib.experiments.cases.periodic import PeriodicCase

__all__ = ["CASES"]

CASES = {case.problem.name: case for case in (PeriodicCase(), InflowCase())}
