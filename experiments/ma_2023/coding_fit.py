"""Fitting a model of ganglion cells to one long recording, by two losses.

    "likelihood"   -log P(recorded spikes | movie, the model's hidden spikes), per bin and cell; the recorded spikes go
                   through the model's resets and spike history (teacher forcing). Hidden spikes are sampled anew at
                   every step, so by Jensen's inequality this bounds the true likelihood from one side; the gradient of
                   the output layer is exact, that of the hidden layer is noise-driven
    "van rossum"   squared distance of a free-running sample's trains and the recorded ones, filtered by
                   exp(-t/20 ms); all gradients noise-driven (or of the surrogate, in the deterministic model). Its
                   expectation is the distance of the mean traces plus the variance of both, so noise is punished

A batch holds windows of the recording, each with a lead of movie before it, so that filters and hidden membranes have
a past. A tenth of the windows, spread over the recording, is held out, and the best model by them is kept.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from jaxsnn.core import Span, require
from jaxsnn.fit import Batches, Fitted, fit, van_rossum
from jaxsnn.gradients import LogProb, SpikeNoise, forced, log_likelihood, with_mode

from .coding_models import Coder, trained

LEAD, WINDOW, BATCH = 40, 250, 8  # bins, bins, windows
TAU = 2.0  # bins: 20 ms, of van Rossum's filter
LOSSES = ("likelihood", "van rossum")


class Windows(NamedTuple):
    movie: Float[np.ndarray, "window bin pixel"]  # the lead comes first
    spikes: Float[np.ndarray, "window time cell"]


def cut(movie: Float[np.ndarray, "time pixel"], spikes: Float[np.ndarray, "cell time"]) -> tuple[Windows, Windows]:
    """Windows to train with, and every tenth, held out."""
    count = (len(movie) - LEAD) // WINDOW
    require(count >= 10, "windows", count, "must be 10 or more", f"record for {10 * WINDOW + LEAD} bins or longer")
    begin = LEAD + WINDOW * np.arange(count)
    seen = np.stack([movie[at - LEAD : at + WINDOW] for at in begin])
    fired = np.stack([spikes[:, at : at + WINDOW].T for at in begin]).astype(np.float32)
    held = np.arange(count) % 10 == 9
    return Windows(seen[~held], fired[~held]), Windows(seen[held], fired[held])


def missing_likelihood(model: Coder, movie: Array, spikes: Array, key: Array) -> Float[Array, ""]:
    """Minus the log-probability of the spikes, mean over bins and cells, of one window."""
    first, second = jax.random.split(key)
    features = model.features(movie, first)[movie.shape[0] - spikes.shape[0] :]
    return -log_likelihood(model.output, spikes, features, dt=1.0, key=second) / spikes.size


def distance(model: Coder, movie: Array, spikes: Array, key: Array) -> Float[Array, ""]:
    """Van Rossum's of a free-running sample, per second; mean over cells."""
    sample = model.spikes(movie, key)[movie.shape[0] - spikes.shape[0] :]
    return van_rossum(sample, spikes, TAU, 1.0) / (spikes.shape[0] * 0.01)


OBJECTIVES: dict[str, Callable[..., Array]] = {"likelihood": missing_likelihood, "van rossum": distance}


def _mean_over(objective: Callable, model: Coder, windows: Any, key: Array) -> Float[Array, ""]:
    movie, spikes = windows
    keys = jax.random.split(key, len(movie))
    return jnp.mean(jax.vmap(lambda x, s, k: objective(model, x, s, k))(movie, spikes, keys))


def fitted(
    model: Coder,
    kind: str,
    learned: bool,
    loss: str,
    windows: tuple[Windows, Windows],
    key: Array,
    *,
    epochs: int,
    rate: float,
    checkpoint: str | Path | None = None,
) -> Fitted:
    """The model after `epochs` passes over the windows; the best one by the held-out windows."""
    require(loss in LOSSES, "loss", loss, f"must be one of {', '.join(LOSSES)}", "pass one of these")
    shown, held = windows
    batches = Batches(shown, min(BATCH, len(shown.movie)), key=jax.random.fold_in(key, 0))
    steps = epochs * batches.each_epoch
    objective = OBJECTIVES[loss]
    train = trained(kind, learned)
    schedule = lambda top: optax.adam(optax.cosine_decay_schedule(top, steps))
    rates = {path: schedule(rate) for path in train}
    rates |= {path: schedule(30 * rate) for path in train if path.endswith("delay")}  # in bins
    return fit(
        lambda model, batch, key: _mean_over(objective, model, batch, key),
        model,
        train,
        optimizer=rates,
        steps=steps,
        key=jax.random.fold_in(key, 1),
        batches=batches,
        validate=lambda model, key: _mean_over(objective, model, jax.tree.map(jnp.asarray, held), key),
        every=batches.each_epoch,
        checkpoint=checkpoint,
        per_call=batches.each_epoch,
    )


@eqx.filter_jit
def predictive(
    model: Coder, movie: Float[Array, "bin pixel"], spikes: Float[Array, "trial bin cell"], key: Array, draws: int
) -> Float[Array, " cell"]:
    """Log-likelihood of recorded trials, summed over trials and bins, where every spike is predicted from the movie and
    from the spikes before it: the mean over `draws` samples of the hidden layer of its probability."""
    keys = jax.random.split(key, draws)
    features = jax.vmap(lambda k: model.features(movie, k))(keys)

    def trial(spikes):
        each = jax.vmap(lambda x: stepwise_log_prob(model.output, spikes, x, key))(features)
        return jnp.sum(jax.nn.logsumexp(each, axis=0) - jnp.log(jnp.asarray(float(draws))), axis=0)

    return jnp.sum(jax.lax.map(trial, spikes), axis=0)


def stepwise_log_prob(output: Any, spikes: Array, features: Array, key: Array) -> Float[Array, "bin cell"]:
    """`log_likelihood`, bin by bin and cell by cell."""
    is_draw, is_score = (lambda node: isinstance(node, SpikeNoise)), (lambda node: isinstance(node, LogProb))
    drawn = output.draw(key, jnp.arange(spikes.shape[0], dtype=jnp.int32))
    noise = jax.tree.map(lambda node: forced(node, spikes) if is_draw(node) else node, drawn, is_leaf=is_draw)
    cell = with_mode(output, "score")

    def step(state, x, tick):
        after, _ = cell.step(state, x, tick)
        (found,) = [node.value for node in jax.tree.leaves(after, is_leaf=is_score) if is_score(node)]
        blank = lambda node: LogProb(jnp.zeros_like(node.value)) if is_score(node) else node
        return jax.tree.map(blank, after, is_leaf=is_score), found

    span = Span(jnp.zeros((), jnp.int32), jnp.asarray(1.0), noise, spikes.shape[0])
    return span.each(step, cell.init(key), features)[1]


@eqx.filter_jit
def free_running(model: Coder, movie: Float[Array, "bin pixel"], keys: Array) -> Float[Array, "trial bin cell"]:
    """A trial for each key."""
    return jax.vmap(lambda key: model.spikes(movie, key))(keys)
