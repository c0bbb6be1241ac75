"""Real data: seconds to open a set of COCO's size, memory that each worker makes its own, and time of a sample.

    python benchmarks/real_data.py memory
    python benchmarks/real_data.py speed --images coco/train2017 --annotations instances_train2017.json

``memory`` makes up an instance file of as many images and objects as COCO's training set and one small JPEG, opens it,
and has a forked worker read every sample. What the worker then holds alone is memory that every further worker costs.
``speed`` times samples with masks beside torchvision's ``CocoDetection`` in ``wrap_dataset_for_transforms_v2``, turn by
turn, on one thread. Both print JSON lines.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2
from torchvision.transforms.v2.functional import pil_to_tensor

from sos_online.data.real import CocoDataset

_SIDE = 48


def write_large_set(folder: Path, images: int, objects: int, corners: int) -> tuple[Path, Path]:
    """``images`` entries of one JPEG, and ``objects`` polygons spread over them."""
    rng = np.random.default_rng(0)
    cv2.imwrite(str(folder / "0.jpg"), rng.integers(0, 255, (_SIDE, _SIDE, 3), np.uint8))
    path = folder / "instances.json"
    with path.open("w") as file:
        file.write(json.dumps({"categories": [{"id": number, "name": f"c{number}"} for number in range(1, 81)]})[:-1])
        entry = {"file_name": "0.jpg", "height": _SIDE, "width": _SIDE}
        listed = (json.dumps({"id": number, **entry}) for number in range(images))
        file.write(', "images": [' + ",".join(listed) + '], "annotations": [')
        for number in range(objects):
            polygon = rng.uniform(0, _SIDE, 2 * corners).round(2)
            (x1, y1), (x2, y2) = polygon.reshape(-1, 2).min(0).tolist(), polygon.reshape(-1, 2).max(0).tolist()
            annotation = {
                "id": number,
                "image_id": int(rng.integers(images)),
                "category_id": number % 80 + 1,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
                "segmentation": [polygon.tolist()],
            }
            file.write((",\n" if number else "\n") + json.dumps(annotation))
        file.write("]}")
    return folder, path


def private_megabytes() -> float:
    """Memory that this process shares with no other."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the system does not say what is private")


def growth_in_a_worker(dataset: Any, read: Callable[[int], object]) -> float:
    """Megabytes that a forked process has of its own after it has read all samples, more than after the first few."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        for index in range(min(100, len(dataset))):
            read(index)
        before = private_megabytes()
        for index in range(len(dataset)):
            read(index)
        os.write(send, f"{private_megabytes() - before}".encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as answer:
        grown = float(answer.read())
    os.waitpid(child, 0)
    return grown


def measure_memory(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        images, annotations = write_large_set(Path(folder), options.num_images, options.num_objects, options.corners)
        size = annotations.stat().st_size / 2**20
        begin = time.perf_counter()
        dataset = CocoDataset(images, annotations)
        seconds = time.perf_counter() - begin
        report(
            what="CocoDataset",
            file_mb=size,
            open_s=seconds,
            held_mb=held(dataset),
            worker_mb=growth_in_a_worker(dataset, dataset.__getitem__),
        )
        if options.torchvision:
            del dataset
            begin = time.perf_counter()
            theirs = CocoDetection(str(images), str(annotations))
            seconds = time.perf_counter() - begin
            report(what="CocoDetection", open_s=seconds, worker_mb=growth_in_a_worker(theirs, theirs.__getitem__))


def held(dataset: CocoDataset) -> float:
    """Megabytes of a dataset's arrays."""
    table = dataset._table
    outlines = table.outlines
    assert outlines is not None
    parts = [table.ids, table.names, table.sizes, table.first, table.positions, table.labels, table.boxes, table.areas]
    parts += [table.crowds, outlines.first_polygon, outlines.first_number, outlines.numbers, outlines.rle_counts]
    return float(sum(part.nbytes for part in parts)) / 2**20


def measure_speed(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    ours = CocoDataset(options.images, options.annotations, crowds=True)
    boxes = CocoDataset(options.images, options.annotations, crowds=True, masks=False)
    keys = ("boxes", "labels", "masks", "image_id", "area", "iscrowd")
    theirs = wrap_dataset_for_transforms_v2(CocoDetection(str(options.images), str(options.annotations)), keys)
    position = {image_id: index for index, image_id in enumerate(theirs.ids)}
    ids = [int(ours._table.ids[index].as_py()) for index in range(min(options.samples, len(ours)))]

    def read_theirs(index: int) -> None:
        image, _ = theirs[position[ids[index]]]
        pil_to_tensor(image)

    readers: dict[str, Callable[[int], object]] = {
        "CocoDataset": ours.__getitem__,
        "CocoDetection": read_theirs,
        "CocoDataset, masks=False": boxes.__getitem__,
    }
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(options.rounds):
        for name, read in readers.items():
            begin = time.perf_counter()
            for index in range(len(ids)):
                read(index)
            times[name].append((time.perf_counter() - begin) / len(ids) * 1000)
    for name, found in times.items():
        report(what=name, ms=statistics.median(found), least_ms=min(found), most_ms=max(found))


def report(**numbers: Any) -> None:
    print(json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in numbers.items()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    memory = commands.add_parser("memory")
    memory.add_argument("--num-images", type=int, default=118_000)
    memory.add_argument("--num-objects", type=int, default=860_000)
    memory.add_argument("--corners", type=int, default=23)
    memory.add_argument("--torchvision", action="store_true", help="measure CocoDetection too")
    memory.set_defaults(measure=measure_memory)
    speed = commands.add_parser("speed")
    speed.add_argument("--images", type=Path, required=True)
    speed.add_argument("--annotations", type=Path, required=True)
    speed.add_argument("--samples", type=int, default=200)
    speed.add_argument("--rounds", type=int, default=5)
    speed.set_defaults(measure=measure_speed)
    options = parser.parse_args()
    options.measure(options)


if __name__ == "__main__":
    main()
