"""Files that stay open between reads."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from sos_online.library.open_files import OpenFiles


def write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_pieces_are_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "one", bytes(range(100)))
    file = OpenFiles(2).open(path)
    assert file.read(10, 5) == bytes(range(10, 15))
    assert file.read(0, 100) == bytes(range(100))
    assert file.read(99, 0) == b""


def test_a_piece_beyond_the_end_is_an_error(tmp_path: Path) -> None:
    file = OpenFiles(2).open(write(tmp_path / "one", b"12345"))
    with pytest.raises(OSError, match="ends early"):
        file.read(3, 3)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        OpenFiles(2).open(str(tmp_path / "none"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
@pytest.mark.parametrize("kept", [0, 1, 3])
def test_no_more_than_so_many_stay_open(tmp_path: Path, kept: int) -> None:
    paths = [write(tmp_path / str(number), bytes([number])) for number in range(9)]
    before = open_descriptors()
    files = OpenFiles(kept)
    for _ in range(3):
        for number, path in enumerate(paths):
            assert files.open(path).read(0, 1) == bytes([number])
    assert open_descriptors() == before + kept
    del files
    assert open_descriptors() == before


def test_the_most_recent_stay(tmp_path: Path) -> None:
    paths = [write(tmp_path / str(number), b"x") for number in range(3)]
    files = OpenFiles(2)
    kept = files.open(paths[0])
    files.open(paths[1])
    assert files.open(paths[0]) is kept
    files.open(paths[2])  # takes the place of 1
    assert files.open(paths[0]) is kept


def test_what_is_forgotten_is_opened_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "one", b"old")
    files = OpenFiles(2)
    assert files.open(path).read(0, 3) == b"old"
    write(tmp_path / "two", b"new")
    (tmp_path / "two").replace(path)
    assert files.open(path).read(0, 3) == b"old"
    files.forget(path)
    assert files.open(path).read(0, 3) == b"new"


def test_threads_read_what_is_there(tmp_path: Path) -> None:
    paths = [write(tmp_path / str(number), bytes([number]) * 64) for number in range(8)]
    files, wrong = OpenFiles(2), []

    def read(first: int) -> None:
        for step in range(400):
            number = (first * 3 + step) % 8
            if files.open(paths[number]).read(step % 60, 4) != bytes([number]) * 4:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def read_in_child(files: OpenFiles, path: str, expected: bytes) -> None:
    assert files.open(path).read(0, 3) == expected


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_a_forked_process_goes_on_with_it(tmp_path: Path) -> None:
    path = write(tmp_path / "one", b"abc")
    files = OpenFiles(2)
    files.open(path)
    process = multiprocessing.get_context("fork").Process(target=read_in_child, args=(files, path, b"abc"))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert files.open(path).read(0, 3) == b"abc"


def test_room_is_taken_until_there_is_none() -> None:
    files = OpenFiles(1)
    taken = 0
    while files.take_room(1 << 20):
        taken += 1
    assert taken == 8
    assert files.take_room(0)
    assert not files.take_room(1)
