"""The operations networks are made of: one concept a file, forward beside gradient."""

from microgrand.ops.activation import leaky_relu, relu, sigmoid, tanh
from microgrand.ops.channelwise import box_cox, scale_and_shift
from microgrand.ops.convolution import conv2d
from microgrand.ops.dense import dense
from microgrand.ops.dropout import draw_mask, dropout
from microgrand.ops.loss import mean_squared_error, softmax_cross_entropy
from microgrand.ops.mask import clipped_mask
from microgrand.ops.noise import add_noise, draw_noise
from microgrand.ops.normalization import (
    batch_norm,
    batch_sets,
    group_norm,
    group_sets,
    instance_norm,
    instance_sets,
    layer_norm,
    layer_sets,
    moments,
    normalize,
    normalize_by,
)
from microgrand.ops.pooling import (
    average_pool,
    count_windows,
    flatten,
    global_average_pool,
    max_pool,
)
from microgrand.ops.shake import shake_shake

__all__ = [
    "add_noise",
    "average_pool",
    "batch_norm",
    "batch_sets",
    "box_cox",
    "clipped_mask",
    "conv2d",
    "count_windows",
    "dense",
    "draw_mask",
    "draw_noise",
    "dropout",
    "flatten",
    "global_average_pool",
    "group_norm",
    "group_sets",
    "instance_norm",
    "instance_sets",
    "layer_norm",
    "layer_sets",
    "leaky_relu",
    "max_pool",
    "mean_squared_error",
    "moments",
    "normalize",
    "normalize_by",
    "relu",
    "scale_and_shift",
    "shake_shake",
    "sigmoid",
    "softmax_cross_entropy",
    "tanh",
]
