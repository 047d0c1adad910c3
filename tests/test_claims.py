"""Claims: which evidence supports what, the interval over the seeds, and the verdict."""

import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from microgrand.claims import (
    Claim,
    Evidence,
    Judgement,
    Verdict,
    bootstrap_interval,
    chance_of,
    holm,
    judge,
    measure,
)

BOUND = 2.0
finite = st.floats(-1e6, 1e6)


def evidence(values: list[float], above: bool, bound: float = BOUND) -> Evidence:
    """Evidence that is a list of numbers, one a seed."""
    limit: dict[str, Any] = {"above": bound} if above else {"below": bound}
    return Evidence("number", lambda results, seed: values[seed], **limit)


@st.composite
def pieces(draw: st.DrawFn, seeds: int) -> tuple[Evidence, bool | None]:
    """Evidence, and whether it supports its claim: by how the numbers were made."""
    above, supports = draw(st.booleans()), draw(st.sampled_from([True, False, None]))
    near_to_far = st.floats(1e-3, 10)
    sign = 1 if above else -1
    if supports is None:  # as many on either side, so that the interval holds the bound
        values = [BOUND + 1, BOUND - 1] * (seeds // 2)
    else:
        side = sign if supports else -sign
        values = [BOUND + side * draw(near_to_far) for _ in range(seeds)]
    return evidence(values, above), supports


@given(data=st.data(), seeds=st.sampled_from([2, 4]))
def test_the_verdict_follows_from_what_the_evidence_supports(
    data: st.DataObject, seeds: int
) -> None:
    drawn = data.draw(st.lists(pieces(seeds), min_size=1, max_size=4))
    without, still = data.draw(st.just((None, None)) | pieces(seeds))
    supports = [support for _, support in drawn]
    if without is not None and supports[0] is True and still is not True:
        # The suspected cause made it: whatever else there is must support the claim.
        expected = Verdict.DEPENDS if True in supports[1:] else Verdict.ARTEFACT
    else:
        expected = Verdict.DEPENDS
        if len(set(supports)) == 1 and supports[0] is not None:
            expected = Verdict.HOLDS if supports[0] else Verdict.DOES_NOT_HOLD
    claim = Claim("K", "text", tuple(piece for piece, _ in drawn), without, "comment")
    judgement = judge(claim, None, range(seeds))
    assert judgement.verdict is expected
    found = [finding.supports for finding in judgement.findings]
    assert found == supports + ([still] if without else [])
    assert (judgement.name, judgement.text, judgement.comment) == ("K", "text", "comment")
    assert bool(judgement.reason) == (expected is Verdict.DEPENDS)


@pytest.mark.parametrize(
    ("supports", "reason"),
    [
        ([True, False], "right in part"),
        ([True, False, None], "right in part"),
        ([True, None], "supported in part"),
        ([None, False], "wrong in part"),
        ([None, None], "open"),
    ],
)
def test_a_verdict_that_depends_says_on_what(supports: list[bool | None], reason: str) -> None:
    values = {True: [9.0, 9.0], False: [-9.0, -9.0], None: [9.0, -9.0]}
    found = tuple(evidence(values[support], above=True) for support in supports)
    control = evidence([9.0, 9.0], above=True)  # counts for no reason
    for without in (None, control):
        judgement = judge(Claim("K", "text", found, without), None, range(2))
        assert (judgement.verdict, judgement.reason) == (Verdict.DEPENDS, reason)
        assert Judgement.from_dict(judgement.as_dict()).reason == reason


@given(above=st.booleans(), value=finite, suspected=st.booleans())
def test_one_seed_settles_nothing(above: bool, value: float, suspected: bool) -> None:
    piece = evidence([value], above)
    judgement = judge(Claim("K", "text", (piece,), piece if suspected else None), None, [0])
    assert judgement.verdict is Verdict.NOT_JUDGED
    assert all(finding.supports is None for finding in judgement.findings)
    assert judgement.findings[0].mean == value


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("values", [[math.nan] * 3, [math.nan, 9.0, 9.0], [-9.0, -9.0, math.nan]])
def test_numbers_that_are_missing_support_nothing(values: list[float], above: bool) -> None:
    piece = evidence(values, above)
    assert measure(piece, None, range(3)).supports is None
    for claim in (
        Claim("K", "text", (piece,)),
        Claim("K", "text", (evidence([9.0] * 3, above=True), piece)),
        Claim("K", "text", (evidence([9.0] * 3, above=True),), without=piece),
    ):
        assert judge(claim, None, range(3)).verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize("values", [[math.inf, 9.0], [-math.inf, -9.0]])
@pytest.mark.parametrize("above", [True, False])
def test_infinite_numbers_leave_a_piece_open(values: list[float], above: bool) -> None:
    """A loss over a noise floor of zero, say: there is no mean whose interval could be drawn."""
    piece = evidence(values, above)
    assert measure(piece, None, range(2)).supports is None
    assert judge(Claim("K", "text", (piece,)), None, range(2)).reason == "open"


@given(value=finite, bound=finite, seeds=st.integers(2, 4), above=st.booleans())
def test_where_all_seeds_agree_the_bound_itself_is_not_kept(
    value: float, bound: float, seeds: int, above: bool
) -> None:
    for limit in (bound, value):
        finding = measure(evidence([value] * seeds, above, limit), None, range(seeds))
        assert (finding.low, finding.high) == (value, value)
        assert finding.supports is (value > limit if above else value < limit)


def test_a_claim_without_evidence_is_none() -> None:
    with pytest.raises(ValueError, match="K: a claim needs evidence"):
        Claim("K", "text", ())


# ------------------------------------------------------------------------------------ the interval


@pytest.mark.parametrize(
    "values", [(1.0, 2.0), (0.0, 1.0, 5.0), (-3.0, 1.0, 1.0, 2.0), (0.1, 0.2, 0.4, 0.8, 1.6)]
)
def test_the_interval_is_that_of_all_resamples_there_are(values: tuple[float, ...]) -> None:
    """With a few values they can be counted: n^n of them, each as likely."""
    means = [np.mean(resample) for resample in product(values, repeat=len(values))]
    low, high = bootstrap_interval(values)
    least, most = np.quantile(means, [[0.02, 0.97], [0.03, 0.98]], method="inverted_cdf")
    assert np.all(least - 1e-9 <= [low, high])
    assert np.all([low, high] <= most + 1e-9)


@given(values=st.lists(st.integers(-100, 100), min_size=3, max_size=12, unique=True))
def test_the_interval_is_scipys(values: list[int]) -> None:
    """Another generator, so the same up to chance; that much is a small part of the width."""
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    tolerance = 0.15 * (max(values) - min(values))
    assert bootstrap_interval(values) == pytest.approx(expected, abs=tolerance, rel=0)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(150):
        low, high = bootstrap_interval(generator.normal(3, 2, 20).tolist())
        covered.append(low <= 3 <= high)
    # The percentile bootstrap of 20 values is a little narrow: about 93 %, ± 2 % by chance.
    assert 0.86 <= np.mean(covered) <= 0.99


def test_the_interval_is_wider_for_more_confidence_and_the_same_when_asked_again() -> None:
    values = [0.0, 1.0, 3.0, 4.0, 9.0]
    narrow, wide = bootstrap_interval(values, 0.5), bootstrap_interval(values, 0.95)
    assert wide[0] < narrow[0] < np.mean(values) < narrow[1] < wide[1]
    assert bootstrap_interval(values) == wide


# ------------------------------------------------------------------------------- what is put down


@pytest.mark.parametrize("bounds", [{}, {"above": 1.0, "below": 2.0}, {"above": 0.0, "below": 0.0}])
def test_evidence_has_exactly_one_bound(bounds: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ratio"):
        Evidence("ratio", lambda results, seed: 0.0, **bounds)


def test_a_bound_of_zero_is_a_bound() -> None:
    above = measure(evidence([1.0, 2.0], above=True, bound=0), None, range(2))
    below = measure(evidence([-1.0, -2.0], above=False, bound=0), None, range(2))
    assert above.supports is below.supports is True
    assert (above.expected, below.expected) == ("> 0", "< 0")


def test_evidence_is_asked_with_the_results_and_each_seed() -> None:
    results = {("case", 5): 1.0, ("case", 7): 4.0}
    piece = Evidence("m", lambda r, seed: r["case", seed], below=0.5)
    finding = measure(piece, results, (7, 5))
    assert finding.values == (4.0, 1.0)
    assert finding.mean == 2.5
    assert (finding.measure, finding.bound, finding.above) == ("m", 0.5, False)


def test_a_judgement_can_be_kept_as_plain_words_and_numbers() -> None:
    judgement: Judgement = judge(Claim("K", "text", (evidence([1.0, 1.0], True),)), None, range(2))
    kept = judgement.as_dict()
    assert kept["verdict"] == "does not hold"
    assert kept["findings"][0] | {"values": [1.0, 1.0]} == {
        "measure": "number",
        "bound": 2.0,
        "above": True,
        "values": [1.0, 1.0],
        "mean": 1.0,
        "low": 1.0,
        "high": 1.0,
        "supports": False,
        "chance": 0.0,
    }


# --------------------------------------------------------------------------------- luck among many


def test_the_chance_is_that_of_a_t_test_against_the_bound() -> None:
    # Student (1908), The probable error of a mean, section IX: ten patients' additional sleep by
    # dextro-hyoscyamine, mean 0.75; the odds are .8873 to .1127, one-sided.
    sleep = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
    assert chance_of(sleep, 0.0) / 2 == pytest.approx(0.1127, abs=0.005)
    assert chance_of(sleep, 0.3) == pytest.approx(stats.ttest_1samp(sleep, 0.3).pvalue)
    assert chance_of((0.3, 0.1 + 0.2), 0.0) == 0  # equal, but for rounding
    assert chance_of((2.0, 2.0), 2.0) == 1
    assert chance_of((2.0, 2.0), 1.0) == 0
    assert math.isnan(chance_of((2.0,), 1.0))
    assert math.isnan(chance_of((2.0, math.nan), 1.0))


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), min_size=1, max_size=12))
def test_holm_finds_what_its_definition_finds(chances: list[float]) -> None:
    """Reject the k-th smallest of m as long as it and all before are below α/(m − k + 1)."""
    one = measure(evidence([3.0, 4.0], above=True), None, range(2))
    corrected = holm([replace(one, chance=chance) for chance in chances])
    known = sorted(chance for chance in chances if not math.isnan(chance))
    steps = [chance * (len(known) - k) for k, chance in enumerate(known)]
    for chance, now in zip(chances, corrected, strict=True):
        if math.isnan(chance):  # not measured: nothing to correct
            assert now.supports is True
            continue
        rejected = all(step < 0.05 for step in steps[: known.index(chance) + 1])
        assert now.supports is (True if rejected else None)
        assert chance <= now.chance <= 1


def test_no_lucky_number_among_many_decides() -> None:
    """Of 20 pieces that lie at their bounds, all stay open in 95 of 100 experiments."""
    generator = np.random.default_rng(0)
    decided = 0
    for _ in range(200):
        one = measure(evidence([3.0, 4.0], above=True), None, range(2))
        chances = [chance_of(tuple(generator.normal(size=5)), 0.0) for _ in range(20)]
        corrected = holm([replace(one, chance=chance) for chance in chances])
        decided += any(finding.supports is not None for finding in corrected)
    assert decided <= 22  # 10 expected; more than 22 comes once in ten thousand times
