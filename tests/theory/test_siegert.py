"""Siegert's formula against quadrature in many digits, its limits, and the simulated neuron."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn import theory
from jaxsnn.engine import nothing, simulate
from jaxsnn.networks import Chain, Constant
from jaxsnn.neurons import LIF, RefractoryLIF
from jaxsnn.noise import WhiteNoise
from jaxsnn.readouts import Rate, Score

NAMES = ("mean", "noise", "tau", "threshold", "reset", "refractory")

# arguments in the order of NAMES; rate and its derivative for each argument: mpmath, 40 digits, central differences
EXACT = [
    (
        (0.8, 1.0, 20.0, 1.0, 0.0, 2.0),
        0.00896826020128443,
        (0.04897174861, 0.0117343229, -0.0007337281311, -0.05091172179, 0.001939973179, -8.042969104e-05),
    ),
    (
        (1.5, 0.5, 20.0, 1.0, 0.0, 2.0),
        0.042090039795691515,
        (0.04565405714, 0.001457699343, -0.001945566086, -0.06920993538, 0.02355587825, -0.00177157145),
    ),
    (
        (1.05, 0.02, 20.0, 1.0, 0.0, 0.0),
        0.01643364407902274,
        (0.1024548019, 0.001065098281, -0.0008222147531, -0.107598844, 0.005144042061, -0.0002700646577),
    ),
    (
        (0.5, 0.3, 20.0, 1.0, -0.3, 2.0),
        1.5534126021390484e-25,
        (3.420373522e-23, 5.700622536e-23, -4.353137532e-25, -3.420373522e-23, 6.011737946e-49, -2.413090827e-50),
    ),
    (
        (-3.0, 8.0, 10.0, 1.0, 0.8, 1.0),
        0.032440124585096965,
        (0.03895207187, 0.022936450795, -0.01231335661, -0.1773686662, 0.1384165944, -0.001052361683),
    ),
    (
        (1.0, 0.5, 20.0, 1.0, 0.0, 2.0),
        0.015263145987097241,
        (0.06923420597, 0.009261363416, -0.0008556279795, -0.07386488768, 0.004630681708, -0.0002329636254),
    ),
]


@pytest.mark.parametrize("given", EXACT, ids=lambda given: str(given[0]))
def test_rate_and_its_derivatives_are_those_of_quadrature_in_many_digits(given):
    arguments, rate, slopes = given
    with jax.enable_x64():
        arguments = tuple(map(jnp.float64, arguments))
        np.testing.assert_allclose(theory.siegert_rate(*arguments), rate, rtol=1e-11)
        np.testing.assert_allclose(jax.grad(theory.siegert_rate, range(6))(*arguments), slopes, rtol=1e-7)


def test_single_precision_keeps_its_digits():
    arguments, rates, _ = zip(*EXACT, strict=True)
    ours = theory.siegert_rate(*np.transpose(arguments))
    assert ours.dtype == jnp.float32
    np.testing.assert_allclose(ours, rates, rtol=1e-5)


def test_without_noise_the_rate_is_that_of_the_equation():
    mean = np.array([-1.0, 0.5, 0.999, 1.001, 1.2, 3.0, 1e3])
    over = np.maximum(mean, 1.001)
    with jax.enable_x64():
        for noise in (0.0, 1e-12):
            ours = theory.siegert_rate(mean, noise, 20.0, 1.0, -0.5, 2.0)
            rates = np.where(mean > 1, 1 / (2 + 20 * np.log((over + 0.5) / (over - 1))), 0)
            np.testing.assert_allclose(ours, rates, rtol=1e-6)


@pytest.mark.slow
def test_values_and_gradients_stay_finite_from_no_noise_to_much_in_both_precisions():
    mean, noise = np.meshgrid([-1e3, 0.0, 0.5, 1.0, 1.0 + 1e-6, 2.0, 1e4], [0.0, 1e-8, 1e-3, 0.1, 1.0, 30.0, 1e4])
    for double in (False, True):
        with jax.enable_x64(double):
            rate = lambda mean, noise: theory.siegert_rate(mean, noise, 20.0, 1.0, 0.0, 2.0)
            places = [jnp.asarray(values.ravel(), dtype=float) for values in (mean, noise)]
            values, slopes = jax.vmap(jax.value_and_grad(rate, (0, 1)))(*places)
            assert np.all(np.isfinite(values))
            assert np.all((values >= 0) & (values <= 0.5 + 1e-6))
            assert np.all(np.isfinite(slopes))
            assert np.all(slopes[0] >= 0)  # more current, more spikes


def test_with_much_noise_threshold_and_reset_are_close_and_the_rate_is_that_of_a_walk_between_them():
    """int of erfcx(-y) over a short stretch at 0 is its length: 1/rate - refractory = tau sqrt(pi tau) span / noise."""
    with jax.enable_x64():
        rate = theory.siegert_rate(0.5, 1e5, 20.0, 1.0, 0.0, 2.0)
        np.testing.assert_allclose(1 / rate - 2.0, 20 * np.sqrt(20 * np.pi) / 1e5, rtol=1e-5)


def test_a_reset_above_threshold_has_no_rate():
    assert np.isnan(theory.siegert_rate(1.0, 1.0, 20.0, 1.0, 1.5, 2.0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean": np.nan}, "mean = nan: must be finite"),
        ({"noise": -1.0}, "noise = -1.: must be finite and not negative"),
        ({"tau": 0.0}, "tau = 0.: must be finite and positive"),
        ({"refractory": -1.0}, "refractory = -1.: must be finite and not negative"),
    ],
)
def test_bad_values_are_refused_by_name(change, words):
    with pytest.raises(ValueError, match=words):
        theory.siegert_rate(**({name: 1.0 for name in NAMES} | {"reset": 0.0} | change))


# The simulated neuron -------------------------------------------------------------------------------------------------

TAU, RESET, REFRACTORY = 20.0, 0.0, 2.0
CURVE = {"mean": np.array([0.8, 1.1, 1.6]), "noise": np.array([1.2, 1.0, 0.7])}


def _simulated(dt, time, neurons, begin=150.0):
    """Rate at each point of CURVE, and its standard error over `neurons` independent neurons."""
    points = len(CURVE["mean"])
    each = {name: np.repeat(values, neurons).astype(np.float32) for name, values in CURVE.items()}
    size = points * neurons
    source, noise = Constant(each["mean"]), WhiteNoise(each["noise"], size=size)
    network = Chain(source, noise, RefractoryLIF(TAU, 1.0, RESET, REFRACTORY, size=size))
    scored = Score(network, {"rate": Rate("output", shape=size, first=round(begin / dt))})
    final, _ = simulate(scored, dt=dt, key=jax.random.key(4), steps=round(time / dt), block=50, record=nothing)
    of_neurons = np.asarray(final.meters["rate"].rate, float).reshape(points, neurons)
    return of_neurons.mean(1), of_neurons.std(1, ddof=1) / np.sqrt(neurons)


def _agrees_with_siegert(dt, time, neurons, accuracy, precision):
    rate, error = _simulated(dt, time, neurons)
    assert np.all(error < precision * rate), error / rate
    parameters = CURVE | {"tau": TAU, "reset": RESET, "refractory": REFRACTORY}
    seen = theory.monitored_threshold(1.0, CURVE["noise"], TAU, dt)
    corrected = np.asarray(theory.siegert_rate(**parameters, threshold=seen))
    continuous = np.asarray(theory.siegert_rate(**parameters, threshold=1.0))
    assert np.all(np.abs(rate / corrected - 1) < accuracy), rate / corrected
    assert np.all(1 - rate / continuous > 2 * np.abs(rate / corrected - 1))  # what the correction corrects


@pytest.mark.slow
def test_rate_of_the_noisy_neuron_is_siegerts_within_one_percent():
    """Threshold looked at every dt = tau / 200: the raised threshold takes the error of order sqrt(dt) away."""
    _agrees_with_siegert(dt=0.1, time=2150.0, neurons=4000, accuracy=0.01, precision=0.003)


def test_a_neuron_whose_reset_subtracts_keeps_its_overshoot_as_a_reset_raised_by_the_same():
    mean, noise, dt, size, steps = 1.5, 2.0, 0.5, 2000, 2400
    scored = Score(Chain(Constant(np.full(size, mean)), WhiteNoise(noise, size=size), LIF(TAU, 1.0, size=size)),
                   {"rate": Rate("output", shape=size, first=400)})  # fmt: skip
    final, _ = simulate(scored, dt=dt, key=jax.random.key(5), steps=steps, block=50, record=nothing)
    each = np.asarray(final.meters["rate"].rate, float)
    rate, error = each.mean(), each.std(ddof=1) / np.sqrt(size)
    edge, floor = (theory.monitored_threshold(at, noise, TAU, dt) for at in (1.0, 0.0))
    of = lambda reset: float(theory.siegert_rate(mean, noise, TAU, edge, reset, 0.0))
    assert error < 0.002 * rate
    assert abs(rate - of(floor)) < 0.005 * rate + 3 * error  # what remains is of order dt
    assert abs(rate - of(0.0)) > 0.015 * rate


@pytest.mark.slow
def test_rate_of_the_noisy_neuron_comes_closer_with_shorter_steps():
    _agrees_with_siegert(dt=0.025, time=2150.0, neurons=8000, accuracy=0.005, precision=0.002)
