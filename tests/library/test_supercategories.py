"""What categories belong to, by the word of their sources: kept, joined, and absent where nobody says anything."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.arrow_files import map_table
from sos_online.library.format import CATEGORIES, CATEGORIES_SCHEMA, CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES
from sos_online.library.sources import CategoryFacts
from tests.library.conftest import ENCODING, SQUARE, Listed, write_coco


def saying(name: str, **supercategories: str) -> Listed:
    """A source of a segment of each category that is named."""
    facts = {
        category: CategoryFacts(supercategories=(said,) if said else ()) for category, said in supercategories.items()
    }
    return Listed(name, list(supercategories), facts=facts)


def build(out: Path, *sources: Listed) -> sos.SegmentLibrary:
    return sos.build_library(out, sources, encoding=ENCODING)


def told(library: sos.SegmentLibrary) -> dict[str, str]:
    return dict(zip(library.category_names, library.supercategories, strict=True))


def columns(library: sos.SegmentLibrary) -> list[str]:
    """Of the table of categories, which is in one of the two forms."""
    path = library.root / "tables" / str(library.manifest.generation) / CATEGORIES
    batch = map_table(path, CATEGORIES_SCHEMA, or_else=CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES)
    names: list[str] = batch.schema.names
    return names


def test_of_a_coco_file(tmp_path: Path) -> None:
    categories = [
        {"id": 3, "name": "cat", "supercategory": "farm_animal"},
        {"id": 4, "name": "tram"},
    ]
    annotations = [{**SQUARE, "id": number, "category_id": number} for number in (3, 4)]
    source = write_coco(tmp_path / "in", categories=categories, annotations=annotations)
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert told(library) == {"cat": "farm animal", "tram": ""}
    assert pickle.loads(pickle.dumps(library)).supercategories == library.supercategories


@pytest.mark.parametrize("stated", [None, 5, "", " _ ", ["animal"], {}], ids=str)
def test_what_a_file_states_that_is_no_name_is_none(tmp_path: Path, stated: Any) -> None:
    source = write_coco(tmp_path, categories=[{"id": 3, "name": "cat", "supercategory": stated}])
    assert source.categories()["cat"].supercategories == ()


def test_of_two_categories_of_one_name_in_a_file(tmp_path: Path) -> None:
    categories = [
        {"id": number, "name": name, "supercategory": said}
        for number, (name, said) in enumerate([("cat", "animal"), ("cat", "toy"), ("dog", "animal"), ("dog", "Animal")])
    ]
    facts = write_coco(tmp_path, categories=categories).categories()
    assert {name: said.supercategory for name, said in facts.items()} == {"cat": "", "dog": "animal"}


def test_sources_must_agree(tmp_path: Path) -> None:
    first, second = (
        saying("s", cat="animal", cup="kitchen", jar="jar"),
        saying("t", cat="Animal", cup="tableware", jar=""),
    )
    library = build(tmp_path / "out", first, second)
    assert told(library) == {"cat": "animal", "cup": "", "jar": "jar"}


def test_who_has_disagreed_once_does_so_for_ever(tmp_path: Path) -> None:
    """Whatever is said by those that come later."""
    build(tmp_path / "out", saying("s", cup="kitchen", pan="kitchen"), saying("t", cup="tableware"))
    library = sos.append_to_library(tmp_path / "out", [saying("u", cup="kitchen", pan="kitchen", tram="vehicle")])
    assert told(library) == {"cup": "", "pan": "kitchen", "tram": "vehicle"}
    other = build(tmp_path / "other", saying("v", pan="tool", cup="kitchen"))
    merged = sos.merge_libraries(tmp_path / "merged", [library.root, other.root])
    assert told(merged) == {"cup": "", "pan": "", "tram": "vehicle"}


def test_where_nobody_says_anything_the_tables_are_those_of_before(tmp_path: Path) -> None:
    """As of a library that was built when they were not kept: it opens, grows and is merged, and has the same bytes."""
    silent = build(tmp_path / "silent", saying("s", cup="", pan=""))
    assert columns(silent) == CATEGORIES_SCHEMA.names
    assert told(silent) == {"cup": "", "pan": ""}
    grown = sos.append_to_library(silent.root, [saying("t", cup="kitchen")])
    assert columns(grown) == CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES.names
    assert told(grown) == {"cup": "kitchen", "pan": ""}


def test_they_are_content(tmp_path: Path) -> None:
    libraries = [build(tmp_path / str(number), saying("s", cup=said)) for number, said in enumerate(["", "a", "b"])]
    assert len({library.manifest.fingerprint for library in libraries}) == 3
