"""What XLA leaves out of a chunk on a processor: splitting over threads, and a library's sums."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from jaxsnn.sweeps import compiler

SPLIT = """
import sys, jax, jax.numpy as jnp
from jaxsnn.sweeps import use_cores
from jaxsnn.sweeps.compiler import compile_chunk
use_cores(int(sys.argv[1]))
traced = jax.jit(lambda x: jnp.sin(x) + 1).trace(jnp.zeros((2000, 2000)))
print("outer_dimension_partitions" in traced.lower().compile().as_text())
print("outer_dimension_partitions" in compile_chunk(traced).as_text())
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core: nothing is split")
@pytest.mark.parametrize("cores", [1, 2])
def test_no_loop_of_a_sweep_is_split_over_threads(cores):
    command = [sys.executable, "-c", SPLIT, str(cores)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["True", "False"]  # what XLA does by itself, what a sweep does


GIVEN = jnp.ones((512, 64)), jnp.ones((5, 512, 2))


def _traced():
    """A sum over a short axis within a step."""
    step = lambda v, x: (jnp.sum(v[:, None, :] * x[:, :, None], axis=1), None)
    return jax.jit(lambda v, xs: jax.lax.scan(step, v, xs)[0]).trace(*GIVEN)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the library is of processors")
def test_sums_within_a_step_are_not_left_to_the_library():
    plain, ours = _traced().lower().compile(), compiler.compile_chunk(_traced())
    assert "ynn_fusion" in plain.as_text()
    assert "ynn_fusion" not in ours.as_text()
    assert jnp.allclose(plain(*GIVEN), ours(*GIVEN))


def test_an_option_that_another_version_does_not_have_is_left_out(monkeypatch):
    monkeypatch.setattr(compiler, "_options", lambda: {"xla_of_another_version": ""})
    assert compiler.compile_chunk(_traced())(*GIVEN).shape == (512, 64)


def test_any_other_error_of_the_compiler_is_not_hidden(monkeypatch):
    class Broken:
        def lower(self):
            return self

        def compile(self, **given):
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")

    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        compiler.compile_chunk(Broken())
