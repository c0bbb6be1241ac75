"""Settings, cards and manifests: what they take, and that no byte of them changes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sos_online.data.cache.format import CacheManifest, CacheSettings, SampleEntry, ShardCard, ShardEntry
from sos_online.errors import CacheError
from sos_online.storage.sealed import seal

SHA = "0123456789abcdef" * 4
SAMPLES = SampleEntry(0, 7, 0, 2048, 5), SampleEntry(1, 7, 2048, 1024, 2**32 - 1)
CARD = ShardCard(size=4096, sha256=SHA, samples=SAMPLES)
MANIFEST = CacheManifest(
    written_by="1.0",
    stream={"recipe": "ab", "seed": 3, "layout_files": ["x"]},
    epoch_length=9,
    samples=2,
    settings=CacheSettings(image_format="webp", quality=80),
    category_names=("cat", "Katze, größer"),
    recipe={"objects": [1, 2]},
    complete=True,
    shards=(ShardEntry(name="000000", samples=2, size=4096, sha256=SHA),),
)


MIXED = CacheManifest.parse(
    MANIFEST.model_copy(update={"source_names": ("made", "photos"), "annotated": ((1, 2), ())}).to_bytes(), "m"
)


def test_round_trip() -> None:
    assert ShardCard.parse(CARD.to_bytes(), "c") == CARD
    assert CacheManifest.parse(MANIFEST.to_bytes(), "m") == MANIFEST
    assert CacheManifest.parse(MIXED.to_bytes(), "m") == MIXED
    assert (MIXED.source_names, MIXED.annotated) == (("made", "photos"), ((1, 2), ()))
    assert CARD.samples[1].key == "0001-000000007"


def test_a_card_of_a_thousand_samples_is_small() -> None:
    samples = tuple(SampleEntry(3, 120_000 + n, n * 204_800, 204_800, 4_000_000_000) for n in range(1000))
    assert len(ShardCard(size=204_801_024, sha256=SHA, samples=samples).to_bytes()) < 50_000


@pytest.mark.parametrize("document", [CARD, MANIFEST, MIXED], ids=["card", "manifest", "mixed"])
def test_every_byte_counts(document: ShardCard | CacheManifest) -> None:
    content = document.to_bytes()
    for at in range(len(content)):
        for flip in (1, 2, 4, 8, 16, 32, 64, 128):
            changed = content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]
            with pytest.raises(CacheError, match=r"^f: "):
                document.parse(changed, "f")
    for cut in (0, 1, len(content) - 1):
        with pytest.raises(CacheError, match=r"^f: "):
            document.parse(content[:cut], "f")
    with pytest.raises(CacheError, match=r"^f: "):
        document.parse(content + b" ", "f")


def resealed(document: ShardCard | CacheManifest, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Changed by somebody who knows the checksum."""
    indent = 1 if isinstance(document, CacheManifest) else None
    content = json.loads(document.to_bytes())
    del content["checksum"]
    change(content)
    return seal(content, indent=indent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(format_version=2), "format_version: is 2, .* reads 1: install a newer sos_online"),
        (lambda c: c.update(format_version=0), "format_version: is 0, .* reads 1: write the cache anew"),
        (lambda c: c.update(format_version="1"), "format_version: expected a number"),
        (lambda c: c.pop("sha256"), "sha256: Field required"),
        (lambda c: c.update(sha256="x"), "sha256: String should match"),
        (lambda c: c.update(size="4096"), "size: Input should be a valid integer"),
        (lambda c: c.update(size=4097), "size: expected 4096, as its samples have, found 4097"),
        (lambda c: c.update(more=1), "more: Extra inputs"),
        (lambda c: c.update(samples=[]), "samples: "),
        (lambda c: c["samples"][0].pop(), "samples.0.crc32: "),
        (lambda c: c["samples"][0].append(1), "samples.0"),
        (lambda c: c["samples"][0].__setitem__(0, -1), "samples.0.epoch: "),
        (lambda c: c["samples"][0].__setitem__(1, 1.5), "samples.0.index: "),
        (lambda c: c["samples"][0].__setitem__(2, 512), r"samples.0.offset: expected 0, found 512"),
        (lambda c: c["samples"][1].__setitem__(2, 1024), r"samples.1.offset: expected 2048, found 1024"),
        (lambda c: c["samples"][1].__setitem__(3, 2**40), r"samples.1.size: "),
        (lambda c: c["samples"][1].__setitem__(4, 2**32), r"samples.1.crc32: "),
        (lambda c: c["samples"][1].__setitem__(0, 0), r"samples: two samples of one epoch and index"),
    ],
)
def test_a_card_that_says_something_else(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(CacheError, match=f"^a/0.json: {message}"):
        ShardCard.parse(resealed(CARD, change), "a/0.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format_version=2), "format_version: is 2, .* install a newer"),
        (lambda m: m["settings"].update(image_format="gif"), "settings.image_format: "),
        (lambda m: m["settings"].update(image_format="png"), "settings: quality: expected none, since png"),
        (lambda m: m["settings"].update(samples_per_shard=0), "settings.samples_per_shard: "),
        (lambda m: m.update(epoch_length=0), "epoch_length: "),
        (lambda m: m.update(category_names=[1]), "category_names.0: "),
        (lambda m: m.pop("category_names"), "category_names: "),
        (lambda m: m.update(complete=False), "shards: expected a list of them if complete"),
        (lambda m: m.update(shards=[]), "shards: expected a list of them if complete"),
        (lambda m: m.update(samples=3), "shards: expected 3 samples in all, found 2"),
        (lambda m: m.update(shards=m["shards"] * 2), "shards: expected names in their order, each once"),
        (lambda m: m["shards"][0].update(name="../up"), "shards.0.name: "),
        (lambda m: m["shards"][0].update(name="a/b"), "shards.0.name: "),
    ],
)
def test_a_manifest_that_says_something_else(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(CacheError, match=f"^m: {message}"):
        CacheManifest.parse(resealed(MANIFEST, change), "m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(annotated=[[1]]), "annotated: expected 2, as there are sources, found 1"),
        (lambda m: m.pop("annotated"), "annotated: expected 2, as there are sources, found 0"),
        (lambda m: m.pop("source_names"), "annotated: expected at most 1, as there are sources, found 2"),
        (lambda m: m.update(annotated=[[1, 3], [2]]), r"annotated: expected labels 1 … 2, found 3"),
        (lambda m: m.update(annotated=[[0], [2]]), r"annotated.0.0: "),
        (lambda m: m.update(annotated=[["1"], [2]]), r"annotated.0.0: "),
        (lambda m: m.update(annotated=[1, 2]), r"annotated.0: "),
        (lambda m: m.update(annotated={"made": [1]}), r"annotated: "),
        (lambda m: m.update(source_names=[1, 2]), r"source_names.0: "),
    ],
)
def test_a_manifest_of_a_mixture_that_says_something_else(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(CacheError, match=f"^m: {message}"):
        CacheManifest.parse(resealed(MIXED, change), "m")


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b'{"format_version": 1}', b"\xff"])
def test_no_document_at_all(content: bytes) -> None:
    with pytest.raises(CacheError, match=r"^m: "):
        CacheManifest.parse(content, "m")


