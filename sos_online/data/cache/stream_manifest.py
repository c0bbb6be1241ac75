"""What a cache says of the stream that it is written from."""

from __future__ import annotations

import json
import re
from typing import Any

from sos_online.data.cache.format import CacheManifest, CacheSettings
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
    recipe = stream.device_recipe
    return CacheManifest(
        written_by=__version__,
        stream=stream_identity(stream),
        epoch_length=stream.length,
        samples=samples,
        settings=settings,
        category_names=tuple(stream.category_names),
        recipe=None if recipe is None else recipe.model_dump(mode="json"),
        light_pending=light_pending,
    )


def stream_identity(stream: SampleStream) -> dict[str, Any]:
    """What a stream's samples depend on, as JSON gives it back: its ``identity``, and how its transforms are written.

    ``identity`` leaves transforms out, since a position does not depend on them; what is stored does.
    """
    transforms = getattr(stream, "transforms", None)
    identity: dict[str, Any] = json.loads(json.dumps(stream.identity(), allow_nan=False))
    if transforms is None:
        return identity
    return {**identity, "transforms": re.sub(r" at 0x[0-9a-fA-F]+", "", repr(transforms))}
