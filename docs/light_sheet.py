"""Draws docs/images/light.jpg: sixteen composites of real cut-outs on photos, each before and after photometric light.

python docs/light_sheet.py --images train2017 --annotations instances_train2017.json --photos photos

Objects stand in the lower part of the picture, larger the nearer they are. Their light is drawn from the
default ranges.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

import sos_online as sos
from sos_online.compose import compose, paint_background
from sos_online.compose.composite import VisibilityRule
from sos_online.plan.light import LightChoice, choose_light
from sos_online.relight import Composites
from sos_online.relight.camera import camera
from sos_online.relight.photometric import Photometric
from sos_online.rng import sample_generator
from sos_online.types import Composite, LightSpec, PhotoBackground, Placement, Scene

OUT = Path(__file__).parent / "images" / "light.jpg"
CHOSEN = (200, 205, 211, 213, 215, 222, 226, 227, 228, 229, 236, 239, 242, 244, 258, 265)
COLUMNS = 2
SIDE, TILE = 640, 240
# heights of what stands about, over the height of a person
HEIGHTS = {
    "person": 1.0, "motorcycle": 0.75, "bus": 1.5, "truck": 1.3, "fire hydrant": 0.5, "cat": 0.4, "dog": 0.5,
    "cow": 0.85, "elephant": 1.4, "bear": 0.8, "zebra": 0.9, "giraffe": 1.8, "chair": 0.65, "potted plant": 0.7,
    "teddy bear": 0.5,
}  # fmt: skip
# annotations of COCO train2017 whose cut-outs show a whole object
WHOLE = {
    6775, 10608, 15084, 46283, 50915, 52284, 78284, 107227, 108703, 151075, 151091, 154188,
    164841, 164870, 165264, 186261, 186750, 187798, 188213, 254429, 376154, 378187, 382213, 384141,
    394442, 415730, 422148, 425095, 428302, 432227, 435945, 437140, 470613, 484147, 485298, 487048,
    504828, 516492, 530163, 532832, 542091, 545132, 582104, 582145, 584673, 587769, 590410, 590623,
    593785, 597046, 598548, 1159722, 1159996, 1197129, 1203144, 1209372, 1218400, 1226531, 1248682, 1411246,
    1607055, 2177286,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--library", type=Path, help="built here from the annotations, or opened if it is there")
    parser.add_argument("--samples", type=int, nargs="+", default=CHOSEN, help="which ones to show")
    parser.add_argument("--columns", type=int, default=COLUMNS, help="pairs in a row")
    parser.add_argument("--tile", type=int, default=TILE, help="side of one picture in the sheet, pixels")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = sos.CocoInstances(arguments.images, arguments.annotations, min_area=8000)
        library = sos.build_library(arguments.library or Path(scratch) / "library", [source])
        photos = sos.Backgrounds.open(arguments.photos)
        pairs = [pair(library, photos, sample, arguments.tile) for sample in arguments.samples]
    gap = np.full((arguments.tile, 8, 3), 255, np.uint8)
    rows = [
        np.concatenate([part for picture in pairs[start : start + arguments.columns] for part in (picture, gap)], 1)
        for start in range(0, len(pairs), arguments.columns)
    ]
    gap = np.full((8, rows[0].shape[1], 3), 255, np.uint8)
    sheet = np.concatenate([part for row in rows for part in (row, gap)])
    cv2.imwrite(str(arguments.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 76])


def pair(library: sos.SegmentLibrary, photos: sos.Backgrounds, sample: int, tile: int) -> npt.NDArray[np.uint8]:
    """Before and after, side by side."""
    rng = sample_generator(seed=0, epoch=0, index=sample)
    scene = standing(library, len(photos), rng)
    canvas = paint_background(scene.background, scene.size_hw, photos)
    before = compose(scene, library, canvas, VisibilityRule())
    spec = choose_light(LightChoice(), len(scene.placements), rng)
    composites = as_batch(before, spec)
    after = camera(Photometric()(composites), [spec])
    pictures = [before.image, after[0].mul(255).round().byte().numpy()]
    shrunk = [
        cv2.resize(np.ascontiguousarray(picture.transpose(1, 2, 0)), (tile, tile), interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]
    return np.concatenate(shrunk, 1).astype(np.uint8)


def as_batch(composite: Composite, spec: LightSpec) -> Composites:
    return Composites(
        images=torch.from_numpy(composite.image)[None].float() / 255,
        instance_maps=torch.from_numpy(composite.instance_map)[None],
        counts=[len(composite.objects)],
        specs=[spec],
    )


def standing(library: sos.SegmentLibrary, num_photos: int, rng: np.random.Generator) -> Scene:
    """Two to four whole objects with their feet below the middle of the picture, the nearest in front."""
    able = [row for row in range(len(library)) if int(library.key(row).split("#")[1]) in WHOLE]
    placements = []
    feet = np.sort(rng.uniform(0.64, 0.97, rng.integers(2, 5)))
    middles = rng.permutation((np.arange(len(feet)) + rng.uniform(0.3, 0.7, len(feet))) / len(feet))
    for foot, middle in zip(feet, middles, strict=True):
        row = able[rng.integers(len(able))]
        category = library.category_of(row)
        width, height = library.size_wh(row)
        nearness = 0.12 + 1.3 * (foot - 0.5)
        tall = SIDE * HEIGHTS[library.category_names[category - 1]] * nearness * rng.uniform(0.8, 1.2)
        tall *= min(1, 0.5 * SIDE * height / width / tall, 0.7 * SIDE / tall)
        wide = tall * width / height
        left = np.clip(middle * SIDE - wide / 2, 0.01 * SIDE, 0.99 * SIDE - wide)
        box = (round(left), round(foot * SIDE - tall), round(left + wide), round(foot * SIDE))
        placements.append(Placement(row, category, box, flip_x=bool(rng.random() < 0.5)))
    photo = PhotoBackground(photo=int(rng.integers(num_photos)), zoom=0.92, x=float(rng.random()), y=0.5, flip_x=False)
    return Scene((SIDE, SIDE), photo, tuple(placements))


if __name__ == "__main__":
    main()
