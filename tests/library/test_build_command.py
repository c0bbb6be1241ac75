"""`sos-online library build`: what the command adds to the sources, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.cli.main import main
from sos_online.library.demo_library import demo_folder
from sos_online.version import __version__
from tests.library.conftest import disc, write_coco, write_files


def build(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["sos-online", "library", "build", *map(str, words), "--workers", "0"])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_only_images_are_looked_for_in_all_coco_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name may be in any of them; one that is in none is refused."""
    words: list[object] = [tmp_path / "out", "--min-area", 1, "--only-images", tmp_path / "names.txt"]
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        folder = tmp_path / str(number)
        source = write_coco(folder, images=[{"id": 1, "file_name": name}])
        (folder / name).write_bytes((folder / "a.png").read_bytes())
        words += ["--coco", source.annotations.rename(folder / f"{number}.json"), "--images", folder]
    (tmp_path / "names.txt").write_text("a.png\nc.png\ntypo.png\n")
    assert build(monkeypatch, *words) == 1
    assert "names.txt: no --coco or --lvis file has an image named 'typo.png'" in capsys.readouterr().err
    (tmp_path / "names.txt").write_text("a.png\nc.png\n")
    assert build(monkeypatch, *words) == 0
    library = sos.SegmentLibrary.open(tmp_path / "out")
    assert sorted(library.key(row) for row in range(len(library))) == ["a.png#7", "c.png#7"]


def test_a_setting_out_of_its_limits_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(monkeypatch, tmp_path / "out", "--folders", tmp_path, "--max-side", 70000) == 1
    assert capsys.readouterr().err.startswith("error: encoding.max_side: ")


def test_strip_digits_joins_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_files(tmp_path / "in", {"person1/1.png": disc(), "person2/1.png": disc()})
    assert build(monkeypatch, tmp_path / "out", "--folders", root, "--strip-digits") == 0
    assert sos.SegmentLibrary.open(tmp_path / "out").category_names == ["person"]


def test_the_report_names_the_first_that_were_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Brackets in a name are no markup."""
    broken = {f"c/[bold]{number}.png": b"" for number in range(7)}
    root = write_files(tmp_path / "in", {"c/good.png": disc(), **broken})
    assert build(monkeypatch, tmp_path / "out", "--folders", root) == 0
    names = ", ".join(f"c/[bold]{number}.png" for number in range(5))
    assert f"in: empty file: {names} and 2 more\n" in capsys.readouterr().out
    assert build(monkeypatch, tmp_path / "out", "--folders", root, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sources"][0]["examples"] == {"empty file": list(broken)[:5]}


def test_every_set_of_drawings_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a cache of other drawings under the same version is not met."""
    monkeypatch.setenv("SOS_CACHE", str(tmp_path))
    folder = demo_folder()
    assert folder.parent == tmp_path / "sos_online"
    assert folder.name.startswith(f"demo-{__version__}-")
    assert demo_folder() == folder
    monkeypatch.setattr("sos_online.library.demo_library.catalogue", lambda: ())
    assert demo_folder() != folder
