"""W3: one large sparse network, that of Vogels and Abbott (2005), beside Brian2 C++ standalone and NEST, on one core.

    tau dv/dt = rest - v + ge + gi                              CUBA
    tau dv/dt = rest - v + ge (60 - v) + gi (-20 - v)           COBA       mV, conductances in units of the leak's
    ge and gi decay with 5 and 10 ms; threshold, reset, 5 ms refractory; four fifths of the neurons excite

each pair connected with 2 %, transmission 1.5 ms or uniform over 0.5 ... 2.5 ms, dt 0.1 ms. Weights are the paper's at
4000 neurons and fall as 1 / N, so that the mean input of a neuron stays what it was. rest lies 1 mV above threshold, so
that the network is active without an outer input. Everybody records every spike. `lost` of the synapses' state says
that all were delivered, and the record is counted against it.

Connections are drawn anew for every turn: from one draw to another the rate varies by a few per cent.
"""

import contextlib
import os
import time
from functools import cache
from typing import Any

import numpy as np

from .alone import peak_alone
from .peers import CACHE, Missing, Peer, environment
from .peers.trains import statistics
from .rows import Row, fact, paired, rows

NAME = "One sparse network of 4000 and 20 000 neurons (W3)"
SIZES, MODELS = (4000, 20000), ("CUBA", "COBA")
DELAYS = {"1.5 ms": (15, 15), "0.5 to 2.5 ms": (5, 25)}  # steps
P, DT, DURATION, WARM_UP = 0.02, 0.1, 1.0, 0.2  # ms; biological seconds
OURS, BRIAN2, NEST = "jaxsnn", "Brian2 C++ standalone", "NEST"
UNIT = "seconds for a biological second"
PARAMETERS = {
    "CUBA": {"tau": 20.0, "threshold": -1.0, "reset": -11.0, "refractory": 5.0, "w_e": 1.62, "w_i": -9.0},
    "COBA": {"tau": 20.0, "threshold": 10.0, "reset": 0.0, "refractory": 5.0, "w_e": 0.6, "w_i": 6.7, "drive": 11.0}
    | {"excitatory": 60.0, "inhibitory": -20.0},
}  # CUBA: potentials from rest, so that rest is zero


def parameters(model: str, size: int) -> dict[str, float]:
    scale = 4000 / size
    found = PARAMETERS[model]
    return {**found, "w_e": found["w_e"] * scale, "w_i": found["w_i"] * scale}


def connections(size: int, seed: int, p: float = P) -> tuple[np.ndarray, np.ndarray]:
    """(post, pre) of every synapse."""
    import jax

    from jaxsnn.synapses import fixed_probability

    post, pre, _ = fixed_probability(jax.random.key(seed), pre=size, post=size, p=p, weight=1.0).lists()
    return post, pre


def network(
    model: str, size: int, delays: tuple[int, int], wiring: tuple[np.ndarray, np.ndarray], seed: int, dt: float = DT
) -> Any:
    """The network as a Cell that runs on its own. Inputs 0 ... size - 1 of the synapses excite, the others inhibit."""
    from jaxsnn.networks import Chain, Parallel, Recurrent
    from jaxsnn.neurons import ConductanceLIF, RefractoryLIF
    from jaxsnn.synapses import EventSparse, Exponential, Sparse

    g, (post, pre), (low, high) = parameters(model, size), wiring, delays
    inhibits = pre >= 4 * size // 5
    ports = post + size * inhibits.astype(np.int32)
    weight = np.where(inhibits, g["w_i"], g["w_e"]).astype(np.float32)
    lists = Sparse.from_lists(ports, pre, weight, post=2 * size, pre=size)
    steps = np.random.default_rng(seed).integers(low, high + 1, lists.weight.shape)
    delay = dt * low if low == high else (dt * steps).astype(np.float32)
    line = _as_wide(EventSparse.of(lists, delay, max_delay=high), int(P * size + 6 * (P * size) ** 0.5))
    Channel, Stack = _cells()
    current = lambda channel, tau: Chain(Channel(channel), Exponential(tau, size=size))
    common = {"tau": g["tau"], "threshold": g["threshold"], "reset": g["reset"], "refractory": g["refractory"]}
    if model == "CUBA":
        both = Parallel(current(0, 5.0), current(1, 10.0), combine="sum")
        return Recurrent(RefractoryLIF(**common, size=size), line, both)
    reversal = (g["excitatory"], g["inhibitory"])
    neurons = ConductanceLIF(**common, rest=g["drive"], reversal=reversal, size=size)
    return Recurrent(neurons, line, Chain(Parallel(current(0, 5.0), current(1, 10.0)), Stack()))


