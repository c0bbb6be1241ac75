"""Tasks run by worker processes, a few ahead at a time; the workers end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pickle import PicklingError
from typing import Any, TypeVar

from sos_online.errors import LibraryError, SOSError

Progress = Callable[[int, int], object]

Task = TypeVar("Task")
Result = TypeVar("Result")

_AHEAD = 2  # tasks a worker that are sent before they are needed: all of them at once would lie in memory twice


def run_tasks(
    work: Callable[[Task], Result], tasks: Iterable[Task], workers: int, error: type[SOSError] = LibraryError
) -> Iterator[Result]:
    """Results in the order in which they are done; ``workers=0`` works in this process.

    Tasks are taken a few ahead of the workers, never all at once.

    Raises:
        error: a worker died (what it had finished stays), or ``work`` cannot be sent to it.
    """
    if workers == 0:
        yield from map(work, tasks)
        return
    # spawn: forking a process that runs threads (OpenCV's, torch's) can deadlock
    context = multiprocessing.get_context("spawn")
    still_wanted, wanted = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, _begin_worker, (still_wanted, work))
    waiting = iter(tasks)
    try:
        first = [*islice(waiting, _AHEAD * workers)]
        with _out_of_reach_of_ctrl_c(), _sent_to_workers(error):
            running: set[Future[Result]] = {pool.submit(_work_on, task) for task in first}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            running |= {pool.submit(_work_on, task) for task in islice(waiting, len(done))}
    except BrokenProcessPool:
        raise error(
            "a worker process died (out of memory? a script without `if __name__ == '__main__':`?); "
            "what it had finished is kept: the same call goes on where it was, if need be with fewer workers"
        ) from None
    finally:
        # on Ctrl-C or an error the workers are in the middle of a shard: nobody waits for it
        wanted.close()
        pool.shutdown(cancel_futures=True)
        still_wanted.close()


@contextmanager
def _out_of_reach_of_ctrl_c() -> Iterator[None]:
    """Processes that are started here never see Ctrl-C, which reaches the whole group: not even while they import what
    they need, before :func:`_begin_worker`. It is the parent that decides."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # starting it would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _sent_to_workers(error: type[SOSError]) -> Iterator[None]:
    """While processes are started, and nothing else is done: what Python cannot pickle is an ``error``."""
    try:
        yield
    except (AttributeError, TypeError, PicklingError) as cannot:
        raise error(
            f"workers: cannot be sent to other processes: {cannot}; use functions and classes of a module, or workers=0"
        ) from None


class _Worker:
    """What this worker process does, sent once with the process. With each task, tensors would be fetched from a thread
    of its parent, which an error may end in the middle."""

    work: Callable[[Any], Any]


def _begin_worker(still_wanted: Connection, work: Callable[[Any], Any]) -> None:
    _Worker.work = staticmethod(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, args=(still_wanted,), daemon=True).start()


def _work_on(task: Any) -> Any:
    return _Worker.work(task)


def _end_with_the_parent(still_wanted: Connection) -> None:
    """Nothing is ever sent: the pipe only ends, when the parent closes it or dies, even by SIGKILL."""
    try:
        still_wanted.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)
