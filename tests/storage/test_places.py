"""What every place does, on this machine and elsewhere, beside a dictionary that does the same."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.storage import LocalFolder, Place, RemoteFolder, open_place

KINDS = ["folder", "file_url", "s3", "moved"]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind; ``moved`` is one whose puts are not atomic."""
    where = tmp_path / "place"
    match request.param:
        case "folder":
            return open_place(where)
        case "file_url":
            return open_place(f"file://{where}")
        case "moved":
            pytest.importorskip("fsspec")
            # protocols are asked for by name: to this one, a put is not atomic
            return RemoteFolder(f"local://{where}")
    request.getfixturevalue("s3")
    return open_place(f"s3://bucket/{tmp_path.name}/place")


def test_an_empty_place_has_nothing(place: Place) -> None:
    assert place.names() == []
    assert place.size("a") is None
    place.remove("a")
    with pytest.raises(FileNotFoundError, match="a"):
        place.read("a")
    with pytest.raises(FileNotFoundError, match="a"):
        place.read("a", 3, 4)


def test_what_is_written_is_read(place: Place) -> None:
    place.write("b.bin", b"0123456789")
    place.write("a.bin", b"")
    place.write("sub/c.bin", b"x")
    assert place.names() == ["a.bin", "b.bin"]
    assert place.names(".bin") == ["a.bin", "b.bin"]
    assert place.names("b.bin") == ["b.bin"]
    assert [place.size(name) for name in ("a.bin", "b.bin", "sub/c.bin", "sub")] == [0, 10, 1, None]
    assert place.read("sub/c.bin") == b"x"
    place.write("b.bin", b"new")
    assert place.read("b.bin") == b"new"
    place.remove("b.bin")
    assert place.names() == ["a.bin"]


def test_ranges(place: Place) -> None:
    place.write("a", b"0123456789")
    for start, size, expected in [
        (0, 0, b""),  # nothing
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 4, b"3456"),
        (0, 10, b"0123456789"),
        (8, 10, b"89"),  # more than there is
        (10, 5, b""),  # from the end on
        (12, 5, b""),  # from behind the end on
        (12, None, b""),
    ]:
        assert place.read("a", start, size) == expected, (start, size)


def test_names_are_taken_as_they_are(place: Place) -> None:
    names = ["with space.tar", "hash#1", "percent%20", "question?", "ümlaut", "plus+", "a[1]*"]
    for number, name in enumerate(names):
        place.write(name, b"content" + bytes([number]))
    assert place.names() == sorted(names)
    for number, name in enumerate(names):
        assert place.read(name, 6, 2) == b"t" + bytes([number])
        assert place.size(name) == 8
        place.remove(name)
    assert place.names() == []


def test_an_upload_takes_the_file(place: Place) -> None:
    for turn in (b"first" * 1000, b"second"):
        source = place.scratch() / ".source.tmp"
        source.write_bytes(turn)
        place.upload("name.tar", source)
        assert not source.exists()
        assert place.read("name.tar") == turn
        assert place.names() == ["name.tar"]


def test_a_place_crosses_process_borders(place: Place) -> None:
    place.write("a", b"content")
    other = pickle.loads(pickle.dumps(place))
    assert other.read("a") == b"content"
    assert other.url == place.url


@settings(max_examples=10)
@given(content=st.binary(max_size=300), start=st.integers(0, 400), size=st.none() | st.integers(0, 400))
def test_ranges_are_slices(s3: Any, content: bytes, start: int, size: int | None) -> None:
    place = open_place("s3://bucket/slices")
    place.write("a", content)
    assert place.read("a", start, size) == content[start : None if size is None else start + size]


def test_what_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = LocalFolder(tmp_path / "file")
    for write in (lambda: place.write("a", b""), place.scratch, lambda: place.upload("a", tmp_path / "other")):
        with pytest.raises(sos.SOSError, match=r"file.*: cannot be written"):
            write()


def test_a_url_that_was_made_a_path_is_refused() -> None:
    with pytest.raises(sos.SOSError, match="must be given as a str"):
        open_place(Path("s3://bucket/folder"))


def test_a_path_with_a_drive_or_a_colon_is_a_path() -> None:
    assert isinstance(open_place("C:/folder"), LocalFolder)
    assert isinstance(open_place("./a:b"), LocalFolder)
