"""The real Trainer, held against the settings: what it trains on any number of devices, and what is noticed."""

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import in_two_processes, needs_trackers, needs_training

from apt_settings import SettingsError, SettingsWarning, fingerprint, load
from apt_settings.base import AptSettings

pytestmark = [
    pytest.mark.training,
    needs_training,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # of these libraries' own
]
with suppress(ModuleNotFoundError):
    import gradients
    import torch
    import transformers

    from apt_settings.integrations.loss import Averaging, averaging
    from apt_settings.integrations.precision import switch_tf32, tf32_is_on
    from apt_settings.integrations.trainer import AsPlanned, prepare
    from apt_settings.integrations.transformers import training_arguments


def test_the_step_is_the_same_on_any_number_of_devices(tmp_path: Path) -> None:
    """For every task's model, with LoRA, and for own losses: gradients over devices x micro-batches."""
    alone = {case: gradients.norms(case) for case in gradients.CASES}
    together = in_two_processes("gradients.py", tmp_path)

    for case, (whole, parted) in alone.items():
        assert parted == pytest.approx(whole, rel=1e-4), case
        assert together[case] == pytest.approx([whole, whole], rel=1e-4), case


def test_without_prepare_the_step_depends_on_the_devices() -> None:
    """What transformers does today: times the number of micro-batches, for BERT, RoBERTa and T5."""
    for case in ("roberta", "t5"):
        whole, parted = gradients.norms(case, prepared=False)

        assert parted == pytest.approx(4 * whole, rel=1e-3)


