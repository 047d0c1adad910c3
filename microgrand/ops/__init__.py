"""The operations networks are made of: one concept a file, forward beside gradient."""

from microgrand.ops.activation import leaky_relu, relu, sigmoid, tanh
from microgrand.ops.channelwise import box_cox, scale_and_shift
from microgrand.ops.dense import dense
from microgrand.ops.dropout import draw_mask, dropout
from microgrand.ops.loss import mean_squared_error
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

__all__ = [
    "batch_norm",
    "batch_sets",
    "box_cox",
    "dense",
    "draw_mask",
    "dropout",
    "group_norm",
    "group_sets",
    "instance_norm",
    "instance_sets",
    "layer_norm",
    "layer_sets",
    "leaky_relu",
    "mean_squared_error",
    "moments",
    "normalize",
    "normalize_by",
    "relu",
    "scale_and_shift",
    "sigmoid",
    "tanh",
]
