# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The host on each link of an independent model of ST's bootloaders (rom/), in the
model's time: what ST's papers and its users' reports say that parts do.

    test_rom.py ROM_HOST
"""

import os
import pathlib
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(os.environ["SFI_TEST_SOURCE"]) /
                       "tests" / "programs"))
from check import case, main, same  # noqa: E402
from rom.hosting import (  # noqa: E402
    BASE, FRAMES, H7_SECTOR, LINKS, PARTS, VERSIONS, bad,
    bench, blob, good, table)

# ---- what every host does ----

@case
def plain(folder):
    """Write, read, erase, on each link of each part."""
    data = blob(folder, 4096)
    for name, link in PARTS:
        b = bench(link, name)
        sector = b.part.kind.sector
        at = sector - 1024
        done = good(b, "info", "write", BASE + at, data, "read", BASE + at,
                    4096, "erase", 0, "read", BASE + at, 32)
        same(done.told[1], data.read_bytes().hex(), link)
        same(done.told[2], "ff" * 32, link)
        now = bytes(b.part.flash)
        same(now[sector:at + 4096], data.read_bytes()[1024:], link)
        good(b, "erase", "all")
        same(set(b.part.flash), {0xFF}, link)


# ---- the search for a bootloader ----

@case
def power_comes_while_the_host_searches(folder):
    """AN3155, 1: the first byte sets the baud rate; nothing but 0x7f may be first
    (ST community 810505, 11320)."""
    chance = random.Random(7)
    for name in ("h753", "l462"):
        for _ in range(50):
            b = bench(name=name, on=False)
            b.at.append((chance.uniform(0.0, 4.0), b.part.power_on))
            good(b, "info")


@case
def power_comes_at_each_speed(folder):
    """The part learns the speed at which it hears its first byte, so the host
    must stay there when something answered."""
    chance = random.Random(8)
    for _ in range(50):
        b = bench(speeds=(921600, 460800, 230400, 115200), on=False)
        b.at.append((chance.uniform(0.0, 4.0), b.part.power_on))
        good(b, "info")


@case
def second_sync_byte(folder):
    """AN2606: V9.0 and PB14/PB15 may need two 0x7f."""
    for _ in range(3):
        good(bench(syncs=2), "info")


HALF = ["00", "11", "11ee", "11ee08", "11ee0800000008", "11ee0800000008ff",
        "31ce0800000008", "31ce0800000008ff", "31ce0800000008ff" + "00" * 99,
        "31ce0800000008ff" + "7f" * 255, "44bb00", "44bb000f0001",
        "21de", "21de08", "639c05", "92"]


@case
def half_command_waits_for_ever(folder):
    """A host that went away left a half command; the part has no time-out.  Not
    44bb alone: 0x7f7f pages, which the next host would count, take 6 s."""
    for text in HALF:
        for name in ("h753", "l462"):
            b = bench(name=name)
            for byte in bytes.fromhex("7f" + text):
                b.front.receive(byte)
            b.front.out.clear()
            good(b, "info")
            same(b.part.options.level(), 0)


@case
def half_command_of_spi(folder):
    for text in HALF:
        b = bench("spi")
        for byte in bytes.fromhex("5a000079" + "5a" + text):
            b.front.clock(byte)
        good(b, "info")


TALK = (b"battery 3.71 V\r\n", b"y\r\n", b"yy\x0b1y\r\n", b"\x1f",
        b"y\x01\x04\x50y")


@case
def application_that_prints_an_ack(folder):
    """"battery 3.71 V": a 0x79 that nobody asked for is no bootloader's."""
    for text in TALK:
        for period in (0.003, 0.1):
            b = bench(on=False)
            b.part.app_text, b.part.app_s = text, period
            b.part.power_on(boot0=False)
            done = b.run("info")
            assert done.status in ("SFI_ERR_PROTOCOL", "SFI_ERR_TIMEOUT",
                                   "SFI_ERR_NACK"), (text, period, done)
            # with a line to NRST it is reset into its bootloader
            b = bench(on=False, reset_line=True)
            b.part.app_text, b.part.app_s = text, period
            b.part.power_on(boot0=False)
            good(b, "info")


@case
def application_that_prints_seldom(folder):
    """It must not use up the time before the reset line is used."""
    for text in TALK:
        b = bench(on=False, reset_line=True)
        b.part.app_text, b.part.app_s = text, 0.7
        b.part.power_on(boot0=False)
        good(b, "info")