def _as_wide(line: Any, outgoing: int) -> Any:
    """The same synapses in lists of this length, so that networks with other connections are not compiled anew."""
    import jax.numpy as jnp

    more = lambda table, fill: jnp.pad(table, ((0, 0), (0, outgoing - line.target.shape[1])), constant_values=fill)
    delay = more(line.delay, line.delay[0, 0]) if line.delay.ndim else line.delay
    return type(line)(
        more(line.weight, 0), more(line.target, line.post), delay, post=line.post, max_delay=line.max_delay
    )


@cache  # one class, or every network would be compiled anew
def _cells() -> tuple[Any, Any]:
    import equinox as eqx
    import jax.numpy as jnp

    from jaxsnn.core import Cell

    class Channel(Cell):
        """One half of what arrives: the targets of neurons that excite, or of those that inhibit."""

        number: int = eqx.field(static=True)

        def step(self, state, x, tick):
            del tick
            return state, x.reshape(2, -1)[self.number]

    class Stack(Cell):
        """A tuple of rows as one array [channel, neuron]."""

        def step(self, state, x, tick):
            del tick
            return state, jnp.stack(x)

    return Channel, Stack


def _spiked(state: Any, y: Any) -> Any:
    del state
    return y > 0


def run(cell: Any, seed: int, seconds: float, dt: float = DT) -> tuple[Any, Any]:
    """Final state, and who spiked in each step, from potentials between reset and threshold."""
    import equinox as eqx
    import jax

    from jaxsnn import simulate

    key = jax.random.key(seed)
    neurons, begun = cell.forward, cell.init(key)
    above = jax.random.uniform(key, (neurons.size,)) * (neurons.threshold - neurons.reset)
    begun = eqx.tree_at(lambda state: state.forward.v, begun, neurons.reset + above)
    steps = round(1000 * seconds / dt)
    return jax.block_until_ready(simulate(cell, steps=steps, dt=dt, key=key, block=100, record=_spiked, state=begun))


def measure(turns: int) -> tuple[list[Row], list[str]]:
    from jaxsnn.heap import keep_memory

    keep_memory()  # the record of a run is 40 MB, or 200
    before = os.sched_getaffinity(0)
    with contextlib.ExitStack() as running:
        peers, said = _peers(running)  # they compile on all cores
        os.sched_setaffinity(0, {min(before)})
        running.callback(os.sched_setaffinity, 0, before)
        for peer in peers.values():
            os.sched_setaffinity(peer.process.pid, {min(before)})
        found: list[Row] = []
        for size in SIZES:
            for model in MODELS:
                for name, delays in DELAYS.items():
                    mine = {who: peer for (who, *what), peer in peers.items() if what == [model, size, name]}
                    more, words = _compared(model, size, name, delays, mine, turns)
                    found, said = found + more, said + words
    return found, said


def _peers(running: contextlib.ExitStack) -> tuple[dict[tuple, Peer], list[str]]:
    from .peers import BRIAN2 as BRIAN2_PACKAGES
    from .peers import NEST as NEST_PACKAGES

    peers = {}
    said = [
        "NEST runs 4000 neurons only: 20 000 were not tried, for the time that its adaptive solver takes.",
        f"{OURS} records whether each neuron spikes in each step, in memory that `keep_memory` keeps between turns.",
    ]
    for who, script, folder, packages, sizes in (
        (BRIAN2, "brian2_sparse.py", "brian2", BRIAN2_PACKAGES, SIZES),
        (NEST, "nest_sparse.py", "nest", NEST_PACKAGES, SIZES[:1]),
    ):
        try:
            python = environment(folder, packages)
            for size in sizes:
                for model in MODELS:
                    for name, delays in DELAYS.items():
                        told = given(model, size, delays)
                        peers[who, model, size, name] = running.enter_context(Peer(script, python, told))
        except Missing as missing:
            said.append(f"Skipped: {missing}.")
    return peers, said


