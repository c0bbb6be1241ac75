"""Captions of category names, for open-vocabulary detectors: what is in an image, among what is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from sos_online.ops.names import fold
from sos_online.targets.captions import CLOSING, SEPARATOR, Caption, caption_of
from sos_online.types import Target


def category_caption(
    target: Target,
    category_names: Sequence[str],
    annotated: Collection[int],
    generator: np.random.Generator,
    *,
    negatives: int = 20,
    categories: int = 80,
    characters: int = 1000,
    separator: str = SEPARATOR,
    closing: str = CLOSING,
) -> Caption:
    """The names of categories that are in an image and of some that are not, in random order.

    A name that is in the image means all rows of its category but crowds. One that is not means none, and is drawn only
    among those that are known to be absent: what the target says itself (``neg_category_ids``, of sets that are
    annotated like LVIS), else what its source looked for (``annotated``). Categories of crowds and those that are not
    annotated exhaustively (``not_exhaustive_category_ids``) are never said to be absent. Where limits leave no room for
    all, names that are in the image come first; rows of one that is left out are meant by nothing.

    Args:
        target: with ``labels`` and ``iscrowd``.
        category_names: name of category id ``i + 1`` at position ``i``.
        annotated: category ids that were looked for in the image: ``stream.annotated_labels(target)``.
        generator: of the sample; the only source of chance here.
        negatives: how many absent names at most.
        categories, characters: limits of the caption.
        separator, closing: as :func:`caption_of` takes them.
    """
    rows = _rows_of_names(target, category_names)
    absent = _absent(target, annotated, generator, negatives)
    for name in (category_names[label - 1] for label in absent):
        rows.setdefault(fold(name), (name, []))
    present = [pair for pair in rows.values() if pair[1]]
    others = [pair for pair in rows.values() if not pair[1]]
    taken: list[tuple[str, list[int]]] = []
    length = len(closing) - len(separator)
    for pair in [present[position] for position in generator.permutation(len(present))] + others:
        length += len(separator) + len(pair[0])
        if len(taken) == categories or length > characters:
            break
        taken.append(pair)
    order = generator.permutation(len(taken))
    return caption_of((taken[position] for position in order), separator=separator, closing=closing)


def _rows_of_names(target: Target, category_names: Sequence[str]) -> dict[str, tuple[str, list[int]]]:
    """Name and rows of what is in the image; categories of one name are one."""
    rows: dict[str, tuple[str, list[int]]] = {}
    for row, (label, crowd) in enumerate(zip(target["labels"].tolist(), target["iscrowd"].tolist(), strict=True)):
        if not crowd:
            name = category_names[label - 1]
            rows.setdefault(fold(name), (name, []))[1].append(row)
    return rows


def _absent(target: Target, annotated: Collection[int], generator: np.random.Generator, negatives: int) -> list[int]:
    """Category ids that are known not to be in the image, so many at most, in random order."""
    listed = target.get("neg_category_ids")
    known = annotated if listed is None else [int(label) for label in listed]
    known = known if isinstance(known, Sequence) else sorted(known)
    partly = target.get("not_exhaustive_category_ids")
    excluded = set(target["labels"].tolist()) | {int(label) for label in (() if partly is None else partly)}
    # a few too many, not all of them in order: there may be tens of thousands
    drawn = generator.choice(len(known), min(len(known), negatives + len(excluded)), replace=False)
    return [known[position] for position in drawn.tolist() if known[position] not in excluded][:negatives]
