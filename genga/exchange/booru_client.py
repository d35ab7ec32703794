"""Talk to a server of Danbooru's kind by its JSON: posts by md5, their tags, and files that become posts.

The API: https://danbooru.donmai.us/wiki_pages/help:api. A file is sent as an upload, which the server takes for one of
its own; a post is made of that. Every request here may be sent twice without harm: of a file that has a post none is
made again.
"""

import base64
import json
import time
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from genga.errors import GengaError
from genga.exchange.wire import Wire

AT_ONCE = 50  # posts that are asked for together
RATINGS = "gsqe"  # general, sensitive, questionable, explicit
PAUSE, PATIENCE = 5.0, 120  # s between two tries where a server asks to wait or is at work, and how many
_AWAY = "{url}: no server answers ({why}); see that it is there"
_BUSY = 429  # too many requests

Post = dict[str, Any]


class RefusedError(GengaError):
    """The server takes this file for no picture, or makes no post of it."""


class File(NamedTuple):
    """What is sent of an image that has no post."""

    name: str
    png: bytes
    md5: str
    tags: Sequence[str]
    rating: str  # of RATINGS


class Booru(Wire):
    """A connection to a server. Use as a context manager. All that fails is a GengaError of one line."""

    def __init__(self, url: str, login: str, key: str) -> None:
        super().__init__(url, "a booru", "http://127.0.0.1:3000", _AWAY)
        if not login or not key:
            raise GengaError("no login is set: BOORU_LOGIN and BOORU_API_KEY, as the page of your account has them")
        said = base64.b64encode(f"{login}:{key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {said}", "Accept": "application/json"}

    def posts(self, sums: Sequence[str]) -> dict[str, Post]:
        """Return the posts of files, by md5; of those that have one, deleted ones too."""
        found: dict[str, Post] = {}
        for start in range(0, len(sums), AT_ONCE):
            query = urlencode({"tags": f"md5:{','.join(sums[start : start + AT_ONCE])}", "limit": 2 * AT_ONCE})
            for post in self._json("GET", f"/posts.json?{query}"):
                if post.get("md5") in sums:
                    found[post["md5"]] = post
        return found

    def change(self, post: Post, add: set[str], remove: set[str]) -> None:
        """Add tags to a post, and take others off it; what others did to it meanwhile stays."""
        old = {*post["tag_string"].split()}
        said = {"tag_string": " ".join(sorted((old | add) - remove)), "old_tag_string": post["tag_string"]}
        self._json("PUT", f"/posts/{int(post['id'])}.json", {"post": said})

    def upload(self, file: File) -> Post:
        """Make a post of a file, or return that which it has. Raises RefusedError, with the server's word for it."""
        sent = self._sent(file)
        asset = (sent.get("upload_media_assets") or [{}])[0]
        known = asset.get("media_asset") or {}
        if sent.get("status") != "completed" or asset.get("status") != "active":
            raise RefusedError(f"{sent.get('error') or asset.get('error') or 'it came to nothing'}")
        if known.get("md5") != file.md5:
            raise RefusedError(f"the server made another file of it (md5 {known.get('md5')})")
        if known.get("post"):
            return dict(known["post"])
        post = {"tag_string": " ".join(sorted(file.tags)), "rating": file.rating, "source": ""}
        made = self._json("POST", "/posts.json", {"upload_media_asset_id": asset["id"], "post": post})
        return made if "id" in made else self.posts([file.md5])[file.md5]  # somebody made one meanwhile

    def _sent(self, file: File) -> dict[str, Any]:
        """The upload of a file, when the server is through with it."""
        mark = uuid.uuid5(uuid.NAMESPACE_OID, file.md5).hex
        head = f'Content-Disposition: form-data; name="upload[files][0]"; filename="{file.name}"\r\n'
        body = f"--{mark}\r\n{head}Content-Type: image/png\r\n\r\n".encode() + file.png + f"\r\n--{mark}--\r\n".encode()
        sent = self._json("POST", "/uploads.json", body, f"multipart/form-data; boundary={mark}")
        for _ in range(PATIENCE):
            assets = sent.get("upload_media_assets") or [{}]
            if not {sent.get("status"), assets[0].get("status")} & {"pending", "processing"}:
                break
            time.sleep(PAUSE)
            sent = self._json("GET", f"/uploads/{int(sent['id'])}.json")
        return dict(sent)

    def _json(self, method: str, path: str, value: Any = None, kind: str = "application/json") -> Any:
        """What is answered. value: an object, or bytes of that kind. Waits where the server asks to."""
        body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        headers = {**self._headers, **({} if body is None else {"Content-Type": kind})}
        answer = self.request(method, path, body, headers)
        for _ in range(PATIENCE):
            if answer.status != _BUSY:
                break
            time.sleep(PAUSE)
            answer = self.request(method, path, body, headers)
        where = f"{self.url}{path.partition('?')[0]}"
        try:
            said = json.loads(answer.data) if answer.data.strip() else {}
        except ValueError:
            said = {} if answer.status == 302 else {"message": "its answer is no JSON"}
        why = _why(said) if isinstance(said, dict) else ""
        if answer.status in (401, 403):
            raise GengaError(f"{self.url}: the login is not accepted ({why}); see BOORU_LOGIN and BOORU_API_KEY")
        if answer.status == 422 and method == "POST":
            raise RefusedError(why or "it is refused without a word")
        if not 200 <= answer.status < 303 or why:
            raise GengaError(f"{where}: answers {answer.status} ({why})")
        return said


def _why(said: dict[str, Any]) -> str:
    """What an answer says went wrong, on one line; "" for nothing."""
    errors = said.get("errors")
    named = [f"{name} {' '.join(map(str, of))}" for name, of in errors.items()] if isinstance(errors, dict) else []
    text = said.get("message") or ", ".join(named) or (said.get("error") if "status" not in said else "")
    return " ".join(str(text or "").split())[:200]
