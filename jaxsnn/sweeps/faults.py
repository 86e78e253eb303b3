"""Named points at which a test may have the process killed, to show that nothing is lost there.

    JAXSNN_FAULT="before marker:3"      SIGKILL when the third marker is about to be written

Without that variable a point costs one look into the environment.
"""

import os
import signal

POINTS = ("store creation", "before arrays", "between arrays", "before marker", "marker temporary")
_seen: dict[str, int] = {}


def reached(point: str) -> None:
    """The process is at `point`, one of POINTS; it dies here if the environment says so."""
    fault = os.environ.get("JAXSNN_FAULT")
    if fault is None:
        return
    name, _, count = fault.partition(":")
    if name == point:
        _seen[point] = _seen.get(point, 0) + 1
        if _seen[point] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
