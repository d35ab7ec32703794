"""What is to be put right: `corrections/<series>/issues.csv`, an issue of a tag or a character a line, with its state.

Columns: about (`tag` or `character`), name (which one), issue (what is wrong with it), state, and optionally run (whose
samples showed it), who, why. state: `open`, `fixed` (something was done; the next report shows whether it helped), or
`kept` (it is as it should be). The report of each run that learns from the series has it beside the figures of that tag
or character.
"""

from pathlib import Path
from typing import Literal, NamedTuple, get_args

from genga.decisions.csv import Decision, read
from genga.errors import GengaError
from genga.vocabulary.text import tag_name

About = Literal["tag", "character"]
State = Literal["open", "fixed", "kept"]


class Issue(NamedTuple):
    line: int  # in the file
    about: About
    name: str
    issue: str
    state: State
    run: str = ""  # "": of no run


def read_issues(path: str | Path) -> list[Issue]:
    """Return the lines of a table of issues, in order. Raises GengaError naming file and line."""
    return [_issue(decision) for decision in read(path, "issues")]


def _issue(decision: Decision) -> Issue:
    about = next((one for one in get_args(About) if one == decision["about"]), None)
    state = next((one for one in get_args(State) if one == decision["state"]), None)
    if about is None:
        raise GengaError(f"{decision.where}: about must be {' or '.join(get_args(About))}, got {decision['about']!r}")
    if state is None:
        raise GengaError(f"{decision.where}: state must be {', '.join(get_args(State))}, got {decision['state']!r}")
    if not decision["name"] or not decision["issue"]:
        raise GengaError(f"{decision.where}: names no {'issue' if decision['name'] else about}")
    name = tag_name(decision["name"]) if about == "tag" else decision["name"]
    return Issue(decision.line, about, name, decision["issue"], state, decision["run"])
