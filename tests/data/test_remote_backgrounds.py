"""Photos behind a URL: the same pictures, fetched as they are used, and no name that leads out."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from torch.utils.data import DataLoader

import sos_online as sos
from sos_online.storage import RemoteFolder, user_cache
from sos_online.storage.retry import Retry
from tests.conftest import small_recipe
from tests.remote_servers import S3, CuttingProxy, WebServer

NAMES = ["a.jpg", "deep/b.PNG", "deep/er/c d#1?.webp", "z.jpeg"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _, encoded = cv2.imencode(path.suffix.lower(), rng.integers(0, 255, (90, 120, 3), np.uint8))
        path.write_bytes(encoded.tobytes())
    (folder / "readme.md").write_text("no photo")
    return folder


@pytest.fixture
def url(s3: S3, photos: Path, tmp_path: Path) -> str:
    return s3.put_folder(photos, f"{tmp_path.name}/photos")


def copies() -> list[str]:
    return sorted(path.name for path in (user_cache() / "mirror" / "files").rglob("*") if path.is_file())


def read_all(backgrounds: sos.Backgrounds) -> list[bytes]:
    return [backgrounds.read(photo, (90, 120)).tobytes() for photo in range(len(backgrounds))]


def test_they_are_the_same_photos(url: str, photos: Path) -> None:
    local, remote = sos.Backgrounds.open(photos), sos.Backgrounds.open(url)
    assert remote.fingerprint() == local.fingerprint()
    assert copies() == []
    remote.read(0, (90, 120))
    assert copies() == ["a.jpg"]
    assert read_all(remote) == read_all(local)


def test_a_web_server_needs_an_index(web: WebServer, photos: Path) -> None:
    shutil.copytree(photos, web.folder, dirs_exist_ok=True)
    with pytest.raises(sos.SOSError, match=rf"{web.url}/photos.txt: no such file; a web server lists no files"):
        sos.Backgrounds.open(web.url)
    (web.folder / "photos.txt").write_text("\n".join(reversed(NAMES)))
    local, remote = sos.Backgrounds.open(photos), sos.Backgrounds.open(web.url)
    assert remote.fingerprint() == local.fingerprint()
    assert read_all(remote) == read_all(local)


def test_an_index_stands_for_the_listing(s3: S3, url: str, photos: Path) -> None:
    key = f"{url.removeprefix('s3://bucket/')}/photos.txt"
    s3.put(key, "\ufeffz.jpeg\r\n\r\n  deep/er/c d#1?.webp \n".encode())
    remote = sos.Backgrounds.open(url)
    assert len(remote) == 2
    local = read_all(sos.Backgrounds.open(photos))
    assert read_all(remote) == [local[2], local[3]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../a.jpg", r"line 2: '../a.jpg': expected a path inside the folder"),
        ("/etc/a.jpg", r"line 2: '/etc/a.jpg': expected a path inside"),
        ("deep/../../a.jpg", r"line 2: .*expected a path inside"),
        ("a\\b.jpg", r"line 2: .*backslash"),
        ("C:/a.jpg", r"line 2: .*drive"),
        ("s3://other/a.jpg", r"line 2: .*expected a path inside"),
        ("readme.md", r"line 2: 'readme.md': expected a photo"),
        ("a.jpg", r"line 2: 'a.jpg': is named twice"),
    ],
)
def test_names_in_an_index_are_checked(web: WebServer, line: str, message: str) -> None:
    (web.folder / "photos.txt").write_text(f"a.jpg\n{line}\n")
    with pytest.raises(sos.SOSError, match=rf"{web.url}/photos.txt: {message}"):
        sos.Backgrounds.open(web.url)


@pytest.mark.parametrize("key", ["x//a.jpg", "x\\\\a.jpg"])
def test_names_in_a_listing_are_checked(s3: S3, tmp_path: Path, key: str) -> None:
    s3.put(f"{tmp_path.name}/{key}", b"")
    with pytest.raises(sos.SOSError, match=f"s3://bucket/{tmp_path.name}: '.*"):
        sos.Backgrounds.open(f"s3://bucket/{tmp_path.name}")


def test_a_listing_that_leads_out_is_refused(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteFolder, "names_below", lambda *_: ["a.jpg", "../../etc/b.jpg"])
    with pytest.raises(sos.SOSError, match=r"'../../etc/b.jpg': expected a path inside"):
        sos.Backgrounds.open(f"s3://bucket/{tmp_path.name}")


def test_an_index_that_is_none(s3: S3, tmp_path: Path) -> None:
    s3.put(f"{tmp_path.name}/photos.txt", b"\xff\xfe\x00")
    with pytest.raises(sos.SOSError, match="expected lines of UTF-8"):
        sos.Backgrounds.open(f"s3://bucket/{tmp_path.name}")
    s3.put(f"{tmp_path.name}/photos.txt", b"\n\n")
    with pytest.raises(sos.SOSError, match="found none"):
        sos.Backgrounds.open(f"s3://bucket/{tmp_path.name}")
    with pytest.raises(sos.SOSError, match=f"s3://bucket/{tmp_path.name}/nothing: expected photos"):
        sos.Backgrounds.open(f"s3://bucket/{tmp_path.name}/nothing")


def test_a_photo_that_is_gone_or_damaged_is_a_broken_photo(s3: S3, url: str) -> None:
    remote = sos.Backgrounds.open(url)
    s3.client.delete_object(Bucket="bucket", Key=f"{url.removeprefix('s3://bucket/')}/a.jpg")
    s3.put(f"{url.removeprefix('s3://bucket/')}/z.jpeg", b"no photo")
    with pytest.raises(sos.BrokenPhotoError, match=f"{url}/a.jpg: no such file"):
        remote.read(0, (90, 120))
    with pytest.raises(sos.BrokenPhotoError, match=r"z.jpeg: not a readable photo"):
        remote.read(3, (90, 120))


def test_a_network_that_is_down_breaks_no_photo(s3_proxy: CuttingProxy, url: str, photos: Path) -> None:
    remote = sos.Backgrounds.open(RemoteFolder(url, Retry(attempts=1)))
    s3_proxy.cut_after(0, "up")
    with pytest.raises(sos.SOSError, match=f"{url}/a.jpg: cannot be read") as raised:
        remote.read(0, (90, 120))
    assert type(raised.value) is sos.SOSError  # or a stream that leaves broken photos out would be another
    s3_proxy.mend()
    assert read_all(remote) == read_all(sos.Backgrounds.open(photos))


def test_workers_serve_what_local_photos_give(url: str, photos: Path, library: sos.SegmentLibrary) -> None:
    remote = sos.Backgrounds.open(url)
    remote.read(0, (90, 120))  # connections and a thread of fsspec's are there before workers start
    recipe = small_recipe(64)
    streams = [
        sos.SOSDataset(library, recipe, length=12, backgrounds=photos_of)
        for photos_of in (sos.Backgrounds.open(photos), remote)
    ]
    expected = [streams[0].sample(index)[0].numpy().tobytes() for index in range(12)]
    loader = DataLoader(streams[1], batch_size=None, num_workers=2, multiprocessing_context="fork")
    found = {target["image_id"]: image.numpy().tobytes() for image, target in loader}
    assert [found[index] for index in range(12)] == expected
    assert pickle.loads(pickle.dumps(streams[1])).sample(2)[0].numpy().tobytes() == expected[2]
    assert len(copies()) > 1
