"""Still figures, animations, and the data of the interactive ones."""

from microgrand.figures.animation import Animation, Panel, Series
from microgrand.figures.still import GREY, PALETTE, new_figure, sequence, svg

__all__ = ["GREY", "PALETTE", "Animation", "Panel", "Series", "new_figure", "sequence", "svg"]
