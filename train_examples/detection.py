"""Train a torchvision detector on the stream, and measure it with COCO AP.

    python train_examples/detection.py train_examples/configs/detection_cpu.yaml --out runs/cpu
    torchrun --nproc-per-node 4 train_examples/detection.py train_examples/configs/detection.yaml --out runs/coco \\
        --library my_library --backgrounds photos --val-images val2017 --val-annotations instances_val2017.json

With a section ``real`` in the config, part of every batch are annotated photographs, such as 1 % of COCO's
(``configs/low_data.yaml``). Without --library, the library is then made of the objects on the same photographs, in
OUT/library; no other image of the set is touched.

AP is measured on two sets. ``real`` is the COCO-format set given on the command line, joined to the library by the
names of the categories: the number that counts. ``held_out`` are scenes of another seed, made of the same segments: it
shows that the model learns what it is shown, not that it knows photographs.

OUT/log.jsonl holds what is printed. ``--resume`` goes on from OUT/checkpoint.pt as if nothing had happened; without it,
the log begins anew.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import torch
import yaml
from PIL import Image
from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torchvision.models import get_model
from torchvision.models.detection import MaskRCNN
from torchvision.transforms.v2 import RandomHorizontalFlip
from torchvision.transforms.v2.functional import pil_to_tensor

import sos_online as sos
from sos_online.evaluate import CocoEvaluator, annotations_of, match_categories

ReadImage = Callable[[dict[str, Any]], Tensor]  # an entry of the "images" of a COCO file -> uint8 [3, H, W]


class Real(BaseModel, frozen=True, extra="forbid"):
    """Annotated photographs beside the stream."""

    images: Path  # folder of a COCO-format set
    annotations: Path  # its instance JSON
    share: PositiveFloat = Field(1, le=1)  # of its images: the others are never touched
    seed: NonNegativeInt = 0  # which ones; smaller shares are part of larger ones
    weight: NonNegativeFloat = Field(0.5, le=1)  # share of photographs in what is trained on, at the first step
    last_weight: NonNegativeFloat | None = Field(None, le=1)  # at the last step, if it is to change along a line

    def schedule(self, steps: int) -> sos.Schedule:
        last = self.weight if self.last_weight is None else self.last_weight
        return sos.Schedule.linear([1 - self.weight, self.weight], [1 - last, last], end=steps)


class Config(BaseModel, frozen=True, extra="forbid"):
    """The content of a YAML file in ``configs/``."""

    detector: str  # a Faster R-CNN or Mask R-CNN builder in torchvision
    detector_options: dict[str, Any] = {}  # its further arguments
    backbone_weights: str | None = None  # a name in the backbone's enum, such as IMAGENET1K_V2
    recipe: sos.Recipe = sos.Recipe()  # itself, or the name of its file, relative to this one's
    real: Real | None = None
    seed: NonNegativeInt = 0
    steps: PositiveInt
    batch_size: PositiveInt  # of each rank
    num_workers: NonNegativeInt
    learning_rate: PositiveFloat  # after the warm-up; it falls to 0 along a cosine
    warmup_steps: NonNegativeInt
    weight_decay: NonNegativeFloat
    held_out: PositiveInt  # number of scenes
    log_every: PositiveInt
    evaluate_every: PositiveInt
    checkpoint_every: PositiveInt

    def share_of_rate(self, step: int) -> float:
        warm_up = min(1, (step + 1) / (self.warmup_steps + 1))
        return warm_up * (1 + math.cos(math.pi * step / self.steps)) / 2


def load_config(path: Path) -> Config:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        if isinstance(content, dict) and isinstance(content.get("recipe"), str):
            content["recipe"] = sos.Recipe.load(path.parent / content["recipe"])
        return Config.model_validate(content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SystemExit(f"{path}: {error}") from None


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Any, targets: Any, step: int) -> float:
    torch.manual_seed(step)  # torchvision samples anchors and proposals: the same ones after --resume
    with torch.autocast(images[0].device.type, torch.bfloat16, enabled=images[0].is_cuda):
        losses: dict[str, Tensor] = model(images, targets)
    loss = torch.stack([part.float() for part in losses.values()]).sum()
    if not loss.isfinite():
        parts = ", ".join(f"{name} {part:.3g}" for name, part in losses.items())
        raise SystemExit(f"step {step}: the loss is not finite ({parts}); try a lower learning_rate")
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def open_evaluator(truth: Any, names: list[str], masks: bool) -> CocoEvaluator:
    """For ``truth``, a COCO file or its content."""
    labels, _ = match_categories(names, truth)
    return CocoEvaluator(truth, labels, ("bbox", "segm") if masks else ("bbox",))


@torch.no_grad()
def evaluate(model: nn.Module, names: list[str], truth: Any, read: ReadImage, device: torch.device) -> dict[str, float]:
    """COCO AP over the images of ``truth``; each rank sees its share of them."""
    evaluator = open_evaluator(truth, names, isinstance(model, MaskRCNN))
    ranks = sos.Ranks.detect()
    model.eval()
    for image_id, entry in list(evaluator.images.items())[ranks.rank :: ranks.world]:
        evaluator.add(image_id, model([read(entry).to(device) / 255])[0])
    model.train()
    return evaluator.summarize(all_ranks=True)


def open_library(options: argparse.Namespace, real: Real | None, chosen: frozenset[str]) -> sos.SegmentLibrary:
    if options.library:
        return sos.SegmentLibrary.open(options.library)
    if real is None:
        return sos.SegmentLibrary.demo()
    source = sos.CocoInstances(real.images, real.annotations, only_images=chosen)
    return sos.build_library(options.out / "library", [source])  # made once: other ranks and --resume open it


def check_real_set(options: argparse.Namespace, names: list[str], masks: bool) -> None:
    """Find what is missing now, and not at the first evaluation."""
    for entry in open_evaluator(options.val_annotations, names, masks).images.values():
        photo = options.val_images / entry.get("file_name", "")
        if not photo.is_file():
            raise sos.SOSError(f"--val-images: {photo} is not there, an image of {options.val_annotations}")
    missing = match_categories(names, options.val_annotations)[1]
    if sos.Ranks.detect().rank == 0:
        print(f"{len(missing)} of {len(names)} categories are not in {options.val_annotations}:", *missing)


def read_photo(path: Path) -> Tensor:
    photo: Tensor = pil_to_tensor(Image.open(path).convert("RGB"))
    return photo


def train(options: argparse.Namespace, device: torch.device) -> None:
    config = load_config(options.config)
    ranks = sos.Ranks.detect()
    real = config.real
    chosen = sos.choose_images(real.annotations, real.share, real.seed) if real else frozenset()
    library = open_library(options, real, chosen)
    photos = sos.Backgrounds.open(options.backgrounds) if options.backgrounds else None
    stream = sos.SOSDataset(library, config.recipe, seed=config.seed, backgrounds=photos)
    held_out = sos.SOSDataset(library, config.recipe, seed=config.seed + 1, length=config.held_out, backgrounds=photos)
    masks = "mask" in config.detector
    dataset: sos.SampleStream = stream
    if real:
        coco = sos.CocoDataset(real.images, real.annotations, only_images=chosen, masks=masks)
        flipped = sos.MapStream(coco, seed=config.seed, transforms=RandomHorizontalFlip())
        schedule = real.schedule(config.steps).in_steps(batch_size=config.batch_size, world=ranks.world)
        dataset = sos.mix({"stream": stream, "real": flipped}, schedule=schedule, seed=config.seed)
    names = list(dataset.category_names)  # the library's, and behind them those of which it has no segment
    if options.val_annotations:
        check_real_set(options, names, masks)
    options.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(config.seed)
    model: nn.Module = get_model(
        config.detector,
        weights=None,
        weights_backbone=config.backbone_weights,
        num_classes=len(names) + 1,  # and 0 for the background
        **config.detector_options,
    )
    model.to(device).train()
    loader = sos.make_loader(dataset, config.batch_size, num_workers=config.num_workers, device=device, masks=masks)
    optimizer = torch.optim.SGD(model.parameters(), config.learning_rate, 0.9, weight_decay=config.weight_decay)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, config.share_of_rate)

    checkpoint: Path = options.out / "checkpoint.pt"
    log: Path = options.out / "log.jsonl"
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "rate": rate, "loader": loader}
    if options.resume and checkpoint.exists():
        for name, state in torch.load(checkpoint, map_location="cpu", weights_only=True).items():
            parts[name].load_state_dict(state)
    done = rate.last_epoch

    truth = annotations_of(map(held_out.sample, range(config.held_out)), names)
    sets: dict[str, tuple[Any, ReadImage]] = {"held_out": (truth, lambda entry: held_out.sample(entry["id"])[0])}
    if options.val_annotations:
        sets["real"] = options.val_annotations, lambda entry: read_photo(options.val_images / entry["file_name"])

    def report(step: int, **numbers: float) -> None:
        if ranks.rank == 0:
            print(f"step {step:>6}", *(f"{name} {value:.4g}" for name, value in numbers.items()), sep="  ", flush=True)
            with log.open("a") as file:
                file.write(json.dumps({"step": step, **numbers}) + "\n")

    def report_scores(step: int) -> None:
        for name, (truth, read) in sets.items():
            scores = evaluate(model, names, truth, read, device)
            report(step, **{f"{name}_{metric}": value for metric, value in scores.items()})

    if done == 0:
        if ranks.rank == 0:
            log.write_text("")  # an earlier run may have left one
        report_scores(0)
    trained = DistributedDataParallel(model) if ranks.world > 1 else model
    batches = chain.from_iterable(repeat(loader))  # epoch after epoch
    losses, clock = [], time.perf_counter()
    for step, (images, targets) in zip(range(done + 1, config.steps + 1), batches, strict=False):
        losses.append(train_step(trained, optimizer, images, targets, step))
        rate.step()
        last = step == config.steps
        if step % config.log_every == 0 or step % config.evaluate_every == 0 or last:
            speed = len(losses) * config.batch_size * ranks.world / (time.perf_counter() - clock)
            report(step, loss=sum(losses) / len(losses), img_per_s=speed)
            losses, clock = [], time.perf_counter()
        if step % config.evaluate_every == 0 or last:
            report_scores(step)
            clock = time.perf_counter()
        if ranks.rank == 0 and (step % config.checkpoint_every == 0 or last):
            torch.save({name: part.state_dict() for name, part in parts.items()}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint and the log")
    parser.add_argument("--library", type=Path, help="segment library; the embedded demo if left out")
    parser.add_argument("--backgrounds", type=Path, help="folder of photos; drawn backgrounds if left out")
    parser.add_argument("--val-images", type=Path, help="images of a COCO-format set")
    parser.add_argument("--val-annotations", type=Path, help="its instance JSON")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt if it is there")
    options = parser.parse_args(arguments)
    if (options.val_images is None) != (options.val_annotations is None):
        parser.error("--val-images and --val-annotations go together")
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    if "RANK" in os.environ:  # torchrun sets it
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        train(options, device)
    except (sos.SOSError, OSError) as error:  # their messages name the file or the argument
        raise SystemExit(f"error: {error}") from None
    if "RANK" in os.environ:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
