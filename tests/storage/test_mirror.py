"""Local copies: whole or not there, within their limit, fetched once however many ask."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.storage import LocalFolder, Mirror
from tests.conftest import files_below


class CountingFolder(LocalFolder):
    """Counts what is read; may wait in between."""

    def __init__(self, root: Path, wait: float = 0.0) -> None:
        super().__init__(root)
        self.reads: list[str] = []
        self._wait = wait

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        self.reads.append(name)
        time.sleep(self._wait)
        return super().read(name, start, size)


@pytest.fixture
def source(tmp_path: Path) -> CountingFolder:
    """Files 0 … 9 of 1000 bytes each."""
    place = CountingFolder(tmp_path / "source")
    for number in range(10):
        place.write(str(number), bytes([number]) * 1000)
    return place


def taken(root: Path) -> int:
    """Bytes of all copies, whole and on their way; these last: none that becomes whole meanwhile is counted twice."""
    total = 0
    for folder in (root / "files", root / "parts"):
        for path in files_below(folder):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
    return total


def age(mirror: Mirror, name: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(mirror.folder / name, (then, then))


def test_a_file_is_fetched_once(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 10_000)
    for _ in range(3):
        assert mirror.local("3").read_bytes() == bytes([3]) * 1000
    assert source.reads == ["3"]
    Mirror(source, tmp_path / "mirror", 10_000).local("3")  # another time
    pickle.loads(pickle.dumps(mirror)).local("3")
    assert source.reads == ["3"]


def test_large_files_come_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sos_online.storage.mirror._CHUNK", 300)
    source = CountingFolder(tmp_path / "source")
    for size in (0, 299, 300, 1000):
        content = os.urandom(size)
        source.write(f"deep/{size}", content)
        assert Mirror(source, tmp_path / "mirror", 10_000).local(f"deep/{size}").read_bytes() == content


def test_what_is_not_there_is_not_there(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 10_000)
    for ask in (mirror.local, mirror.hold):
        with pytest.raises(FileNotFoundError, match="source/other: no such file"):
            ask("other")
    assert not list((tmp_path / "mirror" / "parts").iterdir())


def test_those_not_used_for_longest_go(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 3500)
    for number in range(3):
        mirror.local(str(number))
        age(mirror, str(number), 1000 - number)
    mirror.local("0")  # in use again
    mirror.local("3")
    assert sorted(path.name for path in mirror.folder.iterdir()) == ["0", "2", "3"]
    assert taken(tmp_path / "mirror") <= 3500
    assert mirror.local("1").read_bytes() == bytes([1]) * 1000


def test_all_mirrors_of_a_root_share_its_limit(source: CountingFolder, tmp_path: Path) -> None:
    versions = [Mirror(source, tmp_path / "mirror", 3500, version=str(number)) for number in range(5)]
    assert len({mirror.folder for mirror in versions}) == 5
    for mirror in versions:
        mirror.local("0")
        mirror.local("1")
        assert taken(tmp_path / "mirror") <= 3500
    assert (versions[4].folder / "1").exists()


@settings(max_examples=25)
@given(data=st.data())
def test_the_limit_holds_and_copies_are_right(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("mirrors")
    sizes = data.draw(st.lists(st.integers(0, 400), min_size=1, max_size=8))
    source = LocalFolder(root / "source")
    for number, size in enumerate(sizes):
        source.write(str(number), bytes([number]) * size)
    limit = data.draw(st.integers(400, 1500))
    mirror = Mirror(source, root / "mirror", limit)
    for number in data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=20)):
        assert mirror.local(str(number)).read_bytes() == bytes([number]) * sizes[number]
        assert taken(root / "mirror") <= limit


def test_what_is_held_stays(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 2500)
    held = mirror.hold("0")
    age(mirror, "0", 1000)
    for number in range(1, 6):
        mirror.local(str(number))
        assert held.exists()
        assert taken(tmp_path / "mirror") <= 2500
    another = Mirror(source, tmp_path / "mirror", 2500)
    another.hold("0")  # several may
    mirror.hold("1")
    with pytest.raises(sos.SOSError, match=r"source/2: needs 1,000 bytes, the mirror at .* may take 2,500"):
        another.local("2")
    del mirror, another
    age(Mirror(source, tmp_path / "mirror", 2500), "0", 1000)
    Mirror(source, tmp_path / "mirror", 2500).local("2")
    assert not held.exists()


def test_a_file_that_is_open_stays_readable(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 1500)
    with mirror.local("0").open("rb") as file:
        mirror.local("1")
        assert not (mirror.folder / "0").exists()
        assert file.read() == bytes(1000)


def test_a_file_larger_than_the_limit(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 999)
    with pytest.raises(sos.SOSError, match=r"source/0: needs 1,000 bytes, .* may take 999 .*SOS_MIRROR_LIMIT"):
        mirror.local("0")


def test_what_a_killed_process_left_takes_no_room(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 2500)
    mirror.local("0")
    (tmp_path / "mirror" / "parts" / "left").write_bytes(bytes(2000))
    (tmp_path / "mirror" / "lock").write_bytes(b"torn")  # what was taken is not known
    mirror.local("1")
    assert taken(tmp_path / "mirror") == 2000
    assert not list((tmp_path / "mirror" / "parts").iterdir())


def test_what_others_removed_is_fetched_anew(source: CountingFolder, tmp_path: Path) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 10_000)
    mirror.local("0").unlink()
    assert mirror.local("0").read_bytes() == bytes(1000)
    mirror.forget("0")
    mirror.forget("0")
    assert mirror.local("0").read_bytes() == bytes(1000)
    assert source.reads == ["0"] * 3


def test_a_file_system_without_locks(source: CountingFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sos_online.storage.file_lock.fcntl", None)
    source._wait = 0.05
    mirror = Mirror(source, tmp_path / "mirror", 2500)
    threads = [threading.Thread(target=mirror.local, args=("0",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mirror.local("0").read_bytes() == bytes(1000)
    assert not [path for path in (tmp_path / "mirror" / "parts").iterdir() if path.stat().st_size]
    for number in range(5):
        mirror.hold(str(number))
        assert taken(tmp_path / "mirror") <= 2500


def _ask_for_all(mirror: Mirror, turn: int, results: Any) -> None:
    try:
        for number in range(10):
            name = str((number * 7 + turn) % 10)
            for _ in range(50):
                try:
                    content = mirror.local(name).read_bytes()
                    break
                except FileNotFoundError:  # it went between the two
                    continue
            assert content == bytes([int(name)]) * 1000, name
        results.put((len(mirror.place.reads), ""))  # type: ignore[attr-defined]
    except Exception as error:
        results.put((0, repr(error)))


@pytest.mark.parametrize("limit", [100_000, 3000])
def test_many_processes_at_once(source: CountingFolder, tmp_path: Path, limit: int) -> None:
    source._wait = 0.01
    mirror = Mirror(source, tmp_path / "mirror", limit)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=_ask_for_all, args=(mirror, turn, results)) for turn in range(6)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        assert taken(tmp_path / "mirror") <= limit
        time.sleep(0.005)
    found = [results.get(timeout=30) for _ in processes]
    assert not [error for _, error in found if error]
    if limit == 100_000:
        assert sum(reads for reads, _ in found) == 10  # each file once, by whoever came first
    assert not list((tmp_path / "mirror" / "parts").iterdir())


def test_a_copy_is_never_seen_in_part(tmp_path: Path) -> None:
    source = LocalFolder(tmp_path / "source")
    source.write("a", bytes(30 << 20))
    mirror = Mirror(source, tmp_path / "mirror", 1 << 30)
    fetching = threading.Thread(target=mirror.local, args=("a",))
    fetching.start()
    seen = set()
    while fetching.is_alive():
        with suppress(FileNotFoundError):
            seen.add((mirror.folder / "a").stat().st_size)
    fetching.join()
    assert seen <= {30 << 20}
    assert mirror.local("a").read_bytes() == bytes(30 << 20)


def test_one_that_is_killed_does_not_stop_those_who_wait(source: CountingFolder, tmp_path: Path) -> None:
    slow = CountingFolder(source.root, wait=30)
    context = multiprocessing.get_context("fork")
    process = context.Process(target=Mirror(slow, tmp_path / "mirror", 10_000).local, args=("0",))
    process.start()
    parts = tmp_path / "mirror" / "parts"
    while not (parts.exists() and any(path.stat().st_size for path in parts.iterdir())):
        time.sleep(0.01)
    # there is room for this one only if what the other has left takes none
    waiting = threading.Thread(target=Mirror(source, tmp_path / "mirror", 1500).local, args=("0",), daemon=True)
    waiting.start()
    time.sleep(0.1)
    assert waiting.is_alive()
    process.kill()
    process.join()
    waiting.join(timeout=120)
    assert not waiting.is_alive()
    assert source.reads == ["0"]
    assert Mirror(source, tmp_path / "mirror").local("0").read_bytes() == bytes(1000)


@pytest.mark.parametrize(
    "name",
    ["../a", "a/../b", "/etc/passwd", "a//b", "./a", "a/.", "", "..", "a\\b", "a\0b", "a\nb", "C:/a", "a/"],
)
def test_no_name_leads_out(source: CountingFolder, tmp_path: Path, name: str) -> None:
    mirror = Mirror(source, tmp_path / "mirror", 10_000)
    for ask in (mirror.local, mirror.hold, mirror.forget):
        with pytest.raises(sos.SOSError, match="source: "):
            ask(name)
