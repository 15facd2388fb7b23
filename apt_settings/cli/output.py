"""Output of a command: data on stdout, errors on stderr with an exit status."""

import os
import sys

import click

from .terminal import print_sentences


def print_data(text: str) -> None:
    """Print text that programs read: in UTF-8, whatever the encoding of the terminal."""
    click.echo(text.encode(errors="surrogateescape"), nl=False)


def complain(status: int, *sentences: str) -> int:
    """Print what is wrong to stderr and return the status. If stderr is closed or full, nothing is printed."""
    try:
        if sys.stderr is not None:
            print_sentences([sentence for sentence in sentences if sentence], err=True)
            sys.stderr.flush()
    except OSError:
        give_up_writing(2)
    return status


def warn(sentence: str) -> None:
    """Print to stderr what is wrong with a part of what was asked for; the rest is printed all the same."""
    complain(0, f"apt-settings: {sentence}")


def give_up_writing(descriptor: int) -> None:
    """Send what is still buffered to /dev/null: else Python fails to write it at exit, with another status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
