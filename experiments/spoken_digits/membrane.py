"""Basilar membrane: what each place of the cochlea makes of a sound, as a bank of linear filters.

Two ducts of height H, filled with an ideal fluid, lie on both sides of a membrane of stiffness S(x) = S0 exp(-alpha x),
damping R(x) = R0 exp(-alpha x / 2) and mass m per area. The pressure difference p over the membrane obeys Laplace's
equation; with time dependence exp(i omega t) a wave running from the stapes (x = 0) has the wave number k(x, omega) of

    k tanh(k H) = 2 rho omega^2 / Z          Z = S - omega^2 m + i omega R          (dispersion)

and, since the flux of energy is constant up to the damping (WKB, two dimensions),

    p ~ cosh(k H) / sqrt(2 k H + sinh(2 k H)) exp(-i int_0^x k dx).

Where the wave is long and the stiffness dominates, p'' + k_long^2 p = 0 with k_long = omega sqrt(2 rho / (H S))
is solved exactly by the Hankel function H0 of zeta = 2 k_long / alpha, also at the base, where the WKB form fails. The
filter is the product of that solution and the ratio of the two WKB forms, right in both regions:

    p = i omega rho u H0(zeta) / (k_long(0) H1(zeta_0)) * W(k) / W_long * exp(-i int k dx + i (zeta - zeta_0))
    velocity of the membrane = i omega p / Z            per velocity u of the stapes

(Hankel functions of the second kind.)

On its way to the place of resonance the wave loses about e^-20; it is taken as zero from there on, or once it has lost
e^-18. Our derivation, after the hydrodynamic models of the literature (Sieroka, Dosch & Rupp 2006 is the one behind the
SHD data; its text was not read). The constants are classical values of such models, chosen by us. Units: cm, g, s.

The bank depends on length and rate only: it is computed once, in float64 NumPy, and applied by Fourier transform.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jaxsnn.core import check_size, require

_LOST = 18.0  # nepers after which a wave counts as gone


class Cochlea(NamedTuple):
    stiffness: float = 1e9  # S0, g / cm^2 / s^2
    alpha: float = 3.0  # 1 / cm
    mass: float = 0.05  # m, g / cm^2
    damping: float = 0.05  # R0 / sqrt(m S0)
    height: float = 0.1  # H, cm
    density: float = 1.0  # rho, g / cm^3
    first: float = 0.9  # cm from the stapes; of the first channel, which hears 4.7 kHz best
    last: float = 3.5  # of the last one, 95 Hz


HUMAN = Cochlea()


def places(channels: int, cochlea: Cochlea = HUMAN) -> Float[np.ndarray, " channel"]:
    """Where the channels sit, cm from the stapes: channel 0 hears the highest tones."""
    check_size("channels", channels)
    return np.linspace(cochlea.first, cochlea.last, channels)


def resonance(x: Float[np.ndarray, "..."], cochlea: Cochlea = HUMAN) -> Float[np.ndarray, "..."]:
    """Resonance frequency (Hz) of the membrane at x without fluid; the wave peaks a little below it."""
    return np.sqrt(cochlea.stiffness / cochlea.mass) * np.exp(-cochlea.alpha * x / 2) / (2 * np.pi)


def wave_number(
    x: float, omega: Float[np.ndarray, " frequency"], cochlea: Cochlea
) -> tuple[Complex[np.ndarray, " frequency"], Complex[np.ndarray, " frequency"]]:
    """k (1 / cm) of the wave that runs to the apex, short of the place of resonance, and the load Z."""
    decay = np.exp(-cochlea.alpha * x / 2)
    damping = cochlea.damping * np.sqrt(cochlea.mass * cochlea.stiffness)
    load = cochlea.stiffness * decay**2 - omega**2 * cochlea.mass + 1j * omega * damping * decay
    target = 2 * cochlea.density * omega**2 / load * cochlea.height
    kh = target / np.sqrt(np.tanh(target))  # within 5 % of the root; Newton does the rest
    for _ in range(4):
        t = np.tanh(kh)
        kh = kh - (kh * t - target) / (t + kh * (1 - t * t))
    return kh / cochlea.height, load


def filter_bank(
    channels: int, length: int, rate: float, cochlea: Cochlea = HUMAN, grid: int = 1400
) -> Complex[np.ndarray, "channel frequency"]:
    """Membrane velocity per velocity of the stapes, at the frequencies of `rfft` of `length` samples at `rate` (Hz).

    grid: steps from stapes to apex in which the phase is integrated.
    """
    from scipy.special import hankel2

    check_size("length", length)
    check_size("grid", grid)
    require(rate > 0, "rate", rate, "must be positive", "pass the sampling rate in Hz")
    omega = 2 * np.pi * np.fft.rfftfreq(length, 1 / rate)[1:]
    alpha, height = cochlea.alpha, cochlea.height
    base = omega * np.sqrt(2 * cochlea.density / (height * cochlea.stiffness))  # k_long at the stapes
    zeta_0 = 2 * base / alpha
    source = 1j * omega * cochlea.density / (base * hankel2(1, zeta_0))
    bank = np.zeros((channels, omega.size + 1), np.complex128)
    x, (k, load) = 0.0, wave_number(0.0, omega, cochlea)
    phase, on = np.zeros_like(k), np.ones(omega.size, bool)
    for channel, place in enumerate(places(channels, cochlea)):
        steps = max(int(np.ceil((place - x) / (cochlea.last / grid))), 1)
        for point in np.linspace(x, place, steps + 1)[1:]:
            on &= (resonance(point, cochlea) * 2 * np.pi > omega) & (np.imag(phase) > -_LOST)
            before = k[on]
            k[on], load[on] = wave_number(point, omega[on], cochlea)
            phase[on] += (point - x) * (before + k[on]) / 2
            x = point
        kh, long = k[on] * height, base[on] * np.exp(alpha * x / 2)
        zeta, t = 2 * long / alpha, np.tanh(kh)
        ratio = np.sqrt(4 * long * height / (t + kh * (1 - t * t)) / 2)
        p = source[on] * hankel2(0, zeta) * ratio * np.exp(-1j * (phase[on] - (zeta - zeta_0[on])))
        bank[channel, 1:][on] = 1j * omega[on] * p / load[on]
    return bank


def excite(
    bank: Complex[Array, "channel frequency"], sound: Float[Array, " sample"], length: int
) -> Float[Array, "time channel"]:
    """Velocity of the membrane at each channel, `length` samples at the bank's rate.

    sound: sampled at a multiple of the bank's rate; what lies above the bank's last frequency is cut off exactly. Sound
    and ringing together must be shorter than the bank, as the transform is circular.
    """
    frequencies = bank.shape[1]
    spectrum = jnp.fft.rfft(sound)
    low = spectrum[:frequencies] * (2 * (frequencies - 1) / sound.shape[0])
    return jnp.fft.irfft(bank * low[None], n=2 * (frequencies - 1), axis=1)[:, :length].T
