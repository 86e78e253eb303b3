"""Training one network of the study, and what is kept of it.

Softmax over the classes in every step, summed over time, taken as logits of a cross-entropy; two Adams with the
schedules of `schedule`; the number of the epoch travels in the batch and sets the width of the kernels. After every
epoch the rounded network (whole delays, one tap) is judged on the validation voices, and tested beside it. The result
is the network of the best validation accuracy (the first of equals); the best accuracy on the test set over all epochs
is kept too, and is what a protocol without validation voices would report.

Every sequence has one length, so no mask is needed: frames after the last spike are zero and count in loss and batch
norm, as in the released code.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jaxsnn import simulate
from jaxsnn.core import Running
from jaxsnn.engine.checkpoint import atomic
from jaxsnn.fit import Batches, Fitted, between, cross_entropy, fit, free
from jaxsnn.networks import Chain
from jaxsnn.trainings import learning_curves

from . import schedule
from .network import LEARNED, Learner, build, trained_parameters
from .utterances import Split, classes, splits

CHUNK = 128  # samples judged at a time
OTHERS = ("accent", "flite")  # splits that are only tested on, where the data has them
HIGHEST = {"weights": 5e-3, "delays": 0.1}  # learning rates


def loss(learner: Learner, batch: dict[str, Array], key: Array, *, taps: int, epochs: int, annealed: bool) -> Any:
    """Mean over the batch; with the accuracy, and the final states, in which the statistics are."""
    network = learner.dressed(schedule.width(batch["epoch"], taps, epochs) if annealed else None)

    def one(frames, label, key):
        final, y = simulate(network, frames.astype(float), dt=1.0, key=key)
        return cross_entropy(y, label, "sum"), final, _chosen(y) == label

    keys = jax.random.split(key, batch["label"].shape[0])
    losses, final, hits = jax.vmap(one, axis_name="batch")(batch["frames"], batch["label"], keys)
    begun = lambda old, now: Running(jnp.where(batch["first"], now, old.mean), old.variance, old.axis)
    since = tuple(begun(old, now) for old, now in zip(learner.since, learner.delays, strict=False))
    return jnp.mean(losses), {"accuracy": jnp.mean(hits.astype(float))}, (final, since)


def _chosen(y: Float[Array, "time class"]) -> Array:
    return jnp.argmax(jnp.sum(jax.nn.softmax(y), axis=0))


def judged(network: Chain, split: Split) -> Bool[Array, " sample"]:
    """Whether each sample is recognised. network: as it is used, that is of `Learner.rounded`."""
    key = jax.random.key(0)  # nothing is drawn

    def one(sample):
        frames, label = sample
        return _chosen(simulate(network, frames.astype(float), dt=1.0, key=key)[1]) == label

    frames, label = jnp.asarray(split.frames), jnp.asarray(split.label, jnp.int32)
    return jax.lax.map(one, (frames, label), batch_size=min(CHUNK, len(split.label)))


def validate(learner: Learner, key: Array, *, held_out: Split, test: Split) -> Any:
    """The share of validation samples that the rounded network gets wrong."""
    del key
    network = learner.rounded()
    share = lambda split: jnp.mean(judged(network, split).astype(float))
    moved = {
        f"moved{n}": jnp.mean(jnp.abs(now - then.mean), where=None if learner.kept is None else learner.kept[n])
        for n, (now, then) in enumerate(zip(learner.delays, learner.since, strict=False))
    }
    return 1 - share(held_out), {"test": share(test), **moved}


def fitted(learner: Learner, given: dict[str, Split], key: Array, checkpoint: Path | None, **how: Any) -> Fitted:
    """how: arm, taps, epochs, batch: see `train`."""
    taps, epochs, arm = how["taps"], how["epochs"], how["arm"]
    train = given["train"]
    drawn = Batches({"frames": train.frames, "label": train.label}, how["batch"], key=jax.random.fold_in(key, 1))
    each = drawn.each_epoch

    def batches(step: int) -> dict[str, Any]:
        number = {"epoch": np.int32(drawn.epoch(step)), "first": np.bool_(step % each == 0)}
        return {**drawn(step), **number}

    weights = partial(schedule.weight_optimizer, epochs, each, highest=HIGHEST["weights"])
    bounds, optimizer = {"network.*.weight": free()}, {"*.weight": weights()}
    if arm in LEARNED:
        bounds["network.*.delay"] = between(0, taps - 1)
        optimizer["*.delay"] = schedule.delay_optimizer(epochs, each, highest=HIGHEST["delays"])
    bounds |= {"network.*.gain": free(), "network.*.bias": free()}
    return fit(
        partial(loss, taps=taps, epochs=epochs, annealed=arm == "annealed"),
        learner,
        bounds,
        optimizer={**optimizer, "*": weights(decay=0.0)},
        steps=epochs * each,
        key=jax.random.fold_in(key, 2),
        batches=batches,
        validate=partial(validate, held_out=given["validation"], test=given["seen"]),
        every=each,
        checkpoint=checkpoint,
        record=[],
    )


def train(
    point: dict[str, Any],
    key: Array,
    checkpoint: Path,
    *,
    data: str,
    samples: int,
    tested: int,
    layers: int,
    taps: int,
    epochs: int,
    batch: int,
    dropout: float,
    pilot: int,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """One training. point: arm, beta, hidden (units of a layer), inputs (of a neuron, 0 for all).

    samples: of the training set, and tested: of the test set after every epoch; 0 for all. taps: T, longest delay + 1.
    epochs: four at least. pilot: units of a layer in the network whose learned delays the arm "histogram" draws from.
    """
    found = splits(data)
    given = {**found, "train": found["train"].part(samples), "seen": found["test"].part(tested)}
    arm = point["arm"]
    ends = given["train"].frames.shape[2], classes(found)
    sizes = lambda units: (ends[0], *[units] * layers, ends[1])
    how = {"taps": taps, "epochs": epochs, "batch": batch}
    own = {"key": jax.random.fold_in(key, 0), "taps": taps, "beta": point["beta"], "dropout": dropout}
    make = partial(build, **own, inputs=point["inputs"])
    known = None
    if arm == "histogram":
        known = _pilot(make("annealed", sizes(pilot)), given, key, checkpoint, how)
    start = make(arm, sizes(point["hidden"]), found=known)
    end = fitted(start, given, key, checkpoint, arm=arm, **how)
    kept = _kept(start, end, given, taps, layers + 1, epochs)
    kept["parameters"] = np.int64(trained_parameters(arm, sizes(point["hidden"]), point["inputs"]))
    return kept, learning_curves(end.history, len(given["train"].label) // batch)


def _pilot(
    start: Learner, given: dict[str, Split], key: Array, checkpoint: Path, how: dict[str, Any]
) -> list[np.ndarray]:
    """Delays by layer that the annealed arm finds from this beginning; kept beside the checkpoint."""
    done = checkpoint.with_name(f"{checkpoint.name}-pilot.npz")
    if not done.exists():
        end = fitted(start, given, key, checkpoint.with_name(f"{checkpoint.name}-pilot"), arm="annealed", **how)
        with atomic(done) as file:
            np.savez(file, *_existing(end.model))
    with np.load(done) as kept:
        return [kept[name] for name in kept.files]


def _existing(learner: Learner) -> list[np.ndarray]:
    """Delays of the synapses that there are, by layer, [synapse]."""
    kept = learner.kept or [np.ones(delay.shape, bool) for delay in learner.delays]
    return [np.asarray(delay)[np.asarray(mask)] for delay, mask in zip(learner.delays, kept, strict=False)]


def _kept(
    start: Learner, end: Fitted, given: dict[str, Split], taps: int, layers: int, epochs: int
) -> dict[str, np.ndarray]:
    """Results, of the same shapes in every arm."""
    history, learner = end.history, end.model
    judgements = np.flatnonzero(np.isfinite(history.score))
    of = lambda series: np.asarray(series[judgements], np.float32)
    validation, test = 1 - of(history.score), of(history.held_out["test"])
    moved = [of(history.held_out[f"moved{n}"]) for n in range(layers) if f"moved{n}" in history.held_out]
    best = int(np.argmax(validation))
    network = learner.rounded()
    results = {
        "validation": validation,  # [epoch]
        "test": test,
        "loss": np.asarray(np.mean(history.series["loss"].reshape(epochs, -1), axis=1), np.float32),
        "accuracy": np.asarray(np.mean(history.series["accuracy"].reshape(epochs, -1), axis=1), np.float32),
        "moved": np.stack(moved or [np.zeros(epochs, np.float32)] * layers, axis=1),  # steps, [epoch, layer]
        "best_epoch": np.int64(best),
        # of the samples tested after every epoch: at the best validation epoch, and the best of all epochs, which a
        # protocol without validation voices would report
        "test_chosen": test[best],
        "test_best": test.max(),
        "delays_before": _histogram(start, taps, layers),  # [layer, delay in steps]
        "delays_after": _histogram(learner, taps, layers),
    }
    return results | _by_voice(network, {name: given[name] for name in ("test", *OTHERS) if name in given})


def _by_voice(network: Chain, tested: dict[str, Split]) -> dict[str, np.ndarray]:
    """Right answers and samples of every split, [voice]. All are judged by one program."""
    together = Split(*(np.concatenate(columns) for columns in zip(*tested.values(), strict=True)))
    hits = np.asarray(jax.jit(lambda network: judged(network, together))(network))
    results, done = {}, 0
    for name, split in tested.items():
        own = hits[done : done + len(split.label)]
        done += len(split.label)
        results[f"{name}_correct"] = np.bincount(split.voice, own, minlength=split.voices)
        results[f"{name}_samples"] = np.bincount(split.voice, minlength=split.voices)
    return results


def _histogram(learner: Learner, taps: int, layers: int) -> np.ndarray:
    counts = [np.bincount(np.round(delay).astype(int), minlength=taps) for delay in _existing(learner)]
    return np.stack(counts or [np.zeros(taps, int)] * layers)
