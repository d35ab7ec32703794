"""What the desk shows, as data: an address for each, what a browser asked in, values for JSON out."""

from collections.abc import Mapping
from typing import Any, ClassVar

from genga.desk import ruling
from genga.desk.desk import Desk
from genga.desk.drawings import drawings_of
from genga.desk.index import Hit, Hits, tag_counts
from genga.desk.learnt import caption_of, facets, runs, samples_of
from genga.desk.people import clusters_of, nearest
from genga.desk.piece import Piece
from genga.desk.played import Player
from genga.desk.query import parse
from genga.desk.search import hint
from genga.desk.work import Work
from genga.errors import GengaError
from genga.params.section import params_of
from genga.params.tag import Params as TagParams
from genga.people.pruning import Implied, read_implied

Asked = Mapping[str, str]

WINDOW = 400  # pictures in an answer, at most
SELECTED = 20_000  # ids in an answer, at most
SHOWN = 10  # crops of a cluster
NEAR = 24  # crops that are nearest to one
TAGS = 2000  # of the index of tags


class Showing:
    ADDRESSES: ClassVar = (
        "project", "find", "ids", "picture", "tags", "drawings", "people", "near", "facets", "samples", "rules",
        "issues",
    )  # fmt: skip

    def __init__(self, desk: Desk, work: Work, player: Player) -> None:
        self._desk, self._work, self._player = desk, work, player
        self._found: tuple[object, Hits] | None = None
        self._tags: tuple[object, Any] | None = None
        self._implied: Implied | None = None

    def project(self, _: Asked) -> dict[str, Any]:
        """What there is, how much of it is read, and what is going on."""
        desk, index = self._desk, self._desk.index
        desk.refresh()
        journal = desk.journal
        return {
            "episodes": [list(name) for name in index.episodes()],
            "read": len(index.pieces),
            "pictures": sum(map(len, list(index.pieces.values()))),
            "runs": runs(desk.root),
            "who": desk.who,
            "read_only": desk.read_only,
            "revision": desk.overlay.revision,
            "generation": index.generation,
            "undo": journal.past[-1].what if journal.past else None,
            "redo": journal.future[-1].what if journal.future else None,
            "waiting": desk.waiting,
            "faults": [*index.faults.values(), *desk.overlay.faults.values()],
            "told": desk.told[-5:],
            "work": self._work.state(),
        }

    def find(self, asked: Asked) -> dict[str, Any]:
        """Return a stretch of what a query finds: q, from, count."""
        hits = self._hits(query := asked.get("q", ""))
        start, count = _number(asked, "from", 0), min(WINDOW, _number(asked, "count", WINDOW))
        return {
            "total": len(hits),
            "from": start,
            "generation": self._desk.index.generation,
            "revision": self._desk.overlay.revision,
            "items": [hit.brief for hit in hits.window(start, count)],
            "hint": "" if len(hits) else hint(parse(query), hits.pieces),
        }

    def ids(self, asked: Asked) -> dict[str, Any]:
        """Return the ids of a stretch of what a query finds, for a selection: q, from, to (exclusive)."""
        hits = self._hits(asked.get("q", ""))
        start, end = _number(asked, "from", 0), _number(asked, "to", len(hits))
        if end - start > SELECTED:
            raise GengaError(f"more than {SELECTED} pictures at once; narrow the search")
        return {"ids": [hit.name for hit in hits.window(start, max(0, end - start))]}

    def picture(self, asked: Asked) -> dict[str, Any]:
        """Return all that is known of a picture: id."""
        hit = self._desk.index.hit(asked.get("id", ""))
        self._desk.refresh()
        piece, number = hit
        scores, held = piece.scores_of(number), piece.tags_of(number)
        tags = [[tag, *scores.get(tag, (None, None))] for tag in held]
        others = [[tag, *of] for tag, of in scores.items() if tag not in held]
        doubtful = sorted(others, key=lambda one: -float(one[1] or 0))[:30]
        decided = {tag: said[number] for tag, said in piece.decided.items() if number in said}
        return {
            **hit.brief,
            "tags": tags,
            "doubtful": doubtful,
            "decided": decided,
            "implied": {tag: sorted(self._implications.get(tag, ())) for tag in held if tag in self._implications},
            "cluster": int(piece.cluster[number]),
            "frame": int(piece.frame[number]),
            "quality": piece.tier.word(number),
            "judged": piece.judged.word(number),
            "in": piece.side.word(number),
            "bucket": piece.bucket.word(number),
            "caption": caption_of(self._desk.root, hit),
            "sentence": self._sentence(hit),
            "revision": self._desk.overlay.revision,
        }

    def tags(self, _: Asked) -> dict[str, Any]:
        """Return all tags with how many stills and crops have them, the commonest first, and what goes along."""
        self._desk.refresh()
        state = self._desk.index.generation, self._desk.overlay.revision
        if self._tags is None or self._tags[0] != state:
            counts = tag_counts(list(self._desk.index.pieces.values()))
            rows = [[tag, *of, sorted(self._implications.get(tag, ()))] for tag, of in counts.items()]
            self._tags = state, {"tags": rows[:TAGS], "total": len(rows)}
        return dict(self._tags[1])

    def drawings(self, asked: Asked) -> dict[str, Any]:
        """Return an episode's shots, holds and closest decisions: series, episode."""
        piece = self._piece(asked)
        self._desk.refresh()
        lines = self._desk.overlay.lines("frames", piece.series, piece.episode)
        return {
            **drawings_of(self._desk.root, piece.series, piece.episode, lines),
            "stills": sorted({int(frame) for frame in piece.frame[piece.kind == 0]}),
            "video": self._player.has_video(piece.series, piece.episode),
            "revision": self._desk.overlay.revision,
        }

    def people(self, asked: Asked) -> dict[str, Any]:
        """Return the clusters of a series: series."""
        pieces = self._series(asked)
        self._desk.refresh()
        rows = clusters_of(pieces, SHOWN)
        names = {word for piece in pieces for word in piece.character.known} - {"none", "nobody"}
        return {"clusters": rows, "names": sorted(names), "revision": self._desk.overlay.revision}

    def near(self, asked: Asked) -> dict[str, Any]:
        """Return the crops that are nearest to one: id."""
        hit = self._desk.index.hit(asked.get("id", ""))
        pieces = [piece for piece in list(self._desk.index.pieces.values()) if piece.series == hit.piece.series]
        found = nearest(self._desk.root, hit, pieces, NEAR)
        return {"near": [{**one.hit.brief, "likeness": round(one.likeness, 4)} for one in found]}

    def facets(self, _: Asked) -> dict[str, Any]:
        """Return how many pictures are in the dataset, left out and why, in which bucket, of whom."""
        self._desk.refresh()
        return {"facets": facets(list(self._desk.index.pieces.values()))}

    def samples(self, asked: Asked) -> dict[str, Any]:
        """Return a run's samples: run."""
        rows, _ = samples_of(self._desk.root, asked.get("run", ""))
        return {"samples": [{name: _plain(value) for name, value in row.items()} for row in rows]}

    def rules(self, _: Asked) -> dict[str, Any]:
        """Return all rules about tags, aliases and sentences, with what they are about, and which series there are."""
        self._desk.refresh()
        series = sorted({name for name, _ in self._desk.index.episodes()})
        every: list[dict[str, Any]] = []
        for one in series:
            lines = {kind: self._desk.overlay.lines(kind, one) for kind in ruling.KINDS}
            pieces = [piece for piece in list(self._desk.index.pieces.values()) if piece.series == one]
            every += ruling.listed(self._desk.root, one, lines, pieces)
        return {"rules": every, "series": series, "revision": self._desk.overlay.revision}

    def issues(self, _: Asked) -> dict[str, Any]:
        """Return the issues of all series, the open ones first, and which series there are."""
        self._desk.refresh()
        series = sorted({name for name, _ in self._desk.index.episodes()})
        every = [{"series": one, **line.values} for one in series for line in self._desk.overlay.lines("issues", one)]
        order = ("open", "fixed", "kept")
        every.sort(key=lambda one: order.index(one["state"]) if one["state"] in order else len(order))
        return {"issues": every, "series": series, "revision": self._desk.overlay.revision}

    def sample_place(self, name: str) -> tuple[str, int, int, str]:
        """Return where a sample's picture is. Raises GengaError if there is none."""
        _, places = samples_of(self._desk.root, name.partition("/")[0])
        if name not in places:
            raise GengaError(f"{name}: there is no such sample now; reload the page")
        return places[name]

    def _sentence(self, hit: Hit) -> str | None:
        """What people say that a picture shows; None: nobody says anything."""
        lines = reversed(self._desk.overlay.lines("sentences", hit.piece.series))
        return next((line["sentence"] for line in lines if line["still_or_crop"] == hit.name), None)

    def _hits(self, text: str) -> Hits:
        self._desk.refresh()
        state = text, self._desk.index.generation, self._desk.overlay.revision
        if self._found is None or self._found[0] != state:
            self._found = state, self._desk.index.find(parse(text))
        return self._found[1]

    def _piece(self, asked: Asked) -> Piece:
        return self._desk.index.piece(asked.get("series", ""), asked.get("episode", ""))

    def _series(self, asked: Asked) -> list[Piece]:
        return series_of(self._desk, asked.get("series", ""))

    @property
    def _implications(self) -> Mapping[str, frozenset[str]]:
        if self._implied is None:
            self._implied = read_implied(params_of("tag", TagParams, ""))
        return self._implied.implications


def series_of(desk: Desk, series: str) -> list[Piece]:
    """Return all episodes of a series, read now if they have to be. Raises GengaError if there is none."""
    names = [name for name in desk.index.episodes() if name[0] == series]
    if not names:
        raise GengaError(f"{series}: there is no such series; reload the page")
    return [desk.index.piece(*name) for name in names]


def _number(asked: Asked, key: str, default: int) -> int:
    text = asked.get(key, "")
    return int(text) if text.isdecimal() and len(text) < 10 else default


def _plain(value: Any) -> Any:
    """A value of a table as JSON has it, nan as null."""
    return value if not isinstance(value, float) else None if value != value else round(value, 4)
