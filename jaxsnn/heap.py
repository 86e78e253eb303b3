"""Memory that is kept: what a compiled call frees stays with the process, and the next call need not ask for it again.

XLA asks the C library for a program's working memory at every call, and the C library hands large pieces back to the
system as soon as they are freed. A training step that works in some hundred megabytes so spends a fifth to two fifths
of its time on pages that the system clears anew each time (docs/speed.md). `jaxsnn train` keeps them; `import jaxsnn`
changes nothing.

For a process that computes on one device. All its threads then share one heap, and wait for it where several devices
compute at once: a sweep on two cores becomes a quarter slower.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # of mallopt, in malloc.h of the GNU C library


def keep_memory() -> bool:
    """Keep freed memory in this process from now on; returns whether the C library knows how (GNU's does).

    Call it before jax computes anything: threads that run already have heaps of their own, which give large pieces
    back as before. The process then stays as large as it once was. There is no way back. Nothing changes for memory on
    a GPU or TPU.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another system, or another C library
        return False
    # in one heap, never in pieces of their own, and never trimmed
    return all([mallopt(_ARENA_MAX, 1), mallopt(_MMAP_MAX, 0), mallopt(_TRIM_THRESHOLD, 2**31 - 1)])
