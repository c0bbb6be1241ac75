"""The tables of ``docs/words.md``, which the code has to agree with."""

from __future__ import annotations

from tests.conftest import ROOT


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    text = (ROOT / "docs" / "words.md").read_text()
    assert text.count(f"# {title}\n") == 1, title
    return text.partition(f"# {title}\n")[2].partition("\n#")[0]


def table(title: str, head: str) -> list[list[str]]:
    """The rows, less the head, of the table under a heading whose first column is called ``head``."""
    lines = section(title).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows
    return rows


def listed(text: str) -> list[str]:
    """What commas part."""
    return [part.strip() for part in text.split(",") if part.strip()]
