# %% [markdown]
# # Shrinkage
#
# Which penalty drives a network's weights to zero, how fast, and is nearly zero as good as zero?
#
# A trained network has far more weights than it needs. If most of them were zero it would be smaller, cheaper and perhaps easier to understand. So one adds a **penalty** to the loss: a price on large weights. The best known are L1, the sum of $|w|$, and L2, the sum of $w^2$. What do they do to the weights, one by one, while the network learns?
#
# 小小鱼 asked this in [*权重分布*](https://zhuanlan.zhihu.com/p/41631717) (*Weight distributions*, 2018). He trained a small image classifier with one penalty after another, drew the histogram of all its weights after every epoch, and played the histograms as a film. We repeat his films with gradients derived by hand, over several seeds, and judge seven things he says, S1 to S7. On the way we answer two questions he left open: why does everybody take L1 for L0, and how can a loss become negative?
#
# This page is a program. Every figure below was drawn by the code around it when the page was built; `microgrand run shrinkage` runs the same file in your terminal, and its flags change the settings that come next.

# %%
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_matrix

from microgrand.claims import Claim, Evidence
from microgrand.data.catalog import load_once
from microgrand.figures import GREY, PALETTE, Animation, Panel, Series, new_figure, sequence
from microgrand.figures.sheet import draw_sheet
from microgrand.layers import Conv2D, Dense, Flatten, MaxPool, Normal, ReLU, Sequential, zeros
from microgrand.lesson import begin
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import Adadelta, Optimizer
from microgrand.penalties import PENALTIES, Penalty
from microgrand.proximal import Proximal
from microgrand.settings import Preset, UserError, setting
from microgrand.tape import Parameters
from microgrand.training import predict, train


@dataclass(frozen=True)
class Settings:
    """What can be changed; all but the data are the article's unless a preset says otherwise."""

    data: str = setting("digits", "images: a name of `microgrand data list`, or a path")
    train_images: int = setting(60_000, "images to train with: the first so many", low=1)
    test_images: int = setting(10_000, "images to test with: the first so many", low=1)
    filters: int = setting(32, "filters of the first convolution; later layers have more", low=1)
    spread: float = setting(0.25, "standard deviation of the weights at the start", low=0)
    strength: float = setting(1e-4, "λ, the strength of every penalty", low=0)
    multiples: tuple[int, ...] = setting(
        (3, 10, 30), "further strengths for L1, in multiples of λ", low=2
    )
    rate: float = setting(1.0, "Adadelta's rate", low=0)
    batch_size: int = setting(128, "images a step", low=1)
    epochs: int = setting(40, "passes over the training images", low=1)


presets = {
    "quick": Preset(
        Settings(train_images=300, test_images=100, filters=4, batch_size=20, epochs=4), seeds=1
    ),
    "book": Preset(Settings(filters=8, batch_size=20), seeds=3),
    "article": Preset(Settings(data="mnist"), seeds=3),
}
session = begin("shrinkage", presets)
settings = session.settings

# %% [markdown]
# ## Digits
#
# The article learns MNIST: 60 000 handwritten digits of 28×28 pixels. The page you read uses a set that needs no download, 1 797 digits of 8×8 pixels. With `--data` you can give it MNIST or any other set of images.

# %%
images = load_once(settings.data).first(settings.train_images, settings.test_images)
shape, classes = images.train.x.shape[1:], len(images.classes)
print(f"{len(images.train.x)} images to train with, {len(images.test.x)} to test with")
print(f"each of {'×'.join(map(str, shape))} numbers from 0 to 1, in {classes} classes")

# %% tags=["collapse-input"]
session.show(
    draw_sheet(*images.train, images.classes, 20),
    "images",
    "The first twenty images of each class.",
)

# %% [markdown]
# ## The network
#
# Three convolutions look for patterns, two poolings halve the image, two dense layers decide. After each layer with weights, but the last, stands a ReLU.
#
# | step | filters or units | derivation |
# |---|---|---|
# | convolution, 3×3 | $n$ | [conv2d](../derivations/conv2d.md), [relu](../derivations/relu.md) |
# | convolution, 3×3 | $2n$ | |
# | largest of 2×2 | | [max_pool](../derivations/max_pool.md) |
# | convolution, 3×3 | $4n$ | |
# | largest of 2×2 | | |
# | all numbers in a row | | [flatten](../derivations/flatten.md) |
# | dense | $4n$ | [dense](../derivations/dense.md) |
# | dense | one for each class | |
#
# The article's $n$ is 32. Its convolutions have no padding, and each takes two pixels off the height and the width: an image of 28×28 comes down to 5×5. One of 8×8 would come down to nothing. So here is our one change: **on images smaller than 12 pixels the third convolution is padded with zeros**. The first two fit. And 8×8 pixels ask for fewer filters: the page uses $n = 8$.


