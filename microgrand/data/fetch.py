"""Fetching a data set: checked, resumable, and whole or not there at all."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from microgrand.data.catalog import Remote, entry, home
from microgrand.data.image_set import refuse
from microgrand.settings import UserError

TIMEOUT = (10, 60)  # seconds: to connect, between two pieces
PIECE = 1 << 20  # bytes


def fetch(name: str, folder: Path | None = None) -> list[Path]:
    """Fetch the files of a data set that are not there yet, each held against its SHA-256.

    What a broken connection has left (`FILE.part`) is continued by the next call. A file has its
    name only when it is whole and its checksum is right.

    Arguments:
        name: of the data set.
        folder: where to put it, into a folder of its name; default: the user's cache.

    Returns:
        The files; none for a data set that is offline anyway.

    Raises:
        UserError: if the site cannot be reached or breaks off, sends anything else than the
            official file, or there is no space or permission to write.
    """
    into = home(folder) / name
    return [fetch_file(remote, into, name) for remote in entry(name).files]


def fetch_file(remote: Remote, folder: Path, name: str) -> Path:
    """One file of a data set, fetched unless it is there.

    Raises:
        UserError: as `fetch`.
    """
    import pooch
    import requests
    import urllib3

    part = folder / f"{remote.name}.part"
    pooch.get_logger().setLevel("WARNING")
    otherwise = f"try again later, or give the path of {name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(
            remote.url,
            known_hash=f"sha256:{remote.sha256}",
            fname=remote.name,
            path=folder,
            downloader=lambda url, output, _: download(remote, part, Path(output)),
        )
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        why = f"{type(error).__name__}: no network?"
        if isinstance(error, requests.HTTPError) and error.response is not None:
            why = f"it answers {error.response.status_code}"
        refuse(remote.url, f"cannot be fetched ({why}); {otherwise}")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)  # leaves the disk as it was
        refuse(folder, f"cannot be written ({error.strerror or error})")
    except ValueError:  # pooch's, about the checksum
        refuse(remote.url, f"sends another file (its SHA-256 differs), not kept; {otherwise}")
    finally:
        with contextlib.suppress(OSError):  # something is in it, as a rule
            folder.rmdir()
    return folder / remote.name


def download(remote: Remote, part: Path, output: Path) -> None:
    """Fetch what is missing of a file, then move it to `output`.

    Raises:
        UserError: if there is no space for it, or it is longer or shorter than it should be.
    """
    import requests
    from tqdm import tqdm

    have = part.stat().st_size if part.exists() else 0
    if have > remote.size:
        part.unlink()
        have = 0
    if shutil.disk_usage(part.parent).free < remote.size - have:
        raise OSError(errno.ENOSPC, f"no space for {remote.name}, {remote.size:,} bytes")
    if have < remote.size:
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={have}-"}
        with requests.get(remote.url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            have = have if goes_on else 0
            bar = tqdm(
                total=remote.size, initial=have, unit="B", unit_scale=True, disable=None,
                desc=remote.name, leave=False,
            )  # fmt: skip
            with bar, part.open("ab" if goes_on else "wb") as file:
                # As sent: a server that calls a .gz file's packing an encoding must not unpack it.
                for piece in answer.raw.stream(PIECE, decode_content=False):
                    have += len(piece)
                    if have > remote.size:
                        break
                    file.write(piece)
                    bar.update(len(piece))
    if have > remote.size:
        part.unlink()
        raise UserError(f"{remote.url}: sends more than the {remote.size:,} bytes of the file")
    if have < remote.size:
        raise UserError(
            f"{remote.url}: broke off after {have:,} of {remote.size:,} bytes; "
            "start again to go on from there"
        )
    os.replace(part, output)
