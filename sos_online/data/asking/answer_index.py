"""Where each key's line is in a file of answers: a few arrays, which processes share after a fork."""

from __future__ import annotations

import re
import zlib
from array import array
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sos_online.data.asking.answer_format import FORMAT_VERSION, LINES, MAX_LINE, STATES, AnswerLine, State
from sos_online.errors import SOSError

# as AnswerLine.to_bytes begins: the rest of a line is read when it is asked for
_BEGIN = re.compile(
    rb'\{"format_version":%d,"key":"([0-9a-f]{32})","state":"(%s)",' % (FORMAT_VERSION, "|".join(STATES).encode())
)


class AnswerIndex:
    """The lines of ``answers.jsonl``: 21 bytes of memory for each key. Of two lines of a key the later counts.

    Attributes:
        path: of the file.
        end: bytes up to the end of the last whole line; what is behind is torn.
        strange: lines that are none of this format; what they were about counts as not asked.
        crc32: of all whole lines.

    Raises:
        SOSError: the file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LINES
        self.end, self.strange, self.crc32 = 0, 0, 0
        keys, starts, sizes, states = array("Q"), array("q"), array("i"), bytearray()
        try:
            with self.path.open("rb") as file:
                while line := file.readline(MAX_LINE):
                    if not line.endswith(b"\n"):
                        if not _skip_to_end_of_line(file):
                            break
                        line = b""
                    found = _BEGIN.match(line)
                    if found:
                        keys.append(int(found[1][:16], 16))
                        starts.append(self.end)
                        sizes.append(len(line))
                        states.append(STATES.index(found[2].decode()))
                    else:
                        self.strange += 1
                    self.end, self.crc32 = file.tell(), zlib.crc32(line, self.crc32)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SOSError(f"{self.path}: cannot be read: {error.strerror or error}") from None
        hashes = np.frombuffer(keys, np.uint64) if keys else np.empty(0, np.uint64)
        order = np.argsort(hashes, kind="stable")
        is_last = np.ones(len(order), bool)
        is_last[:-1] = hashes[order][1:] != hashes[order][:-1]
        order = order[is_last]
        self._keys = hashes[order]
        self._starts = np.array(starts, np.int64)[order]
        self._sizes = np.array(sizes, np.int32)[order]
        self._states = np.frombuffer(bytes(states), np.uint8)[order]

    def __len__(self) -> int:
        """Keys."""
        return len(self._keys)

    def count(self, state: State) -> int:
        """Keys in a state."""
        return int(np.count_nonzero(self._states == STATES.index(state)))

    def state(self, key: str) -> State | None:
        """What became of a key; None if it was not asked about. By half of its hash, which two of a billion keys share
        with a chance of 3 %."""
        at = self._find(key)
        return None if at is None else STATES[self._states[at]]

    def read(self, key: str) -> AnswerLine | None:
        """A key's line; None if there is none.

        Raises:
            SOSError: the line is damaged, or cannot be read.
        """
        at = self._find(key)
        if at is None:
            return None
        start, size = int(self._starts[at]), int(self._sizes[at])
        try:
            with self.path.open("rb") as file:  # opened each time: a forked process would share its position
                file.seek(start)
                content = file.read(size)
        except OSError as error:
            raise SOSError(f"{self.path}: cannot be read: {error.strerror or error}") from None
        line = AnswerLine.parse(content, f"{self.path}: byte {start}")
        return line if line.key == key else None

    def _find(self, key: str) -> int | None:
        number = np.uint64(int(key[:16], 16))
        at = int(np.searchsorted(self._keys, number))
        return at if at < len(self._keys) and self._keys[at] == number else None


def _skip_to_end_of_line(file: BinaryIO) -> bool:
    """False if the file ends first."""
    while rest := file.readline(MAX_LINE):
        if rest.endswith(b"\n"):
            return True
    return False
