"""Background photos: a folder here or elsewhere, listed once, decoded when needed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from sos_online.data.remote_photos import remote_photos
from sos_online.errors import BrokenPhotoError, SOSError
from sos_online.storage import Mirror, RemoteFolder, is_url
from sos_online.types import Pixels

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_MAX_PIXELS = 1 << 27  # 400 MB decoded; Pillow refuses a header of more than 179 million pixels itself
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


class Backgrounds:
    """Photos below a folder, in the order of their paths; opening lists names and reads no picture.

    Args:
        root: the folder.
        names: paths relative to it.
        mirror: brings them there, if they are elsewhere; ``root`` is its folder then.
    """

    def __init__(self, root: Path, names: list[str], mirror: Mirror | None = None) -> None:
        self.root = root.absolute()  # workers may run elsewhere
        self._mirror = mirror
        # bytes of a fixed width: one piece of memory that worker processes share instead of copying it
        self._names = np.array([name.encode() for name in names])

    @staticmethod
    def open(folder: str | Path | RemoteFolder) -> Backgrounds:
        """List the photos below a folder, or below the one that a URL names (``s3://…``, ``gs://…``, ``https://…``).

        Photos elsewhere are fetched when they are first used, see ``storage.Mirror``. A file ``photos.txt`` in the
        folder elsewhere, one relative path a line, is read instead of listing it; behind ``https://`` it must be there.
        ``storage.RemoteFolder(url, **options)`` is for URLs that need options of their own.

        Raises:
            SOSError: the folder is missing, cannot be reached or holds no photo, or a name leads out of it.
        """
        if isinstance(folder, str | Path):
            if not is_url(folder):
                return _open_here(Path(folder))
            folder = RemoteFolder(str(folder))
        mirror = Mirror(folder)
        return Backgrounds(mirror.folder, remote_photos(folder, SUFFIXES), mirror)

    def __len__(self) -> int:
        return len(self._names)

    def fingerprint(self) -> str:
        """Hash of the photos' names, in order."""
        return hashlib.sha256(self._names.tobytes()).hexdigest()

    def path(self, photo: int) -> Path:
        return self.root / str(self._names[photo], "utf-8")

    def _local(self, photo: int) -> Path:
        if self._mirror is None:
            return self.path(photo)
        try:
            return self._mirror.local(str(self._names[photo], "utf-8"))
        except FileNotFoundError as error:  # it was listed
            raise BrokenPhotoError(str(error)) from None

    def read(self, photo: int, at_least_hw: tuple[int, int]) -> Pixels:
        """uint8 ``[h, w, 3]`` RGB, upright. Decoded at 1/2, 1/4 or 1/8 where that still covers ``at_least_hw``.

        Raises:
            BrokenPhotoError: names the file.
        """
        path = self._local(photo)
        try:
            with Image.open(path) as header:  # reads no pixels
                width, height = header.size
            data = np.fromfile(path, np.uint8)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
            raise BrokenPhotoError(f"{path}: not a readable photo: {error}") from None
        if width * height > _MAX_PIXELS:
            raise BrokenPhotoError(f"{path}: {width} x {height} pixels is more than {_MAX_PIXELS} in all")
        # EXIF may turn the photo by 90 degrees (reading it would decode a PNG): there must be enough either way
        spare = min(width / at_least_hw[1], height / at_least_hw[0], height / at_least_hw[1], width / at_least_hw[0])
        reduced = next((flag for divisor, flag in _REDUCED if spare >= divisor), cv2.IMREAD_COLOR_RGB)
        try:
            image = cv2.imdecode(data, reduced)
        except cv2.error as error:
            raise BrokenPhotoError(f"{path}: cannot be decoded: {error}") from None
        if image is None:
            raise BrokenPhotoError(f"{path}: cannot be decoded")
        if reduced != cv2.IMREAD_COLOR_RGB:  # the flags that shrink know no RGB
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return np.asarray(image, np.uint8)


def _open_here(root: Path) -> Backgrounds:
    if not root.is_dir():
        raise SOSError(
            f"{root}: backgrounds must be a folder of photos; "
            + ("it is a file" if root.exists() else "it is not there")
        )
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not names:
        raise SOSError(f"{root}: expected photos ({', '.join(SUFFIXES)}) in this folder or below, found none")
    return Backgrounds(root, names)
