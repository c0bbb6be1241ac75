"""The training examples as modules; they lie outside the package."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from tests.conftest import ROOT


def load_example(name: str) -> ModuleType:
    """``train_examples/NAME.py``; what it imports of its neighbours is to be loaded before."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "train_examples" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # pydantic looks annotations up there
        spec.loader.exec_module(module)
    return sys.modules[name]
