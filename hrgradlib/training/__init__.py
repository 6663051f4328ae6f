"""Methods of training behind one interface, published and tried ones among them, and the loop.

:data:`METHODS` is the registry: a method is a class and one line here.
"""

from hrgradlib.training import (
    aggregated,
    methods,
    quasi_newton,
    reported,
    scalarised,
    static,
    watched,
)

__all__ = ["METHODS"]

METHODS: dict[str, type[methods.Method]] = {
    "hrgrad": methods.HarmonizedSum,
    "sum": methods.PlainSum,
    "harmonise-first": methods.HarmonizedThenAdam,
    "hrgrad-soap": methods.HarmonizedSoap,
    "sum-soap": methods.SummedSoap,
    "log-soap": methods.LogSummedSoap,
    "unit-soap": methods.UnitSummedSoap,
    "first-soap": static.FirstLossSoap,
    "hrgrad-gn": methods.GaussNewton,
    "sum-gn": methods.SummedGaussNewton,
    "hrgrad-reported": reported.Reported,
    "hrgrad-reported-anchor": reported.ReportedAnchor,
    "m-config": reported.MomentConFIG,
    "config": reported.ConFIG,
    "harmonic": reported.Harmonic,
    # others' rules under Adam, by TorchJD's code where it has them
    "log-sum": scalarised.LogSum,
    "geometric-mean": scalarised.GeometricMean,
    "first-norm": scalarised.FirstNormSum,
    "uw": scalarised.Uncertainty,
    "dwa": scalarised.DWA,
    "rlw": scalarised.RandomWeights,
    "famo": scalarised.FAMO,
    "graddrop": aggregated.GradDrop,
    "pcgrad": aggregated.PCGrad,
    "cagrad": aggregated.CAGrad,
    "mgda": aggregated.MGDA,
    "imtl-g": aggregated.IMTLG,
    "nash-mtl": aggregated.NashMTL,
    "aligned-mtl": aggregated.AlignedMTL,
    "upgrad": aggregated.UPGrad,
    "dcgd": aggregated.DualCone,
    "lbfgs": quasi_newton.FixedPointsLBFGS,
    # bit for bit the methods above, watched
    "sum-soap-watched": watched.WatchedSum,
    "log-soap-watched": watched.WatchedLogSum,
    "unit-soap-watched": watched.WatchedUnit,
    "first-soap-watched": watched.WatchedFirst,
}
