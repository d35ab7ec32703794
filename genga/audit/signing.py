"""Sign a run's folder as OpenSSF does (model-signing), with a key of one's own: no service, no account.

The signature holds a manifest of every file in the folder; it lies beside the folder, so that it is not part of it.
One of the files is the run's part of records.jsonl, with the sha256 of all that its jobs read and made: whoever trusts
the key can hold everything behind the model against it (genga.audit.roots).
"""

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path

from genga.audit.extras import library
from genga.errors import GengaError
from genga.store.files import replacing
from genga.store.folders import files_in

SUFFIX = ".sig"  # a Sigstore bundle, JSON


def make_key(private: Path) -> Path:
    """Write a new key (elliptic, P-256) and beside it its public half `.pub`; return the latter.

    Raises GengaError if there is something already: a key that signed must not be lost.
    """
    public = private.with_name(f"{private.name}.pub")
    for path in (private, public):
        if path.exists():
            raise GengaError(f"{path}: is there already; sign with it, or name another")
    ec, forms = (
        library("cryptography.hazmat.primitives.asymmetric.ec"),
        library("cryptography.hazmat.primitives.serialization"),
    )
    key = ec.generate_private_key(ec.SECP256R1())
    pem = forms.Encoding.PEM
    private.parent.mkdir(parents=True, exist_ok=True)
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(pem, forms.PublicFormat.SubjectPublicKeyInfo))
    return public


def sign(folder: Path, private: Path, passing: Sequence[str] = ()) -> Path:
    """Sign every file in the folder; return the signature's path. Raises GengaError if that cannot be done.

    passing: names of files that may come into the folder later, as a hub puts them there: they are not signed.
    """
    _check(folder, private)
    for going_on in (folder / "unfinished", folder / ".state"):
        if going_on.exists():
            raise GengaError(f"{going_on}: is of training that is not done; finish it with snakemake, or delete it")
    signing, target = library("model_signing.signing"), _signature(folder)
    everything = library("model_signing.hashing").Config().set_ignored_paths(paths=passing, ignore_git_paths=False)
    try:
        signer = signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(everything)
        with replacing(target) as temporary:
            signer.sign(folder, temporary)
    except _refusals() as error:
        raise GengaError(f"{folder}: cannot be signed with {private} ({_plain(error)})") from error
    return target


def verify(folder: Path, public: Path, passing: Sequence[str] = ()) -> None:
    """Raise GengaError unless the folder holds exactly what was signed, by the key whose public half this is.

    passing: as for `sign`; the first of them is the signature, where it lies in the folder.
    """
    _check(folder, public)
    inside = next((folder / name for name in passing[:1]), _signature(folder))
    target = inside if inside.is_file() else _signature(folder)
    if not target.is_file():
        raise GengaError(f"{target}: no such signature; pull it, or make it: genga sign {folder.name} KEY")
    verifying = library("model_signing.verifying")
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(folder, target)
        signed = _names(target)
    except _refusals() as error:
        why = f"is not what was signed, or {target} is not its signature by the key of {public}"
        raise GengaError(f"{folder}: {why} ({_plain(error)})") from error
    # By itself the library passes over what a signature says to pass over, such as .gitattributes.
    if more := sorted(set(files_in(folder)) - signed - set(passing)):
        raise GengaError(f"{folder}: is not what was signed (Extra files found: {', '.join(more)})")


def _names(signature: Path) -> set[str]:
    """The files of which a signature that was verified speaks."""
    payload = json.loads(signature.read_bytes())["dsseEnvelope"]["payload"]
    return {one["name"] for one in json.loads(base64.b64decode(payload))["predicate"]["resources"]}


def _refusals() -> tuple[type[Exception], ...]:
    """What the libraries raise for a folder, a key or a signature that is not what it should be, whatever is in it."""
    exceptions = library("cryptography.exceptions")
    return (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError,
            exceptions.InvalidSignature, exceptions.UnsupportedAlgorithm)  # fmt: skip


def _plain(error: Exception) -> str:
    """What the library says, on one line and without the bytes of digests."""
    said = " ".join(re.sub(r": Expected 'Digest.*", "", str(error), flags=re.DOTALL).split())
    return said[:200] or type(error).__name__


def _check(folder: Path, key: Path) -> None:
    if not folder.is_dir() or folder.name in ("", ".."):
        raise GengaError(f"{folder}: no such run; train it, or `dvc pull` it")
    if not key.is_file():
        raise GengaError(f"{key}: no such key; genga sign RUN {key} --new-key makes one")


def _signature(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{SUFFIX}")
