"""An order: a job written down as JSON, so that a process elsewhere can make the same job again.

It names the study (`source`), holds the grid, key, constants and chunk, and the hashes that the job must have: of its
spec, its layout, its code and the numbers of its points. A worker whose files have changed since is told so, and
computes nothing. Settings of jax that change numbers travel with it, and so does the number of devices, on which the
compilation cache depends.
"""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import random

from .grid import Grid
from .job import Job, make_job
from .placement import use_cores
from .source import Source, describe, find_source, load_source
from .spec import canonical

SETTINGS = (
    "jax_enable_x64",
    "jax_threefry_partitionable",
    "jax_default_prng_impl",
    "jax_default_matmul_precision",
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
)
_STALE = {
    "spec": "its study has another name or version",
    "layout": "its points are cut into other chunks or segments",
    "code": "its program is another one",
    "inputs": "the numbers of its points are others",
}
_ONE_AT_A_TIME = threading.Lock()  # a cluster's worker may run tasks in threads, which would share its devices


class Order(NamedTuple):
    """cores: devices of the process that carries it out. expected: hashes of the job that it must lead to."""

    source: Source
    grid: dict[str, Any]
    key: dict[str, Any]
    constants: dict[str, Any]
    chunk: int
    independent: bool
    cores: int
    settings: dict[str, Any]
    expected: dict[str, Any]

    def to_text(self) -> str:
        return json.dumps({**self._asdict(), "source": self.source._asdict()}, sort_keys=True, indent=1)

    @classmethod
    def from_text(cls, text: str) -> "Order":
        """Raises ValueError for a text that is no order."""
        try:
            data = json.loads(text)
            return cls(**{**data, "source": Source(**data["source"])})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"this is no order for a worker ({error}); a sweep with engine='processes' writes one"
            ) from None


def write_order(job: Job, cores: int) -> Order:
    """Raises ValueError for a study that no other process could find."""
    own, spec = job.study.constants, job.spec
    changed = {
        name: value
        for name, value in spec.to_json()["constants"].items()
        if name not in own or canonical(own[name]) != canonical(value)
    }
    settings = {name: getattr(jax.config, name) for name in SETTINGS}
    source = find_source(job.study)
    chunk = job.layout.chunk
    return Order(source, spec.grid, spec.key, changed, chunk, spec.independent, cores, settings, _expected(job))


def _expected(job: Job) -> dict[str, Any]:
    return {"spec": job.spec.hash, "layout": job.layout.hash, "code": job.code, "inputs": _inputs(job)}


def _inputs(job: Job) -> str:
    """SHA-256 of what the points are prepared to, noise classes included; the code's own hash knows shapes alone."""
    whole = hashlib.sha256()
    for one in job.prepared:
        whole.update(canonical(one.plan.noise).encode())
        for path, leaf in jax.tree_util.tree_flatten_with_path(one.plan.arrays)[0]:
            whole.update(jax.tree_util.keystr(path).encode() + np.ascontiguousarray(leaf).tobytes())
    return whole.hexdigest()


def settle_in(settings: Mapping[str, Any], cores: int) -> None:
    """This process's jax as the order wants it. Raises RuntimeError where it runs already on other devices."""
    for name, value in settings.items():
        if name in SETTINGS and getattr(jax.config, name) != value and value is not None:
            jax.config.update(name, value)
    use_cores(cores)


def open_order(text: str) -> tuple[Job, int]:
    """The job of an order, and the devices to use for it.

    Raises ValueError for a study that is not found here, or is not the one that was meant.
    """
    order = Order.from_text(text)
    settle_in(order.settings, order.cores)
    return _job(text), order.cores


@lru_cache(maxsize=4)
def _job(text: str) -> Job:
    order = Order.from_text(text)
    job = make_job(
        load_source(order.source),
        Grid.from_json(order.grid),
        key=random.wrap_key_data(np.asarray(order.key["data"], np.uint32), impl=order.key["impl"]),
        chunk=order.chunk,
        independent=order.independent,
        constants=order.constants,
    )
    found = _expected(job)
    wrong = [name for name in _STALE if found[name] != order.expected.get(name)]
    if wrong:
        raise ValueError(
            f"a worker finds another study {job.study.name!r} in {order.source.file} than the sweep began with: "
            f"{_STALE[wrong[0]]}. Either the file was changed after the sweep began, or it does something else in "
            "another process; start the sweep again (and a cluster's workers with it)"
        )
    return job


def carry_out(text: str, places: Sequence[Any], side: str | None = None) -> list[Any]:
    """Compute chunks of an order here: what a cluster's worker calls.

    places: (group, chunk) each. side: a folder for results; without it they are returned.
    Returns a `Finished` for every chunk, its arrays empty where they were written to the folder.
    """
    from .engines.engine import Watch
    from .engines.inline import compute
    from .engines.results import save_result

    with _ONE_AT_A_TIME:
        job, cores = open_order(text)
        made = []
        for group, chunk in places:
            finished = compute(job, (int(group), int(chunk)), Watch(cores))
            if side is not None:
                save_result(job, finished, side)
            made.append(finished if side is None else finished._replace(arrays={}))
        return made


def leave_results(text: str, places: Sequence[Any], side: str) -> dict[str, str]:
    """As `carry_out`, into the folder; returns the error that stopped it (see `told`), or nothing."""
    try:
        carry_out(text, places, side)
    except Exception as error:
        return told(error, text)
    return {}


def told(error: Exception, text: str) -> dict[str, str]:
    """An error of a worker in words, for `heard` at the other end."""
    if isinstance(error, ValueError):
        return {"failed": str(error), "kind": "ValueError"}
    return {"failed": describe(error, Path(Order.from_text(text).source.file)), "kind": type(error).__name__}


def heard(message: Mapping[str, str]) -> Exception:
    """The error that a worker told of: a ValueError in its own words, anything else as a ChildProcessError."""
    text = message["failed"]
    return ValueError(text) if message["kind"] == "ValueError" else ChildProcessError(f"a worker cannot go on: {text}")
