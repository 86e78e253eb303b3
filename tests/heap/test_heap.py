"""Memory that is kept is there again at the next call."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, resource, sys
from jaxsnn.heap import keep_memory

known = keep_memory() if sys.argv[1] == "kept" else True
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]

def use():
    piece = library.malloc(64 << 20)
    ctypes.memset(ctypes.c_void_p(piece), 1, 64 << 20)
    library.free(piece)

use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    use()
print(known, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    known, count = done.stdout.split()
    return known == "True", int(count)


def test_a_piece_that_is_freed_and_asked_for_again_costs_no_new_pages():
    known, kept = faults("kept")
    if not known:
        pytest.skip("this C library has no mallopt")
    given_back = faults("given back")[1]
    assert kept < 100
    assert given_back > 4 * 100 > 4 * kept


def test_importing_the_package_changes_nothing():
    program = PROGRAM.replace("from jaxsnn.heap import keep_memory", "import jaxsnn")
    done = subprocess.run([sys.executable, "-c", program, "as it was"], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[1]) > 400


COMPILED = """
import resource, sys
from jaxsnn.heap import keep_memory

known = keep_memory() if sys.argv[1] == "kept" else True
import jax, jax.numpy as jnp

use = jax.jit(lambda x: jnp.cumsum(x[:, None] * jnp.ones(1024), axis=0)[-1].sum())
x = jnp.ones(4096)
faults = []
for _ in range(60):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    use(x).block_until_ready()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(known, sum(count > 1_000 for count in faults))
"""


def test_few_compiled_calls_need_new_pages_when_memory_is_kept_before_jax_starts_and_all_do_otherwise():
    """The kept heap grows a few times (5 to 12 of 150 calls, in 40 processes), whenever its pieces lie badly."""
    calls = {}
    for how in ("kept", "given back"):
        done = subprocess.run([sys.executable, "-c", COMPILED, how], capture_output=True, text=True, check=True)
        known, count = done.stdout.split()
        calls[how] = int(count)
        if known != "True":
            pytest.skip("this C library has no mallopt")
    assert calls["given back"] > 50
    assert calls["kept"] < 30
