# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The parts: their memories, and where their option bytes are."""

from dataclasses import dataclass, field

KIB = 1 << 10


@dataclass(frozen=True)
class Kind:
    """What the parts with one DEV_ID have in common."""

    device_id: int
    sector: int  # bytes
    bank_sectors: int  # of the largest part; the second bank begins after them
    word: int  # bytes that are programmed at once
    ram: tuple  # (first, end) that a host may use, newest bootloader
    system: tuple  # (first, end) of system memory
    id_at: int  # the bootloader's ID
    uid_at: int
    size_at: int  # flash size in KiB, 16 bits
    options_at: int
    options_len: int
    sector_s: tuple  # time of an erase: typical, at most
    mass_s: tuple
    word_s: tuple
    start_s: float  # from reset until the bootloader listens
    dfu_flash: str
    dfu_options: str
    dfu_serial: str
    usart_version: int = 0x31  # AN2606, both kinds
    spi_version: int = 0x11


# RM0433, AN2606 (H74x/75x); the times: ST community 734674, STM32MON; a word:
# the datasheet's class.  Option bytes: 0x5200201c is FLASH_OPTSR_CUR.
H7 = Kind(0x450, 128 * KIB, 8, 32,
          ((0x20004100, 0x20020000), (0x24005000, 0x24080000)),
          (0x1FF00000, 0x1FF1E800), 0x1FF1E7FE, 0x1FF1E800, 0x1FF1E880,
          0x5200201C, 308, (1.1, 2.2), (13.0, 35.2), (100e-6, 200e-6), 0.054,
          # of an H750 as well (libDaisy issue 195)
          "@Internal Flash   /0x08000000/16*128Kg",
          "@Option Bytes   /0x5200201C/01*{:03d} e",
          "200364500000")

# RM0394, AN2606 (L45x/46x), datasheet.  Five words, each with its complement.
L4 = Kind(0x462, 2 * KIB, 256, 8, ((0x20003100, 0x20020000),),
          (0x1FFF0000, 0x1FFF7000), 0x1FFF6FFE, 0x1FFF7590, 0x1FFF75E0,
          0x1FFF7800, 40, (0.022, 0.025), (0.022, 0.025), (82e-6, 91e-6),
          0.001, "@Internal Flash   /0x08000000/256*0002Kg",
          "@Option Bytes   /0x1FFF7800/01*{:03d} e",
          # of the UID's words (libopencm3 issue 760)
          "336500360530")

FLASH = 0x08000000


@dataclass(frozen=True)
class Model:
    name: str
    kind: Kind
    banks: tuple  # sectors that each bank has
    security: bool  # has the option SECURITY (H7)
    versions: dict = field(default_factory=dict)  # name: ID


# AN2606, the ID's table of H74x/75x and of L45x/46x
H7_VERSIONS = {"V13.2": 0xD2, "V13.3": 0xD3, "V9.0": 0x90, "V9.1": 0x91,
               "V9.2": 0x92}
L4_VERSIONS = {"V9.2": 0x92}

MODELS = {m.name: m for m in (
    Model("h753", H7, (8, 8), True, H7_VERSIONS),
    # the same DEV_ID; SECURITY reads 0 (reports: H742, H743, H745, H747)
    Model("h743", H7, (8, 8), False, H7_VERSIONS),
    Model("h743xg", H7, (4, 4), False, H7_VERSIONS),
    Model("h750", H7, (1,), True, H7_VERSIONS),
    Model("l462", L4, (256,), False, L4_VERSIONS),
    Model("l452xc", L4, (128,), False, L4_VERSIONS),
)}
