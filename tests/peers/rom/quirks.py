# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The quirks: what differs between versions, parts, and the readings of the
papers.  Each is an option of the model."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Quirks:
    #: AN3155, 1: the first byte after reset sets the baud rate.  "measure": any
    #: other byte than 0x7f is measured wrong, and the part is deaf until its
    #: reset (ST community 810505, 11320); "ignore": other bytes do nothing
    autobaud: str = "measure"
    #: the highest baud rate that is detected; 0: any (AN2606: 115200)
    baud_max: int = 0
    #: AN2606: on PB14/PB15, and V9.0, 0x7f may be needed twice
    syncs: int = 1
    #: 0: a half command waits for ever (AN3155 has no time-out); ours: it is
    #: refused after so many seconds
    half_s: float = 0.0
    #: what Get announces; 0: the truth (AN2606, V9.0: 13 where 11 follow)
    get_count: int = 0
    #: AN2606, V9.0: Go's command byte has no ACK (a user: rev Y has it, rev V
    #: not)
    go_ack: bool = True
    #: AN2606, V13.2
    go_works: bool = True
    #: AN2606, V9.x: Go wants a stack pointer below the end of RAM minus 16
    go_stack: bool = False
    #: the first RAM of the AXI SRAM that is not the bootloader's; 0: as the
    #: part's (AN2606, V9.0: 0x24034000)
    ram_from: int = 0
    #: AN2606, V9.1: an erase in bank 2 is acknowledged at once, and a command
    #: that touches flash meanwhile hangs the part
    early_ack: bool = False
    #: V9.0: an erase in bank 2 stays in dfuDNBUSY until CLRSTATUS
    #: (betaflight-configurator pull request 1861, ST community 244731)
    dfu_bank2_stuck: bool = False
    #: AN2606, V13.3
    dfu_mass_erase: bool = True
    #: AN3156, 5.1 "length": a block's address is (block - 2) times the length
    #: that came; ST's published code "size": times wTransferSize
    dfu_block: str = "size"
    #: a device that erases may NAK control transfers
    dfu_naks: bool = False
    #: bwPollTimeout of an erase in ms; 0: the time that it takes
    dfu_poll_ms: int = 0
    #: option bytes.  "strict": AN3155 3.6, AN3156 4.1 and 5.1: written from the
    #: start of the area only, which is erased first, and DFU reads the whole
    #: block.  "ignore": such a write is acknowledged, and nothing done.
    #: "openbl": as stm32-mw-openbl has it: the address is not looked at, what
    #: comes are the words from the start on.  "lenient": any part of the area
    #: (ST community 308083)
    options: str = "strict"
    #: option bytes can be read (ours: a host that cannot must not take that for
    #: readout protection)
    options_read: bool = True
    #: the length of the area; 0: as the part's (H7: its DFU name has 128 or 88)
    options_len: int = 0
    #: AN2606, L45x/46x: PCROP cannot be written
    pcrop: bool = True
    #: L4: AN3155 has a reset after option bytes were written; by reports the part
    #: then hangs until power-on (qa-community 71929 and 44984, zephyr pull
    #: request 83561)
    launch_hangs: bool = False
    #: readout protection: "command": the command byte is refused (AN3155);
    #: "address": as if no such memory was there (ours)
    refuses: str = "command"
    #: AN3155: some products send two NACKs for Read, Write, Go
    nacks: int = 1
    #: DFU, readout protection: "vendor": errVENDOR (AN3156); "target": errTARGET
    dfu_refuses: str = "vendor"
    #: readout unprotect, the second ACK: "after" the erase (AN3155) or "before"
    #: (stm32-mw-openbl)
    unprotect_ack: str = "after"
    #: writes are multiples of 8 (AN2606): the rest is "lost" (a report of an
    #: H743), or the write is refused ("nack")
    odd_write: str = "lost"
    #: system memory, UID and flash size are readable (AN2606: the ID is)
    system_reads: bool = True
    #: AN2606, L4, SPI: polled for the ACK within 3 ms after Write, the last 64
    #: bits stay erased
    spi_write_wait: bool = False
    #: stm32-mw-openbl: a NACK has no dummy before it; "dummy": as an ACK has
    spi_nack: str = "plain"

    def with_text(self, word):
        """`name=value`, from a command line."""
        name, _, text = word.partition("=")
        kinds = {f.name: type(f.default) for f in fields(self)}
        if name not in kinds:
            raise ValueError(f"no such quirk: {name}; known: "
                             f"{', '.join(kinds)}")
        kind = kinds[name]
        if kind is bool:
            value = {"yes": True, "no": False}[text]
        elif kind is int:
            value = int(text, 0)
        else:
            value = kind(text)
        return replace(self, **{name: value})


#: AN2606, known limitations of H74x/75x.  What V13.x does beyond its row is not
#: public: as V9.0 where RAM is concerned (ours).
H7_QUIRKS = {
    "V13.2": Quirks(go_works=False, ram_from=0x24034000),
    "V13.3": Quirks(dfu_mass_erase=False, ram_from=0x24034000),
    "V9.0": Quirks(get_count=13, go_ack=False, dfu_bank2_stuck=True, syncs=2,
                   ram_from=0x24034000, go_stack=True),
    "V9.1": Quirks(early_ack=True, go_stack=True),
    "V9.2": Quirks(go_stack=True),
}
L4_QUIRKS = {
    "V9.2": Quirks(pcrop=False, spi_write_wait=True),
}


def quirks_of(model, version):
    return (H7_QUIRKS if model.kind.device_id == 0x450 else L4_QUIRKS)[version]
