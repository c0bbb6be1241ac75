"""Writing answers: one line at a time, by one process at a time."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from sos_online.data.asking.answer_format import LINES, LOCK, MANIFEST, AnswerLine, AnswersManifest
from sos_online.data.asking.answer_index import AnswerIndex
from sos_online.errors import SOSError
from sos_online.storage import write_atomically
from sos_online.storage.file_lock import FileLock, lock_file


class AnswerWriter:
    """A folder of answers, open for more; to be used as ``with``. A line that a killed run left torn is cut off first.

    Args:
        folder: made if it is not there.
        manifest: what is asked; a folder that holds other answers is refused.

    Attributes:
        index: of what earlier runs left.

    Raises:
        SOSError: another process is writing there, the folder holds something else, or it cannot be written.
    """

    def __init__(self, folder: Path, manifest: AnswersManifest) -> None:
        self._path = folder / LINES
        self._descriptor: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = lock_file(folder / LOCK, wait=False)
        except OSError as error:
            raise SOSError(f"{folder}: cannot be written: {error.strerror or error}") from None
        if lock is None:
            raise SOSError(f"{folder}: another run is writing its answers here")
        self._lock: FileLock = lock
        try:
            _settle_manifest(folder, manifest)
            self.index = AnswerIndex(folder)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            self._end = self.index.end
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            self.close()
            raise SOSError(f"{self._path}: cannot be written: {error.strerror or error}") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> AnswerWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, line: AnswerLine) -> None:
        """Write one line. Raises ``SOSError`` if it cannot be; then nothing of it stays."""
        assert self._descriptor is not None
        content = line.to_bytes()
        try:
            written = 0
            while written < len(content):
                written += os.write(self._descriptor, content[written:])
        except BaseException as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            if isinstance(error, OSError):
                raise SOSError(f"{self._path}: cannot be written: {error.strerror or error}") from None
            raise
        self._end += len(content)

    def close(self) -> None:
        """Flush to disk, and let go of the folder."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        self._lock.release()


def _settle_manifest(folder: Path, manifest: AnswersManifest) -> None:
    """Write down what is asked, or check that the folder says the same."""
    path = folder / MANIFEST
    if path.exists():
        manifest.check_same(AnswersManifest.parse(path.read_bytes(), str(path)), str(path))
    elif (folder / LINES).exists():
        raise SOSError(f"{path}: expected what {LINES} beside it answers, found nothing")
    else:
        write_atomically(path, lambda file: file.write(manifest.to_bytes()))
