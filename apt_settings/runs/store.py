"""Stores the records of runs, in one folder for each run. A record is written completely or not at all."""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ..base import AptSettings, json_values, settings_of, written_output_dir
from ..basics.escaping import bytes_escaped
from ..basics.files import write_whole
from ..errors import SettingsError
from ..fingerprint import changed, fingerprint, is_at_default
from ..registry.groups import OUTPUT_DIR
from ..sources.record import FILE_NAME, FORMAT, Record, RecordedSetting, read

_MARKS: Final = ("where_it_runs", "group", "at_default", "secret", "filled")
"""What a record says of a setting only where it is so."""


def record_of(settings: AptSettings, sample: str = "") -> Record:
    """A record of these settings, without any run; `sample` is what a sample computes them from: `sample1:7:42`."""
    values, origins = json_values(settings), settings.origins
    written = {OUTPUT_DIR: written_output_dir(settings)}
    controls = {**settings.controls, **({"sample": sample} if sample else {})}
    return Record(
        format=FORMAT,
        task=settings.task,
        fingerprint=fingerprint(settings),
        controls={name: bytes_escaped(word) for name, word in controls.items()},
        settings={
            name: RecordedSetting(
                value=written.get(name, values[name]),  # a secret has hidden itself
                origin=str(origins[name]),
                kind=origins[name].kind,
                where_it_runs=setting.where_it_runs,
                group=setting.group.name if setting.group else "",
                at_default=is_at_default(settings, name),
                secret=setting.secret,
                filled=values[name] if written.get(name, values[name]) != values[name] else "",
            )
            for name, setting in settings_of(settings).items()
        },
    )


def written_time(moment: datetime) -> str:
    """A moment of UTC as records have it: `2024-05-01T10:00:00.123+00:00`, so that runs of one second have an order."""
    return moment.isoformat(timespec="milliseconds")


def new_folder(parent: Path, name: str) -> Path:
    """Make a new folder such as `parent/name-20240501T100000Z-1`, and `parent` if it is missing. Raises OSError."""
    parent.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 1
    while True:
        folder = parent / f"{name}-{stamp}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def write(folder: Path, record: Record) -> None:
    """Write a record into a folder. If this fails, the old record stays as it was. Raises OSError."""
    write_whole(folder / FILE_NAME, as_json(record).encode())
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # not every file system can do this for a folder
        os.fsync(descriptor)
    os.close(descriptor)


def as_json(record: Record) -> str:
    """The record as JSON, with each setting on one line."""
    content = record.model_dump(mode="json")
    settings = content.pop("settings")
    for each in settings.values():
        for mark in [mark for mark in _MARKS if not each[mark]]:
            del each[mark]
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(each)}" for name, each in settings.items())
    head = json.dumps(content, indent=2).removesuffix("\n}")
    return f'{head},\n  "settings": {{\n{rows}\n  }}\n}}\n'


def find_finished(folder: Path, wanted: Record) -> tuple[Path, Record] | None:
    """The record of a run of the same experiment that ended well, and its file; None if there is none.

    It looks in the folder, and in the folders directly below it whose names begin with the fingerprint.
    """
    for file in (folder / FILE_NAME, *sorted(folder.glob(f"{wanted.fingerprint}*/{FILE_NAME}"))):
        try:
            record = read(file)
        except SettingsError:
            continue
        is_same = record.fingerprint == wanted.fingerprint and record.compared == wanted.compared
        if is_same and record.is_finished and not changed(record):
            return file, record
    return None
