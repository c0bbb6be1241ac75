"""The stream and what it meets: datasets, caches, mixtures, real sets, ranks and workers, batches, the device stage."""

from sos_online.data.adapters import (
    Detectron2Collate,
    FinishOnCpu,
    GroundingDinoCollate,
    HuggingFaceDetectionCollate,
    HuggingFaceSegmentationCollate,
    MMDetectionCollate,
    grounding_dino_loss,
)
from sos_online.data.asking import AnsweredExpressions, AnsweredParaphrases, AnsweredWords
from sos_online.data.backgrounds import Backgrounds
from sos_online.data.batch import Batch, collate
from sos_online.data.cache import CachedDataset, CacheSettings, cached, verify_cache, write_cache
from sos_online.data.copy_paste import CopyPaste
from sos_online.data.dataset import SOSDataset
from sos_online.data.device import DeviceStage
from sos_online.data.exporting import export
from sos_online.data.loader import SOSLoader, make_loader
from sos_online.data.make_stage import make_device_stage
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing import COCO_LVIS_SYNONYMS, MixedDataset, Schedule, mix
from sos_online.data.real import CocoDataset, LvisDataset, choose_images
from sos_online.data.reservoir_stage import ReservoirStage
from sos_online.data.shard import Ranks
from sos_online.data.stream import SampleStream

__all__ = [
    "COCO_LVIS_SYNONYMS",
    "AnsweredExpressions",
    "AnsweredParaphrases",
    "AnsweredWords",
    "Backgrounds",
    "Batch",
    "CacheSettings",
    "CachedDataset",
    "CocoDataset",
    "CopyPaste",
    "Detectron2Collate",
    "DeviceStage",
    "FinishOnCpu",
    "GroundingDinoCollate",
    "HuggingFaceDetectionCollate",
    "HuggingFaceSegmentationCollate",
    "LvisDataset",
    "MMDetectionCollate",
    "MapStream",
    "MixedDataset",
    "Ranks",
    "ReservoirStage",
    "SOSDataset",
    "SOSLoader",
    "SampleStream",
    "Schedule",
    "cached",
    "choose_images",
    "collate",
    "export",
    "grounding_dino_loss",
    "make_device_stage",
    "make_loader",
    "mix",
    "verify_cache",
    "write_cache",
]
