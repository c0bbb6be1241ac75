"""How many pixels a picture promises, read from its header: what is too large must not be decoded."""

from __future__ import annotations

import io

from PIL import Image

MAX_PIXELS = 2**28
TOO_LARGE = f"more than {MAX_PIXELS} pixels"


def is_too_large(data: bytes) -> bool:
    """True if an encoded picture states more pixels than ``MAX_PIXELS``; False where no header can be read."""
    size = _stated_size(data)
    return size is not None and size[0] * size[1] > MAX_PIXELS


def _stated_size(data: bytes) -> tuple[int, int] | None:
    # not Image.open: it refuses at a limit of its own, which is lower and belongs to the whole process
    for register in (Image.preinit, Image.init):  # the common formats first
        register()
        for name in list(Image.OPEN):
            reader, accepts = Image.OPEN[name]
            try:
                if accepts is not None and accepts(data[:16]) is not True:
                    continue
                with reader(io.BytesIO(data), "") as image:
                    size: tuple[int, int] = image.size
                    return size
            except Exception:  # whatever a damaged header leads to: the decoder will say what it is
                continue
    return None
