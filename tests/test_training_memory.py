"""Memory that training keeps instead of handing it back to the system."""

import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_that_is_kept_costs_no_page_faults() -> None:
    program = """
import resource
import numpy as np
from microgrand.training import keep_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        several = [np.ones(20 << 20, np.uint8) for _ in range(5)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(), print(faults()), keep_memory(), faults(), print(faults())
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    handed_back, kept = map(int, done.stdout.split())
    assert 10 * kept < handed_back
