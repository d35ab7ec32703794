"""What a person can do at the desk: an address for each, what a browser sent in, what came of it out."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from genga.desk.desk import Desk, Outcome
from genga.desk.edits import ABOUT, Edit
from genga.desk.index import Hit
from genga.desk.intents import (
    cluster_edits,
    crop_edits,
    frame_edit,
    issue_edit,
    tag_edits,
    text_of,
    texts_of,
    tie_edits,
    tier_edits,
)  # fmt: skip
from genga.desk.people import clusters_of
from genga.desk.piece import Piece
from genga.desk.ruling import alias_edit, rule_edit, sentence_edits
from genga.desk.showing import series_of
from genga.desk.work import Work
from genga.errors import GengaError
from genga.params.section import section_of_file
from genga.workflow.run_series import series_of as series_of_entry

Sent = Mapping[str, Any]

MOST = 20_000  # pictures that are spoken of at once


class Saying:
    ADDRESSES: ClassVar = (
        "tag", "tier", "frame", "name", "merge", "split", "crops", "rule", "alias", "sentence", "issue", "undo", "redo",
        "run", "stop", "stale",
    )  # fmt: skip

    def __init__(self, desk: Desk, work: Work) -> None:
        self._desk, self._work = desk, work

    def tag(self, sent: Sent) -> dict[str, Any]:
        """Add, remove or clear tags on pictures: ids, add, remove, clear, why, alone, revision."""
        hits = self._hits(sent)
        said = {
            tag: verb
            for key, verb in (("add", "add"), ("remove", "remove"), ("clear", ""))
            for tag in texts_of(sent, key)
        }
        if not said:
            raise GengaError("no tag is named; write one, with - before it to take it away")
        words = " ".join(
            f"{ {'add': '+', 'remove': '-', '': '~'}[verb] }{tag}".replace(" ", "") for tag, verb in said.items()
        )
        edits = tag_edits(hits, said, text_of(sent, "why"), bool(sent.get("alone")))
        return self._say(f"{words} on {_count(len(hits), 'picture')}", edits, sent)

    def tier(self, sent: Sent) -> dict[str, Any]:
        """Say how good pictures are: ids, tier ("" to take it back), why, revision."""
        hits, tier = self._hits(sent), text_of(sent, "tier")
        lines = [line for one in {hit.piece.series for hit in hits} for line in self._desk.overlay.lines("tiers", one)]
        words = f"{_count(len(hits), 'picture')} {'is' if len(hits) == 1 else 'are'} {tier or 'as judged'}"
        return self._say(words, tier_edits(hits, tier, lines, text_of(sent, "why")), sent)

    def frame(self, sent: Sent) -> dict[str, Any]:
        """Keep or drop a frame, or take the line back: series, episode, frame, verb, why, revision."""
        piece = self._desk.index.piece(text_of(sent, "series"), text_of(sent, "episode"))
        frame, verb = sent.get("frame"), text_of(sent, "verb")
        if not isinstance(frame, int) or not 0 <= frame < 10**9:
            raise GengaError("frame: must be a frame's number")
        edit = frame_edit(piece.series, piece.episode, frame, verb, text_of(sent, "why"))
        return self._say(f"{verb or 'restore'} frame {frame} of {piece.series}/{piece.episode}", [edit], sent)

    def name(self, sent: Sent) -> dict[str, Any]:
        """Say who clusters are: series, clusters, character ("" for nobody), outfit, why, revision."""
        pieces = self._series(sent)
        rows = self._rows(pieces, sent.get("clusters"))
        called = text_of(sent, "character"), text_of(sent, "outfit")
        return self._say(f"{_list(rows)} {_called(called)}", self._naming(pieces, rows, called, sent), sent)

    def merge(self, sent: Sent) -> dict[str, Any]:
        """Make clusters one person, whom the first is: series, clusters, why, revision."""
        pieces = self._series(sent)
        rows = self._rows(pieces, sent.get("clusters"))
        if len(rows) < 2:
            raise GengaError("select two clusters or more to make them one")
        first = rows[0]
        if first["name"] != "none":
            outfit = "" if first["outfit"] == "none" else first["outfit"]
            name = "" if first["name"] == "nobody" else first["name"]
            edits = self._naming(pieces, rows[1:], (name, outfit), sent)
        else:
            lines = self._desk.overlay.lines("characters", pieces[0].series)
            crops = [row["nearest"][0] for row in rows]
            edits = tie_edits(pieces[0].series, crops, "together", lines, text_of(sent, "why"))
        return self._say(f"{_list(rows)} are one person", edits, sent)

    def split(self, sent: Sent) -> dict[str, Any]:
        """Say that crops are somebody else than their cluster: series, ids, why, revision."""
        pieces, hits = self._series(sent), self._hits(sent)
        lines, why = self._desk.overlay.lines("characters", pieces[0].series), text_of(sent, "why")
        numbers = sorted({int(hit.piece.cluster[hit.picture]) for hit in hits} - {-1, -2})
        if len(numbers) != 1:
            raise GengaError("select crops of one cluster to split them from it")
        medoid = self._rows(pieces, numbers)[0]["nearest"]
        other = next((crop for crop in medoid if crop not in {hit.name for hit in hits}), None)
        if other is None:
            raise GengaError(
                "these crops are all that is shown of their cluster; nobody would be left to split them from"
            )
        edits = tie_edits(pieces[0].series, [hits[0].name, other], "apart", lines, why)
        if len(hits) > 1:
            edits += tie_edits(pieces[0].series, [hit.name for hit in hits], "together", lines, why)
        return self._say(f"{_count(len(hits), 'crop')} split from cluster {numbers[0]}", edits, sent)

    def crops(self, sent: Sent) -> dict[str, Any]:
        """Say who persons are: ids, character ("" for nobody, null to take it back), outfit, why, revision."""
        hits = self._hits(sent)
        said = None if sent.get("character") is None else (text_of(sent, "character"), text_of(sent, "outfit"))
        what = "not said any more" if said is None else _called(said)
        return self._say(f"{_count(len(hits), 'crop')} {what}", crop_edits(hits, said, text_of(sent, "why")), sent)

    def rule(self, sent: Sent) -> dict[str, Any]:
        """Say what holds of a tag wherever others do: series, the columns of tag_rules.csv, back, why, revision."""
        pieces, back = self._series(sent), bool(sent.get("back"))
        said = {column: text_of(sent, column) for column in ABOUT["tag_rules"]}
        if said["episode"] and not back and said["episode"] not in [piece.episode for piece in pieces]:
            raise GengaError(f"{said['episode']}: {pieces[0].series} has no such episode; reload the page")
        words = " ".join(filter(None, said.values())) + (", taken back" if back else "")
        return self._say(f"rule: {words}", [rule_edit(pieces[0].series, said, text_of(sent, "why"), back)], sent)

    def alias(self, sent: Sent) -> dict[str, Any]:
        """Say how a character is called in all series: series, character, name ("" to take it back), why, revision."""
        series, character, name = self._series(sent)[0].series, text_of(sent, "character"), text_of(sent, "name")
        lines = self._desk.overlay.lines("aliases", series)
        edit = alias_edit(series, character, name, lines, text_of(sent, "why"))
        return self._say(f"{character} is {name or 'called so here alone'}", [edit], sent)

    def sentence(self, sent: Sent) -> dict[str, Any]:
        """Say what pictures show: ids, sentence ("" for nothing, null to take it back), why, revision."""
        hits = self._hits(sent)
        sentence = None if sent.get("sentence") is None else text_of(sent, "sentence")
        what = "a sentence taken back" if sentence is None else "a sentence" if sentence else "no sentence"
        edits = sentence_edits(hits, sentence, text_of(sent, "why"))
        return self._say(f"{what} of {_count(len(hits), 'picture')}", edits, sent)

    def issue(self, sent: Sent) -> dict[str, Any]:
        """Note an issue, or its state: series or run, about, name, issue, state ("" to take it back), why, revision."""
        run, about, name, issue, state = (text_of(sent, key) for key in ("run", "about", "name", "issue", "state"))
        series = [text_of(sent, "series")] if sent.get("series") else series_of_run(run)
        known = [self._series({"series": one})[0].series for one in series]
        edits = [issue_edit(one, about, name, issue, state, run, text_of(sent, "why")) for one in known]
        return self._say(f"{about} {name}: {issue}, {state or 'taken back'}", edits, sent)

    def undo(self, sent: Sent) -> dict[str, Any]:
        what, outcome = self._desk.undo(_revision(sent))
        return self._told(f"undone: {what}", outcome)

    def redo(self, sent: Sent) -> dict[str, Any]:
        what, outcome = self._desk.redo(_revision(sent))
        return self._told(f"done again: {what}", outcome)

    def run(self, _: Sent) -> dict[str, Any]:
        self._desk.check_writing()
        self._work.start()
        return {"what": "a run has begun"}

    def stop(self, _: Sent) -> dict[str, Any]:
        self._work.stop()
        return {"what": "the run ends when its jobs have; what is done stays"}

    def stale(self, _: Sent) -> dict[str, Any]:
        self._work.ask()
        return {"what": "asking snakemake what is stale"}

    def _naming(
        self, pieces: Sequence[Piece], rows: Sequence[Mapping[str, Any]], called: tuple[str, str], sent: Sent
    ) -> list[Edit]:
        lines = self._desk.overlay.lines("characters", pieces[0].series)
        medoids = {row["cluster"]: row["nearest"][0] for row in rows}
        return cluster_edits(pieces[0].series, medoids, lines, pieces, called, text_of(sent, "why"))

    def _rows(self, pieces: Sequence[Piece], numbers: Any) -> list[dict[str, Any]]:
        known = {row["cluster"]: row for row in clusters_of(pieces, 50)}
        if not isinstance(numbers, list) or not numbers or not all(one in known and one >= 0 for one in numbers):
            raise GengaError("select clusters that there are; reload the page")
        return [known[one] for one in numbers]

    def _series(self, sent: Sent) -> list[Piece]:
        return series_of(self._desk, text_of(sent, "series"))

    def _hits(self, sent: Sent) -> list[Hit]:
        ids = texts_of(sent, "ids")
        if not ids or len(ids) > MOST:
            raise GengaError("nothing is selected" if not ids else f"more than {MOST} pictures at once; select less")
        return [self._desk.index.hit(name) for name in dict.fromkeys(ids)]

    def _say(self, what: str, edits: Sequence[Edit], sent: Sent) -> dict[str, Any]:
        return self._told(what, self._desk.say(what, edits, _revision(sent)))

    def _told(self, what: str, outcome: Outcome) -> dict[str, Any]:
        self._work.changed()
        self._desk.refresh()
        return {"what": what, **outcome._asdict()}


def _revision(sent: Sent) -> int:
    if not isinstance(revision := sent.get("revision"), int):
        raise GengaError("the request does not say what its page has seen; reload the page")
    return revision


def series_of_run(run: str) -> list[str]:
    """Return the series that a run learns from. Raises GengaError if there is no such run in params.yaml."""
    entry = (section_of_file("params.yaml", "runs") or {}).get(run)
    if entry is None:
        raise GengaError(f"params.yaml has no run {run!r}; choose a series")
    return series_of_entry(entry)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _list(rows: Sequence[Mapping[str, Any]]) -> str:
    return f"cluster{'' if len(rows) == 1 else 's'} {', '.join(str(row['cluster']) for row in rows)}"


def _called(said: tuple[str, str]) -> str:
    return "is nobody" if not said[0] else f"is {said[0]}" + (f" in {said[1]}" if said[1] else "")
