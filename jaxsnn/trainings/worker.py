"""A worker: trains runs of a panel for the process that started it.

    python -m jaxsnn.trainings.worker ORDER

ORDER is a JSON file that `crew` writes. Runs are asked for on standard input, a JSON line each, and answered on
standard output; when the input ends, so does the worker, at once. What a training prints goes to standard error.
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

from .sources import Source, load_source

Tell = Callable[..., None]


def main(order: str) -> int:
    """Returns the exit code: 1 after an error, which has been told, 130 when stopped with the state saved."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it

    def tell(**message: object) -> None:
        print(json.dumps(message), file=answers, flush=True)

    asked: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    try:
        _work(Path(order), asked, tell)
    except KeyboardInterrupt as stop:
        tell(stopped=str(stop))
        return 130
    except ValueError as error:
        if os.environ.get("JAXSNN_TRACEBACK"):
            traceback.print_exc()
        tell(failed=str(error), kind="ValueError")
        return 1
    except Exception as error:
        traceback.print_exc()
        tell(failed=f"{type(error).__name__}: {' '.join(str(error).split())[:400]}", kind=type(error).__name__)
        return 1
    return 0


def _listen(asked: queue.SimpleQueue) -> None:
    for line in sys.stdin:
        asked.put(json.loads(line)["training"])
    os._exit(0)  # nobody waits for the answer any more


def _work(path: Path, asked: queue.SimpleQueue, tell: Tell) -> None:
    order = json.loads(path.read_text())
    from ..heap import keep_memory
    from ..start import start
    from ..sweeps import Grid
    from ..sweeps.order import settle_in
    from .one import carry_out
    from .store import open_store
    from .trainings import Trainings

    start(1)
    keep_memory()
    settle_in(order["settings"], 1)
    source = Source(**{**order["source"], "path": tuple(order["source"]["path"])})
    panel = Trainings(
        load_source(source),
        Grid.from_json(order["grid"]),
        order["constants"],
        order["key"],
        order["name"],
        order["version"],
        tuple(order["undefined"]),
    )
    store = open_store(panel, Path(order["store"]), trust=True)
    if store.code != order["code"]:
        raise ValueError(
            f"{source.file}, or what it imports, was changed after these trainings began; start them again"
        )
    known = {one.id: one for one in panel.trainings}
    tell(ready=True)
    while True:
        one = known[asked.get()]
        carry_out(store, one)
        tell(finished=one.id)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m jaxsnn.trainings.worker ORDER (trainings with workers=... start it so)")
    sys.exit(main(sys.argv[1]))
