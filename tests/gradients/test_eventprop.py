"""Exact event gradients: against closed forms, finite differences, and where they end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.networks import EventLIF
from tests.events.differences import central_differences, largest_error

INF = np.inf


def finite(times):
    return jnp.where(jnp.isfinite(times), times, 0)


def recurrent(seed=3, neurons=4, inputs=3, slots=5, spikes=24):
    """Heterogeneous in everything: delays, thresholds, resets, time constants; one neuron with tau_mem = tau_syn."""
    rng = np.random.default_rng(seed)
    tau_mem, tau_syn = rng.uniform(8, 15, neurons), rng.uniform(3, 20, neurons)
    tau_syn[0] = tau_mem[0]
    net = EventLIF(
        rng.normal(1.9, 1.1, (neurons, inputs)),
        rng.normal(-0.6, 1.2, (neurons, neurons)),
        rng.uniform(0.1, 4, (neurons, inputs)),
        rng.uniform(0.5, 5, (neurons, neurons)),
        rng.uniform(0.7, 1.3, neurons),
        tau_mem,
        tau_syn,
        rng.uniform(-0.3, 0.3, neurons),
        spikes=spikes,
    )
    times = np.sort(rng.uniform(0, 30, (inputs, slots)), axis=1)
    times[0, -1] = INF
    return net, jnp.asarray(times)


def wave(tree):
    """A loss that treats every spike differently, and looks at the final states too; and what happened."""
    net, times, t_end = tree
    out = net(times, t_end)
    phases = 0.3 * finite(out.times) + jnp.arange(out.times.shape[1], dtype=out.times.dtype)[None]
    spikes = jnp.sum(jnp.where(jnp.isfinite(out.times), jnp.sin(phases), 0))
    return spikes + jnp.sum(jnp.sin(out.final.v) + out.final.i**2), out


def first_spike(net, sent):
    out = net(sent[:, None], 30.0)
    return out.times[0, 0], out


slopes_of_wave = jax.jit(jax.grad(wave, has_aux=True))
slopes_of_first_spike = jax.jit(jax.value_and_grad(first_spike, argnums=(0, 1), has_aux=True))


def single(weight, delay, **parameters):
    """One neuron with three inputs: one shape, and so one program, for several tests."""
    return EventLIF(np.array([weight]), None, np.array([delay]), **parameters, spikes=3)


def test_single_spike_follows_its_closed_forms():
    """With V = sum_i w_i k(t - t_i - d_i) the crossing V = threshold moves as

    dt/dw_i = -k_i / V'      dt/dthreshold = 1 / V'      dt/dd_i = dt/dt_i = w_i k'_i / V'
    """
    with jax.enable_x64():
        weight, delay, sent = np.array([4.0, 3.0, -1.0]), np.array([0.5, 2.0, 0.1]), np.array([1.0, 0.0, 0.7])
        net = single(weight, delay, threshold=0.8, tau_mem=10.0, tau_syn=4.0)
        (t, out), (d_net, d_sent) = slopes_of_first_spike(net, jnp.asarray(sent))
        assert out.complete
        s = float(t) - sent - delay
        assert (s > 0).all()
        k = 4 / (4 - 10) * (np.exp(-s / 4) - np.exp(-s / 10))
        k_slope = (np.exp(-s / 4) - k) / 10
        slope = float(weight @ k_slope)
        assert abs(weight @ k - 0.8) < 1e-12 * slope
        np.testing.assert_allclose(d_net.weight_in[0], -k / slope, rtol=1e-10)
        np.testing.assert_allclose(d_net.delay_in[0], weight * k_slope / slope, rtol=1e-10)
        np.testing.assert_allclose(d_sent, weight * k_slope / slope, rtol=1e-10)
        np.testing.assert_allclose(d_net.threshold, 1 / slope, rtol=1e-10)


def test_an_arrival_after_the_end_has_no_effect_and_no_gradient():
    with jax.enable_x64():
        net = single([9.0, 9.0, 9.0], [1.0, 29.5, 2.0])
        (t, _), (d_net, d_sent) = slopes_of_first_spike(net, jnp.ones(3))
        assert t < 30
        assert (np.asarray(d_net.weight_in)[0, [0, 2]] < 0).all()
        assert (np.asarray(d_net.delay_in)[0, [0, 2]] > 0).all()
        np.testing.assert_array_equal([d_net.delay_in[0, 1], d_net.weight_in[0, 1], d_sent[1]], 0)


def test_a_grazing_spike_is_counted_and_its_gradient_bounded():
    with jax.enable_x64():
        peak = 2 / np.e * (1 - 1e-10)  # a weight of 2 with equal time constants reaches 2 / e
        make = lambda least: single(
            [2.0, 0.0, 0.0], 3 * [0.0], threshold=peak, tau_mem=10.0, tau_syn=10.0, min_slope=least
        )
        (_, free), (d_free, _) = slopes_of_first_spike(make(0.0), jnp.ones(3))
        (_, bound), (d_bound, _) = slopes_of_first_spike(make(0.01), jnp.ones(3))
        np.testing.assert_allclose(d_free.threshold, 10 / peak / np.sqrt(2e-10), rtol=1e-3)
        np.testing.assert_allclose(d_bound.threshold, 1 / 0.01)
        assert [int(free.grazing[0]), int(bound.grazing[0])] == [0, 1]
        np.testing.assert_array_equal(free.times, bound.times)


def test_all_gradients_of_a_recurrent_network_of_many_spikes_are_those_of_finite_differences():
    with jax.enable_x64():
        net, times = recurrent()
        tree = (net, times, jnp.asarray(40.0))
        found, out = slopes_of_wave(tree)
        assert out.complete
        assert int(out.count.sum()) > 30
        assert int(out.count.min()) > 0
        errors = largest_error(found, central_differences(lambda tree: wave(tree)[0], tree))
        assert max(errors.values()) < 2e-6, errors
        assert all(jnp.any(leaf != 0) for leaf in jax.tree.leaves(found) if leaf is not found[0].min_slope)


@pytest.mark.slow
def test_gradient_passes_from_layer_to_layer_through_the_spike_times():
    with jax.enable_x64():
        layers = (EventLIF([[9.0], [7.0]], None, 1.0, spikes=3), EventLIF([[9.0, 8.0]], None, 2.0, spikes=3))
        times = jnp.asarray([[1.0, 3.0, 5.0]])

        def last(layers):
            hidden = layers[0](times, 30.0)
            return jnp.sum(finite(layers[1](hidden.times, 30.0).times) ** 2)

        total, found = jax.jit(jax.value_and_grad(last))(layers)
        errors = largest_error(found, central_differences(last, layers))
        assert total > 100
        assert max(errors.values()) < 1e-7 * float(total), errors


@pytest.mark.slow
def test_float32_gives_the_spikes_and_gradients_of_float64():
    def both():
        return jax.tree.map(np.asarray, slopes_of_wave((*recurrent(), jnp.asarray(40.0))))

    coarse_slopes, coarse = both()
    with jax.enable_x64():
        fine_slopes, fine = both()
    assert coarse.times.dtype == np.float32
    np.testing.assert_array_equal(coarse.count, fine.count)
    np.testing.assert_allclose(coarse.times, fine.times, rtol=2e-4)
    for a, b in zip(jax.tree.leaves(coarse_slopes), jax.tree.leaves(fine_slopes), strict=True):
        np.testing.assert_allclose(a, b, atol=0.02 * float(np.abs(b).max()))


@pytest.mark.slow
def test_a_batch_is_a_loop():
    net, times = recurrent()
    batch = jnp.stack([times + shift for shift in (0.2, 0.7, 0.1)])
    tree = (net, batch, jnp.asarray(40.0))
    together, out = jax.jit(jax.vmap(jax.grad(wave, has_aux=True), in_axes=((None, 0, None),)))(tree)
    for k, sample in enumerate(batch):
        alone, out_alone = slopes_of_wave((net, sample, jnp.asarray(40.0)))
        np.testing.assert_array_equal(out.count[k], out_alone.count)
        for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(a[k], b, rtol=2e-3, atol=2e-3 * float(np.abs(b).max()))


def test_networks_that_differ_in_the_slowest_slope_they_believe_share_the_gradient_of_their_input():
    def first(sent, slope):
        net = single([4.0, 4.0, 4.0], [0.5, 1.0, 1.5], min_slope=slope)
        return jnp.sum(finite(net(sent[:, None], 30.0).times))

    sent, slopes = jnp.asarray([1.0, 2.0, 3.0]), jnp.asarray([1e-9, 0.1, 10.0])
    together = jax.grad(lambda sent: jnp.sum(jax.vmap(first, (None, 0))(sent, slopes)))(sent)
    each = [jax.grad(first)(sent, slope) for slope in slopes]
    assert np.any(np.asarray(each[0]) != each[2])
    np.testing.assert_allclose(together, sum(each), rtol=1e-5)
