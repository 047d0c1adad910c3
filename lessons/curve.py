# %% [markdown]
# # Curve fitting
#
# What do weight decay and dropout do to a network's errors, its predictions and its weights?
#
# A network that fits one noisy curve is small enough to be watched whole: every prediction is a line in a picture, and all its weights fit into one histogram. So it is a good place to meet the two best-known regularisers, **weight decay** and **dropout**, and to ask three things of each:
#
# 1. What happens to the errors?
# 2. What happens to the predictions?
# 3. What happens to the weights themselves?
#
# Kelvin Lee asked these questions in [*A Visual Intuition for Regularization in Deep Learning*](https://towardsdatascience.com/a-visual-intuition-for-regularization-in-deep-learning-fe904987abbb) (2020). We repeat his experiments with gradients derived by hand, run each over several seeds, and judge nine things he says, K1 to K9. Some hold, some hold in part, one does not. One is the work of a default argument.
#
# This page is a program. Every figure below was drawn by the code around it when the page was built; `microgrand run curve` runs the same file in your terminal, and its flags change the settings that come next.

# %% tags=["evidence", "imports"]
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import jensenshannon
from scipy.stats import spearmanr

from microgrand.claims import Claim, Evidence
from microgrand.data.curve import Curve, make_curve
from microgrand.figures import GREY, PALETTE, Animation, Panel, Series, new_figure, sequence
from microgrand.layers import Dense, Dropout, LeakyReLU, Sequential
from microgrand.lesson import begin
from microgrand.ops import mean_squared_error
from microgrand.optimizers import SGD, Adam, AdamW, Optimizer
from microgrand.penalties import PENALTIES
from microgrand.records import Record, checksum
from microgrand.settings import Preset, setting
from microgrand.signals import SIGNALS, take_signals
from microgrand.tape import Parameters
from microgrand.training import train


# %% tags=["settings"]
@dataclass(frozen=True)
class Settings:
    """What can be changed; the defaults are the article's."""

    curve_seed: int = setting(227, "the curve: the seed that A, B and C are drawn with", low=0)
    points: int = setting(10_000, "samples of the curve", low=100)
    noise: float = setting(0.1, "standard deviation of the noise, before scaling", low=0, high=1000)
    epochs: int = setting(100, "passes over the data, without regularisation", low=1)
    sweep_epochs: int = setting(50, "passes over the data, for each strength and rate", low=1)
    batch_size: int = setting(64, "examples a step", low=1)
    learning_rate: float = setting(1e-3, "Adam's rate", low=1e-6, high=1)
    strengths: tuple[float, ...] = setting(
        (1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 1e-1, 1.0), "λ, the strengths of weight decay", low=0
    )
    rates: tuple[float, ...] = setting(
        tuple(i / 9 for i in range(10)), "p, the rates of dropout", low=0, high=1
    )
    samples: int = setting(200, "predictions with dropout left on", low=2)


presets = {
    "quick": Preset(Settings(points=1000, epochs=6, sweep_epochs=4, samples=20), seeds=1),
    "book": Preset(Settings(), seeds=3),
    "article": Preset(Settings(), seeds=10),
}
session = begin("curve", presets)
settings = session.settings

# %% [markdown]
# ## A curve that is hard in places
#
# We need a function that is easy to look at and not too easy to learn. Take a wave whose height and speed vary:
#
# $$f(x) = \frac{\sin(Ax)\,\bigl(1 - \cos(Bx)\bigr)}{e^{Cx}}, \qquad A, B \sim \mathcal N(1, 0.5^2), \quad C \sim \mathcal N(0, 0.1^2).$$
#
# $A$ and $B$ set how fast it swings, $C$ whether it grows or fades. We look at it at even steps of $x$ from 0 to $4\pi$, add noise with a standard deviation of 0.1, and scale the values to $[0, 1]$. A random 70 % of the points are for training. The other 30 % are for testing: the network never learns from them.
#
# Not every draw of $A$, $B$ and $C$ is interesting. The curve of seed 227 has a narrow dip near $x = 11$, where it bends sharply. The article describes such a place too.

# %% tags=["evidence"]
curve = Curve.draw(settings.curve_seed)
data = make_curve(curve, np.random.default_rng([0, 0]), settings.points, settings.noise)
grid = np.linspace(0, 4 * np.pi, 240, dtype=np.float32)
hard = np.abs(grid - 11) < 0.75

# %%
print(f"A = {curve.a:.3f}, B = {curve.b:.3f}, C = {curve.c:.3f}")
print(f"{len(data.train.x)} points to train on, {len(data.test.x)} to test with")

# %% tags=["collapse-input"]
figure, axes = new_figure(1, 2, sharey=True)
for ax, part, name, colour in zip(
    axes, (data.train, data.test), ("training", "test"), PALETTE, strict=False
):
    ax.plot(*part.x.T, *part.y.T, ".", color=colour, markersize=1, alpha=0.4, rasterized=True)
    ax.plot(grid, data.truth(grid), color=GREY)
    ax.set(title=f"{len(part.x)} {name} points", xlabel="x")
axes[0].set(ylabel="y, scaled to [0, 1]")
session.show(
    figure,
    "data",
    "The noisy samples, split at random, and the curve without noise (grey). Both parts tell the same story.",
)

# %% [markdown]
# ## The network
#
# One number goes in, one comes out. Between them stand four layers of 64 units. The first only spreads $x$ over 64 units. The other three are **hidden layers**, each of them a weighted sum, dropout (off until we come to it) and the activation LeakyReLU with slope 0.03:
#
# | step | formula | derivation |
# |---|---|---|
# | weighted sum | $z = hW + b$ | [dense](../derivations/dense.md) |
# | dropout | $\tilde z = z \cdot m/(1-p)$, with $m$ a mask of zeros and ones; 0 for $p = 1$ | [dropout](../derivations/dropout.md) |
# | activation | $h = \tilde z$ where $\tilde z > 0$, and $0.03\,\tilde z$ elsewhere | [LeakyReLU](../derivations/leaky_relu.md) |
#
# Here $h$ is what the layer receives, and $p$ is the rate of dropout, the probability that a unit is silenced. As long as it is 0, the second line does nothing. (The article's text has a ReLU on the output, too; its code has none, nor has ours.)
#
# Weights $W$ and biases $b$ start uniformly between $-1/\sqrt{\text{inputs}}$ and $1/\sqrt{\text{inputs}}$: between $\pm 1$ in the first layer and $\pm 0.125$ in the others. We write $\theta$ for all of them together.


# %%
def network(rate: float | np.ndarray = 0.0) -> Sequential:
    """1 → 64 → three hidden layers of 64 → 1; one rate, or one for each model of a stack."""
    hidden = (Dense(64), Dropout(rate), LeakyReLU(0.03))
    return Sequential((Dense(64), *hidden, *hidden, *hidden, Dense(1)))


# %% tags=["collapse-input"]
figure, ax = new_figure(height=2.2)
sizes = (1, 6, 6, 6, 6, 1)
places = [
    (layer, (unit - (size - 1) / 2)) for layer, size in enumerate(sizes) for unit in range(size)
]
lines = [(a, b) for a in places for b in places if b[0] == a[0] + 1]
ax.add_collection(LineCollection(lines, color=GREY, linewidth=0.3, zorder=1))
ax.scatter(
    *zip(*places, strict=True), s=60, color=[PALETTE[x in (0, 5)] for x, _ in places], zorder=2
)
for x, text in enumerate(("x", "64 units", *["64 units\ndropout, LeakyReLU"] * 3, "prediction")):
    ax.text(x, -3.4, text, ha="center", va="top", fontsize=8)
ax.set(ylim=(-5, 3))
ax.axis("off")
session.show(
    figure,
    "network",
    "The network; of every 64 units six are drawn. Each line is a weight.",
)

