"""A worker as its parent sees it: started, asked, listened to, stopped, ended."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Generic, TypeVar

Task = TypeVar("Task")


class Worker(Generic[Task]):
    """`python -m module arguments`. What it tells goes to `mail` as (worker, message), None when it has ended.

    environment: variables of its own. task: what it was given last, until its owner takes it away. since: when.
    """

    def __init__(self, module: str, *arguments: str, mail: queue.SimpleQueue, **environment: str):
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # it imports what this process imports
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"},
            start_new_session=True,  # Ctrl-C is for the parent, which passes it on once
        )
        self.task: Task | None = None
        self.since = 0.0
        self.ready = False
        self.mail = mail
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as answers:
            for line in answers:
                if line.endswith(b"\n"):  # a worker that is killed may leave half a line
                    self.mail.put((self, json.loads(line)))
        self.process.wait()
        self.mail.put((self, None))

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def give(self, task: Task, **message: object) -> None:
        """A task, which `message` asks for."""
        assert self.process.stdin is not None
        self.task, self.since = task, time.monotonic()
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has died, which its mail will say

    def how_it_died(self) -> str:
        code = self.process.returncode
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def end(self, patience: float) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()  # which ends it, whatever it does
            self.process.wait(patience)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def interrupt(workers: Sequence[Worker], mail: queue.SimpleQueue, patience: float) -> list[str]:
    """Let every worker save its state, for so many seconds in all; what they say about it."""
    said, left = [], [worker for worker in workers if worker.alive]
    for worker in left:
        worker.process.send_signal(signal.SIGINT)
    until = time.monotonic() + patience
    while left and time.monotonic() < until:
        try:
            worker, message = mail.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        if message is None:
            left = [one for one in left if one is not worker]
        elif message.get("stopped"):
            said.append(message["stopped"])
    return said
