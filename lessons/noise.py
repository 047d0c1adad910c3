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

# %% tags=["evidence", "imports"]
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.stats import t as student

from microgrand.claims import Claim, Evidence, bootstrap_interval
from microgrand.data.catalog import load_once
from microgrand.data.curve import Curve, make_curve
from microgrand.figures import GREY, PALETTE, Animation, Panel, Series, new_figure, sequence
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
from microgrand.optimizers import SGD, Adam, Optimizer
from microgrand.penalties import PENALTIES, Penalty
from microgrand.proximal import Projected
from microgrand.settings import Preset, UserError, setting, stop
from microgrand.signals import take_signals
from microgrand.tape import Parameters
from microgrand.training import Dataset, train


# %% tags=["settings"]
@dataclass(frozen=True)
class Settings:
    """What can be changed; the defaults are the article's."""

    data: str = setting("stl10", "images: a name of `microgrand data list`, or a path")
    train_images: int = setting(5000, "images to train with, at most", low=10)
    test_images: int = setting(8000, "images to test with, at most", low=10)
    crop: int = setting(96, "pixels of a side that are kept, in the middle", low=1)
    shrink: int = setting(1, "pixels of a side that are averaged into one", low=1, high=16)
    epochs: int = setting(200, "passes over the images", low=1)
    longer: float = setting(1.0, "times as many, where time tells: A to E, masks with ReLU", low=1)
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
    letters: str = setting("ABCDEFGHIJKL", "the penalties on masks, without ReLU")
    relu_letters: str = setting("ABCDEFGHIJKL", "those that are tried with ReLU too, for longer")

    @property
    def long_epochs(self) -> int:
        return round(self.longer * self.epochs)


small = Settings(
    data="patches",
    crop=24,
    shrink=2,
    train_images=600,
    test_images=200,
    epochs=10,
    longer=2.0,
    batch_size=10,
    letters="AEL",
    relu_letters="E",
)
presets = {
    "quick": Preset(replace(small, train_images=40, test_images=20, epochs=2, longer=1.5), seeds=1),
    "book": Preset(small, seeds=3),
    "article": Preset(Settings(), seeds=10),
}
session = begin("noise", presets)
settings = session.settings

# %% [markdown]
# ## The images and the network
#
# The article trains on STL-10: 5 000 photographs of ten things, for 200 epochs, ten times over. That takes days on a laptop. The page you read has to be built in two minutes, so it uses fewer and smaller images: the middle of patches of [ten photographs](../data.md), averaged down to 12×12 pixels. Which photograph is a patch from? That is its class. `--preset article` runs the full size.
#
# One thing has to be done first. In `patches` the classes take turns: image 0 is of class 0, image 1 of class 1, and so on. With batches of ten, in order, an image's *position* in its batch tells its class. For an ordinary network that does not matter. For one of the networks below it does (exercise 6). So we shuffle the images once.


# %%
def prepare(settings: Settings) -> tuple[Dataset, Dataset]:
    """The images to train and to test with: whole batches of them, made smaller, shuffled once."""
    images = load_once(settings.data).first(settings.train_images, settings.test_images)
    generator = np.random.default_rng(0)
    halves = []
    for half in (images.train, images.test):
        count = len(half.x) // settings.batch_size * settings.batch_size
        if not count:
            raise UserError(f"{len(half.x)} images do not fill a batch of {settings.batch_size}")
        order = generator.permutation(len(half.x))[:count]
        x = smaller(half.x[order], settings.crop, settings.shrink)
        halves.append(Dataset(x, half.y[order]))
    return halves[0], halves[1]


def smaller(x: np.ndarray, crop: int, shrink: int) -> np.ndarray:
    """The middle of each image, up to `crop` pixels a side, each shrink × shrink pixels averaged."""
    for axis in (1, 2):
        side = min(crop, x.shape[axis]) // shrink
        if not side:
            raise UserError(
                f"--shrink {shrink} leaves nothing of {min(crop, x.shape[axis])} pixels"
            )
        first = (x.shape[axis] - side * shrink) // 2
        x = x.take(range(first, first + side * shrink), axis)
        x = x.reshape(*x.shape[:axis], side, shrink, *x.shape[axis + 1 :]).mean(axis + 1)
    return np.ascontiguousarray(x, np.float32)


