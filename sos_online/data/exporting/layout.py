"""What a format on disk is: which files a sample makes, and which documents describe all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from sos_online.types import Target

Entries = list[Any]  # what a sample adds to the documents, as JSON holds it


@dataclass(frozen=True)
class Described:
    """A sample's labels: the files that they make beside its picture, and its entries in the documents."""

    files: Mapping[str, bytes]
    entries: Entries


class Writer(Protocol):
    """Writes a document sample by sample."""

    def add_entries(self, *entries: Any) -> None: ...
    def close(self) -> None: ...


def all_entries(entries: Entries) -> Entries | None:
    """All that a sample has, for a document that is the only one."""
    return entries


@dataclass(frozen=True)
class Document:
    """A file that describes samples; written last, whole or not at all.

    Attributes:
        path: relative to the folder of the export, with ``/`` between its parts.
        splits: whose samples it describes, one split after the other.
        writer: of the file.
        pick: the arguments of the writer, of a sample's entries; None if the document has nothing to say of it.
        optional: whether there is no such file if it has nothing to say of any sample.
    """

    path: str
    splits: Sequence[str]
    writer: Callable[[TextIO], Writer]
    pick: Callable[[Entries], Entries | None] = all_entries
    optional: bool = False


@dataclass(frozen=True)
class Layout(ABC):
    """One split of a format on disk; paths are relative to the folder of the export, with ``/`` between their parts.

    Attributes:
        names: of the categories.
        split: ``train`` or ``val``.
    """

    names: Sequence[str]
    split: str

    @property
    @abstractmethod
    def documents(self) -> Sequence[Document]:
        """The files that describe the split, in the order in which they are written; those of several splits may be
        one. The last is not optional: a folder that has all that are not is finished."""

    @abstractmethod
    def describe(self, target: Target, size_hw: tuple[int, int], name: str) -> Described:
        """A sample's labels; ``name`` is that of its picture, with the suffix."""

    def picture(self, name: str) -> str:
        """Where a picture is."""
        return f"{self.split}/{name}"
