"""Where the files of a library are: in a folder, or behind a URL and fetched when they are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sos_online.errors import LibraryError, SOSError
from sos_online.library.format import MANIFEST, TABLES, Manifest, tables_folder
from sos_online.library.open_files import KEPT
from sos_online.library.tables import Tables, open_tables
from sos_online.storage import Mirror, Place

T = TypeVar("T")

_TRIES = 8  # of a file that has to make room for others as soon as it is here


class LibraryFiles(Protocol):
    """The files of an opened library.

    Attributes:
        root: the folder on this machine in which they are, or will be.
        where: the library's path or URL, as it is shown.
        address: what opens it in another process.
    """

    root: Path
    where: str
    address: str | Place

    @property
    def kept_open(self) -> int:
        """How many of its files may stay open."""
        ...

    def use(self, path: Path, read: Callable[[Path], T]) -> T:
        """What ``read`` makes of a file below ``root``."""


class LocalFiles:
    """A folder on this machine."""

    kept_open = KEPT

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = str(root)
        self.address: str | Place = self.where

    def use(self, path: Path, read: Callable[[Path], T]) -> T:
        return read(path)


class MirroredFiles:
    """A library behind a URL: shards are fetched at first use and go when others need their room.

    A local copy that turns out to be damaged is fetched anew, once. If it is no better, the library may have changed
    since it was opened; then that is said.
    """

    kept_open = 0  # one that is open takes its room on the disk even when it has gone

    def __init__(self, mirror: Mirror, fingerprint: str) -> None:
        self.root = mirror.folder
        self.where = mirror.place.url
        self.address: str | Place = mirror.place
        self._mirror = mirror
        self._fingerprint = fingerprint
        self._fetched_anew: set[str] = set()

    def use(self, path: Path, read: Callable[[Path], T]) -> T:
        name = path.relative_to(self.root).as_posix()
        for _ in range(_TRIES):
            try:
                self._mirror.local(name)
            except FileNotFoundError as error:
                self._check_unchanged()
                raise LibraryError(str(error)) from None
            try:
                return read(path)
            except SOSError as error:
                if not path.exists():  # it went between the two
                    continue
                if name in self._fetched_anew:
                    raise type(error)(f"{error} (a copy of {self.where}/{name})") from None
                self._fetched_anew.add(name)
                self._check_unchanged()
                self._mirror.forget(name)
        raise SOSError(f"{path}: went {_TRIES} times before it was read: set SOS_MIRROR_LIMIT to more")

    def _check_unchanged(self) -> None:
        """Raise ``SOSError`` if the library is another by now: no broken segment, all that follow would be broken."""
        if read_manifest(self._mirror.place).fingerprint != self._fingerprint:
            raise SOSError(f"{self.where}: has changed since it was opened; open it anew")


def read_manifest(place: Place) -> Manifest:
    """``library.json`` of a library elsewhere. Raises ``LibraryError``."""
    try:
        content = place.read(MANIFEST)
    except FileNotFoundError as error:
        raise LibraryError(f"{error}: not a segment library") from None
    return Manifest.parse(content, f"{place.url}/{MANIFEST}")


def open_local(root: Path) -> tuple[LibraryFiles, Manifest, Tables]:
    """What ``library.json`` says, and the tables that it names: an append may just have put others in their place."""
    manifest = Manifest.read(root)
    try:
        return LocalFiles(root), manifest, open_tables(root, manifest)
    except LibraryError:
        now = Manifest.read(root)
        if now.generation == manifest.generation:
            raise
        return LocalFiles(root), now, open_tables(root, now)


def open_mirrored(place: Place) -> tuple[LibraryFiles, Manifest, Tables]:
    """As :func:`open_local`, of a library elsewhere: its tables are fetched, to be mapped."""
    try:
        return _hold_tables(place, anew=False)
    except LibraryError:  # a local copy is damaged, or an append has just put other tables in their place
        return _hold_tables(place, anew=True)


def _hold_tables(place: Place, anew: bool) -> tuple[LibraryFiles, Manifest, Tables]:
    manifest = read_manifest(place)
    mirror = Mirror(place, version=manifest.fingerprint)
    folder = tables_folder(Path(), manifest.generation)
    try:
        for name in TABLES:
            path = (folder / name).as_posix()
            if anew:
                mirror.forget(path)
            mirror.hold(path)
    except FileNotFoundError as error:
        raise LibraryError(str(error)) from None
    return MirroredFiles(mirror, manifest.fingerprint), manifest, open_tables(mirror.folder, manifest)
