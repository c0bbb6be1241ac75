"""Whose folder it is: a build's mark in it, what builds that were killed left behind, and what nobody may touch."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import cv2

from sos_online.errors import LibraryError
from sos_online.library.folder_lock import LOCK
from sos_online.library.format import BUILDING, MANIFEST, Manifest
from sos_online.storage import write_atomically

_TEMPORARY = re.compile(r"\.(building\.json|library\.json|\w+(\.left_out)?\.arrow)\.\d+\.tmp")
_SHARD = re.compile(r"(\d+)(\.left_out)?\.arrow")


class NothingToKeepError(LibraryError):
    """No library can come of this, however often it is tried: the folder is let go, and another may be made there."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What ``building.json`` says.

    Attributes:
        fingerprint: which build it is.
        first_shard: the number of its first shard; those before are of the library that it adds to.
        made_with: versions of what encodes and measures; half a build by one and half by another would be neither's.
    """

    fingerprint: str
    first_shard: int = 0
    made_with: str = field(default_factory=lambda: f"opencv {cv2.__version__}, imagehash {version('imagehash')}")


def is_finished(root: Path) -> bool:
    """True if the folder holds a whole library and nothing of its build."""
    names = _names(root)
    return MANIFEST in names and not names & {BUILDING, LOCK} and not any(map(_TEMPORARY.fullmatch, names))


def unfinished(root: Path) -> str | None:
    """Fingerprint of the build that is marked as under way; None if there is none."""
    return _read_mark(root / BUILDING).fingerprint if (root / BUILDING).exists() else None


def refuse_folders_of_others(root: Path) -> None:
    """Raises ``LibraryError`` if the folder holds what no build has written; nothing in it is changed."""
    if root.exists() and not root.is_dir():
        raise LibraryError(f"{root}: is a file; name a folder")
    names = _names(root)
    if not names & {MANIFEST, BUILDING, LOCK}:
        _refuse_strange(root, names)


def claim(root: Path, mark: Mark) -> None:
    """Mark the folder as this build's, or find that it is. To be called by the only builder of the folder."""
    path = root / BUILDING
    names = _names(root)
    if BUILDING in names:
        found = _read_mark(path)
        if found == replace(mark, made_with=found.made_with) and found != mark:
            raise LibraryError(
                f"{path}: an unfinished build that was begun with {found.made_with}; this is {mark.made_with}: "
                "go on with the same, or " + _give_up(names)
            )
        if found != mark:
            raise LibraryError(
                f"{path}: an unfinished build of other sources or settings (or its files have changed since); "
                + _give_up(names)
            )
        _remove_temporaries(root)
        return
    if MANIFEST not in names:
        _refuse_strange(root, names - {LOCK})
    _remove_temporaries(root)
    _remove_shards(root, mark.first_shard)  # of a build that was given up
    write_atomically(path, lambda file: file.write(json.dumps(asdict(mark)).encode()), LibraryError)


def sweep(root: Path, manifest: Manifest) -> None:
    """Remove all that a build needs and a library does not. To be called by the only builder of the folder.

    Nothing, if an append to the library was begun and not finished: it shall go on.
    """
    if unfinished(root) not in (None, *manifest.build_fingerprints):
        return
    for name in _names(root / "tables"):
        if name != str(manifest.generation):
            shutil.rmtree(root / "tables" / name)
    _remove_shards(root, manifest.shards)
    (root / BUILDING).unlink(missing_ok=True)
    _remove_temporaries(root)


def release(root: Path) -> None:
    """Undo :func:`claim` of a build from which nothing came, and what it has written. To be called by its builder."""
    for name in ("rows", "pixels", "tables"):
        shutil.rmtree(root / name, ignore_errors=True)
    _remove_temporaries(root)
    (root / BUILDING).unlink(missing_ok=True)  # last: without it, what a kill leaves would be nobody's


def _names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()} if root.is_dir() else set()


def _refuse_strange(root: Path, names: set[str]) -> None:
    if not all(map(_TEMPORARY.fullmatch, names)):
        raise LibraryError(f"{root}: is not empty and holds no build; name another folder")


def _give_up(names: set[str]) -> str:
    return "remove this file to give it up" if MANIFEST in names else "name another, or remove the whole folder"


def _read_mark(path: Path) -> Mark:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LibraryError(f"{path}: the mark of an unfinished build is damaged ({error}); remove it") from None
    if not isinstance(content, dict) or {name: type(value) for name, value in content.items()} != {
        "fingerprint": str,
        "first_shard": int,
        "made_with": str,
    }:
        raise LibraryError(f"{path}: the mark of an unfinished build is damaged; remove it")
    return Mark(**content)


def _remove_shards(root: Path, first: int) -> None:
    """Those from number ``first`` on."""
    for folder in (root / "rows", root / "pixels"):
        for name in _names(folder):
            shard = _SHARD.fullmatch(name)
            if shard and int(shard[1]) >= first:
                (folder / name).unlink(missing_ok=True)


def _remove_temporaries(root: Path) -> None:
    for folder in (root, root / "rows", root / "pixels"):
        for name in _names(folder):
            if _TEMPORARY.fullmatch(name):
                (folder / name).unlink(missing_ok=True)
