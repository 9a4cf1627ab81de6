# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The programs as processes of a machine that others use, too: missing
descriptors, core files, debuggers, signals at a PIN prompt, and PINs that
would be in the list of processes."""

import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import select
import signal
import socket
import subprocess
import termios
import time
import tty

from check import PROGRAMS, SOURCE, case, main, run, same, succeeds

PATIENCE = 60
STANDARD = (0, 1, 2)
DEADLY = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


def until(what, found):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = found()
        if result is not None:
            return result
        time.sleep(0.01)
    raise AssertionError(f"waited in vain: {what}")


class Fifo:
    """A file without a writer: who opens it to read, waits there."""

    STEADY = 5  # looks

    def __init__(self, folder):
        self.path = folder / "fifo"
        os.mkfifo(self.path)
        self.path.chmod(0o666)

    def opened_by(self, child):
        """Wait until the child sleeps: it is nowhere else that it would."""
        looks = 0

        def sleeps():
            nonlocal looks
            assert child.poll() is None, child.stderr.read()
            stat = pathlib.Path(f"/proc/{child.pid}/stat").read_text()
            looks = looks + 1 if stat.rpartition(")")[2].split()[0] == "S" \
                else 0
            return looks if looks == self.STEADY else None
        until("the input is opened", sleeps)

    def close(self):
        """Fails where nobody is at the FIFO."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))


def create(folder, fifo):
    return [PROGRAMS / "sfi-create", "-fir", fifo, "0x08000000", "-k", fifo,
            "-n", fifo, "-ob", fifo, "-v", "1", "--chip", "stm32h753xi", "-o",
            folder / "out.sfi"]


def hsm(folder, fifo):
    return [PROGRAMS / "sfi-hsm", "-i", f"vault:{folder}/v", "-k", fifo, "-n",
            fifo, "-id", "x", "-mc", "1", "-pd", fifo, "--yes", "--pin-file",
            fifo]


def info(folder, fifo):
    return [PROGRAMS / "sfi-info", fifo]


def program(folder, fifo):
    return [PROGRAMS / "sfi-program", "-c", "port=x", "-w", fifo, "0x08000000"]


def server(folder, fifo):
    """It reads the PIN when the HSM is open."""
    return [PROGRAMS / "tutorial/license-server", folder / "s",
            f"vault:{folder}/v", fifo]


class Child:
    """A program that waits: for a file's content, or for a peer."""

    def __init__(self, words, closed=(), **more):
        def prepare():
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
            for fd in closed:
                os.close(fd)
        self.child = subprocess.Popen(
            [str(w) for w in words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=prepare, start_new_session=True, **more)

    def must_run(self):
        time.sleep(0.05)
        assert self.child.poll() is None, self.child.stderr.read()

    def kill(self, signum=signal.SIGKILL):
        """Also one that has just ended: only this reaps it."""
        os.kill(self.child.pid, signum)
        status = os.waitpid(self.child.pid, 0)[1]
        self.child.returncode = os.waitstatus_to_exitcode(status)
        self.child.stdout.close()
        self.child.stderr.close()
        return status

    def end(self):
        if self.child.poll() is None:
            self.kill()

    def descriptors(self):
        """What 0 to 2 are; None: they are not for this user to see."""
        try:
            return [os.readlink(f"/proc/{self.child.pid}/fd/{fd}")
                    for fd in STANDARD]
        except PermissionError:
            return None

    def limits(self):
        path = pathlib.Path(f"/proc/{self.child.pid}/limits")
        return path.read_text(encoding="utf-8")


@contextlib.contextmanager
def waiting(folder, make, closed=(), **more):
    """A program that waits in open() of the FIFO."""
    fifo = Fifo(folder)
    child = Child(make(folder, fifo.path), closed, **more)
    try:
        fifo.opened_by(child.child)
        yield child
        if child.child.poll() is None:
            fifo.close()
    finally:
        child.end()
        fifo.path.unlink()


@contextlib.contextmanager
def waiting_card(folder, closed=()):
    """A card that is in a reader."""
    with socket.create_server(("127.0.0.1", 0)) as reader:
        reader.settimeout(PATIENCE)
        port = reader.getsockname()[1]
        child = Child([PROGRAMS / "sfi-card", "--state", folder / "card",
                       "--vpcd", f"127.0.0.1:{port}"], closed)
        try:
            line, _ = reader.accept()
            yield child
            line.close()
        finally:
            child.end()


@contextlib.contextmanager
def waiting_chip(folder, closed=()):
    if not (folder / "chip").exists():
        succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
                 "--chip", "stm32h753xi", "--state", folder / "chip")
    link = folder / "link"
    child = Child([PROGRAMS / "sfi-sim", "run", "--state", folder / "chip",
                   "--usart", link], closed)
    try:
        child.must_run()
        until("a link", lambda: link.is_symlink() or None)
        yield child
    finally:
        child.end()
        link.unlink(missing_ok=True)


