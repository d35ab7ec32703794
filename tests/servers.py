"""Remotes as people have them, each a server of its own on this machine: a folder, SSH, S3, WebDAV.

Every one is a context that yields a Remote: what `.dvc/config.local` says of it, and the names it holds.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import boto3
from cheroot.wsgi import Server
from moto.server import ThreadedMotoServer
from wsgidav.wsgidav_app import WsgiDAVApp

USER, PASSWORD = "hana", "a word"


@dataclass(frozen=True)
class Remote:
    options: dict[str, object]  # of DVC's remote, by their names
    names: Callable[[], set[str]]  # what it holds now: the md5 of every object

    def configure(self, project: Path) -> None:
        """Make it the default remote of a project, on this machine only."""
        lines = [f"{name} = {value}\n" for name, value in self.options.items()]
        text = "".join(["[core]\n", "remote = tried\n", "['remote \"tried\"']\n", *lines])
        (project / ".dvc/config.local").write_text(text, encoding="utf-8")


def _in(folder: Path) -> Callable[[], set[str]]:
    return lambda: {"".join(path.parts[-2:]) for path in folder.rglob("md5/*/*")}


@contextmanager
def nas(folder: Path) -> Iterator[Remote]:
    """A folder that is mounted."""
    yield Remote({"url": folder / "nas"}, _in(folder / "nas"))


@contextmanager
def ssh(folder: Path) -> Iterator[Remote]:
    """An SSH server with SFTP, which lets in one key."""
    host, user = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    key, allowed = folder / "key", folder / "allowed"
    (folder / "served").mkdir()
    key.write_bytes(user.export_private_key())
    key.chmod(0o600)
    allowed.write_bytes(user.export_public_key())
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), list[int]()

    async def listen() -> None:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host], authorized_client_keys=str(allowed),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder / "served")),
        )  # fmt: skip
        ports.append(server.get_port())
        ready.set()

    def serve() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(20)
    url = f"ssh://{USER}@127.0.0.1:{ports[0]}/genga"
    yield Remote({"url": url, "keyfile": key}, _in(folder / "served"))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@contextmanager
def s3(folder: Path) -> Iterator[Remote]:
    """An S3-compatible server with a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", "us-east-1", endpoint_url=endpoint, aws_access_key_id=USER, aws_secret_access_key="s")
    client.create_bucket(Bucket="genga")

    def names() -> set[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="genga")
        keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
        return {"".join(key.split("/")[-2:]) for key in keys}

    options = {"url": "s3://genga/dvc", "endpointurl": endpoint, "region": "us-east-1",
               "access_key_id": USER, "secret_access_key": PASSWORD}  # fmt: skip
    yield Remote(options, names)
    server.stop()


@contextmanager
def webdav(folder: Path) -> Iterator[Remote]:
    """A WebDAV server, as clouds for home and office have it, with a user and a password."""
    (folder / "served/genga").mkdir(parents=True)
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder / "served")},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "verbose": 0,
        }
    )
    server = Server(("127.0.0.1", 0), app)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    url = f"webdav://127.0.0.1:{server.bind_addr[1]}/genga"
    yield Remote({"url": url, "user": USER, "password": PASSWORD}, _in(folder / "served"))
    server.stop()
    thread.join()


REMOTES = {"nas": nas, "ssh": ssh, "s3": s3, "webdav": webdav}
