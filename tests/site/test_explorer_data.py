"""What the explorer's hook makes of recorded runs.

The runs are those that the site's own build has just done, with the quick preset: their arrays are
what the lessons really keep.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import explorer_page
import numpy as np
import pytest
import recorded as recorded_runs
from built_site import LESSONS, ROOT
from explorer_data import numbers, views
from explorer_words import cases_in_words
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files

from microgrand import records
from microgrand.signals import SIGNALS, STATISTICS
from microgrand.verdicts import recordings


@pytest.fixture(scope="module")
def files(recorded: Path) -> dict[str, Any]:
    """What the hook writes, read again."""
    found = explorer_page.to_show(recordings(recorded))
    return {name: json.loads(text) for name, text in explorer_page.files_of(found)}


def signal_file(view: str, signal: str) -> str:
    return f"{view.removesuffix('.json')}/{signal.replace(' ', '-')}.json"


def views_of(files: dict[str, Any]) -> dict[str, Any]:
    """The files of a case at one strength each, by name."""
    return {name: view for name, view in files.items() if name.count("/") == 1}


def test_every_case_of_every_lesson_is_there(recorded: Path, files: dict[str, Any]) -> None:
    index = {one["name"]: one for one in files["index.json"]}
    assert list(index) == list(LESSONS)  # in the order in which they are to be met
    for name, one in index.items():
        known = {path.name.split("-seed-")[0] for path in (recorded / name).glob("*.npz")}
        shown = [view["name"] for case in one["cases"] for view in case["views"]]
        assert len(shown) == len(set(shown)) >= len(known)
        assert {f"{name}/{view}.json" for view in shown} <= set(files)
        assert all(case["words"] for case in one["cases"])
        assert any(case["words"] != case["views"][0]["name"] for case in one["cases"])
    views = views_of(files)
    assert len(views) == sum(len(case["views"]) for one in index.values() for case in one["cases"])
    signals = {signal_file(name, one) for name, view in views.items() for one in view["signals"]}
    assert set(files) == {"index.json", *views, *signals}


def test_what_is_shown_fits_together(files: dict[str, Any]) -> None:
    histograms = 0
    for name, view in views_of(files).items():
        assert view["curves"], name
        assert view["signals"], name
        for layer in chain(*(files[signal_file(name, signal)] for signal in view["signals"])):
            for values in layer["statistics"].values():
                assert len(values) == len(layer["epochs"]), name
            if "distribution" in layer:
                histograms += 1
                rows = layer["distribution"]["rows"]
                assert len(rows) == len(layer["distribution"]["epochs"]), name
                assert len({len(row) for row in rows}) == 1, name
                assert set(layer["distribution"]["epochs"]) <= set(layer["epochs"]), name
    assert histograms > 100


def test_what_a_visitor_loads_at_a_time_is_small() -> None:
    """The index, and two cases at one signal."""
    kept = explorer_page.to_show(recordings())
    assert {one.name for one in kept} >= {"penalties", "normalization", "noise"}
    sizes = {name: len(text.encode()) for name, text in explorer_page.files_of(kept)}
    views = {name: sizes[name] for name in sizes if name.count("/") == 1}
    signals = {name: sizes[name] for name in sizes if name.count("/") == 2}
    loaded = sizes["index.json"] + 2 * max(views.values()) + 2 * max(signals.values())
    assert loaded <= 250_000


def test_counts_are_kept_to_the_last_one(recorded: Path, files: dict[str, Any]) -> None:
    record = records.load(recorded / "penalties" / "A-published-seed-0")
    view = "penalties/A-published.json"
    assert files[view]["signals"] == list(SIGNALS)
    for place, signal in enumerate(SIGNALS):
        for number, layer in enumerate(files[signal_file(view, signal)]):
            counts = record["histograms"][:, place, number]
            assert np.array_equal(layer["distribution"]["rows"], counts)
            assert layer["distribution"]["limits"][1] == record["ranges"][place, number]
            assert -layer["distribution"]["limits"][0] == layer["distribution"]["limits"][1]
            statistics = record["statistics"][:, place, number]
            for title in ("mean", "std", "skewness", "kurtosis"):
                wanted = statistics[:, STATISTICS.index(title)]
                np.testing.assert_allclose(layer["statistics"][title], wanted, rtol=6e-4)
            wanted = 100 * statistics[:, 4] / counts.sum(axis=-1)
            np.testing.assert_allclose(
                layer["statistics"]["not exactly zero, %"], wanted, rtol=6e-4
            )


def test_curves_are_the_mean_and_the_range_of_the_seeds(
    recorded: Path, files: dict[str, Any]
) -> None:
    test = files["penalties/A-published.json"]["curves"][0]
    assert test["title"] == "test accuracy, %"
    first = 100 * records.load(recorded / "penalties" / "A-published-seed-0")["accuracy"][1]
    for key, wanted in (("low", first), ("mean", first + 12.5), ("high", first + 25)):
        np.testing.assert_allclose(test[key], wanted, rtol=6e-4)
    about = dict(files["penalties/A-published.json"]["about"])
    assert about["seeds"] == "0, 1 (histograms and statistics: 0)"
    alone = files["penalties/B-published.json"]["curves"][0]
    assert "low" not in alone


def test_what_is_no_number_becomes_none() -> None:
    values = np.array([[1.23456, np.nan], [np.inf, -2.0]])
    assert numbers(values) == [[1.235, None], [None, -2]]
    assert "null" in explorer_page.compact(numbers(values))


def test_a_curve_without_densities_shows_its_predictions(recorded: Path) -> None:
    (curve,) = (one for one in explorer_page.to_show(recordings(recorded)) if one.name == "curve")
    for record in curve.results.values():
        record.arrays.pop("densities", None)  # as it is kept in docs/records/
    for view, runs in views(curve):
        names = [signal["name"] for signal in view.signals]
        assert names == ["prediction", *SIGNALS * (view.case == "plain")]
        assert len(view.signals[0]["layers"][0]["distribution"]["rows"]) >= 2
        assert runs[0].manifest["case"] == view.case
    strengths = [view.strength for view, _ in views(curve) if view.case == "coupled"]
    assert strengths[0] == "λ = 1e-05"
    assert len(set(strengths)) == len(strengths) > 1


def test_a_case_without_words_goes_by_its_name() -> None:
    assert cases_in_words("penalties", ["new", "A-published", "Z-published"]) == {
        "Z-published": "Z: 0, as published",
        "A-published": "A: θ², as published",
        "new": "new",
    }


def markdown_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page's source, filled in for that folder of records."""
    monkeypatch.setattr(explorer_page, "recordings", partial(recorded_runs.recordings, folder))
    config = SimpleNamespace(config_file_path=str(ROOT / "mkdocs.yml"))
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="explorer.md"))
    text = (ROOT / "docs" / "explorer.md").read_text("utf-8")
    return explorer_page.on_page_markdown(text, page, config, Files([]))


