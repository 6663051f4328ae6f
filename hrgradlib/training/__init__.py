"""Methods of training behind one interface, published and tried ones among them, and the loop.

:data:`METHODS` is the registry: a method is a class and one line here.
"""

from hrgradlib.training import methods, reported, static, variants

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
    "trial-root": variants.RootLosses,
    "trial-log": variants.LogLosses,
    "trial-worst": variants.WorstFirst,
    "trial-adaptive": variants.AdaptiveHarmony,
    "trial-persistent": variants.PersistentConflict,
}
