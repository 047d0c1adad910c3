"""The articles' claims, judged by the recorded runs.

`docs/records/NAME/` holds runs that `docs/records/record.sh` has trained; some lessons have two
such folders. How a claim is judged stands in its lesson, in cells with the tag `evidence`. These
cells need `results`, `settings` and `session.seeds` and nothing else of the lesson. So records are
judged in seconds, without training and without the images they were trained on.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from microgrand import claims, programs, records
from microgrand.claims import Claim, Finding, Judgement, NotRun, Verdict
from microgrand.programs import cells
from microgrand.records import PACKAGE, Record

RECORDS = PACKAGE.parent / "docs" / "records"


#: What becomes of one claim, and of several.
WORDS = {
    Verdict.HOLDS: ("holds", "hold"),
    Verdict.DOES_NOT_HOLD: ("does not", "do not"),
    Verdict.DEPENDS: ("depends", "depend"),
    Verdict.ARTEFACT: ("is an artefact of the code", "are artefacts of the code"),
    Verdict.NOT_JUDGED: ("could not be judged", "could not be judged"),
}


class Runs(dict[tuple[str, int], Record]):
    """Records by case and seed."""

    def __missing__(self, name: tuple[str, int]) -> Record:
        raise NotRun(name)


@dataclass(frozen=True, eq=False)
class Recording:
    """What one command has trained: runs that differ in case and seed alone."""

    name: str
    results: Runs

    @property
    def manifests(self) -> list[dict[str, Any]]:
        return [record.manifest for record in self.results.values()]

    @property
    def lesson(self) -> str:
        return str(self.manifests[0]["lesson"])

    @property
    def command(self) -> str:
        """The one that finished last; one that was started again asks for the earlier runs too."""
        return str(max(self.manifests, key=lambda one: one["finished"])["command"])

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.manifests[0]["settings"])

    @property
    def cases(self) -> list[str]:
        return list(dict.fromkeys(case for case, _ in self.results))

    @property
    def seconds(self) -> float:
        """How long a run took, on average."""
        return sum(manifest["seconds"] for manifest in self.manifests) / len(self.results)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Those of which every case has been run."""
        every = {seed for _, seed in self.results}
        return tuple(sorted(s for s in every if all((c, s) in self.results for c in self.cases)))


@dataclass(frozen=True)
class Article:
    """The claims of one article, judged together, and what each was judged by."""

    lesson: str
    judgements: list[Judgement]
    by: list[Recording]


def recording(folder: Path) -> Recording | None:
    """The runs of a folder, None if there are none.

    Raises:
        RecordError: if one is damaged.
        ValueError: if they are not of one command.
    """
    loaded = [records.load(path.with_suffix("")) for path in sorted(folder.glob("*-seed-*.json"))]
    if len({(str(one.manifest["lesson"]), str(one.manifest["settings"])) for one in loaded}) > 1:
        raise ValueError(f"{folder}: runs with different settings; keep them apart")
    runs = Runs({(one.manifest["case"], int(one.manifest["seed"])): one for one in loaded})
    return Recording(folder.name, runs) if runs else None


def recordings(folder: Path = RECORDS) -> list[Recording]:
    """Every recording, in the order of their names."""
    found = [recording(path) for path in sorted(folder.glob("*/"))]
    return [one for one in found if one is not None]


def evidence_cells(path: Path) -> Iterator[str]:
    """The lesson's cells with the tag `evidence`, each on the lines where it stands in the file."""
    for cell in cells(path.read_text("utf-8")):
        if cell.has_tag("evidence"):
            yield "\n" * cell.above + cell.body


def claims_of(path: Path, recorded: Recording) -> list[Claim]:
    """A lesson's claims, with evidence that reads the recorded runs."""
    names: dict[str, Any] = {
        "results": recorded.results,
        "settings": SimpleNamespace(**recorded.settings),
        "session": SimpleNamespace(seeds=recorded.seeds),
    }
    for cell in evidence_cells(path):
        exec(compile(cell, str(path), "exec"), names)
    return list(names["claims"])


def judge(name: str, recorded: Sequence[Recording]) -> Article:
    """Judge all claims of a lesson, the luck among so many pieces of evidence taken into account.

    A claim is judged by the recording with most seeds that has all that it needs.
    """
    path = programs.all_lessons()[name]
    measured: dict[str, tuple[Claim, list[Finding], Recording]] = {}
    for one in sorted(recorded, key=lambda one: len(one.seeds), reverse=True):
        for claim in claims_of(path, one):
            known = measured.get(claim.name)
            if known is None or incomplete(known[1]):
                findings = claims.findings_of(claim, one.results, one.seeds)
                if known is None or not incomplete(findings):
                    measured[claim.name] = claim, findings, one
    corrected = iter(claims.holm([one for _, many, _ in measured.values() for one in many]))
    judgements = [
        claims.conclude(claim, [next(corrected) for _ in findings])
        for claim, findings, _ in measured.values()
    ]
    return Article(name, judgements, [one for _, _, one in measured.values()])


def incomplete(findings: Sequence[Finding]) -> bool:
    """Whether a number was not measured."""
    return any(math.isnan(finding.mean) for finding in findings)


def articles(recorded: Sequence[Recording]) -> list[Article]:
    """The recorded articles, in the order in which their lessons are best read."""
    of = {name: [one for one in recorded if one.lesson == name] for name in programs.all_lessons()}
    return [judge(name, some) for name, some in of.items() if some]


def count(judgements: Sequence[Judgement]) -> str:
    """How many of the claims hold, and what became of the others, in one line."""
    of = Counter(judgement.verdict for judgement in judgements)
    named = [one for one in WORDS if of[one] or one is Verdict.HOLDS]
    reasons = Counter(judgement.reason for judgement in judgements if judgement.reason)
    why = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
    parts = [
        f"{of[one]} {WORDS[one][of[one] != 1]}" + f" ({why})" * (one is Verdict.DEPENDS)
        for one in named
    ]
    return f"Of {len(judgements)} claims, {', '.join(parts)}."
