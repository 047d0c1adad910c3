"""The operations networks are made of: one concept a file, forward beside gradient."""

from microgrand.ops.activation import leaky_relu, relu, sigmoid, tanh
from microgrand.ops.convolution import conv2d
from microgrand.ops.dense import dense
from microgrand.ops.dropout import draw_mask, dropout
from microgrand.ops.loss import mean_squared_error, softmax_cross_entropy
from microgrand.ops.mask import clipped_mask
from microgrand.ops.pooling import (
    average_pool,
    count_windows,
    flatten,
    global_average_pool,
    max_pool,
)

__all__ = [
    "average_pool",
    "clipped_mask",
    "conv2d",
    "count_windows",
    "dense",
    "draw_mask",
    "dropout",
    "flatten",
    "global_average_pool",
    "leaky_relu",
    "max_pool",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "softmax_cross_entropy",
    "tanh",
]
