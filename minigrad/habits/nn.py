"""What to write for a name that `torch.nn`, `torch.nn.init` or a module has, and `minigrad.nn` lacks."""

from minigrad.habits.table import OWN, by_name

_CELL = "Recurrent(cell), with a cell that you write"

MODULES = by_name(
    {
        # Losses
        "functional.binary_cross_entropy_with_logits": "BCEWithLogitsLoss BCELoss",
        "functional.cross_entropy": "CrossEntropyLoss LinearCrossEntropyLoss",
        "functional.cross_entropy of the logits, before log_softmax": "NLLLoss NLLLoss2d",
        "functional.mae": "L1Loss",
        "functional.mse": "MSELoss",
        "functional.huber": "HuberLoss SmoothL1Loss",
        "a function of prediction and y that you write, as functional.mse is one": "CTCLoss "
        "CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss KLDivLoss MarginRankingLoss "
        "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss PoissonNLLLoss SoftMarginLoss "
        "TripletMarginLoss TripletMarginWithDistanceLoss AdaptiveLogSoftmaxWithLoss "
        "LinearCrossEntropyOptions",
        # Functions of every entry
        "Tensor.relu, as in Sequential(Linear(2, 8), Tensor.relu)": "ReLU",
        "Tensor.sigmoid, as in Sequential(Linear(2, 8), Tensor.sigmoid)": "Sigmoid",
        "Tensor.tanh, as in Sequential(Linear(2, 8), Tensor.tanh)": "Tanh",
        "Tensor.softplus, as in Sequential(Linear(2, 8), Tensor.softplus)": "Softplus",
        "minigrad.leaky_relu, as in Sequential(Linear(2, 8), minigrad.leaky_relu)": "LeakyReLU PReLU RReLU",
        "functional.softmax": "Softmax Softmax2d Softmin",
        "functional.log_softmax": "LogSoftmax",
        "lambda x: x, or leave it out": "Identity",
        "lambda x: x.flatten(1)": "Flatten",
        "lambda x: x.reshape(shape)": "Unflatten",
        "lambda x: x * x.sigmoid()": "SiLU",
        "lambda x: -(-x).softplus()": "LogSigmoid",
        "lambda x: x * x.softplus().tanh()": "Mish",
        "lambda x: x - x.tanh()": "Tanhshrink",
        "lambda x: x / (1 + x.abs())": "Softsign",
        "lambda x: x.clip(0, 6)": "ReLU6",
        "lambda x: x.clip(-1, 1)": "Hardtanh",
        "lambda x: (x / 6 + 0.5).clip(0, 1)": "Hardsigmoid",
        "lambda x: x * (x / 6 + 0.5).clip(0, 1)": "Hardswish",
        "a function that you write, as in Sequential(Linear(2, 8), f)": "CELU ELU GELU GLU SELU Hardshrink "
        "Softshrink Threshold",
        # What has parameters
        _CELL: "GRU LSTM RNN RNNBase",
        "a Module that you write": "GRUCell LSTMCell RNNCell RNNCellBase MultiheadAttention Transformer "
        "TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer Bilinear "
        "RMSNorm GroupNorm InstanceNorm1d LocalResponseNorm BatchNorm1d BatchNorm2d BatchNorm3d "
        "SyncBatchNorm LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d InstanceNorm2d InstanceNorm3d "
        "LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d CrossMapLRN2d CosineSimilarity "
        "PairwiseDistance",
        "Linear(in_features, out_features)": "LazyLinear",
        "Embedding(num, dim), and the mean of its rows": "EmbeddingBag",
        "Dropout(p)": "Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout",
        "a list of modules": "ModuleList Container",
        "a dict of modules": "ModuleDict",
        "a list of Parameters": "ParameterList",
        "a dict of Parameters": "ParameterDict",
        "Parameter(array)": "UninitializedParameter",
        "an array, as an attribute of the module": "Buffer UninitializedBuffer",
        "minigrad.functional": "functional",
        "one optimiser step after the other: gradients add up until zero_grad": "parallel DataParallel",
        "clip= of train.fit, with a function of the parameters that you write": "utils clip_grad_norm_ "
        "clip_grad_value_",
        # What moves a window over pictures or series
        "minigrad.pad(x, width)": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d "
        "ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
        "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
        "x.reshape and a mean or max over the new axes": "AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d "
        "MaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
        "AdaptiveMaxPool2d AdaptiveMaxPool3d LPPool1d LPPool2d LPPool3d PixelShuffle PixelUnshuffle "
        "ChannelShuffle",
        OWN: "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d "
        "LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d Fold Unfold "
        "FractionalMaxPool2d FractionalMaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Upsample "
        "UpsamplingBilinear2d UpsamplingNearest2d",
    }
)

INIT = by_name(
    {
        "Parameter(nn.init.glorot(shape, rng))": "xavier_uniform_ xavier_normal_ xavier_uniform "
        "xavier_normal glorot_uniform glorot_normal",
        "Parameter(nn.init.he(shape, rng))": "kaiming_normal_ kaiming_uniform_ kaiming_normal "
        "kaiming_uniform he_normal he_uniform",
        "Parameter(nn.init.orthogonal(shape, rng))": "orthogonal_",
        "Parameter(nn.init.uniform(shape, rng, bound=bound))": "uniform_",
        "Parameter(rng.standard_normal(shape))": "normal_ trunc_normal_ normal",
        "Parameter(np.zeros(shape))": "zeros_ zeros",
        "Parameter(np.ones(shape))": "ones_ ones",
        "Parameter(np.full(shape, value))": "constant_ constant",
        "Parameter(np.eye(n))": "eye_ dirac_ eye dirac",
        "Parameter(array * mask), of an array that you draw": "sparse_",
        "a factor that you write: he has the root of 2 already, for relu": "calculate_gain",
    }
)

# The same for an attribute of a module.
MODULE = by_name(
    {
        "the module itself: everything is on the CPU": "to cuda cpu xpu ipu to_empty share_memory compile",
        "dtype= of its layers, when they are made": "float double half bfloat16",
        ".W of Linear, x @ W, or of Embedding; .gain of LayerNorm": "weight",
        ".b of Linear, or .bias of LayerNorm": "bias",
        ".W.shape": "in_features out_features num_embeddings embedding_dim normalized_shape",
        "modules(), or the attributes by their names": "children named_children named_modules get_submodule "
        "get_parameter get_buffer",
        "a loop over modules()": "apply",
        "named_buffers()": "buffers",
        "self.name = array, which makes it a buffer": "register_buffer",
        "self.name = Parameter(array)": "register_parameter",
        "self.name = module": "add_module register_module",
        "p.requires_grad = False for each p of parameters()": "requires_grad_",
        "a forward that you write around it": "register_forward_hook register_forward_pre_hook "
        "register_full_backward_hook register_full_backward_pre_hook register_backward_hook",
    }
)
