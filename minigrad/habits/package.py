"""What to write for a name that `torch` or `numpy` has, and `minigrad` lacks."""

from minigrad.habits.table import OWN, by_name

_CPU = "nothing: everything is on the CPU"
_RNG = "with rng = np.random.default_rng(seed)"
_CELL = "nn.Recurrent(cell), with a cell that you write"

PACKAGE = by_name(
    {
        # Making tensors
        "Tensor(array)": "as_tensor asarray array asanyarray ascontiguousarray asfortranarray "
        "from_numpy frombuffer fromiter scalar_tensor from_dlpack copy",
        "Tensor(np.{name}(n))": "arange eye identity",
        "Tensor(np.arange(n))": "range",
        "Tensor(np.{name}(a, b, n))": "linspace logspace geomspace",
        "Tensor(np.{name}(shape))": "zeros ones empty",
        "Tensor(np.zeros(x.shape))": "zeros_like empty_like",
        "Tensor(np.ones(x.shape))": "ones_like",
        "Tensor(np.full(shape, value))": "full full_like fill",
        f"Tensor(rng.random(shape)), {_RNG}": "rand rand_like",
        f"Tensor(rng.standard_normal(shape)), {_RNG}": "randn randn_like normal",
        f"Tensor(rng.integers(low, high, shape)), {_RNG}": "randint randint_like",
        f"rng.permutation(n), {_RNG}": "randperm",
        f"rng.{{name}}(...), {_RNG}": "binomial poisson",
        f"a generator for each thing that draws, {_RNG}": "manual_seed seed initial_seed random Generator "
        "default_generator get_rng_state set_rng_state thread_safe_generator",
        # Joining, and what NumPy and PyTorch name alike
        "concatenate(tensors, axis)": "cat concat hstack append",
        "concatenate(tensors, 0)": "vstack row_stack",
        "broadcast_to(x, shape), of each": "broadcast_tensors",
        "a @ b @ c": "chain_matmul",
        "stack(tensors, axis)": "dstack column_stack",
        "transpose(x, axes)": "permute permute_dims",
        "x.swapaxes(-1, -2)": "matrix_transpose",
        "expand_dims(x, axis)": "unsqueeze atleast_1d atleast_2d atleast_3d",
        "clip(x, low, high)": "clamp",
        "x[index]": "select extract index",
        "where(mask, value, x)": "place putmask copyto put_along_axis",
        "(x - y).exp()": "rsub",
        "(a - b).norm()": "pairwise_distance pdist cdist",
        "(x * y).sum() / (x.norm() * y.norm())": "cosine_similarity",
        "x.norm(axis=axis)": "frobenius_norm",
        "x.std(axis) and x.mean(axis)": "std_mean",
        "x.var(axis) and x.mean(axis)": "var_mean",
        "einsum('ik,jk->ij', x, y)": "tensordot matvec vecmat vecdot",
        "functional.softmax(x, axis)": "softmax",
        "functional.log_softmax(x, axis)": "log_softmax",
        "Tensor, as in isinstance(x, Tensor)": "is_tensor FloatTensor DoubleTensor LongTensor IntTensor "
        "BoolTensor ByteTensor CharTensor ShortTensor Size ndarray",
        "np.allclose(x.data, y.data)": "allclose",
        "np.int64": "long",
        "np.float32": "float",
        "np.float16, in which no gradient flows": "half bfloat16",
        "no_grad": "inference_mode set_grad_enabled",
        "no_grad, outside of which all is recorded": "enable_grad is_grad_enabled is_inference_mode_enabled",
        "backward of what depends on the leaves, and their .grad": "autograd grad",
        "a loop over the entries, or one op on all of them": "vmap vectorize compile jit fx export cond",
        # The rest of a training
        "train.{name}(...), after `from minigrad import train`": "fit evaluate",
        "train.save(path, history, *parts)": "save",
        "train.load(path, *parts)": "load",
        "`from minigrad import {name}`": "data train plot",
        "minigrad.data": "utils",
        "np.errstate(invalid='raise')": "set_anomaly_enabled",
        "np.{name}(...)": "set_printoptions seterr errstate newaxis pi e inf nan linalg fft",
        _CELL: "gru gru_cell lstm lstm_cell rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell",
        _CPU: "cuda device backends mps xpu distributed get_default_device set_default_device "
        "get_device_module autocast amp GradScaler get_num_threads set_num_threads "
        "get_num_interop_threads set_num_interop_threads multiprocessing",
        "dtype= of what you make: floats are float64": "get_default_dtype set_default_dtype "
        "set_default_tensor_type get_float32_matmul_precision set_float32_matmul_precision",
        "real tensors, one for each part": "complex polar view_as_complex view_as_real",
        "minigrad.pad(x, width)": "constant_pad_nd",
        "np.trapezoid(x.data), which has no gradient": "trapz cumulative_trapezoid",
        OWN: "sparse sparse_coo_tensor sparse_csr_tensor quantize_per_tensor searchsorted bucketize "
        "affine_grid_generator combinations convolution embedding_renorm_ grid_sampler grid_sampler_2d "
        "grid_sampler_3d lobpcg lu_unpack norm_except_dim nuclear_norm saddmm segment_reduce unique_dim "
        "block_diag cartesian_prod spmm dsmm hsmm hspmm choose_qparams_optimized empty_quantized",
    }
)
