"""Writing a stream's samples into a folder, in a format that others train from."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import torch
from torch.utils.data import DataLoader

from sos_online.data.exporting.blocks import RECORDS, BlockMaker, Blocks, Finish
from sos_online.data.exporting.formats import FORMATS, ExportFormat, layouts_of
from sos_online.data.exporting.layout import Document, Entries
from sos_online.data.exporting.settings import Settings, check_folder, hash_of
from sos_online.data.finish import FinishOnCpu, FinishOnDevice
from sos_online.data.make_stage import make_device_stage
from sos_online.data.map_stream import as_stream
from sos_online.data.stream import SampleStream, require
from sos_online.errors import SOSError
from sos_online.library.folder_lock import only_builder
from sos_online.rng import loader_generator
from sos_online.storage import flush_folder, is_url, write_atomically


@dataclass
class ExportReport:
    """What an export came to.

    Attributes:
        made: images written now; the others were there from a run before.
        images, objects, empty: images in the folder, objects in them, images without one. Of a folder that was whole
            already, only ``images`` is known.
        bytes: of images, labels and documents.
        documents: the files that describe the set.
    """

    made: int = 0
    images: int = 0
    objects: int = 0
    empty: int = 0
    bytes: int = 0
    documents: list[Path] = field(default_factory=list)


def export(
    stream: Any,
    out: str | Path,
    format: ExportFormat,
    *,
    samples: int | None = None,
    val: float = 0.0,
    workers: int = 0,
    image_format: Literal["jpg", "png"] = "jpg",
    quality: int = 95,
    epoch: int = 0,
    negatives: int | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[int, int], None] = lambda *_: None,
) -> ExportReport:
    """Write the first ``samples`` samples of a stream's epoch into a folder of this machine.

    Samples are finished (painted, lit) in worker processes, which write the images too. The files that describe the
    set (``annotations/*.json``, ``data.yaml``) come last, each whole or not at all: a folder that has them is finished.
    A run that was stopped, however, goes on where it was when it is started again, to the same bytes. Memory does not
    grow with the number of samples. An image's id is the sample's index, whatever the stream called it.

    Args:
        stream: any of the package's datasets, or a map-style one (see :class:`MapStream`, which has it in its own order
            with ``shuffle=False``; as it is, it is shuffled).
        out: a folder of this machine, no URL: none yet, empty, or of the same export.
        format: ``coco`` (instances, RLE), ``panoptic`` (COCO panoptic), ``lvis`` (LVIS v1, polygons), ``yolo-seg``,
            ``yolo-boxes``, ``yolo-obb`` (Ultralytics), ``odvg`` (MMDetection's, XYXY; with captions where samples have
            expressions), and of expressions alone ``refcoco``, ``grefcoco`` and ``mdetr``.
        samples: how many; all of an epoch if None.
        val: the share of them, the last ones, that make a second split ``val``. Its images are others, but they show
            segments that ``train`` shows too.
        workers: processes that make samples; 0 makes them in this one.
        image_format, quality: of the images; PNG is without loss, quality is JPEG's.
        epoch: of the stream.
        negatives: for ``lvis``: how many absent categories an image lists; all if None.
        device: where diffusion light is made, if the recipe has it; that takes place in this process, without workers.
        progress: called with the samples done and all of them.

    Raises:
        StreamError: an argument is not what it should be.
        SOSError: the folder holds something else, or cannot be written (a full disk): the message names the file.
        StreamError: a sample has boxes alone, and the format is made of masks (all but ``coco``, ``yolo-boxes``,
            ``odvg`` and ``mdetr``); or it has no ``expressions``, and the format is made of these.
        BrokenSegmentError, BrokenPhotoError, BrokenSampleError: as the stream's ``on_error`` says.
    """
    stream = _stream_of(stream)
    out = _folder(out)
    require("format", format, isinstance(format, str) and format in FORMATS, ", ".join(FORMATS))
    samples = stream.length if samples is None else samples
    in_epoch = _is_integer(samples) and 1 <= samples <= stream.length
    require("samples", samples, in_epoch, f"an integer in 1 … {stream.length}, the samples of an epoch")
    require("val", val, isinstance(val, int | float) and 0 <= val < 1, "a share in 0 … 1, below 1")
    require("workers", workers, _is_integer(workers) and workers >= 0, "an integer from 0 on")
    require("image_format", image_format, image_format in ("jpg", "png"), "jpg or png")
    require("quality", quality, _is_integer(quality) and 1 <= quality <= 100, "an integer in 1 … 100")
    require("epoch", epoch, _is_integer(epoch) and 0 <= epoch < 2**63, "an integer in 0 … 2**63 - 1")
    few = negatives is None or (_is_integer(negatives) and negatives >= 0)
    require("negatives", negatives, few, "an integer from 0 on, or None")
    counts = _splits(samples, val)
    layouts = layouts_of(format, stream, list(counts), negatives)
    settings = Settings(
        format=format,
        image_format=image_format,
        quality=quality if image_format == "jpg" else None,
        negatives=negatives if format == "lvis" else None,
        epoch=epoch,
        samples=counts,
        stream=hash_of(stream),
    )
    if out.exists() and not out.is_dir():
        raise SOSError(f"{out}: is a file; name a folder")
    with only_builder(out):
        check_folder(out, settings)
        documents = {document.path: document for layout in layouts.values() for document in layout.documents}
        report = ExportReport(images=samples)
        if not all((out / path).exists() for path, document in documents.items() if not document.optional):
            finish, workers = _finishing(stream, device, workers)
            blocks = Blocks(stream, out, settings, layouts, finish)
            report.made = _make_missing(blocks, workers, progress)
            for document in documents.values():
                _write_document(document, blocks)
            _count(report, blocks)
            report.bytes += sum((out / path).stat().st_size for path in documents if (out / path).exists())
        report.documents = [out / path for path in documents if (out / path).exists()]
        _clear(out)
    return report


def _stream_of(dataset: Any) -> SampleStream:
    """What is exported, as a stream. A plain list is none: it has no names of categories."""
    is_map = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    is_dataset = isinstance(dataset, SampleStream) or (is_map and not isinstance(dataset, Sequence | Mapping | type))
    require("stream", dataset, is_dataset, "a dataset of the package, or a map-style one, with a length and [i]")
    return as_stream(dataset)


def _folder(out: str | Path) -> Path:
    require("out", out, isinstance(out, str | Path) and str(out) != "", "a folder")
    # file:// too, which is_url lets through
    require("out", out, not is_url(out) and "://" not in str(out), "a folder of this machine, no URL")
    return Path(out)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _splits(samples: int, val: float) -> dict[str, int]:
    """How many samples each split has; both have some if there are two."""
    held_out = min(max(round(samples * val), 1), samples - 1) if val else 0
    return {"train": samples - held_out, **({"val": held_out} if held_out else {})}


def _finishing(stream: SampleStream, device: torch.device | str, workers: int) -> tuple[Finish, int]:
    """How samples are finished, and by how many workers: a diffusion model is in this process alone."""
    recipe = stream.device_recipe
    if recipe is None or not recipe.wants_diffusion:
        return FinishOnCpu(), workers
    # a reservoir's light would be another in every run
    return FinishOnDevice(make_device_stage(recipe.replace(reservoir=None), device, dtype=torch.uint8)), 0


def _make_missing(blocks: Blocks, workers: int, progress: Callable[[int, int], None]) -> int:
    """Make the blocks that are not there; how many samples that were."""
    missing = blocks.missing()
    total = sum(blocks.settings.samples.values())
    there = done = total - sum(len(block) for _, block in missing)
    if there or missing:
        _clear_half_written(blocks.out)
    progress(done, total)
    loader = DataLoader(
        BlockMaker(blocks, missing),
        batch_size=None,
        num_workers=min(workers, len(missing)),
        generator=loader_generator(),
    )
    for made in loader:
        if isinstance(made, SOSError):
            raise made
        done += int(made)
        progress(done, total)
    return done - there


def _write_document(document: Document, blocks: Blocks) -> None:
    """Write a document, unless it may be left out and has nothing to say."""
    if document.optional and next(_picked(document, blocks), None) is None:
        return
    path = blocks.out / document.path
    write_atomically(path, partial(_write_entries, document=document, blocks=blocks))
    flush_folder(path.parent)


def _picked(document: Document, blocks: Blocks) -> Iterator[Entries]:
    """What the document says of each sample that it says something of."""
    records = (record for split in document.splits for record in blocks.records(split))
    return (picked for picked in (document.pick(record.entries) for record in records) if picked is not None)


def _write_entries(file: BinaryIO, *, document: Document, blocks: Blocks) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
    try:
        writer = document.writer(text)
        for entries in _picked(document, blocks):
            writer.add_entries(*entries)
        writer.close()
    finally:
        text.detach()


def _count(report: ExportReport, blocks: Blocks) -> None:
    for split in blocks.settings.samples:
        for record in blocks.records(split):
            report.objects += record.objects
            report.empty += record.objects == 0
            report.bytes += record.bytes


def _clear_half_written(out: Path) -> None:
    """Remove what a run that was killed has left half-written."""
    for path in out.rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def _clear(out: Path) -> None:
    """Remove what only an unfinished export needs."""
    shutil.rmtree(out / RECORDS, ignore_errors=True)
