"""A layer of dimmers: a learned mask over images."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from microgrand import ops
from microgrand.layers.basic import Randomness
from microgrand.layers.image import image
from microgrand.tape import Arrays, Shape


@dataclass(frozen=True)
class Mask:
    """Every number of an image times a learned weight between 0 and 1, which starts at 1.

    It is linear in its input: no activation. Training keeps the weights in [0, 1] with
    [`Projected`][microgrand.proximal]; see [`clipped_mask`][microgrand.ops.mask] for why.

    Arguments:
        positions: how many masks; image i is dimmed by mask i mod `positions`. 1 is one mask for
            all images. The size of a batch is the mistake of a published program, kept to be looked
            at: a mask for each position in a batch, whatever the image there shows.

    Raises:
        ValueError: if there is no mask, or when applied, if the images do not fill their positions.

    Source: Seo (2019), Two weird ways to regularize your neural network.
    """

    positions: int = 1

    def __post_init__(self) -> None:
        if self.positions < 1:
            raise ValueError(f"there must be a mask, not {self.positions}")

    def init(self, shape: Shape, generator: np.random.Generator) -> tuple[Arrays, Shape]:
        return {"mask": np.ones((self.positions, *image(shape)))}, shape

    def __call__(self, arrays: Arrays, x: Any, generator: Randomness = None) -> Any:
        mask = arrays["mask"]
        if self.positions in (1, x.shape[-4]):
            return ops.clipped_mask(x, mask)
        if x.shape[-4] % self.positions:
            raise ValueError(f"{x.shape[-4]} images do not fill batches of {self.positions}")
        batches = x.reshape((*x.shape[:-4], -1, *mask.shape[-4:]))
        masks = mask.reshape((*mask.shape[:-4], 1, *mask.shape[-4:]))
        return ops.clipped_mask(batches, masks).reshape(x.shape)
