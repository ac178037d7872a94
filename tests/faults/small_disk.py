"""A file system of some megabytes, which can be filled to the last block and freed again."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class NoSmallDisk(Exception):  # noqa: N818  it is no error of the product
    """Why none can be had here, for people."""


@dataclass(frozen=True)
class SmallDisk:
    """Mounted at `place`; `kind` says what it is made of."""

    place: Path
    kind: str

    @property
    def _ballast(self) -> Path:
        return self.place / "ballast"

    def fill(self) -> None:
        """Not a block is left to anybody."""
        with self._ballast.open("ab") as ballast:
            piece = 1 << 24
            while piece >= 1 << 10:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 4

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(place: Path, image: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """An ext4 on a loop device, or where the kernel gives none a tmpfs. Raises NoSmallDisk without root's rights."""
    if os.geteuid() != 0:
        raise NoSmallDisk("Only root can mount a small file system to be filled: run this scenario as root.")
    place.mkdir(parents=True, exist_ok=True)
    image.touch()
    os.truncate(image, megabytes << 20)
    loop = [["mkfs.ext4", "-q", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(place)]]
    if shutil.which("mkfs.ext4") and all(_runs(command) for command in loop):
        kind = "ext4 on a loop device"
    elif _runs(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]):
        kind = "tmpfs"
    else:
        raise NoSmallDisk("Neither a loop device nor a tmpfs can be mounted here: give this container the right to.")
    try:
        yield SmallDisk(place, kind)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
