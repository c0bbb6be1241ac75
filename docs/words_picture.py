"""Draws docs/images/words.jpg: what expressions mean, each in a picture in which all else is dimmed.

python docs/words_picture.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

import sos_online as sos

OUT = Path(__file__).parent / "images" / "words.jpg"
INDEX, SIDE, LINE, GAP = 4, 400, 34, 8
FONT, SMALLEST = ImageFont.load_default(size=16), 400
WANTED = ("attribute", "position", "mixed")


def main() -> None:
    recipe = sos.Recipe.load(Path(__file__).parents[1] / "configs" / "words.yaml").replace(
        canvas={"sizes": [[SIDE, SIDE]]}, objects=[9, 11], background={"weights": {"gradient": 1.0}},
        layout={"large": 0.35, "medium": 0.45},
    )  # fmt: skip
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), recipe, seed=3)
    ((image, target),) = sos.FinishOnCpu()([dataset.sample(INDEX)])
    told = [one for one in target["expressions"] if can_be_shown(one, target["area"])]
    tiles = [tile(image, target, expression) for expression in chosen(told)]
    half = len(tiles) // 2
    rows = [np.concatenate(row, axis=1) for row in (tiles[:half], tiles[half:])]
    Image.fromarray(np.concatenate(rows)).save(OUT, quality=84)


def can_be_shown(expression: sos.Expression, area: Tensor) -> bool:
    """Whether the words fit beneath the picture, and what they mean is large enough to be seen in it."""
    return FONT.getlength(expression["text"] + ": none") < SIDE and bool((area[expression["rows"]] > SMALLEST).all())


def chosen(expressions: list[sos.Expression]) -> list[sos.Expression]:
    """Of each kind one that means one object, one that means several; and two that mean nothing."""
    found = []
    for low, high in ((1, 1), (2, 99)):
        found += [
            next(one for one in expressions if one["kind"] == kind and low <= len(one["rows"]) <= high)
            for kind in WANTED
        ]
    nothing = [one for one in expressions if not one["rows"]]
    return [*found[:3], nothing[0], *found[3:], nothing[-1]]


def tile(image: Tensor, target: dict[str, Tensor], expression: sos.Expression) -> npt.NDArray[np.uint8]:
    """The picture with what is meant as it is and outlined, the rest dimmed, and the words beneath."""
    picture = image.permute(1, 2, 0).numpy().copy()
    meant = np.isin(target["instance_map"].numpy(), [row + 1 for row in expression["rows"]])
    picture[~meant] = picture[~meant] * 0.42 + 24
    outlines, _ = cv2.findContours(meant.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, (255, 255, 255), 2, cv2.LINE_AA)
    canvas = np.full((SIDE + LINE + GAP, SIDE + GAP, 3), 255, np.uint8)
    canvas[:SIDE, :SIDE] = picture
    sheet = Image.fromarray(canvas)
    said = expression["text"] if expression["rows"] else f"{expression['text']}: none"
    ImageDraw.Draw(sheet).text((4, SIDE + 7), said, fill=(20, 22, 30), font=FONT)
    return np.asarray(sheet)


if __name__ == "__main__":
    main()
