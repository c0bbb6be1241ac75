"""Asking about many things: several requests at once, each answer written when it comes."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from sos_online.data.asking.answer_format import AnswerLine
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.client import ChatClient
from sos_online.data.asking.failure import RequestFailedError
from sos_online.data.asking.patience import Patience
from sos_online.data.asking.questions import Question, Unasked
from sos_online.data.asking.report import AskingReport
from sos_online.data.asking.server import ModelServer
from sos_online.refer.asking.checked import AnswerError, Checked

NOT_IN_THE_ANSWER = "not in the answer"


def ask_all(
    questions: Callable[[Callable[[str], bool]], Iterator[Question | Unasked | None]],
    total: int,
    writer: AnswerWriter,
    server: ModelServer,
    *,
    retry_failed: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> AskingReport:
    """Ask all questions that have no answer yet.

    Ctrl-C stops it between two lines of the file: what has been answered stays, and what is under way is asked again by
    the next run.

    Args:
        questions: called with ``wanted(key)``, gives what is to be asked, made when its turn comes; for a key that is
            not wanted it gives nothing.
        total: of all keys, for the progress.
        writer: where answers go.
        server: who is asked.
        retry_failed: ask about what failed in an earlier run too.
        progress: called with how many keys are done, and ``total``.

    Raises:
        SOSError: there is no use in going on: no server, a refused key, no such model, no room on the disk.
    """
    run = _Run(writer, server, retry_failed, lambda report: progress(report.done, total))
    stopped = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()

    async def until_stopped() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop() -> None:
            stopped.set()
            task.cancel()

        if in_main:  # an exception out of a signal handler would be swallowed by whichever callback it met
            with suppress(NotImplementedError):
                loop.add_signal_handler(signal.SIGINT, stop)
        try:
            await run.all(questions(run.is_wanted))
        finally:
            if in_main:
                with suppress(NotImplementedError):
                    loop.remove_signal_handler(signal.SIGINT)

    try:
        asyncio.run(until_stopped())
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise
    finally:
        if in_main and before is not None:
            signal.signal(signal.SIGINT, before)
    if stopped.is_set():
        if callable(before):
            before(signal.SIGINT, None)
        raise KeyboardInterrupt
    return run.report


class _Run:
    def __init__(
        self, writer: AnswerWriter, server: ModelServer, retry_failed: bool, tell: Callable[[AskingReport], None]
    ) -> None:
        self.report = AskingReport()
        self._writer = writer
        self._server = server
        self._retry_failed = retry_failed
        self._tell = tell
        self._patience = Patience(server)
        self._seen: set[bytes] = set()
        self._turn = asyncio.Lock()

    def is_wanted(self, key: str) -> bool:
        """Whether a key is to be asked about; counts it if not."""
        digest = bytes.fromhex(key)
        if digest in self._seen:  # of several that share an answer
            self.report.there += 1
            return False
        self._seen.add(digest)
        state = self._writer.index.state(key)
        if state is None or (state == "failed" and self._retry_failed):
            return True
        if state == "failed":
            self.report.failed_before += 1
        else:
            self.report.there += 1
        return False

    async def all(self, questions: Iterator[Question | Unasked | None]) -> None:
        async with ChatClient(self._server) as client:
            tasks = [asyncio.ensure_future(self._work(questions, client)) for _ in range(self._server.concurrency)]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, questions: Iterator[Question | Unasked | None], client: ChatClient) -> None:
        while True:
            async with self._turn:
                # making a question reads and composes; answers go on coming meanwhile
                question = await asyncio.to_thread(next, questions, _END)
            self._tell(self.report)
            if isinstance(question, Question):
                await self._ask(question, client)
            elif isinstance(question, Unasked):
                self._write(question.key, None if question.why else Checked(), question.why or "", {})
            elif question is _END:
                return

    async def _ask(self, question: Question, client: ChatClient) -> None:
        reason = NOT_IN_THE_ANSWER
        try:
            text = await self._patience.ask(lambda: client.ask(question.messages, question.schema))
            found = await asyncio.to_thread(question.check, text)
        except RequestFailedError as failure:
            found, reason = [None] * len(question.keys), failure.reason
        except AnswerError as error:
            found, reason = [None] * len(question.keys), str(error)
        for key, checked in zip(question.keys, found, strict=True):
            self._write(key, checked, reason, question.beside)
        self._tell(self.report)

    def _write(self, key: str, checked: Checked | None, reason: str, beside: Any) -> None:
        report = self.report
        if checked is None:
            self._writer.append(AnswerLine(key=key, state="failed", reason=reason))
            report.failed[reason] += 1
            return
        state = "answered" if checked.kept else "empty"
        line = AnswerLine(
            key=key,
            state=state,  # type: ignore[arg-type]
            kept=checked.kept,
            dropped=dict(checked.dropped),
            beside=dict(beside),
        )
        self._writer.append(line)
        report.answered += state == "answered"
        report.empty += state == "empty"
        report.kept += len(checked.kept)
        report.unproven += sum(entry.get("proven") is False for entry in checked.kept)
        report.dropped.update(checked.dropped)


class _End:
    pass


_END: Any = _End()
