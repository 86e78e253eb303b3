"""Dropout of spikes: how many are lost, when, and what is left."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.layers import Dropout, inference
from tests.laws.quick import quick_jit

SIZE, TIME = (4, 5), 400
ONES = jnp.ones((TIME, *SIZE))
run = quick_jit(lambda cell, key: simulate(cell, ONES, dt=1.0, key=key)[1])


@pytest.mark.parametrize("rate", [pytest.param(0.1, marks=pytest.mark.slow), 0.6])
def test_the_share_of_lost_spikes_is_the_rate_and_the_mean_is_kept(rate, getkey):
    kept = np.asarray(run(Dropout(rate, size=SIZE), getkey()))
    assert set(np.unique(kept)) <= {0.0, np.float32(1 / (1 - np.float32(rate)))}
    error = np.sqrt(rate / (1 - rate) / kept.size)  # of the mean of independent spikes
    assert abs(kept.mean() - 1) < 4 * error


def test_every_step_loses_other_spikes(getkey):
    kept = np.asarray(run(Dropout(0.5, size=SIZE), getkey())) > 0
    same = np.mean(kept[1:] == kept[:-1])
    assert abs(same - 0.5) < 4 * 0.5 / np.sqrt(kept[1:].size)


def test_one_mask_for_a_sequence_loses_the_same_neurons_in_every_step(getkey):
    cell = Dropout(0.5, size=SIZE, per="sequence")
    one, other = (np.asarray(run(cell, getkey())) for _ in range(2))
    assert np.all(one == one[:1])
    assert not np.array_equal(one, other)


def test_a_step_loses_the_same_spikes_whatever_block_it_is_drawn_in(getkey):
    key, steps = getkey(), np.arange(9, dtype=np.int32)
    draw = quick_jit(lambda steps: Dropout(0.5, size=SIZE).draw(key, steps))
    np.testing.assert_array_equal(draw(steps + 4)[:5], draw(steps)[4:])


def test_nothing_is_lost_in_inference_and_nothing_drawn(getkey):
    cell = inference(Dropout(0.5, size=SIZE))
    assert cell.draw(getkey(), jnp.arange(3)) == ()
    np.testing.assert_array_equal(run(cell, getkey()), ONES)
