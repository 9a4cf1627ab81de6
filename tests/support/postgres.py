# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A PostgreSQL server of a test's own, in a folder of its own.

It listens on a Unix socket in that folder alone, and runs as an ordinary user:
for root, as `postgres` or `nobody`.

    postgres.py COMMAND [ARGUMENT...]

runs a command with such a server: SFI_TEST_POSTGRES is the URI of its
database, `postgresql:///line?host=FOLDER&user=postgres`; a vault there is
`vault:URI&vault=NAME`.  SFI_TEST_POSTGRES_KEEPER is the process to which the
command may send SIGUSR1, so that the server is killed and started again, or
SIGUSR2: the first time for a base backup, the second time to go on with it.
SFI_TEST_POSTGRES_DONE is a file whose length is the number of signals served.
"""

import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77  # meson's
PATIENCE = 60
OWNERS = ["postgres", "nobody"]
DATABASE = "line"
# Nothing here survives a power cut, and everything the end of a process.
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0777",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "100",
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers": "0",
    "log_line_prefix": "'%m [%p] '",
}


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def find_programs():
    """The folder of the newest server, or None."""
    found = {}
    for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        if re.fullmatch(r"\d+", path.parts[-3]):
            found[int(path.parts[-3])] = path.parent
    if found:
        return found[max(found)]
    path = shutil.which("initdb")
    return pathlib.Path(path).resolve().parent if path else None


def need():
    """Leave with SKIP when there is no server."""
    if find_programs() is None:
        skip("postgresql is not installed")
    if os.geteuid() == 0 and owner() is None:
        skip(f"no user {' or '.join(OWNERS)}, and root may not run postgres")


def owner():
    """The user for root's server, or None."""
    for name in OWNERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    return None


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")} | \
        {"LC_ALL": "C", "TZ": "UTC"}


def children(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(
            encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def lives(pid):
    """Not for what waits to be reaped: that has no memory any more."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


class Postgres:
    """Runs until close().  `folder`: its own if None."""

    def __init__(self, settings=None, folder=None):
        need()
        self.programs = find_programs()
        self.user = owner() if os.geteuid() == 0 else None
        # not TMPDIR, which may be a small disk in memory; and a socket's
        # name is short
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="sfi-pg-",
                                                              dir="/tmp"))
        self.own(self.folder)
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process = None
        self.settings = SETTINGS | {
            "unix_socket_directories": f"'{self.folder}'"} | (settings or {})
        self.tool("initdb", "-D", self.data, "-U", "postgres", "-A", "trust",
                  "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1",
                  "--no-instructions")
        self.configure()
        self.start()
        self.create(DATABASE)

    # ---- its processes ----

    def own(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def options(self):
        words = {"cwd": self.folder, "env": clean_environment(),
                 "stdin": subprocess.DEVNULL}
        if self.user:
            words |= {"user": self.user.pw_uid, "group": self.user.pw_gid,
                      "extra_groups": []}
        return words

    def tool(self, name, *words):
        """Run one of PostgreSQL's programs as its user; what it printed."""
        done = subprocess.run([self.programs / name, *map(str, words)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=PATIENCE, check=False,
                              **self.options())
        if done.returncode != 0:
            raise AssertionError(f"{name} ends with {done.returncode}:\n"
                                 f"{done.stdout}")
        return done.stdout

    def configure(self, **settings):
        """Settings for the next start, or reload()."""
        self.settings |= settings
        path = self.data / "postgresql.auto.conf"
        path.write_text("".join(f"{name} = {value}\n" for name, value in
                                self.settings.items()), encoding="ascii")
        self.own(path)

    def start(self, patience=PATIENCE):
        """Returns when it answers."""
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data], stdout=log,
                stderr=log, start_new_session=True, **self.options())
        end = time.monotonic() + patience
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("postgres does not run:\n" + self.said())
            time.sleep(0.02)

    def answers(self):
        try:
            lines = (self.data / "postmaster.pid").read_text(
                encoding="ascii").splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.process.pid) and \
            lines[7].strip() == "ready"

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, how):
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def stop(self):
        """As an administrator does: open transactions are rolled back."""
        self.end(signal.SIGINT)

    def kill(self):
        """All its processes at once, as a crash of the machine does."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGSTOP)
        killed = children(self.process.pid)
        for pid in killed + [self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None
        # the next one is refused while any of them has the shared memory
        end = time.monotonic() + PATIENCE
        while any(map(lives, killed)):
            assert time.monotonic() < end, f"of {killed}, one does not end"
            time.sleep(0.005)

    def restart(self):
        self.stop()
        self.start()

    def reload(self, **settings):
        self.configure(**settings)
        self.sql("SELECT pg_reload_conf()")

    def read_only(self, on=True):
        """New transactions cannot write."""
        word = "on" if on else "off"
        self.reload(default_transaction_read_only=word)
        end = time.monotonic() + PATIENCE
        while self.sql("SHOW default_transaction_read_only") != word:
            assert time.monotonic() < end
            time.sleep(0.02)

    def cut(self):
        """Terminate every connection to its databases; how many there were."""
        return int(self.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' "
            "AND pid <> pg_backend_pid()"))

    # ---- backups ----

    def backup(self):
        """A base backup; its folder, for restore()."""
        folder = tempfile.mkdtemp(prefix="backup-", dir=self.folder)
        os.rmdir(folder)
        self.tool("pg_basebackup", "-h", self.folder, "-U", "postgres", "-D",
                  folder, "-c", "fast", "--no-sync", "-X", "stream")
        return pathlib.Path(folder)

    def restore(self, backup):
        """Go on with the copy, as after the loss of the machine."""
        self.kill()
        shutil.rmtree(self.data)
        shutil.move(backup, self.data)
        self.configure()
        self.start()

    # ---- its databases ----

    def sql(self, text, database=DATABASE):
        """What psql prints: values alone, fields separated by `|`."""
        done = subprocess.run(
            [self.programs / "psql", "-X", "-q", "-A", "-t", "-v",
             "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-d",
             database, "-f", "-"], input=text, text=True,
            capture_output=True, timeout=PATIENCE, check=False,
            env=clean_environment())
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def create(self, database):
        self.sql(f'CREATE DATABASE "{database}"', "postgres")
        return self.uri(database)

    def uri(self, database=DATABASE, user="postgres"):
        """Without the name of a vault: append "&vault=NAME"."""
        return f"postgresql:///{database}?host={self.folder}&user={user}"

    def vault(self, name, database=DATABASE, user="postgres"):
        return f"vault:{self.uri(database, user)}&vault={name}"

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    need()
    with Postgres() as server:
        backups = []
        done = server.folder / "done"
        done.touch()

        def served():
            with open(done, "ab") as f:
                f.write(b".")

        def crash(*_):
            server.kill()
            server.start()
            served()

        def go_back(*_):
            if backups:
                server.restore(backups.pop())
            else:
                backups.append(server.backup())
            served()

        signal.signal(signal.SIGUSR1, crash)
        signal.signal(signal.SIGUSR2, go_back)
        sys.exit(subprocess.run(sys.argv[1:], check=False, env={
            **os.environ, "SFI_TEST_POSTGRES": server.uri(),
            "SFI_TEST_POSTGRES_DONE": str(done),
            "SFI_TEST_POSTGRES_KEEPER": str(os.getpid())}).returncode)


if __name__ == "__main__":
    main()