def of_all(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    """The mean over all items of a step."""
    return torch.nn.functional.cross_entropy(outputs.logits, labels, reduction="sum") / num_items_in_batch


def test_what_a_divided_step_still_differs_by() -> None:
    """A mean of means where micro-batches are unequal, and nothing where the loss is divided by all items."""

    def apart(case: str, **options: Any) -> float:
        parted, whole = (gradients.first_step(case, parts, **options) for parts in (4, 1))
        return float((parted - whole).norm() / whole.norm())

    assert 0.2 < apart("t5", data=gradients.uneven(16)) < 0.5
    assert apart("llama", data=gradients.uneven(16)) < 1e-5
    assert apart("roberta", data=gradients.sentences(10)) > 0.1
    assert apart("roberta", data=gradients.sentences(10), compute_loss_func=of_all) < 1e-5


def test_what_is_not_judged_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under DeepSpeed and FSDP, where no process has the whole model; the rest is judged."""
    monkeypatch.setattr("apt_settings.integrations.trainer_facts._SPLIT", ("NO",))
    trainer, settings = trainer_of(tmp_path)
    prepare(trainer, settings)
    by_hand(trainer, lr=0.5)
    with pytest.warns(SettingsWarning, match="not judged: weights, optimizer, rate, gradients and the loss") as told:
        trainer.train()

    assert len([each for each in told if "not judged" in str(each.message)]) == 1
    trainer.args.seed = 3
    with pytest.raises(SettingsError, match="the Trainer's seed is 3"):
        trainer.train()


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (lambda n: torch.tensor(3.0), "dropped"),
        (lambda n: 12.0 / n, "read"),
        (lambda n: 12.0 / n + 1, "mixed"),
        (lambda n: torch.tensor(0.0), "unknown"),
        (lambda n: torch.tensor(float("nan")), "unknown"),
    ],
)
def test_a_loss_says_how_it_is_averaged(loss: Callable[[Any], Any], kind: str) -> None:
    """By what it is with n items, and with twice as many."""
    assert averaging(loss, torch.tensor(4)) is Averaging(kind)


def trainer_of(folder: Path, kind: Any = None, values: Any = None, data: Any = None, **extra: Any) -> Any:
    """A Trainer of a tiny RoBERTa and the settings that it is made from."""
    settings = settings_of(**(values or {}))
    arguments = training_arguments(settings, str(folder), **{**gradients.QUIET, **extra})
    rows = gradients.sentences(16) if data is None else data
    return (kind or transformers.Trainer)(gradients.roberta(), arguments, train_dataset=rows), settings


def settings_of(**values: Any) -> AptSettings:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load({}, None, **{**gradients.SETTINGS, **values})


def test_a_run_as_planned_goes_to_its_end(tmp_path: Path) -> None:
    """Nothing is found, nothing is left behind, and nothing is said."""
    trainer, settings = trainer_of(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SettingsWarning)
        prepare(trainer, settings)
        prepare(trainer, settings)
        trainer.train()

    assert trainer.state.global_step == 8
    assert sum(isinstance(each, AsPlanned) for each in trainer.callback_handler.callbacks) == 1
    assert not trainer.model._forward_hooks


@needs_trackers
@pytest.mark.filterwarnings("ignore")  # of sqlalchemy and alembic, for MLflow
def test_where_a_trainer_reports_the_settings_are_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To MLflow and W&B, beside what the Trainer logs of itself under names of its own; a secret is not among it."""
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, text in {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    import mlflow
    import wandb

    trainer, settings = trainer_of(tmp_path, report_to=["mlflow", "wandb"])
    prepare(trainer, settings)
    trainer.train()
    config = dict(wandb.run.config) if wandb.run else {}
    wandb.finish()
    mlflow.end_run()
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")

    assert run.data.params["apt.fingerprint"] == config["apt"]["fingerprint"] == fingerprint(settings)
    assert float(run.data.params["learning_rate"]) == config["apt"]["learning_rate"] == settings.learning_rate
    assert run.data.tags["apt.origin.task"] == config["apt"]["origin"]["task"] == str(settings.origin("task"))


def test_prepare_disturbs_nothing(tmp_path: Path) -> None:
    """With one device and one micro-batch, the weights are those that there would be without it, to the bit."""
    ends = []
    for prepared in (False, True):
        trainer, settings = trainer_of(tmp_path)
        if prepared:
            prepare(trainer, settings)
        trainer.train()
        ends.append(torch.cat([each.flatten() for each in trainer.model.parameters()]))

    assert torch.equal(*ends)


def by_hand(trainer: Any, kind: Any = None, parameters: Any = None, **options: Any) -> None:
    """An optimizer that somebody made."""
    given = {"lr": 1e-3, "weight_decay": 0.0, **options}
    trainer.optimizer = (kind or torch.optim.AdamW)(parameters or trainer.model.parameters(), **given)


def rescheduled(trainer: Any) -> None:
    trainer.create_optimizer()
    trainer.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(trainer.optimizer, lambda step: 1.0)


def unclipped(trainer: Any) -> None:
    """A clipping that clips nothing, in newer and in older versions."""
    trainer._clip_grad_norm = lambda model: torch.tensor(1.0)
    trainer.accelerator.clip_grad_norm_ = lambda *words, **keywords: torch.tensor(1.0)


BREAKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "steps": (lambda trainer: setattr(trainer.args, "num_train_epochs", 3.0), "the number of steps is 12, and not 8"),
    "batch": (
        lambda trainer: setattr(trainer.args, "gradient_accumulation_steps", 2),
        "the batch over all devices is 8, and not 4",
    ),
    "mixed precision": (
        lambda trainer: trainer.accelerator.state.__dict__.update(_mixed_precision="bf16"),
        "accelerate's mixed precision is bf16, and not no",
    ),
    "weights": (lambda trainer: trainer.model.to(torch.bfloat16), "weights that train are torch.bfloat16"),
    "tf32": (lambda trainer: switch_tf32(True), "TF32 is on, and not off"),
    "optimizer": (
        lambda trainer: by_hand(trainer, torch.optim.RMSprop),
        "the optimizer is torch.optim.RMSprop, and not torch.optim.Adam",
    ),
    "rate": (lambda trainer: by_hand(trainer, lr=0.1), "a group of the optimizer has a rate of 0.1, and not 0.001"),
    "decay": (lambda trainer: by_hand(trainer, weight_decay=0.3), "tensors decay by 0.3, and not 0"),
    "left out": (
        lambda trainer: setattr(
            trainer, "optimizer", torch.optim.AdamW(trainer.model.classifier.parameters(), lr=1e-3)
        ),
        "of what trains it leaves out",
    ),
    "schedule": (rescheduled, "the learning rate at step 4 is 0.001, and not 0.000"),
    "clipping": (
        lambda trainer: setattr(trainer.args, "max_grad_norm", 9.0),
        "gradients are clipped at 9, and not 0.01",
    ),
    "a clipping of one's own": (unclipped, "the norm of the gradients is"),
    "the Trainer's seed": (lambda trainer: setattr(trainer.args, "seed", 3), "the Trainer's seed is 3, and not 128"),
    "torch's seed": (lambda trainer: torch.manual_seed(5), "torch's seed is 5, and not 128"),
}
"""What somebody does behind the arguments' back -> what is said of it."""


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_not_as_planned_stops_the_run(name: str, tmp_path: Path) -> None:
    """With both sides in one error, and before a step was made."""
    breaks, words = BREAKS[name]
    trainer, settings = trainer_of(tmp_path, values={"max_grad_norm": 0.01})
    prepare(trainer, settings)
    breaks(trainer)
    try:
        with pytest.raises(SettingsError) as caught:
            trainer.train()
    finally:
        switch_tf32(False)
        if name == "mixed precision":
            trainer.accelerator.state._reset_state(reset_partial_state=True)

    assert words in str(caught.value)
    assert trainer.state.global_step == 0


@pytest.mark.parametrize(
    ("breaks", "factor"),
    [
        (lambda trainer: setattr(trainer, "model_accepts_loss_kwargs", True), "1"),
        (lambda trainer: setattr(trainer.accelerator, "gradient_accumulation_steps", 4), "0.0625"),
    ],
)
def test_a_loss_that_is_scaled_never_or_twice_is_noticed(
    breaks: Callable[[Any], object], factor: str, tmp_path: Path
) -> None:
    """By the factor with which it really enters backward."""
    trainer, settings = trainer_of(tmp_path, values={"batch_size": 16, "per_device_batch_size": 4})
    prepare(trainer, settings)
    breaks(trainer)
    with pytest.raises(SettingsError) as caught:
        trainer.train()

    assert f"the loss that the model returned enters backward times {factor}, and not 0.25" in str(caught.value)


def test_it_can_be_told_to_warn(tmp_path: Path) -> None:
    """The run goes on."""
    trainer, settings = trainer_of(tmp_path)
    prepare(trainer, settings, warn=True)
    trainer.args.num_train_epochs = 3.0
    with pytest.warns(SettingsWarning, match="the number of steps is 12, and not 8"):
        trainer.train()

    assert trainer.state.global_step == 12


def loaded_by(loader: Callable[[], Any]) -> Any:
    """A kind of Trainer that reads its data from a loader of one's own."""
    return type("Own", (transformers.Trainer,), {"get_train_dataloader": lambda self: loader()})


def of_sixteen(**options: Any) -> Any:
    collate = transformers.default_data_collator
    return torch.utils.data.DataLoader(gradients.sentences(64), collate_fn=collate, **options)


@pytest.mark.parametrize(
    "loader",
    [
        lambda: of_sixteen(batch_size=16),
        lambda: of_sixteen(
            batch_sampler=torch.utils.data.BatchSampler(range(64), 16, drop_last=False),
        ),
    ],
)
def test_the_batch_of_a_loader_of_ones_own_is_judged(loader: Callable[[], Any], tmp_path: Path) -> None:
    """Whoever made it, also where the number of steps says nothing of it."""
    trainer, settings = trainer_of(tmp_path, loaded_by(loader), {"max_steps": 3})
    prepare(trainer, settings)
    with pytest.raises(SettingsError, match="the batch over all devices is 16, and not 4"):
        trainer.train()


def test_a_loader_that_tells_no_batch_is_not_judged(tmp_path: Path) -> None:
    """And that is said."""
    batches = [transformers.default_data_collator(gradients.sentences(16))] * 3
    own = loaded_by(lambda: torch.utils.data.DataLoader(batches, batch_size=None))
    trainer, settings = trainer_of(tmp_path, own, {"max_steps": 3})
    prepare(trainer, settings)
    with pytest.warns(SettingsWarning, match="not judged: the batch over all devices, as a DataLoader does not say"):
        trainer.train()


def test_a_model_made_after_the_arguments_has_the_weights_of_the_seed(tmp_path: Path) -> None:
    """Whatever was drawn before."""
    config = transformers.RobertaConfig(vocab_size=9, num_hidden_layers=1, hidden_size=8, num_attention_heads=2)

    def weights(seed: int) -> Any:
        torch.rand(3)
        training_arguments(settings_of(seed=seed), str(tmp_path), use_cpu=True)
        return transformers.RobertaModel(config).embeddings.word_embeddings.weight

    assert torch.equal(weights(7), weights(7))
    assert not torch.equal(weights(7), weights(8))


def test_a_warmup_longer_than_the_run_is_planned_as_it_is_trained(tmp_path: Path) -> None:
    """The rate stays far below its peak in both."""
    trainer, settings = trainer_of(tmp_path, values={"warmup_steps": 100})
    prepare(trainer, settings)
    trainer.train()

    assert trainer.state.global_step == 8
    assert trainer.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3 * 8 / 100)


