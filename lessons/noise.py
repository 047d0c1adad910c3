# %% [markdown]
# # Noise
#
# Does a network learn better when chance has a hand in every step?
#
# Noise sounds like the enemy of learning. Yet some of the best regularisers are made of it: dropout silences units at random, data are shifted and flipped at random, even the order of the batches is a kind of noise. Jae Duk Seo asked how far one can go. In [*Two Weird Ways to Regularize Your Neural Network*](https://towardsdatascience.com/two-weird-ways-to-regularize-your-neural-network-manual-back-propagation-in-tensorflow-f4e63c41bd95) (2019) he does not take a gradient as it is. He takes it as the mean of a normal distribution, and draws.
#
# His second idea has nothing to do with noise: to take away ReLU and let every number of a layer have a learned dimmer in its place. We look at both.
#
# The article says seven things that can be tested, N1 to N7. On the way we meet relatives of its idea from the literature, see what noise does near a saddle point, and find out what Adam makes of a gradient that is nothing but noise.
#
# This page is a program. Every figure below was drawn by the code around it when the page was built; `microgrand run noise` runs the same file in your terminal, and its flags change the settings that come next.

# %%
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from microgrand.data.catalog import load_once
from microgrand.image_network import as_published, six_convolutions
from microgrand.layers import (
    Conv2D,
    Dropout,
    GaussianNoise,
    Mask,
    NoisyWeights,
    ReLU,
    Sequential,
    Shake,
)
from microgrand.lesson import begin
from microgrand.noise import Annealed, Noisy
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import Adam, Optimizer
from microgrand.penalties import PENALTIES, Penalty
from microgrand.proximal import Projected
from microgrand.settings import Preset, UserError, setting, stop
from microgrand.signals import take_signals
from microgrand.tape import Parameters
from microgrand.training import Dataset, train


@dataclass(frozen=True)
class Settings:
    """What can be changed; the defaults are the article's."""

    data: str = setting("stl10", "images: a name of `microgrand data list`, or a path")
    train_images: int = setting(5000, "images to train with, at most", low=10)
    test_images: int = setting(8000, "images to test with, at most", low=10)
    shrink: int = setting(1, "pixels of a side that are averaged into one", low=1, high=16)
    epochs: int = setting(200, "passes over the images", low=1)
    mask_epochs: int = setting(200, "passes over the images with masks", low=1)
    batch_size: int = setting(100, "images a step", low=1)
    learning_rate: float = setting(8e-4, "Adam's rate", low=1e-6, high=1)
    adam: str = setting("corrected", "Adam's bias correction: corrected, or published (frozen)")
    text_std: float = setting(5e-5, "σ of the article's text", low=0)
    code_std: float = setting(5e-4, "σ of the article's code", low=0)
    input_std: float = setting(0.2, "σ of input noise", low=0)
    weight_std: float = setting(0.01, "σ of weight noise", low=0)
    eta: float = setting(0.01, "η of annealed gradient noise", low=0)
    dropout: float = setting(0.2, "rate of dropout", low=0, high=1)
    strength: float = setting(1e-4, "λ of the penalty on a mask", low=0)
    letters: str = setting("ABCDEFGHIJKL", "penalties on a mask, without ReLU")
    relu_letters: str = setting("ABCDEFGHIJKL", "penalties on a mask, with ReLU")


small = Settings(data="patches", shrink=2, batch_size=10, letters="ABDEFIKL", relu_letters="AEL")
presets = {
    "quick": Preset(
        replace(small, train_images=40, test_images=20, epochs=2, mask_epochs=1, letters="AEKL"),
        seeds=1,
    ),
    "book": Preset(
        replace(small, train_images=600, test_images=200, epochs=10, mask_epochs=6), seeds=5
    ),
    "article": Preset(Settings(), seeds=10),
}
session = begin("noise", presets)
settings = session.settings

# %% [markdown]
# ## The images and the network
#
# The article trains on STL-10: 5 000 photographs of ten things, for 200 epochs, ten times over. That takes days on a laptop. The page you read has to be built in two minutes, so it uses fewer and smaller images: 32×32 patches of [ten photographs](../data.md), averaged down to 16×16. Which photograph is it from? That is the class. `--preset article` runs the full size.
#
# One thing has to be done first. In `patches` the classes take turns: image 0 is of class 0, image 1 of class 1, and so on. With batches of ten, in order, an image's *position* in its batch tells its class. For an ordinary network that does not matter. For one of the networks below it does (exercise 6). So we shuffle the images once.


