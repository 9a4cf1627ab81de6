# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What scripts/release and scripts/verify-release share: the tarball of a
commit, the same bytes on every machine, its checksums and their signature."""

import hashlib
import io
import lzma
import os
import pathlib
import re
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
VERSION = re.compile(r"(\d+\.\d+\.\d+)(-rc\d+)?")
NAMESPACE = "libsfi"  # of a signature by ssh-keygen
MEMORY = 256 << 20  # xz asks for 94 MiB at most
LINE = re.compile(r"([0-9a-f]{64})  (\w[\w.+-]*)")


class Refused(Exception):
    """`where: what was found, what was expected`"""


def run(*command, **options):
    """What a command prints; Refused with its last lines when it fails."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        tail = done.stdout.decode(errors="replace").splitlines()[-30:]
        raise Refused(f"{pathlib.Path(str(command[0])).name}: ended with "
                      f"{done.returncode}:\n" + "\n".join(tail))
    return done.stdout


def git(root, *args):
    return run("git", "-C", root, *args).decode().strip()


def split_version(version):
    """("1.0.0", "-rc1" or "")"""
    m = VERSION.fullmatch(version)
    if not m:
        raise Refused(f"{version}: expected a version such as 1.0.0 or "
                      "1.0.0-rc1")
    return m.group(1), m.group(2) or ""


def commit_of(root, name):
    """The commit of a tag or of HEAD, and its time."""
    try:
        commit = git(root, "rev-parse", "--verify", "--quiet",
                     "--end-of-options", f"{name}^{{commit}}")
    except Refused:
        raise Refused(f"{name}: not found in the git repository {root}") \
            from None
    return commit, int(git(root, "show", "-s", "--format=%ct", commit))


# ---- the tarball -------------------------------------------------------

def archive(root, commit):
    """The files of a commit as git packs them, whatever the user's settings."""
    done = subprocess.run(
        ["git", "--no-replace-objects", "-C", root,
         "-c", "core.autocrlf=false", "-c", "core.eol=lf",
         "-c", "core.attributesFile=/dev/null",
         "archive", "--format=tar", commit], stdout=subprocess.PIPE, check=True)
    return done.stdout


def plain(member, name, mtime):
    """The header of a file with nothing of the machine in it."""
    info = tarfile.TarInfo(name)
    info.size = member.size
    info.mtime = mtime
    info.mode = 0o755 if member.mode & 0o100 else 0o644
    return info


def repack(tar, version, mtime, strip=0):
    """The files of a tar, sorted, below libsfi-VERSION/, dated alike.

    strip: how many folders at the beginning of each name go.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(tar)) as old, \
            tarfile.open(fileobj=out, mode="w",
                         format=tarfile.USTAR_FORMAT) as new:
        files = {"/".join(m.name.split("/")[strip:]): m
                 for m in old if not m.isdir()}
        for name, member in sorted(files.items()):
            if not member.isreg():
                raise Refused(f"{name}: a link or a device, expected a file")
            info = plain(member, f"libsfi-{version}/{name}", mtime)
            new.addfile(info, old.extractfile(member))
    return out.getvalue()


def compress(tar):
    return lzma.compress(tar, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64,
                         preset=6)


def decompress(data, limit, where):
    """At most `limit` bytes: a hostile file may have any number of them."""
    xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY)
    try:
        tar = xz.decompress(data, limit + 1)
    except (lzma.LZMAError, EOFError) as e:
        raise Refused(f"{where}: {e}, expected a file of xz") from None
    if len(tar) > limit:
        raise Refused(f"{where}: more than the {limit} bytes of the tag")
    if not xz.eof or xz.unused_data:
        raise Refused(f"{where}: " + ("bytes after the end" if xz.eof else
                                      "cut off") + ", expected a file of xz")
    return tar


def contents(tar, where):
    """{name: (mode, SHA-256)}"""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(tar)) as t:
            for member in t:
                if not member.isreg() or member.size > len(tar):
                    raise Refused(f"{where}: {member.name} is not a file")
                data = t.extractfile(member).read()
                found[member.name] = (member.mode,
                                      hashlib.sha256(data).hexdigest())
    except (tarfile.TarError, ValueError, EOFError) as e:
        raise Refused(f"{where}: {e}, expected a tar archive") from None
    return found


def differences(found, wanted):
    """What two contents() differ in, as lines."""
    lines = [f"{name}: not expected" for name in found if name not in wanted]
    lines += [f"{name}: missing" for name in wanted if name not in found]
    lines += [f"{name}: " + ("other content" if found[name][1] != w[1] else
                             f"mode {found[name][0]:o}, expected {w[0]:o}")
              for name, w in wanted.items()
              if name in found and found[name] != w]
    return sorted(lines)


# ---- checksums and signatures ------------------------------------------

def sha256(data):
    return hashlib.sha256(data).hexdigest()


def write_checksums(path, files):
    """As sha256sum writes and checks it."""
    path.write_text("".join(f"{sha256(f.read_bytes())}  {f.name}\n"
                            for f in files))


def check_checksums(path, needed):
    """Each line of the file is true; the needed names are among them."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(f"{path.name}: {e}, expected checksums") from None
    listed = set()
    for line in text.splitlines():
        m = LINE.fullmatch(line)
        if not m:
            raise Refused(f"{path.name}: {line!r}, expected a checksum and "
                          "the name of a file")
        listed.add(m.group(2))
        file = path.with_name(m.group(2))
        if not file.is_file():
            raise Refused(f"{path.name}: {file.name} is not beside it")
        found = sha256(file.read_bytes())
        if found != m.group(1):
            raise Refused(f"{file.name}: SHA-256 {found}, {path.name} says "
                          f"{m.group(1)}")
    for name in sorted(set(needed) - listed):
        raise Refused(f"{path.name}: no line for {name}")


def sign(path, how):
    """gpg:KEY makes path.asc, ssh:FILE path.sig."""
    kind, _, key = how.partition(":")
    if kind == "gpg" and key:
        out = path.with_name(path.name + ".asc")
        run("gpg", "--batch", "--yes", "--armor", "--detach-sign",
            "--local-user", key, "--output", out, path)
    elif kind == "ssh" and key:
        out = path.with_name(path.name + ".sig")
        out.unlink(missing_ok=True)
        run("ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", key, path)
    else:
        raise Refused(f"--sign {how}: expected gpg:KEY or ssh:FILE")
    return out


def signatures(path):
    return [p for p in (path.with_name(path.name + end)
                        for end in (".asc", ".sig")) if p.exists()]


def check_signature(signature, path, keys):
    """Who signed it, of those in the file `keys`: a keyring that gpgv reads, or
    ssh-keygen's allowed signers."""
    if signature.suffix == ".asc":
        out = run("gpgv", "--keyring", pathlib.Path(keys).resolve(),
                  signature, path, env=dict(os.environ, LC_ALL="C")).decode()
        return re.search(r'Good signature from "(.*)"', out).group(1)
    text = path.read_bytes()
    who = run("ssh-keygen", "-Y", "find-principals", "-f", keys, "-s",
              signature).decode().split("\n")[0]
    run("ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-f", keys, "-I", who,
        "-s", signature, input=text)
    return who
