"""What trackers get: every setting, who set it, and never a secret."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from support import NAMES, needs_trackers

from apt_settings import AptSettings, SettingsError, fingerprint, load
from apt_settings.integrations.trackers import as_parameters, refuse_other, tracked, wandb_config


def job(**variables: str) -> AptSettings:
    """Settings that an environment gives."""
    return load({"APT_TASK": "squad", **{f"APT_{name.upper()}": text for name, text in variables.items()}}, None)


def test_what_is_tracked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, numbers and booleans; the origins of what somebody set alone; the fingerprint and the record."""
    settings = job(epochs="30")
    found = tracked(settings)
    monkeypatch.setenv("APT_RUN_DIR", "/runs/1")

    assert {type(value) for value in found.values()} == {str, int, float, bool}
    assert (found["apt.epochs"], found["apt.learning_rate"], found["apt.outlier_aware"]) == (30, 0.0002, True)
    assert (found["apt.adapter_targets"], found["apt.max_steps"]) == ("query,value,ffn", "none")
    assert {name: value for name, value in found.items() if name.startswith("apt.origin.")} == {
        "apt.origin.task": "environment APT_TASK",
        "apt.origin.epochs": "environment APT_EPOCHS",
    }
    assert (found["apt.fingerprint"], "apt.record" in found) == (fingerprint(settings), False)
    assert tracked(settings)["apt.record"] == "/runs/1"


def test_no_secret_is_tracked(hub: str) -> None:
    """Neither its value nor that there is one."""
    settings = load({"APT_TASK": "squad", "APT_TOKEN": "geheim"}, None, extend=hub)

    assert [name for name in tracked(settings) if "token" in name] == []
    assert "geheim" not in repr((tracked(settings), wandb_config(settings), as_parameters(settings)))


def test_wandb_gets_levels() -> None:
    """No name has a dot, but for those of settings within settings."""
    (config,) = wandb_config(job(epochs="30")).values()

    assert (config["epochs"], config["origin"]["epochs"]) == (30, "environment APT_EPOCHS")
    assert [name for name in (*config, *config["origin"]) if "." in name] == []


def test_what_may_differ_where_a_run_goes_on_is_a_tag() -> None:
    """Who set it and where it runs; MLflow refuses to change a parameter."""
    parameters, tags = as_parameters(job(output_dir="/scratch"))

    assert parameters["apt.epochs"] == "40"
    assert parameters["apt.fingerprint"] == fingerprint(job())
    assert tags["apt.output_dir"] == "/scratch"
    assert tags["apt.origin.output_dir"] == "environment APT_OUTPUT_DIR"
    assert as_parameters(job(output_dir="/other"))[0] == parameters


@given(NAMES)
def test_no_text_is_longer_than_any_server_takes(text: str) -> None:
    """A long one is cut, and texts that differ in their ends stay different."""
    models = [f"m/{(text * 300)[:4_000]}{end}" for end in "ab"]
    values = [as_parameters(job(model_name_or_path=model))[0]["apt.model_name_or_path"] for model in models]

    assert max(map(len, values)) <= 250
    assert values[0] != values[1]


def test_another_value_is_refused() -> None:
    """Each setting with both values; what a run does not have yet may be logged."""
    refuse_other({"apt.epochs": "30"}, {"epochs": "40", "apt.epochs": "30"}, "r1")
    with pytest.raises(SettingsError) as refused:
        refuse_other({"apt.epochs": "30", "apt.seed": "1", "apt.new": "1"}, {"apt.epochs": "40", "apt.seed": "1"}, "r1")

    assert [str(problem) for problem in refused.value.problems] == [
        "apt.epochs was '40' in the run r1 of MLflow, and is '30'; "
        "a run goes on only with the same settings: start a new one"
    ]


@pytest.fixture
def mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow with a file for its server."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment("apt")
    yield mlflow
    mlflow.end_run()


