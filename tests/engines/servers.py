"""A PostgreSQL of the tests' own: on a private socket, of no other user, gone when they end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
USERS = ("postgres", "nobody")
"""Who runs it where the tests run as root, which it refuses."""


def programs():
    """Return the folder of initdb and of postgres, the newest; None where there is none."""
    found = [path for pattern in FOLDERS for path in Path("/").glob(pattern[1:])]
    found = [path for path in found if (path / "initdb").exists() and (path / "postgres").exists()]
    if found:
        return max(found, key=lambda path: float(path.parent.name.rpartition("-")[2]))
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb and shutil.which("postgres") else None


@contextmanager
def postgres():
    """Yield the folder of the socket of a new server, which lets in whoever runs the tests."""
    bin = programs()
    assert bin is not None
    with tempfile.TemporaryDirectory(prefix="kldiv-pg-") as folder:
        user = {}
        if os.getuid() == 0:
            entry = next(pwd.getpwnam(name) for name in USERS if _is_known(name))
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        data, env = f"{folder}/data", {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        made = [bin / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-N", "-E", "UTF8"]
        subprocess.run(made, check=True, capture_output=True, env=env, cwd=folder, **user)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "fsync": "off",
            "max_connections": "20",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [bin / "postgres", "-D", data, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=env,
            cwd=folder,
            **user,
        )
        try:
            for line in server.stderr:
                if b"ready to accept connections" in line:
                    break
            else:
                raise RuntimeError("PostgreSQL did not start")
            yield folder
        finally:
            # A fast end: whoever is connected is not waited for.
            server.send_signal(2)
            server.stderr.close()
            server.wait()


def _is_known(name):
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False