# ---- the versions ----

@case
def versions_are_shown(folder):
    for version in VERSIONS:
        for link in LINKS:
            b = bench(link, version=version)
            done = good(b, "info", notes=False)
            same(done.told[0].split()[-1], version, link)
            b = bench(link, version=version, system_reads=False)
            done = good(b, "info", notes=False)
            same(done.told[0].split()[-1], "-", link)


@case
def get_lists_less_than_it_announces(folder):
    """AN2606, V9.0: 13, where 11 follow."""
    for name in ("h753", "l462"):
        good(bench(name=name, get_count=13), "info", "read", BASE, 16)


@case
def go(folder):
    for name, link in PARTS:
        b = bench(link, name)
        program = table(folder, 0x20010000)
        good(b, "write", BASE, program, "go", BASE)
        same((b.part.jumped_to, b.part.mode), (BASE, "app"), link)


@case
def go_without_a_first_ack(folder):
    """AN2606, V9.0."""
    b = bench(version="V9.0", syncs=1)
    good(b, "write", BASE, table(folder, 0x20010000), "go", BASE)
    same((b.part.jumped_to, b.part.mode), (BASE, "app"))


@case
def go_without_a_first_ack_over_spi(folder):
    """The same; that the part then takes what is clocked to poll for an ACK as the
    address is ours."""
    b = bench("spi", version="V9.0")
    good(b, "write", BASE, table(folder, 0x20010000), "go", BASE)
    same((b.part.jumped_to, b.part.mode), (BASE, "app"))


@case
def go_with_a_first_ack_of_v9_0(folder):
    """A user: an H753 of rev Y has it."""
    for link in FRAMES:
        b = bench(link, version="V9.0", syncs=1, go_ack=True)
        good(b, "write", BASE, table(folder, 0x20010000), "go", BASE)
        same((b.part.jumped_to, b.part.mode), (BASE, "app"), link)


@case
def go_that_does_not_work(folder):
    """AN2606, V13.2: the host says so before it tries."""
    for link in LINKS:
        b = bench(link, version="V13.2")
        bad(b, "SFI_ERR_UNSUPPORTED", "write", BASE,
            table(folder, 0x20010000), "go", BASE)
        same((b.part.jumped_to, b.part.mode), (None, "rom"), link)


@case
def go_with_the_stack_at_the_end(folder):
    """AN2606, V9.x: the stack pointer is below the end of RAM minus 16."""
    for link in LINKS:
        b = bench(link)
        done = b.run("write", BASE, table(folder, 0x20020000), "go", BASE)
        assert "stack pointer" in " ".join([done.message, *done.logs]), done
        b = bench(link)
        done = good(b, "write", BASE, table(folder, 0x2001FFE8), "go", BASE)
        assert "stack pointer" not in " ".join(done.logs), done


@case
def erase_that_is_acknowledged_early(folder):
    """AN2606, V9.1: what touches flash meanwhile hangs the part."""
    for link in FRAMES:
        for what in ("8", "all", "7,8,9"):
            b = bench(link, version="V9.1", pace=1)
            b.part.flash[8 * H7_SECTOR:8 * H7_SECTOR + 16] = bytes(16)
            good(b, "erase", what, "write", BASE + 8 * H7_SECTOR,
                 blob(folder, 64), "read", BASE, 16)


@case
def erase_that_stays_busy(folder):
    """V9.0 over USB (betaflight-configurator pull request 1861, issue 5348; ST
    community 244731)."""
    for pace in (0, 1):
        b = bench("dfu", version="V9.0", pace=pace)
        for sector in (7, 8, 15):
            at = sector * H7_SECTOR
            b.part.flash[at:at + 16] = bytes(16)
        good(b, "erase", "7,8,15", "write", BASE + 8 * H7_SECTOR,
             blob(folder, 2048))
        at = 15 * H7_SECTOR
        same(set(b.part.flash[at:at + 16]), {0xFF})
        good(bench("dfu", version="V9.0", pace=pace), "erase", "all")


@case
def mass_erase_that_does_not_work(folder):
    """AN2606, V13.3, over USB."""
    b = bench("dfu", version="V13.3", pace=1)
    b.part.flash[::H7_SECTOR] = bytes(16)
    good(b, "erase", "all")
    same(set(b.part.flash), {0xFF})