# %%
def network(settings: Settings, shape: tuple[int, ...], classes: int) -> Sequential:
    """The article's network, for images of any size from 8×8."""
    if min(shape[:2]) < 8:
        raise UserError(f"--data {settings.data}: the network needs images of 8×8 or more")
    n, draw = settings.filters, {"kernel_init": Normal(settings.spread), "bias_init": zeros}
    third = "valid" if min(shape[:2]) >= 12 else "same"
    convolutions = (
        *(Conv2D(n, padding="valid", **draw), ReLU()),
        *(Conv2D(2 * n, padding="valid", **draw), ReLU(), MaxPool(2)),
        *(Conv2D(4 * n, padding=third, **draw), ReLU(), MaxPool(2)),
    )
    return Sequential(
        (*convolutions, Flatten(), Dense(4 * n, **draw), ReLU(), Dense(classes, **draw))
    )


at_start = network(settings, shape, classes).init(shape, np.random.default_rng([0, 0]))
kernels = [layer["kernel"] for layer in at_start.layers if "kernel" in layer]
for kernel in kernels:
    print(f"a kernel of {'×'.join(map(str, kernel.shape)):12} {kernel.size:8,} weights")
weights = sum(kernel.size for kernel in kernels)
print(f"{weights:,} weights and {at_start.vector.size - weights:,} biases")

# %% [markdown]
# Every kernel starts with random numbers from $\mathcal N(0, 0.25^2)$, every bias at zero. (The article's text says "variance 0.5". Its program says `stddev=0.25`, and the program made the pictures.) That is wide. A common rule for ReLU networks, He et al. (2015), takes the standard deviation $\sqrt{2/\text{inputs}}$, so that the numbers in the network neither grow nor fade from layer to layer:

# %%
for kernel in kernels:
    inputs = math.prod(kernel.shape[:-1])
    print(f"{inputs:5} inputs: {math.sqrt(2 / inputs):.2f} by the rule, {settings.spread:g} here")

# %% [markdown]
# So the numbers grow, and the untrained network is loudly wrong. For the penalties this start is a good one: there is a lot to shrink.
#
# ## Learning
#
# The network's last layer gives ten numbers. The softmax makes probabilities of them, and the loss is the [cross-entropy](../derivations/softmax_cross_entropy.md): how surprised these probabilities are by the right answer. Knowing nothing would cost $\log 10 \approx 2.3$.
#
# **Adadelta** (Zeiler, 2012) makes steps of the gradient $g$. It keeps two running means for every weight: $a$ of $g^2$, and $d$ of the square of its own steps $\Delta$. With $\rho = 0.95$ and $\varepsilon = 10^{-7}$,
#
# $$a \leftarrow \rho a + (1-\rho) g^2, \qquad \Delta = \frac{\sqrt{d + \varepsilon}}{\sqrt{a + \varepsilon}}\, g, \qquad d \leftarrow \rho d + (1-\rho) \Delta^2, \qquad w \leftarrow w - \Delta .$$
#
# The quotient in front of $g$ is the weight's own learning rate. Let us call it the **gain**. It will matter below: whatever joins the gradient is multiplied by it.
#
# ## The penalties
#
# A penalty $R(w)$ joins the loss with a **strength** $\lambda$, here 0.0001 for all of them:
#
# $$J(w) = L(w) + \lambda R(w), \qquad \frac{\partial J}{\partial w} = \frac{\partial L}{\partial w} + \lambda \frac{\partial R}{\partial w} .$$
#
# It acts on every kernel, and not on the biases. What moves a weight is the *slope* of the penalty, not its value.
#
# | penalty | $R$, a sum over all weights of | slope | derivation |
# |---|---|---|---|
# | L0 | 1 if $w \ne 0$, else 0 | 0 | [l0](../derivations/l0.md) |
# | L1 | $\lvert w\rvert$ | $\operatorname{sign} w$ | [l1](../derivations/l1.md) |
# | L2 | $w^2$ | $2w$ | [l2](../derivations/l2.md) |
# | L3 | $\lvert w\rvert^3$ | $3w\lvert w\rvert$ | [l3](../derivations/l3.md) |
# | L4 | $w^4$ | $4w^3$ | [l4](../derivations/l4.md) |
# | dead zone | $\max(\lvert w\rvert - 0.25,\ 0)$ | $\operatorname{sign} w$ outside ±0.25, 0 inside | [dead_zone_l1](../derivations/dead_zone_l1.md) |
# | column maximum | see [below](#a-loss-below-zero) | | [column_max_dead_zone](../derivations/column_max_dead_zone.md) |

