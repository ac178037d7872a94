"""A sealed file is read only whole, unchanged and with its key."""

import io
import struct

import pytest

from trialops.backups.sealed import LENGTH, MAGIC, PIECE, SALT_BYTES, Opened, Sealer, SealError, new_key

KEY = new_key()
MANIFEST = {"rows": {"a": 1}}


def sealed(*parts: bytes, key: str = KEY) -> bytes:
    target = io.BytesIO()
    sealer = Sealer(target, key, MANIFEST)
    for part in parts:
        sealer.write(part)
    sealer.finish()
    return target.getvalue()


def opened(data: bytes, key: str = KEY) -> bytes:
    return b"".join(Opened(io.BytesIO(data), key).pieces())


def pieces_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """The head, and each piece with its length."""
    at, found = len(MAGIC) + SALT_BYTES, []
    while at < len(data):
        end = at + LENGTH.size + struct.unpack(">I", data[at : at + LENGTH.size])[0]
        found.append(data[at:end])
        at = end
    return data[: len(MAGIC) + SALT_BYTES], found


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_is_read_again(length: int) -> None:
    content = bytes(index % 251 for index in range(length))
    assert opened(sealed(content)) == content


def test_the_manifest_is_read_before_the_rest() -> None:
    assert Opened(io.BytesIO(sealed(b"x")), KEY).manifest == MANIFEST


def test_nothing_of_the_content_shows() -> None:
    assert b"JAX-0001" not in sealed(b"JAX-0001" * 100)


def test_two_files_of_the_same_content_differ() -> None:
    assert sealed(b"the same") != sealed(b"the same")


def test_every_changed_byte_is_noticed() -> None:
    data = sealed(b"some content")
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 1
        with pytest.raises(SealError):
            opened(bytes(changed))


def test_every_cut_is_noticed() -> None:
    data = sealed(b"some content")
    for length in range(len(data)):
        with pytest.raises(SealError):
            opened(data[:length])


def test_pieces_that_are_swapped_doubled_left_out_or_added_are_noticed() -> None:
    head, pieces = pieces_of(sealed(bytes(3 * PIECE)))
    manifest, first, second, last = pieces
    foreign = pieces_of(sealed(b"x"))[1][1]
    for wrong in (
        [manifest, second, first, last],
        [manifest, first, first, second, last],
        [manifest, first, last],
        [manifest, first, second],
        [manifest, first, second, last, last],
        [manifest, first, second, foreign],
    ):
        with pytest.raises(SealError):
            opened(head + b"".join(wrong))


def test_another_key_is_told_from_a_change() -> None:
    with pytest.raises(SealError, match="BACKUP_KEY is not the one"):
        opened(sealed(b"x"), new_key())


@pytest.mark.parametrize("key", ["", "short", "é" * 44, "A" * 43])
def test_what_is_no_key_says_how_one_is_made(key: str) -> None:
    with pytest.raises(SealError, match=r"manage\.py backup --new-key"):
        sealed(b"x", key=key)


def test_another_kind_of_file_is_named_as_such() -> None:
    with pytest.raises(SealError, match="no backup of trialops"):
        opened(b"PGDMP, perhaps, but sealed by nobody")
