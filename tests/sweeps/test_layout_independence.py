"""Random numbers do not know where they are drawn: on how many devices, by which engine, in chunks of which size.

Draws are compared bit by bit. Statistics of a network are bit-equal for one chunk size, one number of devices and one
platform, whoever computes them; between layouts they differ by rounding, which a threshold may amplify, but not by more
than chance.
"""

import logging
import warnings

import numpy as np
import pytest

from jaxsnn.sweeps import paired_difference

from . import layouts

CHUNKS = (1, 3, 7)  # of 7 points


@pytest.fixture(scope="module")
def expected():
    """The draws on the two devices of this process, one chunk."""
    return layouts.digest(layouts.draws("inline", 7))


@pytest.mark.slow
def test_draws_are_the_same_bits_for_every_number_of_devices_and_chunk(expected):
    one = layouts.elsewhere(1, "draws", *(f"inline:{chunk}" for chunk in CHUNKS))
    eight = layouts.elsewhere(8, "draws", *(f"inline:{chunk}" for chunk in CHUNKS), "processes:3")
    assert {*one.values(), *eight.values()} == {expected}


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 8])
@pytest.mark.parametrize("engine", ["processes", "submitit"])
def test_draws_are_the_same_bits_by_every_engine(engine, cores, expected):
    found = layouts.elsewhere(cores, "draws", *(f"{engine}:{chunk}" for chunk in CHUNKS))
    assert set(found.values()) == {expected}


@pytest.mark.slow
@pytest.mark.parametrize("chunk", CHUNKS)
def test_draws_are_the_same_bits_on_a_dask_cluster(chunk, expected):
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.CRITICAL}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster):
            assert layouts.digest(layouts.draws("dask", chunk)) == expected


@pytest.mark.slow
def test_statistics_are_bit_equal_for_one_layout_and_within_chance_for_another():
    here = {chunk: layouts.network("inline", chunk) for chunk in (2, 6)}
    one = layouts.elsewhere(1, "statistics", "inline:2", "inline:6", "processes:6")
    eight = layouts.elsewhere(8, "statistics", "inline:2", "inline:6", "processes:6")
    assert layouts.digest(layouts.network("processes", 6)) == layouts.digest(here[6])
    for found in (one, eight):
        assert found["processes:6"]["digest"] == found["inline:6"]["digest"]
    reference = layouts.by_seed(here[6])
    assert set(reference) >= {"rate", "rmse"}
    others = [layouts.by_seed(here[2]), *(found["by_seed"] for each in (one, eight) for found in each.values())]
    for other in others:
        for name, values in reference.items():
            difference = paired_difference(np.asarray(values), np.asarray(other[name]))
            rounding = 1e-6 * np.abs(values).mean()
            assert abs(difference.value) <= 3 * difference.se + rounding, name
