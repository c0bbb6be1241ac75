"""Writing a picture to a file."""

from __future__ import annotations

from pathlib import Path

import cv2

from sos_online.storage import write_atomically
from sos_online.types import Pixels


def write_png(path: Path, picture: Pixels) -> None:
    """Write uint8 ``[h, w, 3]`` RGB; the file appears whole or not at all."""
    png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
    write_atomically(path, lambda file: file.write(png))
