"""The network of three of the articles: six convolutions, for images of any size.

    conv 16 → conv 16 → conv 16 → conv 16 → conv 16 → conv classes → mean over all pixels

Windows of 3×3, `same` padding, no bias, weights from N(0, 0.05²), ReLU after each convolution. The
articles train it with Adam by a program that differs from its text in two ways; `as_published` has
them.

Source: Seo (2018, 2019), the articles' notebooks.
"""

from dataclasses import replace

from microgrand.layers import Conv2D, GlobalAveragePool, Normal, ReLU, Sequential
from microgrand.layers.basic import Layer
from microgrand.optimizers import Adam

FILTERS = 16
LAYERS = 6
SMALLEST = 6  # pixels: the side of the last maps, at least


def strides(side: int) -> tuple[int, ...]:
    """The stride of each convolution, so that the last maps have a side of 6 to 11 pixels.

    So it is for images of 6 to 176 pixels; smaller ones stay as they are, larger ones are halved
    four times. At 96 pixels these are the articles' 2, 2, 2, 2, 1, 1; at 32 1, 2, 2, 1, 1, 1.
    """
    halvings = 0
    while halvings < LAYERS - 2 and -(-side // 2 ** (halvings + 1)) >= SMALLEST:
        halvings += 1
    ahead = 1 if halvings < 3 else 0  # a small image is seen whole once before it shrinks
    return (1,) * ahead + (2,) * halvings + (1,) * (LAYERS - ahead - halvings)


def six_convolutions(
    shape: tuple[int, ...],
    classes: int = 10,
    activation: tuple[Layer, ...] = (ReLU(),),
    between: tuple[Layer, ...] = (),
) -> Sequential:
    """The network for images of `shape` (height, width, channels).

    Arguments:
        shape: of an image; the shorter side decides on the strides.
        classes: filters of the last convolution, and numbers that come out.
        activation: the layers after each of the six convolutions.
        between: further layers, after the activation of all but the last.
    """
    layers: list[Layer] = []
    for number, stride in enumerate(strides(min(shape[:2])), 1):
        last = number == LAYERS
        filters = classes if last else FILTERS
        convolution = Conv2D(filters, stride=stride, bias=False, kernel_init=Normal(0.05))
        layers += [convolution, *activation, *(() if last else between)]
    return Sequential((*layers, GlobalAveragePool()))


def positions(shape: tuple[int, ...]) -> int:
    """How many pixels the last maps have: the mean over pixels divides by it."""
    height, width = shape[:2]
    for stride in strides(min(shape[:2])):
        height, width = -(-height // stride), -(-width // stride)
    return height * width


def as_published(
    optimizer: Adam, strength: float, shape: tuple[int, ...], batch_size: int
) -> tuple[Adam, float]:
    """Adam and the strength of the penalty as the articles' program has them.

    The program freezes Adam's bias correction at its first step (see `Adam`). And its gradient of
    the data is not that of the mean loss: it is divided by the batch size N twice, and not by the P
    positions of the average pool. So it is P/N times too large, and the penalty, which is added
    unscaled, weighs N/P of what the text says.

    Adam cares for a gradient's scale only beside its ε. So instead of scaling the gradient by P/N,
    both λ and ε are scaled by N/P: all steps are the same.

    Arguments:
        optimizer: with the text's ε.
        strength: the text's λ.
        shape: of an image.
        batch_size: N.
    """
    scale = batch_size / positions(shape)
    return replace(
        optimizer, epsilon=optimizer.epsilon * scale, as_published=True
    ), strength * scale
