"""A project whose files lie in a bucket (profiles/kubernetes): what there is in it, and where a job sees its files.

Snakemake fetches what a rule names into .snakemake/storage/… and stores from there what the rule makes. In a pod genga
has it all where it lies on one machine, so that tables speak of the same paths wherever they were made, and a shard is
found beside its table. Not so where the workflow is started: Snakemake deletes what it fetched, and there data/… is
the user's own.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genga.errors import GengaError

_SENT = (  # what jobs read
    "Snakefile", "captions", "corrections", "genga", "models.lock", "models.yaml", "params.yaml", "profiles", "recipes",
    "rules", "scripts", "vocabulary",
)  # fmt: skip
_CLOCKS = 60  # s by which the bucket's clock may be behind


class Bucket:
    """The default storage of a workflow, of S3. provider: Snakemake's; prefix: of all that it holds, `s3://genga/project`."""

    def __init__(self, provider: Any, prefix: str | None) -> None:
        self._provider = provider
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    @property
    def places(self) -> tuple[str, str]:
        """What stands before a file's path in the project: in its address, and where Snakemake keeps a copy of it."""
        return self._prefix, f"{self.kept_in.as_posix()}/"

    @property
    def kept_in(self) -> Path:
        """Where Snakemake keeps copies of the project's files."""
        path: Path = self._object("x").local_path()
        return path.parent

    def names(self, folder: str) -> list[str]:
        """Return the path of every file under a folder of the project, sorted: `data/raw/akari/ep01.mkv`.

        By the S3 plugin's own connection, because what it offers for listing asks for addresses without `s3://`.
        """
        return sorted(path for path, _ in self._listed(folder))

    def fetch(self, folder: str, since: float) -> None:
        """Put here what was written into a folder of the project after `since`, in seconds since the epoch.

        Raises GengaError if the bucket does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # a second to import: not for those without a bucket

        try:
            for path, item in self._listed(folder):
                if item.last_modified.timestamp() >= since - _CLOCKS:
                    Path(path).parent.mkdir(parents=True, exist_ok=True)
                    item.Object().download_file(path)
        except (BotoCoreError, ClientError) as error:
            raise GengaError(f"{self._prefix}{folder}: cannot be fetched ({error})") from error

    def _listed(self, folder: str) -> Iterator[tuple[str, Any]]:
        place = self._object(folder)
        above = len(place.key) - len(folder)
        for item in place.s3bucket().objects.filter(Prefix=f"{place.key}/"):
            yield item.key[above:], item

    def _object(self, path: str) -> Any:
        return self._provider.object(self._prefix + path)


def check_sent(root: str | Path) -> None:
    """Raise GengaError unless git knows every file of the project that jobs elsewhere read: that is what they are sent.

    Without a file of corrections a job would not fail, it would do as if nobody had decided anything.
    """
    command = ["git", "ls-files", "--others", "--exclude-standard", "-z", "--", *_SENT]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GengaError(f"{root}: jobs elsewhere are sent what git knows: {done.stderr.strip()}; git clone genga anew")
    if unknown := sorted(filter(None, done.stdout.split("\0"))):
        raise GengaError(f"{unknown[0]}: not known to git, by which jobs elsewhere get it; git add {unknown[0]}")
