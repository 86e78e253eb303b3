"""What a model gathers while it is trained (`core.Running`): out of the state that a loss returns, into the model.

    (scalar, metrics, state)        state: whatever holds the model's `Running` nodes after the step, for instance the
                                    final states of a batch, [sample, ...]

They are known by their order: a network's state follows its cells. Statistics of a batch are the same for all samples,
so of a leading axis the first entry is taken.
"""

from typing import Any

import jax
from jaxtyping import Array, PyTree

from ..core import Running, require

Gathered = dict[str, Array]


def _is_running(node: Any) -> bool:
    return isinstance(node, Running)


def _nodes(tree: PyTree) -> list[Running]:
    """Those that gather; others stand still."""
    found = jax.tree.leaves(tree, is_leaf=_is_running)
    return [node for node in found if _is_running(node) and node.axis is not None]


def gathered_by(model: PyTree) -> Gathered:
    """mean and variance of every node that gathers, by number."""
    return _arrays(_nodes(model))


def _arrays(nodes: list[Running]) -> Gathered:
    return {f"{n}.{name}": getattr(node, name) for n, node in enumerate(nodes) for name in ("mean", "variance")}


def placed(model: PyTree, gathered: Gathered) -> PyTree:
    """The model with these statistics in the place of its own."""
    if not gathered:
        return model
    number = iter(range(len(gathered)))

    def one(node: Any) -> Any:
        if not _is_running(node) or node.axis is None:
            return node
        n = next(number)
        return Running(gathered[f"{n}.mean"], gathered[f"{n}.variance"], node.axis)

    return jax.tree.map(one, model, is_leaf=_is_running)


def gathered_from(state: PyTree, before: Gathered) -> Gathered:
    """The statistics in what a loss returned, in the shape that the model keeps them in.

    Raises ValueError when the model gathers and the loss returned too few or too many, or of other shapes.
    """
    found = _arrays(_nodes(state))
    remedy = "return (scalar, metrics, final states of the whole network), or train layers.inference(model)"
    allowed = f"must hold the {len(before) // 2} Running nodes that the model gathers"
    require(len(found) == len(before), "loss: its state", f"{len(found) // 2} Running nodes", allowed, remedy)
    after = {}
    for name, old in before.items():
        new = found[name]
        lead = new.ndim - old.ndim
        fits = lead >= 0 and new.shape[lead:] == old.shape
        require(fits, f"loss: running {name}", new.shape, f"must be [..., *{old.shape}]", remedy)
        after[name] = jax.lax.stop_gradient(new[(0,) * lead]).astype(old.dtype)
    return after
