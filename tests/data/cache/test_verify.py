"""Whatever byte changes in whatever file, it is found, and the shard and the sample are named."""

from __future__ import annotations

import hashlib
import io
import random
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.data.cache import CacheFolder, ShardCard, verify_cache
from sos_online.data.cache.format import SampleEntry
from sos_online.data.cache.tar_file import BLOCK, END_BYTES, member_header
from sos_online.errors import BrokenSampleError, CacheError
from tests.data.cache.made_up import small_cache, small_stream


@pytest.fixture(scope="module")
def whole(library: sos.SegmentLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_cache(small_stream(library), tmp_path_factory.mktemp("whole") / "c")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A cache to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def flip(path: Path, at: int, bits: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= bits
    path.write_bytes(content)


def test_a_sound_cache(whole: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = verify_cache(whole, progress=lambda *now: seen.append(now))
    assert report.sound and report.complete and not report.problems
    assert (report.shards, report.samples) == (3, 10)
    assert report.size == sum(path.stat().st_size for path in whole.glob("*.tar"))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_in_another_process_the_report_is_the_same(copy: Path) -> None:
    flip(copy / "000001.tar", 5000)
    flip(copy / "000002.tar", 600)
    assert verify_cache(copy, workers=1) == verify_cache(copy)


PLACES: dict[str, Callable[[SampleEntry], int]] = {
    "name": lambda entry: entry.offset + 3,
    "size": lambda entry: entry.offset + 130,
    "checksum of a header": lambda entry: entry.offset + 150,
    "kind": lambda entry: entry.offset + 156,
    "picture": lambda entry: entry.offset + BLOCK + 200,
    "padding of the record": lambda entry: entry.offset + entry.size - 1,
    "header of the record": lambda entry: entry.offset + entry.size - 5 * BLOCK,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_bit_in_a_sample(copy: Path, place: str) -> None:
    entry = CacheFolder(copy).card("000001").samples[2]
    flip(copy / "000001.tar", PLACES[place](entry))
    report = verify_cache(copy)
    assert report.problems == (f"{copy}/000001.tar: sample 0000-000000006: does not match its checksum: damaged",)
    with pytest.raises(BrokenSampleError, match=r"000001.tar: sample 0000-000000006"):
        CacheFolder(copy).sample(CacheFolder(copy).manifest(), "000001", entry)


def test_flipped_bits_at_random_places(copy: Path) -> None:
    rng = random.Random(0)
    files = sorted(copy.iterdir())
    for number in range(40):
        path = files[number % len(files)]
        at, bits = rng.randrange(path.stat().st_size), 1 << rng.randrange(8)
        flip(path, at, bits)
        if path.name == "manifest.json":
            with pytest.raises(CacheError, match=r"manifest.json: "):
                verify_cache(copy)
        else:
            (problem, *_) = verify_cache(copy).problems
            assert path.name in problem, (path, at, bits)
        flip(path, at, bits)
    assert verify_cache(copy).sound


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: flip(c / "000001.tar", -1), "000001.tar: expected 1024 zeros at the end, found others"),
        (lambda c: (c / "000001.tar").unlink(), r"000001.tar: expected \d+ bytes, found no such file"),
        (lambda c: (c / "000001.json").unlink(), "000001.json: expected this shard, which manifest.json lists"),
        (lambda c: (c / "000001.json").unlink(), "000001.tar: no card 000001.json: it was not finished"),
        (lambda c: (c / "000001.tar").write_bytes(b""), r"000001.tar: expected \d+ bytes, found 0"),
        (lambda c: (c / "000001.tar").write_bytes(b""), r"0000-000000005: expected \d+ bytes, found 0: .* cut off"),
        (lambda c: (c / "000001.json").write_bytes(b""), "000001.json: expected JSON"),
        (lambda c: shutil.copy(c / "000002.json", c / "000001.json"), "000001.json: is not the card of the shard that"),
        (
            lambda c: [shutil.copy(c / f"000002{suffix}", c / f"000001{suffix}") for suffix in (".json", ".tar")],
            "000001.json: samples: expected 4 from 4 on, found 2 from 0000-000000008 on",
        ),
        (
            lambda c: [shutil.copy(c / f"000002{suffix}", c / f"000003{suffix}") for suffix in (".json", ".tar")],
            "000003.json: manifest.json does not list this shard",
        ),
    ],
)
def test_files_that_are_wrong_as_a_whole(copy: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(copy)
    problems = verify_cache(copy).problems
    assert any(re.search(message, problem) for problem in problems), problems


def test_the_hash_of_a_tar(copy: Path) -> None:
    """Of a card whose maker made a mistake."""
    card = CacheFolder(copy).card("000001")
    (copy / "000001.json").write_bytes(card.model_copy(update={"sha256": "0" * 64}).to_bytes())
    problems = verify_cache(copy).problems
    assert len(problems) == 2 and "000001.tar: sha256: expected 0000" in problems[1]


def test_no_cache(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(CacheError, match=r"manifest.json: not a cache \(no such file\)"):
            verify_cache(where)


def put_shard(copy: Path, region: bytes) -> SampleEntry:
    """A shard of one sample whose card fits it in all that can be computed."""
    for path in copy.glob("0*"):
        path.unlink()
    content = region + bytes(END_BYTES)
    entry = SampleEntry(0, 0, 0, len(region), zlib.crc32(region))
    card = ShardCard(size=len(content), sha256=hashlib.sha256(content).hexdigest(), samples=(entry,))
    (copy / "000000.tar").write_bytes(content)
    (copy / "000000.json").write_bytes(card.to_bytes())
    return entry


def renamed(content: bytes, before: str, after: str, kind: bytes = b"0") -> bytes:
    """A tar's region with one member under another name or of another kind."""
    info = tarfile.TarInfo(after)
    at = content.index(before.encode().ljust(100, b"\0"))
    info.size = int(content[at + 124 : at + 135], 8)
    info.type = kind
    if kind != b"0":
        info.linkname = "/etc/passwd"
    return content[:at] + info.tobuf(tarfile.USTAR_FORMAT) + content[at + BLOCK :]


KEY = "0000-000000000"


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("/tmp/evil.png", b"0", r"found '/tmp/evil.png' \(its name leads out of the archive\)"),
        (f"../{KEY}.png", b"0", r"\(its name leads out of the archive\)"),
        (f"{KEY}.png", tarfile.SYMTYPE, r"\(a link or another member that is no plain file\)"),
        (f"{KEY}.png", tarfile.LNKTYPE, r"\(a link or another member that is no plain file\)"),
        (f"{KEY}.png", tarfile.FIFOTYPE, r"\(a link or another member that is no plain file\)"),
        (f"{KEY}.pickle", b"0", f"expected the member {KEY}.png, found '{KEY}.pickle'"),
        (f"{KEY}.pkl", b"0", f"expected the member {KEY}.png, found '{KEY}.pkl'"),
        (f"{KEY}.pth", b"0", f"expected the member {KEY}.png, found '{KEY}.pth'"),
    ],
)
def test_a_hostile_member_is_refused(copy: Path, name: str, kind: bytes, message: str) -> None:
    """By whoever knows all the checksums."""
    first = CacheFolder(copy).card("000000").samples[0]
    region = (copy / "000000.tar").read_bytes()[: first.size]
    entry = put_shard(copy, renamed(region, f"{KEY}.png", name, kind))
    manifest = CacheFolder(copy).manifest()
    with pytest.raises(BrokenSampleError, match=message):
        CacheFolder(copy).sample(manifest, "000000", entry)
    assert any(re.search(message, problem) for problem in verify_cache(copy).problems)


def test_a_member_more_is_refused(copy: Path) -> None:
    first = CacheFolder(copy).card("000000").samples[0]
    region = (copy / "000000.tar").read_bytes()[: first.size]
    entry = put_shard(copy, region + member_header(f"{KEY}.pickle", 5) + b"cos.\n".ljust(BLOCK, b"\0"))
    with pytest.raises(BrokenSampleError, match=r"expected no more members, found '0000-000000000.pickle'"):
        CacheFolder(copy).sample(CacheFolder(copy).manifest(), "000000", entry)


def test_a_huge_picture_is_refused_before_it_is_decoded(copy: Path) -> None:
    from tests.data.cache.members import png_header

    bomb = png_header(60_000, 60_000)
    first = CacheFolder(copy).card("000000").samples[0]
    region = (copy / "000000.tar").read_bytes()[: first.size]
    with tarfile.open(fileobj=io.BytesIO(region + bytes(END_BYTES))) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    members[0] = (members[0][0], bomb)
    entry = put_shard(
        copy,
        b"".join(member_header(name, len(data)) + data + bytes(-len(data) % BLOCK) for name, data in members),
    )
    with pytest.raises(BrokenSampleError, match="expected 64 x 48 pixels, found 60000 x 60000"):
        CacheFolder(copy).sample(CacheFolder(copy).manifest(), "000000", entry)
