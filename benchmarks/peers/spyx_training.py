"""Training steps of a feed-forward spiking network in spyx (JAX, flax.nnx). What is given is as in `torch_training`.

Its neurons fire a step late: what the membrane of step n asks for is emitted in step n + 1.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import spyx
from flax import nnx
from served import serve


def prepare(given):
    arrays = np.load(given["arrays"])
    weights = [arrays[f"weight{n}"] for n in range(given["layers"])]
    layers, rngs = [], nnx.Rngs(0)
    for w in weights:
        linear = nnx.Linear(w.shape[1], w.shape[0], use_bias=False, rngs=rngs)
        linear.kernel.value = jnp.asarray(w.T)
        rule = spyx.axn.superspike(k=1 / given["width"])
        layers += [linear, spyx.nn.LIF((w.shape[0],), beta=given["beta"], activation=rule, rngs=rngs)]
    model = spyx.nn.Sequential(*layers)
    trained = lambda path, leaf: isinstance(leaf, nnx.Param) and path[-1] == "kernel"
    optimizer = nnx.Optimizer(model, optax.adam(given["rate"]), wrt=trained)
    xs = jnp.asarray(arrays["spikes"].astype(np.float32).swapaxes(0, 1))
    labels = jnp.asarray(arrays["labels"])

    def loss_of(model):
        out, _ = spyx.nn.run(model, xs)
        return optax.softmax_cross_entropy_with_integer_labels(out.mean(0), labels).mean(), out.sum()

    @nnx.jit
    def step(model, optimizer):
        grad = nnx.value_and_grad(loss_of, argnums=nnx.DiffState(0, trained), has_aux=True)
        (loss, spikes), gradient = grad(model)
        optimizer.update(model, gradient)
        return loss, spikes, [jnp.linalg.norm(leaf) for leaf in jax.tree.leaves(gradient)]

    begun = time.perf_counter()
    loss, spikes, norms = jax.block_until_ready(step(model, optimizer))
    compiling = time.perf_counter() - begun

    def turn(number):
        begun = time.perf_counter()
        for _ in range(given["repeat"]):
            last = step(model, optimizer)[0]
        last = float(last)
        return {"seconds": time.perf_counter() - begun, "loss": last}

    first = {"loss": float(loss), "spikes": float(spikes), "gradients": [float(n) for n in norms]}
    return turn, {"compile_seconds": compiling, **first}


serve(prepare)
