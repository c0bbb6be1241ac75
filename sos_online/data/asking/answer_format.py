"""A folder of answers: names of its files, and what they say.

answers.json    format version, what was asked about, the model, the version of the prompt, the library
answers.jsonl   one line for each thing that was asked about, in the order in which answers came; a later line of a key
                counts. Written by appending alone; each line has a checksum
.lock           held by whoever writes
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import ConfigDict, Field, ValidationError

from sos_online.errors import SOSError
from sos_online.storage.sealed import seal, unseal
from sos_online.types import Section

FORMAT_VERSION = 1
MANIFEST, LINES, LOCK = "answers.json", "answers.jsonl", ".lock"
MAX_LINE = 1 << 22

About = Literal["expressions", "words", "paraphrases"]
State = Literal["answered", "empty", "failed"]
STATES: tuple[State, ...] = get_args(State)
_Model = TypeVar("_Model", bound=Section)
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class AnswersManifest(Section):
    """``answers.json``.

    Attributes:
        written_by: version of sos_online, for the reader's information.
        about: what was asked about.
        model: as the server calls it.
        prompt_version: of the prompt for this.
        library: fingerprint of the library whose segments the answers are about; None if they are about none.
        settings: what else the answers depend on.
    """

    model_config = ConfigDict(strict=True)

    format_version: int = FORMAT_VERSION
    written_by: str
    about: About
    model: str
    prompt_version: int
    library: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return seal(self.model_dump(mode="json"), indent=1)

    @staticmethod
    def parse(content: bytes, where: str) -> AnswersManifest:
        """Raises ``SOSError`` naming the file ``where`` and the field that is wrong."""
        document = unseal(
            content, where, version=FORMAT_VERSION, if_older="ask anew in another folder", error=SOSError, indent=1
        )
        return _checked(AnswersManifest, document, where)

    def check_same(self, found: AnswersManifest, where: str) -> None:
        """Raise ``SOSError`` naming the first field in which ``found``, read at ``where``, is of other questions."""
        for name in ("about", "model", "prompt_version", "library", "settings"):
            expected, there = getattr(self, name), getattr(found, name)
            if expected != there:
                raise SOSError(
                    f"{where}: {name}: expected {expected!r:.80}, as asked for, found {there!r:.80}: "
                    "this folder holds other answers; give another folder"
                )


class AnswerLine(Section):
    """A line of ``answers.jsonl``.

    Attributes:
        key: of what was asked about.
        state: ``empty``: answered, but nothing passed the checks; ``failed``: not answered.
        reason: why it failed; empty if it did not.
        kept: what passed.
        dropped: how many entries did not, by reason.
        beside: what else is needed to read it.
    """

    model_config = ConfigDict(strict=True)

    format_version: int = FORMAT_VERSION
    key: _Hash
    state: State
    reason: str = ""
    kept: list[dict[str, Any]] = Field(default_factory=list)
    dropped: dict[str, int] = Field(default_factory=dict)
    beside: dict[str, Any] = Field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return seal(self.model_dump(mode="json")) + b"\n"

    @staticmethod
    def parse(content: bytes, where: str) -> AnswerLine:
        """Raises ``SOSError`` naming ``where`` it is and what is wrong."""
        document = unseal(
            content.removesuffix(b"\n"),
            where,
            version=FORMAT_VERSION,
            if_older="ask anew in another folder",
            error=SOSError,
        )
        return _checked(AnswerLine, document, where)


def key_of(*parts: str) -> str:
    """A key: a hash of texts, 32 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _checked(model: type[_Model], content: Mapping[str, Any], where: str) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise SOSError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
