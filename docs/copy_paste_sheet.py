"""Draws docs/images/copy_paste.jpg: annotated photos with objects pasted into them, and the outlines of all rows.

python docs/copy_paste_sheet.py --images train2017 --annotations instances_train2017.json

Objects are cut out of the same photos. Outlines of pasted objects are orange, those of the photo's own white.
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

OUT = Path(__file__).parent / "images" / "copy_paste.jpg"
CHOSEN = (0, 4, 7, 9, 10, 14)
COLUMNS, TILE_WH = 3, (360, 270)
ORANGE, WHITE = (255, 140, 0), (255, 255, 255)
SEGMENTS_AT_LEAST = 8000  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--samples", type=int, nargs="+", default=CHOSEN, help="which ones to show")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = sos.CocoInstances(arguments.images, arguments.annotations, min_area=SEGMENTS_AT_LEAST)
        library = sos.build_library(Path(scratch) / "library", [source])
        photos = sos.CocoDataset(arguments.images, arguments.annotations)
        stream = sos.CopyPaste(photos, library, sos.Recipe().replace(objects=[3, 6]))
        loader = sos.make_loader(stream, 1, dtype=torch.uint8, masks=True)
        last = max(arguments.samples)
        tiles = {}
        for number, (images, targets) in enumerate(loader):
            if number in arguments.samples:
                tiles[number] = tile(images[0], targets[0])
            if number == last:
                break
    shown = [tiles[sample] for sample in arguments.samples]
    rows = [np.concatenate(shown[start : start + COLUMNS], 1) for start in range(0, len(shown), COLUMNS)]
    sheet = cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.out), sheet, [cv2.IMWRITE_JPEG_QUALITY, 80])


def tile(image: torch.Tensor, target: dict[str, torch.Tensor]) -> npt.NDArray[np.uint8]:
    """A picture with the outlines of its rows, on a tile of one size."""
    picture = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    # the photo's own first, so that those on top are drawn on top
    for row in torch.argsort(target["segment_ids"]).tolist():
        mask = np.ascontiguousarray(target["masks"][row].numpy())
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, ORANGE if target["segment_ids"][row] >= 0 else WHITE, 2)
    factor = min(TILE_WH[0] / picture.shape[1], TILE_WH[1] / picture.shape[0])
    width, height = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    framed = np.full((TILE_WH[1] + 6, TILE_WH[0] + 6, 3), 255, np.uint8)
    x, y = (framed.shape[1] - width) // 2, (framed.shape[0] - height) // 2
    framed[y : y + height, x : x + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return framed


if __name__ == "__main__":
    main()
