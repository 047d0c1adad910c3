# %% [markdown]
# # Normalisation
#
# Why does a network learn faster when its activations are normalised, and what does it lose?
#
# A **normalisation** takes a set of numbers inside a network, subtracts their mean and divides by their spread. It has hardly anything to learn, and yet it changes how fast and how well the whole network learns. Three things are worth knowing about any such scheme:
#
# 1. Which numbers share a mean and a spread?
# 2. What does it do to the gradients that pass through it?
# 3. What does it throw away?
#
# Jae Duk Seo looked at the second in [*Normalization in Gradient's Point of View*](https://towardsdatascience.com/normalization-in-gradient-s-point-of-view-manual-back-prop-in-tf-2197dfa3497e) (2018). He trained one network with batch norm, layer norm, instance norm, a Box-Cox transform and none of them, and drew histograms of the gradients. We train them again, once as his program did and once as the papers say, look at the same four histograms, and judge nine things he says, Z1 to Z9. The third question is where his program and the papers part, and where the surprises are.
#
# This page is a program. Every figure below was drawn by the code around it when the page was built; `microgrand run normalization` runs the same file in your terminal, and its flags change the settings that come next.

# %% tags=["evidence", "imports"]
from dataclasses import dataclass, replace
from typing import Any

import autograd.numpy as anp
import numpy as np
from matplotlib.patches import Rectangle
from scipy import stats

from microgrand import ops
from microgrand.claims import Claim, Evidence
from microgrand.data.catalog import load_once
from microgrand.data.image_set import ImageSet
from microgrand.figures import (
    GREY,
    PALETTE,
    Animation,
    histogram_animation,
    new_figure,
    sequence,
)
from microgrand.image_network import FILTERS, as_published, six_convolutions
from microgrand.layers import (
    BatchNorm,
    BoxCox,
    Conv2D,
    GroupNorm,
    InstanceNorm,
    Layer,
    LayerNorm,
    Sequential,
    WithoutWeights,
    he_normal,
    measured,
)
from microgrand.lesson import begin
from microgrand.ops import softmax_cross_entropy
from microgrand.ops.normalization import normalize_gradient
from microgrand.optimizers import Adam
from microgrand.settings import Preset, setting, stop
from microgrand.signals import Recorder, take_signals
from microgrand.tape import Parameters, value_of
from microgrand.training import Dataset, train


# %% tags=["settings"]
@dataclass(frozen=True)
class Settings:
    """What can be changed; the defaults are the article's."""

    data: str = setting("stl10", "images: a name of `microgrand data list`, or a path")
    train_images: int = setting(5000, "how many images to train with, at most", low=20)
    test_images: int = setting(8000, "how many images to test with, at most", low=20)
    epochs: int = setting(150, "passes over the data", low=1)
    batch_size: int = setting(20, "images a step", low=2)
    learning_rate: float = setting(8e-4, "Adam's rate", low=1e-6, high=1)
    epsilon: float = setting(1e-8, "ε of every normalisation", low=1e-12)
    groups: int = setting(4, "groups of the 16 channels, for group norm", low=1, high=16)


presets = {
    "quick": Preset(Settings("patches", train_images=60, test_images=40, epochs=2), seeds=1),
    "book": Preset(Settings("patches", train_images=500, test_images=200, epochs=5), seeds=3),
    "article": Preset(Settings(), seeds=3),
}
session = begin("normalization", presets)
settings = session.settings
if FILTERS % settings.groups:
    stop(f"--groups {settings.groups}: {FILTERS} channels are no multiple of it")
images = load_once(settings.data).first(settings.train_images, settings.test_images)

# %% [markdown]
# ## Which numbers share a mean?
#
# Let $x_1, \dots, x_m$ be the numbers of one set. Normalised, they are
#
# $$\hat x_i = \frac{x_i - \mu}{\sqrt{v + \varepsilon}}, \qquad \mu = \frac1m \sum_i x_i, \qquad v = \frac1m \sum_i (x_i - \mu)^2 ,$$
#
# with mean 0 and a variance of nearly 1. The small $\varepsilon$ keeps the quotient finite where all numbers of a set are equal. That is [the whole formula](../derivations/normalize.md), and it is the same for four famous schemes. What tells them apart is only what they call a set. Inside a network for images the numbers have four axes: the images of a batch ($N$), the height and width of a map ($H$, $W$), and its channels ($C$).
#
# | scheme | one set for every | numbers in a set | looks at |
# |---|---|---|---|
# | batch norm | channel | $NHW$ | the whole batch |
# | layer norm | image | $HWC$ | one image |
# | group norm | image and group of channels | $HWC/G$ | one image |
# | instance norm | image and channel | $HW$ | one map |

# %% tags=["collapse-input"]
rows, columns = np.mgrid[0:4, 0:8]
sets = {
    "batch norm": columns,
    "layer norm": rows,
    "group norm (2 groups)": 2 * rows + columns // 4,
    "instance norm": 8 * rows + columns,
}
figure, axes = new_figure(1, 4, height=1.9)
for ax, (name, number) in zip(axes, sets.items(), strict=True):
    colours = sequence(number.max() + 1)
    for row, column in np.ndindex(4, 8):
        place = (column + 0.06, row + 0.06)
        ax.add_patch(Rectangle(place, 0.88, 0.88, color=colours[number[row, column]], linewidth=0))
    ax.set(title=name, xlim=(0, 8), ylim=(4, 0), aspect="equal", xticks=[], yticks=[])
    ax.set(xlabel="channels")
    ax.spines[:].set_visible(False)
axes[0].set(ylabel="images")
session.show(
    figure,
    "sets",
    "Four images with eight channels. Each square is one map, all its pixels; maps of one colour share a mean and a variance.",
)

# %% [markdown]
# A fifth scheme in the article is none of these. The **Box-Cox transform** bends each number by itself,
#
# $$y = \frac{(1 + x)^\lambda - 1}{\lambda},$$
#
# with one [learned exponent](../derivations/box_cox.md) $\lambda$ a layer. Statisticians use it to make a lopsided distribution look more like a normal one. The article calls it a soft version of normalisation.
#
# ## The gradient, and what it cannot do
#
# Let $g_i = \partial L/\partial \hat x_i$ be the gradient that arrives, with $L$ the loss. A number of a set moves the mean and the variance of all others, so one expects a long formula. Ioffe and Szegedy's paper has it in six lines, two of them for the scale and the shift. Nearly all of it cancels:
#
# $$\frac{\partial L}{\partial x_i} = \frac{1}{\sqrt{v + \varepsilon}} \Bigl( g_i - \overline{g} - \hat x_i\,\overline{g \hat x} \Bigr),$$
#
# where a bar is the mean over the set.
#
# <aside class="why">
#
# **Why does so much cancel?** The variance is measured from the mean, and the mean is the point from which it is smallest. At a minimum the slope is zero. So moving the mean does not move the variance, and one whole path is closed.
#
# </aside>
#
# [Its page](../derivations/normalize.md) derives both forms step by step, and a test holds them against each other. Read the short one aloud: *take the mean off the gradient, take off what points along $\hat x$, divide by the spread.* So two things are always true of a gradient that has passed backwards through a normalisation. Over each set it sums to zero, and it is orthogonal to the output (but for $\varepsilon$). Both have to be. Push all numbers of a set the same way, or stretch the set about its mean, and no output changes; so no gradient can ask for it.

# %%
generator = np.random.default_rng(0)
maps = ops.instance_sets(generator.normal(1, 2, (5, 8, 8, 3)))
arriving = generator.normal(size=maps.shape)
outputs = ops.normalize(maps, settings.epsilon)
passed_on = normalize_gradient(arriving, outputs, maps, settings.epsilon)
for name, gradient in (("before", arriving), ("after", passed_on)):
    sums = np.abs(gradient.sum(axis=(1, 3))).max()
    along = np.abs((gradient * outputs).sum(axis=(1, 3))).max()
    print(f"{name:6}  largest sum over a set {sums:.0e}, largest product with x̂ {along:.0e}")

# %% [markdown]
# The last factor, $1/\sqrt{v + \varepsilon}$, is the third thing to know. Where activations are small, gradients are made large, and the other way round. A network without normalisation has no such governor.
#
# ## The experiment
#
# The network has six convolutions with windows of 3×3 and 16 channels (the last has one for each class), each followed by [ReLU](../derivations/relu.md). A mean over all pixels of the last maps gives one number a class, and [softmax and cross-entropy](../derivations/softmax_cross_entropy.md) make a loss of it. The scheme comes after the ReLU of the first five layers, without the learned [scale and shift](../derivations/scale_and_shift.md) that usually follow it. There are no biases. All kernels start from $\mathcal N(0, 0.05^2)$, and Adam moves them.
#
# The article used 5 000 photographs of STL-10, 96×96 pixels, and 150 epochs: 37 500 steps. That is the preset `article`. This page takes 32×32 patches of ten photographs and asks which photograph a patch is from; it takes far fewer steps.