def test_settings() -> None:
    assert CacheSettings().quality == CacheSettings(image_format="webp").quality == 95
    assert CacheSettings(image_format="png").quality is None
    assert [CacheSettings(image_format=name).lossless for name in ("jpg", "png", "webp", "webp-lossless")] == [
        False, True, False, True,
    ]  # fmt: skip
    with pytest.raises(CacheError, match="settings: quality: expected none, since png loses nothing, found 90"):
        CacheSettings.parse(image_format="png", quality=90)
    with pytest.raises(CacheError, match="settings: quality: Input should be"):
        CacheSettings.parse(quality=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stream": {**MANIFEST.stream, "seed": 4}}, "stream.seed: expected 3, as asked for, found 4"),
        ({"stream": {**MANIFEST.stream, "more": 4}}, "stream.more: expected None, as asked for, found 4"),
        ({"settings": CacheSettings()}, "settings.image_format: expected 'webp', as asked for, found 'jpg'"),
        ({"samples": 3}, "samples: expected 2, as asked for, found 3"),
        ({"light_pending": True}, "light_pending: expected False"),
        ({"category_names": ("cat",)}, "category_names: expected"),
    ],
)
def test_another_cache_is_named_by_the_part_in_which_it_differs(change: dict[str, Any], message: str) -> None:
    MANIFEST.check_same(MANIFEST.model_copy(update={"complete": False, "shards": (), "written_by": "2"}), "m")
    with pytest.raises(CacheError, match=f"^m: {message}.*: this folder holds another cache"):
        MANIFEST.check_same(MANIFEST.model_copy(update=change), "m")
