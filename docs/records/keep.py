"""Copies finished runs from runs/records/ to docs/records/, without what holds weights.

    python docs/records/keep.py [NAME …]

What the page on the articles' claims needs of them are statistics, histograms, accuracies and
losses. They are small enough to be kept with the book; weights, their paths, samples of signals and
what can be drawn from the rest are left out. What was kept of an earlier command goes. Every run
that is finished is copied, so wait for the last one.
"""

import sys
from pathlib import Path

from microgrand import records

RUNS = Path("runs/records")
KEPT = Path(__file__).parent
LEFT_OUT = {
    "curve": {"densities", "density", "density_start"},
    "penalties": {"weights", "path"},
    "normalization": {"bent"},
}


def keep(name: str) -> int:
    """Copy one folder of runs; how many there are."""
    manifests = sorted((RUNS / name / "records").glob("*-seed-*.json"))
    if not manifests:
        raise SystemExit(f"keep.py: no finished runs in {RUNS / name}")
    for path in manifests:
        record = records.load(path.with_suffix(""))
        left_out = LEFT_OUT.get(record.manifest["lesson"], set())
        arrays = {key: array for key, array in record.arrays.items() if key not in left_out}
        records.save(KEPT / name / path.stem, arrays, record.manifest)
    kept = {path.stem for path in manifests}
    for earlier in (KEPT / name).glob("*-seed-*"):
        if earlier.stem not in kept:
            earlier.unlink()
    return len(manifests)


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.name for path in RUNS.glob("*/")):
        print(f"{name}: {keep(name)} runs")
