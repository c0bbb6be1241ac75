"""Draws docs/images/readme.jpg: composed images of the demo library, and the same with masks, boxes and labels.

python docs/readme_picture.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import sos_online as sos
from sos_online.cli.entries import gallery_entries
from sos_online.cli.gallery import contact_sheet

OUT = Path(__file__).parent / "images" / "readme.jpg"
CHOSEN = (26, 39, 18, 35)


def main() -> None:
    recipe = sos.Recipe().replace(
        canvas={"sizes": [[480, 480]]},
        objects=[6, 12],
        background={"weights": {"gradient": 1.0}},
        layout={"large": 0.4, "medium": 0.4},
    )
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), recipe, seed=1, length=max(CHOSEN) + 1)
    entries = list(gallery_entries(dataset, len(dataset)))
    chosen = [entries[index] for index in CHOSEN]
    rows = [contact_sheet(chosen, columns=4, tile=400, overlay=overlay) for overlay in (False, True)]
    sheet = np.concatenate(rows)
    cv2.imwrite(str(OUT), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
