"""Still figures, animations, and the data of the interactive ones."""

from microgrand.figures.animation import Animation, Panel, Series
from microgrand.figures.histograms import histogram_animation
from microgrand.figures.still import GREY, INK, PALETTE, new_figure, sequence, svg
from microgrand.figures.words import figure_in_words

__all__ = [
    "GREY",
    "INK",
    "PALETTE",
    "Animation",
    "Panel",
    "Series",
    "figure_in_words",
    "histogram_animation",
    "new_figure",
    "sequence",
    "svg",
]
