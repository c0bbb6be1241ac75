"""Recipes with mistakes: each is refused with its path, what was expected and what was found."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sos_online.errors import RecipeError
from sos_online.recipe import Recipe


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"objects": 5}, "objects: expected a list, found 5"),
        ({"choice": {"quality": "filter_4"}}, "choice.quality: expected keys and their values, found 'filter_4'"),
        ({"choice": {"weights": {"kind": "repeat_factor", "threshold": 2}}}, "choice.weights.threshold: "),
        ({"choice": {"weights": 5}}, "choice.weights: expected keys and their values, found 5"),
        ([], "recipe: expected keys and their values"),
    ],
)
def test_exceptions_in_plain_words(content: Any, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.parse(content)
    assert message in str(caught.value)
    assert "valid dictionary" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "tries",  # at the top
        "layout.tires",  # in a section
        "canvas.size",
        "choice.By",  # another case
        "background.weight",
        "target.masks",
        "placement.assigned",
    ],
)
def test_exception_for_an_unknown_key_names_its_path(tmp_path: Path, path: str) -> None:
    content: Any = 5
    for key in reversed(path.split(".")):
        content = {key: content}
    file = write(tmp_path, yaml.safe_dump(content))
    with pytest.raises(RecipeError, match=rf"{re.escape(str(file))}: {re.escape(path)}: unknown key"):
        Recipe.load(file)


@pytest.mark.parametrize(
    ("content", "path", "expected", "found"),
    [
        ({"objects": [9, 5]}, "objects", "fewest <= most", "[9, 5]"),
        ({"objects": [0, 40000]}, "objects", "32767", "40000"),
        ({"objects": [5]}, "objects.1", "required", "nothing"),
        ({"objects": "many"}, "objects", "expected a list", "'many'"),
        ({"canvas": {"sizes": [[0, 640]]}}, "canvas.sizes.0.0", "greater than or equal to 1", "found 0"),
        ({"canvas": {"sizes": [[640, 99999]]}}, "canvas.sizes.0.1", "16384", "99999"),
        ({"canvas": {"sizes": []}}, "canvas.sizes", "at least 1", "[]"),
        ({"canvas": {"same_for": 0}}, "canvas.same_for", "greater than or equal to 1", "found 0"),
        ({"canvas": 640}, "canvas", "expected keys and their values", "640"),
        ({"choice": {"by": "sources"}}, "choice.by", "'source'", "'sources'"),
        ({"layout": {"kind": "random"}}, "layout.kind", "'size_prior'", "'random'"),
        ({"placement": {"assign": "size"}}, "placement.assign", "'area'", "'size'"),
        ({"layout": {"aspect": [2, 0.5]}}, "layout.aspect", "low <= high", "[2.0, 0.5]"),
        ({"layout": {"large_area": [0.5, 1.5]}}, "layout.large_area", "at most 1", "1.5"),
        ({"layout": {"tries": 1.5}}, "layout.tries", "integer", "1.5"),
        ({"placement": {"flip_x": 2}}, "placement.flip_x", "less than or equal to 1", "2"),
        ({"placement": {"flip_x": math.nan}}, "placement.flip_x", "finite number", "nan"),
        ({"background": {"weights": "manual"}}, "background.weights", "'auto'", "'manual'"),
        ({"background": {"weights": {"solid": 0}}}, "background", "above 0", "{'solid': 0.0}"),
        ({"background": {"weights": {"forest": 1}}}, "background.weights", "'photo'", "forest"),
        ({"visibility": {"min_pixels": 0}}, "visibility.min_pixels", "greater than or equal to 1", "found 0"),
        ({"target": {"amodal_masks": "some"}}, "target.amodal_masks", "boolean", "'some'"),
    ],
)
def test_exception_names_key_expected_and_found(
    tmp_path: Path, content: dict[str, Any], path: str, expected: str, found: str
) -> None:
    file = write(tmp_path, yaml.safe_dump(content))
    with pytest.raises(RecipeError) as caught:
        Recipe.load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: {path}")
    assert expected in message
    assert found in message


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.parse({"objects": [9, 5], "layout": {"tires": 1, "tries": 0}}, "here")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "objects",
        "layout.tries",
        "layout.tires",
    ]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (  # the list is not empty: its only entry is wrong
            {"canvas": {"sizes": [[0, 10]]}},
            ["canvas.sizes.0.0: Input should be greater than or equal to 1, found 0"],
        ),
        (  # either of two types will do
            {"background": {"weights": "manual"}},
            ["background.weights: Input should be 'auto' or expected keys and their values, found 'manual'"],
        ),
        (
            {"background": {"weights": {"forest": 1}}},
            ["background.weights.forest: Input should be 'photo', 'solid', 'gradient' or 'noise', found 'forest'"],
        ),
        (  # a category that is named like a kind of weights
            {"choice": {"weights": {"kind": "named", "names": {"uniform": "x"}}}},
            [
                "choice.weights.names.uniform: Input should be a valid number, unable to parse string as a number, "
                "found 'x'"
            ],
        ),
        ({"layout": {"kind": "box_table"}}, ["layout.path: required, found nothing"]),
        (
            {"objects": [5, list(range(999))]},
            [f"objects.1: Input should be a valid integer, found {[*range(999)]!r:.80}"],
        ),
    ],
)
def test_a_mistake_is_one_line_for_its_key(content: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.parse(content, "here")
    assert str(caught.value).splitlines() == [f"here: {line}" for line in lines]


@pytest.mark.parametrize("weight", [1e308, 1e31, 1e-31, -1.0, 5e-324])
@pytest.mark.parametrize("where", ["sources.a", "weights.names.a", "weights.others"])
def test_weights_that_would_overflow_or_vanish_are_refused(where: str, weight: float) -> None:
    choice: dict[str, Any] = {"sources": {"a": 1}, "weights": {"kind": "named", "names": {"a": 1}, "others": 1}}
    *way, last = where.split(".")
    section = choice
    for key in way:
        section = section[key]
    section[last] = weight
    with pytest.raises(RecipeError) as caught:
        Recipe.parse({"choice": choice})
    message = f"recipe: choice.{where}: expected 0, or a weight of 1e-30 … 1e+30, found {weight!r}"
    assert str(caught.value) == message


@pytest.mark.parametrize("content", [[], [1, 2], "text", 5, True, {1: 2}])
def test_exception_for_what_is_no_mapping_of_names(tmp_path: Path, content: object) -> None:
    with pytest.raises(RecipeError, match=r"recipe\.yaml"):
        Recipe.load(write(tmp_path, yaml.safe_dump(content)))


@pytest.mark.parametrize("data", [b"a: [1, 2", b"\tkey: 1", b"\xff\xfe\x00", b"a: 1\nb: !!python/object:os.system 1"])
def test_exception_for_what_is_no_yaml(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(data)
    with pytest.raises(RecipeError, match=r"broken\.yaml"):
        Recipe.load(path)


@pytest.mark.parametrize(
    "text",
    # a key that is a list, a date that is none, no number, no truth value, too deep: TypeError to RecursionError
    ["? [1, 2]\n: 3", "objects: 2001-99-99", "objects: !!int five", "objects: !!bool perhaps", "[" * 3000],
)
def test_exception_for_yaml_that_cannot_be_made_into_data(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match=r"recipe\.yaml"):
        Recipe.load(write(tmp_path, text))


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_exception_for_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(str(tmp_path))):
        Recipe.load(tmp_path / name)


def test_exception_for_a_key_given_twice(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="objects"):
        Recipe.load(write(tmp_path, "objects: [1, 2]\nobjects: [3, 4]\n"))
