"""Meters watch without touching: same output, same noise; and say what they can see when asked for what they cannot."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell, Span
from jaxsnn.engine.simulate import simulate
from jaxsnn.readouts import Moments, Packet, Rate, Score, Seen, SpikeCount, look

from .replay import Replay, metered, shown

SEEN = Seen(None, {"layers": (jnp.ones(3), {"v": jnp.zeros(2)}), "count": jnp.ones(())})


class Noisy(Cell):
    """A random walk."""

    def init(self, key):
        return jax.random.normal(key)

    def draw(self, stream, steps):
        return jax.vmap(lambda n: jax.random.normal(jax.random.fold_in(stream, n)))(steps)

    def step(self, state, x, tick):
        del x
        return state + tick.noise, state


@pytest.mark.parametrize("block", [1, 8])
def test_a_watched_network_follows_the_path_of_the_unwatched_one(block, getkey):
    key = getkey()
    alone = simulate(Noisy(), dt=0.1, steps=40, key=key, block=block)
    meters = {"mean": Moments("output"), "late": Moments("output", first=20)}
    watched = simulate(Score(Noisy(), meters), dt=0.1, steps=40, key=key, block=block)
    np.testing.assert_array_equal(alone[1], watched[1])
    np.testing.assert_array_equal(alone[0], watched[0].cell)
    assert watched[0].meters["late"].mean == pytest.approx(float(np.mean(watched[1][20:])), rel=1e-5)


def test_a_path_leads_through_names_keys_and_numbers():
    assert look(SEEN, "output.layers.0").shape == (3,)
    assert look(SEEN, "output.layers.1.v").shape == (2,)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("output.rate", r"available: output\.layers, output\.count"),
        ("outputs", r"available: input, output"),
        ("output.count.x", r"output\.count has no field 'x'; available: nothing below it"),
        ("output.layers", r"pick one of: output\.layers\.0, output\.layers\.1"),
        ("input", "pass inputs"),
    ],
)
def test_a_path_that_leads_nowhere_is_answered_with_what_there_is(path, says):
    with pytest.raises(ValueError, match=says):
        look(SEEN, path)


def test_a_meter_built_for_another_shape_says_so():
    with pytest.raises(ValueError, match=r"built for shape \(\), but 'output.error' has shape \(2,\)"):
        metered(Moments("output.error"), shown())
    with pytest.raises(ValueError, match="one value per neuron"):
        metered(Packet("output.count"), shown())


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Moments("output", first=10, last=10), "last = 10: must be more than first = 10"),
        (lambda: Moments("output", first=-1), "first = -1"),
        (lambda: Moments("output", last=2.5), "last = 2.5: must be one whole number of steps"),
        (lambda: Moments("output", last=2**31), "last = 2147483648"),
        (lambda: Moments("output", shape=0), "shape = 0"),
        (lambda: Score(Replay(), {"rate": 3.0}), "meters"),
    ],
)
def test_a_meter_refuses_what_it_would_misread(build, says):
    with pytest.raises((ValueError, TypeError), match=says):
        build()


def test_windows_are_traced_and_results_can_be_read_under_vmap():
    record = jnp.arange(20.0)

    @jax.jit
    def finish(first):
        score = Score(Replay(), {"mean": Moments("output", first=first), "rate": Rate("output", last=first)})
        state = score.init(jax.random.key(0))
        state, _ = score.unroll(state, record, Span(jnp.int32(0), jnp.float32(0.5), ((), ()), 20))
        return state.meters["mean"].mean, state.meters["rate"].rate

    mean, rate = jax.vmap(finish)(jnp.array([2, 10, 19]))
    np.testing.assert_allclose(mean, [10.5, 14.5, 19.0], rtol=1e-6)
    np.testing.assert_allclose(rate, [1.0, 9.0, 18.0], rtol=1e-6)


def test_an_empty_window_gives_nan_and_not_zero():
    assert np.isnan(metered(Moments("output.count", first=1000), shown()).mean)
    assert np.isnan(metered(Moments("output.count", first=1000), shown()).variance)
    assert np.isnan(metered(Rate("output.count", first=1000), shown()).rate)
    assert metered(SpikeCount("output.count", first=1000), shown()).count == 0
