# SPDX-License-Identifier: MIT
"""What an interactive zsh shows when Tab is pressed behind `crashinject WORD...`.

Usage: complete_in_zsh.py DIRECTORY-OF-_crashinject DIRECTORY-OF-crashinject WORD...
"""
import os
import pty
import re
import select
import sys
import time


def read_until(terminal, mark, seconds=30):
    text, end = b"", time.time() + seconds
    while mark not in text and time.time() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            text += os.read(terminal, 65536)
    return text.decode("utf-8", "replace")


def read_until_quiet(terminal, first=10, quiet=1):
    """All that is shown until nothing more has come for a second."""
    text, patience = b"", first
    while select.select([terminal], [], [], patience)[0]:
        text += os.read(terminal, 65536)
        patience = quiet if len(text.splitlines()) > 1 else first
    return text.decode("utf-8", "replace")


def main(functions, programs, *words):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", PATH=programs + ":" + os.environ["PATH"])
        os.execlp("zsh", "zsh", "-f", "-i")
    # the marks are not what the terminal echoes: REA''DY
    os.write(terminal, (
        "stty cols 200 rows 200; PROMPT=; fpath=(%s $fpath); autoload -Uz compinit; compinit -u -d %s/dump; "
        "zstyle ':completion:*' verbose no; LISTMAX=10000; bindkey '^I' list-choices; echo REA''DY\n"
        % (functions, functions)).encode())
    read_until(terminal, b"READY\r")
    os.write(terminal, ("crashinject " + " ".join(words) + "\t").encode())
    shown = read_until_quiet(terminal)
    os.write(terminal, b"\x15exit\n")
    for line in shown.splitlines():
        if "crashinject" not in line:
            for word in re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", " ", line).split():
                print(word)


main(*sys.argv[1:])
