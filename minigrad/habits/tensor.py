"""What to write for a method or attribute that PyTorch's tensors or NumPy's arrays have, and ours lack."""

from minigrad.habits.table import OWN, WITHOUT, by_name

IN_PLACE = "an operator such as x += y, for a leaf in `with no_grad():`"
_CPU = "x itself: everything is on the CPU"
_REAL = "x itself: tensors hold real numbers only"
_DENSE = "x itself: there are no sparse, quantised or nested tensors"
_SORTED = "x.take(order), with order = x.data.{name}() of one axis"

TENSOR = by_name(
    {
        # Shape
        "x.ndim": "dim ndimension",
        "x.size": "numel nelement",
        "x.T": "t H",
        "x.swapaxes(-1, -2)": "mT mH adjoint",
        "x.swapaxes(a, b)": "swapdims swapdims_ transpose_ swapaxes_",
        "x.transpose(axes)": "permute",
        "x.reshape(shape)": "view unflatten resize",
        "x.reshape(y.shape)": "view_as reshape_as resize_as",
        "moveaxis(x, source, destination)": "moveaxis movedim",
        "x[None], or expand_dims(x, axis)": "unsqueeze expand_dims unsqueeze_",
        "broadcast_to(x, shape)": "expand broadcast_to",
        "broadcast_to(x, y.shape)": "expand_as",
        "concatenate([x, x])": "repeat tile",
        "x[np.arange(len(x)).repeat(n)]": "repeat_interleave",
        "concatenate([x[-n:], x[:-n]])": "roll",
        "x.swapaxes(0, 1).flip(0)": "rot90",
        "x.flip(axis)": "fliplr flipud",
        # Taking out and joining
        "split(x, 3, axis=0), into 3 parts": "split chunk tensor_split array_split hsplit vsplit dsplit "
        "split_with_sizes unsafe_chunk unsafe_split unsafe_split_with_sizes",
        "list(x)": "unbind",
        "x[np.arange(len(x)), labels]": "gather take_along_dim take_along_axis choose",
        "x.take(indices, axis)": "index_select",
        "x[:, i]": "select narrow narrow_copy slice_inverse",
        "x[mask]": "masked_select compress",
        "where(mask, value, x)": "masked_fill masked_scatter where",
        "where(mask, x, y), with what is to stand there as x": "scatter scatter_add scatter_reduce "
        "select_scatter slice_scatter diagonal_scatter as_strided_scatter index_add index_copy index_fill "
        "index_put index_reduce put",
        "einsum('ii->i', x)": "diag diagonal",
        "einsum('ii->', x)": "trace",
        "x * np.tril(np.ones(x.shape))": "tril",
        "x * np.triu(np.ones(x.shape))": "triu",
        "x[..., None] * np.eye(x.shape[-1])": "diag_embed diagflat",
        "np.lib.stride_tricks.sliding_window_view(x.data, n), which has no gradient": "unfold as_strided",
        _SORTED: "argsort argpartition",
        "x.take(order), with order = x.data.argsort() of one axis": "sort msort topk kthvalue partition "
        "median nanmedian mode quantile nanquantile unique unique_consecutive",
        # Arithmetic
        "a + b": "add",
        "a - b": "sub subtract",
        "a * b": "mul multiply",
        "a / b": "div divide true_divide",
        "a // b": "floor_divide",
        "a % b": "remainder",
        "a.sign() * (a.abs() % b.abs())": "fmod",
        "a @ b": "matmul mm bmm mv inner vdot",
        "c + a @ b": "addmm addmv addbmm baddbmm",
        "c + a * b": "addcmul",
        "c + a / b": "addcdiv",
        "a[:, None] * b": "outer ger",
        "c + a[:, None] * b": "addr",
        "a + weight * (b - a)": "lerp",
        "(a - b).norm()": "dist",
        "-x": "neg negative",
        "x itself": "positive contiguous",
        "x.abs()": "absolute",
        "x.sign()": "sgn",
        "x ** n": "pow float_power",
        "x ** 2": "square",
        "1 / x": "reciprocal",
        "x ** -0.5": "rsqrt",
        "x.exp() - 1": "expm1",
        "2 ** x": "exp2",
        "x.log() / math.log(2)": "log2",
        "x.log() / math.log(10)": "log10",
        "x.sin() / x.cos()": "tan",
        "(x.exp() - (-x).exp()) / 2": "sinh",
        "(x.exp() + (-x).exp()) / 2": "cosh",
        "(x / (1 - x)).log()": "logit",
        "x * y.log()": "xlogy",
        "(x * x + y * y).sqrt()": "hypot",
        "x * math.pi / 180": "deg2rad",
        "x * 180 / math.pi": "rad2deg",
        "logsumexp(stack([x, y]), axis=0)": "logaddexp",
        "minigrad.leaky_relu(x, slope)": "leaky_relu prelu",
        "functional.softmax(x, axis)": "softmax",
        "functional.log_softmax(x, axis)": "log_softmax",
        "x.clip(low, high)": "clamp",
        "x.clip(low, None)": "clamp_min",
        "x.clip(None, high)": "clamp_max",
        "minigrad.maximum(a, b)": "maximum fmax",
        "minigrad.minimum(a, b)": "minimum fmin",
        "x.max(axis)": "amax",
        "x itself: max and min give values alone": "values",
        "x.argmax(axis) or x.argmin(axis): max and min give values alone": "indices",
        "x.min(axis)": "amin",
        "x.max() and x.min()": "aminmax ptp",
        "where(x.isnan(), 0, x)": "nan_to_num nansum",
        "x[~x.isnan()].mean()": "nanmean",
        # Questions
        "a == b": "eq",
        "a != b": "ne not_equal",
        "a < b": "lt less",
        "a <= b": "le less_equal",
        "a > b": "gt greater",
        "a >= b": "ge greater_equal",
        "(a == b).all()": "equal",
        "(x != 0) & (y != 0)": "logical_and",
        "(x != 0) | (y != 0)": "logical_or",
        "(x != 0) ^ (y != 0)": "logical_xor",
        "x == 0": "logical_not",
        "a & b": "bitwise_and",
        "a | b": "bitwise_or",
        "a ^ b": "bitwise_xor",
        "~a": "bitwise_not",
        "x < 0": "signbit",
        "(x != 0).sum()": "count_nonzero",
        "x.item() != 0": "is_nonzero",
        "a.shape == b.shape": "is_same_size",
        "x.requires_grad, for leaves that you made": "is_leaf",
        "x.grad is not None": "retains_grad",
        "x.dtype.kind == 'f'": "is_floating_point",
        "x.dtype.kind != 'u'": "is_signed",
        # Dtypes
        "x != 0": "bool",
        "x.astype(np.float64)": "double",
        "x.astype(np.float32)": "float half bfloat16 chalf",
        "x.astype(np.int8)": "char",
        "x.astype(np.int16)": "short",
        "x.astype(np.int32)": "int",
        "x.astype(np.int64)": "long",
        "x.astype(np.uint8)": "byte",
        "x.astype(y.dtype)": "type_as",
        "x.dtype": "type",
        "x.astype(dtype); everything is on the CPU": "to",
        # Memory
        "x itself, which ops never change; copy.deepcopy(x) of a leaf": "clone copy",
        _CPU: "cpu cuda mtia xpu ipu device get_device is_cpu is_cuda is_ipu is_maia is_meta is_mps is_mtia "
        "is_xpu is_vulkan is_pinned pin_memory is_shared share_memory_ is_distributed to_device to_mkldnn "
        "is_mkldnn record_stream output_nr layout is_inference",
        _DENSE: "coalesce is_coalesced is_sparse is_sparse_csr to_sparse to_sparse_bsc to_sparse_bsr "
        "to_sparse_coo to_sparse_csc to_sparse_csr to_dense sparse_dim dense_dim sparse_mask sparse_resize_ "
        "sparse_resize_and_clear_ resize_as_sparse_ crow_indices col_indices ccol_indices row_indices "
        "smm sspaddmm is_nested to_padded_tensor dequantize int_repr is_quantized q_scale "
        "q_zero_point q_per_channel_axis q_per_channel_scales q_per_channel_zero_points qscheme",
        _REAL: "cdouble cfloat conj conjugate conj_physical resolve_conj resolve_neg real imag angle "
        "is_complex is_conj is_neg isreal stft istft",
        "x.data.{name}": "nbytes itemsize strides flags ctypes base flat",
        "x.data.itemsize": "element_size",
        "x.data.strides": "stride dim_order",
        "x.data.ctypes.data": "data_ptr const_data_ptr storage storage_offset storage_type untyped_storage",
        "x.data.flags": "is_contiguous",
        "x.data.{name}()": "tobytes dumps",
        "np.save(path, x.data)": "dump tofile",
        "Tensor(np.zeros(shape))": "new_zeros new new_empty new_empty_strided",
        "Tensor(np.ones(shape))": "new_ones",
        "Tensor(np.full(shape, value))": "new_full",
        "Tensor(array)": "new_tensor",
        "x itself, or Tensor(x.data)": "as_subclass",
        # Gradients
        "x.node": "grad_fn",
        "x.requires_grad = True": "requires_grad_",
        "x.requires_grad": "volatile",
        "plot.computation_graph(y, names={'x': x})": "name",
        "x.retain_grad(), and after backward x.grad": "register_hook register_post_accumulate_grad_hook "
        "reinforce grad_dtype",
        "x.detach()": "detach_",
        # What has no gradient here
        "np.linalg.{name}(x.data), which has no gradient": "cholesky eig qr svd slogdet lstsq",
        "np.linalg.inv(x.data), which has no gradient": "inverse",
        "np.linalg.pinv(x.data), which has no gradient": "pinverse",
        "np.linalg.det(x.data), which has no gradient": "det logdet",
        "np.linalg.matrix_power(x.data, n), which has no gradient": "matrix_power",
        "np.linalg.solve(a.data, b.data), which has no gradient": "solve cholesky_inverse cholesky_solve "
        "lu lu_solve triangular_solve geqrf orgqr ormqr symeig",
        "x.data.{name}(), which has no gradient": "round cumprod nonzero searchsorted byteswap getfield",
        WITHOUT: "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 "
        "atanh bincount bitwise_left_shift bitwise_right_shift ceil copysign corrcoef cov cross diff fix "
        "floor frexp gcd heaviside histogram i0 isclose isinf isneginf isposinf kron lcm ldexp logaddexp2 "
        "nextafter sinc trunc argwhere allclose",
        "np.modf(x.data), which has no gradient": "frac",
        "np.histogram(x.data), which has no gradient": "histc",
        "np.maximum.accumulate(x.data), which has no gradient": "cummax",
        "np.minimum.accumulate(x.data), which has no gradient": "cummin",
        "np.logaddexp.accumulate(x.data), which has no gradient": "logcumsumexp",
        "Tensor(rng.binomial(1, x.data)), with rng = np.random.default_rng(seed)": "bernoulli",
        "rng.choice(len(x), n, p=x.data), with rng = np.random.default_rng(seed)": "multinomial",
        OWN: "erf erfc erfinv lgamma mvlgamma digamma polygamma igamma igammac matrix_exp renorm "
        "hardshrink nonzero_static index hash_tensor module_load sum_to_size is_set_to",
        # In place
        "x.data[...] = y, before the forward pass": "set_ setfield",
        "x.data.{name}(...), before the forward pass": "fill setflags",
        IN_PLACE: "abs_ absolute_ acos_ acosh_ add_ addbmm_ addcdiv_ addcmul_ addmm_ addmv_ addr_ apply_ "
        "arccos_ arccosh_ arcsin_ arcsinh_ arctan2_ arctan_ arctanh_ as_strided_ asin_ asinh_ atan2_ atan_ "
        "atanh_ baddbmm_ bernoulli_ bitwise_and_ bitwise_left_shift_ bitwise_not_ bitwise_or_ "
        "bitwise_right_shift_ bitwise_xor_ cauchy_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ "
        "copy_ copysign_ cos_ cosh_ cumprod_ cumsum_ deg2rad_ digamma_ div_ divide_ eq_ erf_ erfc_ erfinv_ "
        "exp2_ exp_ expm1_ exponential_ fill_ fill_diagonal_ fix_ float_power_ floor_ floor_divide_ fmod_ "
        "frac_ gcd_ ge_ geometric_ greater_ greater_equal_ gt_ heaviside_ hypot_ i0_ igamma_ igammac_ "
        "index_add_ index_copy_ index_fill_ index_put_ index_reduce_ lcm_ ldexp_ le_ lerp_ less_ "
        "less_equal_ lgamma_ log10_ log1p_ log2_ log_ log_normal_ logical_and_ logical_not_ logical_or_ "
        "logical_xor_ logit_ lt_ lu_ map2_ map_ masked_fill_ masked_scatter_ mul_ multiply_ mvlgamma_ "
        "nan_to_num_ ne_ neg_ negative_ nextafter_ normal_ not_equal_ polygamma_ pow_ put_ rad2deg_ random_ "
        "reciprocal_ relu_ remainder_ renorm_ resize_ resize_as_ round_ rsqrt_ scatter_ scatter_add_ "
        "scatter_reduce_ sgn_ sigmoid_ sign_ sin_ sinc_ sinh_ sqrt_ square_ squeeze_ sub_ subtract_ t_ tan_ "
        "tanh_ tril_ triu_ true_divide_ trunc_ uniform_ xlogy_ zero_",
    }
)

# The same for an argument of `backward`.
BACKWARD = {
    "create_graph": "gradcheck's differences for a second order: the tape has gradients of the first",
    "gradient": "g=...",
    "inputs": "requires_grad = False of the leaves that are to have no gradient",
    "retain_graph": "one backward of the sum of the results, or the forward pass again",
}