def all_that_wait(folder, closed=()):
    """Each program, in turn, that is built and waits."""
    makers = [create, info]
    if (PROGRAMS / "sfi-sim").exists():
        makers.append(hsm)
    if (PROGRAMS / "tutorial/license-server").exists():
        makers.append(server)
    for make in makers:
        with waiting(folder, make, closed) as child:
            yield make.__name__, child
    if (PROGRAMS / "sfi-card").exists():
        with waiting_card(folder, closed) as child:
            yield "card", child
    if (PROGRAMS / "sfi-sim").exists():
        with waiting_chip(folder, closed) as child:
            yield "sim", child


@case
def missing_descriptors(folder):
    """No file and no port takes their place."""
    for closed in (0,), (1,), (2,), STANDARD:
        for name, child in all_that_wait(folder, closed):
            seen = child.descriptors()
            if seen is None:
                continue
            for fd in closed:
                same(seen[fd], "/dev/null", f"{name}, without {closed}")


def without(closed):
    """For a child: close these descriptors before it starts."""
    return lambda: [os.close(fd) for fd in closed]


@case
def nothing_printed_reaches_the_port(folder):
    """A port's bytes are those of the bootloader's connect, nothing else."""
    kinds = json.loads(run(PROGRAMS / "sfi-program", "-l", "--json").stdout)
    if "serial" in kinds["not_built_in"]:
        return
    lines = []
    for closed in (1,), (2,), STANDARD:
        master, slave = pty.openpty()
        tty.setraw(slave)
        lines.append((master, slave, subprocess.Popen(
            [PROGRAMS / "sfi-program", "-c", f"port={os.ttyname(slave)}",
             "-gc", folder / "c.cert"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=without(closed))))
    for master, slave, child in lines:
        same(child.wait(PATIENCE), 4)
        sent = set()
        while select.select([master], [], [], 0)[0]:
            sent |= set(os.read(master, 4096))
        os.close(master)
        os.close(slave)
        assert 0x7f in sent and sent <= {0x7f, 0xff}, sent


@case
def lost_output_is_an_error(folder):
    for name in "sfi-create", "sfi-hsm", "sfi-info", "sfi-program":
        done = subprocess.run([PROGRAMS / name, "--help"], check=False,
                              stderr=subprocess.PIPE, timeout=PATIENCE,
                              preexec_fn=lambda: os.close(1))
        same(done.returncode, 7, name)


@case
def no_core_file(folder):
    for name, child in all_that_wait(folder):
        if name == "server":
            continue  # a tutorial: its owner decides
        limit = re.search(r"^Max core file size +(\w+) +(\w+)",
                          child.limits(), re.M)
        same(limit.groups(), ("0", "0"), name)
        assert not os.WCOREDUMP(child.kill(signal.SIGSEGV)), name


@case
def wrapped_command_keeps_its_limits(folder):
    """sfi-sim wrap runs a command of the user's."""
    if not (PROGRAMS / "sfi-sim").exists():
        return
    done = subprocess.run([PROGRAMS / "sfi-sim", "wrap", "--help"],
                          capture_output=True, text=True, check=False)
    succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
             "--chip", "stm32h753xi", "--state", folder / "chip")
    kind = "--usb" if "--usb" in done.stdout else "--spi"
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    done = subprocess.run(
        [PROGRAMS / "sfi-sim", "wrap", "--state", folder / "chip", kind, "--",
         "sh", "-c", "ulimit -H -c"], capture_output=True, text=True,
        check=False, timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE,
                                              (hard, hard)))
    if done.returncode == 0:  # else wrap is not in this build
        same(done.stdout.strip(), "unlimited" if hard == -1 else
             str(hard // 512))


@case
def no_debugger(folder):
    """Its /proc entry belongs to root, whoever runs it."""
    user = {}
    if os.geteuid() == 0:
        user = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chmod(folder, 0o777)
        try:
            subprocess.run([PROGRAMS / "sfi-info", "--version"], check=True,
                           stdout=subprocess.DEVNULL, **user)
        except (OSError, subprocess.CalledProcessError):
            return  # not for others to run
    with waiting(folder, info, **user) as child:
        same(os.stat(f"/proc/{child.child.pid}/environ").st_uid, 0)


class Prompt:
    """A person's terminal at which a program asks for a PIN."""

    def __init__(self, words):
        held, go = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.close(go)
            os.read(held, 1)  # until the terminal was looked at
            for signum in DEADLY:  # under nohup, SIGHUP is ignored
                signal.signal(signum, signal.SIG_DFL)
            os.execv(str(words[0]), [str(w) for w in words])
        self.text = ""
        self.before = termios.tcgetattr(self.fd)[3]
        os.close(held)
        os.close(go)

    def shows(self, text):
        while not self.text.endswith(text):
            assert select.select([self.fd], [], [], PATIENCE)[0], self.text
            self.text += os.read(self.fd, 4096).decode()

    def ended(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return status if pid else None

    def end(self):
        status = until("the program ends", self.ended)
        echo = termios.tcgetattr(self.fd)[3]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), echo


@case
def signals_at_a_pin_prompt(folder):
    """The terminal echoes again, and the signal does what it always does."""
    if not (PROGRAMS / "sfi-sim").exists():
        return
    succeeds(PROGRAMS / "sfi-sim", "manufacture", "--ca", folder / "ca",
             "--chip", "stm32h753xi", "--state", folder / "chip")
    (folder / "key").write_bytes(bytes(range(16)))
    (folder / "nonce").write_bytes(bytes(range(12)))
    words = [PROGRAMS / "sfi-hsm", "-i", f"vault:{folder}/v", "-k",
             folder / "key", "-n", folder / "nonce", "-id", "x", "-mc", "1",
             "-pd", next((folder / "ca").glob("*.pd")), "--yes"]
    for answers in ([], ["4711-pin\n"]):
        for signum in DEADLY:
            p = Prompt(words)
            p.shows("New PIN: ")
            for answer in answers:
                os.write(p.fd, answer.encode())
                p.shows("again: ")
            assert not termios.tcgetattr(p.fd)[3] & termios.ECHO
            os.write(p.fd, b"47")
            os.kill(p.pid, signum)
            same(p.end(), (-signum, p.before), f"{signum} {p.text}")
            assert not (folder / "v").exists(), signum


@case
def no_pin_among_the_arguments(folder):
    """A PIN comes from a terminal or a file, also in documents."""
    for name in "sfi-create", "sfi-hsm", "sfi-info", "sfi-program", "sfi-card":
        if not (PROGRAMS / name).exists():
            continue
        text = succeeds(PROGRAMS / name, "--help")
        for line in text.splitlines():
            option = re.match(r" +-\S.*?(?:  |$)", line)
            if option and re.search(r"pin", option.group(), re.I):
                assert re.search(r"-pin-file FILE|--change-pin",
                                 option.group()), line
    texts = [*SOURCE.glob("*.md"), *SOURCE.glob("doc/*.md"),
             *SOURCE.glob("scripts/*"), *SOURCE.glob("examples/*.c"),
             *SOURCE.glob("examples/tutorial/*.c")]
    assert len(texts) > 20
    for path in texts:
        text = path.read_text(encoding="utf-8")
        for bad in (r"\$\(cat [^)]*pin\)", r"\$PIN\b", r"`cat [^`]*pin`",
                    r"^ \*     [\w-]+ .*\bPIN(?!-FILE)\b",
                    r"sfi_hsm_login\(\w+, argv"):
            found = re.search(bad, text, re.M)
            assert not found, f"{path}: {found}"


@case
def starts_first(folder):
    """Each program's main() begins with it."""
    mains = 0
    for path in SOURCE.glob("examples/sfi_*.c"):
        text = path.read_text(encoding="utf-8")
        body = re.search(r"^main\(.*?^}", text, re.M | re.S)
        if not body:
            continue
        mains += 1
        call = re.search(r"^    (?:\w+ = )?(\w+)\(", body.group(), re.M)
        if call.group(1) == "cli_begin":  # which has both
            continue
        same(call.group(1), "cli_start", path)
        assert "cli_hide_memory();" in body.group(), path
    same(mains, 6)


if __name__ == "__main__":
    main()
