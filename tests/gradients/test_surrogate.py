"""Surrogate derivatives against their formulas, and a rule with noise that shows what else fits."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from jaxsnn.core import param
from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan, FastSigmoid, SpikeRule, Triangle, threshold
from jaxsnn.neurons import LIF
from jaxsnn.noise import normals

U = np.linspace(-3, 3, 61, dtype=np.float32)
BUMPS = {
    FastSigmoid: lambda x: 1 / (1 + abs(x)) ** 2,
    ArcTan: lambda x: 1 / (1 + x**2),
    Triangle: lambda x: np.maximum(0, 1 - abs(x)),
}
every_bump = pytest.mark.parametrize(("rule", "bump"), BUMPS.items(), ids=lambda value: getattr(value, "__name__", ""))


def _slope(rule):
    return jax.vjp(rule, jnp.asarray(U))[1](jnp.ones(U.size))[0]


@every_bump
@pytest.mark.parametrize("width", [0.1, 0.5])
def test_the_returned_cotangent_is_the_declared_bump(rule, bump, width):
    np.testing.assert_allclose(_slope(rule(width, normalize="peak")), bump(U / width), rtol=1e-5, atol=1e-7)
    area = {FastSigmoid: 2, ArcTan: np.pi, Triangle: 1}[rule] * width
    np.testing.assert_allclose(_slope(rule(width, normalize="area")), bump(U / width) / area, rtol=1e-5, atol=1e-7)


@every_bump
def test_unit_area_is_one_and_unit_peak_is_one(rule, bump):
    del bump
    with jax.enable_x64(True):
        x = jnp.tan(jnp.linspace(-1, 1, 400_001)[1:-1] * jnp.pi / 2)  # tails fall as 1/u^2
        assert abs(np.trapezoid(rule(0.3, normalize="area").derivative(x), x) - 1) < 1e-4
        assert rule(0.3, normalize="peak").derivative(jnp.zeros(())) == 1


def test_other_libraries_parameters_are_widths():
    k, alpha = 25.0, 2.0
    np.testing.assert_allclose(_slope(FastSigmoid(1 / k)), 1 / (1 + k * abs(U)) ** 2, rtol=1e-5)  # snnTorch
    spikingjelly = alpha / 2 / (1 + (np.pi / 2 * alpha * U) ** 2)
    np.testing.assert_allclose(_slope(ArcTan(2 / (np.pi * alpha), normalize="area")), spikingjelly, rtol=1e-5)
    np.testing.assert_allclose(_slope(ArcTan()), spikingjelly, rtol=1e-5)


def test_a_width_may_differ_between_neurons():
    widths = np.array([0.1, 0.5, 2.0])
    u = jnp.asarray([0.2, 0.2, 0.2])
    slope = jax.vjp(ArcTan(widths), u)[1](jnp.ones(3))[0]
    np.testing.assert_allclose(slope, 1 / (1 + (0.2 / widths) ** 2), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FastSigmoid(0.0), "FastSigmoid.width = 0.*must be finite and positive"),
        (lambda: ArcTan(normalize="unit"), 'ArcTan.normalize = \'unit\': must be "area" or "peak"'),
        (lambda: Triangle(mode="both"), 'Triangle.mode = \'both\': must be "reverse" or "forward"'),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


class NoisyThreshold(SpikeRule):
    """Fires when u + sigma z >= 0; passes on the density of the noise at -u, with respect to sigma too."""

    sigma: Float[Array, ""] = param(0.3)

    def draw(self, stream, steps, shape):
        return normals(stream, steps, shape)

    def fire(self, u, noise):
        return threshold(u + self.sigma * noise)

    def tangent(self, u, noise, d_rule, d_u):
        del noise
        x = u / self.sigma
        return jnp.exp(-x * x / 2) / (jnp.sqrt(2 * jnp.pi) * self.sigma) * (d_u - x * d_rule.sigma)


def test_a_rule_with_noise_and_a_trainable_level_fits_a_neuron():
    many = 20000
    xs = jnp.full((1, many), 8.0)
    cell = LIF(5.0, 1.0, NoisyThreshold(0.4), size=many)

    def rate(cell):
        return jnp.mean(simulate(cell, xs, dt=0.5, key=jax.random.key(0))[1])

    def smooth(sigma):
        return jax.scipy.stats.norm.cdf((-8.0 * jnp.expm1(-0.1) - 1.0) / sigma)

    value, gradient = eqx.filter_value_and_grad(rate)(cell)
    expected = smooth(0.4)
    assert abs(value - expected) < 4 * np.sqrt(expected * (1 - expected) / many)
    np.testing.assert_allclose(gradient.spike.sigma, jax.grad(smooth)(0.4), rtol=1e-4)  # one step: exact in the mean


def test_forward_mode_through_a_run_equals_reverse_mode():
    xs = 3.0 + jax.random.normal(jax.random.key(1), (20, 2))

    def count(tau, mode):
        cell = LIF(tau, 1.0, ArcTan(0.5, mode=mode), size=2)
        return jnp.sum(simulate(cell, xs, dt=0.5, key=jax.random.key(0))[1])

    forward = jax.jvp(lambda tau: count(tau, "forward"), (jnp.asarray(5.0),), (jnp.ones(()),))[1]
    reverse = jax.grad(count)(jnp.asarray(5.0), "reverse")
    assert reverse != 0
    np.testing.assert_allclose(forward, reverse, rtol=1e-4)
