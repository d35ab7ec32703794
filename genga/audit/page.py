"""An audit as a page beside the report: one file that opens anywhere, without a script."""

from collections.abc import Mapping
from typing import Any

from genga import pages
from genga.audit.checks import STATES
from genga.audit.text import verdict
from genga.report import STYLE

TEMPLATE = "audit.html.j2"


def page(audit: Mapping[str, Any]) -> str:
    """Return the page; the same audit gives the same bytes."""
    return pages.page(TEMPLATE, STYLE, **audit, states=STATES, line=verdict(audit))
