"""Names and values as Markdown says them: whatever is in them, it stays text.

CommonMark 0.31 (backslash escapes, entities, code spans) and GitHub's tables, as model hubs read.
"""

import re

_MARKS = re.compile(r"[\\`*_\[\]~#$]|:(?=//)|!(?=\[)")  # of emphasis, code, links, headings, formulas
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}  # of HTML; a bar ends a cell, even in code


def text(value: object) -> str:
    """Return a value as running text, on one line: in a sentence, a heading, a cell of a table."""
    line = _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(str(value).split()))
    return re.sub(r"[&<>|]", lambda mark: _ENTITIES[mark[0]], line)


def code(value: object) -> str:
    """Return a value as code, on one line, between more backticks than it has in a row; as HTML if a bar is in it."""
    line = " ".join(str(value).split()) or " "
    if "|" in line:
        return f"<code>{text(line)}</code>"
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def row(*cells: str) -> str:
    """Return a row of a table. cells: as `text` and `code` return them."""
    return f"| {' | '.join(cells)} |"
