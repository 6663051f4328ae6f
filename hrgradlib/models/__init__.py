"""Networks, one file per family of problems, and the streams they are made of."""

from hrgradlib.models.bgk import BGKModel
from hrgradlib.models.bgk_plain import PlainBGKModel
from hrgradlib.models.inflow import InflowModel
from hrgradlib.models.streams import StreamMLP
from hrgradlib.models.transport import PlainTransportModel, TransportModel

__all__ = ["BGKModel", "InflowModel", "PlainBGKModel", "PlainTransportModel", "StreamMLP",
           "TransportModel"]
