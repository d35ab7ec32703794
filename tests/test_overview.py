"""Stage overview: a series of five episodes, one of them unlike the others."""

import importlib.util
import re
from pathlib import Path

import pytest
from pages import Page

from genga.pages.overview import closest_of, in_words, odd, overview, read_figures, row_of
from genga.params.overview import Params
from genga.store.files import write_json

ROOT = Path(__file__).resolve().parent.parent


def decision(frame: int, difference: float) -> dict:
    """A decision as stage review writes it."""
    return {"frame": frame, "shot": 0, "asked": "held", "compared": frame - 1, "difference": difference,
            "threshold": 14.0, "one": difference <= 14, "about": frame, "line": f"{frame},keep,,", "time": frame / 24,
            "compared_time": (frame - 1) / 24}  # fmt: skip


def figures(number: int, drawings: int, *decisions: dict) -> dict:
    """An episode of a thousand frames as stage review writes it."""
    return {
        "series": "花 s", "episode": f"ep {number}", "frames": 1000, "seconds": 1000 / 24, "start": 0.0, "shots": 20,
        "drawings": drawings, "exposures": 300, "reasons": {"kept": drawings, "held": 990 - drawings, "black": 10},
        "timing": {"on twos": 20}, "closest": list(decisions),
    }  # fmt: skip


EPISODES = [
    figures(1, 100, decision(5, 13.0)), figures(2, 104), figures(3, 98, decision(7, 28.0), decision(9, 14.1)),
    figures(4, 102), figures(5, 500),
]  # fmt: skip


def test_what_is_compared() -> None:
    found = row_of(EPISODES[0])
    assert found == pytest.approx(
        {"seconds": 1000 / 24, "a_drawing": 10, "shot_seconds": 50 / 24, "shared": 0, "none": 0.01}
    )


def test_a_figure_far_from_the_others_is_odd() -> None:
    assert odd([10, 11, 9, 10, 30], 4.0) == [False, False, False, False, True]
    assert odd([10, 10, 10, 10, 30], 4.0) == [False] * 5  # no usual distance
    assert odd([10, 11, 30], 4.0) == [False] * 3  # too few


def test_the_closest_of_the_series_come_first() -> None:
    assert [(one["episode"], one["frame"]) for one in closest_of(EPISODES)] == [("ep 3", 9), ("ep 1", 5), ("ep 3", 7)]


def test_the_page() -> None:
    text = overview("花 s", EPISODES, Params(odd=4.0, closest=2))
    rows = re.findall(r'<tr>\s*<th scope="row">.*?</tr>', text, re.DOTALL)
    assert [len(re.findall('class="flag"', row)) for row in rows] == [0, 0, 0, 0, 1]
    assert '<a href="../review/%E8%8A%B1%20s/ep%205.html">ep 5</a>' in rows[4]
    assert "904 drawings stand for 5\N{NARROW NO-BREAK SPACE}000 frames of 5 episodes." in text
    assert text.count("#closest") == 2 and Page(text).open == []
    assert text == overview("花 s", EPISODES, Params(odd=4.0, closest=2))


def test_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for one in EPISODES:
        write_json(f"data/review/花 s/{one['episode']}.json", one)
    spec = importlib.util.spec_from_file_location("overview_script", ROOT / "scripts/overview.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    write_json("episodes.json", [one["episode"] for one in EPISODES])
    script.main(
        in_data=Path("data"),
        episodes=Path("episodes.json"),
        out=Path("data/overview/花 s.html"),
        params='{"odd": 4.0, "closest": 20}',
    )
    assert capsys.readouterr().out == "overview 花 s: 904 drawings in 5 episodes, data/overview/花 s.html\n"


def test_clips_of_packs_are_counted_and_each_closest_decision_leads_to_its_own(tmp_path: Path) -> None:
    clips = {"a #1": {**figures(1, 3, decision(5, 13.0)), "episode": "a #1"}, "b": {**figures(2, 4), "episode": "b"}}
    write_json(tmp_path / "pack.json", {"clips": clips, "failed": {"page": "it is a page"}})
    found = read_figures(tmp_path, ["pack"])
    assert in_words(found) == "7 drawings in 2 clips of a pack, 1 more failed"
    assert in_words(EPISODES) == "904 drawings in 5 episodes"
    text = overview("s", found, Params(odd=4.0, closest=2))
    assert '<a href="../review/s/pack.html#a%20%231">a #1</a>' in text and "it is a page" in text
