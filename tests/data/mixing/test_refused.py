"""Sources that do not go together, and those that do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import sos_online as sos
from sos_online.data.mixing import Schedule, mix
from sos_online.recipe import Recipe
from tests.conftest import small_recipe
from tests.data.compare import digest
from tests.data.streams import NumberedStream, streams


class Pending(NumberedStream):
    def __init__(self, recipe: Recipe) -> None:
        super().__init__(3)
        self._recipe = recipe

    @property
    def device_recipe(self) -> Recipe:
        return self._recipe


DIFFUSION = Recipe().replace(light={"relighters": {"iclight": 1}})


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: mix([]), "sources: expected at least one"),
        (lambda: mix(NumberedStream(3)), "sources: expected a list or a dict"),
        (lambda: mix([3]), "expected a dataset of the package, or a map-style one"),
        (lambda: mix({1: NumberedStream(3)}), "sources: name: expected a text"),
        (lambda: mix(streams(3, 3), weights=[1]), "weights: expected one for each of the 2 sources, found 1"),
        (lambda: mix(streams(3, 3), weights=[0, 0]), "weights: expected at least one above 0"),
        (
            lambda: mix(streams(3), schedule=Schedule.constant([1, 1])),
            "schedule: weights: expected one for each of the 1",
        ),
        (lambda: mix(streams(3), weights=[1], schedule=Schedule.constant([1])), "expected none beside a schedule"),
        (lambda: mix(streams(3), schedule=[1]), "schedule: expected a Schedule"),
        (lambda: mix(streams(3), seed=-1), "seed: expected an integer"),
        (lambda: mix(streams(3), length=0), "length: expected an integer from 1 on"),
        (lambda: mix(streams(3), synonyms={"a": "b"}), "synonyms: a: expected a list of names"),
        (lambda: mix(streams(3), synonyms={"a": ["c"], "b": ["c"]}), "stands for both"),
        (lambda: mix([Pending(Recipe().replace(device={"composite": True}))]), "device.composite: expected false"),
        (lambda: mix([Pending(DIFFUSION.replace(reservoir={}))]), "reservoir: expected none in a mixture"),
        (
            lambda: mix([Pending(DIFFUSION), Pending(DIFFUSION.replace(iclight={"steps": 3}))]),
            "source 'Pending 2': iclight: expected the settings of source 'Pending'",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(make, text: str) -> None:
    with pytest.raises(sos.StreamError, match=text):
        make()


class Writing(NumberedStream):
    writes_when_served = True


def test_a_source_that_writes_only_when_it_is_served_itself_is_refused(tmp_path: Path) -> None:
    says = r"source 'b': .*Writing.*write_cache.*CachedDataset\(folder\).*cached\(mix\(…\), folder\)"
    with pytest.raises(sos.StreamError, match=says):
        mix({"a": NumberedStream(3), "b": Writing(3)})
    with pytest.raises(sos.StreamError, match="source 'WriteThrough'"):
        mix([mix(streams(3)), sos.cached(NumberedStream(3), tmp_path / "source")])
    # what the message says to do
    whole = sos.cached(mix(streams(3, 4)), tmp_path / "whole")
    assert len(list(whole)) == 7
    again = sos.cached(mix(streams(3, 4)), tmp_path / "whole", settings=whole.settings)
    assert any(path.is_file() and path.stat().st_size for path in (tmp_path / "whole").rglob("*.tar"))
    assert [digest(image) for image, _ in again] == [digest(image) for image, _ in whole]


def test_one_recipe_finishes_all_sources() -> None:
    plain = Recipe().replace(light=None)
    assert mix([Pending(plain), NumberedStream(3)]).device_recipe == plain
    assert mix([Pending(plain), Pending(DIFFUSION)]).device_recipe == DIFFUSION
    assert mix(streams(3, 3)).device_recipe is None


def test_samples_are_lit_as_in_their_own_loader(library: sos.SegmentLibrary) -> None:
    lit = small_recipe(64, light={"strength": [1, 1]}, objects=[2, 3])
    bare = small_recipe(48, objects=[1, 2])
    sources = [sos.SOSDataset(library, lit, length=6), sos.SOSDataset(library, bare, length=6)]
    alone = [
        {target["image_id"]: digest(image) for images, targets in sos.make_loader(source, 3, dtype=torch.uint8)
         for image, target in zip(images, targets, strict=True)}
        for source in sources
    ]  # fmt: skip
    mixed = mix(sources)
    for images, targets in sos.make_loader(mixed, 4, dtype=torch.uint8, masks=True):
        assert isinstance(images, list) or len({target["source"] for target in targets}) == 1
        for image, target in zip(images, targets, strict=True):
            assert digest(image) == alone[target["source"]][target["image_id"]]
            assert "light" not in target
            assert target["masks"].shape == (len(target["labels"]), *image.shape[1:])
