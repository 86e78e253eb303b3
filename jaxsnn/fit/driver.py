"""The host loop of a fit: calls of several compiled steps, with judgement, checkpoint, progress and Ctrl-C between.

Made once for one fit and for a grid of fits: states and rows may have a leading axis of fits.
"""

import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from ..engine import Checkpoint, digest_of, fingerprint, load_tree, save_tree
from .descent import FitState
from .history import History, empty_history

SAVE_EVERY = 30.0  # seconds
log = logging.getLogger("jaxsnn")


class NotFinite(ValueError):
    """Loss, gradient or parameters are infinite or NaN; the text names the step, the parameter and the checkpoint."""


class Stopped(NamedTuple):
    """Why a fit ended: after all its `step`s, or by patience; in a grid also which fits broke, and when (-1: not)."""

    reason: str
    step: int
    broken: np.ndarray  # () or [fit]


@dataclass
class Fitting:
    """What the host loop is given."""

    advance: Callable[[FitState, Any], tuple[FitState, Any]]  # a scan over steps and their batches
    judge: Callable[[FitState], tuple[FitState, dict[str, Any]]] | None  # "score", and metrics
    state: FitState
    batches: Callable[[int], Any] | None
    steps: int
    every: int
    patience: int | None
    per_call: int
    settings: dict[str, Any]
    fits: int | None = None  # size of the leading axis of a grid

    def now(self, step: int, count: int) -> tuple[Any, Any]:
        """Numbers and batches of `count` steps, stacked."""
        numbers = np.arange(step, step + count, dtype=np.int32)
        if self.batches is None:
            return numbers, ()
        rows = [self.batches(int(n)) for n in numbers]
        return numbers, jax.tree.map(lambda *leaves: np.stack([np.asarray(a) for a in leaves]), *rows)


class Ended(NamedTuple):
    state: FitState
    history: History
    stopped: Stopped


def drive_fit(fitting: Fitting, checkpoint: Path | None, progress: bool) -> Ended:
    begun = time.monotonic()
    advance = jax.jit(fitting.advance)
    judge = None if fitting.judge is None else jax.jit(fitting.judge)
    # calls end at every judgement, so that all are alike but perhaps the last
    count = min(fitting.per_call, fitting.steps, fitting.every if judge is not None else fitting.steps)
    shapes = jax.eval_shape(fitting.advance, fitting.state, fitting.now(0, count))[1]
    found = None if judge is None else jax.eval_shape(judge, fitting.state)[1]
    history = _history(fitting, shapes, found)
    state, save = fitting.state, None
    if checkpoint is not None:
        save = Checkpoint(checkpoint, _identity(fitting, count))
        if checkpoint.exists():
            state, history = _restore(save, state, history)
            if fitting.fits is None and np.asarray(state.broken.step) >= 0:  # it had broken before it was saved
                raise NotFinite(_broken(state, save, history))
    saved = time.monotonic()
    reason = "every step was done"
    at = (state, history.done)  # one name, so that an interrupt cannot come between the state and its step
    try:
        with _bar(fitting, progress) as draw:
            while at[1] < fitting.steps:
                state, done = at
                size = min(
                    count, fitting.steps - done, fitting.every - done % fitting.every if judge else fitting.steps
                )
                state, rows = advance(state, fitting.now(done, size))
                found = None
                if judge is not None and ((done + size) % fitting.every == 0 or done + size == fitting.steps):
                    state, found = judge(state)
                _note(history, done, rows, found)
                at = (state, done + size)
                history.done = at[1]
                history.compile_seconds = history.compile_seconds or time.monotonic() - begun
                draw(history)
                broken = np.asarray(state.broken.step)
                if fitting.fits is None and broken >= 0:
                    raise NotFinite(_broken(state, save, history))
                if np.all(broken >= 0) or _patient(fitting, state, broken):
                    reason = "every fit broke" if np.all(broken >= 0) else "the held-out score stopped improving"
                    break
                if save is not None and time.monotonic() - saved >= SAVE_EVERY:
                    history.seconds, begun = history.seconds + time.monotonic() - begun, time.monotonic()
                    _save(save, state, history)
                    saved = time.monotonic()
    except KeyboardInterrupt:
        state, history.done = at
        raise KeyboardInterrupt(_interrupted(save, state, history, fitting.steps)) from None
    history.seconds += time.monotonic() - begun
    if save is not None:
        save.path.unlink(missing_ok=True)
    if not np.any(history.series["gradient"]):
        log.warning(
            "every gradient of the fit was exactly zero, and nothing was trained: the loss depends on none of the "
            "trained parameters, or all neurons are far from threshold, or a rule in score mode is used without "
            "score_loss"
        )
    return Ended(state, history, Stopped(reason, history.done, np.asarray(state.broken.step)))


