"""A worker process and its parent: what each hears of the other, however it ends. No network, no jax."""

import queue
import signal
import sys

import pytest

from jaxsnn.workers import Worker, interrupt

TOY = """
import sys, time
from jaxsnn.workers import serve

def work(asked, tell):
    tell(ready=sorted({"jax", "numpy"} & set(sys.modules)))
    while True:
        word = asked.get()["word"]
        print("no message, whoever prints it")
        if word == "refuse":
            raise ValueError("no such word")
        if word == "wait":
            try:
                tell(waiting=True)
                time.sleep(60)
            except KeyboardInterrupt:
                raise KeyboardInterrupt("saved") from None
        tell(finished=word)

sys.exit(serve(work, lambda error: {"failed": str(error)}))
"""


@pytest.fixture
def worker(tmp_path, monkeypatch):
    (tmp_path / "toy_worker.py").write_text(TOY)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    one = Worker("toy_worker", mail=queue.SimpleQueue())
    yield one
    one.end(patience=5.0)


def heard(worker):
    return worker.mail.get(timeout=60)[1]


def ask(worker, word):
    worker.give(word, word=word)
    return heard(worker)


def test_a_worker_listens_before_anything_heavy_is_loaded_and_tells_messages_alone(worker):
    assert heard(worker) == {"ready": []}
    assert ask(worker, "one") == {"finished": "one"}
    assert ask(worker, "two") == {"finished": "two"}
    assert worker.task == "two"


def test_an_error_is_told_before_the_worker_ends(worker):
    heard(worker)
    assert ask(worker, "refuse") == {"failed": "no such word"}
    assert heard(worker) is None
    assert worker.how_it_died() == "ended with exit code 1"


def test_an_interrupt_lets_a_worker_say_what_it_saved(worker):
    heard(worker)
    assert ask(worker, "wait") == {"waiting": True}
    assert interrupt([worker], worker.mail, patience=30.0) == ["saved"]
    assert worker.how_it_died() == "ended with exit code 130"
    assert interrupt([worker], worker.mail, patience=30.0) == []


def test_one_that_is_killed_is_dead_and_may_be_asked_all_the_same(worker):
    heard(worker)
    worker.process.kill()
    assert heard(worker) is None
    assert not worker.alive
    worker.give("one", word="one")
    worker.end(patience=0.0)
    assert worker.how_it_died() == f"was killed by {signal.SIGKILL.name}"


def test_one_whose_parent_is_gone_ends_in_the_middle_of_its_work(worker):
    heard(worker)
    assert ask(worker, "wait") == {"waiting": True}
    worker.process.stdin.close()
    assert heard(worker) is None
    assert worker.how_it_died() == "ended with exit code 0"
