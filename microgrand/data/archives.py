"""Files by name, from a folder or straight out of a tar archive, which is never unpacked."""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from microgrand.data.image_set import refuse
from microgrand.data.reading import PIECE, opened, read, read_at_most, reading

SLACK = 1 << 20  # bytes: what an archive may hold beside its known files, in headers and in files


class Bounded:
    """A stream that breaks off after `left` bytes: gzip packs a gigabyte into a megabyte."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self.file, self.left = file, left

    def read(self, size: int = PIECE) -> bytes:
        piece = self.file.read(size)
        self.left -= len(piece)
        if self.left < 0:
            raise ValueError("it unpacks to far more than it should")
        return piece


def members(path: Path, most: int) -> Iterator[tuple[str, Any]]:
    """Name (without folders) and open stream of each file in a tar archive, one after the other.

    Raises:
        UserError: if it unpacks to more than `most` bytes, is damaged, or has a member that is a
            link, a device, or would lie outside the archive's folder.
    """
    with opened(path) as file:
        stream = Bounded(file, SLACK)
        with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                inside = PurePosixPath(member.name)
                if inside.is_absolute() or ".." in inside.parts or "\\" in member.name:
                    refuse(path, f"its member {member.name!r} points outside: do not trust it")
                if member.issparse() or not (member.isreg() or member.isdir()):
                    refuse(path, f"its member {member.name!r} is no plain file: do not trust it")
                most -= member.size
                if member.size < 0 or most < 0:
                    refuse(path, f"its member {member.name!r} of {member.size} bytes is too large")
                stream.left += member.size
                if member.isreg():
                    yield inside.name, archive.extractfile(member)
        while stream.read():
            pass  # to the end, where gzip's own checksum is


def collect(path: Path, wanted: Mapping[str, int], known: int = 0) -> dict[str, bytes]:
    """The bytes of the wanted files of a folder or a tar archive (gzipped or not).

    Arguments:
        path: of the folder or archive.
        wanted: the most bytes each file may have, by its name.
        known: bytes of further files the archive may hold.

    Raises:
        UserError: if a file is missing, there twice, or too large, or the archive is not harmless.
    """
    if path.is_dir():
        return {name: read(path / name, most) for name, most in wanted.items()}
    found: dict[str, bytes] = {}
    for name, stream in members(path, sum(wanted.values()) + known + SLACK):
        if name in found:
            refuse(path, f"{name} is in it twice")
        if name in wanted:
            with reading(path / name):
                found[name] = read_at_most(stream, wanted[name])
    if missing := [name for name in wanted if name not in found]:
        refuse(path, f"{missing[0]} is missing")
    return found


def names(path: Path, most: int) -> Iterator[str]:
    """The names of the files in a folder or a tar archive, without their folders."""
    if path.is_dir():
        with reading(path):
            yield from sorted(entry.name for entry in path.iterdir())
    else:
        yield from (name for name, _ in members(path, most))
