"""CV and Fano factor against elephant, on spike trains that both read from the same record."""

import warnings

import numpy as np
import pytest

from jaxsnn.readouts import Fano, Intervals

from .replay import DT, metered

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    elephant = pytest.importorskip("elephant.statistics")
    neo = pytest.importorskip("neo")


@pytest.fixture
def record():
    return (np.random.default_rng(9).random((400, 3)) < [0.05, 0.1, 0.3]).astype(np.float32)


def trains(record, t_stop):
    times = [np.flatnonzero(spikes) * DT for spikes in record.T]
    return [neo.SpikeTrain(t, units="ms", t_stop=t_stop) for t in times]


@pytest.mark.filterwarnings("ignore")
def test_cv_is_that_of_elephant(record):
    state = metered(Intervals("output", shape=3), record, block=100)
    theirs = [elephant.cv(elephant.isi(train).magnitude) for train in trains(record, 400 * DT)]
    np.testing.assert_allclose(state.cv, theirs, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_fano_factor_is_that_of_elephant(record):
    """Elephant counts one neuron over trials; here the trials are the bins."""
    state = metered(Fano("output", 40, shape=3), record, block=100)
    for neuron in range(3):
        bins = [trains(part[:, None], 40 * DT)[0] for part in record[:, neuron].reshape(-1, 40)]
        assert float(state.fano[neuron]) == pytest.approx(elephant.fanofactor(bins), rel=1e-5)
