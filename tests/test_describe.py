"""Images in sentences: a stand-in for an OpenAI-compatible server, tiny captioners, and what is kept."""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from tiny_captioners import blip, llava

from genga.dataset._describe.answers import Answers, key_of
from genga.dataset._describe.local import Local
from genga.dataset._describe.server import Server
from genga.dataset.describe import Captioner, describe, open_captioner, tidy, wanted
from genga.errors import GengaError
from genga.images.codec import decode, encode
from genga.models.registry import Registry, load
from genga.params import describe as section
from genga.params.models import CaptionContract, Params
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.crop import CROP
from genga.tables.describe import DESCRIBE
from genga.tables.schema import SHARD, only
from genga.tables.stills import FILES
from genga.workflow.held_models import HeldModels

ROOT = Path(__file__).resolve().parent.parent


class Standin(BaseHTTPRequestHandler):
    """Answers as it is told: a text, a list of parts, or (status, headers, body). What was asked is in `asked`."""

    answers: list = []
    asked: list[dict] = []
    lock = threading.Lock()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.lock:
            self.asked.append({"path": self.path, **body})
            said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        status, headers, content = said if isinstance(said, tuple) else (200, {}, completion(said))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def completion(text: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@contextmanager
def server(*answers: object) -> Iterator[tuple[str, list[dict]]]:
    """A server that gives these answers in turn, the last one again and again; its address, and what it was asked."""
    kind = type("One", (Standin,), {"answers": list(answers), "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/v1", kind.asked
        http.shutdown()


def contract(url: str, **said: object) -> CaptionContract:
    given = {"server": url, "model": "tiny", "prompt": "What is it?", "timeout": 5.0, "retries": 2, "batch": 1}
    return CaptionContract.model_validate({**given, **said})


def asking(url: str, **said: object) -> tuple[Server, list[float]]:
    waits: list[float] = []
    return Server(contract(url, **said), waits.append), waits


def image(level: int = 7) -> np.ndarray:
    return np.full((12, 20, 3), [level, 0, 255 - level], np.uint8)


def test_a_server_is_asked_as_openais_is():
    with server("A girl.") as (url, asked):
        assert asking(url, max_tokens=50)[0]([image()]) == ["A girl."]
    (one,) = asked
    assert (one["path"], one["model"], one["max_tokens"], one["temperature"]) == ("/v1/chat/completions", "tiny", 50, 0)
    picture, text = one["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    kind, _, data = picture["image_url"]["url"].partition(",")
    assert kind == "data:image/png;base64" and np.array_equal(decode(base64.b64decode(data)), image())


@pytest.mark.parametrize(
    ("failure", "waited"),
    [
        ((429, {"Retry-After": "7"}, b"slow down"), [7.0]),
        ((429, {}, b""), [1.0]),
        ((500, {}, b"<html>oops</html>"), [1.0]),
        ((503, {"Retry-After": "100"}, b""), [60.0]),
    ],
)
def test_a_busy_server_is_asked_again(failure, waited):
    with server(failure, "A boy") as (url, asked):
        ask, waits = asking(url)
        assert ask([image()]) == ["A boy"] and waits == waited and len(asked) == 2


def test_one_that_stays_busy_is_named_with_the_way_out():
    with server((500, {}, b"")) as (url, asked), pytest.raises(GengaError) as error:
        asking(url)[0]([image()])
    assert str(error.value) == (
        f"{url}/chat/completions: answers 500, 3 times (role caption); start the server, and run again: "
        "what was answered is kept"
    )
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {}, b"<html><body>Welcome\n to nginx</body></html>"),
         r"answers what is no chat completion: '<html><body>Welcome to nginx</body></html>' .*with its /v1\?"),
        ((200, {}, b""), r"answers what is no chat completion: nothing"),
        ((200, {}, b'{"error": "no"}'), r"answers what is no chat completion: '\{\"error\": \"no\"\}'"),
        ((404, {}, b"model not found"), r"answers 404: 'model not found' \(role caption\)"),
    ],
)  # fmt: skip
def test_something_else_that_answers_is_said_at_once(answer, said):
    with server(answer) as (url, asked), pytest.raises(GengaError, match=said) as error:
        asking(url)[0]([image()])
    assert len(asked) == 1 and "\n" not in str(error.value)


