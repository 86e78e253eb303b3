"""Exact expectations by summing over every pattern of spikes, for small networks: the reference of all estimators.

    E[L] = sum over patterns of P(pattern) L(pattern),      2^(steps * neurons) patterns

A pattern happens because the rule's noise is replaced by noise that forces it; nothing else of the network is touched,
so this works for every cell whose neurons have stochastic rules. Noise of other kinds, and of the membrane, is drawn
once from `key` and shared by all patterns: expectations are then conditional on it. A loss is a function of (final
state, outputs) of one run.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from ..core import Cell, Span, bare, check_cells, check_key, check_kind, check_positive, check_row, strong
from .score import score_loss, total_log_prob
from .stochastic import SpikeNoise, StochasticRule, forced

_MOST = 18  # spikes to enumerate: 2^18 paths
Loss = Callable[[PyTree, PyTree], Float[Array, ""]]


class Paths(NamedTuple):
    """Every path, on a leading axis."""

    log_prob: Float[Array, " path"]
    final: PyTree
    ys: PyTree  # [path, time, ...]


def rules_of(cell: PyTree) -> list[StochasticRule]:
    is_rule = lambda node: isinstance(node, StochasticRule)
    return [node for node in jax.tree.leaves(cell, is_leaf=is_rule) if is_rule(node)]


def with_mode(cell: PyTree, mode: str) -> PyTree:
    """The same cell with every stochastic rule in this mode: "reverse", "forward" or "score"."""
    change = lambda node: dataclasses.replace(node, mode=mode) if isinstance(node, StochasticRule) else node
    return jax.tree.map(change, cell, is_leaf=lambda node: isinstance(node, StochasticRule))


def enumerate_paths(cell: Cell, xs: PyTree = None, *, dt: Any, key: Any, steps: int | None = None) -> Paths:
    """Run `cell` once for each pattern of spikes, with the log-probability of each, differentiable.

    xs: inputs with a leading time axis, or None with `steps`. key: gives the initial state and all other noise.
    Raises ValueError for a cell without stochastic rules, whose noise stays in the membrane it decides about, or with
    more than 18 spikes to decide.
    """
    run, noises = _patterns(cell, xs, dt, key, steps)
    final, ys = jax.vmap(lambda noise: run(with_mode(cell, "score"), noise))(noises)
    return Paths(total_log_prob(final, 1), final, ys)


def expected_loss(
    loss: Loss, cell: Cell, xs: PyTree = None, *, dt: Any, key: Any, steps: int | None = None
) -> Float[Array, ""]:
    """The expectation of `loss(final, ys)`; what its gradient is depends on the mode of the cell's rules.

    "score": the exact gradient of the expected loss. "reverse": the exact mean of the gradient that the rule passes on
    (noise-driven, or a surrogate in its place); the difference of the two is the rule's bias. Where some rules are in
    score mode and others are not, the exact mean of what `score_loss` returns of their samples.
    """
    paths = enumerate_paths(cell, xs, dt=dt, key=key, steps=steps)
    modes = _modes(cell)
    if modes == {"score"}:
        return jnp.sum(jnp.exp(paths.log_prob) * jax.vmap(loss)(paths.final, paths.ys))
    run, noises = _patterns(cell, xs, dt, key, steps)
    losses = jax.vmap(lambda noise: _sampled(loss, run(cell, noise), modes))(noises)
    return jnp.sum(jnp.exp(jax.lax.stop_gradient(paths.log_prob)) * losses)


def path_gradients(
    loss: Loss, cell: Cell, xs: PyTree = None, *, dt: Any, key: Any, steps: int | None = None, baseline: Any = "none"
) -> tuple[Float[Array, " path"], PyTree]:
    """Probability of each path, and the gradient for the cell that its rules return on it, leading path axis.

    Their weighted mean and variance are those of the estimator, exactly. baseline: of the score, a number or "none".
    """
    probability = jnp.exp(enumerate_paths(cell, xs, dt=dt, key=key, steps=steps).log_prob)
    run, noises = _patterns(cell, xs, dt, key, steps)
    modes = _modes(cell)
    estimate = lambda cell, noise: _sampled(loss, run(cell, noise), modes, baseline)
    return probability, jax.vmap(eqx.filter_grad(estimate), (None, 0))(cell, noises)


def _sampled(loss: Loss, ran: tuple[PyTree, PyTree], modes: set[str], baseline: Any = "none") -> Float[Array, ""]:
    """What one sample gives: its loss, with the score of those rules that have one in its gradient."""
    final, ys = ran
    value = loss(final, ys)
    return score_loss(value, final, baseline) if "score" in modes else value


def _modes(cell: PyTree) -> set[str]:
    return {rule.mode for rule in rules_of(cell)}


def check_run(cell: Cell, xs: PyTree, dt: Any, key: Any) -> None:
    """What `simulate` refuses of a run."""
    check_kind("cell", cell, Cell, "LIF(size=3)")
    check_key("key", key)
    check_positive("dt", dt)
    check_cells(cell, dt)
    check_row("xs", cell, bare(xs), "put time first; vmap over a batch", leading="steps")


def _patterns(cell: Cell, xs: PyTree, dt: Any, key: Any, steps: int | None) -> tuple[Callable, PyTree]:
    """run(cell, noise) -> (final state, outputs), and the noise that forces each pattern, leading path axis."""
    check_run(cell, xs, dt, key)
    if steps is None:
        if xs is None:
            raise ValueError("steps = None: a run without inputs needs its number of steps; pass steps=...")
        steps = jax.tree.leaves(xs)[0].shape[0]
    xs = jax.tree.map(jnp.asarray, xs)
    start, initial, stream = jnp.zeros((), jnp.int32), jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)
    for rule in rules_of(cell):
        if getattr(rule, "placement", None) == "membrane":
            raise ValueError(
                "NoiseDriven.placement = 'membrane': what stays in the membrane decides the spike, so no spike can be "
                'forced; enumerate "escape" or "membrane+escape"'
            )
    is_draw = lambda node: isinstance(node, SpikeNoise)
    drawn = cell.draw(stream, jnp.arange(steps, dtype=jnp.int32))
    leaves, structure = jax.tree.flatten(drawn, is_leaf=is_draw)
    shapes = [leaf.choice.shape for leaf in leaves if is_draw(leaf)]
    bits = sum(int(np.prod(shape)) for shape in shapes)
    if not shapes or bits > _MOST:
        raise ValueError(
            f"{bits} spikes to decide: must be between 1 and {_MOST} (steps times neurons with a stochastic rule); "
            + ("take fewer steps or neurons" if shapes else 'give a neuron a rule such as NoiseDriven("gaussian", 0.3)')
        )
    patterns = (np.arange(2**bits)[:, None] >> np.arange(bits)) & 1

    def force(pattern):
        new, used = [], 0
        for leaf in leaves:
            if is_draw(leaf):
                size = leaf.choice.size
                leaf = forced(leaf, pattern[used : used + size].reshape(leaf.choice.shape))
                used += size
            new.append(leaf)
        return jax.tree.unflatten(structure, new)

    def run(cell, noise):
        return cell.unroll(cell.init(initial), xs, Span(start, strong(dt), noise, steps))

    return run, jax.vmap(force)(jnp.asarray(patterns, jnp.zeros(()).dtype))
