"""Patches are read as kubectl reads them, and none takes more than a job spec may take."""

import pytest

from apt_settings.basics.files import UnreadableError
from apt_settings.specs.patches import read
from apt_settings.specs.texts import SIZE_LIMIT


def test_scalars_are_as_kubectl_has_them() -> None:
    """A date, a time and an equals sign are texts; octal modes are numbers."""
    text = "a: 0400\nb: 12:30\nc: 2001-01-01\nd: true\ne: 1.5\nf: ~\ng: =\nh: '5'\ni: 1:30.5\nj: {<<: x}\n"

    assert read(text.encode()) == {
        "a": 256,
        "b": "12:30",
        "c": "2001-01-01",
        "d": True,
        "e": 1.5,
        "f": None,
        "g": "=",
        "h": "5",
        "i": "1:30.5",
        "j": {"<<": "x"},
    }


@pytest.mark.parametrize("indent", ["", "  ", "\t"])
def test_json_is_read(indent: str) -> None:
    """However it is indented."""
    text = f'{{\n{indent}"spec": {{\n{indent}{indent}"a": [1, null, true, "x\\n"]\n{indent}}}\n}}'

    assert read(text.encode()) == {"spec": {"a": [1, None, True, "x\n"]}}


BOMB = "a: &a [x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "must be one mapping, such as spec: {template: {spec: {nodeSelector: {gpu: a100}}}}"),
        (b"- a\n", 1, "must be one mapping, such as spec: {template: {spec: {nodeSelector: {gpu: a100}}}}"),
        (b"a: 1\n---\nb: 2\n", 1, "must be one mapping, such as spec: {template: {spec: {nodeSelector: {gpu: a100}}}}"),
        (BOMB.encode(), 2, "has an alias (*name): write out what it stands for"),
        (b"a: &a [*a]\n", 1, "has an alias (*name): write out what it stands for"),
        (b"a:\n " + b"[" * 400 + b"]" * 400, 2, "is nested too deeply"),
        (b"a: 1\nb:\n  - c: 1\n    c: 2\n", 4, "has a key twice in one mapping"),
        (b"a: 1\n2: x\n", 2, "has a key that is no text: put it in quotes"),
        (b"? [a]\n: b\n", 1, "has a key that is no text: put it in quotes"),
        (b"a: 1\nb: !canary x\n", 2, "is no YAML: could not determine a constructor for the tag"),
        (b"a: !!python/object/apply:os.system [id]\n", 1, "is no YAML: could not determine a constructor for the tag"),
        (b"a: !!int canary\n", 1, "is no YAML: it has a value without a meaning"),
        (b"a: 'canary\n", 2, "is no YAML: found unexpected end of stream"),
        (b"a: \xff\n", 1, "is not UTF-8 in line 1: save it as UTF-8"),
        (b"a: " + b"x" * SIZE_LIMIT, 1, "is larger than 1024 KiB, the most that a job spec may have"),
    ],
)
def test_what_is_no_patch_is_refused(data: bytes, line: int, message: str) -> None:
    """With the line, and without what stands there."""
    with pytest.raises(UnreadableError) as caught:
        read(data)

    assert (caught.value.line, str(caught.value)) == (line, message)


def test_a_large_patch_is_read_in_a_child() -> None:
    """What is read in the sandbox is the same."""
    from_child = read("".join(f"k{number}: [{number}]\n" for number in range(1_000)).encode())

    assert from_child == {f"k{number}": [number] for number in range(1_000)}
