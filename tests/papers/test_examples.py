"""The example that is not from a paper."""

import runpy
from pathlib import Path

import jax
import numpy as np

from jaxsnn.sweeps import Grid, paired_difference, sweep

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "stochastic_resonance.py"


def test_a_weak_signal_is_heard_best_at_an_intermediate_noise():
    study = runpy.run_path(str(EXAMPLE))["STUDY"]
    data = sweep(study, Grid(noise=[0.3, 1.0, 6.0], seed=4), key=jax.random.key(0))
    power = data["power"].values
    for end in (0, 2):
        gain = paired_difference(power[1], power[end])
        assert gain.low > 0
    assert np.all(np.diff(data["rate"].mean("seed").values) > 0)  # while the rate only grows


def test_it_is_short_enough_to_read():
    assert len(EXAMPLE.read_text().splitlines()) < 100
