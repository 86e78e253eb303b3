"""The voltage of a readout against the event-driven neuron, and its gradient through the spike times."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.events import membrane
from jaxsnn.networks import EventLIF
from tests.events.differences import central_differences, largest_error

SENT = np.array([[0.0, 4.0, 9.0], [2.0, 3.0, np.inf]])


def test_readout_is_the_membrane_of_a_neuron_that_does_not_fire():
    with jax.enable_x64():
        net = EventLIF([[2.0, -1.0], [1.0, 3.0]], None, [[1.0, 0.5], [2.0, 30.0]], threshold=99.0, spikes=1)
        at = jnp.asarray([3.0, 12.0, 25.0])
        v = membrane(at, jnp.asarray(SENT), net.weight_in, net.delay_in, net.tau_mem, net.tau_syn)
        ends = jax.jit(jax.vmap(lambda t: net(SENT, t).final.v))(at)
        np.testing.assert_allclose(v, ends, rtol=1e-12)


@pytest.mark.slow
def test_gradient_of_voltages_is_that_of_finite_differences():
    with jax.enable_x64():
        one = lambda x: jnp.asarray(x, float)
        tree = (jnp.asarray(SENT), one([[2.0, -1.0]]), one([1.0, 0.3]), one(20.0), one(5.0))
        loss = lambda tree: jnp.sum(membrane(jnp.linspace(0.1, 30, 50), *tree) ** 2)
        errors = largest_error(jax.grad(loss)(tree), central_differences(loss, tree))
        assert loss(tree) > 0.1
        assert max(errors.values()) < 1e-7, errors


def test_impossible_spike_times_give_no_voltage():
    taus = jnp.asarray(20.0), jnp.asarray(5.0)
    v = membrane(jnp.asarray([3.0]), jnp.asarray([[np.nan, 1.0]]), jnp.ones((1, 1)), jnp.zeros(()), *taus)
    assert np.isnan(v).all()
