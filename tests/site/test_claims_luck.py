"""What the page on the articles' claims says its verdicts are worth."""

from __future__ import annotations

import re

import numpy as np
import pytest
from built_site import ROOT
from scipy.stats import t as student
from test_claims_page import articles, judgements, kept

from microgrand.claims import Verdict
from microgrand.records import Record

TEXT = " ".join((ROOT / "docs" / "claims.md").read_text("utf-8").split())


def test_the_clear_verdicts_are_those_the_page_names() -> None:
    told = TEXT[TEXT.index("clear verdicts") : TEXT.index("## How the verdicts are made")]
    clear = (Verdict.HOLDS, Verdict.DOES_NOT_HOLD, Verdict.ARTEFACT)
    named = [one.name for one in judgements() if one.verdict in clear]
    assert sorted(set(re.findall(r"\b[KSPZN]\d\b", told))) == sorted(named)


def test_a_hair_is_all_that_some_pieces_passed_or_missed_by() -> None:
    near = {
        f"{one.name}.{place}": round(100 * finding.chance, 1)
        for one in judgements()
        for place, finding in enumerate(one.findings, 1)
        if 0.045 < finding.chance < 0.07
    }
    assert near == {"Z7.1": 4.8, "S1.4": 4.8, "K1.1": 5.0, "K1.3": 5.0, "P8.1": 6.5}


@pytest.mark.parametrize(("seeds", "spreads"), [(3, 13), (5, 3), (10, 1.5)])
def test_how_far_a_mean_must_be_from_its_bound(seeds: int, spreads: float) -> None:
    """The surest of m pieces passes where its chance is below 5 % / m."""
    pieces = [
        sum(len(one.findings) for one in article.judgements)
        for article in articles()
        if {len(recording.seeds) for recording in article.by} & {seeds}
    ]
    assert pieces
    needed = [student.ppf(1 - 0.025 / m, seeds - 1) / np.sqrt(seeds) for m in pieces]
    assert needed == pytest.approx([spreads] * len(pieces), rel=0.15)


def test_by_a_lead_over_the_best_of_the_others_no_case_of_penalties_is_first() -> None:
    recorded = kept("penalties")

    def ends(case: str) -> np.ndarray:
        """Accuracy over the last fifth: (seed, training and test)."""
        runs = [recorded.results[f"{case}-published", seed] for seed in recorded.seeds]
        return np.array([run["accuracy"][:, -10:].mean(axis=1) for run in runs])

    all_ends = np.array([ends(case) for case in "ZABCDEFGHIJ"])
    for case, own in enumerate(all_ends):
        best = np.delete(all_ends, case, axis=0).max(axis=0)
        assert np.all((own - best).mean(axis=0) < 0)


def test_in_noise_case_d_is_no_more_like_others_of_its_seed() -> None:
    recorded = kept("noise")
    a, c, d = (
        [recorded.results[case, seed]["test"][-20:].mean() for seed in recorded.seeds]
        for case in ("A", "C-code", "D-code")
    )
    assert max(abs(np.corrcoef(d, other)[0, 1]) for other in (a, c)) < 0.1


def test_what_moving_averages_cost_instance_norm() -> None:
    """The same weights, tested by each image's own statistics."""
    recorded = kept("normalization")

    def runs(scheme: str) -> list[Record]:
        return [recorded.results[f"published-{scheme}", seed] for seed in recorded.seeds]

    layer, instance = (
        np.array([run["retested"][0] for run in runs(scheme)]) for scheme in ("layer", "instance")
    )
    told = np.mean([run["accuracies"][-5:, 1] for run in runs("instance")])
    assert 100 * instance.mean() == pytest.approx(45, abs=0.5)
    assert 100 * told == pytest.approx(17, abs=0.5)
    assert (layer - instance).mean() == pytest.approx(0.030, abs=0.0005)
