"""JSON documents with a checksum of their own, in one spelling: any byte that changes is found."""

from __future__ import annotations

import json
import zlib
from typing import Any

from sos_online.errors import SOSError

_CHECKSUM = "checksum"
_VERSION = "format_version"


def seal(document: dict[str, Any], *, indent: int | None = None) -> bytes:
    """A document as JSON, its last key the CRC-32 of all others.

    Args:
        document: what JSON can hold, finite numbers only; no key of it is ``checksum``.
        indent: as ``json.dumps`` has it; None writes no blanks at all.
    """
    return _spelled({**document, _CHECKSUM: zlib.crc32(_spelled(document, None))}, indent)


def unseal(
    content: bytes, where: str, *, version: int, if_older: str, error: type[SOSError], indent: int | None = None
) -> dict[str, Any]:
    """The document that was sealed, without its checksum.

    Args:
        content: of the file.
        where: its name, for messages.
        version: the ``format_version`` that is read here.
        if_older: what to do about an older one.
        error: what is raised.
        indent: as it was sealed with.

    Raises:
        SOSError: it is of another version, is no such document, or a byte of it has changed.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as reason:
        raise error(f"{where}: expected JSON, found {reason}") from None
    if not isinstance(document, dict) or type(document.get(_VERSION)) is not int:
        raise error(f"{where}: {_VERSION}: expected a number, found none")
    if document[_VERSION] != version:
        cure = "install a newer sos_online" if document[_VERSION] > version else if_older
        raise error(f"{where}: {_VERSION}: is {document[_VERSION]}, this version of sos_online reads {version}: {cure}")
    checksum = document.pop(_CHECKSUM, None)
    if seal(document, indent=indent) != content:
        raise error(f"{where}: {_CHECKSUM}: {checksum!r:.40} does not fit the content: damaged or changed by hand")
    return document


def _spelled(document: dict[str, Any], indent: int | None) -> bytes:
    separators = (",", ":") if indent is None else None
    return json.dumps(document, indent=indent, separators=separators).encode()
