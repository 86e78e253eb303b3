"""The most memory that a piece of work needs: that of a process which does nothing else, once."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from .peers.served import peak_mb


def peak_alone(function: Callable, *arguments: Any) -> float:
    """Megabytes of a new process that calls `function(*arguments)`; both must pickle. Compiling is counted, too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_then_peak, function, arguments).result()


def _then_peak(function: Callable, arguments: tuple) -> float:
    function(*arguments)
    return peak_mb()