@case
def ram_of_the_bootloader(folder):
    """AN2606, V9.0: RAM below 0x24034000 is its own."""
    for link in LINKS:
        b = bench(link, version="V9.0", syncs=1)
        assert b.run("write", 0x24005000, blob(folder, 64)).status != "SFI_OK"
        good(bench(link, version="V9.0", syncs=1), "write", 0x24034000,
             blob(folder, 64), "read", 0x24034000, 64)


@case
def pcrop_of_an_l4(folder):
    """AN2606, L45x/46x V9.2: it cannot be written; the host says so."""
    for link in FRAMES:
        b = bench(link, "l462", reset_line=True)
        done = b.run("set", "PCROP1_STRT=0x10")
        assert done.status != "SFI_OK", done
        same(b.part.options.rows, list(b.part.options.BORN))


# ---- time ----

@case
def erase_of_many_sectors(folder):
    """ST community 734674: 2.2 s each, 16 in one command."""
    for link in LINKS:
        b = bench(link, pace=1)
        b.part.flash[::H7_SECTOR] = bytes(16)
        good(b, "erase", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15")
        same(set(b.part.flash), {0xFF})
        b = bench(link, pace=1)
        good(b, "erase", "all")


@case
def poll_times(folder):
    """DFU: bwPollTimeout is any 24-bit value."""
    for ms in (1, 900, 40000, 0xFFFFFF):
        b = bench("dfu", pace=1, dfu_poll_ms=ms)
        good(b, "erase", "all", "write", BASE, blob(folder, 4096),
             seconds=2 * 0xFFFFFF / 1000)


@case
def device_that_answers_nothing_meanwhile(folder):
    """A DFU device may NAK control transfers while it erases."""
    for what in ("0", "8", "all"):
        b = bench("dfu", pace=1, dfu_naks=True, dfu_poll_ms=900)
        good(b, "erase", what, "write", BASE, blob(folder, 4096))


@case
def network_of_a_second_each_way(folder):
    """RFC 2217, TCP."""
    for name in ("h753", "l462"):
        b = bench(name=name, delay_s=1.0)
        good(b, "info", "read", BASE, 300, "erase", 0, "write", BASE,
             blob(folder, 300 // 32 * 32))


@case
def l4_that_hangs_after_an_option_launch(folder):
    """qa-community 71929 and 44984, zephyr pull request 83561."""
    for link in FRAMES:
        b = bench(link, "l462", launch_hangs=True)
        done = b.run("set", "WRP1A_STRT=0xcc")
        text = " ".join([done.message, *done.logs])
        assert "power-cycle the chip" in text, done


@case
def l4_whose_power_comes_back(folder):
    for link in FRAMES:
        b = bench(link, "l462", launch_hangs=True)
        b.at.append((8.0, b.part.power_on))
        good(b, "set", "WRP1A_STRT=0xcc")
        same(b.part.options.rows[3], 0xFF00FFCC)


# ---- DFU blocks ----

@case
def short_last_block(folder):
    """AN3156, 5.1: (block - 2) times the length that came; ST's published code:
    times wTransferSize."""
    for rule in ("size", "length"):
        for size in (32, 1024, 2336, 2560, 5120 + 512):
            b = bench("dfu", dfu_block=rule)
            data = blob(folder, size)
            done = good(b, "write", BASE, data, "read", BASE, size)
            same(done.told[0], data.read_bytes().hex(), rule)
            same(bytes(b.part.flash[:size]), data.read_bytes(), rule)


@case
def few_transfers(folder):
    """At most 3.3 control transfers per KiB."""
    b = bench("dfu")
    good(b, "info")
    b.transfers = 0
    good(b, "write", BASE, blob(folder, 256 << 10))
    assert b.transfers < 3.3 * 256, b.transfers


# ---- writes ----

@case
def spi_write_of_an_l4(folder):
    """AN2606: polled within 3 ms, the last 64 bits stay erased."""
    data = blob(folder, 1024)
    b = bench("spi", "l462", spi_write_wait=True)
    good(b, "write", BASE, data)
    same(bytes(b.part.flash[:1024]), data.read_bytes())


@case
def spi_refusals(folder):
    """A NACK behind a dummy (AN4286) and without (stm32-mw-openbl)."""
    for nack in ("dummy", "plain"):
        bad(bench("spi", spi_nack=nack), "SFI_ERR_NACK", "read", 0x30000000, 4)


if __name__ == "__main__":
    main()
