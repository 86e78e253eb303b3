import jax
import numpy as np
import pytest

from jaxsnn.networks import IsiUnits, ReadoutUnits, to_isi, to_readout


def test_conversion_to_intervals_follows_the_definitions():
    isi = to_isi(ReadoutUnits(leak=0.1, noise=4.0, delay=0.01), rate=64.0)
    np.testing.assert_allclose(isi, (0.1 / 64, 4.0 / 8, 0.64), rtol=1e-6)


def test_conversion_there_and_back_is_the_identity():
    noise = np.geomspace(0.05, 40, 6)
    there = to_isi(ReadoutUnits(leak=0.1, noise=noise, delay=0.02), rate=64.0)
    back = to_readout(there, rate=64.0)
    np.testing.assert_allclose(back.noise, noise, rtol=1e-6)
    np.testing.assert_allclose(back.leak, 0.1, rtol=1e-6)
    np.testing.assert_allclose(back.delay, 0.02, rtol=1e-6)


def test_diffusion_over_one_interval_is_the_same_in_both_units():
    readout, rate = ReadoutUnits(leak=1.0, noise=3.0, delay=0.1), 50.0
    isi = to_isi(readout, rate)
    spread = lambda leak, noise, time: noise * np.sqrt(-np.expm1(-2 * leak * time) / (2 * leak))
    assert float(isi.noise) == pytest.approx(readout.noise / np.sqrt(rate), rel=1e-6)
    assert spread(float(isi.leak), float(isi.noise), 1.0) == pytest.approx(spread(1.0, 3.0, 1 / rate), rel=1e-5)


def test_conversion_is_differentiable_in_the_rate():
    delay = lambda rate: to_isi(ReadoutUnits(0.1, 1.0, 0.25), rate).delay
    assert float(jax.grad(delay)(10.0)) == pytest.approx(0.25)


def test_a_rate_of_zero_is_refused_by_name():
    with pytest.raises(ValueError, match="rate = 0"):
        to_readout(IsiUnits(0.1, 1.0, 1.0), rate=0.0)
