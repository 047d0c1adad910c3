"""A layer of dimmers: a learned mask over images."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from microgrand import ops
from microgrand.layers.image import image
from microgrand.tape import Shape


@dataclass(frozen=True)
class Mask:
    """Every number of an image times a learned weight between 0 and 1, which starts at 1.

    It is linear in its input: no activation. Training keeps the weights in [0, 1] with
    [`Projected`][microgrand.proximal]; see [`clipped_mask`][microgrand.ops.mask] for why.

    Arguments:
        positions: None for one mask for all images. A number is the mistake of a published program,
            kept to be looked at: so many masks, one for each position in a batch. Image i is dimmed
            by mask i mod `positions`, whatever it shows.

    Raises:
        ValueError: when applied, if the images do not fill their positions.

    Source: Seo (2019), Two weird ways to regularize your neural network.
    """

    positions: int | None = None

    def init(
        self, shape: Shape, generator: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], Shape]:
        copies = () if self.positions is None else (self.positions,)
        return {"mask": np.ones((*copies, *image(shape)))}, shape

    def __call__(
        self, arrays: dict[str, Any], x: Any, generator: np.random.Generator | None = None
    ) -> Any:
        mask = arrays["mask"]
        if self.positions is None or self.positions == x.shape[-4]:
            return ops.clipped_mask(x, mask)
        if x.shape[-4] % self.positions:
            raise ValueError(f"{x.shape[-4]} images do not fill batches of {self.positions}")
        batches = x.reshape((*x.shape[:-4], -1, self.positions, *x.shape[-3:]))
        masks = mask.reshape((*mask.shape[:-4], 1, *mask.shape[-4:]))
        return ops.clipped_mask(batches, masks).reshape(x.shape)
