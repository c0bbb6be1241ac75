"""A share of a set's images, for the question what synthetic data is worth where little is annotated."""

from __future__ import annotations

from pathlib import Path

from sos_online.errors import SourceError
from sos_online.library.sources.reading.coco_json import read_instances
from sos_online.rng import Purpose, sample_generator


def choose_images(annotations: str | Path, share: float, seed: int = 0) -> frozenset[str]:
    """File names of a share of the images of a COCO instance JSON: at least one, the same every time, nested.

    They are the first ones of one random order, so a smaller share of the same seed is part of a larger one:
    1 % ⊂ 10 % ⊂ 50 %. The order in which the file lists its images does not count. Give the names to ``only_images``
    of :class:`CocoDataset`, and of ``CocoInstances`` for a library of the subset's own segments: neither touches
    another image.

    Args:
        annotations: the instance JSON.
        share: in ``(0, 1]``; the number of images is rounded.
        seed: in ``[0, 2**64)``.

    Raises:
        SourceError: the file cannot be read, or the share is none.
    """
    if not 0 < share <= 1:
        raise SourceError(f"share: expected more than 0 and at most 1, found {share!r}")
    images = read_instances(Path(annotations))["images"]
    if not images:
        raise SourceError(f"{annotations}: images: expected at least one")
    images.sort(key=lambda image: (isinstance(image["id"], str), image["id"]))
    order = sample_generator(seed, 0, 0, purpose=Purpose.ORDER).permutation(len(images))
    count = max(1, round(share * len(images)))
    return frozenset(images[position]["file_name"] for position in order[:count].tolist())
