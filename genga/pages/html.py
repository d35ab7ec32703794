"""Pages that are one file each: a template, a style sheet and the palette, all in it; no script, no date, no path.

Their content security policy says so to the browser too: no script, nothing from a network, pictures that are in the
page. Same values, same bytes. How numbers and times are written is the same on every page.
"""

from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

PALETTE, BASE = "palette.css", "base.css"  # of every page: its colours in light and dark; what all have in common


def page(template: str, style: str, **values: Any) -> str:
    """Return a page. template, style: names of files in genga/templates/."""
    environment = Environment(
        loader=PackageLoader("genga.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "fixed": fixed, "signed": signed, "count": count, "clock": clock, "share": share, "path": path
    }  # fmt: skip
    sheets = "".join(environment.get_template(name).render() + "\n" for name in (PALETTE, BASE, style))
    return environment.get_template(template).render(**values, style=Markup(sheets.rstrip("\n"))) + "\n"


def fixed(value: float, digits: int = 2) -> str:
    """0.5 as `0.50`."""
    return f"{value:.{digits}f}"


def signed(value: float, digits: int = 2) -> str:
    """0.5 as `+0.50`, with a true minus sign."""
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def count(value: int) -> str:
    """12345 as `12 345`, with a narrow space that does not break."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def share(value: int, total: int) -> str:
    """A part of a total as the width of a bar in percent."""
    return f"{100 * value / total:.3f}" if total else "0"


def clock(seconds: float) -> str:
    """75.25 as `1:15.250`, a time in an episode."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds // 60_000}:{milliseconds // 1000 % 60:02d}.{milliseconds % 1000:03d}"


def path(name: str) -> str:
    """A path as an address: blanks and letters of other scripts quoted, slashes left."""
    return quote(name)
