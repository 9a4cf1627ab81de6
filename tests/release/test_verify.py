#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""scripts/verify-release in a clone: a release is verified, and an altered one
is not, whatever its maker has done to the files beside it."""

import io
import json
import lzma
import pathlib
import shutil
import sys
import tarfile
import tempfile
import unittest
import unittest.mock

from small import ROOT, Tree, run

sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True
import source_release  # noqa: E402

NAME = "libsfi-1.0.0-rc0"


class Release(unittest.TestCase):
    """Made once: each test has a copy of it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sfi-verify-")
        work = pathlib.Path(cls.folder.name)
        cls.first = Tree(work / "first")
        # a candidate's section may still be without its date
        cls.first.replace("CHANGELOG.md", "1.0.0 (2026-12-01)", "Unreleased")
        cls.first.commit()
        cls.first.tag("v1.0.0-rc0")
        cls.clone = Tree(work / "elsewhere/clone of it", cls.first)
        cls.out = work / "out"
        cls.status, cls.text = cls.first.release("--out", cls.out,
                                                 version="1.0.0-rc0")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.assertEqual(self.status, 0, self.text)
        folder = tempfile.TemporaryDirectory(prefix="sfi-verify-")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name) / "got"
        shutil.copytree(self.out, self.work)
        self.tarball = self.work / f"{NAME}.tar.xz"
        self.sbom = self.work / f"{NAME}.spdx.json"
        self.sums = self.work / f"{NAME}.sha256"

    def sum_up(self):
        """As who alters a release would do."""
        source_release.write_checksums(self.sums, [self.tarball, self.sbom])

    def verified(self, *facts, keys=()):
        status, text = self.clone.verify(self.tarball, *keys, tag="v1.0.0-rc0")
        self.assertEqual(status, 0, text)
        for fact in (*facts, "verified"):
            self.assertIn(fact, text)

    def refused(self, *facts, keys=(), tag="v1.0.0-rc0"):
        status, text = self.clone.verify(self.tarball, *keys, tag=tag)
        self.assertEqual(status, 1, text)
        for fact in facts:
            self.assertIn(fact, text)
        self.assertNotIn("\nverified", text)
        return text

    # ---- what is right

    def test_verified(self):
        self.assertEqual(sorted(p.name for p in self.work.iterdir()),
                         [self.sums.name, self.sbom.name, self.tarball.name])
        self.assertIn("two builds: ", self.text)
        self.assertIn("verified", self.text)
        self.verified(f"{NAME}.tar.xz: the ")

    def test_another_machine_makes_the_same(self):
        out = self.work / "again"
        status, text = self.clone.release("--draft", "--out", out,
                                          version="1.0.0-rc0")
        self.assertEqual(status, 0, text)
        self.assertEqual((out / self.tarball.name).read_bytes(),
                         self.tarball.read_bytes())

    def test_sha256sum_agrees(self):
        status, text = run("sha256sum", "-c", self.sums.name, cwd=self.work)
        self.assertEqual(status, 0, text)

    def test_tar_unpacks_it(self):
        status, text = run("tar", "-xf", self.tarball.name, cwd=self.work)
        self.assertEqual(status, 0, text)
        script = self.work / NAME / "scripts/release"
        self.assertEqual(script.stat().st_mode & 0o777, 0o755)
        self.assertEqual((self.work / NAME / "sfi.c").stat().st_mode & 0o777,
                         0o644)

    def test_another_xz(self):
        tar = lzma.decompress(self.tarball.read_bytes())
        self.tarball.write_bytes(lzma.compress(tar, preset=1))
        self.refused("SHA-256")
        self.sum_up()
        self.refused(self.sbom.name, "packages")
        doc = json.loads(self.sbom.read_text())
        doc["packages"][0]["checksums"][0]["checksumValue"] = \
            source_release.sha256(self.tarball.read_bytes())
        self.sbom.write_text(json.dumps(doc))
        self.sum_up()
        self.verified("another version of xz")

    def test_document(self):
        doc = json.loads(self.sbom.read_text())
        licenses = {f["fileName"]: f["licenseConcluded"] for f in doc["files"]}
        self.assertEqual(licenses["./sfi.c"], "MIT")
        self.assertEqual(licenses["./yes.c"],
                         "Apache-2.0 OR GPL-2.0-or-later")
        self.assertEqual({p["name"] for p in doc["packages"]},
                         {"libsfi", "libcrypto", "meson", "ninja"})

    # ---- what is not

    def test_changed_byte(self):
        data = bytearray(self.tarball.read_bytes())
        data[len(data) // 2] ^= 1
        self.tarball.write_bytes(data)
        self.refused("SHA-256", self.tarball.name)
        self.sum_up()
        self.refused(self.tarball.name)

    def test_wrong_checksum(self):
        text = self.sums.read_text()
        self.sums.write_text(("1" if text[0] == "0" else "0") + text[1:])
        self.refused("SHA-256", "says")

    def test_checksums(self):
        text = self.sums.read_text()
        for wrong, fact in ((text.splitlines()[0] + "\n", "no line for"),
                            ("", "no line for"), ("x\n", "expected a checksum"),
                            (text.replace("libsfi", "../libsfi"),
                             "expected a checksum"),
                            (text.replace(self.sbom.name, ".."),
                             "expected a checksum"),
                            (text.replace(".spdx", ".gone"), "not beside it")):
            with self.subTest(wrong):
                self.sums.write_text(wrong)
                self.refused(fact)
        self.sums.unlink()
        self.refused("expected checksums")

    def altered(self, change):
        """The tarball again, with change(header, data) for each file."""
        out = io.BytesIO()
        with tarfile.open(self.tarball) as old, tarfile.open(
                fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as new:
            for member in old:
                for info, data in change(member, old.extractfile(member).read()):
                    info.size = len(data)
                    new.addfile(info, io.BytesIO(data))
        self.tarball.write_bytes(source_release.compress(out.getvalue()))
        self.sum_up()

    def test_altered_file(self):
        self.altered(lambda info, data: [
            (info, data + b"x" if info.name.endswith("sfi.c") else data)])
        self.refused("not what the tag has", "sfi.c: other content")

    def test_missing_file(self):
        self.altered(lambda info, data: [(info, data)] * (
            not info.name.endswith("yes.c")))
        self.refused("yes.c: missing")

    def test_added_file(self):
        name = f"{NAME}/\x1b[2Jevil"

        def add(info, data):
            yield info, data
            if info.name.endswith("yes.c"):
                yield tarfile.TarInfo(name), b"x"

        self.altered(add)
        text = self.refused("evil: not expected")
        self.assertNotIn("\x1b", text)

    def test_link(self):
        def link(info, data):
            if info.name.endswith("yes.c"):
                info.type, info.linkname, data = tarfile.SYMTYPE, "/x", b""
            yield info, data

        self.altered(link)
        self.refused("yes.c is not a file")

    def test_mode(self):
        def may_run(info, data):
            info.mode = 0o755
            yield info, data

        self.altered(may_run)
        self.refused("sfi.c: mode 755, expected 644")

    def test_date(self):
        def later(info, data):
            info.mtime += 1
            yield info, data

        self.altered(later)
        self.refused("their headers are not")

    def test_bytes_behind(self):
        self.tarball.write_bytes(self.tarball.read_bytes() + b"more")
        self.sum_up()
        self.refused("bytes after the end")

    def test_cut_off(self):
        self.tarball.write_bytes(self.tarball.read_bytes()[:-20])
        self.sum_up()
        self.refused("cut off")

    def test_bomb(self):
        self.tarball.write_bytes(lzma.compress(bytes(64 << 20)))
        self.sum_up()
        self.refused("more than")

    def test_names(self):
        self.clone.tag()
        self.refused("expected libsfi-1.0.0.tar.xz", tag="v1.0.0")
        self.tarball.unlink()
        self.refused(self.tarball.name)

    def test_tag(self):
        self.refused("not found", tag="v1.0.1")
        self.refused("expected a version", tag="v1.0.0 -x")
        self.refused("expected a version", tag="HEAD")

    def test_altered_document(self):
        text = self.sbom.read_text()
        for change, fact in (
                (lambda d: d["files"][3].update(licenseConcluded="MIT"),
                 "files: ./"),
                (lambda d: d["files"][3]["checksums"].pop(), "files: ./"),
                (lambda d: d["files"].pop(), "which is not there"),
                (lambda d: d["files"].append(d["files"][0]), "there twice"),
                (lambda d: d["packages"][0].update(versionInfo="1.0.0"),
                 "packages: libsfi"),
                (lambda d: d["packages"][1].update(licenseDeclared="MIT"),
                 "packages: "),
                (lambda d: d["packages"][1].update(name="leftpad"),
                 "leftpad: not in the table"),
                (lambda d: d["relationships"].pop(), "relationships: "),
                (lambda d: d.update(spdxVersion="SPDX-2.2"), "SPDX-2.2"),
                (lambda d: d["packages"][1].update(SPDXID="x y"), "form"),
                (lambda d: d.pop("creationInfo"), "no creationInfo"),
                (lambda d: d.update(packages=[1]), "not of the form"),
                (lambda d: d.update(more=1), "more: ")):
            with self.subTest(fact):
                doc = json.loads(text)
                change(doc)
                self.sbom.write_text(json.dumps(doc))
                self.sum_up()
                self.refused(self.sbom.name, fact)
        for wrong in ("[" * 100, "[" * 100000, "", "[]", "7"):
            self.sbom.write_text(wrong)
            self.sum_up()
            self.refused(self.sbom.name)

    # ---- signatures

    def test_no_signature(self):
        self.refused("no signature", keys=("--keys", "/dev/null"))

    def test_ssh(self):
        key = self.work / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        public = key.with_suffix(".pub").read_text()
        keys, others = self.work / "allowed", self.work / "others"
        keys.write_text("maintainers@example.org " + public)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{key}2")
        others.write_text("x@example.org " + (
            self.work / "key2.pub").read_text())
        source_release.sign(self.sums, f"ssh:{key}")
        self.verified("signed by maintainers@example.org",
                      keys=("--keys", keys))
        self.verified("NOT CHECKED")
        self.refused("ssh-keygen", keys=("--keys", others))
        self.sums.write_text(self.sums.read_text() + "\n")
        self.refused("ssh-keygen", keys=("--keys", keys))

    def test_gpg(self):
        home = self.work / "gpg"
        home.mkdir(mode=0o700)
        with unittest.mock.patch.dict("os.environ", GNUPGHOME=str(home)):
            for who in ("m@example.org", "x@example.org"):
                source_release.run(
                    "gpg", "--batch", "--passphrase", "", "--quick-gen-key",
                    who, "ed25519", "sign")
                (self.work / who).write_bytes(
                    source_release.run("gpg", "--export", who))
            source_release.sign(self.sums, "gpg:m@example.org")
            source_release.run("gpgconf", "--kill", "all")
        keys = self.work / "m@example.org"
        self.verified("signed by m@example.org", keys=("--keys", keys))
        self.refused("gpgv", keys=("--keys", self.work / "x@example.org"))
        self.sums.write_text(self.sums.read_text() + "\n")
        self.refused("gpgv", keys=("--keys", keys))

    def test_how_to_sign(self):
        for how in ("gpg:", "ssh:", "me", "rsa:key"):
            with self.assertRaisesRegex(source_release.Refused, "expected gpg"):
                source_release.sign(self.sums, how)


if __name__ == "__main__":
    unittest.main()
