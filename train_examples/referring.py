"""How well Grounding DINO refers: one expression at a time, in the pictures of a stream and in photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.v2.functional import pil_to_tensor

import sos_online as sos
from sos_online.data.adapters import FinishOnCpu, GroundingDinoCollate, grounding_dino_answers
from sos_online.evaluate import (
    GroundingEvaluator,
    GroundingPrediction,
    GroundingTruth,
    read_human_expressions,
    truth_of,
)

Question = tuple[Callable[[], Tensor], str, GroundingTruth]  # reads the picture, uint8 [3, H, W]; words; what they mean
ANSWER = 0.3  # the least score of an answer


def on_device(value: Any, device: torch.device) -> Any:
    """A batch, with all that is in it, on another device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, list):
        return [on_device(part, device) for part in value]
    return {key: on_device(part, device) for key, part in value.items()}


@torch.no_grad()
def evaluate(
    model: nn.Module, collate: GroundingDinoCollate, questions: list[Question], batch_size: int, device: torch.device
) -> dict[str, float]:
    """How well the model answers; each rank is asked its share."""
    ranks = sos.Ranks.detect()
    evaluator = GroundingEvaluator(score_threshold=ANSWER)
    asked = iter(questions[ranks.rank :: ranks.world])
    model.eval()
    while group := list(islice(asked, batch_size)):
        pictures = [read() for read, _, _ in group]
        batch = on_device(collate.ask(pictures, [words for _, words, _ in group]), device)
        marked = batch.pop("phrase_tokens")
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            outputs = model(**batch)
        sizes_hw = [(picture.shape[1], picture.shape[2]) for picture in pictures]
        for answer, (_, _, truth) in zip(grounding_dino_answers(outputs, marked, sizes_hw), group, strict=True):
            evaluator.add(GroundingPrediction(answer["boxes"], answer["scores"]), truth)
    model.train()
    return evaluator.summarize(all_ranks=True)


def questions_of(stream: sos.SampleStream) -> Iterator[Question]:
    """All that the samples of a stream say."""
    finish = FinishOnCpu()

    def picture(index: int) -> Tensor:
        return finish([stream.sample(index)])[0][0]

    for index in range(stream.length):
        _, target = stream.sample(index)
        for said in target["expressions"]:
            yield partial(picture, index), said["text"], truth_of(target, said)


def human_questions(expressions: Path, images: Path) -> Iterator[Question]:
    """What people wrote for photographs."""
    for said in read_human_expressions(expressions, images):
        yield partial(read_photo, said.image), said.text, said.truth()


def read_photo(path: Path) -> Tensor:
    photo: Tensor = pil_to_tensor(Image.open(path).convert("RGB"))
    return photo
