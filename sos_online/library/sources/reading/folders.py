"""The files of a folder in a fixed order, one folder held at a time, and no way out of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from sos_online.errors import SourceError
from sos_online.library.sources.base import Unit, existing_folder, unit_left_out

LEADS_OUT = "leads out of its folder"


@dataclass(frozen=True, slots=True)
class Found:
    """A file below a folder.

    Attributes:
        parts: of its path below that folder.
        path: where it is.
        problem: why it must not be read; empty if nothing is known against it.
    """

    parts: tuple[str, ...]
    path: Path
    problem: str = ""

    @property
    def name(self) -> str:
        """Its path with ``/`` between the parts; bytes that are no Unicode are written as ``\\xNN``."""
        return os.fsencode("/".join(self.parts)).decode("utf-8", "backslashreplace")

    def unit(self, segments: int, payload: object) -> Unit:
        """Its unit, which only says why if there is a problem."""
        if self.problem:
            return unit_left_out(self.name, self.problem)
        status = self.path.stat()
        return Unit(self.name, status.st_size, segments, payload, status.st_mtime_ns)


def files_below(root: Path, suffixes: Collection[str]) -> Iterator[Found]:
    """All files below a folder whose names end in one of ``suffixes`` (small letters; case does not count).

    They come in the order of their paths' parts, a folder's files among its folders. Links are followed as long as
    they stay below ``root``; what leads out, or round in circles, or cannot be listed, comes with its problem.

    Raises:
        SourceError: ``root`` itself cannot be listed.
    """
    try:
        yield from _below(root, (), suffixes, (os.path.realpath(root),))
    except OSError as error:
        raise SourceError(f"{root}: cannot be listed: {error.strerror}") from None


def file_or_folder(path: Path, suffixes: Collection[str]) -> Iterator[Found]:
    """One file, whatever its name, or the files below a folder: see :func:`files_below`.

    Raises:
        SourceError: there is neither.
    """
    if path.is_file():
        yield Found((path.name,), path)
    else:
        yield from files_below(existing_folder(path, "a source that is no file"), suffixes)


def path_inside(folder: Path, name: str) -> Path | None:
    """``folder / name``, a name that some file states; None if it leads out of the folder, be it through a link, or is
    no Unicode."""
    if not name or PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        return None
    try:
        name.encode()
        inside = _is_inside(os.path.realpath(folder / name), os.path.realpath(folder))
    except (OSError, ValueError):  # a name that no file can have
        return None
    return folder / name if inside else None


def _below(folder: Path, parts: tuple[str, ...], suffixes: Collection[str], trail: tuple[str, ...]) -> Iterator[Found]:
    """``trail``: the real paths of the folders on the way here, the root first."""
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        here = (*parts, entry.name)
        path = folder / entry.name
        try:
            is_folder = entry.is_dir()
        except OSError:  # a link that leads round in circles
            yield Found(here, path, "a link that leads nowhere")
            continue
        problem = _problem(entry, is_folder, trail)
        if entry.name.lower().endswith(tuple(suffixes)):
            yield Found(here, path, problem or ("" if entry.is_file() else "not a file"))
        elif is_folder and problem:
            yield Found(here, path, problem)
        if not is_folder or problem:
            continue
        real = os.path.realpath(path) if entry.is_symlink() else str(Path(trail[-1]) / entry.name)
        try:
            yield from _below(path, here, suffixes, (*trail, real))
        except OSError as error:
            yield Found(here, path, f"folder cannot be listed: {error.strerror}")


def _problem(entry: os.DirEntry[str], is_folder: bool, trail: tuple[str, ...]) -> str:
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        return "its name is not Unicode"
    if not entry.is_symlink():
        return ""
    real = os.path.realpath(entry.path)
    if not _is_inside(real, trail[0]) and real != trail[0]:
        return LEADS_OUT
    return "a link to a folder that it is in" if is_folder and real in trail else ""


def _is_inside(real: str, real_folder: str) -> bool:
    return real.startswith(real_folder.rstrip(os.sep) + os.sep)
