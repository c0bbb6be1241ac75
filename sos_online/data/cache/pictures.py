"""Pictures and instance maps as encoded bytes, and back: nothing is decoded before its stated size was checked."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.tv_tensors import Image, Mask

from sos_online.data.cache.format import CacheSettings
from sos_online.data.cache.plain_png import read_plain_png
from sos_online.errors import BrokenSampleError, CacheError
from sos_online.library.sources.reading.picture_headers import MAX_PIXELS, is_too_large, open_picture
from sos_online.types import Pixels

MAX_ID = 2**16 - 1  # of a PNG of 16 bits
_MAP_DTYPES = {str(dtype): dtype for dtype in (torch.uint8, torch.int16, torch.int32, torch.int64)}
_KINDS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
_WEBP_LOSSLESS = 101  # OpenCV's sign for it
_MAX_WEBP_SIDE = 16383
# A map is runs of equal ids, which filters only hide: so it is read many times as fast as with OpenCV's defaults, and
# written twice as fast, for 2 KB more at 640 x 640.
_MAP_OPTIONS = [
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
    *(cv2.IMWRITE_PNG_COMPRESSION, 3),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
]


def encode_picture(image: Tensor, settings: CacheSettings, where: str) -> bytes:
    """A picture, uint8 ``[3, H, W]`` RGB, in the settings' format. Raises ``CacheError`` if it is something else."""
    return encode_bgr(bgr_of(image, settings, where), settings, where)


def bgr_of(image: Tensor, settings: CacheSettings, where: str) -> Pixels:
    """A picture that can be encoded, as OpenCV has it: a copy. Raises ``CacheError`` if it cannot be."""
    if (
        image.dtype is not torch.uint8
        or image.ndim != 3
        or len(image) != 3
        or not image.numel()
        or not _is_at_hand(image)
    ):
        raise CacheError(f"{where}: image: expected uint8 [3, H, W] on cpu, found {_found(image)}")
    _check_size((image.shape[1], image.shape[2]), settings, where)
    red, green, blue = image.as_subclass(Tensor).numpy()
    return np.asarray(cv2.merge((blue, green, red)), np.uint8)


def encode_bgr(pixels: Pixels, settings: CacheSettings, where: str) -> bytes:
    """What :func:`bgr_of` gave, in the settings' format. Raises ``CacheError`` if OpenCV cannot."""
    return _encoded(settings.suffix, pixels, _options(settings), f"{where}: image")


def ids_of(instance_map: Tensor, count: int, where: str) -> npt.NDArray[np.uint16]:
    """An instance map ``[H, W]`` of ids up to ``count``, as 16 bits: a copy. Raises ``CacheError`` if it is none."""
    is_map = str(instance_map.dtype) in _MAP_DTYPES and instance_map.ndim == 2 and instance_map.numel()
    if not is_map or not _is_at_hand(instance_map):
        raise CacheError(
            f"{where}: instance_map: expected {', '.join(_MAP_DTYPES)} [H, W] on cpu, found {_found(instance_map)}"
        )
    ids = instance_map.as_subclass(Tensor).numpy()
    highest = min(count, MAX_ID, torch.iinfo(instance_map.dtype).max)
    # as unsigned numbers, what is below 0 is above all else
    if ids.view(f"u{ids.itemsize}").max() > highest:
        raise CacheError(f"{where}: instance_map: expected ids 0 … {highest}, found {ids.min()} … {ids.max()}")
    return ids.astype(np.uint16)


def encode_ids(ids: npt.NDArray[np.uint16], where: str) -> bytes:
    """What :func:`ids_of` gave, as a grey PNG. Raises ``CacheError`` if OpenCV cannot."""
    return _encoded("png", ids, _MAP_OPTIONS, f"{where}: instance_map")


def decode_picture(data: bytes, size_hw: tuple[int, int], suffix: str, where: str) -> Image:
    """Inverse of :func:`encode_picture`. Raises ``BrokenSampleError`` if it is none, or of another size."""
    bgr = _decoded(data, size_hw, suffix, cv2.IMREAD_COLOR, where)
    if bgr.dtype != np.uint8 or bgr.shape != (*size_hw, 3):
        raise BrokenSampleError(f"{where}: image: expected RGB of 8 bits, found {bgr.dtype} {list(bgr.shape)}")
    planes = np.empty((3, *size_hw), np.uint8)
    cv2.split(bgr, (planes[2], planes[1], planes[0]))
    return Image(torch.from_numpy(planes))