def test_where_nobody_listens_one_line_says_so():
    with server("x") as (url, _):
        pass
    with pytest.raises(GengaError, match=r"^http://127.*nobody answers .*, 3 times .*start the server, and run again"):
        asking(url)[0]([image()])


def test_an_answer_in_parts_and_none():
    with server([{"type": "text", "text": "A "}, {"type": "text", "text": "cat"}], None) as (url, _):
        assert asking(url)[0]([image(), image()]) == ["A cat", ""]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a girl with\n red hair ", "a girl with red hair."), ('"Two of them!"', "Two of them!"), ("", ""), (" \n", ""),
        ("<think>Hm.\nA cat?</think>\nA cat.", "A cat."), ("夜の空。", "夜の空。"),
    ],
)  # fmt: skip
def test_an_answer_becomes_sentences(text, told):
    assert tidy(text) == told


# Answers that are kept


def test_answers_are_kept_as_they_come(tmp_path):
    path = tmp_path / "e.answers.jsonl"
    Answers(path).add({"a": "one", "b": "zwei ü"})
    with path.open("a", encoding="utf-8") as file:
        file.write('["c", "thr')  # killed while writing
    again = Answers(path)
    assert [again.get(key) for key in "abc"] == ["one", "zwei ü", None]
    again.add({"c": "three"})
    last = Answers(path)
    assert last.get("c") == "three" and "c" in last
    last.keep(["c", "a", "z"])
    assert path.read_text(encoding="utf-8") == '["a", "one"]\n["c", "three"]\n'


def test_who_is_asked_what_is_part_of_the_question():
    keys = {key_of(of, said) for of in ("x", "y") for said in ({"prompt": "a"}, {"prompt": "b"}, {"model": "a"})}
    assert len(keys) == 6


def images_in(folder: Path, levels: list[int]) -> pl.DataFrame:
    rows = []
    with writing_shard(folder / "data/stills.tar") as shard:
        rows = [{"image": f"s/e/{n}", **shard.add(f"{n}.png", encode(image(level)))} for n, level in enumerate(levels)]
    return pl.DataFrame(rows, schema={"image": pl.String, **SHARD})


def asked_of(said: dict[int, str], seen: list[int], batch: int = 2) -> Captioner:
    """A captioner that says of an image what stands at its level of red; it breaks where nothing does."""

    def ask(images: list[np.ndarray]) -> list[str]:
        seen.extend(int(one[0, 0, 0]) for one in images)
        if unknown := [level for level in seen if level not in said]:
            raise GengaError(f"nobody knows {unknown}")
        return [said[int(one[0, 0, 0])] for one in images]

    return Captioner("tiny", ask, {"prompt": "?"}, batch)


