"""How the laboratory is packed: its zip, Python for the browser, and a control for each setting."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import fields
from math import log10
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import laboratory_page
import pytest
from built_site import ROOT
from laboratory import Settings
from mkdocs.structure.files import Files


def test_what_is_packed_runs_without_the_rest(tmp_path: Path) -> None:
    """All of ours and of autograd comes from the zip, and NumPy is all it needs besides."""
    archive = tmp_path / "python.zip"
    archive.write_bytes(laboratory_page.packed(ROOT))
    program = f"""
import sys
sys.path.insert(0, {str(archive)!r})
from laboratory import Laboratory
started = Laboratory("penalty=l1&noise=gradients")
started.step()
for name, module in sys.modules.items():
    if name.split(".")[0] in ("laboratory", "microgrand", "autograd"):
        print(name, module.__file__.startswith({str(archive)!r}))
"""
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    places = dict(line.split() for line in done.stdout.splitlines())
    assert {"laboratory", "microgrand.penalties.vector", "autograd.core"} <= set(places)
    assert set(places.values()) == {"True"}


def test_the_zip_has_the_licences_and_is_the_same_each_time() -> None:
    packed = laboratory_page.packed(ROOT)
    assert packed == laboratory_page.packed(ROOT)
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert "LICENSE" in names
    assert any("autograd" in name and "LICENSE" in name.upper() for name in names)
    assert not [name for name in names if name.startswith(("/", ".."))]


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like Pyodide's core, named in the environment."""
    for name in laboratory_page.FILES:
        (tmp_path / name).write_bytes(b"x" * 1000)
    wheel = {"file_name": "numpy.whl", "sha256": hashlib.sha256(b"numpy").hexdigest()}
    lock = json.dumps({"packages": {"numpy": wheel}})
    (tmp_path / "pyodide-lock.json").write_text(lock)
    monkeypatch.setenv("MICROGRAND_PYODIDE", str(tmp_path))
    return tmp_path


def test_without_numpy_the_reader_is_told_where_it_comes_from(core: Path) -> None:
    found = laboratory_page.find_core(ROOT)
    assert found
    assert found.files == [*laboratory_page.FILES]
    page = laboratory_page.element(found, Settings)
    assert 'distribution="https://cdn.jsdelivr.net/pyodide/' in page
    assert "published checksum" in page
    assert "\n\n" not in page


def test_numpys_wheel_is_served_if_it_is_the_right_one(core: Path) -> None:
    (core / "numpy.whl").write_bytes(b"numpy")
    found = laboratory_page.find_core(ROOT)
    assert found
    assert found.files[-1] == "numpy.whl"
    assert "distribution" not in laboratory_page.element(found, Settings)
    (core / "numpy.whl").write_bytes(b"Numpy")
    with pytest.raises(laboratory_page.PluginError, match=r"not the wheel that pyodide-lock\.json"):
        laboratory_page.find_core(ROOT)


def test_the_home_page_says_whether_there_is_a_laboratory(core: Path) -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="index.md"))
    config = SimpleNamespace(config_file_path=str(ROOT / "mkdocs.yml"))
    told = laboratory_page.on_page_markdown("<!-- laboratory -->", page, config, Files([]))
    assert told == laboratory_page.AT_HOME[True]


def test_a_folder_that_is_named_must_hold_the_core(core: Path) -> None:
    (core / "pyodide.mjs").unlink()
    with pytest.raises(laboratory_page.PluginError, match=r"has no pyodide\.mjs"):
        laboratory_page.find_core(ROOT)


def test_without_a_folder_there_is_no_laboratory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MICROGRAND_PYODIDE", raising=False)
    assert laboratory_page.find_core(tmp_path) is None


def test_every_setting_has_a_control_with_its_default_and_its_limits() -> None:
    for item in fields(Settings):
        control = laboratory_page.control(item)
        assert f'for="laboratory-{item.name}"' in control
        assert f'id="laboratory-{item.name}" name="{item.name}"' in control
        about = item.metadata
        if "options" in about:
            assert re.findall(r'<option value="(\w+)"', control) == [*about["options"]]
            assert re.findall(r'value="(\w+)" selected', control) == [item.default]
            continue
        number = log10 if about["scale"] == "log" else float
        told = dict(re.findall(' (min|max|value)="([^"]*)"', control))
        wanted = {"min": about["low"], "max": about["high"], "value": item.default}
        assert {key: float(value) for key, value in told.items()} == pytest.approx(
            {key: number(value) for key, value in wanted.items()}
        )
        assert (" required" in control) == (about["scale"] == "ones")
