"""The paper's network in one call, and the choice of its time step."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.networks import Delayed, Sequential, Simultaneous, homogeneous, time_step


@pytest.mark.parametrize("delay", [0.01, 0.05, 0.1, 0.16, 0.33, 0.4, 1.0, 6.4])
def test_a_step_resolves_interval_and_delay_and_divides_the_delay(delay):
    dt, steps = time_step(delay, 50)
    assert steps >= 8
    assert dt <= 1 / 50 + 1e-12
    assert dt * steps == pytest.approx(delay, rel=1e-12)
    coarser = max(8, steps - 1)
    assert coarser == steps or delay / coarser > 1 / 50  # no coarser step would do


def test_parameters_in_readout_units_become_those_of_interval_units():
    net = homogeneous(16, leak=0.4, noise=2.0, rate=25.0, delay=0.5)
    np.testing.assert_allclose(net.leak, 0.4 / 25)
    np.testing.assert_allclose(net.noise, 2.0 / 5)
    np.testing.assert_allclose(net.readout.rate, 1 / 25)
    np.testing.assert_allclose(net.inhibition.delay, 0.5)
    np.testing.assert_allclose(net.threshold, 0.5)


def test_the_firing_rule_follows_the_delay():
    assert isinstance(homogeneous(4, leak=1.0, noise=1.0).inhibition, Sequential)
    assert isinstance(homogeneous(4, leak=1.0, noise=1.0, sequential=False).inhibition, Simultaneous)
    assert isinstance(homogeneous(4, leak=1.0, noise=1.0, delay=0.1).inhibition, Delayed)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"leak": -0.1}, r"leak = -0.1.*not negative"),
        ({"noise": np.nan}, r"noise = nan.*finite"),
        ({"delay": -0.2}, r"delay = -0.2.*not negative"),
        ({"rate": 0.0}, r"rate = 0.*positive"),
        ({"neurons": 0}, r"neurons = 0.*at least 1"),
        ({"delay": 0.2, "sequential": False}, r"sequential = False.*zero delay only"),
    ],
)
def test_values_that_make_no_network_are_refused_by_name(given, message):
    values = {"neurons": 4, "leak": 1.0, "noise": 1.0, "delay": 0.0} | given
    with pytest.raises(ValueError, match=message):
        homogeneous(values.pop("neurons"), **values)


def test_a_packet_starts_below_threshold_with_its_top_within_one_reset(getkey):
    net = homogeneous(64, leak=1.0, noise=2.0)
    for _ in range(20):
        v = net.init(getkey()).v
        assert -0.5 <= float(jnp.max(v)) <= 0.5
    width = np.mean([np.std(net.init(getkey()).v, ddof=1) for _ in range(40)])
    error = 2 / np.sqrt(2) / np.sqrt(2 * 63 * 40)
    assert abs(width - 2 / np.sqrt(2) * (1 - 1 / (4 * 63))) < 4 * error  # s, with the small-sample factor of an SD


def test_without_delay_each_neuron_has_a_threshold_of_its_own():
    shifted = homogeneous(3, leak=0.0, noise=0.0, threshold_shift=jnp.array([5.0, 0.0, 0.0]))
    spikes = simulate(shifted, jnp.ones((400, 1)), dt=0.05, key=jax.random.key(0))[1].spikes.sum(axis=0)
    assert spikes[0] == 0
    assert spikes[1:].sum() > 10
    with pytest.raises(ValueError, match=r"threshold_shift\.shape = \(3,\).*equal=True.*Sequential\(\)"):
        dataclasses.replace(shifted, inhibition=Sequential(equal=True))
