# %% [markdown]
# # Penalties
#
# Eleven terms are added to a loss: which of them regularise, and what do they do to the gradients?
#
# A **penalty** is a price on the weights of a network. Training then has two wishes, to fit the data and to pay little, and the hope is that a cheap network is one that has understood rather than memorised. But training never sees the price. It sees its *slope*: how much dearer each weight would become if it grew a little. So we look at penalties from there.
#
# Jae Duk Seo did so in [*Regularization in Gradient Point of View*](https://towardsdatascience.com/regularization-in-gradient-point-of-view-manual-back-propagation-in-tensorflow-b7811ad297da) (2019). He trained one network with eleven different terms, recorded six signals of every layer, and compared. He says himself that it is one experiment, that one sample proves nothing, and that he is not sure whether all networks started from the same weights. So here is the experiment once more: over several seeds, each case from the same weights, by his own program and by a corrected one. We judge ten things he says, P1 to P10.
#
# Before anything is trained, a pencil will already have taken the eleven apart. Four of them are one function, but for a factor of two. One has no slope. Two blow like a wind. Two reward what they were to punish. And this is only the start: at the end two networks that differ by a ten-millionth in one weight will drift apart, by chance early or late, and we have to ask how much of any difference between two runs means anything at all.
#
# This page is a program. Every figure below was drawn by the code around it when the page was built; `microgrand run penalties` runs the same file in your terminal, and its flags change the settings that come next.

# %% tags=["evidence", "imports"]
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator
from scipy.stats import spearmanr

from microgrand.claims import Claim, Evidence
from microgrand.data.catalog import load_once
from microgrand.figures import (
    GREY,
    PALETTE,
    Animation,
    Panel,
    Series,
    histogram_animation,
    new_figure,
)
from microgrand.image_network import as_published, positions, six_convolutions, strides
from microgrand.lesson import begin
from microgrand.measures import MEASURES, PROPERTIES
from microgrand.ops import softmax_cross_entropy
from microgrand.optimizers import SGD, Adam, State
from microgrand.penalties import PENALTIES
from microgrand.settings import Preset, setting
from microgrand.signals import SIGNALS, STATISTICS, Recorder, take_signals
from microgrand.tape import Parameters
from microgrand.training import train


# %% tags=["settings"]
@dataclass(frozen=True)
class Settings:
    """What can be changed; the defaults are the article's."""

    data: str = setting("stl10", "images: a name of `microgrand data list`, or a path")
    train_images: int = setting(5000, "how many images to train with, at most", low=20)
    test_images: int = setting(8000, "how many images to test with, at most", low=20)
    epochs: int = setting(150, "passes over the data", low=1)
    batch_size: int = setting(20, "images a step", low=1)
    strength: float = setting(1e-4, "λ, the strength of every penalty", low=0)
    learning_rate: float = setting(8e-4, "Adam's rate", low=1e-6, high=1)
    epsilon: float = setting(1e-9, "Adam's ε", low=1e-30)


presets = {
    "quick": Preset(Settings("patches", train_images=60, test_images=40, epochs=2), seeds=1),
    "book": Preset(Settings("patches", train_images=500, test_images=200, epochs=7), seeds=3),
    "article": Preset(Settings(), seeds=3),
}
session = begin("penalties", presets)
settings = session.settings
images = load_once(settings.data).first(settings.train_images, settings.test_images)

# %% [markdown]
# ## A term added to the loss
#
# Let $\theta$ stand for all weights of the network, and $L(\theta)$ for the loss, which says how badly it fits the data. A penalty $R(\theta)$ is added with a **strength** $\lambda$,
#
# $$J(\theta) = L(\theta) + \lambda R(\theta), \qquad \frac{\partial J}{\partial \theta} = \frac{\partial L}{\partial \theta} + \lambda \frac{\partial R}{\partial \theta} .$$
#
# All penalties here are sums over the weights, one term for each. So we write $R$ for a single weight, and $\partial R/\partial\theta$ is a curve that we can draw. We call it the **pull**: a step of training moves the weight *against* it, so a positive pull brings a weight down. Where we say that a penalty points towards zero, we mean the step that it makes.
#
# What should the curve of a penalty look like? Positive to the right of zero and negative to the left, so that every step goes towards zero. And it should have a smallest value somewhere, or the price could be lowered for ever.
#
# ## Eleven cases
#
# The article's letters are Z (no penalty) and A to J. For each we note two rows of the library's [table of penalties](../derivations/index.md): what the formula *means*, and what the article's program *trains with*. The two are not always the same. Where a formula would divide by zero, the program adds a small $\varepsilon = 10^{-7}$; and a gradient with an $\varepsilon$ in it is the gradient of another function.


# %% tags=["evidence"]
class Case(NamedTuple):
    """A case of the article: its formula, and a row of the table of penalties with a factor.

    `coded` is what the article's program trains with, `meant` what the formula says.
    """

    formula: str
    coded: tuple[str, int]
    meant: tuple[str, int]


CASES = {
    "Z": Case("0", ("none", 1), ("none", 1)),
    "A": Case("θ²", ("l2", 1), ("l2", 1)),
    "B": Case("|θ| + √(|θ|²)", ("l1_half_smoothed", 1), ("l1", 2)),
    "C": Case("θ", ("linear", 1), ("linear", 1)),
    "D": Case("√(θ²)", ("l1_smoothed", 1), ("l1", 1)),
    "E": Case("|θ|", ("l1", 1), ("l1", 1)),
    "F": Case("√(|θ|²)", ("l1_smoothed", 1), ("l1", 1)),
    "G": Case("√(θ²)/θ", ("sign_as_coded", 1), ("sign", 1)),
    "H": Case("−tanh θ", ("tanh_signed", -1), ("tanh_signed", -1)),
    "I": Case("−tanh θ²", ("tanh_square", -1), ("tanh_square", -1)),
    "J": Case("−log(1 + θ²)", ("log_square", -1), ("log_square", -1)),
}


# %% tags=["collapse-input"]
def in_words(row: tuple[str, int]) -> tuple[str, str]:
    """A row of the table and its factor, "2 · Σ|θ|", and the page that derives it."""
    name, factor = row
    words = {1: "", -1: "−", 2: "2 · "}[factor] + PENALTIES[name].formula
    return words, f"../derivations/{name}.md"


session.table(
    ["case", "the article's formula", "as mathematics", "as coded"],
    [[letter, c.formula, in_words(c.meant), in_words(c.coded)] for letter, c in CASES.items()],
    "The eleven cases. Each row of the last two columns has a page on which it is derived by hand.",
)

# %% [markdown]
# (The derivations: [none](../derivations/none.md), [L2](../derivations/l2.md), [L1](../derivations/l1.md), [smoothed L1](../derivations/l1_smoothed.md), [half-smoothed L1](../derivations/l1_half_smoothed.md), [the sum](../derivations/linear.md), [the sign](../derivations/sign.md), [the sign as coded](../derivations/sign_as_coded.md), [tanh](../derivations/tanh_signed.md), [tanh of the square](../derivations/tanh_square.md), [the logarithm of the square](../derivations/log_square.md).)
#
# <div class="guess">
#
# **What do you expect?** A penalty is to pull every weight towards zero, from both sides. How many of the eleven do that?
#
# <details class="option"><summary>Five</summary>
#
# **Yes**: A, B, D, E and F. And four of these five are one function, up to a factor and a trace of smoothing.
#
# </details>
# <details class="option"><summary>Eight</summary>
#
# You have found some that do not. G, C, and the three with a minus: what is the slope of each?
#
# </details>
# <details class="option"><summary>Ten: all but Z</summary>
#
# The article treats them so. But try a few slopes: which way does that of $\theta$ point for a weight below zero? Which way that of $-\tanh\theta^2$, with its minus?
#
# </details>
# </div>
#
# Here are all eleven pulls. They fall into six families, and each family gets one colour for the rest of this page.

# %%
FAMILIES = (("Z", "G"), ("A",), ("B", "D", "E", "F"), ("C",), ("H",), ("I", "J"))
DASHES = ("-", "--", ":", "-.")
LOOK: dict[str, dict[str, Any]] = {
    letter: {"color": colour, "linestyle": dash, "label": letter}
    for family, colour in zip(FAMILIES, (GREY, *PALETTE), strict=False)
    for letter, dash in zip(family, DASHES, strict=False)
}


def pull(letter: str, theta: np.ndarray) -> np.ndarray:
    """The gradient that case adds for these weights, as coded, at λ = 1."""
    name, factor = CASES[letter].coded
    return factor * PENALTIES[name].gradient(theta)


# %% tags=["collapse-input"]
theta = np.linspace(-0.4, 0.4, 400)
figure, axes = new_figure(2, 3, height=4.2, sharex=True, sharey=True)
for ax, family in zip(axes.ravel(), FAMILIES, strict=True):
    ax.axhline(0, color=GREY, linewidth=0.5)
    ax.axvline(0, color=GREY, linewidth=0.5)
    for letter in family:
        words = f"{letter}: {CASES[letter].formula}"
        ax.plot(theta, pull(letter, theta), **{**LOOK[letter], "label": words})
    ax.set(ylim=(-1.3, 1.3))
    ax.legend(fontsize=7)
