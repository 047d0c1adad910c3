"""The test cases that ONNX ships for those who implement its operators: options, inputs, results.

Each is a folder of the `onnx` wheel: a model of one node, and arrays that the reference code of the
ONNX project computed. Source: onnx/backend/test/data/node.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"


@dataclass(frozen=True)
class Case:
    """One node: its name, what it computes, and with which options."""

    name: str
    operator: str
    options: dict[str, Any]

    def option(self, name: str, default: Any) -> Any:
        value = self.options.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    @property
    def inputs(self) -> list[np.ndarray]:
        return self.arrays("input")

    @property
    def outputs(self) -> list[np.ndarray]:
        return self.arrays("output")

    def arrays(self, kind: str) -> list[np.ndarray]:
        """The arrays of a kind, in order; floats in float64."""
        folder = FOLDER / f"test_{self.name}" / "test_data_set_0"
        count = len(list(folder.glob(f"{kind}_*.pb")))
        tensors = (onnx.load_tensor(folder / f"{kind}_{i}.pb") for i in range(count))
        arrays = [numpy_helper.to_array(tensor) for tensor in tensors]
        return [a.astype(np.float64) if a.dtype == np.float32 else a for a in arrays]


@cache
def cases() -> tuple[Case, ...]:
    """Every case of one node. Those that spell an operator out in others tell nothing new."""
    found = []
    for folder in sorted(FOLDER.iterdir()):
        nodes = onnx.load(folder / "model.onnx").graph.node
        if len(nodes) == 1 and "_expanded" not in folder.name:
            options = {one.name: helper.get_attribute_value(one) for one in nodes[0].attribute}
            found.append(Case(folder.name.removeprefix("test_"), nodes[0].op_type, options))
    return tuple(found)
