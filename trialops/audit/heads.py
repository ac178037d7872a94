"""Heads: the end of each chain, signed and kept outside the database, so that a chain made anew shows.

A head is one line of JSON in `<directory>/<chain>.jsonl`. The key that signs it lies outside the database too; whoever
holds both the database and the key can still not change the copies that were mailed.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from trialops.audit.content import moment
from trialops.audit.models import Link


@dataclass(frozen=True)
class Head:
    """The last link of a chain at a time."""

    chain: int
    sequence: int
    digest: str
    at: str

    def text(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class KeptHead:
    """A line of a file of heads; `head` is None if it is none, `trusted` whether its signature holds."""

    place: str
    head: Head | None
    trusted: bool


def head_of(chain: int, now: datetime) -> Head | None:
    """The end of a chain as it is now; None while it has no link."""
    last = Link.objects.filter(chain=chain).order_by("-sequence").first()
    return Head(chain, last.sequence, last.digest, moment(now)) if last else None


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key that signs heads, made on first use; its public half lies beside it as `.pub`."""
    if not path.exists():
        _make_key(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 key.")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """The key that signatures are held against."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"{path} holds no Ed25519 public key.")
    return key


def sign(head: Head, key: Ed25519PrivateKey) -> str:
    """A head as one line, with its signature."""
    signature = base64.b64encode(key.sign(head.text())).decode()
    return json.dumps({**asdict(head), "signature": signature}, sort_keys=True)


def keep(head: Head, line: str, directory: Path) -> None:
    """Add a signed head to the file of its chain, and have it on disk before going on."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{head.chain}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def kept_heads(directory: Path, key: Ed25519PublicKey) -> Iterator[KeptHead]:
    """Every line of every file of heads, with whether its signature holds."""
    for path in sorted(directory.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            place = f"{path.name} line {number}"
            try:
                raw = json.loads(line)
                head = Head(int(raw["chain"]), int(raw["sequence"]), str(raw["digest"]), str(raw["at"]))
            except (ValueError, TypeError, KeyError):
                yield KeptHead(place, None, trusted=False)
                continue
            yield KeptHead(place, head, trusted=_holds(raw, head, key))


def _holds(raw: Mapping[str, object], head: Head, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(base64.b64decode(str(raw.get("signature", ""))), head.text())
    except (InvalidSignature, ValueError):
        return False
    return True


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.with_suffix(".pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
