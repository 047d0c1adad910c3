# %% [markdown]
# # Shrinkage
#
# Which penalty drives a network's weights to zero, how fast, and is nearly zero as good as zero?
#
# A trained network has far more weights than it needs. If most of them were zero it would be smaller, cheaper and perhaps easier to understand. So one adds a **penalty** to the loss: a price on large weights. The best known are L1, the sum of $|w|$, and L2, the sum of $w^2$. What do they do to the weights, one by one, while the network learns?
#
# Xiaoxiaoyu (小小鱼) asked this in [*Weight distributions*](https://zhuanlan.zhihu.com/p/41631717) (权重分布, 2018): train a small image classifier with one penalty after another, draw the histogram of all its weights after every epoch, and play the histograms as a film. We repeat these films with gradients derived by hand, over several seeds, and judge seven things the article says, S1 to S7. On the way we answer two questions that it leaves open: why does everybody use L1 in place of L0, and how can a loss become negative?
#
# This page is a program. Every figure below was drawn by the code around it when the page was built; `microgrand run shrinkage` runs the same file in your terminal, and its flags change the settings that come next.

# %% tags=["evidence", "imports"]
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_matrix

from microgrand.claims import Claim, Evidence
from microgrand.data.catalog import load_once
from microgrand.figures import GREY, INK, PALETTE, Animation, Panel, Series, new_figure, sequence
from microgrand.figures.sheet import draw_sheet
from microgrand.layers import Conv2D, Dense, Flatten, MaxPool, Normal, ReLU, Sequential, zeros
from microgrand.lesson import begin
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import Adadelta, Optimizer
from microgrand.penalties import PENALTIES, Penalty
from microgrand.proximal import Proximal
from microgrand.records import Record
from microgrand.settings import Preset, UserError, setting
from microgrand.tape import Parameters
from microgrand.training import predict, train


# %% tags=["settings"]
@dataclass(frozen=True)
class Settings:
    """What can be changed; all but the data are the article's unless a preset says otherwise."""

    data: str = setting("digits", "images: a name of `microgrand data list`, or a path")
    train_images: int = setting(60_000, "images to train with: the first so many", low=1)
    test_images: int = setting(10_000, "images to test with: the first so many", low=1)
    filters: int = setting(
        32, "filters of the first convolution; later layers have more", low=1, high=4096
    )
    spread: float = setting(0.25, "standard deviation of the weights at the start", low=0)
    strength: float = setting(1e-4, "λ, the strength of every penalty", low=0)
    strengths: tuple[float, ...] = setting(
        (3e-5, 3e-4, 1e-3), "further strengths for L1 and the column maximum", low=0
    )
    rate: float = setting(1.0, "Adadelta's rate", low=0)
    batch_size: int = setting(128, "images a step", low=1)
    epochs: int = setting(40, "passes over the training images", low=1)


