"""MM-Grounding-DINO so small, and with random weights, that it trains on a CPU: to try the chain, not to find anything.

Its tokenizer spells words letter by letter, so nothing is downloaded.
"""

from __future__ import annotations

import string
from typing import Any

from tokenizers import Tokenizer
from tokenizers.decoders import WordPiece as JoinedWordPieces
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing
from transformers import (
    BertConfig,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    PreTrainedTokenizerFast,
    SwinConfig,
)

# of bert-base-uncased; the model's code knows them by these numbers
_SPECIAL = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, ".": 1012, "?": 1029}


def tiny_processor() -> Any:
    """Pictures, padded but of any size; and text, as BERT's tokenizer reads it, in letters."""
    letters = [letter for letter in string.printable.strip() if letter not in ".?" + string.ascii_uppercase]
    pieces = letters + [f"##{letter}" for letter in letters]
    vocabulary = {**_SPECIAL, **{piece: 200 + number for number, piece in enumerate(pieces)}}
    words = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    words.normalizer = BertNormalizer(lowercase=True)
    words.pre_tokenizer = BertPreTokenizer()
    words.post_processor = BertProcessing(("[SEP]", _SPECIAL["[SEP]"]), ("[CLS]", _SPECIAL["[CLS]"]))
    words.decoder = JoinedWordPieces()
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words, model_max_length=512, mask_token="[MASK]", **names
    )
    return GroundingDinoProcessor(GroundingDinoImageProcessor(), tokenizer)  # type: ignore[no-untyped-call]


def tiny_model() -> Any:
    """About 0.5 million random weights."""
    stages: dict[str, Any] = {"depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "out_indices": [2, 3, 4]}
    backbone = SwinConfig(image_size=64, embed_dim=16, window_size=4, drop_path_rate=0.0, **stages)
    text = BertConfig(
        vocab_size=1030, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    config = MMGroundingDinoConfig(
        backbone_config=backbone, text_config=text, d_model=32, num_queries=20, num_feature_levels=3,
        encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, dropout=0.0, fusion_droppath=0.0, auxiliary_loss=True,
    )  # fmt: skip
    return MMGroundingDinoForObjectDetection(config)