def test_other_data_are_told_with_their_number(tmp_path: Path) -> None:
    """What to write stands in the error."""
    trainer, settings = trainer_of(tmp_path, data=gradients.sentences(40))
    prepare(trainer, settings)
    with pytest.raises(SettingsError, match="the training data have 40 examples: write APT_TRAIN_EXAMPLES=40"):
        trainer.train()


def test_a_resumed_run_is_judged_too(tmp_path: Path) -> None:
    """At its own first step."""
    trainer, settings = trainer_of(tmp_path, save_strategy="steps", save_steps=4)
    prepare(trainer, settings)
    trainer.train()
    again, _ = trainer_of(tmp_path)
    prepare(again, settings)
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    assert again.state.global_step == 8

    broken, _ = trainer_of(tmp_path)
    prepare(broken, settings)
    broken.args.max_grad_norm = 3.0
    with pytest.raises(SettingsError, match="gradients are clipped at 3, and not 1"):
        broken.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))


def test_all_processes_stop_together(tmp_path: Path) -> None:
    """Where one of them only has found something, and the error says which."""
    (first, second) = in_two_processes("gradients.py", tmp_path, "--break")

    assert first == second
    assert "torch's seed is 5, and not 128 (rank 1)" in first


def test_a_scheduler_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    """Once, and the rate of the first step is judged all the same."""
    trainer, settings = trainer_of(tmp_path)
    trainer.create_optimizer()
    trainer.lr_scheduler = torch.optim.lr_scheduler.StepLR(trainer.optimizer, 100)
    prepare(trainer, settings)
    with (
        pytest.warns(SettingsWarning, match="not judged: the schedule of a StepLR"),
        pytest.raises(SettingsError) as no,
    ):
        trainer.train()

    assert "step 0 is made with a rate of 0.001, and not 0" in str(no.value)


