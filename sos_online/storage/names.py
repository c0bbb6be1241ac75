"""Names of files that were read off a listing or an index: none leads out of its folder."""

from __future__ import annotations

from sos_online.errors import SOSError


def check_name(name: str, where: str) -> str:
    """The name, if it is a relative path with ``/`` between its parts that stays inside its folder.

    Raises:
        SOSError: names ``where`` it was found, and the name.
    """
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise SOSError(f"{where}: {name!r}: expected a path inside the folder, relative, without empty parts, . and ..")
    if "\\" in name or not name.isprintable() or (len(parts[0]) > 1 and parts[0][1] == ":"):
        raise SOSError(f"{where}: {name!r}: holds a backslash, a drive or a character that cannot be shown")
    return name
