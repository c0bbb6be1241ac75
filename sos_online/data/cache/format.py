"""A cache's folder: names of its files, and what they say.

manifest.json   format version, the stream, settings, categories; and, when the cache is complete, its shards
NAME.tar        a shard: samples one after the other, each ``KEY.jpg`` (png, webp), ``KEY.seg.png``, ``KEY.json``
NAME.json       the shard's card: size and hash of the tar, where each sample lies in it, and a checksum of each.
                It is written after the tar, and makes the shard exist: a tar without a card is none

A sample's key is ``EPOCH-INDEX``, four and nine digits or more, without dots, as WebDataset wants it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from sos_online.data.cache.tar_file import END_BYTES
from sos_online.errors import CacheError
from sos_online.storage.sealed import seal, unseal
from sos_online.types import Section

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
TAR, CARD = ".tar", ".json"
FIRST_SAMPLE = "first_sample"  # in what a manifest says of its stream

MAX_SAMPLE_BYTES = 1 << 30

ImageFormat = Literal["jpg", "png", "webp", "webp-lossless"]
_LOSSLESS = ("png", "webp-lossless")
_QUALITY = 95
_INDENT = 1

Count = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Crc32 = Annotated[int, Field(ge=0, lt=2**32)]
Labels = tuple[Annotated[int, Field(ge=1)], ...]


class Strict(Section):
    """Base of what is read from files: nothing is taken for something else (such as "1" for 1)."""

    model_config = ConfigDict(strict=True)


class CacheSettings(Strict):
    """How samples are stored.

    Attributes:
        image_format: of the pictures. ``png`` and ``webp-lossless`` give back the very pixels; ``jpg`` and ``webp`` are
            smaller.
        quality: 1 … 100, of ``jpg`` and ``webp``: 95 if None. The others have none.
        samples_per_shard: samples in a shard; the last one may hold fewer.
        scene: store each sample's plan too (``Scene.to_json``), from which it can be composed again.
    """

    image_format: ImageFormat = "jpg"
    quality: Annotated[int, Field(ge=1, le=100)] | None = None
    samples_per_shard: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    scene: bool = False

    @model_validator(mode="before")
    @classmethod
    def _fill_in_quality(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("quality") is None:
            lossy = content.get("image_format", "jpg") not in _LOSSLESS
            return {**content, "quality": _QUALITY if lossy else None}
        return content

    @model_validator(mode="after")
    def _quality_has_a_meaning(self) -> CacheSettings:
        if self.lossless and self.quality is not None:
            raise ValueError(f"quality: expected none, since {self.image_format} loses nothing, found {self.quality}")
        return self

    @property
    def lossless(self) -> bool:
        """Whether pictures come back as they were, to the bit; all else does in any case."""
        return self.image_format in _LOSSLESS

    @property
    def suffix(self) -> str:
        """Of a picture in a shard, without a dot."""
        return self.image_format.removesuffix("-lossless")

    @staticmethod
    def parse(**values: Any) -> CacheSettings:
        """Raises ``CacheError`` naming the setting that is wrong."""
        return _checked(CacheSettings, values, "settings")


class SampleEntry(NamedTuple):
    """A sample on a shard's card.

    Attributes:
        epoch, index: which sample of the stream.
        offset: bytes before it in the tar.
        size: its bytes in the tar, headers and padding included.
        crc32: of these bytes.
    """

    epoch: Count
    index: Count  # type: ignore[assignment]  # it hides tuple.index, which nobody looks for here
    offset: Count
    size: Annotated[int, Field(gt=0, le=MAX_SAMPLE_BYTES)]
    crc32: Crc32

    @property
    def key(self) -> str:
        return sample_key(self.epoch, self.index)


class ShardCard(Strict):
    """``NAME.json`` beside ``NAME.tar``.

    Attributes:
        size: of the tar, bytes.
        sha256: of the tar.
        samples: in the order in which they lie in the tar, without gaps.
    """

    format_version: int = FORMAT_VERSION
    size: Count
    sha256: Sha256
    samples: Annotated[tuple[SampleEntry, ...], Field(min_length=1)]

    @field_validator("samples")
    @classmethod
    def _all_different(cls, samples: tuple[SampleEntry, ...]) -> tuple[SampleEntry, ...]:
        if len({(entry.epoch, entry.index) for entry in samples}) < len(samples):
            raise ValueError("two samples of one epoch and index")
        return samples

    @model_validator(mode="after")
    def _without_gaps(self) -> ShardCard:
        end = 0
        for number, entry in enumerate(self.samples):
            if entry.offset != end:
                raise ValueError(f"samples.{number}.offset: expected {end}, found {entry.offset}")
            end += entry.size
        if self.size != end + END_BYTES:
            raise ValueError(f"size: expected {end + END_BYTES}, as its samples have, found {self.size}")
        return self

    def to_bytes(self) -> bytes:
        return seal(self.model_dump(mode="json"))

    @staticmethod
    def parse(content: bytes, where: str) -> ShardCard:
        """Raises ``CacheError`` naming the file ``where`` and the field that is wrong."""
        return _checked(ShardCard, _tuples(_unsealed(content, where, None)), where)


class ShardEntry(Strict):
    """A shard in the manifest of a complete cache.

    Attributes:
        name: of its files, without ``.tar`` and ``.json``.
        samples: how many.
        size, sha256: of the tar.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$")]
    samples: Annotated[int, Field(gt=0)]
    size: Count
    sha256: Sha256


