"""`genga review`: a desk in the browser, to look through what was made and to correct it."""

import getpass
import subprocess
import webbrowser
from pathlib import Path

import typer

from genga.desk.desk import Desk
from genga.desk.server import PORT, serve
from genga.params.section import params_of
from genga.params.stills import Params as Stills

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def review(
    port: int = typer.Option(PORT, min=0, max=65535, help="port of this machine; 0: any that is free"),
    host: str = typer.Option("127.0.0.1", help="address to listen on; another than loopback lets others reach it"),
    who: str = typer.Option("", help="whom new lines name; without it git's user.name, or who is logged in"),
    read_only: bool = typer.Option(False, "--read-only", help="to look alone: nothing is changed"),
    cores: str = typer.Option("all", help="that a run started from the desk may use"),
    show: bool = typer.Option(False, "--open", help="open it in the browser"),
) -> None:
    """Show the project of this folder in the browser, to look through and correct; writes corrections/ alone."""

    def tell(address: str) -> None:
        print(f"The desk is at {address}\nCtrl+C ends it.", flush=True)
        if show:
            webbrowser.open(address)

    scaling = params_of("stills", Stills, "").scaling
    serve(Desk(Path(), who or _me(), read_only), cores, scaling, host, port, tell)


def _me() -> str:
    """Return the name of whoever sits here."""
    try:
        said = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True).stdout.strip()
    except OSError:
        said = ""
    return said or getpass.getuser()
