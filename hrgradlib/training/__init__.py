"""Methods of training behind one interface, variants that were tried, and the loop.

:data:`METHODS` is the registry: a method is a class and one line here.
"""

from hrgradlib.training import methods, variants

__all__ = ["METHODS"]

METHODS: dict[str, type[methods.Method]] = {
    "hrgrad": methods.HarmonizedSum,
    "sum": methods.PlainSum,
    "harmonise-first": methods.HarmonizedThenAdam,
    "hrgrad-soap": methods.HarmonizedSoap,
    "sum-soap": methods.SummedSoap,
    "log-soap": methods.LogSummedSoap,
    "unit-soap": methods.UnitSummedSoap,
    "hrgrad-gn": methods.GaussNewton,
    "sum-gn": methods.SummedGaussNewton,
    "trial-root": variants.RootLosses,
    "trial-log": variants.LogLosses,
    "trial-worst": variants.WorstFirst,
    "trial-adaptive": variants.AdaptiveHarmony,
    "trial-persistent": variants.PersistentConflict,
}
