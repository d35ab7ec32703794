"""The desk in a real browser, by keyboard alone, from the start page on: the line that each job writes, what reruns.

Skipped where there is no Chromium. The tables are those of tests/desk_project.py; what a line makes stale Snakemake
says in a finished project of the same names (tests/standin.py).
"""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from changes import after
from conftest import ROOT
from desk_project import build
from standin import EPISODES, SERIES, make_finished, put, snakemake

from bench._chromium import Browser, found

pytestmark = pytest.mark.skipif(found() is None, reason="no Chromium on the PATH")

ONE, OTHER = EPISODES
HERE = f"corrections/{SERIES}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with contextlib.chdir(tmp_path):
        return build(tmp_path, EPISODES, SERIES)


@pytest.fixture
def shown(project: Path) -> Iterator[str]:
    """A desk that is open, and its address."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from genga.__main__ import main; main()"
    words = [sys.executable, "-c", code, "review", "--port", "0", "--who", "ann"]
    with subprocess.Popen(words, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture
def browser(shown: str) -> Iterator[Browser]:
    with Browser() as page:
        page.open(shown)
        page.wait("document.querySelector('.counts')?.textContent.includes('2 episodes')")
        yield page
        assert page.faults() == []


def lines(project: Path, path: str) -> list[str]:
    """The lines of a table, without its first."""
    file = project / HERE / path
    return file.read_text(encoding="utf-8").splitlines()[1:] if file.is_file() else []


def done(browser: Browser, text: str) -> None:
    """Wait until the foot of the page says so."""
    browser.wait(f"document.querySelector('#said').textContent.includes({text!r})")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_finished(tmp_path_factory.mktemp("standin") / "project")


def stale(finished: Path, project: Path) -> dict[str, int]:
    """What Snakemake would run after the lines that stand in a project's corrections."""
    for path in sorted((project / "corrections").rglob("*.csv")):
        put(finished / path.relative_to(project), path.read_text(encoding="utf-8"), old=True)
    try:
        ran = snakemake(finished, "-n")
    finally:
        for path in sorted((finished / "corrections").rglob("*.csv")):
            path.unlink()
    assert ran.code == 0, ran.text
    return ran.jobs


