"""Near-duplicates: against all pairs, and on pictures."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.measure import measure
from sos_online.library.near_duplicates import MAX_DISTANCE, MIN_DETAIL, near_duplicates
from tests.library.conftest import ENCODING, disc, write_files


def near(hashes: list[int], detail: list[float] | None = None) -> list[int]:
    return near_duplicates(np.array(hashes, np.uint64), np.array(detail or [MIN_DETAIL] * len(hashes))).tolist()


def distance(one: int, other: int) -> int:
    return bin(one ^ other).count("1")


def slow(hashes: list[int], detail: list[float]) -> list[int]:
    """From the definition, a pair at a time."""
    of: list[int] = []
    for number, value in enumerate(hashes):
        kept = [
            other
            for other in range(number)
            if of[other] == -1
            and min(detail[number], detail[other]) >= MIN_DETAIL
            and distance(value, hashes[other]) <= MAX_DISTANCE
        ]
        of.append(kept[0] if kept else -1)
    return of


BITS = st.lists(st.integers(0, 63), max_size=5).map(lambda bits: sum({1 << bit for bit in bits}))
HASH = st.one_of(BITS, BITS.map(lambda bits: bits ^ (2**64 - 1)), st.integers(0, 2**64 - 1))
SEGMENTS = st.lists(st.tuples(HASH, st.sampled_from([0.0, 24.9, 25.0, 900.0, 901.0])), max_size=30)


@given(SEGMENTS)
def test_against_all_pairs(segments: list[tuple[int, float]]) -> None:
    hashes, detail = [hash_ for hash_, _ in segments], [detail for _, detail in segments]
    assert near(hashes, detail) == slow(hashes, detail)


@pytest.mark.parametrize("most", [1, 3])
@given(hashes=st.lists(HASH, max_size=40))
def test_what_is_marked_where_buckets_are_full(most: int, hashes: list[int]) -> None:
    """Some may be missed, but none that is the same bit by bit; and nothing is marked for one that is not close."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sos_online.library.near_duplicates.KEPT_PER_BUCKET", most)
        found = near(hashes)
    for row, of in enumerate(found):
        same = hashes.index(hashes[row])
        if of == -1:
            assert same == row
        else:
            assert of < row and found[of] == -1 and distance(hashes[row], hashes[of]) <= MAX_DISTANCE
            assert of == same or found[same] in (-1, of)


@pytest.mark.parametrize("count", [0, 1, 2, 3000])
def test_all_alike(count: int) -> None:
    assert near([7] * count) == [-1][:count] + [0] * (count - 1)


def test_thousands_of_near_copies() -> None:
    """Pairs of them are 200 million: in seconds and tens of megabytes only because each is compared with those kept."""
    rng = np.random.default_rng(0)
    bits = np.uint64(1) << rng.integers(0, 64, (2, 20_000)).astype(np.uint64)
    copies = np.concatenate(
        [np.array([0xDEADBEEF12345678], np.uint64), bits[0] ^ bits[1] ^ np.uint64(0xDEADBEEF12345678)]
    )
    tracemalloc.start()
    begun = time.process_time()
    of = near_duplicates(copies, np.full(len(copies), 100.0))
    took, most = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert of.tolist() == [-1, *[0] * 20_000]
    assert took < 5
    assert most < 2**25


def test_hashes_that_crowd_one_band() -> None:
    """All in one bucket of the lowest band, none close to another: comparisons end at the bound."""
    count = 20_000
    high = np.random.default_rng(0).integers(0, 2**52, count).astype(np.uint64) << np.uint64(12)
    begun = time.process_time()
    of = near_duplicates(high, np.full(count, 100.0))
    assert time.process_time() - begun < 5
    assert (of == -1).sum() > count - 20


def test_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked for among so many at a time and not beyond, in rows of the library."""
    monkeypatch.setattr("sos_online.library.tabulate.SEGMENTS_TOGETHER", 3)
    seeds = {"a/0": 1, "b/0": 2, "b/1": 3, "b/2": 2, "b/3": 2, "b/4": 4, "b/5": 4, "b/6": 4}
    files = {f"{name}.png": disc(seed=seed) for name, seed in seeds.items()}
    source = sos.CategoryFolders(write_files(tmp_path / "in", files))
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert library.quality("duplicate_of").tolist() == [-1, -1, -1, 1, -1, -1, 5, -1]
    assert library.manifest.sources[0].near_duplicates == 2


def test_plain_objects_of_one_shape_are_not_taken_for_one(tmp_path: Path) -> None:
    """Their hashes are the same, whatever their colour; and so they are where they are the same."""
    shape = disc(80, 60)
    colours = {"0": (255, 0, 0), "1": (0, 0, 255), "2": (0, 0, 255), "3": (90, 90, 90)}
    files = {
        f"a/{name}.png": np.dstack([np.full((60, 80, 3), rgb, np.uint8), shape[..., 3]])
        for name, rgb in colours.items()
    }
    assert len({measure(picture).perceptual_hash for picture in files.values()}) < len(files)
    files |= {"a/4.png": shape, "a/5.png": shape}
    source = sos.CategoryFolders(write_files(tmp_path / "in", files))
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert library.quality("duplicate_of").tolist() == [-1, -1, -1, -1, -1, 4]


def test_pictures(tmp_path: Path) -> None:
    """Recompressed and shrunk copies are marked; other pictures, and copies in other categories, are not."""
    smooth = disc(80, 60)
    smooth[..., :3] = cv2.normalize(cv2.GaussianBlur(smooth[..., :3], (0, 0), 1.5), None, 0, 255, cv2.NORM_MINMAX)
    recompressed = cv2.imdecode(cv2.imencode(".jpg", smooth[..., :3])[1], cv2.IMREAD_COLOR)
    copies = {
        "0.png": smooth,
        "1.png": np.dstack([recompressed, smooth[..., 3]]),
        "2.png": np.asarray(cv2.resize(smooth, (60, 45), interpolation=cv2.INTER_AREA)),
        "3.png": np.ascontiguousarray(smooth[:, ::-1]),  # mirrored: another picture
    }
    files = {f"a/{name}": picture for name, picture in copies.items()} | {"b/0.png": smooth}
    source = sos.CategoryFolders(write_files(tmp_path / "in", files))
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert library.quality("duplicate_of").tolist() == [-1, 0, 0, -1, -1]
    assert library.manifest.sources[0].near_duplicates == 2


def test_rows_are_those_of_the_library(tmp_path: Path) -> None:
    """Numbered over all categories, not inside one."""
    files = {"a/0.png": disc(seed=1), "b/0.png": disc(seed=2), "b/1.png": disc(seed=2)}
    source = sos.CategoryFolders(write_files(tmp_path / "in", files))
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert library.quality("duplicate_of").tolist() == [-1, -1, 1]
