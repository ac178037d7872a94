"""Sealed files: a stream of any length encrypted in pieces, so that neither a change nor a cut-off end goes unseen.

AES-256-GCM, one key from BACKUP_KEY for each file (HKDF over a random salt). Each piece has its number and whether it
is the last one in its nonce, so pieces can be neither swapped nor left out. The first piece is the manifest.
"""

import base64
import json
import os
import struct
from collections.abc import Iterator
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"trialops backup 1\n"
PIECE = 1 << 20
SALT_BYTES, KEY_BYTES, TAG_BYTES = 16, 32, 16
LENGTH = struct.Struct(">I")


class SealError(Exception):
    """Why a sealed file cannot be read, for people."""


def new_key() -> str:
    """A fresh BACKUP_KEY."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


class Sealer:
    """Writes a sealed file: the manifest first, then what `write` is given, until `finish`."""

    def __init__(self, target: IO[bytes], key: str, manifest: dict[str, Any]) -> None:
        salt = os.urandom(SALT_BYTES)
        self._target = target
        self._cipher = _cipher(key, salt)
        self._number = 0
        self._waiting = b""
        target.write(MAGIC + salt)
        self._put(json.dumps(manifest).encode(), last=False)

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > PIECE:
            piece, self._waiting = self._waiting[:PIECE], self._waiting[PIECE:]
            self._put(piece, last=False)

    def finish(self) -> None:
        self._put(self._waiting, last=True)
        self._waiting = b""

    def _put(self, piece: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), piece, MAGIC)
        self._target.write(LENGTH.pack(len(sealed)) + sealed)
        self._number += 1


class Opened:
    """A sealed file being read: its manifest, and its pieces, each proved before it is handed on."""

    def __init__(self, source: IO[bytes], key: str) -> None:
        if source.read(len(MAGIC)) != MAGIC:
            raise SealError("this is no backup of trialops")
        self._source = source
        self._cipher = _cipher(key, source.read(SALT_BYTES))
        self._number = 0
        self.manifest: dict[str, Any] = json.loads(self._piece()[0])

    def pieces(self) -> Iterator[bytes]:
        """The rest, to its end. Raises SealError where it was changed or cut off."""
        last = False
        while not last:
            piece, last = self._piece()
            yield piece
        if self._source.read(1):
            raise SealError("something was added to its end")

    def _piece(self) -> tuple[bytes, bool]:
        head = self._source.read(LENGTH.size)
        if len(head) < LENGTH.size:
            raise SealError("its end is missing")
        (length,) = LENGTH.unpack(head)
        if not TAG_BYTES <= length <= PIECE + TAG_BYTES:
            raise SealError("it has been changed")
        sealed = self._source.read(length)
        if len(sealed) < length:
            raise SealError("its end is missing")
        for last in (False, True):
            try:
                piece = self._cipher.decrypt(_nonce(self._number, last=last), sealed, MAGIC)
            except InvalidTag:
                continue
            self._number += 1
            return piece, last
        raise SealError(
            "it has been changed or cut off"
            if self._number
            else "BACKUP_KEY is not the one it was made with, or it has been changed"
        )


def raw_key(key: str) -> bytes:
    """A BACKUP_KEY as bytes. Raises SealError for what is none."""
    try:
        raw = base64.urlsafe_b64decode(key)
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise SealError("BACKUP_KEY is no key; make one with manage.py backup --new-key")
    return raw


def _cipher(key: str, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, MAGIC).derive(raw_key(key)))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">IQ", int(last), number)
