"""The formats of objects on disk, and which formats there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TextIO, get_args

import cv2

from sos_online.data.exporting.grounding_formats import Mdetr, Odvg, Refer
from sos_online.data.exporting.layout import Described, Document, Layout
from sos_online.data.stream import SampleStream
from sos_online.errors import StreamError
from sos_online.library.reader import SegmentLibrary
from sos_online.library.tables import open_vocabulary
from sos_online.targets.coco import CocoWriter, coco_annotations, coco_image
from sos_online.targets.lvis import Facts, LvisWriter, lvis_annotations, lvis_image
from sos_online.targets.panoptic import PanopticWriter, panoptic_annotation, panoptic_colours
from sos_online.targets.yolo import LINES, data_yaml
from sos_online.types import Target

ExportFormat = Literal[
    "coco", "panoptic", "lvis", "yolo-seg", "yolo-boxes", "yolo-obb", "odvg", "refcoco", "grefcoco", "mdetr"
]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


class _Coco(Layout):
    @property
    def documents(self) -> Sequence[Document]:
        writer = partial(CocoWriter, category_names=self.names)
        return [Document(f"annotations/instances_{self.split}.json", [self.split], writer)]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        return Described({}, [coco_image(target, size_hw, name), coco_annotations(target)])


class _Panoptic(Layout):
    @property
    def documents(self) -> Sequence[Document]:
        writer = partial(PanopticWriter, category_names=self.names)
        return [Document(f"annotations/panoptic_{self.split}.json", [self.split], writer)]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        ids = f"{_stem(name)}.png"
        colours = cv2.cvtColor(panoptic_colours(target), cv2.COLOR_RGB2BGR)
        return Described(
            {f"annotations/panoptic_{self.split}/{ids}": cv2.imencode(".png", colours)[1].tobytes()},
            [coco_image(target, size_hw, name), panoptic_annotation(target, ids)],
        )


@dataclass(frozen=True)
class _Lvis(Layout):
    annotated: Callable[[Target], Collection[int]]
    facts: Mapping[str, Facts] = field(default_factory=dict)
    negatives: int | None = None

    @property
    def documents(self) -> Sequence[Document]:
        writer = partial(LvisWriter, category_names=self.names, facts=self.facts)
        return [Document(f"annotations/lvis_v1_{self.split}.json", [self.split], writer)]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        image = lvis_image(target, size_hw, self.split, name, self.annotated(target), self.negatives)
        return Described({}, [image, lvis_annotations(target)])


@dataclass(frozen=True)
class _Yolo(Layout):
    kind: str = "yolo-seg"
    splits: Sequence[str] = ("train",)

    @property
    def documents(self) -> Sequence[Document]:
        text = data_yaml(self.names, {split: f"images/{split}" for split in self.splits})
        return [Document("data.yaml", [], partial(_DataYaml, text=text))]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        return Described({f"labels/{self.split}/{_stem(name)}.txt": LINES[self.kind](target, size_hw).encode()}, [])

    def picture(self, name: str) -> str:
        return f"images/{self.split}/{name}"


class _DataYaml:
    """``data.yaml``, which says nothing of single samples."""

    def __init__(self, file: TextIO, text: str) -> None:
        self._file = file
        self._text = text

    def add_entries(self, *entries: Any) -> None:
        assert not entries

    def close(self) -> None:
        self._file.write(self._text)


def layouts_of(
    kind: ExportFormat, stream: SampleStream, splits: Sequence[str], negatives: int | None
) -> dict[str, Layout]:
    """A format's layout of each split, for a stream's categories.

    Raises:
        StreamError: there is no such format.
    """
    names = list(stream.category_names)
    if kind == "coco":
        return {split: _Coco(names, split) for split in splits}
    if kind == "panoptic":
        return {split: _Panoptic(names, split) for split in splits}
    if kind == "lvis":
        facts = _facts(stream)
        return {split: _Lvis(names, split, stream.annotated_labels, facts, negatives) for split in splits}
    if kind in LINES:
        return {split: _Yolo(names, split, kind, splits) for split in splits}
    if kind == "odvg":
        return {split: Odvg(names, split) for split in splits}
    if kind == "mdetr":
        return {split: Mdetr(names, split) for split in splits}
    if kind in ("refcoco", "grefcoco"):
        return {split: Refer(names, split, kind, splits) for split in splits}
    raise StreamError(f"format: expected {', '.join(FORMATS)}, found {kind!r}")


def _facts(stream: SampleStream) -> Mapping[str, Facts]:
    """What the stream's library knows of its categories, if it has a library."""
    library = getattr(stream, "library", None)
    return open_vocabulary(library.root, library.manifest)[1] if isinstance(library, SegmentLibrary) else {}


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
