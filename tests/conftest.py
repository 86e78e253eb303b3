"""What every test stands on: a strict jax on two host devices, a compilation cache, keys that differ between tests."""

import itertools
import os
import zlib
from pathlib import Path

import hypothesis
import jax
import matplotlib
import pytest

# In the environment too, so that a program that a test starts inherits it. JAX_PLATFORMS=cuda runs the tests on a GPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".cache" / "jax"))
# Most of the time goes into compiling, and a quarter of that into optimising code that runs for a moment.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=1")

jax.config.update("jax_platforms", os.environ["JAX_PLATFORMS"])
jax.config.update("jax_num_cpu_devices", 2)  # sharded sweeps are tested as they run
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)  # many small programs, each under the usual 1 s

matplotlib.use("agg")

# A first example compiles, so no deadline; derandomised, so that a failure is a failure for everyone.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("house")


@pytest.fixture
def getkey(request):
    """A function that gives a fresh key at each call; the sequence depends on the test's name only."""
    root = jax.random.key(zlib.crc32(request.node.name.encode()))
    calls = itertools.count()
    return lambda: jax.random.fold_in(root, next(calls))
