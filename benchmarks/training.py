"""W2: the training step of a spiking network, beside snnTorch, SpikingJelly, norse, spyx, and conv1d for delays.

    python -m benchmarks training

Without delays; with a learned delay per synapse (Gaussian kernels over 26 lags, linear interpolation); with learned
delays in a loop; and through 2000 steps with a bound on memory. Peers get the same spikes, weights and delays, and the
first step of each (loss, output spikes, gradients) is compared with ours in that library's convention. Our process
keeps the memory that a step frees (`jaxsnn.heap`), as docs/speed.md advises for training; a peer runs as it comes.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxsnn.core import Cell
from jaxsnn.delays import Gaussian, Linear
from jaxsnn.fit import fit, free
from jaxsnn.heap import keep_memory

from . import training_networks as nets
from .alone import peak_alone
from .peers import Missing, Peer, environment
from .rows import Row, fact, paired, rows

NAME = "training step"
OURS, UNIT = "jaxsnn", "seconds per step"
TORCH = ["snntorch", "norse", "spikingjelly"]
LONG = (100, 500, 2000)
BUDGET = 200e6  # bytes, for the longest runs
MATRICES = f"{OURS}, products of matrices"
BUDGETED = f"{OURS}, memory={BUDGET:.0e}"

# What a library's neurons do otherwise than snnTorch's; `late`: steps by which its output lags behind ours.
CONVENTIONS: dict[str, dict[str, Any]] = {
    "snntorch": {},
    "spikingjelly": {"reset": "zero", "normalize": "area"},
    "norse": {"reset": "zero", "width": 1.0, "detach_reset": False},
    "spyx": {"detach_reset": False, "late": 3},
}
NORSE_SCALE = 1 - nets.BETA  # its weights are ours over this, and so are its gradients times it


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def torch_python() -> Path:
    """A build of PyTorch without CUDA where pip's configuration offers one, else the usual one."""
    try:
        return environment("torch", ["torch==2.13.0+cpu", *TORCH])
    except Missing:
        return environment("torch", ["torch", *TORCH])


@contextmanager
def stored(made: Mapping[str, np.ndarray]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "arrays.npz", **made)
        yield Path(folder) / "arrays.npz"


def ready(library: str, place: Path, repeat: int) -> Peer:
    given = {
        "library": library,
        "arrays": str(place),
        "layers": 3,
        "beta": nets.BETA,
        "width": nets.WIDTH,
        "rate": nets.RATE,
        "repeat": repeat,
        "cores": cores(),
        "lags": nets.MAX_DELAY + 1,
        "spread": nets.SPREAD,
    }
    if library == "spyx":
        return Peer("spyx_training.py", environment("spyx", ["spyx"]), given, {"JAX_PLATFORMS": "cpu"})
    return Peer("torch_training.py", torch_python(), given)


def agreement(library: str, first: Mapping[str, Any], ours: tuple[float, float, list[float]]) -> str:
    """One sentence on the first step of a peer and ours."""
    loss, count, norms = ours
    theirs = [norm / (NORSE_SCALE if library == "norse" else 1) for norm in first["gradients"]]
    apart = max(abs(a - b) / b for a, b in zip(theirs, norms, strict=True))
    return (
        f"{library}: first loss {first['loss']:.5f}, ours in its convention {loss:.5f}; output spikes "
        f"{first['spikes']:.0f} and {count:.0f}; norms of the gradients differ by at most {apart:.2g}"
    )


def beside(
    work: str,
    made: Mapping[str, np.ndarray],
    mine: Mapping[str, Callable[[Any], Cell]],
    libraries: Mapping[str, Callable[[], tuple[float, float, list[float]]]],
    turns: int,
    repeat: int,
    notes: Mapping[str, str] | None = None,
) -> tuple[list[Row], list[str]]:
    """Time ours and the peers in turns. mine: name -> a network of what is made.

    libraries: name -> our own first step in that library's convention.
    """
    said: list[str] = []
    trainers = {name: nets.trainer(network(made), made) for name, network in mine.items()}
    compiling = {name: one.compile_s for name, one in trainers.items()}
    calls: dict[str, Callable[[int], Any]] = {name: lambda _, t=t: t.run(repeat) for name, t in trainers.items()}
    with ExitStack() as stack:
        place = stack.enter_context(stored(made))
        for library, convention in libraries.items():
            try:
                peer = stack.enter_context(ready(library, place, repeat))
            except Missing as missing:
                said.append(f"{work}: skipped {missing}")
                continue
            said.append(f"{work}: " + agreement(library, peer.first, convention()))
            calls[library] = peer
            if peer.first["compile_seconds"]:
                compiling[library] = peer.first["compile_seconds"]
        peaks: dict[str, float] = {}
        note = lambda name, found: peaks.update({name: found["peak_mb"]} if isinstance(found, Mapping) else {})
        for name, network in mine.items():
            trainers[name].run(1)
            peaks[name] = peak_alone(_steps, network, made, repeat)
        seconds = paired(calls, turns, said=note)
    reference = next(iter(mine))
    return rows(work, UNIT, repeat, seconds, reference, cores(), compiling, peaks, notes), said


