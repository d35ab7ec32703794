"""The desk on a port of this machine, for as long as its person sits there."""

import secrets
import socket
from collections.abc import Callable

import uvicorn

from genga.desk.access import LOOPBACK, TOKEN, Guard
from genga.desk.app import Keeper, Site
from genga.desk.desk import Desk
from genga.desk.played import Player
from genga.desk.work import Work
from genga.errors import GengaError

PORT = 8686


def listening(host: str, port: int) -> socket.socket:
    """Return an open socket. Raises GengaError if the port is in use, or there is no such address here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError as error:
        found.close()
        way_out = "name another with --port" if error.errno in _TAKEN else "name one of this machine with --host"
        raise GengaError(f"{host} port {port}: cannot be listened on ({error.strerror}); {way_out}") from error
    return found


_TAKEN = (98, 13, 48)  # EADDRINUSE, EACCES of Linux, EADDRINUSE of macOS


def address(host: str, port: int, token: str) -> str:
    """Return the address that a person opens."""
    shown = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host
    return f"http://{shown}:{port}/?{TOKEN}={token}"


def serve(
    desk: Desk, cores: str, scaling: str, host: str, port: int, tell: Callable[[str], None], token: str = ""
) -> None:
    """Show a desk until the process is interrupted. tell: is given the address once it can be opened.

    Raises GengaError if there is nothing to look at, or the port cannot be had.
    """
    desk.index.check()
    token = token or secrets.token_urlsafe(24)
    found = listening(host, port)
    port = found.getsockname()[1]
    work, player = Work(desk.root, cores), Player(desk.root, scaling)
    site = Site(desk, work, player, token)
    guard = Guard(site.app(), token, {*LOOPBACK, host, socket.gethostname().lower()}, port, desk.read_only)
    config = uvicorn.Config(
        guard, log_level="warning", access_log=False, lifespan="off", server_header=False, date_header=False
    )
    keeper = Keeper(desk, quiet=guard.quiet)
    keeper.start()
    tell(address(host, port, token))
    try:
        uvicorn.Server(config).run(sockets=[found])
    finally:
        keeper.ended.set()
        found.close()
