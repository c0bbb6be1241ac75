"""A cache's tar archives: written as one stream, the same bytes everywhere; read one sample at a time, strictly.

Format: POSIX.1-1988 ustar (IEEE Std 1003.1, "pax", "ustar Interchange Format"). No names, times or rights of
anybody are in it. Python's ``tarfile`` is not used, whose headers differ between versions of Python.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from sos_online.errors import BrokenSampleError
from sos_online.library.sources.reading.tar_index import TarError, members_of

BLOCK = 512
END_BYTES = 2 * BLOCK  # zeros after the last member
_MAX_NAME = 100
_MAX_BYTES = 8**11 - 1  # what eleven octal digits hold


class TarWriter:
    """Writes samples one after the other, and notes where each is.

    Args:
        file: opened for writing; the archive begins where it stands. It stays open.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, key: str, members: Mapping[str, bytes]) -> tuple[int, int, int]:
        """Add a sample's members, named ``KEY.SUFFIX``; its offset, size and CRC-32 in the archive."""
        offset, crc = self.size, 0
        for suffix, content in members.items():
            for part in (member_header(f"{key}.{suffix}", len(content)), content, bytes(-len(content) % BLOCK)):
                crc = zlib.crc32(part, crc)
                self._write(part)
        return offset, self.size - offset, crc

    def close(self) -> tuple[int, str]:
        """Write the archive's end; its size and SHA-256."""
        self._write(bytes(END_BYTES))
        return self.size, self._hash.hexdigest()

    def _write(self, part: bytes) -> None:
        self._file.write(part)
        self._hash.update(part)
        self.size += len(part)


def member_header(name: str, size: int) -> bytes:
    """The 512 bytes before a plain file's content. Raises ``ValueError`` if the name or the size does not fit."""
    encoded = name.encode("ascii")
    if not 0 < len(encoded) <= _MAX_NAME or not 0 <= size <= _MAX_BYTES:
        raise ValueError(
            f"{name}: expected a name of at most {_MAX_NAME} bytes and less than 8 GiB, found {size} bytes"
        )
    header = b"".join(
        [
            encoded.ljust(100, b"\0"),
            b"0000644\0",  # mode
            b"0000000\0" * 2,  # owner and group
            b"%011o\0" % size,
            b"00000000000\0",  # time
            b" " * 8,  # the checksum, taken as blanks
            b"0",  # a plain file
            bytes(100),  # what a link would lead to
            b"ustar\00000",
            bytes(64),  # names of owner and group
            b"0000000\0" * 2,  # device
            bytes(155 + 12),  # prefix of the name, padding
        ]
    )
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def read_members(region: bytes, key: str, suffixes: tuple[str, ...], where: str) -> dict[str, bytes]:
    """The members of one sample, by their suffixes.

    Every header must be, byte for byte, the one that :class:`TarWriter` writes: so there is no other name, kind or
    padding that a reader could be led astray by.

    Args:
        region: the sample's bytes in the archive.
        key: of the sample.
        suffixes: of its members, in their order.
        where: shard and sample, for messages.

    Raises:
        BrokenSampleError: the region holds anything else than these members.
    """
    found: dict[str, bytes] = {}
    position = 0
    for suffix in suffixes:
        name = f"{key}.{suffix}"
        header = region[position : position + BLOCK]
        size = _size(header)
        if size is None or header != member_header(name, size):
            raise BrokenSampleError(f"{where}: expected the member {name}, found {_what_is_there(region[position:])}")
        position += BLOCK
        padded = region[position : position + size + -size % BLOCK]
        if len(padded) < size + -size % BLOCK or padded[size:].strip(b"\0"):
            raise BrokenSampleError(f"{where}: {name}: expected {size} bytes and zeros up to a whole block")
        found[suffix] = padded[:size]
        position += len(padded)
    if position != len(region):
        raise BrokenSampleError(f"{where}: expected no more members, found {_what_is_there(region[position:])}")
    return found


def _size(header: bytes) -> int | None:
    digits = header[124:135]
    return int(digits, 8) if len(header) == BLOCK and all(48 <= digit < 56 for digit in digits) else None


def _what_is_there(rest: bytes) -> str:
    """In words, for a message."""
    try:
        for member in members_of(io.BytesIO(rest + bytes(END_BYTES))):
            return repr(member.name[:120]) + (f" ({member.problem})" if member.problem else "")
    except TarError as error:
        return str(error)
    return "no file"
