"""Every expression of a stream before a judge of its own, which shares no code with the rules that made it."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import sos_online as sos
from tests.conftest import ROOT
from tests.refer.streams import LAYOUTS, all_findings


@pytest.fixture(scope="module")
def demo() -> sos.SegmentLibrary:
    return sos.SegmentLibrary.demo()


@pytest.fixture(scope="module")
def emoji(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    """Names of all sorts, most of them without attributes."""
    folder = tmp_path_factory.mktemp("emoji") / "built"
    return sos.build_library(folder, [sos.SOSLayout(real_data / "emoji3d")], workers=2)


def check(library: sos.SegmentLibrary, layout: str, seed: int, count: int) -> Counter[tuple[str, int]]:
    """Nothing may be found; how many of each kind mean none, one and more."""
    seen: Counter[tuple[str, int]] = Counter()
    faults = []
    for expression, findings in all_findings(library, layout, seed, count):
        seen[expression["kind"], min(len(expression["rows"]), 2)] += 1
        faults += [f"{finding.sort}: {expression} {finding.detail}" for finding in findings]
    assert not faults, f"{len(faults)} of {count}, such as\n" + "\n".join(faults[:20])
    assert sum(seen.values()) == count
    return seen


@pytest.mark.parametrize("layout", LAYOUTS)
def test_demo(demo, layout):
    seen = check(demo, layout, seed=1, count=250)
    assert {kind for kind, _ in seen} == {"attribute", "position", "mixed"}
    assert {count for _, count in seen} == {0, 1, 2}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_emoji(emoji, layout):
    seen = check(emoji, layout, seed=2, count=250)
    assert {"attribute", "position"} <= {kind for kind, _ in seen}
    assert {count for _, count in seen} == {0, 1, 2}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_of_demo(demo, layout):
    seen = check(demo, layout, seed=3, count=20_000 // len(LAYOUTS) + 1)
    assert len(seen) == 9


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_of_emoji(emoji, layout):
    check(emoji, layout, seed=4, count=20_000 // len(LAYOUTS) + 1)


def test_shares_no_code():
    """The judge knows nothing of the package."""
    for path in (ROOT / "tests" / "refer" / "checker").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [module for module in modules if module.startswith("sos_online")], path
