"""`dask`: chunks as tasks of a Dask cluster that is there already. Extra: `pip install spikegrid[dask]`.

The client of this process is used (`distributed.Client(...)`), or the scheduler at `address`, or the one that Dask's
own setting names (DASK_SCHEDULER_ADDRESS). A task is an order and a chunk's number; a worker that is lost has its tasks
given to another by Dask. Workers import the study: its file must be where it is here, and unchanged. Functions and
results travel as Dask sends everything, pickled: a cluster is a place where others run code, so use your own.
"""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from ..job import Job
from ..layout import ChunkId
from ..order import carry_out, write_order
from .engine import Finished, Watch


@dataclass(frozen=True)
class Dask:
    """address: of the scheduler, tcp://host:8786 (default: this process's client, or DASK_SCHEDULER_ADDRESS)."""

    address: str | None = None

    def check(self, job: Job, cores: int | None) -> None:
        """ValueError for a job that workers cannot run, and where there is no cluster."""
        write_order(job, _devices(cores))
        client, own = self._client()
        if own:
            client.close()

    def __call__(self, job: Job, ids: Sequence[ChunkId], watch: Watch) -> Iterator[Finished]:
        text = write_order(job, _devices(watch.cores)).to_text()
        distributed = extra("distributed", "dask")
        client, own = self._client()
        waiting = {client.submit(carry_out, text, [place], pure=False): place for place in ids}
        try:
            for future in distributed.as_completed(list(waiting), loop=client.loop):
                place = waiting.pop(future)
                try:
                    (finished,) = future.result()
                except distributed.KilledWorker as error:
                    raise ChildProcessError(
                        f"the cluster's workers died again and again at chunk {place}: {error}"
                    ) from error
                except (ValueError, KeyboardInterrupt):
                    raise
                except Exception as error:
                    raise ChildProcessError(
                        f"a worker failed at chunk {place}: {type(error).__name__}: {error}"
                    ) from error
                watch.report_whole(job, place)
                yield finished
                future.release()
        finally:
            client.cancel(list(waiting))
            if own:
                client.close()

    def _client(self) -> tuple[Any, bool]:
        """A client, and whether it is ours to close."""
        distributed = extra("distributed", "dask")
        address = self.address
        if address is None:
            try:
                return distributed.get_client(), False
            except ValueError:
                address = importlib.import_module("dask").config.get("scheduler-address", None)
        if address is None:
            raise ValueError(
                "engine = 'dask': there is no cluster; start one (dask scheduler, dask worker) and set "
                "DASK_SCHEDULER_ADDRESS=tcp://host:8786, or make a distributed.Client in this process first"
            )
        try:
            return distributed.Client(address, timeout=20, set_as_default=False), True
        except OSError as error:
            raise ValueError(f"engine = 'dask': no scheduler answers at {address} ({error}); start it") from error


def _devices(cores: int | None) -> int:
    return len(jax.local_devices()) if cores is None else cores


def extra(module: str, name: str) -> Any:
    """An optional package; ValueError that names the extra to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"engine = {name!r} needs a package that is not there; pip install spikegrid[{name}]"
        ) from error
