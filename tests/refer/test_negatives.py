"""Expressions that mean nothing: they must not be told by their noun alone, which a model would learn to look at."""

from __future__ import annotations

import pytest

import sos_online as sos

NONE = {"one": 0, "several": 0, "none": 3}


def share_of_absent_names(library: sos.SegmentLibrary, images: int, **choice: object) -> float:
    """Of the expressions that mean nothing, those that name no category of their image, nor a thing or a kind."""
    recipe = sos.Recipe().replace(
        canvas={"sizes": [[640, 640]]},
        light=None,
        choice=choice,
        expressions={"attribute": NONE, "position": NONE, "mixed": NONE},
    )
    dataset = sos.SOSDataset(library, recipe, length=images)
    given_away = count = 0
    for index in range(images):
        target = dataset.sample(index)[1]
        here = {library.category_names[label - 1] for label in target["labels"].tolist()}
        names = {*here, "cactuses", "thing", "object", "item", "fruit", "animal", "vehicle", "everything"}
        for expression in target["expressions"]:
            assert not expression["rows"]
            count += 1
            given_away += not any(name in expression["text"] for name in names)
    assert count > 5 * images
    return given_away / count


@pytest.fixture(scope="module")
def demo() -> sos.SegmentLibrary:
    return sos.SegmentLibrary.demo()


def test_few_name_what_is_not_there(demo: sos.SegmentLibrary) -> None:
    assert 0 < share_of_absent_names(demo, 30) < 0.1


def test_within_one_category_most_are_told_by_look_or_place(demo: sos.SegmentLibrary) -> None:
    assert share_of_absent_names(demo, 30, single_category=True) < 0.45
