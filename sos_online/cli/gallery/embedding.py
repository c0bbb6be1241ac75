"""One entry as text that can stand inside an HTML file: its facts as JSON, its pixels as base64."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import numpy.typing as npt
from PIL import Image

from sos_online.cli.gallery.colours import instance_colours
from sos_online.cli.gallery.entry import Entry

_HIGHEST_ID = 256**3 - 1


def facts_json(entry: Entry) -> str:
    """All that the page must know of every entry at once; a few hundred bytes an object."""
    objects = [
        {
            "category": item.category,
            "phrase": item.phrase,
            "description": item.description,
            "features": list(item.features),
            "box": [round(float(edge), 2) for edge in item.box],
            "amodalBox": [round(float(edge), 2) for edge in item.amodal_box],
            "visibility": float(item.visibility),
            "area": int(item.area),
            "colour": "#" + colour.tobytes().hex(),
        }
        for item, colour in zip(entry.objects, instance_colours(len(entry.objects)), strict=True)
    ]
    height, width = entry.instance_map.shape
    return _markup_safe_json(
        {
            "title": entry.title,
            "width": width,
            "height": height,
            "isLit": entry.unlit is not None,
            "objects": objects,
            "expressions": [
                {"text": expression.text, "rows": list(expression.rows), "kind": expression.kind}
                for expression in entry.expressions
            ],
        }
    )


def pixels_json(entry: Entry) -> str:
    """What the page decodes only while the picture is near the screen.

    ``idSum`` lets the page notice a browser that adds noise to what it reads back from a canvas, as some do against
    tracking: every id would then be wrong.
    """
    return _markup_safe_json(
        {
            "jpeg": _jpeg(entry.image),
            "unlitJpeg": None if entry.unlit is None else _jpeg(entry.unlit),
            "instanceMapPng": _base64(instance_map_png(entry.instance_map)),
            "idSum": int(entry.instance_map.sum(dtype=np.int64)),
        }
    )


def _jpeg(image: npt.NDArray[np.uint8]) -> str:
    return _base64(_encoded(Image.fromarray(image), "JPEG", quality=90, subsampling=0))


def instance_map_png(instance_map: npt.NDArray[np.int32]) -> bytes:
    """A lossless RGB PNG of ``[H, W]`` ids, 0..2**24 - 1, where id = R + 256 * G + 65536 * B.

    It carries no colour profile and no gamma, so that no reader has a reason to change the values.
    """
    highest = int(instance_map.max())
    if highest > _HIGHEST_ID:
        raise ValueError(f"an instance map of a gallery page holds ids up to {_HIGHEST_ID}, not {highest}")
    channels = np.stack([instance_map >> shift & 0xFF for shift in (0, 8, 16)], axis=-1).astype(np.uint8)
    return _encoded(Image.fromarray(channels), "PNG")


def _markup_safe_json(value: object) -> str:
    """JSON that cannot end the script element it stands in, nor open a comment there.

    ``NaN`` and infinities raise ``ValueError``: they are no JSON, and the page would show nothing at all.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _encoded(image: Image.Image, file_format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
