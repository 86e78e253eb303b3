"""A fingerprint sees whatever changes the results of a computation, and nothing of where and when it is traced."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import fingerprint


def test_the_fingerprint_sees_every_change_of_the_computation_and_nothing_else():
    table = np.arange(4.0, dtype=np.float32)

    def run(scale, held):
        return lambda x: jnp.sum(jax.jit(lambda a: jnp.where(a > 0, a * scale, 0.0))(x) * jnp.asarray(held))

    x = jnp.ones(4)
    code, shapes = fingerprint(run(2.0, table), x)
    assert shapes.shape == ()
    fingerprint(lambda y: jnp.where(y > 0, jnp.exp(y), y), jnp.ones((2, 2)))  # other work in between changes nothing
    assert fingerprint(run(2.0, table.copy()), x)[0] == code
    assert fingerprint(run(2.5, table), x)[0] != code
    changed = table.copy()
    changed[3] += 1
    assert fingerprint(run(2.0, changed), x)[0] != code


X = jnp.linspace(-1.0, 1.0, 5)
SCAN = lambda unroll, step: lambda x: jax.lax.scan(lambda c, y: (step(c, y), c), 0.0, x, unroll=unroll)[0]
SMALL = {
    "a literal": (lambda x: x + 0.1, lambda x: x + 0.1000001),
    "an operation": (lambda x: jnp.sin(x), lambda x: jnp.cos(x)),
    "the order of operands": (lambda x: x - x[::-1], lambda x: x[::-1] - x),
    "an option of an operation": (lambda x: jax.lax.cumsum(x), lambda x: jax.lax.cumsum(x, reverse=True)),
    "a function inside a loop": (SCAN(1, lambda c, y: c + y), SCAN(1, lambda c, y: c * y)),
    "how far a loop is unrolled": (SCAN(1, lambda c, y: c + y), SCAN(2, lambda c, y: c + y)),
    "a branch": (
        lambda x: jax.lax.cond(x[0] > 0, jnp.sin, jnp.cos, x),
        lambda x: jax.lax.cond(x[0] > 0, jnp.sin, jnp.tan, x),
    ),
    "what is returned": (lambda x: (jnp.sin(x), jnp.cos(x)), lambda x: (jnp.cos(x), jnp.sin(x))),
    "a key": (lambda x: jax.random.normal(jax.random.key(1)) + x, lambda x: jax.random.normal(jax.random.key(2)) + x),
    "a constant deep inside": (
        lambda x: jax.vmap(jax.jit(lambda y: y * np.float32(3)))(x),
        lambda x: jax.vmap(jax.jit(lambda y: y * np.float32(4)))(x),
    ),
}


@pytest.mark.parametrize("what", SMALL)
def test_a_program_that_differs_in(what):
    first, second = (fingerprint(run, X)[0] for run in SMALL[what])
    assert first != second
    assert fingerprint(SMALL[what][0], X)[0] == first


def test_the_last_number_of_a_long_constant_counts():
    table = np.zeros(5000, np.float32)
    other = table.copy()
    other[2500] = 1  # numpy shows only the ends of so long an array
    of = lambda held: fingerprint(lambda x: x + jnp.sum(jnp.asarray(held)), 1.0)[0]
    assert of(table) == of(table.copy()) != of(other)


def test_types_and_shapes_of_the_arguments_count():
    run = lambda x: x + 1
    found = [fingerprint(run, x)[0] for x in (jnp.ones(3), jnp.ones(4), jnp.ones((3, 1)), jnp.ones(3, jnp.int32))]
    assert len(set(found)) == len(found)


def test_values_of_the_arguments_do_not_count():
    assert fingerprint(jnp.sin, jnp.ones(3))[0] == fingerprint(jnp.sin, jnp.zeros(3))[0]


def test_it_does_not_matter_which_functions_jax_has_traced_before():
    run = lambda x: jnp.where(x > 0, x, 0.0) + jnp.where(x > 1, x, 0.0)
    before = fingerprint(run, X)[0]
    jax.clear_caches()
    assert fingerprint(run, X)[0] == before


PROGRAM = """
import jax
from jaxsnn.engine import fingerprint
from jaxsnn.gradients import threshold
run = lambda x: jax.lax.reduce(threshold(x), 0.0, lambda a, b: a + b, (0,)) + jax.random.normal(jax.random.key(0))
print(fingerprint(run, jax.numpy.ones(3))[0])
"""


def test_another_process_finds_the_same():
    found = set()
    for seed in ("1", "2"):  # of Python's hashes, so of the order of sets
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
        )
        found.add(done.stdout)
    assert len(found) == 1
