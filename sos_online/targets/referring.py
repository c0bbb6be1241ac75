"""Referring expressions as RefCOCO and gRefCOCO have them: references that point into a COCO instances file."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from sos_online.targets.captions import expressions_of
from sos_online.targets.coco import coco_annotations
from sos_online.targets.json_list import JsonList
from sos_online.targets.outlines import piece_polygons
from sos_online.targets.row_masks import row_masks, without_masks
from sos_online.types import Target

Entry = dict[str, Any]
NO_TARGET = -1


def refcoco_refs(target: Target, file_name: str, split: str) -> list[Entry]:
    """The references of an image in RefCOCO, without ids: one for each object that expressions mean alone, with all
    these expressions. RefCOCO has no others, so those that mean several objects or none are left out.

    ``ann_id`` is the row, until :class:`RefsWriter` numbers it.

    Raises:
        StreamError: the target has no ``expressions``.
    """
    return [
        {**_ref(target, file_name, split), "ann_id": rows[0], "category_id": categories[0], "sentences": sentences}
        for rows, categories, sentences in _grouped(target)
        if len(rows) == 1
    ]


def grefcoco_refs(target: Target, file_name: str, split: str) -> list[Entry]:
    """The references of an image in gRefCOCO, without ids: one for each set of objects, with all expressions that mean
    it, and one for each expression that means nothing: its ``no_target`` is true, ``ann_id`` and ``category_id`` are
    ``[-1]``.

    Raises:
        StreamError: the target has no ``expressions``.
    """
    return [
        {
            **_ref(target, file_name, split),
            "ann_id": list(rows) or [NO_TARGET],
            "category_id": categories or [NO_TARGET],
            "no_target": not rows,
            "sentences": sentences,
        }
        for rows, categories, sentences in _grouped(target)
    ]


def polygon_annotations(target: Target) -> list[Entry]:
    """As :func:`coco_annotations`, one a row, with masks as polygons: the ``refer`` interface takes no RLE as COCO has
    it. They run along the edges of pixels, as those of :func:`lvis_annotations`.

    Raises:
        StreamError: the target has boxes alone.
    """
    outlines = [
        [polygon.astype(int).ravel().tolist() for polygon in piece_polygons(mask)] for mask in row_masks(target)
    ]
    return [
        {**annotation, "segmentation": polygons}
        for annotation, polygons in zip(coco_annotations(without_masks(target)), outlines, strict=True)
    ]


class RefsWriter:
    """Writes a JSON list of references sample by sample, in constant memory, and numbers them.

    The annotations that they point to are those that :class:`CocoWriter` writes of the same samples in the same order.

    Args:
        file: text file to write to; complete only after :meth:`close`.
    """

    def __init__(self, file: TextIO) -> None:
        self._list = JsonList(file)
        self._first_annotation = 1
        self._next_ref = self._next_sentence = 1

    def add_entries(self, annotations: int, refs: Sequence[Mapping[str, Any]]) -> None:
        """Add a sample: how many annotations it has in the instances file, and its references."""
        for ref in refs:
            sentences = [
                {**sentence, "sent_id": self._next_sentence + at} for at, sentence in enumerate(ref["sentences"])
            ]
            self._next_sentence += len(sentences)
            numbered = {
                **ref,
                "ref_id": self._next_ref,
                "ann_id": self._numbered(ref["ann_id"]),
                "sent_ids": [sentence["sent_id"] for sentence in sentences],
                "sentences": sentences,
            }
            self._next_ref += 1
            self._list.add_entries(numbered)
        self._first_annotation += annotations

    def close(self) -> None:
        """End the document; the file itself stays open."""
        self._list.close()

    def _numbered(self, rows: int | list[int]) -> int | list[int]:
        if isinstance(rows, int):
            return self._first_annotation + rows
        return [row if row == NO_TARGET else self._first_annotation + row for row in rows]


def sentence_of(text: str) -> Entry:
    """An expression as the sets have it: ``raw`` as it was written, ``tokens`` the words in small letters without the
    marks around them, ``sent`` the words joined by blanks. Text of nothing but marks is one word."""
    words = [_bare(word) for word in unicodedata.normalize("NFC", text).lower().split()]
    tokens = [word for word in words if word] or [text.strip()]
    return {"sent": " ".join(tokens), "raw": text, "tokens": tokens}


def _bare(word: str) -> str:
    """A word without punctuation and symbols at its ends."""
    inside = [position for position, letter in enumerate(word) if unicodedata.category(letter)[0] not in "PS"]
    return word[inside[0] : inside[-1] + 1] if inside else ""


def _ref(target: Target, file_name: str, split: str) -> Entry:
    return {"image_id": target["image_id"], "file_name": file_name, "split": split}


def _grouped(target: Target) -> list[tuple[tuple[int, ...], list[int], list[Entry]]]:
    """Rows, their categories, and the sentences that mean them; sentences that mean nothing are each on their own."""
    groups: list[tuple[tuple[int, ...], list[Entry]]] = []
    by_rows: dict[tuple[int, ...], list[Entry]] = {}
    for expression in expressions_of(target):
        rows = tuple(sorted(set(expression["rows"])))
        sentence = sentence_of(expression["text"])
        if rows in by_rows:
            by_rows[rows].append(sentence)
            continue
        groups.append((rows, [sentence]))
        if rows:
            by_rows[rows] = groups[-1][1]
    labels = target["labels"].tolist()
    return [(rows, [labels[row] for row in rows], sentences) for rows, sentences in groups]
