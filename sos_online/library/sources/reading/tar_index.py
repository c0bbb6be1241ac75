"""What is in a tar archive and where, read from its headers alone; nothing is ever extracted.

Python's ``tarfile`` takes a damaged header for the end of the archive, and what a header says of sizes for the truth.
Here the end is an end, and everything that is not a plain file with a plain name comes with its reason.

Format: POSIX.1-2001 pax and ustar, with GNU's long names (IEEE Std 1003.1, "pax"; GNU tar manual, "Basic Tar Format").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

_BLOCK = 512
_CUT = "archive is cut off"
_MAX_EXTENSION = 1 << 20  # bytes of a header that holds a long name
_PLAIN = (b"0", b"\0", b"7")
_FOLDER, _LONG_NAME, _LONG_LINK, _PAX, _PAX_OF_ALL = b"5", b"L", b"K", b"x", b"g"


class TarError(Exception):
    """Why the rest of an archive cannot be read; a short text without names."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; ``problem`` says why it must not be read, and is empty if nothing is known against it."""

    name: str
    offset: int
    size: int
    problem: str = ""


def members(path: Path) -> Iterator[Member]:
    """The files of an archive in their order; folders are passed over.

    Raises:
        TarError: at the first byte that is not as it should be.
    """
    with path.open("rb") as file:
        yield from members_of(file)


def members_of(file: BinaryIO) -> Iterator[Member]:
    """As :func:`members`, of an archive that is open or in memory."""
    end = file.seek(0, 2)
    position = 0
    extended: dict[str, str] = {}
    while True:
        header = _read(file, position, _BLOCK, end)
        if not header.strip(b"\0"):
            _check_rest(file)
            return
        _check(header)
        size = int(extended["size"]) if "size" in extended else _number(header[124:136])
        data = position + _BLOCK
        kind = header[156:157]
        if kind in (_LONG_NAME, _PAX):
            if size > _MAX_EXTENSION:
                raise TarError("damaged archive header")
            content = _read(file, data, size, end)
            extended.update({"path": _text(content)} if kind == _LONG_NAME else _pax(content))
        elif kind not in (_PAX_OF_ALL, _LONG_LINK):
            name = extended.get("path") or _name(header)
            if kind != _FOLDER and not name.endswith("/"):
                yield Member(name, data, size, _problem(name, kind) or (_CUT if data + size > end else ""))
            extended = {}
        if data + size > end:
            raise TarError(_CUT)
        position = data + -(-size // _BLOCK) * _BLOCK


def _read(file: BinaryIO, position: int, size: int, end: int) -> bytes:
    if position + size > end:
        raise TarError(_CUT)
    file.seek(position)
    return file.read(size)


def _check_rest(file: BinaryIO) -> None:
    """After the end there are only zeros, unless archives were strung together."""
    while rest := file.read(1 << 16):
        if rest.strip(b"\0"):
            raise TarError("more data after the end of the archive")


def _check(header: bytes) -> None:
    """The sum of the header's bytes, its own field taken as blanks."""
    if sum(header[:148]) + 8 * 32 + sum(header[156:]) != _number(header[148:156]):
        raise TarError("damaged archive header")


def _number(field: bytes) -> int:
    """Octal digits, or, where the first bit is set, a big-endian number."""
    if field[:1] >= b"\x80":
        if field[0] != 0x80:
            raise TarError("damaged archive header")  # negative, or beyond 2^88
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not all(48 <= digit < 56 for digit in digits):
        raise TarError("damaged archive header")
    return int(digits or b"0", 8)


def _name(header: bytes) -> str:
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{_text(header[:100])}" if prefix else _text(header[:100])


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "surrogateescape")


def _pax(content: bytes) -> dict[str, str]:
    """The records ``LENGTH KEY=VALUE\\n`` that matter here."""
    found: dict[str, str] = {}
    while content:
        length, blank, _ = content.partition(b" ")
        if not blank or not _is_number(length) or not len(length) + 1 < int(length) <= len(content):
            raise TarError("damaged archive header")
        key, _, value = content[len(length) + 1 : int(length) - 1].partition(b"=")
        if key == b"size" and not _is_number(value):
            raise TarError("damaged archive header")
        if key in (b"path", b"size"):
            found[key.decode()] = _text(value)
        content = content[int(length) :]
    return found


def _is_number(digits: bytes) -> bool:
    """As many digits as an unsigned number of 64 bits at most: Python refuses thousands with an error of its own."""
    return digits.isdigit() and len(digits) <= 20


def _problem(name: str, kind: bytes) -> str:
    path = PurePosixPath(name)
    if kind not in _PLAIN:
        return "a link or another member that is no plain file"
    if not name or path.is_absolute() or ".." in path.parts:
        return "its name leads out of the archive"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not Unicode"
    return ""
