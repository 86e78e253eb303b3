"""A worker: computes chunks of an order for the sweep that started it.

    python -m jaxsnn.worker ORDER FOLDER

ORDER is a JSON file (`jaxsnn.sweeps.order`), FOLDER takes the results. Chunks are asked for on standard input, a JSON
line each, and answered on standard output; when the input ends, so does the worker, at once. What a study prints goes
to standard error.
"""

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

Tell = Callable[..., None]


def main(order: str, folder: str) -> int:
    """Returns the exit code: 1 after an error, which has been told, 130 when stopped with the state saved."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it

    def tell(**message: object) -> None:
        print(json.dumps(message), file=answers, flush=True)

    asked: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    try:
        _work(Path(order).read_text(), Path(folder), asked, tell)
    except KeyboardInterrupt as stop:
        tell(stopped=str(stop))
        return 130
    except Exception as error:
        if os.environ.get("JAXSNN_TRACEBACK"):
            traceback.print_exc()
        from .sweeps.order import told

        tell(**told(error, Path(order).read_text()))
        return 1
    return 0


def _listen(asked: queue.SimpleQueue) -> None:
    for line in sys.stdin:
        asked.put(json.loads(line)["chunk"])
    os._exit(0)  # nobody waits for the answer any more


def _work(text: str, side: Path, asked: queue.SimpleQueue, tell: Tell) -> None:
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
        place = tuple(asked.get())
        compiling = job.chunk_program(place[0], cores).compile()
        tell(compiled=place[0])
        save_result(job, compute(job, place, watch), side)
        forget_state(place, side)
        tell(finished=place, compile_seconds=compiling)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m jaxsnn.worker ORDER FOLDER (a sweep with engine='processes' starts it so)")
    sys.exit(main(*sys.argv[1:]))