presets = {
    "quick": Preset(
        Settings(train_images=300, test_images=100, filters=4, batch_size=20, epochs=4), seeds=1
    ),
    "book": Preset(Settings(filters=8, batch_size=20, epochs=25), seeds=3),
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
# The article's $n$ is 32. Its convolutions have no padding, and each takes two pixels off the height and the width: an image of 28×28 comes down to 5×5. One of 8×8 would come down to nothing. So we change the network in two places. **On images smaller than 12 pixels the third convolution is padded with zeros**; the first two fit as they are. And 8×8 pixels ask for fewer filters: the page uses $n = 8$.


# %%
def network(settings: Settings, shape: tuple[int, ...], classes: int) -> Sequential:
    """The article's network, for images of any size from 8×8."""
    if min(shape[:2]) < 8:
        raise UserError(f"--data {settings.data}: the network needs images of 8×8 or more")
    n, draw = settings.filters, Normal(settings.spread)
    third = "valid" if min(shape[:2]) >= 12 else "same"

    def convolution(filters: int, padding: str = "valid") -> Conv2D:
        return Conv2D(filters, padding=padding, kernel_init=draw, bias_init=zeros)

    def dense(units: int) -> Dense:
        return Dense(units, kernel_init=draw, bias_init=zeros)

    return Sequential(
        (
            *(convolution(n), ReLU()),
            *(convolution(2 * n), ReLU(), MaxPool(2)),
            *(convolution(4 * n, third), ReLU(), MaxPool(2)),
            *(Flatten(), dense(4 * n), ReLU(), dense(classes)),
        )
    )


at_start = network(settings, shape, classes).init(shape, np.random.default_rng([0, 0]))
kernels = [layer["kernel"] for layer in at_start.weights if "kernel" in layer]
for kernel in kernels:
    print(f"a kernel of {'×'.join(map(str, kernel.shape)):12} {kernel.size:8,} weights")
weights = sum(kernel.size for kernel in kernels)
print(f"{weights:,} weights and {at_start.vector.size - weights:,} biases")

# %% [markdown]
# Every kernel starts with random numbers from $\mathcal N(0, 0.25^2)$, every bias at zero. (The article's text says "variance 0.5". Its program says `stddev=0.25`, and the program made the pictures.) That is wide. A common rule for ReLU networks, He et al. (2015), takes the standard deviation $\sqrt{2/\text{inputs}}$, so that the numbers in the network neither grow nor fade from layer to layer:

# %%
articles = network(Settings(filters=32), (28, 28, 1), 10).init(
    (28, 28, 1), np.random.default_rng(0)
)
article_kernels = [layer["kernel"] for layer in articles.weights if "kernel" in layer]
print("standard deviation by the rule: in this network, in the article's")
for kernel, other in zip(kernels, article_kernels, strict=True):
    ours, its = (math.sqrt(2 / math.prod(one.shape[:-1])) for one in (kernel, other))
    print(f"{ours:31.2f} {its:19.3f}")

# %% [markdown]
# In the article's network 0.25 is up to ten times too much. The numbers grow from layer to layer, and before training it is loudly wrong. But for a look at penalties this is a good start: there is a lot to shrink.
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
#
# <div class="guess">
#
# **What do you expect?** A weight is 0.7. Which of the two moves it harder towards zero, L1 or L2, at the same λ?
#
# <details class="option"><summary>L1, for it costs more: 0.7 against 0.49</summary>
#
# It does cost more. But a weight is not moved by what it costs. Compare $\operatorname{sign} w$ and $2w$.
#
# </details>
# <details class="option"><summary>L2</summary>
#
# **Yes**. Its slope there is 1.4, and that of L1 is 1. Between ½ and 1 L2 is the cheaper one and pulls harder. Find that stretch in the two pictures.
#
# </details>
# <details class="option"><summary>Both alike</summary>
#
# There is one weight for which that is so. The table has the two slopes: set them equal.
#
# </details>
# </div>

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


# %% tags=["evidence"]
def crossing(one: Callable, other: Callable) -> float:
    """Where two functions of |w| are equal, between 0.1 and 10."""
    return brentq(lambda x: float(np.sum(one(np.array([x])) - other(np.array([x])))), 0.1, 10)


l1, l2 = PENALTIES["l1"], PENALTIES["l2"]
values_cross, slopes_cross = crossing(l1.value, l2.value), crossing(l1.gradient, l2.gradient)

# %%
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
    return (
        f"{steps} steps: L1 moves a weight by {strength * steps:.2f}, L2 leaves {share:.1%} of it"
    )


print(
    "here:",
    reach(len(images.train.x), settings.batch_size, settings.epochs, settings.strength),
)
print("article:", reach(60_000, 128, 40, 1e-4))

# %% [markdown]
# Keep these two lines in mind. A small set of images makes short epochs. To have more steps the page takes batches of 20, not the article's 128, and still has a tenth of the article's steps. The article's films show what a penalty does in the end. Ours show how it gets there: a small weight arrives at zero, a large one is seen on its way. Where that decides a verdict, the verdict says so.
#
# ### L0, and why it is not simply trained
#
# What one really wants is L0: the *number* of weights that are not zero. That is what storage costs. It has two flaws. Its slope is zero wherever there is one, so in a loss it does nothing at all (exercise 6 shows it to the bit). And without a slope one has to search: $n$ weights have $2^n$ sets that could be kept, already for 300 weights more than there are atoms in the universe. Finding the best set is NP-hard even for a linear model (Natarajan, 1995): a quick way to solve every case of it would also solve a thousand other problems for which nobody has found one.
#
# So everybody takes L1 in its place. The article says that this works well and leaves open why. There are two reasons. Between −1 and 1, L1 is the largest convex function that stays below L0, so it is the closest penalty to L0 that still has one minimum to slide into. And its kink at zero can hold a weight *exactly* there. How, is the next idea.
#
# ### Two ways to apply a penalty
#
# The article adds the penalty's slope to the gradient: a **subgradient step**. With L1 a weight that arrives near zero is pushed past it, then back, then past it again. It stays near and is never exactly zero.
#
# The other way is a **proximal step**. First comes a step on the loss alone. Then each weight moves to the point that best trades the distance moved against the penalty,
#
# $$\operatorname{prox}(w) = \operatorname*{argmin}_z\ \tfrac12 (z - w)^2 + \lambda R(z) .$$
#
# <aside class="why">
#
# **Why the square of the distance?** Without a penalty the best $z$ is $w$ itself. With a smooth one the slope of the square, $z - w$, has to balance $-\lambda R'(z)$: a step against the penalty's slope, but taken *where it lands*.
#
# </aside>
#
# For L1 this is the **soft threshold**: every weight comes $\lambda$ closer to zero, and what was closer than $\lambda$ becomes exactly zero ([derived here](../derivations/l1.md#the-proximal-step)). L0 has a proximal step too, though it has no slope. It is the **hard threshold**: what is smaller than $\sqrt{2\lambda}$ becomes zero, and the rest stays as it is ([derived here](../derivations/l0.md#the-proximal-step)). With $\lambda = 0.0001$ that is 0.014, a long way for one step.
#
# ### The cases
#
# The article has the first five cases, the dead zone in its text and the column maximum in its program. The two proximal ones are ours. They all start from the same weights and see the same batches.

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
STRENGTHS = range(len(settings.strengths))
SWEEP = [f"{case}-strength-{i}" for i in STRENGTHS for case in ("l1", "l1-proximal")]
STRONGEST = f"column-maximum-strength-{int(np.argmax(settings.strengths))}"

# %% [markdown]
# A penalty of the table takes the vector of all weights. Only the column maximum asks which weights stand in one kernel, and in which of its rows. We lift it: each kernel is read as a matrix, its first axis as the rows, as the article's program does.


# %%
def of_kernels(row: Penalty, parameters: Parameters) -> Penalty:
    """A penalty of a matrix as one of the whole vector: of every kernel, axis 0 as the rows."""

    def in_kernels(vector: np.ndarray) -> list[np.ndarray]:
        weights = parameters.like(vector).weights
        return [layer["kernel"] for layer in weights if "kernel" in layer]

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


def weigh(weights: list[dict[str, np.ndarray]]) -> np.ndarray:
    """Bytes of each kernel: as it is, in compressed sparse rows, as bits and values; (kernels, 3)."""
    found = []
    for kernel in (layer["kernel"] for layer in weights if "kernel" in layer):
        matrix = kernel.reshape(-1, kernel.shape[-1])
        sparse = csr_matrix(matrix)
        parts = sparse.data, sparse.indices.astype(np.int32), sparse.indptr.astype(np.int32)
        in_rows = sum(part.nbytes for part in parts)
        found.append((matrix.nbytes, in_rows, np.packbits(matrix != 0).nbytes + parts[0].nbytes))
    return np.array(found)


def evenness(weights: list[dict[str, np.ndarray]]) -> float:
    """Second largest over largest |w| of a column of a 3×3 kernel: the mean over all columns."""
    columns = [
        np.sort(np.abs(layer["kernel"].reshape(3, -1)), axis=0)
        for layer in weights
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

    name, _, number = case.partition("-strength-")
    strength = settings.strengths[int(number)] if number else settings.strength
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
        name: []
        for name in ("losses", "accuracy", "penalty", "histograms", "size", "near", "zero", "gain")
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
        kept["histograms"].append(counts / max(counts.sum(), 1) / 0.02)
        kept["size"].append(np.mean(size))
        kept["near"].append(np.mean(size < NEAR))
        kept["zero"].append(np.mean(size == 0))
        kept["gain"].append(gain(adadelta, epoch.state, in_kernel))
        if epoch.number == max(1, settings.epochs // 10):
            shrunk = np.mean(start[middle] - np.abs(parameters.vector[middle]))

    bytes_as_trained, even = weigh(parameters.weights), evenness(parameters.weights)
    magnitudes = np.histogram(np.log10(size[size > 0]), MAGNITUDES)[0] / size.size
    parameters.vector[in_kernel & (np.abs(parameters.vector) < NEAR)] = 0
    logits = predict(model, parameters.weights, images.test.x, settings.batch_size)
    return {
        **{name: np.array(values) for name, values in kept.items()},
        "bytes": bytes_as_trained,
        "evenness": np.array(even),
        "shrunk": np.array(shrunk),
        "magnitudes": magnitudes,
        "bytes_cut": weigh(parameters.weights),
        "accuracy_cut": np.array(accuracy(logits, images.test.y)),
    }


# %%
results = session.sweep(run, [*CASES, *SWEEP, STRONGEST], data=images.checksum)
session.about(results)

# %% [markdown]
# Films show seed 0. In other figures a line is the mean over the seeds and the shade behind it their range. Claims are judged on all seeds.
#
# ## Without a penalty

# %% tags=["collapse-input"]
EPOCHS = np.arange(settings.epochs + 1)
HUES = (GREY, *PALETTE, INK)
COLOURS = dict(zip(CASES, HUES, strict=True))


def film(case: str) -> Animation:
    """The histogram of all weights, epoch by epoch, beside that of the start."""
    record = results[case, 0]
    histograms = record["histograms"]
    frames = tuple(
        f"epoch {epoch}: loss {loss + penalty:.2f}, accuracy {right:.3f}"
        for epoch, loss, penalty, right in zip(
            EPOCHS, record["losses"][:, 1], record["penalty"], record["accuracy"], strict=True
        )
    )
    panel = Panel(
        CASES[case],
        (
            Series("bars", "weights", EDGES, histograms),
            Series("line", "at the start", (EDGES[1:] + EDGES[:-1]) / 2, histograms[0]),
        ),
        x_label="w",
        y_label="density",
        x_limits=(-1, 1),
        y_limits=(0, 1.05 * float(histograms.max())),
    )
    return Animation(
        title=f"All weights while training: {CASES[case]}",
        alt=f"The histogram of all weights, epoch by epoch, with {CASES[case]}; a line shows the bell of the start.",
        frames=frames,
        panels=(panel,),
        columns=1,
    )


def show_film(case: str, caption: str) -> object:
    return session.play(film(case), f"weights-{case}", caption)


show_film(
    "none",
    "All weights without a penalty. As in the article, the histogram is normalised to an area of 1, and the title gives the loss (on the test images, with the penalty) and the accuracy.",
)

# %% [markdown]
# Hardly anything happens. The network learns its task, and the bell of its weights stays the bell it was: most weights move little, and nothing asks them to be small. All that follows is to be compared with this film.
#
# ## L1 and L2

# %% tags=["collapse-input"]
show_film("l1", "L1. A spike grows at zero, and the slopes of the bell wander inwards.")

# %% tags=["collapse-input"]
show_film("l2", "L2. The bell becomes narrower as a whole.")

# %% [markdown]
# The two films are the two slopes. L1 pulls every weight with the same force. The bell keeps its shape and slides towards zero from both sides, and what has arrived piles up there. L2 pulls in proportion, so all weights shrink by the same *share*: a bell goes in, a narrower bell comes out. It needs no spike to be small, and makes none until all the bell is narrow.
#
# How fast are they? Three measures, after each epoch: the mean $|w|$; the share of weights in the spike, that is in the two bins next to zero, $|w| < 0.02$; and the share near zero, $|w| < 0.001$.


# %% tags=["evidence"]
Measure = Callable[[Record], float]


def last(name: str) -> Measure:
    """What was kept under that name, after the last epoch."""
    return lambda record: float(record[name].ravel()[-1])


def within(record: Record, size: float, epoch: int = -1) -> float:
    """The share of weights with |w| below a multiple of 0.02, of those that the histogram holds."""
    bins = round(size / 0.02)
    return float(record["histograms"][epoch][50 - bins : 50 + bins].sum() * 0.02)


def spike(record: Record) -> float:
    return within(record, 0.02)


def spikes(record: Record) -> np.ndarray:
    return np.array([within(record, 0.02, epoch) for epoch in EPOCHS])


def each(case: str, measure: Callable[[Record], Any]) -> list[Any]:
    """A measure of every seed."""
    return [measure(results[case, seed]) for seed in session.seeds]


def told(values: list[float], form: str = "{:.1%}") -> str:
    """The mean over the seeds, and their range."""
    if not np.isfinite(values).all():
        return "not reached"
    mean, low, high = (form.format(one) for one in (np.mean(values), min(values), max(values)))
    to = " to " if low.startswith("-") else "–"
    return mean if low == high else f"{mean} ({low.rstrip('%')}{to}{high.rstrip('%')})"


# %% tags=["collapse-input"]
def draw_over_epochs(ax: Any, lines: list[np.ndarray], start: int = 0, **look: Any) -> None:
    """A line for the mean over the seeds, a shade for their range."""
    epochs = np.arange(start, start + len(lines[0]))
    ax.plot(epochs, np.mean(lines, axis=0), **look)
    shade = {"color": look["color"], "alpha": 0.2, "linewidth": 0}
    ax.fill_between(epochs, np.min(lines, axis=0), np.max(lines, axis=0), **shade)


figure, axes = new_figure(1, 3, height=3.6)
for case, label in CASES.items():
    look: dict[str, Any] = {"color": COLOURS[case], "label": label}
    draw_over_epochs(axes[0], each(case, lambda record: record["size"]), **look)
    draw_over_epochs(axes[1], each(case, spikes), **look)
    draw_over_epochs(axes[2], each(case, lambda record: record["near"]), **look)
for ax, title in zip(axes, ("mean |w|", "share |w| < 0.02", "share |w| < 0.001"), strict=True):
    ax.set(title=title, xlabel="epoch")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8)
session.show(
    figure,
    "speed",
    "How fast each penalty drives the weights towards zero.",
)


# %% tags=["collapse-input"]
session.table(
    ["", "mean |w|", "|w| < 0.02", "|w| < 0.001"],
    [
        [
            label,
            told(each(case, last("size")), "{:.3f}"),
            told(each(case, spike)),
            told(each(case, last("near"))),
        ]
        for case, label in CASES.items()
    ],
    "After the last epoch. Mean (range) over the seeds.",
)


# %% tags=["collapse-input"]
def epochs_to(case: str, epoch: int) -> list[float]:
    """For each seed, how many epochs a case takes to the spike that L1 has after that epoch."""
    found = []
    for own, of_l1 in zip(each(case, spikes), each("l1", spikes), strict=True):
        reached = np.flatnonzero(own >= of_l1[epoch])
        found.append(float(reached[0]) if len(reached) else np.inf)
    return found


marks = [max(1, round(part * settings.epochs)) for part in (0.05, 0.1, 0.25, 1)]
session.table(
    ["", *(f"L1's after {epoch}" for epoch in marks)],
    [
        [label, *(told(epochs_to(case, epoch), "{:.0f}") for epoch in marks)]
        for case, label in CASES.items()
    ],
    "Speed: after how many epochs a penalty has a spike |w| < 0.02 as large as L1's after so many. Mean (range) over the seeds.",
)

# %% [markdown]
# L1's spike grows from the first epoch on. L2 brings the mean down too, but hardly a weight is *near* zero. To come from 0.25 to 0.001 by shrinking in proportion, a weight has to be halved eight times. By the two lines above there is time for half a halving here (70 % is left), and in the article's run for five (2.3 %). The article saw L2's spike from epoch 30 on. Give it the time: `microgrand run shrinkage --epochs 260` takes as many steps as the article.
#
# ### What Adadelta does to a pull
#
# By the same two lines L1 should carry a weight by $\lambda$ times the steps. In the film it comes less far. Why? Because its slope joins the gradient, and what joins the gradient is multiplied by the gain.

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 2, sharey=True)
parts_of_them = ("a tenth is below", "the median", "a tenth is above")
for ax, case in zip(axes, ("none", "l1"), strict=True):
    gains = np.array(each(case, lambda record: record["gain"][1:]))  # seeds, epochs, quantiles
    for quantile, colour in enumerate(sequence(3)):
        look = {"color": colour, "label": parts_of_them[quantile]}
        draw_over_epochs(ax, list(gains[..., quantile]), 1, **look)
    ax.axhline(1, color=GREY, linestyle="--", linewidth=0.8)
    ax.set(title=CASES[case], xlabel="epoch", yscale="log")
axes[0].set(ylabel="gain")
axes[0].legend(fontsize=7)
session.show(
    figure,
    "gain",
    "Adadelta's gain, the learning rate that it gives each weight. Most weights have less than 1 (dashed).",
)

# %% [markdown]
# For a weight that the data never move, the gain is 1, and L1 has its full force. For one with large gradients, the first step finds $a = (1 - \rho)g^2$ and $d = 0$: the gain starts as about $\sqrt{\varepsilon/(1-\rho)}\,/\,|g|$, much less than 1, and climbs slowly (exercise 4). So **inside Adadelta the same λ is a weaker penalty for a weight that the data care about**, at least for a long time. One may like that. But it means that a λ belongs to its optimiser. We shall need this when we compare subgradient and proximal steps, since a proximal step stands behind the optimiser and is not multiplied.
#
# ## L3 and L4

# %% tags=["collapse-input"]
show_film("l3", "L3. The tails are held back; the middle does not notice.")

# %% tags=["collapse-input"]
show_film("l4", "L4. Only the far tails feel it.")

# %% [markdown]
# The higher the power, the flatter its bottom. With a gain of 1, a step of L3 takes $3\lambda w^2$ off a weight. So $1/w$ grows by $3\lambda$ a step, and it has doubled after $1/(3\lambda w)$ steps: at 0.25 that is 13 000 steps, at 0.025 ten times as many. L3 and L4 will not make a weight small. They are soft walls against large ones. In the article's films most weights linger around zero under L3, at its length. Here there was no time for that, and the middle of the bell stands as it stood.
#
# ## The dead zone
#
# The article's last penalty lets weights be within ±0.25 and acts as L1 outside. The article finds that it works like L1 and makes more zeros as well. Does it? Look at the formula first: inside the zone the slope is zero. A weight of 0.1 feels nothing. A weight of 0.4 is pulled to 0.25, and there the pull ends.

# %% tags=["collapse-input"]
show_film("dead-zone", "The dead zone, weight by weight. Two spikes grow, at −0.25 and at 0.25.")


# %%
def at_the_edge(record: Record, epoch: int = -1) -> float:
    """The share of weights in the two bins that hold ±0.25."""
    histogram = record["histograms"][epoch]
    return float((histogram[37] + histogram[62]) * 0.02)


print("in the bins of ±0.25:")
print(f"  at the start: {told(each('none', lambda record: at_the_edge(record, 0)))}")
for case in ("none", "dead-zone"):
    print(f"  after training, {CASES[case]}: {told(each(case, at_the_edge))}")
print("with |w| < 0.001:")
for case in ("none", "dead-zone"):
    print(f"  after training, {CASES[case]}: {told(each(case, last('near')))}")

# %% [markdown]
# The dead zone gathers weights at its edges and makes no zeros. So what did the article see?
#
# ## A loss below zero
#
# It saw another penalty. Its program computes the dead zone of a kernel $w$, in Keras, as
#
# > `K.sum(K.max(K.abs(w) - 0.25, 0))`
#
# `K.maximum(x, 0)` would be the larger of $x$ and 0. But `K.max(x, 0)` is the largest entry of $x$ *along axis 0*: the maximum of each column. With the columns $j$ of a kernel, read as a matrix $A$,
#
# $$R(A) = \sum_j \Bigl(\max_i \lvert a_{ij}\rvert - 0.25\Bigr) .$$
#
# Three things follow, all derived on [the page of this penalty](../derivations/column_max_dead_zone.md).
#
# 1. **There is no dead zone.** The 0.25 is a constant, and a constant has no slope. The penalty pulls at the largest weight of each column, wherever that is.
# 2. **It looks at few weights.** In a Keras kernel of 3×3 axis 0 is the *height*: a column is three weights that stand below each other. In a dense kernel it is all the weights into one unit, and of these it pulls at one.
# 3. **It can be negative.** Once a column's largest weight is below 0.25 its term is. With all weights at zero the value is −0.25 for each column, and this is the lowest that it can be.
#
# How low is that?

# %%
for name, parameters in (("this network", at_start), ("the article's network", articles)):
    row = of_kernels(ROWS["column-maximum"], parameters)
    floor = row.value(np.zeros_like(parameters.vector))
    print(f"{name}: {round(-4 * floor):,} columns, λR from {settings.strength * floor:.3f} upwards")

# %% [markdown]
# Once the network has learned its task, its loss on the data is smaller than this, and the sum of the two can be negative. Nothing is wrong with such a sum: a constant was subtracted. Here is a run. At $\lambda = 0.0001$ our few steps do not carry the columns low enough, so we do it with the largest of our strengths too.

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 2, height=3.2)
strongest = max(settings.strengths)
for ax, case, strength in zip(
    axes, ("column-maximum", STRONGEST), (settings.strength, strongest), strict=True
):
    data_loss, λR = each(case, lambda r: r["losses"][1:, 0]), each(case, lambda r: r["penalty"][1:])
    lines = {
        "loss on the data": data_loss,
        "penalty, λR": λR,
        "their sum": [one + other for one, other in zip(data_loss, λR, strict=True)],
    }
    for (label, values), colour in zip(lines.items(), PALETTE, strict=False):
        draw_over_epochs(ax, values, 1, color=colour, label=label)
    lowest = strength * of_kernels(ROWS["column-maximum"], at_start).value(0 * at_start.vector)
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.axhline(lowest, color=GREY, linestyle="--", linewidth=0.8, label="lowest possible λR")
    ax.set(title=f"λ = {strength:g}", xlabel="epoch", ylim=(1.3 * lowest, -3 * lowest))
