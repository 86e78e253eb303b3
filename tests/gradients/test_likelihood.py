"""The likelihood of recorded spikes is a probability, and its gradient is that of finite differences."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import NoiseDriven, log_likelihood
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import LIF, ConductanceLIF
from jaxsnn.synapses import DelayedDense, Dense, Failure

STEPS, NEURONS = 4, 2


def network():
    weight = jnp.asarray([[0.9, 0.4], [0.7, -0.5]])
    back = DelayedDense(0.6 * weight, jnp.asarray([[1.3, 2.2], [1.8, 2.6]]), max_delay=3)
    neurons = LIF(jnp.asarray([3.0, 5.0]), jnp.asarray([0.3, 0.2]), NoiseDriven("gaussian", 0.2), size=NEURONS)
    return Chain(Dense(weight), Recurrent(neurons, back))


def inputs():
    return 0.8 + 0.3 * jnp.sin(jnp.arange(STEPS * 2, dtype=float).reshape(STEPS, 2))


def test_the_probabilities_of_all_patterns_add_up_to_one():
    with jax.enable_x64(True):
        net, key = network(), jax.random.key(0)
        patterns = (np.arange(2 ** (STEPS * NEURONS))[:, None] >> np.arange(STEPS * NEURONS)) & 1
        spikes = jnp.asarray(patterns.reshape(-1, STEPS, NEURONS), float)
        each = jax.vmap(lambda s: log_likelihood(net, s, inputs(), dt=1.0, key=key))(spikes)
        assert float(jnp.sum(jnp.exp(each))) == pytest.approx(1.0, abs=1e-12)
        assert float(jnp.exp(each).max()) < 0.5  # chance decides, or little is tested


@pytest.mark.slow
def test_its_gradient_is_that_of_finite_differences_in_every_parameter():
    with jax.enable_x64(True):
        net, key = network(), jax.random.key(0)
        spikes = jnp.asarray([[1.0, 0], [0, 1], [1, 1], [0, 0]])
        floats, rest = eqx.partition(net, eqx.is_inexact_array)
        of = lambda floats: log_likelihood(eqx.combine(floats, rest), spikes, inputs(), dt=1.0, key=key)
        gradient, h = jax.grad(of)(floats), 1e-6
        leaves, structure = jax.tree.flatten(floats)
        for i, leaf in enumerate(leaves):
            found = jax.tree.leaves(gradient)[i]
            for at in np.ndindex(leaf.shape):
                move = lambda s, i=i, leaf=leaf, at=at: jax.tree.unflatten(
                    structure, [*leaves[:i], leaf.at[at].add(s * h), *leaves[i + 1 :]]
                )
                slope = (of(move(1)) - of(move(-1))) / (2 * h)
                assert float(found[at]) == pytest.approx(float(slope), abs=2e-8)
        assert all(np.any(np.asarray(g) != 0) for g in jax.tree.leaves(gradient))


def test_spikes_of_another_population_are_refused():
    with pytest.raises(ValueError, match=r"spikes have shape \(4, 3\).*must be one population"):
        log_likelihood(network(), jnp.zeros((STEPS, 3)), inputs(), dt=1.0, key=jax.random.key(0))


@pytest.mark.parametrize("dtype", [bool, int])
def test_a_recording_of_truth_values_or_whole_numbers_is_as_likely_as_one_of_floats(dtype):
    for spikes in (np.zeros((STEPS, NEURONS)), np.eye(STEPS, NEURONS), np.ones((STEPS, NEURONS))):
        of = lambda s: float(log_likelihood(network(), jnp.asarray(s), inputs(), dt=1.0, key=jax.random.key(0)))
        assert of(spikes.astype(dtype)) == of(spikes.astype(np.float32))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spikes": jnp.full((STEPS, NEURONS), 0.5)}, r"spikes\[0, 0\] = 0.5: must be 0 or 1"),
        ({"spikes": jnp.zeros((STEPS, NEURONS)).at[1, 1].set(jnp.nan)}, r"spikes\[1, 1\] = nan: must be 0 or 1"),
        ({"xs": jnp.ones((STEPS + 1, 2))}, r"xs: lengths = \[5\]: must be 4, the steps recorded"),
        ({"xs": jnp.ones((STEPS, 1))}, r"xs.shape = \(4, 1\): must be \(steps, 2\)"),
        ({"dt": -1.0}, "dt = -1.0: must be finite and positive"),
        ({"dt": 0.1}, "delay.* must lie between"),  # 2.6 time units are more than three such steps
        ({"key": 3}, "key = 3: must be one typed random key"),
    ],
    ids=str,
)
def test_what_simulate_would_refuse_is_refused_here_too(change, said):
    given = {"spikes": jnp.zeros((STEPS, NEURONS)), "xs": inputs(), "dt": 1.0, "key": jax.random.key(0)} | change
    with pytest.raises(ValueError, match=said):
        log_likelihood(network(), **given)


def test_a_spike_within_the_refractory_period_has_no_chance_and_the_true_period_is_the_likeliest():
    with jax.enable_x64(True):
        cell = lambda refractory: ConductanceLIF(6.0, 1.0, 0.0, refractory, spike=NoiseDriven(), size=1)
        xs = jnp.tile(jnp.asarray([[0.7], [0.0]]), (400, 1, 1))
        spikes = simulate(cell(3.0), xs, dt=1.0, key=jax.random.key(4))[1]
        of = lambda refractory: float(log_likelihood(cell(refractory), spikes, xs, dt=1.0, key=jax.random.key(0)))
        periods = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 400.0]
        found = dict(zip(periods, map(of, periods), strict=True))
        assert max(found, key=lambda period: found[period]) == 3.0
        assert found[400.0] < -1e6


def test_synapses_that_fail_by_chance_are_not_taken_for_the_spikes():
    message = r"cell: decided by chance = \['transmissions'\]: must be spikes alone; leave failing synapses out"
    with pytest.raises(ValueError, match=message):
        log_likelihood(
            Chain(Failure(0.5, size=2), LIF(size=2)), jnp.zeros((4, 2)), inputs(), dt=1.0, key=jax.random.key(0)
        )
