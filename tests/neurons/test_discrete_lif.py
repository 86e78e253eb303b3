"""The per-step neuron against its update, written out."""

import jax
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.neurons import DiscreteLIF

XS = 0.4 + np.asarray(jax.random.normal(jax.random.key(0), (40, 3)))


def _run(xs=XS, **options):
    cell = DiscreteLIF(**({"beta": 0.8, "threshold": 1.0, "size": 3} | options))
    return np.asarray(simulate(cell, xs.astype(np.float32), dt=1.0, key=jax.random.key(0))[1])


def test_subtractive_reset_takes_the_threshold_off_in_the_next_step():
    v = s = np.zeros(3)
    for x, spikes in zip(XS, _run(), strict=True):
        v = 0.8 * v + x - s
        s = (v >= 1).astype(float)
        np.testing.assert_array_equal(spikes, s)
    assert 5 < _run().sum() < 100


def test_reset_to_zero_forgets_the_membrane_and_keeps_the_input():
    v, beta = np.zeros(3), np.array([0.5, 0.8, 0.95])
    for x, spikes in zip(XS, _run(beta=beta, reset="zero"), strict=True):
        v = beta * v + x
        np.testing.assert_array_equal(spikes, v >= 1)
        v = np.where(v >= 1, 0, v)
    assert np.any(_run(reset="zero") != _run())


def test_the_step_length_plays_no_part():
    cell = DiscreteLIF(0.8, size=3)
    runs = [simulate(cell, XS.astype(np.float32), dt=dt, key=jax.random.key(0))[1] for dt in (1.0, 0.01)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"beta": 1.2}, r"DiscreteLIF.beta = 1.2.*must lie in \[0, 1\]; for a time constant tau pass exp"),
        ({"reset": "hard"}, 'DiscreteLIF.reset = \'hard\': must be "subtract" or "zero"'),
        ({"threshold": np.ones(4)}, r"DiscreteLIF.threshold.shape = \(4,\)"),
    ],
)
def test_a_neuron_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        DiscreteLIF(**({"size": 3} | options))
