"""What to write for a name that `torch.optim` and its schedulers have, and `minigrad.optim` lacks."""

from minigrad.habits.table import by_name

OPTIM = by_name(
    {
        "a subclass of Optimizer, with slots and _change": "ASGD Adadelta Adafactor Adagrad Adamax LBFGS "
        "Muon Rprop",
        "Adam(parameters)": "NAdam RAdam SparseAdam",
        "Schedule(optimizer, factor)": "lr_scheduler LRScheduler LambdaLR MultiplicativeLR",
        "Schedule(optimizer, step_decay(every, factor))": "StepLR",
        "Schedule(optimizer, lambda n: 0.1 ** sum(n >= at for at in milestones))": "MultiStepLR",
        "Schedule(optimizer, lambda n: 0.95**n)": "ExponentialLR",
        "Schedule(optimizer, lambda n: 1 / 3 if n < 5 else 1)": "ConstantLR",
        "Schedule(optimizer, lambda n: max(0, 1 - n / steps))": "LinearLR PolynomialLR",
        "Schedule(optimizer, cosine(steps))": "CosineAnnealingLR",
        "Schedule(optimizer, lambda n: cosine(steps)(n % steps))": "CosineAnnealingWarmRestarts CyclicLR",
        "Schedule(optimizer, warm_up(steps, cosine(steps)))": "OneCycleLR SequentialLR ChainedScheduler",
        "optimizer.lr = ... in the callback of train.fit": "ReduceLROnPlateau",
        "the mean of the state_dict of several epochs": "swa_utils",
        "load_state_dict": "swap_in_optimizer_params_and_state",
    }
)
