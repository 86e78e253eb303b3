"""Engines by name, as the command line and `sweep(engine=...)` take them."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from ..job import Job
from .engine import Engine
from .inline import inline
from .on_dask import Dask
from .on_submitit import Submitit
from .processes import Processes

ENGINES: dict[str, Any] = {"inline": inline, "processes": Processes(), "dask": Dask(), "submitit": Submitit()}


def find_engine(engine: str | Engine, workers: int | None = None) -> Engine:
    """An engine by name, or any function that is one. workers: for those that have workers, how many.

    Raises ValueError for an unknown name, and for `workers` where there are none.
    """
    unknown = f"engine = {engine!r}: must be one of {', '.join(ENGINES)}, or an engine function; pass one of these"
    if not isinstance(engine, str) and not callable(engine):
        raise ValueError(unknown)
    if isinstance(engine, str):
        if engine not in ENGINES:
            raise ValueError(unknown)
        name, engine = engine, ENGINES[engine]
        if workers is not None:
            if "workers" not in {field.name for field in _fields(engine)}:
                having = [known for known, one in ENGINES.items() if "workers" in {f.name for f in _fields(one)}]
                raise ValueError(
                    f"workers = {workers}: engine {name!r} does not start any; drop it, or take engine "
                    f"{' or '.join(having)}"
                )
            engine = dataclasses.replace(engine, workers=workers)
    return engine  # type: ignore[return-value]


def _fields(engine: Any) -> tuple[dataclasses.Field, ...]:
    return dataclasses.fields(engine) if dataclasses.is_dataclass(engine) else ()


def check_engine(engine: Engine, job: Job, cores: int | None) -> None:
    """ValueError where the engine cannot run the job, before anything is written or started."""
    check = getattr(engine, "check", None)
    if check is not None:
        check(job, cores)


def chunks_at_once(engine: Engine) -> int:
    """Chunks that the engine computes at a time in the memory of this machine."""
    return getattr(engine, "at_once", 1)


def end_engine(chunks: Iterator) -> None:
    """End what an engine still has under way, when its caller stops before it does."""
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
