"""The study of Timcheck et al. 2022 at its smoke preset: it runs, and its claims are decided by the data."""

import numpy as np
import pytest

from experiments.timcheck_2022 import preset
from experiments.timcheck_2022.analysis import optimum
from experiments.timcheck_2022.claims import CLAIMS
from jaxsnn.claims import evaluate
from jaxsnn.claims.table import ClaimError
from jaxsnn.sweeps import Grid

# Panels that wait for `make slow`, and so do the claims that ask for them.
LATER = {"sizes", "sizes_delayed", "sizes_isi", "sizes_tuned", "poisson", "plane", "descent", "refined"}


def run(names):
    one = lambda name: 1 if name.startswith("sizes_") else None  # a point at a time: three panels share their programs
    panels = preset("smoke")
    return {name: panels[name].run(chunk=one(name)) for name in names}


def judged(data):
    """The verdicts on all claims that ask for no panel of LATER but those that are there."""
    found = {}
    for claim in CLAIMS:
        try:
            found |= {record["id"]: record for record in evaluate([claim], data)}
        except ClaimError as error:
            if not isinstance(error.__cause__, KeyError) or error.__cause__.args[0] not in LATER:
                raise
    return found


@pytest.fixture(scope="module")
def data():
    return run([name for name in preset("smoke") if name not in LATER])


@pytest.fixture(scope="module")
def verdicts(data):
    return judged(data)


@pytest.mark.slow
def test_every_claim_is_judged(data):
    assert len(judged(data | run(LATER))) == len(CLAIMS)


def test_claims_are_judged_and_what_smoke_can_decide_holds(verdicts):
    assert len(verdicts) > len(CLAIMS) / 2
    assert {record["verdict"] for record in verdicts.values()} <= {"holds", "fails", "undecided"}
    for name in ("regular", "firing-rule"):
        assert verdicts[name]["verdict"] == "holds", verdicts[name]


WRONG = [
    ("regular", "zero", "variance", 4.0),
    ("single-mean", "single", "interval_mean", 1.2),
    ("zero-theory", "zero", "variance", 25.0),
    ("zero-bound", "zero", "variance", 25.0),
    ("bound-short", "map", "variance", 100.0),
    ("packet-width", "packet", "width", 1.5),
    ("zero-bias", "zero", "bias", 3.0),
]


@pytest.mark.parametrize(("claim", "panel", "variable", "factor"), WRONG, ids=[row[0] for row in WRONG])
def test_a_claim_fails_on_data_that_contradict_it(data, claim, panel, variable, factor):
    wrong = {**data, panel: data[panel].assign({variable: data[panel][variable] * factor})}
    (record,) = evaluate([c for c in CLAIMS if c.id == claim], wrong)
    assert record["verdict"] == "fails"


@pytest.mark.parametrize(("claim", "panel"), [("noise-helps", "map"), ("firing-rule", "rule")])
def test_a_comparison_fails_on_data_with_the_opposite_order(data, claim, panel):
    table = data[panel]
    flipped = table.assign(variance=1 / table["variance"])
    (record,) = evaluate([c for c in CLAIMS if c.id == claim], {**data, panel: flipped})
    assert record["verdict"] != "holds"


def test_the_optimum_of_a_parabola_in_log_noise_is_found_exactly():
    noise = np.geomspace(0.1, 20, 16)
    for best in (0.8, 1.7, 3.1):
        found, least = optimum(noise, 0.5 * np.exp(0.7 * np.log(noise / best) ** 2))
        assert found == pytest.approx(best, rel=1e-6)
        assert least == pytest.approx(np.sqrt(0.5), rel=1e-6)


def test_a_curve_without_a_valley_has_no_optimum():
    noise = np.geomspace(0.1, 20, 16)
    assert np.isnan(optimum(noise, 1 / noise)[0]) or optimum(noise, 1 / noise)[0] > 10


def test_a_delay_that_no_ring_holds_is_refused():
    panel = preset("smoke")["map"]
    with pytest.raises(ValueError, match=r"delay = 90.*at most 4096 are kept.*lower"):
        type(panel)(panel.study, Grid(neurons=64, leak=1.0, noise=1.0, delay=90.0), panel.constants).run()
