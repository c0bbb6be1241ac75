"""What light costs an image, on a CPU (one thread) and on CUDA, beside the least that it could cost.

    python benchmarks/light.py --devices cpu cuda --json light.json

Contestants take turns, call by call, so that a machine whose speed drifts slows all of them alike; medians are
compared. On a CPU the seconds are this process's own, so that other work on the machine counts little. The floor of
work that is bound by memory is the bytes that it must read and write over the bandwidth of a large copy, measured in
the same run. "published" is rank-sigmoid blending in the way of the published scripts, written anew: one image at a
time with scikit-image, segments found as the colours of a panoptic picture and masked by comparing its channels. It is
left out where scikit-image is not installed. Diffusion light is timed on CUDA alone, with random weights; its floor is
its operations over the rate of a large matrix product. Prints a table; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from light_compositing import composite_inputs, least_bytes
from torch import Tensor

import sos_online as sos
from sos_online.compose import paint
from sos_online.relight import Composites, Lighting
from sos_online.relight.blend import blend
from sos_online.relight.camera import camera
from sos_online.relight.photometric import Photometric
from sos_online.types import Blender, CameraSpec, LightSpec

SIDES = (640, 1024)
OBJECTS = 12
BATCH = {"cpu": 1, "cuda": 16}
PUBLISHED = "blend, published"


@dataclass(frozen=True)
class Contestant:
    """One way to do one thing: ``call`` does it for a whole batch; ``floor`` is the least, in seconds an image."""

    call: Callable[[], object]
    floor: float
    images: int | None = None  # of a call; the batch if None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", nargs="+", choices=sorted(BATCH), default=["cpu"])
    parser.add_argument("--sides", nargs="+", type=int, default=SIDES)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures = []
    with torch.no_grad():
        for device in map(torch.device, arguments.devices):
            bandwidth = copy_bandwidth(device)
            print(f"\n{machine_name(device)}: {bandwidth / 1e9:.1f} GB/s, batches of {BATCH[device.type]}")
            for side in arguments.sides:
                contestants = all_contestants(side, device, bandwidth)
                times = take_turns(contestants, arguments.rounds, device)
                figures += report(contestants, times, device, side)
            if device.type == "cuda" and find_spec("diffusers"):
                contestants = diffusion(composites_of_demo(max(SIDES), device))
                figures += report(contestants, take_turns(contestants, 2, device, warm_up=1), device, max(SIDES))
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"machine": machine(arguments.devices), "figures": figures}, indent=1) + "\n"
        )


def all_contestants(side: int, device: torch.device, bandwidth: float) -> dict[str, Contestant]:
    composites = composites_of_demo(side, device)
    contestants = {
        **compositing(side, device, bandwidth),
        **relighting(composites, bandwidth),
        **blending(composites, bandwidth),
    }
    if device.type == "cpu":
        contestants |= in_a_worker(side, bandwidth)
    return contestants


def compositing(side: int, device: torch.device, bandwidth: float) -> dict[str, Contestant]:
    canvases, patches = composite_inputs(device, BATCH[device.type], side, OBJECTS)
    floor = least_bytes(canvases, patches) / len(canvases) / bandwidth
    return {"composite": Contestant(partial(paint, canvases, patches), floor)}


def relighting(composites: Composites, bandwidth: float) -> dict[str, Contestant]:
    """Cheap light alone, with blending, and the camera with all it can do; each reads pictures and writes others."""
    images = composites.images
    touched = (2 * images[0].nbytes + composites.instance_maps[0].nbytes) / bandwidth
    count, photometric, lighting = len(composites), Photometric(), Lighting()
    lit = replace(composites, specs=[LightSpec("photometric", seed=seed) for seed in range(count)])
    blended = replace(lit, specs=[replace(spec, blenders=("rank_sigmoid",)) for spec in lit.specs])
    cameras = [LightSpec(camera=CameraSpec(blur=0.5, noise=4, jpeg=80), seed=seed) for seed in range(count)]
    return {
        "photometric": Contestant(partial(photometric, lit), touched),
        "photometric, blended": Contestant(partial(lighting, blended), touched),
        "camera": Contestant(partial(camera, images, cameras), touched),
    }


def in_a_worker(side: int, bandwidth: float) -> dict[str, Contestant]:
    """What a CPU's workers do, an image at a time, bytes in and out: without a camera, and by the default recipe."""
    recipe = sos.Recipe().replace(canvas={"sizes": [[side, side]]}, objects=[OBJECTS, OBJECTS])
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), recipe)
    samples = [dataset.sample(index) for index in range(12)]
    lighting = Lighting()

    def light(camera: bool) -> None:
        for image, target in samples:
            spec = target["light"] if camera else replace(target["light"], camera=CameraSpec())
            lighting.light_one(image, target["instance_map"], len(target["labels"]), spec)

    touched = (2 * 3 + 2) * side * side / bandwidth  # bytes of two pictures and a map
    return {
        "photometric, in a worker": Contestant(partial(light, camera=False), touched, len(samples)),
        "default light, in a worker": Contestant(partial(light, camera=True), touched, len(samples)),
    }


def diffusion(composites: Composites) -> dict[str, Contestant]:
    """IC-Light at full size. "one at a time" is this package's own loop with a batch of one, guidance fused already."""
    from light_diffusion import PROMPTS, flop_of, iclight_calls, matrix_rate

    specs = [LightSpec("iclight", prompt=PROMPTS[i % len(PROMPTS)], seed=i) for i in range(len(composites))]
    composites = replace(composites, specs=specs)
    rate = matrix_rate(composites.device, seconds_of)
    floors = {name: flop_of(call) / rate for name, call in iclight_calls(composites.take([0])).items()}
    return {name: Contestant(call, floors[name]) for name, call in iclight_calls(composites).items()}


