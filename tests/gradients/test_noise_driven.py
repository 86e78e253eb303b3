"""Thresholds with noise: their distributions, the places of the noise, and what their spikes pass on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxsnn.core import Tick, paired
from jaxsnn.engine import simulate
from jaxsnn.gradients import (
    ArcTan,
    GaussianNoise,
    Hazard,
    LogisticNoise,
    NoiseDriven,
    TriangularNoise,
    UniformNoise,
    emit,
    with_mode,
)
from jaxsnn.neurons import LIF, DiscreteLIF
from jaxsnn.noise import normals

SCIPY = {
    GaussianNoise: scipy.stats.norm(),
    LogisticNoise: scipy.stats.logistic(),
    UniformNoise: scipy.stats.uniform(-1, 2),
    TriangularNoise: scipy.stats.triang(0.5, -1, 2),
}
NAMES = ("gaussian", "logistic", "uniform", "triangular")
every_noise = pytest.mark.parametrize("make", SCIPY)
every_name = pytest.mark.parametrize("name", NAMES)
X = np.array([-6.0, -0.99, -0.5, -1e-3, 0.0, 0.3, 0.8, 0.999, 7.0])


@every_noise
def test_a_distribution_is_the_one_it_is_called(make, getkey):
    with jax.enable_x64(True):
        ours, theirs, x = make(), SCIPY[make], jnp.asarray(X)
        inside = theirs.cdf(X) > 0
        np.testing.assert_allclose(ours.cdf(x), theirs.cdf(X), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(ours.density(x), theirs.pdf(X), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(ours.log_cdf(x)[inside], theirs.logcdf(X)[inside], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(ours.log_survival(-x)[inside], theirs.logcdf(X)[inside], rtol=1e-10, atol=1e-12)
        assert np.all(np.exp(ours.log_cdf(x))[~inside] < 1e-300)
        slope = jax.vmap(jax.grad(ours.log_cdf))(x)[inside]
        np.testing.assert_allclose(slope, theirs.pdf(X)[inside] / theirs.cdf(X)[inside], rtol=1e-9, atol=1e-12)
        assert scipy.stats.kstest(np.asarray(ours.sample(getkey(), (4000,))), theirs.cdf).pvalue > 1e-3


@every_name
def test_the_firing_probability_is_the_distribution_function_and_the_tangent_its_derivative(name):
    with jax.enable_x64(True):
        rule, u = NoiseDriven(name, 0.4), jnp.asarray([-0.3, -0.05, 0.0, 0.2, 0.35])
        noise = jax.tree.map(lambda z: z[0], rule.draw(jax.random.key(0), jnp.arange(1, dtype=jnp.int32), u.shape))
        d_rule = jax.tree.map(lambda _: jnp.asarray(0.7), rule)
        wanted = jax.jvp(lambda rule, u: rule.probability(u), (rule, u), (d_rule, jnp.cos(u)))[1]
        np.testing.assert_allclose(rule.tangent(u, noise, d_rule, jnp.cos(u)), wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("placement", "spread"), [("escape", 1.0), ("membrane", 1.0), ("membrane+escape", np.sqrt(2))], ids=str
)
def test_noise_drawn_twice_is_wider_by_the_root_of_two(placement, spread):
    many, u, sigma = 40_000, -0.2, 0.3
    rule = NoiseDriven("gaussian", sigma, placement=placement)
    noise = jax.tree.map(lambda z: z[0], rule.draw(jax.random.key(1), jnp.arange(1, dtype=jnp.int32), (many,)))
    tick = Tick(jnp.asarray(0, jnp.int32), jnp.asarray(1.0), noise)
    v, s, _ = emit(rule, jnp.full(many, 1 + u), jnp.ones(()), (), tick)
    p = scipy.stats.norm.cdf(u / sigma / spread)
    assert abs(jnp.mean(s) - p) < 4 * np.sqrt(p * (1 - p) / many)
    stays = placement != "escape"
    assert abs(jnp.std(v) - sigma * stays) < 4 * sigma / np.sqrt(2 * many)
    if placement == "membrane":
        np.testing.assert_array_equal(s, v >= 1)  # the membrane itself has crossed
    if placement == "membrane+escape":
        assert np.mean(np.asarray(s) != np.asarray(v >= 1)) > 0.05


@pytest.mark.parametrize("placement", ["escape", "membrane", "membrane+escape"])
def test_a_neuron_keeps_the_noise_where_the_placement_says(placement):
    cell = DiscreteLIF(0.9, 1.0, NoiseDriven("gaussian", 0.1, placement=placement), size=3)
    xs = jnp.full((1, 3), -5.0)
    state, s = simulate(cell, xs, dt=1.0, key=jax.random.key(0))
    assert np.all(s == 0)
    assert np.all(state.v == -5) == (placement == "escape")


def test_a_surrogate_may_take_the_place_of_the_density():
    u = jnp.asarray([-0.3, 0.1])
    rule, bump = NoiseDriven("gaussian", 0.3, surrogate=ArcTan(0.2)), ArcTan(0.2)
    noise = jax.tree.map(lambda z: z[0], rule.draw(jax.random.key(0), jnp.arange(1, dtype=jnp.int32), u.shape))
    slope = lambda rule: jax.vjp(lambda u: rule(u, noise), u)[1](jnp.ones(2))[0]
    np.testing.assert_allclose(slope(rule), bump.derivative(u), rtol=1e-6)
    np.testing.assert_array_equal(rule(u, noise), NoiseDriven("gaussian", 0.3)(u, noise))


CHANCE = {name: NoiseDriven(name, 1e-3) for name in NAMES} | {
    "hazard": Hazard(1.0, 1e-3),
    "softplus hazard": Hazard(1.0, 1e-3, shape="softplus"),
}


@pytest.mark.parametrize("mode", ["reverse", "score"])
@pytest.mark.parametrize("name", CHANCE)
@pytest.mark.slow
def test_nothing_is_nan_when_the_noise_is_a_thousandth_of_threshold(name, mode):
    rule = with_mode(CHANCE[name], mode)

    def functional(rule, gain):
        cell = LIF(5.0, 1.0, rule, size=4)
        xs = gain * jnp.linspace(0.1, 60.0, 4)[None] * jnp.ones((30, 1))
        state, ys = simulate(cell, xs, dt=0.5, key=jax.random.key(0))
        total = jnp.sum(state.log_prob.value) if mode == "score" else jnp.zeros(())
        return total + jnp.sum(ys) + jnp.sum(state.v)

    value, gradient = jax.value_and_grad(functional, (0, 1))(rule, jnp.asarray(1.0))
    assert np.isfinite(value)
    for leaf in jax.tree.leaves(gradient):
        assert np.all(np.isfinite(leaf))
    u = jnp.asarray([-1.0, -1e-3, 0.0, 1e-3, 1.0])
    for s in (jnp.zeros(5), jnp.ones(5)):  # what cannot happen has a log-probability too
        log, slope = jax.value_and_grad(lambda u, s=s: jnp.sum(rule.at(jnp.asarray(0.5)).log_probability(u, s)))(u)
        assert np.isfinite(log)
        assert np.all(np.isfinite(slope))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NoiseDriven("cauchy"), "distribution = 'cauchy': must be one of gaussian, logistic, uniform"),
        (lambda: NoiseDriven("gaussian", -0.1), "NoiseDriven.sigma = -0.1: must be finite and positive; without noise"),
        (lambda: NoiseDriven(placement="inside"), 'placement = \'inside\': must be "escape" or "membrane" or'),
        (lambda: NoiseDriven(placement="membrane", mode="score"), "cannot be scored: what stays in the membrane"),
        (lambda: Hazard(1.0, shape="sigmoid"), 'Hazard.shape = \'sigmoid\': must be "exponential" or "softplus"'),
        (lambda: Hazard(-1.0), "Hazard.rate = -1.*must be finite and positive"),
        (lambda: NoiseDriven()(jnp.zeros(3)), r"NoiseDriven: noise = \(\) is no draw of this rule; pass one step"),
        (lambda: _draw(7), r"NoiseDriven.draw: stream = 7 must be a typed random key; make it with jax.random.key"),
        (lambda: _draw(None), r"NoiseDriven.draw: stream = None must be a typed random key"),
        (lambda: _draw(jnp.zeros(2, jnp.uint32)), r"NoiseDriven.draw: stream = Array.* must be a typed random key"),
        (lambda: _draw(jax.random.split(jax.random.key(0))), r"stream has shape \(2,\), must be one key; vmap"),
        (lambda: NoiseDriven()(jnp.zeros(2), _one_step()), r"shape of noise = \(3,\): must be that of u, \(2,\)"),
        (lambda: Hazard(1.0)(jnp.zeros(3), _one_step()), r"Hazard.dt = None: a hazard needs the length of a step"),
    ],
)
def test_a_rule_or_a_key_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def _draw(stream):
    return NoiseDriven().draw(stream, jnp.arange(2, dtype=jnp.int32), (3,))


def _one_step():
    return jax.tree.map(lambda z: z[0], _draw(jax.random.key(0)))


def test_a_stream_of_its_own_is_drawn_in_pairs_whatever_block_it_is_drawn_in():
    rule, steps = NoiseDriven("gaussian", 0.4), jnp.arange(6, dtype=jnp.int32)
    own = paired(jax.random.key(2))
    whole = rule.draw(own, steps, (500,)).choice
    np.testing.assert_array_equal(rule.draw(own, steps[3:5], (500,)).choice, whole[3:5])
    np.testing.assert_array_equal(whole, normals(own, steps, (500,)))
    assert scipy.stats.kstest(np.asarray(whole).ravel(), "norm").pvalue > 1e-3
    assert rule.draw(jax.random.key(2), steps, (500,)).choice[0, 0] != whole[0, 0]
