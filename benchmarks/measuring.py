"""What a process costs besides time: private memory, bytes read; and the state of the page cache. Linux alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

Figures = dict[str, Any]


def private_memory() -> int:
    """Bytes of this process that no other process shares: written pages. Mapped files are no part of it, and neither
    is what a forked process still has in common with its parent."""
    return 1024 * _field(Path("/proc/self/smaps_rollup"), "Private_Dirty")


def anonymous_memory(process: int | str = "self") -> int:
    """Bytes of a process in no file, 0 if it has ended."""
    try:
        return 1024 * _field(Path(f"/proc/{process}/status"), "RssAnon")
    except (FileNotFoundError, ProcessLookupError, StopIteration):
        return 0


def bytes_read() -> tuple[int, int]:
    """Bytes that this process asked for in read calls, and bytes that were fetched from the disk for it (for pages of
    mapped files too, with what the kernel reads around them)."""
    path = Path("/proc/self/io")
    return _field(path, "rchar"), _field(path, "read_bytes")


def _field(path: Path, name: str) -> int:
    lines = path.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def drop_from_cache(files: Iterable[Path]) -> None:
    """Have the kernel forget the pages of files; those that a process has mapped and touched stay."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def in_fresh_process(work: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """What ``work`` returns in a process of its own, spawned; and the peak of its anonymous memory meanwhile."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, work, arguments))
    process.start()
    sender.close()
    peak = 0
    while not receiver.poll(0.01):
        peak = max(peak, anonymous_memory(process.pid or 0))
    try:
        result = receiver.recv()
    except EOFError:
        raise RuntimeError(f"{work.__name__} failed in its process: see above") from None
    process.join()
    return result, peak


def _send(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    sender.send(work(*arguments))


def spread(values: Iterable[float], digits: int = 2) -> str:
    """Lowest and highest."""
    ordered = sorted(values)
    return f"{ordered[0]:.{digits}f}…{ordered[-1]:.{digits}f}"


def write_figures(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures and the machine they were taken on, as JSON; nothing without a path."""
    if path is None:
        return
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    machine = {
        "processor": f"{os.cpu_count()} x {platform.processor() or platform.machine()}",
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "commit": commit.stdout.strip(),
    }
    path.write_text(json.dumps({"machine": machine, **figures}, indent=1) + "\n")