def drawings(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("1")
    browser.wait("document.querySelectorAll('.calls li').length === 3 && document.querySelector('.calls li.focus')")
    browser.press("k")
    done(browser, "keep frame 1")
    browser.wait("document.querySelector('#main').dataset.frame === '2'")
    browser.press("d")
    done(browser, "drop frame 2")
    browser.wait("document.querySelector('#main').dataset.frame === '5'")
    assert lines(project, f"{ONE}/frames.csv") == ["1,keep,,ann,", "2,drop,2 2-3,ann,"]
    browser.press("ArrowUp", "ArrowUp")
    browser.wait("document.querySelector('#main').dataset.frame === '1'")
    browser.press("r")
    done(browser, "restore frame 1")
    assert lines(project, f"{ONE}/frames.csv") == ["2,drop,2 2-3,ann,"]
    browser.press("o")
    done_playing = "document.querySelector('.player + figcaption').textContent.includes('without')"
    browser.wait(done_playing)
    return after("dedup")  # of the episode, and of the one that looks back to it


def tags(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("2")
    browser.wait("document.body.dataset.found === '18'")
    browser.press("/")
    browser.type("kind:head character:akari")
    browser.press("Enter")
    browser.wait("document.body.dataset.found === '4' && document.querySelectorAll('.cell img').length === 4")
    browser.press("w")
    browser.type("checked")
    browser.press("Enter", "Shift+ArrowRight")
    done(browser, "2 selected")
    browser.press("t")
    browser.type("-smile red_hat")
    browser.press("Enter")
    done(browser, "+red_hat -smile on 2 pictures · 3 lines")
    at = "0 125 167 625 1000,ann,checked"
    wanted = [
        f"{SERIES}/{ONE}/000000,0,red_hat,add,0-{at}", f"{SERIES}/{ONE}/000000,0,smile,remove,0-{at}",
        f"{SERIES}/{ONE}/000002,0,red_hat,add,2-{at}",
    ]  # fmt: skip
    assert lines(project, f"{ONE}/tags.csv") == wanted
    browser.press("z")
    done(browser, "undone: ")
    assert lines(project, f"{ONE}/tags.csv") == []
    browser.press("Z")
    done(browser, "done again: ")
    assert lines(project, f"{ONE}/tags.csv") == wanted
    browser.press("f")
    browser.type("red")
    browser.wait("document.querySelectorAll('.index button').length === 1")
    assert browser.run("document.querySelector('.index button').textContent") == "red hat0 · 4"
    browser.press("Enter")
    browser.wait("document.body.dataset.found === '4'")
    return after("tag", "crop", episodes=1)


def tiers(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("2")
    browser.wait("document.body.dataset.found === '18'")
    browser.press("/")
    browser.type("kind:head tier:best")
    browser.press("Enter")
    browser.wait("document.body.dataset.found === '4' && document.querySelectorAll('.cell img').length === 4")
    browser.press("Shift+ArrowRight")
    done(browser, "2 selected")
    browser.press("p")
    done(browser, "2 pictures are poor · 2 lines")
    first, second = f"{SERIES}/{ONE}/000002-0-head,poor,2-0", f"{SERIES}/{ONE}/000004-0-head,poor,4-0"
    assert lines(project, "tiers.csv") == [f"{one} 125 167 625 1000,ann," for one in (first, second)]
    browser.wait("document.body.dataset.found === '2'")
    browser.wait("!document.querySelector('#found').textContent.includes('selected')")  # what is not found any more
    browser.press("z")
    done(browser, "undone: 2 pictures are poor")
    browser.wait("document.body.dataset.found === '4'")
    browser.press("Home", "Enter")
    browser.wait("document.querySelector('#large[open]')?.textContent.startsWith('" + first.split(",")[0] + "')")
    browser.press("j")
    done(browser, "1 picture is reject · 1 line")
    browser.press("Escape")
    browser.wait("!document.querySelector('#large[open]')")
    assert lines(project, "tiers.csv") == [f"{first.replace('poor', 'reject')} 125 167 625 1000,ann,"]
    return after("dataset")


def rules(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("2")
    browser.wait("document.body.dataset.found === '18'")
    browser.press("/")
    browser.type("hat kind:head")
    browser.press("Enter")
    browser.wait("document.body.dataset.found === '2' && document.querySelectorAll('.cell img').length === 2")
    browser.press("m")
    browser.wait("document.querySelector('dialog[open] [name=tag]')?.value === 'hat'")
    browser.press("Tab", "Tab", "Tab")
    browser.type("smile & long hair")
    browser.press("Tab", "ArrowDown", "Enter")
    done(browser, "rule: hat remove smile & long hair")
    line = f"hat,remove,,smile & long_hair,{ONE},0,,ann,"
    assert lines(project, "tag_rules.csv") == [line]
    browser.press("s")
    browser.wait("document.querySelector('dialog[open] [name=sentence]')")
    browser.type("She waits, and smiles.")
    browser.press("Enter")
    done(browser, "a sentence of 1 picture")
    said = f'{SERIES}/{ONE}/000000-0-head,"She waits, and smiles.",ann,'
    assert lines(project, "sentences.csv") == [said]
    browser.press("3")
    browser.wait("document.querySelectorAll('.cluster').length === 2")
    browser.press("A")
    browser.wait("document.querySelector('dialog[open] [name=character]')?.value === 'akari'")
    browser.press("Tab")
    browser.type("akari k")
    browser.press("Enter")
    done(browser, "akari is akari k")
    browser.press("7")
    browser.wait("document.querySelectorAll('tbody tr').length === 3")
    browser.press("ArrowDown", "r")
    done(browser, "akari is called so here alone")
    browser.wait("document.querySelectorAll('tbody tr').length === 2")
    assert (lines(project, "aliases.csv"), lines(project, "tag_rules.csv")) == ([], [line])
    (project / HERE / "aliases.csv").unlink()
    return {**after("dataset"), **after("tag", episodes=1)}


def people(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("3")
    browser.wait("document.querySelectorAll('.cluster').length === 2")
    browser.press("ArrowDown", "n")
    browser.wait("document.querySelector('dialog[open] input')")
    browser.type("mika")
    browser.press("Tab")
    browser.type("coat")
    browser.press("Enter")
    done(browser, "cluster 1 is mika in coat")
    line = f"{SERIES}/{ONE}/000004-0-fullbody,mika,coat,cluster,4-0 125 167 625 1000,ann,"
    assert lines(project, "characters.csv") == [line]
    browser.wait("document.querySelectorAll('.cluster .label b')[1].textContent === 'mika'")
    browser.press("ArrowUp", "ArrowRight", " ", "x")  # the second crop of the first cluster
    done(browser, "1 crop is nobody")
    nobody = f"{SERIES}/{ONE}/000000-0-head,,,crop,0-0 125 167 625 1000,ann,"
    assert lines(project, "characters.csv") == [line, nobody]
    browser.press("e")
    browser.wait("document.querySelectorAll('.near img').length === 11")
    browser.press("ArrowRight", " ", "b")
    done(browser, "1 crop split from cluster 0")
    assert [one.split(",")[3] for one in lines(project, "characters.csv")[2:]] == ["apart", "apart"]
    return after("characters")


def dataset(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("4")
    browser.wait("document.body.dataset.found === '2'")
    browser.wait("document.querySelectorAll('.caption p').length === 2")
    browser.wait("document.querySelector('.side button')")
    browser.press("f")
    browser.wait("document.activeElement.dataset.query")
    while browser.run("document.activeElement.dataset.query") != "in:shot":
        browser.press("ArrowDown")
    browser.press("Enter")
    browser.wait("document.body.dataset.found === '4' && document.activeElement.getAttribute('role') === 'grid'")
    browser.press("n")
    browser.wait("document.querySelector('dialog[open] input')")
    browser.type("ren")
    browser.press("Enter")
    done(browser, "1 crop is ren")
    at = "0-0 125 167 625 1000"
    assert lines(project, "characters.csv") == [f"{SERIES}/{ONE}/000000-0-fullbody,ren,,crop,{at},ann,"]
    return after("characters")


def samples(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("5")
    browser.wait("document.querySelectorAll('.detail .near img').length === 2")
    browser.press("f")
    browser.wait("location.pathname === '/tags' && document.body.dataset.found === '2'")
    browser.wait("document.activeElement.getAttribute('role') === 'grid'")
    browser.press("t")
    browser.type("-hat")
    browser.press("Enter")
    done(browser, "-hat on 1 picture · 1 line")
    assert lines(project, f"{ONE}/tags.csv") == [f"{SERIES}/{ONE}/000000,0,hat,remove,0-0 125 167 625 1000,ann,"]
    return after("tag", "crop", episodes=1)


def issues(browser: Browser, project: Path) -> dict[str, int]:
    browser.press("5")
    browser.wait("document.querySelectorAll('.detail .near img').length === 2")
    browser.press("i")
    browser.wait("document.querySelector('dialog[open] select')")
    browser.press("Tab")
    browser.type("Red Hat")
    browser.press("Tab")
    browser.type("is hair")
    browser.press("Enter")
    done(browser, "tag Red Hat: is hair, open")
    browser.press("6")
    browser.wait("document.querySelectorAll('tbody tr').length === 1")
    browser.press("f")
    done(browser, "fixed")
    assert lines(project, "issues.csv") == ["tag,red_hat,is hair,fixed,akari,ann,"]
    return after("report")


JOBS = (drawings, tags, tiers, rules, people, dataset, samples, issues)


def test_where_nothing_is_found_it_says_what_may_be_meant(browser: Browser) -> None:
    browser.press("2")
    browser.wait("document.body.dataset.found === '18'")
    browser.press("/")
    browser.type("akari")
    browser.press("Enter")
    text = "document.querySelector('.empty')?.textContent"
    assert browser.wait(text) == "Nothing is found: no picture has the tag akari; is character:akari meant?"


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS, ids=[job.__name__ for job in JOBS])
def test_a_job_by_keyboard_alone(browser: Browser, project: Path, finished: Path, job) -> None:  # noqa: ANN001
    follows = job(browser, project)
    assert stale(finished, project) == follows


def test_the_keys_are_shown_and_each_page_fits_its_window(browser: Browser) -> None:
    browser.press("?")
    assert "do again" in browser.wait("document.querySelector('#help[open]')?.innerText")
    browser.press("Escape")
    browser.wait("!document.querySelector('#help[open]')")
    for key in "01234567":
        browser.press(key)
        browser.wait(f"document.querySelector('nav [aria-current] kbd')?.textContent === {key!r}")
        browser.wait("document.querySelector('#main').children.length && document.readyState === 'complete'")
        assert browser.run("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
            1280,
            800,
        ]
        assert browser.run(_CUT) == []


# Texts that do not fit where they stand, and cannot be scrolled to.
_CUT = """[...document.querySelectorAll('body *')].filter((one) =>
  one.childElementCount === 0 && one.textContent.trim() && one.clientWidth && one.scrollWidth > one.clientWidth + 1
  && getComputedStyle(one).overflowX === 'hidden').map((one) => one.textContent)"""


def test_without_a_cookie_a_browser_sees_nothing(shown: str) -> None:
    with Browser() as page:
        page.open(shown.split("?")[0])
        assert page.run("document.body.innerText.trim()") == (
            "genga review: no token; open the address that genga review printed"
        )


# Colours, as WCAG 2.2 measures them


def _palettes() -> list[dict[str, str]]:
    palette = (ROOT / "genga/pages/templates/palette.css").read_text(encoding="utf-8")
    sheet = (ROOT / "genga/desk/static/desk.css").read_text(encoding="utf-8")
    light, dark = ({}, {})
    for text in (palette, sheet):
        for part in re.split(r"(?=@media \(prefers-color-scheme: dark\))", text):
            into = dark if part.startswith("@media") else light
            for name, colour in re.findall(r"--(\w+): (#[0-9a-f]{6})\b", part):
                into.setdefault(name, colour)
    return [light, {**light, **dark}]


def _light(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("palette", _palettes(), ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [("ink", "paper"), ("ink", "card"), ("ink", "mark"), ("quiet", "paper"), ("quiet", "card"), ("blue", "paper"),
     ("blue", "card"), ("red", "card"), ("red", "paper"), ("said", "paper"), ("card", "blue"), ("paper", "ink"),
     ("card", "said")],
)  # fmt: skip
def test_texts_meet_aa(palette: dict[str, str], text: str, ground: str) -> None:
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", _palettes(), ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), [("blue", "paper"), ("blue", "card"), ("ink", "paper")])
def test_focus_meets_aa(palette: dict[str, str], mark: str, ground: str) -> None:
    assert contrast(palette[mark], palette[ground]) >= 3
