"""ODVG, the lines of JSON that MMDetection's ``ODVGDataset`` reads: detection records, and grounding records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sos_online.targets.captions import CHARACTERS, Caption, captions_of, expressions_of
from sos_online.targets.class_index import class_indices, id2label
from sos_online.types import Target

Line = dict[str, Any]


def odvg_detection(target: Target, size_hw: tuple[int, int], file_name: str, category_names: Sequence[str]) -> Line:
    """The detection record of an image: a box (XYXY), class number and name for each row that is no crowd."""
    rows = zip(
        target["boxes"].tolist(),
        class_indices(target["labels"]),
        target["iscrowd"].tolist(),
        strict=True,
    )
    instances = [
        {"bbox": box, "label": index, "category": category_names[index]} for box, index, crowd in rows if not crowd
    ]
    return {**_image(size_hw, file_name), "detection": {"instances": instances}}


def odvg_label_map(category_names: Sequence[str]) -> dict[str, str]:
    """Name of each class number, as ``label_map_file`` holds them."""
    return {str(index): name for index, name in id2label(category_names).items()}


def odvg_groundings(
    target: Target, size_hw: tuple[int, int], file_name: str, *, characters: tuple[int, int] = CHARACTERS
) -> list[Line]:
    """The grounding records of an image, one for each caption of its expressions; none if there is no expression.

    MMDetection lowers a caption's case and strips it when it is read already, without a look at the spans. Expressions
    are lowered and stripped before they are joined, so that spans stay right where that changes a text's length.

    Raises:
        StreamError: the target has no ``expressions``.
    """
    pairs = [(expression["text"].lower().strip(), expression["rows"]) for expression in expressions_of(target)]
    captions = captions_of(pairs, characters=characters)
    return [odvg_grounding(caption, target, size_hw, file_name) for caption in captions]


def odvg_grounding(caption: Caption, target: Target, size_hw: tuple[int, int], file_name: str) -> Line:
    """The grounding record of one caption.

    Each object stands in it once: a region is the boxes of all objects that the same phrases mean, with the spans of
    all these phrases, as the format's own converters of GoldG write it. (The reader makes an object of every box of
    every region. One that came once for each phrase would be taught as several objects, and by each to be none of the
    other phrases.) A phrase that means nothing is in the caption and in no region: text that no box belongs to.
    """
    meant: dict[int, list[int]] = {}
    for number, phrase in enumerate(caption.phrases):
        for row in phrase.rows:
            meant.setdefault(row, []).append(number)
    together: dict[tuple[int, ...], list[int]] = {}
    for row in sorted(meant):
        together.setdefault(tuple(meant[row]), []).append(row)
    boxes = target["boxes"].tolist()
    regions = []
    for numbers, rows in sorted(together.items()):
        phrases = [caption.phrases[number] for number in numbers]
        texts = [phrase.text for phrase in phrases]
        regions.append(
            {
                "bbox": boxes[rows[0]] if len(rows) == 1 else [boxes[row] for row in rows],
                "phrase": texts[0] if len(texts) == 1 else texts,
                "tokens_positive": [list(phrase.span) for phrase in phrases],
            }
        )
    return {**_image(size_hw, file_name), "grounding": {"caption": caption.text, "regions": regions}}


def _image(size_hw: tuple[int, int], file_name: str) -> Line:
    return {"filename": file_name, "height": size_hw[0], "width": size_hw[1]}
