"""The command `genga`: what people do beside the workflow. Stages have commands of their own, in scripts/.

Each module in genga/cli/ is a subcommand of its name: it has a typer `app`. Only the one that is asked for is imported,
and what takes long to import is imported where it is used.
"""

import importlib
import pkgutil
import sys
from keyword import iskeyword
from typing import Any

import typer
from typer.core import TyperGroup

import genga.cli
from genga.errors import GengaError


class Subcommands(TyperGroup):
    """The modules of genga/cli/ as subcommands."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(module.name.rstrip("_") for module in pkgutil.iter_modules(genga.cli.__path__))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name  # import
        command = typer.main.get_command(importlib.import_module(f"genga.cli.{module}").app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=Subcommands, add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def genga_() -> None:
    """From raw anime episodes to fine-tuned diffusion models: what people do beside the workflow."""


def command() -> Any:
    """Return the whole of `genga` as one command, for whoever describes it."""
    return typer.main.get_command(app)


def main() -> None:
    """Run the command line. A GengaError, and what a disk refuses, become one line on stderr and exit status 1."""
    try:
        app(prog_name="genga")
    except GengaError as error:
        # A name in it can hold what is no text, or ends a line.
        line = str(error).replace("\n", "\\n").encode(errors="backslashreplace").decode()
        print(f"error: {line}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"error: {error.filename or 'a disk or share'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
