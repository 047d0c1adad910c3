"""A step of the articles' image networks against PyTorch eager.

    python -m pip install '.[bench]'
    python benchmarks/images.py              # one thread
    python benchmarks/images.py --threads 2

cnn96 is the network of three of the articles: six 3×3 convolutions without bias on 20 images of
96×96×3, strides 2, 2, 2, 2, 1, 1, ReLU after each, the mean over all pixels, Adam. mnist is that
of the fourth: convolutions of 32 and 64 channels, max pool, 128 channels, max pool, 128 units, on
128 images of 28×28×1, Adadelta. Both end in softmax cross-entropy. One step is forward, backward
and update. The contestants take turns in one process with as many threads each; the table gives
medians, and ratios of medians.

PyTorch runs in its own order of axes (NCHW), and again in ours, which it calls channels_last and
is quicker in. Where the stride is 2, TensorFlow pads below and to the right alone; PyTorch's
convolution cannot, so that it pads all around, to outputs of the same size.
"""

import argparse
import os

parser = argparse.ArgumentParser(description="image networks against PyTorch eager")
parser.add_argument("--threads", type=int, default=1)
THREADS = parser.parse_args().threads
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import itertools
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from microgrand.image_network import six_convolutions, strides
from microgrand.layers import Conv2D, Dense, Flatten, MaxPool, ReLU, Sequential
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import Adadelta, Adam, Optimizer
from microgrand.tape import Weights, value_and_grad
from microgrand.training import keep_memory

Step = Callable[[], Any]


@dataclass(frozen=True)
class Workload:
    """A network and its optimiser, here and in PyTorch, and the shape of a batch."""

    name: str
    shape: tuple[int, int, int, int]
    network: Sequential
    optimizer: Optimizer
    torch_layers: Callable[[], list[torch.nn.Module]]
    torch_optimizer: Callable[..., torch.optim.Optimizer]

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng(0)
        return generator.random(self.shape, np.float32), generator.integers(0, 10, self.shape[0])


class MeanOverPixels(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


def torch_cnn96() -> list[torch.nn.Module]:
    layers: list[torch.nn.Module] = []
    channels = itertools.pairwise((3, 16, 16, 16, 16, 16, 10))
    for (inputs, outputs), stride in zip(channels, strides(96), strict=True):
        convolution = torch.nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        torch.nn.init.normal_(convolution.weight, std=0.05)
        layers += [convolution, torch.nn.ReLU()]
    return [*layers, MeanOverPixels()]


def torch_mnist() -> list[torch.nn.Module]:
    nn, relu = torch.nn, torch.nn.ReLU
    return [
        nn.Conv2d(1, 32, 3), relu(), nn.Conv2d(32, 64, 3), relu(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3), relu(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(128 * 25, 128), relu(), nn.Linear(128, 10),
    ]  # fmt: skip


MIB = 2**20 if sys.platform == "darwin" else 2**10  # in the units of ru_maxrss
WORKLOADS = (
    Workload(
        "cnn96",
        (20, 96, 96, 3),
        six_convolutions((96, 96, 3)),
        Adam(8e-4),
        torch_cnn96,
        lambda parameters: torch.optim.Adam(parameters, lr=8e-4),
    ),
    Workload(
        "mnist",
        (128, 28, 28, 1),
        Sequential((
            Conv2D(32, padding="valid"), ReLU(), Conv2D(64, padding="valid"), ReLU(), MaxPool(),
            Conv2D(128, padding="valid"), ReLU(), MaxPool(), Flatten(),
            Dense(128), ReLU(), Dense(10),
        )),
        Adadelta(),
        torch_mnist,
        lambda parameters: torch.optim.Adadelta(parameters, lr=1.0, rho=0.95, eps=1e-7),
    ),
)  # fmt: skip


def microgrand_step(workload: Workload) -> Step:
    network, optimizer = workload.network, workload.optimizer
    parameters = network.init(workload.shape[1:], np.random.default_rng(0))
    gradient, state = parameters.copy(), optimizer.init(parameters.vector)
    x, y = workload.batch()

    def loss(weights: Weights) -> Any:
        return softmax_cross_entropy(network(weights, x), y)

    loss_and_gradient = value_and_grad(loss)
    keep_memory()

    def step() -> float:
        value, _ = loss_and_gradient(parameters, out=gradient)
        assert gradient.vector.dtype == np.asarray(value).dtype == np.float32
        optimizer.step(parameters.vector, gradient.vector, state)
        return float(value)

    return step


def pytorch_step(workload: Workload, order: torch.memory_format) -> Step:
    network = torch.nn.Sequential(*workload.torch_layers()).to(memory_format=order)
    optimizer = workload.torch_optimizer(network.parameters())
    x, y = map(torch.from_numpy, workload.batch())
    x = x.permute(0, 3, 1, 2).contiguous(memory_format=order)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def matrix_products(workload: Workload) -> Step:
    """The floor: nothing but the products of forward and backward."""
    parameters = workload.network.init(workload.shape[1:], np.random.default_rng(0))
    outputs = workload.network.outputs(parameters.weights, workload.batch()[0])
    pairs = []
    for arrays, y in zip(parameters.weights, outputs, strict=True):
        if "kernel" in arrays:
            kernel = arrays["kernel"].reshape(-1, y.shape[-1])
            pairs.append((np.ones((y.size // y.shape[-1], len(kernel)), np.float32), kernel))

    def step() -> None:
        for columns, kernel in pairs:
            y = columns @ kernel
            columns.T @ y
            if columns is not pairs[0][0]:  # nobody asks for the gradient of the images
                y @ kernel.T

    return step


def milliseconds(contestants: dict[str, Step], seconds: float = 1.0) -> dict[str, float]:
    """The median time of a step, in bursts, the contestants taking turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    start = time.perf_counter()
    contestants["microgrand"]()
    burst = max(2, min(10, int(seconds / 4 / (time.perf_counter() - start))))
    for _ in range(25):
        for name, step in contestants.items():
            step()  # warm up
            start = time.perf_counter()
            for _ in range(burst):
                step()
            times[name].append((time.perf_counter() - start) / burst * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def growth(step: Step, steps: int) -> float:
    """By how many MiB the process's largest size has grown over so many steps, after a few."""
    for _ in range(10):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(steps):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / MIB


def main() -> None:
    torch.set_num_threads(THREADS)
    print(
        f"NumPy {np.__version__}, PyTorch {torch.__version__}, {THREADS} thread(s), "
        f"{platform.machine()}"
    )
    for workload in WORKLOADS:
        step = microgrand_step(workload)
        steps = 200 if workload.name == "cnn96" else 40
        grown = growth(step, steps)
        times = milliseconds(
            {
                "microgrand": step,
                "NCHW": pytorch_step(workload, torch.contiguous_format),
                "channels_last": pytorch_step(workload, torch.channels_last),
                "products": matrix_products(workload),
            }
        )
        print(f"\n| {workload.name}, a step | time | PyTorch / microgrand |")
        print("|---|--:|--:|")
        print(f"| microgrand | {times['microgrand']:.2f} ms | |")
        for order in ("NCHW", "channels_last"):
            ratio = times[order] / times["microgrand"]
            print(f"| PyTorch eager, {order} | {times[order]:.2f} ms | {ratio:.2f} |")
        print(f"| bare matrix products | {times['products']:.2f} ms | |")
        print(f"\nmemory: {grown:+.1f} MiB over {steps} steps")


if __name__ == "__main__":
    main()
