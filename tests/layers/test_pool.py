"""Pooling of feature maps, and their flattening, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.layers import AveragePool, Flatten, MaxPool

XS = np.random.default_rng(0).normal(size=(3, 2, 5, 7)).astype(np.float32)
go = lambda cell, xs=XS: simulate(cell, jnp.asarray(xs), dt=1.0, key=jax.random.key(0))[1]


@pytest.mark.parametrize(("make", "of"), [(AveragePool, np.mean), (MaxPool, np.max)])
def test_each_square_gives_one_number_and_what_fills_none_is_left_out(make, of):
    squares = [[of(XS[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2], axis=(2, 3)) for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(go(make(2)), np.array(squares).transpose(2, 3, 0, 1), rtol=1e-5)
    np.testing.assert_allclose(go(make(None)), of(XS, axis=(2, 3)), rtol=1e-5, atol=1e-6)


def test_equal_maxima_share_the_gradient():
    spikes = jnp.zeros((1, 1, 2, 2)).at[0, 0, 0].set(1.0)
    gradient = jax.grad(lambda xs: jnp.sum(go(MaxPool(2), xs)))(spikes)
    np.testing.assert_allclose(gradient[0, 0], [[0.5, 0.5], [0, 0]])


def test_flattened_maps_have_their_channels_slowest():
    np.testing.assert_array_equal(go(Flatten()), XS.reshape(3, -1))


def test_a_window_larger_than_the_maps_is_refused():
    with pytest.raises(ValueError, match=r"window = 6: must be at most the size of the maps, \(5, 7\)"):
        go(AveragePool(6))
