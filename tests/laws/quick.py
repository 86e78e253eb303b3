"""Compiling in a hurry: the laws need many small programs that run once or twice."""

from collections.abc import Callable
from functools import cache

import jax

OPTIONS = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


@cache
def _understood() -> dict:
    """The compiler options that this version of XLA knows."""

    def known(name, value):
        try:
            jax.jit(lambda: 0, compiler_options={name: value})()
        except Exception:  # whatever type this version raises
            return False
        return True

    return {name: value for name, value in OPTIONS.items() if known(name, value)}


def quick_jit(function: Callable, **options) -> Callable:
    """`jax.jit` with as little optimisation as the compiler agrees to: a third of the time to compile."""

    @cache
    def compiled():
        return jax.jit(function, compiler_options=_understood(), **options)

    return lambda *args, **kwargs: compiled()(*args, **kwargs)
