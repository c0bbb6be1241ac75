"""Why a request gave no answer."""

from __future__ import annotations


class RequestFailedError(Exception):
    """A request that gave no answer; it stays inside this folder.

    Attributes:
        reason: short enough to be counted by.
        said: by the server or the client, on one line, without secrets.
        may_pass: the same request may work later.
        wait: seconds that the server asks to wait, if it does.
        of_the_server: it says something of the server and not of this request: every other would fail like it.
        is_final: and it will not pass: there is no use in going on.
    """

    def __init__(
        self,
        reason: str,
        said: str = "",
        *,
        may_pass: bool = False,
        wait: float | None = None,
        of_the_server: bool = False,
        is_final: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = said
        self.may_pass = may_pass
        self.wait = wait
        self.of_the_server = of_the_server
        self.is_final = is_final
