"""The public names, and what importing the package costs."""

from __future__ import annotations

import subprocess
import sys

import sos_online as sos

PUBLIC = {
    "__version__",
    "SegmentLibrary", "build_library", "append_to_library", "merge_libraries", "Vocabulary", "read_vocabulary",
    "read_sources", "CocoInstances", "LvisInstances", "SOSLayout", "ParquetSegments", "WebDatasetTars",
    "CategoryFolders", "Cutouts", "MaskPairs", "VocSegmentation", "Ade20k", "Sa1b", "Encoding", "Words",
    "Recipe", "Backgrounds", "SOSDataset", "Scene", "Placement", "LightSpec", "CameraSpec",
    "make_loader", "SOSLoader", "DeviceStage", "make_device_stage", "ReservoirStage", "Batch", "collate", "Ranks",
    "SampleStream", "write_cache", "verify_cache", "cached", "CachedDataset", "CacheSettings", "CocoDataset",
    "LvisDataset", "choose_images", "MapStream", "mix", "MixedDataset", "Schedule", "COCO_LVIS_SYNONYMS",
    "CopyPaste", "export", "FinishOnCpu", "HuggingFaceDetectionCollate", "HuggingFaceSegmentationCollate",
    "GroundingDinoCollate", "grounding_dino_loss", "Expression", "AnsweredExpressions", "AnsweredWords",
    "AnsweredParaphrases", "Detectron2Collate", "MMDetectionCollate", "CacheError", "BrokenSampleError",
    "SOSError", "LibraryError", "SourceError", "RecipeError", "StreamError", "BrokenSegmentError", "BrokenPhotoError",
}  # fmt: skip


def test_public_names_are_listed_and_there() -> None:
    assert set(sos.__all__) == PUBLIC
    assert len(sos.__all__) == len(PUBLIC)
    for name in PUBLIC:
        assert hasattr(sos, name)


def test_every_public_name_says_what_it_is() -> None:
    for name in PUBLIC - {"__version__"}:
        assert (getattr(sos, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_errors_have_one_base() -> None:
    for name in PUBLIC:
        if name.endswith("Error"):
            assert issubclass(getattr(sos, name), sos.SOSError)


def test_importing_loads_nothing_heavy_and_starts_nothing() -> None:
    program = (
        "import sys, threading, sos_online, torch; "
        "heavy = {'kornia', 'diffusers', 'transformers', 'ray', 's3fs', 'openai', 'typer', 'rich', 'imagehash'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert not torch.cuda.is_initialized(); "
        "assert threading.active_count() == 1, threading.enumerate()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
