"""Trying again what may work the next time: a connection that broke, a server that is busy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_LASTING = (
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    NotImplementedError,
    ImportError,
    TypeError,
    ValueError,
)
# what clients raise without a type of the standard library: no or half of a credential, a request they refuse to send
_LASTING_NAMES = ("Credential", "ParamValidation", "NoRegion", "AuthenticationException", "BadHostKey")
_MAY_PASS = {408, 425, 429}  # of the HTTP statuses 4xx: timeout, too early, too many requests


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and how long to wait in between: each wait is twice the one before.

    Attributes:
        attempts: in all, at least 1.
        first_wait: seconds; up to half of it is added, by process, so that those that failed together come back apart.
        longest_wait: seconds.
    """

    attempts: int = 8
    first_wait: float = 0.25
    longest_wait: float = 8.0

    def call(self, action: Callable[[], T]) -> T:
        """What ``action`` returns, or what it raised last; what cannot pass (see :func:`may_pass`), at once."""
        apart = 1 + os.getpid() % 16 / 32
        for attempt in range(self.attempts - 1):
            try:
                return action()
            except Exception as error:
                if not may_pass(error):
                    raise
            time.sleep(min(self.first_wait * 2**attempt, self.longest_wait) * apart)
        return action()


def may_pass(error: Exception) -> bool:
    """False if trying again is of no use: no such file, no permission, a refused request."""
    if isinstance(error, _LASTING) or any(part in type(error).__name__ for part in _LASTING_NAMES):
        return False
    status = http_status(error)
    return status is None or not 400 <= status < 500 or status in _MAY_PASS


def http_status(error: BaseException) -> int | None:
    """The HTTP status that an error of a client carries, if any."""
    for name in ("status", "code"):
        found = getattr(error, name, None)
        if isinstance(found, int) or (isinstance(found, str) and found.isdigit()):
            return int(found)
    return None
