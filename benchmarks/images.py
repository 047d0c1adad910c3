"""A step of the articles' image network against PyTorch eager.

    python -m pip install '.[bench]'
    python benchmarks/images.py              # one thread
    python benchmarks/images.py --threads 2

cnn96 is the network of three of the articles: six 3×3 convolutions without bias on 20 images of
96×96×3, strides 2, 2, 2, 2, 1, 1, ReLU after each, the mean over all pixels, softmax
cross-entropy, Adam. One step is forward, backward and update. The contestants take turns in one
process with as many threads each; the table gives medians, and ratios of medians.

PyTorch runs in its own order of axes (NCHW), and again in ours, which it calls channels_last and
is quicker in. Where the stride is 2, TensorFlow pads below and to the right alone; PyTorch's
convolution cannot, so that it pads all around, to outputs of the same size.
"""

import argparse
import os

parser = argparse.ArgumentParser(description="cnn96 against PyTorch eager")
parser.add_argument("--threads", type=int, default=1)
THREADS = parser.parse_args().threads
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import itertools
import platform
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
import torch

from microgrand.layers import Conv2D, Normal, ReLU, Sequential
from microgrand.optimizers import Adam
from microgrand.tape import Layers, value_and_grad
from microgrand.training import keep_memory

CHANNELS = (3, 16, 16, 16, 16, 16, 10)
STRIDES = (2, 2, 2, 2, 1, 1)
BATCH, SIZE, RATE = 20, 96, 8e-4
Step = Callable[[], Any]


def batch() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    x = generator.random((BATCH, SIZE, SIZE, CHANNELS[0]), np.float32)
    return x, generator.integers(0, CHANNELS[-1], BATCH)


def cross_entropy(pixels: Any, targets: np.ndarray) -> Any:
    """The mean of −log softmax at the targets, of logits that are means over pixels."""
    logits = anp.sum(pixels, axis=(1, 2)) / (pixels.shape[1] * pixels.shape[2])
    logits = logits - np.max(getattr(logits, "_value", logits), axis=1, keepdims=True)
    logarithms = logits - anp.log(anp.sum(anp.exp(logits), axis=1, keepdims=True))
    return -anp.sum(logarithms * np.eye(CHANNELS[-1], dtype=np.float32)[targets]) / BATCH


def microgrand_step() -> Step:
    layers: list[Any] = []
    for channels, stride in zip(CHANNELS[1:], STRIDES, strict=True):
        layers += [Conv2D(channels, stride=stride, bias=False, kernel_init=Normal(0.05)), ReLU()]
    network = Sequential(tuple(layers))
    parameters = network.init((SIZE, SIZE, CHANNELS[0]), np.random.default_rng(0))
    optimizer, gradient = Adam(RATE), parameters.copy()
    state = optimizer.init(parameters.vector)
    x, y = batch()

    def loss(layers: Layers) -> Any:
        return cross_entropy(network(layers, x), y)

    loss_and_gradient = value_and_grad(loss)
    keep_memory()

    def step() -> float:
        value, _ = loss_and_gradient(parameters, out=gradient)
        assert gradient.vector.dtype == np.asarray(value).dtype == np.float32
        optimizer.step(parameters.vector, gradient.vector, state)
        return float(value)

    return step


def pytorch_step(order: torch.memory_format) -> Step:
    layers: list[Any] = []
    for (inputs, outputs), stride in zip(itertools.pairwise(CHANNELS), STRIDES, strict=True):
        convolution = torch.nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        torch.nn.init.normal_(convolution.weight, std=0.05)
        layers += [convolution, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers).to(memory_format=order)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    x, y = map(torch.from_numpy, batch())
    x = x.permute(0, 3, 1, 2).contiguous(memory_format=order)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x).mean((2, 3)), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def matrix_products() -> Step:
    """The floor: nothing but the products of forward and backward."""
    pairs, size = [], SIZE
    for (inputs, outputs), stride in zip(itertools.pairwise(CHANNELS), STRIDES, strict=True):
        size //= stride
        columns = np.ones((BATCH * size**2, 9 * inputs), np.float32)
        pairs.append((columns, np.ones((9 * inputs, outputs), np.float32)))

    def step() -> None:
        for columns, kernel in pairs:
            y = columns @ kernel
            columns.T @ y
            if columns is not pairs[0][0]:  # nobody asks for the gradient of the images
                y @ kernel.T

    return step


def milliseconds(contestants: dict[str, Step], rounds: int = 25) -> dict[str, float]:
    """The median time of a step, in bursts of 10, the contestants taking turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, step in contestants.items():
            for _ in range(2):  # warm up
                step()
            start = time.perf_counter()
            for _ in range(10):
                step()
            times[name].append((time.perf_counter() - start) / 10 * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def growth(step: Step, steps: int = 300) -> float:
    """By how many MiB the process's largest size has grown over so many steps, after a few."""
    for _ in range(20):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(steps):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    torch.set_num_threads(THREADS)
    step = microgrand_step()
    grown = growth(step)
    times = milliseconds(
        {
            "microgrand": step,
            "NCHW": pytorch_step(torch.contiguous_format),
            "channels_last": pytorch_step(torch.channels_last),
            "products": matrix_products(),
        }
    )
    print(
        f"NumPy {np.__version__}, PyTorch {torch.__version__}, {THREADS} thread(s), "
        f"{platform.machine()}\n"
    )
    print("| cnn96, a step | time | PyTorch / microgrand |")
    print("|---|--:|--:|")
    print(f"| microgrand | {times['microgrand']:.2f} ms | |")
    for order in ("NCHW", "channels_last"):
        ratio = times[order] / times["microgrand"]
        print(f"| PyTorch eager, {order} | {times[order]:.2f} ms | {ratio:.2f} |")
    print(f"| bare matrix products | {times['products']:.2f} ms | |")
    print(f"\nmemory: {grown:+.1f} MiB over 300 steps")


if __name__ == "__main__":
    main()