for ax in axes[1]:
    ax.set(xlabel="θ")
for ax in axes[:, 0]:
    ax.set(ylabel="∂R/∂θ")
session.show(
    figure,
    "pulls",
    "The pull of each case on weights of the size that occurs. Only A and the family of E point towards zero from both sides. (B, D, E and F lie on each other.)",
)

# %% [markdown]
# What do such pulls do to weights, if nothing else acts? Take some thirty weights between −0.3 and 0.3, and let each case move them by plain gradient descent, without data, without a network.


# %% tags=["collapse-input"]
def alone(letter: str, weights: np.ndarray, steps: int) -> np.ndarray:
    """Weights that only the pull of a case moves, after each step: (steps + 1, weights)."""
    here, sgd, path = weights.copy(), SGD(rate=0.01), [weights]
    for _ in range(steps):
        sgd.step(here, pull(letter, here), {})
        path.append(here.copy())
    return np.array(path)


starts, last_step = np.linspace(-0.3, 0.3, 31), 40
session.play(
    Animation(
        title="Eleven cases, with nothing but their pull",
        alt="Eleven panels, each with a line of weights that starts as a diagonal. Under Z and G it stays. Under B, D, E and F it falls onto zero from both sides, in the same way; under A it turns towards zero. Under C it slides down and under H up, as a whole. Under I and J it grows steeper.",
        frames=tuple(f"step {step}" for step in range(last_step + 1)),
        panels=tuple(
            Panel(
                f"{letter}: {CASES[letter].formula}",
                (
                    Series("line", "where they started", starts, starts),
                    Series("line", "the weights now", starts, alone(letter, starts, last_step)),
                ),
                "weight at the start",
                "now",
                (-0.3, 0.3),
                (-0.6, 0.6),
            )
            for family in FAMILIES
            for letter in family
        ),
    ),
    "alone",
    "Weights that nothing but the penalty moves, under the eleven cases: two that stay where they are, five that go to zero, two that are blown away, two that grow.",
)

# %% [markdown]
# Of the six families only two, those of A and E, do what we asked of a penalty. Now one after the other.
#
# ### Four names for |θ|
#
# A root undoes a square: $\sqrt{\theta^2} = \sqrt{|\theta|^2} = |\theta|$. So D, E and F are one function, the **lasso**, and B is twice that. (The name B goes by in the article, elastic net, belongs to $|\theta| + \theta^2$; somebody put a root over the square.) The code of B has a factor of one half, and so it is back where E is.
#
# What is left is the smoothing. D and F add $\varepsilon$ under the root, and pull with $\theta/\sqrt{\theta^2 + \varepsilon}$ where E pulls with $\operatorname{sign}\theta$. How far does that reach?

# %%
for size in (1e-4, 3e-4, 1e-3, 3e-3, 0.05):
    at = np.array([size])
    print(f"|θ| = {size:<6g}", *(f"{x} pulls {pull(x, at)[0]:.5f}" for x in "EBDF"), sep="   ")

# %% [markdown]
# Within $\sqrt\varepsilon = 0.0003$ of zero they differ; from 0.003 on they agree to better than one per cent, and for most weights of a network to four digits. D and F agree in every bit, everywhere. If two of these four end apart, the penalty has not made it with weights beyond 0.003. (But the lasso gathers weights at zero. What the smoothing does there we shall measure.)
#
# ### A step that is flat
#
# Case G is $\sqrt{\theta^2}/\theta$. Above it stands the size of a number and below it the number: it is the **sign**, 1 on the right of zero and −1 on the left. Constants have no slope. As mathematics, G is Z.
#
# As coded it is not quite. The quotient rule gives two terms that should cancel, $|\theta|$ against $|\theta|$, and the program guards one of them with an $\varepsilon$ and not the other. What is left is
#
# $$-\frac{\varepsilon\,|\theta|}{(|\theta| + \varepsilon)(\theta^2 + \varepsilon)},$$
#
# negative on both sides of zero: a push upwards. [Its page](../derivations/sign_as_coded.md) integrates it to find which function this is the gradient of. It is a step *down*, a thousandth high and a thousandth wide. For a weight of 0.05 the push is 0.00004, for one of 0.0001 it is 0.9.

# %% tags=["collapse-input"]
near = np.linspace(-0.002, 0.002, 801)
figure, (left, right) = new_figure(1, 2)
for letter in "EBD":
    left.plot(near, pull(letter, near), **LOOK[letter])
left.set(title="B, D and E near zero", xlabel="θ", ylabel="∂R/∂θ")
right.plot(near, pull("G", near), **LOOK["G"])
right.set(title="G near zero", xlabel="θ")
right.axhline(0, color=LOOK["Z"]["color"], linewidth=0.8, label="Z")
for ax in (left, right):
    ax.legend(fontsize=7)
session.show(
    figure,
    "smoothing",
    "What ε = 0.0000001 leaves: two hundred times closer to zero than the figure before. F lies on D.",
)

# %% [markdown]
# ### Two winds
#
# Case C is the weight itself, $R = \theta$. Its pull is 1 for every weight, on either side. That brings positive weights nearer to zero and drives negative ones away from it. And there is no bottom: the sum can be made smaller for ever. This is no penalty but a wind that blows from the right.
#
# Case H is $-\tanh\theta$. Near zero $\tanh\theta \approx \theta$, so H is C turned round: a wind from the left, that pushes every weight *up*. For weights below 0.3 its force is 1 to within a tenth.
#
# ### Rewards for size
#
# Cases H, I and J come from a comparison of measures of sparsity by Hurley and Rickard ([arXiv:0811.4706](https://arxiv.org/abs/0811.4706)). There $-\sum\tanh|\theta|$ and $-\sum\log(1 + \theta^2)$ are *measures*: numbers that are large where weights are small. But a loss is to be made small. Put into it as they stand, they reward large weights. The pulls of I and J point away from zero, and near zero they are the pull of A with its sign turned, $-2\theta$.
#
# (H has lost something more on the way. The paper's measures take the *sizes* of numbers. Without the bars $\tanh$ tells left from right, and that is what makes H a wind.)
#
# The sign that was lost makes all the difference. Here is one weight, with nothing but the penalty to move it:

# %%
for name in ("tanh_abs", "tanh_square", "log_square"):
    for sign, words in ((1, "as a penalty"), (-1, "as published")):
        weight, sgd = np.array([0.1]), SGD(rate=0.1)
        for _ in range(10):
            sgd.step(weight, sign * PENALTIES[name].gradient(weight), {})
        formula = PENALTIES[name].formula
        print(f"{formula:<13} {words}: a weight of 0.1 is {weight[0]:+.3f} after ten steps")

# %% [markdown]
# (With the right sign these three are sound. Near zero [tanh|θ|](../derivations/tanh_abs.md) is the lasso, and the other two are $\sum\theta^2$, the penalty of ridge regression; far out all let go, and spare large weights. That the first does not seem to shrink its weight is a matter of the step. It pulls with a force of 1, as the lasso does, so steps of 0.1 carry the weight to and fro across zero.)
#
# So of eleven cases, two functions are penalties: θ² and |θ|. The article's measurements are still worth repeating. What do the others do to a network?
#
# ### What is sparse?
#
# Several claims are about sparsity, so let us say what we mean by it. Hurley and Rickard think of the sizes of numbers as incomes: the more unequal they are, the sparser. They ask six things of a measure:
#
# - **Robin Hood**: taking from the rich and giving to the poor makes it smaller.
# - **scaling**: changing the currency does not change it.
# - **rising tide**: giving everyone the same amount makes it smaller.
# - **cloning**: having everyone twice does not change it.
# - **Bill Gates**: one who is rich enough and becomes richer makes it larger.
# - **babies**: newcomers who own nothing make it larger.
#
# Where all own the same, or one owns everything, there is nothing to take or to give, and nothing is asked. Seven of their measures are in the library; $c_1, \dots, c_n$ are the sizes.
#
# | measure | formula |
# |---|---|
# | Hoyer | $(\sqrt n - \ell_1/\ell_2)/(\sqrt n - 1)$, with $\ell_1 = \sum c_i$ and $\ell_2 = \sqrt{\sum c_i^2}$ |
# | Gini | the mean difference of two sizes, over twice the mean size |
# | ℓ2/ℓ1 | $\ell_2/\ell_1$ |
# | pq-mean | $-(\frac 1n\sum c_i^p)^{1/p} / (\frac 1n\sum c_i^q)^{1/q}$, here with $p = \frac 12$ and $q = 2$ |
# | −tanh | $-\sum\tanh c_i$ |
# | −log | $-\sum\log(1 + c_i^2)$ |
# | κ4 | $\sum c_i^4 / (\sum c_i^2)^2$ |
#
# Which has which property is held by the library's tests, with a counterexample for each gap.

# %% tags=["collapse-input"]
session.table(
    ["", *MEASURES],
    [
        [wanted, *("✓" if wanted in m.properties else "·" for m in MEASURES.values())]
        for wanted in PROPERTIES
    ],
    "Seven measures of sparsity and six properties.",
)

