"""What the Python scripts share: the command line, the ready line, and the end with stdin."""

import argparse
import hashlib
import os
import shutil
import signal
import socket
import sys
import threading
import time


def arguments(*more):
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    for name in more:
        parser.add_argument(name, required=True)
    return parser.parse_args()


def bound(port, listen=True):
    """A socket for servers that take one rather than tell their port; or, not listening, one that
    keeps the port free for a server that shares it."""
    holder = socket.socket()
    option = socket.SO_REUSEADDR if listen else socket.SO_REUSEPORT
    holder.setsockopt(socket.SOL_SOCKET, option, 1)
    holder.bind(("127.0.0.1", port))
    if listen:
        holder.listen(128)
    return holder


def listening(port):
    print(f"LISTENING {port}", flush=True)
    at_end_of_stdin(lambda: os._exit(0))


def at_end_of_stdin(then):
    def wait():
        # The descriptor, because a thread inside a buffered read can hang the interpreter's end.
        while os.read(0, 4096):
            pass
        then()

    threading.Thread(target=wait, daemon=True).start()


def become(command, folder, ready=None, port=None):
    """Turns this process into `command`, so that killing it by its id kills the server, and leaves
    a watcher beside it that ends it with stdin and removes `folder` after it.

    Either the port is known, and the server is ready when it takes a connection, or `ready` finds
    port and readiness in what it says on stderr. What it says before that is passed on.
    """
    said, says = os.pipe()
    server = os.getpid()
    if os.fork() != 0:
        os.dup2(says, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # Debian keeps nginx where users do not look.
        path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
        os.execvpe(command[0], command, {**os.environ, "PATH": path})
    os.close(says)
    at_end_of_stdin(lambda: _terminate(server))
    told = threading.Event()
    if port is not None:
        threading.Thread(target=_connect_until_ready, args=(port, told), daemon=True).start()
    # Ends when the server does, however that came.
    for line in os.fdopen(said, "r", errors="replace"):
        found = ready.search(line) if ready and not told.is_set() else None
        if found:
            print(f"LISTENING {found[1]}", flush=True)
            told.set()
        elif not told.is_set():
            sys.stderr.write(line)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _terminate(server):
    try:
        os.kill(server, signal.SIGTERM)
    except ProcessLookupError:
        # It was killed before its stdin was closed.
        pass


def _connect_until_ready(port, told):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.01)
    told.set()
    print(f"LISTENING {port}", flush=True)


def digest(stream):
    """Size and SHA-256 of a file object, a megabyte at a time."""
    size, sha256 = 0, hashlib.sha256()
    while piece := stream.read(1024 * 1024):
        size += len(piece)
        sha256.update(piece)
    return size, sha256.hexdigest()
