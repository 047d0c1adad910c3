"""The page on the articles' claims says what the records say."""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from built_site import ROOT, Site, with_plain_spaces
from claims_page import KINDS
from scipy.stats import spearmanr

from microgrand import verdicts
from microgrand.claims import Judgement, bootstrap_interval
from microgrand.data.curve import Curve, make_curve
from microgrand.pages import interval, mark


def page(site: Site, name: str) -> str:
    return with_plain_spaces((site.folder / name / "index.html").read_text("utf-8"))


def rows(text: str) -> dict[str, str]:
    """The rows of claims, by name."""
    found = re.findall(r'<tr id="([A-Z]\d+)">(.*?)</tr>', text, re.DOTALL)
    assert len(dict(found)) == len(found)
    return dict(found)


@cache
def articles() -> list[verdicts.Article]:
    """Every article, as the recorded runs have it."""
    return verdicts.articles(verdicts.recordings())


def judgements() -> list[Judgement]:
    """Every claim, as the recorded runs have it."""
    return [one for article in articles() for one in article.judgements]


def test_page_and_records_agree_on_every_claim(site: Site) -> None:
    found = rows(page(site, "claims"))
    judged = judgements()
    assert set(found) == {one.name for one in judged}
    for one in judged:
        assert html.escape(one.text) in found[one.name]
        assert f">{one.verdict}</span>" in found[one.name]
        for finding in one.findings:
            assert f"<strong>{interval(finding)}</strong>" in found[one.name]


def test_the_page_sums_up_what_it_shows(site: Site) -> None:
    text = page(site, "claims")
    judged = judgements()
    assert verdicts.count(judged) in text
    assert "<!-- " not in text[text.index("<article") : text.index("</article")]
    plain = " ".join(html.unescape(re.sub("<[^>]*>", "", text)).replace("\\\n", " ").split())
    for one in verdicts.recordings():
        assert one.command in plain
        assert f'href="../explorer/?lesson={one.name}"' in text


def test_the_numbers_in_the_text_are_the_ones_it_names(site: Site) -> None:
    source = (ROOT / "docs" / "claims.md").read_text("utf-8")
    asked = re.findall(r"<!-- ([A-Z]\d+)\.(\d+) -->", source)
    known = {one.name: one for one in judgements()}
    wanted = [with_plain_spaces(interval(known[n].findings[int(i) - 1])) for n, i in asked]
    prose = re.sub('<table class="claims">.*?</table>', "", page(site, "claims"), flags=re.DOTALL)
    assert re.findall(r"<strong>([^<]*\[[^<]*)</strong>", prose) == wanted
    assert len(wanted) > 10


def test_each_lesson_quotes_the_recorded_numbers_and_verdicts(site: Site) -> None:
    for article in articles():
        found = rows(page(site, f"lessons/{article.lesson}"))
        for one in article.judgements:
            words = ", ".join(filter(None, (one.verdict, one.reason)))
            assert f'href="../../claims/#{one.name}">recorded: {words}</a>' in found[one.name]
            shown = re.findall(r'<span class="recorded">recorded: (.*?)</span>', found[one.name])
            assert shown == [
                with_plain_spaces(f"{mark(finding)} {interval(finding)}")
                for finding in one.findings
            ]


def test_every_claim_stands_in_the_overview_with_its_mark(site: Site) -> None:
    text = page(site, "claims")
    overview = text[text.index('<dl class="overview">') : text.index("</dl>")]
    found = re.findall(r'href="#([A-Z]\d+)"[^>]*>\1 <span aria-label="([^"]*)"', overview)
    judged = judgements()
    assert sorted(found) == sorted((one.name, one.reason or str(one.verdict)) for one in judged)
    key = text[text.index('class="overview-key">') :]
    key = key[: key.index("</p>")]
    assert all(words in key for _, words in found)


def test_the_home_page_says_how_many_hold(site: Site) -> None:
    """In a bar and, for everyone, in a list."""
    judged = judgements()
    counts = Counter(one.reason or str(one.verdict) for one in judged)
    text = page(site, "")
    told = text[text.index('<ul class="tally">') :]
    told = told[: told.index("</ul>")]
    found = re.findall(r'<li class="verdict ([a-z-]+)"><strong>(\d+)</strong>', told)
    assert [int(number) for _, number in found] == [counts[w] for w in KINDS if counts[w]]
    assert sum(int(number) for _, number in found) == len(judged)
    bar = text[text.index('<div class="tally-bar" aria-hidden="true">') : text.index(told)]
    assert re.findall(r'class="([a-z-]+)" style="flex: (\d+)"', bar) == found
    items = [item.strip() for item in re.findall(r"</strong>([^<]*)</li>", told)]
    assert {"hold", "do not hold", "open"} <= set(items)


