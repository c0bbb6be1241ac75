"""Which model is asked, where, and how patiently."""

from __future__ import annotations

import os
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from sos_online.errors import SOSError
from sos_online.storage.redact import Redaction
from sos_online.types import Section

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class ModelServer(Section):
    """A server that speaks OpenAI's chat completions, as vLLM, SGLang, llama.cpp and Ollama do, and a model on it.

    Attributes:
        url: such as ``http://localhost:8000/v1``.
        model: its name there.
        api_key_env: environment variable that holds the key; no key is sent if None. The key itself is in no message
            and no file.
        concurrency: requests at once.
        timeout: seconds for one request, from its first to its last byte.
        retries: how often one is sent again if what went wrong may pass.
        first_wait: seconds before it is sent again, twice as long each time, up to a half more by chance.
        longest_wait: seconds; what a server asks for (``Retry-After``) is honoured up to this.
        temperature: None leaves it to the server.
        max_tokens: of an answer, thinking aloud included.
        max_bytes: of a response; one that is longer is not read on.
    """

    url: str
    model: Annotated[str, Field(min_length=1, max_length=500)]
    api_key_env: str | None = None
    concurrency: int = Field(default=8, ge=1, le=1024)
    timeout: Seconds = 300.0
    retries: int = Field(default=5, ge=0, le=100)
    first_wait: Seconds = 1.0
    longest_wait: Seconds = 60.0
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: int = Field(default=8192, ge=1, le=1_000_000)
    max_bytes: int = Field(default=4 << 20, ge=1, le=1 << 30)

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected a URL such as http://localhost:8000/v1")
        if parts.query or parts.fragment:
            raise ValueError("expected a URL without ? and #; a key goes into an environment variable")
        return url

    @staticmethod
    def parse(**settings: Any) -> ModelServer:
        """Raises ``SOSError`` naming the setting that is wrong."""
        try:
            return ModelServer.model_validate(settings)
        except ValidationError as error:
            first = error.errors()[0]
            field, message = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
            found = "" if field == "url" else f", found {first['input']!r:.80}"  # it may hold a password
            raise SOSError(f"server: {field}: {message}{found}") from None

    @property
    def shown_url(self) -> str:
        """The URL without a password."""
        return Redaction(self.url, {}).of_url(self.url)

    def api_key(self) -> str | None:
        """The key. Raises ``SOSError`` if the variable is not set."""
        if self.api_key_env is None:
            return None
        key = os.environ.get(self.api_key_env, "").strip()
        if not key:
            raise SOSError(f"{self.api_key_env}: expected an API key in this environment variable, found none")
        return key
