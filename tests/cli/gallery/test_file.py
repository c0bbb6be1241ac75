"""The file that carries the page: whole in itself, without loss, written whole or not at all."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_online.cli.gallery import Entry, write_gallery
from sos_online.cli.gallery.embedding import instance_map_png
from tests.cli.gallery.conftest import pets


def test_the_file_refers_to_nothing_outside_itself(gallery_file: Path) -> None:
    text = gallery_file.read_text(encoding="utf-8")
    assert not re.search(
        r"""(?:src|href)\s*=\s*["']?\s*(?!data:)\w""", re.sub(r"<script.*?</script>", "", text, flags=re.S)
    )
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_instance_map_is_stored_without_loss_and_without_colour_profile() -> None:
    ids = np.array([[0, 1, 255], [256, 65535, 65536]], np.int32)
    with Image.open(io.BytesIO(instance_map_png(ids))) as image:
        channels = np.asarray(image).astype(np.int64)
        assert image.mode == "RGB"
        assert not {"icc_profile", "gamma", "srgb"} & set(image.info)
    np.testing.assert_array_equal(channels @ [1, 256, 65536], ids)
    with pytest.raises(ValueError, match="ids up to 16777215"):
        instance_map_png(np.array([[2**24]], np.int32))


def test_a_failure_leaves_the_earlier_page_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "preview.html"
    path.write_text("earlier")

    def failing() -> Iterator[Entry]:
        yield pets()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_gallery(path, failing(), "preview")
    not_a_number = replace(pets(), objects=(replace(pets().objects[0], visibility=float("nan")), *pets().objects[1:]))
    with pytest.raises(ValueError, match="JSON"):
        write_gallery(path, [not_a_number], "preview")
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]
    write_gallery(path, [pets()], "preview \udcff")
    assert "preview ?" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]
