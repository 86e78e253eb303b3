"""The rules on a network too large to enumerate, against a reference sampled by the score function.

Three layers, the last one a loop, with real axonal delays. The exact gradient e is not known; its estimate by the score
function, with the leave-one-out mean of a batch as baseline, is unbiased, so products of *independent* estimates are
unbiased for products of what they estimate. With the batches of each kind split into two halves a and b:

    exact = e_a . e_b      dot = m . (e_a + e_b) / 2      square = m_a . m_b
    variance: of one path, from the spread of the batches' means; `reference`: the squared error that is left in e

A seed is another network with noise of its own, so that the spread over seeds holds the reference's error too.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.core import check_positive, check_size
from jaxsnn.engine import Plan
from jaxsnn.gradients import NoiseDriven, score_loss
from jaxsnn.sweeps import Study

from .exact import one_of
from .network import BETA, KINDS, LOSSES, RESETS, build, by_kind, loss, numbers, play, wiring
from .one_of import OneOf, OneOfSurrogates
from .rules import PLAIN, RULES, SAMPLED, detached, few, plain

BATCH = 128  # paths
INPUTS = 10
SETTINGS = {"width": 8, "steps": 40, "reference": 64, "batches": 4}  # of a layer; time; batches of the score, of a rule


def prepare(point: dict[str, Any]) -> Plan:
    """Static: sizes and the form of the reset."""
    check_positive("noise", point["noise"])
    for name in SETTINGS:
        check_size(name, point[name])
    for name in ("reference", "batches"):
        if point[name] % 2 or point[name] < 4:
            raise ValueError(f"{name} = {point[name]}: must be even and at least 4; they are split into two halves")
    reset, width = one_of("reset", point["reset"], RESETS), point["width"]
    static = {"form": "subtract" if reset == "subtract" else "zero", **{name: int(point[name]) for name in SETTINGS}}
    wires = wiring("three", (width,) * 3)
    top = wires.last[:, None] * wires.last[None, :] * (1 - np.eye(3 * width))
    arrays = {
        "noise": float(point["noise"]),
        "beta": 0.0 if reset == "none" else BETA,
        "real": 1.0,
        "linear": float(one_of("loss", point["loss"], LOSSES) == "linear"),
        **wires._replace(lateral=wires.lateral + top)._asdict(),
    }
    return Plan(static, arrays, noise={name: static[name] for name in SETTINGS})


def run(point: dict[str, Any], key) -> dict[str, Any]:
    """Statistics [rule, kind], in the order of SAMPLED and KINDS; `exact` and `reference` [kind]; the mean `rate`."""
    own = lambda slot: jax.random.fold_in(key, slot)
    n = numbers(point, own(0), steps=point["steps"], inputs=INPUTS, fan_in=float(point["width"]), axonal=True)
    scored = build(point, n, NoiseDriven("gaussian", n.sigma, mode="score"))
    reference = sampled(point, n, scored, own(1), point["reference"])
    e = {kind: _halves(batches) for kind, batches in reference.items()}
    estimates = {"score_mean": sampled(point, n, scored, own(2), point["batches"])}

    def by_chance(rules, detach=False):
        def one(k):
            return sampled(point, n, build(point, n, OneOf(n.sigma, k, rules=rules), detach=detach), own(3), count)

        return one

    count = point["batches"]
    passed = [name for name in SAMPLED if RULES[name].family == "passed"]
    together = jax.lax.map(by_chance(few), jnp.arange(len(passed), dtype=jnp.float32))
    estimates |= {name: {kind: v[i] for kind, v in together.items()} for i, name in enumerate(passed)}
    estimates["ndl_detached"] = by_chance(detached, True)(jnp.zeros(()))
    cell = build(point, n, OneOfSurrogates(n.sigma, jnp.asarray(float(PLAIN.index("arctan"))), rules=plain))
    alone = by_kind(eqx.filter_grad(lambda cell: loss(point, n, play(cell, n.xs, key)[1]))(cell), point)
    estimates["arctan_plain"] = {kind: jnp.stack([v] * 4) for kind, v in alone.items()}
    rows = [{kind: _compared(e[kind], estimates[name][kind]) for kind in KINDS} for name in SAMPLED]
    found = {
        name: jnp.stack([jnp.stack([row[kind][name] for kind in KINDS]) for row in rows])
        for name in ("dot", "square", "variance")
    }
    found["exact"] = jnp.stack([e[kind][0] @ e[kind][1] for kind in KINDS])
    found["reference"] = jnp.stack([_variance(reference[kind]) / point["reference"] for kind in KINDS])
    spikes = play(build(point, n, NoiseDriven("gaussian", n.sigma)), n.xs, own(4))[1]
    return {**found, "rate": jnp.mean(spikes)}


def sampled(point, n, cell, key, batches: int):
    """The mean gradient of every batch of paths, by kind: [batch, component]."""
    scored = getattr(cell.cells[1].forward.spike, "mode", "") == "score"

    def mean_loss(cell, keys):
        final, spikes = jax.vmap(lambda key: play(cell, n.xs, key))(keys)
        losses = jax.vmap(lambda s: loss(point, n, s))(spikes)
        return score_loss(losses, final) if scored else jnp.mean(losses)

    def one(number):
        keys = jax.random.split(jax.random.fold_in(key, number), BATCH)
        return by_kind(eqx.filter_grad(mean_loss)(cell, keys), point)

    return jax.lax.map(one, jnp.arange(batches, dtype=jnp.int32))


def _halves(batches):
    return jnp.mean(batches[0::2], axis=0), jnp.mean(batches[1::2], axis=0)


def _variance(batches):
    """Of a batch's mean, summed over components."""
    return jnp.sum(jnp.var(batches, axis=0, ddof=1))


def _compared(e, batches):
    a, b = _halves(batches)
    return {"dot": (a + b) @ (e[0] + e[1]) / 4, "square": a @ b, "variance": BATCH * _variance(batches)}


STUDY_SAMPLED = Study(
    "gradient_audit.sampled",
    1,
    run,
    prepare,
    SETTINGS,
    chunk=1,
    updates=lambda point: 3.0 * BATCH * point["steps"] * point["width"] * (point["reference"] + 7 * point["batches"]),
)
