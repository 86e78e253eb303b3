"""Networks in continuous time: what their spikes must obey, what does not fit, what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsnn.engine import simulate
from jaxsnn.fit import NotFinite, fit, free, spike_time_loss
from jaxsnn.networks import Chain, EventLIF
from jaxsnn.neurons import LIF
from jaxsnn.synapses import Dense, Exponential

INF = np.inf
run = jax.jit(lambda net, times: net(times, 40.0))


def network(spikes=20, **options):
    weight_in = np.array([[6.0, 2.0], [5.0, 4.0], [3.0, 7.0]])
    weight_rec = np.array([[0.0, 2.0, -1.0], [3.0, 0.5, 0.0], [-2.0, 1.0, 1.0]])
    delay_rec = np.array([[1.0, 2.5, 0.7], [1.3, 3.0, 2.0], [0.4, 1.9, 5.0]])
    return EventLIF(weight_in, weight_rec, [[1.0, 2.0], [0.5, 1.5], [3.0, 0.1]], delay_rec, spikes=spikes, **options)


TIMES = np.array([[0.0, 4.0, 9.0, 20.0], [2.0, 3.0, 11.0, INF]])


def test_spikes_are_in_order_and_padded_with_inf():
    out = run(network(), TIMES)
    assert out.complete
    for times, count in zip(np.asarray(out.times), np.asarray(out.count), strict=True):
        assert 2 < count < 20
        assert (np.diff(times[:count]) > 0).all()
        assert np.isinf(times[count:]).all()
        assert times[count - 1] <= 40


def test_a_network_that_is_a_constant_of_a_program_and_one_that_is_its_argument_spike_alike():
    net = network()
    np.testing.assert_array_equal(jax.jit(lambda times: net(times, 40.0))(TIMES).times, run(net, TIMES).times)


def test_later_inputs_and_longer_input_delays_are_the_same_thing():
    with jax.enable_x64():
        early = run(network(), TIMES)
        late = run(network(), TIMES + 1.25)
        slow = run(eqx.tree_at(lambda net: net.delay_in, network(), network().delay_in + 1.25), TIMES)
        np.testing.assert_allclose(late.times, slow.times, rtol=1e-13)
        shared = np.asarray(late.times) < 40 - 1e-9
        np.testing.assert_allclose(np.asarray(late.times)[shared], np.asarray(early.times)[shared] + 1.25, rtol=1e-12)


def test_the_order_in_which_inputs_and_neurons_are_numbered_does_not_matter():
    with jax.enable_x64():
        net, order = network(), np.array([2, 0, 1])
        other = EventLIF(
            net.weight_in[order][:, ::-1],
            net.weight_rec[order][:, order],
            net.delay_in[order][:, ::-1],
            net.delay_rec[order][:, order],
            spikes=20,
        )
        np.testing.assert_allclose(run(other, TIMES[::-1]).times, run(net, TIMES).times[order], rtol=1e-13)


def test_spikes_beyond_the_capacity_are_counted_and_those_before_are_right():
    whole, part = run(network(), TIMES), run(network(spikes=2), TIMES)
    assert whole.complete
    assert not part.complete
    np.testing.assert_array_equal(part.count, 2)
    assert (np.asarray(part.lost) > 0).all()
    until = np.asarray(whole.times)[:, 2].min()  # the first spike that was neither kept nor sent
    before = np.asarray(whole.times)[:, :2] < until
    np.testing.assert_array_equal(np.asarray(part.times)[before], np.asarray(whole.times)[:, :2][before])


def test_a_log_that_is_too_short_is_reported():
    short, enough = run(network(max_events=32), TIMES), run(network(max_events=288), TIMES)
    assert not short.complete
    assert enough.complete
    kept = np.isfinite(short.times)
    assert 0 < kept.sum() < np.isfinite(enough.times).sum()
    np.testing.assert_array_equal(np.asarray(short.times)[kept], np.asarray(enough.times)[kept])


@pytest.mark.parametrize(
    ("field", "value"),
    [("delay_rec", -0.1), ("threshold", 0.0), ("tau_mem", np.nan), ("reset", 2.0), ("weight_in", INF)],
)
def test_a_value_that_makes_no_sense_inside_a_program_gives_no_times(field, value):
    where = lambda net: getattr(net, field)
    net = eqx.tree_at(where, network(), jnp.full_like(where(network()), value))
    out = run(net, TIMES)
    assert np.isnan(out.times).all()
    assert not out.complete
    with pytest.raises(ValueError, match=f"EventLIF.{field} = "):
        net(TIMES, 40.0)


@pytest.mark.parametrize("t_end", [np.nan, INF, 0.0, -1.0])
def test_an_end_that_makes_no_sense_inside_a_program_gives_no_times(t_end):
    out = jax.jit(lambda t: network()(TIMES, t))(t_end)
    assert np.isnan(out.times).all()
    assert not out.complete


def test_a_fit_that_leaves_what_is_possible_breaks_and_is_no_success():
    """A threshold below zero has no spike times: their distance to wanted ones is no number, and not zero."""

    def loss(net, key):
        return spike_time_loss(net(TIMES, 40.0).times, jnp.full((3, 1), 0.1))

    with pytest.raises(NotFinite, match="not finite are the loss"):
        fit(loss, network(), {"threshold": free()}, optimizer=optax.sgd(100.0), steps=5, key=jax.random.key(0))


def test_a_zero_delay_in_the_recurrence_is_the_limit_of_short_ones():
    with jax.enable_x64():
        at = lambda delay: run(eqx.tree_at(lambda net: net.delay_rec, network(), jnp.full((3, 3), delay)), TIMES).times
        np.testing.assert_allclose(at(0.0), at(1e-9), rtol=1e-7)


@pytest.mark.slow
def test_the_grid_based_neuron_converges_to_these_spike_times_with_the_first_power_of_dt():
    weight, sent = np.array([[9.0, 6.0]]), np.array([[0.0, 6.4, 16.0], [3.2, 9.6, 22.4]])
    with jax.enable_x64():
        exact = EventLIF(weight, None, 0.0, tau_mem=10.0, tau_syn=4.0, spikes=24)(sent, 40.0)
        count, first = int(exact.count[0]), np.asarray(exact.times)[0, : int(exact.count[0])]
        cells = Chain(Dense(weight), Exponential(4.0, size=1), LIF(10.0, 1.0, size=1))
        errors = []
        for dt in (0.2, 0.05, 0.0125):
            spikes = np.zeros((round(40 / dt), 2))
            for k, train in enumerate(sent):
                spikes[np.rint(train / dt).astype(int), k] = 1
            _, s = simulate(cells, jnp.asarray(spikes), dt=dt, key=jax.random.key(0))
            found = (np.flatnonzero(np.asarray(s)[:, 0]) + 1) * dt  # flagged at the end of the step that reaches it
            assert len(found) == count > 2
            errors.append(np.abs(found - first).mean())
    assert errors[0] < count * 0.2
    assert errors[0] / errors[1] > 2.5
    assert errors[1] / errors[2] > 2.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight_in": np.ones((3, 0))}, r"EventLIF.weight_in.shape = \(3, 0\): must be \(neuron, input\)"),
        ({"weight_in": np.full((3, 2), np.nan)}, "EventLIF.weight_in = .*must be finite"),
        ({"weight_rec": np.ones((3, 2))}, r"EventLIF.weight_rec.shape = \(3, 2\): must be \(3, 3\)"),
        ({"delay_in": -1.0}, "EventLIF.delay_in = -1.*cannot arrive before it is sent"),
        ({"delay_in": np.ones(3)}, r"EventLIF.delay_in.shape = \(3,\).*one per synapse"),
        ({"delay_rec": np.full((3, 3), -0.5)}, "EventLIF.delay_rec = "),
        ({"threshold": 0.0}, "EventLIF.threshold = 0.*resting membrane is at 0"),
        ({"threshold": np.ones(2)}, "EventLIF.threshold.shape"),
        ({"reset": 1.0}, "EventLIF.reset = 1.*below threshold = 1"),
        ({"tau_mem": 0.0}, "EventLIF.tau_mem = 0"),
        ({"tau_syn": -1.0}, "EventLIF.tau_syn = -1"),
        ({"spikes": 0}, "EventLIF.spikes = 0: must be an integer of at least 1"),
        ({"max_events": 0}, "EventLIF.max_events = 0: must be an integer of at least 1"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(change, words):
    given = {"weight_in": np.ones((3, 2)), "weight_rec": np.ones((3, 3))} | change
    with pytest.raises(ValueError, match=words):
        EventLIF(**given)


@pytest.mark.parametrize(
    ("times", "t_end", "words"),
    [
        (np.ones((3, 2)), 40.0, r"input_times.shape = \(3, 2\): must be \(2, spikes\)"),
        (np.ones(2), 40.0, "input_times.shape"),
        (np.array([[1.0], [np.nan]]), 40.0, "input_times = .*not NaN"),
        (np.array([[1.0], [-2.0]]), 40.0, "input_times = .*zero or later"),
        (np.array([[1.0, 2.0], [3.0, 2.0]]), 40.0, r"input_times, rows = \[1\]: must rise.*sort"),
        (np.ones((2, 1)), 0.0, "t_end = 0.*positive"),
        (np.ones((2, 1)), np.inf, "t_end = inf: must be finite"),
    ],
)
def test_input_that_makes_no_sense_is_refused(times, t_end, words):
    with pytest.raises(ValueError, match=words):
        network()(times, t_end)
