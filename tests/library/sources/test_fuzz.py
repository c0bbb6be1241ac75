"""Annotation files in which anything may stand anywhere: named and refused, or left out, and never believed."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
import sos_online.library.sources as sources
from sos_online.library.sources import Source
from tests.library.conftest import disc, write_coco, write_files
from tests.library.sources.made_up import tar_members, write_ade, write_lvis, write_sa1b, write_tar

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([2**70, -(2**70), 1e300, float("nan"), float("inf"), "\ud800", "\0", "..", "/", "1", "yes", "a"]),
    st.sampled_from([[], {}, [[]], [{}], {"": None}, [1, 2, 3, 4, 5, 6], [[0, 0, 1, 0, 1, 1]], {"size": [30, 40]}]),
)


def write_words(root: Path) -> Source:
    entry = {"description": "D", "short_phrase": "s", "features": ["a"]}
    metadata = json.dumps({"a_0": entry}).encode()
    write_files(root, {"a/0/1.png": disc(), "object_segments_metadata.json": metadata})
    return sources.SOSLayout(root)


def write_table(root: Path) -> Source:
    table = [{"file": "a.png", "category": "cup", "sub_category": "x", "description": "d", "features": "a, b"}]
    write_files(root, {"a.png": disc(), "t.json": json.dumps(table).encode()})
    return sources.Cutouts(root, table=root / "t.json")


def write_flags(root: Path) -> Source:
    write_files(
        root, {"a/1.png": disc(), "f.json": json.dumps({"a/1.png": {"IsInstance": 1, "Integrity": "no"}}).encode()}
    )
    return sources.CategoryFolders(root, flags=root / "f.json")


def write_sample(root: Path) -> Source:
    record = {"category": "cup", "features": ["a"], "description": "d", "Integrity": True}
    (root / "k.json").parent.mkdir(parents=True, exist_ok=True)
    (root / "k.json").write_text(json.dumps(record))
    return sources.WebDatasetTars(root / "s.tar")


MAKERS: dict[str, tuple[Callable[[Path], Source], str]] = {
    "coco": (write_coco, "instances.json"),
    "lvis": (write_lvis, "instances.json"),
    "ade20k": (write_ade, "deep/one.json"),
    "sa1b": (write_sa1b, "x/sa_1.json"),
    "words": (write_words, "object_segments_metadata.json"),
    "table": (write_table, "t.json"),
    "flags": (write_flags, "f.json"),
    "sample": (write_sample, "k.json"),
}


def places(content: Any) -> list[tuple[Any, ...]]:
    """Paths to all values in a JSON."""
    found: list[tuple[Any, ...]] = [()]
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inner:
        found += [(key, *rest) for rest in places(value)]
    return found


def replaced(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.copy(content)
    changed[place[0]] = replaced(content[place[0]], place[1:], value)
    return changed


@pytest.mark.parametrize("kind", MAKERS)
@given(data=st.data())
@settings(max_examples=50)
def test_any_value_anywhere(kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A source gives items with keys and reasons that can be stored, or a named error; nothing else comes of it."""
    root = tmp_path_factory.getbasetemp() / f"fuzz-{kind}"
    make, name = MAKERS[kind]
    source = make(root)
    content = json.loads((root / name).read_bytes())
    changed = replaced(content, data.draw(st.sampled_from(places(content))), data.draw(VALUES))
    (root / name).write_text(json.dumps(changed), "utf-8")
    if kind == "sample":
        write_tar(root / "s.tar", [*tar_members(1), ("k.png", b""), ("k.json", (root / name).read_bytes())])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            source.categories()
            units = list(source.units())
        except sos.SourceError as error:
            refused = str(error)
        else:
            refused = ""
    if refused:
        assert str(root) in refused
        return
    for unit in units:
        json.dumps(unit.payload, default=asdict)
        for item in source.read(unit):
            item.key.encode()
            if isinstance(item, sources.LeftOut):
                assert item.reason
            else:
                assert item.category.strip()
                " ".join([item.category, item.words.description, *item.words.features]).encode()
