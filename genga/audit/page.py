"""An audit as a page beside the report: one file that opens anywhere, without a script."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from genga.audit.checks import STATES
from genga.audit.text import deciders, records_said, verdict
from genga.report import STYLE, clock, count

TEMPLATE = "audit.html.j2"
LISTED = 1000  # images on the page at most: browsers, and readers, end somewhere


def page(audit: Mapping[str, Any]) -> str:
    """Return the page; the same audit gives the same bytes."""
    environment = Environment(
        loader=PackageLoader("genga"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"clock": clock, "count": count}
    style = Markup(environment.get_template(STYLE).render())
    said = {"states": STATES, "style": style, "line": verdict(audit), "kept": records_said(audit["records"])}
    return environment.get_template(TEMPLATE).render(**audit, **said, listed=LISTED, deciders=deciders) + "\n"