def _steps(network: Callable[[Any], Cell], made: Mapping[str, np.ndarray], repeat: int) -> None:
    keep_memory()
    nets.trainer(network(made), made).run(repeat)


def without_delays(turns: int, sizes: tuple[int, ...], libraries: tuple[str, ...]) -> tuple[list[Row], list[str]]:
    made = nets.arrays(sizes)
    work = f"W2 {'-'.join(map(str, sizes))}"

    def ours(library: str) -> tuple[float, float, list[float]]:
        of_neurons = dict(CONVENTIONS[library])
        late = of_neurons.pop("late", 0)
        return nets.first_step(nets.plain(made, **of_neurons), made, late)

    mine = {
        OURS: nets.plain,
        MATRICES: partial(nets.plain, spikes_only=False),
    }
    notes = {OURS: "Dense(..., spikes_only=True): products by the spike where spikes are rare"}
    return beside(work, made, mine, {name: lambda n=name: ours(n) for name in libraries}, turns, repeat=3, notes=notes)


def with_delays(turns: int, peers: bool = True) -> tuple[list[Row], list[str]]:
    """Learned delays, 26 lags; the step without them stands beside."""
    made, kernel = nets.arrays(nets.SIZES), Gaussian(nets.SPREAD)
    options = {"reset": "zero", "normalize": "area"}  # SpikingJelly's neurons, as the peer has them
    mine = {
        OURS: partial(nets.delayed, kernel=kernel, **options),
        f"{OURS}, linear": partial(nets.delayed, kernel=Linear(), form="frequency", **options),
        f"{OURS}, loop": nets.recurrent,
        f"{OURS}, no delays": partial(nets.plain, spikes_only=False, **options),
        f"{OURS}, no delays, by the spike": partial(nets.plain, **options),
    }
    first = {"conv1d": lambda: nets.first_step(nets.delayed(made, kernel, **options), made)} if peers else {}
    notes = {
        OURS: "a delay per synapse in every layer, Gaussian kernel, by frequency",
        f"{OURS}, linear": "linear interpolation in place of the Gaussian, by frequency",
        f"{OURS}, no delays": "by products of matrices, as the layers with delays are",
        f"{OURS}, loop": "a recurrent layer of 256 with a delay per synapse, no other delays and no second layer",
    }
    return beside("W2 with delays up to 25 steps", made, mine, first, turns, repeat=1, notes=notes)


def long_runs(turns: int) -> tuple[list[Row], list[str]]:
    """Time and memory against the number of steps, a batch of 16."""
    found: list[Row] = []
    for steps in LONG:
        made = nets.arrays(nets.SIZES, steps, batch=16)
        network = nets.plain(made)
        mine = {OURS: nets.trainer(network, made)}
        mine[BUDGETED] = nets.trainer(network, made, memory=BUDGET / 16)  # a sample's share
        seconds = paired({name: lambda _, t=t: t.run(1) for name, t in mine.items()}, turns)
        compiling = {name: one.compile_s for name, one in mine.items()}
        work = f"W2, a batch of 16, through {steps} steps"
        notes = {name: f"temporary memory {one.temporary_mb:.0f} MB" for name, one in mine.items()}
        found += rows(work, UNIT, 1, seconds, OURS, cores(), compiling, None, notes)
    return found, [f"long runs: a budget of {BUDGET / 1e6:.0f} MB for the backward pass, {BUDGET / 16e6:.1f} a sample"]


def by_fit(steps: int = 12) -> tuple[list[Row], list[str]]:
    """The same training by `jaxsnn.fit`: batches from the host, bounds, history and checks of every step."""
    made = nets.arrays(nets.SIZES)
    spikes, labels = made["spikes"].astype(np.float32), made["labels"]
    batches = lambda step: (spikes, labels)
    loss = lambda network, batch, key: nets.loss_of(network, *map(jnp.asarray, batch))
    fitted = fit(
        loss,
        nets.plain(made),
        {"*.weight": free()},
        optimizer=optax.adam(nets.RATE),
        steps=steps,
        batches=batches,
        key=jax.random.key(0),
    )
    history = fitted.history
    each = (history.seconds - history.compile_seconds) / (steps - 1)
    note = f"mean of {steps - 1} steps in a row, not in turns; compiling and first step {history.compile_seconds:.1f} s"
    return [fact("W2 by `jaxsnn.fit`", "jaxsnn fit", each, UNIT, note, cores())], []


def measure(turns: int) -> tuple[list[Row], list[str]]:
    keep_memory()
    parts = (
        lambda: without_delays(turns, nets.SIZES, tuple(CONVENTIONS)),
        lambda: without_delays(turns, nets.FEWER, ("snntorch", "spikingjelly")),
        lambda: with_delays(turns),
        lambda: long_runs(turns),
        by_fit,
    )
    found: list[Row] = []
    said: list[str] = []
    for part in parts:
        some, words = part()
        found += some
        said += words
    return found, said
