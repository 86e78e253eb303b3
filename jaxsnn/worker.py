"""A worker: computes chunks of an order for the sweep that started it.

    python -m jaxsnn.worker ORDER FOLDER

ORDER is a JSON file (`jaxsnn.sweeps.order`), FOLDER takes the results. Chunks are asked for on standard input, a JSON
line each, and answered on standard output; when the input ends, so does the worker, at once. What a study prints goes
to standard error.
"""

import os
import sys
import traceback
from functools import partial
from pathlib import Path

from .workers import Asked, Tell, serve


def main(order: str, folder: str) -> int:
    """Returns the exit code (`serve`)."""
    return serve(partial(_work, Path(order), Path(folder)), partial(_told, Path(order)))


def _told(order: Path, error: Exception) -> dict[str, str]:
    if os.environ.get("JAXSNN_TRACEBACK"):
        traceback.print_exc()
    from .sweeps.order import told

    return told(error, order.read_text())


def _work(order: Path, side: Path, asked: Asked, tell: Tell) -> None:
    text = order.read_text()
    from .start import start
    from .sweeps.engines.engine import Watch
    from .sweeps.engines.inline import compute, forget_state
    from .sweeps.engines.results import save_result
    from .sweeps.order import Order, open_order

    start(Order.from_text(text).cores)
    job, cores = open_order(text)
    tell(ready=True)
    watch = Watch(cores, lambda place, progress: tell(segment=place, progress=progress), side)
    while True:
        place = tuple(asked.get()["chunk"])
        compiling = job.chunk_program(place[0], cores).compile()
        tell(compiled=place[0])
        save_result(job, compute(job, place, watch), side)
        forget_state(place, side)
        tell(finished=place, compile_seconds=compiling)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m jaxsnn.worker ORDER FOLDER (a sweep with engine='processes' starts it so)")
    sys.exit(main(*sys.argv[1:]))
