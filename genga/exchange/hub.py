"""Upload a folder to a hub that speaks Hugging Face's protocol, by its own library and with the token that is set.

What is on the hub already is not sent again: it knows files by their content. So an upload that broke off is taken up
by the same command.
"""

import re
from pathlib import Path
from typing import Any

from genga.errors import GengaError

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_SIGNATURE = "model.sig"  # as which a signature beside the folder goes into the repo
_OWN = ["*.tmp", ".*"]  # not to be sent


def check(repo: str) -> None:
    """Raise GengaError if nothing could be uploaded: no such name is possible, or no token is set."""
    try:
        from huggingface_hub import get_token
    except ImportError as error:
        raise GengaError(f"--push: {error}; push with the genga of the main environment") from error
    if not _REPO.fullmatch(repo) or ".." in repo or "--" in repo:
        raise GengaError(f"--push {repo}: is no repo of a hub; name it OWNER/NAME, of letters, digits, . _ and -")
    if not get_token():
        raise GengaError("--push: no token is set; `hf auth login`, or HF_TOKEN with one that may write")


def upload(repo: str, folder: Path, kind: str, public: bool) -> str:
    """Upload a package; return where it is. A repo that is not there is made, for oneself alone unless `public`.

    kind: dataset or model. Raises GengaError in one line whatever the hub or the way there says.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError

    api = HfApi()
    try:
        api.create_repo(repo, repo_type=kind, private=not public, exist_ok=True)
        said: Any = api.upload_folder(
            repo_id=repo, repo_type=kind, folder_path=folder, commit_message="genga package", ignore_patterns=_OWN
        )
        signature = folder.with_name(f"{folder.name}.sig")
        if signature.is_file():
            said = api.upload_file(
                path_or_fileobj=signature, path_in_repo=_SIGNATURE, repo_id=repo, repo_type=kind,
                commit_message="genga package: signature",
            )  # fmt: skip
    except (HTTPError, OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise GengaError(f"--push {repo}: {why}; {folder} is whole, run again to go on") from error
    return str(getattr(said, "commit_url", said))
