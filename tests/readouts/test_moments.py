"""Means and variances of a stream against numpy on the whole record in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Span
from jaxsnn.engine.simulate import nothing, simulate
from jaxsnn.readouts import DecayingMoments, ErrorReadout, Moments, Score, Seen
from jaxsnn.readouts.moments import mean_rise, rise_variance

from .replay import BLOCKS, DT, WINDOWS, close, metered, shown


@pytest.mark.parametrize("block", BLOCKS)
def test_mean_and_variance_are_those_of_the_record(block):
    record = shown()
    for first, last in WINDOWS:
        state = metered(Moments("output.error", shape=2, first=first, last=last), record, block=block)
        kept = record.error[first:last].astype(float)
        close(state.mean, kept.mean(0))
        close(state.variance, kept.var(0))
        close(state.std, kept.std(0))
        assert state.count == last - first


@pytest.mark.parametrize(("block", "steps"), [(100, 1_000_000), (1, 200_000), (1000, 200_000)])
def test_a_small_variance_on_a_large_mean_survives_a_long_stream(block, steps):
    record = (1e3 + np.random.default_rng(1).normal(size=steps)).astype(np.float32)
    state = metered(Moments("output"), record, block=block)
    kept = record.astype(float)
    assert float(state.center.high) + float(state.center.low) == pytest.approx(kept.mean(), abs=1e-5)
    assert float(state.variance) == pytest.approx(kept.var(), rel=1e-5)


def test_a_constant_stream_has_its_own_mean_and_no_variance():
    state = metered(Moments("output"), np.full(100_000, np.float32(0.1)), block=64)
    assert state.mean == np.float32(0.1)
    assert float(state.variance) < 1e-12


def test_what_happens_outside_the_window_cannot_spoil_it():
    record = np.array([np.nan, np.inf, 1, 2, 3, np.nan], np.float32)
    # traced, since `simulate` refuses a signal that is known not to be finite
    state = jax.jit(lambda record: metered(Moments("output", first=2, last=5), record, block=2))(record)
    assert float(state.mean) == 2
    assert float(state.variance) == pytest.approx(2 / 3)


def test_the_gradient_of_the_variance_is_that_of_the_formula():
    meter, xs = Moments("output"), jnp.asarray(shown().error[:, 0])
    span = Span(jnp.int32(0), jnp.float32(DT), (), xs.shape[0])

    def variance(xs):
        return meter.unroll(meter.init(jax.random.key(0)), Seen(None, xs), span)[0].variance

    close(jax.jit(jax.grad(variance))(xs), 2 * (xs - xs.mean()) / xs.shape[0])


# Between the samples --------------------------------------------------------------------------------------------------


def time_course(error, drive, rate, dt, points=400):
    """The error sampled finely within its steps (midpoints), float64: [time, point, signal]."""
    t = ((np.arange(points) + 0.5) / points * dt)[None, :, None]
    error, drive, rate = error[:, None].astype(float), drive[:, None].astype(float), np.asarray(rate, float)
    return error * np.exp(-rate * t) - drive / rate * np.expm1(-rate * t)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("rate", [0.02, 3.0, 40.0])
def test_the_average_over_time_is_that_of_the_finely_sampled_time_course(block, rate):
    rng = np.random.default_rng(2)
    record = (rng.normal(size=(180, 2)).astype(np.float32), rng.normal(size=(180, 2)).astype(np.float32) * 5 + 3)
    rates = [rate, rate * 1.5]
    for first, last in WINDOWS:
        meter = DecayingMoments("output.1", rates, "input.0", shape=2, first=first, last=last)
        state = metered(meter, record, block=block)
        path = time_course(record[1], record[0], rates, DT)[first:last].reshape(-1, 2)
        close(state.mean, path.mean(0), rtol=1e-4, atol=1e-5)
        close(state.variance, path.var(0), rtol=1e-4)


def test_the_weights_of_a_step_are_exact_from_short_to_long_steps():
    x = np.concatenate([[1e-20], np.geomspace(1e-6, 0.49, 9), [0.5, 1.0, 1.99, 2.0, 5.0, 20.0]])
    nodes, weights = np.polynomial.legendre.leggauss(60)
    rise = -np.expm1(-x[:, None] * (nodes + 1) / 2) / x[:, None]
    mean = rise @ weights / 2
    variance = np.square(rise - mean[:, None]) @ weights / 2
    close(jax.jit(mean_rise)(jnp.asarray(x, jnp.float32)), mean, rtol=2e-6, atol=0)
    close(jax.jit(rise_variance)(jnp.asarray(x, jnp.float32)), variance, rtol=2e-6, atol=0)


def test_the_gradient_with_respect_to_the_rate_is_finite_and_right():
    with jax.enable_x64():
        x = jnp.array([0.0, 0.3, 1.0, 3.0, 800.0])
        below = jnp.maximum(x - 1e-5, 0.0)
        for f in (jax.jit(mean_rise), jax.jit(rise_variance)):
            finite = (f(x + 1e-5) - f(below)) / (x + 1e-5 - below)
            close(jax.jit(jax.vmap(jax.grad(f)))(x), finite, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("per_tau", [4.0, 64.0])
def test_regular_spikes_give_the_variance_of_the_regular_readout(per_tau):
    """Sheet T1: Var(y) = (R/2) coth(1/(2R)) - R^2, near 1/12; time in inter-spike intervals, 50 steps each."""
    steps_per_isi = 50
    decoded = np.zeros((200 * steps_per_isi, 1), np.float32)
    decoded[::steps_per_isi] = 1
    drive = np.ones_like(decoded)
    # begin on the periodic solution: just before a spike the error is R - y with y = 1/expm1(1/R)
    state = per_tau - 1 / np.expm1(1 / per_tau)
    network = Score(ErrorReadout(rate=1 / per_tau), {"error": DecayingMoments("output", 1 / per_tau, "input.0")})
    begun = network.init(jax.random.key(0))
    begun = begun._replace(cell=begun.cell._replace(error=jnp.full(1, state, jnp.float32)))
    final, _ = simulate(
        network,
        (jnp.asarray(drive), jnp.asarray(decoded)),
        dt=1 / steps_per_isi,
        key=jax.random.key(0),
        block=100,
        record=nothing,
        state=begun,
    )
    exact = per_tau / 2 / np.tanh(1 / (2 * per_tau)) - per_tau**2
    assert float(final.meters["error"].variance[0]) == pytest.approx(exact, rel=2e-5)
    assert float(final.meters["error"].mean[0]) == pytest.approx(0, abs=2e-5)


def test_nothing_cancels_at_the_step_and_drive_of_the_balanced_network():
    """rate dt = 3e-4 and drive / rate = 64: float32 is held against the same formulas in float64."""
    rng = np.random.default_rng(3)
    rate, dt = 1 / 64, 0.02
    error = (0.5 * np.sin(np.arange(20_000) / 30) + 0.3 * rng.normal(size=20_000)).astype(np.float32)[:, None]
    record = (np.ones_like(error), error)
    state = metered(DecayingMoments("output.1", rate, "input.0"), record, dt=dt, block=100)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    t = (nodes[None] + 1) / 2 * dt
    path = error * np.exp(-rate * t) - np.expm1(-rate * t) / rate
    mean = (path @ weights / 2).mean()
    variance = (np.square(path - mean) @ weights / 2).mean()
    assert float(state.mean[0]) == pytest.approx(mean, abs=1e-6)
    assert float(state.variance[0]) == pytest.approx(variance, rel=1e-5)


def test_a_rate_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="rate has shape"):
        DecayingMoments(rate=[1.0, 2.0, 3.0], shape=2)


@pytest.mark.parametrize("steps", [60, 300])  # scanned, and summed in chunks
@pytest.mark.parametrize("decaying", [False, True])
def test_what_comes_before_the_window_has_no_gradient_even_where_it_is_infinite(steps, decaying):
    meter = (
        DecayingMoments("output", rate=0.3, drive="input", first=5)
        if decaying
        else Moments("output", first=5, shape=(1,))
    )
    row = jnp.sin(jnp.arange(float(steps)))[:, None]
    span = Span(jnp.int32(0), jnp.asarray(0.1), (), steps)

    def spread(row):
        return meter.unroll(meter.init(jax.random.key(0)), Seen(jnp.ones((steps, 1)), row), span)[0].variance.sum()

    gradient = jax.grad(spread)
    found = gradient(row.at[:5].set(jnp.inf))
    np.testing.assert_array_equal(found[:5], 0.0)
    np.testing.assert_allclose(found[5:], gradient(row)[5:], rtol=1e-6)
