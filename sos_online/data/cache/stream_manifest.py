"""What a cache says of the stream that it is written from."""

from __future__ import annotations

import json
import re
from typing import Any

from sos_online.data.cache.first_sample import first_sample
from sos_online.data.cache.format import FIRST_SAMPLE, CacheManifest, CacheSettings
from sos_online.data.stream import SampleStream
from sos_online.version import __version__


def stream_manifest(
    stream: SampleStream, settings: CacheSettings, *, samples: int | None, light_pending: bool
) -> CacheManifest:
    """The manifest of a cache that is about to be written.

    Args:
        stream: whose samples it is to hold.
        settings: how.
        samples: how many; None if nobody knows.
        light_pending: pictures are stored as the stream gives them, for their light to be made when they are read.
    """
    recipe, names = stream.device_recipe, tuple(stream.category_names)
    return CacheManifest(
        written_by=__version__,
        stream=stream_identity(stream),
        epoch_length=stream.length,
        samples=samples,
        settings=settings,
        category_names=names,
        source_names=tuple(stream.source_names),
        annotated=_annotated(stream, len(names)),
        recipe=None if recipe is None else recipe.model_dump(mode="json"),
        light_pending=light_pending,
    )


def _annotated(stream: SampleStream, categories: int) -> tuple[tuple[int, ...], ...]:
    """Labels that were looked for in samples of each source, or of the only one: nothing then if that is all labels."""
    said = [{"source": number} for number in range(len(stream.source_names))]
    labels = tuple(tuple(sorted(stream.annotated_labels(target))) for target in said or [{}])
    return () if not said and labels == (tuple(range(1, categories + 1)),) else labels


def stream_identity(stream: SampleStream) -> dict[str, Any]:
    """What a stream's samples depend on, as JSON gives it back: its ``identity``, how its transforms are written, and
    a hash of its first sample; of the streams that it draws from too.

    ``identity`` leaves out what a position does not depend on, such as transforms; what is stored does. The first
    sample is made for it.
    """
    identity: dict[str, Any] = json.loads(json.dumps(stream.identity(), allow_nan=False))
    return {**identity, **_making_of(stream)}


def _making_of(stream: SampleStream) -> dict[str, str]:
    """How samples are made: keys in the order in which a difference says most."""
    said: dict[str, str] = {}
    for key, holder in (("transforms", stream), ("dataset_transforms", getattr(stream, "dataset", None))):
        transforms = getattr(holder, "transforms", None)
        if transforms is not None:
            said[key] = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(transforms))
    for number, part in enumerate(stream.parts):
        said |= {f"parts.{number}.{key}": value for key, value in _making_of(part).items()}
    return {**said, FIRST_SAMPLE: first_sample(stream)}