axes[0].legend(fontsize=7)
session.show(
    figure,
    "negative-loss",
    "The column maximum: the loss on the training images, the penalty, and the sum that training minimises. With the larger strength the sum falls below zero.",
)

# %% tags=["collapse-input"]
show_film(
    "column-maximum",
    "The column maximum, as the article's program has it. The tails are held back, and more weights gather around zero than without a penalty.",
)


# %%
print("second largest over largest weight of a 3×3 kernel's column, on average:")
print(f"  at the start: {evenness(at_start.weights):.2f}")
for case in ("none", "column-maximum"):
    print(f"  {CASES[case]}: {told(each(case, last('evenness')), '{:.2f}')}")
print("share of weights with |w| < 0.001:")
for case in ("none", "column-maximum", "l1"):
    print(f"  {CASES[case]}: {told(each(case, last('near')))}")

# %% [markdown]
# So this penalty does make small weights, slowly. In a column of three it pulls at the largest until that meets the second; then the two come down in turns, and at last all three. The columns become more even, and zero is where they end, as under L1. The article's sentence is true of the penalty that it ran, to a degree, and not of the one that it describes.
#
# ## Side by side

# %% tags=["collapse-input"]
middles = (EDGES[1:] + EDGES[:-1]) / 2
session.play(
    Animation(
        title="All weights while training, in all nine cases",
        alt="Nine histograms of all weights, one for each case, growing from the same bell: L1 and both proximal forms grow a spike at zero, that of L0 with a gap on either side; the dead zone grows two spikes at its edges; the others change little.",
        frames=tuple(f"epoch {epoch}" for epoch in EPOCHS),
        panels=tuple(
            Panel(
                title,
                (
                    Series("bars", "weights", EDGES, results[case, 0]["histograms"]),
                    Series("line", "at the start", middles, results[case, 0]["histograms"][0]),
                ),
                x_label="w",
                y_label="",
                x_limits=(-1, 1),
                y_limits=(0, 6),
            )
            for case, title in CASES.items()
        ),
        columns=3,
    ),
    "weights-side-by-side",
    "All weights in the nine cases, no penalty among them, on one scale (spikes above 6 are cut off).",
)

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 3, height=3.6)
for case, label in CASES.items():
    look = {"color": COLOURS[case], "label": label}
    losses = np.mean(each(case, lambda record: np.log10(record["losses"][1:])), axis=0)
    axes[0].plot(EPOCHS[1:], losses[:, 0], **look)
    axes[1].plot(EPOCHS[1:], losses[:, 1], **look)
    axes[2].plot(EPOCHS[1:], np.mean(each(case, lambda r: r["accuracy"][1:]), axis=0), **look)