# %%
def prepare(settings: Settings) -> tuple[Dataset, Dataset]:
    """The images to train and to test with: whole batches of them, shrunk, shuffled once."""
    images = load_once(settings.data).first(settings.train_images, settings.test_images)
    generator = np.random.default_rng(0)
    halves = []
    for half in (images.train, images.test):
        count = len(half.x) // settings.batch_size * settings.batch_size
        if not count:
            raise UserError(f"{len(half.x)} images do not fill a batch of {settings.batch_size}")
        order = generator.permutation(len(half.x))[:count]
        halves.append(Dataset(shrunk(half.x[order], settings.shrink), half.y[order]))
    return halves[0], halves[1]


def shrunk(x: np.ndarray, side: int) -> np.ndarray:
    """Each square of side × side pixels averaged into one; what is left over is cut off."""
    count, height, width, channels = x.shape
    x = x[:, : height // side * side, : width // side * side]
    squares = x.reshape(count, height // side, side, width // side, side, channels)
    return np.ascontiguousarray(squares.mean(axis=(2, 4)), np.float32)


try:
    if settings.adam not in ("corrected", "published"):
        raise UserError(f"--adam {settings.adam} is unknown: choose corrected or published")
    train_set, test_set = prepare(settings)
except UserError as error:
    stop(str(error))
images = load_once(settings.data).first(settings.train_images, settings.test_images)
image_shape = train_set.x.shape[1:]
steps_an_epoch = len(train_set.x) // settings.batch_size
steps = settings.epochs * steps_an_epoch
print(f"{len(train_set.x)} images to train with, {len(test_set.x)} to test with, {image_shape}")
print(f"{settings.epochs} epochs of {steps_an_epoch} steps: {steps} steps in all")

# %% [markdown]
# The network is the one of three of the articles: six [convolutions](../derivations/conv2d.md) of 3×3 without bias, 16 channels each and one for each class in the end, [ReLU](../derivations/relu.md) after every one of them, and the [mean over all pixels](../derivations/global_average_pool.md). Weights start from $N(0, 0.05^2)$. The loss is the [cross-entropy](../derivations/softmax_cross_entropy.md), Adam's rate 0.0008, and batches come in the same order in every epoch.
#
# ## Four places for noise
#
# A step of training has four places where a number can be replaced by a sample around it.
#
# | place | what is drawn | known as | in code |
# |---|---|---|---|
# | the data | $x + \sigma\varepsilon$ | input noise (Bishop, 1995) | `GaussianNoise(σ)` as a layer |
# | the weights, on the way forward | $w + \sigma\varepsilon$ | weight noise (An, 1996) | `NoisyWeights(layer, σ)` |
# | the gradient | $g + \sigma\varepsilon$ | gradient noise (Neelakantan and others, 2015) | `Noisy(optimizer, generator, gradient_std=σ)` |
# | the step | $\Delta + \sigma\varepsilon$ | Langevin dynamics, if $\sigma$ fits the rate | `Noisy(optimizer, generator, step_std=σ)` |
#
# Each $\varepsilon$ is a fresh number from $N(0, 1)$, one for every entry. Sampling around a mean and [adding noise](../derivations/add_noise.md) are the same thing, so the article's "sampling instead of injecting noise" is a matter of words.
#
# Noise is an *optimiser around an optimiser* here. It composes with any other, keeps no state but a count of steps, and draws from a generator of its own:


# %%
def demonstration() -> None:
    """One weight with a gradient of 1, three optimisers."""
    for name, optimizer in (
        ("Adam", Adam(8e-4)),
        ("the step sampled", Noisy(Adam(8e-4), np.random.default_rng(0), step_std=5e-4)),
        ("both", Noisy(Adam(8e-4), np.random.default_rng(0), step_std=5e-4, gradient_std=5e-4)),
    ):
        weight = np.zeros(1)
        state = optimizer.init(weight)
        for _ in range(3):
            optimizer.step(weight, np.ones(1), state)
        print(f"{name:16}: after three steps the weight is {weight[0]:+.5f}")


demonstration()

# %% [markdown]
# ## Sampling backpropagation: the article's cases
#
# | case | sampled |
# |---|---|
# | A | nothing |
# | B | nothing; [dropout](../derivations/dropout.md) at rate 0.2 after each convolution |
# | C | Adam's step |
# | D | Adam's step and the gradient |
# | E | both, and when testing the weights too |
#
# How large is σ? The text says 0.00005, the code 0.0005. We run both. And since this page does fewer steps than the article did, we add a third: a σ with which the noise gets **as far** in our steps as the code's did in its 10 000. (Why that is $0.05/\sqrt{\text{steps}}$ is the subject of the next section.)
#
# Now look at case E again. It trains exactly as D does. Only the test differs. So D and E are *one* training, tested twice, and E's training accuracy is D's. We shall come back to that.


# %%
@dataclass(frozen=True)
class Case:
    """One way to train: a network, where there is noise around Adam, how weights start."""

    network: Sequential
    step_std: float = 0.0
    gradient_std: float | Annealed = 0.0
    start: float = 1.0  # times the initial weights
    letter: str = ""  # the penalty on masks
    share: float = 1.0  # of the epochs


def with_noisy_weights(network: Sequential, std: float) -> Sequential:
    """The same network with weights that are drawn around their values."""
    return Sequential(
        tuple(
            NoisyWeights(layer, std) if isinstance(layer, Conv2D) else layer
            for layer in network.layers
        )
    )


def two_branches(shape: tuple[int, ...], classes: int, shake: Shake) -> Sequential:
    """Convolutions 2 to 5 in two branches each, mixed by `shake` after their ReLUs."""
    layers = list(six_convolutions(shape, classes).layers)
    for place in (8, 6, 4, 2):  # convolutions stand at even places, ReLUs behind them
        convolution = layers[place]
        layers[place] = replace(convolution, filters=2 * convolution.filters)
        layers.insert(place + 2, shake)
    return Sequential(tuple(layers))


def masked(shape: tuple[int, ...], classes: int, mask: Mask, relu: bool) -> Sequential:
    """Masks after convolutions 1 to 5, behind ReLU or instead of it; ReLU after the last."""
    activation = (ReLU(), mask) if relu else (mask,)
    *layers, pool = six_convolutions(shape, classes, activation=(), between=activation).layers
    return Sequential((*layers, ReLU(), pool))


def all_cases(settings: Settings, shape: tuple[int, ...], classes: int, steps: int) -> dict:
    """Every case by name."""
    plain = six_convolutions(shape, classes)
    levels = {"text": settings.text_std, "code": settings.code_std, "far": 0.05 / steps**0.5}
    cases = {
        "A": Case(plain),
        "B": Case(six_convolutions(shape, classes, (Dropout(settings.dropout), ReLU()))),
    }
    for name, std in levels.items():
        cases[f"C-{name}"] = Case(plain, step_std=std)
        cases[f"D-{name}"] = Case(plain, step_std=std, gradient_std=std)
    cases |= {
        "annealed": Case(plain, gradient_std=Annealed(settings.eta)),
        "input": Case(Sequential((GaussianNoise(settings.input_std), *plain.layers))),
        "weights": Case(with_noisy_weights(plain, settings.weight_std)),
        "even": Case(two_branches(shape, classes, Shake("even", "even"))),
        "shake": Case(two_branches(shape, classes, Shake())),
        "zero-plain": Case(plain, start=0, share=0.3),
        "zero-step": Case(plain, start=0, share=0.3, step_std=settings.code_std),
        "zero-gradient": Case(plain, start=0, share=0.3, gradient_std=settings.code_std),
    }
    std, share = settings.code_std, settings.mask_epochs / settings.epochs
    kinds = {
        "mask": (Mask(settings.batch_size), False, settings.letters),
        "shared": (Mask(), False, settings.relu_letters[:1]),
        "relu": (Mask(), True, settings.relu_letters),
    }
    for kind, (mask, relu, letters) in kinds.items():
        network = masked(shape, classes, mask, relu)
        for letter in letters:
            cases[f"{kind}-{letter}"] = Case(network, std, std, letter=letter, share=share)
    return cases


# %% [markdown]
# The twelve penalties of the second experiment, A to L, follow further down. Here is how one case is run.

# %% tags=["collapse-input"]
TWELVE: dict[str, tuple[Penalty, float]] = {
    "A": (PENALTIES["l1"], 1),
    "B": (PENALTIES["l2"], 1),
    "C": (
        replace(
            PENALTIES["l1_smoothed"],
            value=partial(PENALTIES["l1_smoothed"].value, epsilon=1e-5),
            gradient=partial(PENALTIES["l1_smoothed"].gradient, epsilon=1e-5),
        ),
        1,
    ),
    "D": (PENALTIES["log_square"], -1),
    "E": (PENALTIES["tanh_signed"], -1),
    "F": (PENALTIES["tanh_square"], -1),
    "G": (PENALTIES["tanh_abs"], -1),
    "H": (PENALTIES["tanh_square"], -1),  # |w|² = w²
    "I": (PENALTIES["sine"], 1),
    "J": (PENALTIES["sine_abs"], 1),
    "K": (PENALTIES["log_shifted"], 1),
    "L": (PENALTIES["negative_entropy"], 1),
}


# %%
def optimizer_of(
    settings: Settings, case: Case, parameters: Parameters, generator: np.random.Generator
) -> Optimizer:
    """Adam, with noise on the kernels around it, and around that the walls of the masks."""
    adam = Adam(settings.learning_rate, epsilon=1e-9)
    if settings.adam == "published":
        shape = train_set.x.shape[1:]
        adam, _ = as_published(adam, 0.0, shape, settings.batch_size)
    inside = parameters.only("mask")
    kernels = 1 - inside if inside.any() else 1.0  # the article's masks are not sampled
    level = case.gradient_std
    noisy = Noisy(
        adam,
        generator,
        step_std=case.step_std * kernels,
        gradient_std=level if isinstance(level, Annealed) else level * kernels,
    )
    if not inside.any():
        return noisy
    low, high = np.where(inside == 1, 0, -np.inf), np.where(inside == 1, 1, np.inf)
    return Projected(noisy, low, high)


def accuracy(prediction: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose largest output is the right one's."""
    return float(np.mean(prediction.argmax(axis=-1) == labels))


weight_edges = np.linspace(-0.25, 0.25, 51)


def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """One case with one seed: accuracies, losses, weights over the epochs."""
    train_set, test_set = prepare(settings)
    shape, classes = train_set.x.shape[1:], int(train_set.y.max()) + 1
    count = len(train_set.x) // settings.batch_size
    one = all_cases(settings, shape, classes, settings.epochs * count)[case]
    for_weights, for_network, for_optimizer, for_tests = (
        np.random.default_rng([seed, stream]) for stream in range(4)
    )
    parameters = one.network.init(shape, for_weights)
    inside = parameters.only("mask") == 1
    parameters.vector[~inside] *= one.start
    penalty, sign = TWELVE[one.letter] if one.letter else (PENALTIES["none"], 0)
    strength = sign * settings.strength
    if settings.adam == "published":
        strength = as_published(Adam(), strength, shape, settings.batch_size)[1]
    sampling = with_noisy_weights(one.network, one.step_std)
    few = max(1, 100 // settings.batch_size) * settings.batch_size
    record: dict[str, list] = {name: [] for name in ("train", "test", "sampled", "changed")}
    record |= {name: [] for name in ("loss", "spread", "flat", "weights", "masks")}

    def observe(parameters: Parameters, state: dict) -> None:
        record["train"].append(
            accuracy(one.network(parameters.layers, train_set.x[:few]), train_set.y[:few])
        )
        kernels = [layer["kernel"] for layer in parameters.layers if "kernel" in layer]
        record["spread"].append([kernel.std() for kernel in kernels])
        record["weights"].append(
            [np.histogram(np.clip(k, -0.2499, 0.2499), weight_edges)[0] for k in kernels]
        )
        if one.letter:
            record["masks"].append(np.histogram(parameters.vector[inside], 20, (0, 1))[0])
        if case[0] in "ACD":
            x, y = train_set.x[: settings.batch_size], train_set.y[: settings.batch_size]
            signals = take_signals(one.network, parameters, x, y, softmax_cross_entropy)
            flat = [np.mean(gradient == 0) for gradient in signals["weight gradient"]]
            record["flat"].append(flat)
        if case[0] == "D":
            sampled = sampling(parameters.layers, test_set.x, for_tests)
            plainly = one.network(parameters.layers, test_set.x)
            record["sampled"].append(accuracy(sampled, test_set.y))
            record["changed"].append(np.mean(sampled.argmax(-1) != plainly.argmax(-1)))

    for epoch in train(
        one.network,
        parameters,
        train_set,
        test_set,
        optimizer=optimizer_of(settings, one, parameters, for_optimizer),
        epochs=max(1, round(one.share * settings.epochs)),
        batch_size=settings.batch_size,
        generator=for_network,
        loss=softmax_cross_entropy,
        penalty=penalty,
        strength=strength,
        mask=inside.astype(np.float32),
        shuffle=False,
        metrics={"accuracy": accuracy},
        observe=observe,
    ):
        record["test"].append(epoch.metrics["accuracy"])
        record["loss"].append(epoch.train_loss)
    return {name: np.array(values, np.float32) for name, values in record.items()}


# %%
names = list(all_cases(settings, image_shape, len(images.classes), steps))
results = session.sweep(run, names, data=images.checksum)
session.about(results)

# %% tags=["hide-input"]
session.end()
