"""Shares of a set: nested, the same every time, and nothing outside them is ever touched."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.data.mixing import mix
from sos_online.data.real import CocoDataset, choose_images
from tests.conftest import small_recipe
from tests.data.compare import digests
from tests.data.real.small_set import SmallSet


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JSON that lists 500 images."""
    small = SmallSet(tmp_path_factory.mktemp("many"), images=1)
    small.content["images"] = [{"id": number, "file_name": f"{number}.jpg"} for number in range(500)]
    return small.write()[1]


@given(st.integers(0, 2**64 - 1), st.lists(st.floats(0.001, 1), min_size=2, max_size=4).map(sorted))
def test_shares_are_nested(many: Path, seed: int, shares: list[float]) -> None:
    chosen = [choose_images(many, share, seed) for share in shares]
    assert [len(names) for names in chosen] == [max(1, round(share * 500)) for share in shares]
    for smaller, larger in pairwise(chosen):
        assert smaller <= larger


def test_it_is_the_same_whatever_the_file_s_order(many: Path, tmp_path: Path) -> None:
    small = SmallSet(tmp_path / "shuffled", images=1)
    small.content["images"] = [{"id": number, "file_name": f"{number}.jpg"} for number in range(500)]
    random.Random(0).shuffle(small.content["images"])
    assert choose_images(small.write()[1], 0.1) == choose_images(many, 0.1)
    assert choose_images(many, 0.1, seed=1) != choose_images(many, 0.1)


def test_every_image_is_as_likely(many: Path) -> None:
    """A thousand draws of 50 of 500: each image about a hundred times."""
    counts = np.zeros(500)
    for seed in range(1000):
        counts[[int(name.removesuffix(".jpg")) for name in choose_images(many, 0.1, seed)]] += 1
    assert counts.min() > 60 and counts.max() < 140


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_shares_that_are_none(many: Path, share: float) -> None:
    with pytest.raises(sos.SourceError, match="share"):
        choose_images(many, share)


def test_a_set_without_images(tmp_path: Path) -> None:
    small = SmallSet(tmp_path, images=1)
    small.content["images"] = []
    with pytest.raises(sos.SourceError, match="images: expected at least one"):
        choose_images(small.write()[1], 0.5)


@pytest.mark.parametrize("fate", ["gone", "broken"])
def test_other_images_are_never_touched(tmp_path: Path, fate: str) -> None:
    """Library, stream and real images of a quarter of a set, whole and with all other images gone or broken."""

    def served(folder: Path, spoil: bool) -> list[str]:
        small = SmallSet(folder, images=12)
        for number in range(12):
            small.add(number, (2, 2, 38, 28))
        images, annotations = small.write()
        chosen = choose_images(annotations, 0.25)
        assert len(chosen) == 3
        for path in images.glob("*.png") if spoil else ():
            if path.name not in chosen:
                path.unlink() if fate == "gone" else path.write_bytes(b"\x89PNG broken")
        source = sos.CocoInstances(images, annotations, only_images=chosen)
        library = sos.build_library(folder / "library", [source])
        assert len(library) == 3
        stream = sos.SOSDataset(library, small_recipe(48), length=6)
        mixed = mix({"stream": stream, "real": CocoDataset(images, annotations, only_images=chosen)})
        return digests(mixed.sample(index) for index in range(mixed.length))

    assert served(tmp_path / "spoilt", True) == served(tmp_path / "whole", False)
