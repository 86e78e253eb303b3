"""Spike statistics against elephant, on spike trains that both read from the same record."""

import warnings

import numpy as np
import pytest

from jaxsnn.readouts import Correlation, Fano, Intervals, LocalVariation, Synchrony

from .replay import DT, metered

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    elephant = pytest.importorskip("elephant.statistics")
    correlation = pytest.importorskip("elephant.spike_train_correlation")
    conversion = pytest.importorskip("elephant.conversion")
    neo = pytest.importorskip("neo")

STEPS, BIN = 400, 8
ROUNDING = 2e-5  # float32, some hundred terms
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def record():
    """Neurons of different rates, one bursting, with some spikes in common."""
    rng = np.random.default_rng(9)
    chance = np.array([0.05, 0.1, 0.3, 0.1]) * np.where(np.arange(STEPS) // 25 % 2, 1.6, 0.4)[:, None] ** [0, 0, 0, 1]
    return ((rng.random((STEPS, 4)) < chance) | (rng.random((STEPS, 1)) < 0.05)).astype(np.float32)


def trains(record, t_stop=STEPS * DT):
    times = [np.flatnonzero(spikes) * DT for spikes in record.T]
    return [neo.SpikeTrain(t, units="ms", t_stop=t_stop) for t in times]


def bins(record, steps):
    """Elephant's binned trains; spikes stand in the middle of their step, as bin edges round."""
    times = [(np.flatnonzero(spikes) + 0.5) * DT for spikes in record.T]
    spike_trains = [neo.SpikeTrain(t, units="ms", t_stop=STEPS * DT) for t in times]
    return conversion.BinnedSpikeTrain(spike_trains, n_bins=STEPS // steps, t_stop=spike_trains[0].t_stop)


def test_cv_is_that_of_elephant(record):
    state = metered(Intervals("output", shape=4), record, block=100)
    theirs = [elephant.cv(elephant.isi(train).magnitude) for train in trains(record)]
    np.testing.assert_allclose(state.cv, theirs, rtol=ROUNDING)


def test_cv2_and_lv_are_those_of_elephant(record):
    state = metered(LocalVariation("output", shape=4), record, block=100)
    intervals = [elephant.isi(train).magnitude for train in trains(record)]
    np.testing.assert_allclose(state.cv2, [elephant.cv2(each) for each in intervals], rtol=ROUNDING)
    np.testing.assert_allclose(state.lv, [elephant.lv(each) for each in intervals], rtol=ROUNDING)


def test_fano_factor_is_that_of_elephant(record):
    """Elephant counts one neuron over trials; here the trials are the bins."""
    state = metered(Fano("output", 40, shape=4), record, block=100)
    for neuron in range(4):
        each = [trains(part[:, None], 40 * DT)[0] for part in record[:, neuron].reshape(-1, 40)]
        np.testing.assert_allclose(state.fano[neuron], elephant.fanofactor(each), rtol=ROUNDING)


def test_pairwise_correlation_and_covariance_of_counts_are_those_of_elephant(record):
    state = metered(Correlation("output", BIN, neurons=4), record, block=100)
    theirs = bins(record, BIN)
    np.testing.assert_allclose(state.correlation, correlation.correlation_coefficient(theirs), atol=ROUNDING)
    unbiased = np.asarray(state.covariance) * STEPS / (STEPS - BIN)  # elephant divides by bins - 1
    np.testing.assert_allclose(unbiased, correlation.covariance(theirs), atol=ROUNDING)
    assert np.min(state.correlation) > 0.05  # the common spikes


@pytest.mark.parametrize("steps", [1, BIN])
def test_synchrony_is_that_of_the_covariance_matrix_of_elephant(record, steps):
    """Variance of the mean over neurons, over the mean of their variances: the mean of all entries over that of the
    diagonal. Step by step from the spikes, and in bins."""
    matrix = correlation.covariance(bins(record, steps))
    expected = matrix.mean() / np.diag(matrix).mean()
    ours = metered(Correlation("output", steps, neurons=4), record, block=100).chi_squared
    np.testing.assert_allclose(ours, expected, rtol=ROUNDING)
    if steps == 1:
        ours = metered(Synchrony("output", neurons=4), record, block=100).chi_squared
        np.testing.assert_allclose(ours, expected, rtol=ROUNDING)