def kept(name: str) -> verdicts.Recording:
    recorded = verdicts.recording(verdicts.RECORDS / name)
    assert recorded is not None
    return recorded


def late(recorded: verdicts.Recording, case: str) -> np.ndarray:
    """Accuracy over the last five epochs, in percent: (seed, training and test)."""
    runs = [recorded.results[case, seed]["accuracy"] for seed in recorded.seeds]
    return 100 * np.array([run[:, -5:].mean(axis=1) for run in runs])


def test_what_the_page_says_of_penalties_without_a_number_is_so() -> None:
    """Who comes first on average, how far training is ahead of the test, and what a shake does."""
    recorded = kept("penalties")
    published = {case: late(recorded, f"{case}-published") for case in "ZABCDEFGHIJ"}
    tested = {case: values[:, 1].mean() for case, values in published.items()}
    for better, worse in pairwise(("IJ", "ZG", "H", "A", "BDEF", "C")):
        assert min(tested[case] for case in better) > max(tested[case] for case in worse)
    leads = [train - test for train, test in (values.mean(axis=0) for values in published.values())]
    assert max(leads) < 3
    in_a_seed = [values[:, 0] - values[:, 1] for values in published.values()]
    assert 4.5 < np.max(in_a_seed) < 5

    ahead = {case: (values - published["Z"])[:, 1] for case, values in published.items()}
    assert all(max(ahead[case]) < 0 for case in "ABCDEF")
    assert sorted(ahead["H"] > 0) == [False, False, False, True, True]
    low, high = bootstrap_interval(tuple(ahead["G"]))
    assert (low, high) == (pytest.approx(-1.4, abs=0.05), pytest.approx(3.0, abs=0.05))
    assert min((late(recorded, "Z-nudged") - published["Z"])[:, 1]) > 0

    corrected = {case: late(recorded, f"{case}-corrected") for case in "ZAHE"}
    lead = {case: np.subtract(*values.mean(axis=0)) for case, values in corrected.items()}
    assert 6.5 < lead["Z"] < 7.5
    assert max(lead["A"], lead["H"]) < 3.5
    behind = {case: (corrected[case] < corrected["Z"])[:, 1].sum() for case in "AH"}
    assert behind == {"A": 4, "H": 5}
    assert corrected["E"][:, 1].max() < 10.5  # one in ten is guessing

    of_d, of_e, again = published["D"][:, 1], published["E"][:, 1], late(recorded, "E-shaken")[:, 1]
    learns = of_d > 20
    assert learns.sum() == 4
    for one in of_e, again:
        assert (of_d - one)[learns].min() > 1.5
        assert (of_d - one).max() < 9.5
        assert one.mean() < tested["B"] < of_d.mean()
    assert (again - of_e).max() > 3
    assert -6 < (again - of_e).min() < -4
    for case in "G-published", "Z-nudged":
        assert 0.7 < (late(recorded, case) - published["Z"])[:, 1].mean() < 1.3


def test_errors_do_not_go_with_the_change_of_curvature_either() -> None:
    """K2's last piece takes curvature; the article speaks of how quickly it changes."""
    recorded, grid, found = kept("curve"), np.linspace(0, 4 * np.pi, 240, dtype=np.float32), []
    curve = Curve.draw(recorded.settings["curve_seed"])
    points, noise = recorded.settings["points"], recorded.settings["noise"]
    for seed in recorded.seeds:
        data = make_curve(curve, np.random.default_rng([seed, 0]), points, noise)
        truth = data.truth(grid)
        changes = np.abs(np.gradient(np.gradient(np.gradient(truth, grid), grid), grid))
        errors = np.abs(recorded.results["plain", seed]["predictions"][-1, 0] - truth)
        found.append(spearmanr(changes, errors).statistic)
    low, high = bootstrap_interval(tuple(found))
    assert 0 < low < high < 0.3


def test_what_the_page_says_of_noise_without_a_number_is_so() -> None:
    """After 12 epochs the noisy gradient is behind, from about a fifth of the run on ahead."""
    recorded = kept("noise")
    assert (recorded.settings["shrink"], len(recorded.seeds)) == (1, 10)
    runs = recorded.results
    by_seed = [runs["D-code", s]["test"] - runs["C-code", s]["test"] for s in recorded.seeds]
    gains = 100 * np.array(by_seed)
    assert gains[:, 8:13].mean() == pytest.approx(-3.9, abs=0.05)
    assert gains[:, 26:31].mean() == pytest.approx(0.9, abs=0.05)
    assert max(np.flatnonzero(gains.mean(axis=0) <= 0)) == 21


