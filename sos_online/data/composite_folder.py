"""Composites made elsewhere, as files: pictures and the map of their objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sos_online.compose.composite import MAX_OBJECTS
from sos_online.errors import SOSError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_MAP = ".seg.png"
_ORIENTATION = 0x0112


class CompositeFolder:
    """Pictures ``KEY.png|jpg|webp`` with ``KEY.seg.png`` beside each, in any depth below a folder.

    A map is a PNG of ids: grey of 8 or 16 bits, a palette's indices, or colours in COCO's panoptic coding,
    id = R + 256 G + 65536 B; 0 is background. Ids need not be consecutive. Hidden files are passed over.

    Raises:
        SOSError: the folder is missing, holds no such picture, or one has no map.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise SOSError(f"{root}: expected a folder of composites, KEY.png|jpg|webp with KEY{_MAP} beside each")
        self.names = sorted(
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.suffix.lower() in SUFFIXES
            and not path.name.lower().endswith(_MAP)
            and not path.name.startswith(".")
        )
        if not self.names:
            raise SOSError(f"{root}: expected pictures ({', '.join(SUFFIXES)}) in this folder or below, found none")
        for name in self.names:
            if not self._map_of(name).is_file():
                raise SOSError(f"{self._map_of(name)}: expected the instance map of {name}, found no such file")

    def __len__(self) -> int:
        return len(self.names)

    def read(self, name: str) -> tuple[Tensor, Tensor, int]:
        """A composite: uint8 ``[3, H, W]`` (grey becomes RGB); its map int32 ``[H, W]`` with ids 1 … N; N.

        Raises:
            SOSError: a file cannot be decoded, has what would be lost (alpha, 16 bits, a turn in EXIF), or the two
                differ in size; names the file.
        """
        image = _pixels(self.root / name)
        ids = _ids(self._map_of(name))
        if ids.shape != image.shape[:2]:
            raise SOSError(
                f"{self._map_of(name)}: expected the picture's {image.shape[1]} x {image.shape[0]} pixels, "
                f"found {ids.shape[1]} x {ids.shape[0]}"
            )
        found, numbers = np.unique(ids, return_inverse=True)
        if found[0] != 0:
            numbers, found = numbers + 1, np.concatenate([[0], found])
        if len(found) - 1 > MAX_OBJECTS:
            raise SOSError(f"{self._map_of(name)}: expected at most {MAX_OBJECTS} objects, found {len(found) - 1}")
        instance_map = numbers.reshape(ids.shape).astype(np.int32)
        planes = np.ascontiguousarray(image.transpose(2, 0, 1))
        return torch.from_numpy(planes), torch.from_numpy(instance_map), len(found) - 1

    def _map_of(self, name: str) -> Path:
        return (self.root / name).with_suffix(_MAP)


def _open(path: Path) -> Image.Image:
    """A decoded picture."""
    try:
        image: Image.Image = Image.open(path)
        image.load()
        return image
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "it is empty" if path.is_file() and not path.stat().st_size else str(error)
        raise SOSError(f"{path}: cannot be read: {reason}") from None


def _pixels(path: Path) -> np.ndarray:
    """uint8 ``[H, W, 3]`` RGB."""
    image = _open(path)
    if image.mode not in ("RGB", "L", "P", "1", "CMYK", "YCbCr") or "transparency" in image.info:
        raise SOSError(f"{path}: expected 8 bits without alpha, which light would drop, found mode {image.mode}")
    if image.getexif().get(_ORIENTATION, 1) != 1:
        raise SOSError(f"{path}: EXIF says that it is to be turned: turn it and its map before they are lit")
    return np.array(image.convert("RGB"))


def _ids(path: Path) -> np.ndarray:
    """int64 ``[H, W]``."""
    image = _open(path)
    if image.mode in ("L", "P", "1", "I", "I;16"):
        return np.array(image).astype(np.int64)
    if image.mode in ("RGB", "RGBA"):
        red, green, blue = (np.array(channel).astype(np.int64) for channel in image.split()[:3])
        return red + 256 * green + 65536 * blue
    raise SOSError(f"{path}: expected ids as grey, palette or panoptic colours, found mode {image.mode}")
