"""Simulators that a user might take in place of this one, each in an environment of its own, made on demand.

    python = environment("brian2", BRIAN2)       # raises Missing where it cannot be had
    with Peer("brian2_sweep.py", python, given={...}) as peer:       # a process; what it compiles is apart
        peer.first                                                   # its first line: {"compile_seconds": ...}
        peer(turn)                                                   # {"seconds": ..., "peak_mb": ..., ...}

A peer is a script of this folder that imports the peer and numpy only: `serve` of `served.py` reads a line of JSON with
what is given, answers with what it found while it made itself ready, then answers every turn's number with a line.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
CACHE = FOLDER.parents[1] / ".cache" / "peers"
BRIAN2 = ("brian2", "numpy<2.4", "setuptools")  # Brian2 2.9 asks for a method that NumPy 2.4 has dropped
NEST = ("nest-simulator",)
ALONE = {"PEER_ON_ONE_CORE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # `served` pins the process
INSTALLING, ANSWERING = 600, 600  # seconds


class Missing(Exception):
    """A peer that cannot be had here, and why, in a sentence."""


def environment(name: str, packages: Sequence[str], *, cache: Path = CACHE) -> Path:
    """The Python of a virtual environment with these packages; made with pip as the user has set it up, once."""
    folder = cache / name
    python, stamp = folder / "bin" / "python", folder / "made-from"
    wanted = " ".join(sorted(packages))
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"  installing {', '.join(packages)} for the peer {name} (once)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _do([sys.executable, "-m", "venv", str(folder)], f"{name}: no virtual environment can be made")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    _do(install, f"{name}: pip cannot install it here")
    stamp.write_text(wanted)
    return python


def here() -> Path:
    """This Python, for scripts that need no other."""
    return Path(sys.executable)


def compiled(source: Path, *, flags: Sequence[str] = (), cache: Path = CACHE) -> Path:
    """A shared library or program of a C file, from the user's compiler; compiled anew when the file has changed."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("C loop: there is no C compiler (cc); install one")
    mark = hashlib.sha256(source.read_bytes() + " ".join(flags).encode()).hexdigest()[:12]
    target = cache / "c" / f"{source.stem}-{mark}-linked.so"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        failed, part = f"{source.name}: {compiler} cannot compile it", target.with_suffix(".o")
        _do([compiler, "-O3", "-march=native", *flags, "-fPIC", "-c", str(source), "-o", str(part)], failed)
        # Linked without the flags: with -ffast-math a library would switch off small numbers in the whole process.
        _do([compiler, "-shared", str(part), "-o", str(target), "-lm"], failed)
    return target


def _do(command: Sequence[str], failed: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALLING)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:] or ["no word of why"]
        raise Missing(f"{failed} ({last[0][:200]})") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{failed} ({type(error).__name__})") from error


class Peer:
    """A peer's process. Call it with a turn's number; close it, or use it as a context."""

    def __init__(
        self,
        script: str,
        python: Path,
        given: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        patience: float = ANSWERING,
        one_core: bool = False,
    ):
        self.name, self.patience = script.removesuffix(".py"), patience
        clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
        self.process = subprocess.Popen(
            [str(python), str(FOLDER / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**clean, **(ALONE if one_core else {}), **(env or {})},
        )
        self.errors: list[str] = []
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        self.first = self._ask(dict(given or {}))

    def __call__(self, turn: int) -> dict[str, Any]:
        return self._ask(turn)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.listener.join(1.0)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it has not read
                    pipe.close()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.errors = [*self.errors[-20:], line.rstrip()]

    def _ask(self, question: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Timer(self.patience, self.process.kill)
        late.start()
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("{"):  # anything else is the peer's own chatter
                    return json.loads(line)
        except OSError:
            pass
        finally:
            late.cancel()
        self.close()
        why = next((line for line in reversed(self.errors) if line.strip()), "it ended without a word")
        raise Missing(f"{self.name}: {why[:200]}")
