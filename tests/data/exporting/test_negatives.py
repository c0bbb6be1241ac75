"""LVIS' lists of an export: only what a sample's source looked for is known to be absent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.data.cache import CachedDataset, cached, write_cache
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.copy_paste import CopyPaste
from sos_online.data.exporting import export
from sos_online.data.mixing.mixture import MixedDataset, mix
from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import SampleStream
from tests.conftest import small_recipe
from tests.data.streams import NumberedStream


class Photos(NumberedStream):
    """Photos that were annotated with some categories; sample ``index`` has ``index % 3`` rows, labels 1 and 2."""

    def __init__(self, names: Sequence[str], length: int = 6, said: dict[str, Any] | None = None) -> None:
        super().__init__(length, side=48)
        self._names = list(names)
        self._said = said or {}

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        image, target = super().sample(index, epoch)
        return image, {**target, **self._said}

    @property
    def category_names(self) -> list[str]:
        return self._names


PHOTOS = ("tram", "bird", "kite")


def lists_of(stream: SampleStream, out: Path) -> list[tuple[set[str], set[str], set[str]]]:
    """For each image of an export the names present, absent, and not exhaustive."""
    export(stream, out, "lvis")
    content = json.loads((out / "annotations/lvis_v1_train.json").read_text())
    names = {category["id"]: category["name"] for category in content["categories"]}
    present: dict[int, set[str]] = {image["id"]: set() for image in content["images"]}
    for annotation in content["annotations"]:
        present[annotation["image_id"]].add(names[annotation["category_id"]])
    return [
        (
            present[image["id"]],
            {names[label] for label in image["neg_category_ids"]},
            {names[label] for label in image["not_exhaustive_category_ids"]},
        )
        for image in content["images"]
    ]


def mixture(library: sos.SegmentLibrary) -> MixedDataset:
    return mix({"made": sos.SOSDataset(library, small_recipe(48), length=6), "photos": Photos(PHOTOS)})


def test_photos_of_a_mixture_say_nothing_of_what_they_were_not_annotated_with(
    library: sos.SegmentLibrary, tmp_path: Path
) -> None:
    mixed = mixture(library)
    made = set(library.category_names)
    sources = [mixed.sample(index)[1]["source"] for index in range(len(mixed))]
    assert set(sources) == {0, 1}
    for source, (present, absent, partly) in zip(sources, lists_of(mixed, tmp_path), strict=True):
        assert absent == (made, set(PHOTOS))[source] - present
        assert not partly


def test_pasted_categories_may_be_in_the_photo_too(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    unsure = 0
    for present, absent, partly in lists_of(pasted(library), tmp_path):
        assert absent == set(PHOTOS) - present
        assert partly == present - set(PHOTOS)
        unsure += len(partly)
    assert unsure


def test_a_mixture_of_mixtures_claims_what_all_its_sources_looked_for(tmp_path: Path) -> None:
    inner = mix({"one": Photos(("tram", "bird", "kite")), "two": Photos(("tram", "bird", "lamp"))})
    outer = mix({"inner": inner, "three": Photos(("tram", "bird", "mug", "lamp"))})
    sources = [outer.sample(index)[1]["source"] for index in range(len(outer))]
    for source, (present, absent, _) in zip(sources, lists_of(outer, tmp_path), strict=True):
        assert absent == ({"tram", "bird"}, {"tram", "bird", "mug", "lamp"})[source] - present


def test_categories_that_are_joined_are_looked_for_if_all_of_them_were() -> None:
    inner = mix({"one": Photos(("tram", "bus")), "two": Photos(("tram", "bird"))})
    outer = mix({"inner": inner, "other": Photos(("vehicle",))}, synonyms={"vehicle": ["tram", "bus"]})
    names = outer.category_names
    assert [sorted(names[label - 1] for label in outer.annotated_labels({"source": n})) for n in (0, 1)] == [
        [],
        ["vehicle"],
    ]


def pasted(library: sos.SegmentLibrary) -> CopyPaste:
    return CopyPaste(Photos(PHOTOS), library, small_recipe(48))


def nested(library: sos.SegmentLibrary) -> MixedDataset:
    return mix({"pasted": pasted(library), "mixed": mixture(library)}, weights=[1, 1])


def pasted_into_a_mixture(library: sos.SegmentLibrary) -> CopyPaste:
    photos = mix({"one": Photos(PHOTOS), "two": Photos(("tram", "bird", "mug"))})
    return CopyPaste(photos, library, small_recipe(48))


STREAMS = [pasted, mixture, nested, pasted_into_a_mixture]


@pytest.mark.parametrize("make", STREAMS)
def test_a_cache_claims_what_its_stream_does(library: sos.SegmentLibrary, tmp_path: Path, make: Any) -> None:
    stream = make(library)
    expected = lists_of(stream, tmp_path / "stream")
    assert any(absent for _, absent, _ in expected)
    write_cache(stream, tmp_path / "cache", samples=len(stream))
    cache = CachedDataset.open(tmp_path / "cache", shuffle=False)
    assert lists_of(cache, tmp_path / "of_cache") == expected
    assert list(cache.source_names) == list(stream.source_names)
    write_cache(cache, tmp_path / "copy", samples=len(stream))
    assert lists_of(CachedDataset.open(tmp_path / "copy", shuffle=False), tmp_path / "of_copy") == expected


def test_a_cache_within_a_mixture_claims_what_all_its_sources_looked_for(tmp_path: Path) -> None:
    inner = mix({"one": Photos(("tram", "bird", "kite")), "two": Photos(("tram", "bird", "lamp"))})
    write_cache(inner, tmp_path / "cache", samples=len(inner))
    outer = mix({"cache": CachedDataset.open(tmp_path / "cache"), "three": Photos(("tram", "mug"))})
    for source, expected in enumerate([{"tram", "bird"}, {"tram", "mug"}]):
        labels = outer.annotated_labels({"source": source})
        assert {outer.category_names[label - 1] for label in labels} == expected


@pytest.mark.parametrize("make", STREAMS)
def test_a_cache_that_grows_claims_what_its_stream_does(library: sos.SegmentLibrary, tmp_path: Path, make: Any) -> None:
    stream = cached(make(library), tmp_path / "cache")
    for _ in stream:
        pass
    grown = CachedDataset.open(tmp_path / "cache", shuffle=False)
    said = [{"source": number} for number in range(len(stream.source_names))] or [{}]
    assert [set(grown.annotated_labels(target)) for target in said] == [
        set(stream.annotated_labels(target)) for target in said
    ]


@pytest.mark.parametrize("source", [-1, 2, 0.5, "made", None, [0]])
def test_a_cache_claims_nothing_of_a_source_that_it_does_not_know(
    library: sos.SegmentLibrary, tmp_path: Path, source: Any
) -> None:
    write_cache(mixture(library), tmp_path / "cache", samples=1)
    assert not CachedDataset.open(tmp_path / "cache").annotated_labels({"source": source})


def test_a_cache_of_an_older_version_claims_nothing_of_a_mixture(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    write_cache(mixture(library), tmp_path / "cache", samples=6)
    manifest = CacheFolder(tmp_path / "cache").manifest()
    older = manifest.model_copy(update={"source_names": (), "annotated": ()})
    (tmp_path / "cache/manifest.json").write_bytes(older.to_bytes())
    assert b"annotated" not in older.to_bytes()
    cache = CachedDataset.open(tmp_path / "cache", shuffle=False)
    assert all(not absent for _, absent, _ in lists_of(cache, tmp_path / "out"))


def test_a_cache_whose_stream_looked_for_all_says_no_more_than_it_did(
    library: sos.SegmentLibrary, tmp_path: Path
) -> None:
    write_cache(sos.SOSDataset(library, small_recipe(48), length=2), tmp_path / "cache", samples=2)
    assert b"annotated" not in (tmp_path / "cache/manifest.json").read_bytes()
    cache = CachedDataset.open(tmp_path / "cache")
    assert set(cache.annotated_labels({})) == set(range(1, len(library.category_names) + 1))


@pytest.mark.parametrize("kind", ["alone", "mixed"])
def test_samples_that_bring_lists_keep_them(library: sos.SegmentLibrary, tmp_path: Path, kind: str) -> None:
    photos = Photos(PHOTOS, said={"neg_category_ids": [3], "not_exhaustive_category_ids": [1]})
    stream = photos if kind == "alone" else mix({"photos": photos, "other": Photos(("mug", "cup"), 1)}, weights=[1, 0])
    assert [lists[1:] for lists in lists_of(stream, tmp_path)][:6] == [({"kite"}, {"tram"})] * 6