titles = ("log₁₀ of training loss", "log₁₀ of test loss", "test accuracy")
for ax, title in zip(axes, titles, strict=True):
    ax.set(title=title, xlabel="epoch")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8)
session.show(
    figure,
    "losses",
    "Losses on the data, without the penalty, and the share of test images that are classified right: means over the seeds. The table has their ranges.",
)


# %% tags=["evidence"]
def final_accuracy(record: Record) -> float:
    """The mean accuracy over the last eighth of the epochs: steadier than the last one."""
    return float(np.mean(record["accuracy"][-max(1, settings.epochs // 8) :]))


# %% tags=["collapse-input"]
print(f"one test image is {1 / len(images.test.x):.2%} of accuracy")
session.table(
    ["", "training loss", "test loss", "test accuracy", "more than no penalty"],
    [
        [
            label,
            told(each(case, lambda record: float(record["losses"][-1, 0])), "{:.3f}"),
            told(each(case, lambda record: float(record["losses"][-1, 1])), "{:.3f}"),
            told(each(case, final_accuracy)),
            told(
                [
                    final_accuracy(results[case, s]) - final_accuracy(results["none", s])
                    for s in session.seeds
                ],
                "{:+.1%}",
            ),
        ]
        for case, label in CASES.items()
    ],
    "Losses after the last epoch, accuracy over the last eighth of the epochs; the last column is taken within a seed. Mean (range) over the seeds.",
)

# %% [markdown]
# All cases come close to a training loss of zero, but for the proximal L1; we shall see why it is the strongest. On the test images seeds differ from each other by more than penalties do. Since each seed starts all cases from the same weights, the fair comparison is within a seed. The claims below make it so.
#
# ## Near zero and exactly zero
#
# A weight can be left out of a file only if it is zero. Here are the sizes of all weights on a logarithmic scale. How many are *zero* cannot be drawn on such a scale. It stands in the table.

# %% tags=["collapse-input"]
figure, ax = new_figure()
for case in ("none", "l1", "l2", "l1-proximal", "l0-proximal"):
    share = np.mean(each(case, lambda record: record["magnitudes"]), axis=0)
    ax.stairs(share, MAGNITUDES, color=COLOURS[case], label=CASES[case], linewidth=1.2)
ax.axvline(np.log10(NEAR), color=GREY, linestyle="--", linewidth=0.8)
ax.set(xlabel="log₁₀ |w|", ylabel="share of all weights")
ax.legend(fontsize=7)
session.show(
    figure,
    "magnitudes",
    "The sizes of all weights that are not zero, after training (mean over the seeds). Left of the dashed line they count as near zero.",
)

# %% tags=["collapse-input"]
session.table(
    ["", "|w| < 0.001", "w = 0", "test accuracy"],
    [
        [
            label,
            told(each(case, last("near"))),
            told(each(case, last("zero")), "{:.2%}"),
            told(each(case, final_accuracy)),
        ]
        for case, label in CASES.items()
    ],
    "Near zero, and zero. Mean (range) over the seeds.",
)

# %% [markdown]
# L1 in the loss leaves a heap of weights near zero, and the heap has an edge: it ends at $\lambda = 10^{-4}$. These weights swing about zero with steps of λ, there and back, and none of them is zero. Exact zeros are made by the two thresholds alone.

# %% tags=["collapse-input"]
show_film("l1-proximal", "L1 by proximal steps: the soft threshold.")

# %% tags=["collapse-input"]
show_film("l0-proximal", "L0 by proximal steps: the hard threshold clears a gap of ±0.014.")

# %% [markdown]
# **The soft threshold makes fewer zeros than one expects.** Look at the table again: more weights are near zero than are zero. A weight that has reached zero stays there as long as the next step on the data is no longer than λ. But a step comes from a batch of a few images and is noisy. Now and then it is longer, and kicks the weight out, and the threshold needs some steps to bring it back. At any moment many of the idle weights are on such an excursion: in the figure they are the heap around 0.001. Exercise 7 makes one out of nothing but noise.
#
# **It is also stronger than L1 in the loss**, though λ is the same: the gain does not weaken it. The accuracy pays for that. To compare the two fairly one has to compare them at equal sparsity, and we shall.
#
# **The hard threshold makes a moat.** What is smaller than 0.014 is gone at once. To come back a weight has to jump over the moat in a single step, and so zeros of the hard threshold stay zeros. But it pulls at nothing outside: a weight comes to the edge only if the data push it there, and after the first epochs the zeros grow slowly. What it does not kill, it keeps whole.
#
# ## What does sparse storage save?
#
# <div class="guess">
#
# **What do you expect?** The article concludes that L1 saves storage: what is nearly zero need not be kept. We store the network that was trained with L1 in the loss as a sparse matrix, as it is. How large is the file, beside that of all its weights?
#
# <details class="option"><summary>Smaller, by the share that is near zero</summary>
#
# It would be if these weights were zero. But near zero is not zero, and a file cannot leave them out. How many were exactly zero? The last table has it.
#
# </details>
# <details class="option"><summary>About the same</summary>
#
# There is indeed next to nothing that can be left out. But a sparse matrix stores something else beside each number.
#
# </details>
# <details class="option"><summary>Twice as large</summary>
#
# **Yes**. Hardly a weight is exactly zero, so all are stored, and beside each number its place.
#
# </details>
# </div>
#
# Let us weigh. A dense matrix of $r$ rows and $m$ columns in single precision takes $4rm$ bytes. **Compressed sparse rows** (CSR) store each number that is not zero, 4 bytes, and its column, 4 bytes, and for each row where it begins, 4 bytes, with one more at the end. If a share $q$ of the numbers is not zero, CSR takes $8qrm + 4(r + 1)$ bytes, and that is less than dense only if
#
# $$q < \frac12 - \frac{r + 1}{2rm} \approx \frac12 - \frac{1}{2m} .$$
#
# **More than half of all weights have to be exactly zero before one byte is saved.** For small matrices there is a simpler way: one *bit* for each weight says whether it is there, then come those that are. It takes $rm/8 + 4qrm$ bytes, and breaks even at $q = 31/32$.
#
# We weigh each network twice: as it was trained, and after a **cut**, which sets every weight with $|w| < 0.001$ to zero. The cut costs nothing to do, but it is a step of its own: no penalty does it.


# %% tags=["evidence"]
CSR, BITS = 1, 2  # columns of what `weigh` returns


def over_dense(name: str, form: int) -> Measure:
    """Bytes of all kernels in another form over dense bytes; name is "bytes" or "bytes_cut"."""
    return lambda record: float(record[name][:, form].sum() / record[name][:, 0].sum())


def lost_by_the_cut(record: Record) -> float:
    """How much accuracy the cut costs."""
    return last("accuracy")(record) - last("accuracy_cut")(record)


# %% tags=["collapse-input"]
session.table(
    ["", "CSR", "CSR, cut", "bits, cut", "accuracy lost by the cut"],
    [
        [
            label,
            *(
                told(each(case, over_dense(name, form)), "{:.2f}")
                for name, form in (("bytes", CSR), ("bytes_cut", CSR), ("bytes_cut", BITS))
            ),
            told(each(case, lost_by_the_cut)),
        ]
        for case, label in CASES.items()
    ],
    "Bytes over dense bytes, all kernels together: 1 is break-even. Mean (range) over the seeds.",
)

# %% tags=["collapse-input"]
record, names = results["l1-proximal", 0], ["×".join(map(str, k.shape)) for k in kernels]
session.table(
    ["kernel", "dense", "CSR", "CSR, cut", "bits, cut", "breaks even below"],
    [
        [
            name,
            *(f"{int(number):,}" for number in (*own[:2], *cut[1:])),
            f"{(4 * k.size - 4 * (k.size // k.shape[-1] + 1)) / (8 * k.size):.0%}",
        ]
        for name, k, own, cut in zip(
            names, kernels, record["bytes"], record["bytes_cut"], strict=True
        )
    ],
    "L1 by proximal steps, seed 0: bytes of each kernel, and the share of weights other than zero at which CSR breaks even.",
)

# %% [markdown]
# As they were trained, the networks with L1 or L2 in the loss take *twice* the space in CSR: there are no zeros to leave out, and a column number is stored with every weight. Only after the cut is there something to leave out, and with L1 alone. Stored as bits and values the network then takes less than dense. In CSR it still takes more: at this strength our few steps bring too few weights near zero. So the article's conclusion has a missing step. L1 makes weights that *can* be dropped. To drop them takes a threshold, in training or after it.
#
# ## More strength
#
# How sparse can the network be before its accuracy goes? We train L1 both ways with further strengths, and plot accuracy against the share of weights that are dropped: exact zeros as trained, or everything below 0.001 after the cut.

# %% tags=["collapse-input"]
figure, (whole, zoom) = new_figure(1, 2, height=3.4, sharex=True)
ladder = sorted(
    [("", settings.strength), *((f"-strength-{i}", settings.strengths[i]) for i in STRENGTHS)],
    key=lambda step: step[1],
)
without = np.mean(each("none", final_accuracy))
for ax in (whole, zoom):
    for base, colour in (("l1", PALETTE[0]), ("l1-proximal", PALETTE[1])):
        for measure, right, style, words in (
            ("zero", "accuracy", ":", "as trained"),
            ("near", "accuracy_cut", "-", "after the cut"),
        ):
            dropped, kept = (
                np.array([each(base + end, last(name)) for end, _ in ladder])  # strengths, seeds
                for name in (measure, right)
            )
            label, means = f"{CASES[base]}, {words}", (dropped.mean(axis=1), kept.mean(axis=1))
            ax.plot(*means, style, marker="o", markersize=3, color=colour, label=label)
            ax.plot(dropped.ravel(), kept.ravel(), ".", color=colour, markersize=2, alpha=0.6)
    ax.axhline(without, color=GREY, linestyle="--", linewidth=0.8, label="no penalty")
    ax.set(xlabel="share of weights dropped")
whole.set(ylabel="test accuracy")
whole.legend(fontsize=7, loc="lower left")
zoom.set(title="the upper part", ylim=(0.85 * without, min(1.05 * without, 1)))
session.show(
    figure,
    "strengths",
    f"Sparsity against accuracy for λ = {', '.join(f'{one:g}' for _, one in ladder)}; lines join the means over the seeds, dots are single runs. On the right the upper part, enlarged.",
)

# %% tags=["collapse-input"]
session.table(
    ["λ", "", "w = 0", "|w| < 0.001", "accuracy, cut", "CSR, cut"],
    [
        [
            f"{strength:g}",
            CASES[base],
            *(
                told(each(base + end, last(name)), "{:.0%}")
                for name in ("zero", "near", "accuracy_cut")
            ),
            told(each(base + end, over_dense("bytes_cut", CSR)), "{:.2f}"),
        ]
        for base in ("l1", "l1-proximal")
        for end, strength in ladder
    ],
    "L1 in the loss and by proximal steps. Bytes over dense bytes. Mean (range) over the seeds.",
)

# %% [markdown]
# Two lessons. The same λ means two different things, as the gain told us: compare rows of equal *sparsity*, not of equal λ. Then the two are not far apart as long as both are mild. The proximal step goes on to where L1 in the loss does not get with these strengths, and pays with accuracy.
#
# And even for the proximal step the cut finds something to drop: about as many weights again as were zero already, at all strengths but the largest. Why does that step not keep its promise of exact zeros? For the reason given above: steps on the data are noisy, and many are longer than λ. The theory of proximal steps is about plain gradient descent with all images in one batch. There they settle where loss and penalty balance, zeros and all. We have not tried.
#
# ## What the article said, and what came out
#
# Each claim is taken apart into numbers that every seed yields, each with a bound: the least, as we read it, that the claim can mean. The bounds are our choice, drawn up on runs like these and fixed before the recorded ones; you may disagree, and the numbers are there for it. A number supports the claim (✓) if the whole interval over the seeds keeps the bound, contradicts it (✗) if none of the interval does, and leaves it open (?) otherwise.
#
# - **holds**: all numbers support the claim.
# - **does not hold**: all contradict it.
# - **depends**: anything else. *Right in part*: some support it and some contradict it. *Supported in part*: some support it, the others are open. *Wrong in part*: some contradict it, the others are open. *Open*: all are.
# - **artefact**: what supports it is gone once the suspected cause is taken away.
#
# The interval is a bootstrap over seeds, and with three of them it is their range. That is little. We trust a bound that is kept by far, and not one that is kept by a hair. (The page [on all claims](../claims.md) judges other, recorded runs, and is stricter: it allows for luck among many numbers, and puts a mark in brackets where luck may have made it. Its numbers and its word stand beside ours in the table, and can differ.)


# %% tags=["evidence", "claims"]
def over(one: float, other: float) -> float:
    """A quotient; NaN where there is none."""
    return one / other if other else float("nan")


def of(case: str, measure: Measure) -> Callable[[dict, int], float]:
    """A measure of a case, as evidence takes it."""
    return lambda results, seed: measure(results[case, seed])


def ratio(measure: Measure, one: str, other: str) -> Callable[[dict, int], float]:
    """A measure of one case over that of another."""
    return lambda r, s: over(measure(r[one, s]), measure(r[other, s]))


def spike_after(part: float) -> Measure:
    """The spike |w| < 0.02 after a part of the epochs."""
    return lambda record: within(record, 0.02, max(1, round(part * settings.epochs)))


def lost(case: str) -> Callable[[dict, int], float]:
    """How much less accurate a case is than no penalty."""
    return lambda r, s: final_accuracy(r["none", s]) - final_accuracy(r[case, s])


def apart(case: str) -> Callable[[dict, int], float]:
    """The same, either way."""
    return lambda r, s: abs(lost(case)(r, s))


def pull_ratio(results: dict, seed: int) -> float:
    """How far L2 moves weights that start between ½ and 1 inwards, over how far L1 does."""
    none, l1, l2 = (float(results[case, seed]["shrunk"]) for case in ("none", "l1", "l2"))
    return over(l2 - none, l1 - none)


claims = [
    Claim(
        "S1",
        "L1 and L2 drive the weights towards 0, L1 faster; L2 has a similar spike only after more than 30 of the 40 epochs.",
        (
            Evidence("mean |w|, L1 / no penalty", ratio(last("size"), "l1", "none"), below=1),
            Evidence("mean |w|, L2 / no penalty", ratio(last("size"), "l2", "none"), below=1),
            Evidence("spike |w| < 0.02 after half of the epochs, L1 / L2", ratio(spike_after(0.5), "l1", "l2"), above=1),
            Evidence("spike after three quarters of the epochs, L2 / L1", ratio(spike_after(0.75), "l2", "l1"), below=0.5),
            Evidence("spike at the end, L2 / L1", ratio(spike, "l2", "l1"), above=0.5),
        ),
        comment="Both drive, L1 faster. For L2's spike the page's number of steps is too small; the article's was larger.",
    ),
    Claim(
        "S2",
        "On the test set accuracy is about the same without a penalty, with L1 and with L2.",
        (
            Evidence("accuracy with L1, difference to no penalty, either way", apart("l1"), below=0.01),
            Evidence("accuracy with L2, difference to no penalty, either way", apart("l2"), below=0.01),
        ),
        comment="The article adds that it is slightly higher with them; our seeds do not show that.",
    ),
    Claim(
        "S3",
        "So L1 and L2 save storage: the weights can be kept as sparse matrices.",
        (
            Evidence("CSR bytes / dense bytes, L1 as trained", of("l1", over_dense("bytes", CSR)), below=1),
            Evidence("CSR bytes / dense bytes, L2 as trained", of("l2", over_dense("bytes", CSR)), below=1),
            Evidence("CSR bytes / dense bytes, L1 cut at 0.001", of("l1", over_dense("bytes_cut", CSR)), below=1),
            Evidence("CSR bytes / dense bytes, L2 cut at 0.001", of("l2", over_dense("bytes_cut", CSR)), below=1),
        ),
        comment="No zeros, no saving: CSR doubles the bytes. The cut is free in accuracy, but in the page's number of steps too few weights come near zero for CSR to gain by it.",
    ),
    Claim(
        "S4",
        "For |w| in [0, 1] L1 penalises more, beyond 1 L2 does; judged by its slope, L2 has force only beyond 1.",
        (
            Evidence("distance from 1 of where the values cross", lambda r, s: abs(values_cross - 1), below=0.01),
            Evidence("distance from 1 of where the slopes cross", lambda r, s: abs(slopes_cross - 1), below=0.01),
            Evidence("pull on weights that start between ½ and 1, in the first tenth of the epochs, L2 / L1", pull_ratio, below=1),
        ),
        comment="True of the values. The slopes cross at ½, and weights between ½ and 1 feel it.",
    ),
    Claim(
        "S5",
        "L3 leaves most weights near 0 but pushes less than L2; L4 pushes less still.",
        (
            Evidence("share of |w| < 0.1 with L3", of("l3", lambda record: within(record, 0.1)), above=0.5),
            Evidence("spike |w| < 0.02, L3 / L2", ratio(spike, "l3", "l2"), below=1),
            Evidence("spike |w| < 0.02, L4 / L3", ratio(spike, "l4", "l3"), below=1),
        ),
        comment="Less and less, yes: so little that in the page's number of steps L3 leaves the middle of the bell where it was, and L4 hardly differs from L3.",
    ),
    Claim(
        "S6",
        "A dead zone acts like L1, and it too makes more zeros.",
        (
            Evidence("share of |w| < 0.001, column maximum / no penalty", ratio(last("near"), "column-maximum", "none"), above=2),
            Evidence("share of |w| < 0.001, column maximum / L1", ratio(last("near"), "column-maximum", "l1"), above=0.5),
            Evidence("share of |w| < 0.001, dead zone / L1", ratio(last("near"), "dead-zone", "l1"), above=0.5),
        ),
        without=Evidence("without the wrong maximum: share of |w| < 0.001, dead zone / no penalty", ratio(last("near"), "dead-zone", "none"), above=2),
        comment="The dead zone makes none. What makes some is the column maximum, which the program computes in its place.",
    ),
    Claim(
        "S7",
        "L1 serves as a proxy for L0.",
        (
            Evidence("share of w = 0, L1 in the loss", of("l1", last("zero")), above=0.1),
            Evidence("share of w = 0, L1 by proximal steps", of("l1-proximal", last("zero")), above=0.1),
            Evidence("share of w = 0, proximal L1 / proximal L0", ratio(last("zero"), "l1-proximal", "l0-proximal"), above=1),
            Evidence("accuracy lost, L1 by proximal steps", lost("l1-proximal"), below=0.01),
        ),
        comment="It does by proximal steps, not by subgradients; behind Adadelta at some cost in accuracy.",
    ),
]  # fmt: skip

# %%
session.judge(claims, results)

# %% [markdown]
# The same experiment was also run on MNIST, with the article's 32 filters, more images in larger batches, and about as many steps. [What came of it](../claims.md#where-size-changed-the-answer) differs most in two places. There the column maximum leaves no more small weights than no penalty does; we have not looked into why. And with the article's number of steps, and eight filters, a cut of an L1 network saves its first byte.
#
# ## In short
#
# - **Which penalty, and how fast?** [L1](#l1-and-l2) pulls at every weight alike, and from the first epoch on weights gather at zero. L2 pulls in proportion: a weight is halved again and again, and that takes many more steps. [L3 and L4](#l3-and-l4) hardly feel small weights, and the [dead zone](#the-dead-zone) leaves them alone.
# - **Nearly zero is not zero.** With a penalty in the loss [no weight is exactly zero](#near-zero-and-exactly-zero), however many are small. A proximal step makes true zeros.
# - **A file knows the difference.** [Sparse storage](#what-does-sparse-storage-save) saves what is zero exactly, and only once most weights are. So nearly zero is as good as zero if one may cut it off, and whether one may has to be tested.
#
# ## What can be learned from this
#
# - **Look at the slope.** Penalties are drawn as values, and training feels slopes. Half of S4 comes of looking at the wrong curve.
# - **Count steps, not epochs.** What a constant pull can do is its strength times the number of steps. An epoch of 60 000 images is not an epoch of 1 500.
# - **Small is not zero.** A histogram's bar cannot tell the two apart, and a file can.
# - **A surprise is a gift.** The negative loss was printed above every picture. It was the program saying that it computed something else.
#
# ## Exercises
#
# Try each before you open a hint, and a hint before the solution. Write what an exercise asks for into a file of your own, say `mine.py`, and have it checked:
#
# ```sh
# microgrand exercise shrinkage 1 mine.py
# ```
#
# Your file may use whatever this lesson imports and defines: its functions, its classes and its constants in capitals, but none of its results, for nothing is trained first. Solutions and checks have run on this page, and would have failed the build if they were wrong.
#
# **1. Count.** How many weights and biases has the article's network, with 28×28 pixels, $n = 32$ and no padding? Call the number `count`. Which kernel holds most of them? Call the number of its weights `largest`.
#
# <details class="hint"><summary>Hint</summary>
#
# A convolution of 3×3 without padding takes two pixels off each side, a pooling halves what is left and rounds down. The first dense layer sees all numbers of the last maps.
#
# </details>

# %% tags=["solution"]
sides = 28 - 2 - 2, (28 - 2 - 2) // 2 - 2  # before each pooling
in_a_row = (sides[1] // 2) ** 2 * 128  # numbers that enter the first dense layer: 5·5·128
largest = in_a_row * 128
count = (9 * 1 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 128 + largest + 128 + 129 * 10
print(f"{count:,} numbers; the first dense kernel alone has {largest:,}")

# %% tags=["check"]
built = network(Settings(filters=32), (28, 28, 1), 10).init((28, 28, 1), np.random.default_rng(0))
assert count == built.vector.size, "`count` is not the number of weights and biases"
most = max(layer["kernel"].size for layer in built.weights if "kernel" in layer)
assert largest == most, "`largest` is not the size of the largest kernel"

# %% [markdown]
# **2. Rows or bits.** Below which density does CSR take fewer bytes than one bit a weight and the values? Write it as `rows_beat_bits(rows, columns)`, zero or less where there is none. For which of our kernels is there none?
#
# <details class="hint"><summary>Hint</summary>
#
# Both sizes stand above, as functions of the density $q$. Set them equal and solve for $q$. What if that is below zero?
#
# </details>


# %% tags=["solution"]
def rows_beat_bits(rows: int, columns: int) -> float:
    # 8·q·r·m + 4(r + 1) = r·m/8 + 4·q·r·m. With 32 columns or fewer it is below zero: never.
    return 1 / 32 - (rows + 1) / (rows * columns)


# %% tags=["check"]
for r, m in ((128, 512), (512, 128)):
    density = rows_beat_bits(r, m)
    assert 0 < density < 1, f"a matrix of {r}×{m} has such a density, between 0 and 1"
    matrix = np.zeros(r * m, np.float32)
    matrix[np.random.default_rng(0).permutation(r * m)[: round(density * r * m)]] = 1
    (dense, in_rows, bits) = weigh([{"kernel": matrix.reshape(r, m)}])[0]
    print(f"{r}×{m}, q = {density:.1%}: dense {dense:,}, CSR {in_rows:,}, bits {bits:,} bytes")
    assert in_rows == bits, f"a matrix of {r}×{m} so full takes {in_rows - bits:+,} bytes in CSR"
assert rows_beat_bits(1152, 32) <= 0, "with 1152 rows and 32 columns, bits are always fewer"

# %% [markdown]
# **3. Where the slopes cross.** Below which $|w|$ does the penalty $|w|^p$ pull less than L1? Solve for any $p > 1$, and write the answer as `slopes_meet(p)`. Where does it go as $p$ grows?
#
# <details class="hint"><summary>Hint</summary>
#
# The slope of $w^p$ is $p\,w^{p-1}$, that of L1 is 1.
#
# </details>


# %% tags=["solution"]
def slopes_meet(p: float) -> float:
    return p ** (-1 / (p - 1))  # p |w|^(p − 1) = 1


print(f"p = 1000: {slopes_meet(1000):.4f}; it goes to 1")

# %% tags=["check"]
for power in (2, 3, 4):
    w = slopes_meet(power)
    slope = PENALTIES[f"l{power}"].gradient(np.array([float(w)]))[0]
    print(f"p = {power}: the slope at {w:.4f} is {slope:.4f}")
    assert np.isclose(slope, 1), f"there L{power} does not pull as hard as L1"
assert 0.99 < slopes_meet(1000) < 1, "for p = 1000 it is not there"

# %% [markdown]
# **4. Adadelta and a constant gradient.** Let nothing but one constant gradient $g$ act on a weight, for so long that $a$ has settled at $g^2$. Show that $d$ moves towards $g^2$, a gain of 1, whatever $g$ is, and that each step closes the same share $1/\tau$ of the distance. Write `tau(g)`. How many steps is τ for $g = 0.0001$ (an idle weight under L1) and for $g = 0.01$?
#
# <details class="hint"><summary>Hint</summary>
#
# Put Δ² into the rule for $d$: it becomes $d \leftarrow \rho d + (1 - \rho)(d + \varepsilon)\,g^2/(g^2 + \varepsilon)$. Subtract $d$ from both sides and collect.
#
# </details>


# %% tags=["solution"]
def tau(g: float) -> float:
    # d ← d + (g² − d)/τ
    rho, epsilon = Adadelta().rho, Adadelta().epsilon
    return (g**2 + epsilon) / ((1 - rho) * epsilon)


print(f"τ is {tau(1e-4):,.0f} steps for an idle weight, and {tau(1e-2):,.0f} for g = 0.01")

# %% tags=["check"]
optimizer = Adadelta()
for g in (1e-4, 1e-2):
    weight = np.zeros(1)
    state = optimizer.init(weight)
    state["square"][:] = g**2 / (1 - optimizer.rho)  # a has settled already
    for _ in range(3):
        before = state["steps squared"][0] * (1 - optimizer.rho)
        optimizer.step(weight, np.array([g]), state)
        closed = (state["steps squared"][0] * (1 - optimizer.rho) - before) / (g**2 - before)
        assert np.isclose(tau(g) * closed, 1, rtol=1e-2), (
            f"for g = {g:g} the library's Adadelta closes another share of the distance a step"
        )

# %% [markdown]
# **5. The wrong maximum.** Take the matrix $\begin{pmatrix} 0.5 & 0.1 \\ -0.75 & 0.03 \end{pmatrix}$. Compute by hand the true dead zone and the article's version, values and gradients: call them `meant`, `written`, `meant_gradient` and `written_gradient`. Then let the article's version act alone, with a hundred plain steps of 0.01, on the second column. Where does it end? Call the two numbers `ends_at`; a step beside it is right too.
#
# <details class="hint"><summary>Hint</summary>
#
# The true dead zone asks each weight how far it is beyond 0.25. The article's version asks each *column* for its largest size and takes off 0.25, also where that is less. Its gradient acts on the largest alone.
#
# </details>

# %% tags=["solution"]
meant = (0.5 - 0.25) + (0.75 - 0.25)
written = (0.75 - 0.25) + (0.1 - 0.25)
meant_gradient = [[1, 0], [-1, 0]]
written_gradient = [[0, 1], [-1, 0]]
ends_at = [0, 0]  # 0.1 comes down to 0.03, then both in turns: there is no zone

# %% tags=["check"]
matrix = np.array([[0.5, 0.1], [-0.75, 0.03]])
zone, maximum = ROWS["dead-zone"], ROWS["column-maximum"]
assert np.isclose(meant, zone.value(matrix.ravel())), "`meant` is not the value of the dead zone"
assert np.isclose(written, maximum.value(matrix)), "`written` is not the article's value"
right = zone.gradient(matrix.ravel()).reshape(2, 2)
assert np.array_equal(meant_gradient, right), "`meant_gradient` is not that of the dead zone"
right = maximum.gradient(matrix)
assert np.array_equal(written_gradient, right), "`written_gradient` is not the article's"
column = matrix[:, 1:].copy()
for _ in range(100):
    column -= 0.01 * maximum.gradient(column)
print(f"the second column ends at {column.ravel().round(3)}, both less than 0.25")
assert np.shape(ends_at) == (2,), "`ends_at` is not two numbers"
assert np.abs(ends_at).max() < 0.011, "the column ends elsewhere"

# %% [markdown]
# **6. L0 in the loss.** Write `trained(row)`: it trains the network for one epoch on 300 digits, with `row` of the table of penalties in the loss, as strong as you like, and returns the vector of all weights. Start and batches are the same at each call. Compare `trained(PENALTIES["none"])` and `trained(PENALTIES["l0"])`, to the bit.
#
# <details class="hint"><summary>Hint</summary>
#
# `train` of `microgrand.training` takes `penalty=row` and `strength=…`, and yields an epoch at a time: `run` above shows how it is called. Make the generators anew inside the function.
#
# </details>


# %% tags=["solution"]
def trained(row: Penalty) -> np.ndarray:
    digits = load_once("digits").first(300, 100)
    model = network(Settings(filters=4), digits.train.x.shape[1:], 10)
    parameters = model.init(digits.train.x.shape[1:], np.random.default_rng(0))
    epochs = train(
        *(model, parameters, digits.train, digits.test),
        optimizer=Adadelta(),
        epochs=1,
        batch_size=20,
        generator=np.random.default_rng(1),
        loss=softmax_cross_entropy,
        penalty=row,
        strength=1.0,
    )
    list(epochs)
    return parameters.vector


# %% tags=["check"]
without, counted, squared = (trained(PENALTIES[name]) for name in ("none", "l0", "l2"))
assert np.size(without) > 500, "`trained` does not return all weights"
assert np.array_equal(without, counted), "with L0 in the loss other weights come out: why?"
assert not np.array_equal(without, squared), (
    "even L2 makes no difference: is the penalty used, and is `train` looped over?"
)
print(f"with L0 all {np.size(without):,} numbers are the same, to the bit; with L2 they are not")

# %% [markdown]
# **7. Quiet makes zeros.** Why are there fewer exact zeros than small weights? Take idle weights that see nothing but noise: a step drawn from $\mathcal N(0, \sigma^2)$, then the soft threshold of 0.0001. What share is exactly zero after many steps? Write `share_of_zeros(times)` for a σ of so many thresholds, and try a tenth, one and ten.
#
# <details class="hint"><summary>Hint</summary>
#
# Let 10 000 weights start at zero and take 500 steps. The soft threshold is `l1_proximal` of `microgrand.penalties.vector`.
#
# </details>

# %% tags=["solution"]
from microgrand.penalties.vector import l1_proximal


def share_of_zeros(times: float) -> float:
    generator, idle = np.random.default_rng(0), np.zeros(10_000)
    for _ in range(500):
        idle = l1_proximal(idle + generator.normal(0, times * 1e-4, idle.shape), 1e-4)
    return float(np.mean(idle == 0))


# %% tags=["check"]
from microgrand.penalties.vector import l1_proximal as soft_threshold

for times in (0.1, 1, 10):
    generator, idle = np.random.default_rng(1), np.zeros(10_000)
    for _ in range(500):
        idle = soft_threshold(idle + generator.normal(0, times * 1e-4, idle.shape), 1e-4)
    zero, near = np.mean(idle == 0), np.mean(abs(idle) < NEAR)
    print(f"noise of {times:g} thresholds: {zero:.1%} zero, {near:.1%} near")
    assert abs(share_of_zeros(times) - zero) < (0.03 if zero > 0.1 else 0.012), (
        f"with noise of {times:g} thresholds another share is zero"
    )

# %% [markdown]
# ## Further reading
#
# - Xiaoxiaoyu (小小鱼, 2018), [*Weight distributions* (权重分布)](https://zhuanlan.zhihu.com/p/41631717): the article.
# - Tibshirani (1996), *Regression shrinkage and selection via the lasso*, JRSS B 58.
# - Natarajan (1995), *Sparse approximate solutions to linear systems*, SIAM Journal on Computing 24.
# - Parikh and Boyd (2014), [*Proximal algorithms*](https://doi.org/10.1561/2400000003).
# - Zeiler (2012), *ADADELTA: an adaptive learning rate method*, [arXiv:1212.5701](https://arxiv.org/abs/1212.5701).
# - Han, Pool, Tran and Dally (2015), *Learning both weights and connections for efficient neural networks*, [arXiv:1506.02626](https://arxiv.org/abs/1506.02626): train, cut, train again.

# %% tags=["hide-input"]
session.end()
