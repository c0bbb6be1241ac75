"""The stream: dataset, ranks and workers, batches, the device stage, the loader."""

from sos_online.data.backgrounds import Backgrounds
from sos_online.data.batch import Batch, collate
from sos_online.data.dataset import SOSDataset
from sos_online.data.device import DeviceStage
from sos_online.data.loader import SOSLoader, make_loader
from sos_online.data.make_stage import make_device_stage
from sos_online.data.reservoir_stage import ReservoirStage
from sos_online.data.shard import Ranks

__all__ = [
    "Backgrounds",
    "Batch",
    "DeviceStage",
    "Ranks",
    "ReservoirStage",
    "SOSDataset",
    "SOSLoader",
    "collate",
    "make_device_stage",
    "make_loader",
]