# %% [markdown]
# Look at −tanh and −log. They do not pass *scaling*: halve all weights and they report more sparsity, though not one number has become zero. They are measures of *smallness*. We shall use the **Gini index**, which has all six properties. It is 0 where all sizes are equal and nearly 1 where one number owns everything; for normally distributed weights it is 0.41, whatever their spread.
#
# ## The experiment
#
# ### The network and its program
#
# Six convolutions of 3×3 follow each other, 16 channels each and as many as there are classes in the last, with ReLU behind each of them. A mean over all pixels makes one number a class. There are no biases, and weights start from $\mathcal N(0, 0.05^2)$.
#
# | step | formula | derivation |
# |---|---|---|
# | convolution | $z = W * h$ | [conv2d](../derivations/conv2d.md) |
# | activation | $h = \max(z, 0)$ | [ReLU](../derivations/relu.md) |
# | mean over pixels | $\hat y_c = \frac 1P \sum_p h_{pc}$ | [global average pooling](../derivations/global_average_pool.md) |
# | loss | $-\log \operatorname{softmax}(\hat y)_{\text{class}}$ | [softmax and cross-entropy](../derivations/softmax_cross_entropy.md) |
#
# The article trains on STL-10, photographs of 96×96 pixels. This page is built on something smaller that needs no download: 32×32 patches of ten photographs, with the photograph as class. `--preset article` takes STL-10, and `--data` any set of images; the strides adapt to their size.

# %%
shape = images.train.x.shape[1:]
network = six_convolutions(shape, len(images.classes))
print(
    f"{images.name}: {len(images.train.x)} images to train with, {len(images.test.x)} to test with"
)
print(f"images of {shape}, {len(images.classes)} classes; strides {strides(min(shape[:2]))}")

# %% [markdown]
# The article's program differs from its text in three ways. We keep them as a switch, **as published**, and set a **corrected** program beside it.
#
# 1. **The bias correction of Adam stands still.** Adam divides its running means by $1 - \beta^t$, which is small at first and becomes 1. The program divides by $1 - \beta$ at every step. So its first step is Adam's, the next hundred are longer, up to 2.1 times as long, and in the long run they are a third of Adam's (exercise 2).
# 2. **The gradient of the data has another scale.** It is divided by the batch size $N$ twice, and not by the $P$ positions of the last maps. Adam does not care for the scale of a gradient, but it cares for the *proportion* of its parts: λ weighs $N/P$ of what the text says.
# 3. **Nothing is shuffled.** Every epoch shows the images in the same order.
#
# The corrected program has none of these, and takes the article's formulas as mathematics: no ε, and B at twice the strength. There D and F *are* E, and G is Z, so it has eight cases to run.

# %%
adam, strength = as_published(
    Adam(settings.learning_rate, epsilon=settings.epsilon),
    settings.strength,
    shape,
    settings.batch_size,
)
print(f"N = {settings.batch_size} images a batch, P = {positions(shape)} positions")
print(f"λ = {settings.strength:g} in the text weighs {strength:.3g} in the program")

# %% [markdown]
# ### What is recorded
#
# After each epoch we take six **signals** of every layer, for the first batch of training images: the gradient that the layer passes back (*input gradient*), the gradient for its weights (*weight gradient*), what it computes (*preactivation*), the same after ReLU (*activation*), Adam's running mean of the gradient (*moment*), and the *weights*. Of each signal, numbers $x_1, \dots, x_n$, we keep a histogram of 50 bins and five statistics:
#
# | statistic | formula | what it tells |
# |---|---|---|
# | mean | $\mu = \frac 1n \sum x_i$ | where the numbers lie |
# | std | $\sigma = \sqrt{\frac 1n \sum (x_i - \mu)^2}$ | how far they spread |
# | skewness | $\frac 1n \sum \bigl(\frac{x_i - \mu}\sigma\bigr)^3$ | which tail is the longer one |
# | kurtosis | $\frac 1n \sum \bigl(\frac{x_i - \mu}\sigma\bigr)^4 - 3$ | how heavy the tails are; 0 for a normal distribution |
# | non-zero | how many $x_i \ne 0$ | what ReLU has left |
#
# The weight gradient is recorded as Adam gets it, *with* the pull of the penalty. That will matter for claim P5; so we also count the weights to which the loss alone has a gradient of exactly zero.
#
# Six runs are added to the eleven cases. `Z-unshuffled` and `Z-frozen` take the two programs apart, under [Accuracy](#accuracy). The others belong to the end of this page. `Z-nudged` is Z again, with $10^{-7}$ added to the first weight before training. `Z-shaken` and `E-shaken` are Z and E with every weight moved by a random number of the size of $10^{-4}$. In `Z-read` Adam's moment is read in the way of the article's program. To compare the paths of two runs, we note every sixteenth weight at some forty of the steps.


# %%
@dataclass(frozen=True)
class Watched(Adam):
    """Adam that notes every sixteenth weight before training and after some of its steps."""

    at: tuple[int, ...] = ()

    def init(self, vector: np.ndarray) -> State:
        return {**super().init(vector), "path": [vector[::16].copy()]}

    def step(self, vector: np.ndarray, gradient: np.ndarray, state: State) -> None:
        super().step(vector, gradient, state)
        if state["steps"] in self.at:
            state["path"].append(vector[::16].copy())


