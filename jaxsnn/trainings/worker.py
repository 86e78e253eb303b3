"""A worker: trains runs of a panel for the process that started it.

    python -m jaxsnn.trainings.worker ORDER

ORDER is a JSON file that `crew` writes. Runs are asked for on standard input, a JSON line each, and answered on
standard output; when the input ends, so does the worker, at once. What a training prints goes to standard error.
"""

import json
import os
import sys
import traceback
from functools import partial
from pathlib import Path

from ..workers import Asked, Tell, serve
from .sources import Source, load_source


def main(order: str) -> int:
    """Returns the exit code (`serve`)."""
    return serve(partial(_work, Path(order)), _told)


def _told(error: Exception) -> dict[str, str]:
    """The words of a ValueError are meant for the user, and need no traceback."""
    if os.environ.get("JAXSNN_TRACEBACK") or not isinstance(error, ValueError):
        traceback.print_exc()
    if isinstance(error, ValueError):
        return {"failed": str(error), "kind": "ValueError"}
    return {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:400]}", "kind": type(error).__name__}


def _work(path: Path, asked: Asked, tell: Tell) -> None:
    order = json.loads(path.read_text())
    from ..heap import keep_memory
    from ..start import start
    from ..sweeps import Grid
    from ..sweeps.order import settle_in
    from .one import carry_out
    from .store import open_store
    from .trainings import Trainings

    keep_memory()  # before jax has threads
    start(1)
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
        one = known[asked.get()["training"]]
        carry_out(store, one)
        tell(finished=one.id)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m jaxsnn.trainings.worker ORDER (trainings with workers=... start it so)")
    sys.exit(main(sys.argv[1]))
