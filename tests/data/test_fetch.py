"""Fetching: from a server of the test's own that is honest, breaks off, lies or is not there."""

import errno
import hashlib
import os
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import cifar10_content, refused, write_tar

from microgrand.data import catalog
from microgrand.data.catalog import CATALOG, Remote, load, place
from microgrand.data.fetch import fetch
from microgrand.settings import UserError

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Server(HTTPServer):
    """Serves one file; what it does wrong is in its fields."""

    content = CONTENT
    breaks_off: int | None = None  # after so many bytes
    ranges = True  # whether it can go on in the middle
    answer = 200
    encoding = ""
    asked: list[str]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range", "")
        server.asked.append(wanted)
        start = int(wanted[6:-1] or 0) if server.ranges and wanted else 0
        part = server.content[start:]
        goes_on = server.answer == 200 and start > 0
        self.send_response(206 if goes_on else server.answer)
        if goes_on:
            end = len(server.content)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        if server.encoding:
            self.send_header("Content-Encoding", server.encoding)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part[: server.breaks_off])

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, and `mnist` made of the one file it serves."""
    monkeypatch.setenv("NO_PROXY", "*")
    served = Server(("127.0.0.1", 0), Handler)
    served.asked = []
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))
    thread.start()
    set_remote(monkeypatch, served.server_port, CONTENT)
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def set_remote(monkeypatch: pytest.MonkeyPatch, port: int, content: bytes) -> None:
    url = f"http://127.0.0.1:{port}/file.bin"
    remote = Remote(url, hashlib.sha256(content).hexdigest(), len(content))
    monkeypatch.setitem(CATALOG, "cifar10", replace(CATALOG["cifar10"], files=(remote,)))


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    assert place("cifar10", tmp_path) is None
    [path] = fetch("cifar10", tmp_path)
    assert path == tmp_path / "cifar10" / "file.bin" == place("cifar10", tmp_path)
    assert held(tmp_path) == {"file.bin": CONTENT}
    fetch("cifar10", tmp_path)
    assert len(server.asked) == 1


def test_what_was_fetched_can_be_loaded(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_tar(tmp_path / "archive", cifar10_content())
    server.content = archive.read_bytes()
    set_remote(monkeypatch, server.server_port, server.content)
    refused(lambda: load("cifar10", tmp_path), "microgrand data fetch cifar10")
    fetch("cifar10", tmp_path)
    assert load("cifar10", tmp_path).checksum == load(str(archive)).checksum


def test_a_connection_that_breaks_off_is_continued(server: Server, tmp_path: Path) -> None:
    server.breaks_off = 2_000_000
    refused(lambda: fetch("cifar10", tmp_path), "127.0.0.1")
    assert list(held(tmp_path)) == ["file.bin.part"]
    [part] = held(tmp_path).values()
    assert part == CONTENT[: len(part)]
    assert place("cifar10", tmp_path) is None
    server.breaks_off = None
    fetch("cifar10", tmp_path)
    assert held(tmp_path) == {"file.bin": CONTENT}
    assert len(part) > 0
    assert server.asked == ["bytes=0-", f"bytes={len(part)}-"]


def test_a_server_that_cannot_go_on_starts_again(server: Server, tmp_path: Path) -> None:
    server.breaks_off, server.ranges = 2_000_000, False
    refused(lambda: fetch("cifar10", tmp_path), "127.0.0.1")
    server.breaks_off = None
    fetch("cifar10", tmp_path)
    assert held(tmp_path) == {"file.bin": CONTENT}


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 1])
def test_a_part_that_is_not_of_this_file_does_no_harm(
    server: Server, tmp_path: Path, size: int
) -> None:
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "file.bin.part").write_bytes(bytes(size))
    if size == len(CONTENT):
        refused(lambda: fetch("cifar10", tmp_path), "SHA-256")
        assert held(tmp_path) == {}
    fetch("cifar10", tmp_path)
    assert held(tmp_path) == {"file.bin": CONTENT}


def test_a_damaged_file_is_fetched_again(server: Server, tmp_path: Path) -> None:
    [path] = fetch("cifar10", tmp_path)
    path.write_bytes(b"damaged")
    fetch("cifar10", tmp_path)
    assert held(tmp_path) == {"file.bin": CONTENT}


def test_a_packed_file_is_kept_as_it_is(server: Server, tmp_path: Path) -> None:
    server.encoding = "x-gzip"  # as some servers call a .gz file
    fetch("cifar10", tmp_path)
    assert held(tmp_path) == {"file.bin": CONTENT}


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "another file": ({"content": bytes(len(CONTENT))}, "SHA-256"),
    "a longer file": ({"content": CONTENT + b"more"}, "more than the 3,000,000 bytes"),
    "not found": ({"answer": 404}, "it answers 404"),
    "forbidden": ({"answer": 403}, "it answers 403"),
}


@pytest.mark.parametrize(("lie", "named"), LIES.values(), ids=list(LIES))
def test_anything_but_the_official_file_is_one_line_and_nothing_is_kept(
    server: Server, tmp_path: Path, lie: dict[str, Any], named: str
) -> None:
    for name, value in lie.items():
        setattr(server, name, value)
    refused(lambda: fetch("cifar10", tmp_path), "127.0.0.1", named)
    assert held(tmp_path) == {}


def test_a_shorter_file_is_one_line_and_never_gets_its_name(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:1000]
    refused(lambda: fetch("cifar10", tmp_path), "1,000 of 3,000,000 bytes")
    assert list(held(tmp_path)) == ["file.bin.part"]


def test_no_network_is_one_line(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_remote(monkeypatch, 1, CONTENT)
    refused(lambda: fetch("cifar10", tmp_path), "no network?", "path of cifar10")
    assert list(tmp_path.iterdir()) == []


def test_no_space_is_known_before_anything_is_asked_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    refused(lambda: fetch("cifar10", tmp_path), str(tmp_path), "no space for file.bin")
    assert server.asked == []
    assert held(tmp_path) == {}


def test_a_disk_that_fills_up_is_one_line_and_its_space_is_given_back(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    refused(lambda: fetch("cifar10", tmp_path), str(tmp_path), "No space left")
    assert held(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused(lambda: fetch("cifar10", tmp_path / "file"), str(tmp_path), "cannot be written")


def test_an_interrupt_keeps_what_there_is_under_another_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("cifar10", tmp_path)
    monkeypatch.undo()
    assert list(held(tmp_path)) == ["file.bin.part"]


def test_offline_sets_need_no_fetching_and_others_are_not_guessed(tmp_path: Path) -> None:
    assert fetch("digits", tmp_path) == []
    refused(lambda: fetch("imagenet", tmp_path), "'imagenet'", *CATALOG)
    assert list(tmp_path.iterdir()) == []


def test_every_remote_file_has_a_checksum_a_length_and_a_known_site() -> None:
    sites = {
        "mnist": "storage.googleapis.com",
        "cifar10": "cs.toronto.edu",
        "stl10": "ai.stanford.edu",
    }
    for name, entry in CATALOG.items():
        for remote in entry.files:
            assert len(bytes.fromhex(remote.sha256)) == 32
            assert remote.size > 4000
            assert remote.url.split("/")[2].removeprefix("www.") == sites[name]
        assert entry.about
        assert entry.terms
    assert {name for name, entry in CATALOG.items() if entry.files} == set(sites)


def test_the_cache_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "microgrand" in catalog.home().parts
    with pytest.raises(UserError):
        catalog.entry("nothing")
