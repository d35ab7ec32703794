"""The runs that docs/sources.md shows: `python -m tests.fetch_runs`, in a folder that is new each time.

Sites and peers are on this machine. gallery-dl, aniparse and libtorrent have to be installed (`make sources`).
"""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import libtorrent as lt
import yaml

sys.path.insert(0, str(Path(__file__).parent))  # as pytest does

from sites import HTML, Site, picture, served

ROOT = Path(__file__).resolve().parent.parent
HERE = "127.0.0.1:0"


def image(seed: int, kind: str = "png") -> bytes:
    out = io.BytesIO()
    more = {"save_all": True, "append_images": [picture(seed + 500)], "duration": 100} if kind == "gif" else {}
    picture(seed).save(out, kind, **more)
    return out.getvalue()


def folder() -> dict[str, Any]:
    """Images with sidecars, a cbz, a page that is called a gif, a bomb."""
    Path("pictures/10_akari").mkdir(parents=True)
    for number in range(3):
        Path(f"pictures/10_akari/{number}.png").write_bytes(image(number))
        Path(f"pictures/10_akari/{number}.txt").write_text("1girl, hat, smile")
    Path("pictures/page.gif").write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    with zipfile.ZipFile("pictures/book.cbz", "w") as out:
        for number in (1, 2, 10):
            out.writestr(f"{number}.jpg", image(number + 10, "jpeg"))
    with zipfile.ZipFile("pictures/bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("big.png", bytes(400_000_000))
    return {"kind": "folder", "series": "akari", "path": "pictures", "licence": "mine"}


def gallery(site: Site) -> dict[str, Any]:
    for n in range(1, 7):
        site.files[f"/data/{n}.png"] = image(20 + n)
        site.posts.append({
            "id": n, "file_url": f"{site.root}/data/{n}.png", "file_ext": "png", "md5": f"{n:032x}", "rating": "g",
            "created_at": "2026-01-01T00:00:00.000-05:00", "source": f"https://art.example/{n}", "tag_string": "hat",
            "tag_string_general": "hat smile", "tag_string_character": "akari", "tag_string_artist": "somebody",
            "tag_string_copyright": "", "tag_string_meta": "", "image_width": 96, "image_height": 64, "score": 1,
            "file_size": 100,
        })  # fmt: skip
    site.troubles = {"/posts.json": [(429, "text/plain", b""), (500, "text/plain", b"")], "/data/3.png": [HTML] * 9}
    return {"kind": "gallery", "series": "akari", "urls": [f"Danbooru:{site.root}/posts?tags=akari"], "most": 5,
            "rate": 10, "config": {"extractor": {"sleep-429": 1}}}  # fmt: skip


def gifs(site: Site) -> dict[str, Any]:
    for n in range(3):
        site.files[f"/m/{n}.gif"] = image(40 + n, "gif")
        site.posts.append({"id": str(n), "content_description": "A girl waves.", "tags": ["wave"],
                           "itemurl": f"https://gif.example/{n}",
                           "media_formats": {"gif": {"url": f"{site.root}/m/{n}.gif"}}})  # fmt: skip
    site.troubles = {"/m/1.gif": [HTML]}
    return {"kind": "gifs", "series": "waves", "endpoint": f"{site.root}/v2/search", "queries": ["wave"],
            "key": "GIF_KEY", "format": "gif", "rate": 10}  # fmt: skip


def torrent(stack: ExitStack) -> dict[str, Any]:
    """A release of four files, and a peer that has them."""
    Path("theirs/Show").mkdir(parents=True)
    for n, name in enumerate(("[A] Show - 01v2", "[A] Show - 02", "[A] Show S2 - 01", "[A] Show - NCOP1")):
        Path(f"theirs/Show/{name} [1080p].gif").write_bytes(image(60 + n, "gif"))
    made = lt.create_torrent(lt.list_files("theirs/Show"), 16 * 1024)
    lt.set_piece_hashes(made, "theirs")
    Path("show.torrent").write_bytes(lt.bencode(made.generate()))
    session = lt.session({"listen_interfaces": HERE, "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
                          "enable_natpmp": False, "allow_multiple_connections_per_ip": True})  # fmt: skip
    asked = lt.load_torrent_file("show.torrent")
    asked.save_path = "theirs"
    asked.flags = (asked.flags | lt.torrent_flags.seed_mode) & ~(
        lt.torrent_flags.auto_managed | lt.torrent_flags.paused
    )
    handle = session.add_torrent(asked)
    stack.callback(session.remove_torrent, handle)
    return {"kind": "torrent", "series": "show", "torrent": "show.torrent", "files": ["*Show*"], "dht": False,
            "peers": [f"127.0.0.1:{session.listen_port()}"], "listen": HERE, "stalled": 10}  # fmt: skip


def run(*words: str, **environment: str) -> None:
    """Run a command of genga and show it with what it says."""
    line = " ".join(["genga", *words])
    print(
        f"\n$ {' '.join(f'{name}={value}' for name, value in environment.items())} {line}".replace("$  ", "$ "),
        flush=True,
    )
    command = [sys.executable, "-m", "genga", *words]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {**os.environ, "PYTHONPATH": path, **environment}
    subprocess.run(command, env=own, stderr=subprocess.STDOUT, check=False)


def main() -> None:
    os.chdir(tempfile.mkdtemp())
    with ExitStack() as stack:
        booru, api = stack.enter_context(served()), stack.enter_context(served())
        show = torrent(stack)
        sources = {"mine": folder(), "booru": gallery(booru), "waves": gifs(api), "show": show,
                   "nobody": {**show, "peers": [], "series": "nobody", "stalled": 3}}  # fmt: skip
        Path("params.yaml").write_text(yaml.safe_dump({"sources": sources}, sort_keys=False))
        run("fetch", "--dry-run", "mine")
        run("fetch", "mine")
        run("fetch", "booru")
        run("fetch", "booru")
        run("fetch", "waves")
        run("fetch", "waves", GIF_KEY="secret")
        run("fetch", "show")
        run("fetch", "--yes", "show")
        run("fetch", "nobody")
        run("fetch", "mine")
    print("\n$ ls data/raw/*")
    for path in sorted(Path("data/raw").rglob("*.*")):
        print(path)
    print("\n$ head -2 sources.jsonl")
    print("\n".join(Path("sources.jsonl").read_text().splitlines()[:2]))
    print("\n$ head -3 'corrections/akari/booru 001/tags.csv'")
    print("\n".join(Path("corrections/akari/booru 001/tags.csv").read_text().splitlines()[:3]))


if __name__ == "__main__":
    main()
