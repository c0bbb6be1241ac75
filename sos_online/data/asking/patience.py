"""Sending a request again, and when to give up on a server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sos_online.data.asking.failure import RequestFailedError
from sos_online.data.asking.server import ModelServer
from sos_online.errors import SOSError

T = TypeVar("T")
_IN_A_ROW = 20
_RETRIES_IF_ABSENT = 2
_REFUSED_FROM_THE_START = 5


class Patience:
    """What is known of a server from how requests went, over all that are under way."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._has_answered = False
        self._failed_in_a_row = 0
        self._refused = 0

    async def ask(self, send: Callable[[], Awaitable[T]]) -> T:
        """What ``send`` gives, tried again as often and as late as the server's settings say.

        Raises:
            RequestFailedError: this request failed.
            SOSError: there is no use in sending any other: the server is not there, refuses the key, does not have
                the model, or has failed many times in a row.
        """
        for attempt in range(self._server.retries + 1):
            try:
                answer = await send()
            except RequestFailedError as failure:
                if failure.is_final:
                    raise self._given_up(failure) from None
                if not failure.may_pass or attempt >= self._last_attempt(failure):
                    self._count(failure)
                    raise
                await asyncio.sleep(self._wait(attempt, failure))
            else:
                self._has_answered, self._failed_in_a_row = True, 0
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _last_attempt(self, failure: RequestFailedError) -> int:
        # a server that nothing was heard of is rather not there than busy
        absent = failure.reason == "no connection" and not self._has_answered
        return min(_RETRIES_IF_ABSENT, self._server.retries) if absent else self._server.retries

    def _wait(self, attempt: int, failure: RequestFailedError) -> float:
        asked_for = failure.wait or 0.0
        own = self._server.first_wait * 2.0 ** min(attempt, 30) * (1 + os.urandom(1)[0] / 512)
        return min(max(asked_for, own), self._server.longest_wait)

    def _count(self, failure: RequestFailedError) -> None:
        if not failure.of_the_server:
            self._failed_in_a_row = 0
            self._refused += failure.reason.startswith("HTTP 4")
            if not self._has_answered and self._refused >= _REFUSED_FROM_THE_START:
                raise self._given_up(failure)
            return
        self._failed_in_a_row += 1
        if not self._has_answered or self._failed_in_a_row >= _IN_A_ROW:
            raise self._given_up(failure)

    def _given_up(self, failure: RequestFailedError) -> SOSError:
        server = self._server
        why = {
            "HTTP 401": f"refuses the key (of {server.api_key_env})" if server.api_key_env else "wants an API key",
            "HTTP 403": "does not allow it",
            "HTTP 404": f"knows no model {server.model!r}, or has no chat/completions under this URL",
            "no connection": "cannot be reached",
        }.get(failure.reason, f"gave no answer: {failure.reason}")
        if failure.reason.startswith("HTTP 3"):
            why = f"sends elsewhere ({failure.reason}), which is not followed: give the URL that it moved to"
        return SOSError(f"{server.shown_url}: {why}{f' ({failure.said})' if failure.said else ''}")
