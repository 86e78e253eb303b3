"""What a chunk needs and what there is, before anything is compiled."""

import os
from pathlib import Path

import jax


def human(count: float) -> str:
    """Bytes for people: 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.4g} TiB"


def available() -> int:
    """Bytes that a sweep may use: the memory of the accelerators, else what the machine or its container has free."""
    stats = [device.memory_stats() for device in jax.local_devices() if device.platform != "cpu"]
    limits = [one["bytes_limit"] - one.get("bytes_in_use", 0) for one in stats if one and "bytes_limit" in one]
    return sum(limits) if limits else _host()


def _host() -> int:
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**33
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text().strip()
        free = min(free, int(limit) - int(used))
    except (OSError, ValueError, StopIteration):
        pass  # no such files, or a container without a limit ("max")
    return free


def check_room(what: str, need: int) -> None:
    """ValueError for what cannot fit into the memory of this machine, before any of it is taken."""
    room = int(0.9 * _host())
    if need > room:
        raise ValueError(f"{what} takes {human(need)} of memory, and {human(room)} can be had; use a larger machine")


def check_memory(need: int, limit: int | None, width: int, chunk_points: int, at_once: int = 1) -> None:
    """ValueError with the number and the remedy for chunks that cannot fit. limit None: nine tenths of `available`.

    need: bytes of a chunk of `width` points. at_once: such chunks that are computed at a time.
    """
    room = int(0.9 * available()) if limit is None else limit
    need *= at_once
    if need <= room:
        return
    fits = int(width * room / need)
    if fits >= 1:
        remedy = f"pass chunk={fits} (points computed together) or less"
    else:
        remedy = "even one point with all seeds is too large: run fewer seeds at a time, or a smaller network"
    chunks = f"a chunk of {width} points needs" if at_once == 1 else f"{at_once} chunks of {width} points need"
    if at_once > 1:
        remedy += ", or fewer workers"
    raise ValueError(
        f"{chunks} about {human(need)} of memory, and {human(room)} can be had; {remedy}"
        + ("" if chunk_points == width else f" (chunk was {chunk_points})")
    )
