"""For Grounding DINO and MM-Grounding-DINO in Hugging Face's ``transformers``: phrases, and the boxes they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_convert

from sos_online.data.adapters.phrase_tokens import DELIMITERS, PhraseTokenizer, PhraseTokens
from sos_online.data.finish import FinishOnCpu
from sos_online.data.stream import SampleStream, require
from sos_online.rng import Purpose, sample_generator
from sos_online.targets.captions import expressions_of
from sos_online.targets.prompts import category_caption
from sos_online.types import Target

Phrases = list[tuple[str, list[int]]]


class GroundingDinoCollate:
    """``collate_fn`` for ``GroundingDinoForObjectDetection`` and ``MMGroundingDinoForObjectDetection``.

    Give the model the loss that goes with it, once: ``model.loss_function = grounding_dino_loss``.

    **Text.** A sample with expressions is prompted with them, those that mean nothing too, in random order; any other
    with names of categories: those that are in the image, then ``negatives`` that are known to be absent (see
    ``category_caption``). What is drawn is a function of ``seed`` and ``image_id`` (and ``source``, in a mixture). What
    full stops, repetitions and a text that is too long become is said in :class:`PhraseTokenizer`; nothing is ever cut.

    **Boxes.** An object that no phrase of the text means has no box: it is a negative for all of them. One that several
    phrases mean has one box, on the tokens of all of them. A crowd region has none, and a phrase that means nothing
    else is left out.

    Args:
        processor: such as ``AutoProcessor.from_pretrained(…)``: its ``image_processor`` and ``tokenizer``.
        dataset: the stream whose samples these are: it knows the names of the categories, and which were looked for.
        negatives: how many names of absent categories at most.
        max_tokens: of a text: the model's ``config.max_text_len``.
        seed: of what is drawn.
        options: more for the image processor's call, such as ``size``.

    Returns (when called):
        ``pixel_values`` and ``pixel_mask``; ``input_ids``, ``attention_mask`` and ``token_type_ids``, int64 ``[B, L]``;
        and ``labels``, for each image ``boxes`` float32 ``[N, 4]`` (centre and size, in shares of the picture without
        its padding, as the models predict them), ``positive_map`` bool ``[N, L]`` (the tokens that mean each box),
        ``class_labels`` int64 ``[N]`` (number of the first phrase that does), ``image_id`` and ``orig_size``
        (height, width).

    Raises:
        StreamError: an argument is wrong, or an expression means a row that is not there (when called).
    """

    def __init__(
        self,
        processor: Any,
        dataset: SampleStream,
        *,
        negatives: int = 20,
        max_tokens: int = 256,
        seed: int = 0,
        **options: Any,
    ) -> None:
        require("negatives", negatives, isinstance(negatives, int) and negatives >= 0, "an integer from 0 on")
        require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
        self._image_processor = processor.image_processor
        self._text = PhraseTokenizer(processor.tokenizer, max_tokens=max_tokens)
        self._dataset = dataset
        self._negatives = negatives
        self._seed = seed
        self._options = options
        self._finish = FinishOnCpu()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> Any:
        finished = self._finish(samples)
        texts = [self._text(self._phrases(target)) for _, target in finished]
        batch = self._batch([image for image, _ in finished], texts)
        length = batch["input_ids"].shape[1]
        batch["labels"] = [
            _labels(text, image, target, length) for text, (image, target) in zip(texts, finished, strict=True)
        ]
        return batch

    def ask(self, images: Sequence[Tensor], phrases: Sequence[str]) -> Any:
        """A batch to find what one phrase means in each image, uint8 ``[3, H, W]``; see :func:`grounding_dino_answers`.

        Returns:
            As a call, with ``phrase_tokens``, bool ``[B, L]``, in place of ``labels``: the tokens of the phrase, none
            if it has no token that the vocabulary knows, or too many.
        """
        texts = [self._text([(phrase, [])]) for phrase in phrases]
        batch = self._batch(images, texts)
        marked = torch.zeros_like(batch["input_ids"], dtype=torch.bool)
        for row, text in zip(marked, texts, strict=True):
            for phrase in text.phrases:
                row[phrase.begin : phrase.end] = True
        batch["phrase_tokens"] = marked
        return batch

    def _phrases(self, target: Target) -> Phrases:
        """What a sample is prompted with, in the order in which it is taken into the text."""
        # also where expressions are already made of chance: those of the last kind would never fit
        place = self._seed, target.get("source", 0), int(target["image_id"]) % 2**64
        generator = sample_generator(*place, purpose=Purpose.CAPTIONS)
        if "expressions" in target:
            said = expressions_of(target)
            phrases = [(said[i]["text"], said[i]["rows"]) for i in generator.permutation(len(said))]
        else:
            names, annotated = self._dataset.category_names, self._dataset.annotated_labels(target)
            caption = category_caption(target, names, annotated, generator, negatives=self._negatives)
            phrases = [(phrase.text, list(phrase.rows)) for phrase in caption.phrases]
            phrases.sort(key=lambda phrase: not phrase[1])
        has_box = _with_box(target)
        boxed = [(text, [row for row in rows if has_box[row]]) for text, rows in phrases]
        # a phrase whose rows have all gone would say that there is no such thing
        return [after for after, (_, rows) in zip(boxed, phrases, strict=True) if after[1] or not rows]

    def _batch(self, images: Sequence[Tensor], texts: Sequence[PhraseTokens]) -> Any:
        # boxes do not pass through the processor: it would make them shares of the padded picture
        batch = self._image_processor(
            images=list(images), return_tensors="pt", input_data_format="channels_first", **self._options
        )
        ids = [torch.tensor(text.input_ids) for text in texts]
        batch["input_ids"] = pad_sequence(ids, batch_first=True, padding_value=DELIMITERS["[PAD]"])
        batch["attention_mask"] = pad_sequence([torch.ones_like(text) for text in ids], batch_first=True)
        batch["token_type_ids"] = torch.zeros_like(batch["input_ids"])
        return batch


def grounding_dino_answers(
    outputs: Any, phrase_tokens: Tensor, sizes_hw: Sequence[tuple[int, int]]
) -> list[dict[str, Tensor]]:
    """What a model found for the phrases of :meth:`GroundingDinoCollate.ask`.

    Args:
        outputs: of the model.
        phrase_tokens: of the batch.
        sizes_hw: height and width of each picture in pixels, without padding.

    Returns:
        For each image ``boxes`` float32 XYXY ``[Q, 4]`` in its pixels, and ``scores`` float32 ``[Q]``, 0 … 1: the mean
        over the phrase's tokens, 0 if it has none. All on the CPU, in the model's order.
    """
    length = phrase_tokens.shape[1]
    share = phrase_tokens / phrase_tokens.sum(1, keepdim=True).clamp(min=1)
    scores = (outputs.logits[..., :length].float().sigmoid() @ share[..., None]).squeeze(-1).cpu()
    boxes = box_convert(outputs.pred_boxes.float(), "cxcywh", "xyxy").clamp(0, 1).cpu()
    scale = torch.tensor([[width, height, width, height] for height, width in sizes_hw])
    return [
        {"boxes": found * size, "scores": its_scores}
        for found, size, its_scores in zip(boxes, scale, scores, strict=True)
    ]


def _labels(text: PhraseTokens, image: Tensor, target: Target, length: int) -> dict[str, Tensor]:
    height, width = image.shape[-2:]
    rows = sorted({row for phrase in text.phrases for row in phrase.rows})
    positive = torch.zeros(len(rows), length, dtype=torch.bool)
    first = torch.zeros(len(rows), dtype=torch.int64)
    for number, phrase in reversed([*enumerate(text.phrases)]):
        for place in map(rows.index, phrase.rows):
            positive[place, phrase.begin : phrase.end] = True
            first[place] = number
    boxes = box_convert(target["boxes"].as_subclass(Tensor)[rows].float(), "xyxy", "cxcywh")
    return {
        "boxes": boxes / torch.tensor([width, height, width, height]),
        "positive_map": positive,
        "class_labels": first,
        "image_id": torch.tensor([target["image_id"]]),
        "orig_size": torch.tensor([height, width]),
    }


def _with_box(target: Target) -> list[bool]:
    """Which rows a model can learn as one object: no crowd regions, and no empty boxes."""
    x1, y1, x2, y2 = target["boxes"].as_subclass(Tensor).unbind(1)
    with_box: list[bool] = ((target["iscrowd"] == 0) & (x2 > x1) & (y2 > y1)).tolist()
    return with_box
