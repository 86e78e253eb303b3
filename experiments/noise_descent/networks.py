"""The network whose noise is to be found, three times: where the noise is, and how sharp the threshold.

    hard      Brownian noise sigma on every membrane and a hard threshold: the network of the study `timcheck_2022`
    escape    no noise on the membranes; every step compares them with a threshold of Gaussian noise sigma (in w^2),
              the noise of noise-driven learning. Another network, with an optimum of its own
    hazard    Brownian noise sigma, and spikes of hazard exp(u / temperature) / temperature, u the distance from
              threshold: one spike is expected until a membrane that rises at the speed of the drive gets there. The
              hard network is its limit at temperature zero

Time runs in mean population intervals; sigma of `hard` and `hazard` is in w^2 / sqrt(readout time constant).
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp

from jaxsnn.core import check_not_negative, check_positive, check_size
from jaxsnn.engine import Plan
from jaxsnn.gradients import ArcTan, Hazard, NoiseDriven, SpikeRule
from jaxsnn.networks import Balanced, Chain, Constant, homogeneous, time_step
from jaxsnn.readouts import DecayingMoments, Rate, Score

WIDTH = 0.3  # of the surrogates, in units of the spike's own effect
KINDS = ("hard", "escape", "hazard")
SETTINGS = {
    "neurons": 64,
    "steps_per_isi": 20,
    "length": 30.0,  # of a window, readout time constants at the usual step
    "windows": 8,
    "temperature": 0.25,
    "ring": 128,
}


def prepare(point: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes and steps of a point, on the host: the parts of its plan. ValueError for what makes no sense."""
    neurons, delay = point["neurons"], float(point["delay"])
    check_size("neurons", neurons)
    check_size("windows", point["windows"])
    check_not_negative("leak", point["leak"])
    check_positive("noise", point["noise"])
    check_positive("delay", delay, "without a delay no noise is best")
    check_positive("length", point["length"])
    check_positive("temperature", point["temperature"])
    dt, delay_steps = time_step(delay, point["steps_per_isi"])
    if delay_steps > point["ring"]:
        raise ValueError(f"ring = {point['ring']}: must be at least {delay_steps}, the delay in steps; raise it")
    window = round(point["length"] * neurons * point["steps_per_isi"] / 400) * 400  # whole blocks, also of a quarter
    check_size("window", window, "raise length")
    static = {"neurons": neurons, "ring": point["ring"], "windows": int(point["windows"]), "window": window}
    arrays = {name: float(point[name]) for name in ("leak", "noise", "temperature")} | {"delay": delay, "dt": dt}
    return {"static": static, "arrays": arrays, "noise": {"neurons": neurons, "dt": dt}}


def plan(point: Mapping[str, Any], *names: str, numbers: tuple[str, ...] = ()) -> Plan:
    """`prepare` with further static entries and further numbers of the point."""
    made = prepare(point)
    static = made["static"] | {name: point[name] for name in names}
    return Plan(static, made["arrays"] | {name: float(point[name]) for name in numbers}, made["noise"])


def firing(kind: str, noise: Any, temperature: Any, mode: str) -> SpikeRule | None:
    """The rule of a kind of network; None for the hard threshold."""
    if kind == "escape":
        return NoiseDriven("gaussian", noise, mode=mode)
    return Hazard(1 / temperature, temperature, mode=mode) if kind == "hazard" else None


def surrogate(per: str) -> ArcTan:
    """A bump of unit area, counted per step, or per unit time (one spike per interval is asked for)."""
    rate = {"rate": 1.0} if per == "time" else {}
    return ArcTan(WIDTH, normalize="area", mode="forward", **rate)


def network(point: Mapping[str, Any], noise: Any, kind: str = "hard", **options: Any) -> Balanced:
    """The network at this noise level. Options go to `homogeneous`; `spike` and `mode` choose what is passed on."""
    mode = options.pop("mode", "reverse")
    spike = options.pop("spike", firing(kind, noise, point["temperature"], mode))
    membrane = jnp.zeros(()) if kind == "escape" else noise
    return homogeneous(
        point["neurons"], leak=point["leak"], noise=membrane, delay=point["delay"], max_delay=point["ring"],
        spike=spike, **options,
    )  # fmt: skip


def scored(net: Balanced, point: Mapping[str, Any], begin: Any, more: Mapping[str, Callable] | None = None) -> Chain:
    """Constant signal and network, measured from a quarter of the window that starts at step `begin`; more: meters."""
    window = {"first": begin + point["window"] // 4, "last": begin + point["window"]}
    error = DecayingMoments("output.error", rate=1 / point["neurons"], drive="input", **window)
    further = {name: meter(**window) for name, meter in (more or {}).items()}
    meters = {"error": error, "rate": Rate("output.count", **window), **further}
    return Chain(Constant(jnp.ones(1)), Score(net, meters))
