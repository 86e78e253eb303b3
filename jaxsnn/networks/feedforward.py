"""Networks to train, layer by layer, on inputs [time, input].

    feedforward           [synapse -> Norm -> neuron -> Dropout] x hidden -> synapse -> readout
    recurrent_network     the same, the neurons of each hidden layer in a loop of delayed synapses
    delayed_feedforward   the layout of DCLS delay learning (Hammouamri et al. 2024, code)

They are made for training (batch statistics, dropout): `layers.inference(network)` is what is used. Run with dt = 1.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..core import Cell
from ..delays import Gaussian, Kernel
from ..gradients import ArcTan, SpikeRule
from ..layers import kaiming_uniform
from .chain import Chain
from .recipe import (
    Neuron,
    Recipe,
    Synapse,
    Weights,
    check_sizes,
    delayed_synapses,
    dense_synapses,
    leaky_readout,
    spiking_neurons,
)
from .recurrent import Recurrent

_LEAKY = leaky_readout()
ARCTAN_5 = 2 / (5 * 3.141592653589793)  # width of SpikingJelly's arctan surrogate with alpha = 5


def feedforward(
    sizes: Sequence[int],
    *,
    key: Any,
    neuron: Neuron | None = None,
    synapse: Synapse = dense_synapses,
    norm: bool = False,
    gain: Any = 1.0,
    dropout: float = 0.0,
    readout: Callable[[int], Cell] | None = _LEAKY,
    weights: Weights = kaiming_uniform,
) -> Chain:
    """sizes: inputs, hidden layers, classes. The other arguments are recipes (see `recipe`).

    norm: batch norm before every hidden layer's neurons, its gain beginning at `gain` (one number). dropout: share of
    the spikes of each hidden layer that are lost in training. readout: on the last layer's current; None: none.
    """
    check_sizes(sizes)
    return Chain(*Recipe(key, neuron or spiking_neurons(), synapse, readout, weights, norm, gain, dropout).head(sizes))


def recurrent_network(
    sizes: Sequence[int],
    *,
    key: Any,
    neuron: Neuron | None = None,
    synapse: Synapse = dense_synapses,
    loop: Synapse | None = None,
    norm: bool = False,
    gain: Any = 1.0,
    dropout: float = 0.0,
    readout: Callable[[int], Cell] | None = _LEAKY,
    weights: Weights = kaiming_uniform,
) -> Chain:
    """As `feedforward`, and what every hidden layer emits comes back to it through `loop`, after at least one step.

    loop: synapses whose delays are within [1, max_delay] steps; by default of one step each, trainable up to four.
    Batch norm applies to what comes from the layer before, ahead of the loop.
    """
    check_sizes(sizes)
    back = loop or delayed_synapses(4, least=1.0, per="layer")
    recipe = Recipe(key, neuron or spiking_neurons(), synapse, readout, weights, norm, gain, dropout)
    inner = recipe.neuron

    def looped(size: Any) -> Cell:
        return Recurrent(inner(size), back(recipe.weight(size, size), next(recipe.keys)))

    recipe.neuron = looped
    return Chain(*recipe.head(sizes))


def delayed_feedforward(
    sizes: Sequence[int],
    *,
    key: Any,
    max_delay: int,
    kernel: Callable[[], Kernel] | None = None,
    beta: Any = 0.005,
    threshold: Any = 1.0,
    rule: Callable[[], SpikeRule] | None = None,
    norm: bool = True,
    dropout: float = 0.4,
    readout: Callable[[int], Cell] | None = None,
    weights: Weights = kaiming_uniform,
) -> Chain:
    """[DelayedDense -> Norm -> DiscreteLIF, reset to zero and detached -> Dropout] x hidden -> DelayedDense -> readout.

    A delay per synapse in every layer, the last included, uniform on [0, max_delay] steps (T_d taps: max_delay =
    T_d - 1). kernel: makes each layer's; by default `Gaussian(0.5)`. beta: decay of a membrane in a step, of the
    readout too unless one is given: a leaky integrator. rule: makes each layer's spike rule; by default an arctan of
    unit area with SpikingJelly's alpha = 5.
    """
    check_sizes(sizes)
    rule = rule or (lambda: ArcTan(ARCTAN_5, normalize="area"))
    return feedforward(
        sizes,
        key=key,
        neuron=spiking_neurons(beta, threshold=threshold, rule=rule, reset="zero", detach_reset=True),
        synapse=delayed_synapses(max_delay, kernel or (lambda: Gaussian(0.5))),
        norm=norm,
        dropout=dropout,
        readout=readout or leaky_readout(beta),
        weights=weights,
    )
