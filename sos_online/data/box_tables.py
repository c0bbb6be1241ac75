"""Tables of boxes: read from COCO-format JSON, CSV, Parquet or Arrow; written as Arrow, which is mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq

from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.errors import SourceError
from sos_online.library.arrow_files import write_table
from sos_online.ops.names import fold
from sos_online.types import BoxTable

_EDGES = ("x1", "y1", "x2", "y2")
_MAX_BOXES = 2**28  # 4 GB of edges


def read_box_table(path: Path) -> BoxTable:
    """Boxes of pictures, of any of the kinds that ``plan.layout.FromTable`` names.

    The columns of an Arrow file whose rows are ordered by image (as :func:`write_box_table` writes) stay in the file
    and are mapped, so that processes share them.

    Raises:
        SourceError: naming the file, and the column and row that are missing or wrong.
    """
    if path.suffix.lower() == ".json":
        return read_coco_boxes(path).table
    table = _table_of(path, _read_columns(path))
    return _MappedTable.of(table, path) if path.suffix.lower() == ".arrow" else table


def write_box_table(path: Path, table: BoxTable) -> None:
    """Write a table as Arrow, image by image. Raises ``LibraryError`` naming the file if it cannot be written."""
    columns: dict[str, Any] = {"image": np.repeat(np.arange(len(table), dtype=np.int32), np.diff(table.starts))}
    columns |= dict(zip(_EDGES, table.edges, strict=True))
    if table.names is not None:
        columns["category"] = pa.DictionaryArray.from_arrays(table.categories, pa.array(table.names))
    write_table(path, pa.table(columns))


class _MappedTable(BoxTable):
    """A table in a file: a process that is spawned maps the file again, instead of being sent what it holds."""

    path: Path

    @staticmethod
    def of(table: BoxTable, path: Path) -> BoxTable:
        mapped = _MappedTable(table.edges, table.starts, table.names, table.categories)
        object.__setattr__(mapped, "path", path.absolute())
        return mapped

    def __reduce__(self) -> tuple[Any, ...]:
        return _read_unchanged, (self.path, self.fingerprint())


def _read_unchanged(path: Path, fingerprint: str) -> BoxTable:
    table = read_box_table(path)
    if table.fingerprint() != fingerprint:
        raise SourceError(f"{path}: has changed since it was opened; make the dataset anew")
    return table


def _read_columns(path: Path) -> pa.Table:
    """The columns that matter, as they are stored."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            table = pa_csv.read_csv(path)
        elif suffix == ".parquet":
            file = pq.ParquetFile(path, memory_map=True)
            _check_size(path, file.metadata.num_rows)
            table = file.read([name for name in file.schema_arrow.names if name in ("image", *_EDGES, "category")])
        elif suffix == ".arrow":
            table = pa_ipc.open_file(pa.memory_map(str(path))).read_all()
        else:
            raise SourceError(f"{path}: expected a table of boxes: .json (COCO), .csv, .parquet or .arrow")
        table.validate(full=True)  # what a damaged file says of its own text may lie outside of it
    except (OSError, pa.ArrowException, ValueError) as error:
        raise SourceError(f"{path}: cannot be read as a table: {error}") from None
    _check_size(path, table.num_rows)
    missing = [name for name in ("image", *_EDGES) if name not in table.column_names]
    if missing:
        raise SourceError(f"{path}: column {missing[0]!r} is missing; found {', '.join(table.column_names)}")
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise SourceError(f"{path}: column {name!r} is there twice")
        if name in ("image", *_EDGES, "category") and table[name].null_count:
            row = pc.index(pc.is_null(table[name]), True).as_py()
            raise SourceError(f"{path}: column {name!r}, row {row}: is empty")
    return table


def _check_size(path: Path, rows: int) -> None:
    if not 0 < rows <= _MAX_BOXES:
        raise SourceError(f"{path}: expected 1 to {_MAX_BOXES:,} boxes, found {rows:,}")


def _table_of(path: Path, columns: pa.Table) -> BoxTable:
    x1, y1, x2, y2 = (_edge(path, columns[name], name) for name in _EDGES)
    _check_boxes(path, x1, x2, "x1, x2")
    _check_boxes(path, y1, y2, "y1, y2")
    images = _codes(path, columns["image"], "image")[0]
    names, categories = None, np.empty(0, np.int32)
    if "category" in columns.column_names:
        names, categories = _joined(*_codes(path, columns["category"], "category"))
    if (np.diff(images) < 0).any():
        order = np.argsort(images, kind="stable")
        images, (x1, y1, x2, y2) = images[order], (edge[order] for edge in (x1, y1, x2, y2))
        categories = categories if names is None else categories[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(images)) + 1, [len(images)]]).astype(np.int64)
    return BoxTable((x1, y1, x2, y2), starts, names, categories)


def _codes(path: Path, column: pa.ChunkedArray, name: str) -> tuple[npt.NDArray[np.int32], list[Any]]:
    """A number for each value, int32 ``[rows]``, and the values; images that are numbered so already are mapped."""
    values = _one_piece(column)
    if name == "image" and values.type == pa.int32():
        return values.to_numpy(zero_copy_only=True), []
    if not pa.types.is_dictionary(values.type):
        values = pc.dictionary_encode(values)
    kind = values.type.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        raise SourceError(f"{path}: column {name!r}: expected text or whole numbers, found {kind}")
    return values.indices.cast(pa.int32()).to_numpy(zero_copy_only=False), values.dictionary.to_pylist()


def _one_piece(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()


def _joined(codes: npt.NDArray[np.int32], labels: list[Any]) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """Names as layouts have them, and their positions; labels that are one name are joined."""
    names = [fold(str(label)) for label in labels]
    position = {name: number for number, name in enumerate(dict.fromkeys(names))}
    if len(position) < len(names):
        codes = np.array([position[name] for name in names], np.int32)[codes]
    return tuple(position), codes


def _edge(path: Path, column: pa.ChunkedArray, name: str) -> npt.NDArray[np.float32]:
    try:
        numbers: npt.NDArray[np.float32] = _one_piece(column).cast(pa.float32()).to_numpy(zero_copy_only=False)
    except pa.ArrowException as error:
        raise SourceError(f"{path}: column {name!r}: expected numbers: {error}") from None
    return numbers


def _check_boxes(path: Path, low: npt.NDArray[np.float32], high: npt.NDArray[np.float32], names: str) -> None:
    wrong = np.flatnonzero(~((low >= 0) & (low < high) & (high <= 1)))
    if len(wrong):
        row = int(wrong[0])
        raise SourceError(
            f"{path}: row {row}: {names}: expected shares of the picture, 0 <= low < high <= 1, "
            f"found {float(low[row]):g}, {float(high[row]):g}"
        )
