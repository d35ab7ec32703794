"""What an audit can be held against that nobody changes along with a file: a commit, or a signature.

records.jsonl lies in the same folder as what it speaks of. Whoever changes a file can change its line alike, or take
the line away. A commit that is known by its name, and a signature whose key is known, cannot be changed alike.
"""

from dataclasses import dataclass
from pathlib import Path

from genga.audit import signing
from genga.audit.git_history import History
from genga.audit.lineage import behind
from genga.audit.model import merges
from genga.audit.provenance import made_by_training
from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.tables.places import path_of
from genga.workflow.records import RECORDS_FILE, Records, only, parse_records, write_records

DVC_LOCK = "dvc.lock"


@dataclass(frozen=True)
class Root:
    """Records that came from there, and not from the folder."""

    said: str  # which commit, or which signature by which key
    records: Records
    dvc_lock: bytes | None  # as it was there


def root_of(against: str, key: Path | None, folder: Path = Path(".")) -> Root:
    """Return what `--against` names: a signature `models/RUN.sig`, of which `key` is the public key, or a commit.

    Raises GengaError if there is none such, it does not hold, or it has no records.
    """
    if against.endswith(signing.SUFFIX):
        return _signed(folder / against, against, key)
    if key is not None:
        raise GengaError(f"{key}: a key goes with a signature; name one: --against models/RUN{signing.SUFFIX}")
    return _committed(against, folder)


def keep_records(run: str, records: Records, root: Path = Path(".")) -> int:
    """Write the run's part of the records into its folder, to be signed with it; return how many jobs are in it.

    Everything that was made of the run, and all behind it; of a merge alike. Raises GengaError if nothing is on record
    of it, or a file of it is not what is: what was signed could never be verified.
    """
    model = f"models/{run}/{run}.safetensors"
    made = [path for job in records.jobs.values() if job.wildcards.get("run") == run for path in job.outputs]
    needed = [model] if run in merges(records, root) else made_by_training(run)
    paths = {*made, *needed, model, path_of("evaluate", run, "json")}
    for path in needed:
        if path not in records.maker:
            raise GengaError(f"{path}: no line of {RECORDS_FILE} says how it was made; run snakemake, then sign")
    jobs = behind(records, *paths)
    for path, of in sorted((path, of) for job in jobs for path, of in job.outputs.items()):
        if path.startswith(f"models/{run}/") and (root / path).is_file() and sha256_of(root / path) != of.sha256:
            raise GengaError(f"{path}: is not what {RECORDS_FILE} says; `dvc checkout` it, or run snakemake, then sign")
    write_records(only(records, jobs), root / "models" / run / RECORDS_FILE)
    return len(jobs)


def _committed(name: str, folder: Path) -> Root:
    history = History(folder, lambda _, data: "")
    commit = history.named(name)
    if commit is None:
        raise GengaError(f"{name}: no such commit here, and no signature (models/RUN{signing.SUFFIX}); fetch it")
    content = history.at(commit, RECORDS_FILE)
    if content is None:
        raise GengaError(f"{RECORDS_FILE}: is not in commit {commit[:12]}; name one that has it")
    return Root(
        f"commit {commit}", parse_records(content, f"{commit[:12]}:{RECORDS_FILE}"), history.at(commit, DVC_LOCK)
    )


def _signed(path: Path, name: str, key: Path | None) -> Root:
    if key is None:
        raise GengaError(f"{name}: whose signature? name the public key: --key KEY.pub")
    folder = path.with_suffix("")
    signing.verify(folder, key)
    records = folder / RECORDS_FILE
    if not records.is_file():
        raise GengaError(f"{records}: no such file; sign again, this signature holds no records: genga sign RUN KEY")
    return Root(f"signature {name} by the key of {key}", parse_records(records.read_bytes(), str(records)), None)
