"""Recipes: YAML in, YAML out; whatever is wrong is refused with its path, what was expected and what was found."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.errors import RecipeError
from sos_online.plan import SizePrior
from sos_online.recipe import Canvas, Recipe

CONFIGS = Path(__file__).parents[1] / "configs"


def pairs(low: float, high: float) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(low, high), min_size=2, max_size=2).map(sorted)


def some_of(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


SHARE = st.floats(0, 1)
SIDES = st.lists(st.integers(1, 16384), min_size=2, max_size=2)
WEIGHTS = st.dictionaries(st.sampled_from(["photo", "solid", "noise"]), st.floats(0.1, 9), min_size=1)
CONTENTS = some_of(
    canvas=some_of(sizes=st.lists(SIDES, min_size=1, max_size=3), same_for=st.integers(1, 10**6)),
    objects=pairs(0, 32767).map(lambda pair: [int(pair[0]), int(pair[1])]),
    choice=some_of(by=st.sampled_from(["source", "segment", "category"]), single_category=st.booleans()),
    layout=some_of(large=SHARE, small_area=pairs(1e-9, 1), aspect=pairs(1e-3, 1e3), tries=st.integers(1, 1000)),
    placement=some_of(mode=st.sampled_from(["fit", "stretch"]), flip_y=SHARE, rotation=st.floats(0, 180)),
    background=some_of(weights=st.just("auto") | WEIGHTS.map(lambda weights: dict(sorted(weights.items())))),
    target=some_of(amodal_masks=st.booleans()),
)


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, "utf-8")
    return path


# the published setting


def test_defaults_are_the_published_setting() -> None:
    assert Recipe.load(CONFIGS / "fc.yaml") == Recipe()


def test_the_published_file_spells_out_every_key() -> None:
    """A reader finds all there is; a key that is added to the recipe must be added there too."""

    def keys(content: Any, path: str = "") -> set[str]:
        if not isinstance(content, dict):
            return {path}
        return {key for name, value in content.items() for key in keys(value, f"{path}.{name}")}

    spelled_out = yaml.safe_load((CONFIGS / "fc.yaml").read_text("utf-8"))
    assert keys(spelled_out) == keys(Recipe().model_dump())


def test_published_figures() -> None:
    """Against REFERENCE.md, not against the code's own idea of them."""
    recipe = Recipe()
    assert recipe.canvas.sizes == ((1024, 1024),)
    assert recipe.objects == (5, 19)
    assert recipe.choice.by == "source"
    assert not recipe.choice.single_category
    layout = recipe.layout
    assert (layout.large, layout.medium, layout.aspect) == (0.24, 0.34, (0.5, 2.0))
    assert layout.small_area == pytest.approx((512 / 307200, 1024 / 307200))
    assert layout.medium_area == pytest.approx((1024 / 307200, 9216 / 307200))
    assert layout.large_area == pytest.approx((9216 / 307200, 0.5))
    assert (layout.mean_visible, layout.each_visible, layout.tries) == (0.8, 0.5, 100)
    assert (recipe.placement.mode, recipe.placement.scale, recipe.placement.rotation) == ("fit", (1.0, 1.0), 0.0)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_smoke_every_config_loads(path: Path) -> None:
    Recipe.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"objects": 5}, "objects: expected a list, found 5"),
        ({"choice": {"quality": "filter_4"}}, "choice.quality: expected keys and their values, found 'filter_4'"),
        ({"choice": {"weights": {"kind": "repeat_factor", "threshold": 2}}}, "choice.weights.threshold: "),
        ([], "recipe: expected keys and their values"),
    ],
)
def test_exceptions_in_plain_words(content: Any, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.parse(content)
    assert message in str(caught.value)
    assert "valid dictionary" not in str(caught.value)


# round trips


@given(content=CONTENTS)
def test_yaml_round_trip(content: dict[str, Any]) -> None:
    recipe = Recipe.parse(content)
    again = Recipe.parse(yaml.safe_load(recipe.to_yaml()))
    assert again == recipe
    assert again.fingerprint() == recipe.fingerprint()


def test_file_round_trip(tmp_path: Path) -> None:
    recipe = Recipe().replace(objects=[2, 3], background={"weights": {"solid": 1}})
    path = write(tmp_path, recipe.to_yaml())
    assert Recipe.load(path) == Recipe.load(str(path)) == recipe


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "{}", "canvas: {}\nlayout: {}"])
def test_what_a_file_leaves_out_keeps_its_default(tmp_path: Path, text: str) -> None:
    assert Recipe.load(write(tmp_path, text)) == Recipe()


