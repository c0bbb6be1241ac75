"""What a place that cannot be reached says: at once or after a while, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

import sos_online as sos
from sos_online.storage import Mirror, RemoteFolder, open_place
from sos_online.storage.redact import Redaction
from sos_online.storage.retry import Retry
from tests.remote_servers import QUICK, S3, WebServer


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_may_pass_is_asked_for_again(web: WebServer, status: int) -> None:
    (web.folder / "a").write_bytes(b"content")
    web.statuses = [status, status]
    assert RemoteFolder(web.url, QUICK).read("a") == b"content"
    web.statuses = [status, status]
    assert RemoteFolder(web.url, QUICK).size("a") == 7
    web.statuses = [status] * 3
    with pytest.raises(sos.SOSError, match=rf"/a: cannot be read: {status}"):
        RemoteFolder(web.url, QUICK).read("a")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_stays_is_said_at_once(web: WebServer, status: int) -> None:
    place = RemoteFolder(web.url, Retry(attempts=50))
    web.statuses = [status] * 2
    with pytest.raises(sos.SOSError, match=rf"/a: cannot be read: {status}"):
        place.read("a")
    web.statuses = [status] * 4  # a server may know no HEAD, so GET is asked for too
    with pytest.raises(sos.SOSError, match=rf"/a: cannot be read: {status}"):
        place.size("a")


def test_a_server_that_is_not_there_is_no_missing_file() -> None:
    pytest.importorskip("aiohttp")
    place = RemoteFolder("http://127.0.0.1:1/folder", QUICK)
    for ask in (lambda: place.size("a"), lambda: place.read("a"), lambda: place.read("a", 1, 2)):
        with pytest.raises(sos.SOSError, match=r"http://127.0.0.1:1/folder/a: cannot be read: Cannot connect"):
            ask()


@pytest.mark.parametrize("status", [403, 404, 503])
def test_no_message_shows_a_secret(web: WebServer, status: int) -> None:
    host = web.url.removeprefix("http://")
    place = RemoteFolder(f"http://user:s3cret@{host}/folder?signature=abc%2Fdef&x=1", QUICK)
    shown = [repr(place), place.url]
    for ask in (lambda: place.size("a"), lambda: place.read("a"), place.names, lambda: place.write("a", b"")):
        web.statuses = [status] * 8
        try:
            ask()
        except (sos.SOSError, FileNotFoundError) as error:
            shown += [str(error), repr(error.__cause__)]
    text = "\n".join(shown)
    assert f"http://{host}/folder/a" in text
    assert "s3cret" not in text and "abc" not in text and "user" not in text
    assert all("signature=abc%2Fdef&x=1" in path for _, path, _ in web.requests) and web.requests


def test_no_message_shows_a_key_of_the_options(s3: S3) -> None:
    place = RemoteFolder(
        "s3://no-such-bucket-here/x",
        QUICK,
        key="AKIAVISIBLE",
        secret="hidden-secret",
        client_kwargs={"region_name": "us-east-1"},
    )
    with pytest.raises(sos.SOSError) as raised:
        place.write("a", b"")
    for text in (str(raised.value), repr(place), repr(Mirror(place))):
        assert "VISIBLE" not in text and "hidden" not in text


def test_what_a_client_says_is_cleared_of_secrets() -> None:
    options = {"key": "AKIA1", "client_kwargs": {"aws_session_token": "t0ken", "region_name": "us-east-1"}}
    said = Exception("AKIA1 with t0ken,\nat us-east-1: https://me:pw@host/a?X-Sig=1 'https://host/b?sig=2'")
    assert Redaction("s3://bucket", options).of_error(said) == "… with …, at us-east-1: https://host/a 'https://host/b'"


def test_a_bucket_that_is_not_there(s3: S3) -> None:
    place = RemoteFolder("s3://no-such-bucket-here/x", QUICK)
    assert place.names() == []
    with pytest.raises(sos.SOSError, match="s3://no-such-bucket-here/x/a: cannot be written: no such bucket"):
        place.write("a", b"")


def test_no_credentials_are_said_at_once(s3: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(sos.SOSError, match=r"s3://bucket/x/a: cannot be written: .*credentials"):
        RemoteFolder("s3://bucket/x", Retry(attempts=50)).write("a", b"")


def test_what_is_missing_is_named() -> None:
    pytest.importorskip("fsspec")
    for url in ("oci://bucket/folder", "hdfs+x://host/folder"):
        with pytest.raises(sos.SOSError, match=r"not installed|not known to fsspec"):
            open_place(url)


def test_fsspec_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(sos.SOSError, match=r"s3://bucket/x: needs .*pip install 'sos_online\[remote\]'"):
        open_place("s3://bucket/x")


@pytest.mark.parametrize("url", ["s3://", "https://", "simplecache::s3://bucket/x"])
def test_what_is_no_url_of_a_folder(url: str) -> None:
    with pytest.raises(sos.SOSError, match="expected a URL such as"):
        RemoteFolder(url)
