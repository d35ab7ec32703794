"""An audit as a page beside the report: one file that opens anywhere, without a script."""

from collections.abc import Mapping
from typing import Any

from genga.audit.as_text import deciders, records_said, verdict
from genga.audit.checks import STATES
from genga.pages import html
from genga.pages.report import STYLE

TEMPLATE = "audit.html.j2"
LISTED = 1000  # images on the page at most: browsers, and readers, end somewhere


def page(audit: Mapping[str, Any]) -> str:
    """Return the page; the same audit gives the same bytes."""
    said = {"states": STATES, "line": verdict(audit), "kept": records_said(audit["records"])}
    return html.page(TEMPLATE, STYLE, **audit, **said, listed=LISTED, deciders=deciders)
