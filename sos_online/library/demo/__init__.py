"""The embedded demo library: everyday objects drawn by code, with words that are true of them.

Nothing is downloaded or random. An object is a set of signed-distance solids (`solids`, `outlines`, `model`) that is
looked at (`march`) and lit (`studio`) once, then painted (`materials`, `patterns`, `picture`) in many styles (`kinds`).
"""

from __future__ import annotations

from sos_online.library.demo.drawings import Drawing, catalogue, draw

__all__ = ["Drawing", "catalogue", "draw"]
