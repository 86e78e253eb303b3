"""One driver writes into a store at a time: an advisory lock of the operating system on side/lock.

The kernel lets go of it when the process ends, however it ends, so a lock is never stale. The file says who holds it.
Where a file system knows no locks the sweep goes on without: every file of a store is renamed into place and two
drivers of one sweep write the same bytes, so what is lost then is time.
"""

import contextlib
import errno
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger("jaxsnn")

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
_NONE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF}


@contextlib.contextmanager
def held(store: Path) -> Iterator[bool]:
    """Hold the lock of a store; yields whether there is one. ValueError when another driver has it."""
    try:
        import fcntl
    except ImportError:  # no such calls on this system
        yield False
        return
    path = store / "side" / "lock"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(handle)
            os.close(handle)
            if error.errno in _HELD:
                raise ValueError(
                    f"store {store} is being written elsewhere ({holder}); wait for it and call again, or name "
                    "another folder. Reading the store (load, report) is possible meanwhile"
                ) from None
            if error.errno not in _NONE:
                raise
            log.warning("store %s: its file system has no locks (%s); start one sweep on it at a time", store, error)
            yield False
            return
        if _is(path, handle):
            break
        os.close(handle)  # its last holder has removed it in between
    try:
        with contextlib.suppress(OSError):  # a full disk; the lock holds all the same
            about = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
            os.ftruncate(handle, 0)
            os.pwrite(handle, (json.dumps(about) + "\n").encode(), 0)
        yield True
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def _is(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(handle))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> str:
    try:
        about = json.loads(os.pread(handle, 4096, 0))
        return f"process {int(about['pid'])} on {about['host']!s:.80}, since {about['since']!s:.20}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "by one that does not say who it is"
