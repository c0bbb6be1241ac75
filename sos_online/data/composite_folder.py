"""Composites made elsewhere, as files: pictures and the map of their objects."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from sos_online.compose.composite import MAX_OBJECTS
from sos_online.errors import SOSError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_MAP = ".seg.png"


class CompositeFolder:
    """Pictures ``KEY.png|jpg|webp`` with ``KEY.seg.png`` beside each, in any depth below a folder.

    A map is a grey PNG of 8 or 16 bits that holds ids, or a colour PNG in COCO's panoptic coding,
    id = R + 256 G + 65536 B; 0 is background. Ids need not be consecutive.

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
            if path.suffix.lower() in SUFFIXES and not path.name.endswith(_MAP)
        )
        if not self.names:
            raise SOSError(f"{root}: expected pictures ({', '.join(SUFFIXES)}) in this folder or below, found none")
        for name in self.names:
            if not self._map_of(name).is_file():
                raise SOSError(f"{self._map_of(name)}: expected the instance map of {name}, found no such file")

    def __len__(self) -> int:
        return len(self.names)

    def read(self, name: str) -> tuple[Tensor, Tensor, int]:
        """A composite: uint8 ``[3, H, W]``; its map int32 ``[H, W]`` with ids 1 … N; N.

        Raises:
            SOSError: a file cannot be decoded, or the two differ in size; names the file.
        """
        image = _decode(self.root / name, cv2.IMREAD_COLOR_RGB)
        ids = _ids(_decode(self._map_of(name), cv2.IMREAD_UNCHANGED), self._map_of(name))
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


def _decode(path: Path, flags: int) -> np.ndarray:
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except (OSError, cv2.error) as error:
        raise SOSError(f"{path}: cannot be read: {error}") from None
    if pixels is None:
        raise SOSError(f"{path}: cannot be decoded")
    return np.asarray(pixels)


def _ids(pixels: np.ndarray, path: Path) -> np.ndarray:
    if pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16):
        return pixels.astype(np.int64)
    if pixels.ndim == 3 and pixels.shape[2] >= 3 and pixels.dtype == np.uint8:  # OpenCV gives BGR
        blue, green, red = (pixels[..., channel].astype(np.int64) for channel in range(3))
        return red + 256 * green + 65536 * blue
    raise SOSError(
        f"{path}: expected a grey PNG of 8 or 16 bits, or a colour PNG of 8, found {pixels.dtype} {list(pixels.shape)}"
    )
