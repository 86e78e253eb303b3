"""Spikes as bits."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays.packing import byte_count, count, pack, unpack

SIZES = [1, 31, 32, 33, 64, 100, 128, 129, 200]


@pytest.mark.parametrize("neurons", SIZES)
def test_unpacking_gives_back_what_was_packed(neurons):
    spikes = np.random.default_rng(neurons).random((20, neurons)) < 0.3
    for row in spikes:
        packed = pack(jnp.asarray(row))
        assert packed.shape == (byte_count(neurons),)
        np.testing.assert_array_equal(unpack(packed, neurons), row)
        assert float(count(packed)) == row.sum()


@pytest.mark.parametrize("neurons", [32, 33])
def test_every_neuron_has_a_bit_of_its_own(neurons):
    packed = {tuple(np.asarray(pack(jnp.arange(neurons) == i)).tolist()) for i in range(neurons)}
    assert len(packed) == neurons
    assert all(sum(bin(word).count("1") for word in row) == 1 for row in packed)
