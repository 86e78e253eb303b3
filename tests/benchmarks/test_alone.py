"""Peak memory in the benchmarks is that of the work alone."""

import numpy as np

from benchmarks.alone import peak_alone
from benchmarks.peers import FOLDER, Peer, here

MEGABYTES = 2**17  # numbers


def _fill(megabytes: int) -> None:
    np.ones(megabytes * MEGABYTES)


def test_the_peak_of_work_is_what_it_needs_and_not_what_its_parent_once_needed():
    _fill(1500)  # of this process; Linux hands its own peak on to what it starts
    little, much = peak_alone(_fill, 1), peak_alone(_fill, 400)
    assert little < 1000
    assert 350 < much - little < 450


def test_a_peer_reports_its_own_peak(tmp_path):
    script = tmp_path / "idle.py"
    served = f"import sys\nsys.path.insert(0, {str(FOLDER)!r})\nfrom served import serve\n"
    script.write_text(served + "serve(lambda given: (lambda turn: {}, {}))\n")
    _fill(1500)
    with Peer(str(script), here()) as peer:
        assert peer(1)["peak_mb"] < 200
