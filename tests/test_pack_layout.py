"""Which pack a clip is in, which series have packs, and which drawings are another clip's."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_workflow import bare, snakemake  # noqa: F401 (a fixture)

from genga.dataset import split
from genga.dataset.reposts import in_order, reposts
from genga.errors import GengaError
from genga.jobs.pack import Job, in_words, once, work
from genga.store.files import (
    bits_of,
    gathering,
    is_pack,
    is_there,
    pack_of,
    read_json,
    write_facts,
    write_json,
    write_text,
)
from genga.store.parquet import has_table, names_in, read_named, read_table, write_pack, write_table
from genga.tables.dataset import MIRRORED
from genga.workflow.packs import MANY, clips_of, divided, in_packs

CLIPS = {f"clip {number}": f"data/raw/s/clip {number}.gif" for number in range(400)}


def test_a_pack_has_the_clips_whose_bits_begin_alike() -> None:
    assert bits_of("clip 0")[:8] == "00000010" and len(bits_of("clip 0")) == 24
    packs = divided(CLIPS, 120)
    assert [(name, len(of)) for name, of in packs.items()] == [
        ("pack-00", 90), ("pack-01", 104), ("pack-10", 100), ("pack-11", 106),
    ]  # fmt: skip
    assert all(bits_of(clip).startswith(name.removeprefix("pack-")) for name, of in packs.items() for clip in of)
    assert {clip: video for of in packs.values() for clip, video in of.items()} == CLIPS
    assert divided(dict(reversed(CLIPS.items())), 120) == packs
    assert list(divided(CLIPS, 400)) == ["pack"] and divided({}, 400) == {}


def test_one_more_clip_concerns_one_pack() -> None:
    packs = divided(CLIPS, 120)
    for name in ("new", "another", "third"):
        more = divided({**CLIPS, name: "x.gif"}, 120)
        assert sum(packs.get(pack) != of for pack, of in more.items()) == 1
    full = divided(CLIPS, 106)  # pack-11 has as many as it may
    grown = next(f"n{number}" for number in range(99) if bits_of(f"n{number}").startswith("11"))
    assert sorted(divided({**CLIPS, grown: "x.gif"}, 106).keys() ^ full.keys()) == ["pack-11", "pack-110", "pack-111"]


def test_which_series_have_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gifs = {("gifs", f"c{number}"): f"data/raw/gifs/c{number}.GIF" for number in range(MANY)}
    films = {("films", f"e{number}"): f"data/raw/films/e{number}.mkv" for number in range(MANY)}
    notes: list[str] = []
    packs, episodes = in_packs(gifs | films, {}, notes)
    assert list(packs) == ["gifs"] and episodes == {**films, ("gifs", "pack"): ""}
    assert notes == [
        "data/raw/gifs/: 200 videos, all of them animated pictures: worked on in a pack; "
        "`series: {gifs: {shorts: false}}` in params.yaml makes each an episode"
    ]
    said = {"gifs": {"shorts": False}, "films": {"shorts": True, "pack": 100}}
    packs, episodes = in_packs(gifs | films, said, notes)
    assert list(packs) == ["films"] and len(packs["films"]) == 3 and len(notes) == 1
    assert clips_of(packs, "gifs", ["c1"]) == ["c1"] and len(clips_of(packs, "films", packs["films"])) == MANY
    assert in_packs(dict(list(gifs.items())[1:]), {}, notes)[0] == {}, "too few to be told by what lies there"
    with pytest.raises(GengaError, match=r"^x/pack-01.mkv: packs of clips are called so; rename it"):
        in_packs({("s", "pack-01"): "x/pack-01.mkv"}, {}, notes)
    assert [is_pack(name) for name in ("pack", "pack-0", "pack-", "pack-2", "packs")] == [
        True,
        True,
        True,
        False,
        False,
    ]


SCHEMA = {"frame": pl.Int64, "shard": pl.String}


def test_a_clips_table_is_found_in_its_packs(tmp_path: Path) -> None:
    one = pl.DataFrame({"frame": [0, 1], "shard": ["a", "b"]})
    pack = tmp_path / f"pack-{bits_of('one')[:3]}.parquet"
    write_pack(pack, {"one": one, "two": one.clear()}, {"three": "it is a page"}, SCHEMA)
    assert names_in(pack) == ["one", "two"]
    assert read_table(tmp_path / "one.parquet", SCHEMA).equals(one) and has_table(tmp_path / "one.parquet")
    assert read_named(tmp_path, pack.stem, {"frame": pl.Int64}).rows() == [("one", 0), ("one", 1)]
    assert read_table(pack, SCHEMA).equals(one), "all clips of it, without their names"
    whole = tmp_path / "pack.parquet"
    pack.rename(whole)
    assert read_table(tmp_path / "two.parquet", SCHEMA).equals(one.clear())
    with pytest.raises(GengaError, match=r"three.parquet: there is none, for it is a page \(in .*pack.parquet\)"):
        read_table(tmp_path / "three.parquet", SCHEMA)
    with pytest.raises(GengaError, match=r"four.parquet: no such table, nor in .*pack.parquet; run snakemake"):
        read_table(tmp_path / "four.parquet", SCHEMA)
    assert not has_table(tmp_path / "four.parquet") and pack_of(tmp_path / "four.json") is None
    write_json(tmp_path / "pack.json", {"clips": {"one": {"a": 1}}, "failed": {}})
    assert read_json(tmp_path / "one.json") == {"a": 1} and is_there(tmp_path / "one.json")
    assert not is_there(tmp_path / "two.json")
    whole.write_bytes(whole.read_bytes()[:-20] + b"x" * 20)
    with pytest.raises(GengaError, match=r"pack.parquet: "):
        read_table(tmp_path / "one.parquet", SCHEMA)


def test_what_is_gathered_is_not_written(tmp_path: Path) -> None:
    table = pl.DataFrame({"frame": [1], "shard": ["x"]})
    with gathering() as kept:
        write_table(tmp_path / "a.parquet", table, SCHEMA)
        write_json(tmp_path / "a.json", {"b": 2})
    assert list(tmp_path.iterdir()) == []
    assert kept[(tmp_path / "a.parquet").as_posix()].equals(table) and kept[(tmp_path / "a.json").as_posix()] == {
        "b": 2
    }


def test_the_command_for_one_clip() -> None:
    arguments = [
        "--in-video", "--in-probe", "data/probe/s/pack-0.json", "--corrections", "corrections/s/b/tags.csv",
        "--corrections", "corrections/s/tag_rules.csv", "--out", "data/frames/s/pack-0.parquet", "--models={}",
        "--out-cells", "data/frames/s/pack-0.tar", "--threads", "2",
    ]  # fmt: skip
    job = Job("scripts/frames.py", arguments, "", ["probe"], {"a": "data/raw/s/a.gif"})
    assert job.command("a") == [
        "--in-video", "data/raw/s/a.gif", "--in-probe", "data/probe/s/a.json",
        "--corrections", "corrections/s/tag_rules.csv", "--out", "data/frames/s/a.parquet", "--models={}",
        "--out-cells", "data/frames/s/a.tar", "--threads", "2",
    ]  # fmt: skip
    assert (job.stage, job.series, job.pack, job.made_by("dedup")) == (
        "frames", "s", "pack-0", Path("data/dedup/s/pack-0.parquet"),
    )  # fmt: skip


def test_clips_of_a_pack_are_worked_on_and_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    videos = {name: f"{name}.gif" for name in ("a", "b", "c", "d")}
    for name, path in videos.items():
        Path(path).write_text(name)
    asked: list[str] = []

    def of_clip(arguments: list[str]) -> None:
        options = dict(zip(arguments[::2], arguments[1::2], strict=True))
        asked.append(name := Path(options["--out"]).stem)
        if name == "b":
            raise GengaError("b.gif: is a page")
        if name == "c":
            raise IndexError("list index out of range")
        write_facts(options["--out"], {"sha256": name, "n": len(asked)})
        write_text(Path(options["--out"]).with_suffix(".answers.jsonl"), "kept\n")

    def run(held: str = "1") -> list[str]:
        asked.clear()
        arguments = ["--in-video", "--out", "data/probe/s/pack.json", "--threads", "2"]
        work(Job("scripts/probe.py", arguments, held, [], videos), of_clip)
        return asked

    assert run() == ["a", "b", "c", "d"]
    made = Path("data/probe/s/pack.json").read_bytes()
    said = read_json("data/probe/s/pack.json")
    assert said["failed"] == {
        "b": "b.gif: is a page", "c": "c.gif: cannot be worked on (IndexError: list index out of range)",
    }  # fmt: skip
    assert said["videos"] == videos and read_json("data/probe/s/d.json")["sha256"] == "d"
    assert Path("data/probe/s/d.answers.jsonl").read_text() == "kept\n"
    assert run() == [] and Path("data/probe/s/pack.json").read_bytes() == made
    Path("d.gif").write_text("another")
    assert run() == ["d"] and run("2") == ["a", "b", "c", "d"]
    Path("data/probe/s/pack.json").write_bytes(made.replace(b'"n": 1', b'"n": 9'))
    assert run("2") == ["a"], "what was changed since is made anew"
    before = Path("data/probe/s/pack.json").read_bytes()
    Path("b.gif").unlink()
    with pytest.raises(GengaError, match=r"^b.gif: cannot be read"):
        run("2")
    assert Path("data/probe/s/pack.json").read_bytes() == before, "a share that went away ends the job"
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (GengaError("an image cannot be encoded"), r"an image cannot be encoded \(at s/b\)"),
        (
            ZeroDivisionError("division by zero"),
            r"s/b: cannot be worked on \(ZeroDivisionError: division by zero\); the",
        ),
    ],
)
def test_a_stage_that_reads_tables_alone_ends_its_job_and_says_at_which_clip(
    raised: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_json("data/probe/s/pack.json", {"clips": {"a": {}, "b": {}}, "failed": {}, "videos": {"a": "", "b": ""}})

    def of_clip(arguments: list[str]) -> None:
        if "data/shots/s/b.json" in arguments:
            raise raised
        write_json("data/shots/s/a.json", {})

    with pytest.raises(GengaError, match=f"^{said}"):
        work(Job("scripts/shots.py", ["--out", "data/shots/s/pack.json"], "", ["probe"], {"a": "", "b": ""}), of_clip)
    assert not Path("data/shots").exists()


def test_what_is_opened_once() -> None:
    calls: list[object] = []
    opened = once(lambda *said, **named: calls.append((said, named)) or object())
    registry = object()
    assert opened(registry, 2) is opened(registry, 2) and opened(registry, 2) is not opened(object(), 2)
    assert opened("a", x=1) is not opened("a", x=2) and len(calls) == 4


def test_the_summary_of_a_pack() -> None:
    assert in_words(9, 3, 0, {}) == "9 clips, 3 anew, 6 as they were"
    assert in_words(9, 3, 2, {}) == "9 clips, 3 anew, 4 as they were, 2 failed before"
    failed = {name: "broken" for name in "abcd"}
    assert in_words(9, 9, 0, failed).endswith(", 4 failed (a: broken; b: broken; c: broken; …)")


def signature(seed: int, turned: int = 0) -> bytes:
    """A signature unlike that of another seed, with so many bits turned."""
    bits = np.random.default_rng(seed).integers(0, 2, 256).astype(np.uint8)
    bits[:turned] ^= 1
    return np.packbits(bits).tobytes()


def stills(*clips: tuple[str, int, list[bytes]]) -> pl.DataFrame:
    """Stills of clips: name, width, and signatures in order."""
    rows = [(f"s/{name}/{frame:06d}", width, 90, one) for name, width, of in clips for frame, one in enumerate(of)]
    return pl.DataFrame(rows, schema=["still", "width", "height", "signature"], orient="row")


def test_a_clip_that_is_another_one_again() -> None:
    first = [signature(seed) for seed in range(4)]
    small = [signature(seed, turned=30) for seed in range(4)]
    found = reposts(stills(("a", 160, first), ("b", 120, small[1:]), ("c", 200, [signature(9), signature(8)])))
    assert found.rows() == [(f"s/b/{n:06d}", f"s/a/{n + 1:06d}") for n in range(3)]
    larger = reposts(stills(("a", 100, first), ("b", 120, small)))
    assert larger.rows() == [(f"s/a/{n:06d}", f"s/b/{n:06d}") for n in range(4)], "the larger picture is kept"
    longer = reposts(stills(("a", 160, first[:3]), ("b", 160, first)))
    assert longer.rows() == [(f"s/a/{n:06d}", f"s/b/{n:06d}") for n in range(3)], "then that with more drawings is"
    mirrored = [(np.frombuffer(one, np.uint8) ^ np.uint8(MIRRORED)).tobytes() for one in first]
    assert reposts(stills(("a", 160, first), ("m", 160, mirrored))).height == 4


def test_drawings_that_are_alike_by_chance_are_no_repost() -> None:
    first = [signature(seed) for seed in range(4)]
    turned = reposts(stills(("a", 160, first), ("b", 160, first[::-1])))
    assert turned.is_empty(), "in another order"
    some = reposts(stills(("a", 160, first), ("b", 160, [first[0], *(signature(seed) for seed in range(10, 14))])))
    assert some.is_empty(), "one of five"
    alone = [signature(0, turned=13)], [signature(0, turned=12)]
    assert reposts(stills(("a", 160, first), ("b", 160, alone[0]))).is_empty()
    assert reposts(stills(("a", 160, first), ("b", 160, alone[1]))).height == 1
    assert reposts(stills()).is_empty()


def test_signatures_among_many_are_found_by_stretches_of_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "EXACT", 100)
    many = [signature(seed) for seed in range(300)] + [signature(7, turned=9)]
    mirrored = (np.frombuffer(signature(8), np.uint8) ^ np.uint8(MIRRORED)).tobytes()
    names = [f"{number:03d}" for number in range(302)]
    assert split.alike(names, [*many, mirrored], 16) == {("007", "300"), ("008", "301")}


def test_the_longest_run_in_order() -> None:
    assert in_order([3, 0, 1, 1, 0, 2]) == [1, 2, 3, 5] and in_order([]) == [] and in_order([5]) == [0]


def test_a_plan_for_thousands_of_names(bare: Path) -> None:  # noqa: F811
    folder = bare / "data/raw/gifs"
    folder.mkdir(parents=True)
    for number in range(3000):
        (folder / f"clip {number}.gif").write_bytes(b"x")
    planned = snakemake(bare, "-n")
    assert planned.jobs["probe"] == planned.jobs["embed"] == 7 and planned.jobs["characters"] == 1
    assert "note: data/raw/gifs/: 3000 videos, all of them animated pictures: worked on in 7 packs" in planned.text
