"""Layouts in a recipe: kinds that replace one another, what their fingerprint depends on, messages that name a key."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sos_online.errors import RecipeError
from sos_online.recipe import Recipe

FROM_FILES = [{"kind": kind, "path": "x"} for kind in ("box_table", "learned")]
OTHER_LAYOUTS: list[dict[str, Any]] = [
    {"kind": "random_boxes"},
    {"kind": "random_boxes", "sides": [0.1, 0.2]},
    {"kind": "random_boxes", "max_iou": 0.2},
    {"kind": "random_centres"},
    *FROM_FILES,
    {**FROM_FILES[0], "categories": "layout"},
    {**FROM_FILES[1], "categories": "choice"},
    {**FROM_FILES[1], "count": "learnt"},
    {"kind": "mixture", "parts": [{"weight": 1, "layout": one} for one in FROM_FILES]},
    {"kind": "mixture", "parts": [{"weight": 2, "layout": one} for one in FROM_FILES]},
]


def test_fingerprints_of_layouts_differ() -> None:
    recipes = [Recipe(), *(Recipe.parse({"layout": layout}) for layout in OTHER_LAYOUTS)]
    assert len({recipe.fingerprint() for recipe in recipes}) == len(recipes)


def test_fingerprint_does_not_depend_on_where_a_layout_is_read_from() -> None:
    """What is in the file counts, and the dataset's identity has that."""
    table = [{"kind": "box_table", "path": path} for path in ("boxes.csv", "${DATA}/coco.json")]
    mixed = [{"kind": "mixture", "parts": [{"weight": 1, "layout": one}, {"weight": 2, "layout": {}}]} for one in table]
    for one, other in (table, mixed):
        assert Recipe.parse({"layout": one}).fingerprint() == Recipe.parse({"layout": other}).fingerprint()
        assert Recipe.parse({"layout": one}) != Recipe.parse({"layout": other})


@pytest.mark.parametrize("layout", OTHER_LAYOUTS, ids=str)
def test_layouts_replace_one_another_and_go_round(layout: dict[str, Any]) -> None:
    recipe = Recipe().replace(layout=layout)
    assert recipe == Recipe.parse({"layout": layout})
    assert Recipe.parse(yaml.safe_load(recipe.to_yaml())) == recipe
    assert recipe.replace(layout={"kind": "size_prior", "large": 0.5}) == Recipe().replace(layout={"large": 0.5})


@pytest.mark.parametrize(
    ("layout", "path", "expected", "found"),
    [
        ("random", "layout.kind", "'random_boxes'", "'random'"),
        (3, "layout", "keys and their values", "3"),
        ({"kind": "box_table"}, "layout.path", "required", "nothing"),
        ({"kind": "learned", "path": "x", "count": 3}, "layout.count", "'learnt'", "found 3"),
        ({"kind": "mixture", "parts": [{"weight": -1, "layout": {}}]}, "layout.parts.0.weight", "0", "-1"),
        (
            {"kind": "mixture", "parts": [{"weight": 1, "layout": "mixture"}]},
            "layout.parts.0.layout.kind",
            "",
            "mixture",
        ),
        ({"max_iou": 0.5}, "layout.max_iou", "unknown key", ""),  # of another layout
        ({"kind": "random_boxes", "large": 0.5}, "layout.large", "unknown key", ""),
        ({"kind": "mixture", "parts": [{"weight": 1, "layout": {"tires": 1}}]}, "layout.parts.0.layout.tires", "", ""),
    ],
)
def test_exception_names_key_expected_and_found(layout: Any, path: str, expected: str, found: str) -> None:
    """The kind of a layout is no part of the path."""
    with pytest.raises(RecipeError) as caught:
        Recipe.parse({"layout": layout})
    message = str(caught.value)
    assert message.startswith(f"recipe: {path}: ")
    assert expected in message.lower() and found in message
