"""A recurrent network of adaptive neurons with delays against Brian2, recorded by tests/oracles/brian2_adaptive.py."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import nothing, simulate
from jaxsnn.networks import Chain, Constant, Recurrent
from jaxsnn.neurons import AdaptiveLIF
from jaxsnn.noise import WhiteNoise
from jaxsnn.readouts import Intervals, LocalVariation, Rate, Score
from jaxsnn.synapses import DelayedDense

RECORD = json.loads((Path(__file__).parents[1] / "oracles" / "brian2_adaptive.json").read_text(encoding="utf-8"))
GIVEN = {name: np.asarray(values, float) for name, values in RECORD["parameters"].items()}
SIZE, DT = len(GIVEN["tau"]), RECORD["dt"]


def network(sigma, **changes):
    given = GIVEN | changes
    neurons = AdaptiveLIF(*(given[name] for name in ("tau", "threshold", "tau_adapt", "strength")), size=SIZE)
    synapses = DelayedDense(given["weight"], given["delay"] * DT, max_delay=RECORD["max_delay"])
    driven = Recurrent(neurons if sigma is None else Chain(WhiteNoise(sigma, size=SIZE), neurons), synapses)
    return Chain(Constant(given["own"]), driven)


def spikes_without_noise(**changes):
    """Steps of the spikes of each neuron, in double precision."""
    with jax.enable_x64(True):
        steps = RECORD["quiet"]["steps"]
        _, s = simulate(network(None, **changes), dt=DT, key=jax.random.key(0), steps=steps)
        return [np.flatnonzero(train).tolist() for train in np.asarray(s).T]


def test_brian2_was_seen_to_deliver_in_the_step_that_a_delay_names():
    assert RECORD["arrival"] == list(range(1, RECORD["max_delay"] + 1))
    delays = GIVEN["delay"][GIVEN["weight"] != 0]
    assert set(delays) == set(range(1, RECORD["max_delay"] + 1))  # the network has them all


def test_without_noise_every_spike_of_every_neuron_is_that_of_brian2():
    recorded = RECORD["quiet"]["spikes"]
    assert spikes_without_noise() == recorded
    assert sum(map(len, recorded)) > 500


@pytest.mark.parametrize("change", ["delay", "strength", "weight"])
def test_the_recording_depends_on_what_it_is_to_check(change):
    """One step more of delay, or a hundredth more adaptation or weight, is another path."""
    values = GIVEN[change]
    changed = np.minimum(values + 1, RECORD["max_delay"]) if change == "delay" else 1.01 * values
    assert spikes_without_noise(**{change: changed}) != RECORD["quiet"]["spikes"]


# With noise -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours():
    """Rate [copy, neuron], and CV and CV2 averaged over neurons [copy]."""
    noisy = RECORD["noisy"]
    options = {"shape": SIZE, "first": noisy["warm_up"]}
    meters = {
        "rate": Rate("output", **options),
        "intervals": Intervals("output", **options),
        "variation": LocalVariation("output", **options),
    }
    scored = Score(network(noisy["sigma"]), meters)

    @jax.jit
    @jax.vmap
    def run(key):
        steps = noisy["warm_up"] + noisy["steps"]
        final = simulate(scored, dt=DT, key=key, steps=steps, block=100, record=nothing)[0].meters
        return {
            "rate": final["rate"].rate,
            "cv": jnp.mean(final["intervals"].cv),
            "cv2": jnp.mean(final["variation"].cv2),
        }

    return {name: np.asarray(found, float) for name, found in run(jax.random.split(jax.random.key(3), 12)).items()}


def estimate(values):
    """Mean over copies and its standard error."""
    values = np.asarray(values, float)
    return values.mean(0), values.std(0, ddof=1) / np.sqrt(len(values))


def test_with_noise_each_neuron_has_the_rate_that_it_has_in_brian2(ours):
    (value, error), (theirs, their_error) = estimate(ours["rate"]), estimate(RECORD["noisy"]["rate"])
    combined = np.hypot(error, their_error)
    assert np.all(combined < 0.05 * theirs)  # enough was run to tell
    z = (value - theirs) / combined
    assert np.max(np.abs(z)) < 4.5  # of 30
    # a mean of squared z of 1, with a variance of 2/30 for normal numbers and somewhat more for few copies
    assert np.mean(z**2) < 2.2


@pytest.mark.parametrize("quantity", ["population rate", "cv", "cv2"])
def test_with_noise_the_network_has_the_rate_and_the_irregularity_of_brian2(ours, quantity):
    pick = lambda runs: np.mean(runs["rate"], axis=1) if quantity == "population rate" else runs[quantity]
    (value, error), (theirs, their_error) = estimate(pick(ours)), estimate(pick(RECORD["noisy"]))
    combined = np.hypot(error, their_error)
    assert combined < 0.01 * theirs
    assert abs(value - theirs) < 3.5 * combined
