"""A server that speaks chat completions, and answers as a test tells it: well, badly, or not at all."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Request = dict[str, Any]


@dataclass
class Reply:
    """What the server sends.

    Attributes:
        body, status, headers: of the response.
        wait: seconds before it, less if the server is closed.
        endless: goes on until the client hangs up.
        pause: seconds between the pieces of an endless one.
        cut: promises more than it sends.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    endless: bool = False
    pause: float = 0.0
    cut: bool = False


def completion(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    return Reply(json.dumps({"id": "1", "object": "chat.completion", "choices": [choice]}).encode())


def error(status: int, message: str = "no", **headers: str) -> Reply:
    return Reply(json.dumps({"error": {"message": message}}).encode(), status, headers)


def data_of(request: Request) -> Any:
    """The JSON document of a request's user message."""
    content = request["messages"][-1]["content"]
    return json.loads(content if isinstance(content, str) else content[0]["text"])


class ModelHandler(http.server.BaseHTTPRequestHandler):
    server: ModelServerStandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.requests.append(json.loads(body))
            self.server.headers.append(dict(self.headers.items()))
            self.server.paths.append(self.path)
            self.server.under_way += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.under_way)
        try:
            reply = self.server.answer(json.loads(body))
            self.server.closed.wait(reply.wait)
        finally:
            with self.server.lock:
                self.server.under_way -= 1  # before the client has its answer, and may send its next request
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        for name, value in reply.headers.items():
            self.send_header(name.replace("_", "-"), value)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body) + 100 * reply.cut))
        self.end_headers()
        self.wfile.write(reply.body)
        while reply.endless and not self.server.closed.wait(reply.pause):
            self.wfile.write(b" " * 65536)

    def log_message(self, *_: object) -> None:
        pass


class ModelServerStandIn(http.server.ThreadingHTTPServer):
    """Answers what ``answer`` makes of a request.

    Attributes:
        requests, headers, paths: of each request.
        under_way: requests that wait for their answer.
        most_at_once: of these, ever.
        closed: set when the server is closed; whoever waits in ``answer`` may wait for it.
    """

    daemon_threads = True

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.under_way = self.most_at_once = 0
        super().__init__(("127.0.0.1", 0), ModelHandler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """A client that hangs up, even before it has sent all, is nothing to be printed."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def close(self) -> None:
        self.closed.set()
        self.shutdown()
        self.server_close()


def describe(request: Request) -> Reply:
    """An honest model: says of each object what its data says, and where it is."""
    expressions = []
    for shown in data_of(request)["objects"]:
        for place in ("leftmost", "rightmost"):
            text = f"the {place} {shown['category']}"
            claim = {"about": shown["id"], "says": "place", "value": place, "other": None}
            expressions.append({"text": text, "ids": [shown["id"]], "kind": "position", "claims": [claim]})
    return completion(json.dumps({"expressions": expressions}))


def first_then(reply: Reply, *more: Reply) -> Callable[[Request], Reply]:
    """Bad replies first, then good ones."""
    waiting = [reply, *more]
    lock = threading.Lock()

    def answer(request: Request) -> Reply:
        with lock:
            return waiting.pop(0) if waiting else describe(request)

    return answer