def test_what_the_lesson_says_of_the_longer_runs_of_normalisation_is_so() -> None:
    """Box-Cox ahead of none by two or three points, both norms at 94 % of the digits."""
    recorded = kept("normalization")

    def tested(case: str) -> float:
        runs = [recorded.results[case, seed]["accuracies"][-12:, 1] for seed in recorded.seeds]
        return 100 * float(np.mean(runs))

    for way in "published", "correct":
        assert 2 < tested(f"{way}-box-cox") - tested(f"{way}-none") < 3.5
    assert [round(tested(f"digit-{norm}")) for norm in ("batch", "instance")] == [94, 94]


STEPS = {(60_000, 7): 3283, (10_000, 40): 3160, (10_000, 20): 1580, (60_000, 40): 18_760}


def test_what_the_page_says_of_shrinkage_without_a_number_is_so() -> None:
    """Zeros take steps: what a cut leaves of an L1 network saves bytes with all digits only."""
    some, smaller, every = map(kept, ("shrinkage", "shrinkage-8-filters", "all-digits"))
    assert [one.settings["filters"] for one in (some, smaller, every)] == [32, 8, 8]
    assert [one.settings["epochs"] for one in (some, smaller)] == [20, 40]

    def near(recorded: verdicts.Recording, case: str, epoch: int = -1) -> np.ndarray:
        return np.array([recorded.results[case, seed]["near"][epoch] for seed in recorded.seeds])

    assert 55 < near(some, "l1").mean() / near(some, "none").mean() < 60
    assert 90 < near(smaller, "l1").mean() / near(smaller, "none").mean() < 120
    ratio = [
        near(smaller, "column-maximum", e).mean() / near(smaller, "none", e).mean()
        for e in (20, 40)
    ]
    assert ratio == [pytest.approx(1, abs=0.05), pytest.approx(1.3, abs=0.05)]
    for (images, epochs), steps in STEPS.items():
        assert math.ceil(images / some.settings["batch_size"]) * epochs == steps
    assert near(every, "l1", 7).max() < near(smaller, "l1").min()
    cut = [smaller.results["l1", seed]["bytes_cut"].sum(axis=0) for seed in smaller.seeds]
    assert np.mean([one[1] / one[0] for one in cut]) == pytest.approx(1.33, abs=0.005)
    for case in ("none", "l1", "l2"):
        jumps = [np.abs(np.diff(some.results[case, s]["accuracy"][-5:])).max() for s in some.seeds]
        assert max(jumps) > 0.02

    assert every.seeds == (0,)
    last = {case: every.results[case, 0] for case in ("none", "l1", "l2")}
    weighed = {case: run["bytes_cut"].sum(axis=0) for case, run in last.items()}
    assert weighed["l1"][1] / weighed["l1"][0] == pytest.approx(0.95, abs=0.005)
    assert weighed["l1"][2] / weighed["l1"][0] == pytest.approx(0.49, abs=0.005)
    assert weighed["l2"][1] / weighed["l2"][0] == pytest.approx(2.00, abs=0.005)
    for case, percent in {"none": 98.3, "l1": 98.5, "l2": 98.5}.items():
        assert 100 * last[case]["accuracy"][-5:].mean() == pytest.approx(percent, abs=0.05)
    for run in last.values():  # the cut costs nothing
        assert 100 * abs(run["accuracy_cut"] - run["accuracy"][-1]) < 0.05


SCHEMES = "batch", "layer", "instance", "group"


def smooth(values: np.ndarray) -> np.ndarray:
    """Means over five epochs: number i is that around epoch i + 2."""
    return np.convolve(values, np.ones(5) / 5, "valid")


def test_what_the_page_says_of_normalisation_without_a_number_is_so() -> None:
    """The lead of batch norm shrinks, and normalised networks test best halfway."""
    recorded = kept("normalization")
    mean = {}
    for scheme in ("none", *SCHEMES):
        runs = [recorded.results[f"correct-{scheme}", seed] for seed in recorded.seeds]
        mean[scheme] = 100 * np.mean([run["accuracies"] for run in runs], axis=0)
    plain = smooth(mean["none"][:, 1])
    lead = smooth(mean["batch"][:, 1]) - plain
    assert 15.5 < lead[8] < 16.5
    assert 4.5 < lead[-1] < 5.5
    assert all(np.diff(plain[::8]) > 0)
    for scheme in SCHEMES:
        trained, tested = map(smooth, mean[scheme].T)
        assert 24 <= tested.argmax() + 2 <= 31
        assert 1 < tested.max() - tested[-1] < 2.2
        assert 79 < trained[-1] < 90
