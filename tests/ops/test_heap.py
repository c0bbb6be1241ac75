"""Freed memory is kept: large arrays that come and go fault no pages in."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_SCRIPT = """
import resource
import numpy as np
from sos_online.ops.heap import keep_freed_memory
keep_freed_memory()
def images():
    for _ in range(20):
        np.ones((1024, 1024, 3), np.float32)
images()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
images()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
def test_page_faults() -> None:
    """An array of 1024 x 1024 x 3 floats is 3,072 pages, of which a fresh process gets some in larger pieces."""
    faults = int(subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, check=True).stdout)
    assert faults < 200