# %% [markdown]
# ## Learning
#
# The **loss** says in one number how wrong the predictions $\hat y$ are. It is the [mean squared error](../derivations/mean_squared_error.md) over a batch of $n$ points,
#
# $$L = \frac 1n \sum_{i=1}^n (\hat y_i - y_i)^2, \qquad \frac{\partial L}{\partial \hat y_i} = \frac 2n (\hat y_i - y_i).$$
#
# <aside class="why">
#
# **Why does only one term stay?** The prediction $\hat y_i$ stands in one term of the sum. All others are constants for it, with a slope of zero. The 2 comes from the square, the $1/n$ from the mean.
#
# </aside>
#
# From that last formula the gradient travels backwards through the layers, each of which passes it on by its own hand-derived rule, until every weight knows which way to move. **Adam** then makes a step of it. Of each weight's gradient $g$ it keeps two running means, $m$ (no mask here) of the gradient itself and $v$ of its square. At step $t$
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\,g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\,g^2, \qquad \beta_1 = 0.9, \quad \beta_2 = 0.999 .$$
#
# So $m$ remembers about ten steps and $v$ about a thousand. Both start at zero and are too small at first; to make up for it they are divided by $1 - \beta_1^t$ and $1 - \beta_2^t$. Then the weight takes a step *against* $m$: $\theta \leftarrow \theta - \eta\, m/\sqrt v$, with a rate $\eta$ of 0.001.
#
# How good can a loss become? Not zero: the noise cannot be predicted. What is left at best is the noise's variance, the **noise floor**.
#
# Besides losses we keep two pictures a few dozen times while training: the prediction on a grid of $x$, and the density $p(\theta)$ of all weights. For the density we blur a fine histogram with a Gaussian: a *kernel density estimate*.


# %%
def density(theta: np.ndarray, at: np.ndarray, bandwidth: float) -> np.ndarray:
    """p(θ) for each model of a stack: a histogram ten times finer than the Gaussian that blurs it."""
    bin_width = bandwidth / 10
    reach = np.max(np.abs(at)) + 6 * bandwidth
    edges = np.arange(-reach, reach + bin_width, bin_width)
    centres = (edges[1:] + edges[:-1]) / 2
    counts = [np.histogram(row, edges)[0] / (row.size * bin_width) for row in theta]
    blurred = gaussian_filter1d(counts, sigma=10, mode="constant", truncate=6)
    return np.array([np.interp(at, centres, row) for row in blurred])


theta_grid = np.linspace(-0.3, 0.3, 601)  # for still figures, blurred by 0.001 as in the article
theta_coarse = np.linspace(-0.3, 0.3, 121)  # for animations, blurred by 0.005


def kept_epochs(epochs: int) -> list[int]:
    """26 of the epochs at most: the first, the last, and evenly between."""
    return sorted({round(epoch) for epoch in np.linspace(0, epochs, 26)})


# %% [markdown]
# ## The experiment
#
# Four experiments, or **cases**, share this code:
#
# - `plain`: no regularisation, 100 epochs;
# - `coupled`: weight decay as a penalty in the loss, eight strengths, 50 epochs;
# - `decoupled`: weight decay beside the optimiser, the same strengths;
# - `dropout`: ten rates.
#
# The eight or ten models of a case differ in one number. So we train them as one **stack**: arrays with a leading axis of models, one matrix product for all. They start from the same weights and see the same batches, and whatever differs in the end is due to that number alone.


# %%
def experiment(
    settings: Settings, case: str
) -> tuple[Sequential, Optimizer, float | np.ndarray, int, int]:
    """The network, the optimiser, the strength of the penalty, how many models and epochs."""
    strengths = np.array(settings.strengths, np.float32)[:, None]
    rates = np.array(settings.rates, np.float32)[:, None, None]
    adam = Adam(settings.learning_rate)
    adam_decoupled = AdamW(settings.learning_rate, decay=strengths)
    known: dict[str, tuple[Sequential, Optimizer, float | np.ndarray, int, int]] = {
        "plain": (network(), adam, 0.0, 1, settings.epochs),
        "coupled": (network(), adam, strengths, len(strengths), settings.sweep_epochs),
        "decoupled": (network(), adam_decoupled, 0.0, len(strengths), settings.sweep_epochs),
        "dropout": (network(rates), adam, 0.0, len(rates), settings.sweep_epochs),
    }
    return known[case]


def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """One case with one seed: what is kept of its training, as arrays (…, models, …)."""
    network, optimizer, strength, models, epochs = experiment(settings, case)
    for_data, for_weights, for_batches, for_samples = (
        np.random.default_rng([seed, stream]) for stream in range(4)
    )
    curve = Curve.draw(settings.curve_seed)
    data = make_curve(curve, for_data, settings.points, settings.noise)
    parameters = Parameters.stack([network.init((1,), for_weights)] * models)
    theta = parameters.vector
    start = theta.copy()

    def observe(parameters: Parameters, state: dict) -> list[list[float]]:
        x, y = data.test.x[:256], data.test.y[:256]
        moment = optimizer.moment(state)
        signals = take_signals(network, parameters, x, y, mean_squared_error, moment)
        return [[float(array.std()) for array in signals[name]] for name in SIGNALS]

    losses, predictions, densities, signals = [], [], [], []
    for epoch in train(
        network,
        parameters,
        data.train,
        data.test,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=settings.batch_size,
        generator=for_batches,
        penalty=PENALTIES["half_l2"],
        strength=strength,
        observe=observe if case == "plain" else None,
    ):
        losses.append(np.broadcast_arrays(epoch.train_loss, epoch.test_loss))
        signals.append(epoch.signals or [])
        if epoch.number in kept_epochs(epochs):
            predictions.append(network(parameters.weights, grid[:, None])[..., 0])
            densities.append(density(theta, theta_coarse, bandwidth=0.005))

    # Monte-Carlo dropout: a generator turns dropout on at prediction, with fresh masks each time.
    # Without dropout every sample is the prediction itself, and one is enough.
    x = np.broadcast_to(grid[:, None], (models, len(grid), 1))
    samples = np.stack(
        [
            network(parameters.weights, x, for_samples)[..., 0]
            for _ in range(settings.samples if case == "dropout" else 1)
        ]
    )
    # Does a prediction with dropout on follow the noise of the very points it was trained on?
    x, y = data.train.x[:2000], data.train.y[:2000, 0]
    wiggles = network(parameters.weights, np.broadcast_to(x, (models, *x.shape)), for_samples)[
        ..., 0
    ]
    wiggles = wiggles - network(parameters.weights, x)[..., 0]
    noise = y - data.truth(x[:, 0])
    followed = [np.corrcoef(row, noise)[0, 1] if row.any() else 0.0 for row in wiggles]
    return {
        "losses": np.array(losses),
        "predictions": np.array(predictions),
        "densities": np.array(densities, np.float32),
        "signals": np.array(signals),
        "density_start": density(start, theta_grid, bandwidth=0.001),
        "density": density(theta, theta_grid, bandwidth=0.001),
        "std": theta.std(axis=-1),
        "middle_half": np.subtract(*np.quantile(theta, (0.75, 0.25), axis=-1)),
        "zero": np.mean(np.abs(theta) < np.finfo(np.float32).tiny, axis=-1),
        "small": np.mean(np.abs(theta) < 1e-3, axis=-1),
        "moved": np.abs(theta - start).mean(axis=-1),
        "sample": samples[0],
        "noise_followed": np.array(followed),
        "sample_mean": samples.mean(axis=0),
        "sample_std": samples.std(axis=0),
        "sample_band": np.quantile(samples, (0.025, 0.975), axis=0),
        "data": np.array([data.test.y.mean(), data.test.y.std(), data.highest - data.lowest]),
        "data_sha256": np.array(checksum(*data.train, *data.test)),
    }


# %%
results = session.sweep(run, ["plain", "coupled", "decoupled", "dropout"])
session.about(results)

