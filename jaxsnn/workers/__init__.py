"""Worker processes: both ends of the two pipes between a worker and the process that started it.

    parent -> worker     what it is asked for, a JSON line each on the worker's standard input
    worker -> parent     what it tells, a JSON line each on its standard output

A worker whose parent is gone ends by itself, because its standard input does. Loads nothing of ours, so that a worker
can listen before it imports what it works with.
"""

from .process import Worker as Worker
from .process import interrupt as interrupt
from .service import Asked as Asked
from .service import Tell as Tell
from .service import serve as serve
