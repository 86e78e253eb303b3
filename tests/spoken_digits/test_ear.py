"""The inner ear, part by part, against what is known of it in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import hankel2
from scipy.stats import binom

from experiments.spoken_digits.ear import DEFAULT, Settings, auditory_network, listen, padded, prepared
from experiments.spoken_digits.hair_cell import HairCell
from experiments.spoken_digits.membrane import HUMAN, excite, filter_bank, places, resonance, wave_number
from experiments.spoken_digits.nerve import AuditoryNerve, binomial
from jaxsnn.core import Span
from tests.laws.quick import quick_jit

RATE = 11025.0
SMALL = Settings(channels=5, bank=1024, frames=4, block=441)


@pytest.fixture(scope="module")
def bank():
    return filter_bank(12, 4096, RATE, grid=350)


def test_the_wave_number_solves_the_dispersion_relation_and_decays_to_the_apex():
    omega = 2 * np.pi * np.array([50.0, 200.0, 800.0])
    k, load = wave_number(1.2, omega, HUMAN)
    np.testing.assert_allclose(k * np.tanh(k * HUMAN.height), 2 * HUMAN.density * omega**2 / load, rtol=1e-10)
    assert np.all(k.real > 0)
    assert np.all(k.imag < 0)


def test_where_the_wave_is_long_the_pressure_obeys_the_one_dimensional_wave_equation():
    cochlea = HUMAN._replace(damping=1e-4, first=0.0, last=0.6)
    rate, length, channels = 20000.0, 200, 61  # 100 Hz apart
    bank = filter_bank(channels, length, rate, cochlea, grid=600)
    x, step, place = places(channels, cochlea), 0.01, 2
    omega = 2 * np.pi * rate / length * place
    damping = cochlea.damping * np.sqrt(cochlea.mass * cochlea.stiffness) * np.exp(-cochlea.alpha * x / 2)
    load = cochlea.stiffness * np.exp(-cochlea.alpha * x) - omega**2 * cochlea.mass + 1j * omega * damping
    p = bank[:, place] * load / (1j * omega)
    bend = (p[2:] - 2 * p[1:-1] + p[:-2]) / step**2
    expected = -2 * cochlea.density * omega**2 / (cochlea.height * load[1:-1]) * p[1:-1]
    assert np.abs(bend - expected).max() < 0.02 * np.abs(expected).max()
    slope = (p[1] - p[0]) / step - step / 2 * bend[0]
    np.testing.assert_allclose(slope, -1j * omega * cochlea.density, rtol=0.01)  # the stapes moves with velocity 1


def test_each_place_hears_one_tone_best_and_the_lower_the_further_from_the_stapes(bank):
    best = np.fft.rfftfreq(4096, 1 / RATE)[np.abs(bank).argmax(axis=1)]
    assert np.all(np.diff(best) < 0)
    share = best / resonance(places(12))
    assert np.all((share > 0.7) & (share < 0.9))


def test_the_membrane_moves_after_the_sound_and_not_before(bank):
    response = np.fft.irfft(bank, axis=1) ** 2
    early = response[:, -512:].sum(axis=1)  # what a circular transform shows of negative times
    assert np.all(early < 1e-3 * response.sum(axis=1))


def test_what_lies_above_the_simulated_band_is_not_heard(bank):
    time = np.arange(8192) / (2 * RATE)
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (1001.3, 7001.3))
    heard = quick_jit(lambda sound: jnp.sum(excite(jnp.asarray(bank.astype(np.complex64)), sound, 4096) ** 2))
    assert float(heard(high)) < 1e-3 * float(heard(low))


def _response(cell, xs, dt):
    span = Span(jnp.zeros((), jnp.int32), jnp.asarray(dt), (), xs.shape[0])
    return cell.unroll(cell.init(jax.random.key(0)), xs, span)


def test_a_hair_cell_at_rest_stays_there_and_fires_its_fibres_at_the_rate_of_the_formula():
    cell = HairCell(size=1)
    k = 2000 * 5 / 305
    expected = 50 * 5.05 * k / (2500 * k + 5.05 * (2500 + 6580))  # per ms
    _, rate = _response(cell, jnp.zeros((50, 1)), 0.09)
    np.testing.assert_allclose(np.asarray(rate), expected, rtol=1e-4)


def test_a_hair_cell_adapts_to_a_step_and_ends_in_its_steady_state():
    cell, strong = HairCell(size=1), 1000.0
    _, rate = _response(cell, jnp.full((20000, 1), strong), 0.1)
    steady = 50 * cell.rest(jnp.full(1, strong)).c
    assert float(rate.max()) > 3 * float(rate[-1, 0])
    np.testing.assert_allclose(rate[-1], steady, rtol=1e-3)


def test_halving_the_step_halves_the_error_of_the_hair_cell():
    def ends(dt):
        time = np.arange(round(8 / dt)) * dt
        return _response(HairCell(size=1), jnp.asarray(300 * np.sin(np.pi * time / 2)[:, None]), dt)[0].q[0]

    with jax.enable_x64(True):
        coarse, middle, fine = (float(ends(dt)) for dt in (0.02, 0.01, 0.005))
    assert 1.8 < (coarse - middle) / (middle - fine) < 2.2


def test_the_number_of_spikes_is_the_quantile_of_the_binomial_distribution():
    random = np.random.default_rng(0)
    u, p = random.uniform(size=4000).astype(np.float32), random.uniform(0, 0.3, size=4000).astype(np.float32)
    number = random.integers(0, 41, size=4000).astype(np.float32)
    found = quick_jit(lambda *given: binomial(*given, most=40))(u, number, p)
    wanted = np.maximum(binom.ppf(u.astype(float), number, p.astype(float)), 0)
    assert np.mean(np.asarray(found) != wanted) < 1e-3  # a variate on a step of the distribution, up to rounding
    assert np.all(np.asarray(found) <= number)


def test_forty_fibres_fire_as_often_as_one_fibre_forty_times():
    cell, steps, places_ = AuditoryNerve(fibres=40, refractory=11, size=50), 3000, 50
    rate, dt = 0.4, 0.1  # spikes per ms, ms
    noise = cell.draw(jax.random.key(3), jnp.arange(steps, dtype=jnp.int32))
    span = Span(jnp.zeros((), jnp.int32), jnp.asarray(dt), noise, steps)
    run = quick_jit(lambda: cell.unroll(cell.init(jax.random.key(0)), jnp.full((steps, places_), rate), span)[1])
    spikes = np.asarray(run())[200:]
    p = 1 - np.exp(-rate * dt)
    each = spikes.mean(axis=0)  # places are independent
    error = each.std(ddof=1) / np.sqrt(places_)
    assert abs(each.mean() - 40 * p / (1 + 11 * p)) < 4 * error
    windows = np.apply_along_axis(lambda s: np.convolve(s, np.ones(12), "valid"), 0, spikes)
    assert windows.max() <= 40  # no fibre fires twice within its refractory time


@pytest.mark.slow
def test_an_ear_answers_at_the_place_of_the_tone():
    network = auditory_network(SMALL.channels)
    bank = filter_bank(SMALL.channels, SMALL.bank, SMALL.rate, grid=100).astype(np.complex64)
    time = np.arange(800) / (2 * SMALL.rate)
    best = 0.8 * resonance(places(SMALL.channels))
    tones = [prepared(np.sin(2 * np.pi * f * time)) for f in best[[1, 3]]]
    keys = jax.random.split(jax.random.key(2), 2)
    counts = np.asarray(listen(padded(tones, SMALL), keys, bank, SMALL, network))
    assert counts.shape == (2, SMALL.frames, SMALL.channels)
    assert list(counts.sum(axis=1).argmax(axis=1)) == [1, 3]


def test_silence_and_a_sound_that_is_too_long_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match="not silent"):
        prepared(np.zeros(100))
    with pytest.raises(ValueError, match="at most 21168 .96 frames.; cut it"):
        padded([np.zeros(30000, np.float32)], DEFAULT)


def test_the_base_of_the_cochlea_sees_the_impedance_of_the_hankel_wave():
    cochlea = HUMAN._replace(damping=1e-6, first=0.0)
    bank = filter_bank(2, 200, 20000.0, cochlea, grid=400)
    omega = 2 * np.pi * 100.0
    zeta = 2 * omega / cochlea.alpha * np.sqrt(2 * cochlea.density / (cochlea.height * cochlea.stiffness))
    pressure = 1j * omega / (zeta * cochlea.alpha / 2) * hankel2(0, zeta) / hankel2(1, zeta)
    velocity = 1j * omega * pressure / (cochlea.stiffness - omega**2 * cochlea.mass)
    np.testing.assert_allclose(bank[0, 1], velocity, rtol=1e-3)
