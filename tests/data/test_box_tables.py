"""Tables of boxes: the same from every kind of file, mapped where they can be, and refused where they are wrong."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.data.box_tables import read_box_table, write_box_table
from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.errors import SourceError
from sos_online.types import BoxTable
from tests.data.layout_sets import coco_content, write_json

CSV = """image,x1,y1,x2,y2,category,score
b,0.1,0.2,0.3,0.4,Fire_Hydrant,1
a,0,0,1,1,cup,2
b,0.5,0.5,0.6,1,cup,3
"""


def write(path: Path, columns: dict[str, object]) -> Path:
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=2)  # several batches
    return path


def columns_of(text: str = CSV) -> dict[str, object]:
    head, *rows = (line.split(",") for line in text.split())
    columns = dict(zip(head, zip(*rows, strict=True), strict=True))
    return {
        name: list(values) if name in ("image", "category") else [float(one) for one in values]
        for name, values in columns.items()
    }


def write_csv(folder: Path, text: str = CSV) -> Path:
    path = folder / "boxes.csv"
    path.write_text(text, "utf-8")
    return path


def test_the_same_table_from_every_kind_of_file(tmp_path: Path) -> None:
    """Images in the order in which they come first; rows of one image need not stand together."""
    tables = [read_box_table(write_csv(tmp_path))]
    tables += [read_box_table(write(tmp_path / f"boxes{suffix}", columns_of())) for suffix in (".parquet", ".arrow")]
    for table in tables:
        assert np.diff(table.starts).tolist() == [2, 1]
        np.testing.assert_allclose(table.boxes(0), [[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.6, 1]], atol=1e-7)
        assert table.boxes(1).tolist() == [[0, 0, 1, 1]]
        assert table.names == ("fire hydrant", "cup") and table.categories.tolist() == [0, 1, 1]
        assert table.fingerprint() == tables[0].fingerprint()


def test_categories_may_be_missing(tmp_path: Path) -> None:
    table = read_box_table(write_csv(tmp_path, "image,x1,y1,x2,y2\n5,0,0,1,1\n"))
    assert table.names is None and len(table.categories) == 0


def test_names_that_are_one_are_joined(tmp_path: Path) -> None:
    text = "image,x1,y1,x2,y2,category\n1,0,0,1,1,Cup\n1,0,0,1,1,dog\n1,0,0,1,1,cup\n"
    table = read_box_table(write_csv(tmp_path, text))
    assert table.names == ("cup", "dog") and table.categories.tolist() == [0, 1, 0]


@settings(max_examples=30)
@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=8), named=st.booleans(), seed=st.integers(0, 99))
def test_round_trip(tmp_path: Path, counts: list[int], named: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.5, (sum(counts), 2)).astype(np.float32)
    high = low + rng.uniform(0.01, 0.5, low.shape).astype(np.float32)
    names = ("a", "wine glass") if named else None
    categories = rng.integers(0, 2, sum(counts) if named else 0).astype(np.int32)
    x1, y1, x2, y2 = np.concatenate([low, high], 1).T.copy()
    table = BoxTable((x1, y1, x2, y2), np.cumsum([0, *counts]).astype(np.int64), names, categories)
    write_box_table(tmp_path / "boxes.arrow", table)
    again = read_box_table(tmp_path / "boxes.arrow")
    assert again.fingerprint() == table.fingerprint()


def test_a_written_table_is_mapped_and_shared(tmp_path: Path, real_data: Path) -> None:
    """Nothing of the boxes is copied, and a process that is spawned is sent a path."""
    coco = real_data / "coco/instances_train.json"
    path = tmp_path / "boxes.arrow"
    write_box_table(path, read_coco_boxes(coco).table)
    table = read_box_table(path)
    assert table.fingerprint() == read_box_table(coco).fingerprint()
    assert not any(column.flags.owndata or column.flags.writeable for column in (*table.edges, table.categories))
    sent = pickle.dumps(table)
    assert len(sent) < 1000
    assert pickle.loads(sent).fingerprint() == table.fingerprint()
    write_box_table(path, read_coco_boxes(write_json(tmp_path, coco_content())).table)
    with pytest.raises(SourceError, match="has changed"):
        pickle.loads(sent)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "cannot be read"),
        ("image,x1,y1,x2,y2\n", "1 to .* boxes, found 0"),  # no row
        ("image,x1,y1,x2\n1,0,0,1\n", "column 'y2' is missing; found image, x1, y1, x2"),
        ("x1,y1,x2,y2\n0,0,1,1\n", "column 'image'"),
        ("image,x1,y1,x2,y2\n1,0,0,1,1\n1,0,0,1,1.5\n", r"row 1: y1, y2.*found 0, 1.5"),
        ("image,x1,y1,x2,y2\n1,-0.1,0,1,1\n", r"row 0: x1, x2.*-0.1"),
        ("image,x1,y1,x2,y2\n1,0.5,0,0.5,1\n", r"x1, x2.*found 0.5, 0.5"),  # no width
        ("image,x1,y1,x2,y2\n1,nan,0,0.5,1\n", "column 'x1', row 0: is empty"),
        ("image,x1,y1,x2,y2\n1,0,0,inf,1\n", r"x1, x2.*inf"),
        ("image,x1,y1,x2,y2\n1,,0,1,1\n", "column 'x1', row 0: is empty"),
        ("image,x1,y1,x2,y2\n1,a,0,1,1\n", "column 'x1': expected numbers"),
        ("image,x1,y1,x2,y2\n1.5,0,0,1,1\n", "column 'image': expected text or whole numbers, found double"),
        ("image,x1,y1,x2,y2\n1,10,20,300,400\n", "shares of the picture.*found 10, 300"),  # pixels
        ("image,x1,x1,y1,x2,y2\n1,0,0,0,1,1\n", "'x1' is there twice"),
        ("image,x1,y1,x2,y2\n1,0,0,1\n", "cannot be read"),  # too short a row
    ],
)
def test_exception_names_file_column_and_row(tmp_path: Path, text: str, named: str) -> None:
    path = write_csv(tmp_path, text)
    with pytest.raises(SourceError, match=named) as caught:
        read_box_table(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 2.0])
def test_exception_for_a_number_that_is_no_share(tmp_path: Path, suffix: str, wrong: float) -> None:
    columns = columns_of()
    columns["x2"][2] = wrong  # type: ignore[index]
    with pytest.raises(SourceError, match=rf"boxes{suffix}: row 2: x1, x2.*found 0.5, {wrong:g}"):
        read_box_table(write(tmp_path / f"boxes{suffix}", columns))


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".txt", ".json"])
def test_exception_for_what_is_no_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"boxes{suffix}"
    path.write_bytes(b"\x00\xff\xfenothing")
    with pytest.raises(SourceError, match=f"boxes{suffix}"):
        read_box_table(path)


def test_damaged_files_are_refused_or_right(tmp_path: Path) -> None:
    """A byte changed anywhere: an error, or a table that keeps the rules."""
    path = tmp_path / "boxes.arrow"
    write_box_table(path, read_coco_boxes(write_json(tmp_path, coco_content())).table)
    whole = path.read_bytes()
    for position in range(0, len(whole), 3):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x41]) + whole[position + 1 :])
        try:
            table = read_box_table(path)
        except SourceError:
            continue
        x1, y1, x2, y2 = table.edges
        assert ((x1 >= 0) & (x1 < x2) & (x2 <= 1) & (y1 >= 0) & (y1 < y2) & (y2 <= 1)).all()
        assert table.starts[-1] == table.num_boxes
        assert table.names is None or (table.categories.min() >= 0 and table.categories.max() < len(table.names))
