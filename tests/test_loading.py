"""Who wins, and the singleton."""

import inspect
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import apt_settings
from apt_settings import (
    AlpacaSettings,
    CnnDmSettings,
    GlueBigSettings,
    GlueSmallSettings,
    SettingsError,
    SettingsGroup,
    SettingsWarning,
    SquadSettings,
    fingerprint,
    load,
    override,
    reset,
)
from apt_settings.facts.datasets import DATASETS
from apt_settings.singleton import moment, put_back


@pytest.mark.parametrize(
    ("name", "task_class", "dataset"),
    [
        ("glue_small", GlueSmallSettings, "mrpc"),
        ("GLUE-BIG", GlueBigSettings, "sst2"),
        ("Squad", SquadSettings, "squad_v2"),
        ("squad_v2", SquadSettings, "squad_v2"),
        ("cnn-dm", CnnDmSettings, "cnndm"),
        ("cnndm", CnnDmSettings, "cnndm"),
        ("alpaca", AlpacaSettings, "alpaca_gpt4"),
        ("mnli", GlueBigSettings, "mnli"),
        ("RTE", GlueSmallSettings, "rte"),
        ("", GlueBigSettings, "sst2"),
    ],
)
def test_apt_task_picks_the_class(name: str, task_class: type, dataset: str) -> None:
    """A task in any case, with - or _, or one of its datasets; nothing means glue_big."""
    settings = load({"APT_TASK": name})

    assert task_class is type(settings)
    assert dataset == settings.dataset


def test_the_task_tells_who_chose_it() -> None:
    """The origin of the task is APT_TASK or the class default, and a dataset that it named has the same origin."""
    assert str(load({}).origin("task")) == "class default"
    assert str(load({"APT_TASK": "mnli"}).origin("task")) == "environment APT_TASK"
    assert str(load({"APT_TASK": "mnli"}).origin("dataset")) == "environment APT_TASK"
    assert str(load({"APT_TASK": "glue_big"}).origin("dataset")) == "class default"


def test_a_dataset_named_as_task_is_as_strong_as_its_source(write_env: Callable[..., Path]) -> None:
    """`APT_TASK=mnli` in the environment beats `APT_DATASET` of `.env`, and an argument beats both."""
    write_env("APT_DATASET=sst2\n")

    assert load({"APT_TASK": "mnli"}).dataset == "mnli"
    assert [each.location for each in load({"APT_TASK": "mnli"}).origin("dataset").overridden] == [
        ".env:1",
        "class default",
    ]
    assert load({"APT_TASK": "mnli"}, dataset="qnli").dataset == "qnli"


def test_a_shadowed_task_leaves_no_dataset_behind(write_env: Callable[..., Path]) -> None:
    """The dataset that a losing APT_TASK names does not follow into the winning task."""
    write_env("APT_TASK=mnli\n")
    settings = load({"APT_TASK": "squad"})

    assert (SquadSettings, "squad_v2") == (type(settings), settings.dataset)
    assert [each.location for each in settings.origin("task").overridden] == [".env:1", "class default"]


def test_origins_name_the_giver_and_what_it_shadows(write_env: Callable[..., Path]) -> None:
    """argument > environment > `.env` > class default; each origin lists whom it overrules."""
    write_env("# a comment\n\nAPT_TARGET_SPARSITY=0.5\n")
    argument = load({"APT_TARGET_SPARSITY": "0.4"}, target_sparsity=0.3).origin("target_sparsity")

    assert str(argument) == "argument target_sparsity"
    assert [(each.location, each.raw) for each in argument.overridden] == [
        ("environment APT_TARGET_SPARSITY", "'0.4'"),
        (".env:3", "'0.5'"),
        ("class default", "0.6"),
    ]
    assert str(load({}).origin("target_sparsity")) == ".env:3"
    assert load({}).target_sparsity == 0.5


def test_empty_means_not_set_and_is_told(write_env: Callable[..., Path]) -> None:
    """An empty variable is passed over, and the origin of whoever decides instead names it."""
    write_env("APT_SEED=7\nAPT_EPOCHS=\n")
    settings = load({"APT_SEED": "", "APT_EPOCHS": ""})

    assert (settings.seed, settings.epochs) == (7, 40)
    assert str(settings.origin("seed")) == ".env:1 (environment APT_SEED is empty)"
    assert str(settings.origin("epochs")) == "class default (environment APT_EPOCHS and .env:2 APT_EPOCHS are empty)"


