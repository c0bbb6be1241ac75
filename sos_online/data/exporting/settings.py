"""What a folder of samples was made of: written first, so that a run that was stopped can only be gone on with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sos_online.data.cache.stream_manifest import stream_identity
from sos_online.data.exporting.formats import ExportFormat
from sos_online.data.stream import SampleStream
from sos_online.errors import SOSError
from sos_online.storage import write_atomically

SETTINGS = "export.json"
_VERSION = 2


@dataclass(frozen=True)
class Settings:
    """All that the bytes of an export depend on.

    Attributes:
        format, image_format, quality, negatives: as :func:`export` takes them.
        epoch: the stream's.
        samples: by split.
        stream: a hash of what its samples depend on, transforms too, and its categories.
    """

    format: ExportFormat
    image_format: str
    quality: int | None
    negatives: int | None
    epoch: int
    samples: dict[str, int]
    stream: str

    def as_data(self) -> dict[str, Any]:
        return {"version": _VERSION, **asdict(self)}


def hash_of(stream: SampleStream) -> str:
    """Equal for streams of the same samples under the same names."""
    content = {"identity": stream_identity(stream), "categories": list(stream.category_names)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def check_folder(out: Path, settings: Settings) -> None:
    """Write the settings into a folder that is empty, or check that they are the folder's.

    Raises:
        SOSError: the folder holds something else; nothing in it was changed.
    """
    path = out / SETTINGS
    if not path.exists():
        others = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith("."))
        if others:
            raise SOSError(f"{out}: expected an empty folder, or an export to go on with; found {others[0]!r}")
        text = json.dumps(settings.as_data(), indent=1).encode() + b"\n"
        write_atomically(path, lambda file: file.write(text))
        return
    try:
        before = json.loads(path.read_bytes())
    except ValueError:
        raise SOSError(f"{path}: expected how this folder was made, found no JSON") from None
    for key, value in settings.as_data().items():
        found = before.get(key) if isinstance(before, dict) else None
        if found != value:
            what = "of another stream" if key == "stream" else f"with {key} {found!r}, not {value!r}"
            raise SOSError(f"{path}: this folder was made {what}; give another folder")
