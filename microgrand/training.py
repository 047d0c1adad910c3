"""Training: a generator that yields one record an epoch.

    for epoch in train(network, parameters, train_set, test_set, optimizer=Adam(), …):
        print(epoch.number, epoch.train_loss, epoch.test_loss)

Whatever else one wants is a consumer of it: stopping early is a `break`, a progress bar wraps it, a
checkpoint saves what an `Epoch` holds and a later `train(…, after=epoch)` goes on from there.
"""

import ctypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from microgrand import ops
from microgrand.layers import Sequential
from microgrand.layers.normalization import measured
from microgrand.optimizers import Optimizer, State
from microgrand.penalties import PENALTIES, Penalty
from microgrand.tape import Parameters, Weights, value_and_grad


class Dataset(NamedTuple):
    """Examples and what they should give: x (batch, …), y (batch, outputs) or labels (batch,)."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Epoch:
    """The state of training after an epoch (number 0: before the first step).

    `train_loss` is the mean over the epoch's batches, dropout on, without the penalty. At number 0
    it is that of the whole set, dropout off, batch norm by the statistics of a thousand examples.
    `test_loss` is taken after the epoch, dropout off, batch norm by the statistics of the training
    set. With a stack of models each is an array, one a model. `parameters` and `state` are those
    that training goes on with: copy what you keep.
    """

    number: int
    train_loss: Any
    test_loss: Any
    parameters: Parameters
    state: State
    metrics: dict[str, Any] = field(default_factory=dict)
    signals: Any = None


def train(
    network: Sequential,
    parameters: Parameters,
    train_set: tuple[np.ndarray, np.ndarray],
    test_set: tuple[np.ndarray, np.ndarray],
    *,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int,
    generator: np.random.Generator,
    loss: Callable[[Any, Any], Any] = ops.mean_squared_error,
    penalty: Penalty = PENALTIES["none"],
    strength: float | np.ndarray | None = None,
    mask: np.ndarray | None = None,
    shuffle: bool = True,
    metrics: Mapping[str, Callable[[np.ndarray, np.ndarray], Any]] | None = None,
    observe: Callable[[Parameters, State], Any] | None = None,
    after: Epoch | None = None,
) -> Iterator[Epoch]:
    """Train in place, yielding an `Epoch` before the first step and after every pass.

    This is a generator: nothing is done, and nothing refused, before its first epoch is asked for.
    It has the C library keep up to 2 GiB of freed memory for this process; see `keep_memory`.

    Arguments:
        network: applied as `network(weights, x, generator)`.
        parameters: where training starts; moved in place. (models, size) trains a stack at once.
        train_set, test_set: the examples, `Dataset` or any pair (x, y).
        optimizer: how a gradient becomes a step.
        epochs: passes over the training set; with 0, the record before the first step is all.
        batch_size: examples a step; a shorter last batch is used too.
        generator: draws the order of the examples and the dropout masks.
        loss: of (prediction, target), one number a model.
        penalty: a row of the table that takes a vector; its gradient times `strength` joins the
            loss's. None of it is in the recorded losses.
        strength: λ, a number or a column (models, 1); a penalty needs one.
        mask: 1 where the penalty acts, shape (size,): `parameters.only("kernel")`. Default: on all.
        shuffle: a new order each epoch.
        metrics: further numbers of (prediction, target) on the test set, by name.
        observe: called at each epoch's end with the parameters and the optimiser's memory; what
            it returns is the epoch's `signals`. It must not touch `generator`.
        after: an `Epoch` of an earlier call, to go on from, with its parameters, and the generator
            in the state it had then. There is no record before the first step.

    Raises:
        ValueError: if there are fewer epochs than 0 or fewer examples a step than 1, a set is empty
            or has another number of targets, the penalty takes a matrix or has no strength, the
            mask has another shape, or `parameters` are not those of `after`.
    """
    if penalty.of_matrix:
        in_loss = f"put PENALTIES[{penalty.name!r}].function into the loss"
        raise ValueError(f"{penalty.name} is a penalty of a matrix: {in_loss}")
    if strength is None and penalty.name != "none":
        raise ValueError(f"how strong is {penalty.name}? It needs a strength, say strength=1e-4")
    scale = np.asarray(0.0 if strength is None else strength, parameters.vector.dtype)
    if not np.isfinite(scale).all():
        raise ValueError(f"the strength of a penalty is a finite number, not {strength}")
    if mask is not None and mask.shape != parameters.vector.shape[-1:]:
        raise ValueError(f"a mask has the shape {parameters.vector.shape[-1:]}, not {mask.shape}")
    if epochs < 0:
        raise ValueError(f"there cannot be {epochs} epochs")
    if batch_size < 1:
        raise ValueError(f"a step needs one example or more, not {batch_size}")
    if after is not None and not np.array_equal(
        parameters.vector, after.parameters.vector, equal_nan=True
    ):
        raise ValueError("training goes on from the parameters of `after`, not from others")
    train_set, test_set = Dataset(*train_set), Dataset(*test_set)
    for name, (examples, targets) in {"training": train_set, "test": test_set}.items():
        if len(examples) != len(targets) or not len(examples):
            told = f"{len(examples)} examples and {len(targets)} targets"
            raise ValueError(f"{told} make no {name} set")

    def batch_loss(weights: Weights, x: np.ndarray, y: np.ndarray) -> Any:
        return loss(network(weights, x, generator), y)

    def record(number: int, train_loss: Any) -> Epoch:
        predicting = measured(network, parameters.weights, train_set.x, batch_size)
        prediction = predict(predicting, parameters.weights, test_set.x, batch_size)
        return Epoch(
            number,
            train_loss,
            loss(prediction, test_set.y),
            parameters,
            state,
            {name: metric(prediction, test_set.y) for name, metric in (metrics or {}).items()},
            observe(parameters, state) if observe else None,
        )

    if after is None:
        state = optimizer.init(parameters.vector)
        before = predict(network, parameters.weights, train_set.x, batch_size)
        yield record(0, loss(before, train_set.y))
    else:
        state = after.state
    keep_memory()
    step_gradient = value_and_grad(batch_loss)
    gradient = parameters.copy()
    penalised = penalty.name != "none" and bool(np.any(scale))
    count = len(train_set.x)

    first = 1 if after is None else after.number + 1
    for number in range(first, first + epochs):
        order = generator.permutation(count) if shuffle else slice(None)
        x, y = train_set.x[order], train_set.y[order]
        total: Any = 0.0
        for start in range(0, count, batch_size):
            batch = slice(start, start + batch_size)
            value, _ = step_gradient(parameters, x[batch], y[batch], out=gradient)
            if penalised:
                pull = scale * penalty.gradient(parameters.vector)
                gradient.vector += pull if mask is None else pull * mask
            optimizer.step(parameters.vector, gradient.vector, state)
            total = total + np.asarray(value, np.float64) * len(x[batch])
        yield record(number, total / count)


def predict(network: Sequential, weights: Weights, x: np.ndarray, batch_size: int) -> np.ndarray:
    """network(weights, x), in parts: what it makes of 60 000 images at once would fill the memory.

    A part is a thousand examples or a few more, as whole batches.

    Raises:
        ValueError: if the network does not end in rows of outputs, (…, examples, outputs).
    """
    part = batch_size * -(-1000 // batch_size)
    parts = [network(weights, x[start : start + part]) for start in range(0, len(x), part)]
    if sum(one.shape[-2] if one.ndim > 1 else 0 for one in parts) != len(x):
        raise ValueError(f"a prediction is (…, examples, outputs), not of shape {parts[0].shape}")
    return np.concatenate(parts, axis=-2)


def keep_memory() -> None:
    """Have the C library keep freed memory instead of handing it back after every step.

    glibc returns free memory at the top of its heap to the system, and large blocks at once; every
    page that comes back anew costs a fault: a third of the time of a stack of small models, an
    eighth of that of a network on images. Here blocks up to 32 MiB, the most it allows, stay in the
    heap, and the heap keeps up to 2 GiB. With another C library this does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    trim_threshold, mmap_threshold = -1, -3  # as malloc.h numbers them
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(mmap_threshold, 32 << 20)
