"""The benchmarks of the library, each step at a size that takes no time: what they print and write is what they say."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sos_online as sos
from sos_online.library.format import SHARDS
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they read /proc")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


@pytest.fixture
def without_pixels(benchmark: Any, tmp_path: Path) -> Path:
    made = benchmark("library_without_pixels")
    root = tmp_path / "without_pixels"
    made.finish_made_up(root, made.write_all_rows(root, made.MadeUp(5000)), made.MadeUp(5000))
    return root


def test_made_up_library(benchmark: Any, without_pixels: Path) -> None:
    made_up = benchmark("library_without_pixels").MadeUp(5000)
    library = sos.SegmentLibrary.open(without_pixels)
    sizes = made_up.sizes()
    assert (len(library), library.num_categories, library.source_names) == (5000, 500, ["generated", "annotated"])
    assert np.array_equal(np.diff(library.category_starts), sizes)
    assert sizes.max() > 50 * np.median(sizes), "a long tail"
    of_source = [source.taken for source in library.manifest.sources]
    assert of_source == [int((sizes - sizes // 4).sum()), int((sizes // 4).sum())]
    assert 0 < sum(source.near_duplicates for source in library.manifest.sources) < 500
    known = [library.quality("flags_known")[segment] == 7 for segment in range(5000)]
    assert known == [library.source_of(segment) == 0 for segment in range(5000)]
    worded = [segment for segment in range(5000) if library.words(segment)]
    assert worded and all(library.source_of(segment) == 0 for segment in worded)


def test_scale(
    benchmark: Any,
    without_pixels: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scale, layouts = benchmark("library_scale"), benchmark("library_layouts")
    monkeypatch.setattr(layouts, "PICTURES", 300)
    monkeypatch.setattr(layouts, "BOXES", 2000)
    library = sos.SegmentLibrary.open(without_pixels)
    modes = {
        name: sos.Recipe().replace(**changes)
        for name, changes in scale.all_modes(library, tmp_path / "layouts").items()
        if name.startswith(("category, table", "learned, filtered"))
    }
    planning, preparing = scale.plan_in_turns(library, modes, rounds=2, scenes=3)
    assert planning.keys() == preparing.keys() == modes.keys() and len(modes) > 8
    assert all(0 < one["median"] <= one["p95"] and len(one["rounds"]) == 2 for one in planning.values())
    opened = scale.open_and_plan(without_pixels, cold=True)
    assert opened["asked"] > (without_pixels / "tables" / "1" / SHARDS).stat().st_size
    figures = {
        "segments": 5000, "categories": 500, "near_duplicates": 1, "planning": planning, "preparing": preparing,
        "finishing": {"seconds": 1.0, "shards": 5, "memory_more": 1}, "opening": {"cold": [opened] * 3},
        "workers": {"fork": scale.in_workers(library, next(iter(modes.values())), "fork", scenes=2)},
    }  # fmt: skip
    assert len(figures["workers"]["fork"]) == 4
    scale.report(figures)
    assert "category, table, one category" in capsys.readouterr().out


def test_reads(benchmark: Any, library: sos.SegmentLibrary, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reads = benchmark("library_reads")
    size = 3 * sum(path.stat().st_size for path in (library.root / "pixels").iterdir())
    reads.copy_many_times(library.root, tmp_path / "large", size)
    assert len(sos.SegmentLibrary.open(tmp_path / "large")) == 3 * len(library)
    found = reads.read_segments(tmp_path / "large", reads=30, seed=0)
    assert found["most_shards_of_a_read"] == 1 and 1 <= found["shards"] <= 3
    assert 30 < found["bytes_encoded"] < found["bytes_asked"]
    rounds = [{"state": state, **found} for state in ("cold", "warm")]
    reads.report({"stored": reads.sizes(tmp_path / "large"), "rounds": rounds})
    assert "shards a read" in capsys.readouterr().out


def test_build(benchmark: Any, real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build, measuring = benchmark("library_build"), benchmark("measuring")
    sources = build.sources(real_data, images=2)
    whole, start = build.build(tmp_path, sources, processes=0)
    assert 0 <= start.clock < whole.clock and whole.processor > 0 and not (tmp_path / "built").exists()
    seconds = {"decode": [1.0, 2.0], "encode": [2.0, 4.0], "build": [4.0, 10.0], "of it, start": [0.0, 0.0]}
    times = {name: [build.Times(one, 2 * one) for one in rounds] for name, rounds in seconds.items()}
    compared = build.by_clock_and_processor(times)
    assert compared["clock"]["shares"] == compared["processor"]["shares"] == [0.75, 0.6]
    steps = build.time_steps(tmp_path, sources)
    assert all(second > 0 for second in steps.values()) and not (tmp_path / "steps").exists()
    figures = {"segments": 1, "copies": 1, "processes": 1, "seconds": compared, "steps": steps}
    build.report(figures)
    assert "(decode + encode) / build: 0.68" in capsys.readouterr().out
    measuring.write_figures(tmp_path / "figures.json", figures)
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["seconds"]["clock"]["shares"] == [0.75, 0.6] and written["machine"]["memory"] > 0