def test_an_own_weight_of_the_loss_is_not_judged(tmp_path: Path) -> None:
    """Whatever it is; that it is not scaled by the micro-batches, prepare has seen to."""

    class Twice(transformers.Trainer):  # type: ignore[misc]
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **given: Any) -> Any:
            return 2 * model(**inputs).loss

    trainer, settings = trainer_of(tmp_path, Twice, {"per_device_batch_size": 2})
    prepare(trainer, settings)
    with pytest.warns(SettingsWarning, match="not judged: the weight that compute_loss gives to the model's loss"):
        trainer.train()

    assert trainer.state.global_step == 8


def test_a_micro_batch_without_targets_tells_nothing(tmp_path: Path) -> None:
    """The next one of the step does."""
    rows = gradients.texts(16)
    for row in rows[::2]:
        row["labels"] = [-100] * 9
    settings = settings_of(task="alpaca", per_device_batch_size=1, max_steps=2)
    arguments = training_arguments(settings, str(tmp_path), **gradients.QUIET)
    trainer = transformers.Trainer(gradients.llama(), arguments, train_dataset=rows)
    trainer._get_train_sampler = lambda *words: torch.utils.data.SequentialSampler(rows)
    prepare(trainer, settings)
    trainer.train()

    assert trainer.state.global_step == 2


