"""What to write for a name that `torch.nn.functional` has, and `minigrad.functional` lacks."""

from minigrad.habits.table import OWN, by_name

FUNCTIONAL = by_name(
    {
        "functional.mse": "mse_loss",
        "functional.mae": "l1_loss",
        "functional.huber": "huber_loss smooth_l1_loss",
        "functional.cross_entropy of the logits, before log_softmax": "nll_loss linear_cross_entropy",
        "functional.binary_cross_entropy_with_logits of the logits, before sigmoid": "binary_cross_entropy",
        "a function of prediction and y that you write, as functional.mse is one": "cosine_embedding_loss "
        "ctc_loss gaussian_nll_loss hinge_embedding_loss kl_div margin_ranking_loss multi_margin_loss "
        "multilabel_margin_loss multilabel_soft_margin_loss poisson_nll_loss soft_margin_loss "
        "triplet_margin_loss triplet_margin_with_distance_loss",
        "x @ W + b": "linear",
        "minigrad.pad(x, ((0, 0), (a, b))), with a pair for each axis, the first one first": "pad",
        "(x @ W * y).sum(axis=-1)": "bilinear",
        "W[indices]": "embedding",
        "W[indices].mean(axis=1)": "embedding_bag",
        "functional.dropout(x, p, rng, training)": "dropout_ alpha_dropout_ dropout1d dropout2d dropout3d "
        "alpha_dropout feature_alpha_dropout",
        "functional.layer_norm(x, gain, bias)": "rms_norm group_norm instance_norm local_response_norm",
        "a Module that you write": "batch_norm multi_head_attention_forward scaled_dot_product_attention",
        "x / x.norm(axis=-1, keepdims=True)": "normalize",
        "functional.softmax(-x, axis)": "softmin",
        "functional.softmax(x + noise, axis), with noise from rng.gumbel": "gumbel_softmax",
        "-(-x).softplus()": "logsigmoid",
        "x * x.sigmoid()": "silu",
        "x * x.softplus().tanh()": "mish",
        "x - x.tanh()": "tanhshrink",
        "x / (1 + x.abs())": "softsign",
        "x.clip(0, 6)": "relu6",
        "x.clip(-1, 1)": "hardtanh hardtanh_",
        "(x / 6 + 0.5).clip(0, 1)": "hardsigmoid",
        "x * (x / 6 + 0.5).clip(0, 1)": "hardswish",
        "minigrad.leaky_relu(x, slope)": "leaky_relu_ rrelu rrelu_",
        "where(x > 0, x, x.exp() - 1)": "elu elu_ celu celu_ selu selu_",
        "where(x > threshold, x, value)": "threshold threshold_ hardshrink softshrink",
        "0.5 * x * (1 + (0.797885 * (x + 0.044715 * x ** 3)).tanh())": "gelu",
        "a * b.sigmoid(), with a and b the halves that split gives": "glu",
        "x.reshape and a mean or max over the new axes": "adaptive_avg_pool1d adaptive_avg_pool2d "
        "adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool1d_with_indices adaptive_max_pool2d "
        "adaptive_max_pool2d_with_indices adaptive_max_pool3d adaptive_max_pool3d_with_indices avg_pool1d "
        "avg_pool2d avg_pool3d max_pool1d max_pool1d_with_indices max_pool2d max_pool2d_with_indices "
        "max_pool3d max_pool3d_with_indices lp_pool1d lp_pool2d lp_pool3d channel_shuffle "
        "native_channel_shuffle pixel_shuffle pixel_unshuffle",
        "(a - b).norm(axis=-1)": "pairwise_distance pdist",
        "a @ b": "grouped_mm scaled_grouped_mm scaled_mm",
        OWN: "affine_grid assert_int_or_pair conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d "
        "conv_transpose3d fold fractional_max_pool2d fractional_max_pool2d_with_indices "
        "fractional_max_pool3d fractional_max_pool3d_with_indices grid_sample interpolate max_unpool1d "
        "max_unpool2d max_unpool3d upsample upsample_bilinear upsample_nearest",
    }
)
