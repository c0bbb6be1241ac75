"""Writing ahead of training: what is in a cache, and what a second call does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import sos_online as sos
from sos_online.data.cache import CacheFolder, CacheSettings, verify_cache, write_cache
from sos_online.data.cache.shard_maker import ShardMaker
from sos_online.errors import BrokenSegmentError, CacheError, StreamError
from tests.data.cache.made_up import small_cache, small_stream, tree
from tests.data.compare import digest, digests


def stored(out: Path) -> Iterator[tuple[Any, Any]]:
    folder = CacheFolder(out)
    manifest = folder.manifest()
    for shard in folder.shard_names():
        for entry in folder.card(shard).samples:
            sample = folder.sample(manifest, shard, entry)
            yield sample.image, sample.target


def served(stream: sos.SOSDataset, samples: int) -> Iterator[tuple[Any, Any]]:
    """What a loader gives a model, epoch after epoch."""
    loader = sos.make_loader(stream, 1, dtype=torch.uint8)
    while samples > 0:
        for images, targets in loader:
            if samples > 0:
                yield images[0], targets[0]
            samples -= 1


def test_the_samples_of_a_loader_are_in_it(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    """With their light, over three epochs, the last shard short."""
    stream = small_stream(library, target={"amodal_masks": True})
    out = small_cache(stream, tmp_path / "c", samples=23)
    assert digests(stored(out)) == digests(served(small_stream(library, target={"amodal_masks": True}), 23))
    folder = CacheFolder(out)
    cards = [folder.card(shard) for shard in folder.shard_names()]
    assert [len(card.samples) for card in cards] == [4] * 5 + [3]
    places = [(entry.epoch, entry.index) for card in cards for entry in card.samples]
    assert places == [divmod(number, 10) for number in range(23)]
    manifest = folder.manifest()
    assert manifest.complete and not manifest.light_pending
    assert [(shard.name, shard.samples) for shard in manifest.shards] == [(f"{n:06d}", 4) for n in range(5)] + [
        ("000005", 3)
    ]
    assert sos.Recipe.parse(manifest.recipe) == stream.recipe
    assert not [name for name in tree(out) if name.startswith(".")]


def test_objects_that_are_painted_in_the_device_stage(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    stream = small_stream(library, device={"composite": True})
    found = list(stored(small_cache(stream, tmp_path / "c", samples=6)))
    for (image, target), (plain, expected) in zip(found, served(small_stream(library), 6), strict=True):
        assert digest(target) == digest(expected)
        assert (image.int() - plain.int()).abs().float().mean() < 1


def test_sizes_that_vary(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    sizes = [[40, 40], [40, 56], [56, 40]]
    stream = small_stream(library, canvas={"sizes": sizes, "same_for": 1})
    found = [list(image.shape[1:]) for image, _ in stored(small_cache(stream, tmp_path / "c", samples=10))]
    assert found == [list(stream.sample(index)[0].shape[1:]) for index in range(10)]
    assert len({tuple(size) for size in found}) > 1


def test_pictures_without_objects(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    stream = small_stream(library, objects=[0, 0])
    assert digests(stored(small_cache(stream, tmp_path / "c"))) == digests(served(stream, 10))


@pytest.mark.parametrize("image_format", ["jpg", "webp", "webp-lossless", "png"])
def test_webdataset_reads_it(library: sos.SegmentLibrary, tmp_path: Path, image_format: Any) -> None:
    """The library itself, with nothing of ours."""
    webdataset = pytest.importorskip("webdataset")
    out = small_cache(small_stream(library), tmp_path / "c", image_format=image_format, scene=True)
    shards = sorted(map(str, out.glob("*.tar")))
    suffix = image_format.removesuffix("-lossless")
    found = list(webdataset.WebDataset(shards, shardshuffle=False).decode("torchrgb8", only=[suffix, "json"]))
    assert [sample["__key__"] for sample in found] == [f"0000-{n:09d}" for n in range(10)]
    for sample, (image, target) in zip(found, stored(out), strict=True):
        record = sample["json"]
        assert record["target"]["boxes"] == target["boxes"].tolist()
        ids = cv2.imdecode(np.frombuffer(sample["seg.png"], np.uint8), cv2.IMREAD_UNCHANGED)
        assert (ids == target["instance_map"].numpy()).all()
        assert set(record) >= {"names", "words", "segments", "scene", "epoch", "index", "size_hw"}
        if suffix == "png" or image_format == "webp-lossless":
            assert torch.equal(torch.as_tensor(sample[suffix]), image)


def test_the_same_call_again_touches_nothing(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    out = small_cache(small_stream(library), tmp_path / "c")
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    seen: list[tuple[int, int]] = []
    settings = CacheSettings(image_format="png", samples_per_shard=4)
    report = write_cache(
        small_stream(library), out, samples=10, settings=settings, progress=lambda *now: seen.append(now)
    )
    assert (report.written, report.there, report.shards, report.complete) == (0, 10, 0, True)
    assert seen == [(10, 10)]
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


@pytest.mark.parametrize("damage", ["no tar", "no card", "cut tar", "cut card", "half written", "incomplete"])
def test_what_is_missing_is_made_again(library: sos.SegmentLibrary, tmp_path: Path, damage: str) -> None:
    out = small_cache(small_stream(library), tmp_path / "c")
    expected = tree(out)
    tar, card = out / "000001.tar", out / "000001.json"
    if damage == "no tar":
        tar.unlink()
    elif damage == "no card":
        card.unlink()
    elif damage == "cut tar":
        tar.write_bytes(tar.read_bytes()[:-1])
    elif damage == "cut card":
        card.write_bytes(card.read_bytes()[:-1])
    elif damage == "half written":
        card.unlink()
        tar.write_bytes(b"")
    else:
        shutil.rmtree(out)
        small_cache(small_stream(library), out, rank=0, world=2)
        assert not CacheFolder(out).manifest().complete
    others = {path: path.stat().st_mtime_ns for path in out.glob("000000.*")}
    small_cache(small_stream(library), out)
    assert tree(out) == expected
    assert {path: path.stat().st_mtime_ns for path in others} == others


def _nothing(image: Any, target: Any) -> Any:
    return image, target


@pytest.mark.parametrize(
    ("stream", "settings", "message"),
    [
        ({"seed": 4}, {}, "stream.seed: expected 4, as asked for, found 3"),
        ({"length": 11}, {}, "stream.length: expected 11"),
        ({"objects": [2, 4]}, {}, "stream.recipe: expected"),
        ({"transforms": _nothing}, {}, "stream.transforms: expected '<function _nothing>', as asked for, found None"),
        ({}, {"samples": 11}, "samples: expected 11, as asked for, found 10"),
        ({}, {"each": 5}, "settings.samples_per_shard: expected 5"),
        ({}, {"image_format": "jpg"}, "settings.image_format: expected 'jpg'"),
        ({}, {"scene": True}, "settings.scene: expected True"),
    ],
)
def test_a_folder_of_another_cache_is_refused(
    library: sos.SegmentLibrary, tmp_path: Path, stream: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    out = small_cache(small_stream(library), tmp_path / "c")
    before = tree(out)
    with pytest.raises(CacheError, match=f"c/manifest.json: {message}"):
        small_cache(small_stream(library, **stream), out, **settings)
    assert tree(out) == before


def test_a_cache_of_another_library_is_refused(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    out = small_cache(small_stream(library), tmp_path / "c")
    shutil.copytree(library.root, tmp_path / "other")
    source = sos.CategoryFolders(next(library.root.parent.glob("cutouts")))
    other = sos.build_library(tmp_path / "built", [source], encoding=sos.Encoding(ladder=(16, 32)))
    with pytest.raises(CacheError, match=r"manifest.json: stream.library: expected"):
        small_cache(small_stream(other), out)


@pytest.mark.parametrize("name", ["mine.tar", "library.json"])
def test_a_folder_of_something_else_is_refused(library: sos.SegmentLibrary, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(CacheError, match=rf"manifest.json: no such file, and there is {name} already"):
        small_cache(small_stream(library), tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(sos.SOSError, match=r"file/manifest.json: cannot be read: Not a directory"):
        small_cache(small_stream(library), tmp_path / "file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 0}, "samples: expected an integer from 1 on"),
        ({"samples": 1.5}, "samples: expected"),
        ({"workers": -1}, "workers: expected"),
        ({"rank": 2, "world": 2}, "rank, world: expected integers, 0 <= rank < world"),
        ({"rank": "a"}, "rank, world: expected integers"),
        ({"settings": {"quality": 80}}, "settings: expected CacheSettings"),
        ({"runner": "slurm"}, "runner: expected local or ray, found 'slurm'"),
        ({"device": "abacus"}, "device: expected cpu, cuda or such"),
        ({"samples": 2_000_001, "settings": CacheSettings(samples_per_shard=2)}, "samples_per_shard: expected"),
        ({"stream": 1}, "dataset: expected a dataset of the package, or a map-style one"),
    ],
)
def test_arguments_are_checked_before_anything_is_written(
    library: sos.SegmentLibrary, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    call = {"stream": small_stream(library), "samples": 3, **arguments}
    with pytest.raises(StreamError, match=message):
        write_cache(call.pop("stream"), tmp_path / "c", **call)
    assert not (tmp_path / "c").exists()


LARGER = {"canvas": {"sizes": [[160, 160]]}, "objects": [3, 9]}  # so that the damaged level is asked for


@pytest.fixture
def broken_library(library: sos.SegmentLibrary, tmp_path: Path) -> sos.SegmentLibrary:
    root = Path(shutil.copytree(library.root, tmp_path / "broken"))
    (shard,) = (root / "pixels").iterdir()
    content = bytearray(shard.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(byte ^ 0xFF for byte in content[middle : middle + 8])
    shard.write_bytes(content)
    return sos.SegmentLibrary.open(root)


def test_a_sample_that_fails_is_named_and_finished_shards_stay(
    broken_library: sos.SegmentLibrary, tmp_path: Path
) -> None:
    stream = small_stream(broken_library, length=100, **LARGER)
    with pytest.raises(BrokenSegmentError, match=r"^sample \d+ of epoch 0: .*pixels/00000.arrow"):
        small_cache(stream, tmp_path / "c", samples=100, each=1)
    folder = CacheFolder(tmp_path / "c")
    assert not folder.manifest().complete
    done = folder.shard_names()
    assert done == [f"{number:06d}" for number in range(len(done))]
    assert len(tree(tmp_path / "c")) == 1 + 2 * len(done)
    assert verify_cache(tmp_path / "c").sound


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize(("policy", "workers"), [("warn", 0), ("replace", 0), ("warn", 1)])
def test_what_a_stream_goes_on_without_is_counted(
    broken_library: sos.SegmentLibrary, tmp_path: Path, policy: Any, workers: int
) -> None:
    stream = small_stream(broken_library, length=20, on_error=policy, **LARGER)
    expected = digests(stream.sample(index)[1]["boxes"] for index in range(20))
    met = stream.failures.segments
    report = write_cache(
        small_stream(broken_library, length=20, on_error=policy, **LARGER),
        tmp_path / "c",
        samples=20,
        settings=CacheSettings(image_format="png", samples_per_shard=10),
        workers=workers,
    )
    assert report.segments == met > 0 and report.complete
    assert digests(target["boxes"] for _, target in stored(tmp_path / "c")) == expected


def test_a_reservoir_is_left_out(library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it serves depends on time, so that a cache made with it would be another one each time."""
    recipe = {"light": {"relighters": {"iclight": 1.0}}, "reservoir": {}}
    stream = small_stream(library, **recipe)
    seen: list[Any] = []

    def make_device_stage(recipe: sos.Recipe, *_: Any, **__: Any) -> None:
        seen.append(recipe)
        raise CacheError("stop")

    monkeypatch.setattr("sos_online.data.cache.shard_maker.make_device_stage", make_device_stage)
    with pytest.raises(CacheError, match="stop"):
        ShardMaker(stream, CacheFolder(tmp_path), CacheSettings(), 1, "cpu")(0)
    assert seen[0].reservoir is None and seen[0].wants_diffusion


def test_words_and_scene_are_json_for_anybody(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    out = small_cache(small_stream(library), tmp_path / "c", samples=1, scene=True)
    folder = CacheFolder(out)
    record = folder.sample(folder.manifest(), "000000", folder.card("000000").samples[0]).record
    assert json.loads(json.dumps(record)) == record
