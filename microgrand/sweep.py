"""Cases × seeds, in parallel, each finished run kept at once.

A sweep that is killed and started again goes on where it was: a run on disk is used again if its
key is the same, and the key covers what the result depends on (case, seed, settings, data, the
sources of library and lesson, the versions of Python, NumPy, autograd and SciPy). Every run draws
from generators made of its own seed and uses one BLAS thread, so the bits are the same for any
number of jobs, in any order.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from microgrand import records
from microgrand.processor import steady
from microgrand.records import Record, RecordError

Run = Callable[[Any, str, int], dict[str, np.ndarray]]
Results = dict[tuple[str, int], Record]
Progress = Callable[[Iterable[Any], int], Iterable[Any]]


def plain(value: Any) -> Any:
    """Settings as JSON knows them."""
    return json.loads(json.dumps(value, default=lambda other: np.asarray(other).tolist()))


def key_of(manifest: dict[str, Any]) -> str:
    """A digest of what a run's result depends on."""
    names = ("lesson", "case", "seed", "settings", "data_sha256", "source", "versions")
    depends = {name: manifest[name] for name in names}
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def stored(path: Path, key: str) -> Record | None:
    """The run on disk, if it is complete, whole and of that key."""
    try:
        record = records.load(path)
    except RecordError:
        return None
    return record if record.manifest.get("key") == key else None


def run_one(run: Run, settings: Any, path: Path, manifest: dict[str, Any]) -> tuple[str, int]:
    """Do one run and write it down; this is what a worker process is sent."""
    case, seed = manifest["case"], manifest["seed"]
    start = time.perf_counter()
    with steady():
        arrays = run(settings, case, seed)
    finished = {
        **manifest,
        "data_sha256": str(arrays.pop("data_sha256", manifest["data_sha256"])),
        "seconds": round(time.perf_counter() - start, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    records.save(path, arrays, finished)
    return case, seed


def sweep(
    run: Run,
    cases: Sequence[str],
    seeds: Sequence[int],
    settings: Any,
    folder: Path,
    *,
    lesson: str,
    source: str,
    command: str = "",
    preset: str = "",
    data: str = "",
    jobs: int = 1,
    progress: Progress = lambda runs, total: runs,
) -> Results:
    """Run every case with every seed, or read what an earlier call has left.

    Arguments:
        run: `run(settings, case, seed)` returns named arrays; under the name `data_sha256` it may
            return the checksum of its data, which goes into the manifest.
        cases, seeds: their product is run, cases first.
        settings: a frozen dataclass.
        folder: where `CASE-seed-SEED.npz` and `.json` are kept.
        lesson, source, command, preset: for the manifest; `source` is the fingerprint of the code.
        data: the checksum of what every run reads: with other data behind a path, runs are new.
        jobs: how many processes.
        progress: wraps the stream of finished runs, `(case, seed)` each, given their number.
    """
    manifests, provenance = {}, records.provenance()
    for case in cases:
        for seed in seeds:
            manifest = {
                "lesson": lesson,
                "case": case,
                "seed": seed,
                "preset": preset,
                "command": command,
                "settings": plain(asdict(settings)),
                "data_sha256": data,
                "source": source,
                **provenance,
            }
            manifests[case, seed] = {**manifest, "key": key_of(manifest)}
    folder.mkdir(parents=True, exist_ok=True)
    paths = {(case, seed): folder / f"{case}-seed-{seed}" for case, seed in manifests}
    results = {
        name: record
        for name, path in paths.items()
        if (record := stored(path, manifests[name]["key"])) is not None
    }
    missing = [name for name in manifests if name not in results]
    for _ in progress(finish(run, settings, paths, manifests, missing, jobs), len(missing)):
        pass
    results.update({name: records.load(paths[name]) for name in missing})
    return {name: results[name] for name in manifests}


def finish(
    run: Run,
    settings: Any,
    paths: dict[tuple[str, int], Path],
    manifests: dict[tuple[str, int], dict[str, Any]],
    missing: Sequence[tuple[str, int]],
    jobs: int,
) -> Iterator[tuple[str, int]]:
    """Do the missing runs, yielding each as it is finished."""
    jobs = min(jobs, len(missing))
    if jobs < 2:
        for name in missing:
            yield run_one(run, settings, paths[name], manifests[name])
        return
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(run_one)(run, settings, paths[name], manifests[name]) for name in missing
        )