# %% tags=["collapse-input"]
x = np.linspace(0, 1.5, 301)
drawn = {"L1": "l1", "L2": "l2", "L3": "l3", "L4": "l4", "dead zone": "dead_zone_l1"}
figure, (left, right) = new_figure(1, 2, height=3.2)
for (label, name), colour in zip(drawn.items(), PALETTE, strict=False):
    left.plot(x, [PENALTIES[name].value(np.array([one])) for one in x], color=colour, label=label)
    right.plot(x, PENALTIES[name].gradient(x), color=colour)
left.plot([0, 0, 1.5], [0, 1, 1], color=GREY, linestyle="--", label="L0")
right.plot([0, 1.5], [0, 0], color=GREY, linestyle="--")
left.plot(1, 1, "o", color=GREY, markersize=4)
right.plot(0.5, 1, "o", color=GREY, markersize=4)
left.set(title="value", xlabel="|w|", ylim=(0, 2.5))
right.set(title="slope", xlabel="|w|", ylim=(-0.05, 2.5))
left.legend(fontsize=7)
session.show(
    figure,
    "penalties",
    "Values and slopes of the penalties of one weight. The values of L1 and L2 cross at |w| = 1, their slopes at ½ (dots).",
)


# %%
def crossing(one: Callable, other: Callable) -> float:
    """Where two functions of |w| are equal, between 0.1 and 10."""
    return brentq(lambda x: float(np.sum(one(np.array([x])) - other(np.array([x])))), 0.1, 10)


l1, l2 = PENALTIES["l1"], PENALTIES["l2"]
values_cross, slopes_cross = crossing(l1.value, l2.value), crossing(l1.gradient, l2.gradient)
print(f"the values of L1 and L2 cross at |w| = {values_cross:.3f}")
print(f"their slopes cross at |w| = {slopes_cross:.3f}")

# %% [markdown]
# The article reads both from the one picture and says that L2 works beyond 1. That is true of the *value*. But training never sees the value. It feels the slope, and the slope of L2 is larger than L1's from **½** on. Below ½ it fades as the weight does. Halfway to zero it is half as strong, and so it never arrives. L1 pulls with the same force until the end. Nearly all of our weights start below ½, and there L1 is the stronger one.
#
# **How far can a pull reach?** If nothing else acts on a weight, and the gain is 1, L1 moves it by $\lambda$ a step. So in a whole training it can come $\lambda$ times the number of steps nearer to zero. L2 multiplies it by $1 - 2\lambda$ each time.


# %%
def reach(train_images: int, batch_size: int, epochs: int, strength: float) -> str:
    steps = math.ceil(train_images / batch_size) * epochs
    share = (1 - 2 * strength) ** steps
    return f"{steps} steps: L1 moves a weight by {strength * steps:.2f}, L2 leaves {share:.1%} of it"


print(
    "here:",
    reach(len(images.train.x), settings.batch_size, settings.epochs, settings.strength),
)
print("article:", reach(60_000, 128, 40, 1e-4))

