"""The rules of the house: who may import whom, where files are read, where randomness is made, how long files are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "sos_online"
MODULES = sorted(PACKAGE.rglob("*.py"))

# a room may import from the rooms to its left and from itself
ORDER = [
    {"version", "types", "errors", "rng"},
    {"ops"},
    {"storage"},
    {"library", "plan", "compose", "targets", "refer", "relight"},
    {"recipe"},
    {"data"},
    {"evaluate"},
    {"cli"},
]
MIDDLE = ORDER[3]
ROOF = {"__init__", "__main__"}
READERS = {"storage", "library", "recipe", "data", "cli", "evaluate"}
WEIGHTS = PACKAGE / "relight/iclight/prepare.py"  # reads a model's files, once
READING = {"open", "imread", "fromfile", "read_text", "read_bytes", "memory_map", "memmap"}
LATE = {"s3fs", "kornia", "diffusers", "transformers", "accelerate", "ray", "openai", "fsspec"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def storey(room: str) -> int:
    return next(level for level, rooms in enumerate(ORDER) if room in rooms)


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "sos_online":  # "from sos_online import data" imports a room
                yield from ((f"sos_online.{alias.name}", node) for alias in node.names)
            else:
                yield node.module or "", node


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rules(path: Path) -> None:
    room = room_of(path)
    tree = ast.parse(path.read_text())
    top_level = {id(node) for node in tree.body}
    for module, node in imports(tree):
        parts = module.split(".")
        assert parts[0] not in LATE or id(node) not in top_level, f"{module} is imported at the top of the file"
        if parts[0] != "sos_online" or len(parts) == 1 or room in ROOF:
            continue
        other = parts[1]
        assert storey(other) <= storey(room), f"{room} must not import {other}"
        assert not (room in MIDDLE and other in MIDDLE and room != other), (
            f"{room} must not import its neighbour {other}"
        )

    called = set(calls(tree))
    if room not in READERS and path != WEIGHTS:
        reading = {call for call in called if call.split(".")[-1] in READING}
        assert not reading, f"{room} reads files: {reading}"
    assert not {"pickle.load", "pickle.loads", "eval", "exec", "os.system", "yaml.unsafe_load"} & called
    if room != "rng":
        generators = {"np.random.default_rng", "np.random.Generator", "np.random.Philox", "np.random.seed",
                      "random.Random", "random.seed", "torch.manual_seed", "torch.Generator"}  # fmt: skip
        assert not generators & called, f"{room} makes a generator: {generators & called}"


def test_every_room_is_in_the_order() -> None:
    rooms = {room_of(path) for path in MODULES} - ROOF
    assert rooms <= set().union(*ORDER), f"not in the order: {rooms - set().union(*ORDER)}"


def test_one_idea_a_file() -> None:
    for room in ("sos_online", "tests", "train_examples", "benchmarks", "docs"):
        for path in (ROOT / room).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 300, f"{path}: longer than 300 lines"
            assert path.stem not in {"utils", "misc", "helpers", "common"}, path
