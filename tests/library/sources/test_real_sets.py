"""The real sets through their sources: what goes in, what comes out, and why the rest does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sos_online.library.sources as sources
from sos_online.library.measure import border_contact
from sos_online.library.sources import LeftOut, RawSegment, Source
from tests.library.conftest import read_all, taken

SMALL = "smaller than 256 pixels"

SETS: dict[str, tuple[Callable[[Path], Source], int, int, tuple[int, int, int], dict[str, int]]] = {
    # source, segments taken, categories of them, of them inside, at the border, and where it is not known; left out
    "coco": (  # its training set: test_coco.py
        lambda data: sources.CocoInstances(data / "coco/val", data / "coco/instances_val.json"),
        297, 44, (233, 64, 0), {SMALL: 80, "crowd": 5},
    ),
    "lvis": (
        lambda data: sources.LvisInstances(data / "lvis/images", data / "lvis/lvis_v0.5_val_subset.json"),
        92, 31, (76, 16, 0), {SMALL: 68},
    ),
    "penn_fudan": (
        lambda data: sources.MaskPairs(data / "penn_fudan/PNGImages", data / "penn_fudan/PedMasks", "person"),
        158, 1, (153, 5, 0), {SMALL: 2},
    ),
    "ade20k": (lambda data: sources.Ade20k(data / "ade20k"), 109, 24, (71, 38, 0), {"part of an object": 30}),
    "cutouts": (lambda data: sources.Cutouts(data / "cutouts"), 14, 5, (8, 5, 1), {}),
    "emoji3d": (lambda data: sources.SOSLayout(data / "emoji3d"), 409, 409, (409, 0, 0), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_counts_in_and_out(real_data: Path, name: str) -> None:
    make, count, categories, at_border, reasons = SETS[name]
    items = read_all(make(real_data))
    segments = [item for item in items if isinstance(item, RawSegment)]
    assert len(segments) == count
    assert len({item.category for item in segments}) == categories
    found = Counter(border_contact(item.rgba) if item.at_border is None else item.at_border for item in segments)
    assert (found[0], found[1], found[2]) == at_border
    assert Counter(item.reason for item in items if isinstance(item, LeftOut)) == reasons
    assert all(item.rgba[..., 3].any() for item in segments)


def test_penn_fudan_pairs_every_photo(real_data: Path) -> None:
    source = SETS["penn_fudan"][0](real_data)
    units = list(source.units())
    assert len(units) == 74
    assert [unit.name for unit in units[:2]] == ["FudanPed00001.png", "FudanPed00002.png"]
    assert units[0].payload.mask == "FudanPed00001_mask.png"


def test_lvis_knows_its_categories(real_data: Path) -> None:
    """1,230, of which most have no annotation here; the counts are of this file and not of the set it is from."""
    facts = SETS["lvis"][0](real_data).categories()
    assert len(facts) == 1230
    assert Counter(said.frequency for said in facts.values()) == {"r": 454, "c": 461, "f": 315}
    assert facts["aerosol can"].synset == "aerosol.n.02"
    assert facts["aerosol can"].synonyms == ("aerosol_can", "spray_can")
    assert facts["cow"].images == 1 and facts["cow"].of_images == 16
    assert sum(said.images > 0 for said in facts.values()) == 39


def test_coco_knows_its_categories(real_data: Path) -> None:
    facts = SETS["coco"][0](real_data).categories()
    assert len(facts) == 80
    assert max(facts, key=lambda name: facts[name].images) == "person"
    assert {said.of_images for said in facts.values()} == {50}


def test_categories_of_the_cutouts_are_from_their_names(real_data: Path) -> None:
    names = Counter(item.category for item in taken(SETS["cutouts"][0](real_data)))
    assert names == {"animal": 2, "animal gfm": 5, "car": 3, "girl": 3, "plants": 1}


def test_what_is_cut_out_of_penn_fudan_is_what_the_mask_says(real_data: Path) -> None:
    """Pixel by pixel, with Pillow: no neighbour's, none missing."""
    folder = real_data / "penn_fudan"
    for item in taken(SETS["penn_fudan"][0](real_data))[:40]:
        name, _, number = item.key.partition("#")
        photo = np.asarray(Image.open(folder / "PNGImages" / name).convert("RGB"))
        mask = np.asarray(Image.open(folder / "PedMasks" / name.replace(".png", "_mask.png"))) == int(number)
        rows, columns = np.nonzero(mask)
        window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        assert (item.rgba[..., 3] == mask[window] * 255).all()
        assert (item.rgba[..., :3] == photo[window]).all()