# %% [markdown]
# Keep these two lines in mind. A small set of images makes short epochs, even in batches of 20, as we take them here (the article's 128 would make still fewer steps). The article's films show what a penalty does in the end. Ours show how it gets there: a small weight arrives at zero, a large one is seen on its way. Where that decides a verdict, the verdict says so.
#
# ### L0, and why it is not simply trained
#
# What one really wants is L0: the *number* of weights that are not zero. That is what storage costs. It has two flaws. Its slope is zero wherever there is one, so in a loss it does nothing at all (exercise 6 shows it to the bit). And without a slope one has to search: $n$ weights have $2^n$ sets that could be kept, already for 300 weights more than there are atoms in the universe. Finding the best set is NP-hard even for a linear model (Natarajan, 1995): a quick way to solve every case of it would also solve a thousand other problems for which nobody has found one.
#
# "In practice one takes L1 for L0; why, I do not know", writes the author. Two reasons: between −1 and 1, L1 is the largest convex function that stays below L0, so it is the closest penalty to L0 that still has one minimum to slide into. And its kink at zero can hold a weight *exactly* there. How, is the next idea.
#
# ### Two ways to apply a penalty
#
# The article adds the penalty's slope to the gradient: a **subgradient step**. With L1 a weight that arrives near zero is pushed past it, then back, then past it again. It stays near and is never exactly zero.
#
# The other way is a **proximal step**. First comes a step on the loss alone. Then each weight moves to the point that best trades the distance moved against the penalty,
#
# $$\operatorname{prox}(w) = \operatorname*{argmin}_z\ \tfrac12 (z - w)^2 + \lambda R(z) .$$
#
# For L1 this is the **soft threshold**: every weight comes $\lambda$ closer to zero, and what was closer than $\lambda$ becomes exactly zero ([derived here](../derivations/l1.md#the-proximal-step)). L0 has a proximal step too, though it has no slope. It is the **hard threshold**: what is smaller than $\sqrt{2\lambda}$ becomes zero, and the rest stays as it is ([derived here](../derivations/l0.md#the-proximal-step)). With $\lambda = 0.0001$ that is 0.014, a long way for one step.
#
# ### The cases
#
# So these are our cases. The article has the first five, a dead zone in words, and another one in its program. The two proximal ones are ours.

# %%
CASES = {
    "none": "no penalty",
    "l1": "L1",
    "l2": "L2",
    "l3": "L3",
    "l4": "L4",
    "dead-zone": "dead zone",
    "column-maximum": "column maximum",
    "l1-proximal": "L1, proximal",
    "l0-proximal": "L0, proximal",
}
ROWS = {
    "dead-zone": PENALTIES["dead_zone_l1"],
    "column-maximum": PENALTIES["column_max_dead_zone"],
    **PENALTIES,
}
SWEEP = [f"{name}-times-{m}" for m in settings.multiples for name in ("l1", "l1-proximal")]

# %% [markdown]
# A penalty of the table takes the vector of all weights. Only the column maximum asks which weights stand in one kernel, and in which of its rows. We lift it: each kernel is read as a matrix, its first axis as the rows, as the article's program does.


# %%
def of_kernels(row: Penalty, parameters: Parameters) -> Penalty:
    """A penalty of a matrix as one of the whole vector: of every kernel, axis 0 as the rows."""

    def in_kernels(vector: np.ndarray) -> list[np.ndarray]:
        layers = parameters.like(vector).layers
        return [layer["kernel"] for layer in layers if "kernel" in layer]

    def value(vector: np.ndarray) -> float:
        return sum(row.value(kernel.reshape(len(kernel), -1)) for kernel in in_kernels(vector))

    def gradient(vector: np.ndarray) -> np.ndarray:
        pull = np.zeros_like(vector)
        for kernel, its_pull in zip(in_kernels(vector), in_kernels(pull), strict=True):
            its_pull[...] = row.gradient(kernel.reshape(len(kernel), -1)).reshape(kernel.shape)
        return pull

    return replace(row, value=value, gradient=gradient, of_matrix=False)


# %% [markdown]
# ## The experiment
#
# After each epoch we keep the losses, the accuracy, the penalty's value, and the histogram of all weights and biases in 100 bins from −1 to 1, as the article does. And we count: how many weights are *near* zero, $|w| < 0.001$, and how many *are* zero? After the last epoch we store each kernel as a sparse matrix and weigh it.