def test_later_env_files_win(write_env: Callable[..., Path]) -> None:
    """APT_ENV_FILE may name several; the later overrules the earlier, and both are told."""
    write_env("APT_SEED=1\nAPT_EPOCHS=50\n", "a.env")
    write_env("APT_SEED=2\nAPT_OUTPUT_DIR=${APT_EPOCHS}\n", "b.env")
    settings = load({"APT_ENV_FILE": "a.env:b.env"})

    assert (settings.seed, settings.epochs, settings.output_dir) == (2, 50, "50")
    assert [each.location for each in settings.origin("seed").overridden] == ["a.env:1", "class default"]
    assert [Path(path).name for path in settings.env_files] == ["a.env", "b.env"]


def test_a_named_env_file_replaces_the_usual_one(write_env: Callable[..., Path]) -> None:
    """APT_ENV_FILE replaces `.env`, and an argument replaces APT_ENV_FILE."""
    write_env("APT_SEED=1\n")
    write_env("APT_SEED=2\n", "two.env")
    path = write_env("APT_SEED=3\n", "three.env")
    environ = {"APT_ENV_FILE": "two.env"}

    assert load({}).seed == 1
    assert load(environ).seed == 2
    assert load(environ, path).seed == 3
    assert load(environ, "two.env:three.env").seed == 3
    assert load(environ, [path, "two.env"]).seed == 2
    assert load(environ, None).seed == 128
    assert load({"APT_ENV_FILE": "three.env:two.env:three.env"}).seed == 3


def test_only_the_working_directory_is_searched(write_env: Callable[..., Path], monkeypatch: Any) -> None:
    """A `.env` of a parent folder is not read."""
    path = write_env("APT_SEED=1\n")
    (path.parent / "below").mkdir()
    monkeypatch.chdir(path.parent / "below")

    assert load({}).seed == 128


@pytest.mark.parametrize("place", ["folder", "file", "missing"])
def test_an_env_file_that_cannot_be_read_is_an_error(tmp_path: Path, place: str) -> None:
    """A folder named `.env`, and a named file that is missing, stop the job."""
    if place == "folder":
        (tmp_path / ".env").mkdir()
        with pytest.raises(SettingsError, match=r"\.env cannot be read: Is a directory"):
            load({})
    elif place == "missing":
        with pytest.raises(
            SettingsError, match=r"argument env_file names 'no\.env', which cannot be read: No such file"
        ):
            load({}, "no.env")
    else:
        assert load({}).env_files == ()


def test_nothing_is_written_to_the_environment(write_env: Callable[..., Path]) -> None:
    """Reading `.env` leaves the environment as it was."""
    write_env("APT_SEED=1\nOTHER=2\n")
    environ: dict[str, str] = {}
    before = dict(os.environ)
    load(environ)
    load()

    assert environ == {}
    assert before == dict(os.environ)


SETTINGS = {
    "seed": st.integers(0, 2**32 - 1),
    "target_sparsity": st.floats(0, 0.999),
    "output_dir": st.text("abc /", min_size=1).filter(lambda text: text == text.strip()),
    "max_grad_norm": st.floats(1e-3, 1e6),
}
SAID = st.dictionaries(st.sampled_from(sorted(SETTINGS)), st.just(None)).flatmap(
    lambda names: st.fixed_dictionaries({name: SETTINGS[name] for name in names})
)


def winner(name: str, *sources: Mapping[str, Any]) -> Any:
    """The precedence as a model: the first source that names the setting gives it."""
    for source in sources:
        if name in source:
            return source[name]
    return GlueBigSettings.model_fields[name].default


@given(arguments=SAID, environ=SAID, later=SAID, earlier=SAID)
def test_the_first_source_that_speaks_wins(
    tmp_path_factory: pytest.TempPathFactory, arguments: Any, environ: Any, later: Any, earlier: Any
) -> None:
    """Whatever sources say, the settings equal the ten-line model of the precedence."""
    folder = tmp_path_factory.mktemp("precedence")
    for file, said in (("later", later), ("earlier", earlier)):
        (folder / file).write_text("".join(f"APT_{name.upper()}='{value}'\n" for name, value in said.items()))
    variables = {f"APT_{name.upper()}": str(value) for name, value in environ.items()}
    settings = load(variables, [folder / "earlier", folder / "later"], **arguments)

    for name in SETTINGS:
        assert winner(name, arguments, environ, later, earlier) == getattr(settings, name)


