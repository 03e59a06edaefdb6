"""What an argument of PyTorch's or NumPy's functions is called here, or what to do without it."""

from minigrad.habits.table import by_name

# In each row, the names that ours may have; the first one that the function has is told.
RENAMED = by_name(
    {
        "axis": "dim",
        "keepdims": "keepdim",
        "high": "a_max max",
        "low": "a_min min",
        "ddof": "correction unbiased",
        "dim": "embedding_dim",
        "num": "num_embeddings",
        "padding_index": "padding_idx",
        "features": "normalized_shape num_features",
        "gain": "weight",
        "logits prediction x data": "input tensor a",
        "labels targets target": "target y",
        "classes": "num_classes",
        "delta": "beta",
        "rng": "generator seed random_state",
        "parameters": "params",
        "lr": "learning_rate",
        "decay": "alpha",
        "every": "step_size",
        "factor": "gamma lr_lambda",
        "steps": "T_max total_steps",
        "last": "eta_min",
        "tensors": "arrays tensor_list",
        "sections": "split_size_or_sections indices_or_sections split_size chunks",
        "width": "pad_width",
        "value": "constant_values",
        "start": "start_dim",
        "in_features": "in_channels input_size",
        "out_features": "out_channels hidden_size",
        "shape": "newshape size",
        "slope": "negative_slope",
    }
)
# What is said of one argument too many by position, for a function's name.
BY_POSITION = by_name(
    {
        "give axis and keepdims by name, and no order: it is 2": "norm",
        "give keepdims and ddof by name: PyTorch's unbiased=True is ddof=1": "var std",
        "the axes are a tuple; swapaxes(x, a, b) exchanges two": "transpose",
        "the axes are a tuple": "squeeze flip",
        "the shape is a tuple": "reshape broadcast_to",
        "there is start alone: reshape(shape) joins others": "flatten",
        "expand_dims(places, axis) keeps the axis": "argmax argmin",
    }
)
WITHOUT = by_name(
    {
        "everything is on the CPU: leave it out": "device pin_memory non_blocking",
        "ops give a new tensor: leave it out": "inplace out",
        "NumPy's layout is kept: leave it out": "order memory_format",
        "there is one way only: leave it out": "foreach fused capturable differentiable amsgrad maximize",
        "give probabilities as labels": "label_smoothing",
        "use reduction": "reduce size_average",
    }
)
