# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Bad images, at the programmer and at the chip.  After each refusal the chip
holds nothing, nothing was counted, and a good image still installs."""

import os

import bench
from bench import H753, L462, DATA, about


class BadImage(bench.Case):
    chip = H753

    @classmethod
    def setUpClass(cls):
        cls.bench = bench.Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.good = cls.bench.image(cls.chip, "good.sfi")
        cls.hsm = cls.bench.hsm(cls.chip, "line.vault", 1)

    def setUp(self):
        self.part = self.bench.chip(self.chip, "part-" + self.id()[-8:])
        # made once for each chip: attempts do not count, chips do
        self.license = None

    def words(self):
        """A licence file, which saves the HSM's slow login each time."""
        if self.license is None:
            type(self).hsm = self.bench.hsm(
                self.chip, f"{self.part.state.name}.vault", 1)
            self.license = self.bench.license(
                self.part, self.hsm, f"{self.part.state.name}.lic")
        return ["hsm=0", self.license]

    def refused(self, data, status, message, name="bad.sfi"):
        bad = self.bench.path / name
        bad.write_bytes(data)
        result = self.part.program(bad, *self.words())
        self.assertEnded(result, status, message)
        self.assertHoldsNothing(self.part)

    def then_good(self):
        self.assertEnded(self.part.program(self.good, *self.words()), 0)
        self.part.stop()
        self.assertHolds(self.part, bench.segments(self.chip),
                         bench.option_words(DATA / f"ob-{self.chip}.csv"))

    @staticmethod
    def short(data, cut):
        """The message about an image that ends there."""
        if cut < 28:
            return about("bad.sfi:header", f"{cut} of 28 bytes")
        for index, (begin, end) in enumerate(bench.areas(data), 1):
            place = f"bad.sfi:area {index}"
            if cut < begin + 30:
                return about(place, f"{cut - begin} of 30 bytes", "descriptor")
            if cut < end:
                return about(place, f"{cut - begin - 30} of {end - begin - 30} "
                             "bytes", "content")

    def test_truncated(self):
        data = self.good.read_bytes()
        at = bench.areas(data)
        cuts = [0, 1, 27, 28, 28 + 29, at[0][0] + 30, at[0][1] - 1, at[0][1],
                at[-1][0], at[-1][1] - 1]
        self.part.start()
        for cut in cuts:
            with self.subTest(cut=cut):
                self.refused(data[:cut], 2, self.short(data, cut))
        self.then_good()

    def test_longer(self):
        self.part.start()
        self.refused(self.good.read_bytes() + b"\0", 2,
                     about("bad.sfi:area 5", "1 bytes", "last area"))
        self.then_good()

    def flips(self):
        """Each byte of header and descriptors once, tags at both ends, and
        content at its edges and in its middle."""
        data = self.good.read_bytes()
        places = list(range(28))
        for begin, end in bench.areas(data):
            places += range(begin, begin + 30)
            places += [begin + 30, (begin + 30 + end) // 2, end - 1]
        return data, [(at, 1 << (at % 8)) for at in places]

    def test_one_bit_flipped(self):
        data, places = self.flips()
        self.part.start()
        for at, bit in places[::1 if os.environ.get("SFI_TEST_LONG") else 7]:
            bad = bytearray(data)
            bad[at] ^= bit
            path = self.bench.path / "flipped.sfi"
            path.write_bytes(bad)
            with self.subTest(at=at, bit=bit):
                result = self.part.program(path, *self.words())
                # refused by its structure, by the chip's rules, or by a tag
                self.assertIn(result.status, (2, 3, 5), str(result))
                self.assertRegex(result.message,
                                 "flipped.sfi:?.*: |header does not verify|"
                                 "area does not verify")
                self.assertHoldsNothing(self.part)
        self.then_good()

    def test_flipped_tags_and_content_reach_the_chip(self):
        data = self.good.read_bytes()
        self.part.start()
        begin, end = bench.areas(data)[1]
        area = about("area 2", "area", "not verify")
        for at, message in (
                (12, about(self.part.link.name, "image header", "not verify")),
                (begin + 14, area), (begin + 30, area), (end - 1, area)):
            bad = bytearray(data)
            bad[at] ^= 0x80
            with self.subTest(at=at):
                self.refused(bytes(bad), 5, message)
        self.then_good()

    def pieces(self):
        data = self.good.read_bytes()
        return data[:28], [data[a:b] for a, b in bench.areas(data)]

    def test_areas_reordered(self):
        header, parts = self.pieces()
        self.part.start()
        self.refused(header + b"".join([parts[1], parts[0]] + parts[2:]), 2,
                     about("bad.sfi:area 1", "area 2", "early", "area 1"))
        self.then_good()

    def test_areas_reordered_with_their_numbers_changed(self):
        """Consistent except for the ascending addresses."""
        header, parts = self.pieces()
        first = parts[1][:2] + b"\1\0" + parts[1][4:]
        second = parts[0][:2] + b"\2\0" + parts[0][4:]
        self.part.start()
        self.refused(header + first + second + b"".join(parts[2:]), 2,
                     "bad.sfi: area 2 at 0x080[0-9a-f]{5} .*below.* "
                     "0x080[0-9a-f]{5}, expected ascending addresses")
        self.then_good()

    def test_areas_repeated(self):
        header, parts = self.pieces()
        self.part.start()
        message = about("bad.sfi:area 2", "area 1", "repeated", "area 2")
        self.refused(header + parts[0] + b"".join(parts), 2, message)
        self.refused(header + b"".join(parts[:1] * 2 + parts[2:]), 2, message)
        self.then_good()

    def test_area_missing(self):
        header, parts = self.pieces()
        self.part.start()
        self.refused(header + b"".join(parts[1:]), 2,
                     about("bad.sfi:area 1", "area 2", "early", "area 1"))
        self.then_good()

    def test_other_version_of_the_same_firmware_mixed_in(self):
        header, parts = self.pieces()
        other = self.bench.image(self.chip, "v2.sfi", version=2).read_bytes()
        begin, end = bench.areas(other)[0]
        self.part.start()
        self.refused(header + other[begin:end] + b"".join(parts[1:]), 2,
                     about("bad.sfi:area 2", "version 1", "area", "2"))
        self.then_good()

    def test_image_of_the_other_chip(self):
        other = L462 if self.chip == H753 else H753
        image = self.bench.image(other, "other.sfi")
        self.part.start()
        why = {H753: ("area 5", "20 bytes", "option bytes", H753, "36",
                      "another chip"),
               L462: ("area 1", "0x08000000", "below 0x08001000", L462)}
        self.refused(image.read_bytes(), 2,
                     about("other.sfi", *why[self.chip]), "other.sfi")
        self.then_good()

    def test_no_image_at_all(self):
        self.part.start()
        result = self.part.program(self.bench.path / "none.sfi", *self.words())
        self.assertEnded(result, 7, about("none.sfi", "read", "No such file"))
        self.refused((DATA / f"blink-{self.chip}.elf").read_bytes(), 2,
                     about("bad.sfi:header", "ELF", "SFIMAGIC"))
        self.then_good()


class BadImageL462(BadImage):
    chip = L462


if __name__ == "__main__":
    bench.main()
