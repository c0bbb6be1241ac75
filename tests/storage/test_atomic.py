"""Files are written whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import BinaryIO

import pytest

import sos_online as sos
from sos_online.storage import write_atomically


def test_a_file_appears_with_its_content(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "file", lambda file: file.write(b"content"))
    assert (tmp_path / "deep" / "file").read_bytes() == b"content"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]


def test_what_was_there_stays_if_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(sos.SOSError, match="file: cannot be written: No space left"):
        write_atomically(path, fail)
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([number]) * 200_000 for number in range(2)]
    path.write_bytes(contents[0])
    done = threading.Event()

    def write() -> None:
        for turn in range(40):
            write_atomically(path, lambda file, turn=turn: file.write(contents[turn % 2]))  # type: ignore[misc]
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not done.is_set():
        assert path.read_bytes() in contents
        seen += 1
    writer.join()
    assert seen


def test_the_error_is_of_the_kind_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(sos.LibraryError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "below", lambda file: file.write(b""), sos.LibraryError)
