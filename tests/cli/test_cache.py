"""`sos-online cache`, as a user types it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.data.cache import CacheFolder, verify_cache
from tests.data.cache.made_up import tree


@pytest.fixture
def words(library: sos.SegmentLibrary) -> list[object]:
    return ["--library", library.root, "--size", 64, "--samples-per-shard", 4, "--seed", 3]


def test_write_and_verify(run: Any, tmp_path: Path, words: list[object]) -> None:
    out = tmp_path / "c"
    status, text, _ = run("cache", out, "-n", 10, *words)
    assert status == 0 and text.startswith("10 samples written (") and f"0 were there; complete: {out}" in text
    status, text, _ = run("cache", "write", out, "-n", 10, *words, "--json")
    assert status == 0 and json.loads(text) | {"written": 0, "there": 10, "complete": True} == json.loads(text)
    status, text, _ = run("cache", "verify", out)
    assert status == 0 and text.startswith("10 samples in 3 shards, ") and text.rstrip().endswith("; complete")


def test_all_options(run: Any, tmp_path: Path, words: list[object]) -> None:
    out = tmp_path / "c"
    recipe = tmp_path / "plain.yaml"
    recipe.write_text("light: null\nobjects: [1, 2]\n")
    more = ["--format", "webp", "--quality", 70, "--scene", "--length", 5, "--recipe", recipe, *words]
    for rank in (0, 1):
        status, text, _ = run("cache", "-n", 8, "--rank", rank, "--world", 2, *more, out, "--json")
        assert status == 0 and json.loads(text)["complete"] is bool(rank)
    manifest = CacheFolder(out).manifest()
    assert (manifest.samples, manifest.epoch_length) == (8, 5)
    assert manifest.settings.model_dump() == {
        "image_format": "webp", "quality": 70, "samples_per_shard": 4, "scene": True,
    }  # fmt: skip
    status, text, _ = run("cache", "info", out, "--json")
    assert status == 0 and json.loads(text)["stream"]["seed"] == 3
    status, text, _ = run("cache", "info", out)
    assert status == 0 and "webp 70" in text and "complete" in text


def test_verify_names_what_is_damaged(run: Any, tmp_path: Path, words: list[object]) -> None:
    out = tmp_path / "c"
    run("cache", out, "-n", 10, *words)
    content = bytearray((out / "000001.tar").read_bytes())
    content[900] ^= 1
    (out / "000001.tar").write_bytes(content)
    status, text, error = run("cache", "verify", out)
    assert status == 1 and "000001.tar: sample 0000-000000004: does not match its checksum: damaged" in error
    assert "error: " in error and "problems found: 1" in error
    status, text, _ = run("cache", "verify", out, "--json", "--workers", 0)
    assert status == 1 and json.loads(text)["sound"] is False and len(json.loads(text)["problems"]) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["cache", "OUT", "-n", 10, "--seed", 4], "manifest.json: stream.seed: expected 4, as asked for, found 3"),
        (["cache", "OUT", "-n", 11], "manifest.json: samples: expected 11, as asked for, found 10"),
        (["cache", "NEW", "-n", 1, "--format", "png", "--quality", 5], "settings: quality: expected none, since png"),
        (["cache", "NEW", "-n", 1, "--device", "abacus"], "device: expected cpu, cuda or such, found 'abacus'"),
        (["cache", "NEW", "-n", 1, "--rank", 1], "rank, world: expected integers, 0 <= rank < world"),
        (["cache", "verify", "NEW"], "manifest.json: not a cache"),
        (["cache", "info", "NEW"], "manifest.json: not a cache"),
    ],
)
def test_mistakes_are_one_line(
    run: Any, tmp_path: Path, words: list[object], given: list[object], message: str
) -> None:
    run("cache", tmp_path / "c", "-n", 10, *words)
    names = {"OUT": tmp_path / "c", "NEW": tmp_path / "new"}
    options = words if "-n" in given else []
    status, _, error = run("cache", *(names.get(str(word), word) for word in [*given[1:2], *options, *given[2:]]))
    assert status == 1 and message in error and error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_help(run: Any) -> None:
    for given in (["cache"], ["cache", "--help"]):
        _, text, error = run(*given)
        assert all(name in text + error for name in ("write", "verify", "info"))


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c(library: sos.SegmentLibrary, tmp_path: Path, workers: int) -> None:
    """In the middle of a shard: finished ones stay, nothing else does, and the same command goes on."""
    out = tmp_path / "c"
    command = [sys.executable, "-m", "sos_online", "cache", out, "-n", "4000", "--samples-per-shard", "20",
               "--library", library.root, "--size", "64", "--workers", workers]  # fmt: skip
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True, start_new_session=True)
    begin = time.monotonic()
    while not list(out.glob("*.json"))[1:] and time.monotonic() - begin < 120:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "stopped; nothing is left half-written" in process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert not [name for name in tree(out) if name.startswith(".")]
    assert not CacheFolder(out).manifest().complete
    assert verify_cache(out).sound
