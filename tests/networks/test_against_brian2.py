"""The balanced network with delay against a recording of it in Brian2, made by tests/oracles/brian2_balanced.py."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.timcheck_2022.network import STUDY, prepare
from jaxsnn.sweeps import Grid, sweep

RECORD = json.loads((Path(__file__).parents[1] / "oracles" / "brian2_balanced.json").read_text(encoding="utf-8"))
RECORDED = {recorded["leak"]: recorded for recorded in RECORD["points"]}
LEAKS = sorted(RECORDED)
NETWORK = {name: RECORD["parameters"][name] for name in ("neurons", "delay", "noise")}


@pytest.fixture(scope="module")
def ours():
    grid = Grid(**NETWORK, leak=LEAKS, seed=16)
    data = sweep(STUDY, grid, key=jax.random.key(1), constants={"duration": 100.0}, cores=1)
    return {leak: data.isel(leak=n) for n, leak in enumerate(LEAKS)}


def estimate(values):
    """Mean over seeds and its standard error."""
    values = np.asarray(values, float).ravel()
    return values.mean(), values.std(ddof=1) / np.sqrt(values.size)


def measured(runs, quantity):
    if quantity != "sigma_readout":
        return estimate(runs[quantity])
    variance, error = estimate(runs["variance"])  # averaged over seeds before the root
    return np.sqrt(variance), error / (2 * np.sqrt(variance))


@pytest.mark.parametrize("leak", LEAKS)
def test_brian2_recorded_this_network_with_this_step_delay_and_transient(leak):
    given, recorded = RECORD["parameters"], RECORDED[leak]
    plan = prepare({**NETWORK, "leak": leak, "duration": 100.0, "rate": None, "steps_per_isi": 50})
    dt = plan.arrays["dt"]
    assert dt == pytest.approx(given["dt"])
    assert plan.arrays["rate"] == given["rate"]
    assert plan.arrays["first"] * dt / given["rate"] == pytest.approx(recorded["transient"])
    assert round(plan.arrays["delay"] / dt) == RECORD["arrival"]["steps"]  # as Brian2's queue was seen to deliver
    assert len(recorded["variance"]) == RECORD["copies"] >= 8


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["sigma_readout", "bias", "rate", "spurious"])
@pytest.mark.parametrize("leak", LEAKS)
def test_the_network_with_delay_has_the_readout_rate_and_spurious_spikes_of_brian2(ours, leak, quantity):
    value, error = measured(ours[leak], quantity)
    theirs, their_error = measured(RECORDED[leak], quantity)
    combined = np.hypot(error, their_error)
    assert combined < 0.06 * abs(theirs)  # enough was run to tell
    assert abs(value - theirs) < 3.5 * combined


@pytest.mark.slow
@pytest.mark.parametrize("leak", LEAKS)
def test_the_spread_of_the_readout_is_that_of_brian2_within_a_tenth(ours, leak):
    theirs = measured(RECORDED[leak], "sigma_readout")[0]
    assert measured(ours[leak], "sigma_readout")[0] == pytest.approx(theirs, rel=0.1)
