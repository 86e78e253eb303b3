"""The oscillating quadratic neuron: its closed form, pseudospikes, and times that move without a jump."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.networks import EventQIF
from tests.events.differences import central_differences, largest_error

T_END = 40.0
run = jax.jit(lambda net, times, t_end: net(times, t_end))


def network(**options):
    rng = np.random.default_rng(0)
    return EventQIF(
        rng.normal(0, 1, (4, 3)),
        rng.normal(0, 0.7, (4, 4)),
        rng.uniform(0.1, 4, (4, 3)),
        rng.uniform(0.5, 5, (4, 4)),
        rng.uniform(4, 9, 4),
        rng.uniform(0.5, 1.5, 4),
        rng.uniform(-0.3, 0.3, 4),
        spikes=6,
        **options,
    )


def inputs():
    times = np.sort(np.random.default_rng(1).uniform(0, 38, (3, 3)), axis=1)
    times[0, -1] = np.inf
    return jnp.asarray(times)


@pytest.mark.slow
def test_phase_and_pulses_are_those_of_the_voltage_equation():
    with jax.enable_x64():
        net = EventQIF([[0.5]], None, 2.0, tau=10.0, drive=1.25, start=-0.4, spikes=2)
        out = net(np.array([[1.0, 4.0]]), 12.0)
        assert int(out.count[0]) == 0
        field = lambda t, v, args: (v * (v - 1) + 1.25) / 10.0
        v = jnp.asarray(-0.4)
        for start, end, pulse in [(0.0, 3.0, 0.5), (3.0, 6.0, 0.5), (6.0, 12.0, 0.0)]:
            control = diffrax.PIDController(rtol=1e-11, atol=1e-11)
            flow = diffrax.diffeqsolve(
                diffrax.ODETerm(field), diffrax.Dopri8(), start, end, 0.01, v, stepsize_controller=control
            )
            v = flow.ys[0] + pulse
        np.testing.assert_allclose(out.final[0], 10.0 * (np.arctan(v - 0.5) + np.pi / 2), rtol=1e-9)


def test_all_gradients_of_spikes_and_pseudospikes_are_those_of_finite_differences():
    with jax.enable_x64():
        tree = (network(), inputs(), jnp.asarray(T_END))

        def loss(tree):
            out = tree[0](*tree[1:])
            return jnp.sum(jnp.sin(0.3 * out.times + jnp.arange(6.0)[None])), out

        found, out = jax.jit(jax.grad(loss, has_aux=True))(tree)
        assert out.complete
        assert 0 < int(out.count.sum()) < 12
        assert (np.asarray(out.times) > T_END).sum() > 12
        errors = largest_error(found, central_differences(lambda tree: loss(tree)[0], tree))
        assert max(errors.values()) < 1e-6, errors
        assert all(jnp.any(leaf != 0) for leaf in jax.tree.leaves(found))


@pytest.mark.slow
def test_every_time_is_continuous_while_spikes_and_arrivals_move_over_the_end():
    """The trial's end sweeps over every spike and arrival: no time ever jumps, though the counts change."""
    with jax.enable_x64():
        net, times = network(), inputs()
        ends = np.linspace(8.0, 40.0, 1601)
        outs = jax.jit(jax.vmap(run, in_axes=(None, None, 0)))(net, times, jnp.asarray(ends))
        assert np.asarray(outs.complete).all()
        counts = np.asarray(outs.count)
        assert (counts[-1] - counts[0]).sum() >= 4
        moves = np.abs(np.diff(np.asarray(outs.times)[:, :, :2], axis=0)).max(axis=(1, 2))
        assert moves.max() < 40 * (ends[1] - ends[0])  # a jump would not shrink with the step
        finer = np.linspace(ends[np.argmax(moves)], ends[np.argmax(moves) + 1], 1601)
        outs = jax.jit(jax.vmap(run, in_axes=(None, None, 0)))(net, times, jnp.asarray(finer))
        assert np.abs(np.diff(np.asarray(outs.times)[:, :, :2], axis=0)).max() < moves.max() / 100


@pytest.mark.slow
def test_a_silent_neuron_has_a_gradient_that_makes_it_fire():
    with jax.enable_x64():
        net, sent, t_end = EventQIF([[0.0]], None, 1.0, tau=10.0, spikes=1), jnp.asarray([[2.0, 5.0, 9.0]]), 15.0
        before = net(sent, t_end)
        assert int(before.count[0]) == 0
        assert before.times[0, 0] > t_end
        slope = jax.jit(jax.grad(lambda net: (net(sent, t_end).times[0, 0] - 12.0) ** 2))
        for _ in range(60):
            step = slope(net).weight_in
            net = EventQIF(net.weight_in - 0.003 * step, None, 1.0, tau=10.0, spikes=1)
        after = net(sent, t_end)
        assert int(after.count[0]) == 1
        np.testing.assert_allclose(after.times[0, 0], 12.0, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"drive": 0.25}, "EventQIF.drive = 0.25: must exceed 1/4"),
        ({"tau": 0.0}, "EventQIF.tau = 0"),
        ({"start": np.nan}, "EventQIF.start = nan"),
        ({"delay_in": -1.0}, "EventQIF.delay_in = -1"),
        ({"spikes": 0}, "EventQIF.spikes = 0"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        EventQIF(np.ones((2, 2)), **change)


def test_a_start_that_is_no_number_inside_a_program_gives_no_times():
    net = lambda start: EventQIF(np.ones((2, 1)), start=start)([[1.0, 2.0]], 30.0)
    assert np.isfinite(jax.jit(net)(0.0).times).all()
    out = jax.jit(net)(np.nan)
    assert np.isnan(out.times).all()
    assert not out.complete
