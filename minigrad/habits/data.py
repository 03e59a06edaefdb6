"""What to write for a name that `torch.utils.data` has, and `minigrad.data` lacks."""

from minigrad.habits.table import by_name

_FIT = "train.fit(model, Batch(x, y), ...), which shuffles and cuts batches of batch_size"
_DRAWN = "a function from a generator to a Batch, which train.fit takes as data"

DATA = by_name(
    {
        _FIT: "DataLoader Sampler RandomSampler SequentialSampler BatchSampler DistributedSampler",
        "Batch(x, y)": "TensorDataset Dataset MapDataPipe DFIterDataPipe DataChunk StackDataset",
        _DRAWN: "IterableDataset IterDataPipe WeightedRandomSampler",
        "batch[rows]": "Subset SubsetRandomSampler",
        "batch[:n] and batch[n:], of rows in an order that rng.permutation draws": "random_split",
        "Batch of what np.concatenate joins": "ConcatDataset ChainDataset",
        "Batch(np.stack(xs), np.array(ys))": "default_collate default_convert collate",
        "nothing: train.fit starts no processes": "get_worker_info functional_datapipe argument_validation "
        "guaranteed_datapipes_determinism non_deterministic runtime_validation runtime_validation_disabled",
        "`from minigrad.data import {name}`": "memory pairs ragged recall series clips recordings writing "
        "calendars",
    }
)
