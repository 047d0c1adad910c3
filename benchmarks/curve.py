"""The curve lesson's step and its sweep of eight strengths against PyTorch eager.

    python -m pip install '.[bench]'
    python benchmarks/curve.py

One step is forward, backward and update of the lesson's network, 1-64-(64 LeakyReLU)×3-1, on a
batch of 64 with Adam and the penalty ½λ‖θ‖². The two libraries and the bare matrix products take
turns in one process with one thread each, so that what the machine does besides hits all of them;
the table gives medians, and ratios of medians.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import itertools
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from microgrand.layers import Dense, LeakyReLU, Sequential
from microgrand.ops import mean_squared_error
from microgrand.optimizers import Adam
from microgrand.penalties import PENALTIES
from microgrand.tape import Parameters, Weights, value_and_grad
from microgrand.training import keep_memory

STRENGTHS = (1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 1e-1, 1.0)
SIZES = (64, 64, 64, 64, 1)
BATCH = 64
Step = Callable[[], Any]


def batch() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(0, 12.5, (BATCH, 1)).astype(np.float32)
    return x, np.sin(x)


def microgrand_step(strengths: tuple[float, ...]) -> Step:
    """One step of a model a strength, all in one stack; no strength: a single model."""
    layers: list[Any] = [Dense(64)]
    for units in SIZES[1:-1]:
        layers += [Dense(units), LeakyReLU(0.03)]
    network = Sequential((*layers, Dense(1)))
    parameters = network.init((1,), np.random.default_rng(0))
    if strengths:
        parameters = Parameters.stack([parameters] * len(strengths))
    strength = np.array(strengths, np.float32)[:, None]
    optimizer, gradient = Adam(), parameters.copy()
    state = optimizer.init(parameters.vector)
    x, y = batch()

    def loss(weights: Weights) -> Any:
        return mean_squared_error(network(weights, x), y)

    loss_and_gradient = value_and_grad(loss)
    keep_memory()

    def step() -> None:
        loss_and_gradient(parameters, out=gradient)
        if strengths:
            gradient.vector += strength * PENALTIES["half_l2"].gradient(parameters.vector)
        optimizer.step(parameters.vector, gradient.vector, state)

    return step


def pytorch_step(strength: float) -> Step:
    layers: list[Any] = [torch.nn.Linear(1, SIZES[0])]
    for inputs, units in itertools.pairwise(SIZES[:-1]):
        layers += [torch.nn.Linear(inputs, units), torch.nn.LeakyReLU(0.03)]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(SIZES[-2], 1))
    optimizer = torch.optim.Adam(network.parameters(), weight_decay=strength)
    x, y = map(torch.from_numpy, batch())

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(network(x), y).backward()
        optimizer.step()

    return step


def pytorch_sweep() -> Step:
    steps = [pytorch_step(strength) for strength in STRENGTHS]
    return lambda: [step() for step in steps]


def matrix_products(models: int) -> Step:
    """The floor: nothing but the products of forward and backward, no tape, no update."""
    kernels = [np.ones((models, a, b), np.float32) for a, b in itertools.pairwise((1, *SIZES))]
    inputs = [np.ones((models, BATCH, kernel.shape[1]), np.float32) for kernel in kernels]
    outputs = [np.ones((models, BATCH, kernel.shape[2]), np.float32) for kernel in kernels]

    def step() -> None:
        for left, kernel, right in zip(inputs, kernels, outputs, strict=True):
            np.matmul(left, kernel)
            np.matmul(left.swapaxes(1, 2), right)
        for kernel, right in zip(kernels[1:], outputs[1:], strict=True):
            np.matmul(right, kernel.swapaxes(1, 2))

    return step


def milliseconds(contestants: dict[str, Callable[[], Step]], rounds: int = 30) -> dict[str, float]:
    """The median time of a step, in bursts of 40, the contestants taking turns.

    Every burst starts from fresh weights: strong decay would drive them into subnormal numbers, and
    the two libraries would be compared at the speed of the processor's slow path.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, make in contestants.items():
            step = make()
            for _ in range(5):  # warm up
                step()
            start = time.perf_counter()
            for _ in range(40):
                step()
            times[name].append((time.perf_counter() - start) / 40 * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    torch.set_num_threads(1)
    print(
        f"NumPy {np.__version__}, PyTorch {torch.__version__}, one thread, {platform.machine()}\n"
    )
    print("| workload | microgrand | PyTorch eager | matrix products | PyTorch / microgrand |")
    print("|---|---|---|---|---|")
    for workload, strengths, theirs in (
        ("curve, a step", (), lambda: pytorch_step(0.0)),
        ("curve, a step of eight strengths", STRENGTHS, pytorch_sweep),
    ):
        times = milliseconds(
            {
                "microgrand": partial(microgrand_step, strengths),
                "PyTorch": theirs,
                "products": partial(matrix_products, max(1, len(strengths))),
            }
        )
        print(
            f"| {workload} | {times['microgrand']:.3f} ms | {times['PyTorch']:.3f} ms "
            f"| {times['products']:.3f} ms | {times['PyTorch'] / times['microgrand']:.2f} |"
        )


if __name__ == "__main__":
    main()
