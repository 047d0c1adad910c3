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
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib.externals.loky.process_executor import TerminatedWorkerError

from microgrand import records
from microgrand.processor import steady
from microgrand.records import Record, RecordError
from microgrand.settings import GO_ON, UserError

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


def check_settings(folder: Path, settings: Any) -> None:
    """See that the runs in a folder, if there are any, are of these settings.

    Raises:
        UserError: if they are of others, and would be replaced one by one.
    """
    wanted = plain(asdict(settings))
    for file in sorted(folder.glob("*.json")):
        try:
            kept = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(kept, dict) and kept.get("settings", wanted) != wanted:
            why = f"{file} is of other settings ({kept.get('command')})"
            raise UserError(f"{why}: choose another --out, or delete that")


def run_one(run: Run, settings: Any, manifest: dict[str, Any]) -> Record:
    """Do one run; this is what a worker is sent, here or on another machine."""
    start = time.perf_counter()
    with steady():
        arrays = run(settings, manifest["case"], manifest["seed"])
    finished = {
        **manifest,
        "data_sha256": str(arrays.pop("data_sha256", manifest["data_sha256"])),
        "seconds": round(time.perf_counter() - start, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Record(arrays, finished)


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
    cluster: str = "",
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
        cluster: the address of a Dask scheduler, whose workers are to do the runs instead.
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
    paths = {(case, seed): folder / f"{case}-seed-{seed}" for case, seed in manifests}
    results = {
        name: record
        for name, path in paths.items()
        if (record := stored(path, manifests[name]["key"])) is not None
    }
    missing = [name for name in manifests if name not in results]
    waiting = [manifests[name] for name in missing]
    for _ in progress(finish(run, settings, paths, waiting, jobs, cluster), len(missing)):
        pass
    for name in missing:
        record = stored(paths[name], manifests[name]["key"])
        if record is None:
            raise UserError(f"{paths[name]}.json is another's by now: give each run its own --out")
        results[name] = record
    return {name: results[name] for name in manifests}


def finish(
    run: Run,
    settings: Any,
    paths: dict[tuple[str, int], Path],
    manifests: Sequence[dict[str, Any]],
    jobs: int,
    cluster: str,
) -> Iterator[tuple[str, int]]:
    """Do the runs, keep each as soon as it is finished, and yield its case and seed.

    Raises:
        UserError: if a run cannot be kept, or a worker has died.
    """
    with workers(min(jobs, len(manifests)), cluster if manifests else ""):
        tasks = (joblib.delayed(run_one)(run, settings, manifest) for manifest in manifests)
        try:
            for record in joblib.Parallel(return_as="generator_unordered")(tasks):
                name = record.manifest["case"], record.manifest["seed"]
                try:
                    records.save(paths[name], record.arrays, record.manifest)
                except OSError as error:
                    why = f"{paths[name].parent} cannot be written to ({error.strerror})"
                    raise UserError(f"{why}; {GO_ON}") from None
                yield name
        except TerminatedWorkerError:
            why = "a worker was killed, often for want of memory: try fewer --jobs"
            raise UserError(f"{why}; {GO_ON}") from None


@contextmanager
def workers(jobs: int, cluster: str) -> Iterator[None]:
    """Who does the runs: this process, processes beside it, or a cluster.

    Raises:
        UserError: if the cluster cannot be reached, or Dask is not installed.
    """
    if not cluster:
        backend = {"backend": "loky", "inner_max_num_threads": 1} if jobs > 1 else {}
        with joblib.parallel_config(n_jobs=max(jobs, 1), **backend), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A worker stopped")  # one that has grown is replaced
            yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise UserError("--cluster needs Dask: pip install 'microgrand[cluster]'") from None
    try:
        client = Client(cluster, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"--cluster {cluster}: no Dask scheduler answers there ({error})") from None
    with client, joblib.parallel_config(backend="dask", client=client, n_jobs=-1):
        yield
