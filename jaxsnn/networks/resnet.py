"""Spiking residual networks, on maps [time, channel, height, width].

    stem     Convolution 3 x 3 -> Norm -> neuron
    block    y = neuron(Norm(Convolution(neuron(Norm(Convolution(x))))) + around(x)),   3 x 3 both
             around: x itself, or Norm(Convolution 1 x 1) where the block changes size or stride
    head     mean over the maps -> [Dense -> Norm -> neuron] x hidden -> Dense -> readout

    resnet18   2, 2, 2, 2 blocks of 64, 128, 256, 512 maps, strides 1, 2, 2, 2; 32 x 32 inputs (no pooling in the stem)
    resnet19   3, 3, 2 blocks of 128, 256, 512 maps, strides 1, 2, 2; one hidden layer of 256

Blocks, widths and head are those of the code of Ma et al. 2023; the place of the neurons, after the sum, is that of
Zheng et al. 2021, whose ResNet-19 this is, and a reading: our notes on the code do not say. Run with dt = 1.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..core import Cell, check_size, require
from ..layers import AveragePool, kaiming_uniform
from .chain import Chain
from .convolutional import Conv, Maps, check_maps, convolved
from .recipe import Neuron, Recipe, Weights, spiking_neurons
from .residual import Residual


def resnet(
    shape: Any,
    blocks: Sequence[int],
    widths: Sequence[int],
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
    """blocks, widths: of each stage; stages after the first halve the maps. The rest as in `convolutional`."""
    check_maps(shape)
    known = len(blocks) == len(widths) >= 1
    require(known, "widths", tuple(widths), f"must be {len(blocks)} numbers of maps", "pass one for each of `blocks`")
    recipe = Recipe(
        key, neuron or spiking_neurons(), readout=readout, weights=weights, norm=norm, gain=gain, dropout=dropout
    )
    stem, shape = convolved(recipe, shape, Conv(widths[0]))
    cells: list[Cell] = [stem, *recipe.spikes(shape)]
    for stage, (count, width) in enumerate(zip(blocks, widths, strict=True)):
        check_size(f"blocks[{stage}]", count)
        for number in range(count):
            block, shape = _block(recipe, shape, width, 2 if stage and not number else 1)
            cells += block
    return Chain(*cells, AveragePool(None), *recipe.head((shape[0], *hidden, classes)))


def resnet18(shape: Maps = (3, 32, 32), classes: int = 10, *, key: Any, **options: Any) -> Chain:
    """options: those of `resnet`."""
    return resnet(shape, (2, 2, 2, 2), (64, 128, 256, 512), classes, key=key, **options)


def resnet19(shape: Maps = (3, 32, 32), classes: int = 10, *, key: Any, **options: Any) -> Chain:
    """options: those of `resnet`."""
    return resnet(shape, (3, 3, 2), (128, 256, 512), classes, key=key, **({"hidden": (256,)} | options))


def _block(recipe: Recipe, shape: Maps, width: int, stride: int) -> tuple[list[Cell], Maps]:
    first, after = convolved(recipe, shape, Conv(width, stride=stride))
    second, _ = convolved(recipe, after, Conv(width))
    body = Chain(first, *recipe.spikes(after), second, *recipe.normed(width))
    around = None
    if after != shape:
        around = Chain(convolved(recipe, shape, Conv(width, 1, stride))[0], *recipe.normed(width))
    return [Residual(body, around), recipe.neuron(after)], after
