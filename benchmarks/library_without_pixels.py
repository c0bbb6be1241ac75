"""Made-up libraries of any size without a pixel: rows as a build writes them, in shards, then the real tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

import sos_online as sos
from sos_online.library.encode import level_sizes
from sos_online.library.finish import Settled, finish
from sos_online.library.format import ROWS_SCHEMA, left_out_path, rows_path, shard_path
from sos_online.library.left_out import LeftOutCounts
from sos_online.library.shard_plan import SEGMENTS_PER_SHARD
from sos_online.library.sources import CategoryFacts

SOURCES = ("generated", "annotated")
MOST_CATEGORIES = 47_000

Ints = npt.NDArray[np.int64]
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, and about 2**64 over the golden ratio: neighbours come out far apart


@dataclass(frozen=True)
class MadeUp:
    """What a made-up library holds.

    The sizes of its categories are in proportion to 1 / rank (Zipf). Three quarters of each are of a first source in
    the way of a generated set: listed by category, with flags, words for most. The rest is of a second in the way of an
    annotated set: mixed, without flags and words. One segment in twenty nearly repeats some others of its category.

    Attributes:
        segments: how many.
    """

    segments: int

    @property
    def categories(self) -> int:
        return min(MOST_CATEGORIES, self.segments // 10)

    def names(self) -> list[str]:
        return [f"thing of kind {number:05d}" for number in range(self.categories)]

    def sizes(self) -> Ints:
        """Of each category, int64 ``[categories]``; ranks do not follow the names."""
        shares = 1 / np.arange(1, self.categories + 1)
        sizes = np.maximum(1, np.floor(self.segments * shares / shares.sum())).astype(np.int64)
        sizes[0] += self.segments - sizes.sum()
        return np.random.default_rng(0).permutation(sizes)

    def settled(self) -> Settled:
        images = self.sizes()
        facts = {
            name: CategoryFacts(f"thing.n.{number:05d}", "rcf"[number % 3], int(images[number]), self.segments)
            for number, name in enumerate(self.names())
        }
        return Settled(
            name=f"{self.segments} segments",
            licence="none",
            encoding=sos.Encoding(),
            source_names=SOURCES,
            vocabulary=sos.Vocabulary(),
            facts=(facts,),
            build_fingerprints=("made up",),
        )


def write_all_rows(root: Path, made_up: MadeUp) -> int:
    """Write the rows of every shard, as a build does. Returns how many shards there are."""
    shard_path(root, 0).parent.mkdir(parents=True)
    names, sizes = np.array(made_up.names()), made_up.sizes()
    LeftOutCounts().write(left_out_path(root, 0))
    nothing_left_out = left_out_path(root, 0).read_bytes()
    shard = 0
    for source, categories in _shards(sizes):
        rng = np.random.default_rng(shard)
        schema = ROWS_SCHEMA.with_metadata({b"source": SOURCES[source].encode(), b"pixels": str(shard).encode()})
        columns = _columns(categories, names, sizes, source, rng)
        table = pa.table([columns[name] for name in schema.names], schema=schema)
        with pa.ipc.new_file(str(rows_path(root, shard)), schema) as writer:  # unflushed: it need not survive a crash
            writer.write_batch(table.to_batches()[0])
        left_out_path(root, shard).write_bytes(nothing_left_out)
        shard += 1
    return shard


def finish_made_up(root: Path, shards: int, made_up: MadeUp) -> None:
    finish(root, shards, made_up.settled())


def _shards(sizes: Ints) -> Iterator[tuple[int, Ints]]:
    """Source and categories (from 0 on) of the segments of each shard."""
    numbers = np.arange(len(sizes))
    generated = np.repeat(numbers, sizes - sizes // 4)
    annotated = np.random.default_rng(1).permutation(np.repeat(numbers, sizes // 4))
    for source, categories in enumerate((generated, annotated)):
        for start in range(0, len(categories), SEGMENTS_PER_SHARD):
            yield source, categories[start : start + SEGMENTS_PER_SHARD]


def _columns(
    categories: Ints, names: npt.NDArray[np.str_], sizes: Ints, source: int, rng: np.random.Generator
) -> dict[str, pa.Array]:
    count = len(categories)
    present, codes = np.unique(categories, return_inverse=True)
    dictionary = pa.array(names[present].tolist())
    size_wh = np.clip(rng.lognormal(np.log(160), 0.7, (count, 2)), 8, 1024).astype(np.uint16)
    flags = np.packbits(rng.random((count, 3)) < (0.7, 0.8, 0.9), axis=1, bitorder="little")[:, 0]
    levels = [len(level_sizes((width, height), sos.Encoding().ladder)) for width, height in size_wh.tolist()]
    numbers: dict[str, Any] = {
        "width": size_wh[:, 0],
        "height": size_wh[:, 1],
        "slot": np.cumsum([0, *levels[:-1]]),
        "flags": 0 if source else flags,
        "flags_known": 0 if source else 7,
        "opaque": size_wh.prod(axis=1, dtype=np.uint32) * rng.uniform(0.3, 0.9, count),
        "at_border": rng.random(count) < 0.1,
        "component_share": rng.beta(8, 1, count),
        "edge_sharpness": rng.beta(4, 3, count),
        "laplacian_variance": rng.lognormal(5, 1, count),
        "perceptual_hash": _hashes(categories, sizes, rng),
    }
    return {
        "key": pa.array([f"{names[category]}/{number}.png" for number, category in enumerate(categories)]).cast(
            pa.large_string()
        ),
        "category": pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), dictionary),
        "words": _words(dictionary[0].as_py(), count, source),
        **{
            name: pa.array(np.broadcast_to(values, count).astype(ROWS_SCHEMA.field(name).type.to_pandas_dtype()))
            for name, values in numbers.items()
        },
    }


def _words(about: str, count: int, source: int) -> pa.Array:
    """Of a generated set, four of five segments have words, and eight share them, as a prompt's do."""
    if source:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([""], pa.large_string()))
    numbers = range(count // 8 + 1)
    words = [sos.Words(f"{about} {number}", f"a {about}: {number}", f"{number}", ("red",)) for number in numbers]
    texts = [json.dumps(asdict(one)) for one in words]
    texts[::5] = [""] * len(texts[::5])
    shown = sorted(set(texts))
    code = {text: position for position, text in enumerate(shown)}
    codes = pa.array([code[texts[number // 8]] for number in range(count)], pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array(shown, pa.large_string()))


def _hashes(categories: Ints, sizes: Ints, rng: np.random.Generator) -> npt.NDArray[np.uint64]:
    """Random ones; one in twenty is that of one of ``1 + size / 100`` pictures of its category, but for one bit."""
    count = len(categories)
    hashes = rng.integers(0, 2**64, count, np.uint64)
    repeats = rng.random(count) < 0.05
    picture = (rng.random(count) * (1 + sizes[categories] // 100)).astype(np.uint64)
    mixed = (categories.astype(np.uint64) << np.uint64(32) | picture) * _MIX
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    flipped = mixed ^ (np.uint64(1) << rng.integers(0, 64, count, np.uint64))
    hashes[repeats] = flipped[repeats]
    return hashes
