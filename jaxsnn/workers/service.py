"""A worker's own side: it listens, works, tells, and ends when nobody waits any more."""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping

Asked = queue.SimpleQueue  # of messages, in the order in which they came
Tell = Callable[..., None]


def serve(work: Callable[[Asked, Tell], None], told: Callable[[Exception], Mapping[str, str]]) -> int:
    """Work until standard input ends, which ends the process at once. What `work` prints goes to standard error.

    told: an error of `work` in words, to be told to the parent.
    Returns the exit code: 1 after an error, which has been told, 130 when stopped with the state saved.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it

    def tell(**message: object) -> None:
        print(json.dumps(message), file=answers, flush=True)

    asked: Asked = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    try:
        work(asked, tell)
    except KeyboardInterrupt as stop:
        tell(stopped=str(stop))
        return 130
    except Exception as error:
        tell(**told(error))
        return 1
    return 0


def _listen(asked: Asked) -> None:
    for line in sys.stdin:
        asked.put(json.loads(line))
    os._exit(0)  # nobody waits for the answer any more