# %%
print(f"{len(images.train.x)} images to train with, {len(images.test.x)} to test with")
steps = settings.epochs * -(-len(images.train.x) // settings.batch_size)
print(f"{len(images.classes)} classes, {steps} steps of {settings.batch_size} images")

# %% [markdown]
# **As published, and correct.** The article's program differs from its text, and from the papers, in three ways:
#
# - *Moving averages for everything.* Batch norm ties the images of a batch together. So a prediction needs statistics from elsewhere: averages over the training set. Layer and instance norm look at one image and need no such thing. The program keeps averages for them too, one for each *position in the batch*, and predicts with those: the third image of a batch is normalised by the images that were third in the training batches.
# - *A frozen bias correction.* Adam's running means start at zero and are corrected for it by a factor that fades. The program never lets it fade.
# - *No shuffling.* Every epoch sees the same batches in the same order.
#
# We run both versions. Statistics for batch norm are [measured after each epoch](../derivations/normalize_by.md) from the training set; as published, the last batches weigh most, as in a moving average.


# %%
@dataclass(frozen=True)
class MeansGivenBack(WithoutWeights):
    """Instance norm, plus what it took off: each map's mean, normalised over the batch.

    An experiment and not a layer for use: it predicts by the statistics of the batch it predicts.
    """

    epsilon: float

    def __call__(
        self, arrays: dict[str, Any], x: Any, generator: np.random.Generator | None = None
    ) -> Any:
        height, width = x.shape[-3:-1]
        means = anp.sum(x, axis=(-3, -2), keepdims=True) / np.float32(height * width)
        return ops.instance_norm(x, self.epsilon) + ops.batch_norm(means, self.epsilon)


def between(scheme: str, way: str, settings: Settings) -> tuple[Layer, ...]:
    """The layers after the ReLU of the first five convolutions."""
    plain: dict[str, Any] = {"scale_and_shift": False, "epsilon": settings.epsilon}
    average = 0.9 if way == "published" else None
    known: dict[str, tuple[Layer, ...]] = {
        "none": (),
        "batch": (BatchNorm(**plain, moving_average=average or 1.0),),
        "layer": (LayerNorm(**plain, moving_average=average),),
        "instance": (InstanceNorm(**plain, moving_average=average),),
        "group": (GroupNorm(**plain, groups=settings.groups),),
        "box-cox": (BoxCox(start=2.0),),
        "he": (),  # none, with larger weights at the start
        "given-back": (MeansGivenBack(settings.epsilon),),  # an experiment of ours, further below
    }
    return known[scheme]


def network_of(scheme: str, way: str, settings: Settings, images: ImageSet) -> Sequential:
    """The six convolutions with a scheme between them."""
    shape = images.train.x.shape[1:]
    network = six_convolutions(shape, len(images.classes), between=between(scheme, way, settings))
    if scheme != "he":
        return network
    return Sequential(
        tuple(
            replace(layer, kernel_init=he_normal) if isinstance(layer, Conv2D) else layer
            for layer in network.layers
        )
    )


# %% [markdown]
# Every seed puts the training images into an order of its own, the same for all cases. (It matters more than one thinks. In `patches` the classes take turns. Without shuffling, each position in the batch would always hold the same class, and the published program's statistics by position would give the answer away.)
#
# The way `digit` is an experiment of ours that comes further below: the same patches with a handwritten digit drawn over each, and another question.


# %%
def ask(settings: Settings, way: str, seed: int) -> ImageSet:
    """The training images in this seed's order, the test images, and what is asked of them."""
    images = load_once(settings.data).first(settings.train_images, settings.test_images)
    generator = np.random.default_rng([seed, 2])
    order = generator.permutation(len(images.train.x))
    train_set = Dataset(images.train.x[order], images.train.y[order])
    if way != "digit":
        return replace(images, train=train_set)
    digits = load_once("digits")
    ink = 4 * train_set.x.std()
    train_set = with_digits(train_set, digits.train, ink, generator)
    test_set = with_digits(images.test, digits.test, ink, generator)
    return replace(images, train=train_set, test=test_set, classes=digits.classes)


def with_digits(
    half: Dataset, scans: Dataset, ink: float, generator: np.random.Generator
) -> Dataset:
    """The images with a random scan drawn into the middle of each; the scan's digit is the label."""
    chosen = generator.integers(len(scans.x), size=len(half.x))
    times = max(1, min(half.x.shape[1:3]) // 10)  # an 8×8 scan, so many times larger
    drawn = scans.x[chosen].repeat(times, axis=1).repeat(times, axis=2)
    (top, left) = (max(0, (side - 8 * times) // 2) for side in half.x.shape[1:3])
    x = half.x.copy()
    x[:, top : top + 8 * times, left : left + 8 * times] += np.float32(ink) * drawn
    return Dataset(x, scans.y[chosen])


# %% [markdown]
# The article shows four **signals** of each layer while it learns: the gradient of its weights, the gradient that it passes to the layer before, the weights themselves, and the weights minus their gradient. We take them from one batch, after each epoch, beside the training and without disturbing it. Two counts go with each: how many of the numbers are not exactly zero, and how many would be *seen* to be off zero, that is, lie outside the two middle bars of a histogram of 50 bars that just holds them all.

# %% tags=["evidence"]
SHOWN = ("weight gradient", "input gradient", "weight", "weight minus gradient")
BARS = 50


def shown_signals(
    network: Sequential, parameters: Parameters, batch: Dataset
) -> dict[str, list[np.ndarray]]:
    """The article's four signals for one batch, each with an array a layer."""
    taken = take_signals(network, parameters, batch.x, batch.y, softmax_cross_entropy)
    pairs = zip(taken["weight"], taken["weight gradient"], strict=True)
    taken["weight minus gradient"] = [weight - gradient for weight, gradient in pairs]
    return {name: taken[name] for name in SHOWN}


def tally(array: np.ndarray) -> tuple[float, float, float]:
    """The share that is not exactly zero, the share outside the middle bars, and the spread."""
    size = np.abs(array)
    visible = np.mean(size > size.max() / (BARS / 2)) if size.any() else 0.0
    return np.count_nonzero(array) / array.size, float(visible), float(array.std())


def kept_epochs(epochs: int) -> list[int]:
    """26 of the epochs at most: the first, the last, and evenly between."""
    return sorted({round(epoch) for epoch in np.linspace(0, epochs, 26)})


# %% [markdown]
# Accuracies on the training images are counted while the network trains, batch by batch, as in the article. The loss function sees every prediction, so it can count.


# %%
def right(prediction: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose largest number is that of their class."""
    return float(np.mean(prediction.argmax(axis=-1) == labels))


class CountingLoss:
    """Cross-entropy that also notes how many images of each training batch are right."""

    def __init__(self) -> None:
        self.noted: list[tuple[float, int]] = []

    def __call__(self, prediction: Any, labels: np.ndarray) -> Any:
        value = value_of(prediction)
        if value is not prediction:  # a gradient is wanted: this is training
            self.noted.append((right(value, labels), len(labels)))
        return softmax_cross_entropy(prediction, labels)

    def accuracy(self) -> float:
        """Of all images since the last call."""
        shares, counts = zip(*self.noted, strict=True) if self.noted else ((np.nan,), (1,))
        self.noted = []
        return float(np.average(shares, weights=counts))


def predict(network: Sequential, parameters: Parameters, x: np.ndarray, size: int) -> np.ndarray:
    """The prediction for many images, a batch at a time."""
    parts = [network(parameters.weights, x[i : i + size]) for i in range(0, len(x), size)]
    return np.concatenate(parts)


def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """One case, WAY-SCHEME, with one seed: what is kept of its training."""
    way, _, scheme = case.partition("-")
    images = ask(settings, way, seed)
    shape, size = images.train.x.shape[1:], settings.batch_size
    network = network_of(scheme, way, settings, images)
    for_weights, for_batches = (np.random.default_rng([seed, stream]) for stream in range(2))
    parameters = network.init(shape, for_weights)
    start = parameters.copy()
    adam = Adam(settings.learning_rate, epsilon=1e-9)
    if way == "published":
        adam, _ = as_published(adam, 0.0, shape, size)

    batch = Dataset(images.train.x[:size], images.train.y[:size])
    recorder, counting = Recorder(BARS), CountingLoss()
    losses, accuracies, tallies, exponents = [], [], [], []
    for epoch in train(
        network,
        parameters,
        images.train,
        images.test,
        optimizer=adam,
        epochs=settings.epochs,
        batch_size=size,
        generator=for_batches,
        loss=counting,
        shuffle=way != "published",
        metrics={"accuracy": right},
    ):
        losses.append((epoch.train_loss, epoch.test_loss))
        accuracies.append((counting.accuracy(), epoch.metrics["accuracy"]))
        learned = [layer["exponent"][0] for layer in parameters.weights if "exponent" in layer]
        exponents.append(learned)
        if epoch.number in kept_epochs(settings.epochs):
            signals = shown_signals(network, parameters, batch)
            tallies.append([[tally(array) for array in signals[name]] for name in SHOWN])
            if seed == 0:
                recorder.add(signals)

    # The published weights, tested once more: each image by its own statistics. And the published
    # test, of the images the network was trained on.
    retested = np.array([np.nan, np.nan])
    if way == "published" and scheme in ("layer", "instance"):
        own = network_of(scheme, "correct", settings, images)
        averaged = measured(network, parameters.weights, images.train.x, size)
        retested = np.array(
            [
                right(predict(tester, parameters, half.x, size), half.y)
                for tester, half in ((own, images.test), (averaged, images.train))
            ]
        )
    moved = [
        np.abs(end["kernel"] - begun["kernel"]).mean()
        for end, begun in zip(parameters.weights, start.weights, strict=True)
        if "kernel" in end
    ]
    kept = {
        "losses": np.array(losses),
        "accuracies": np.array(accuracies),
        "tallies": np.array(tallies),
        "exponents": np.array(exponents),
        "moved": np.array(moved),
        "retested": retested,
        "parameters": np.array(parameters.vector.size),
    }
    if seed == 0:
        recorded = recorder.arrays()
        places = [recorder.names.index(name) for name in SHOWN]  # it has an order of its own
        kept["histograms"] = recorded["histograms"][:, places]
        kept["ranges"] = recorded["ranges"][places]
    if scheme == "box-cox":
        kept["bent"] = before_box_cox(network, parameters, batch.x)
    return kept


def before_box_cox(network: Sequential, parameters: Parameters, x: np.ndarray) -> np.ndarray:
    """What reaches each Box-Cox transform: 4 000 numbers of each of the five, evenly taken."""
    inputs = [x, *network.outputs(parameters.weights, x)]
    places = [i for i, layer in enumerate(network.layers) if isinstance(layer, BoxCox)]
    rows = [inputs[i].ravel() for i in places]
    return np.array([row[np.linspace(0, row.size - 1, 4000).astype(int)] for row in rows])


# %%
NAMES = {
    "none": "none",
    "batch": "batch norm",
    "layer": "layer norm",
    "instance": "instance norm",
    "group": "group norm",
    "box-cox": "Box-Cox",
}
PUBLISHED = [f"published-{scheme}" for scheme in NAMES if scheme != "group"]
CORRECT = [f"correct-{scheme}" for scheme in NAMES]
OURS = ["correct-he", "correct-given-back"]
DIGITS = ["digit-batch", "digit-instance", "digit-given-back"]
results = session.sweep(run, [*PUBLISHED, *CORRECT, *OURS, *DIGITS], data=images.checksum)
session.about(results)

# %% [markdown]
# Figures show the mean over the seeds unless they say otherwise; the animations are of seed 0.
#
# ## Who learns, and what is learned


# %% tags=["collapse-input"]
COLOURS = dict(
    zip(NAMES, (GREY, PALETTE[0], PALETTE[2], PALETTE[1], PALETTE[5], PALETTE[3]), strict=True)
)
ONE_BY_ONE = np.arange(settings.epochs + 1)


def over_seeds(case: str, name: str) -> np.ndarray:
    """What the runs of a case kept under a name, a row a seed."""
    return np.array([results[case, seed][name] for seed in session.seeds])


def draw_lines(ax: Any, case: str, values: np.ndarray, x: Any = ONE_BY_ONE) -> None:
    """The mean over seeds as a line, their range as a band."""
    scheme = case.partition("-")[2]
    ax.plot(x, values.mean(0), color=COLOURS[scheme], label=NAMES[scheme])
    ax.fill_between(x, values.min(0), values.max(0), color=COLOURS[scheme], alpha=0.15, linewidth=0)


def curves(name: str, labels: tuple[str, str], **options: Any) -> Any:
    """Training and test, as published and correct: four panels."""
    figure, axes = new_figure(2, 2, height=5, sharex=True, sharey="row", **options)
    for row, cases, version in ((0, PUBLISHED, "as published"), (1, CORRECT, "correct")):
        for half, label in enumerate(labels):
            for case in cases:
                draw_lines(axes[row, half], case, over_seeds(case, name)[:, :, half])
            axes[row, half].set(title=f"{label}, {version}")
    for ax in axes[1]:
        ax.set(xlabel="epoch")
    figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside right center")
    return figure, axes


figure, axes = curves("accuracies", ("training accuracy", "test accuracy"))
axes[0, 0].set(ylim=(0, 1.02))
axes[1, 0].set(ylim=(0, 1.02))
session.show(
    figure,
    "accuracies",
    "The share of images that are named rightly: in training, over the batches of an epoch; in test, after it. Lines: mean over the seeds; bands: their range.",
)

# %% tags=["collapse-input"]
figure, axes = curves("losses", ("training loss", "test loss"))
for row in axes:
    row[0].set(yscale="log")
session.show(
    figure,
    "losses",
    "The losses behind those accuracies, on a logarithmic axis. A test loss above that of guessing means: wrong, and sure of it.",
)


# %% tags=["evidence"]
def of_late(results: dict, case: str, seed: int, half: int) -> float:
    """Accuracy over the last fifth of the epochs, two at least; half 0 trains, 1 tests."""
    accuracies = results[case, seed]["accuracies"][1:, half]
    return float(accuracies[-max(2, len(accuracies) // 5) :].mean())


# %% tags=["collapse-input"]
def late(case: str, half: int, results: dict = results) -> np.ndarray:
    """The same, a number a seed."""
    return np.array([of_late(results, case, seed, half) for seed in session.seeds])


def percent(values: np.ndarray) -> str:
    """Their mean and range, in percent."""
    low, mean, high = (100 * number for number in (values.min(), values.mean(), values.max()))
    return f"{mean:.0f} ({low:.0f}–{high:.0f})" if len(values) > 1 else f"{mean:.0f}"


session.table(
    ["", "training, published", "test, published", "training, correct", "test, correct"],
    [
        [
            NAMES[scheme],
            *(
                percent(late(f"{way}-{scheme}", half))
                if scheme != "group" or way == "correct"
                else "–"
                for way in ("published", "correct")
                for half in (0, 1)
            ),
        ]
        for scheme in NAMES
    ],
    f"Accuracy in percent at the end of training: mean and range over {len(session.seeds)} seeds. Group norm is not in the article.",
)

# %% [markdown]
# Batch norm, layer norm and group norm learn fastest. On average over the seeds instance norm comes after them, then no normalisation, and Box-Cox last. (So it is by accuracy. By the loss, above, no normalisation is ahead of instance norm.) That much of the article's picture we see, at less than a hundredth of its steps. In the test two things stand out. Without normalisation the network is *not* the best, neither as published nor done right. And one line tells two stories: instance norm sits at the bottom as published, and above no normalisation when correct, on average over the seeds, though both versions are learning the training images.
#
# How far would this change with more steps? Five epochs cannot say: in training nearly all of them still rise. `--epochs 50 --train-images 1000` goes on, and takes its time; [on real images and with more steps](../claims.md) instance norm catches up.
#
# ## Tested by other images' statistics
#
# A network with instance norm is one and the same function in both versions, as long as it trains. They differ in the test. As published, the third image of a batch is normalised by means and variances that were averaged over training images in third place. But what instance norm is there for is to take off what differs from image to image! With somebody else's statistics a map that should come out with mean 0 and variance 1 comes out with some mean and some variance, and so does the next layer's, five times over.
#
# How much do an image's statistics differ from the average? Here are those behind the first convolution, before any training.

# %%
untrained = network_of("none", "correct", settings, images)
drawn = untrained.init(images.train.x.shape[1:], np.random.default_rng(0))
first = Sequential(untrained.layers[:2])(drawn.weights[:2], images.train.x[:100])
for scheme, view in (("layer", ops.layer_sets), ("instance", ops.instance_sets)):
    _, variances = ops.moments(view(first))
    spreads = np.sqrt(variances)
    off = np.abs(spreads / spreads.mean(axis=0) - 1).mean()
    print(f"{scheme} norm: an image's spread is off the average by {off:.0%}, on average")

# %% [markdown]
# A single map's spread differs much from image to image. Over all 16 maps of an image that evens out (and the patches, as wholes, have been given the same spread beforehand). So the mistake should hurt instance norm more than layer norm.
#
# The decisive test needs no training. Take the published weights and test them twice: by averages, as the program did, and each image by its own statistics.

# %% tags=["collapse-input"]
session.table(
    ["", "test, by averages", "test, by its own", "training images, by averages"],
    [
        [
            NAMES[scheme],
            percent(over_seeds(f"published-{scheme}", "accuracies")[:, -1, 1]),
            percent(over_seeds(f"published-{scheme}", "retested")[:, 0]),
            percent(over_seeds(f"published-{scheme}", "retested")[:, 1]),
        ]
        for scheme in ("layer", "instance")
    ],
    "One network, the same trained weights: accuracy in percent when an image is normalised by averages over training images at its position in a batch, and by its own statistics. Last column: the very images it was trained on, by averages.",
)

# %% [markdown]
# The weights are the same in both columns. So the collapse is nothing that instance norm has learned. It is the way it is asked. The last column takes away the last doubt: asked that way, the network does not even know the images it was trained on.
#
# **Layer norm and instance norm need no moving averages.** Where you see a library keep some, ask what for.
#
# ## The four signals
#
# The article explains the speed by gradients. Here are its four animations for every network. Look at the weight gradients without normalisation, then with batch norm. Without it every layer begins as one bar at zero, and it takes some epochs until the bars have spread. With batch norm they are spread from the first batch on. It looks as if the first network stood still at the start. Does it?


# %% tags=["collapse-input"]
def moving_signals(case: str, signal: str) -> Animation:
    """The histograms of one signal in all six layers, an epoch a frame."""
    record = results[case, 0]
    place = SHOWN.index(signal)
    way, _, scheme = case.partition("-")
    name = f"{NAMES[scheme]}, {'as published' if way == 'published' else 'correct'}"
    return histogram_animation(
        record["histograms"][:, place],
        record["ranges"][place],
        [f"epoch {epoch}" for epoch in kept_epochs(settings.epochs)],
        title=f"{signal}: {name}",
        alt=f"Six panels, one for each layer: a histogram of the layer's {signal}, from epoch to epoch, in the network with {name}.",
        x_label=signal,
    )


session.choose(
    moving_signals,
    {
        "network": {
            **{case: f"{NAMES[case.partition('-')[2]]}, as published" for case in PUBLISHED},
            **{case: f"{NAMES[case.partition('-')[2]]}, correct" for case in CORRECT},
        },
        "signal": {
            "weight gradient": "gradient of the weights",
            "input gradient": "gradient passed on",
            "weight": "weights",
            "weight minus gradient": "weights minus gradient",
        },
    },
    "signals",
    "The article's four animations, for every network. Choose the network and the signal; play it, stop it, move through the epochs with the arrow keys. Mind the axes: each network has its own.",
)

# %% [markdown]
# ### How many are zero?
#
# The article counts by eye: few bars off zero mean many zero gradients, and zero gradients mean weights that do not move. Let us count with numbers. There are two ways: gradients that are *exactly* zero, as behind a unit that ReLU has silenced; and gradients that a histogram cannot tell from zero, because they are small beside the largest.

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 3, height=3)
for ax, signal, count, title in (
    (axes[0], 0, 0, "weight gradients not exactly 0"),
    (axes[1], 0, 1, "weight gradients off the middle bars"),
    (axes[2], 1, 1, "input gradients off the middle bars"),
):
    for case in PUBLISHED:
        shares = 100 * over_seeds(case, "tallies")[:, :, signal, :, count].mean(-1)
        draw_lines(ax, case, shares, kept_epochs(settings.epochs))
    ax.set(title=title, xlabel="epoch", ylim=(0, 105))
    ax.locator_params(axis="x", integer=True)
axes[0].set(ylabel="% of numbers, mean of 6 layers")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
session.show(
    figure,
    "zeros",
    "How many gradients are not zero while the published networks learn: exactly, and as a histogram of 50 bars shows it.",
)

#
# %% [markdown]
# <div class="guess">
#
# **What do you expect?** Before training, the weight gradients of the network without normalisation are about a hundredth of those with batch norm, or less. All are trained with Adam. How far do its weights in the first layers move until the end, beside those with batch norm?
#
# <details class="option"><summary>No less far</summary>
#
# **Yes**. For Adam the size of a gradient hardly counts. So small gradients are not why this network learns more slowly.
#
# </details>
# <details class="option"><summary>About a tenth</summary>
#
# Something between seems safe. The next picture has the ratio of the gradients on the left, and the way of the weights on the right.
#
# </details>
# <details class="option"><summary>A hundredth of the way</summary>
#
# So plain gradient descent would begin. But Adam divides each gradient by its own running size.
#
# </details>
# </div>

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 3, height=3)
layers = np.arange(1, 7)
for case in PUBLISHED:
    spread = over_seeds(case, "tallies")[:, :, 0, :, 2]
    draw_lines(axes[0], case, spread[:, 0], layers)
    draw_lines(axes[1], case, spread[:, -1], layers)
    draw_lines(axes[2], case, over_seeds(case, "moved") / 0.05, layers)
axes[0].set(yscale="log", title="weight gradient at the start", ylabel="standard deviation")
axes[1].set(yscale="log", title="and at the end")
axes[2].set(title="mean change of a weight", ylabel="in spreads of the start", ylim=(0, None))
for ax in axes:
    ax.set(xlabel="layer", xticks=layers)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
session.show(
    figure,
    "scale",
    "How large the gradients are, and how far the weights move, in the six layers of the published networks.",
)

# %% [markdown]
# Exactly zero gradients are rare: there are none in the networks with batch, layer and instance norm. A weight of a convolution collects its gradient from every pixel of every image, and it is zero only where a whole channel has died. Without normalisation, and with Box-Cox, that happens in the last layers. What the eye sees as zero is *small beside the largest*, and there the article has seen rightly: normalised networks have fewer such weight gradients, instance norm fewest. Box-Cox has more here, not fewer.
#
# Does it explain the speed? The panels above say no. At the start the gradients without normalisation are smaller than those of batch norm, by a factor of a hundred or more. But Adam divides each gradient by its own running size, and a gradient a hundred times smaller makes the same step. So, but for the last layers, the weights of the plain network move no less than the others'. In the first layers they move *more*. They move, and learn less by it.
#
# Why were the gradients so small? Because the activations were: with weights from $\mathcal N(0, 0.05^2)$ each layer hands on about half of the spread it gets, or less ([printed here](penalties.ipynb#accuracy)), and after six of them next to nothing of the image is left in the output. Normalisation sets the spread back to 1 after each layer. So could a better start alone. **He's weights** have a spread of $\sqrt{2/\text{inputs}}$, which keeps the size of activations behind a ReLU.

# %% tags=["collapse-input"]
session.table(
    ["", "training", "test"],
    [
        [words, percent(late(case, 0)), percent(late(case, 1))]
        for words, case in (
            ("none, weights from N(0, 0.05²)", "correct-none"),
            ("none, He's weights", "correct-he"),
            ("batch norm, weights from N(0, 0.05²)", "correct-batch"),
        )
    ],
    "Accuracy in percent at the end of training, all three trained correctly: mean and range over the seeds.",
)

# %% [markdown]
# A better start alone closes most of the gap in training and a good part of it in the test. It was the scale that was wrong, not a number of zeros. What is left may be what a start cannot do: it is set once, while a normalisation holds the scale at every step. Or it is something else that batch norm brings, such as the noise of its batches. We have not taken these apart.
#
# Why does the scale of the activations matter, if Adam does not care for the scale of the gradients? This page does not settle it. One guess: as long as the activations are tiny all images look alike to the last layer, and the first steps go into making them larger. Santurkar and others (2018) have another answer for batch norm: the loss becomes smoother.
#
# ## What Box-Cox does
#
# A power transform is to make a lopsided distribution more like a normal one. What can it do behind a ReLU? About half of the numbers are exactly zero, and whatever λ is, zero stays zero. The rest has a long tail to the right, which a λ below 1 would pull in.
#
# There are two ways to find λ. A statistician takes the one that makes the result most likely under a normal distribution: `scipy.stats.boxcox` does that. A network takes the one that makes its loss small. Here are both, on the same numbers.

# %% tags=["collapse-input"]
bent = results["correct-box-cox", 0]["bent"].astype(np.float64)
learned = results["correct-box-cox", 0]["exponents"][-1]


def transformed(x: np.ndarray, power: float) -> np.ndarray:
    """The Box-Cox transform of 1 + x."""
    return ops.box_cox(x, np.array([power]))


def most_normal(x: np.ndarray) -> tuple[np.ndarray, float]:
    """The Box-Cox transform of 1 + x by scipy's λ, and that λ; a dead layer has none."""
    if x.min() == x.max():
        return x, np.nan
    fitted, best = stats.boxcox(x + 1)
    return fitted, float(best)


shown_layer = 2
x = bent[shown_layer]
fitted, best = most_normal(x)
histograms = {
    "after ReLU": x,
    f"the layer's own λ = {learned[shown_layer]:.2f}": transformed(x, learned[shown_layer]),
    f"scipy's λ = {best:.2f}": fitted,
}
figure, axes = new_figure(1, 3, height=2.6)
for ax, (name, values), colour in zip(axes, histograms.items(), (GREY, *PALETTE), strict=False):
    ax.hist(values, bins=60, color=colour, weights=np.full(values.size, 100 / values.size))
    ax.set(title=name, yscale="log")
axes[0].set(ylabel="% of numbers")
session.show(
    figure,
    "box-cox",
    f"What reaches the transform of layer {shown_layer + 1} after training, what that transform makes of it, and what scipy's λ would. The tall bar at the left is what ReLU has set to zero. Seed 0.",
)

# %% tags=["collapse-input"]
rows = []
for layer, (x, power) in enumerate(zip(bent, learned, strict=True), 1):
    fitted, best = most_normal(x)
    skewness = [stats.skew(values) for values in (x, transformed(x, power), fitted)]
    rows.append(
        [
            str(layer),
            f"{np.mean(x == 0):.0%}",
            f"{power:.3f}",
            f"{best:.2f}",
            *(f"{value:.2f}" for value in skewness),
        ]
    )
session.table(
    [
        "layer",
        "zeros",
        "learned λ",
        "scipy's λ",
        "skewness before",
        "by the learned λ",
        "by scipy's",
    ],
    rows,
    "After training, seed 0. Skewness is 0 for a symmetric distribution and positive for one with a long tail to the right.",
)

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 2, height=2.8, sharey=True)
for ax, way in zip(axes, ("published", "correct"), strict=True):
    exponents = over_seeds(f"{way}-box-cox", "exponents")
    for layer, colour in enumerate(sequence(5)):
        for seed, values in enumerate(exponents[:, :, layer]):
            label = None if seed else f"layer {layer + 1}"
            ax.plot(ONE_BY_ONE, values, color=colour, linewidth=0.8, label=label)
    ax.set(title="as published" if way == "published" else way, xlabel="epoch")
axes[0].set(ylabel="λ")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
session.show(
    figure,
    "exponents",
    "The five learned exponents of the Box-Cox network, a line for each seed. All start at 2.",
)

# %% [markdown]
# They could hardly differ more. scipy wants a λ far below zero. The network begins at 2, where $y = x + x^2/2$: that *stretches* the tail, five times in a row, and the numbers leave more lopsided than they came. (Squares of squares of squares: the spikes in its loss may be made of them.) The loss has no wish to make anything normal. And λ barely moves: all of its way fits into a few hundredths, since a step of Adam is at most about the learning rate and the steps do not agree on a direction.
#
# So the soft normalisation of the article does the opposite of what it is meant to do. With λ = 1 throughout, this network would be the one without normalisation: a λ near 2 is all that sets them apart. Here it costs some points, in the published program the most; but seeds differ by as much. In the longer runs [on real images](../claims.md) it *gains* a few. A guess: a stretched tail makes activations larger, and in this network they start too small. `BoxCox(start=0.0)` would begin at the logarithm, which does pull the tail in.
#
# ## Does instance norm collapse?
#
# As published it does, and we know why: it is tested by other images' statistics. Done right it does not. But one thing is left to explain. On the patches, instance norm is still behind batch and layer norm in the test, and behind batch norm by more than it is in training. Why?
#
# Our suspicion is what it throws away. Each map of each image loses its mean and its spread: how much of a colour there is, how rough a texture. Layer norm keeps the balance between channels, batch norm keeps all differences between images. And which photograph a patch is from *is* a question of colour and texture. Three experiments can prove us wrong:
#
# 1. *Look at nothing else.* Take the first convolution with its random weights, keep of each image the mean and the spread of the 16 maps, and fit a linear classifier to these 32 numbers. If they know little, it fails.
# 2. *Give the means back.* After each instance norm, add to every map the mean that was taken off (normalised over the batch, so that the scale stays what it was). If the means are what is missing, the gap closes.
# 3. *Ask something else about the same patches.* We draw a handwritten digit over each patch and ask for the digit. Now the answer lies in where the ink is, and hardly in how much of what there is. If giving the means back helps here too, it is simply a better layer, and our explanation is wrong.
#
# <div class="guess">
#
# **What do you expect?** Instance norm that is given its means back: how will it name the digits, beside instance norm as it is?
#
# <details class="option"><summary>Equally well</summary>
#
# A careful guess, for the means hardly tell one digit from another. But look at the last two rows below.
#
# </details>
# <details class="option"><summary>Worse</summary>
#
# **Yes**, in the few epochs of this page. So it is not simply a better layer. What it gives back is of use where the question is the photograph.
#
# </details>
# <details class="option"><summary>Better</summary>
#
# It would be, if this were simply a better layer. That is what the third experiment asks.
#
# </details>
# </div>


# %%
def discarded(settings: Settings, seed: int) -> float:
    """Test accuracy of a linear classifier that sees only what instance norm throws away.

    The first convolution has its random weights. Of each image it gives 16 maps; what is kept is
    the mean and the standard deviation of each, 32 numbers. A linear least-squares fit, with a
    little ridge, names the class.
    """
    images = ask(settings, "correct", seed)
    network = network_of("none", "correct", settings, images)
    parameters = network.init(images.train.x.shape[1:], np.random.default_rng([seed, 0]))
    first = Sequential(network.layers[:2])
    halves = []
    for x in (images.train.x, images.test.x):
        parts = [first(parameters.weights[:2], x[i : i + 100]) for i in range(0, len(x), 100)]
        kept = [np.concatenate([p.mean((1, 2)), p.std((1, 2))], axis=-1) for p in parts]
        halves.append(np.concatenate(kept).astype(np.float64))
    mean, spread = halves[0].mean(0), halves[0].std(0) + 1e-9
    known, new = (np.c_[(half - mean) / spread, np.ones(len(half))] for half in halves)
    wanted = np.eye(len(images.classes))[images.train.y]
    ridge = 0.01 * len(known) * np.eye(known.shape[1])
    weights = np.linalg.solve(known.T @ known + ridge, known.T @ wanted)
    return right(new @ weights, images.test.y)


# %% tags=["collapse-input"]
from_statistics = np.array([discarded(settings, seed) for seed in session.seeds])
session.table(
    ["what is asked", "what sees the patch", "training", "test"],
    [
        ["which class?", "batch norm", percent(late("correct-batch", 0)), percent(late("correct-batch", 1))],
        ["which class?", "instance norm", percent(late("correct-instance", 0)), percent(late("correct-instance", 1))],
        ["which class?", "instance norm, means given back", percent(late("correct-given-back", 0)), percent(late("correct-given-back", 1))],
        ["which class?", "only 32 discarded numbers, linear", "–", percent(from_statistics)],
        ["which digit?", "batch norm", percent(late("digit-batch", 0)), percent(late("digit-batch", 1))],
        ["which digit?", "instance norm", percent(late("digit-instance", 0)), percent(late("digit-instance", 1))],
        ["which digit?", "instance norm, means given back", percent(late("digit-given-back", 0)), percent(late("digit-given-back", 1))],
    ],
    "Accuracy in percent at the end of training: mean and range over the seeds. The class of a patch is its photograph. (The means that are given back are normalised over the batch, in the test as well.)",
)  # fmt: skip

# %% [markdown]
# All three come out as the suspicion says. The 32 discarded numbers, with no learned filter behind them, name test patches better than the whole trained network that discards them. With the means given back the network comes close to batch norm. And the same layer, on the same patches, with as many steps, does *worse* when asked for the digit. So it is not simply a better layer: what it gives back is of use where the question is the photograph.
#
# How sure are we? That the *collapse* is the moving averages: as sure as one can be, for the weights are the same. That the discarded means make the gap in the class of a patch: quite sure, at this size. It is not all there is to say. Batch norm, which leaves the images their means, is ahead of instance norm in the digits too, by less. That part is not the means: instance norm learns more slowly here. With more steps it goes: in the longer runs both name 94 % of the digits, and [the verdicts](../claims.md) show their difference (Z8).
#
# And a question about style is a special question. With photographs of things, where arrangement matters more, try `--data` with CIFAR-10 and see whether instance norm is last at all.
#
# Its inventors used it to *remove* the style of a picture (Ulyanov and others 2016). It does.
#
# ## What the article said, and what came out
#
# Each claim is taken apart into numbers that every seed yields, each with a bound: the least, as we read it, that the claim can mean. A number supports the claim (✓) if the whole interval over the seeds keeps the bound, contradicts it (✗) if none of the interval does, and leaves it open (?) otherwise. *Holds* means that all numbers support the claim, *does not hold* that all contradict it, *depends* that they differ: the claim is *right in part* where some support it and some contradict it; where some are open, it is *supported in part*, *wrong in part*, or *open* altogether. An *artefact* is what goes away once the suspected cause is removed. [Curve fitting](curve.ipynb) explains the intervals; with three seeds they are the range. (The page [on all claims](../claims.md) judges other, recorded runs, and is stricter: it allows for luck among many numbers, and puts a mark in brackets where luck may have made it. Its numbers and its word stand beside ours in the table, and can differ.)


# %% tags=["evidence", "claims"]
def share(results: dict, case: str, seed: int, signal: str, count: int) -> float:
    """The mean share over layers and epochs: 0 not exactly zero, 1 off the middle bars."""
    return float(results[case, seed]["tallies"][:, SHOWN.index(signal), :, count].mean())


def beyond(results: dict, seed: int, scheme: str, others: tuple[str, ...], count: int) -> float:
    """How much larger the share of weight gradients is than in any of the others."""
    of = {
        each: share(results, f"published-{each}", seed, "weight gradient", count)
        for each in (scheme, *others)
    }
    return of[scheme] - max(of[each] for each in others)


def below_all(results: dict, seed: int, scheme: str, others: tuple[str, ...], count: int) -> float:
    """How much smaller the share is than in any of the others."""
    of = {
        each: share(results, f"published-{each}", seed, "weight gradient", count)
        for each in (scheme, *others)
    }
    return min(of[each] for each in others) - of[scheme]


def early_zeros(results: dict, seed: int) -> float:
    """Without normalisation: the share of exact zeros over the first third of training."""
    tallies = results["published-none", seed]["tallies"]
    return float(1 - tallies[: max(1, len(tallies) // 3), 0, :, 0].mean())


def moved_in_the_middle(results: dict, seed: int) -> float:
    """The mean change of a weight in layers 2 to 4, in spreads of the start."""
    return float(results["published-none", seed]["moved"][1:4].mean() / 0.05)


def at_130(results: dict, scheme: str, seed: int) -> float:
    """Training accuracy where the article's epoch 130 of 150 would be."""
    accuracies = results[f"published-{scheme}", seed]["accuracies"][:, 0]
    return float(accuracies[round(130 / 150 * settings.epochs)])


def ahead(results: dict, seed: int, way: str, first: str, second: tuple[str, ...]) -> float:
    """By how much the test accuracy of the first is above that of the best of the others."""
    best = max(of_late(results, f"{way}-{scheme}", seed, 1) for scheme in second)
    return of_late(results, f"{way}-{first}", seed, 1) - best


def batch_ahead_of_own(results: dict, seed: int) -> float:
    """Batch norm's test accuracy minus layer norm's, which is tested by each image's own statistics."""
    batch, layer = (results[f"published-{scheme}", seed] for scheme in ("batch", "layer"))
    return float(batch["accuracies"][-1, 1] - layer["retested"][0])


def parameters_of(results: dict, seed: int, scheme: str) -> int:
    return int(results[f"published-{scheme}", seed]["parameters"])


NORMS = ("batch", "layer", "instance")
claims = [
    Claim(
        "Z1",
        "Without normalisation most gradients sit at zero, and the weights of layers 2 to 4 hardly move.",
        (
            Evidence("share of weight gradients that are exactly zero", lambda r, s: 1 - share(r, "published-none", s, "weight gradient", 0), above=0.5),
            Evidence("share of weight gradients in the two middle bars", lambda r, s: 1 - share(r, "published-none", s, "weight gradient", 1), above=0.5),
            Evidence("share of input gradients in the two middle bars", lambda r, s: 1 - share(r, "published-none", s, "input gradient", 1), above=0.5),
            Evidence("mean change of a weight in layers 2 to 4 / its spread at the start", moved_in_the_middle, below=0.1),
        ),
        comment="Hardly any are zero; many are small beside the largest. And the weights move a good way.",
    ),
    Claim(
        "Z2",
        "Batch norm raises the number of non-zero gradients, and this is why it trains faster.",
        (
            Evidence("weight gradients not exactly zero: batch norm minus none", lambda r, s: beyond(r, s, "batch", ("none",), 0), above=0),
            Evidence("weight gradients off the middle bars: batch norm minus none", lambda r, s: beyond(r, s, "batch", ("none",), 1), above=0),
            Evidence("training accuracy: batch norm minus none", lambda r, s: of_late(r, "published-batch", s, 0) - of_late(r, "published-none", s, 0), above=0),
            Evidence("the cause: share of exact zeros without normalisation in the first third of training", early_zeros, above=0.1),
        ),
        comment="More of them can be seen, and it does train faster; but with so few zeros they are not why. A better start alone closes much of the gap.",
    ),
    Claim(
        "Z3",
        "Layer norm raises the number of non-zero gradients too.",
        (
            Evidence("weight gradients not exactly zero: layer norm minus none", lambda r, s: beyond(r, s, "layer", ("none",), 0), above=0),
            Evidence("weight gradients off the middle bars: layer norm minus none", lambda r, s: beyond(r, s, "layer", ("none",), 1), above=0),
        ),
    ),
    Claim(
        "Z4",
        "Instance norm raises it most.",
        (
            Evidence("weight gradients not exactly zero: instance norm minus the most of the others", lambda r, s: beyond(r, s, "instance", ("none", "batch", "layer", "box-cox"), 0), above=0),
            Evidence("weight gradients off the middle bars: instance norm minus the most of the others", lambda r, s: beyond(r, s, "instance", ("none", "batch", "layer", "box-cox"), 1), above=0),
        ),
        comment="To the eye, yes. By count, the three norms have no zeros to tell them apart.",
    ),
    Claim(
        "Z5",
        "Box-Cox raises it, less than the others.",
        (
            Evidence("weight gradients not exactly zero: Box-Cox minus none", lambda r, s: beyond(r, s, "box-cox", ("none",), 0), above=0),
            Evidence("weight gradients off the middle bars: Box-Cox minus none", lambda r, s: beyond(r, s, "box-cox", ("none",), 1), above=0),
            Evidence("weight gradients not exactly zero: the least of batch, layer and instance norm minus Box-Cox", lambda r, s: below_all(r, s, "box-cox", NORMS, 0), above=0),
            Evidence("weight gradients off the middle bars: the least of batch, layer and instance norm minus Box-Cox", lambda r, s: below_all(r, s, "box-cox", NORMS, 1), above=0),
        ),
        comment="Less than the others, yes; but less than no normalisation too.",
    ),
    Claim(
        "Z6",
        "Batch, layer and instance norm pass 95 % training accuracy before epoch 130 of 150; none and Box-Cox hardly pass 60 %.",
        (
            Evidence("the lowest training accuracy of the three at 130/150 of the training", lambda r, s: min(at_130(r, scheme, s) for scheme in NORMS), above=0.95),
            Evidence("the higher training accuracy of none and Box-Cox at the end", lambda r, s: max(of_late(r, f"published-{scheme}", s, 0) for scheme in ("none", "box-cox")), below=0.65),
            Evidence("the lowest of the three minus the higher of the two, at the end", lambda r, s: min(of_late(r, f"published-{scheme}", s, 0) for scheme in NORMS) - max(of_late(r, f"published-{scheme}", s, 0) for scheme in ("none", "box-cox")), above=0.2),
        ),
        comment="On this page a hundred steps or so, too few for 95 %.",
    ),
    Claim(
        "Z7",
        "The network without normalisation has the best test accuracy.",
        (
            Evidence("test accuracy as published: none minus the best of the others", lambda r, s: ahead(r, s, "published", "none", (*NORMS, "box-cox")), above=0),
            Evidence("test accuracy, all correct: none minus the best of the others", lambda r, s: ahead(r, s, "correct", "none", (*NORMS, "box-cox")), above=0),
        ),
        comment="At the same number of steps.",
    ),
    Claim(
        "Z8",
        "The fewer statistics a scheme computes, the better it generalises: batch norm (16 a layer) before layer norm (20) before instance norm (320).",
        (
            Evidence("test accuracy as published: batch norm minus layer norm", lambda r, s: ahead(r, s, "published", "batch", ("layer",)), above=0),
            Evidence("test accuracy as published: layer norm minus instance norm", lambda r, s: ahead(r, s, "published", "layer", ("instance",)), above=0),
            Evidence("test accuracy, all correct: batch norm minus layer norm", lambda r, s: ahead(r, s, "correct", "batch", ("layer",)), above=0),
            Evidence("test accuracy, all correct: layer norm minus instance norm", lambda r, s: ahead(r, s, "correct", "layer", ("instance",)), above=0),
            Evidence("test accuracy, all correct: layer norm minus group norm (80 statistics a layer)", lambda r, s: ahead(r, s, "correct", "layer", ("group",)), above=0),
            Evidence("test accuracy, asked for a digit: batch norm minus instance norm", lambda r, s: ahead(r, s, "digit", "batch", ("instance",)), above=0),
        ),
        without=Evidence("without the cause: batch norm minus layer norm, whose published weights are tested by own statistics", batch_ahead_of_own, above=0),
        comment="Much of the published order is the moving averages. Tested rightly, instance norm is the last of the norms when asked for the photograph, but the number of statistics is not the reason: group norm has four times as many as layer norm, and is not behind it.",
    ),
    Claim(
        "Z9",
        "All networks have the same number of parameters.",
        (
            Evidence("parameters: the most of batch, layer and instance norm minus none", lambda r, s: max(parameters_of(r, s, scheme) for scheme in NORMS) - parameters_of(r, s, "none"), below=0.5),
            Evidence("parameters: Box-Cox minus none", lambda r, s: parameters_of(r, s, "box-cox") - parameters_of(r, s, "none"), below=0.5),
        ),
        comment="Box-Cox has an exponent for each of five layers.",
    ),
]  # fmt: skip

# %%
session.judge(claims, results)

# %% [markdown]
# The same experiment was also run on real images, with more steps and five seeds. [There](../claims.md) instance norm no longer shows the most gradients off zero, and, tested rightly, it comes within a few points of layer norm. The network without normalisation catches up with the others for as long as it is trained. Box-Cox, behind it here, is ahead of it there, by two or three points on average. What the moving averages do to instance norm is the same.
#
# ## In short
#
# The three questions of the beginning:
#
# 1. **Which numbers share a mean** is [all that sets](#which-numbers-share-a-mean) batch, layer, instance and group norm apart.
# 2. **The gradient** that passes through loses [two directions](#the-gradient-and-what-it-cannot-do): its mean over the set, and its part along the output. Whether that helps to learn faster we have not tested. That fewer of its numbers are zero does not: the activations had the wrong [scale](#how-many-are-zero), and a better start alone mends most of that in training.
# 3. **What is thrown away** is the mean and the spread of each set. For instance norm that is the style of an image, which costs where [style is what one asks for](#does-instance-norm-collapse). Its collapse in the article is something else: a [test by other images' statistics](#tested-by-other-images-statistics).
#
# ## What can be learned from this
#
# - **Ask which numbers share a mean.** The rest of a normalisation follows from that: what its gradient cannot do, and what information is gone.
# - **A histogram hides its scale.** "Zero" was "small beside the largest", and the axes held the news.
# - **A test can fail where a network does not.** Same weights, two ways of testing, two opposite conclusions.
# - **A name is not a deed.** A Box-Cox transform that starts at λ = 2 makes nothing more normal.
#
# ## Exercises
#
# Try each before you open a hint, and a hint before the solution. Write what an exercise asks for into a file of your own, say `mine.py`, and have it checked:
#
# ```sh
# microgrand exercise normalization 1 mine.py
# ```
#
# Your file may use whatever this lesson imports and defines: its functions, its classes and its constants in capitals, but none of its results, for nothing is trained first. Solutions and checks have run on this page, and would have failed the build if they were wrong.
#
# **1. Count.** A batch of 20 images leaves the first layer as maps of 32×32 pixels in 16 channels. How many means does each scheme compute there, and from how many numbers each? Answer in two dictionaries, `means` and `numbers`, with the keys `"batch"`, `"layer"`, `"instance"` and `"group"` (four groups).
#
# <details class="hint"><summary>Hint</summary>
#
# Batch norm has a mean for each channel, layer norm one for each image, instance norm one for each map, group norm one for each image and group. All the numbers are shared out among the means.
#
# </details>

# %% tags=["solution"]
means = {"batch": 16, "layer": 20, "instance": 20 * 16, "group": 20 * 4}
numbers = {scheme: 20 * 32 * 32 * 16 // count for scheme, count in means.items()}

# %% tags=["check"]
activations = np.random.default_rng(0).normal(size=(20, 32, 32, 16))
views = {
    "batch": ops.batch_sets(activations),
    "layer": ops.layer_sets(activations),
    "instance": ops.instance_sets(activations),
    "group": ops.group_sets(activations, 4),
}
assert views.keys() == means.keys() == numbers.keys(), f"the keys should be {', '.join(views)}"
for scheme, view in views.items():
    counted = ops.moments(view)[0].size
    print(f"{scheme}: {counted} means, each of {activations.size // counted} numbers")
    assert means[scheme] == counted, f"{scheme} norm has another number of means"
    assert numbers[scheme] * counted == activations.size, f"{scheme} norm: means of other numbers"

# %% [markdown]
# **2. A bias that cannot learn.** The convolutions here have no biases. Build a small network that begins with `Conv2D(4, bias=True)` and `BatchNorm(False, 1e-12)` (no scale and shift, next to no ε), feed it a batch of random images in float64, and let the library differentiate the loss. Call the gradients of the first layer `of_kernel` and `of_bias`. What do you see? Which of the two facts about gradients explains it?
#
# <details class="hint"><summary>Hint</summary>
#
# `value_and_grad` of `microgrand.tape` takes a function of the layers' arrays and returns one of the parameters. After the batch norm a `ReLU` and a `GlobalAveragePool`, both of `microgrand.layers`, and the cross-entropy will do. A network's `init` takes `np.float64` as its third argument, and the gradients lie in `.weights[0]`.
#
# </details>

# %% tags=["solution"]
from microgrand.layers import GlobalAveragePool, ReLU
from microgrand.tape import value_and_grad

small = Sequential((Conv2D(4, bias=True), BatchNorm(False, 1e-12), ReLU(), GlobalAveragePool()))
parameters = small.init((8, 8, 3), np.random.default_rng(0), np.float64)
pictures = np.random.default_rng(1).normal(size=(20, 8, 8, 3))
labels = np.random.default_rng(2).integers(4, size=20)
_, its = value_and_grad(lambda weights: softmax_cross_entropy(small(weights, pictures), labels))(
    parameters
)
of_kernel, of_bias = its.weights[0]["kernel"], its.weights[0]["bias"]
# A bias is added to all numbers of a set. Its gradient is their sum, and that is zero.
print(f"largest gradient: kernel {np.abs(of_kernel).max():.1e}, bias {np.abs(of_bias).max():.1e}")

# %% tags=["check"]
assert np.shape(of_kernel)[-1:] == np.shape(of_bias) == (4,), (
    "`of_bias` should have a number a filter, and there are four"
)
assert np.abs(of_kernel).max() > 1e-6, "the kernel should have a gradient"
assert np.abs(of_bias).max() < 1e-9 * np.abs(of_kernel).max(), (
    "the bias has a gradient: does it stand right before the batch norm, and is all in float64?"
)

# %% [markdown]
# **3. Larger weights, smaller gradients.** Multiply the kernel before batch norm by a factor, say 10. What happens to the loss, and to the kernel's gradient? And what is $\sum w \cdot \partial L/\partial w$ over one filter? Write `at_factor(factor)`: it returns the loss, the multiplied kernel and its gradient, for a small network as in exercise 2, in float64. Conclude: in plain gradient descent such a kernel can only grow, and the more it has grown the less it turns.
#
# <details class="hint"><summary>Hint</summary>
#
# Normalised, a factor is gone: the loss does not depend on it. Differentiate $L(cw) = L(w)$ by $w$, and by $c$ at $c = 1$.
#
# </details>

# %% tags=["solution"]
from microgrand.layers import GlobalAveragePool, ReLU
from microgrand.tape import value_and_grad


def at_factor(factor: float) -> tuple[float, np.ndarray, np.ndarray]:
    layers = (Conv2D(4), BatchNorm(False, 1e-12), ReLU(), GlobalAveragePool())
    small = Sequential(layers)
    parameters = small.init((8, 8, 3), np.random.default_rng(0), np.float64)
    parameters.weights[0]["kernel"] *= factor
    pictures = np.random.default_rng(1).normal(size=(20, 8, 8, 3))
    labels = np.random.default_rng(2).integers(4, size=20)
    loss, gradient = value_and_grad(
        lambda arrays: softmax_cross_entropy(small(arrays, pictures), labels)
    )(parameters)
    return float(loss), parameters.weights[0]["kernel"], gradient.weights[0]["kernel"]


# %% tags=["check"]
(loss, kernel, its_gradient), (larger_loss, larger, larger_gradient) = map(at_factor, (1, 10))
assert np.allclose(larger, 10 * kernel), "the second kernel should be ten times the first"
assert np.abs(its_gradient).max() > 1e-6, "the kernel should have a gradient"
assert np.isclose(loss, larger_loss), "the loss should not change: is a batch norm behind it?"
assert np.allclose(larger_gradient, its_gradient / 10, atol=1e-9), (
    "the gradient is not a tenth: is the ε of the batch norm next to nothing?"
)
products = (kernel * its_gradient).sum(axis=(0, 1, 2))
print(f"Σ w ∂L/∂w of each filter: {np.abs(products).max():.0e} at most")
# The gradient is orthogonal to the kernel. A step along it makes the kernel longer: Pythagoras.
assert np.abs(products).max() < 1e-9, (
    "gradient and kernel should be orthogonal, filter by filter: is all in float64?"
)
stepped = kernel - 0.1 * its_gradient
assert np.all((stepped**2).sum((0, 1, 2)) > (kernel**2).sum((0, 1, 2))), (
    "a step does not lengthen it"
)

# %% [markdown]
# **4. The long form.** Write the gradient of a normalisation as Ioffe and Szegedy have it: first for the variance, then for the mean (which acts on the variance too), then for the inputs along three paths. Write it as `long_gradient(g, x, epsilon)`, where each column of $x$ is a set and $g$ is the gradient that arrives. The check holds it against the library's short form.
#
# <details class="hint"><summary>Hint</summary>
#
# $\partial\hat x/\partial v = -\frac12 (x - \mu)(v + \varepsilon)^{-3/2}$, $\ \partial v/\partial x = \frac2m (x - \mu)$ and $\partial\mu/\partial x = \frac1m$, for $m$ numbers in a set.
#
# </details>


# %% tags=["solution"]
def long_gradient(g: np.ndarray, x: np.ndarray, epsilon: float) -> np.ndarray:
    m, mean, variance = len(x), x.mean(axis=0), x.var(axis=0)
    for_variance = (g * (x - mean) * -0.5 * (variance + epsilon) ** -1.5).sum(axis=0)
    for_mean = (-g / np.sqrt(variance + epsilon)).sum(axis=0)
    for_mean = for_mean + for_variance * (-2 * (x - mean)).sum(axis=0) / m
    return g / np.sqrt(variance + epsilon) + for_variance * 2 * (x - mean) / m + for_mean / m


# %% tags=["check"]
x = np.random.default_rng(0).normal(2, 3, (1, 50, 4, 1))  # 4 sets of 50 numbers
g = np.random.default_rng(1).normal(size=x.shape)
short = normalize_gradient(g, ops.normalize(x, 1e-5), x, 1e-5)[0, ..., 0]
kept = g.copy(), x.copy()
long = long_gradient(g[0, ..., 0], x[0, ..., 0], 1e-5)
assert np.array_equal((g, x), kept), "`long_gradient` changes its arguments"
assert np.allclose(long, short, rtol=1e-9), "long form and short form differ"
print(f"they differ by {np.abs(long - short).max():.0e} at most")

# %% [markdown]
# **5. A set of two.** Layer norm over two different numbers, with an ε that is next to nothing. Which two numbers come out? Call the pair `possible`. Which gradient goes back? Call it `passed_back`. And what becomes of a set of one number? Call it `alone`. Why should nobody normalise a 1×1 map by instance norm?
#
# <details class="hint"><summary>Hint</summary>
#
# Two numbers with mean 0 and variance 1 have hardly a choice. A gradient that sums to zero and is orthogonal to the output has, over two numbers, none.
#
# </details>

# %% tags=["solution"]
possible = {-1, 1}
passed_back = 0
alone = 0

# %% tags=["check"]
pairs = np.random.default_rng(0).normal(size=(6, 1, 1, 2))
out = ops.normalize(pairs, 1e-20)
back = normalize_gradient(np.random.default_rng(1).normal(size=pairs.shape), out, pairs, 1e-20)
print(f"outputs {out.min():.6f} and {out.max():.6f}, largest gradient {np.abs(back).max():.0e}")
assert len(possible) == 2, "`possible` should be two numbers"
assert np.allclose(sorted(possible), [out.min(), out.max()]), "other numbers come out"
assert np.allclose(back, passed_back, atol=1e-9), "another gradient goes back"
assert np.allclose(ops.normalize(pairs[..., :1], 1e-20), alone), "one number becomes another"

# %% [markdown]
# **6. Trading places.** Take the published instance norm and eight test images, in a batch of eight. Let images 0 and 5 trade places. Whose predictions change? What should happen, and what does, with the published norm and with the correct one? Answer in a dictionary `changed` from `"published"` and `"correct"` to the list of images whose predictions change.
#
# <details class="hint"><summary>Hint</summary>
#
# The program keeps averages for each *position* in the batch. Where does image 0 stand afterwards? And what have the other six to do with it?
#
# </details>

# %% tags=["solution"]
# A prediction that depends on the place in a queue is no property of the image.
changed: dict[str, list[int]] = {"published": [0, 5], "correct": []}

# %% tags=["check"]
swapped = np.arange(8)
swapped[[0, 5]] = 5, 0
eight = load_once("patches").first(80, 8)
for way in ("published", "correct"):
    model = network_of("instance", way, Settings(), eight)
    weights = model.init(eight.train.x.shape[1:], np.random.default_rng(0)).weights
    testing = measured(model, weights, eight.train.x, 8)
    before = testing(weights, eight.test.x)
    after = testing(weights, eight.test.x[swapped])[swapped]  # put back in order
    found = [i for i in range(8) if not np.allclose(before[i], after[i], rtol=1e-3)]
    print(f"{way}: the predictions of images {found} have changed")
    assert sorted(changed[way]) == found, f"with the {way} norm other predictions change"

# %% [markdown]
# **7. Box-Cox and a known answer.** Let $1 + x = e^z$ with a normal $z$: a *log-normal* variable, with a long tail. Which λ makes it symmetric? Call it `best_power`. Derive the inverse transform too, and write it as `inverse(y, power)`, for λ = 0 too.
#
# <details class="hint"><summary>Hint</summary>
#
# What does $((1 + x)^\lambda - 1)/\lambda$ become as λ goes to zero? For the inverse, solve for $x$.
#
# </details>

# %% tags=["solution"]
best_power = 0.0  # there it is log(1 + x) = z itself, which is symmetric


def inverse(y: np.ndarray, power: float) -> np.ndarray:
    return np.expm1(y) if power == 0 else (1 + power * y) ** (1 / power) - 1


# %% tags=["check"]
z = np.random.default_rng(0).normal(0, 0.5, 20_000)
x = np.expm1(z)
for power in (2.0, 1.0, 0.5, 1e-9, 0.0):
    y = ops.box_cox(x, np.array([power]))
    kept, back = y.copy(), inverse(y, power)
    assert np.array_equal(y, kept), "`inverse` changes its argument"
    print(f"λ = {power:g}: skewness {stats.skew(y):.2f}")
    assert np.allclose(back, x, atol=1e-5), f"for λ = {power:g} it does not lead back"
skewness = stats.skew(ops.box_cox(x, np.array([float(best_power)])))
assert abs(skewness) < 0.05, "at `best_power` it is still lopsided"
assert abs(stats.boxcox(1 + x)[1] - best_power) < 0.05, "scipy finds another from the numbers alone"

# %% [markdown]
# ## Further reading
#
# - Jae Duk Seo (2018), [*Normalization in Gradient's Point of View*](https://towardsdatascience.com/normalization-in-gradient-s-point-of-view-manual-back-prop-in-tf-2197dfa3497e): the article.
# - Ioffe and Szegedy (2015), *Batch normalization*, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
# - Ba, Kiros and Hinton (2016), *Layer normalization*, [arXiv:1607.06450](https://arxiv.org/abs/1607.06450).
# - Ulyanov, Vedaldi and Lempitsky (2016), *Instance normalization*, [arXiv:1607.08022](https://arxiv.org/abs/1607.08022): made for transferring a style, that is, for forgetting one.
# - Wu and He (2018), *Group normalization*, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494).
# - Santurkar, Tsipras, Ilyas and Mądry (2018), *How does batch normalization help optimization?*, [arXiv:1805.11604](https://arxiv.org/abs/1805.11604): not by steadying distributions.
# - Huang and Belongie (2017), *Arbitrary style transfer in real-time with adaptive instance normalization*, [arXiv:1703.06868](https://arxiv.org/abs/1703.06868): the mean and spread of a channel *are* a picture's style.
# - Wu and Johnson (2021), *Rethinking "batch" in BatchNorm*, [arXiv:2105.07576](https://arxiv.org/abs/2105.07576).
# - Box and Cox (1964), *An analysis of transformations*, Journal of the Royal Statistical Society B 26.

# %% tags=["hide-input"]
session.end()
