"""Random reads of segments from a library of many GB: from the page cache, and from a disk.

    python benchmarks/library_reads.py --library built --folder scratch --gigabytes 12 --json library_reads.json

The shards of a small library are copied under many numbers, and the tables are written anew over all of them. Each
round is a process of its own that reads segments picked uniformly, as compositing does: one level of each, colour and
alpha, decoded. Before a cold round the kernel is told to forget all pages of the library; a warm round reads what the
round before it read, in the same order. Shards are counted that are opened or read from for one segment. Run it under
a memory limit of your own to see the page cache kept small throughout. Prints a table; ``--json FILE`` writes the
figures. Linux alone.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from measuring import Figures, bytes_read, drop_from_cache, in_fresh_process, private_memory, spread, write_figures

import sos_online as sos
from sos_online.library.finish import Settled, finish
from sos_online.library.format import Manifest, left_out_path, rows_path, shard_path
from sos_online.library.open_files import OpenFiles
from sos_online.library.shards import Part, PixelShard
from sos_online.types import Pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True, help="a small library, whose shards are copied")
    parser.add_argument("--folder", type=Path, required=True, help="for the large one; used if it is there")
    parser.add_argument("--gigabytes", type=float, default=12)
    parser.add_argument("--reads", type=int, default=20_000, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    large = arguments.folder / "large"
    if not large.exists():
        copy_many_times(arguments.library, large, int(arguments.gigabytes * 1e9))
    figures: Figures = {"stored": sizes(large), "rounds": []}
    for seed in range(arguments.rounds):
        for state in ("cold", "warm"):
            if state == "cold":
                drop_from_cache(path for path in large.rglob("*") if path.is_file())
            found, _ = in_fresh_process(read_segments, large, arguments.reads, seed)
            figures["rounds"].append({"state": state, **found})
    report(figures)
    write_figures(arguments.json, figures)


def copy_many_times(small: Path, large: Path, size: int) -> None:
    """A library of at least ``size`` bytes of pixels, of copies of a small library's shards."""
    manifest = Manifest.read(small)
    pixels = [shard_path(small, shard).stat().st_size for shard in range(manifest.shards)]
    copies = -(-size // sum(pixels))
    shard_path(large, 0).parent.mkdir(parents=True)
    rows_path(large, 0).parent.mkdir(parents=True)
    for number in range(copies * manifest.shards):
        for path_of in (shard_path, rows_path, left_out_path):
            # copied, not linked: files that are one share their pages in the cache
            shutil.copyfile(path_of(small, number % manifest.shards), path_of(large, number))
    settled = Settled.of_library(small, manifest)
    finish(large, copies * manifest.shards, Settled(**{**vars(settled), "generation": 0, "rows_crc": ()}))


def sizes(root: Path) -> Figures:
    manifest = Manifest.read(root)
    pixels = sum(path.stat().st_size for path in (root / "pixels").iterdir())
    return {"pixels": pixels, "segments": manifest.segments, "shards": manifest.shards}


def read_segments(root: Path, reads: int, seed: int) -> Figures:
    """In a process of its own."""
    library = sos.SegmentLibrary.open(root)
    rng = np.random.default_rng(seed)
    picked = rng.integers(0, len(library), reads).tolist()
    levels = rng.random(reads).tolist()
    memory, (asked, fetched), begin = private_memory(), bytes_read(), time.perf_counter()
    with _watched() as touched:
        for segment, level in zip(picked, levels, strict=True):
            chosen = int(level * len(library.level_sizes(segment)))
            touched.append([])
            library.colour(segment, chosen)
            library.alpha(segment, chosen)
    seconds = time.perf_counter() - begin
    asked_then, fetched_then = bytes_read()
    return {
        "reads": reads,
        "seconds": seconds,
        "bytes_encoded": sum(size for one in touched for _, size in one),
        "bytes_asked": asked_then - asked,
        "bytes_from_disk": fetched_then - fetched,
        "most_shards_of_a_read": max(len({shard for shard, _ in one}) for one in touched),
        "shards": len({shard for one in touched for shard, _ in one}),
        "memory_more": private_memory() - memory,
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
    }


@contextmanager
def _watched() -> Iterator[list[list[tuple[int, int]]]]:
    """A list whose last entry gets which shards are opened (0 bytes) and read from, and the bytes that they give."""
    touched: list[list[tuple[int, int]]] = []
    opened, read = PixelShard.__init__, PixelShard.read

    def watched_opening(shard: PixelShard, path: Path, crc: int, files: OpenFiles) -> None:
        opened(shard, path, crc, files)
        touched[-1].append((id(shard), 0))

    def watched_read(shard: PixelShard, row: int, part: Part) -> Pixels:
        encoded = read(shard, row, part)
        touched[-1].append((id(shard), len(encoded)))
        return encoded

    with patch.object(PixelShard, "__init__", watched_opening), patch.object(PixelShard, "read", watched_read):
        yield touched


def report(figures: Figures) -> None:
    stored = figures["stored"]
    print(f"{stored['segments']:,} segments in {stored['shards']:,} shards, {stored['pixels'] / 1e9:.1f} GB of pixels, "
          f"{stored['pixels'] / stored['segments'] / 1e3:.1f} kB a segment")  # fmt: skip
    print(f"{'':6}{'reads/s':>10}{'spread':>16}{'encoded, kB':>13}{'asked, kB':>11}{'from disk, kB':>15}"
          f"{'shards a read':>15}{'in all':>8}{'files open':>12}{'private, MB':>13}")  # fmt: skip
    for state in ("cold", "warm"):
        rounds = [one for one in figures["rounds"] if one["state"] == state]
        rates = [one["reads"] / one["seconds"] for one in rounds]
        encoded, asked, fetched = (
            np.median([one[f"bytes_{kind}"] / one["reads"] / 1e3 for one in rounds])
            for kind in ("encoded", "asked", "from_disk")
        )
        print(f"{state:6}{np.median(rates):10.0f}{spread(rates, 0):>16}{encoded:13.1f}{asked:11.1f}{fetched:15.1f}"
              f"{max(one['most_shards_of_a_read'] for one in rounds):15}{rounds[0]['shards']:8}"
              f"{rounds[0]['open_files']:12}{max(one['memory_more'] for one in rounds) / 1e6:13.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