# %% [markdown]
# Figures show seed 0 unless they say otherwise. Claims are judged on all seeds.
#
# ## Without regularisation


# %% tags=["evidence"]
def noise_floor(record: Record) -> float:
    """The variance of the noise on the scale of the data: no prediction can have a smaller loss."""
    return float((settings.noise / record["data"][2]) ** 2)


# %% tags=["collapse-input"]
plain = results["plain", 0]
floor = noise_floor(plain)
figure, ax = new_figure()
for curve_losses, name, colour in zip(
    plain["losses"][1:, :, 0].T, ("training", "test"), PALETTE, strict=False
):
    ax.plot(np.arange(1, settings.epochs + 1), np.log10(curve_losses), label=name, color=colour)
if floor:
    ax.axhline(np.log10(floor), color=GREY, linestyle="--", label="noise floor")
ax.set(xlabel="epoch", ylabel="log₁₀ of the loss")
ax.legend()
session.show(
    figure,
    "plain-losses",
    "Losses of the unregularised network. They fall together, in jumps and with many small rises, and stay well above the noise floor.",
)

# %% [markdown]
# Three things are in this picture. Training and test loss stay together: the points lie so close to each other on the one axis of $x$ that a line through the noise of each is out of reach. They do *not* fall steadily: Adam's steps do not shrink as the gradients do, and the loss jitters. And they end above the noise floor: something is still not learned. The next picture shows where.

# (A training loss is the mean over an epoch's batches, taken while the weights move. The test loss is taken after the epoch. That is why the test loss can be the smaller one.)
#
# <div class="guess">
#
# **What do you expect?** Most of the curve has been learned. Where will the error be largest?
#
# <details class="option"><summary>Where the curve bends most</summary>
#
# A good thought, and the article's: straight pieces are worst where it bends. Look at the lower half of the next picture, and there at the left.
#
# </details>
# <details class="option"><summary>On the right</summary>
#
# **Yes**. And its bends do not say so: right of the shade they are no sharper than on the left. What is it about the network? Below the picture we count.
#
# </details>
# <details class="option"><summary>Everywhere about the same</summary>
#
# So it would be if only the noise were left: that is the same everywhere. But the test loss has stayed well above the noise floor.
#
# </details>
# </div>

# %% tags=["evidence"]
truth = data.truth(grid)
bend = np.abs(np.gradient(np.gradient(truth, grid), grid))  # the curvature

# %% tags=["collapse-input"]
figure, (above, below) = new_figure(2, 1, height=4.2, sharex=True)
above.plot(grid, truth, color=GREY, label="the curve")
above.plot(grid, plain["predictions"][-1, 0], label="prediction", color=PALETTE[0])
above.set(ylabel="y")
above.legend()
below.plot(grid, np.abs(plain["predictions"][-1, 0] - truth), color=PALETTE[1], label="error")
below.plot(grid, bend / bend.max() * 0.1, color=PALETTE[2], label="curvature (own scale)")
below.axvspan(10.25, 11.75, color=GREY, alpha=0.15, linewidth=0)
below.set(xlabel="x", ylabel="|error|")
below.legend()
session.show(
    figure,
    "plain-prediction",
    "The prediction after the last epoch, and its error beside the curvature of the curve. The shaded stretch is the hard place near x = 11.",
)

# %% [markdown]
# The prediction is made of straight pieces: a network of LeakyReLUs cannot make anything else. One expects the errors where the curve bends most, for there it takes many short pieces. But compare the bends about $x = 6.8$ and $x = 12.3$. They are equally sharp; the first is fitted well, and beside the second the error is many times as large. The errors sit on the *right*.
#
# Why there? A unit of the first hidden layer has its **kink**, the place where two pieces meet, where its weighted sum is zero. Up to there the unit computes $ax + c$, so its kink lies at $x = -c/a$. The slope $a$ and the offset $c$ are sums of the same kind of random numbers, so their quotient is mostly of the size of 1, on either side of zero. To be of use on the right, a kink has to travel. Let us count where they start. (To the left of 0 there are no data.)

# %%
at_start = network().init((1,), np.random.default_rng([0, 1]))
slope = at_start.weights[0]["kernel"] @ at_start.weights[1]["kernel"]
offset = at_start.weights[0]["bias"] @ at_start.weights[1]["kernel"] + at_start.weights[1]["bias"]
kinks = (-offset / slope)[0]
for low, high in ((-4 * np.pi, 0), (0, 4), (4, 8), (8, 4 * np.pi)):
    print(
        f"{np.sum((kinks > low) & (kinks < high))} of 64 kinks between x = {low:.3g} and {high:.3g}"
    )

# %% [markdown]
# The network learns its curve from left to right; the animations below show it happen.
#
# ### The signals of a layer
#
# Losses say that a network learns, not how. Six **signals** of each layer say more: its weighted sums (the *preactivation*), what the next layer receives (the *activation*), the gradient of what it received, which it passes back (the *input gradient*), the gradient of its weights, Adam's running mean of that gradient (the *moment*), and the *weights* themselves. They are taken on 256 test points after each epoch, beside the training and without disturbing it. Here is how far each of them spreads.

# %% tags=["collapse-input"]
figure, axes = new_figure(2, 3, height=4.2, sharex=True)
for ax, name, values in zip(
    axes.ravel(), SIGNALS, plain["signals"].transpose(1, 2, 0), strict=True
):
    for layer, (line, colour) in enumerate(zip(values, sequence(5), strict=True), 1):
        ax.plot(np.where(line > 0, line, np.nan), color=colour, label=f"layer {layer}")
    ax.set(title=name, yscale="log")
for ax in axes[1]:
    ax.set(xlabel="epoch")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center")
session.show(
    figure,
    "signals",
    "The standard deviation of the six signals in each of the five layers that have weights, after each epoch of the unregularised training.",
)

# %% tags=["collapse-input"]
session.table(
    ["at the end / at the start", *(f"layer {number}" for number in range(1, 6))],
    [
        [name, *(f"{layer[-10:].mean() / layer[0]:.2f}" for layer in spreads.T)]
        for name, spreads in zip(SIGNALS, plain["signals"].transpose(1, 0, 2), strict=True)
        if name in ("input gradient", "weight gradient", "weight")
    ],
    "How far three of the signals spread in the last ten epochs, as a multiple of what they did before training.",
)

# %% [markdown]
# From the third layer on the weight gradients shrink more than tenfold as the errors do, but not steadily. Those of the first layer go up and down about where they began, and the gradients that the first two layers pass back even grow. The moments are smaller, and hardly calmer. From the second layer on the weights spread a little: by about a third in the hidden layers, to nearly twice in the last. So the layers do not learn by growing much. *Which* weights have moved, a spread cannot say.
#
# ### The weights
#
# Training makes the flat top of the initialisation into something with shoulders and tails:

# %% tags=["collapse-input"]
figure, ax = new_figure()
ax.plot(theta_grid, plain["density_start"][0], color=GREY, label="at the start (uniform)")
ax.plot(theta_grid, plain["density"][0], color=PALETTE[0], label="after training")
ax.set(xlabel="θ", ylabel="p(θ)", ylim=(0, None))
ax.legend()
session.show(
    figure,
    "plain-density",
    "The density of all weights before and after training (Gaussian kernel, bandwidth 0.001). The first layer's weights, up to ±1, lie outside the picture.",
)

# %% [markdown]
# ## Weight decay
#
# The oldest regulariser pulls every weight towards zero. Add a penalty to the loss that grows with the weights,
#
# $$J(\theta) = L(\theta) + \lambda R(\theta), \qquad R(\theta) = \tfrac12 \sum_i \theta_i^2, \qquad \frac{\partial J}{\partial \theta} = \frac{\partial L}{\partial \theta} + \lambda\theta .$$
#
# The **strength** $\lambda$ says how much weights cost, beside the loss. The half is there for its derivative: [½Σθ²](../derivations/half_l2.md) has the gradient $\theta$, while [Σθ²](../derivations/l2.md) has $2\theta$. Most libraries' `weight_decay` means the first. (For a matrix, Σθ² is the square of its Frobenius norm, one of a family of [matrix norms](../derivations/lpq.md).)
#
# We try eight strengths, from 0.00001 to 1.