def test_only_what_is_new_is_asked(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    images, said = images_in(tmp_path, [1, 2, 1, 3, 4]), {1: "One", 2: "Two", 3: "", 4: "Four!"}
    seen: list[int] = []
    with pytest.raises(GengaError, match="nobody knows"):
        describe(images, asked_of({1: "One", 2: "Two"}, seen), tmp_path / "a.jsonl", "describe s/e")
    assert sorted({*seen}) == [1, 2, 3, 4]
    seen.clear()
    table = describe(images, asked_of(said, seen), tmp_path / "a.jsonl", "describe s/e")
    assert seen == [3, 4], "what was answered before the interruption is kept, and equal images are asked about once"
    assert table.rows() == [
        ("s/e/0", "One.", "tiny"), ("s/e/1", "Two.", "tiny"), ("s/e/2", "One.", "tiny"), ("s/e/4", "Four!", "tiny"),
    ]  # fmt: skip
    assert "warning: describe s/e: tiny says nothing of s/e/3\n" in capfd.readouterr().err
    seen.clear()
    assert describe(images, asked_of(said, seen), tmp_path / "a.jsonl", "d").equals(table) and seen == [3]
    seen.clear()
    other = asked_of(said, seen)._replace(identity={"prompt": "!"})
    assert describe(images, other, tmp_path / "a.jsonl", "d").equals(table) and seen == [1, 2, 3, 4]


def test_a_captioner_that_says_nothing_at_all_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    silent = asked_of(dict.fromkeys((1, 2), ""), [])
    with pytest.raises(
        GengaError, match=r"^describe s/e: tiny says nothing of any of 2 images \(role caption\); look at"
    ):
        describe(images_in(tmp_path, [1, 2]), silent, tmp_path / "a.jsonl", "describe s/e")
    assert not (tmp_path / "a.jsonl").exists() or not (tmp_path / "a.jsonl").read_text()


def test_without_a_captioner_nobody_is_asked(tmp_path):
    table = describe(images_in(tmp_path, [1]), None, tmp_path / "a.jsonl", "d")
    assert table.is_empty() and dict(table.schema) == DESCRIBE and not (tmp_path / "a.jsonl").exists()


def test_what_is_described_are_stills_and_kept_crops_of_the_kinds():
    place = ("x.tar", 0, 1, "sha")
    stills = pl.DataFrame([("s/e/1", *place)], schema=FILES, orient="row")
    columns = only(CROP, "crop", "kind", "kept", *SHARD)
    crops = pl.DataFrame(
        [("s/e/1-0-head", "head", True, *place), ("s/e/1-1-head", "head", False, *place),
         ("s/e/1-0-fullbody", "fullbody", True, *place)], schema=columns, orient="row",
    )  # fmt: skip

    def of(*kinds: str) -> list[str]:
        return wanted(stills, crops, section.Params(kinds=list(kinds)))["image"].to_list()

    assert of("still", "head") == ["s/e/1", "s/e/1-0-head"] and of("fullbody") == ["s/e/1-0-fullbody"] and of() == []


# Captioners of transformers


@pytest.fixture(scope="module")
def captioners(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("captioners")
    return {"blip": blip(folder / "blip"), "llava": llava(folder / "llava"), "bare": llava(folder / "bare", False)}


PICTURES = [np.full((30, 40, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 60, 255), (255,) * 3, (0,) * 3)]
PICTURES[3][:15] = 255
BLIP = {"loader": "BlipForConditionalGeneration", "processor": "BlipProcessor", "max_tokens": 6}
LLAVA = {"chat": True, "prompt": "a picture of", "max_tokens": 6}


@pytest.mark.parametrize(
    ("kind", "said"),
    [("blip", BLIP), ("blip", {"prompt": "a picture of", "max_tokens": 4}), ("llava", LLAVA)],
    ids=["blip", "blip, by its Auto classes, with a beginning", "llava"],
)
def test_a_captioner_from_a_folder(captioners, kind, said):
    ask = Local(captioners[kind], CaptionContract.model_validate(said), "cpu")
    together = ask(PICTURES)
    assert len({*together}) > 1, "what is said follows what is seen"
    assert together == [text for one in PICTURES for text in ask([one])] == ask(PICTURES)
    if kind == "blip" and "prompt" in said:
        assert all(text.startswith("a picture of ") for text in together)
    if kind == "llava":
        assert not any("USER" in text.split()[:1] or "<image>" in text for text in together)


@pytest.mark.parametrize(
    ("kind", "said", "message"),
    [
        (
            "blip",
            {"loader": "BlipForEverything"},
            r"models\.yaml, role caption: .* has no class BlipForEver",
        ),
        ("blip", {"loader": "set_seed"}, r"has no class set_seed"),
        ("bare", LLAVA, r"AutoProcessor: has no chat template .*write contract: \{chat: false\}"),
        ("none", {}, r"none: is no AutoModelForImageTextToText with its AutoProcessor .*contract\.loader"),
    ],
)
def test_what_is_no_captioner_is_said_in_one_line(captioners, tmp_path, kind, said, message):
    folder = captioners.get(kind, tmp_path / "none")
    folder.mkdir(exist_ok=True)
    with pytest.raises(GengaError, match=message) as error:
        Local(folder, CaptionContract.model_validate(said), "cpu")(PICTURES[:1])
    assert "\n" not in str(error.value)


# models.yaml


def registry_of(at: Path, **entry: object) -> Registry:
    full = {"name": "tiny", "knows": "words", "licence": "none", **entry}
    (at / "models.yaml").write_text(yaml.safe_dump({"embedded": {"caption": full}, "published": {}}))
    return load(Params(use="embedded", folder="w", device="cpu", batch=1), at)


def test_the_model_in_the_role(captioners, tmp_path):
    blip(tmp_path / "blip")
    found = open_captioner(registry_of(tmp_path, folder="blip", contract=BLIP))
    assert found is not None and found.name == "tiny" and len(found.ask(PICTURES[:2])) == 2
    assert set(found.identity) >= {"loader", "prompt", "max_tokens", "sha256"}
    other = open_captioner(registry_of(tmp_path, folder="blip", contract={**BLIP, "batch": 9}))
    assert other is not None and other.identity == found.identity and other.batch == 9
    (tmp_path / "models.yaml").write_text("embedded: {}\npublished: {}\n")
    assert open_captioner(load(Params(use="embedded", folder="w", device="cpu", batch=1), tmp_path)) is None


def test_a_server_in_the_role_has_no_files(tmp_path):
    with server("A dog") as (url, _):
        said = {"server": url, "model": "tiny", "prompt": "?"}
        registry = registry_of(tmp_path, contract=said)
        found = open_captioner(registry)
        assert found is not None and found.ask([image()]) == ["A dog"] and found.batch == 4
        held = HeldModels(registry, None)
        assert held.plays("caption") and held.files(["caption"]) == [] and held.pins(["caption"]) == {}
        assert held.contracts(["caption"])["caption"]["contract"] == said
        with pytest.raises(GengaError, match=r"embedded\.caption: a server has its files itself; leave out"):
            registry_of(tmp_path, contract=said, folder="blip")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"server": "http://example.com/v1", "model": "m", "prompt": "?"}, r"contract\.server: string should match"),
        (
            {"server": "http://127.0.0.1.example.com/v1", "model": "m", "prompt": "?"},
            r"contract\.server: string should",
        ),
        ({"server": "http://localhost:8000/v1", "prompt": "?"}, r"contract: .*write model: as it calls it"),
        ({"server": "http://[::1]:8000/v1", "model": "m"}, r"contract: .*prompt is empty"),
        ({"retries": 3}, r"contract: .*retries is of a server: write server"),
        ({"chat": True}, r"contract: .*prompt is empty"),
        ({"layout": "NCHW"}, r"contract\.layout: extra inputs"),
    ],
)
def test_a_contract_that_cannot_be_is_refused_by_its_key(tmp_path, said, message):
    with pytest.raises(GengaError, match=rf"models\.yaml:embedded\.caption\.{message}"):
        registry_of(tmp_path, folder="blip", contract=said)


