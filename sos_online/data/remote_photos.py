"""Which photos there are in a folder elsewhere: its index, or else a listing."""

from __future__ import annotations

from sos_online.errors import SOSError
from sos_online.storage import RemoteFolder
from sos_online.storage.names import check_name

INDEX = "photos.txt"


def remote_photos(folder: RemoteFolder, suffixes: tuple[str, ...]) -> list[str]:
    """Sorted relative paths of the photos in a folder elsewhere.

    Raises:
        SOSError: there are none, the folder cannot be read or has neither an index nor a listing, or a name leads out
            of it.
    """
    try:
        names = _listed_in_index(folder.read(INDEX), f"{folder.url}/{INDEX}", suffixes)
    except FileNotFoundError:
        if not folder.can_be_listed:
            raise SOSError(
                f"{folder.url}/{INDEX}: no such file; a web server lists no files, so this one must name the photos, "
                "one relative path a line"
            ) from None
        names = [check_name(name, folder.url) for name in folder.names_below(suffixes)]
    if not names:
        raise SOSError(f"{folder.url}: expected photos ({', '.join(suffixes)}) in this folder or below, found none")
    return sorted(names)


def _listed_in_index(content: bytes, where: str, suffixes: tuple[str, ...]) -> list[str]:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise SOSError(f"{where}: expected lines of UTF-8, found bytes that are not") from None
    names: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name:
            continue
        at = f"{where}: line {number}"
        check_name(name, at)
        if not name.lower().endswith(suffixes):
            raise SOSError(f"{at}: {name!r}: expected a photo ({', '.join(suffixes)})")
        if name in names:
            raise SOSError(f"{at}: {name!r}: is named twice")
        names[name] = None
    return list(names)