@pytest.mark.parametrize("reads", [False, True])
def test_a_model_that_returns_a_dict_is_watched_too(reads: bool, tmp_path: Path) -> None:
    """As the Trainer takes one."""

    class Plain(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = gradients.roberta()

        def forward(self, input_ids: Any, labels: Any, num_items_in_batch: Any = None, **given: Any) -> Any:
            loss = self.inner(input_ids=input_ids, labels=labels).loss
            if reads and num_items_in_batch is not None:
                loss = loss * len(labels) / num_items_in_batch
            return {"loss": loss}

    settings = settings_of(per_device_batch_size=2)
    arguments = training_arguments(settings, str(tmp_path), **gradients.QUIET, save_strategy="no")
    trainer = transformers.Trainer(Plain(), arguments, train_dataset=gradients.sentences(16))
    prepare(trainer, settings)
    trainer.train()

    assert trainer.state.global_step == 8


def test_a_precision_that_falls_back_is_what_is_watched(tmp_path: Path) -> None:
    """The arguments and the callback ask the same."""
    settings = settings_of(precision="bf16")
    quiet = {name: value for name, value in gradients.QUIET.items() if name != "use_cpu"}
    with pytest.warns(SettingsWarning, match="this hardware has no bf16: precision fp32 is used") as told:
        arguments = training_arguments(settings, str(tmp_path), dataloader_pin_memory=False, **quiet)
    assert told[0].filename == __file__
    trainer = transformers.Trainer(gradients.roberta(), arguments, train_dataset=gradients.sentences(16))
    prepare(trainer, settings)
    trainer.train()

    assert trainer.state.global_step == 8


@pytest.mark.parametrize("data", [None, []])
def test_a_trainer_without_data_is_one_error(data: Any, tmp_path: Path) -> None:
    """There is nothing to ask the loss with."""
    arguments = training_arguments(settings_of(), str(tmp_path), **gradients.QUIET)
    trainer = transformers.Trainer(gradients.roberta(), arguments, train_dataset=data)
    with pytest.raises(SettingsError, match="train_dataset gives no batch"):
        prepare(trainer, settings_of())


def test_a_loss_of_two_kinds_is_refused(tmp_path: Path) -> None:
    """A part of it is scaled, and a part is not."""

    class Both(transformers.Trainer):  # type: ignore[misc]
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **given: Any) -> Any:
            loss = model(**inputs).loss
            return loss + loss / given["num_items_in_batch"]

    trainer, settings = trainer_of(tmp_path, Both)
    with pytest.raises(SettingsError, match="compute_loss averages a part of the loss over its micro-batch"):
        prepare(trainer, settings)


