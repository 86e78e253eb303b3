"""Convolutional networks to train, on maps [time, channel, height, width].

    [Convolution -> Norm -> neuron, or pooling] x plan -> Flatten -> [Dense -> Norm -> neuron -> Dropout] x hidden
        -> Dense -> readout

`VGG` is the plan of the noisy spiking networks of Ma et al. 2023 for 2 x 48 x 48 event frames (code): 64, 128, pool,
256, 256, pool, 512, 512, pool, 512, 512, pool, linear; `CIFARNET` their net for CIFAR without batch norm, whose fully
connected part is 1024, 512, classes. Kernels are 3 x 3, which keep the size of the maps. Made for training, as
`feedforward` is. Run with dt = 1.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core import Cell, check_size, require
from ..layers import AveragePool, Flatten, MaxPool, kaiming_uniform
from ..synapses import Convolution
from .chain import Chain
from .recipe import Neuron, Recipe, Weights, spiking_neurons

Maps = tuple[int, int, int]


class Conv(NamedTuple):
    """A convolutional layer of spiking neurons. padding=None: half the kernel, which keeps the maps at stride 1."""

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: int | None = None


class Pool(NamedTuple):
    window: int = 2
    kind: str = "average"  # or "max"


_P = Pool()
VGG = (Conv(64), Conv(128), _P, Conv(256), Conv(256), _P, Conv(512), Conv(512), _P, Conv(512), Conv(512), _P)
CIFARNET = (Conv(128), Conv(256), _P, Conv(512), _P, Conv(1024), Conv(512))


def convolutional(
    shape: Any,
    plan: Sequence[Any],
    classes: int,
    *,
    key: Any,
    hidden: Sequence[int] = (),
    neuron: Neuron | None = None,
    norm: bool = True,
    gain: Any = 1.0,
    dropout: float = 0.0,
    readout: Callable[[int], Cell] | None = None,
    weights: Weights = kaiming_uniform,
) -> Chain:
    """shape: of the input, (channel, height, width). hidden: sizes of the fully connected layers before the classes.

    dropout: of the spikes of the hidden layers. By default the output of a step is the current of the last layer, and
    the logits are their mean over time.
    """
    check_maps(shape)
    recipe = Recipe(
        key, neuron or spiking_neurons(), readout=readout, weights=weights, norm=norm, gain=gain, dropout=dropout
    )
    cells: list[Cell] = []
    for place, layer in enumerate(plan):
        require(isinstance(layer, Conv | Pool), f"plan[{place}]", layer, "must be a Conv or a Pool", "pass Conv(16)")
        if isinstance(layer, Conv):
            convolution, shape = convolved(recipe, shape, layer)
            cells += [convolution, *recipe.spikes(shape)]
        else:
            pool, shape = _pooled(shape, layer, place)
            cells.append(pool)
    flat = shape[0] * shape[1] * shape[2]
    return Chain(*cells, Flatten(), *recipe.head((flat, *hidden, classes)))


def vgg(shape: Maps = (2, 48, 48), classes: int = 10, *, key: Any, **options: Any) -> Chain:
    """`convolutional` with the plan `VGG`; options are its others. Maps must be at least 16 x 16."""
    return convolutional(shape, VGG, classes, key=key, **options)


def check_maps(shape: Any) -> None:
    known = isinstance(shape, tuple) and len(shape) == 3
    require(known, "shape", shape, "must be (channel, height, width)", "pass for instance (1, 28, 28)")
    for place, size in enumerate(shape):
        check_size(f"shape[{place}]", size)


def convolved(recipe: Recipe, shape: Maps, layer: Conv) -> tuple[Convolution, Maps]:
    """The synapses, and the shape of their maps."""
    padding = (layer.kernel - 1) // 2 if layer.padding is None else layer.padding
    across = lambda size: (size + 2 * padding - layer.kernel) // layer.stride + 1
    after = (layer.channels, across(shape[1]), across(shape[2]))
    fits = min(after) > 0
    allowed = f"must fit into maps of {shape[1:]}"
    require(fits, "Conv.kernel", layer.kernel, allowed, "pool less often, or pass larger maps")
    weight = recipe.weight(layer.channels, shape[0], layer.kernel, layer.kernel)
    return Convolution(weight, stride=layer.stride, padding=padding), after


def _pooled(shape: Maps, layer: Pool, place: int) -> tuple[Cell, Maps]:
    kinds = {"average": AveragePool, "max": MaxPool}
    known = layer.kind in kinds
    require(known, f"plan[{place}].kind", layer.kind, f"must be one of {tuple(kinds)}", "pass one of them")
    after = (shape[0], shape[1] // layer.window, shape[2] // layer.window)
    allowed = f"must be at most the size of the maps, {shape[1:]}"
    require(min(after) > 0, f"plan[{place}].window", layer.window, allowed, "pool less often, or pass larger maps")
    return kinds[layer.kind](layer.window), after
