"""Archives that every tar reader opens, always the same bytes; and archives that are refused."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.data.cache.tar_file import BLOCK, END_BYTES, TarWriter, member_header, read_members
from sos_online.errors import BrokenSampleError

SUFFIXES = ("png", "seg.png", "json")
Entries = list[tuple[int, int, int]]


def archive(samples: list[dict[str, bytes]]) -> tuple[bytes, Entries]:
    """Samples named k0, k1 …; and where they are."""
    file = io.BytesIO()
    writer = TarWriter(file)
    entries = [writer.add(f"k{number}", members) for number, members in enumerate(samples)]
    size, sha256 = writer.close()
    content = file.getvalue()
    assert size == len(content) and sha256 == hashlib.sha256(content).hexdigest()
    return content, entries


@settings(max_examples=40)
@given(samples=st.lists(st.tuples(*[st.binary(max_size=1100)] * 3), max_size=4))
def test_what_was_written_is_read_by_us_and_by_tarfile(samples: list[tuple[bytes, ...]]) -> None:
    members = [dict(zip(SUFFIXES, contents, strict=True)) for contents in samples]
    content, entries = archive(members)
    for number, (offset, size, _) in enumerate(entries):
        assert read_members(content[offset : offset + size], f"k{number}", SUFFIXES, "w") == members[number]
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
        assert {(member.mode, member.uid, member.gid, member.mtime, member.uname) for member in tar} <= {
            (0o644, 0, 0, 0, "")
        }
    assert found == {f"k{number}.{suffix}": each[suffix] for number, each in enumerate(members) for suffix in SUFFIXES}


def test_the_bytes_are_these_for_good() -> None:
    """Whatever Python writes them: a cache is gone on with by another version."""
    content, _ = archive([{"png": b"a", "seg.png": b"b" * 600, "json": b"{}"}])
    assert len(content) == 3 * BLOCK + 4 * BLOCK + END_BYTES
    assert hashlib.sha256(content).hexdigest() == "81b4c6b72fd2dea035ecfb14e3e489d4bab814bbc04be9f75a03316d4c2a8e42"


@pytest.mark.parametrize(("name", "size"), [("", 1), ("k" * 101, 1), ("k", 8**11), ("k", -1), ("ü", 1)])
def test_a_header_that_cannot_be(name: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"expected a name|ascii"):
        member_header(name, size)


def foreign(*members: tuple[str, bytes], **header: Any) -> bytes:
    """A sample's region as ``tarfile`` would write it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in header.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()[: sum(BLOCK + -(-len(content) // BLOCK) * BLOCK for _, content in members)]


GOOD = [("k.png", b"1"), ("k.seg.png", b"2"), ("k.json", b"3")]
REGION = b"".join(member_header(name, 1) + content + bytes(511) for name, content in GOOD)


def damaged(at: int, content: bytes) -> bytes:
    return REGION[:at] + content + REGION[at + len(content) :]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (b"", "expected the member k.png, found no file"),
        (REGION[:-1], "k.json: expected 1 bytes and zeros up to a whole block"),
        (REGION[: 2 * BLOCK], "expected the member k.seg.png, found no file"),
        (REGION + REGION, "expected no more members, found 'k.png'"),
        (REGION + b"x", "expected no more members, found damaged archive header"),
        (foreign(("/k.png", b"1"), *GOOD[1:]), r"found '/k.png' \(its name leads out of the archive\)"),
        (foreign(("../k.png", b"1"), *GOOD[1:]), r"found '../k.png' \(its name leads out of the archive\)"),
        (foreign(("k.pickle", b"1"), *GOOD[1:]), "expected the member k.png, found 'k.pickle'"),
        (foreign(*GOOD, ("k.pth", b"1")), "expected the member k.png, found 'k.png'"),
        (foreign(("k.png", b""), type=tarfile.SYMTYPE, linkname="/etc/passwd"), r"'k.png' \(a link or another"),
        (foreign(("k.png", b""), type=tarfile.LNKTYPE, linkname="k"), r"'k.png' \(a link or another"),
        (foreign(("k.png", b""), type=tarfile.DIRTYPE), "expected the member k.png, found no file"),
        (foreign(("k.png", b"1"), uname="root"), "expected the member k.png, found 'k.png'"),
        (damaged(0, b"q"), "expected the member k.png, found damaged archive header"),
        (damaged(124, b"99999999999"), "expected the member k.png, found damaged archive header"),
        (damaged(124, b"\xff"), "expected the member k.png, found damaged archive header"),
        (damaged(BLOCK + 5, b"x"), "k.png: expected 1 bytes and zeros up to a whole block"),
        (member_header("k.png", 2**30) + b"1", "k.png: expected 1073741824 bytes and zeros"),
        (REGION.replace(b"k.", b"j."), "expected the member k.png, found damaged archive header"),
    ],
)
def test_anything_else_is_refused(region: bytes, message: str) -> None:
    with pytest.raises(BrokenSampleError, match=f"^w: .*{message}"):
        read_members(region, "k", SUFFIXES, "w")


@settings(max_examples=100)
@given(at=st.integers(0, len(REGION) - 1), flip=st.integers(1, 255))
def test_no_byte_but_those_of_contents_can_change(at: int, flip: int) -> None:
    region = damaged(at, bytes([REGION[at] ^ flip]))
    if at % (2 * BLOCK) == BLOCK:  # the content, which the card's checksum covers
        assert read_members(region, "k", SUFFIXES, "w").keys() == set(SUFFIXES)
    else:
        with pytest.raises(BrokenSampleError, match=r"^w: "):
            read_members(region, "k", SUFFIXES, "w")
