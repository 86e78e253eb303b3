"""Burst patterns, sequence detection, recurrent delays: the verdicts come from the data, and the studies run."""

import numpy as np
import pytest
import xarray as xr

from experiments.hammouamri_2023 import bursts, recurrent, sequence
from experiments.hammouamri_2023.claims_bursts import CLAIMS
from jaxsnn.claims import evaluate

SEEDS = 4
SPREAD = 1e-3 * np.arange(SEEDS)  # as samples have


def verdicts(data):
    return {record["id"]: record["verdict"] for record in evaluate(CLAIMS, data)}


def table(learned, rounds=3.0, helped=0.2):
    """Numbers as the studies return them. learned: gain by learning. helped: by every kind of recurrent delay."""
    noise, longest = [0.1, 0.8], [4, 16, 24]
    base = np.asarray([[0.5, 0.9, 0.9], [0.3, 0.5, 0.5]])
    accuracy = np.stack([base, base, base + learned / 2, base + learned])[..., None] + SPREAD
    axes = {"arm": list(bursts.ARMS), "noise": noise, "longest": longest, "seed": np.arange(SEEDS)}
    ideal = np.full_like(accuracy, 0.97)
    maps = xr.Dataset(
        {"accuracy": (list(axes), accuracy), "as_trained": (list(axes), accuracy), "ideal": (list(axes), ideal)}, axes
    )
    lead = np.full((1, SEEDS, 2, 2), rounds and 10.0 * (1 if rounds < 10 else -1)) + SPREAD[:, None, None]
    leads = xr.Dataset(
        {
            "solved": (("rate", "seed"), rounds + SPREAD[None]),
            "lead": (("rate", "seed", "lead_dim0", "lead_dim1"), lead),
        },
        {"rate": [1.0], "seed": np.arange(SEEDS)},
    )
    arms = 0.4 + helped * np.arange(4.0)[:, None, None] / 2 + SPREAD**2
    back = xr.Dataset(
        {"accuracy": (("arm", "hidden", "seed"), np.broadcast_to(arms, (4, 1, SEEDS)))},
        {"arm": list(recurrent.ARMS), "hidden": [8], "seed": np.arange(SEEDS)},
    )
    return {"bursts": maps, "sequence": leads, "recurrent": back}


def test_claims_hold_where_learning_helps_and_fail_where_it_does_not():
    good, bad = verdicts(table(0.07)), verdicts(table(-0.1, rounds=20.0, helped=0.0))
    assert set(good.values()) == {"holds"}
    same = {"bursts-range", "bursts-beyond", "bursts-noise", "bursts-gain"}  # not a matter of learning
    assert {name for name, verdict in bad.items() if verdict != "fails"} == same


def test_a_map_that_does_not_reach_the_optimal_delays_decides_nothing():
    data = table(0.07)
    found = verdicts({**data, "bursts": data["bursts"].isel(longest=[0])})
    assert {found[name] for name in ("bursts-solved", "bursts-range", "bursts-beyond")} == {"undecided"}


@pytest.mark.parametrize(
    ("study", "point", "said"),
    [
        (bursts, {"arm": "best", "noise": 0.1, "longest": 4}, "arm = 'best'"),
        (bursts, {"arm": "random", "noise": 0.1, "longest": 99}, "must be 0 to 24"),
        (bursts, {"arm": "random", "noise": 0.0, "longest": 4}, "noise"),
        (recurrent, {"arm": "all", "hidden": 8}, "arm = 'all'"),
        (sequence, {"rate": 0.0}, "rate"),
    ],
)
def test_points_that_make_no_sense_are_refused(study, point, said):
    with pytest.raises(ValueError, match=said):
        study.prepare({**study.CONSTANTS, **point})


def test_every_preset_has_its_panel_and_an_unknown_one_is_refused():
    for module, name in ((bursts, "bursts"), (recurrent, "recurrent"), (sequence, "sequence")):
        assert [list(module.panels(size)) for size in ("smoke", "quick", "paper")] == [[name]] * 3
        with pytest.raises(ValueError, match="must be one of smoke, quick, paper"):
            module.panels("huge")


def test_the_spread_of_recurrent_kernels_falls_from_ten_steps_to_nearly_none():
    assert float(recurrent.spread(0, 100)) == 10.0
    assert float(recurrent.spread(100, 100)) == pytest.approx(10 * 0.95**100, rel=1e-5)


@pytest.mark.slow
def test_the_studies_run_and_sequence_detection_is_solved():
    data = {}
    for module in (bursts, recurrent, sequence):
        data |= {name: panel.run() for name, panel in module.panels("smoke").items()}
    assert set(verdicts(data).values()) <= {"holds", "fails", "undecided"}
    assert np.all(data["sequence"]["accuracy"].values[..., 0] == 0)
    assert np.all(data["sequence"]["accuracy"].values[..., -1] == 1)
    one = data["recurrent"]
    assert np.array_equal(one["delays_before"].sel(arm="random"), one["delays_after"].sel(arm="random"))
    assert not np.array_equal(one["delays_before"].sel(arm="learned"), one["delays_after"].sel(arm="learned"))
