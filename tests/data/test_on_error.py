"""Broken segments and photos met while streaming: each policy, counted, deterministic."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import sos_online as sos
from tests.conftest import small_recipe
from tests.data.compare import digests
from tests.targets.test_build import check_target


@pytest.fixture
def broken_library(library: sos.SegmentLibrary, tmp_path: Path) -> sos.SegmentLibrary:
    """The small library with a few damaged bytes in the middle of its only shard."""
    root = tmp_path / "broken"
    shutil.copytree(library.root, root)
    (shard,) = (root / "pixels").iterdir()
    content = bytearray(shard.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(byte ^ 0xFF for byte in content[middle : middle + 8])
    shard.write_bytes(content)
    return sos.SegmentLibrary.open(root)


def test_raise_names_the_shard(broken_library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(broken_library, small_recipe(), length=40)
    with pytest.raises(sos.BrokenSegmentError, match=r"pixels/00000\.arrow: row \d+: .* checksum"):
        list(dataset)
    assert dataset.failures.segments == 1


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("policy", ["warn", "replace"])
def test_the_stream_stays_deterministic_and_exact(
    broken_library: sos.SegmentLibrary, policy: sos.data.dataset.OnError
) -> None:
    def stream() -> sos.SOSDataset:
        return sos.SOSDataset(broken_library, small_recipe(), length=40, on_error=policy)

    dataset = stream()
    samples = list(dataset)
    assert dataset.failures.segments > 0
    for _, target in samples:
        check_target(target, (160, 160))
    assert digests(samples) == digests(stream())
    with_workers = sos.make_loader(stream(), 4, num_workers=2)
    assert digests(with_workers) == digests(sos.make_loader(stream(), 4))
    assert with_workers.dataset.failures.segments == dataset.failures.segments


def test_warn_leaves_the_object_out_and_says_so(broken_library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(broken_library, small_recipe(), length=40, on_error="warn")
    with pytest.warns(RuntimeWarning, match=r"left out: .*00000\.arrow"):
        samples = list(dataset)
    assert len(samples) == 40


def test_a_stream_of_nothing_but_broken_segments_ends(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    root = tmp_path / "gone"
    shutil.copytree(library.root, root)
    shutil.rmtree(root / "pixels")
    dataset = sos.SOSDataset(sos.SegmentLibrary.open(root), small_recipe(), length=4, on_error="replace")
    with pytest.raises(sos.StreamError, match="16 plans in a row"):
        dataset.sample(0)


@pytest.mark.filterwarnings("ignore:left out")
def test_a_broken_photo(library: sos.SegmentLibrary, tmp_path: Path, real_data: Path) -> None:
    good = sorted((real_data / "backgrounds/textures").iterdir())[:2]
    for path in good:
        shutil.copy(path, tmp_path)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "cut.jpg").write_bytes(good[0].read_bytes()[:40])
    (tmp_path / "text.png").write_text("no picture")
    photos = sos.Backgrounds.open(tmp_path)
    assert len(photos) == 5

    with pytest.raises(sos.BrokenPhotoError, match=r"(empty|cut|text)\.(jpg|png)"):
        list(sos.SOSDataset(library, small_recipe(), length=40, backgrounds=photos))
    warned = sos.SOSDataset(library, small_recipe(), length=40, backgrounds=photos, on_error="warn")
    assert digests(warned) == digests(warned)
    assert warned.failures.photos > 10
    replaced = sos.SOSDataset(library, small_recipe(objects=[0, 0]), length=40, backgrounds=photos, on_error="replace")
    assert all(image.float().std() > 1 for image, _ in replaced), "every picture shows a photo"


@pytest.mark.parametrize("what", ["missing", "file", "empty"])
def test_a_folder_without_photos_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "file":
        path.touch()
    elif what == "empty":
        path.mkdir()
    with pytest.raises(sos.SOSError, match=str(path)):
        sos.Backgrounds.open(path)
