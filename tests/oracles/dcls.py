"""Delayed synapses, schedules and optimisers of DCLS delay learning, run by the public package `dcls` and by PyTorch.

What tests/oracles/test_dcls.py compares with. A script of its own, not part of the test suite. To make the recording
again (seconds), from the checkout:

    python3.11 -m venv dcls && dcls/bin/pip install torch==2.13.0 dcls==0.1.1 numpy==2.4.6
    dcls/bin/python tests/oracles/dcls.py

Nothing here comes from `jaxsnn`, and nothing of `dcls` is in this repository: only numbers that it computed. In double
precision, for several kernel sizes T and widths SIG:

    layers      a convolution with learnable spacings, its input padded with T - 1 zeros on the left and (T - 1) // 2 on
                the right, as in delay learning: the kernel built from weights and positions, the output, and the
                gradients of sum(cotangent * output) by weight, position and input. "gauss" is the kernel of training,
                "max" with whole positions and SIG = 0 that of testing
    schedules   SIG, epoch by epoch, as the training loop multiplies it (single precision, as there); rate and beta1 of
                PyTorch's one-cycle schedule and rate of its cosine schedule, stepped once an epoch
    adam        a few steps of PyTorch's Adam with L2 decay under the one-cycle schedule, from recorded gradients
"""

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from DCLS.construct.modules import Dcls1d
from torch.nn.functional import pad
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

PRE, POST, BATCH, TIME = 4, 3, 2, 14
LAYERS = [  # taps T, kernels per synapse, version, SIG
    (25, 1, "gauss", 12.0),
    (25, 1, "gauss", 1.3),
    (25, 1, "gauss", 0.23),
    (31, 1, "gauss", 15.0),
    (31, 2, "gauss", 0.23),
    (8, 1, "gauss", 2.0),  # even
    (25, 1, "max", 0.0),
    (8, 1, "max", 0.0),
]
WIDTHS = [(25, 150), (31, 60), (31, 100), (25, 30), (25, 6)]  # taps, epochs
RATES = [(150, 5e-3, 0.1), (30, 5e-3, 0.1), (7, 2e-3, 0.05)]  # epochs, highest rate of weights, rate of positions


def spikes(generator):
    """Counts, some steps without any: [sample, pre, time]."""
    rate = 0.7 * torch.rand(PRE, 1, generator=generator).expand(BATCH, PRE, TIME)
    return torch.poisson(rate, generator=generator)


def layer(taps, count, name, sig, generator):
    """One layer: what it was given, and what came out."""
    conv = Dcls1d(PRE, POST, kernel_count=count, groups=1, dilated_kernel_size=taps, bias=False, version=name)
    half = taps // 2
    with torch.no_grad():
        conv.weight.copy_(torch.randn(POST, PRE, count, generator=generator))
        conv.P.copy_(half * (2 * torch.rand(1, POST, PRE, count, generator=generator) - 1))
        conv.P[0, 0, 0, 0], conv.P[0, 0, 1, 0] = float(half), -half - 0.4  # the ends; the second is clamped
        if name == "max":
            conv.P.round_()
        conv.clamp_parameters()
        conv.P.clamp_(max=taps - 1 - half)  # an even T has no tap at position T // 2: it would be a delay of -1
        conv.SIG.fill_(sig)
    conv.SIG.requires_grad = False
    x = spikes(generator).requires_grad_()
    y = conv(pad(x, (taps - 1, (taps - 1) // 2)))
    cotangent = torch.randn(y.shape, generator=generator)
    (cotangent * y).sum().backward()
    kernel = conv.DCK(conv.weight, conv.P, conv.SIG).detach()
    found = {
        "input": x,
        "weight": conv.weight,  # [post, pre, kernel]
        "position": conv.P[0],
        "kernel": kernel,  # [post, pre, tap]
        "output": y,  # [sample, post, time]
        "cotangent": cotangent,
        "by_weight": conv.weight.grad,
        "by_position": conv.P.grad[0],
        "by_input": x.grad,
    }
    facts = {"taps": taps, "kernels": count, "version": name, "sig": sig}
    return facts | {key: value.detach().tolist() for key, value in found.items()}


def width(taps, epochs):
    """SIG at each epoch of training, then after the last."""
    first, final = taps // 2, epochs // 4
    sig = torch.full((1,), float(first), dtype=torch.float32)
    held = [sig.item()]
    for epoch in range(epochs):
        if epoch < final and sig.item() > 0.23:
            sig *= (0.23 / first) ** (1 / final)
        held.append(sig.item())
    return {"taps": taps, "epochs": epochs, "sig": held}


def rates(epochs, highest, positions):
    """What each epoch of training is done with."""
    one = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    weights, places = Adam(one[:1], lr=1e-3, betas=(0.9, 0.999)), Adam(one[1:], lr=positions)
    cycle = OneCycleLR(weights, max_lr=highest, total_steps=epochs)
    cosine = CosineAnnealingLR(places, T_max=epochs)
    rows = {"rate": [], "beta1": [], "position_rate": []}
    for _ in range(epochs):
        rows["rate"].append(weights.param_groups[0]["lr"])
        rows["beta1"].append(weights.param_groups[0]["betas"][0])
        rows["position_rate"].append(places.param_groups[0]["lr"])
        for each in (weights, places, cycle, cosine):
            each.step()
    return {"epochs": epochs, "highest": highest, "positions": positions, **rows}


def adam(generator, epochs=5, each_epoch=3, decay=1e-2):
    """Values after every step; the decay is large so that it is seen."""
    value = torch.nn.Parameter(torch.randn(4, generator=generator))
    start, optimizer = value.tolist(), Adam([value], lr=1e-3, weight_decay=decay)
    cycle = OneCycleLR(optimizer, max_lr=5e-3, total_steps=epochs)
    gradients, values = [], []
    for _ in range(epochs):
        for _ in range(each_epoch):
            value.grad = torch.randn(4, generator=generator)
            gradients.append(value.grad.tolist())
            optimizer.step()
            values.append(value.tolist())
        cycle.step()
    facts = {"epochs": epochs, "each_epoch": each_epoch, "highest": 5e-3, "decay": decay}
    return facts | {"start": start, "gradients": gradients, "values": values}


def rounded(value):
    """To 12 digits, in all lists."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def main():
    parser = argparse.ArgumentParser(description="Record delayed synapses of the dcls package.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    generator = torch.Generator().manual_seed(6)
    record = {
        "versions": {name: version(name) for name in ("torch", "dcls", "numpy")}
        | {"python": platform.python_version()},
        "units": "positions, widths and times in steps; output [sample][post][time]",
        "layers": [layer(*one, generator) for one in LAYERS],
        "widths": [width(*one) for one in WIDTHS],
        "rates": [rates(*one) for one in RATES],
        "adam": adam(generator),
    }
    options.out.write_text(json.dumps(rounded(record)) + "\n")


if __name__ == "__main__":
    main()
