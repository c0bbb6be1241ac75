"""What a message must not show: passwords in URLs, signatures, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_SECRET = re.compile(r"key|secret|token|password|passphrase|credential|signature|sas|auth|connection_string", re.I)
_QUERY = re.compile(r"(\w://[^\s'\"?]*)\?[^\s'\"]*")
_USER = re.compile(r"://[^/@\s'\"]+@")
_SHOWN = 300  # characters of a client's message


class Redaction:
    """Takes out of texts what the URL and the options of a place should keep to themselves."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        parts = urlsplit(url)
        found = {parts.query, parts.password or "", *_secrets(options)}
        self._secrets = sorted((secret for secret in found if secret), key=len, reverse=True)

    def of_url(self, url: str) -> str:
        """A URL without what only its server should see; a user alone, as ``ssh://`` has it, stays."""
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        if not parts.scheme.startswith("http"):
            return urlunsplit(parts._replace(netloc=host)) if ":" in user else url
        return urlunsplit(parts._replace(netloc=host, query="", fragment=""))

    def of_error(self, error: Exception) -> str:
        """What a client says went wrong, on one line."""
        text = " ".join(str(error).split()) or type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return _USER.sub("://", _QUERY.sub(r"\1", text))[:_SHOWN]


def _secrets(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _secrets(value)
        elif isinstance(value, str) and _SECRET.search(name):
            yield value
