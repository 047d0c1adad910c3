"""Our ops against the test cases of ONNX: an oracle that we did not write.

ONNX computes forwards. But a transposed convolution is the gradient of a convolution, "unpooling"
that of a maximum, softmax that of cross-entropy, sign that of L1, and a vector over its length that
of a norm. So gradients are among what is compared, and steps of optimisers.
"""

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from onnx_cases import cases
from onnx_images import REASONS, NotOurs
from onnx_translators import TRANSLATORS

Pair = tuple[Any, np.ndarray]


@cache
def compared(operator: str) -> tuple[dict[str, list[Pair]], Counter[str]]:
    """The cases that we have the options for, with pairs of arrays; why the others are left out."""
    translate, _ = TRANSLATORS[operator]
    used, left_out = {}, Counter[str]()
    for case in (case for case in cases() if case.operator == operator):
        try:
            used[case.name] = list(translate(case))
        except NotOurs as reason:
            left_out[str(reason)] += 1
    return used, left_out


@pytest.mark.parametrize("operator", TRANSLATORS)
def test_ours_is_theirs(operator: str) -> None:
    """Theirs is rounded to float32."""
    used, left_out = compared(operator)
    assert len(used) >= TRANSLATORS[operator][1], left_out
    for name, pairs in used.items():
        assert pairs, name
        for ours, theirs in pairs:
            assert np.shape(ours) == theirs.shape, name
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-6, err_msg=name)


def test_every_case_left_out_has_a_reason_and_every_reason_a_case() -> None:
    assert {reason for operator in TRANSLATORS for reason in compared(operator)[1]} == set(REASONS)
