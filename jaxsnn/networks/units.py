"""The two unit systems of the balanced network.

    readout units: time in readout time constants tau_d      leak lam_V     noise sigma          delay Delta
    ISI units:     time in mean population intervals 1/R     leak lam_V/R   noise sigma/sqrt(R)  delay delta = R Delta

Potential is in units of the spike's own effect (w^2) in both, so only time is rescaled; R is the population rate in
spikes per tau_d. The formulas of this package take leak and noise in readout units and the delay in ISI units.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike

from ..core import check_not_negative, check_positive, strong


class ReadoutUnits(NamedTuple):
    leak: ArrayLike  # lam_V, per tau_d
    noise: ArrayLike  # sigma, per sqrt(tau_d)
    delay: ArrayLike  # Delta, in tau_d


class IsiUnits(NamedTuple):
    leak: ArrayLike  # lam_V/R, per mean interval
    noise: ArrayLike  # sigma/sqrt(R), per square root of the mean interval
    delay: ArrayLike  # delta = R Delta, in mean intervals


def _checked(values: ReadoutUnits | IsiUnits, rate: ArrayLike):
    check_positive("rate", rate, "pass spikes per readout time constant")
    for name, value in values._asdict().items():
        check_not_negative(name, value)
    return strong(rate), *(strong(value) for value in values)


def to_isi(values: ReadoutUnits, rate: ArrayLike) -> IsiUnits:
    """From time constants of the readout to mean population intervals; rate in spikes per tau_d."""
    rate, leak, noise, delay = _checked(values, rate)
    return IsiUnits(leak / rate, noise / jnp.sqrt(rate), delay * rate)


def to_readout(values: IsiUnits, rate: ArrayLike) -> ReadoutUnits:
    """From mean population intervals to time constants of the readout; rate in spikes per tau_d."""
    rate, leak, noise, delay = _checked(values, rate)
    return ReadoutUnits(leak * rate, noise * jnp.sqrt(rate), delay / rate)
