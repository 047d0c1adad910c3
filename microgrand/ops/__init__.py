"""The operations networks are made of: one concept a file, forward beside gradient."""

from microgrand.ops.activation import leaky_relu, relu, sigmoid, tanh
from microgrand.ops.convolution import conv2d
from microgrand.ops.dense import dense
from microgrand.ops.dropout import draw_mask, dropout
from microgrand.ops.loss import mean_squared_error

__all__ = [
    "conv2d",
    "dense",
    "draw_mask",
    "dropout",
    "leaky_relu",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "tanh",
]
