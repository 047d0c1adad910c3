"""A claim, the evidence, the verdict.

A claim of an article is taken apart into pieces of **evidence**: a number that every seed yields,
and a bound that we chose as the least the claim can mean. The seeds give an
interval; a piece *supports* the claim if the whole interval keeps the bound, *contradicts* it if
none of it does, and is *open* otherwise.

    holds            every piece supports it
    does not hold    every piece contradicts it
    depends          anything else: `reason_of` says which
    artefact         what supports it no longer does once the suspected cause is removed
    not judged       there was one seed only, or a number the claim needs was not measured

Where many pieces are judged at once, some cross their bounds by luck; `holm` allows for that. The
recorded runs are judged so. A lesson's own table is not: few seeds would leave nearly all open.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np


class Verdict(StrEnum):
    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    DEPENDS = "depends"
    ARTEFACT = "artefact"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Evidence:
    """A number a seed, and the bound that the claim implies for it.

    `values(results, seed)` returns the number; exactly one of `above` and `below` is given.
    """

    measure: str
    values: Callable[[Any, int], float]
    above: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        if (self.above is None) == (self.below is None):
            raise ValueError(f"{self.measure}: give either `above` or `below`")


@dataclass(frozen=True)
class Claim:
    """What an article says, and the evidence for it.

    `without` is the first piece again with the suspected cause removed: if the piece supports the
    claim and this does not, the cause made it, and the piece counts for nothing.
    """

    name: str
    text: str
    evidence: tuple[Evidence, ...]
    without: Evidence | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.name}: a claim needs evidence")


@dataclass(frozen=True)
class Finding:
    """A piece of evidence, measured: a value a seed, their mean, a 95 % interval.

    The claim is right on one side of the bound: above it or below. `chance`, where it is known, is
    how often numbers that lie at the bound would be as far from it.
    """

    measure: str
    bound: float
    above: bool
    values: tuple[float, ...]
    mean: float
    low: float
    high: float
    supports: bool | None
    chance: float = np.nan

    @property
    def expected(self) -> str:
        """The bound in words, as in `> 0.5`."""
        return f"{'>' if self.above else '<'} {self.bound:g}"


class NotRun(KeyError):
    """A case that evidence asks for and that was not run."""


@dataclass(frozen=True)
class Judgement:
    """A claim with its findings and its verdict."""

    name: str
    text: str
    findings: tuple[Finding, ...]
    verdict: Verdict
    comment: str = ""
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> "Judgement":
        """What `as_dict` gave, as it comes back from JSON, where null stands for NaN.

        Raises:
            KeyError, TypeError, ValueError: if it is something else.
        """
        findings = []
        for finding in kept["findings"]:
            number = {
                name: np.nan if finding[name] is None else float(finding[name])
                for name in ("bound", "mean", "low", "high", "chance")
            }
            values = tuple(np.nan if v is None else float(v) for v in finding["values"])
            findings.append(Finding(**{**finding, **number, "values": values}))
        return cls(**{**kept, "findings": tuple(findings), "verdict": Verdict(kept["verdict"])})


def bootstrap_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The percentile bootstrap interval of the mean over seeds.

    With a handful of seeds it is nearly their range, and narrower than it should be: for three
    normal numbers it holds the true mean in about 75 % of cases, for five in 84 %, not in 95 %.

    Source: Efron (1979), Bootstrap methods: another look at the jackknife.
    """
    if len(values) < 2:
        return -np.inf, np.inf
    if not np.isfinite(values).all():
        return np.nan, np.nan
    if len(set(values)) == 1:
        return values[0], values[0]
    from scipy import stats  # half a second, wanted only here

    result = stats.bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=9999,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def measure(evidence: Evidence, results: Any, seeds: Sequence[int]) -> Finding:
    """The evidence of every seed, and whether its interval keeps the bound."""
    try:
        values = tuple(float(evidence.values(results, seed)) for seed in seeds)
    except NotRun:
        values = (np.nan,) * len(seeds)
    low, high = bootstrap_interval(values)
    if evidence.above is not None:
        bound, kept, broken = evidence.above, low > evidence.above, high <= evidence.above
    else:
        assert evidence.below is not None
        bound, kept, broken = evidence.below, high < evidence.below, low >= evidence.below
    return Finding(
        measure=evidence.measure,
        bound=bound,
        above=evidence.above is not None,
        values=values,
        mean=float(np.mean(values)),
        low=low,
        high=high,
        supports=True if kept else False if broken else None,
        chance=chance_of(values, bound),
    )


def chance_of(values: Sequence[float], bound: float) -> float:
    """The two-sided p of Student's t-test that the mean over seeds is the bound.

    NaN for a single seed and for what was not measured; 0 for seeds that agree on another number.
    """
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan")
    distance, spread = abs(np.mean(values) - bound), np.std(values, ddof=1)
    if spread <= 1e-12 * np.max(np.abs(values)):  # equal, but for rounding
        return float(distance <= spread)
    from scipy import stats

    return float(2 * stats.t.sf(distance / spread * np.sqrt(len(values)), len(values) - 1))


def holm(findings: Sequence[Finding], level: float = 0.05) -> list[Finding]:
    """The findings, those open again that may be luck among so many.

    The least of m chances is multiplied by m, the next by m − 1 and so on, and none becomes less
    than the one before. What is then not below `level` neither supports nor contradicts. So the
    chance that even one of the m is decided by luck stays below `level`.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    known = sorted(
        (i for i, one in enumerate(findings) if np.isfinite(one.chance)),
        key=lambda i: findings[i].chance,
    )
    corrected, most = list(findings), 0.0
    for rank, i in enumerate(known):
        most = min(1.0, max(most, (len(known) - rank) * findings[i].chance))
        supports = findings[i].supports if most < level else None
        corrected[i] = replace(findings[i], chance=most, supports=supports)
    return corrected


def findings_of(claim: Claim, results: Any, seeds: Sequence[int]) -> list[Finding]:
    """All evidence of a claim, measured; `without` comes last."""
    pieces = [*claim.evidence, *([claim.without] if claim.without else [])]
    return [measure(piece, results, seeds) for piece in pieces]


def reason_of(supports: Sequence[bool | None]) -> str:
    """In which way a claim depends: on what was found of its pieces, or on what was not."""
    if not any(support is False for support in supports):
        return "supported in part" if any(supports) else "open"
    return "right in part" if any(supports) else "wrong in part"


def conclude(claim: Claim, findings: Sequence[Finding]) -> Judgement:
    """The verdict that findings lead to."""
    supports = [finding.supports for finding in findings]
    artefact = False
    if claim.without is not None:
        artefact = supports[0] is True and supports[-1] is not True
        supports = supports[1:-1] if artefact else supports[:-1]
    if any(len(one.values) < 2 or np.isnan(one.mean) for one in findings):
        verdict = Verdict.NOT_JUDGED
    elif artefact and not any(supports):
        verdict = Verdict.ARTEFACT
    elif all(supports) and not artefact:
        verdict = Verdict.HOLDS
    elif all(support is False for support in supports):
        verdict = Verdict.DOES_NOT_HOLD
    else:
        verdict = Verdict.DEPENDS
    reason = reason_of(supports) if verdict is Verdict.DEPENDS else ""
    return Judgement(claim.name, claim.text, tuple(findings), verdict, claim.comment, reason)


def judge(claim: Claim, results: Any, seeds: Sequence[int]) -> Judgement:
    """Measure all evidence of a claim and come to a verdict."""
    return conclude(claim, findings_of(claim, results, seeds))
