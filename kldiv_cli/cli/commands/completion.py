"""``kldiv completion``: the script by which a shell completes the words of kldiv."""

from __future__ import annotations

import os
from typing import Any

from kldiv_cli.cli import options, streams
from kldiv_cli.cli.options import Argument
from kldiv_cli.pipeline.validation import among

EXAMPLES = (
    "source <(kldiv completion bash)                            to try it",
    "echo 'source <(kldiv completion bash)' >> ~/.bashrc",
    "echo 'source <(kldiv completion zsh)' >> ~/.zshrc          below compinit",
    "kldiv completion fish > ~/.config/fish/completions/kldiv.fish",
)


@options.command(Argument("shell", "SHELL", "bash, zsh or fish."), examples=EXAMPLES)
def completion(shell: str, said: dict[str, Any]) -> int:
    """Print the script that completes the words of kldiv in bash, zsh or fish.

    Nothing is installed and no file is edited. It completes commands, options and their values,
    files, and the columns of the files on the line that are called by letters, digits,
    underscores, points and hyphens alone.
    """
    among("bash", "zsh", "fish")("SHELL", shell)
    folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), "completions")
    with open(os.path.join(folder, f"kldiv.{shell}"), encoding="utf-8") as script:
        streams.write_stdout(script.read(), "text")
    return 0
