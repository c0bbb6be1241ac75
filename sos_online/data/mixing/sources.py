"""The sources of a mixture: their names, their categories, the light that they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sos_online.data.dataset import SOSDataset
from sos_online.data.failures import FailureCounts
from sos_online.data.map_stream import as_stream
from sos_online.data.mixing.names import SourceCategories
from sos_online.data.stream import SampleStream, require
from sos_online.errors import StreamError
from sos_online.library import SegmentLibrary
from sos_online.recipe import Recipe


def named_streams(sources: Any) -> dict[str, SampleStream]:
    """Streams by name: as a mapping names them, else by the names of their classes, numbered where there are several.
    Map-style datasets become streams.

    Raises:
        StreamError: none, or one that is no dataset, or that writes when it is served.
    """
    if isinstance(sources, Mapping):
        named = dict(sources)
    else:
        require("sources", sources, isinstance(sources, Sequence) and not isinstance(sources, str), "a list or a dict")
        named = {}
        for source in sources:
            kind, number = type(source).__name__, 1
            while (name := kind if number == 1 else f"{kind} {number}") in named:
                number += 1
            named[name] = source
    require("sources", sources, len(named) > 0, "at least one")
    for name in named:
        require("sources: name", name, isinstance(name, str) and bool(name), "a text")
    streams = {name: as_stream(source) for name, source in named.items()}
    for name, stream in streams.items():
        check_is_read(f"source {name!r}", stream, "mix")
    return streams


def check_is_read(where: str, stream: SampleStream, outer: str) -> None:
    """Raise ``StreamError`` if a stream writes when it is served: one that draws single samples of it never writes.

    Args:
        where: begins the message.
        stream: what is drawn from.
        outer: what draws from it, as a user calls it.
    """
    if stream.writes_when_served:
        raise StreamError(
            f"{where}: expected a stream that is only read, found a {type(stream).__name__}, which writes only when it "
            f"is served itself: inside {outer} every epoch would make its samples anew. Write it ahead "
            f"(write_cache) and give CachedDataset(folder), or cache the whole: cached({outer}(…), folder)"
        )


def categories_of(name: str, stream: SampleStream) -> SourceCategories:
    """A source's categories, and what else they are called as far as it is known."""
    if isinstance(stream, SOSDataset):
        return library_categories(name, stream.library)
    names = list(stream.category_names)
    return SourceCategories(name, names, getattr(stream, "category_other_names", None) or [()] * len(names))


def library_categories(name: str, library: SegmentLibrary) -> SourceCategories:
    """As :func:`categories_of`, of a library: names that are joined in a category, and synonyms that are only its."""
    other_names: list[list[str]] = [[] for _ in library.category_names]
    for other, ids in library.categories_by_name().items():
        if len(ids) == 1:
            other_names[ids[0] - 1].append(other)
    return SourceCategories(name, list(library.category_names), other_names)


def pending_recipe(streams: Mapping[str, SampleStream]) -> Recipe | None:
    """One recipe by which a device stage can finish the samples of all sources; None if all are finished.

    A stage needs of it the settings of diffusion, so there may be only one such.

    Raises:
        StreamError: a source leaves painting to the stage, keeps a reservoir, or has its own setting of diffusion.
    """
    found: tuple[str, Recipe] | None = None
    for name, stream in streams.items():
        recipe = stream.device_recipe
        if recipe is None:
            continue
        if recipe.device.composite:
            raise StreamError(
                f"source {name!r}: device.composite: expected false in a mixture, whose batches hold "
                "finished pictures too"
            )
        if recipe.reservoir is not None:
            raise StreamError(
                f"source {name!r}: reservoir: expected none in a mixture: what is served again would be of any source, "
                "in other shares than the mixture's"
            )
        if found is None or (recipe.wants_diffusion and not found[1].wants_diffusion):
            found = name, recipe
        elif recipe.wants_diffusion and recipe.iclight != found[1].iclight:
            raise StreamError(
                f"source {name!r}: iclight: expected the settings of source {found[0]!r}: a device stage holds one "
                "model of diffusion"
            )
    return None if found is None else found[1]


class JoinedFailures(FailureCounts):
    """What was broken in all sources together."""

    def __init__(self, parts: Sequence[FailureCounts]) -> None:
        super().__init__()
        self._parts = parts

    @property
    def segments(self) -> int:
        return super().segments + sum(part.segments for part in self._parts)

    @property
    def photos(self) -> int:
        return super().photos + sum(part.photos for part in self._parts)

    @property
    def samples(self) -> int:
        return super().samples + sum(part.samples for part in self._parts)
