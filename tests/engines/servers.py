"""Servers of the tests' own, which end with them: PostgreSQL on a private socket, and Spark."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
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
        # One user has a password, and all others are let in.
        rules = "local all guarded scram-sha-256\nlocal all all trust\n"
        Path(f"{data}/pg_hba.conf").write_text(rules)
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
            server.send_signal(signal.SIGINT)
            server.stderr.close()
            server.wait()


def _is_known(name):
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


@contextmanager
def spark():
    """Yield the port of Spark Connect: a standalone master, two workers and the server.

    All are on loopback, and end with the context.
    """
    import pyspark

    home = Path(pyspark.__file__).parent
    with tempfile.TemporaryDirectory(prefix="kldiv-spark-") as folder, ExitStack() as running:
        master, connect = free_port(), free_port()
        env = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
        env |= {"SPARK_WORKER_DIR": f"{folder}/work", "SPARK_LOCAL_DIRS": f"{folder}/local"}
        log = running.enter_context(open(f"{folder}/log", "w+b"))

        def start(*words):
            process = subprocess.Popen(
                [str(home / "bin" / words[0]), *words[1:]],
                stdout=log,
                stderr=log,
                env=env,
                cwd=folder,
                start_new_session=True,
            )
            running.callback(stop, process)

        def wait(port):
            deadline = time.monotonic() + 300
            while time.monotonic() < deadline:
                try:
                    return socket.create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    time.sleep(0.2)
            log.seek(0)
            raise RuntimeError(log.read().decode(errors="replace")[-2000:])

        address = f"spark://127.0.0.1:{master}"
        of_master = ("--host", "127.0.0.1", "--port", str(master), "--webui-port", "0")
        start("spark-class", "org.apache.spark.deploy.master.Master", *of_master)
        wait(master)
        for _ in range(2):
            of_worker = ("--host", "127.0.0.1", "--cores", "1", "--memory", "1g")
            of_worker += ("--webui-port", "0", address)
            start("spark-class", "org.apache.spark.deploy.worker.Worker", *of_worker)
        settings = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(connect),
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "900m",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.warehouse.dir": f"{folder}/warehouse",
        }
        words = [
            word for name, value in settings.items() for word in ("--conf", f"{name}={value}")
        ]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        start("spark-submit", "--class", server, "--master", address, *words, "spark-internal")
        wait(connect)
        yield connect


def stop(process):
    """End a process that was started here, and those that it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    except ProcessLookupError:
        process.wait()
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
