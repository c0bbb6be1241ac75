"""Shards that somebody made up, their cards and checksums valid, and bytes that changed: never a wrong sample."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.data.cache import CacheFolder, CacheSettings, write_cache
from sos_online.data.cache.format import CacheManifest, SampleEntry, ShardCard
from sos_online.data.cache.read import CachedDataset
from sos_online.data.cache.tar_file import END_BYTES, member_header
from sos_online.errors import BrokenSampleError, CacheError
from tests.data.cache.made_up import tree
from tests.data.compare import digest
from tests.data.streams import NumberedStream

KEY = "0000-000000000"
LENGTH = 6


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cache") / "two"
    write_cache(
        NumberedStream(LENGTH),
        root,
        samples=LENGTH,
        settings=CacheSettings.parse(image_format="png", samples_per_shard=3),
    )
    return root


def members(cache: Path) -> dict[str, bytes]:
    """Of the first sample, by their full names."""
    with tarfile.open(cache / "000000.tar") as tar:
        return {
            info.name: tar.extractfile(info).read()  # type: ignore[union-attr]
            for info in tar.getmembers()
            if info.name.startswith(KEY)
        }


def plain(name: str, content: bytes) -> bytes:
    return member_header(name, len(content)) + content + bytes(-len(content) % 512)


def link(name: str, to: str, kind: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, to, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def forge(cache: Path, root: Path, region: bytes) -> Path:
    """The cache with other bytes for its first sample; card and manifest say that all is well."""
    shutil.copytree(cache, root)
    folder = CacheFolder(root)
    manifest, card = folder.manifest(), folder.card("000000")
    tar = (root / "000000.tar").read_bytes()
    parts = [region, *(tar[entry.offset : entry.offset + entry.size] for entry in card.samples[1:])]
    entries, content = [], b""
    for entry, part in zip(card.samples, parts, strict=True):
        entries.append(SampleEntry(entry.epoch, entry.index, len(content), len(part), zlib.crc32(part)))
        content += part
    content += bytes(END_BYTES)
    forged = ShardCard(size=len(content), sha256=hashlib.sha256(content).hexdigest(), samples=tuple(entries))
    (root / "000000.tar").write_bytes(content)
    (root / "000000.json").write_bytes(forged.to_bytes())
    listed = manifest.shards[0].model_copy(update={"size": forged.size, "sha256": forged.sha256})
    whole = CacheManifest(**{**dict(manifest), "shards": (listed, *manifest.shards[1:])})
    (root / "manifest.json").write_bytes(whole.to_bytes())
    return root


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


Parts = dict[str, bytes]


def joined(parts: Parts, **changed: bytes) -> bytes:
    """The members one after the other; those of some suffixes (``seg_png`` for ``seg.png``) changed."""
    suffixes = {name: name.removeprefix(f"{KEY}.").replace(".", "_") for name in parts}
    return b"".join(plain(name, changed.get(suffixes[name], content)) for name, content in parts.items())


def behind(first: bytes, parts: Parts) -> bytes:
    """Another member in the place of the picture."""
    return first + joined({name: content for name, content in parts.items() if name != f"{KEY}.png"})


def record(parts: Parts, **changes: object) -> bytes:
    return json.dumps({**json.loads(parts[f"{KEY}.json"]), **changes}).encode()


def one_more(parts: Parts, key: str, value: object, kind: object) -> bytes:
    """The record with one more value in the target."""
    known = json.loads(parts[f"{KEY}.json"])
    return record(parts, target={**known["target"], key: value}, types={**known["types"], key: kind})


def one_row(parts: Parts, label: int) -> bytes:
    """The record with one object."""
    with_row = dict(parts)
    for key in ("labels", "area", "iscrowd"):
        with_row[f"{KEY}.json"] = one_more(with_row, key, [label], ["tensor", "int64", [1]])
    return one_more(with_row, "boxes", [[0.0, 0.0, 1.0, 1.0]], ["boxes", "float32", [1, 4]])


def picture(*shape: int, dtype: type = np.uint8) -> bytes:
    return cv2.imencode(".png", np.ones(shape, dtype))[1].tobytes()


class Shout:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("a pickle was loaded",)


HOSTILE: dict[str, Callable[[Parts], bytes]] = {
    "an absolute path": lambda p: behind(plain("/tmp/sos_was_here.png", p[f"{KEY}.png"]), p),
    "a way up": lambda p: behind(plain(f"../{KEY}.png", p[f"{KEY}.png"]), p),
    "a symbolic link": lambda p: behind(link(f"{KEY}.png", "/etc/passwd", tarfile.SYMTYPE), p),
    "a hard link": lambda p: behind(link(f"{KEY}.png", "manifest.json", tarfile.LNKTYPE), p),
    "a device": lambda p: behind(link(f"{KEY}.png", "", tarfile.CHRTYPE), p),
    "a pickle member": lambda p: joined(p) + plain(f"{KEY}.pkl", pickle.dumps(Shout())),
    "a pickle as the record": lambda p: joined(p, json=pickle.dumps(Shout())),
    "a pickle as the picture": lambda p: joined(p, png=pickle.dumps(Shout())),
    "a member too few": lambda p: joined(dict([*p.items()][:2])),
    "members in another order": lambda p: joined(dict(reversed(p.items()))),
    "members of another sample": lambda p: joined({name.replace(KEY, "0000-000000001"): c for name, c in p.items()}),
    "the record of another sample": lambda p: joined(p, json=record(p, index=1)),
    "a bomb in the header": lambda p: joined(p, png=png(60_000, 60_000, zlib.compress(bytes(10_000)))),
    "a bomb in the header and the record": lambda p: joined(
        p, png=png(60_000, 60_000, zlib.compress(bytes(10_000))), json=record(p, size_hw=[60_000, 60_000])
    ),
    "a bomb in the data": lambda p: joined(p, png=png(8, 8, zlib.compress(bytes(5_000_000))[:4000])),
    "a picture of another size": lambda p: joined(p, png=picture(9, 8, 3)),
    "a map of another size": lambda p: joined(p, seg_png=picture(8, 9, dtype=np.uint16)),
    "a map of colours": lambda p: joined(p, seg_png=picture(8, 8, 3)),
    "a map of ids without rows": lambda p: joined(p, seg_png=picture(8, 8, dtype=np.uint16)),
    "a record of nothing": lambda p: joined(p, json=b"{}"),
    "a record of depth": lambda p: joined(p, json=b"[" * 100_000 + b"]" * 100_000),
    "a record without labels": lambda p: joined(p, json=record(p, target={}, types={})),
    "an unknown category": lambda p: joined(p, json=one_row(p, 9)),
    "a map of eight bits": lambda p: joined(p, json=one_row(p, 1), seg_png=picture(8, 8)),
    "a tensor of terabytes": lambda p: joined(p, json=one_more(p, "more", [], ["tensor", "float64", [2**30, 1024]])),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_shard_that_was_made_up_is_refused(
    cache: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = forge(cache, tmp_path / "forged", HOSTILE[kind](members(cache)))
    before = tree(tmp_path)
    cached = CachedDataset.open(root, shuffle=False)
    with pytest.raises(BrokenSampleError, match=rf"000000\.tar: sample {KEY}: "):
        cached.sample(0)
    assert cached.sample(1)[1]["image_id"] == 1, "its neighbours are read"
    assert tree(tmp_path) == before and not Path("/tmp/sos_was_here.png").exists()
    assert capsys.readouterr().out == ""
    replaced = CachedDataset.open(root, shuffle=False, on_error="replace")
    assert [target["image_id"] for _, target in replaced] == [1, *range(1, LENGTH)]


def test_the_forgery_itself_is_none(cache: Path, tmp_path: Path) -> None:
    """What the other tests change, unchanged: else they would test nothing."""
    root = forge(cache, tmp_path / "forged", joined(members(cache)))
    expected = [digest(list(sample)) for sample in CachedDataset.open(cache, shuffle=False)]
    assert [digest(list(sample)) for sample in CachedDataset.open(root, shuffle=False)] == expected


@given(
    file=st.sampled_from(["000000.tar", "000001.tar", "000000.json", "000001.json", "manifest.json"]),
    place=st.floats(0, 1, exclude_max=True),
    change=st.integers(1, 255),
)
@settings(max_examples=150)
def test_a_byte_that_changes_is_found_or_does_not_matter(
    cache: Path, tmp_path_factory: pytest.TempPathFactory, file: str, place: float, change: int
) -> None:
    expected = [digest(list(sample)) for sample in CachedDataset.open(cache, shuffle=False)]
    root = tmp_path_factory.mktemp("flipped")
    shutil.copytree(cache, root, dirs_exist_ok=True)
    content = bytearray((root / file).read_bytes())
    content[int(place * len(content))] ^= change
    (root / file).write_bytes(content)
    if file == "manifest.json":
        with pytest.raises(CacheError, match=r"manifest\.json"):
            CachedDataset.open(root)
        return
    opened, broken = CachedDataset.open(root, shuffle=False), []
    for index in range(LENGTH):
        try:
            assert digest(list(opened.sample(index))) == expected[index]
        except BrokenSampleError as error:
            broken.append(str(error))
    assert all(file in message for message in broken)
    if file.endswith(".tar"):
        in_the_end = int(place * len(content)) >= len(content) - END_BYTES
        assert len(broken) == (0 if in_the_end else 1)
    else:
        assert len(broken) == 3
