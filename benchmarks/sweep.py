"""W1: the sweep of `workload.py` through `jaxsnn.sweeps.sweep`, beside loops by hand and other simulators.

Two groups of paired turns: everything that uses all cores, and everything that uses one (each in a process of its own,
pinned to a core). All simulate all 1024 networks, and what is timed is the whole call, with its results at hand:
compiling, and what a peer builds or writes before its first run, are apart.
"""

import contextlib
import time
from collections.abc import Mapping

from . import agreement
from .alone import peak_alone
from .by_hand import c_networks
from .peers import BRIAN2, Missing, Peer, environment, here
from .rows import Row, paired, rows
from .workload import DT, NEURONS, SEEDS, STEPS, WEIGHTS, drive, given, peers

NAME = "1024 balanced networks of 64 neurons, 10 000 steps (W1)"
MILLION = 1e6
UNIT = "million neuron-updates per second"
OURS, COMPUTING, INDEPENDENT = "jaxsnn sweep", "jaxsnn sweep, its computing", "jaxsnn sweep, independent normals"
C_LOOPS = {
    "C loop, own normals (Box-Muller, C library)": "library",
    "C loop, own normals (vectorised by hand)": "own",
    "C loop, normals shared as in the sweep": "shared",
    "C loop, no noise": "none",
}
NUMBA = "numba loop"
ONE_CORE = {
    "jaxsnn sweep, one core": "jaxsnn_sweep.py",
    "naive vmapped JAX": "naive_jax_sweep.py",
    "NumPy loop over time": "numpy_sweep.py",
    "Brian2 C++ standalone": "brian2_sweep.py",
    "NEST": "nest_sweep.py",
}


def measure(turns: int) -> tuple[list[Row], list[str]]:
    return tuple(a + b for a, b in zip(all_cores(turns), one_core(turns), strict=True))  # type: ignore[return-value]


def all_cores(turns: int) -> tuple[list[Row], list[str]]:
    import jax

    from jaxsnn.start import start

    start(None)
    cores = len(jax.local_devices())
    found, said, compiling = agreement.Found(), [], {}
    computing: list[float] = []

    def ours(turn: int) -> dict:
        found = _by_sweep(turn)
        if turn:
            computing.append(found["square"].size * NEURONS * STEPS / float(found["updates_per_second"]))
        return found

    calls = {OURS: ours, INDEPENDENT: lambda turn: _by_sweep(turn, independent=True)}
    for name, call in calls.items():
        compiling[name] = float(call(0)["compile_seconds"])
    for name, normals in C_LOOPS.items():
        calls[name] = lambda turn, normals=normals: _by_c(turn, normals)
    calls[NUMBA] = _by_numba
    for name in [*C_LOOPS, NUMBA]:
        begun = time.perf_counter()
        try:
            calls[name](0)
            compiling[name] = time.perf_counter() - begun
        except (Missing, ImportError) as missing:
            said.append(f"Skipped: {missing}.")
            del calls[name]
    peak = {OURS: peak_alone(_started), INDEPENDENT: peak_alone(_started, True)}
    peak |= {name: peak_alone(_by_c, 0, normals) for name, normals in C_LOOPS.items() if name in calls}
    peak |= {NUMBA: peak_alone(_by_numba, 0)} if NUMBA in calls else {}
    said.append(
        f"Peak memory on all cores is that of a process, of which its imports are {peak_alone(_updates):.0f} MB."
    )
    seconds = paired(calls, turns, said=found.add)
    for name in [*C_LOOPS, NUMBA]:
        if name in seconds:
            compiling[name] = max(0.0, compiling[name] - min(seconds[name]))
    seconds[COMPUTING] = computing
    work = dict.fromkeys(seconds, _updates())
    said += found.sentences(OURS, [*[n for n, how in C_LOOPS.items() if how != "none"], INDEPENDENT, NUMBA])
    return rows("W1, all cores", UNIT, work, seconds, OURS, cores, compiling, peak), said


def one_core(turns: int) -> tuple[list[Row], list[str]]:
    found, said = agreement.Found(), []
    compiling, peak = {}, {}
    with contextlib.ExitStack() as running:
        calls = {}
        for name, script in ONE_CORE.items():
            try:
                peer = running.enter_context(Peer(script, _python(script), given(), one_core=True))
            except Missing as missing:
                said.append(f"Skipped: {missing}.")
                continue
            calls[name] = peer
            compiling[name] = peer.first["compile_seconds"]
        seconds = paired(calls, turns, said=found.add)
        peak = {name: float(one["peak_mb"]) for name, one in found.last.items()}
    first, *others = ONE_CORE
    said += found.sentences(first, [name for name in others if name in seconds])
    return rows("W1, one core", UNIT, dict.fromkeys(seconds, _updates()), seconds, first, 1, compiling, peak), said


def _updates() -> float:
    return len(peers()["noise"]) * NEURONS * STEPS / MILLION


def _python(script: str):
    if script.startswith("brian2"):
        return environment("brian2", BRIAN2)
    if script.startswith("nest"):
        raise Missing(
            "NEST: its neurons reset to a value, where these lose an amount: it cannot simulate this network; "
            "see the workload `sparse` for NEST"
        )
    return here()


def _by_sweep(turn: int, independent: bool = False) -> dict:
    import jax

    from jaxsnn.sweeps import sweep

    from .workload import STUDY, grid

    begun = time.perf_counter()
    data = sweep(STUDY, grid(), key=jax.random.key(turn), independent=independent)
    taken = time.perf_counter() - begun
    return {"seconds": taken, "square": data["square"].values, "count": data["count"].values, **data.attrs}


def _started(independent: bool = False) -> None:
    from jaxsnn.start import start

    start(None)
    _by_sweep(0, independent)


def _by_c(turn: int, normals: str) -> Mapping:
    g = peers()
    common = (WEIGHTS, g["leak"], g["noise"], 1 / NEURONS, g["delay_steps"], drive(), DT, STEPS, turn)
    begun = time.perf_counter()
    found = c_networks(*common, normals=normals, seeds=SEEDS)
    return {"seconds": time.perf_counter() - begun, "square": found[:, 1], "count": found[:, 2]}


def _by_numba(turn: int) -> Mapping:
    from .loops import numba_networks

    g, seed = peers(), 10_000 * turn
    common = (WEIGHTS, g["leak"], g["noise"], 1 / NEURONS, g["delay_steps"], drive(), DT, STEPS, seed, 0, 100)
    begun = time.perf_counter()
    found = numba_networks(*common)
    taken = time.perf_counter() - begun
    return {"seconds": taken, "square": found[:, 1] + found[:, 0] ** 2, "count": found[:, 2]}
