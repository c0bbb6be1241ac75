"""The embedded demo library: drawings by code, built once into the user's cache folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sos_online.library.build import build_library, build_settings
from sos_online.library.demo import Drawing, catalogue, draw
from sos_online.library.reader import SegmentLibrary
from sos_online.library.shard_plan import list_sources
from sos_online.library.sources import CategoryFacts, LeftOut, RawSegment, Unit
from sos_online.library.worker_pool import Progress
from sos_online.storage import user_cache
from sos_online.types import Words
from sos_online.version import __version__

_NAME = "demo"
_LICENCE = "Apache-2.0"


class DemoDrawings:
    """The demo drawings as a source."""

    name = "demo"

    def settings(self) -> dict[str, Any]:
        return {"version": __version__}

    def units(self) -> Iterator[Unit]:
        for drawing in catalogue():
            yield Unit(drawing.key, size=0, segments=1, payload=drawing)

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        drawing: Drawing = unit.payload
        words = Words(drawing.sub_category, drawing.description, drawing.short_phrase, drawing.features)
        return [RawSegment(drawing.key, drawing.category, draw(drawing), words)]


def build_demo(out: str | Path, progress: Progress | None = None) -> SegmentLibrary:
    """Write the demo library to a folder. Takes seconds; needs no files and no network."""
    return build_library(out, [DemoDrawings()], name=_NAME, licence=_LICENCE, progress=progress)


def demo_folder() -> Path:
    """Where :func:`open_demo` keeps it: in the user's cache folder, see ``storage.user_cache``.

    One folder for each version and set of drawings, so that none meets what another has built.
    """
    fingerprint = list_sources([DemoDrawings()], build_settings(_NAME, _LICENCE)).fingerprint
    return user_cache() / f"demo-{__version__}-{fingerprint[:8]}"


def open_demo(progress: Progress | None = None) -> SegmentLibrary:
    """The demo library, built at first use; a build that was stopped is gone on with."""
    return build_demo(demo_folder(), progress)