def given(model: str, size: int, delays: tuple[int, int], dt: float = DT) -> dict[str, Any]:
    """What a peer is told."""
    low, high = delays
    return {
        **parameters(model, size),
        **{"model": model, "size": size, "dt": dt, "p": P, "delay_steps": [low, high], "single": False},
        **{"duration": DURATION, "warm_up": WARM_UP, "excitatory_neurons": 4 * size // 5},
        "folder": str(CACHE / "brian2-sparse" / f"{model}-{size}-{low}-{high}-{dt:g}"),
    }


def _compared(model, size, name, delays, peers, turns) -> tuple[list[Row], list[str]]:
    kept: dict[str, list[dict]] = {}
    lost = recorded = 0
    cell: Any = None

    def ours(turn: int) -> dict:
        nonlocal lost, recorded, cell
        cell = None  # 20 000 neurons have 8 million synapses
        cell = network(model, size, delays, connections(size, turn), turn)
        begun = time.perf_counter()
        final, spiked = run(cell, turn, DURATION)
        taken = time.perf_counter() - begun
        step, neuron = np.nonzero(np.asarray(spiked))
        lost += int(final.line.lost) + abs(step.size - int(final.line.delivered))
        recorded += step.size
        return {"seconds": taken, **statistics(step * DT / 1000, neuron, size, WARM_UP, DURATION)}

    calls = {OURS: ours, **peers}
    compiling = {who: peer.first["compile_seconds"] for who, peer in peers.items()}
    compiling[OURS] = ours(0)["seconds"]
    seconds = paired(calls, turns, said=lambda who, found: kept.setdefault(who, []).append(found))
    compiling[OURS] = max(0.0, compiling[OURS] - min(seconds[OURS]))
    peak = {OURS: peak_alone(_once, model, size, delays)}
    peak |= {who: kept[who][-1]["peak_mb"] for who in peers}
    work = f"W3, {model}, {size} neurons, {name}"
    reference = BRIAN2 if BRIAN2 in seconds else OURS
    found = rows(work, UNIT, DURATION, seconds, reference, 1, compiling, peak)
    found.append(fact(work, f"{OURS}, spikes lost", lost, "spikes", f"of {recorded}"))
    found.append(fact(work, f"{OURS}, tables", _megabytes(cell), "MB"))
    said = [f"{work}: {who} fires at {spread(seen, 'rate')} Hz, CV {spread(seen, 'cv')}." for who, seen in kept.items()]
    said += [f"{work}: {OURS} beside {who}: {apart(kept[OURS], kept[who])}." for who in peers]
    return found, said


def _once(model: str, size: int, delays: tuple[int, int]) -> None:
    from jaxsnn.heap import keep_memory

    keep_memory()
    run(network(model, size, delays, connections(size, 1), 1), 1, DURATION)


def _megabytes(cell: Any) -> float:
    import jax

    return sum(leaf.nbytes for leaf in jax.tree.leaves(cell.line)) / 1e6


def _values(found: list[dict], name: str) -> np.ndarray:
    return np.array([one[name] for one in found])


def spread(found: list[dict], name: str) -> str:
    values = _values(found, name)
    return f"{values.mean():.3g} +- {values.std(ddof=1) if values.size > 1 else 0:.2g}"


def apart(ours: list[dict], theirs: list[dict]) -> str:
    """By how much our rate and CV are above theirs, and in standard errors of the difference over turns."""
    parts = []
    for name in ("rate", "cv"):
        a, b = _values(ours, name), _values(theirs, name)
        error = np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size) if a.size > 1 else float("nan")
        parts.append(f"{name} {100 * (a.mean() / b.mean() - 1):+.1f} % ({(a.mean() - b.mean()) / error:+.1f} SE)")
    return ", ".join(parts)
