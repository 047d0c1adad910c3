"""The state of the processor that every run starts from: one BLAS thread, no subnormal numbers.

A float32 below 1.2e-38 is *subnormal*: it is kept with fewer digits, and arithmetic on it is a
hundred times slower. Strong weight decay drives a dead network's weights there, and a sweep
would spend nine tenths of its time on numbers that stand for nothing. Processors can take
subnormals as zero; C's floating-point environment holds the switch.
"""

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

# Where the control register lies in C's fenv_t (in 4-byte words), and its flush bits.
REGISTERS = {
    ("linux", "x86_64"): (7, 0x8040),  # MXCSR: flush to zero, denormals are zero
    ("darwin", "x86_64"): (1, 0x8040),
    ("linux", "aarch64"): (0, 1 << 24),  # FPCR: flush to zero
    ("darwin", "arm64"): (2, 1 << 24),
}


@contextmanager
def flush_subnormals() -> Iterator[bool]:
    """Take subnormals as zero inside the block, in this thread; says whether that was possible."""
    place = REGISTERS.get((sys.platform, platform.machine()))
    try:
        library = ctypes.CDLL(None)
        get, put = library.fegetenv, library.fesetenv
    except (OSError, TypeError, AttributeError):
        place = None
    if place is None:  # elsewhere the results are the same but for numbers below 1.2e-38
        yield False
        return
    word, bits = place
    before, inside = (ctypes.c_uint32 * 16)(), (ctypes.c_uint32 * 16)()
    get(before)
    get(inside)
    inside[word] |= bits
    put(inside)
    try:
        yield True
    finally:
        put(before)


@contextmanager
def steady() -> Iterator[None]:
    """One BLAS thread and no subnormals: the same bits whatever else the machine does."""
    with threadpool_limits(limits=1), flush_subnormals():
        yield
