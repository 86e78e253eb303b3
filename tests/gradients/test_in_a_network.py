"""Rules in the balanced network: swapped by one argument, with a draw of their own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan, Hazard, NoiseDriven, expected_loss, path_gradients
from jaxsnn.networks import homogeneous
from tests.laws.quick import quick_jit

DRIVE = np.ones((200, 1), np.float32)


def network(spike=None, noise=1.0, **options):
    return homogeneous(4, leak=1.0, noise=noise, delay=0.4, max_delay=8, spike=spike, **options)


def run(net, seed=0):
    return quick_jit(lambda net: simulate(net, DRIVE, dt=0.1, key=jax.random.key(seed), block=50))(net)


@pytest.mark.parametrize("spike", [NoiseDriven("gaussian", 0.05), Hazard(20.0, 0.05)], ids=["noise", "hazard"])
def test_both_memories_see_the_same_spikes_of_neurons_that_fire_by_chance(spike):
    packed, floats = (run(network(spike, gradients=gradients))[1] for gradients in (False, True))
    np.testing.assert_array_equal(packed.spikes, floats.spikes)
    assert 10 < np.sum(packed.spikes) < 60  # 20 are asked for


def test_a_rule_draws_apart_from_the_membrane_noise():
    """With hardly any noise in its threshold a network is the one without: the membrane sees the same numbers."""
    plain, chance = run(network(gradients=True))[1], run(network(NoiseDriven("gaussian", 1e-7), gradients=True))[1]
    np.testing.assert_array_equal(plain.spikes, chance.spikes)
    net = network(NoiseDriven(), gradients=True)
    drawn = net.draw(jax.random.key(0), jnp.arange(500, dtype=jnp.int32))
    correlation = np.corrcoef(np.ravel(drawn.membrane), np.ravel(drawn.chance.choice))[0, 1]
    assert abs(correlation) < 4 / np.sqrt(2000)


@pytest.mark.parametrize(
    "spike",
    [ArcTan(0.2, rate=1.0), NoiseDriven("logistic", 0.1), Hazard(20.0, 0.05)],
    ids=["surrogate", "noise", "hazard"],
)
def test_one_argument_swaps_the_rule_of_a_gradient_in_the_noise_level(spike):
    def error(noise):
        ys = simulate(network(spike, noise, gradients=True), DRIVE[:60], dt=0.1, key=jax.random.key(0))[1]
        return jnp.mean(jnp.square(ys.error))

    value, gradient = quick_jit(lambda noise: jax.value_and_grad(error)(noise))(jnp.asarray(1.0))
    assert np.isfinite(value)
    assert np.isfinite(gradient)
    assert gradient != 0


def test_a_scored_network_has_the_exact_gradient_of_its_expected_loss():
    """In noise level, delay, leak and temperature, against finite differences of the sum over all patterns."""
    with jax.enable_x64(True):
        drive, key = np.ones((5, 1)), jax.random.key(0)
        start = {"noise": 0.4, "delay": 0.33, "leak": 1.0, "temperature": 0.4}
        start = {name: jnp.asarray(value) for name, value in start.items()}

        def make(p):
            rule = Hazard(3.0, p["temperature"], mode="score")
            options = {"max_delay": 4, "gradients": True, "spike": rule}
            return homogeneous(2, noise=p["noise"], delay=p["delay"], leak=p["leak"], **options)

        loss = lambda final, ys: jnp.sum(jnp.square(ys.error)) + jnp.sum(ys.count) ** 2
        expected = quick_jit(lambda p: expected_loss(loss, make(p), drive, dt=0.2, key=key))

        @quick_jit
        def mean_score(p):
            probability, each = path_gradients(loss, make(p), drive, dt=0.2, key=key)
            back = jax.vjp(make, p)[1]
            return back(jax.tree.map(lambda g: jnp.tensordot(probability, g, 1), each))[0]

        score, h = mean_score(start), 1e-5
        for name, value in start.items():
            ends = [expected({**start, name: value + d}) for d in (h, -h)]
            assert score[name] != 0
            np.testing.assert_allclose(score[name], (ends[0] - ends[1]) / (2 * h), atol=1e-7)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: network(Hazard(1.0, mode="score")), "Delayed.history = 'PackedHistory': has no gradients"),
        (
            lambda: network(NoiseDriven(placement="membrane")),
            "Delayed.spike.placement = 'membrane': must be \"escape\"",
        ),
        (lambda: homogeneous(4, leak=1.0, noise=1.0, spike=Hazard(1.0)), "spike = 'Hazard': needs a delay"),
    ],
)
def test_what_a_balanced_network_cannot_do_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
