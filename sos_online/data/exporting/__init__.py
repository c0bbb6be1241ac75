"""Samples as files, in the formats that others train from."""

from sos_online.data.exporting.formats import FORMATS, ExportFormat
from sos_online.data.exporting.run import ExportReport, export

__all__ = ["FORMATS", "ExportFormat", "ExportReport", "export"]