@pytest.mark.trackers
@needs_trackers
@pytest.mark.filterwarnings("ignore")  # of sqlalchemy and alembic, for MLflow
def test_mlflow_finds_a_run_by_value_and_by_fingerprint(mlflow: Any) -> None:
    """What is read back is what was logged; a value of any length does not break it."""
    from apt_settings.integrations.trackers import mlflow_log

    settings = job(epochs="30", model_name_or_path="m/" + "x" * 4_000, output_dir="y" * 4_001)
    with mlflow.start_run() as run:
        mlflow_log(settings)
        mlflow_log(settings)
    mlflow_log(job(epochs="31"))
    mlflow.end_run()
    data = mlflow.MlflowClient().get_run(run.info.run_id).data
    parameters, tags = as_parameters(settings)

    def found(words: str) -> list[str]:
        return [each.info.run_id for each in mlflow.search_runs(filter_string=words, output_format="list")]

    assert data.params == parameters
    assert {name: text for name, text in data.tags.items() if name.startswith("apt.")} == tags
    assert found("params.`apt.epochs` = '30'") == [run.info.run_id]
    assert found(f"params.`apt.fingerprint` = '{fingerprint(settings)}'") == [run.info.run_id]
    assert found("tags.`apt.origin.epochs` = 'environment APT_EPOCHS' and params.`apt.epochs` = '30'") == [
        run.info.run_id
    ]


@pytest.mark.trackers
@needs_trackers
@pytest.mark.filterwarnings("ignore")
def test_a_run_of_mlflow_goes_on_with_the_same_settings_alone(mlflow: Any) -> None:
    """We refuse before MLflow does, and nothing is logged; another origin or place is no other setting."""
    from apt_settings.integrations.trackers import log_where_tracked, mlflow_log

    with mlflow.start_run() as run:
        mlflow_log(job(epochs="30"))
    with mlflow.start_run(run_id=run.info.run_id):
        log_where_tracked(load({}, None, task="squad", epochs=30, output_dir="other"))
        with pytest.raises(SettingsError, match=r"apt\.epochs was '30' in the run \w+ of MLflow, and is '31'"):
            mlflow_log(job(epochs="31", seed="5"))
    data = mlflow.MlflowClient().get_run(run.info.run_id).data

    assert (data.params["apt.epochs"], data.params["apt.seed"]) == ("30", "128")
    assert (data.tags["apt.origin.epochs"], data.tags["apt.output_dir"]) == ("argument epochs", "other")


@pytest.mark.trackers
@needs_trackers
@pytest.mark.filterwarnings("ignore")
def test_many_settings_of_ones_own_are_logged(mlflow: Any, write_env: Callable[..., Path], monkeypatch: Any) -> None:
    """MLflow takes a hundred at once."""
    fields = "".join(f"    own_{number}: int = {number}\n" for number in range(250))
    write_env(f"from pydantic import BaseModel\nclass Many(BaseModel):\n{fields}", "many_own.py")
    monkeypatch.syspath_prepend(Path.cwd())
    from apt_settings.integrations.trackers import mlflow_log

    with mlflow.start_run() as run:
        given = {f"APT_OWN_{number}": str(number + 1) for number in range(250)}
        mlflow_log(load({"APT_TASK": "squad", **given}, None, extend="many_own:Many"))

    data = mlflow.MlflowClient().get_run(run.info.run_id).data
    assert (data.params["apt.own_249"], data.tags["apt.origin.own_249"]) == ("250", "environment APT_OWN_249")


@pytest.mark.trackers
@needs_trackers
@pytest.mark.filterwarnings("ignore")
def test_wandb_takes_the_settings_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand in the file that it would send, those that were added to an open run too."""
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    import wandb

    from apt_settings.integrations.trackers import log_where_tracked

    settings = job(epochs="30", model_name_or_path="m/" + "x" * 4_000)
    with wandb.init(mode="offline", project="apt", config=wandb_config(settings)) as run:
        assert run.config["apt"]["epochs"] == 30
        log_where_tracked(job(epochs="31"))
        assert run.config["apt"]["epochs"] == 31
    wandb.teardown()
    (file,) = tmp_path.glob("wandb/offline-run-*/*.wandb")

    assert re.findall(rb'"epochs": ?(\d+)', file.read_bytes()) == [b"30", b"31"]
