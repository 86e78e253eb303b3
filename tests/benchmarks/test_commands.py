"""The commands beside `make bench`: what they print is what was run."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from benchmarks.accelerator import works
from benchmarks.kernels import profile


def test_without_an_accelerator_every_row_says_that_it_was_not_run():
    command = [sys.executable, "-m", "benchmarks.accelerator"]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    rows = printed.splitlines()[2:]
    assert len(rows) == len(works())
    assert all(row.endswith("| not run: no accelerator here |") for row in rows)
    assert not any("not measured" in row for row in rows)  # each is beside a committed row of two cores


@pytest.mark.slow
def test_a_profile_counts_how_often_each_program_of_a_loop_ran():
    step = lambda x, _: (jnp.sin(x @ x), None)
    looped = jax.jit(lambda x: jax.lax.scan(step, x, length=40)[0])
    found = profile(lambda turn: looped(jnp.eye(64) + turn).block_until_ready())
    of_the_loop = [time for _, count, time in found if count == 40]
    assert of_the_loop
    assert all(time > 0 for time in of_the_loop)
    assert [time for *_, time in found] == sorted((time for *_, time in found), reverse=True)
