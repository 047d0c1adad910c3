"""Reading files that others made: bounded, never unpickled, one line for whatever is wrong."""

import gzip
import io
import lzma
import tarfile
import tokenize
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

from microgrand.data.image_set import refuse

GZIP = b"\x1f\x8b"
PIECE = 1 << 20

#: What the standard library and NumPy raise at bytes that are not what they should be.
DAMAGE = (
    EOFError,
    ValueError,  # NumPy's, and those of numbers and names in headers
    RuntimeError,  # an encrypted or unknown kind of zip entry
    OverflowError,
    SyntaxError,  # NumPy's header is a Python literal
    tokenize.TokenError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    BadZipFile,
)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a file can do wrong while it is read into one line that names it.

    Raises:
        UserError: where the file cannot be read, is damaged or does not fit into memory.
    """
    try:
        yield
    except FileNotFoundError:
        refuse(path, "there is no such file")
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror or error})")
    except MemoryError:
        refuse(path, "too large for this machine's memory")
    except DAMAGE as error:
        refuse(path, f"damaged or cut off ({error or type(error).__name__})")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked if they are gzipped, whatever its name says.

    Raises:
        UserError: if it is a folder, a device or a pipe, or is damaged where it is read.
    """
    with reading(path):
        if path.exists() and not path.is_file():
            refuse(path, "not a file")
        with path.open("rb") as file:
            packed = file.read(len(GZIP)) == GZIP
            file.seek(0)
            if packed:
                with gzip.open(file) as inside:
                    yield inside  # type: ignore[misc]  # a reader of bytes, by another name
            else:
                yield file


def read(path: Path, most: int) -> bytes:
    """All bytes of a file, unpacked if they are gzipped.

    Raises:
        UserError: if there are none or more than `most`, or the file is damaged.
    """
    with opened(path) as file:
        content = read_at_most(file, most)
    if not content:
        refuse(path, "empty")
    return content


def read_at_most(file: Any, most: int) -> bytes:
    """The rest of a stream; no more memory than its bytes need, whatever its header promises.

    Raises:
        ValueError: at more than `most` bytes.
    """
    content = io.BytesIO()
    while piece := file.read(PIECE):
        content.write(piece)
        if content.tell() > most:
            raise ValueError(f"it holds more than the {most} bytes it may have")
    return content.getvalue()
