"""What to write for a name that trainers of other libraries have, and `minigrad.train` lacks."""

from minigrad.habits.table import by_name

TRAIN = by_name(
    {
        "fit(model, data, loss, optimizer, epochs=10)": "Trainer train train_model Learner run",
        "evaluate(model, data, loss)": "test eval validate score",
        "model(x), in `with no_grad():`": "predict",
        "patience= of fit": "EarlyStopping",
        "save(path, history, model, optimizer), as in fit's callback": "ModelCheckpoint Checkpoint "
        "save_model checkpoint",
        "load(path, model, optimizer)": "load_model restore load_from_checkpoint",
        "callback= of fit, a function of the history": "Callback callbacks TensorBoard SummaryWriter "
        "CSVLogger",
        "clip= of fit, with a function of the parameters that you write": "clip_grad_norm clip_grad_norm_",
        "schedule= of fit": "LearningRateScheduler ReduceLROnPlateau Schedule",
        "optim.{name}(model.parameters())": "SGD Adam AdamW RMSprop",
        "progress= of fit": "tqdm ProgressBar verbose",
    }
)