def test_without_records_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = markdown_with(tmp_path, monkeypatch)
    assert explorer_page.NOTHING in text
    assert "microgrand-explorer" not in text
    assert "<!--" not in text


def test_the_page_names_every_recording(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = markdown_with(recorded, monkeypatch)
    assert explorer_page.ELEMENT in text
    for lesson in LESSONS:
        assert f"(lessons/{lesson}.ipynb)" in text
        assert f"microgrand run {lesson} --preset quick" in text or lesson == "penalties"
    assert "<!--" not in text


def test_a_damaged_record_fails_the_build(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(recorded / "shrinkage", tmp_path / "shrinkage")
    path = next((tmp_path / "shrinkage").glob("*.npz"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PluginError, match="damaged"):
        markdown_with(tmp_path, monkeypatch)


CURVES: dict[str, dict[str, Any]] = {
    "normalization/correct-batch": {
        "test accuracy, %": lambda r: 100 * r["accuracies"][:, 1],
        "training accuracy, %": lambda r: 100 * r["accuracies"][:, 0],
        "test loss": lambda r: r["losses"][:, 1],
        "training loss": lambda r: r["losses"][:, 0],
    },
    "shrinkage/l1": {
        "test accuracy, %": lambda r: 100 * r["accuracy"],
        "test loss": lambda r: r["losses"][:, 1],
        "training loss": lambda r: r["losses"][:, 0],
        "the penalty": lambda r: r["penalty"],
    },
    "noise/A": {
        "test accuracy, %": lambda r: 100 * r["test"],
        "training accuracy, %": lambda r: 100 * r["train"],
        "training loss": lambda r: r["loss"],
    },
    "curve/plain": {
        "test loss": lambda r: r["losses"][:, 1, 0],
        "training loss": lambda r: r["losses"][:, 0, 0],
    },
}


@pytest.mark.parametrize("view", CURVES)
def test_a_curve_shows_what_its_title_says(
    recorded: Path, files: dict[str, Any], view: str
) -> None:
    record = records.load(recorded / f"{view}-seed-0")
    shown = {one["title"]: one["mean"] for one in files[f"{view}.json"]["curves"]}
    for title, values in CURVES[view].items():
        np.testing.assert_allclose(np.array(shown[title], float), values(record), rtol=6e-4)


def test_shares_of_weights_are_what_they_are_called(recorded: Path, files: dict[str, Any]) -> None:
    record = records.load(recorded / "shrinkage" / "l1-seed-0")
    (layer,) = files["shrinkage/l1/weight.json"]
    for title, name in (("exactly zero, %", "zero"), ("smaller than 0.001, %", "near")):
        np.testing.assert_allclose(layer["statistics"][title], 100 * record[name], rtol=6e-4)
