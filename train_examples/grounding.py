"""Train MM-Grounding-DINO (Hugging Face) on expressions that are true, and measure how well it refers.

    python train_examples/grounding.py train_examples/configs/grounding/tiny.yaml --out runs/tiny
    torchrun --nproc-per-node 4 train_examples/grounding.py train_examples/configs/grounding/mm_grounding_dino.yaml \\
        --out runs/grounding --library my_library --val-images val2017 --val-expressions expressions.json

With a section ``real`` in the config, part of every batch are annotated photographs, prompted with names of categories.

Referring is measured on two sets. ``human`` are expressions that people wrote for photographs, a JSON list as
``read_human_expressions`` takes it: the number that counts. ``held_out`` are scenes of another seed.

OUT/log.jsonl holds what is printed, OUT/model the trained model and its processor. ``--resume`` goes on from
OUT/checkpoint.pt as if nothing had happened; without it, the log begins anew.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import BaseModel, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError
from referring import evaluate, human_questions, on_device, questions_of
from tiny_grounding_dino import tiny_model, tiny_processor
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torchvision.transforms.v2 import RandomHorizontalFlip
from transformers import AutoProcessor, MMGroundingDinoForObjectDetection

import sos_online as sos
from sos_online.data.adapters import GroundingDinoCollate, grounding_dino_loss


class Real(BaseModel, frozen=True, extra="forbid"):
    """Annotated photographs beside the stream."""

    images: Path  # folder of a COCO-format set
    annotations: Path  # its instance JSON
    weight: PositiveFloat  # its share, where the stream's is 1


class Config(BaseModel, frozen=True, extra="forbid"):
    """The content of a YAML file in ``configs/grounding``."""

    model: str  # on the hub, or a folder; or "tiny": random weights
    size: dict[str, int]  # of pictures, as the image processor takes it
    recipe: sos.Recipe  # itself, or the name of its file, relative to this one's
    real: Real | None = None
    seed: NonNegativeInt = 0
    steps: PositiveInt
    batch_size: PositiveInt  # of each rank
    num_workers: NonNegativeInt
    learning_rate: PositiveFloat  # of what reads neither pictures nor text; it falls to 0 along a line
    backbone_rate: NonNegativeFloat  # share of it for what does
    weight_decay: NonNegativeFloat
    held_out: PositiveInt  # number of scenes
    log_every: PositiveInt
    evaluate_every: PositiveInt
    checkpoint_every: PositiveInt


def load_config(path: Path) -> Config:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        if isinstance(content, dict) and isinstance(content.get("recipe"), str):
            content["recipe"] = sos.Recipe.load(path.parent / content["recipe"])
        config = Config.model_validate(content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SystemExit(f"{path}: {error}") from None
    if config.recipe.expressions is None:
        raise SystemExit(f"{path}: recipe: expected a section 'expressions', which is what is learned")
    return config


def load_model(name: str) -> tuple[Any, Any]:
    """The model, with the loss that goes with the collate, and its processor."""
    if name == "tiny":
        model, processor = tiny_model(), tiny_processor()
    else:  # weights are safetensors or nothing
        model = MMGroundingDinoForObjectDetection.from_pretrained(name, use_safetensors=True, auxiliary_loss=True)
        processor = AutoProcessor.from_pretrained(name)  # type: ignore[no-untyped-call]
    model.loss_function = grounding_dino_loss
    return model, processor


def make_optimizer(model: nn.Module, config: Config) -> torch.optim.Optimizer:
    groups: list[dict[str, Any]] = [
        {"params": [weight for name, weight in model.named_parameters() if "backbone" not in name]},
        {"params": [weight for name, weight in model.named_parameters() if "backbone" in name]},
    ]
    groups[1]["lr"] = config.learning_rate * config.backbone_rate  # what reads pictures, and what reads text
    return torch.optim.AdamW(groups, config.learning_rate, weight_decay=config.weight_decay)


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: dict[str, Any], step: int) -> float:
    torch.manual_seed(step)  # dropout: the same after --resume
    device = batch["pixel_values"].device
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        loss: Tensor = model(**batch).loss
    if not loss.isfinite():
        raise SystemExit(f"step {step}: the loss is not finite; try a lower learning_rate")
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    return loss.item()


def train(options: argparse.Namespace, device: torch.device) -> None:
    config = load_config(options.config)
    ranks = sos.Ranks.detect()
    library = sos.SegmentLibrary.open(options.library) if options.library else sos.SegmentLibrary.demo()
    photos = sos.Backgrounds.open(options.backgrounds) if options.backgrounds else None
    stream = sos.SOSDataset(library, config.recipe, seed=config.seed, backgrounds=photos)
    held_out = sos.SOSDataset(library, config.recipe, seed=config.seed + 1, length=config.held_out, backgrounds=photos)
    dataset: sos.SampleStream = stream
    if config.real:
        coco = sos.CocoDataset(config.real.images, config.real.annotations, masks=False)
        flipped = sos.MapStream(coco, seed=config.seed, transforms=RandomHorizontalFlip())
        dataset = sos.mix({"stream": stream, "real": flipped}, weights=[1, config.real.weight], seed=config.seed)

    human = {}
    if options.val_expressions:
        human["human"] = [*human_questions(options.val_expressions, options.val_images)]
    sets = {"held_out": [*questions_of(held_out)], **human}
    options.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(config.seed)
    model, processor = load_model(options.model or config.model)
    model.to(device).train()
    longest = model.config.max_text_len
    collate = GroundingDinoCollate(processor, dataset, max_tokens=longest, size=config.size, device=device)
    workers = config.num_workers
    loader = sos.make_loader(dataset, config.batch_size, num_workers=workers, device=device, dtype=torch.uint8)
    optimizer = make_optimizer(model, config)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / config.steps)

    checkpoint: Path = options.out / "checkpoint.pt"
    log: Path = options.out / "log.jsonl"
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "rate": rate, "loader": loader}
    if options.resume and checkpoint.exists():
        for name, state in torch.load(checkpoint, map_location="cpu", weights_only=True).items():
            parts[name].load_state_dict(state)
    done = rate.last_epoch

    def report(step: int, **numbers: float) -> None:
        if ranks.rank == 0:
            print(f"step {step:>6}", *(f"{name} {value:.4g}" for name, value in numbers.items()), sep="  ", flush=True)
            with log.open("a") as file:
                file.write(json.dumps({"step": step, **numbers}) + "\n")

    def report_scores(step: int) -> None:
        for name, questions in sets.items():
            scores = evaluate(model, collate, questions, config.batch_size, device)
            report(step, **{f"{name}_{metric}": value for metric, value in scores.items()})

    if done == 0:
        if ranks.rank == 0:
            log.write_text("")  # an earlier run may have left one
        report_scores(0)
    # what proposes boxes has no part in the loss of transformers
    trained = DistributedDataParallel(model, find_unused_parameters=True) if ranks.world > 1 else model
    batches = chain.from_iterable(repeat(loader))  # epoch after epoch
    losses, clock = [], time.perf_counter()
    for step, (images, targets) in zip(range(done + 1, config.steps + 1), batches, strict=False):
        batch = on_device(collate(list(zip(images, targets, strict=True))), device)
        losses.append(train_step(trained, optimizer, batch, step))
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
    if ranks.rank == 0:
        model.save_pretrained(options.out / "model")
        processor.save_pretrained(options.out / "model")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint, the model and the log")
    parser.add_argument("--model", help="on the hub, or a folder; the config's if left out")
    parser.add_argument("--library", type=Path, help="segment library; the embedded demo if left out")
    parser.add_argument("--backgrounds", type=Path, help="folder of photos; drawn backgrounds if left out")
    parser.add_argument("--val-images", type=Path, help="folder of photographs")
    parser.add_argument("--val-expressions", type=Path, help="JSON list of what people wrote for them")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt if it is there")
    options = parser.parse_args(arguments)
    if (options.val_images is None) != (options.val_expressions is None):
        parser.error("--val-images and --val-expressions go together")
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
