"""Writing a cache ahead of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.data.cache.description import SampleDescription
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CacheSettings
from sos_online.data.cache.runners import RunnerName, runner_of
from sos_online.data.cache.shard_maker import ShardMaker
from sos_online.data.cache.stream_manifest import stream_manifest
from sos_online.data.device import DeviceStage
from sos_online.data.map_stream import as_stream
from sos_online.data.stream import require
from sos_online.storage import Place

_MAX_SHARDS = 1_000_000  # their names have six digits, and so sort as their numbers do


@dataclass(frozen=True)
class WriteReport:
    """What a call has done.

    Attributes:
        written: samples written now.
        there: samples of this process' shards that were there already.
        shards: written now.
        size: of these, bytes.
        segments, photos, broken: broken segments, photos and samples met now, and left out or replaced as the stream
            says.
        complete: whether all shards of the cache are there now, those of other processes too.
    """

    written: int
    there: int
    shards: int
    size: int
    segments: int
    photos: int
    broken: int
    complete: bool


def write_cache(
    stream: Any,
    out: Place | str | Path,
    *,
    samples: int,
    settings: CacheSettings | None = None,
    workers: int = 0,
    device: str = "cpu",
    runner: RunnerName = "local",
    rank: int = 0,
    world: int = 1,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> WriteReport:
    """Write the first ``samples`` samples of a stream as a cache of finished pictures.

    Shard ``n`` holds the samples ``n * S … (n + 1) * S - 1``, where S is ``settings.samples_per_shard``, counted on
    through the stream's epochs 0, 1, 2 … Every shard is made alone, by whichever process, and appears whole or not at
    all. The same call again writes what is missing and nothing else. On a CPU the bytes are the same wherever and with
    however many workers they are made; light made on CUDA may differ by a rounding from card to card.

    Args:
        stream: whose samples: a dataset of the package, or a map-style one (:class:`MapStream` has its settings).
        out: folder or URL, see ``sos_online.storage.open_place``; made if it is not there.
        samples: how many; more than an epoch has are taken from the next epochs.
        settings: how samples are stored.
        workers: processes; 0 works in this one. On Ray, how many shards are made at once: 0 is all that it can.
        device: where light is made, in each of the processes.
        runner: ``local``: processes here. ``ray``: a Ray cluster.
        rank, world: of several calls that share the work, such as a job array: this one makes the shards
            ``n % world == rank``. Whichever finishes last marks the cache complete.
        progress: called with samples done and their total, of this call's shards.

    Raises:
        CacheError: ``out`` holds another cache, or cannot be written; a sample cannot be stored.
        StreamError: an argument is out of range.
        SOSError: a sample cannot be made, unless the stream's ``on_error`` says otherwise.
    """
    stream = as_stream(stream)
    require("settings", settings, settings is None or isinstance(settings, CacheSettings), "CacheSettings(…)")
    require("samples", samples, isinstance(samples, int) and samples >= 1, "an integer from 1 on")
    require("workers", workers, isinstance(workers, int) and workers >= 0, "an integer from 0 on")
    whole = isinstance(rank, int) and isinstance(world, int)
    require("rank, world", (rank, world), whole and 0 <= rank < world, "integers, 0 <= rank < world")
    run = runner_of(runner)
    DeviceStage(device)  # an error now rather than in every worker
    settings = settings or CacheSettings()
    SampleDescription(stream, scene=settings.scene)
    folder = CacheFolder(out)
    maker = ShardMaker(stream, folder, settings, samples, device)
    require("samples_per_shard", settings.samples_per_shard, len(maker) <= _MAX_SHARDS, f"{_MAX_SHARDS} shards at most")
    folder.begin(stream_manifest(stream, settings, samples=samples, light_pending=False))
    folder.remove_leftovers()

    numbers = range(rank, len(maker), world)
    missing = [number for number in numbers if not folder.has_shard(maker.name(number))]
    total = sum(map(maker.size, numbers))
    there = total - sum(map(maker.size, missing))
    written = size = segments = photos = broken = 0
    progress(there, total)
    try:
        for made in run(maker, missing, workers):
            written, size = written + made.samples, size + made.size
            segments, photos, broken = (
                before + now for before, now in zip((segments, photos, broken), made.failures, strict=True)
            )
            progress(there + written, total)
    finally:
        folder.remove_leftovers()  # of workers that were stopped in the middle of a shard
    complete = folder.finish(map(maker.name, range(len(maker))))
    return WriteReport(written, there, len(missing), size, segments, photos, broken, complete)
