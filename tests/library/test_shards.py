"""Pixel shards: what is written is read, what is not as it should be is refused, and open ones cost next to nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pytest

from sos_online.errors import BrokenSegmentError, LibraryError
from sos_online.library.encode import EncodedLevel
from sos_online.library.format import PIXELS_SCHEMA
from sos_online.library.open_files import KEPT, OpenFiles
from sos_online.library.shards import PixelShard, write_shard

LEVELS = [EncodedLevel(b"colour" * 50, b"alpha"), EncodedLevel(b"", b"a"), EncodedLevel(b"c", b"")]


@pytest.mark.parametrize("levels", [[], LEVELS[1:2], LEVELS[2:], LEVELS], ids=["none", "no colour", "no alpha", "all"])
def test_round_trip(levels: list[EncodedLevel], tmp_path: Path) -> None:
    path = tmp_path / "shard.arrow"
    shard = PixelShard(path, write_shard(path, levels), OpenFiles(KEPT))
    found = [EncodedLevel(shard.read(row, "colour").tobytes(), shard.read(row, "alpha").tobytes())
             for row in range(len(levels))]  # fmt: skip
    assert found == levels
    for row in (-1, len(levels)):
        with pytest.raises(BrokenSegmentError, match=rf"shard\.arrow: row {row} of {len(levels)} is asked for"):
            shard.read(row, "colour")


def test_compressed_columns_are_refused(tmp_path: Path) -> None:
    """They are valid Arrow, but nothing in the file is where it is read."""
    path = tmp_path / "shard.arrow"
    columns = {"colour": [b"c" * 999], "alpha": [b"a" * 999], "colour_crc": [1], "alpha_crc": [1]}
    schema = PIXELS_SCHEMA.with_metadata({"crc": "7"})
    with pa.ipc.new_file(str(path), schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write(pa.table(columns, schema))
    with pytest.raises(LibraryError, match=r"shard\.arrow: is compressed"):
        PixelShard(path, 7, OpenFiles(KEPT))


def test_another_shard_is_refused(tmp_path: Path) -> None:
    """Whole, and of the same sizes."""
    crc = write_shard(tmp_path / "one.arrow", LEVELS)
    write_shard(tmp_path / "two.arrow", [EncodedLevel(b"C" * 300, b"ALPHA"), *LEVELS[1:]])
    PixelShard(tmp_path / "one.arrow", crc, OpenFiles(KEPT))
    with pytest.raises(LibraryError, match=r"two\.arrow: is not the shard that the library was made with"):
        PixelShard(tmp_path / "two.arrow", crc, OpenFiles(KEPT))


def test_what_happens_to_a_file_after_it_was_opened(tmp_path: Path) -> None:
    """It is not mapped: a file that is cut is an error, and not the end of the process."""
    path = tmp_path / "shard.arrow"
    shard = PixelShard(path, write_shard(path, LEVELS), OpenFiles(KEPT))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(BrokenSegmentError, match=r"shard\.arrow: cannot be read: it ends early"):
        shard.read(0, "colour")
    path.unlink()
    with pytest.raises(BrokenSegmentError, match=r"shard\.arrow: cannot be read: No such file"):
        shard.read(0, "colour")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_open_shards_cost_little(tmp_path: Path) -> None:
    """A process that serves a large library has all its shards open: no file descriptor and 2 kB at most for each."""
    path = tmp_path / "shard.arrow"
    crc = write_shard(path, LEVELS)
    open_files = OpenFiles(KEPT)
    first = [PixelShard(path, crc, open_files) for _ in range(200)]  # whatever is allocated once
    files, memory = len(list(Path("/proc/self/fd").iterdir())), anonymous_memory()
    shards = [PixelShard(path, crc, open_files) for _ in range(2000)]
    assert len(list(Path("/proc/self/fd").iterdir())) == files
    assert anonymous_memory() - memory < 2048 * len(shards)
    assert first[0].read(0, "alpha").tobytes() == shards[-1].read(0, "alpha").tobytes()


def anonymous_memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def test_rows_are_the_same_with_and_without_room_to_remember_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "shard.arrow"
    crc = write_shard(path, LEVELS)
    roomy, full = OpenFiles(KEPT), OpenFiles(0)
    while full.take_room(1):
        full.take_room(1 << 16)
    for files in (roomy, full):
        shard = PixelShard(path, crc, files)
        for _ in range(2):
            for row, level in enumerate(LEVELS):
                assert shard.read(row, "colour").tobytes() == level.colour
                assert shard.read(row, "alpha").tobytes() == level.alpha
