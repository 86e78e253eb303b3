"""The network of the study, from a grid point to its numbers.

A point has `neurons`, `leak` (lam_V), `noise` (sigma), `delay` (delta, mean population inter-spike intervals) and the
settings `rate` (R; None: N), `duration` (readout time constants, without the transient), `steps_per_isi`. Time runs in
mean population intervals. Errors are those of the readout y of unit spikes, that is of xhat in units of 1/N.
"""

import math
from typing import Any

import jax.numpy as jnp

from jaxsnn.core import check_not_negative, check_positive, check_size
from jaxsnn.engine import Plan, Simulation
from jaxsnn.networks import Chain, Constant, homogeneous, time_step
from jaxsnn.noise import AggregatedMembraneNoise
from jaxsnn.readouts import DecayingMoments, Events, Intervals, Packet, Rate, SameNeuron, Score
from jaxsnn.sweeps import Study

RINGS = (64, 512, 4096)  # sizes of the ring of past spikes: few, since each is a program
EVENTS_MERGE = 0.4  # longest delay at which events can still be told apart
SETTINGS = {"rate": None, "duration": 200.0, "steps_per_isi": 50}


def prepare(point: dict[str, Any]) -> Plan:
    """Step, delay in steps, transient and length of a point, on the host. Raises ValueError for what makes no sense."""
    neurons, delay, leak = point["neurons"], float(point["delay"]), float(point["leak"])
    check_size("neurons", neurons)
    check_not_negative("leak", leak)
    check_not_negative("noise", point["noise"])
    check_positive("duration", point["duration"])
    rate = float(neurons if point["rate"] is None else point["rate"])
    check_positive("rate", rate)
    dt, delay_steps = time_step(delay, point["steps_per_isi"])
    ring = next((size for size in RINGS if size >= delay_steps), None)
    if ring is None:
        raise ValueError(
            f"delay = {delay:g}: is {delay_steps} steps, at most {RINGS[-1]} are kept; lower steps_per_isi or the delay"
        )
    transient = max(10.0, 5.0 / leak if leak > 0 else 0.0)  # readout time constants
    first = math.ceil(transient * rate / dt)
    static = {"neurons": neurons, "ring": ring if delay_steps else 0}
    arrays = {
        "rate": rate,
        "leak": leak,
        "noise": float(point["noise"]),
        "delay": delay,
        "dt": dt,
        "first": first,
        "steps": first + math.ceil(point["duration"] * rate / dt),
    }
    return Plan(static, arrays, noise={"neurons": neurons, "dt": dt})


def network(point: dict[str, Any], **options: Any) -> Chain:
    """The constant signal and the network, without meters. Options go to `homogeneous`."""
    if point["ring"]:
        options |= {"delay": point["delay"], "max_delay": point["ring"]}
    net = homogeneous(point["neurons"], leak=point["leak"], noise=point["noise"], rate=point["rate"], **options)
    return Chain(Constant(jnp.ones(1)), net)


def scored(point: dict[str, Any], meters: dict[str, Any], **options: Any) -> Chain:
    """The network with the meters of the readout and further ones."""
    signal, net = network(point, **options).cells
    window = {"first": point["first"], "last": point["steps"]}
    readout = DecayingMoments("output.error", rate=1 / point["rate"], drive="input", **window)
    own = {name: meter(**window) for name, meter in meters.items()}
    return Chain(signal, Score(net, {"error": readout, "rate": Rate("output.count", **window), **own}))


def readout(point: dict[str, Any], meters: dict[str, Any]) -> dict[str, Any]:
    """The numbers that every panel has."""
    variance, bias = meters["error"].variance[0], -meters["error"].mean[0]
    return {
        "variance": variance,
        "sigma_readout": jnp.sqrt(variance),
        "bias": bias,
        "rmse": jnp.sqrt(variance + bias**2),
        "rate": meters["rate"].rate,  # of spikes per mean interval: already divided by R
    }


def _main(point):
    return scored(point, {"events": lambda **window: Events(**window)} if point["ring"] else {})


def _main_result(point, state):
    meters = state[1].meters
    spurious = jnp.nan
    if point["ring"]:
        spurious = jnp.where(point["delay"] <= EVENTS_MERGE, meters["events"].lambda_emp, jnp.nan)
    return {**readout(point, meters), "spurious": spurious}


def updates(point):
    return float(point["steps"]) * point["neurons"]


STUDY = Study(
    name="timcheck_2022",
    version=1,
    program=Simulation(_main, _main_result),
    prepare=prepare,
    constants=SETTINGS,
    updates=updates,
    undefined=("spurious",),
)


def _study(name: str, meters: dict[str, Any], result: Any, prepare=prepare, **options: Any) -> Study:
    """A study of the same network with other meters."""

    def build(point):
        return scored(point, {key: meter(point) for key, meter in meters.items()}, **options)

    def finish(point, state):
        return {**readout(point, state[1].meters), **result(point, state[1].meters)}

    return Study(f"timcheck_2022.{name}", 1, Simulation(build, finish), prepare, SETTINGS, updates=updates)


def _packet(point):
    return lambda **window: Packet("output.v", every=20, **window)


def _packet_result(point, meters):
    n = point["neurons"]
    return {"width": jnp.sqrt(meters["packet"].variance * n / (n - 1)), "centre": meters["packet"].mean}


PACKET = _study("packet", {"packet": _packet}, _packet_result)

RUNS = _study(
    "runs",
    {"runs": lambda point: lambda **window: SameNeuron(neurons=point["neurons"], **window)},
    lambda point, meters: {"same_neuron": meters["runs"].fraction},
)

SINGLE = _study(
    "single",
    {"intervals": lambda point: lambda **window: Intervals("output.count", **window)},
    lambda point, meters: {
        "interval_mean": meters["intervals"].mean,
        "interval_variance": meters["intervals"].variance,
    },
)


def _prepare_refined(point):
    """`refine` 2: steps of dt; 1: steps of dt/2. Both follow the Brownian path that is drawn in steps of dt/2."""
    plan = prepare(point)
    factor, arrays = int(point["refine"]), dict(plan.arrays)
    if factor not in (1, 2):
        raise ValueError(f"refine = {factor}: must be 2 (steps of dt) or 1 (steps of dt/2)")
    fine = arrays["dt"] / 2
    arrays |= {"dt": fine * factor, "first": arrays["first"] * 2 // factor, "steps": arrays["steps"] * 2 // factor}
    ring = plan.static["ring"] * 2  # one size for both
    return Plan({**plan.static, "ring": ring, "refine": factor}, arrays, {"neurons": point["neurons"], "fine": fine})


def _refined(point):
    return scored(point, {}, membrane_noise=AggregatedMembraneNoise(point["refine"]))


REFINED = Study(
    "timcheck_2022.refined",
    1,
    Simulation(_refined, lambda point, state: readout(point, state[1].meters)),
    _prepare_refined,
    SETTINGS,
    updates=updates,
)


def _prepare_rule(point):
    plan = prepare({**point, "delay": 0.0})
    return plan._replace(static={**plan.static, "sequential": bool(point["sequential"])})


def _rule(point):
    return scored(point, {}, sequential=point["sequential"])


RULE = Study(
    "timcheck_2022.rule",
    1,
    Simulation(_rule, lambda point, state: readout(point, state[1].meters)),
    _prepare_rule,
    SETTINGS,
    updates=updates,
)
