"""Networks, one file per family of problems, and the streams they are made of."""

from hrgradlib.models.bgk import BGKModel
from hrgradlib.models.bgk_mixed import MixedBGKModel
from hrgradlib.models.bgk_plain import PlainBGKModel
from hrgradlib.models.bgk_riemann import RiemannModel
from hrgradlib.models.convection_diffusion import ConvectionDiffusionModel, PlainConvectionModel
from hrgradlib.models.goldstein_taylor import GoldsteinTaylorModel
from hrgradlib.models.inflow import InflowModel
from hrgradlib.models.periodic import PeriodicModel, PlainPeriodicModel
from hrgradlib.models.plane import PlaneModel
from hrgradlib.models.streams import StreamMLP

__all__ = [
    "BGKModel",
    "ConvectionDiffusionModel",
    "GoldsteinTaylorModel",
    "InflowModel",
    "MixedBGKModel",
    "PlainBGKModel",
    "PlainConvectionModel",
    "PlainPeriodicModel",
    "StreamMLP",
    "PeriodicModel",
    "PlaneModel",
    "RiemannModel",
]
