"""How fast the sweep is at other sizes: networks, neurons, steps, delays, two signals, and the paper's own network.

The networks of `workload.py`, 1024 at a time unless said; one thing is changed at a time. Rates are those of the whole
call, checks on the host included, ratios those of the time per neuron-update. Peak memory is that of a process that
does nothing else.
"""

import sys
import time

import jax.numpy as jnp
import numpy as np

from jaxsnn.delays import PackedHistory
from jaxsnn.engine import Plan, Simulation
from jaxsnn.networks import Balanced, Chain, Constant, Delayed, Sinusoids, homogeneous
from jaxsnn.readouts import DecayingMoments, ErrorReadout, Rate, Score
from jaxsnn.sweeps import Grid, Study

from .alone import peak_alone
from .rows import Row, paired, rows
from .workload import AMPLITUDE, DT, LEAK, PERIOD

NAME = "the sweep at other sizes"
UNIT = "million neuron-updates per second"
USUAL = {"networks": 1024, "neurons": 64, "steps": 2000, "max_delay": 128, "signals": 1, "paper": 0}
VARIED = {
    "networks": [{"networks": n, "steps": 1000} for n in (1024, 4096, 16384, 102400)],
    "neurons": [{"neurons": n, "steps": 128_000 // n} for n in (16, 64, 256, 1024)],
    "steps": [{"steps": n} for n in (500, 2000, 10_000, 40_000)],
    "delays": [{"max_delay": n} for n in (8, 32, 128, 512)],
    "signals": [{"signals": n} for n in (1, 2)],
    "network": [{"paper": n} for n in (0, 1)],
}
WORDS = {
    "networks": "{networks} networks", "neurons": "{neurons} neurons", "steps": "{steps} steps",
    "delays": "delays up to {max_delay} steps", "signals": "{signals} signal(s)", "network": "{paper}",
}  # fmt: skip
SEEDS = 4


def network(point):
    neurons, signals = point["neurons"], point["signals"]
    rate = float(neurons)
    if point["paper"]:
        net = homogeneous(neurons, leak=LEAK, noise=point["noise"], delay=point["delay"], max_delay=point["ring"])
        signal = Constant(jnp.ones(1))
    else:
        weights = np.linspace(0.9, 1.1, neurons)
        angle = 2 * np.pi * np.arange(neurons) / neurons
        decoder = weights[None] if signals == 1 else np.stack([weights * np.cos(angle), weights * np.sin(angle)])
        phases, offset = 0.25 * np.arange(signals)[:, None], [rate if signals == 1 else 0.0] * signals
        signal = Sinusoids(offset, [[AMPLITUDE * rate]] * signals, [1 / PERIOD], phases, 1 / rate)
        history = PackedHistory(neurons, point["ring"], signals)
        noise, delayed = point["noise"] / jnp.sqrt(rate), Delayed(point["delay"], history)
        net = Balanced(
            jnp.asarray(decoder, jnp.float32), LEAK / rate, noise, ErrorReadout(1 / rate, signal=signals), delayed
        )
    error = DecayingMoments("output.error", rate=1 / rate, drive="input", shape=(signals,))
    return Chain(signal, Score(net, {"error": error, "rate": Rate("output.count")}))


def result(point, state):
    del point
    error, rate = state[1].meters["error"], state[1].meters["rate"]
    return {"square": jnp.sum(error.variance + error.mean**2), "count": rate.count}


def prepare(point):
    shape = {name: int(point[name]) for name in ("neurons", "signals", "paper")}
    arrays = {"noise": point["noise"], "delay": point["delay_steps"] * DT, "dt": DT}
    return Plan(
        {**shape, "steps": int(point["steps"]), "ring": int(point["max_delay"])},
        arrays,
        noise={"neurons": shape["neurons"], "dt": DT},
    )


STUDY = Study(
    "benchmark.sizes",
    1,
    Simulation(network, result),
    prepare,
    {name: value for name, value in USUAL.items() if name != "networks"},
    chunk=256,
    segment=40_000,
    updates=lambda point: float(point["neurons"] * point["steps"]),
)


def call(settings: dict, turn: int) -> dict:
    """One sweep of these settings; seconds, and the rate of its computing alone."""
    import jax

    from jaxsnn.sweeps import sweep

    chosen = {**USUAL, **settings}
    points = chosen["networks"] // SEEDS
    delays = np.unique(np.geomspace(1, chosen["max_delay"], 16).astype(int))
    levels = -(-points // len(delays))
    grid = Grid(delay_steps=[int(d) for d in delays], noise=list(np.geomspace(0.1, 30, levels)), seed=SEEDS)
    constants = {name: value for name, value in chosen.items() if name != "networks"}
    begun = time.perf_counter()
    data = sweep(STUDY, grid, key=jax.random.key(turn), constants=constants)
    taken = time.perf_counter() - begun
    work = data["square"].size * chosen["neurons"] * chosen["steps"]
    return {
        "seconds": taken,
        "work": work / 1e6,
        "compile_seconds": float(data.attrs["compile_seconds"]),
        "computing": work / 1e6 / (float(data.attrs["updates_per_second"]) / 1e6),
        "finite": bool(np.isfinite(data["square"].values).all()),
    }


def measure(turns: int) -> tuple[list[Row], list[str]]:
    from jaxsnn.start import start

    start(None)
    found, said = [], []
    for axis, several in VARIED.items():
        found += _along(axis, several, min(turns, 3), said)
    return found, said


def _along(axis: str, several: list[dict], turns: int, said: list[str]) -> list[Row]:
    import jax

    calls, amounts, compiling, computing, peak = {}, {}, {}, {}, {}
    for settings in several:
        name = f"jaxsnn sweep, {_words(axis, settings)}"
        first = call({**settings, "networks": min(settings.get("networks", 1024), 1024)}, 0)
        compiling[name] = first["compile_seconds"]
        calls[name] = lambda turn, settings=settings: call(settings, turn)
        if axis == "networks":
            peak_alone(_once, settings)  # compiling takes memory, too: now the cache knows the program
            peak[name] = peak_alone(_once, settings)

    def keep(name: str, returned: dict) -> None:
        amounts[name] = returned["work"]
        computing.setdefault(name, []).append(returned["work"] / returned["computing"])
        if not returned["finite"]:
            said.append(f"{axis}, {name}: some errors are not finite.")

    seconds = paired(calls, turns, said=keep)
    notes = {name: f"its computing alone {np.median(rates):.0f}" for name, rates in computing.items()}
    reference = list(calls)[1 if axis == "neurons" else 0]
    return rows(axis, UNIT, amounts, seconds, reference, len(jax.local_devices()), compiling, peak, notes)


def _words(axis: str, settings: dict) -> str:
    if axis == "network":
        return "the homogeneous network of the paper" if settings["paper"] else "unequal weights, a moving signal"
    return WORDS[axis].format(**{**USUAL, **settings})


def _once(settings: dict) -> None:
    from jaxsnn.start import start

    start(None)
    call(settings, 1)


if __name__ == "__main__":
    print(call(dict(zip(sys.argv[1::2], map(int, sys.argv[2::2]), strict=True)), 1))
