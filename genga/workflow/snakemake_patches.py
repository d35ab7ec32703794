"""All that is changed in Snakemake and its plugins, each with the version it was seen in, and why.

tests/test_snakemake_patches.py fails where one is no longer needed, or where another version is locked than was looked
at.
"""

import os
from pathlib import Path
from typing import Any

SNAKEMAKE, S3_PLUGIN = "9.27.1", "0.3.6"  # versions that were looked at


def let_lent_files_be_replaced() -> None:
    """Snakemake 9.27.1 takes any output that is read-only for one that a person protects, and refuses to make it again.

    DVC makes a file read-only that it lends as a hard link (cache.type hardlink): jobs write a new file in its place,
    which harms nothing. So a read-only file with several names counts as lent, not as protected.
    """
    from snakemake.io import _IOFile

    if hasattr(_IOFile.protected, "of_snakemake"):
        return
    of_snakemake = _IOFile.protected

    async def protected(self: Any) -> bool:
        """Whether a person write-protected an output."""
        return bool(await of_snakemake(self)) and os.stat(self).st_nlink == 1

    protected.of_snakemake = of_snakemake  # type: ignore[attr-defined]
    _IOFile.protected = protected


def mend_s3_objects(provider: Any, kept_in: Path, in_pod: bool) -> None:
    """Mend two things of snakemake-storage-plugin-s3 0.3.6.

    It remembers that there was no such folder before a job made one: then the folder is taken for a file, and the job
    fails. And in a pod it puts files below .snakemake/storage: genga has them where they lie on one machine, below this
    folder, so that tables speak of the same paths wherever they were made; and by absolute paths, because to Snakemake
    a file whose path is the one that its rule says is in no bucket.

    kept_in: where the plugin keeps copies of the project's files.
    """
    here, made = Path.cwd(), provider.get_storage_object_cls()

    class Object(made):  # type: ignore[misc, valid-type]
        def is_dir(self) -> bool:
            """Look again, where the plugin remembers that before the job there was no such folder."""
            self._is_dir: bool | None = getattr(self, "_is_dir", None) or None
            return bool(super().is_dir())

        def local_path(self) -> Path:
            path: Path = super().local_path()
            return here / path.relative_to(kept_in) if in_pod and path.is_relative_to(kept_in) else path

    provider.get_storage_object_cls = lambda: Object
