"""The code of the README and of the pages in docs runs as it stands."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import sos_online as sos
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """A folder in which the names that the README uses are there."""
    folder = tmp_path_factory.mktemp("readme")
    for name, target in {
        # the smaller set in place of the larger: a library is built of it
        "train2017": real_data / "coco/val",
        "instances_train2017.json": real_data / "coco/instances_val.json",
        "val2017": real_data / "coco/val",
        "instances_val2017.json": real_data / "coco/instances_val.json",
        "lvis": real_data / "lvis",
        "photos": real_data / "backgrounds/scenes",
        "configs": ROOT / "configs",
        "train_examples": ROOT / "train_examples",
    }.items():
        (folder / name).symlink_to(target)
    return folder


# all of them in one process, as starting one takes longer than what most of them do
RUN_COMMANDS = """
import json, sys
from sos_online.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = words
    print("$", *words, file=sys.stderr)
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""
RUN_SCRIPTS = """
import runpy, sys
for script in sys.argv[1:]:
    print("in", script, file=sys.stderr)
    runpy.run_path(script, run_name="__main__")
"""


def run(words: list[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def test_commands_then_code(folder: Path) -> None:
    commands = [line for block in blocks("bash") for line in block.splitlines() if line.strip()]
    given = [shlex.split(line, comments=True) for line in commands]
    # setting up is what has brought this test here
    ours = [words for words in given if words and words[0] == "sos-online"]
    others = [words[1:] for words in given if words and words[0] not in ("sos-online", "make", "pip")]
    run([sys.executable, "-c", RUN_COMMANDS, json.dumps(ours)], folder)
    for words in others:
        run([sys.executable, *words], folder)
    run_blocks("README", README, folder)


def run_blocks(page: str, text: str, folder: Path) -> None:
    """A page's blocks of Python, one after the other."""
    scripts = []
    for number, block in enumerate(blocks("python", text)):
        # a script that starts workers guards its entry where processes are spawned; these are forked
        scripts.append(folder / f"{page}_{number}.py")
        scripts[-1].write_text(block)
    if scripts:
        run([sys.executable, "-c", RUN_SCRIPTS, *(script.name for script in scripts)], folder)


def test_the_training_snippet_is_ten_lines_and_a_loop() -> None:
    lines = [
        line for line in blocks("python")[0].splitlines() if line.strip() and not line.startswith(("import", "from"))
    ]
    statements = [line for line in lines if not line.startswith("    weights=")]
    assert len(statements) <= 10


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_and_recipes_of_pages(page: Path, folder: Path) -> None:
    text = page.read_text("utf-8")
    run_blocks(page.stem, text, folder)
    for block in blocks("yaml", text):
        if block.startswith("# synonyms.yaml"):
            sos.Vocabulary.of(yaml.safe_load(block))
        elif not block.startswith("# sources.yaml"):  # which tests of sources read, with files
            sos.Recipe.parse(yaml.safe_load(block))
    for name in re.findall(r"`(?:configs/)?(light_\w+)\.yaml`", text):
        sos.Recipe.load(ROOT / "configs" / f"{name}.yaml")


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([\w-]+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_nothing_is_left_to_fill_in() -> None:
    assert "@@" not in README and "TODO" not in README
