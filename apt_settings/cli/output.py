"""How a command speaks: data on stdout, complaints on stderr, and its exit status."""

import os
import sys

import click

from .terminal import print_sentences


def print_data(text: str) -> None:
    """For programs: UTF-8, whatever the encoding of the terminal."""
    click.echo(text.encode(errors="surrogateescape"), nl=False)


def complain(status: int, *sentences: str) -> int:
    """Say on stderr what is wrong; where that is closed or full, the status alone has to do."""
    try:
        if sys.stderr is not None:
            print_sentences([sentence for sentence in sentences if sentence], err=True)
            sys.stderr.flush()
    except OSError:
        give_up_writing(2)
    return status


def give_up_writing(descriptor: int) -> None:
    """What is still buffered would fail once more when Python ends, with a status of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
