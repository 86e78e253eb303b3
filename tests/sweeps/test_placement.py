"""Cores as devices: asked for before jax starts, or refused in words."""

import os
import subprocess
import sys

import jax
import pytest

from jaxsnn.sweeps import use_cores

LATE = """
import jax
from jaxsnn.sweeps import use_cores
use_cores(3)
assert len(jax.devices()) == 3
use_cores(3)
try:
    use_cores(2)
except RuntimeError as error:
    print(error)
"""


def test_cores_are_chosen_before_jax_starts_and_not_after():
    done = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == (
        "use_cores(2) comes too late: jax has already started with 3 processor device(s); call it first thing, "
        "before any array is made"
    )


def test_asking_again_for_what_there_is_does_nothing():
    use_cores(len(jax.devices("cpu")))


@pytest.mark.parametrize("count", [0, -1, True])
def test_a_number_of_cores_is_at_least_one(count):
    with pytest.raises(ValueError, match="cores ="):
        use_cores(count)
