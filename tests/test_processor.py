"""The processor's state: subnormals are zero inside the block, and as before outside."""

import platform
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from microgrand.processor import REGISTERS, flush_subnormals, steady


def subnormals_live() -> bool:
    """Whether arithmetic can give and take subnormal numbers, in NumPy and in Python."""
    smallest = np.full(17, np.finfo(np.float32).tiny)  # 17: beyond whole vector registers
    given = bool(np.all(smallest / np.float32(4) != 0))
    taken = bool(np.all(np.full(17, 1e-40, np.float32) * np.float32(1e10) != 0))
    python = float.fromhex("0x1p-1022") / 4 != 0
    assert given == taken == python
    return given


@pytest.fixture(autouse=True)
def live_before_and_after() -> Iterator[None]:
    assert subnormals_live()
    yield
    assert subnormals_live()


@pytest.fixture
def known() -> None:
    with flush_subnormals() as possible:
        if not possible:
            assert (sys.platform, platform.machine()) not in REGISTERS
            assert sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64")
            pytest.skip("this kind of processor has no known switch")


@pytest.mark.usefixtures("known")
def test_subnormals_are_zero_inside_the_block_only() -> None:
    with flush_subnormals() as possible:
        assert possible is True
        assert not subnormals_live()
        assert np.float32(3) / np.float32(2) == np.float32(1.5)  # other numbers are as ever
    assert subnormals_live()


@pytest.mark.usefixtures("known")
def test_subnormals_live_again_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), flush_subnormals():
        _ = 1 / 0
    assert subnormals_live()


@pytest.mark.usefixtures("known")
def test_blocks_can_be_nested() -> None:
    with flush_subnormals():
        with flush_subnormals():
            assert not subnormals_live()
        assert not subnormals_live()  # the inner block restores what the outer one had set
    assert subnormals_live()


def no_library(name: object) -> Any:
    raise OSError


def no_function(name: object) -> Any:
    return object()


@pytest.mark.parametrize(
    ("name", "value"),
    [("REGISTERS", {}), ("ctypes.CDLL", no_library), ("ctypes.CDLL", no_function)],
    ids=["processor", "library", "function"],
)
def test_where_the_switch_is_unknown_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Callable[[object], Any]
) -> None:
    monkeypatch.setattr(f"microgrand.processor.{name}", value)
    with flush_subnormals() as possible:
        assert possible is False
        assert subnormals_live()


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.usefixtures("known")
def test_a_steady_processor_has_one_blas_thread_and_no_subnormals() -> None:
    before = blas_threads()
    assert before
    with steady():
        assert set(blas_threads()) == {1}
        assert not subnormals_live()
    assert blas_threads() == before