def decode_map(data: bytes, size_hw: tuple[int, int], dtype: str, count: int, where: str) -> Mask:
    """The map of a PNG of :func:`encode_ids`; ``dtype`` as ``str`` has it. Raises ``BrokenSampleError``."""
    if dtype not in _MAP_DTYPES:
        raise BrokenSampleError(f"{where}: instance_map: dtype: expected {', '.join(_MAP_DTYPES)}, found {dtype!r:.40}")
    plain = read_plain_png(data, size_hw)
    ids = _decoded(data, size_hw, "png", cv2.IMREAD_UNCHANGED, where) if plain is None else plain
    if ids.dtype != np.uint16 or ids.shape != size_hw:
        raise BrokenSampleError(f"{where}: instance_map: expected grey of 16 bits, found {ids.dtype} {list(ids.shape)}")
    highest = min(count, torch.iinfo(_MAP_DTYPES[dtype]).max)
    if ids.max() > highest:
        raise BrokenSampleError(f"{where}: instance_map: expected ids 0 … {highest}, found {ids.max()}")
    of_dtype = np.dtype(dtype.removeprefix("torch."))
    return Mask(torch.from_numpy(ids.view(of_dtype) if of_dtype.itemsize == 2 else ids.astype(of_dtype)))


def _is_at_hand(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and tensor.layout is torch.strided


def _found(tensor: Tensor) -> str:
    return f"{tensor.dtype} {list(tensor.shape)} on {tensor.device} ({tensor.layout})"


def check_pixels(size_hw: tuple[int, int], where: str) -> None:
    """Raise ``BrokenSampleError`` for a size that no picture should have."""
    if is_too_large(size_hw):
        raise BrokenSampleError(
            f"{where}: size_hw: expected at most {MAX_PIXELS} pixels, found {size_hw[1]} x {size_hw[0]}"
        )


def _check_size(size_hw: tuple[int, int], settings: CacheSettings, where: str) -> None:
    found = f"{size_hw[1]} x {size_hw[0]}"
    if is_too_large(size_hw):
        raise CacheError(f"{where}: image: expected at most {MAX_PIXELS} pixels, found {found}")
    if settings.suffix == "webp" and max(size_hw) > _MAX_WEBP_SIDE:
        raise CacheError(f"{where}: image: expected sides up to {_MAX_WEBP_SIDE}, as WebP has them, found {found}")


def _options(settings: CacheSettings) -> list[int]:
    if settings.suffix == "jpg":
        return [cv2.IMWRITE_JPEG_QUALITY, settings.quality or 0]
    if settings.suffix == "webp":
        return [cv2.IMWRITE_WEBP_QUALITY, settings.quality or _WEBP_LOSSLESS]
    return []


def _encoded(suffix: str, pixels: npt.NDArray[Any], options: list[int], where: str) -> bytes:
    try:
        done, data = cv2.imencode(f".{suffix}", pixels, options)
    except cv2.error as error:
        raise CacheError(f"{where}: cannot be encoded as {suffix}: {error}") from None
    if not done:
        raise CacheError(f"{where}: cannot be encoded as {suffix}")
    return data.tobytes()


def _decoded(data: bytes, size_hw: tuple[int, int], suffix: str, flags: int, where: str) -> npt.NDArray[Any]:
    """Pixels of a picture whose header states the size that is expected, channels as OpenCV has them."""
    picture = open_picture(data)
    kind = None if picture is None else picture.format
    if picture is None or kind != _KINDS[suffix]:
        raise BrokenSampleError(f"{where}: expected a {_KINDS[suffix]}, found {kind or 'no picture'}")
    if picture.size != (size_hw[1], size_hw[0]):
        raise BrokenSampleError(
            f"{where}: expected {size_hw[1]} x {size_hw[0]} pixels, found {picture.size[0]} x {picture.size[1]}"
        )
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise BrokenSampleError(f"{where}: cannot be decoded")
    return np.asarray(pixels)