# %% tags=["collapse-input"]
def loss_figure(case: str, values: tuple[float, ...], symbol: str) -> object:
    figure, axes = new_figure(1, 2, sharey=True, height=3.2)
    losses = results[case, 0]["losses"]
    for ax, half, name in zip(axes, (0, 1), ("training", "test"), strict=True):
        for model, (value, colour) in enumerate(zip(values, sequence(len(values)), strict=True)):
            epochs = np.arange(1, len(losses))
            ax.plot(epochs, np.log10(losses[1:, half, model]), color=colour, label=f"{value:.2g}")
        ax.set(title=name, xlabel="epoch")
    axes[0].set(ylabel="log₁₀ of the loss")
    figure.legend(*axes[0].get_legend_handles_labels(), title=symbol, loc="outside right center")
    return figure


session.show(
    loss_figure("coupled", settings.strengths, "λ"),
    "decay-losses",
    "Losses (without the penalty) for eight strengths of weight decay, the strongest at the top.",
)


# %% tags=["collapse-input"]
def prediction_panels(case: str, values: tuple[float, ...], symbol: str) -> Animation:
    every = slice(None, None, 2)
    some = slice(None, None, max(1, len(data.train.x) // 250))
    kept = kept_epochs(settings.sweep_epochs)
    points = Series("points", "data", data.train.x[some, 0], data.train.y[some, 0])
    panels = tuple(
        Panel(
            title=f"{symbol} = {value:.2g}",
            series=(
                points,
                Series(
                    "line",
                    "prediction",
                    grid[every],
                    results[case, 0]["predictions"][:, model, every],
                ),
            ),
            x_label="x",
            y_label="",
            x_limits=(0, 12.6),
            y_limits=(-0.1, 1.1),
        )
        for model, value in enumerate(values)
    )
    return Animation(
        title=f"Predictions while training, for {len(values)} values of {symbol}",
        alt=f"{len(values)} panels, one for each value of {symbol}: noisy data as grey points and the network's prediction as a line that approaches them from epoch to epoch, less well the larger {symbol} is.",
        frames=tuple(f"epoch {epoch}" for epoch in kept),
        panels=panels,
        columns=5 if len(values) > 8 else 4,
    )


session.play(
    prediction_panels("coupled", settings.strengths, "λ"),
    "decay-predictions",
    "The prediction while it is learned, for eight strengths of weight decay.",
)

# %% [markdown]
# Weak decay changes nothing that one can see. At a strength of 0.0005 the fine structure goes. From 0.01 on nothing is left but a horizontal line: a constant needs no weights, only the last bias. At first it is the mean of the data, the best that a constant can be. At $\lambda = 1$ it is not even that, because the bias is decayed like everything else: the line lies at two thirds of the mean (exercise 2 shows why).
#
# The same in one number: the standard deviation of the prediction over that of the data. 1 means that the prediction swings as far as the data do, 0 that it is a constant.


# %% tags=["evidence"]
def spread(results: dict, case: str, seed: int) -> np.ndarray:
    """The prediction's standard deviation over the data's, for each model."""
    record = results[case, seed]
    return record["predictions"][-1].std(axis=-1) / record["data"][1]


def spread_on(results: dict, case: str, seed: int) -> np.ndarray:
    """The same for one prediction with dropout on."""
    record = results[case, seed]
    return record["sample"].std(axis=-1) / record["data"][1]


# %% tags=["collapse-input"]
session.table(
    ["λ", *(f"{strength:g}" for strength in settings.strengths)],
    [
        [
            name,
            *(
                f"{value:.2f}"
                for value in np.mean([spread(results, case, s) for s in session.seeds], 0)
            ),
        ]
        for name, case in (("coupled", "coupled"), ("decoupled", "decoupled"))
    ],
    f"The spread of the prediction over that of the data; mean over {len(session.seeds)} seeds. Where decay is weak, the wobble is their luck.",
)


# %% tags=["collapse-input"]
def density_panels(case: str, values: tuple[float, ...], symbol: str, highest: float) -> Animation:
    densities = results[case, 0]["densities"]
    start = Series("line", "at the start", theta_coarse, densities[0, 0])
    panels = tuple(
        Panel(
            title=f"{symbol} = {value:.2g}",
            series=(start, Series("line", "p(θ)", theta_coarse, densities[:, model])),
            x_label="θ",
            y_label="",
            x_limits=(-0.3, 0.3),
            y_limits=(0, highest),
        )
        for model, value in enumerate(values)
    )
    return Animation(
        title=f"p(θ) while training, for {len(values)} values of {symbol}",
        alt=f"{len(values)} panels, one for each value of {symbol}: the density of all weights from epoch to epoch, beside the flat density of the initialisation.",
        frames=tuple(f"epoch {epoch}" for epoch in kept_epochs(settings.sweep_epochs)),
        panels=panels,
        columns=5 if len(values) > 8 else 4,
    )


session.play(
    density_panels("coupled", settings.strengths, "λ", highest=20),
    "decay-density",
    "The density of the weights while they are learned (bandwidth 0.005; peaks above 20 are cut off). The stronger the decay, the closer the weights gather at zero.",
)

# %% [markdown]
# ### Small is not sparse
#
# The article concludes that L2 makes the weights *sparse*. In common use that word means that most weights are exactly zero, so that they need not be stored or multiplied. Does the pull $\lambda\theta$ do that? In plain gradient descent it cannot: it fades as a weight comes near zero, halfway there it is half as strong, and a pull that fades never arrives.
#
# Inside Adam the pull is divided by $\sqrt v$. Suppose that nothing else acts. Then $\sqrt v$ is at first as large as the pull, and the weight moves by whole steps of $\eta$. But $v$ remembers about a thousand steps. As the weight shrinks, it still holds the larger pulls of the past, and the steps fade after all.
#
# While the data pull as well, $\sqrt v$ is made mostly of the data's gradients. These are noisy, and their noise keeps every weight moving.
#
# Let us count. A number counts as zero below if it is less than $1.2 \cdot 10^{-38}$, the smallest that float32 holds in full. We also measure how concentrated $p(\theta)$ is between −0.3 and 0.3, by its entropy $-\int p \log p$: lower is narrower, and a uniform density there has −0.51. And we measure how far it has come from the start. The Jensen–Shannon distance compares two densities place by place: it is 0 if they are the same, and 0.83 if they overlap nowhere.


# %%
def entropy(p: np.ndarray) -> float:
    """−∫ p log p over the grid of θ, with p normalised there, in nats."""
    step = theta_grid[1] - theta_grid[0]
    p = p / (p.sum() * step)
    return float(-np.sum(p * np.log(np.maximum(p, 1e-300))) * step)


def weight_table(case: str, values: tuple[float, ...], symbol: str) -> object:
    record = results[case, 0]
    return session.table(
        [
            symbol,
            "std of θ",
            "middle half of θ",
            "entropy",
            "distance from the start",
            "mean distance moved",
            "|θ| < 0.001",
            "θ = 0",
        ],
        [
            [
                f"{value:.2g}",
                f"{record['std'][model]:.3f}",
                f"{record['middle_half'][model]:.4f}",
                f"{entropy(record['density'][model]):.2f}",
                f"{jensenshannon(record['density'][model], record['density_start'][model]):.2f}",
                f"{record['moved'][model]:.3f}",
                f"{record['small'][model]:.1%}",
                f"{record['zero'][model]:.1%}",
            ]
            for model, value in enumerate(values)
        ],
        "The weights after training, seed 0. The middle half of them lies on an interval of the given width.",
    )


weight_table("coupled", settings.strengths, "λ")

# %% [markdown]
# (Where the network has died, the standard deviation is the work of a single number, the last bias. The width of the middle half is not fooled by it.)
#
# As long as the network still predicts something, not one weight in a hundred is exactly zero, however many are small. Zeros appear only where the prediction has become a constant. Then no error signal passes through the dead layers any more, decay is the only force left, and the weights shrink step by step until the number format gives up. That is underflow, not selection. (A proximal step makes true zeros while the network lives: exercise 5.)
#
# ### Decay inside Adam, decay beside Adam
#
# There are two places to put the pull. **Coupled**: $\lambda\theta$ joins the gradient, as above, and Adam divides both by the same root $\sqrt v$. A weight with small gradients is then decayed hard, one with large gradients hardly at all; and where the loss has no more gradient, Adam at first blows $\lambda\theta$ up to a full step. **Decoupled** (Loshchilov and Hutter, 2019): Adam sees the loss alone, and each weight shrinks beside it by the factor $1 - \eta\lambda$ a step.

# %% tags=["collapse-input"]
figure, (left, right) = new_figure(1, 2)
for case, colour in zip(("coupled", "decoupled"), PALETTE, strict=False):
    for ax, values in (
        (left, np.array([spread(results, case, seed) for seed in session.seeds])),
        (right, np.array([results[case, seed]["std"] for seed in session.seeds])),
    ):
        ax.plot(settings.strengths, values.mean(0), "o-", markersize=3, color=colour, label=case)
        ax.fill_between(settings.strengths, values.min(0), values.max(0), color=colour, alpha=0.2)
left.set(xscale="log", xlabel="λ", ylabel="spread of the prediction / data")
right.set(xscale="log", xlabel="λ", ylabel="standard deviation of θ")
left.legend()
session.show(
    figure,
    "coupled-decoupled",
    "The same strengths inside Adam (coupled) and beside it (decoupled): mean and range over the seeds. Numbers for λ do not carry over from one to the other.",
)

# %% [markdown]
# The same number λ means different things. With a rate $\eta$ of 0.001, decoupled decay at $\lambda = 1$ shrinks a weight by a thousandth a step: the prediction loses about half of its swing, but it lives. Coupled decay at $\lambda = 0.01$ has killed the network long before. When two papers report "weight decay 0.01", ask which.
#
# ## Dropout
#
# Dropout pulls at no weight. It makes the network unreliable while it learns: at each step every unit is silenced with probability $p$, and the others are scaled up by $1/(1-p)$ so that the [mean stays what it was](../derivations/dropout.md). No unit can count on any other.
#
# We try ten rates, evenly from 0 to 1. (The article shows them rounded to one digit, so that its 0.1 is our 0.11 and its 0.6 our 0.56.)

# %% tags=["collapse-input"]
session.show(
    loss_figure("dropout", settings.rates, "p"),
    "dropout-losses",
    "Losses for ten rates of dropout. Training losses are taken with dropout on, test losses with dropout off.",
)

# %% [markdown]
# On the whole the training loss grows with $p$: the masks are a noise that no weights can predict. The test loss, with dropout off, is the fairer judge. It grows too, but not at every step: at small rates it can be *above* the training loss, and a larger rate can have a smaller one. A network trained with masks on has learned to be right on average over masks; with dropout off it is another network, and nothing has trained that one.
#
# <div class="guess">
#
# **What do you expect?** At $p = 1$ every hidden unit was silent, at each step of training. Now dropout is turned off, for predicting. What does the network draw?
#
# <details class="option"><summary>A line that is not level</summary>
#
# **Yes**. See the last panel below, at its last epoch. Who gave the line its slope? Nobody, as we shall see.
#
# </details>
# <details class="option"><summary>A level line at zero</summary>
#
# The last bias was never silent, and it has learned. Zero is not what it says.
#
# </details>
# <details class="option"><summary>A level line at the mean of the data</summary>
#
# With dropout *on*, yes: the last bias is all that speaks then, and the mean is the best that one number can say. But dropout is off now, and the units speak again.
#
# </details>
# </div>

# %% tags=["collapse-input"]
session.play(
    prediction_panels("dropout", settings.rates, "p"),
    "dropout-predictions",
    "The prediction while it is learned, for ten rates of dropout; dropout is off when predicting.",
)

# %% tags=["collapse-input"]
session.table(
    ["p", *(f"{rate:.2f}" for rate in settings.rates)],
    [
        [name, *(f"{value:.2f}" for value in np.mean(values, axis=0))]
        for name, values in (
            ("dropout off", [spread(results, "dropout", seed) for seed in session.seeds]),
            ("dropout on", [spread_on(results, "dropout", seed) for seed in session.seeds]),
        )
    ],
    f"The spread of the prediction over that of the data; mean over {len(session.seeds)} seeds.",
)

# %% [markdown]
# On the whole the waves shrink as $p$ grows, and from about 0.8 on a constant is left. The last column is a puzzle: at $p = 1$, with dropout off, the prediction is not level any more. Every hidden unit was silent all through training, so no gradient passed through them to a weight before them. And a weight of the last layer has the gradient $h\,\partial L/\partial\hat y$, with $h = 0$ from a silent unit. Only the last bias could learn, and it learned the mean. Turn dropout off, and the *untrained* network speaks, with a bias that was fitted to its silence.

# %% [markdown]
# ### Dropout left on
#
# These predictions are smooth. The article's are jagged, and from there it concludes that dropout makes a network follow the noise. Why the difference? Its code calls `F.dropout(output, p)`, and that function's argument `training` is `True` unless one says otherwise. Dropout stayed on when the figure was drawn: each point of the line had a mask of its own.
#
# Here are both, from the same weights. The line with dropout on is jagged, and would be on data without any noise.

# %% tags=["collapse-input"]
dropout = results["dropout", 0]
shown = [model for model, rate in enumerate(settings.rates) if 0 < rate < 1][:8]
figure, axes = new_figure(
    2, max(1, len(shown) // 2), height=4, sharex=True, sharey=True, squeeze=False
)
for ax, model in zip(axes.ravel(), shown, strict=False):
    ax.plot(grid, dropout["sample"][model], color=PALETTE[1], linewidth=0.7, label="dropout on")
    ax.plot(grid, dropout["predictions"][-1, model], color=PALETTE[0], label="dropout off")
    ax.set(title=f"p = {settings.rates[model]:.2g}")
axes[0, 0].legend(fontsize=7)
session.show(
    figure,
    "dropout-on-off",
    "One prediction with dropout on and one with dropout off, from the same trained weights.",
)

# %% [markdown]
# A single sample with dropout on is noise. But *many* samples are worth having: their spread says how much the network's units disagree. Gal and Ghahramani (2016) read it as uncertainty, and call the method **Monte-Carlo dropout**.

# %% tags=["collapse-input"]
model = min(range(len(settings.rates)), key=lambda i: abs(settings.rates[i] - 2 / 9))
figure, ax = new_figure()
low, high = dropout["sample_band"][:, model]
ax.fill_between(grid, low, high, color=PALETTE[0], alpha=0.25, linewidth=0, label="95 % of samples")
ax.plot(grid, dropout["sample_mean"][model], color=PALETTE[0], label="mean of samples")
ax.plot(grid, truth, color=GREY, label="the curve")
ax.set(xlabel="x", ylabel="y")
ax.legend(ncols=3, loc="lower left")
session.show(
    figure,
    "uncertainty",
    f"{settings.samples} predictions with dropout on at p = {settings.rates[model]:.2g}: their mean and the band that holds 95 % of them.",
)

# %%
inside = (low < truth) & (truth < high)
print(
    f"the band holds the curve at {inside.mean():.0%} of all x, and at {inside[hard].mean():.0%} near x = 11"
)

# %% [markdown]
# Is that a good measure of uncertainty? An honest 95 % band would hold the curve at about 95 % of all $x$. This one is too narrow just where the network is wrong. The masks shake a prediction about its mean. Where the mean itself is wrong, as it is near $x = 11$, no shaking brings the truth back in. Dropout's spread tells how much the units disagree. It does not tell what none of them knows.

# %% tags=["collapse-input"]
session.play(
    density_panels("dropout", settings.rates, "p", highest=6),
    "dropout-density",
    "The density of the weights while they are learned, for ten rates of dropout (bandwidth 0.005).",
)

# %%
weight_table("dropout", settings.rates, "p")

# %% [markdown]
# Dropout leaves the weights wide, because nothing pulls at them. At most rates they move farther than without it, perhaps since masks shake every gradient. But from about 0.2 on, the more often units are silent, the less their weights move, and at last they stay where they were.
#
# ## What the article said, and what came out
#
# Each claim is taken apart into numbers that every seed yields, each with a bound: the least, as we read it, that the claim can mean. The bounds are our choice; you may disagree, and the numbers are there for it. A number supports the claim (✓) if the whole interval over the seeds keeps the bound, contradicts it (✗) if none of the interval does, and leaves it open (?) otherwise.
#
# - **holds**: all numbers support the claim.
# - **does not hold**: all contradict it.
# - **depends**: anything else. *Right in part*: some support it and some contradict it. *Supported in part*: some support it, the others are open. *Wrong in part*: some contradict it, the others are open. *Open*: all are.
# - **artefact**: what supports it is gone once the suspected cause is taken away.
#
# The interval is a bootstrap over seeds. With three of them it is their range, and where the numbers are normal about 75 % of such intervals hold the true mean (84 % with five), not 95 %. So we trust a bound that is kept by far, and not one that is kept by a hair. (The page [on all claims](../claims.md) judges recorded runs with more seeds, and is stricter: it allows for luck among many numbers, and puts a mark in brackets where luck may have made it. Its numbers and its word stand beside ours in the table, and can differ.)


# %% tags=["evidence", "claims"]
def rank_correlation(values: Iterable[float], measured: np.ndarray) -> float:
    """Spearman's: 1 if `measured` rises with every step of `values`, −1 if it falls."""
    values = list(values)
    if len(values) < 3 or len(set(measured)) == 1:
        return float("nan")
    return float(spearmanr(values, measured).statistic)


def at(values: tuple[float, ...], wanted: float, measured: np.ndarray) -> float:
    """What was measured of the model with the wanted value; NaN if there is none."""
    near = [model for model, value in enumerate(values) if abs(value - wanted) <= 0.01 * wanted]
    return float(measured[near[0]]) if near else float("nan")


def final_loss(results: dict, case: str, seed: int) -> np.ndarray:
    """Training and test loss over the last fifth of the epochs, shape (2, models)."""
    losses = results[case, seed]["losses"]
    return losses[-max(1, len(losses) // 5) :].mean(axis=0)


def errors(results: dict, seed: int) -> np.ndarray:
    """The size of the unregularised network's error on the grid of x."""
    curve_data = make_curve(
        Curve.draw(settings.curve_seed),
        np.random.default_rng([seed, 0]),
        settings.points,
        settings.noise,
    )
    return np.abs(results["plain", seed]["predictions"][-1, 0] - curve_data.truth(grid))


def error_ratio(results: dict, seed: int) -> float:
    """The root-mean-square error near x = 11 over that elsewhere."""
    squared = errors(results, seed) ** 2
    return float(np.sqrt(squared[hard].mean() / squared[~hard].mean()))


def zeros_of_the_living(results: dict, seed: int) -> float:
    """The share of exact zeros at the strongest decay that leaves more than a constant."""
    living = np.flatnonzero(spread(results, "coupled", seed) > 0.1)
    return float(results["coupled", seed]["zero"][living[-1]]) if len(living) else float("nan")


def roughness(prediction: np.ndarray) -> np.ndarray:
    """Mean size of the second difference: how jagged a prediction is."""
    return np.abs(np.diff(prediction, 2, axis=-1)).mean(axis=-1)


def against_zero(results: dict, seed: int, kind: str) -> np.ndarray:
    """Roughness at each rate over that at rate 0; `kind` is "on" or "off"."""
    record = results["dropout", seed]
    rough = roughness(record["sample"] if kind == "on" else record["predictions"][-1])
    return rough / at(settings.rates, 0, rough)


def uncertainty_ratio(results: dict, seed: int) -> np.ndarray:
    """The spread of samples near x = 11 over that to its left and right, for each rate."""
    spread = results["dropout", seed]["sample_std"]
    beside = ((grid > 9) & (grid < 10.25)) | (grid > 11.75)
    silent = spread.mean(axis=-1) == 0
    return spread[:, hard].mean(-1) / np.where(silent, np.nan, spread[:, beside].mean(-1))


def share_wider(results: dict, seed: int) -> float:
    """Of all pairs of a rate (not 0 or 1) and a strength: where dropout leaves θ wider."""
    rates = np.array(settings.rates)
    by_rate = results["dropout", seed]["middle_half"][(rates > 0) & (rates < 1)]
    return float(np.mean(by_rate[:, None] > results["coupled", seed]["middle_half"]))


def spread_over_rates(results: dict, seed: int) -> float:
    """The widest middle half of θ over the narrowest, over rates below 1."""
    widths = results["dropout", seed]["middle_half"][np.array(settings.rates) < 1]
    return float(widths.max() / widths.min()) if widths.size else float("nan")


λ, p = settings.strengths, settings.rates
claims = [
    Claim(
        "K1",
        "Unregularised, there is no sign of high variance or bias, and both losses fall relatively monotonically over 100 epochs.",
        (
            Evidence("test loss / training loss", lambda r, s: np.divide(*final_loss(r, "plain", s)[::-1, 0]), below=1.25),
            Evidence("training loss / noise floor", lambda r, s: final_loss(r, "plain", s)[0, 0] / noise_floor(r["plain", s]), below=2),
            Evidence("rank correlation of epoch and training loss", lambda r, s: rank_correlation(range(settings.epochs + 1), r["plain", s]["losses"][:, 0, 0]), below=-0.75),
            Evidence("rank correlation of epoch and test loss", lambda r, s: rank_correlation(range(settings.epochs + 1), r["plain", s]["losses"][:, 1, 0]), below=-0.75),
        ),
        comment="No variance, but bias: after 100 epochs the loss is still several times the noise floor.",
    ),
    Claim(
        "K2",
        "It reproduces f except where the curvature changes quickly, near x = 11.",
        (
            Evidence("spread of prediction / data", lambda r, s: spread(r, "plain", s)[0], above=0.9),
            Evidence("error near x = 11 / elsewhere", lambda r, s: error_ratio(r, s), above=1.5),
            Evidence("rank correlation of error and curvature", lambda r, s: rank_correlation(bend, errors(r, s)), above=0.3),
        ),
        comment="Errors go with x, not with curvature; how many of them lie near x = 11 differs from seed to seed.",
    ),
    Claim(
        "K3",
        "A larger λ means a higher final training loss and less early progress.",
        (
            Evidence("rank correlation of λ and final training loss", lambda r, s: rank_correlation(λ, final_loss(r, "coupled", s)[0]), above=0.8),
            Evidence("rank correlation of λ and training loss after 10 % of the epochs", lambda r, s: rank_correlation(λ, r["coupled", s]["losses"][max(1, settings.sweep_epochs // 10), 0]), above=0.8),
        ),
    ),
    Claim(
        "K4",
        "λ ≈ 0.01 is the turning point, where the shape is still there; beyond, the network predicts the mean.",
        (
            Evidence("spread of prediction / data at λ = 0.01", lambda r, s: at(λ, 0.01, spread(r, "coupled", s)), above=0.1),
            Evidence("spread of prediction / data at λ = 0.1", lambda r, s: at(λ, 0.1, spread(r, "coupled", s)), below=0.05),
            Evidence("prediction / mean of the data at λ = 1", lambda r, s: at(λ, 1, r["coupled", s]["predictions"][-1].mean(-1)) / r["coupled", s]["data"][0], above=0.95),
        ),
        comment="The turning point lies lower: at 0.01 the prediction is a constant already. And at 1 it is less than the mean.",
    ),
    Claim(
        "K5",
        "p(θ) narrows with λ to a Dirac delta at λ = 1: L2 makes θ sparse.",
        (
            Evidence("rank correlation of λ and the width of the middle half of θ", lambda r, s: rank_correlation(λ, r["coupled", s]["middle_half"]), below=-0.8),
            Evidence("share of |θ| < 0.001 at λ = 1", lambda r, s: at(λ, 1, r["coupled", s]["small"]), above=0.99),
            Evidence("share of exact zeros at the largest λ that still predicts more than a constant", zeros_of_the_living, above=0.5),
        ),
        comment="A delta, yes; sparse, no. Zeros come only by underflow, once the network is dead.",
    ),
    Claim(
        "K6",
        "With dropout, the final loss grows with p.",
        (
            Evidence("rank correlation of p and final training loss (dropout on)", lambda r, s: rank_correlation(p, final_loss(r, "dropout", s)[0]), above=0.8),
            Evidence("rank correlation of p and final test loss (dropout off)", lambda r, s: rank_correlation(p, final_loss(r, "dropout", s)[1]), above=0.8),
        ),
    ),
    Claim(
        "K7",
        "From p = 0.1 on predictions get erratic and follow the noise, and they show uncertainty near x = 11.",
        (
            Evidence("roughness at p = 0.11 / at p = 0, dropout on", lambda r, s: at(p, 1 / 9, against_zero(r, s, "on")), above=5),
            Evidence("correlation of the prediction's wiggles with the noise of the data at p = 0.11", lambda r, s: at(p, 1 / 9, r["dropout", s]["noise_followed"]), above=0.1),
            Evidence("spread of samples near x = 11 / beside it, at p = 0.22", lambda r, s: at(p, 2 / 9, uncertainty_ratio(r, s)), above=1.2),
        ),
        without=Evidence("without the cause: roughness at p = 0.11 / at p = 0, dropout off", lambda r, s: at(p, 1 / 9, against_zero(r, s, "off")), above=5),
        comment="Dropout was left on when predicting. Off, the line is about as smooth as without dropout; on, its wiggles are its own, not the data's, and the spread grows with x, not near 11.",
    ),
    Claim(
        "K8",
        "At p = 0.6 the network looks as if it almost predicted the mean.",
        (
            Evidence("spread of prediction / data at p = 0.56, dropout off", lambda r, s: at(p, 5 / 9, spread(r, "dropout", s)), below=0.25),
            Evidence("spread of prediction / data at p = 0.56, dropout on", lambda r, s: at(p, 5 / 9, spread_on(r, "dropout", s)), below=0.25),
        ),
        comment="It still follows the first waves.",
    ),
    Claim(
        "K9",
        "p(θ) is wider with dropout than with L2 and hardly depends on p; at p = 1 nothing is learned.",
        (
            Evidence("share of pairs of a rate and a strength in which dropout leaves θ wider", share_wider, above=0.9),
            Evidence("widest / narrowest middle half of θ over all p < 1", spread_over_rates, below=1.25),
            Evidence("mean change of a weight at p = 1 / at p = 0", lambda r, s: at(p, 1, r["dropout", s]["moved"]) / at(p, 0, r["dropout", s]["moved"]), below=0.01),
        ),
    ),
]  # fmt: skip

# %%
session.judge(claims, results)

# %% [markdown]
# ## In short
#
# The three questions of the beginning:
#
# - **The errors** grow with the strength of either regulariser. There was nothing to win for them: training and test loss [stayed together](#without-regularisation) without any.
# - **The predictions** lose their finest waves first and all of them in the end. [Decay](#weight-decay) and [dropout](#dropout) alike leave a constant. On the way they stay smooth; the jagged ones of the article are [dropout left on](#dropout-left-on).
# - **The weights** get small under decay, but [small is not sparse](#small-is-not-sparse). Under dropout they stay wider. And the same λ means two things, [inside Adam and beside it](#decay-inside-adam-decay-beside-adam).
#
# ## What can be learned from this
#
# - **Ask for a second seed.** Differences between two weak strengths, or the exact place of a jump in the loss, change from seed to seed. The collapse to a constant does not.
# - **Ask what a word would look like as a number.** "Sparse" is a count of zeros, and the count says no.
# - **Ask what else could have made the picture.** Jagged lines look like overfitting. They were a mask left on.
#
# ## Exercises
#
# Try each before you open a hint, and a hint before the solution. Write what an exercise asks for into a file of your own, say `mine.py`, and have it checked:
#
# ```sh
# microgrand exercise curve 1 mine.py
# ```
#
# Your file may use whatever this lesson imports and defines: its functions, its classes and its constants in capitals, but none of its results, for nothing is trained first. Solutions and checks have run on this page, and would have failed the build if they were wrong.
#
# **1. Count.** How many weights and biases has the network? Work it out from the layers. Call the number `count`.
#
# <details class="hint"><summary>Hint</summary>
#
# From $n$ units to $m$ there are $nm$ weights and $m$ biases. Dropout and LeakyReLU have none.
#
# </details>

# %% tags=["solution"]
count = (1 * 64 + 64) + 3 * (64 * 64 + 64) + (64 * 1 + 1)
print(f"{count} numbers, most of them in the three hidden kernels")

# %% tags=["check"]
counted = network().init((1,), np.random.default_rng(0)).vector.size
assert count == counted, "`count` is not the number of weights and biases that the network has"

# %% [markdown]
# **2. The collapsed network.** A network that can only say one number $c$ says the one with the smallest loss. Show that this is the mean $\bar y$ of the data. Then decay $c$ too, with the penalty $\frac12 \lambda c^2$: where does it come to lie? Write `collapsed(y, strength)`, which returns that $c$, and find the two thirds that we met at λ = 1.
#
# <details class="hint"><summary>Hint</summary>
#
# Set the derivative of $\frac1n\sum(c - y_i)^2 + \frac12\lambda c^2$ by $c$ to zero. The sum of the $y_i$ is $n\bar y$.
#
# </details>


# %% tags=["solution"]
def collapsed(y: np.ndarray, strength: float) -> float:
    # 2(c − ȳ) + λc = 0, so c = ȳ/(1 + λ/2): the mean for λ = 0, two thirds of it for λ = 1.
    return float(y.mean() / (1 + strength / 2))


# %% tags=["check"]
some = np.random.default_rng(0).uniform(size=1000)
constants = np.linspace(0, 1, 2001)
for strength in (0.0, 0.1, 1.0):
    penalised = [np.mean((c - some) ** 2) + strength * c**2 / 2 for c in constants]
    best, kept = constants[np.argmin(penalised)], some.copy()
    answer = float(np.squeeze(collapsed(some, strength)))
    assert np.array_equal(some, kept), "`collapsed` changes the data that it is given"
    assert abs(answer - best) < 1e-3, f"for λ = {strength:g} another constant costs less"
    print(f"λ = {strength:g}: c = {answer:.3f}, {answer / some.mean():.1%} of the mean")

# %% [markdown]
# **3. Adam's first step.** Where the loss has no gradient, only the coupled pull $\lambda\theta$ is left. How far does Adam's first step move a weight of 0.1, at a rate of 0.001? And SGD's? Write down $m$, $v$ and the corrected step for $t = 1$ first. Then write `adam_moves(strength)` and `sgd_moves(strength)`, the lengths of the two steps.
#
# <details class="hint"><summary>Hint</summary>
#
# After one step $m = (1 - \beta_1) g$ and $v = (1 - \beta_2) g^2$. The correction divides them by $1 - \beta_1$ and $1 - \beta_2$. What is left of $m/\sqrt v$?
#
# </details>


# %% tags=["solution"]
def adam_moves(strength: float) -> float:
    # m/(1 − β₁) is the gradient, v/(1 − β₂) its square: their quotient is ±1 whatever λ is.
    return 1e-3


def sgd_moves(strength: float) -> float:
    return 1e-3 * strength * 0.1


# %% tags=["check"]
for strength in (1.0, 1e-3):
    for optimizer, by_hand in ((Adam(1e-3), adam_moves), (SGD(1e-3), sgd_moves)):
        theta = np.array([0.1])
        optimizer.step(theta, strength * theta, optimizer.init(theta))
        name, moved = type(optimizer).__name__, 0.1 - theta[0]
        assert np.isclose(by_hand(strength), moved, rtol=1e-2, atol=0), (
            f"for λ = {strength:g} the library's {name} moves by another length"
        )
        print(f"λ = {strength:g}: {name} moves by {moved:.1e}")

# %% [markdown]
# **4. The noise that dropout makes.** A unit with value $x$ passes through dropout at rate $p$. Derive the mean and the variance of what comes out, over masks. Write `noise_std(x, rate)`, its standard deviation. At which rate is that as large as $x$ itself, that is $|x|$? Call it `even_rate`.
#
# <details class="hint"><summary>Hint</summary>
#
# What comes out is $x/(1 - p)$ with probability $1 - p$, else 0. The variance is the mean of the squares less the square of the mean.
#
# </details>


# %% tags=["solution"]
def noise_std(x: float, rate: float) -> float:
    # Mean x, mean square x²/(1 − p): the variance is x² p/(1 − p).
    return abs(x) * float(np.sqrt(rate / (1 - rate)))


even_rate = 0.5

# %% tags=["check"]
from microgrand.ops import draw_mask
from microgrand.ops import dropout as apply_dropout

for value, dropped in ((2.0, 0.3), (-3.0, 0.8)):
    units = np.full(1_000_000, value)
    out = apply_dropout(units, draw_mask(np.random.default_rng(0), units.shape, dropped), dropped)
    print(f"x = {value:g}, p = {dropped}: mean {out.mean():.3f}, std {out.std():.3f}")
    assert np.isclose(noise_std(value, dropped), out.std(), rtol=0.01), (
        f"a million masks at rate {dropped} have another standard deviation"
    )
assert np.isclose(noise_std(2.0, even_rate), 2), "at `even_rate` the noise is not as large as x"

# %% [markdown]
# **5. True zeros.** The [proximal step](../derivations/l1.md#the-proximal-step) of a penalty moves a weight $\theta$ to the point $z$ that best trades the way there against the penalty: the lowest $\frac12 (z - \theta)^2 + \lambda R(z)$. Take 100 000 weights drawn like a hidden layer's, evenly from ±0.125, and apply one proximal step of ½Σθ² and one of [Σ|θ|](../derivations/l1.md), both with a strength of 0.05. Which share of the weights is then exactly zero? Call the two shares `zeros_by_l2` and `zeros_by_l1`.
#
# <details class="hint"><summary>Hint</summary>
#
# The step of ½θ² divides by $1 + 0.05$. The step of |θ| takes 0.05 off the size and stops at zero. The library has both: `half_l2_proximal` and `l1_proximal` in `microgrand.penalties.vector`.
#
# </details>

# %% tags=["solution"]
from microgrand.penalties.vector import half_l2_proximal, l1_proximal

weights = np.random.default_rng(0).uniform(-0.125, 0.125, 100_000)
zeros_by_l2 = np.mean(half_l2_proximal(weights, 0.05) == 0)
zeros_by_l1 = np.mean(l1_proximal(weights, 0.05) == 0)
print(f"zeros by L2: {zeros_by_l2:.0%}; by L1: {zeros_by_l1:.0%}")

# %% tags=["check"]
assert zeros_by_l2 == 0, "a number divided by 1.05 is not zero, unless it was"
assert abs(zeros_by_l1 - 0.05 / 0.125) < 0.05, (
    "`zeros_by_l1`: which weights does a step of 0.05 bring to zero, and how many are those?"
)

# %% [markdown]
# **6. A gradient you can trust.** An *op* is three functions: what it means, how it is computed, and its gradient. The gradient is given the [*cotangent*](../derivations/index.md#the-cotangent) $\partial L/\partial y$, the output $y$ and the argument $x$, and returns $\partial L/\partial x$. Write an op of your own: softplus, $y = \log(1 + e^x)$, a smooth ReLU. Derive its gradient and hold it against the definition ([how gradients are proved](../proof.md)). Then get the gradient wrong on purpose and see that the checker objects. Write `softplus_definition(x)` in `autograd.numpy`, `softplus_forward(x)` in NumPy, and for the gradients `softplus_gradient(cotangent, y, x)` and `wrong_gradient(cotangent, y, x)`.
#
# <details class="hint"><summary>Hint</summary>
#
# The derivative of $\log u$ is $u'/u$; with $u = 1 + e^x$ a function comes out that you know from the page of the [sigmoid](../derivations/sigmoid.md). For large $x$, $e^x$ overflows: `np.logaddexp` knows a way round.
#
# </details>

# %% tags=["solution"]
import autograd.numpy as anp

from microgrand.ops import sigmoid


def softplus_definition(x):
    return anp.log1p(anp.exp(x))


def softplus_forward(x):
    return np.logaddexp(0, x)  # the same, without overflow


def softplus_gradient(cotangent, y, x):
    return cotangent * sigmoid(x)  # eˣ/(1 + eˣ)


def wrong_gradient(cotangent, y, x):
    return cotangent * np.tanh(x)


# %% tags=["check"]
from microgrand.op import Array, op, registry
from microgrand.verify import check

found = {}
for name, gradient in (
    ("softplus_gradient", softplus_gradient),
    ("wrong_gradient", wrong_gradient),
):
    numbers = {"x": Array("batch", "units", scales=(1e-3, 10.0))}
    op(name, softplus_definition, softplus_forward, {"x": gradient}, numbers, smooth=False)
    found[name] = check(registry.pop(name), "x", examples=50, seed=0)
    error = found[name].gradient
    print(f"{name}: worst relative error {error:.0e}, passed: {found[name].passed}")
point = np.array([[1.0]])
assert np.isclose(softplus_definition(point), np.log1p(np.exp(1.0))), (
    "the definition is another function"
)
right, wrong = found.values()
assert (right.value or 0.0) < 1e-11, (
    "`softplus_forward` and `softplus_definition` are not the same function"
)
assert right.passed, f"`softplus_gradient` fails the check: {right.failure}"
assert not wrong.passed, "`wrong_gradient` passes the check"
assert (wrong.gradient or 0.0) > 1e-7, f"`wrong_gradient` returns no gradient: {wrong.failure}"

# %% [markdown]
# ## Further reading
#
# - Kelvin Lee (2020), [*A Visual Intuition for Regularization in Deep Learning*](https://towardsdatascience.com/a-visual-intuition-for-regularization-in-deep-learning-fe904987abbb): the article.
# - Krogh and Hertz (1991), *A simple weight decay can improve generalization*.
# - Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), *Dropout: a simple way to prevent neural networks from overfitting*, JMLR 15.
# - Gal and Ghahramani (2016), *Dropout as a Bayesian approximation*, [arXiv:1506.02142](https://arxiv.org/abs/1506.02142).
# - Loshchilov and Hutter (2019), *Decoupled weight decay regularization*, [arXiv:1711.05101](https://arxiv.org/abs/1711.05101).

# %% tags=["hide-input"]
session.end()