def _history(fitting: Fitting, rows: Any, found: dict[str, Any] | None) -> History:
    shape = () if fitting.fits is None else (fitting.fits,)
    example = {path: np.zeros(v.shape[1:]) for path, v in rows.values.items()}
    metrics = [name for name in found or {} if name != "score"]
    return empty_history(fitting.steps, shape, list(rows.series), example, metrics)


def _note(history: History, at: int, rows: Any, found: dict[str, Any] | None) -> None:
    history.write(at, rows.series, rows.values)
    if found is not None:
        history.judge(at + len(next(iter(rows.series.values()))) - 1, found)


def _patient(fitting: Fitting, state: FitState, broken: np.ndarray) -> bool:
    if fitting.judge is None or fitting.patience is None:
        return False
    return bool(np.all((np.asarray(state.best.since) >= fitting.patience) | (broken >= 0)))


def _identity(fitting: Fitting, count: int) -> dict[str, Any]:
    """What must agree before a checkpoint is taken up: the code, backward rules included, where the fit began, its
    first batch, numbers and settings."""
    first = fitting.now(0, count)
    code = fingerprint(fitting.advance, fitting.state, first)[0]
    judged = {} if fitting.judge is None else {"validate": fingerprint(fitting.judge, fitting.state)[0]}
    batch = {} if fitting.batches is None else {"first batch": digest_of(first)}
    return {"code": code, **judged, "start": digest_of(fitting.state), **batch, **fitting.settings}


def _save(save: Checkpoint, state: FitState, history: History) -> None:
    facts = {"done": history.done, "seconds": history.seconds}
    save_tree(save.path, {"state": state, "history": history.arrays()}, {**save.meta, **facts})


def _restore(save: Checkpoint, state: FitState, history: History) -> tuple[FitState, History]:
    found, meta = load_tree(save.path, {"state": state, "history": history.arrays()})
    other = [name for name, value in save.meta.items() if meta.get(name) != value]
    if other:
        raise ValueError(
            f"checkpoint {save.path} belongs to another fit: its {' and '.join(other)} differ; delete it or pass "
            "another path"
        )
    # a copy: what is read from a file cannot be written to
    arrays = jax.tree.map(np.array, found["history"])
    state = jax.tree.map(jax.numpy.asarray, found["state"])
    return state, History(**arrays, done=meta["done"], seconds=meta["seconds"])


def _broken(state: FitState, save: Checkpoint | None, history: History) -> str:
    step = int(state.broken.step)
    counts = {name: int(n) for name, n in state.broken.entries.items() if int(n)}
    worst = ", ".join(["the loss"] * counts.pop("loss", 0) + [f"{n} entries of {path}" for path, n in counts.items()])
    before = history.series["loss"][step - 1] if step else float("nan")
    text = f"fit stopped at step {step}: not finite are {worst}; the loss of the step before was {before:.6g}"
    if save is not None:
        _save(save, state, history)
        text += f"; {save.path} holds the parameters of that step"
    return text + ". Lower the rate, clip the gradients (optax.clip_by_global_norm), or narrow the bounds"


def _interrupted(save: Checkpoint | None, state: FitState, history: History, steps: int) -> str:
    where = f"fit stopped after {history.done} of {steps} steps"
    if save is None:
        return f"{where}; nothing is kept without a checkpoint: pass checkpoint=... to be able to go on"
    _save(save, state, history)
    return f"{where}; {save.path} holds its state, and the same call goes on from there"


@contextmanager
def _bar(fitting: Fitting, wanted: bool) -> Any:
    if not wanted:
        yield lambda history: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("fit"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[loss]}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("fit", total=fitting.steps, loss="")

        def draw(history: History) -> None:
            last = np.atleast_1d(history.loss[-1])
            shown = f"loss {np.nanmin(last):.4g}" if np.isfinite(last).any() else "loss not finite"
            bar.update(task, completed=history.done, loss=shown)

        yield draw
