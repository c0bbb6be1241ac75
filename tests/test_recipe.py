"""Recipes: the published setting, YAML in and YAML out, fingerprints, copies with changes."""

from __future__ import annotations

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
