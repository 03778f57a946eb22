"""Commands of `specaug` without the seconds that each takes to load libraries: forked from a process that has them.

python warm_commands.py serve SOCKET        # in the background
python -S -E warm_commands.py SOCKET WORDS  # as `specaug WORDS`, in this folder and with this environment
"""

from __future__ import annotations

import os
import signal
import socket
import sys

LIBRARIES = ("av", "cv2", "joblib", "matplotlib.figure", "numpy", "pyarrow.parquet", "scipy.fft", "torch")


def serve(path: str) -> None:
    """Run each command that is asked for, as a child of a child: that one tells how it ended."""
    import importlib

    for name in (
        *LIBRARIES,
        "specaug_cli.main",
        "specaug.training",
        "specaug.pipeline",
        "specaug.html_report",
    ):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            asked, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                os._exit(answer(asked))
            asked.close()


def answer(asked: socket.socket) -> int:
    """Run one command and send its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, streams, _, _ = socket.recv_fds(asked, 1 << 20, 3)
    folder, *rest = data.decode(errors="surrogateescape").split("\0")
    end = rest.index("")
    words, environment = rest[:end], dict(item.split("=", 1) for item in rest[end + 1 :])
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        asked.sendall(bytes([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256]))
        return 0
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    asked.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    run(words)
    return 1


def run(words: list[str]) -> None:
    """The command in this process, which ends with it."""
    import runpy

    sys.argv = ["specaug", *words]
    status: object = 0
    try:
        runpy.run_module("specaug_cli", run_name="__main__")
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


def ask(path: str, words: list[str]) -> int:
    """Have a command run, and wait for its exit status."""
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes longer to load than this script to run
    message = [folder, *words, "", *(f"{name}={value}" for name, value in os.environ.items())]
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, ["\0".join(message).encode(errors="surrogateescape")], [0, 1, 2])
        return server.recv(1)[0]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
