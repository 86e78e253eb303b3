"""The loops written by hand: their normals are normal, and they simulate what a peer in another process does."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.by_hand import HOW, c_networks, library
from benchmarks.peers import Missing, Peer, here

NEURONS, STEPS, DT, READOUT, NETWORKS = 16, 2000, 0.05, 1 / 16, 32
GIVEN = {
    "weights": np.linspace(0.9, 1.1, NEURONS),
    "leak": np.full(NETWORKS, 0.02),
    "noise": np.full(NETWORKS, 0.2),
    "readout_rate": READOUT,
    "delay_steps": np.tile([1, 9], NETWORKS // 2),
    "drive": np.ones(STEPS),
    "dt": DT,
}


@pytest.fixture(scope="module", autouse=True)
def _compiler():
    try:
        library()
    except Missing as missing:
        pytest.skip(str(missing))


def test_normals_of_the_c_loop_are_standard_normals():
    drawn = np.zeros((4000, 64), np.float32)
    library().fill(drawn, *drawn.shape, 5)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 1e-4
    squares = drawn**2 - 1
    for a in (drawn, squares):  # neither neurons nor steps know of each other
        pairs = [(a[:, :32] * a[:, 32:]).ravel(), (a[1:] * a[:-1]).ravel(), (a[:, 1:] * a[:, :-1]).ravel()]
        assert max(abs(p.mean()) * np.sqrt(p.size) / p.std() for p in pairs) < 4.5
    assert 4.3 < np.abs(drawn).max() < 6.5


@pytest.fixture(scope="module")
def numpy_results():
    given = {name: np.asarray(value).tolist() for name, value in GIVEN.items()}
    with Peer("numpy_sweep.py", here(), given) as peer:
        return {name: np.array(peer(1)[name]) for name in ("square", "count")}


@pytest.mark.parametrize("normals", [name for name in HOW if name != "none"])
def test_the_c_loop_simulates_what_numpy_does(normals, numpy_results):
    found = c_networks(**GIVEN, steps=STEPS, seed=3, normals=normals, seeds=NETWORKS)
    for column, quantity in ((1, "square"), (2, "count")):
        for kind in (slice(0, None, 2), slice(1, None, 2)):  # of one delay
            a, b = np.log(found[kind, column]), np.log(numpy_results[quantity][kind])
            assert abs(a.mean() - b.mean()) < 4.5 * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / a.size)


def test_without_noise_neurons_are_alike_and_a_peer_that_fails_says_why():
    same = c_networks(**GIVEN, steps=STEPS, seed=3, normals="none")
    assert same[:, 2].min() > 0
    with pytest.raises(Missing, match="KeyError"):
        Peer("numpy_sweep.py", here(), {"nothing": 1})
