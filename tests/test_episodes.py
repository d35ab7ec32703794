"""genga.video.episodes: a video file under data/raw is an episode."""

import io
import os
import re
from pathlib import Path

import av
from PIL import Image

from genga.video.episodes import EXTENSIONS, episodes_before, episodes_of, find_episodes, in_name_order, is_video


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_videos_of_any_name_and_nothing_else(tmp_path: Path) -> None:
    _touch(tmp_path, "b/ep 2.MKV", "アニメ/第1話.mp4", "b/ep 2.srt", "b/.hidden.mkv", ".trash/old.mkv", "loose.mkv")
    said: list[str] = []
    assert find_episodes(tmp_path, said) == {
        ("b", "ep 2"): f"{tmp_path}/b/ep 2.MKV",
        ("アニメ", "第1話"): f"{tmp_path}/アニメ/第1話.mp4",
    }
    assert said == [
        f"{tmp_path}/loose.mkv is left out, for it is in no folder of a series; move it to one",
        f"{tmp_path}/.trash/old.mkv: left out, by ending or beginning no video, or hidden",
        f"{tmp_path}/b/.hidden.mkv, {tmp_path}/b/ep 2.srt: left out, by ending or beginning no video, or hidden",
    ]


def test_what_lies_deeper_is_called_by_its_folders_too(tmp_path: Path) -> None:
    files = ("Title/Season 1/01.mkv", "Title/Season 2/01.mkv", "Title/Movie.mkv", "Title/Extras/a/b.webm")
    _touch(tmp_path, *files, "Title/.cache/x.mkv")
    (tmp_path / "Title/loop").symlink_to(tmp_path / "Title")
    assert find_episodes(tmp_path) == {
        ("Title", name): f"{tmp_path}/Title/{file}"
        for name, file in {
            "Extras - a - b": "Extras/a/b.webm", "Movie": "Movie.mkv", "Season 1 - 01": "Season 1/01.mkv",
            "Season 2 - 01": "Season 2/01.mkv",
        }.items()
    }  # fmt: skip
    _touch(tmp_path, "Title/Season 1 - 01.mkv")
    aside: dict[str, str] = {}
    find_episodes(tmp_path, aside=aside)
    assert re.search(r"Season 1( -|/) ?01\.mkv: .*Season 1( -|/) ?01\.mkv is the same episode", aside["Title"])


def test_many_files_that_are_no_videos_are_one_line(tmp_path: Path) -> None:
    _touch(tmp_path, "s/1.mkv", *(f"s/{n}.srt" for n in range(1, 10)), "s/notes", "s/.DS_Store")
    said: list[str] = []
    assert len(find_episodes(tmp_path, said)) == 1
    s = f"{tmp_path}/s"
    assert said == [
        f"{s}/1.srt, {s}/2.srt, {s}/3.srt and 7 more (6 .srt, 1 no ending): "
        "left out, by ending or beginning no video, or hidden"
    ]


def test_a_single_picture_is_no_video_where_its_ending_may_be_of_one(tmp_path: Path) -> None:
    images = [Image.new("RGB", (16, 16), (n * 90, 0, 0)) for n in range(3)]
    for kind in ("webp", "avif", "png"):
        images[0].save(tmp_path / f"poster.{kind}")
        images[0].save(tmp_path / f"moves.{kind}", save_all=True, append_images=images[1:], duration=100)
        assert (is_video(tmp_path / f"poster.{kind}"), is_video(tmp_path / f"moves.{kind}")) == (False, True)
    (tmp_path / "poster.jxl").touch()
    assert not is_video(tmp_path / "poster.jxl")  # FFmpeg reads none here, Pillow does
    assert is_video(tmp_path / "elsewhere.webp") and not is_video(tmp_path / "elsewhere.png")  # in a bucket


# Of what FFmpeg can put a video into: pictures, sound with a cover, lists of files, px without a word on their size.
NO_VIDEOS = {
    "image2", "ico", "fits", "a64", "aiff", "flac", "mp3", "dash", "hls", "rawvideo",
}  # fmt: skip
OF_SOUND = {"heif", "heic", "isma", "m4a", "m4b", "wma", "mka", "mks", "mpo", "ogg", "ra"}  # or of single pictures


def test_the_endings_are_those_that_ffmpeg_has_for_videos() -> None:
    known, videos = set(), set()
    for name in sorted(av.formats_available):
        kind = av.format.ContainerFormat(name)
        known |= {ending.strip() for ending in kind.extensions}
        if kind.is_output and name not in NO_VIDEOS:
            with av.open(io.BytesIO(), "w", format=name) as out:
                videos |= kind.extensions if out.default_video_codec not in ("none", None) else set()
    ours = {ending.removeprefix(".") for ending in EXTENSIONS}
    assert ours - known == {
        "3gpp", "divx", "evo", "flc", "fli", "m2p", "mp2v", "mpe", "ogm", "qt", "rmvb", "tod", "tp", "trp", "vro",
    }  # fmt: skip
    assert videos - OF_SOUND - ours == set()


