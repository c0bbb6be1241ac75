"""What is in an archive, against Python's own reader; and headers that lie."""

from __future__ import annotations

import contextlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.library.sources.reading.tar_index import Member, TarError, members

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
names = st.lists(
    st.text("abcé_-.", min_size=1, max_size=60).filter(lambda name: name.strip(".")), min_size=1, max_size=3
)


@given(
    files=st.lists(st.tuples(names, st.integers(0, 1500)), max_size=6),
    format=st.sampled_from(FORMATS),
)
@settings(max_examples=60)
def test_against_tarfile(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[list[str], int]], format: int
) -> None:
    """Names of any length, in each of the three formats."""
    path = tmp_path_factory.mktemp("tar") / "a.tar"
    with tarfile.open(path, "w", format=format) as archive:
        for parts, size in files:
            entry = tarfile.TarInfo("/".join(parts))
            entry.size = size
            try:
                archive.addfile(entry, io.BytesIO(bytes(size)))
            except ValueError:  # too long for ustar
                continue
            folder = tarfile.TarInfo("folder/x")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
    with tarfile.open(path) as archive:
        expected = [Member(entry.name, entry.offset_data, entry.size) for entry in archive if entry.isfile()]
    assert list(members(path)) == expected


def write(path: Path, *headers: tarfile.TarInfo, format: int = tarfile.GNU_FORMAT) -> bytes:
    """Headers alone, each with a good sum."""
    path.write_bytes(b"".join(header.tobuf(format) for header in headers) + bytes(1024))
    return path.read_bytes()


def with_sum(header: bytes) -> bytes:
    total = sum(header[:148]) + 256 + sum(header[156:])
    return header[:148] + f"{total:06o}\0 ".encode() + header[156:]


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        (b"77777777777\0", "archive is cut off"),  # 8 GiB that are not there
        (b"\x80" + (1 << 80).to_bytes(11, "big"), "archive is cut off"),
        (b"\xff" * 12, "damaged archive header"),  # -1: Python's reader went round in circles here
        (b"\xff" * 11 + b"\x00", "damaged archive header"),
        (b"0000000009\0\0", "damaged archive header"),
        (b"-0000000001\0", "damaged archive header"),
        (b"\xc2\xb2" + b"0" * 10, "damaged archive header"),
    ],
)
def test_sizes_that_lie(tmp_path: Path, size: bytes, reason: str) -> None:
    header = write(tmp_path / "a.tar", tarfile.TarInfo("x"))
    (tmp_path / "a.tar").write_bytes(with_sum(header[:124] + size + header[136:512]) + bytes(1024))
    found = members(tmp_path / "a.tar")
    with pytest.raises(TarError, match=reason):
        assert all(member.problem == reason for member in found)


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    """What comes after it would be lost without a word."""
    content = write(tmp_path / "a.tar", *(tarfile.TarInfo(name) for name in "xyz"))
    (tmp_path / "a.tar").write_bytes(content[:512] + b"Q" + content[513:])
    found = []
    with pytest.raises(TarError, match="damaged archive header"):
        found += list(members(tmp_path / "a.tar"))
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert archive.getnames() == ["x"]


def test_archives_strung_together(tmp_path: Path) -> None:
    content = write(tmp_path / "a.tar", tarfile.TarInfo("x"))
    (tmp_path / "a.tar").write_bytes(content * 2)
    with pytest.raises(TarError, match="more data after the end of the archive"):
        list(members(tmp_path / "a.tar"))
    (tmp_path / "a.tar").write_bytes(content + bytes(10_000))
    assert len(list(members(tmp_path / "a.tar"))) == 1


def pax(*records: bytes) -> bytes:
    entry = tarfile.TarInfo("p")
    entry.type, content = b"x", b"".join(records)
    entry.size = len(content)
    return entry.tobuf() + content + bytes(-len(content) % 512)


@pytest.mark.parametrize(
    "records",
    [
        b"99 path=x\n",
        b"0 path=x\n",
        b"3 path=x\n",
        b"path=x\n",
        b"-9 path=x\n",
        b"11 size=-1\n",
        b"12 size=1e9\n",
        b"30 size=%021d\n" % 1,
        b"5012 size=" + b"9" * 5001 + b"\n",
        b"9" * 5000 + b" path=x\n",
    ],
    ids=lambda records: records[:12].decode(),
)
def test_pax_records_that_lie(tmp_path: Path, records: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(pax(records) + tarfile.TarInfo("x").tobuf() + bytes(1024))
    with pytest.raises(TarError, match="damaged archive header"):
        list(members(tmp_path / "a.tar"))


def test_a_long_name_that_is_too_long(tmp_path: Path) -> None:
    """It is not read into memory to find out."""
    path = tmp_path / "a.tar"
    path.write_bytes(pax(b"%d path=" % 2_000_010, b"a" * 2_000_000) + tarfile.TarInfo("x").tobuf() + bytes(1024))
    with pytest.raises(TarError, match="damaged archive header"):
        list(members(path))


def test_a_pax_name_counts_more_than_the_header(tmp_path: Path) -> None:
    """Also where it leads out."""
    (tmp_path / "a.tar").write_bytes(pax(b"13 path=../x\n") + tarfile.TarInfo("x").tobuf() + bytes(1024))
    assert [(member.name, member.problem) for member in members(tmp_path / "a.tar")] == [
        ("../x", "its name leads out of the archive")
    ]


@given(seed=st.binary(min_size=0, max_size=1200))
def test_garbage_ends(tmp_path_factory: pytest.TempPathFactory, seed: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "a.tar"
    path.write_bytes(seed)
    with contextlib.suppress(TarError):
        assert list(members(path)) == []
