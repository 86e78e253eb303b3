"""Training steps of a feed-forward spiking network in the PyTorch libraries: snnTorch, SpikingJelly, norse, DCLS.

The neurons as each library's documentation builds them, on both the library's and PyTorch's own terms: layers of
`torch.nn.Linear` without bias, membranes that keep `beta` of themselves in a step, cross-entropy of the mean output
spikes, Adam. "conv1d" is delay learning as Hammouamri et al. do it: Gaussian kernels over lags, built in every step and
applied with `conv1d`, between SpikingJelly's neurons. `given["arrays"]` is a file of NumPy arrays: spikes [batch, time,
input], labels [batch], weights 0, 1, ... [post, pre], delays likewise, in steps.
"""

import time

import numpy as np
import torch
from served import serve
from torch import nn
from torch.nn import functional as F


def snntorch_network(weights, beta, width):
    import snntorch
    from snntorch import surrogate

    rule = surrogate.fast_sigmoid(slope=1 / width)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.ModuleList(linear(w) for w in weights)
            self.neurons = nn.ModuleList(snntorch.Leaky(beta=beta, spike_grad=rule) for _ in weights)

        def forward(self, xs):
            membranes = [neuron.init_leaky() for neuron in self.neurons]
            out = []
            for x in xs:
                for n, (linear, neuron) in enumerate(zip(self.linear, self.neurons, strict=True)):
                    x, membranes[n] = neuron(linear(x), membranes[n])
                out.append(x)
            return torch.stack(out)

    return Network()


def spikingjelly_neuron(beta, width):
    from spikingjelly.activation_based import neuron, surrogate

    return neuron.LIFNode(
        tau=1 / (1 - beta),
        decay_input=False,
        v_reset=0.0,
        detach_reset=True,
        surrogate_function=surrogate.SoftSign(alpha=1 / width),
        step_mode="m",
    )


class Resetting(nn.Module):
    """SpikingJelly's networks remember their membranes until they are told to forget."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, xs):
        from spikingjelly.activation_based import functional

        functional.reset_net(self.layers)
        return self.layers(xs)


def spikingjelly_network(weights, beta, width):
    return Resetting(*(layer for w in weights for layer in (linear(w), spikingjelly_neuron(beta, width))))


def norse_network(weights, beta, width):
    """Its SuperSpike is of width 1 whatever is asked for; a membrane takes 1 - beta of its input."""
    import norse.torch as norse
    from norse.torch.functional.lif_box import LIFBoxParameters
    from norse.torch.module.lif_box import LIFBoxCell

    parameters = LIFBoxParameters(tau_mem_inv=torch.as_tensor((1 - beta) / 0.001), alpha=torch.as_tensor(1 / width))
    cells = [cell for w in weights for cell in (linear(w / (1 - beta)), LIFBoxCell(p=parameters, dt=0.001))]
    network = norse.Lift(norse.SequentialState(*cells))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, xs):
            return self.network(xs)[0]

    return Network()


class DelayedLinear(nn.Module):
    def __init__(self, weight, delay, lags, width):
        super().__init__()
        self.weight, self.delay = nn.Parameter(torch.tensor(weight)), nn.Parameter(torch.tensor(delay))
        self.lags, self.width = lags, width

    def forward(self, xs):
        lag = torch.arange(self.lags, dtype=torch.float32)
        share = torch.softmax(-0.5 * ((lag - self.delay[..., None]) / self.width) ** 2, dim=-1)
        kernel = (self.weight[..., None] * share).flip(-1)
        return F.conv1d(F.pad(xs.permute(1, 2, 0), (self.lags - 1, 0)), kernel).permute(2, 0, 1)


def linear(weight):
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight.data = torch.tensor(weight, dtype=torch.float32)
    return layer


NETWORKS = {"snntorch": snntorch_network, "spikingjelly": spikingjelly_network, "norse": norse_network}


def prepare(given):
    torch.set_num_threads(given["cores"])
    arrays = np.load(given["arrays"])
    weights = [arrays[f"weight{n}"] for n in range(given["layers"])]
    beta, width = given["beta"], given["width"]
    if given["library"] == "conv1d":
        delays = [arrays[f"delay{n}"] for n in range(given["layers"])]
        pairs = zip(weights, delays, strict=True)
        make = lambda w, d: (DelayedLinear(w, d, given["lags"], given["spread"]), spikingjelly_neuron(beta, width))
        network = Resetting(*(layer for w, d in pairs for layer in make(w, d)))
    else:
        network = NETWORKS[given["library"]](weights, beta, width)
    xs = torch.tensor(arrays["spikes"].astype(np.float32)).transpose(0, 1).contiguous()
    labels = torch.tensor(arrays["labels"].astype(np.int64))
    optimizer = torch.optim.Adam(network.parameters(), lr=given["rate"])

    def step():
        out = network(xs)
        loss = F.cross_entropy(out.mean(0), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach()), out

    loss, out = step()  # gradients stay where they are until the next step
    norms = [float(p.grad.norm()) for p in network.parameters()]

    def turn(number):
        begun = time.perf_counter()
        for _ in range(given["repeat"]):
            loss, _ = step()
        return {"seconds": time.perf_counter() - begun, "loss": loss}

    return turn, {"loss": loss, "spikes": float(out.detach().sum()), "gradients": norms, "compile_seconds": None}


serve(prepare)
