"""Who makes the shards: processes here, or a Ray cluster. Each shard is made alone, so both give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal, get_args

from sos_online.data.cache.shard_maker import MadeShard, ShardMaker
from sos_online.data.stream import require
from sos_online.errors import CacheError
from sos_online.library.worker_pool import run_tasks

RunnerName = Literal["local", "ray"]
Runner = Callable[[ShardMaker, Sequence[int], int], Iterator[MadeShard]]

_IN_FLIGHT = 1000  # tasks that a cluster is told of at once: what it grows by, if it grows
_RETRIES = 3  # of a task whose machine or process was lost


def runner_of(name: RunnerName) -> Runner:
    """Raises ``StreamError`` if there is no such runner."""
    require("runner", name, name in get_args(RunnerName), " or ".join(get_args(RunnerName)))
    return _run_on_ray if name == "ray" else _run_here


def _run_here(maker: ShardMaker, numbers: Sequence[int], workers: int) -> Iterator[MadeShard]:
    return run_tasks(maker, numbers, workers, CacheError)


def _run_on_ray(maker: ShardMaker, numbers: Sequence[int], workers: int) -> Iterator[MadeShard]:
    """As one remote task a shard, on the cluster that is there (``RAY_ADDRESS``), or else on one started here.

    ``workers`` is how many are made at once; as many as the cluster can if 0. On machines of the cluster the package,
    the library and the photos must be found under the same paths as here, and the cache under the same path or URL.
    """
    ray = _import_ray()
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="warning")
    running: list[Any] = []
    try:
        on_gpu = {"num_gpus": 1} if maker.device.startswith("cuda") else {}
        task = ray.remote(num_cpus=1, max_retries=_RETRIES, **on_gpu)(_make)
        shared = ray.put(maker)
        waiting = iter(numbers)
        running = [task.remote(shared, number) for number in islice(waiting, workers or _IN_FLIGHT)]
        while running:
            done, running = ray.wait(running, num_returns=1)
            yield _result(ray, done[0])
            running += [task.remote(shared, number) for number in islice(waiting, 1)]
    finally:
        for left in running:  # on Ctrl-C or an error they are in the middle of a shard: nobody waits for it
            ray.cancel(left, force=True)
        if started_here:
            ray.shutdown()


def _make(maker: ShardMaker, number: int) -> MadeShard:
    return maker(number)


def _result(ray: Any, reference: Any) -> MadeShard:
    try:
        made: MadeShard = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        first = str(error).strip().split("\n")[0]
        raise CacheError(
            f"ray: a task was lost {_RETRIES + 1} times: {first}; what was finished is kept: the same call goes on "
            "where it was"
        ) from None
    return made


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise CacheError("runner: ray is not installed: pip install 'sos_online[cluster]'") from None
    return ray