try:
    if settings.adam not in ("corrected", "published"):
        raise UserError(f"--adam {settings.adam} is unknown: choose corrected or published")
    if not set(settings.relu_letters) <= set(settings.letters) <= set("ABCDEFGHIJKL"):
        raise UserError("--letters are some of A to L, and --relu-letters some of those")
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
# Here are four places in a step of training where a number can be replaced by a sample around it. (Dropout uses a fifth, the activations.)
#
# | place | what is drawn | known as | in code |
# |---|---|---|---|
# | the data | $x + \sigma\varepsilon$ | input noise (Bishop, 1995) | `GaussianNoise(σ)` as a layer |
# | the weights, on the way forward | $w + \sigma\varepsilon$ | weight noise (An, 1996) | `NoisyWeights(layer, σ)` |
# | the gradient | $g + \sigma\varepsilon$ | gradient noise (Neelakantan and others, 2015) | `Noisy(optimizer, generator, gradient_std=σ)` |
# | the step | $\Delta + \sigma\varepsilon$ | Langevin dynamics, if $\sigma$ fits the rate | `Noisy(optimizer, generator, step_std=σ)` |
#
# Each $\varepsilon$ is a fresh number from $N(0, 1)$, one for every entry. Sampling around a mean and [adding noise](../derivations/add_noise.md) are the same thing: whether one says that a gradient is sampled or that noise is injected is a matter of words.
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
# ## The experiment
#
# ### Sampling backpropagation: the article's cases
#
# | case | sampled |
# |---|---|
# | A | nothing |
# | B | nothing; [dropout](../derivations/dropout.md) at rate 0.2 after each convolution |
# | C | Adam's step |
# | D | Adam's step and the gradient |
# | E | both, and when testing the weights too |
#
# How large is σ? The text says 0.00005, the code 0.0005. We run both. And since this page does fewer steps than the article did, we add a third: a σ with which the noise gets **as far** in our steps as the code's did in its 10 000. (Why that is $0.05/\sqrt{\text{steps}}$ is explained under [a random walk](#a-random-walk).)
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
        assert isinstance(convolution, Conv2D)
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
    longer = settings.long_epochs / settings.epochs  # in whole epochs
    levels = {"text": settings.text_std, "code": settings.code_std, "far": 0.05 / steps**0.5}
    cases = {
        "A": Case(plain, share=longer),
        "B": Case(
            six_convolutions(shape, classes, (Dropout(settings.dropout), ReLU())), share=longer
        ),
    }
    if np.isclose(levels["far"], levels["code"]):
        del levels["far"]  # as many steps as the article's
    for name, std in levels.items():
        share = longer if name == "code" else 1.0
        cases[f"C-{name}"] = Case(plain, std, share=share)
        if name != "far":
            cases[f"D-{name}"] = Case(plain, std, std, share=share)
    cases |= {
        "annealed": Case(plain, gradient_std=Annealed(settings.eta)),
        "input": Case(Sequential((GaussianNoise(settings.input_std), *plain.layers))),
        "weights": Case(with_noisy_weights(plain, settings.weight_std)),
        "even": Case(two_branches(shape, classes, Shake("even", "even"))),
        "shake": Case(two_branches(shape, classes, Shake())),
        "zero-plain": Case(plain, start=0, share=0.2),
        "zero-step": Case(plain, start=0, share=0.2, step_std=settings.code_std),
        "zero-gradient": Case(plain, start=0, share=0.2, gradient_std=settings.code_std),
    }
    std = settings.code_std
    for letter in settings.letters:
        share = longer if letter in settings.relu_letters else 1.0
        positional = masked(shape, classes, Mask(settings.batch_size), relu=False)
        cases[f"mask-{letter}"] = Case(positional, std, std, letter=letter, share=share)
    for letter in settings.relu_letters:
        with_relu = masked(shape, classes, Mask(), relu=True)
        cases[f"relu-{letter}"] = Case(with_relu, std, std, letter=letter, share=longer)
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
    if not case.letter:
        return Noisy(adam, generator, case.step_std, case.gradient_std)
    inside = parameters.only("mask")
    kernels = 1 - inside  # the article's masks are not sampled
    level = case.gradient_std
    noisy = Noisy(
        adam,
        generator,
        step_std=case.step_std * kernels,
        gradient_std=level if isinstance(level, Annealed) else level * kernels,
    )
    low = np.where(inside == 1, np.float32(0), np.float32(-np.inf))
    high = np.where(inside == 1, np.float32(1), np.float32(np.inf))
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
    masks = parameters.only("mask") if one.letter else np.zeros_like(parameters.vector)
    inside = masks == 1
    parameters.vector[~inside] *= one.start
    penalty, sign = TWELVE[one.letter] if one.letter else (PENALTIES["none"], 0)
    strength = sign * settings.strength
    if settings.adam == "published":
        strength = as_published(Adam(), strength, shape, settings.batch_size)[1]
    sampling = with_noisy_weights(one.network, one.step_std)
    few = max(1, 100 // settings.batch_size) * settings.batch_size
    record: dict[str, list] = {name: [] for name in ("train", "test", "sampled", "changed")}
    record |= {name: [] for name in ("loss", "spread", "flat", "gradient", "weights", "masks")}

    def observe(parameters: Parameters, state: dict) -> None:
        record["train"].append(
            accuracy(one.network(parameters.weights, train_set.x[:few]), train_set.y[:few])
        )
        kernels = [layer["kernel"] for layer in parameters.weights if "kernel" in layer]
        record["spread"].append([kernel.std() for kernel in kernels])
        record["weights"].append(
            [np.histogram(np.clip(k, -0.2499, 0.2499), weight_edges)[0] for k in kernels]
        )
        if one.letter:
            record["masks"].append(np.histogram(parameters.vector[inside], 20, (0, 1))[0])
        if case[0] in "ACD":
            x, y = train_set.x[: settings.batch_size], train_set.y[: settings.batch_size]
            signals = take_signals(one.network, parameters, x, y, softmax_cross_entropy)
            gradients = signals["weight gradient"]
            record["flat"].append([np.mean(gradient == 0) for gradient in gradients])
            record["gradient"].append([gradient.std() for gradient in gradients])
        if case[0] == "D":
            sampled = sampling(parameters.weights, test_set.x, for_tests)
            plain = one.network(parameters.weights, test_set.x)
            record["sampled"].append(accuracy(sampled, test_set.y))
            record["changed"].append(np.mean(sampled.argmax(-1) != plain.argmax(-1)))

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
    return {name: np.array(values) for name, values in record.items()}


# %%
names = list(all_cases(settings, image_shape, len(images.classes), steps))
results = session.sweep(run, names, data=images.checksum)
session.about(results)

# %% [markdown]
# Figures show all seeds, or seed 0 where they say so. A seed stands for one of the article's *episodes*: another start, other noise.
#
# ### Five ways to learn

# %% tags=["evidence"]
SHOWN = {"A": "A", "B": "B", "C": "C-code", "D": "D-code", "E": "E-code"}


def curves(case: str, half: str, epochs: int = settings.epochs) -> np.ndarray:
    """Accuracy after every epoch, (seeds, epochs + 1). E is D, tested with sampled weights."""
    name = case.replace("E-", "D-") if case.startswith("E-") else case
    which = "sampled" if case.startswith("E-") and half == "test" else half
    return np.array([results[name, seed][which][: epochs + 1] for seed in session.seeds])


def last(case: str, half: str = "test", epochs: int = settings.epochs) -> np.ndarray:
    """Accuracy over the last fifth of so many epochs, one number a seed."""
    values = curves(case, half, epochs)
    return values[:, -max(1, values.shape[1] // 5) :].mean(axis=1)


long = round(settings.longer * settings.epochs)


# %% tags=["collapse-input"]
def draw_curves(cases: dict[str, str]) -> object:
    """Mean over the seeds, and the band from the worst to the best of them."""
    figure, axes = new_figure(1, 2, sharey=True, height=3.4)
    for ax, half in zip(axes, ("train", "test"), strict=True):
        for (label, case), colour in zip(cases.items(), PALETTE, strict=False):
            values = 100 * curves(case, half, settings.long_epochs)
            epochs = np.arange(values.shape[1])
            ax.fill_between(epochs, values.min(0), values.max(0), color=colour, alpha=0.12)
            ax.plot(epochs, values.mean(0), color=colour, label=label)
        ax.set(title={"train": "training images", "test": "test images"}[half], xlabel="epoch")
    axes[0].set(ylabel="accuracy (%)")
    axes[0].legend(loc="upper left")
    return figure


session.show(
    draw_curves(SHOWN),
    "sampling-accuracy",
    "Accuracy of the five cases with the σ of the article's code: mean over the seeds, and the band from the worst to the best. D and E share one line on the left.",
)

# %% [markdown]
# Look at the bands before you look at the lines. In the test that of dropout, B, stays behind, and in the end it reaches lower than any other. The rest overlap almost everywhere in the test, and which line is on top there depends on the epoch. And how far do the seeds of one case lie apart, over time?

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 2, sharey=True)
for ax, half in zip(axes, ("train", "test"), strict=True):
    for (label, case), colour in zip(SHOWN.items(), PALETTE, strict=False):
        ax.plot(100 * curves(case, half, settings.long_epochs).std(0), color=colour, label=label)
    ax.set(title={"train": "training images", "test": "test images"}[half], xlabel="epoch")
axes[0].set(ylabel="standard deviation (points)", ylim=(0, None))
axes[0].legend()
session.show(
    figure,
    "sampling-spread",
    "The standard deviation of the accuracy between the seeds, in percentage points.",
)

# %% [markdown]
# In the test it is small at first, when all networks know nothing, and largest in the middle, when some have begun to learn fast and others have not. The spread says as much about *when* one looks as about what is compared.


# %%
def interval(values: np.ndarray) -> str:
    """Mean and 95 % interval of the mean, in percent."""
    low, high = bootstrap_interval(tuple(100 * values))
    around = f" [{low:.1f}, {high:.1f}]" if np.isfinite(low) else ""
    return f"{100 * values.mean():.1f}{around}"


# %% tags=["collapse-input"]
session.table(
    ["case", "best test %", "worst to best seed", "test %", "training %"],
    [
        [
            letter,
            interval(curves(case, "test", long).max(axis=1)),
            "{:.1f} to {:.1f}".format(
                *np.quantile(100 * curves(case, "test", long).max(1), (0, 1))
            ),
            interval(last(case, "test", long)),
            interval(last(case, "train", long)),
        ]
        for letter, case in SHOWN.items()
    ],
    f"Accuracies with the σ of the code, {len(session.seeds)} seeds, {long} epochs, with 95 % intervals of the mean. “Best” is the highest of all epochs, as in the article's table; it is chosen by looking at the test images, so it flatters every case. The last columns are means over the last fifth of the epochs.",
)

# %% [markdown]
# And all σ side by side, after fewer epochs:

# %% tags=["collapse-input"]
levels = {"text": settings.text_std, "code": settings.code_std, "far": 0.05 / steps**0.5}
session.table(
    ["σ", "C, step", "D, step and gradient", "E, and weights at the test"],
    [
        [
            f"{std:.5f} ({name})",
            *(
                interval(last(f"{letter}-{name}")) if f"{trained}-{name}" in names else ""
                for letter, trained in (("C", "C"), ("D", "D"), ("E", "D"))
            ),
        ]
        for name, std in levels.items()
        if f"C-{name}" in names
    ],
    f"Test accuracy (%) after {settings.epochs} epochs. Without noise, case A: {interval(last('A'))}.",
)

# %% [markdown]
# ### How many repeats would it take?
#
# Suppose a method were two points better, a difference that articles are written about. Could so few repeats show it? Cases of one seed share their start, so we take differences seed by seed. If these have the standard deviation $s$, then the mean over $n$ seeds has $s/\sqrt n$, and a 95 % interval reaches $t\,s/\sqrt n$ to either side. The factor $t$ is 1.96 for very many seeds. With few it is larger, for then $s$ is only a guess: 2.8 for five, 4.3 for three (Student's *t* distribution). For the interval to reach no further than two points, $n$ must be so large that $t\,s/\sqrt n \le 2$.
#
# This is the least. An interval that reaches just two points misses a true difference of two every second time; to find it four times in five takes about twice as many seeds. And for $s$ we put in what the few seeds of this page say.


# %%
def seeds_to_resolve(points: float, spread: float) -> int:
    """The fewest seeds whose 95 % interval reaches no further than so many points."""
    return next(
        n for n in range(2, 10_000) if student.ppf(0.975, n - 1) * spread / np.sqrt(n) <= points
    )


# %% tags=["collapse-input"]
rows = []
for one, other in (
    ("B", "A"),
    ("C-code", "A"),
    ("D-code", "A"),
    ("E-code", "A"),
    ("E-code", "D-code"),
):
    gained = 100 * (last(one, "test", long) - last(other, "test", long))
    spread_of_gain = gained.std(ddof=1) if len(gained) > 1 else float("nan")
    rows.append(
        [
            f"{one} less {other}",
            f"{gained.mean():+.1f}",
            f"{spread_of_gain:.1f}",
            str(seeds_to_resolve(2, spread_of_gain)) if len(gained) > 1 else "",
        ]
    )
session.table(
    ["difference", "mean", "standard deviation", "seeds to resolve two points"],
    rows,
    "Differences of the test accuracy between cases, seed by seed, in percentage points.",
)

# %% [markdown]
# The last row is another kind of comparison: two tests of the same trained network. There a handful of seeds is plenty. For the others compare the last column with the number of seeds of this page. And do not trust a small number there: it rests on a standard deviation that is itself a guess from these few seeds.
#
# So read the verdicts below with that in mind: where a difference is small, a few seeds can only say "open". What they can judge are effects that are large, or that follow from how the thing is built.
#
# ### What happens when weights are sampled at the test?
#
# Weights have a size of about 0.05 here. The code's σ moves each of them by a hundredth of that. How many test images get another answer?

# %%
for level in ("text", "code"):
    changed = np.mean([results[f"D-{level}", seed]["changed"][-1] for seed in session.seeds])
    print(f"σ = {levels[level]:g}: {changed:.1%} of the test images are classified differently")

# %% [markdown]
# So E's test is D's test with a few answers changed, now for the better, now for the worse.
#
# ## The article's own numbers
#
# The article's notebook prints the accuracies of the last epoch for every repeat. We can ask them the same questions.

# %%
ARTICLE_TEST = {
    "A": (46.7, 38.3, 46.8, 50.0, 43.1, 48.0, 50.5, 46.7, 45.7, 48.6),
    "B": (47.9, 47.9, 45.7, 46.0, 47.3, 45.9, 47.1, 46.3, 47.2, 46.7),
    "C": (49.5, 44.7, 49.2, 44.2, 49.1, 39.4, 50.2, 47.7, 46.6, 50.3),
    "D": (48.8, 50.9, 49.4, 47.4, 49.5, 49.8, 47.0, 47.8, 46.2, 49.3),
    "E": (50.5, 47.2, 50.2, 48.7, 49.3, 49.0, 48.5, 48.3, 48.6, 51.5),
}
ARTICLE_TRAIN = {
    "D": (55.2, 55.0, 55.1, 52.6, 55.9, 52.9, 51.9, 52.6, 52.3, 53.8),
    "E": (57.2, 55.6, 53.6, 53.4, 56.3, 55.3, 58.8, 55.1, 56.7, 56.7),
}


def difference(one: tuple[float, ...], other: tuple[float, ...]) -> str:
    """Difference of the means, with a 95 % bootstrap interval."""
    generator = np.random.default_rng(0)
    draws = [generator.choice(values, (9999, len(values))).mean(axis=1) for values in (one, other)]
    low, high = np.quantile(draws[0] - draws[1], (0.025, 0.975))
    return f"{np.mean(one) - np.mean(other):+.1f} [{low:+.1f}, {high:+.1f}]"


session.table(
    ["", "E less A", "E less B", "E less C", "E less D"],
    [
        ["test", *(difference(ARTICLE_TEST["E"], ARTICLE_TEST[other]) for other in "ABCD")],
        ["training", "", "", "", difference(ARTICLE_TRAIN["E"], ARTICLE_TRAIN["D"])],
    ],
    "Differences between the article's cases after 200 epochs, in percentage points, with 95 % intervals over its ten repeats. Numbers: Seo (2019), the notebook's printed output.",
)

# %% [markdown]
# E beats A, B and C there, by two or three points. But look at the last column. In *training*, E is two points above D, and the interval is clear of zero. Yet D and E train alike, by the same lines of the same program. Whatever makes these two points, it is not sampling weights at the test. A difference between two runs of one method is called an **A/A test**, and this one says: two points are within reach of chance here.
#
# (There is a reason why the interval promises too much. In the program every initial draw has the same seed. So the four layers of one shape start with the very same weights, and as far as one can see all repeats start alike. Ten repeats from one start are not ten independent experiments.)
#
# ## A random walk
#
# Why did we say that σ has to be judged by the number of steps? Look at step noise alone. Each step adds $\sigma\varepsilon$. Variances of independent numbers add, so after $t$ steps a weight has moved by something with the standard deviation
#
# $$\sigma\sqrt{t} .$$
#
# With the code's σ and the article's 10 000 steps that is $0.0005 \cdot 100 = 0.05$: as large as the spread that the weights *start* with. Left to themselves, they would forget where they came from. With the text's σ it is a tenth of that, and 1 % of the variance.


# %%
def walk(optimizer: Optimizer, steps: int, weights: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """The spread of weights without any gradient, at some steps up to `steps`."""
    vector = np.zeros(weights, np.float32)
    nothing, state = np.zeros_like(vector), optimizer.init(vector)
    kept = set(np.geomspace(1, steps, 40).astype(int).tolist())
    spreads = []
    for step in range(1, steps + 1):
        optimizer.step(vector, nothing, state)
        if step in kept:
            spreads.append(vector.std())
    return np.array(sorted(kept)), np.array(spreads)


# %% tags=["collapse-input"]
figure, (left, right) = new_figure(1, 2, height=3.4)
for (name, std), colour in zip(list(levels.items())[:2], PALETTE, strict=False):
    at, spread = walk(Noisy(SGD(0.0), np.random.default_rng(0), step_std=std), 10_000)
    left.plot(at, spread, ".", color=colour, label=f"σ of the {name}")
    left.plot(at, std * np.sqrt(at), color=colour, linewidth=0.8)
left.axhline(0.05, color=GREY, linestyle="--")
left.text(1, 0.055, "the initialisation's spread", color=GREY, fontsize=8)
left.set(xscale="log", yscale="log", xlabel="steps", ylabel="standard deviation")
left.set(title="1 000 weights without a gradient")
left.legend(loc="lower right")
layer = 2
at = steps_an_epoch * np.arange(settings.epochs + 1)
spreads = {
    case: np.mean([results[case, s]["spread"][: len(at), layer] for s in session.seeds], axis=0)
    for case in ("A", "C-code", "C-far")
    if case in names
}
for (case, spread), colour in zip(spreads.items(), (GREY, *PALETTE[1:]), strict=False):
    right.plot(at, spread, ".-", color=colour, label=case)
    if case != "A":
        std = levels[case.split("-")[1]]
        expected = np.sqrt(spreads["A"] ** 2 + std**2 * at)
        right.plot(at, expected, "--", color=colour, linewidth=0.8)
right.set(title=f"the weights of layer {layer + 1} in training", xlabel="steps")
right.legend()
session.show(
    figure,
    "walk",
    "Left: step noise alone, measured (dots) and σ√t (lines). Right: the spread of a layer's weights in training, mean over the seeds; dashed is what one expects if the walk simply adds to case A.",
)

# %% [markdown]
# On the left the law is exact. On the right it is the same law, with a network pulling at the weights. Does the network hold the weights together against the noise? Compare the dots with the dashed lines: they lie on them, or a little above. It does not. A loss can resist only in the directions that it feels. Most of the thousands of directions in which weights can move hardly change the loss, and there, we think, nothing brings them back.

# %% tags=["collapse-input"]
centres = (weight_edges[1:] + weight_edges[:-1]) / 2
kept = sorted({round(epoch) for epoch in np.linspace(0, settings.epochs, 26)})
AGAINST = {
    "C-code": "C, σ of the code: steps sampled",
    "C-far": "C, σ so that the walk gets as far as the article's",
    "D-text": "D, σ of the text: steps and gradients sampled",
    "D-code": "D, σ of the code: steps and gradients sampled",
    "weights": "weight noise (below)",
}
AGAINST = {case: words for case, words in AGAINST.items() if case in names}


def weights_of(case: str) -> Animation:
    """The histogram of every layer's weights, without noise and with it."""
    panels = []
    for layer in range(6):
        shares = {}
        for label, name in (("A, without noise", "A"), ("with noise", case)):
            counts = results[name, 0]["weights"][kept, layer]
            shares[label] = 100 * counts / counts.sum(axis=-1, keepdims=True)
        highest = 1.1 * max(float(share.max()) for share in shares.values())
        panels.append(
            Panel(
                f"layer {layer + 1}",
                tuple(Series("line", label, centres, share) for label, share in shares.items()),
                "weight",
                "% of weights",
                (-0.25, 0.25),
                (0, highest),
            )
        )
    return Animation(
        f"Weights while training: {AGAINST[case]}",
        "Six panels, one a layer: the histogram of the layer's weights from epoch to epoch, without noise and with it. The more the weights have walked, the wider the histogram.",
        tuple(f"epoch {epoch}" for epoch in kept),
        tuple(panels),
        columns=3,
    )


session.choose(
    weights_of,
    {"noise": AGAINST},
    "weights",
    "The weights of each layer while they are learned, seed 0, without noise and with a noise of your choice. Both start from the same weights.",
)

# %% [markdown]
# ## What Adam makes of noise
#
# <div class="guess">
#
# **What do you expect?** A weight has no gradient of its own. What reaches Adam is noise alone, with the spread σ. How far the weight gets by chance we measure over many such weights. Then we make σ a hundred times smaller. How far does it get now?
#
# <details class="option"><summary>As far as before</summary>
#
# **Yes**. Adam divides by the size of what it is given, and what it is given has a hundredth of the size too.
#
# </details>
# <details class="option"><summary>A hundredth of the way</summary>
#
# So it is for plain gradient descent, whose steps are as large as what it is given. Adam divides first. By what?
#
# </details>
# <details class="option"><summary>A tenth of the way</summary>
#
# Walks do have a root in them, that of the number of *steps*. Of σ we have taken none.
#
# </details>
# </div>
#
# In case D the gradient is sampled with the same σ as the step. The same number, but it means something else. A step is measured in units of the weights. A gradient is not, and Adam divides it by its own size. Let $r$ be Adam's rate, and suppose a weight has no gradient at all, only noise. Then $m$ is a running mean of noise, $\sqrt v$ is close to σ, and Adam's step is
#
# $$r\,\frac{m}{\sqrt v} \approx \frac{r}{\sigma}\,m .$$
#
# Every draw enters $m$ again and again, a little less each time, with weights that add up to 1. So over many steps the weight moves by $\frac r\sigma$ times the sum of all draws, which is a walk with the spread
#
# $$\frac{r}{\sigma} \cdot \sigma\sqrt t = r\sqrt t .$$
#
# σ has cancelled. **Where there is no gradient, the faintest noise makes Adam walk at its full rate**, as long as it is above Adam's ε. Let us check, with three σ that differ by a factor of a thousand.

# %% tags=["collapse-input"]
figure, ax = new_figure(height=3.2)
for std, size, colour in zip((5e-7, 5e-5, 5e-4), (10, 6, 2.5), PALETTE, strict=False):
    adam = Adam(settings.learning_rate, epsilon=1e-9)
    at, spread = walk(Noisy(adam, np.random.default_rng(1), gradient_std=std), 1000)
    ax.plot(at, spread, "o", markersize=size, color=colour, label=f"gradient sampled, σ = {std:g}")
ax.plot(at, settings.learning_rate * np.sqrt(at), color=GREY, label="r√t")
std = settings.code_std
ax.plot(at, std * np.sqrt(at), "--", color=PALETTE[1], label=f"step sampled, σ = {std:g}: σ√t")
ax.set(xscale="log", yscale="log", xlabel="steps", ylabel="standard deviation")
ax.legend()
session.show(
    figure,
    "adam-walk",
    "The spread of 1 000 weights whose gradient is nothing but noise. Three σ, one walk.",
)

# %% [markdown]
# So whether gradient noise matters depends on what it is added to. Here is how large the gradients are, without the noise:

# %% tags=["collapse-input"]
gradients = np.mean([results["A", seed]["gradient"] for seed in session.seeds], axis=0)
session.table(
    ["", *(f"layer {layer}" for layer in range(1, 7))],
    [
        [f"epoch {epoch}", *(f"{value:.1e}" for value in gradients[epoch])]
        for epoch in sorted({0, 1, settings.epochs // 2, settings.epochs})
    ],
    "The standard deviation of a layer's weight gradients in case A, mean over the seeds. Compare with σ = 5e-5 and σ = 5e-4.",
)

# %% [markdown]
# Before the first step gradients are small, and the code's σ is two to five times their size: most of what Adam does then is walk. An epoch later they are many times larger, and the same σ is a whisper. Noise of a constant size is strongest where the signal is weakest.
#
# ## Saddle points
#
# The article's best argument for noise is about saddles. At a **saddle point** the gradient is zero, and yet it is no minimum: the loss rises in some directions and falls in others. Dauphin and others (2014) argue that in many dimensions saddles are far more common than bad minima. A little noise, says the article, keeps some gradient everywhere, so it may help to get away.
#
# Here is the smallest example,
#
# $$f(x, y) = \tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4 ,$$
#
# with a saddle at the origin and a minimum on either side, at $y = \pm 1$. On the line $y = 0$, the **ridge**, descent leads straight to the saddle.


# %%
def slope(point: np.ndarray) -> np.ndarray:
    """The gradient of f."""
    x, y = point
    return np.array([x, -y + y**3])


def descend(optimizer: Optimizer, start: tuple[float, float], steps: int) -> np.ndarray:
    """The path from a point, (steps + 1, 2)."""
    point = np.array(start)
    state, path = optimizer.init(point), [point.copy()]
    for _ in range(steps):
        optimizer.step(point, slope(point), state)
        path.append(point.copy())
    return np.array(path)


def descents(seed: int) -> dict[str, Optimizer]:
    """Four ways down; the noise is that of the article's code."""
    return {
        "descent": SGD(0.1),
        "descent, steps sampled": Noisy(SGD(0.1), np.random.default_rng(seed), step_std=5e-4),
        "Adam": Adam(0.05, epsilon=1e-9),
        "Adam, gradient sampled": Noisy(
            Adam(0.05, epsilon=1e-9), np.random.default_rng(seed), gradient_std=5e-4
        ),
    }


# %% tags=["collapse-input"]
starts = {
    "on the ridge, left": (-1.4, 0.0),
    "on the ridge, right": (1.4, 0.0),
    "0.00001 above it": (-1.1, 1e-5),
    "0.05 below it": (1.1, -0.05),
}
frames = range(0, 121, 4)
valleys = []
for depth in (0.0, 0.1, 0.2):  # f < −depth where y² is within √(1 − 2x² − 4 depth) of 1
    x = np.sqrt(0.5 - 2 * depth) * np.linspace(-1, 1, 61)
    reach = np.sqrt(np.maximum(1 - 2 * x**2 - 4 * depth, 0))
    lobe = np.sqrt(np.maximum([1 - reach, 1 + reach], 0))
    valleys += [Series("band", "valleys", x, band) for band in (lobe, -lobe[::-1])]
panels = []
order = np.arange(len(frames))
hidden = order > order[:, None]  # not yet reached: out of the picture
for name, optimizer in descents(0).items():
    trails = []
    for words, start in starts.items():
        x, y = descend(optimizer, start, max(frames))[list(frames)].T
        trails.append(Series("points", words, x, np.where(hidden, 9.0, y)))
    panels.append(Panel(name, (*valleys, *trails), "x", "y", (-1.5, 1.5), (-1.5, 1.5)))
session.play(
    Animation(
        "Four ways down from a ridge",
        "Four panels with two valleys, the saddle between them, and points that move down: plain descent stops at the saddle when it starts on the ridge; descent with noise leaves it after a while; Adam leaves it only from beside the ridge; Adam with noise leaves it at once.",
        tuple(f"step {frame}" for frame in frames),
        tuple(panels),
        columns=2,
        frames_per_second=8,
    ),
    "saddle",
    "Descent from four points: two exactly on the ridge y = 0, one beside it by 0.00001, one by 0.05. The valleys are shaded, the deeper the stronger; the saddle lies between them. One point for every fourth step.",
)

# %% [markdown]
# So it is true: noise leaves the saddle where plain descent stays for ever. But only if it starts *exactly* on the ridge. How near is near enough to need help? We count the steps until $|y| > \frac12$.
#
# <div class="guess">
#
# **What do you expect?** A weight usually starts some 0.05 away from zero. So let us start that far from the ridge. How many of the steps that plain descent takes to get away will noise save it?
#
# <details class="option"><summary>Nearly all of them</summary>
#
# On the ridge it does: there plain descent takes for ever. But 0.05 beside it there is a slope, and the first step that it asks for is ten times as long as the noise.
#
# </details>
# <details class="option"><summary>About half</summary>
#
# A few steps would be saved if the noise were as large as the distance. It is a hundredth of it.
#
# </details>
# <details class="option"><summary>None</summary>
#
# **Yes**. There is a slope already, and the noise is small beside the steps that it makes. Noise helps where there is next to no slope.
#
# </details>
# </div>


# %%
def steps_to_leave(optimizer: Optimizer, distance: float, limit: int = 2000) -> float:
    """How many steps until |y| > ½, from a point at a distance from the ridge; ∞ if never."""
    gone = np.abs(descend(optimizer, (1.0, distance), limit)[:, 1]) > 0.5
    return float(np.argmax(gone)) if gone.any() else np.inf


# %% tags=["collapse-input"]
rows = []
for distance in (0.0, 1e-9, 1e-6, 1e-3, 0.05, 0.3):
    found = [
        np.median([steps_to_leave(descents(seed)[name], distance, 400) for seed in range(5)])
        for name in descents(0)
    ]
    rows.append([f"{distance:g}", *("never" if n == np.inf else f"{n:.0f}" for n in found)])
session.table(
    ["distance from the ridge", *descents(0)],
    rows,
    "Steps until the saddle is left (medians over five draws of the noise; at most 400 steps).",
)

# %% [markdown]
# Plain descent leaves in a number of steps that grows with the *logarithm* of the nearness (exercise 4): a start a thousand times nearer costs some 70 steps more. Noise caps that. From a distance of a typical weight, 0.05, there is nothing to cap. And Adam, which divides the gradient by its size, hardly notices how small it is: it needs help on the ridge itself and nowhere else.
#
# ### And in the network?
#
# A network has a ridge that we know: all weights zero. There every gradient is zero too, because each is a product with the weights of the other layers. We start there, with noise in the step, with noise in the gradient, and with none.

# %% tags=["collapse-input"]
zero = ("zero-plain", "zero-step", "zero-gradient")
session.table(
    ["start at zero", *(f"epoch {epoch}" for epoch in range(1, len(results[zero[0], 0]["loss"])))],
    [
        [case, *(f"{value:.3f}" for value in np.mean([results[case, s]["loss"] for s in session.seeds], 0)[1:])]
        for case in zero
    ],
    f"The training loss from weights that are all zero, mean over the seeds. To know nothing costs log {len(images.classes)} = {np.log(len(images.classes)):.3f}.",
)  # fmt: skip

# %% [markdown]
# Without noise nothing happens, ever. With noise in the step the weights walk until some gradient appears; Adam takes up even the smallest and begins to run. Noise in the gradient gets the weights moving too, and at first faster, by the law of the last section. But it also *hides* the gradient: as long as the true one is far smaller than σ, Adam sees only noise. What keeps some gradient everywhere is not the same as what shows the way.
#
# Nobody starts at zero, though. Does noise help from the usual start? The loss begins on a **plateau** near log 10, since six layers of small weights pass on very little. We measure when it has fallen by a tenth.


# %% tags=["evidence"]
def plateau(case: str, seed: int) -> float:
    """Epochs until the training loss is 0.9 times what it was untrained, between epochs too."""
    loss = results[case, seed]["loss"]
    wanted = 0.9 * loss[0]
    below = np.flatnonzero(loss < wanted)
    if not len(below):
        return float(len(loss))  # not yet: later than it was trained
    after = int(below[0])
    before = loss[after - 1]
    return float(after - 1 + (before - wanted) / (before - loss[after])) if after else 0.0


def flat(case: str, seed: int) -> float:
    """The share of weight gradients that are exactly zero, mean over layers and epochs."""
    return float(results[case, seed]["flat"][1 : settings.epochs + 1].mean())


# %% tags=["collapse-input"]
session.table(
    ["case", "epochs on the plateau", "gradients that are exactly zero"],
    [
        [
            case,
            f"{np.mean([plateau(case, s) for s in session.seeds]):.2f}",
            f"{np.mean([flat(case, s) for s in session.seeds]):.1%}",
        ]
        for case in ("A", "C-text", "C-code", "C-far", "D-text", "D-code")
        if case in names
    ],
    "From the usual start, mean over the seeds. The gradients are the loss's own, before noise is added, on the first batch.",
)

# %% [markdown]
# Sampling the step changes little here. Sampling the gradient, with the σ of the code, makes the network leave *later*: the noise drowns the gradient just when it is smallest. And exact zeros, which noise was to cure, are few without it.
#
# ## Relatives from the literature
#
# ### Noise that fades
#
# Neelakantan and others (2015) add noise to the gradient too, but let it fade:
#
# $$\sigma_t^2 = \frac{\eta}{(1 + t)^{0.55}} .$$
#
# They choose η from 0.01, 0.3 and 1. We take the smallest. Even that is a σ of 0.1 at the start, and the table above says how large our gradients are. What follows is no surprise once you have seen Adam walk: it spends most of our few steps on noise. A schedule in units of the gradient cannot be carried from one network to another.
#
# ### Noise on the input
#
# Noise on the data looks like making more data. Bishop (1995) showed that it is also a penalty. For a squared error and small σ, [the mean loss grows](../derivations/add_noise.md#what-small-noise-adds-to-the-loss) by (here $t$ is the target)
#
# $$\sigma^2 \bigl(f'(x)^2 + (f(x) - t)\,f''(x)\bigr) + O(\sigma^4),$$
#
# and near a good fit the second part averages out. What is left, $\sigma^2 f'(x)^2$, is **Tikhonov's penalty**: it asks for a function that changes little when its input does.
#
# Let us see it on the curve of the [lesson on curve fitting](curve.ipynb). We take a small network whose hidden layer is fixed: 60 units $\tanh(a_k x + b_k)$ with random $a_k$ and $b_k$. Only the output weights are learned. Then the best weights can be *solved for*, with noise, with the penalty, and with neither. No training, so no doubt that it has ended.


# %%
@dataclass(frozen=True)
class FixedFeatures:
    """Units tanh(a x + b), their slopes and their curvature; the hidden layer of a small network."""

    a: np.ndarray
    b: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.tanh(np.multiply.outer(x, self.a) + self.b)

    def slope(self, x: np.ndarray) -> np.ndarray:
        return self.a * (1 - self(x) ** 2)

    def curvature(self, x: np.ndarray) -> np.ndarray:
        return -2 * self.a * self(x) * self.slope(x)


def bishop(std: float, seed: int) -> dict[str, np.ndarray]:
    """How noise on the input makes the loss grow, and the best fits with noise and with penalties.

    The mean over the noise is taken exactly, by Gauss-Hermite quadrature. All losses are quadratic
    in the output weights v, so that the best v solves linear equations.
    """
    generator = np.random.default_rng([seed, 9])
    features = FixedFeatures(generator.normal(0, 2, 60), generator.uniform(-6, 6, 60))
    data = make_curve(Curve.draw(227), np.random.default_rng([seed, 0]), 60, 0.1).train
    x, t = data.x[:, 0].astype(float) / 2 - np.pi, data.y[:, 0].astype(float)
    count = len(x)
    nodes, shares = np.polynomial.hermite_e.hermegauss(64)
    shares = np.repeat(shares / shares.sum(), count)
    still, slopes, bends = features(x), features.slope(x), features.curvature(x)
    shaken, targets = features((x + std * nodes[:, None]).ravel()), np.tile(t, len(nodes))

    def best(square: np.ndarray, linear: np.ndarray) -> np.ndarray:
        """argmin of vᵀ square v − 2 linear·v, with a breath of ridge against rounding."""
        return np.linalg.solve(square + 1e-9 * np.eye(60), linear)

    plain = still.T @ still / count, still.T @ t / count
    tikhonov = std**2 * slopes.T @ slopes / count
    bent = std**2 * still.T @ bends / count  # of (f − t) f″, the part that is quadratic in v
    weighted = shaken * shares[:, None] / count
    fits = {
        "neither": best(*plain),
        "noise": best(weighted.T @ shaken, weighted.T @ targets),
        "Tikhonov": best(plain[0] + tikhonov, plain[1]),
        "both parts": best(
            plain[0] + tikhonov + (bent + bent.T) / 2, plain[1] + std**2 * bends.T @ t / count / 2
        ),
    }
    v = fits["Tikhonov"]
    error = still @ v - t
    grown = shares @ (shaken @ v - targets) ** 2 / count - np.mean(error**2)
    expected = std**2 * np.mean((slopes @ v) ** 2 + error * (bends @ v))
    grid = np.linspace(x.min(), x.max(), 200)
    drawn = {name: features(grid) @ weights for name, weights in fits.items()}
    return {"grown": grown, "expected": expected, "grid": grid, "x": x, "t": t, **drawn}


# %% tags=["collapse-input"]
input_stds = np.geomspace(0.003, 1, 9)
found = [[bishop(std, seed) for seed in session.seeds] for std in input_stds]
figure, axes = new_figure(1, 3, height=3.2)
grown = np.array([[one["grown"] for one in row] for row in found]).mean(1)
expected = np.array([[one["expected"] for one in row] for row in found]).mean(1)
axes[0].plot(input_stds, grown, "o", markersize=4, color=PALETTE[0], label="measured")
axes[0].plot(input_stds, expected, color=GREY, label="formula")
axes[0].set(xscale="log", yscale="log", xlabel="σ", title="how the loss grows")
axes[0].legend()


def apart(row: list, one: str, other: str) -> float:
    return float(np.mean([np.sqrt(np.mean((r[one] - r[other]) ** 2)) for r in row]))


for name, colour in zip(("neither", "Tikhonov", "both parts"), PALETTE, strict=False):
    distances = np.array([apart(row, "noise", name) for row in found])
    distances[distances > 1] = np.nan  # far beyond small σ the second part is no penalty at all
    axes[1].plot(input_stds, distances, "o-", markersize=4, color=colour, label=name)
axes[1].set(xscale="log", yscale="log", xlabel="σ", title="from the fit with noise to …")
axes[1].legend()
shown = bishop(0.1, 0)
axes[2].plot(shown["x"], shown["t"], ".", color=GREY, markersize=4)
for name, style in (("neither", ":"), ("noise", "-"), ("Tikhonov", "--")):
    axes[2].plot(shown["grid"], shown[name], style, label=name)
axes[2].set(xlabel="x", title="σ = 0.1, seed 0", ylim=(-0.1, 1.1))
axes[2].legend()
session.show(
    figure,
    "tikhonov",
    "Noise on the input of a small network, against penalties; means over the seeds. Left: by how much noise makes the loss grow, and what the formula says. Middle: the distance (root mean square) from the fit with noise to that with neither noise nor penalty, with Tikhonov's penalty, with both parts of the formula. Right: three fits at one σ.",
)

# %% [markdown]
# On the left the formula holds as long as σ is small beside the bends of the curve. In the middle, Tikhonov's penalty comes several times nearer to the noise than no penalty does. What is missing is the second part: with so few noisy points it does not quite average out. Put it in, and for small σ the distance falls faster still. (From σ ≈ 0.05 on the expansion is of no use any more, and Tikhonov's penalty alone is nearer.) Bishop's theorem, in one picture, with its small print.
#
# ### Noise on the weights
#
# The same expansion, with the weights in place of the input, says that weight noise adds $\frac{\sigma^2}2 \sum_i \partial^2 L/\partial w_i^2$ to the mean loss, where the loss is smooth (behind ReLUs: between its kinks). It asks for a **flat minimum**, where weights may be a little wrong. Dropout belongs here as well. It is noise on the activations, multiplied instead of added, so that it grows with the activation.
#
# What of case E's noise on the weights at the test alone? It can only do what a small disturbance does to a network that was never told to expect it.
#
# ### Shake-shake
#
# Gastaldi (2017) goes furthest. Each layer has two branches, mixed by a random α for each image on the way forward, and on the way *back* by another random number β. The gradient is then deliberately not the gradient of what was computed. (How does one prove such a gradient? The [derivation](../derivations/shake_shake.md) finds the function that it belongs to.) We give convolutions 2 to 5 two branches, and compare with the same network mixed evenly.

# %% tags=["collapse-input"]
relatives = {
    "dropout": ("B", "A"),
    "C, step": ("C-code", "A"),
    "D, step and gradient": ("D-code", "A"),
    "annealed gradient": ("annealed", "A"),
    "input": ("input", "A"),
    "weights": ("weights", "A"),
    "shake-shake": ("shake", "even"),
}
figure, axes = new_figure(1, 2, height=3.4, sharey=True)
for ax, half in zip(axes, ("train", "test"), strict=True):
    for place, (case, baseline) in enumerate(relatives.values()):
        gained = 100 * (last(case, half) - last(baseline, half))
        ax.plot(gained, np.full(len(gained), place), "o", color=PALETTE[0], alpha=0.5, markersize=4)
        ax.plot(gained.mean(), place, "|", color=PALETTE[1], markersize=14, markeredgewidth=2)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set(title={"train": "training images", "test": "test images"}[half])
    ax.set(xlabel="gain (percentage points)")
axes[0].set_yticks(range(len(relatives)), relatives)
axes[0].invert_yaxis()
session.show(
    figure,
    "relatives",
    "What each kind of noise gains over the same network without it, from the same start: a dot for each seed, a bar at the mean. Shake-shake is compared with two branches mixed evenly.",
)

# %% tags=["collapse-input"]
session.table(
    ["noise", "σ or rate", "test %", "training %", "gain in the test, points"],
    [
        [
            name,
            {
                "B": f"p = {settings.dropout:g}",
                "annealed": f"{settings.eta**0.5:g}, fading",
                "input": f"{settings.input_std:g}",
                "weights": f"{settings.weight_std:g}",
                "shake": "",
            }.get(case, f"{settings.code_std:g}"),
            interval(last(case)),
            interval(last(case, "train")),
            interval(last(case) - last(baseline)),
        ]
        for name, (case, baseline) in relatives.items()
    ],
    f"Over the last fifth of {settings.epochs} epochs, {len(session.seeds)} seeds, with 95 % intervals.",
)

# %% [markdown]
# Before we take sides: does anything here need regularising? At first hardly: a network that has not yet learned its training images has nothing to unlearn. After the long run training accuracy is some ten points above test accuracy in case A, a gap, but not a wide one. In the article it is 52 % to 46 % after 200 epochs. Regularisers earn their keep where there is a gap, and what they cost is speed. In a short race, those who slow down lose.
#
# ## Activation as regularisation
#
# The second idea. ReLU lets a number pass or blocks it. So it is a mask of ones and zeros. Why not *learn* the mask? Replace ReLU by a product with a weight $w$ for each number of a layer, start all of them at 1, keep them in $[0, 1]$, and put a penalty on them to make them sparse. (The article's thought: let the convolutions find features, and let somebody else see to it that few of them are used.) That is the [clipped mask](../derivations/clipped_mask.md), and `Projected` keeps it in its bounds: after every step it moves each $w$ to the nearest point of $[0, 1]$.
#
# Two things in the program deserve a second look, and we shall come to both. The mask has the shape of a whole batch, so its values belong to *positions in a batch*. And ReLU is not softened but gone, except after the last convolution.
#
# ### Twelve penalties, three directions
#
# The article tries twelve penalties on the mask, A to L, with λ = 0.0001.

# %% tags=["collapse-input"]
FORMULAS = {
    "A": ("|w|", "l1"),
    "B": ("w²", "l2"),
    "C": ("√(w² + 1e-5)", "l1_smoothed"),
    "D": ("−log(1 + w²)", "log_square"),
    "E": ("−tanh w", "tanh_signed"),
    "F": ("−tanh w²", "tanh_square"),
    "G": ("−tanh |w|", "tanh_abs"),
    "H": ("−tanh |w|²", "tanh_square"),
    "I": ("sin w", "sine"),
    "J": ("|sin w|", "sine_abs"),
    "K": ("log w²", "log_shifted"),
    "L": ("w log w²", "negative_entropy"),
}
w = np.linspace(0.004, 1, 250)
figure, axes = new_figure(1, 3, height=3.4)
groups = {"pull to 0": "ABCIJK", "push to 1": "DEFGH", "draw to 0.37": "L"}
for ax, (title, letters), corner in zip(
    axes, groups.items(), ("lower right", "upper right", "lower right"), strict=True
):
    for letter, colour in zip(letters, (*PALETTE, GREY), strict=False):
        penalty, sign = TWELVE[letter]
        ax.plot(
            w, sign * penalty.gradient(w), color=colour, label=f"{letter}: {FORMULAS[letter][0]}"
        )
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set(title=title, xlabel="w", ylim=(-2.5, 4.5))
    ax.legend(fontsize=7, loc=corner)
axes[0].set(ylabel="slope of the penalty")
session.show(
    figure,
    "twelve-slopes",
    "The slopes of the twelve penalties on [0, 1], where masks live. Where a slope is positive the mask is pulled down, where it is negative it is pushed up. Lines that cannot be seen lie under others; K leaves the picture.",
)

# %% [markdown]
# On $[0, 1]$ there are fewer than twelve. There $|w| = w$, and so
#
# - **E is G**, $-\tanh w$, and **F is H**, $-\tanh w^2$;
# - **I is J**, $\sin w$, since a sine is positive between 0 and π;
# - **A is C**, $|w|$, up to a smoothing that is felt below $w = 0.01$ alone.
#
# Property tests prove it, with the derivation pages of [each](../derivations/index.md#the-pages). Eight functions are left, and each does one of three things. Four (A, B, I and K) pull masks to 0, and K, with the slope $2/(w + 10^{-5})$ in the code, pulls the harder the nearer a mask gets. Three (D, E and F) **push masks to 1**: they are measures of sparsity with the wrong sign, as in the [lesson on penalties](penalties.ipynb). But 1 is where masks start, and there they are held by the clip. With such a penalty a mask simply stays what it was. And [L](../derivations/negative_entropy.md) draws masks to 0.37.

# %% tags=["collapse-input"]
here = np.array([0.05, 0.25, 0.5, 1.0])
session.table(
    ["case", "R(w)", *(f"slope at {value:g}" for value in here), "in the table"],
    [
        [
            letter,
            formula,
            *(f"{value:+.3f}" for value in TWELVE[letter][1] * TWELVE[letter][0].gradient(here)),
            (
                f"{'minus ' if TWELVE[letter][1] < 0 else ''}{name}",
                f"../derivations/{name}.md",
            ),
        ]
        for letter, (formula, name) in FORMULAS.items()
    ],
    "The twelve penalties, and their slopes as the code has them.",
)

# %% [markdown]
# ### A linear network
#
# The mask does not depend on what it masks. Each number is multiplied by its own $w$, whatever the number is. Convolutions are linear too. So six convolutions with five masks between them are **one linear map**, however deep they look. We can test it: for a linear $f$, $f(2x - 3y)$ is $2f(x) - 3f(y)$.


# %%
def distance_from_linear(network: Sequential) -> float:
    """How far f(2x − 3y) is from 2f(x) − 3f(y) before the last layer's ReLU, relative."""
    generator = np.random.default_rng(0)
    parameters = network.init(image_shape, generator, np.float64)
    for layer in parameters.weights:
        if "mask" in layer:
            layer["mask"][...] = generator.uniform(0, 1, layer["mask"].shape)
    to_the_last = Sequential(network.layers[:-2])
    x, y = generator.normal(size=(2, settings.batch_size, *image_shape))
    weights = parameters.weights[:-2]
    together = to_the_last(weights, 2 * x - 3 * y)
    apart = 2 * to_the_last(weights, x) - 3 * to_the_last(weights, y)
    return float(np.abs(together - apart).max() / np.abs(together).max())


classes = len(images.classes)
for name, network in (
    ("ReLU", six_convolutions(image_shape, classes)),
    ("masks, as published", masked(image_shape, classes, Mask(settings.batch_size), relu=False)),
    ("masks and ReLU", masked(image_shape, classes, Mask(), relu=True)),
):
    print(f"{name:20}: {distance_from_linear(network):.0e} away from linear")

# %% [markdown]
# To see what is due to what, we train masks **as published** (one for each position in the batch, no ReLU) and masks **with ReLU** (one for all images, behind ReLU), all with the noise of case D. Case D itself is the network without masks. Where time tells, we train for longer.

# %% tags=["collapse-input"]
kinds = {"mask": "as published", "relu": "with ReLU"}
mask_cases = {
    f"{letter}, {kinds[kind]}": f"{kind}-{letter}"
    for kind, letters in (("mask", settings.letters), ("relu", settings.relu_letters))
    for letter in letters
}
figure, axes = new_figure(1, 2, sharey=True, height=3.6)
for ax, half in zip(axes, ("train", "test"), strict=True):
    values = 100 * curves("D-code", half, settings.long_epochs)
    ax.fill_between(range(values.shape[1]), values.min(0), values.max(0), color=GREY, alpha=0.15)
    ax.plot(values.mean(0), color=GREY, label="case D: ReLU, no mask")
    for (name, case), colour in zip(mask_cases.items(), sequence(len(mask_cases)), strict=True):
        style = "--" if case.startswith("relu") else "-"
        values = 100 * curves(case, half, settings.long_epochs)
        ax.plot(values.mean(0), style, color=colour, label=name)
    ax.set(title={"train": "training images", "test": "test images"}[half], xlabel="epoch")
axes[0].set(ylabel="accuracy (%)")
axes[0].legend(fontsize=7)
session.show(
    figure,
    "mask-accuracy",
    "Accuracy with masks, mean over the seeds; for case D also the band from the worst to the best seed. Dashed: with ReLU.",
)


# %% tags=["collapse-input"]
def mask_row(name: str, case: str) -> list[str]:
    """Accuracies, and how many masks have arrived at an end."""
    lengths = {len(results[case, seed]["test"]) - 1 for seed in session.seeds}
    epochs = lengths.pop()
    ends = ["", ""]
    if case in mask_cases.values():
        counts = np.array([results[case, seed]["masks"][-1] for seed in session.seeds])
        ends = [f"{np.mean(counts[:, end] / counts.sum(axis=1)):.0%}" for end in (0, -1)]
    accuracies = [
        interval(last(case, half, length)) if length <= epochs else ""
        for length in sorted({settings.epochs, settings.long_epochs})
        for half in ("test", "train")
    ]
    return [name, *accuracies, *ends]


lengths = sorted({settings.epochs, settings.long_epochs})
session.table(
    [
        "masks",
        *(f"{half} %, {n} epochs" for n in lengths for half in ("test", "training")),
        "masks at 0",
        "masks at 1",
    ],
    [mask_row(name, case) for name, case in {"none (case D)": "D-code", **mask_cases}.items()],
    "Accuracies over the last fifth of so many epochs, with 95 % intervals. The last columns: masks below 0.05 and above 0.95 at the end.",
)

# %% tags=["collapse-input"]
edges = np.linspace(0, 1, 21)
panels = []
for letter in settings.letters:
    counts = results[f"mask-{letter}", 0]["masks"][kept]
    shares = 100 * counts / counts.sum(axis=-1, keepdims=True)
    bars = Series("bars", "masks", edges, shares)
    title = f"{letter}: {FORMULAS[letter][0]}"
    panels.append(Panel(title, (bars,), "w", "% of masks", (0, 1), (0, 100)))
session.play(
    Animation(
        "Masks while training",
        "A panel for each penalty: the histogram of all mask weights from epoch to epoch. All start at 1; some penalties pull them down, one draws them to the middle, others leave them at 1.",
        tuple(f"epoch {epoch}" for epoch in kept),
        tuple(panels),
        columns=min(4, len(panels)),
    ),
    "masks",
    "The masks while they are learned, as published, seed 0. All start at 1.",
)

# %% [markdown]
# What do we see? First, E pushes masks to 1, where they are already, so its masks change little: this is a network without any activation, and hardly anything else. The other two letters pull masks down. As published they do so for every position in a batch by itself, and no mask can know which image will stand at its position. (In accuracy the three differ by less than their seeds do. With all twelve letters and more steps it is the direction that counts: [those that shut masks](../claims.md#where-size-changed-the-answer) learn least.)
#
# Second, compare with and without ReLU. The linear networks are off quickly: without ReLU the signal fades less from layer to layer. What comes out at the start is several times as large, and there is hardly a plateau. Then they slow down, and in the test the networks with ReLU come up from behind and pass them.
#
# So "dividing feature extraction from sparsity" is not what was put to the test. What was taken away was the nonlinearity. With ReLU kept and a penalty that leaves the masks alone, one has the ordinary network back.
#
# ## What the article said, and what came out
#
# Each claim is taken apart into numbers that every seed yields, each with a bound: the least, as we read it, that the claim can mean. Mostly that is zero: "higher" means a difference above 0. Cases of one seed start from the same weights, so differences are taken seed by seed. A number supports the claim (✓) if the whole interval over the seeds keeps the bound, contradicts it (✗) if none of the interval does, and leaves it open (?) otherwise.
#
# - **holds**: all numbers support the claim.
# - **does not hold**: all contradict it.
# - **depends**: anything else. *Right in part*: some support it and some contradict it. *Supported in part*: some support it, the others are open. *Wrong in part*: some contradict it, the others are open. *Open*: all are.
# - **artefact**: what supports it is gone once the suspected cause is taken away.
#
# The σ is that of the code. Accuracies are means over the last fifth of the long run for N1 to N5 and N7, of the shorter one for N6. (The page [on all claims](../claims.md) judges other, recorded runs, and is stricter: it allows for luck among many numbers, and puts a mark in brackets where luck may have made it. Its numbers and its word stand beside ours in the table, and can differ.)


# %% tags=["evidence", "claims"]
def gain(case: str, other: str, half: str = "test") -> Callable:
    """Accuracy of one case less that of another, as a function of (results, seed)."""

    def gained(results: dict, seed: int) -> float:
        difference = last(case, half, long) - last(other, half, long)
        return float(np.round(difference, 9)[seed])  # 0 is 0

    return gained


def deviation(case: str, seed: int) -> float:
    """How far a seed's test accuracy is from the mean of its case, over the second half."""
    values = curves(case, "test", long)
    values = values[:, values.shape[1] // 2 :]
    return float(np.abs(values[seed] - values.mean(axis=0)).mean())


def on_top(case: str, seed: int) -> float:
    """The share of epochs in which a case tests best of the five; a tie is shared out."""
    values = np.array([curves(name, "test", long)[seed, 1:] for name in SHOWN.values()])
    best = values == values.max(axis=0)
    return float((best / best.sum(axis=0))[list(SHOWN.values()).index(case)].mean())


def behind(kind: str, half: str, seed: int) -> float:
    """By how much masks of a kind, mean over penalties, are behind case D in the long run."""
    with_masks = [last(f"{kind}-{letter}", half, long)[seed] for letter in settings.relu_letters]
    return float(last("D-code", half, long)[seed] - np.mean(with_masks))


claims = [
    Claim(
        "N1",
        "Case E has the highest accuracy on training and test images, and beats dropout.",
        (
            Evidence("test accuracy, E − A", gain("E-code", "A"), above=0),
            Evidence("test accuracy, E − B (dropout)", gain("E-code", "B"), above=0),
            Evidence("test accuracy, E − C", gain("E-code", "C-code"), above=0),
            Evidence("test accuracy, E − D", gain("E-code", "D-code"), above=0),
            Evidence("training accuracy, E − A", gain("E-code", "A", "train"), above=0),
            Evidence("training accuracy, E − D", gain("E-code", "D-code", "train"), above=0),
        ),
        comment="E trains as D does: in training there is nothing to compare. In the test it is D with a few answers changed. Three seeds that agree on a fraction of a point are three coins; with ten seeds nothing is left of E's lead over D.",
    ),
    Claim(
        "N2",
        "Case C can beat the other cases.",
        (
            Evidence("share of epochs in which C tests best of five", lambda r, s: on_top("C-code", s), above=0.2),
            Evidence("best test accuracy, C − A", lambda r, s: float(np.subtract(*(curves(c, "test", long)[s].max() for c in ("C-code", "A")))), above=0),
        ),
        comment="One of five equal cases would be on top in a fifth of the epochs.",
    ),
    Claim(
        "N3",
        "The more places are sampled, the smaller the spread between repeats.",
        (
            Evidence("distance from the mean of the case, C − A", lambda r, s: deviation("C-code", s) - deviation("A", s), below=0),
            Evidence("distance from the mean of the case, D − C", lambda r, s: deviation("D-code", s) - deviation("C-code", s), below=0),
            Evidence("distance from the mean of the case, E − D", lambda r, s: deviation("E-code", s) - deviation("D-code", s), below=0),
            Evidence("distance from the mean of the case, E − A", lambda r, s: deviation("E-code", s) - deviation("A", s), below=0),
        ),
        comment="Our repeats differ in their start; the article's, by its program, do not.",
    ),
    Claim(
        "N4",
        "Sampling keeps some gradient everywhere, so it helps against vanishing gradients and saddle points.",
        (
            Evidence("from zero weights: last training loss, step sampled / knowing nothing", lambda r, s: float(np.divide(*r["zero-step", s]["loss"][[-1, 0]])), below=0.99),
            Evidence("from zero weights: last training loss, gradient sampled / knowing nothing", lambda r, s: float(np.divide(*r["zero-gradient", s]["loss"][[-1, 0]])), below=0.99),
            Evidence("epochs on the plateau, C / A", lambda r, s: plateau("C-code", s) / plateau("A", s), below=1),
            Evidence("epochs on the plateau, D / A", lambda r, s: plateau("D-code", s) / plateau("A", s), below=1),
            Evidence("share of gradients that are exactly zero, D − A", lambda r, s: flat("D-code", s) - flat("A", s), below=0),
        ),
        comment="True on the ridge itself, where nobody starts. Beside it noise in the gradient hides what it should keep alive.",
    ),
    Claim(
        "N5",
        "Compounding noise in several places helps.",
        (
            Evidence("test accuracy, D − C", gain("D-code", "C-code"), above=0),
            Evidence("test accuracy, E − D", gain("E-code", "D-code"), above=0),
            Evidence("test accuracy, E − C", gain("E-code", "C-code"), above=0),
        ),
    ),
    Claim(
        "N6",
        "All penalties on the mask give similar results.",
        (
            Evidence("test accuracy, best − worst penalty", lambda r, s: float(np.ptp([last(f"mask-{letter}")[s] for letter in settings.letters])), below=0.05),
            Evidence("training accuracy, best − worst penalty", lambda r, s: float(np.ptp([last(f"mask-{letter}", "train")[s] for letter in settings.letters])), below=0.05),
        ),
        comment="They act on the factors of one linear map, in three directions; those that leave the masks at 1 are one group, those that pull another.",
    ),
    Claim(
        "N7",
        "Separating feature extraction from sparsity hurts.",
        (
            Evidence("test accuracy after the long run, case D − masks as published", lambda r, s: behind("mask", "test", s), above=0),
        ),
        without=Evidence("without the cause: test accuracy after the long run, case D − masks with ReLU kept", lambda r, s: behind("relu", "test", s), above=0),
        comment="What was separated was the network from its nonlinearity.",
    ),
]  # fmt: skip

# %%
session.judge(claims, results)

# %% [markdown]
# The same experiment was also run on more images, with more steps and five or ten seeds. [What came of it](../claims.md) has a lesson of its own. There a gradient with the noise of the code costs at first: networks leave the plateau later, and for a fifth of the run they lag behind those that are spared. Then they overtake, and stay ahead. So which method "wins" depends on the day on which one looks. That page looks later than this one, and there the article is right that D and E beat A and C, though not that E beats D. With masks it is the other way round: after a few epochs all twelve penalties were alike, as the article says. After many they were not, for by then five of them had shut nearly all of their masks.
#
# ## In short
#
# - **In the step**, noise of a constant size is a [random walk](#a-random-walk) of the weights, and the loss holds them back only where it feels them.
# - **In the gradient**, its size means nothing to [Adam](#what-adam-makes-of-noise); its share of the gradient does. That share is largest at the start. So it costs at first, and only [long runs](../claims.md#where-size-changed-the-answer) show that it pays.
# - **At a saddle point** it frees who stands exactly on the ridge. From anywhere else plain descent finds its way out, and [Adam](#saddle-points) hardly notices the place.
# - **Learned masks in the place of ReLU** make the network [linear](#a-linear-network), and twelve penalties on them push in [three directions](#twelve-penalties-three-directions). What was put to the test was the lost bend.
#
# ## What can be learned from this
#
# - **Look for the A/A test.** Two cases that cannot differ tell how much "different" is worth. Here D and E in training were such a pair, printed side by side.
# - **Ask for units.** A σ means nothing without what it is added to, and how often.
# - **Ask what else was changed.** A mask came in, and a nonlinearity went out.
# - **Ask whether there is anything to regularise.** Without a gap between training and test there is little to gain.
#
# ## Exercises
#
# Try each before you open a hint, and a hint before the solution. Write what an exercise asks for into a file of your own, say `mine.py`, and have it checked:
#
# ```sh
# microgrand exercise noise 1 mine.py
# ```
#
# Your file may use whatever this lesson imports and defines: its functions, its classes and its constants in capitals, but none of its results, for nothing is trained first. Solutions and checks have run on this page, and would have failed the build if they were wrong.
#
# **1. How far does it walk?** After how many steps has the walk of step noise a spread of 0.05? Write `walk_steps(std)`. What is it for the σ of the text, 0.00005, and for that of the code, 0.0005? How many epochs of STL-10 is that, with 5 000 images in batches of 100?
#
# <details class="hint"><summary>Hint</summary>
#
# Variances of independent steps add up: after $t$ steps the spread is $\sigma\sqrt t$.
#
# </details>


# %% tags=["solution"]
def walk_steps(std: float) -> float:
    return (0.05 / std) ** 2  # σ√t = 0.05


for name, std in (("text", 5e-5), ("code", 5e-4)):
    print(f"σ of the {name}: {walk_steps(std):,.0f} steps, {walk_steps(std) / 50:,.0f} epochs")

# %% tags=["check"]
for std in (0.002, 0.005):
    assert 1 <= walk_steps(std) <= 10_000, f"for σ = {std:g} it is some hundred steps"
    walkers = np.zeros(4000)
    generator = np.random.default_rng(0)
    for _ in range(round(walk_steps(std))):
        walkers += generator.normal(0, std, walkers.shape)
    print(f"σ = {std:g}: after {walk_steps(std):,.0f} steps the spread is {walkers.std():.4f}")
    assert abs(walkers.std() - 0.05) < 0.003, f"for σ = {std:g} the spread is not 0.05 by then"

# %% [markdown]
# **2. Adam's first step on noise.** A weight has no gradient, and the noise on it has a σ of $10^{-6}$. How far does Adam's first step carry it? Write down $m$, $v$ and the corrected step for $t = 1$ first. Then write `first_step(std, rate)`, the size of the step.
#
# <details class="hint"><summary>Hint</summary>
#
# With a noise of $n$ instead of a gradient, $m = (1 - \beta_1) n$ and $v = (1 - \beta_2) n^2$. Correct both, and divide.
#
# </details>


# %% tags=["solution"]
def first_step(std: float, rate: float) -> float:
    # m/(1 − β₁) is the noise, v/(1 − β₂) its square: their quotient is a coin, +1 or −1.
    return rate


# %% tags=["check"]
for std, rate in ((1e-6, 8e-4), (1e-2, 1e-3)):
    moved = np.zeros(1000)
    noisy_adam = Noisy(Adam(rate, epsilon=1e-12), np.random.default_rng(0), gradient_std=std)
    noisy_adam.step(moved, np.zeros(1000), noisy_adam.init(moved))
    print(f"σ = {std:g}: |Δ| = {np.abs(moved).mean():.1e}, {np.mean(moved > 0):.0%} upwards")
    assert np.allclose(np.abs(moved), first_step(std, rate), rtol=1e-2, atol=0), (
        f"for σ = {std:g} the library's Adam moves by another length"
    )

# %% [markdown]
# **3. Noise is ridge regression.** (Not the ridge of the saddle: the penalty $\sum w^2$.) Fit $t \approx w^\top x$ to data whose inputs have been shaken with a σ, in very many copies. Then fit the same data, unshaken, with the penalty $\sigma^2\lVert w\rVert^2$: write `by_ridge(x, t, std)`, which returns the weights. The check compares the two. Why does it hold for *every* σ here? (Look for the term with $f''$, and for those beyond.)
#
# <details class="hint"><summary>Hint</summary>
#
# Set the gradient of $\frac1n\lVert xw - t\rVert^2 + \sigma^2\lVert w\rVert^2$ to zero: a system of linear equations, for `np.linalg.solve`.
#
# </details>


# %% tags=["solution"]
def by_ridge(x: np.ndarray, t: np.ndarray, std: float) -> np.ndarray:
    return np.linalg.solve(x.T @ x / len(x) + std**2 * np.eye(x.shape[1]), x.T @ t / len(x))


# %% tags=["check"]
generator = np.random.default_rng(0)
x = generator.normal(size=(50, 4))
t = x @ np.array([1.0, -2.0, 0.0, 0.5]) + 0.1 * generator.normal(size=50)
print(f"neither    {np.round(np.linalg.lstsq(x, t)[0], 3)}")
for std in (0.2, 0.5):
    copies = np.concatenate([x + std * generator.normal(size=x.shape) for _ in range(4000)])
    by_noise = np.linalg.lstsq(copies, np.tile(t, 4000))[0]
    print(f"noise {std}  {np.round(by_noise, 3)}")
    print(f"ridge {std}  {np.round(by_ridge(x, t, std), 3)}")
    assert np.shape(by_ridge(x, t, std)) == (4,), "there should be four weights"
    assert np.abs(by_noise - by_ridge(x, t, std)).max() < 0.01, f"for σ = {std} the two fits differ"

# %% [markdown]
# **4. The logarithm of a saddle.** Near the ridge $y$ is small and $-y + y^3 \approx -y$. What does a step of descent with rate $r$ do to $y$? How many steps does it take from a distance of $10^{-6}$ to ½, with a rate of 0.1? Write `saddle_steps(distance, rate)` and compare with the table above.
#
# <details class="hint"><summary>Hint</summary>
#
# Each step multiplies $y$ by $1 + r$. Take logarithms.
#
# </details>


# %% tags=["solution"]
def saddle_steps(distance: float, rate: float) -> float:
    return float(np.log(0.5 / distance) / np.log(1 + rate))


# %% tags=["check"]
for distance, rate in ((1e-9, 0.1), (1e-6, 0.1), (1e-3, 0.2)):
    counted, by_hand = steps_to_leave(SGD(rate), distance), saddle_steps(distance, rate)
    print(
        f"from {distance:g}, rate {rate:g}: by hand {by_hand:.1f}, counted {counted:.0f} (y³ slows the end)"
    )
    assert abs(counted - by_hand) < 3, f"from {distance:g} descent takes another number of steps"

# %% [markdown]
# **5. One matrix.** Take a network of masks without ReLU, one mask for all images. Find the *one* matrix that does what its convolutions and masks do. Write `one_matrix(network, weights, shape)`: for `network(weights, images)` with images of that shape it returns the matrix that makes the same of the images' numbers in a row. It has a row for each number of an image, a column for each that comes out. The check asks it of the published network, before the ReLU of its last layer.
#
# <details class="hint"><summary>Hint</summary>
#
# What a linear map does to the vectors with a single 1 are the rows of its matrix. Reshape them into images, and feed them in.
#
# </details>


# %% tags=["solution"]
def one_matrix(network: Sequential, weights: list, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    return network(weights, np.eye(size).reshape(size, *shape)).reshape(size, -1)


# %% tags=["check"]
generator = np.random.default_rng(0)
deep = masked((8, 8, 3), 10, Mask(), relu=False)
parameters = deep.init((8, 8, 3), generator, np.float64)
inside = parameters.only("mask") == 1
parameters.vector[inside] = generator.uniform(0, 1, inside.sum())
deep, kept_weights = Sequential(deep.layers[:-2]), parameters.weights[:-2]
matrix = one_matrix(deep, kept_weights, (8, 8, 3))
some = generator.normal(size=(5, 8, 8, 3))
expected = deep(kept_weights, some).reshape(5, -1)
assert np.shape(matrix) == (192, expected.shape[1]), f"the matrix is of shape {np.shape(matrix)}"
assert np.allclose(some.reshape(5, -1) @ matrix, expected), "on random images the two differ"
print(f"{len(kept_weights)} layers are one matrix of {' × '.join(map(str, np.shape(matrix)))}")

# %% [markdown]
# **6. The mask that cheats.** Leave the images of `patches` in their own order, in which classes take turns, with ten images a batch. `load_once("patches").first(300, 100)` has them so, and `smaller(x, 24, 2)` makes 12×12 pixels of them. `masked` makes the network, and `train` takes `shuffle=False`. Train masks for positions, and one mask for all. Write `reached(positions)`: the test accuracy with `Mask(positions)`, for 1 and for 10. What do you get, and why? Would you have noticed?
#
# <details class="hint"><summary>Hint</summary>
#
# Keep the masks between 0 and 1 with `Projected`. Eight epochs at a rate of 0.003 are enough.
#
# </details>


# %% tags=["solution"]
def reached(positions: int) -> float:
    in_turns = load_once("patches").first(300, 100)
    halves = [Dataset(smaller(half.x, 24, 2), half.y) for half in (in_turns.train, in_turns.test)]
    network = masked((12, 12, 3), 10, Mask(positions), relu=False)
    parameters = network.init((12, 12, 3), np.random.default_rng(0))
    inside = parameters.only("mask") == 1
    optimizer = Projected(
        Adam(3e-3),
        np.where(inside, np.float32(0), np.float32(-np.inf)),
        np.where(inside, np.float32(1), np.float32(np.inf)),
    )
    *_, end = train(
        network, parameters, *halves, optimizer=optimizer, epochs=8, batch_size=10,
        generator=np.random.default_rng(0), loss=softmax_cross_entropy, shuffle=False,
        metrics={"accuracy": accuracy},
    )  # fmt: skip
    return float(end.metrics["accuracy"])


# %% tags=["check"]
honest, cheating = reached(1), reached(10)
print(f"one mask for all: {honest:.0%}; a mask for each position: {cheating:.0%}")
# Position i of every batch holds an image of class i: the mask at i can let pass what says "i".
assert 0.2 < honest <= 1, "one mask for all should learn something: more than a fifth is right"
assert 0 <= cheating <= 1, "an accuracy is between 0 and 1"
assert cheating > honest + 0.15, "masks for positions should be ahead: are the images in turns?"

# %% [markdown]
# ## Further reading
#
# - Jae Duk Seo (2019), [*Two Weird Ways to Regularize Your Neural Network*](https://towardsdatascience.com/two-weird-ways-to-regularize-your-neural-network-manual-back-propagation-in-tensorflow-f4e63c41bd95): the article, and its notebooks in [Daily-Neural-Network-Practice-2](https://github.com/JaeDukSeo/Daily-Neural-Network-Practice-2).
# - Bishop (1995), *Training with noise is equivalent to Tikhonov regularization*, Neural Computation 7.
# - Neelakantan, Vilnis, Le, Sutskever, Kaiser, Kurach and Martens (2015), *Adding gradient noise improves learning for very deep networks*, [arXiv:1511.06807](https://arxiv.org/abs/1511.06807).
# - Gastaldi (2017), *Shake-shake regularization*, [arXiv:1705.07485](https://arxiv.org/abs/1705.07485).
# - Dauphin, Pascanu, Gulcehre, Cho, Ganguli and Bengio (2014), *Identifying and attacking the saddle point problem in high-dimensional non-convex optimization*, [arXiv:1406.2572](https://arxiv.org/abs/1406.2572).
# - Welling and Teh (2011), *Bayesian learning via stochastic gradient Langevin dynamics*, ICML. What step noise becomes when its size is chosen by the theory.
# - Jin, Ge, Netrapalli, Kakade and Jordan (2017), *How to escape saddle points efficiently*, [arXiv:1703.00887](https://arxiv.org/abs/1703.00887).

# %% tags=["hide-input"]
session.end()
