"""One file per family of problems: network, collocation points, residuals, errors."""

from hrgradlib.experiments.cases.bgk import BGKCase
from hrgradlib.experiments.cases.inflow import InflowCase
from hrgradlib.experiments.cases.periodic import PeriodicCase
from hrgradlib.kinetics.bgk_problems import BGK_PROBLEMS

__all__ = ["CASES"]

CASES = {
    case.problem.name: case
    for case in (PeriodicCase(), InflowCase(), *map(BGKCase, BGK_PROBLEMS.values()))
}
