"""Where this user's machine keeps what can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """``sos_online`` below SOS_CACHE, else XDG_CACHE_HOME, else ``~/.cache``; not made here."""
    return (
        Path(os.environ.get("SOS_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sos_online"
    )
