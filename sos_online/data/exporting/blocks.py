"""The work of an export, cut into blocks: a block's files are written by one process, and its record comes last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from torch import Tensor
from torch.utils.data import Dataset

from sos_online.data.exporting.layout import Entries, Layout
from sos_online.data.exporting.settings import Settings
from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import SampleStream, one_opencv_thread
from sos_online.errors import SOSError
from sos_online.storage import flush_folder, write_atomically
from sos_online.types import Target

BLOCK = 32
RECORDS = ".blocks"

Finish = Callable[[Sequence[Sample]], Sequence[tuple[Tensor, Target]]]


@dataclass(frozen=True)
class SampleRecord:
    """What is left to be known of a sample once its files are written.

    Attributes:
        objects: labelled in it.
        bytes: of its files.
        entries: for the documents.
    """

    objects: int
    bytes: int
    entries: Entries


@dataclass(frozen=True)
class Blocks:
    """All samples of an export, in blocks of consecutive ones that do not cross from a split to the next."""

    stream: SampleStream
    out: Path
    settings: Settings
    layouts: Mapping[str, Layout]
    finish: Finish

    def of(self, split: str) -> list[range]:
        """The indices of each block of a split."""
        first = 0
        for name, count in self.settings.samples.items():
            if name == split:
                return [range(begin, min(begin + BLOCK, first + count)) for begin in range(first, first + count, BLOCK)]
            first += count
        raise KeyError(split)

    def missing(self) -> list[tuple[str, range]]:
        """The blocks that are not recorded yet."""
        blocks = ((split, block) for split in self.settings.samples for block in self.of(split))
        return [(split, block) for split, block in blocks if not self._record(block).exists()]

    def make(self, split: str, block: range) -> None:
        """Write a block's files, then its record."""
        samples = [self._sample(index) for index in block]
        lines, folders = [], set()
        for index, (image, target) in zip(block, self.finish(samples), strict=True):
            files, record = self._described(image, {**target, "image_id": index}, split, index)
            for path, content in files.items():
                _write(self.out / path, content)
                folders.add((self.out / path).parent)
            lines.append(json.dumps([record.objects, record.bytes, record.entries]) + "\n")
        for folder in folders:
            flush_folder(folder)
        _write(self._record(block), "".join(lines).encode())

    def records(self, split: str) -> Iterator[SampleRecord]:
        """What was recorded of a split's samples, in their order."""
        for block in self.of(split):
            with self._record(block).open(encoding="ascii") as lines:
                yield from (SampleRecord(*json.loads(line)) for line in lines)

    def _sample(self, index: int) -> Sample:
        return self.stream.sample(index, self.settings.epoch)

    def _described(
        self, image: Tensor, target: Target, split: str, index: int
    ) -> tuple[dict[str, bytes], SampleRecord]:
        name = f"{index:012d}.{self.settings.image_format}"
        picture = encoded(image, self.settings.image_format, self.settings.quality)
        layout = self.layouts[split]
        described = layout.describe(target, (image.shape[1], image.shape[2]), name)
        files = {**described.files, layout.picture(name): picture}
        return files, SampleRecord(len(target["labels"]), sum(map(len, files.values())), described.entries)

    def _record(self, block: range) -> Path:
        return self.out / RECORDS / f"{block.start:012d}.jsonl"


class BlockMaker(Dataset[Any]):
    """Blocks as a ``DataLoader`` lets workers make them; an item is how many samples a block had, or why it failed.

    An error is handed over, not raised: ``DataLoader`` would print it as the worker's traceback.
    """

    def __init__(self, blocks: Blocks, wanted: list[tuple[str, range]]) -> None:
        self._blocks = blocks
        self._wanted = wanted

    def __len__(self) -> int:
        return len(self._wanted)

    def __getitem__(self, position: int) -> int | SOSError:
        one_opencv_thread()
        split, block = self._wanted[position]
        try:
            self._blocks.make(split, block)
        except SOSError as error:
            return error
        return len(block)


def encoded(image: Tensor, image_format: str, quality: int | None) -> bytes:
    """An image, uint8 ``[3, H, W]`` RGB, as a JPEG of a quality, or a PNG."""
    red, green, blue = image.numpy()
    bgr = cv2.merge([blue, green, red])
    options = [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(f".{image_format}", bgr, options)[1].tobytes()


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda file: file.write(content))