def test_a_loss_function_that_is_a_mean_is_refused(tmp_path: Path) -> None:
    """The Trainer scales nothing of what it gives; the sum over num_items_in_batch is right."""
    settings = settings_of()
    arguments = training_arguments(settings, str(tmp_path), **gradients.QUIET)

    def mean(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        return torch.nn.functional.cross_entropy(outputs.logits, labels)

    data = gradients.sentences(16)
    wrong = transformers.Trainer(gradients.roberta(), arguments, train_dataset=data, compute_loss_func=mean)
    with pytest.raises(SettingsError, match="compute_loss_func does not divide by num_items_in_batch"):
        prepare(wrong, settings)
    right = transformers.Trainer(gradients.roberta(), arguments, train_dataset=data, compute_loss_func=of_all)
    prepare(right, settings)
    with pytest.warns(SettingsWarning, match="how the loss enters backward, as the model itself returns none"):
        right.train()


@pytest.mark.parametrize("mixed", ["bf16", "fp16"])
def test_another_launchers_precision_is_refused(mixed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`accelerate launch --mixed_precision bf16` sets a variable that the Trainer follows."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", mixed)
    with pytest.raises(SettingsError, match=f"precision=fp32 is not what would be trained: .* is {mixed}; start with"):
        training_arguments(settings_of(), str(tmp_path), use_cpu=True)


def test_fp32_switches_tf32_off(tmp_path: Path) -> None:
    """After a job of TF32 in the same process, and again after that."""
    for _ in range(2):
        switch_tf32(True)
        assert tf32_is_on()
        training_arguments(settings_of(), str(tmp_path), use_cpu=True)
        assert not tf32_is_on()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"max_steps": 3}, "keyword max_steps is decided by the settings"),
        ({"lr_scheduler_kwargs": {"num_cycles": 3}}, "keyword lr_scheduler_kwargs undoes lr_scheduler; leave it out"),
        ({"accelerator_config": {"split_batches": True}}, "split_batches undoes per_device_batch_size"),
        ({"accelerator_config": {"gradient_accumulation_kwargs": {"num_steps": 4}}}, "undoes batch_size"),
        ({"dataloader_drop_last": True}, "keyword dataloader_drop_last undoes train_examples"),
        ({"auto_find_batch_size": True}, "keyword auto_find_batch_size undoes batch_size"),
        ({"warmup_ratio": 0.5}, "keyword warmup_ratio"),
        ({"learning_rte": 1.0}, "keyword learning_rte is none of TrainingArguments; did you mean learning_rate"),
    ],
)
def test_a_keyword_that_undoes_a_setting_is_refused(extra: dict[str, Any], words: str, tmp_path: Path) -> None:
    """Under whatever name."""
    with pytest.raises(SettingsError) as caught:
        training_arguments(settings_of(), str(tmp_path), use_cpu=True, **extra)

    assert words in str(caught.value)


@pytest.mark.parametrize("extra", [{"label_smoothing_factor": 0.1}, {"neftune_noise_alpha": 5.0}, {"adam_beta2": 0.98}])
def test_a_keyword_that_no_record_has_is_noted(extra: dict[str, Any], tmp_path: Path) -> None:
    """It may be meant."""
    with pytest.warns(SettingsWarning, match=f"keyword {next(iter(extra))} changes what is trained, and is no setting"):
        training_arguments(settings_of(), str(tmp_path), use_cpu=True, **extra)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SettingsWarning)
        training_arguments(settings_of(), str(tmp_path), use_cpu=True, label_smoothing_factor=0.0, adam_beta2=0.999)


def test_a_class_that_changes_what_it_gets_is_refused(tmp_path: Path) -> None:
    """Whoever trains with it would train something else."""

    class Mine(transformers.TrainingArguments):  # type: ignore[misc]
        def __post_init__(self) -> None:
            super().__post_init__()
            self.weight_decay = 0.7

    with pytest.raises(SettingsError, match=r"Mine weight_decay becomes 0.7, where the settings say 0.0"):
        training_arguments(settings_of(), str(tmp_path), kind=Mine, use_cpu=True)