class CacheManifest(Strict):
    """``manifest.json``.

    Attributes:
        written_by: version of sos_online, for the reader's information.
        stream: what the samples depend on, see ``stream_identity``.
        epoch_length: samples in an epoch of the stream.
        samples: how many the complete cache holds; None if it grows as a training run goes.
        settings: how samples are stored.
        category_names: name of label ``i + 1`` at position ``i``.
        source_names: what ``target["source"]`` of the samples numbers, if a mixture made them.
        annotated: labels that were looked for in the samples of each source, or in all samples if there are no sources.
            Not there if that is all labels, and in caches of older versions, which do not know.
        recipe: of the stream, if it has one; light that is pending is made by it.
        light_pending: whether pictures are stored as composed, for the light to be made when they are read.
        complete: all shards are there, and listed.
        shards: in the order of their names; none before the cache is complete.
    """

    format_version: int = FORMAT_VERSION
    written_by: str
    stream: dict[str, Any]
    epoch_length: Annotated[int, Field(ge=1)]
    samples: Annotated[int, Field(ge=1)] | None
    settings: CacheSettings
    category_names: tuple[str, ...]
    source_names: tuple[str, ...] = ()
    annotated: tuple[Labels, ...] = ()
    recipe: dict[str, Any] | None = None
    light_pending: bool = False
    complete: bool = False
    shards: tuple[ShardEntry, ...] = ()

    @model_validator(mode="after")
    def _lists_its_shards(self) -> CacheManifest:
        names = [shard.name for shard in self.shards]
        if names != sorted(set(names)):
            raise ValueError("shards: expected names in their order, each once")
        if bool(names) != self.complete:
            raise ValueError("shards: expected a list of them if complete is true, and only then")
        found = sum(shard.samples for shard in self.shards)
        if self.complete and self.samples is not None and found != self.samples:
            raise ValueError(f"shards: expected {self.samples} samples in all, found {found}")
        return self

    @model_validator(mode="after")
    def _knows_what_was_looked_for(self) -> CacheManifest:
        if len(self.annotated) != len(self.source_names) and (self.source_names or len(self.annotated) > 1):
            expected = len(self.source_names) or "at most 1"
            raise ValueError(f"annotated: expected {expected}, as there are sources, found {len(self.annotated)}")
        highest = max((label for labels in self.annotated for label in labels), default=0)
        if highest > len(self.category_names):
            raise ValueError(f"annotated: expected labels 1 … {len(self.category_names)}, found {highest}")
        return self

    def to_bytes(self) -> bytes:
        unsaid = {key for key in ("source_names", "annotated") if not getattr(self, key)}
        return seal(self.model_dump(mode="json", exclude=unsaid), indent=_INDENT)

    @staticmethod
    def parse(content: bytes, where: str) -> CacheManifest:
        """Raises ``CacheError`` naming the file ``where`` and the field that is wrong."""
        document = _unsealed(content, where, _INDENT)
        for key in document.keys() & {"category_names", "source_names", "annotated", "shards"}:
            document[key] = _tuples(document[key])
        return _checked(CacheManifest, document, where)

    def check_same(self, found: CacheManifest, where: str) -> None:
        """Raise ``CacheError`` naming the first part in which ``found``, read at ``where``, is of another cache."""
        parts = {"stream": (self.stream, found.stream), "settings": (self._settings, found._settings)}
        for part, (expected, there) in parts.items():
            for key in {**expected, **there}:
                if expected.get(key) != there.get(key):
                    raise CacheError(_another(where, f"{part}.{key}", expected.get(key), there.get(key)))
        for key in ("samples", "epoch_length", "light_pending", "category_names"):
            if getattr(self, key) != getattr(found, key):
                raise CacheError(_another(where, key, getattr(self, key), getattr(found, key)))

    @property
    def _settings(self) -> dict[str, Any]:
        return self.settings.model_dump()


def sample_key(epoch: int, index: int) -> str:
    return f"{epoch:04d}-{index:09d}"


def _another(where: str, field: str, expected: object, found: object) -> str:
    otherwise = field.endswith(FIRST_SAMPLE)
    why = "samples are made otherwise (other transforms, files or versions); " if otherwise else ""
    return (
        f"{where}: {field}: expected {expected!r:.80}, as asked for, found {found!r:.80}: {why}"
        "this folder holds another cache; give another folder, or remove this one"
    )


def _tuples(value: Any) -> Any:
    """Lists as tuples, which strict data has; inside a mapping too, but for free-form values."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {key: _tuples(inner) for key, inner in value.items()} if isinstance(value, dict) else value


_Model = TypeVar("_Model", bound=Strict)


def _unsealed(content: bytes, where: str, indent: int | None) -> dict[str, Any]:
    return unseal(
        content, where, version=FORMAT_VERSION, if_older="write the cache anew", error=CacheError, indent=indent
    )


def _checked(model: type[_Model], content: Mapping[str, Any], where: str) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, _named(first["loc"])))
        message = first["msg"].removeprefix("Value error, ")
        raise CacheError(f"{where}: {f'{field}: ' if field else ''}{message}") from None


def _named(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The place of a value, with the name of a sample's value for its number."""
    if place[:1] == ("samples",) and len(place) == 3 and isinstance(place[2], int):
        return (*place[:2], *SampleEntry._fields[place[2] : place[2] + 1])
    return place
