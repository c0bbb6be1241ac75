"""Any file of a library damaged at random: an error or the right answer, never a crash, never a wrong picture."""

from __future__ import annotations

import json
import random
import shutil
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import get_args

import pytest

import sos_online as sos
from sos_online.library.file_marks import mark_file
from sos_online.types import Measure, Words
from tests.library.conftest import ENCODING, Listed, reseal, tree
from tests.library.test_damage import exit_code

# tables of which a large library sums the ends alone: damage between them is not seen when it is opened
UNSEEN = ("index.arrow", "quality.arrow")
MORE = Listed("u", ["mug"])
Answers = dict[str, tuple[str, str, Words, list[bytes], tuple[float, ...]]]


def answers(root: Path) -> tuple[Answers, int]:
    """By key what the library says of a segment: source, category, words, pixels; and how many are refused."""
    library = sos.SegmentLibrary.open(root)
    found: Answers = {}
    refused = 0
    for row in range(len(library)):
        try:
            pixels = [
                library.alpha(row, level).tobytes() + library.colour(row, level).tobytes()
                for level in range(len(library.level_sizes(row)))
            ]
            category = library.category_names[library.category_of(row) - 1]
            source = library.source_names[library.source_of(row)]
            measured = tuple(library.quality(measure)[row].item() for measure in get_args(Measure))
            found[library.key(row)] = (source, category, library.words(row), pixels, measured)
        except sos.BrokenSegmentError:
            refused += 1
    return found, refused


def damage(data: bytes, rng: random.Random) -> bytes:
    """One of the things that happen to files."""
    start = rng.randrange(len(data))
    length = min(rng.choice([1, 1, 4, 64, 4096]), len(data) - start)
    kind = rng.choice(["bit", "bytes", "zeros", "cut", "lost", "again", "grown"])
    if kind == "bit":
        return data[:start] + bytes([data[start] ^ 1 << rng.randrange(8)]) + data[start + 1 :]
    if kind == "bytes":
        return data[:start] + rng.randbytes(length) + data[start + length :]
    if kind == "zeros":
        return data[:start] + bytes(length) + data[start + length :]
    if kind == "cut":
        return data[:start]
    if kind == "lost":
        return data[:start] + data[start + length :]
    if kind == "again":
        return data[: start + length] + data[start : start + length] + data[start + length :]
    return data + rng.randbytes(length)


def damage_again_and_again(root: Path, seed: int, times: int) -> None:
    expected, refused = answers(root)
    assert refused == 0
    whole = tree(root)
    names = sorted(whole)
    rng = random.Random(seed)
    opened = 0
    for _ in range(times):
        name = rng.choice(names)
        data = damage(whole[name], rng)
        (root / name).unlink()  # not written over: it is mapped
        (root / name).write_bytes(data)
        if Path(name).name in UNSEEN:
            content = json.loads(whole["library.json"])
            reseal(root, {"tables": {**content["tables"], Path(name).name: mark_file(root / name).model_dump()}})
        if rng.random() < 0.2:  # or a file in the place of another of its kind
            other = rng.choice([other for other in names if other.split("/")[0] == name.split("/")[0]])
            data = whole[other]
            (root / name).unlink()
            (root / name).write_bytes(data)
        try:
            found, refused = answers(root)
            opened += 1
            if "left_out" in name:  # which is for the report, and read when the library grows
                sos.append_to_library(shutil.copytree(root, root.with_name("copy"), dirs_exist_ok=True), [MORE])
            assert found.items() <= expected.items(), f"{name}: a wrong answer"
            assert len(found) + refused == len(expected), f"{name}: segments are lost"
        except sos.SOSError:
            pass
        shutil.rmtree(root.with_name("copy"), ignore_errors=True)
        for changed in {name, "library.json"}:
            (root / changed).unlink()
            (root / changed).write_bytes(whole[changed])
    assert times / 10 < opened < times  # both really happen


@pytest.mark.parametrize("seed", range(2))
def test_damage(tmp_path: Path, processes: ForkServerContext, seed: int) -> None:
    words = [Words(f"a {number}", "One of many.", "thing", ("round",)) for number in range(6)]
    sources = [Listed("s", ["mug", "cup", "mug", "jar", "mug", "cup"], words=words), Listed("t", ["cup", "jar"])]
    root = sos.build_library(tmp_path / "built", sources, encoding=ENCODING).root
    assert exit_code(processes, damage_again_and_again, root, seed, 300) == 0


@pytest.mark.slow
def test_damage_for_long(tmp_path: Path, processes: ForkServerContext, built: Path) -> None:
    root = Path(shutil.copytree(built, tmp_path / "long"))
    assert exit_code(processes, damage_again_and_again, root, 7, 10_000) == 0
