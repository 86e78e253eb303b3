"""How a peer answers: see `benchmarks.peers`. Imports nothing of this project, so that it runs in any environment."""

import json
import os
import resource
import sys
import time

if os.environ.get("PEER_ON_ONE_CORE") and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def serve(prepare):
    """prepare(given) -> (turn(number) -> dict, dict with what was found on the way, "compile_seconds" above all).

    What a turn returns is sent as it is, with "seconds" (unless it has timed itself), "processor_seconds" of this
    process, and "peak_mb".
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the peer prints is not an answer
    turn, first = None, {}
    for line in sys.stdin:
        question = json.loads(line)
        if turn is None:
            begun = time.perf_counter()
            turn, first = prepare(question)
            answer = {"compile_seconds": time.perf_counter() - begun, **first}
        else:
            begun, used = time.perf_counter(), time.process_time()
            found = turn(question)
            processor = time.process_time() - used
            answer = {"seconds": time.perf_counter() - begun, "processor_seconds": processor, **(found or {})}
        answer.setdefault("peak_mb", peak_mb())
        out.write(json.dumps(answer) + "\n")
        out.flush()


def peak_mb():
    """Of this process and of the largest that it has started."""
    return max(own_peak_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def own_peak_mb():
    """Linux counts in `ru_maxrss` what the process was before it became this program: that of whoever started it."""
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
