"""An audit as a page beside the report: one file that opens anywhere, without a script."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from genga.audit.checks import STATES
from genga.audit.text import verdict
from genga.report import STYLE, clock, count

TEMPLATE = "audit.html.j2"


def page(audit: Mapping[str, Any]) -> str:
    """Return the page; the same audit gives the same bytes."""
    environment = Environment(
        loader=PackageLoader("genga"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"clock": clock, "count": count}
    style = Markup(environment.get_template(STYLE).render())
    return environment.get_template(TEMPLATE).render(
        **audit, states=STATES, style=style, line=verdict(audit)
    ) + "\n"  # fmt: skip
