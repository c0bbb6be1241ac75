"""The command, as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sos_online as sos
from sos_online.cli.entries import gallery_entries
from tests.conftest import ROOT, draw_cutouts


def test_demo_streams_and_shows(run: Any, tmp_path: Path) -> None:
    status, out, _ = run("demo", tmp_path / "demo", "--batches", 2, "--workers", 1)
    assert status == 0
    assert "16 images of 640 x 640 with boxes and masks" in out
    assert cv2.imread(str(tmp_path / "demo" / "sheet.png")) is not None
    assert "<html" in (tmp_path / "demo" / "gallery.html").read_text()[:500]


def test_library_build_from_two_kinds_of_sources(run: Any, tmp_path: Path, real_data: Path) -> None:
    status, out, _ = run(
        "library", "build", tmp_path / "library", "--workers", 0, "--licence", "research", "--json",
        "--coco", real_data / "coco/instances_val.json", "--images", real_data / "coco/val",
        "--folders", draw_cutouts(tmp_path / "cutouts"),
    )  # fmt: skip
    assert status == 0
    report = json.loads(out)
    assert [source["name"] for source in report["sources"]] == ["instances_val", "cutouts"]
    assert report["sources"][1]["taken"] == 12 and report["licence"] == "research"
    assert sum(report["per_category"].values()) == report["segments"]
    library = sos.SegmentLibrary.open(tmp_path / "library")
    assert [library.source_of(row) for row in range(len(library))].count(1) == 12

    status, out, _ = run("library", "info", tmp_path / "library")
    assert status == 0 and "instances_val" in out and f"{report['segments']:,} segments" in out


def test_preview_writes_a_sheet_a_page_and_what_the_light_does(
    run: Any, tmp_path: Path, library: sos.SegmentLibrary, real_data: Path
) -> None:
    status, out, _ = run(
        "preview", tmp_path / "seen", "--library", library.root, "--count", 3, "--size", 128,
        "--backgrounds", real_data / "backgrounds/textures",
    )  # fmt: skip
    assert status == 0
    assert out.split() == [str(tmp_path / "seen" / name) for name in ("sheet.png", "gallery.html", "light.png")]
    page = (tmp_path / "seen" / "gallery.html").read_text()
    assert page.count("sample ") >= 3 and "http://" not in page.replace("http://www.w3.org", "")
    assert page.count('"isLit":true') == 3
    sheet, light = (cv2.imread(str(tmp_path / "seen" / name)) for name in ("sheet.png", "light.png"))
    assert light.shape[0] > sheet.shape[0] and light.shape[1] > sheet.shape[1], "two pairs a row"


def test_preview_of_a_recipe_without_light_shows_none(run: Any, tmp_path: Path, library: sos.SegmentLibrary) -> None:
    (tmp_path / "dark.yaml").write_text("light: null")
    status, out, _ = run(
        "preview", tmp_path / "seen", "--library", library.root, "-n", 2, "--size", 128,
        "--recipe", tmp_path / "dark.yaml",
    )  # fmt: skip
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["gallery.html", "sheet.png"]
    assert len(out.split()) == 2
    assert '"isLit":true' not in (tmp_path / "seen" / "gallery.html").read_text()


def test_a_preview_entry_keeps_the_picture_that_its_light_was_made_from(library: sos.SegmentLibrary) -> None:
    recipe = sos.Recipe().replace(canvas={"sizes": [[128, 128]]}, background={"weights": {"gradient": 1.0}})
    lit = sos.SOSDataset(library, recipe, length=2)
    plain = sos.SOSDataset(library, recipe.replace(light=None), length=2)
    for with_light, without in zip(gallery_entries(lit, 2), gallery_entries(plain, 2), strict=True):
        assert without.unlit is None and with_light.unlit is not None
        assert (with_light.unlit == without.image).all() and (with_light.image != without.image).any()


def test_bench_prints_json_for_a_script(run: Any, library: sos.SegmentLibrary) -> None:
    status, out, _ = run("bench", "--library", library.root, "--size", 64, "--samples", 8, "--workers", "0,1", "--json")
    assert status == 0
    figures = json.loads(out)
    assert set(figures["loader"]) == {"0", "1"} and all(rate > 0 for rate in figures["loader"].values())
    stages = figures["stages"]
    assert set(stages) == {"plan", "decode", "rest"} and min(stages.values()) > 0
    assert figures["over_decoding"] == pytest.approx(sum(stages.values()) / stages["decode"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["library", "info", "{tmp}/none"], "{tmp}/none/library.json: not a segment library (no such folder)"),
        (["library", "build", "{tmp}/out"], "name at least one source"),
        (["library", "build", "{tmp}/out", "--folders", "{tmp}/none"], "{tmp}/none: a source of category/*.png must"),
        (["library", "build", "{tmp}/out", "--coco", "{tmp}/a.json"], "--coco, --lvis and --masks are given 1 times"),
        (
            ["library", "build", "{tmp}/out", "--coco", "{tmp}/no.json", "--images", "{tmp}"],
            "{tmp}/no.json: cannot be read as JSON",
        ),
        (["preview", "{tmp}/out", "--recipe", "{tmp}/bad.yaml"], "{tmp}/bad.yaml: layout.larg: unknown key"),
        (["preview", "{tmp}/out", "--backgrounds", "{tmp}/none"], "{tmp}/none: backgrounds must be a folder of photos"),
    ],
)
def test_errors_are_one_line_that_names_what_is_wrong(run: Any, tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "bad.yaml").write_text("layout: {larg: 0.5}")
    status, out, err = run(*(word.replace("{tmp}", str(tmp_path)) for word in words))
    assert status == 1 and out == ""
    assert err.startswith("error: " + message.replace("{tmp}", str(tmp_path)))
    assert "Traceback" not in err


def test_bad_worker_numbers_are_refused(run: Any) -> None:
    status, _, err = run("bench", "--workers", "two")
    assert status == 2 and "--workers" in err


@pytest.mark.parametrize("times", [1, 2])  # twice: by an impatient hand, or by `timeout`, which tells the group as well
def test_a_build_stopped_by_ctrl_c_goes_on(run: Any, tmp_path: Path, real_data: Path, times: int) -> None:
    words = ["library", "build", str(tmp_path / "library"), "--sos", str(real_data / "emoji3d")]
    words += ["--folders", str(draw_cutouts(tmp_path / "cutouts")), "--workers", "0", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sos_online", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "library" / "building.json").exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    for _ in range(times):
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.02)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "may be given again" in err and "Traceback" not in err
    assert not (tmp_path / "library" / "library.json").exists()
    status, out, _ = run(*words)
    assert status == 0 and json.loads(out)["segments"] == 421


def test_a_preview_into_a_file_is_refused_before_the_work(run: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    status, _, err = run("preview", tmp_path / "file", "--count", "500")
    assert (status, err.count("\n")) == (1, 1)
    assert "is a file; name a folder" in err
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("command", ["preview", "demo"])
@pytest.mark.parametrize("folder", ["/proc", "/proc/none", "{tmp}/file/in"])
def test_a_folder_that_takes_no_files_is_refused_before_the_work(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, folder: str
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    monkeypatch.setattr("sos_online.cli.preview.gallery_entries", lambda *_: pytest.fail("samples are made"))
    monkeypatch.setattr("sos_online.cli.demo.make_loader", lambda *_, **__: pytest.fail("batches are made"))
    out = folder.format(tmp=tmp_path)
    status, _, err = run(command, out)
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith(f"error: {out}: cannot be written: ")


def test_what_decoders_and_warnings_say_is_one_line(tmp_path: Path) -> None:
    """A broken picture is named in the report, and not by OpenCV; a warning shows no source code."""
    picture = bytes(cv2.imencode(".png", np.full((60, 60, 4), 200, np.uint8))[1])
    (tmp_path / "in").mkdir()
    (tmp_path / "in/cup.png").write_bytes(picture)
    (tmp_path / "in/mug.png").write_bytes(picture[:-20])
    (tmp_path / "flags.json").write_text('{"cup": {"Integrity": true}, "nobody": {"Integrity": true}}')
    words = ["library", "build", "out", "--cutouts", "in", "--flags", "flags.json", "--workers", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "sos_online", *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "not a readable image" in done.stdout
    assert "WARN" not in done.stderr
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith("warning: flags.json: 1 of 2 keys are of no segment") for line in lines)


def test_what_a_path_holds_does_not_steer_the_terminal(run: Any, tmp_path: Path) -> None:
    status, _, err = run("preview", tmp_path / "out", "--library", tmp_path / "a\x1b[31mb")
    assert status == 1 and "\x1b" not in err and "a\\x1b[31mb" in err