def noted_steps(settings: Settings, count: int) -> tuple[int, ...]:
    """60 steps at most: each of the first, then wider and wider apart."""
    steps = settings.epochs * -(-count // settings.batch_size)
    return tuple(np.unique(np.geomspace(1, steps, 60).round().astype(int)).tolist())


def kept_epochs(epochs: int) -> list[int]:
    """26 of the epochs at most: the first, the last, and evenly between."""
    return sorted({round(epoch) for epoch in np.linspace(0, epochs, 26)})


def accuracy(prediction: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose largest number is that of their class."""
    return float(np.mean(prediction.argmax(axis=-1) == labels))


def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """One case (LETTER-PROGRAM) with one seed: what is kept of its training, epoch by epoch."""
    letter, program = case.split("-")
    images = load_once(settings.data).first(settings.train_images, settings.test_images)
    shape = images.train.x.shape[1:]
    network = six_convolutions(shape, len(images.classes))
    for_weights, for_batches, for_shaking = (
        np.random.default_rng([seed, stream]) for stream in range(3)
    )
    parameters = network.init(shape, for_weights)
    if program == "nudged":
        parameters.vector[0] += np.float32(1e-7)
    if program == "shaken":
        size = parameters.vector.size
        parameters.vector += np.float32(1e-4) * for_shaking.standard_normal(size, np.float32)

    corrected = program in ("corrected", "frozen", "unshuffled")
    name, factor = CASES[letter].meant if corrected else CASES[letter].coded
    penalty, strength = PENALTIES[name], factor * settings.strength
    noted = noted_steps(settings, len(images.train.x))
    optimizer: Adam = Watched(settings.learning_rate, epsilon=settings.epsilon, at=noted)
    if not corrected:
        optimizer, strength = as_published(optimizer, strength, shape, settings.batch_size)
    if program == "frozen":
        optimizer = replace(optimizer, as_published=True)

    batch = (images.train.x[: settings.batch_size], images.train.y[: settings.batch_size])
    some = slice(min(settings.test_images, 1000))  # of the training images, for their accuracy
    recorder, silent, of_training = Recorder(), [], []

    def observe(parameters: Parameters, state: State) -> None:
        moment = optimizer.moment(state)
        signals = take_signals(network, parameters, *batch, softmax_cross_entropy, moment)
        of_loss = signals["weight gradient"]
        silent.append(sum(np.count_nonzero(g == 0) for g in of_loss) / parameters.vector.size)
        pulls = parameters.like(np.float32(strength) * penalty.gradient(parameters.vector))
        of_penalty = [layer["kernel"] for layer in pulls.weights if layer]
        signals["weight gradient"] = [a + b for a, b in zip(of_loss, of_penalty, strict=True)]
        recorder.add(signals)
        prediction = network(parameters.weights, images.train.x[some])
        of_training.append(accuracy(prediction, images.train.y[some]))
        if program == "read":  # reading the moment updates it once more
            state["sum"] *= optimizer.beta1
            state["sum"] += np.concatenate([g.ravel() for g in signals["weight gradient"]])

    epochs = list(
        train(
            network,
            parameters,
            images.train,
            images.test,
            optimizer=optimizer,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            generator=for_batches,
            loss=softmax_cross_entropy,
            penalty=penalty,
            strength=strength,
            shuffle=program in ("corrected", "frozen"),
            metrics={"accuracy": accuracy},
            observe=observe,
        )
    )
    kept = recorder.arrays()
    return {
        "accuracy": np.array([of_training, [epoch.metrics["accuracy"] for epoch in epochs]]),
        "statistics": kept["statistics"],
        "histograms": kept["histograms"][kept_epochs(settings.epochs)],
        "ranges": kept["ranges"],
        "silent": np.array(silent),
        "path": np.array(epochs[-1].state["path"]),
        "weights": parameters.vector.copy(),
        "size": np.abs(parameters.vector).mean(),
        "count": np.array(parameters.vector.size),
    }


# %%
DISTINCT = ("Z", "A", "B", "C", "E", "H", "I", "J")
SAME = {"D": "E", "F": "E", "G": "Z"}  # as mathematics
results = session.sweep(
    run,
    [f"{letter}-published" for letter in CASES]
    + [f"{letter}-corrected" for letter in DISTINCT]
    + ["Z-frozen", "Z-unshuffled", "Z-nudged", "Z-shaken", "E-shaken", "Z-read"],
    data=images.checksum,
)
session.about(results)


# %% [markdown]
# ## Accuracy


# %% tags=["evidence"]
def name_of(letter: str, program: str) -> str:
    """The run that answers for a case: the corrected program has eight of the eleven."""
    return f"{SAME.get(letter, letter) if program == 'corrected' else letter}-{program}"


def final_accuracy(results: dict, case: str, seed: int) -> np.ndarray:
    """Accuracy on training and on test images, mean of the last fifth of the epochs (two at least)."""
    both = results[case, seed]["accuracy"]
    return both[:, -max(2, both.shape[1] // 5) :].mean(axis=1)


# %% tags=["collapse-input"]
figure, axes = new_figure(1, 2, sharey=True, height=3.4)
for ax, half, name in zip(axes, (0, 1), ("training", "test"), strict=True):
    for letter in CASES:
        runs = [results[f"{letter}-published", seed]["accuracy"][half] for seed in session.seeds]
        ax.plot(100 * np.mean(runs, axis=0), **LOOK[letter])
    ax.set(title=f"{name} images", xlabel="epoch")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
axes[0].set(ylabel="accuracy, %")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
session.show(
    figure,
    "accuracy",
    f"Accuracy of the eleven cases as published, mean over {len(session.seeds)} seeds. Grey lines have no penalty (Z) or none that is felt (G).",
)

# %% [markdown]
# The mean over seeds hides how far the seeds lie apart. Here is every run by itself, with the corrected program beside the published one.

# %% tags=["collapse-input"]
figure, axes = new_figure(2, 1, height=4.6, sharex=True, sharey=True)
for ax, program in zip(axes, ("published", "corrected"), strict=True):
    for place, letter in enumerate(CASES):
        found = [final_accuracy(results, name_of(letter, program), s)[1] for s in session.seeds]
        ax.plot(
            place + np.linspace(-0.2, 0.2, len(found)),
            100 * np.array(found),
            "o",
            color=LOOK[letter]["color"],
            markersize=5,
        )
    ax.set(title=program, ylabel="test accuracy, %")
    ax.axhline(100 / len(images.classes), color=GREY, linewidth=0.7, linestyle=":")
axes[0].set_ylim(0, None)
axes[1].set_xticks(range(len(CASES)), list(CASES))
session.show(
    figure,
    "seeds",
    "Test accuracy at the end of training: a point for every seed, from left to right. The dotted line is guessing. In the corrected program D and F are E, and G is Z.",
)

# %% [markdown]
# Three things can be read from this picture.
#
# As published, **C comes last**, in every seed. **The seeds differ more than most cases do.** The distance between two seeds of Z can be larger than that between Z and most of its neighbours in the same seed. An article with one seed has drawn one dot from each column. And **the two programs do not agree.** The corrected one is behind here even without a penalty (Z, and G, which is Z there). λ cannot act on Z, so two of the three differences are left: the frozen correction and the order of the images. We take them apart.


# %% tags=["collapse-input"]
def without_penalty(program: str) -> str:
    """Test accuracy of Z under a program: mean and range over the seeds, in percent."""
    found = [100 * final_accuracy(results, f"Z-{program}", s)[1] for s in session.seeds]
    return f"{np.mean(found):.0f} ({min(found):.0f}–{max(found):.0f})"


session.table(
    ["Z, test accuracy, %", "images in order", "images shuffled"],
    [
        [words, *map(without_penalty, programs)]
        for words, programs in {
            "correction frozen": ("published", "frozen"),
            "Adam's correction": ("unshuffled", "corrected"),
        }.items()
    ],
    "Four programs without a penalty: mean and range over the seeds. The published one stands first, the corrected one last.",
)

# %% [markdown]
# It is the order. On average over the seeds either Adam does worse with shuffled images, in the few steps of this page, and we had suspected the other difference. Why shuffling costs so much at the start, we have not looked into. With thousands of steps [the corrected program is ahead](../claims.md#where-size-changed-the-answer). And whoever compares two programs that differ in three things learns that they differ.
#
# The lasso (E, and B with twice of it) falls further, and there λ has its part. In the corrected program it weighs $P/N$ times as much. The lasso's pull on a weight is the same however small the weight is, and at the start the gradients of the loss are small: so it can win before the data have been heard. We take it that the published program's misplaced factor kept it from doing so. To know, one would have to mend all else and leave the factor.
#
# Why are the gradients small at the start, and the seeds so far apart? Look at the size of the signal in an untrained network, layer by layer.

# %%
start = results["Z-published", 0]["statistics"][0, SIGNALS.index("activation"), :, 1]
print("spread of the activations before training:", *(f"{value:.1e}" for value in start))
print(f"weights that would keep it need a spread of {np.sqrt(2 / (9 * 16)):.3f}, not 0.05")

# %% [markdown]
# Each layer passes on a part of what it gets. By the rule of He and others (2015), weights behind a ReLU should start with a variance of 2 over the number of inputs, and these are less than half as wide. So a network first has to grow its weights before it can learn, and how long that takes is a matter of luck. It may also explain a surprise: I and J, which reward size, are on average about as good as the lasso. A push outwards does no harm in a network that starts too small, and may help.
#
# ## The signals
#
# For each signal the article shows five statistics, averaged over the six layers, as eleven lines. We do the same, averaged over the seeds. Where C runs out of a panel, the panel follows the others.


# %% tags=["evidence"]
def statistic(results: dict, case: str, seed: int, signal: str, name: str) -> np.ndarray:
    """A statistic of a signal after each epoch, averaged over the layers."""
    kept = results[case, seed]["statistics"]
    return kept[:, SIGNALS.index(signal), :, STATISTICS.index(name)].mean(axis=1)


# %% tags=["collapse-input"]
def statistics_figure(signal: str) -> Any:
    """Five panels of eleven lines, each the mean over the seeds."""
    figure, axes = new_figure(2, 3, height=4.2, sharex=True)
    *panels, legend = axes.ravel()
    for ax, name in zip(panels, STATISTICS, strict=True):
        lines = {
            letter: np.mean(
                [statistic(results, f"{letter}-published", s, signal, name) for s in session.seeds],
                0,
            )
            for letter in CASES
        }
        for letter, line in lines.items():
            ax.plot(line, **LOOK[letter])
        others = np.array([line for letter, line in lines.items() if letter != "C"])
        low, high = np.nanmin(others), np.nanmax(others)
        margin = max(0.15 * (high - low), 0.02 * abs(high), 1e-9)
        ax.set(title="non-zero" if name == "nonzero" else name)
        ax.set_ylim(low - margin, high + margin)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for ax in axes[1]:
        ax.set(xlabel="epoch")
    legend.axis("off")
    legend.legend(*panels[0].get_legend_handles_labels(), ncols=3, loc="center")
    return figure


session.show(
    statistics_figure("input gradient"),
    "input-gradient",
    "The gradient that a layer passes back: five statistics, mean over layers and seeds.",
)

# %% [markdown]
# **The gradient passed back.** At the start it is tiny, and it grows as the weights do. Its mean is a sum of numbers of both signs that nearly cancel, and jumps about from epoch to epoch. D and E should be one line, and so should Z and G: how far apart they run gives a feeling for what in such a figure is chance. Claim P4 picks out J.

# %% tags=["collapse-input"]
session.show(
    statistics_figure("weight gradient"),
    "weight-gradient",
    "The gradient for the weights, with the penalty's pull: five statistics, mean over layers and seeds.",
)

# %% [markdown]
# **The gradient for the weights.** Look at the last panel. With any penalty, all weights have a gradient that is not zero. Without one, in Z, a few have none: they belong to channels that ReLU has silenced for the whole batch. The article sees this too, and supposes that Z learns slowly for lack of gradients (claim P5). But a penalty brings no news from the data. It paints its own $\lambda\,\partial R/\partial\theta$ over the zeros, and that is almost never exactly zero. Even G does it, with a pull of 0.00004 times λ. Take the paint away, and all cases have their silent weights: Z on average a little more than its neighbours, and C by far the most.


# %% tags=["evidence"]
def with_gradient(results: dict, letter: str, seed: int) -> float:
    """The share of weights with a gradient that is not zero, pull included, over the epochs."""
    record = results[f"{letter}-published", seed]
    counts = record["statistics"][1:, SIGNALS.index("weight gradient"), :, -1].sum(axis=1)
    return float(counts.mean() / record["count"])


def heard(results: dict, letter: str, seed: int) -> float:
    """The same of the loss alone."""
    return 1 - float(results[f"{letter}-published", seed]["silent"][1:].mean())


# %% tags=["collapse-input"]
def percent_without(of: Any) -> list[str]:
    """100 % less what `of` says of each case, mean over the seeds."""
    means = [np.mean([of(results, letter, s) for s in session.seeds]) for letter in CASES]
    return [f"{100 * (1 - mean):.1f}" for mean in means]


session.table(
    ["weights without a gradient, %", *CASES],
    [
        ["as recorded, pull included", *percent_without(with_gradient)],
        ["of the loss alone", *percent_without(heard)],
    ],
    "How many weights have a gradient of exactly zero; mean over epochs and seeds.",
)

# %% tags=["collapse-input"]
session.show(
    statistics_figure("preactivation"),
    "preactivation",
    "What a layer computes, before ReLU: five statistics, mean over layers and seeds.",
)

# %% [markdown]
# **Before ReLU.** The wind of C drives all weights down. From the second layer on a layer's inputs have gone through ReLU and are never negative; so its sums fall with its weights (claim P6).

# %% tags=["collapse-input"]
session.show(
    statistics_figure("activation"),
    "activation",
    "What the next layer receives, after ReLU: five statistics, mean over layers and seeds.",
)

# %% [markdown]
# **After ReLU.** A negative sum becomes a zero, so C has the fewest activations. What of H, the wind from the other side? Weights that are pushed up make sums that are positive more often. One expects more activations that are not zero, not fewer. The article saw fewer (claim P7). On this page H has about as many as Z. In the [longer runs](../claims.md) it has fewer, as the article says.

# %% tags=["collapse-input"]
session.show(
    statistics_figure("weight"),
    "weight",
    "The weights: five statistics, mean over layers and seeds.",
)

# %% [markdown]
# **The weights.** This is the figure in which penalties should be seen. B, D, E and F bring the spread down, A a little, I and J up; C and H move the mean, down and up. The article wonders why H's weights have a *higher* mean than all others although a penalty should make weights small (claim P8). There is nothing to wonder at: the term rewards it.


# %% tags=["collapse-input"]
def of_weights(letter: str) -> list[str]:
    """Seven numbers about the final weights of a case, mean over the seeds."""
    final = np.array([results[f"{letter}-published", s]["weights"] for s in session.seeds])
    measured = [MEASURES[name].value(final).mean() for name in ("Gini", "Hoyer", "pq-mean")]
    small = [MEASURES[name].value(final).mean() for name in ("−tanh", "−log")]
    return [
        f"{np.abs(final).mean():.4f}",
        f"{final.mean():+.4f}",
        f"{np.mean(np.abs(final) < 1e-3):.1%}",
        *(f"{value:.3f}" for value in measured),
        *(f"{value:.0f}" for value in small),
    ]


session.table(
    ["case", "mean |θ|", "mean θ", "|θ| < 0.001", "Gini", "Hoyer", "pq-mean", "−tanh", "−log"],
    [[letter, *of_weights(letter)] for letter in CASES],
    "The weights after training, as published; mean over the seeds. Larger measures mean sparser.",
)

# %% [markdown]
# Compare the columns. By the Gini index, the lasso's four names make weights sparser than the others: more inequality, not only less size. But the last panel above counts the weights that are not zero, and it is all of them: small is not zero. Then compare I with Z. Its weights are larger, and by Gini they are sparser. −tanh and −log say the opposite, for size is all they see: to them *every* set of smaller weights is sparser.

# %% tags=["collapse-input"]
session.show(
    statistics_figure("moment"),
    "moment",
    "Adam's running mean of the gradient: five statistics, mean over layers and seeds.",
)

# %% [markdown]
# **The moment.** For C the article sees moments that are mostly zero (claim P9), which in a figure means: small beside the others'. Channels that are dead get no gradient from the data, and what is left in their moments is the constant pull of the wind. It is small, and it is not zero. And Adam divides it by the size of the gradients that it remembers: once those are no larger, a constant gradient, however small, makes whole steps of about a learning rate. That is how C overshoots.
#
# ### Six layers, any case, any signal
#
# The article ends with 66 animations. Here they are in one figure, and the corrected program's beside them.


# %% tags=["collapse-input"]
def histograms(program: str, letter: str, signal: str) -> Animation:
    """All six layers of one signal, epoch by epoch, for seed 0."""
    record = results[name_of(letter, program), 0]
    index = SIGNALS.index(signal)
    frames = [
        f"epoch {epoch}: train {record['accuracy'][0, epoch]:.0%}, test {record['accuracy'][1, epoch]:.0%}"
        for epoch in kept_epochs(settings.epochs)
    ]
    return histogram_animation(
        record["histograms"][:, index],
        record["ranges"][index],
        frames,
        title=f"{signal} of case {letter}, {CASES[letter].formula}, {program}",
        alt=f"Six histograms, one for each layer, of the {signal} in case {letter} ({program} program), from epoch to epoch.",
        x_label=signal,
    )


session.choose(
    histograms,
    {
        "program": {"published": "as published", "corrected": "corrected"},
        "case": {x: f"{x}: {case.formula}" for x, case in CASES.items()},
        "signal": {signal: signal for signal in reversed(SIGNALS)},
    },
    "histograms",
    "Histograms of a signal in the six layers while the network learns (seed 0). Choose a program, a case and a signal; the label gives the accuracy.",
)

# %% [markdown]
# Some things to look for: in the corrected program the weights of E gather to a spike at zero, those of A hardly; the weights of C walk to the left, in the first layer least; those of J spread, in the last layer most. And the activations of every case have a spike at zero, which is ReLU's.
#
# ## How far apart do two runs drift by themselves?
#
# The article compares one run of each case. Suppose that two of them end with different accuracies. Did the penalty do that?
#
# We know pairs for which it did not. D and F train with one function: let us see whether their runs agree. E and D, or E and B, differ noticeably only for the few weights within a thousandth of zero; so do Z and G. Beside these pairs we put two accidents. One twin of Z differs from it in *one* weight of the first layer, by 0.0000001, and in nothing else. Other twins start with all weights shaken a little, by 0.0001: a five-hundredth of their spread.
#
# The distance between two runs is the root-mean-square difference of their weights.
#
# <div class="guess">
#
# **What do you expect?** One run begins with its weights shaken by 0.0001 and has no penalty, like its twin. Another begins unshaken, and has penalty A all along. How far from the plain run does the shaken one end, beside the one with the penalty?
#
# <details class="option"><summary>Next to no way: 0.0001 is forgotten, or stays 0.0001</summary>
#
# So it would be if learning brought runs together. Follow the line of the shaken twin in the picture below: it goes up.
#
# </details>
# <details class="option"><summary>About a tenth as far</summary>
#
# A penalty acts at every step, the shaking acted once. But what was shaken acts on everything that comes after.
#
# </details>
# <details class="option"><summary>About as far</summary>
#
# **Yes**. The distance cannot tell which of the two had a penalty. What can, comes at the end of this section.
#
# </details>
# </div>


# %%
def distance(results: dict, one: str, other: str, seed: int) -> np.ndarray:
    """The root-mean-square difference of the noted weights, at the start and the noted steps."""
    apart = results[one, seed]["path"] - results[other, seed]["path"]
    return np.sqrt(np.mean(np.square(apart, dtype=np.float64), axis=1))


Pair = tuple[str, str]
PAIRS: dict[str, tuple[Pair | None, Pair | None]] = {
    "one weight by 0.0000001": (("Z-published", "Z-nudged"), None),
    "each weight by about 0.0001": (("Z-published", "Z-shaken"), ("E-published", "E-shaken")),
    "the smoothing": (("Z-published", "G-published"), ("E-published", "D-published")),
    "half of the smoothing": (None, ("E-published", "B-published")),
    "the moment was read": (("Z-published", "Z-read"), None),
    "a penalty": (("Z-published", "A-published"), ("Z-published", "E-published")),
}


def pair_words(pair: Pair) -> str:
    """What a pair is called: E and D, or E and E shaken."""
    return " and ".join(name.removesuffix("-published").replace("-", " ") for name in pair)


for seed in session.seeds:
    assert not distance(results, "D-published", "F-published", seed).any()
print("D and F: the same bits in every weight, at every noted step, for every seed")

# %% tags=["collapse-input"]
steps = np.array([0, *noted_steps(settings, len(images.train.x))])
figure, axes = new_figure(1, 2, height=4.4, sharey=True, sharex=True)
for side, ax in enumerate(axes):
    for (words, pairs), colour in zip(PAIRS.items(), PALETTE, strict=False):
        pair = pairs[side]
        if pair is None:
            continue
        for seed in session.seeds:
            line = distance(results, *pair, seed)
            label = None if seed else f"{pair_words(pair)}: {words}"
            ax.plot(steps, np.where(line > 0, line, np.nan), color=colour, label=label)
    ax.set(yscale="log", xlabel="step")
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16))
axes[0].set(ylabel="distance of the weights")
session.show(
    figure,
    "drift",
    "How far two runs drift apart that started together: a line for each seed. The axis is logarithmic; a straight line upwards is exponential growth.",
)


# %% tags=["collapse-input"]
def range_of(values: Iterable[float], form: str) -> str:
    """The smallest and the largest of them, as words."""
    values = list(values)
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


def drift(pair: Pair) -> list[str]:
    """How far two runs are apart at the start and at the end, and in accuracy on test images."""
    one, other = pair
    accuracies = [
        100 * abs(final_accuracy(results, one, s)[1] - final_accuracy(results, other, s)[1])
        for s in session.seeds
    ]
    ends = [distance(results, one, other, s)[[0, -1]] for s in session.seeds]
    start, end = zip(*ends, strict=True)
    return [range_of(start, ".0e"), range_of(end, ".0e"), range_of(accuracies, ".1f")]


session.table(
    ["pair", "what differs", "at the start", "at the end", "test accuracy, points apart"],
    [
        [pair_words(pair), words, *drift(pair)]
        for words, pairs in {
            **PAIRS,
            "nothing": (("D-published", "F-published"), None),
        }.items()
        for pair in pairs
        if pair
    ],
    "Distances of weights and of test accuracy between two runs, smallest to largest over the seeds. The weights themselves start at a distance of 0.05 from zero.",
)

# %% [markdown]
# The nudge starts at a distance of a few billionths and grows by many orders of magnitude, in quiet stretches and in jumps. At a jump, we think, a ReLU has switched on in one run and off in the other, or a gradient that is nearly zero has one sign here and the other there. Adam divides a gradient by the size of those before it; where all of them were tiny, it makes a whole step of a sign. The two runs are then $2\eta$ apart in that weight at once: a rounding error turned into a step. From about $10^{-4}$ on, all accidents follow much the same curve. How soon the nudge gets there is a matter of luck: it may take a few steps, or more than this page has. The shaking begins there, and the smoothing gets there within a few steps.
#
# So compare what the smoothing does with what the accidents do, the shaking and the reading of the moment, in the figure and in the last column of the table. The weights drift about as far. The accuracies do not agree to the point, but they are of one size. So on this page the differences among B, D, E and F, and that between G and Z, are of the size of an accident. Who looks at eleven lines cannot know that. P1 rests on one of these differences.
#
# Distance alone does not tell a penalty from an accident: A is not much farther from Z than Z's own twins. What tells them apart is the *direction*. An accident makes weights different, a penalty makes them smaller, in every seed:


# %% tags=["collapse-input"]
def size_of(case: str) -> list[str]:
    """The mean size of a run's final weights over that of Z, for each seed."""
    final = {
        name: [float(results[name, s]["size"]) for s in session.seeds]
        for name in (case, "Z-published")
    }
    return [f"{a / b:.3f}" for a, b in zip(*final.values(), strict=True)]


session.table(
    ["mean |θ| over that of Z", *(f"seed {seed}" for seed in session.seeds)],
    [
        [name.removesuffix("-published").replace("-", " "), *size_of(name)]
        for name in (
            "Z-nudged", "Z-shaken", "Z-read", "G-published",
            *(f"{x}-published" for x in "ABDEIJ"), "E-shaken",
        )
    ],
    "How large the weights are after training. F has the same bits as D.",
)  # fmt: skip

# %% [markdown]
# ### A measurement that changes what it measures
#
# One line of the figure is left, "the moment was read". In the article's program the moment is a variable with a rule that updates it, $m \leftarrow \beta_1 m + (1 - \beta_1) g$. To record $m$, the program asks the framework for the result of *that rule*. So the framework runs it once more. Adam now has a moment in which the last gradient counts nearly twice, and takes its next step with it.
#
# We imitate this after each epoch, and once before the first. It is an accident like any other, and no small one. By the figure, a network whose moment was read ends about as far from its unread twin as one that trained with penalty A. (We do not know how often the article reads it.) To look must not be to touch. Our own signals are taken on a tape of their own, and a test of the library demands that a run has the same bits, watched or not.
#
# ## What the article said, and what came out
#
# Each claim is taken apart into numbers that every seed yields, each with a bound: the least, as we read it, that the claim can mean. A number supports the claim (✓) if the whole interval over the seeds keeps the bound, contradicts it (✗) if none of the interval does, and leaves it open (?) otherwise. The claims are judged by the published program.
#
# - **holds**: all numbers support the claim.
# - **does not hold**: all contradict it.
# - **depends**: anything else. *Right in part*: some support it and some contradict it. *Supported in part*: some support it, the others are open. *Wrong in part*: some contradict it, the others are open. *Open*: all are.
# - **artefact**: what supports it is gone once the suspected cause is taken away.
#
# With three seeds the interval is their range, and too narrow; trust what is far from its bound. (The page [on all claims](../claims.md) judges other, recorded runs, and is stricter: it allows for luck among many numbers, and puts a mark in brackets where luck may have made it. Its numbers and its word stand beside ours in the table, and can differ.)


# %% tags=["evidence", "claims"]
def lead(results: dict, letter: str, seed: int, half: int) -> float:
    """Percentage points by which a case is more accurate than the best of all others."""
    of = {x: final_accuracy(results, f"{x}-published", seed)[half] for x in CASES}
    return 100 * float(of.pop(letter) - max(of.values()))


def lag(results: dict, letter: str, seed: int, half: int) -> float:
    """Percentage points by which a case is more accurate than the worst of all others."""
    of = {x: final_accuracy(results, f"{x}-published", seed)[half] for x in CASES}
    return 100 * float(of.pop(letter) - min(of.values()))


def gain(results: dict, letter: str, seed: int, half: int) -> float:
    """Percentage points by which a case is more accurate than Z."""
    with_it, without = (final_accuracy(results, f"{x}-published", seed) for x in (letter, "Z"))
    return 100 * float(with_it[half] - without[half])


def late(results: dict, letter: str, seed: int, signal: str, name: str) -> float:
    """A statistic of a signal, averaged over layers and over the last fifth of the epochs."""
    line = statistic(results, f"{letter}-published", seed, signal, name)
    return float(line[-max(2, len(line) // 5) :].mean())


def unrest(results: dict, letter: str, seed: int) -> float:
    """How much the mean input gradient varies from epoch to epoch."""
    return float(statistic(results, f"{letter}-published", seed, "input gradient", "mean").std())


def fewest(of: Any, results: dict, letter: str, seed: int) -> float:
    """The smallest number among the other cases over a case's own."""
    return min(of(results, x, seed) for x in CASES if x != letter) / of(results, letter, seed)


def most(of: Any, results: dict, letter: str, seed: int) -> float:
    """A case's number over the largest among the other cases."""
    return of(results, letter, seed) / max(of(results, x, seed) for x in CASES if x != letter)


def active(results: dict, letter: str, seed: int) -> float:
    """Activations that are not zero, mean over the layers."""
    return late(results, letter, seed, "activation", "nonzero")


def rank_correlation(values: Iterable[float], measured: Iterable[float]) -> float:
    """Spearman's: 1 if `measured` rises with every step of `values`, −1 if it falls."""
    values, measured = list(values), list(measured)
    if min(len(set(values)), len(set(measured))) < 3:
        return float("nan")
    return float(spearmanr(values, measured).statistic)


def tested(results: dict, seed: int) -> np.ndarray:
    """Test accuracy of the eleven cases."""
    return np.array([final_accuracy(results, f"{x}-published", seed)[1] for x in CASES])


def repeats(results: dict, seed: int) -> float:
    """Whether this seed ranks the cases as the mean of the other seeds does."""
    others = [tested(results, other) for other in session.seeds if other != seed]
    return rank_correlation(tested(results, seed), np.mean(others, axis=0)) if others else np.nan


claims = [
    Claim(
        "P1",
        "The highest training accuracy is that of G, √(θ²)/θ.",
        (
            Evidence("training accuracy of G − best other case, points", lambda r, s: lead(r, "G", s, 0), above=0),
            Evidence("training accuracy of G − Z, points", lambda r, s: gain(r, "G", s, 0), above=0),
        ),
        comment="G is Z but for weights within a thousandth of zero: its lead was a nudge that grew.",
    ),
    Claim(
        "P2",
        "The highest test accuracy is that of H, −tanh θ.",
        (
            Evidence("test accuracy of H − best other case, points", lambda r, s: lead(r, "H", s, 1), above=0),
            Evidence("test accuracy of H − Z, points", lambda r, s: gain(r, "H", s, 1), above=0),
        ),
        comment="Ahead of no penalty is not ahead of all.",
    ),
    Claim(
        "P3",
        "The worst is C, θ, which overshoots since its derivative is always 1.",
        (
            Evidence("test accuracy of C − worst other case, points", lambda r, s: lag(r, "C", s, 1), below=0),
            Evidence("training accuracy of C − worst other case, points", lambda r, s: lag(r, "C", s, 0), below=0),
            Evidence("mean weight of C / mean size of Z's", lambda r, s: late(r, "C", s, "weight", "mean") / float(r["Z-published", s]["size"]), below=-0.5),
        ),
        comment="It drags all weights down. A slope of 1 alone is not the reason: H has nearly the same, upwards, and learns.",
    ),
    Claim(
        "P4",
        "J, −log(1 + θ²), makes the gradient passed back vary most.",
        (
            Evidence("variation over epochs of the mean input gradient, J / largest other", lambda r, s: most(unrest, r, "J", s), above=1),
            Evidence("the same, J / Z", lambda r, s: unrest(r, "J", s) / unrest(r, "Z", s), above=1),
        ),
    ),
    Claim(
        "P5",
        "Without a penalty the weight gradients are mostly zero, which may be why it converges slowly.",
        (
            Evidence("weights with a gradient, fewest of the others / Z", lambda r, s: fewest(with_gradient, r, "Z", s), above=1),
            Evidence("share of weights without a gradient in Z", lambda r, s: 1 - with_gradient(r, "Z", s), above=0.5),
        ),
        without=Evidence("without the cause: the same, gradient of the loss alone", lambda r, s: fewest(heard, r, "Z", s), above=1),
        comment="The penalty's own pull fills the zeros. Of the loss alone C has by far the fewest gradients, and Z differs from the rest by little.",
    ),
    Claim(
        "P6",
        "In C the means of the layers keep falling.",
        (
            Evidence("rank correlation of epoch and mean preactivation in C", lambda r, s: rank_correlation(range(settings.epochs + 1), statistic(r, "C-published", s, "preactivation", "mean")), below=-0.75),
            Evidence("mean preactivation of C − lowest other case", lambda r, s: late(r, "C", s, "preactivation", "mean") - min(late(r, x, s, "preactivation", "mean") for x in CASES if x != "C"), below=0),
        ),
    ),
    Claim(
        "P7",
        "H keeps its non-zero activations at a number of its own, a sparser representation than the others.",
        (
            Evidence("activations that are not zero, H / Z", lambda r, s: active(r, "H", s) / active(r, "Z", s), below=1),
            Evidence("the same, fewest of the others / H", lambda r, s: fewest(active, r, "H", s), above=1),
        ),
        comment="On this page H has about as many as Z. The fewest has C, whose sums are negative.",
    ),
    Claim(
        "P8",
        "H's weights have a higher mean than those of all other cases.",
        (
            Evidence("mean weight of H − highest other case", lambda r, s: late(r, "H", s, "weight", "mean") - max(late(r, x, s, "weight", "mean") for x in CASES if x != "H"), above=0),
        ),
        comment="It is what −tanh θ rewards.",
    ),
    Claim(
        "P9",
        "C's moments are mostly zero, with zero spread.",
        (
            Evidence("share of C's moments that are exactly zero", lambda r, s: 1 - late(r, "C", s, "moment", "nonzero") * 6 / float(r["C-published", s]["count"]), above=0.5),
            Evidence("spread of C's moments / Z's", lambda r, s: late(r, "C", s, "moment", "std") / late(r, "Z", s, "moment", "std"), below=0.1),
        ),
        comment="They are small where the network has died, and never zero: the wind goes on.",
    ),
    Claim(
        "P10",
        "A right balance of the size of weights and of sparsity gives good generalisation.",
        (
            Evidence("rank correlation of the cases' test accuracy with that of the other seeds", repeats, above=0.5),
            Evidence("size of the rank correlation of test accuracy and mean |θ|", lambda r, s: abs(rank_correlation([float(r[f"{x}-published", s]["size"]) for x in CASES], tested(r, s))), above=0.5),
            Evidence("size of the rank correlation of test accuracy and active share", lambda r, s: abs(rank_correlation([active(r, x, s) for x in CASES], tested(r, s))), above=0.5),
        ),
        comment="The article calls it hand waving itself. That an order repeats does not make it a balance: neither size nor activity goes closely with it.",
    ),
]  # fmt: skip

# %%
session.judge(claims, results)

# %% [markdown]
# The same experiment was also run on real images, with ten times as many of them, more epochs and five seeds. [What came of it](../claims.md) looks different. On this page H ends ahead of no penalty. There, on average, it learns less than no penalty does, and the lasso's four names less still. A push that is the same at every step adds up, and luck does not.
#
# The seeds agree on the order more closely than here, and the two rewards for size, I and J, keep its top. And there H does have fewer activations that are not zero than no penalty has, as the article saw and one would not expect. (C has the fewest of all.)
#
# So take what this page shows of the *mechanisms* with you, and what it shows of the *order* with a grain of salt.
#
# ## In short
#
# - **Two of the eleven regularise:** L2, and L1 under [four names](#four-names-for). The others are no penalty: one is none by design and one [is flat](#a-step-that-is-flat), two [blow all weights one way](#two-winds), two [reward size](#rewards-for-size).
# - **What do they do to the gradients?** L2's pull fades with the weight. L1's does not, and so it wins wherever the data say little. A wind does not even turn round at zero: it blows on for as long as one trains.
# - **How much is a difference worth?** Two runs that differ by a ten-millionth in one weight [drift apart](#how-far-apart-do-two-runs-drift-by-themselves), some sooner, some later than this page lasts. Twins that were shaken by a ten-thousandth end some points of accuracy apart, as many of the cases do.
# - **Change one thing at a time.** [The program](#accuracy) was mended in three places at once, and what looked like the price of the frozen correction was that of the order of the images.
#
# ## What can be learned from this
#
# - **Simplify before you train.** A pencil and ten minutes would have cut eleven cases to six.
# - **Differentiate what you wrote, and integrate what you coded.** A small ε can turn a function without a slope into one with.
# - **Ask for the sign.** A measure wants to be large, a loss wants to be small.
# - **Run one case twice**, or better several times, with a difference that cannot matter. What the runs differ in is the least that your error bar can be.
# - **Count what you mean to count.** A gradient with a penalty in it is not what the data say.
#
# ## Exercises
#
# Try each before you open a hint, and a hint before the solution. Write what an exercise asks for into a file of your own, say `mine.py`, and have it checked:
#
# ```sh
# microgrand exercise penalties 1 mine.py
# ```
#
# Your file may use whatever this lesson imports and defines: its functions, its classes and its constants in capitals, but none of its results, for nothing is trained first. Solutions and checks have run on this page, and would have failed the build if they were wrong.
#
# **1. Sixty thousand.** The article sees about 60 000 activations that are not zero, as a mean over the six layers, for a batch of 20 images of 96×96 pixels. How many activations has each layer? Call the list of six numbers `activations`. And which share of their mean is 60 000? Call it `share`.
#
# <details class="hint"><summary>Hint</summary>
#
# A padded convolution with a stride of 2 halves the sides, rounding up; `strides(96)` says which have one. There are 16 channels, but 10 in the last layer, one for each class.
#
# </details>

# %% tags=["solution"]
side, activations = 96, list[int]()
for number, stride in enumerate(strides(96), 1):
    side = -(-side // stride)
    activations.append(20 * side * side * (16 if number < 6 else 10))
share = 60_000 / np.mean(activations)
print(f"{np.mean(activations):,.0f} a layer on average: 60 000 are {share:.0%}")
print(f"the first layer has {activations[0] / sum(activations):.0%} of all: the mean is its mean")

# %% tags=["check"]
deep = six_convolutions((96, 96, 3), 10)
maps, counted = np.zeros((1, 96, 96, 3), np.float32), list[int]()
for part, arrays in zip(
    deep.layers, deep.init((96, 96, 3), np.random.default_rng(0)).weights, strict=True
):
    maps = part(arrays, maps, None)
    if type(part).__name__ == "ReLU":
        counted.append(20 * maps.size)
assert list(activations) == counted, "the network's layers have other numbers of activations"
assert np.isclose(share, 60_000 / np.mean(counted), rtol=1e-2), (
    "`share` is not 60 000 over their mean"
)

# %% [markdown]
# **2. A correction that stands still.** For a constant gradient, Adam's $m$ and $v$ after $t$ steps are $(1 - \beta_1^t)\,g$ and $(1 - \beta_2^t)\,g^2$. How long is step $t$ of the published program, over that of Adam? Write it as `ratio(t)`, for $\beta_1 = 0.9$ and $\beta_2 = 0.999$, and work out $t = 1$, 12, 100, 1000 and the limit.
#
# <details class="hint"><summary>Hint</summary>
#
# Adam divides $m$ by $1 - \beta_1^t$ and $v$ by $1 - \beta_2^t$, so its step is one learning rate. The program divides by $1 - \beta_1$ and $1 - \beta_2$ at every step.
#
# </details>


# %% tags=["solution"]
def ratio(t: int) -> float:
    # m̂/√v̂ is 1 for Adam. As published: (1 − β₁ᵗ)/(1 − β₁) over √((1 − β₂ᵗ)/(1 − β₂)).
    return float((1 - 0.9**t) / 0.1 / np.sqrt((1 - 0.999**t) / 0.001))


print(f"in the end √(1 − β₂)/(1 − β₁) = {np.sqrt(0.001) / 0.1:.3f}")

# %% tags=["check"]
moved = {}
for frozen in (False, True):
    optimizer = Adam(8e-4, epsilon=1e-30, as_published=frozen)
    weight = np.zeros(1)
    state = optimizer.init(weight)
    moved[frozen] = [0.0]
    for _ in range(1000):
        before = weight.copy()
        optimizer.step(weight, np.ones(1), state)
        moved[frozen].append(float((before - weight)[0]))
for t in (1, 12, 100, 1000):
    print(f"t = {t}: {moved[True][t] / moved[False][t]:.2f}")
    assert np.isclose(moved[True][t] / moved[False][t], ratio(t)), (
        f"at t = {t} the two optimisers of the library stand in another ratio"
    )

# %% [markdown]
# **3. Two terms that cancel.** Let autograd differentiate $\sqrt{\theta^2}/\theta$ at $\theta = 0.1$. Then type in what the program has for case G, $\bigl(\theta^2/(\sqrt{\theta^2} + \varepsilon) - \sqrt{\theta^2}\bigr)/(\theta^2 + \varepsilon)$ with $\varepsilon = 10^{-7}$, as `as_typed(theta)`. Evaluate it in float64 and in float32, at 0.1 and at 3, and compare with the closed form above. What happens at 3?
#
# <details class="hint"><summary>Hint</summary>
#
# Keep the kind of number: `kind = type(theta)`, and then `kind(1e-7)` for ε. What is `np.float32(3) + np.float32(1e-7)`?
#
# </details>

# %% tags=["solution"]
import autograd.numpy as anp
from autograd import elementwise_grad

slope = elementwise_grad(lambda t: anp.sqrt(t**2) / t)(np.array([0.1, -0.3]))
print(f"by autograd {slope}: nothing, or nothing but rounding")


def as_typed(theta: Any) -> Any:
    # In float32, 3 + 0.0000001 is 3: the ε is lost, and with it the whole gradient.
    size, epsilon = np.sqrt(theta**2), type(theta)(1e-7)
    return (theta**2 / (size + epsilon) - size) / (theta**2 + epsilon)


# %% tags=["check"]
for at_size in (0.1, 3.0):
    exact = PENALTIES["sign_as_coded"].gradient(np.array([at_size]))[0]
    for kind in (np.float64, np.float32):
        print(
            f"θ = {at_size:g}, {kind.__name__}: {float(np.squeeze(as_typed(kind(at_size)))):.3e}, "
            f"exactly {exact:.3e}"
        )
    assert np.isclose(as_typed(np.float64(at_size)), exact, rtol=1e-6, atol=0), (
        f"in float64, at {at_size:g}, it is not what the program computes"
    )
assert np.isclose(as_typed(np.float32(0.1)), -1e-5, rtol=0.2, atol=0), (
    "in float32, at 0.1, it is not near −0.00001"
)
assert as_typed(np.float32(3)) == 0, (
    "in float32, at 3, something else happens: is all of it float32?"
)

# %% [markdown]
# **4. How fast does a reward grow?** Only the term of case J acts on a weight of 0.001, by plain gradient descent with rate η. Show that the weight grows by the factor $1 + 2\eta\lambda$ a step as long as it is small. After how many steps has it doubled? Write `doubling_steps(rate)`, in whole steps, rounded up, where `rate` is ηλ. When does the growth slow down?
#
# <details class="hint"><summary>Hint</summary>
#
# Near zero $\log(1 + \theta^2) \approx \theta^2$. After $n$ steps the weight is $(1 + 2\eta\lambda)^n$ times what it was.
#
# </details>


# %% tags=["solution"]
def doubling_steps(rate: float) -> int:
    # Beyond 1 the pull 2θ/(1 + θ²) fades: then it grows like the root of the time, for ever.
    return int(np.ceil(np.log(2) / np.log(1 + 2 * rate)))


# %% tags=["check"]
for times in (0.01, 0.1):
    reward, sgd, doubled = np.array([0.001]), SGD(rate=times), 0
    while reward[0] < 0.002:
        sgd.step(reward, -PENALTIES["log_square"].gradient(reward), {})
        doubled += 1
    for _ in range(1000):
        sgd.step(reward, -PENALTIES["log_square"].gradient(reward), {})
    print(f"ηλ = {times:g}: doubled after {doubled} steps; after 1000 more it is {reward[0]:.1f}")
    assert doubling_steps(times) == doubled, f"for ηλ = {times:g} it takes another whole number"

# %% [markdown]
# **5. The wind inside Adam.** The loss has no gradient for a weight, only $\lambda$ pulls, as in case C. How many steps of Adam (corrected, rate 0.0008) does it take to move the weight by a distance, say 0.05, one standard deviation of the start? Write `adam_steps(distance, wind)`, in whole steps, rounded up. (ε is too small to matter.) Does it depend on λ, the wind?
#
# <details class="hint"><summary>Hint</summary>
#
# For a constant gradient $\hat m = \lambda$ and $\hat v = \lambda^2$. How long is a step?
#
# </details>


# %% tags=["solution"]
def adam_steps(distance: float, wind: float) -> int:
    # m̂/√v̂ = λ/λ = 1: every step is a whole learning rate, 0.05/0.0008 = 62.5 of them.
    return int(np.ceil(distance / 8e-4))


# %% tags=["check"]
for wind in (1e-2, 1e-4, 1e-5):
    optimizer, weight, steps_taken = Adam(8e-4, epsilon=1e-9), np.zeros(1), 0
    state = optimizer.init(weight)
    while weight[0] > -0.05:
        optimizer.step(weight, np.full(1, wind), state)
        steps_taken += 1
    print(f"λ = {wind:g}: {steps_taken} steps")
    assert adam_steps(0.05, wind) == steps_taken, f"for λ = {wind:g} Adam takes another number"
assert adam_steps(0.09, 1e-4) == 113, "for a distance of 0.09 Adam takes another number"

# %% [markdown]
# **6. A measure of your own.** $-\sum c$, minus the sum of the sizes, is used as a measure of sparsity all the time. Which of the six properties has it? Find a reason for each, or a counterexample, and answer in a dictionary `has` from `"Robin Hood"`, `"scaling"`, `"rising tide"`, `"cloning"`, `"Bill Gates"` and `"babies"` to `True` or `False`.
#
# <details class="hint"><summary>Hint</summary>
#
# Take $c = (1, 2, 4)$ and do to it what each property says. Is the sum smaller, equal or larger?
#
# </details>

# %% tags=["solution"]
has = {
    "Robin Hood": False,  # the sum stays the same
    "scaling": False,
    "rising tide": True,  # every amount makes the sum larger, and its negative smaller
    "cloning": False,
    "Bill Gates": False,  # the measure falls
    "babies": False,  # nothing changes
}
print("one of six: it measures smallness")


# %% tags=["check"]
def minus_l1(c: np.ndarray) -> float:
    return -float(np.sum(np.abs(c)))


c = np.array([1.0, 2.0, 4.0])
properties = {
    "Robin Hood": minus_l1(np.array([1.5, 2.0, 3.5])) < minus_l1(c),
    "scaling": minus_l1(2 * c) == minus_l1(c),
    "rising tide": minus_l1(c + 0.1) < minus_l1(c),
    "cloning": minus_l1(np.tile(c, 2)) == minus_l1(c),
    "Bill Gates": minus_l1(np.array([1.0, 2.0, 100.0])) > minus_l1(c),
    "babies": minus_l1(np.append(c, 0)) > minus_l1(c),
}
for wanted, true in properties.items():
    assert wanted in has, f"`has` says nothing of {wanted}"
    assert has[wanted] == true, f"look at {wanted} again, for the sizes 1, 2 and 4"

# %% [markdown]
# **7. The winner of eleven.** Suppose that all eleven cases were equally good, and that seeds scatter their accuracies normally with a standard deviation σ. By how many σ does the best of the eleven lead the average, in a single run? Call it `ahead`. And how often does a given case, say G, win? Call the share `wins`.
#
# <details class="hint"><summary>Hint</summary>
#
# Draw eleven normal numbers, a hundred thousand times. The second question needs no computer.
#
# </details>

# %% tags=["solution"]
draws = np.random.default_rng(0).normal(size=(100_000, 11))
ahead = draws.max(axis=1).mean()
wins = np.mean(draws.argmax(axis=1) == 7)
print(f"{ahead:.2f} σ; each wins one time in eleven")

# %% tags=["check"]
from scipy.stats import norm

# The largest of eleven is below x with probability Φ(x)¹¹. Its mean is the integral of what is left.
x = np.linspace(-8, 8, 16_001)
expected = np.sum((x > 0) - norm.cdf(x) ** 11) * (x[1] - x[0])
assert abs(ahead - expected) < 0.02, "the largest of eleven normal numbers leads by another margin"
assert abs(wins - 1 / 11) < 0.008, "`wins`: which of eleven equals should win more often?"

# %% [markdown]
# ## Further reading
#
# - Jae Duk Seo (2019), [*Regularization in Gradient Point of View*](https://towardsdatascience.com/regularization-in-gradient-point-of-view-manual-back-propagation-in-tensorflow-b7811ad297da): the article.
# - Hurley and Rickard (2009), *Comparing measures of sparsity*, [arXiv:0811.4706](https://arxiv.org/abs/0811.4706).
# - Tibshirani (1996), *Regression shrinkage and selection via the lasso*, JRSS B 58.
# - Zou and Hastie (2005), *Regularization and variable selection via the elastic net*, JRSS B 67.
# - Kingma and Ba (2015), *Adam: a method for stochastic optimization*, [arXiv:1412.6980](https://arxiv.org/abs/1412.6980).
# - He, Zhang, Ren and Sun (2015), *Delving deep into rectifiers*, [arXiv:1502.01852](https://arxiv.org/abs/1502.01852).
# - Bouthillier and others (2021), *Accounting for variance in machine learning benchmarks*, [arXiv:2103.03098](https://arxiv.org/abs/2103.03098).

# %% tags=["hide-input"]
session.end()
