"""W2, what is trained: 700-256-256-20 spiking neurons, surrogate gradients through 100 steps, a batch of 128, Adam.

Built of the public parts; no special code. Spikes and weights are random, made by NumPy, so that every library gets the
same. The loss is the cross-entropy of the mean output spikes.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxsnn import simulate
from jaxsnn.core import Cell
from jaxsnn.delays import Gaussian
from jaxsnn.fit import cross_entropy
from jaxsnn.gradients import FastSigmoid
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.synapses import DelayedDense, Dense

SIZES, TIME, BATCH, CLASSES = (700, 256, 256, 20), 100, 128, 20
FEWER = (140, *SIZES[1:])  # inputs as delay learning bins them
BETA, WIDTH, ACTIVE, RATE = 0.9, 0.04, 0.05, 1e-3  # membrane, surrogate, input spikes a step, learning rate
MAX_DELAY, SPREAD = 25, 0.5  # steps: 26 taps, and the width of a Gaussian kernel


def arrays(sizes: Sequence[int], steps: int = TIME, batch: int = BATCH, seed: int = 0) -> dict[str, np.ndarray]:
    """Spikes [batch, time, input], labels, and a weight and a delay matrix [post, pre] for each layer."""
    rng = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {
        "spikes": rng.random((batch, steps, sizes[0])) < ACTIVE,
        "labels": rng.integers(0, CLASSES, batch).astype(np.int32),
    }
    for n, (pre, post) in enumerate(zip(sizes, sizes[1:], strict=False)):
        made[f"weight{n}"] = (2 / np.sqrt(pre) * rng.normal(size=(post, pre))).astype(np.float32)
        made[f"delay{n}"] = (MAX_DELAY * rng.random((post, pre))).astype(np.float32)
    return made


def neurons(
    size: int,
    reset: str = "subtract",
    width: float = WIDTH,
    normalize: str = "peak",
    detach_reset: bool = True,
) -> DiscreteLIF:
    """The defaults are snnTorch's."""
    rule = FastSigmoid(width, normalize=normalize)
    return DiscreteLIF(BETA, 1.0, rule, size=size, reset=reset, detach_reset=detach_reset)


def plain(made: dict[str, np.ndarray], spikes_only: bool = True, **of_neurons: Any) -> Chain:
    """spikes_only: by the spike; without it, by products of matrices."""
    weights = [made[name] for name in made if name.startswith("weight")]
    layer = lambda w: (Dense(w, spikes_only=spikes_only), neurons(len(w), **of_neurons))
    return Chain(*(cell for w in weights for cell in layer(w)))


def delayed(made: dict[str, np.ndarray], kernel: Any, form: str = "auto", **of_neurons: Any) -> Chain:
    """A delay per synapse in every layer."""
    cells: list[Cell] = []
    for name in [name for name in made if name.startswith("weight")]:
        w, d = made[name], made[name.replace("weight", "delay")]
        layer = DelayedDense(w, d, max_delay=MAX_DELAY, kernel=kernel, form=form)
        cells += [layer, neurons(len(w), **of_neurons)]
    return Chain(*cells)


def recurrent(made: dict[str, np.ndarray]) -> Chain:
    """The second weight matrix leads from the first hidden layer back to it, with its delays; then the readout."""
    back = DelayedDense(made["weight1"], 1 + 0.9 * made["delay1"], max_delay=MAX_DELAY, kernel=Gaussian(SPREAD))
    last = made["weight2"]
    loop = Recurrent(neurons(len(made["weight0"])), back)
    return Chain(Dense(made["weight0"]), loop, Dense(last), neurons(len(last)))


def trained(network: Any) -> list[Any]:
    """Weights and delays."""
    named = lambda path: getattr(path[-1], "name", "") in ("weight", "delay")
    return [leaf for path, leaf in jax.tree_util.tree_leaves_with_path(network) if named(path)]


def batch(made: dict[str, np.ndarray]) -> tuple[Any, Any]:
    """Spikes as floats, labels."""
    return jnp.asarray(made["spikes"], jnp.float32), jnp.asarray(made["labels"])


class Trainer(NamedTuple):
    """A compiled training step, its state, and what was found on the way."""

    step: Callable[..., tuple[Any, Any, Any]]
    state: list[Any]
    batch: tuple[Any, Any]
    compile_s: float
    temporary_mb: float
    loss: float

    def run(self, repeat: int) -> float:
        """`repeat` steps, each from where the one before ended; the last loss."""
        loss = jnp.zeros(())
        for _ in range(repeat):
            *self.state[:], loss = self.step(*self.state, *self.batch)
        return float(loss)


def outputs(network: Cell, spikes: Any, late: int = 0, **options: Any) -> Any:
    """Output spikes [batch, time, class]; `late`: what neurons that fire that many steps late would have emitted."""
    one = lambda xs: simulate(network, xs, dt=1.0, key=jax.random.key(0), **options)[1]
    return jax.vmap(one)(spikes)[:, : spikes.shape[1] - late]


def loss_of(network: Cell, spikes: Any, labels: Any, late: int = 0, **options: Any) -> Any:
    rates = jnp.sum(outputs(network, spikes, late, **options), axis=1) / spikes.shape[1]
    return jnp.mean(jax.vmap(lambda rate, label: cross_entropy(rate[None], label))(rates, labels))


def trainer(network: Cell, made: dict[str, np.ndarray], **options: Any) -> Trainer:
    """Compile a step. options: of `simulate`."""
    optimizer, values = optax.adam(RATE), trained(network)

    @jax.jit
    def step(values: Any, moments: Any, spikes: Any, labels: Any) -> tuple[Any, Any, Any]:
        objective = lambda values: loss_of(eqx.tree_at(trained, network, values), spikes, labels, **options)
        loss, gradient = jax.value_and_grad(objective)(values)
        moves, moments = optimizer.update(gradient, moments, values)
        return optax.apply_updates(values, moves), moments, loss

    moments, given = optimizer.init(values), batch(made)
    begun = time.perf_counter()
    program = step.lower(values, moments, *given).compile()
    taken = time.perf_counter() - begun
    size = getattr(program.memory_analysis(), "temp_size_in_bytes", float("nan")) / 1e6
    return Trainer(program, [values, moments], given, taken, size, float(program(values, moments, *given)[2]))


def first_step(network: Cell, made: dict[str, np.ndarray], late: int = 0) -> tuple[float, float, list[float]]:
    """Loss, output spikes and the norm of each weight's gradient, before any training."""

    @jax.jit
    def graded(values: Any, spikes: Any, labels: Any) -> Any:
        place = lambda values: eqx.tree_at(trained, network, values)
        loss, gradient = jax.value_and_grad(lambda values: loss_of(place(values), spikes, labels, late))(values)
        return loss, jnp.sum(outputs(network, spikes, late)), [jnp.linalg.norm(one) for one in gradient]

    loss, count, norms = graded(trained(network), *batch(made))
    return float(loss), float(count), [float(norm) for norm in norms]
