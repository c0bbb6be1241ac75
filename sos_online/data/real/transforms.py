"""Transforms of annotated images."""

from __future__ import annotations

from torchvision.tv_tensors import Image

from sos_online.data.sample_iterator import Sample
from sos_online.data.transforms import Transforms
from sos_online.errors import StreamError
from sos_online.targets import refit_annotated
from sos_online.types import Target


def transform_annotated(transforms: Transforms, image: Image, target: Target) -> Sample:
    """``transforms`` applied to a sample, and the target made exact again, see :func:`refit_annotated`.

    The instance map is kept from them: it is made of the moved masks anyway, and is no mask of a row.

    Raises:
        StreamError: they gave no sample, or one that cannot be made exact.
    """
    before = {key: value for key, value in target.items() if key != "instance_map"}
    transformed = transforms(image, dict(before))
    if not (isinstance(transformed, tuple) and len(transformed) == 2):
        raise StreamError(f"transforms: expected (image, target), found {type(transformed).__name__}")
    return refit_annotated(*transformed, before=before)