# The command


def command(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = ["--in-stills", "data/stills.parquet", "--in-crop", "data/crop.parquet",
             "--out", "data/describe/s/e.parquet",
             "--params", '{"kinds": ["still"]}', "--models",
             '{"use": "embedded", "folder": "w", "device": "cpu", "batch": 1}', *more]  # fmt: skip
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/describe.py"), *words], capture_output=True, text=True, cwd=folder
    )


def test_the_command_asks_a_server_and_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = images_in(tmp_path, [1, 2, 3])
    write_table("data/stills.parquet", images.rename({"image": "still"}), FILES)
    columns = only(CROP, "crop", "kind", "kept", *SHARD)
    write_table("data/crop.parquet", pl.DataFrame(schema=columns), columns)
    with server("A girl", (400, {}, b"too long"), "A boy") as (url, asked):
        registry_of(tmp_path, contract={"server": url, "model": "m", "prompt": "?", "batch": 1})
        done = command(tmp_path)
        assert done.returncode == 1 and "answers 400: 'too long'" in done.stderr and len(done.stderr.splitlines()) == 1
        assert not Path("data/describe/s/e.parquet").exists()
        done = command(tmp_path)
        assert done.returncode == 0, done.stderr
        assert len(asked) == 4, "one was answered before"
    assert done.stdout == "describe s/e: 3 of 3 images described, by tiny\n"
    table = read_table("data/describe/s/e.parquet", DESCRIBE)
    assert table["sentences"].to_list() == ["A girl.", "A boy.", "A boy."]


def test_where_nobody_plays_the_role_no_torch_is_brought(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table("data/stills.parquet", images_in(tmp_path, [1]).rename({"image": "still"}), FILES)
    columns = only(CROP, "crop", "kind", "kept", *SHARD)
    write_table("data/crop.parquet", pl.DataFrame(schema=columns), columns)
    (tmp_path / "models.yaml").write_text("embedded: {}\npublished: {}\n")
    done = command(tmp_path)
    assert (done.returncode, done.stdout) == (0, "describe s/e: 0 of 1 images described, by nobody\n")
    said = "import sys; import genga.dataset.describe; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=ROOT).stdout == "False\n"
