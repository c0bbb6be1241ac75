"""`sos-online export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import sos_online as sos
from sos_online.cli.export import export
from sos_online.data.exporting import FORMATS, ExportFormat


def run(*words: object) -> Result:
    app = typer.Typer()
    app.command()(export)
    return CliRunner().invoke(app, [*map(str, words)])


WORDY = ("refcoco", "grefcoco", "mdetr")


@pytest.mark.parametrize("kind", WORDY)
def test_formats_of_words_need_words(library: sos.SegmentLibrary, tmp_path: Path, kind: ExportFormat) -> None:
    refused = run(tmp_path / "out", "-f", kind, "-l", library.root, "-n", 2, "--size", 48, "--workers", 0)
    assert isinstance(refused.exception, sos.StreamError)
    assert "expected expressions, which this format is made of; found none" in str(refused.exception)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind not in WORDY])
def test_every_format(library: sos.SegmentLibrary, tmp_path: Path, kind: ExportFormat) -> None:
    words = (tmp_path / "out", "--format", kind, "-l", library.root, "-n", 6, "--size", 48, "--workers", 0, "--json")
    first = run(*words)
    assert first.exit_code == 0, first.output
    report = json.loads(first.output)
    assert report["made"] == report["images"] == 6 and report["objects"] > 0
    assert all(Path(name).is_file() for name in report["documents"])
    assert json.loads(run(*words).output)["made"] == 0


def test_a_table_for_people(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    words = (tmp_path / "out", "-f", "coco", "-l", library.root, "-n", 6, "--size", 48, "--workers", 0, "--val", 0.5)
    assert "6 images (6 now" in run(*words).output
    assert "6 images were there" in run(*words).output


def test_of_a_cache(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    from sos_online.data.cache import write_cache
    from tests.conftest import small_recipe

    dataset = sos.SOSDataset(library, small_recipe(48), length=6)
    write_cache(dataset, tmp_path / "cache", samples=6)
    result = run(tmp_path / "out", "-f", "yolo-seg", "--cache", tmp_path / "cache", "--workers", 0, "--json")
    assert result.exit_code == 0, result.exception
    assert json.loads(result.output)["images"] == 6
    refused = run(tmp_path / "other", "-f", "coco", "--cache", tmp_path / "cache", "--size", 48)
    assert str(refused.exception) == "--size: expected none with --cache, whose samples are made already"


def test_a_stream_needs_a_number(tmp_path: Path) -> None:
    assert "--samples: expected how many" in str(run(tmp_path / "out", "-f", "coco").exception)
    assert run(tmp_path / "out", "-f", "voc", "-n", 1).exit_code == 2


def test_a_url_is_refused(library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run("s3://bucket/x", "-f", "coco", "-l", library.root, "-n", 2)
    assert isinstance(refused.exception, sos.SOSError)
    assert str(refused.exception) == "out: expected a folder of this machine, no URL, found 's3://bucket/x'"
    assert not list(tmp_path.iterdir())