@given(
    st.dictionaries(
        st.sampled_from([f"APT_{name.upper()}" for name in GlueBigSettings.model_fields]),
        st.one_of(st.text(max_size=10_000), st.from_regex(r"-?[0-9]{1,5}(\.[0-9]{1,3})?(e-?[0-9])?", fullmatch=True)),
        max_size=5,
    )
)
@pytest.mark.filterwarnings("ignore::apt_settings.SettingsWarning")
def test_any_text_gives_settings_or_a_settings_error(environ: dict[str, str]) -> None:
    """Texts over all settings make valid settings that resolve again, or SettingsError, and nothing else."""
    try:
        settings = load(environ, None)
    except SettingsError as error:
        told = str(error)
        assert told.replace("\n", "").isprintable()
    else:
        assert fingerprint(settings)
        set_ones = {name: getattr(settings, name) for name, by in settings.origins.items() if by.kind == "environment"}
        assert settings == load({}, None, **{**set_ones, "task": settings.task})


def test_the_singleton_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`settings` is one object until reset(), which reads the environment anew; old names keep the old object."""
    monkeypatch.setenv("APT_SEED", "1")
    first = apt_settings.settings
    monkeypatch.setenv("APT_SEED", "2")

    assert first is apt_settings.settings
    reset()
    assert (first.seed, apt_settings.settings.seed) == (1, 2)


def test_a_wrong_environment_can_be_mended_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is not remembered."""
    monkeypatch.setenv("APT_SEED", "x")
    with pytest.raises(SettingsError):
        _ = apt_settings.settings
    monkeypatch.setenv("APT_SEED", "3")

    assert apt_settings.settings.seed == 3


def test_override_lasts_for_its_block_and_nests() -> None:
    """Within the block the singleton is the overridden one, inner blocks add to outer ones, and it all ends there."""
    before = apt_settings.settings
    with override(seed=1) as outer, override(target_sparsity=0.2) as inner:
        assert (inner.seed, inner.target_sparsity) == (1, 0.2)
        assert apt_settings.settings is inner
        assert outer.target_sparsity == 0.6

    assert before is apt_settings.settings


def test_a_reset_within_an_override_keeps_the_override_and_lasts() -> None:
    """reset() in the block reads the environment anew under the override, and leaves nothing stale behind."""
    before = apt_settings.settings
    with override(seed=1) as overridden:
        reset()
        assert overridden == apt_settings.settings
        assert overridden is not apt_settings.settings

    assert before == apt_settings.settings
    assert before is not apt_settings.settings


def test_a_block_that_was_put_back_is_over() -> None:
    """Whoever left it open, its late end changes nothing."""
    before = moment()
    block = override(seed=1)
    block.__enter__()
    put_back(before)
    first = apt_settings.settings
    block.__exit__(None, None, None)

    assert first is apt_settings.settings
    assert first.seed == 128


def test_an_override_that_is_wrong_changes_nothing() -> None:
    """override() raises before the block starts."""
    before = apt_settings.settings
    with pytest.raises(SettingsError, match="argument seed='x'"), override(seed="x"):
        pytest.fail("the block must not run")

    assert before is apt_settings.settings


JOBS: dict[str, dict[str, Any]] = {
    **{task: {"task": task} for task in DATASETS},
    "custom": {"task": "custom", "dataset": "mine", "architecture": "gpt2"},
}


@given(job=st.sampled_from(sorted(JOBS)), epochs=st.integers(1, 50))
def test_an_override_that_fits_leaves_nothing_outdated(job: str, epochs: int) -> None:
    """However few epochs: no warning; what does not depend on them stays; each fitted value says what it follows."""
    plain = load({}, None, **JOBS[job])
    with override(**JOBS[job], epochs=epochs, fit=True) as settings:
        assert settings.notes == ()

    given = {*JOBS[job], "epochs"}
    changed = {name for name, value in settings if value != getattr(plain, name)} - given
    assert changed == {name for name, each in settings.origins.items() if str(each) == "fitted to epochs"}
    assert changed <= {"distill_epochs", "pruning_end_epoch", "sparsity_warmup_epochs"}


