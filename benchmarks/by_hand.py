"""The loop in C (`peers/balanced.c`), compiled on demand and run on all cores, with four kinds of normals:

library   every network draws its own, Box-Muller with log and cos of the C library: what one would write
own       the same by polynomials that the compiler vectorises: as fast as we could make it
shared    those of a seed are drawn once, as our sweep does by default
none      no noise at all: the floor that everything else is on top of
"""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .peers import FOLDER, compiled

HOW = {"own": 0, "none": 1, "shared": 2, "library": 3}
PIECES = 16  # per core: whoever is done takes another


def library():
    """The compiled loop. Raises Missing where there is no C compiler."""
    found = ctypes.CDLL(str(compiled(FOLDER / "balanced.c", flags=("-ffast-math",))))
    array = lambda dtype: np.ctypeslib.ndpointer(dtype, flags="C")
    number, real = ctypes.c_int, ctypes.c_double
    found.fill.argtypes = [array(np.float32), number, number, ctypes.c_uint64]
    found.fill.restype = found.sweep.restype = None
    found.sweep.argtypes = [
        number, number, array(np.float32), array(np.float64), array(np.float64), real, array(np.int32),
        array(np.float32), real, number, ctypes.c_uint64, ctypes.c_void_p, number, number, number, array(np.float64),
    ]  # fmt: skip
    return found


def c_networks(
    weights, leak, noise, readout_rate, delay_steps, drive, dt, steps, seed, *, normals="own", seeds=1, cores=None
):
    """Mean error, mean square error and spike count of every network, [network, 3]. normals: see HOW."""
    made, networks, neurons = library(), len(noise), len(weights)
    cores = cores or len(os.sched_getaffinity(0))
    result, how = np.zeros((networks, 3)), HOW[normals]
    shared = np.zeros((seeds if normals == "shared" else 0, steps, neurons), np.float32)
    float32 = lambda a: np.ascontiguousarray(a, np.float32)
    given = (float32(weights), np.asarray(leak, float), np.asarray(noise, float), readout_rate)
    given += (np.asarray(delay_steps, np.int32), float32(drive), dt, steps, seed, shared.ctypes.data, seeds)
    edges = np.linspace(0, networks, min(networks, PIECES * cores) + 1).astype(int)
    with ThreadPoolExecutor(cores) as pool:  # ctypes lets go of the interpreter
        list(pool.map(lambda s: made.fill(shared[s], steps, neurons, (seed << 32) + s), range(len(shared))))
        run = lambda piece: made.sweep(neurons, how, *given, *(int(edge) for edge in piece), result)
        list(pool.map(run, zip(edges[:-1], edges[1:], strict=True)))
    return result