def composites_of_demo(side: int, device: torch.device) -> Composites:
    """Composites of the built-in library with as many objects as the published timing had."""
    recipe = sos.Recipe().replace(canvas={"sizes": [[side, side]]}, objects=[OBJECTS, OBJECTS], light=None)
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), recipe)
    samples = [dataset.sample(index) for index in range(BATCH[device.type])]
    return Composites(
        images=torch.stack([image.as_subclass(Tensor) for image, _ in samples]).to(device).float() / 255,
        instance_maps=torch.stack([target["instance_map"].as_subclass(Tensor) for _, target in samples]).to(device),
        counts=[len(target["labels"]) for _, target in samples],
        specs=[LightSpec()] * len(samples),
    )


def blending(composites: Composites, bandwidth: float) -> dict[str, Contestant]:
    """Every blender on all objects; the relit pictures are the composites under a gradient."""
    images = composites.images
    relit = images * torch.linspace(0.4, 1.0, images.shape[-1], device=composites.device)
    touched = 3 * images[0].nbytes + composites.instance_maps[0].nbytes  # two pictures read, one written
    contestants = {}
    for name in get_args(Blender):
        if name != "relit":
            chosen = Composites(images, composites.instance_maps, composites.counts, named(name, len(composites)))
            contestants[f"blend, {name}"] = Contestant(partial(blend, chosen, relit), touched / bandwidth)
    if composites.device.type == "cpu" and find_spec("skimage"):
        eight_bit = [(batch * 255).round().byte().movedim(1, -1).numpy() for batch in (images, relit)]
        colours = np.random.default_rng(0).integers(1, 256, (composites.ids, 3), np.uint8)
        colours[0] = 0
        call = partial(published_batch, eight_bit[0], eight_bit[1], colours[composites.instance_maps.numpy()])
        contestants[PUBLISHED] = Contestant(call, touched / bandwidth)
    return contestants


def named(blender: Blender, count: int) -> list[LightSpec]:
    return [LightSpec("photometric", (blender,))] * count


def published_batch(composites: np.ndarray, relit: np.ndarray, panoptic: np.ndarray) -> None:
    """uint8 ``[B, H, W, 3]`` each; segments have colours, the background is black."""
    from skimage.color import lab2rgb, rgb2lab

    for composite, lit, picture in zip(composites, relit, panoptic, strict=True):
        colours = [colour for colour in np.unique(picture.reshape(-1, 3), axis=0) if colour.any()]
        order = sorted(colours, key=lambda colour: int((picture == colour).all(-1).sum()))
        own, result = rgb2lab(composite / 255), rgb2lab(lit / 255)
        for rank, colour in enumerate(order):
            share = 0.3 + 0.6 / (1 + np.exp(10 * (rank / max(len(order) - 1, 1) - 0.5)))
            inside = (picture == colour).all(-1)
            result[inside, 0] = share * result[inside, 0] + (1 - share) * own[inside, 0]
            result[inside, 1:] = own[inside, 1:]
        (lab2rgb(result) * 255).astype(np.uint8)


def copy_bandwidth(device: torch.device) -> float:
    """Bytes a second, read and written, of the best of several copies far larger than any cache."""
    source = torch.zeros(256 * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = partial(target.copy_, source)
    return 2 * source.nbytes / min(seconds_of(copy, device) for _ in range(10))


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    if device.type == "cpu":
        begin = time.process_time()
        call()
        return time.process_time() - begin
    torch.cuda.synchronize(device)
    begin = time.perf_counter()
    call()
    torch.cuda.synchronize(device)
    return time.perf_counter() - begin


def take_turns(
    contestants: dict[str, Contestant], rounds: int, device: torch.device, warm_up: int = 2
) -> dict[str, list[float]]:
    """Seconds an image, for each round; the first rounds warm up and are not counted."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds + warm_up):
        for name, contestant in contestants.items():
            images = contestant.images or BATCH[device.type]
            times[name].append(seconds_of(contestant.call, device) / images)
    return {name: seconds[warm_up:] for name, seconds in times.items()}


def report(
    contestants: dict[str, Contestant], times: dict[str, list[float]], device: torch.device, side: int
) -> list[dict[str, Any]]:
    print(
        f"{f'{side} x {side}':30}{'ms/image':>10}{'spread':>18}{'images/s':>10}{'floor, ms':>11}{'x floor':>9}", end=""
    )
    print(f"{'x published':>13}" if PUBLISHED in times else "")
    figures = []
    for name, seconds in times.items():
        median, floor = statistics.median(seconds), contestants[name].floor
        spread = f"{min(seconds) * 1e3:.2f}…{max(seconds) * 1e3:.2f}"
        print(
            f"{name:30}{median * 1e3:10.2f}{spread:>18}{1 / median:10.1f}{floor * 1e3:11.3f}{median / floor:9.1f}",
            end="",
        )
        figure = {"name": name, "device": device.type, "side": side, "seconds": seconds, "floor": floor}
        if PUBLISHED in times and name.startswith("blend"):
            # round by round: both sides of the ratio saw the same machine
            ratios = [base / own for base, own in zip(times[PUBLISHED], seconds, strict=True)]
            figure["over_published"] = statistics.median(ratios)
            print(f"{figure['over_published']:13.1f}", end="")
        print()
        figures.append(figure)
    return figures


def machine_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{os.cpu_count()} x {platform.processor() or platform.machine()}, one thread"


def machine(devices: list[str]) -> dict[str, str]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    names = {name: machine_name(torch.device(name)) for name in devices}
    return {**names, "torch": torch.__version__, "commit": commit.stdout.strip()}


if __name__ == "__main__":
    main()
