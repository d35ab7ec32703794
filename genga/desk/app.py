"""The desk as a web app: which address shows or does what.

Nothing that a browser sends becomes a path: series, episodes, runs and pictures are looked up among those there are.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from genga.desk.desk import FOLDER, Desk
from genga.desk.pages import page
from genga.desk.played import Player
from genga.desk.saying import Saying
from genga.desk.showing import Showing
from genga.desk.small import SIDES, SmallPictures
from genga.desk.work import Work
from genga.errors import GengaError
from genga.pages.html import PALETTE
from genga.store.sweeping import sweep

MOST_SENT = 4 << 20  # bytes of a request
_IDLE = 60.0  # s since a file was written to last that a desk on another machine may be writing
_PAUSE, _PATIENCE = 0.25, 1.5  # s: of nobody asking, before more is read; of waiting for that, at most
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_KINDS = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
PAGES = ("start", "drawings", "tags", "people", "dataset", "samples", "issues", "rules")


class Site:
    """The addresses of a desk."""

    def __init__(self, desk: Desk, work: Work, player: Player, token: str) -> None:
        self.desk, self.work, self.player = desk, work, player
        self.pictures = SmallPictures(desk.root, None if desk.read_only else desk.root / FOLDER / "small")
        self.showing, self.saying = Showing(desk, work, player), Saying(desk, work)
        self._token = token
        sheets = files("genga.pages").joinpath("templates", PALETTE), files("genga.desk").joinpath("static/desk.css")
        self._style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)

    def app(self) -> Starlette:
        """Return what answers requests; genga.desk.access stands before it."""
        asked = {name: getattr(self.showing, name) for name in Showing.ADDRESSES}
        said = {name: getattr(self.saying, name) for name in Saying.ADDRESSES}
        return Starlette(
            routes=[
                Route("/", self._page),
                *(Route(f"/{name}", self._page) for name in PAGES[1:]),
                Route("/static/{name}", self._static),
                Route("/small/{name:path}", self._small),
                Route("/drawn/{name:path}", self._drawn),
                Route("/frame/{series}/{episode}/{frame:int}", self._frame),
                *(Route(f"/api/{name}", _asked(what)) for name, what in asked.items()),
                *(Route(f"/api/{name}", _said(what), methods=["POST"]) for name, what in said.items()),
            ],
            exception_handlers={GengaError: _told, OSError: _told},
        )

    def _page(self, request: Request) -> Response:
        name = request.url.path.strip("/") or PAGES[0]
        return HTMLResponse(page(name, self._token, self.desk.read_only, self.desk.root.resolve().name))

    def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == "desk.css":
            return Response(self._style, media_type="text/css")
        known = {one.name: one for one in files("genga.desk").joinpath("static").iterdir()}
        if name not in known:
            return Response("no such file\n", 404)
        return Response(known[name].read_bytes(), media_type=_KINDS.get(name.rpartition(".")[2], "text/plain"))

    def _small(self, request: Request) -> Response:
        hit = self.desk.index.hit(request.path_params["name"])
        side = SIDES[1] if request.query_params.get("side") == "large" else SIDES[0]
        place = hit.piece.places.row(hit.picture)
        return Response(self.pictures.of(place, hit.name, side), media_type="image/jpeg", headers=_FOREVER)

    def _drawn(self, request: Request) -> Response:
        name = request.path_params["name"]
        place = self.showing.sample_place(name)
        return Response(self.pictures.of(place, name, SIDES[1]), media_type="image/jpeg", headers=_FOREVER)

    def _frame(self, request: Request) -> Response:
        series, episode, frame = (request.path_params[key] for key in ("series", "episode", "frame"))
        self.desk.index.piece(series, episode)  # that there is
        return Response(self.player.frame(series, episode, frame), media_type="image/jpeg", headers=_FOREVER)


def _asked(what: Callable[..., Any]) -> Callable[[Request], Response]:
    """An address that shows: parameters of the query in, JSON out."""

    @wraps(what)
    def answer(request: Request) -> Response:
        return JSONResponse(what(dict(request.query_params)))

    return answer


def _said(what: Callable[..., Any]) -> Callable[[Request], Any]:
    """An address that does: JSON in, JSON out."""

    @wraps(what)
    async def answer(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_SENT:
                raise GengaError(f"more than {MOST_SENT >> 20} MB at once; select less")
        try:
            said = json.loads(body or b"{}")
        except ValueError as error:
            raise GengaError("the request is no JSON; reload the page") from error
        if not isinstance(said, dict):
            raise GengaError("the request says nothing; reload the page")
        return JSONResponse(await run_in_threadpool(what, said))

    return answer


def _told(_: Request, error: Exception) -> Response:
    """What a person can put right, in a line."""
    said = str(error) if isinstance(error, GengaError) else f"{getattr(error, 'filename', '')}: {error}"
    return JSONResponse({"error": said}, 409)


class Keeper(threading.Thread):
    """Reads what is new in the project, and writes what has waited, again and again until the process ends.

    It reads in the pauses of whoever sits at the desk: first what they ask for is answered.
    """

    def __init__(self, desk: Desk, every: float = 2.0, quiet: Callable[[], float] = lambda: _PAUSE) -> None:
        """every: s between two looks. quiet: says for how many s nobody has asked for anything."""
        super().__init__(daemon=True, name="keeper")
        self._desk, self._every, self._quiet = desk, every, quiet
        self.ended = threading.Event()

    def run(self) -> None:
        swept = self._desk.read_only
        while not self.ended.is_set():
            try:
                self.look()
            except (GengaError, OSError) as error:
                self._desk.told.append(str(error))
            if not swept:  # of what a desk that was killed was writing
                with suppress(OSError):
                    sweep([self._desk.root / FOLDER], idle=_IDLE)
            swept = True
            self.ended.wait(self._every)

    def look(self) -> None:
        """Look once."""
        for _ in self._desk.index.read_all():
            self._desk.refresh()
            until = time.monotonic() + _PATIENCE
            while self._quiet() < _PAUSE and time.monotonic() < until and not self.ended.is_set():
                time.sleep(0.02)
        self._desk.refresh()
        if (outcome := self._desk.catch_up()) is not None:
            self._desk.told.append(f"written after the run: {outcome.done} lines")
            self._desk.told += outcome.refused