# %%
EDGES = np.linspace(-1, 1, 101)
NEAR = 1e-3
MAGNITUDES = np.linspace(-7, 1, 81)  # of log₁₀|w|


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose largest logit is that of their class."""
    return float(np.mean(logits.argmax(axis=-1) == labels))


def weigh(layers: list[dict[str, np.ndarray]]) -> np.ndarray:
    """Bytes of each kernel as it is, and in compressed sparse rows (CSR): shape (kernels, 2)."""
    found = []
    for kernel in (layer["kernel"] for layer in layers if "kernel" in layer):
        matrix = kernel.reshape(-1, kernel.shape[-1])
        sparse = csr_matrix(matrix)
        parts = sparse.data, sparse.indices.astype(np.int32), sparse.indptr.astype(np.int32)
        found.append((matrix.nbytes, sum(part.nbytes for part in parts)))
    return np.array(found)


def evenness(layers: list[dict[str, np.ndarray]]) -> float:
    """Second largest over largest |w| of a column of a 3×3 kernel: the mean over all columns."""
    columns = [
        np.sort(np.abs(layer["kernel"].reshape(3, -1)), axis=0)
        for layer in layers
        if layer.get("kernel", np.empty(0)).ndim == 4
    ]
    joined = np.concatenate(columns, axis=1)
    return float(np.mean(joined[1] / np.maximum(joined[2], 1e-30)))


def gain(optimizer: Adadelta, state: dict, where: np.ndarray) -> np.ndarray:
    """√(d + ε)/√(a + ε), the learning rate of each weight: tenth, half and nine tenths of them."""
    epsilon = optimizer.epsilon / (1 - optimizer.rho)  # the state holds a and d over 1 − ρ
    squared = (state["steps squared"] + epsilon) / (state["square"] + epsilon)
    return np.sqrt(np.quantile(squared[where], (0.1, 0.5, 0.9)))


def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """One case with one seed: what is kept of its training."""
    images = load_once(settings.data).first(settings.train_images, settings.test_images)
    shape, classes = images.train.x.shape[1:], len(images.classes)
    for_weights, for_batches = (np.random.default_rng([seed, stream]) for stream in range(2))
    model = network(settings, shape, classes)
    parameters = model.init(shape, for_weights)

    name, _, multiple = case.partition("-times-")
    strength = settings.strength * int(multiple or 1)
    row = ROWS[name.removesuffix("-proximal")]
    row = of_kernels(row, parameters) if row.of_matrix else row
    mask = parameters.only("kernel")
    in_kernel = mask == 1
    adadelta = Adadelta(settings.rate)
    optimizer: Optimizer = adadelta
    if name.endswith("-proximal"):
        optimizer = Proximal(adadelta, row, strength * mask)
    start = np.abs(parameters.vector)
    middle = in_kernel & (start > 0.5) & (start < 1)

    kept: dict[str, list] = {
        name: [] for name in ("losses", "accuracy", "penalty", "histograms", "near", "zero", "gain")
    }
    for epoch in train(
        model,
        parameters,
        images.train,
        images.test,
        optimizer=optimizer,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        generator=for_batches,
        loss=softmax_cross_entropy,
        metrics={"accuracy": accuracy},
        penalty=PENALTIES["none"] if optimizer is not adadelta else row,
        strength=strength,
        mask=mask,
    ):
        size = np.abs(parameters.vector[in_kernel])
        counts = np.histogram(parameters.vector, EDGES)[0]
        kept["losses"].append([epoch.train_loss, epoch.test_loss])
        kept["accuracy"].append(epoch.metrics["accuracy"])
        kept["penalty"].append(strength * float(row.value(parameters.vector * mask)))
        kept["histograms"].append(counts / max(counts.sum(), 1) / np.diff(EDGES))
        kept["near"].append(np.mean(size < NEAR))
        kept["zero"].append(np.mean(size == 0))
        kept["gain"].append(gain(adadelta, epoch.state, in_kernel))
        if epoch.number == max(1, settings.epochs // 10):
            shrunk = np.mean(start[middle] - np.abs(parameters.vector[middle]))

    bytes_as_trained, even = weigh(parameters.layers), evenness(parameters.layers)
    magnitudes = np.histogram(np.log10(size[size > 0]), MAGNITUDES)[0] / size.size
    parameters.vector[in_kernel & (np.abs(parameters.vector) < NEAR)] = 0
    logits = predict(model, parameters.layers, images.test.x, settings.batch_size)
    return {
        **{name: np.array(values, np.float32) for name, values in kept.items()},
        "bytes": bytes_as_trained,
        "evenness": np.array(even),
        "shrunk": np.array(shrunk),
        "magnitudes": magnitudes,
        "bytes_cut": weigh(parameters.layers),
        "accuracy_cut": np.array(accuracy(logits, images.test.y)),
    }


# %%
results = session.sweep(run, [*CASES, *SWEEP], data=images.checksum)
session.about(results)

# %% tags=["hide-input"]
session.end()
