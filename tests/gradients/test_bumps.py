"""Surrogates in the conventions of other libraries, and what they count per."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.gradients import (
    ArcTan,
    Erf,
    FastSigmoid,
    Laplace,
    MultiGaussian,
    Rectangle,
    Sigmoid,
    StraightThrough,
    Triangle,
)
from jaxsnn.neurons import LIF

V = np.array([-1.3, -0.26, -0.01, 0.0, 0.03, 0.2, 0.9])
A = 2.0  # the parameter of the other library
BUMPS = (FastSigmoid, ArcTan, Sigmoid, Erf, Triangle, Rectangle, Laplace, MultiGaussian)
every_bump = pytest.mark.parametrize("make", BUMPS)


def normal(v, mean, std):
    return np.exp(-0.5 * ((v - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))


SHEET = {  # our rule, and g(v) as the other library writes it
    "superspike": (FastSigmoid(1 / 25), 1 / (1 + 25 * abs(V)) ** 2),
    "soft sign": (FastSigmoid(1 / A, normalize="area"), A / (2 * (1 + A * abs(V)) ** 2)),
    "arctan": (ArcTan(2 / (np.pi * A), normalize="area"), A / 2 / (1 + (np.pi * A * V / 2) ** 2)),
    "triangle, unit area": (Triangle(A, normalize="area"), np.maximum(0, A - abs(V)) / A**2),
    "triangle, esser": (Triangle(1 / A), np.maximum(0, 1 - abs(A * V))),
    "piecewise quadratic": (Triangle(1 / A, normalize="area"), np.maximum(0, A - A**2 * abs(V))),
    "erf": (Erf(1 / (A * np.sqrt(2)), normalize="area"), A / np.sqrt(np.pi) * np.exp(-(A**2) * V**2)),
    "sigmoid": (Sigmoid(1 / A, normalize="area"), A / (1 + np.exp(-A * V)) / (1 + np.exp(A * V))),
    "tanh": (Sigmoid(1 / (2 * A)), 1 - np.tanh(A * V) ** 2),
    "rectangle": (Rectangle(1 / (2 * A), normalize="area"), A * (abs(V) < 1 / (2 * A))),
    "slayer": (Laplace(1 / A, normalize="area"), A / 2 * np.exp(-A * abs(V))),
    "multi-gaussian": (
        MultiGaussian(0.5, normalize="area"),
        (1.15 * normal(V, 0, 0.5) - 0.15 * (normal(V, 0.5, 3.0) + normal(V, -0.5, 3.0))) / 0.85,
    ),
    "straight through": (StraightThrough(), np.ones_like(V)),
}


@pytest.mark.parametrize("name", SHEET)
def test_a_surrogate_has_the_values_that_the_other_library_gives_it(name):
    rule, values = SHEET[name]
    slope = jax.vjp(rule, jnp.asarray(V, jnp.float32))[1](jnp.ones(V.size))[0]
    np.testing.assert_allclose(slope, values, rtol=2e-5, atol=1e-6)


@every_bump
def test_unit_area_integrates_to_one_and_unit_peak_is_one(make):
    with jax.enable_x64(True):
        x = jnp.tan(jnp.linspace(-1, 1, 400_001)[1:-1] * jnp.pi / 2)  # tails fall as 1/u^2
        assert abs(np.trapezoid(make(0.3, normalize="area").derivative(x), x) - 1) < 1e-4
        np.testing.assert_allclose(make(0.3, normalize="peak").derivative(jnp.zeros(())), 1, rtol=1e-12)


@every_bump
def test_counted_per_unit_time_a_crossing_at_the_speed_of_the_rate_counts_once_for_every_dt(make):
    speed = 2.0

    def counted(dt, **options):
        t = jnp.arange(-50.0, 50.0, dt)  # a membrane that crosses once
        return float(jnp.sum(make(0.3, normalize="area", **options).at(jnp.asarray(dt)).derivative(speed * t)))

    for dt in (0.02, 0.005):
        assert abs(counted(dt, rate=speed) - 1) < 0.02  # what is left is the tail of the widest
        np.testing.assert_allclose(counted(dt) * speed * dt, 1, rtol=0.02)


def test_the_gradient_of_a_neuron_does_not_depend_on_dt_when_counted_per_unit_time():
    def gradient(dt, **options):
        steps = round(7 / dt)  # the first spike is at 5.5

        def spikes(threshold):
            cell = LIF(5.0, threshold, Erf(0.1, normalize="area", **options), size=1)
            return jnp.sum(simulate(cell, jnp.full((steps, 1), 1.5), dt=dt, key=jax.random.key(0))[1])

        return float(jax.grad(spikes)(jnp.asarray(1.0)))

    # dv/dt at threshold is (1.5 - 1) / 5
    coarse, fine = gradient(0.02, rate=0.1), gradient(0.005, rate=0.1)
    np.testing.assert_allclose(coarse, fine, rtol=0.05)
    assert coarse < 0
    assert not abs(gradient(0.005)) < 100 * abs(fine)  # per step it explodes through the reset, here to NaN


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StraightThrough(normalize="area"), "StraightThrough.normalize = 'area': must be \"peak\": a constant"),
        (lambda: MultiGaussian(side=1.0), r"MultiGaussian.side = 1.*must lie in \[0, 0.9\]"),
        (lambda: Erf(-0.1), "Erf.width = -0.1: must be finite and positive"),
        (lambda: Erf(rate=0.0), "Erf.rate = 0.*must be finite and positive"),
        (lambda: Erf(mode="score"), '"score" needs a rule that fires by chance: NoiseDriven or Hazard'),
        (lambda: Erf(rate=1.0).derivative(jnp.ones(())), "Erf.dt = None: a rate needs the length of a step; call"),
    ],
)
def test_a_surrogate_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