# fingerprints


@given(first=CONTENTS, second=CONTENTS)
def test_fingerprints_are_equal_iff_recipes_are(first: dict[str, Any], second: dict[str, Any]) -> None:
    one, other = Recipe.parse(first), Recipe.parse(second)
    assert (one.fingerprint() == other.fingerprint()) == (one == other)


@pytest.mark.parametrize(
    "same",
    [
        {"objects": [5, 19]},  # said again
        {"layout": {"large": 0.24}},
        {"canvas": {"sizes": [[1024.0, 1024]]}},  # another type of number
        {"layout": {"aspect": (0.5, 2)}},
    ],
)
def test_fingerprint_does_not_depend_on_the_spelling(same: dict[str, Any]) -> None:
    assert Recipe.parse(same).fingerprint() == Recipe().fingerprint()


def test_fingerprint_does_not_depend_on_the_order_of_weights() -> None:
    one = Recipe.parse({"background": {"weights": {"solid": 1, "noise": 1}}})
    other = Recipe.parse({"background": {"weights": {"noise": 1, "solid": 1}}})
    assert one == other
    assert one.fingerprint() == other.fingerprint()


def test_fingerprint_of_every_single_change() -> None:
    """One change each, all different: none of the keys is left out of the hash."""
    changes: list[dict[str, Any]] = [
        {"canvas": {"sizes": [[1024, 1023]]}},
        {"canvas": {"sizes": [[1024, 1024], [1024, 1024]]}},
        {"canvas": {"same_for": 65}},
        {"objects": [5, 20]},
        {"choice": {"by": "segment"}},
        {"choice": {"single_category": True}},
        *({"layout": {name: 0.1}} for name in ("large", "medium", "mean_visible", "each_visible")),
        *({"layout": {name: [0.1, 0.2]}} for name in ("large_area", "medium_area", "small_area", "aspect")),
        *({"layout": {name: 7}} for name in ("tries", "restarts")),
        {"placement": {"mode": "stretch"}},
        {"placement": {"scale": [0.5, 1.5]}},
        *({"placement": {name: 0.5}} for name in ("flip_x", "flip_y", "rotation")),
        {"placement": {"assign": "area"}},
        {"background": {"weights": {"solid": 1}}},
        *({"background": {name: 0.3}} for name in ("photo_zoom", "photo_flip", "noise_amplitude")),
        {"visibility": {"min_pixels": 17}},
        {"visibility": {"min_share": 0.2}},
        {"target": {"amodal_masks": True}},
    ]
    hashes = {Recipe.parse(change).fingerprint() for change in [{}, *changes]}
    assert len(hashes) == 1 + len(changes)


# refusals


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
        ({"objects": [5]}, "objects", "required", "[5]"),
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


# replace


def test_replace_changes_what_it_names_and_nothing_else() -> None:
    before = Recipe().replace(layout={"large": 0.5})
    after = before.replace(layout={"medium": 0.1}, objects=[1, 5])
    assert before == Recipe(layout=SizePrior(large=0.5))
    assert after == Recipe(layout=SizePrior(large=0.5, medium=0.1), objects=(1, 5))
    assert after.replace() == after
    with pytest.raises(ValidationError):
        after.objects = (1, 2)  # type: ignore[misc]


def test_replace_takes_a_whole_section_and_a_whole_mapping_of_weights() -> None:
    recipe = Recipe().replace(background={"weights": {"photo": 1, "noise": 2}})
    assert recipe.replace(background={"weights": {"solid": 1}}).background.weights == {"solid": 1.0}
    assert recipe.replace(canvas=Canvas(same_for=7)).canvas == Canvas(same_for=7)


@pytest.mark.parametrize(
    ("change", "path"), [({"nope": 1}, "nope"), ({"layout": {"nope": 1}}, "layout.nope"), ({"objects": 5}, "objects")]
)
def test_replace_exception_names_the_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(path)):
        Recipe().replace(**change)
