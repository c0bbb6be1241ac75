"""One request to a language model, and the text of its answer. Nothing that a server sends is trusted."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from sos_online.data.asking.failure import RequestFailedError
from sos_online.data.asking.server import ModelServer
from sos_online.errors import SOSError
from sos_online.storage.redact import Redaction

_SHOWN = 2000  # bytes of what a server says of an error
_OK, _REDIRECT, _ERROR, _SERVER = 200, 300, 400, 500
_UNAUTHORISED, _NOT_FOUND, _MAY_PASS = {401, 402, 403}, {404, 405, 410}, {408, 409, 425, 429}
_RAW = "x-stainless-raw-response"  # by which the package knows that the response shall be read here
_HEADERS = {_RAW, "host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
_SCHEMA_NAME = "answer"


class ChatClient:
    """Asks a server; to be used as ``async with``.

    The ``openai`` package is used for what it knows of the protocol. What it would do by itself is switched off: keys,
    organisations and headers from the environment, following a redirect to who knows where, trying again, and reading
    however much comes.

    Raises:
        SOSError: ``openai`` is not installed, or the key is not set.
    """

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._key = server.api_key()
        self._redaction = Redaction(server.url, {"api_key": self._key} if self._key else {})
        self._openai = _import_openai()
        http = self._openai.DefaultAsyncHttpxClient(
            follow_redirects=False, event_hooks={"request": [self._only_what_is_needed], "response": [self._refuse]}
        )
        self._client = self._openai.AsyncOpenAI(
            base_url=server.url, api_key=self._key or "none", max_retries=0, timeout=server.timeout, http_client=http
        )

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def ask(self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> str:
        """The text of the answer.

        Args:
            messages: of a chat.
            schema: JSON schema of the answer, which servers hold models to; it is checked by who asks all the same.

        Raises:
            RequestFailedError: there is none.
        """
        try:
            body = await asyncio.wait_for(self._post(messages, schema), self._server.timeout)
        except (asyncio.TimeoutError, self._openai.APITimeoutError):  # two types before Python 3.11
            raise RequestFailedError("timeout", may_pass=True, of_the_server=True) from None
        except RequestFailedError:
            raise
        except self._openai.APIConnectionError as error:
            if isinstance(error.__cause__, RequestFailedError):  # the package's older versions wrap what a hook raises
                raise error.__cause__ from None
            raise self._no_connection(error.__cause__ or error) from None
        except (self._openai.OpenAIError, OSError, ValueError) as error:
            raise self._no_connection(error) from None
        except Exception as error:  # the HTTP client's own errors have no base that all versions share
            if not type(error).__module__.startswith(("httpx", "httpcore", "anyio", "h11")):
                raise
            raise self._no_connection(error) from None
        return _text_of(body)

    async def _post(self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> bytes:
        asked: dict[str, Any] = {
            "model": self._server.model,
            "messages": list(messages),
            "max_completion_tokens": self._server.max_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": _SCHEMA_NAME, "strict": True, "schema": dict(schema)},
            },
        }
        if self._server.temperature is not None:
            asked["temperature"] = self._server.temperature
        found = bytearray()
        async with self._client.chat.completions.with_streaming_response.create(**asked) as response:
            async for chunk in response.iter_bytes():
                found += chunk
                if len(found) > self._server.max_bytes:
                    raise RequestFailedError("response too large")
        return bytes(found)

    async def _only_what_is_needed(self, request: Any) -> None:
        kept = _HEADERS | {"authorization"} if urlsplit(self._server.url).username else _HEADERS
        for name in set(map(str.lower, request.headers)) - kept:
            del request.headers[name]
        request.headers["Accept-Encoding"] = "identity"  # what is packed may be a thousand times as large
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"

    async def _refuse(self, response: Any) -> None:
        """Raise for whatever is no answer, before the client reads all of it."""
        status = int(response.status_code)
        if status == _OK:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise RequestFailedError("compressed response", of_the_server=True)
            return
        said = b""
        if status >= _ERROR:
            async for chunk in response.aiter_raw():
                said += chunk
                if len(said) > _SHOWN:
                    break
        text = self._redaction.of_error(Exception(_message(said[:_SHOWN])))
        raise RequestFailedError(
            f"HTTP {status}",
            text,
            may_pass=status in _MAY_PASS or status >= _SERVER,
            wait=_seconds(response.headers.get("Retry-After")),
            of_the_server=status not in (400, 413, 422),
            is_final=status in _UNAUTHORISED | _NOT_FOUND or status < _ERROR,
        )

    def _no_connection(self, error: BaseException) -> RequestFailedError:
        said = self._redaction.of_error(error if isinstance(error, Exception) else Exception(str(error)))
        return RequestFailedError("no connection", said, may_pass=True, of_the_server=True)


def _import_openai() -> Any:
    try:
        import openai
    except ImportError:
        raise SOSError("asking a language model needs openai: pip install 'sos_online[language-model]'") from None
    return openai


def _text_of(body: bytes) -> str:
    try:
        document = json.loads(body)
        choice = document["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise RequestFailedError("no completion in the response") from None
    if finish == "length":
        raise RequestFailedError("answer cut off")
    if refusal or finish == "content_filter":
        raise RequestFailedError("refused by the model")
    if not isinstance(text, str) or not text.strip():
        raise RequestFailedError("no text in the response")
    return text


def _message(body: bytes) -> str:
    """What an error's body says, in the forms that servers have."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
        error = document.get("error", document)
        return str(error.get("message", text) if isinstance(error, dict) else error)
    except (ValueError, RecursionError, AttributeError):
        return text


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:  # a date: the usual wait is as good
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
