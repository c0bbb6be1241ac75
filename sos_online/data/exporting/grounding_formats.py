"""The formats of words on disk: captions and expressions with the boxes that they mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TextIO

from sos_online.data.exporting.layout import Described, Document, Entries, Layout, all_entries
from sos_online.targets.coco import CocoWriter, coco_image
from sos_online.targets.json_list import JsonLines
from sos_online.targets.mdetr import MdetrWriter, mdetr_expressions, means_one_object
from sos_online.targets.odvg import odvg_detection, odvg_groundings, odvg_label_map
from sos_online.targets.referring import RefsWriter, grefcoco_refs, polygon_annotations, refcoco_refs
from sos_online.types import Target

# where the published readers look, with the folder of the export as their root
_REFER_IMAGES = "images/train2014"
_REFER_FILES = {"refcoco": "refs(unc).json", "grefcoco": "grefs(unc).json"}


class Odvg(Layout):
    """Detection records of all images, and grounding records of those with expressions.

    A sample's entries are its detection record, and the list of its grounding records.
    """

    @property
    def documents(self) -> Sequence[Document]:
        of = f"{self.split}.jsonl"
        return [
            Document(f"annotations/odvg_grounding_{of}", [self.split], JsonLines, pick=_groundings, optional=True),
            Document("annotations/odvg_label_map.json", [], partial(_LabelMap, names=self.names)),
            Document(f"annotations/odvg_detection_{of}", [self.split], JsonLines, pick=_detection),
        ]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        detection = odvg_detection(target, size_hw, name, self.names)
        groundings = odvg_groundings(target, size_hw, name) if "expressions" in target else []
        return Described({}, [detection, groundings])


@dataclass(frozen=True)
class Refer(Layout):
    """References of all splits in one list, and the instances that they point to in another file.

    A sample's entries are its image, its annotations, and its references.
    """

    kind: str = "grefcoco"
    splits: Sequence[str] = ("train",)

    @property
    def documents(self) -> Sequence[Document]:
        instances = partial(CocoWriter, category_names=self.names)
        return [
            Document(f"{self.kind}/{_REFER_FILES[self.kind]}", self.splits, RefsWriter, pick=_refs),
            Document(f"{self.kind}/instances.json", self.splits, instances, pick=_instances),
        ]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        refs = {"refcoco": refcoco_refs, "grefcoco": grefcoco_refs}[self.kind](target, name, self.split)
        return Described({}, [coco_image(target, size_hw, name), polygon_annotations(target), refs])

    def picture(self, name: str) -> str:
        return f"{_REFER_IMAGES}/{name}"


class Mdetr(Layout):
    """Each expression an image: those that mean one object, as RefCOCO has them; and all, as gRefCOCO has them.

    A sample's entries are its expressions.
    """

    @property
    def documents(self) -> Sequence[Document]:
        return [
            Document(
                f"annotations/finetune_{name}_{self.split}.json",
                [self.split],
                partial(MdetrWriter, category_names=self.names, dataset_name=name),
                pick=pick,
            )
            for name, pick in (("refcoco", _of_one_object), ("grefcoco", all_entries))
        ]

    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        return Described({}, mdetr_expressions(target, size_hw, name))


class _LabelMap:
    """MMDetection's label map, which says nothing of single samples."""

    def __init__(self, file: TextIO, names: Sequence[str]) -> None:
        self._file = file
        self._names = names

    def add_entries(self, *entries: Any) -> None:
        assert not entries

    def close(self) -> None:
        self._file.write(json.dumps(odvg_label_map(self._names)) + "\n")


def _detection(entries: Entries) -> Entries:
    return entries[:1]


def _groundings(entries: Entries) -> Entries | None:
    groundings: Entries = entries[1]
    return groundings or None


def _instances(entries: Entries) -> Entries:
    return entries[:2]


def _refs(entries: Entries) -> Entries:
    _, annotations, refs = entries
    return [len(annotations), refs]


def _of_one_object(entries: Entries) -> Entries:
    return [expression for expression in entries if means_one_object(expression)]