@pytest.mark.parametrize(
    ("values", "fitted"),
    [
        ({"task": "mrpc", "epochs": 2}, {"distill_epochs": 2, "pruning_end_epoch": 2, "sparsity_warmup_epochs": 1}),
        ({"task": "mrpc", "epochs": 2, "target_sparsity": 0}, {"distill_epochs": 2}),
        ({"epochs": 2, "pruning_end_epoch": 1}, {"distill_epochs": 2, "sparsity_warmup_epochs": 0}),
        ({"initial_rank": 100}, {"max_rank": 100}),
        ({"epochs": 60}, {}),
        ({"reference": "release", "dataset": "sst2", "epochs": 5}, {"distill_epochs": 5}),
    ],
)
def test_fitting_takes_the_nearest_value(values: dict[str, Any], fitted: dict[str, int]) -> None:
    """Of the paper's defaults and the release's alike, and of what another fitted value demands in turn."""
    with override(**values, fit=True) as settings:
        found = {
            name: getattr(settings, name)
            for name, each in settings.origins.items()
            if str(each).startswith("fitted to ")
        }

    assert fitted == found


class LongTargets(SettingsGroup):
    """A project's default that only a task that generates can have."""

    max_target_length: int | None = 64


def test_a_default_that_the_task_does_not_take_is_fitted_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project's default, too."""
    monkeypatch.setenv("APT_EXTEND", f"{__name__}:LongTargets")
    with override(fit=True) as settings:
        assert settings.max_target_length is None

    assert str(settings.origin("max_target_length")) == "fitted to task"


@pytest.mark.parametrize("variable", ["APT_DISTILL_EPOCHS", "APT_SPARSITY_WARMUP_EPOCHS"])
def test_what_somebody_set_is_not_fitted(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error, as without fit."""
    monkeypatch.setenv(variable, "10")
    with pytest.raises(SettingsError, match=f"environment {variable}='10' does not fit"), override(epochs=2, fit=True):
        pytest.fail("the block must not run")


def test_fitting_reaches_into_inner_blocks_and_past_a_reset() -> None:
    """A block within one that fits is fitted too, to the values of both, and so is what a reset reads anew."""
    with override(epochs=2, fit=True) as outer:
        with override(seed=1) as inner:
            assert (inner.epochs, inner.distill_epochs, inner.seed) == (2, 2, 1)
        with override(epochs=30) as longer:
            assert longer.distill_epochs == 20
        reset()
        assert outer == apt_settings.settings
    with override(epochs=30), override(initial_rank=100, fit=True) as both:
        assert (both.epochs, both.max_rank) == (30, 100)

    assert apt_settings.settings.epochs == 40


@pytest.mark.parametrize("arguments", [{"fit": True}, {"fit": False}])
def test_only_override_fits(arguments: dict[str, Any]) -> None:
    """load refuses the word, and says who takes it."""
    with pytest.raises(SettingsError, match=r"argument fit is not a setting; override\(epochs=2, fit=True\) takes it"):
        load({}, None, **arguments)


def test_notes_warn_where_the_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning of the singleton and of load() points at the line that asked."""
    monkeypatch.setenv("APT_EPOCHS", "10")
    with pytest.warns(SettingsWarning) as warned:
        from apt_settings import settings
    with pytest.warns(SettingsWarning) as warned_by_load:
        load()
    with pytest.warns(SettingsWarning) as warned_by_override, override(seed=1):
        pass

    assert settings.epochs == 10
    assert [__file__] * 3 == [each.filename for each in (*warned, *warned_by_load, *warned_by_override)]


@pytest.mark.parametrize("environ", ["squad", ["APT_SEED=1"], 3])
def test_load_takes_a_mapping_first(environ: Any) -> None:
    """`load("squad")` is answered with how to say it."""
    with pytest.raises(TypeError, match=r"environ is a mapping of variables.*load\(task='squad'\)"):
        load(environ)


def test_the_signature_holds_no_environment() -> None:
    """help(load) prints no variable of anyone."""
    assert "environ({" not in str(inspect.signature(load))


def test_settings_survive_pickling() -> None:
    """A pickled settings object comes back equal, with its origins."""
    settings = load({"APT_SEED": "3"})
    again = pickle.loads(pickle.dumps(settings))  # noqa: S301  our own bytes

    assert settings == again
    assert settings.origins == again.origins


def test_a_working_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    """Nothing is read there."""
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()

    assert load({}).directory == "a working directory that is gone"
    with pytest.raises(SettingsError, match=r"which is neither on sys\.path nor in a working directory that is gone"):
        load({"APT_EXTEND": "nope:X"})
    os.chdir(tmp_path)