def test_no_folder_is_no_episode(tmp_path: Path) -> None:
    assert find_episodes(tmp_path / "raw") == {}


def test_of_many_videos_whose_names_cannot_be_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    _touch(tmp_path, *(f"s/a{number}{{}}.mp4" for number in range(9)), *(f"t/b{n}{{}}.mp4" for n in range(4)))
    said: list[str] = []
    assert find_episodes(tmp_path, said) == {}
    assert [line.partition(" is left out")[0].removeprefix(f"{tmp_path}/") for line in said] == [
        "s/a0{}.mp4", "s/a1{}.mp4", "s/a2{}.mp4", "s: 6 more videos are left out, for their names",
        *(f"t/b{n}{{}}.mp4" for n in range(4)),
    ]  # fmt: skip


def test_a_pipe_is_no_episode_and_holds_nobody_up(tmp_path: Path) -> None:
    _touch(tmp_path, "s/a.mp4")
    os.mkfifo(tmp_path / "s/b.webp")
    (tmp_path / "s/c.mp4").symlink_to("gone.mp4")
    (tmp_path / "s/d.mp4").symlink_to("/dev/zero")
    assert [episode for _, episode in find_episodes(tmp_path)] == ["a", "c"]


def test_a_series_with_two_videos_of_one_episode_is_named_and_ends_no_other(tmp_path: Path) -> None:
    _touch(tmp_path, "s/ep1.mkv", "s/ep1.mp4", "t/a.mkv", "t/a.ts", "u/1.mkv")
    aside: dict[str, str] = {}
    assert set(find_episodes(tmp_path, aside=aside)) == {("s", "ep1"), ("t", "a"), ("u", "1")}
    assert aside == {
        series: f"{tmp_path}/{other}: {tmp_path}/{first} is the same episode; rename one of them or take it away"
        for series, first, other in (("s", "s/ep1.mkv", "s/ep1.mp4"), ("t", "t/a.mkv", "t/a.ts"))
    }


def test_two_names_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    _touch(tmp_path, "s/\u304c.mkv", "s/\u304b\u3099.mkv")  # ga, of one character and of two
    aside: dict[str, str] = {}
    find_episodes(tmp_path, aside=aside)
    assert "is the same episode, by a name that only has its letters composed otherwise; " in aside["s"]


def test_what_was_deleted_and_what_file_servers_keep_are_no_episodes(tmp_path: Path) -> None:
    away = ("#recycle/2.mkv", "@eaDir/1.mkv/x.mp4", "$RECYCLE.BIN/a/3.mkv", "@Recycle/4.mkv", "lost+found/#5.mkv",
            "#snapshot/day/1.mkv", "__MACOSX/._1.mkv")  # fmt: skip
    _touch(tmp_path, "s/1.mkv", "s/recycle/2.mkv", *(f"s/{name}" for name in away), "#recycle/old/1.mkv")
    said: list[str] = []
    assert set(find_episodes(tmp_path, said)) == {("s", "1"), ("s", "recycle - 2")}
    assert len(said) == 2 and "s/#recycle/2.mkv" in said[1] and said[1].endswith("no video, or hidden")


def test_all_pairs_of_one_episode_are_counted_with_the_way_out(tmp_path: Path) -> None:
    videos = [f"{tmp_path}/s/clip {number}.{kind}" for number in range(5) for kind in ("gif", "mp4")]
    aside: dict[str, str] = {}
    episodes_of(tmp_path, videos, aside=aside)
    assert aside["s"].replace(f"{tmp_path}/s/", "") == (
        "clip 0.mp4: clip 0.gif is the same episode; rename one of them or take it away; 4 more are so (clip 1.mp4,"
        " clip 2.mp4, …): those of one ending may go to a folder of their own, below this"
    )
    moved = [video.replace("/s/", "/s/mp4/") if video.endswith("4") else video for video in videos]
    assert len(episodes_of(tmp_path, moved)) == 10


def test_the_episodes_before_one_are_in_the_order_of_their_numbers() -> None:
    names = [("s", "ep10"), ("s", "ep2"), ("t", "ep1"), ("s", "ep1"), ("s", "ep9 b"), ("s", "ep9")]
    ordered = in_name_order(names)
    assert ordered == {"s": ["ep1", "ep2", "ep9", "ep9 b", "ep10"], "t": ["ep1"]}
    assert episodes_before(ordered["s"], "ep10", 3) == ["ep2", "ep9", "ep9 b"]
    assert episodes_before(ordered["s"], "ep2", 3) == ["ep1"]
    assert episodes_before(ordered["s"], "ep1", 3) == []
    assert episodes_before(ordered["s"], "ep10", 0) == []
    assert episodes_before(ordered["s"], "ep3", 1) == ["ep2"]  # of one that has no video, too
    japanese = in_name_order([("s", "第2話"), ("s", "第11話"), ("s", "第3話")])["s"]
    assert episodes_before(japanese, "第11話", 1) == ["第3話"]
