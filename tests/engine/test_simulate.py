"""The one loop over time, as a user calls it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import DelayLine
from jaxsnn.engine import nothing, simulate
from jaxsnn.networks import Chain
from jaxsnn.neurons import LeakyIntegrator
from jaxsnn.noise import WhiteNoise

CELL = lambda: Chain(WhiteNoise(0.5, size=3), LeakyIntegrator(2.0, size=3))


def test_a_hundred_and_fifty_steps_and_then_the_rest_equal_one_run(getkey):
    key, xs = getkey(), jnp.ones((400, 3))
    final, ys = simulate(CELL(), xs, dt=0.1, key=key, block=50)
    half, first = simulate(CELL(), xs[:150], dt=0.1, key=key, block=50)
    end, second = simulate(CELL(), xs[150:], dt=0.1, key=key, block=50, state=half, start=150)
    np.testing.assert_array_equal(np.concatenate([first, second]), ys)
    jax.tree.map(np.testing.assert_array_equal, final, end)


def test_steps_that_no_block_divides_are_run_to_the_last(getkey):
    key, xs = getkey(), jnp.ones((103, 3))
    whole = simulate(CELL(), xs, dt=0.1, key=key)[1]
    cut = simulate(CELL(), xs, dt=0.1, key=key, block=10)[1]
    assert cut.shape == (103, 3)
    np.testing.assert_allclose(cut, whole, rtol=1e-5, atol=1e-6)


def test_record_chooses_what_is_kept(getkey):
    key, xs = getkey(), jnp.ones((20, 3))
    final, none = simulate(CELL(), xs, dt=0.1, key=key, record=nothing)
    assert none is None
    _, top = simulate(CELL(), xs, dt=0.1, key=key, record=lambda state, y: jnp.max(y))
    _, ys = simulate(CELL(), xs, dt=0.1, key=key)
    np.testing.assert_allclose(top, ys.max(axis=1), rtol=1e-6)
    jax.tree.map(np.testing.assert_array_equal, final, simulate(CELL(), xs, dt=0.1, key=key)[0])


def test_rematerialised_gradients_are_the_plain_gradients(getkey):
    key, xs = getkey(), jnp.ones((60, 3))

    def loss(xs, remat):
        return jnp.sum(simulate(CELL(), xs, dt=0.1, key=key, block=7, remat=remat)[1] ** 2)

    with jax.enable_x64(True):
        plain, again = (jax.grad(loss)(jnp.asarray(xs, float), remat) for remat in (False, True))
        np.testing.assert_allclose(again, plain, rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"inputs": None}, r"steps = None.*pass steps"),
        ({"steps": 7}, r"leading lengths \['5'\].*steps = 7"),
        ({"dt": 0.0}, r"dt = 0.*positive"),
        ({"dt": np.nan}, r"dt = nan"),
        ({"block": 0}, r"block = 0.*at least 1"),
        ({"steps": 2.5}, r"steps = 2.5.*integer"),
        ({"key": 3}, r"key = 3.*jax.random.key"),
        ({"key": jax.random.PRNGKey(0)}, r"must be one typed random key"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_by_name(given, message):
    values = {"inputs": jnp.ones((5, 3)), "dt": 0.1, "key": jax.random.key(0)} | given
    with pytest.raises((ValueError, TypeError), match=message):
        simulate(CELL(), values.pop("inputs"), **values)


@pytest.mark.parametrize("block", [None, 1])
def test_the_state_of_another_network_is_refused(block):
    xs, key = jnp.ones((8, 2)), jax.random.key(0)
    short, long = (DelayLine(3.0, size=2, max_delay=longest) for longest in (5, 9))
    state = simulate(short, xs, dt=1.0, key=key)[0]
    with pytest.raises(ValueError, match=r"state = .*\[7, 2\].*must be .*\[11, 2\].*earlier run of this cell"):
        simulate(long, xs, dt=1.0, key=key, state=state, start=8, block=block)
    with pytest.raises(ValueError, match="state = .*must be"):
        simulate(Chain(short, short), xs, dt=1.0, key=key, state=3, start=8, block=block)
    assert simulate(short, xs, dt=1.0, key=key, state=state, start=8, block=block)[1].shape == (8, 2)


def test_a_run_beyond_the_last_step_number_is_refused():
    with pytest.raises(ValueError, match=r"steps = 12: must be fewer than 2\*\*31 - start = 6"):
        simulate(DelayLine(4.0, size=1, max_delay=5), jnp.ones((12, 1)), dt=1.0, key=jax.random.key(0), start=2**31 - 6)
