"""A hash of what a stream serves first: it differs where samples are made otherwise, whatever the reason."""

from __future__ import annotations

import hashlib
import warnings

import torch
from torch import Tensor

from sos_online.data.finish import without_pending
from sos_online.data.stream import SampleStream
from sos_online.errors import SOSError
from sos_online.types import Target

_TRIED = 8
_NONE = "none of the first samples is whole"


def first_sample(stream: SampleStream) -> str:
    """SHA-256 of the stream's first sample in epoch 0: of the tensors of its target, and of its picture.

    What is broken, or was replaced because it was, is passed over: ``on_error`` decides on it, and does not make
    another stream. Of a picture that a recipe composed, and no transform changed, only the size counts: whether the
    workers paint and light it already is a matter of execution, and the recipe says the rest.
    """
    for index in range(min(_TRIED, stream.length)):
        before = _broken(stream)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # of ``on_error``: they come when it is served
                image, target = stream.sample(index, 0)
        except SOSError:
            continue
        if _broken(stream) == before:
            return _hash(image, target, with_picture=_picture_is_its_own(stream, index))
    return _NONE


def _picture_is_its_own(stream: SampleStream, index: int) -> bool:
    source, _, _ = stream.origin(index, 0)
    return getattr(source, "recipe", None) is None or getattr(source, "transforms", None) is not None


def _broken(stream: SampleStream) -> tuple[int, int, int]:
    return stream.failures.segments, stream.failures.photos, stream.failures.samples


def _hash(image: Tensor, target: Target, *, with_picture: bool) -> str:
    found = hashlib.sha256(f"{image.dtype} {list(image.shape)}".encode())
    if with_picture:
        found.update(_bytes_of(image))
    for key, value in sorted(without_pending(target).items()):
        if isinstance(value, Tensor) and value.layout is torch.strided:
            found.update(f"{key} {value.dtype} {list(value.shape)}".encode())
            found.update(_bytes_of(value))
    return found.hexdigest()


def _bytes_of(tensor: Tensor) -> bytes:
    plain = tensor.detach().as_subclass(Tensor).cpu().contiguous().reshape(-1)
    return plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b""
