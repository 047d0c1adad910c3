"""The laboratory's program and the hook that packs it: files of docs/ that are no package."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest
from built_site import ROOT


def imported(folder: str, name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / folder))
        return import_module(name)


laboratory = imported("docs", "laboratory")
laboratory_page = imported("docs/hooks", "laboratory_page")
Laboratory, Settings = laboratory.Laboratory, laboratory.Settings
