"""Compiling a chunk, and what XLA should not do where it compiles for a processor.

    cpu-parallel-task-assigner   splits a large loop over all threads, and every step waits for them: where each
                                 device has a core of its own they are busy already, and one device with two cores
                                 takes as long as with one.
    fusions by YNNPACK           make a sum over a short axis, in the middle of a step, ten to a hundred times slower.
    vectors of 256 bits          where there are wider ones: the chains of a random generator take a fifth longer.

The options change how long a step takes and the last digits of its sums, and nothing else.
"""

import logging
from typing import Any

import jax

log = logging.getLogger("jaxsnn")
_NO_LIBRARY = {"xla_cpu_experimental_ynn_fusion_type": ""}
_NO_SPLITTING = {"xla_disable_hlo_passes": "cpu-parallel-task-assigner"}
_WIDE = {"xla_cpu_prefer_vector_width": 512}


def compile_chunk(traced: Any) -> Any:
    """The compiled form of a traced function whose devices are those of this process."""
    lowered = traced.lower()
    try:
        return lowered.compile(compiler_options=_options())
    except jax.errors.JaxRuntimeError as error:
        if "option" not in str(error):
            raise
        log.info("this version of XLA has other options, so a sweep may be slower than it could be: %s", error)
        return lowered.compile()


def _options() -> dict[str, Any]:
    if jax.default_backend() != "cpu":
        return {}
    return _NO_LIBRARY | _NO_SPLITTING | _WIDE
