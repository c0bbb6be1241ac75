"""Whose folder it is: a build's mark in it, what builds that were killed left behind, and what nobody may touch."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import write_atomically
from sos_online.library.folder_lock import LOCK
from sos_online.library.format import BUILDING, MANIFEST

PARTS = "parts"
_TEMPORARY = re.compile(r"\.(building\.json|library\.json|\w+(\.left_out)?\.arrow)\.\d+\.tmp")


def is_finished(root: Path) -> bool:
    """True if the folder holds a whole library and nothing of its build."""
    names = _names(root)
    return MANIFEST in names and not names & {BUILDING, PARTS, LOCK} and not any(map(_TEMPORARY.fullmatch, names))


def refuse_folders_of_others(root: Path) -> None:
    """Raises ``LibraryError`` if the folder holds what no build has written; nothing in it is changed."""
    if root.exists() and not root.is_dir():
        raise LibraryError(f"{root}: is a file; name a folder")
    names = _names(root)
    if not names & {MANIFEST, BUILDING, LOCK}:
        _refuse_strange(root, names)


def claim(root: Path, fingerprint: str) -> None:
    """Mark the folder as this build's, or find that it is. To be called by the only builder of the folder."""
    mark = root / BUILDING
    names = _names(root)
    if BUILDING in names:
        if _marked_fingerprint(mark) != fingerprint:
            raise LibraryError(
                f"{mark}: an unfinished build of other sources or settings (or its files have changed since); "
                f"name another folder or remove this one"
            )
        _remove_temporaries(root)
        return
    _refuse_strange(root, names - {LOCK})
    _remove_temporaries(root)
    write_atomically(mark, lambda file: file.write(json.dumps({"fingerprint": fingerprint}).encode()))


def sweep(root: Path) -> None:
    """Remove all that a build needs and a library does not. To be called by the only builder of the folder."""
    if (root / PARTS).is_dir():
        shutil.rmtree(root / PARTS)
    (root / BUILDING).unlink(missing_ok=True)
    _remove_temporaries(root)


def _names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()} if root.is_dir() else set()


def _refuse_strange(root: Path, names: set[str]) -> None:
    if not all(map(_TEMPORARY.fullmatch, names)):
        raise LibraryError(f"{root}: is not empty and holds no build; name another folder")


def _marked_fingerprint(mark: Path) -> str:
    try:
        content = json.loads(mark.read_bytes())
    except (OSError, ValueError) as error:
        raise LibraryError(f"{mark}: the mark of an unfinished build is damaged ({error}); remove the folder") from None
    if not isinstance(content, dict) or not isinstance(content.get("fingerprint"), str):
        raise LibraryError(f"{mark}: the mark of an unfinished build is damaged; remove the folder")
    return str(content["fingerprint"])


def _remove_temporaries(root: Path) -> None:
    for folder in (root, root / PARTS, root / "pixels"):
        for name in _names(folder):
            if _TEMPORARY.fullmatch(name):
                (folder / name).unlink(missing_ok=True)
