"""A gallery of samples as one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from sos_online.cli.gallery.embedding import facts_json, pixels_json
from sos_online.cli.gallery.entry import Entry

# They become one style sheet, in this order: rules for narrow windows override those before them.
_STYLES = ("page.css", "large_view.css", "expressions.css", "narrow.css")
# They become one script, in this order: each uses only what stands before it.
_SCRIPTS = (
    "instance_map.js",
    "outlines.js",
    "labels.js",
    "overlay.js",
    "switches.js",
    "filter.js",
    "rows.js",
    "picture_view.js",
    "object_card.js",
    "expression_list.js",
    "comparison.js",
    "large_view.js",
    "gallery.js",
)


def write_gallery(path: Path, entries: Iterable[Entry], title: str) -> None:
    """Writes the page to ``path``; on any error, a file that was there before stays as it was.

    Entries are written as they come, so only one is held in memory at a time.
    """
    before, after = _page_around_entries(title)
    # In the same folder, because a rename is atomic only within one file system.
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        # A title may come from a file name that is no valid Unicode; such characters are shown as "?".
        with unfinished.open("x", encoding="utf-8", errors="replace", newline="\n") as page:
            page.write(before)
            for entry in entries:
                page.write(f'<script type="application/json" class="facts">{facts_json(entry)}</script>\n')
                page.write(f'<script type="application/json" class="pixels">{pixels_json(entry)}</script>\n')
            page.write(after)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _page_around_entries(title: str) -> tuple[str, str]:
    """The page up to where the entries stand, and the rest of it."""
    style = "\n".join(_web_file(name) for name in _STYLES)
    script = '"use strict";\n' + "\n".join(_web_file(name) for name in _SCRIPTS)
    blanks = {
        "title": html.escape(title),
        "style": style,
        "script": script,
        "style_hash": _content_hash(style),
        "script_hash": _content_hash(script),
    }
    # Split first and fill each part in one pass, so that a title that looks like a blank is not filled in turn.
    before, after = _web_file("page.html").split("{{entries}}")
    return _filled(before, blanks), _filled(after, blanks)


def _filled(template: str, blanks: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: blanks[match[1]], template)


def _content_hash(text: str) -> str:
    """For the page's content security policy: only this very text may run, whatever else gets into the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _web_file(name: str) -> str:
    return (resources.files(__package__) / "web" / name).read_text(encoding="utf-8")
