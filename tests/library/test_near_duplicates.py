"""Near-duplicates: against all pairs, and on pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.near_duplicates import MAX_DISTANCE, near_duplicates
from tests.library.conftest import ENCODING, disc, write_files


def slow(hashes: list[int]) -> list[int]:
    """From the definition, a pair at a time."""
    of: list[int] = []
    for number, value in enumerate(hashes):
        kept = [
            other
            for other in range(number)
            if of[other] == -1 and bin(value ^ hashes[other]).count("1") <= MAX_DISTANCE
        ]
        of.append(kept[0] if kept else -1)
    return of


BITS = st.lists(st.integers(0, 63), max_size=5).map(lambda bits: sum({1 << bit for bit in bits}))
HASHES = st.lists(st.one_of(BITS, BITS.map(lambda bits: bits ^ (2**64 - 1)), st.integers(0, 2**64 - 1)), max_size=30)


@given(HASHES)
def test_against_all_pairs(hashes: list[int]) -> None:
    assert near_duplicates(np.array(hashes, np.uint64)).tolist() == slow(hashes)


@pytest.mark.parametrize("bands", [MAX_DISTANCE + 2, MAX_DISTANCE + 3])
def test_as_many_hashes_would_be_compared(bands: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sos_online.library.near_duplicates._bands", lambda _: bands)
    test_against_all_pairs()


@pytest.mark.parametrize("count", [0, 1, 2, 3000])
def test_all_alike(count: int) -> None:
    assert near_duplicates(np.full(count, 7, np.uint64)).tolist() == [-1][:count] + [0] * (count - 1)


def test_pictures(tmp_path: Path) -> None:
    """Recompressed and shrunk copies are marked; other pictures, and copies in other categories, are not."""
    smooth = disc(80, 60)
    smooth[..., :3] = cv2.normalize(cv2.GaussianBlur(smooth[..., :3], (0, 0), 9), None, 0, 255, cv2.NORM_MINMAX)
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
