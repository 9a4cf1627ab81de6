# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# Made by make_abi.py from include/sfi; do not edit.
"""The C interface of libsfi: constants, enums, structs, prototypes."""
from __future__ import annotations

import enum
from ctypes import (  # noqa: F401
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int8,
    c_int16,
    c_int32,
    c_int64,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, Dict, List, Tuple


class OpenEnum(enum.IntEnum):
    """An enum that also takes values which a later libsfi may return."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = "UNKNOWN_%d" % value
        member._value_ = value
        return member


class AreaKind(OpenEnum):
    """Kinds of area: the type letter of the descriptor."""

    #: firmware, with the image's own key
    FIRMWARE = 70
    #: a module (.smi), under a key of its own
    MODULE = 77
    #: the option bytes
    CONFIGURATION = 67


class AuditKind(OpenEnum):
    """Kinds of record."""

    #: a new device got a licence; remaining decreases
    COUNTED = 1
    #: a counted device got another licence
    AGAIN = 2
    #: the HSM was retired; the last record
    RETIRED = 3
    #: installations went into a vault of a site
    LEASE = 4
    #: the site gave back what it had not used
    RETURN = 5
    #: the owner states that records were lost
    RESTORED = 6


class BoardKey(OpenEnum):
    """By what a board is found."""

    #: the port that it was last at
    PORT = 1
    #: its own number
    SERIAL = 2
    #: sfi_certificate_device_id() of its chip
    DEVICE = 3


class BoardState(OpenEnum):
    """What became of a board."""

    #: half done: begun, and not ended
    BEGUN = 1
    #: ended with success
    DONE = 2
    #: ended with an error; may begin again
    FAILED = 3


class CardEventKind(OpenEnum):
    """What happens to a card that is served."""

    #: there is no reader: tried again until it comes
    WAITING = 1
    #: the card is in the reader
    INSERTED = 2
    #: a command was executed; sfi_card_reason()
    COMMAND = 3


class Cause(OpenEnum):
    """Why a device refuses: one byte, distinct, without cryptographic
    detail."""

    #: no refusal
    NONE = 0x00
    #: opcode or flag not known
    UNKNOWN_COMMAND = 0x01
    #: longer or shorter than it must be
    LENGTH = 0x02
    #: not now: a step is missing
    STATE = 0x03
    #: holds firmware: SECURE must erase
    INSTALLED = 0x04
    #: DATA neither next nor a repeat
    OFFSET = 0x05
    #: the part cannot prove its install
    NO_RECEIPT = 0x06
    #: neither static nor live
    LICENSE_TYPE = 0x10
    #: a version that it does not know
    LICENSE_VERSION = 0x11
    #: not for this chip, or altered
    LICENSE = 0x12
    #: live: not for this session
    LICENSE_SESSION = 0x13
    #: does not begin as an image
    HEADER_MAGIC = 0x20
    #: a protocol version it does not know
    HEADER_VERSION = 0x21
    #: announces no area
    HEADER_AREAS = 0x22
    #: altered, or another firmware's licence
    HEADER_TAG = 0x23
    #: neither firmware nor configuration
    AREA_TYPE = 0x30
    #: not the next area
    AREA_INDEX = 0x31
    #: not the header's number of areas
    AREA_TOTAL = 0x32
    #: not the first area's image version
    AREA_VERSION = 0x33
    #: not in user flash
    AREA_ADDRESS = 0x34
    #: a size that the part cannot take
    AREA_SIZE = 0x35
    #: configuration not last, or missing
    AREA_ORDER = 0x36
    #: content or descriptor altered
    AREA_TAG = 0x37
    #: not behind the area before
    AREA_BELOW = 0x38
    #: the flash cannot be erased
    FLASH_ERASE = 0x40
    #: the flash cannot be programmed
    FLASH_PROGRAM = 0x41
    #: it reads back differently
    FLASH_VERIFY = 0x42
    #: they cannot be written
    OPTION_BYTES = 0x43
    #: a function of the cryptography failed
    CRYPTO = 0x44
    #: no access to record or certificate
    STORAGE = 0x45
    #: no random number; nothing is lost
    RANDOM = 0x46
    #: no signature; nothing is lost
    SIGN = 0x47
    #: an install was cut short
    INTERRUPTED = 0x50


class CheckResult(OpenEnum):
    """How a check ended."""

    #: the file is sound in this respect
    PASSED = 1
    #: it is not; the text says what is wrong
    FAILED = 2
    #: a key or a file is missing; the text names it
    NOT_MADE = 3


class Counted(OpenEnum):
    """Whether a licence used an installation."""

    #: nothing was counted
    NONE = 0
    #: the device was counted now
    NEW = 1
    #: the device was counted before
    AGAIN = 2
    #: the HSM cannot tell. Asking again is safe: no device is counted twice
    UNKNOWN = 3


class DeviceState(OpenEnum):
    """States of a device, as in INFO."""

    #: no firmware; SECURE begins an install
    EMPTY = 0
    #: flash erased, waits for a licence
    READY = 1
    #: waits for the header
    LICENSED = 2
    #: receives areas
    RECEIVING = 3
    #: every area verified; FINISH is due
    COMPLETE = 4
    #: firmware and option bytes are in
    INSTALLED = 5


class DifferenceKind(OpenEnum):
    """How bytes of two firmwares differ."""

    #: both have them
    CONTENT = 1
    #: only the first has them
    ONLY_FIRST = 2
    #: only the second has them
    ONLY_SECOND = 3


class EventKind(OpenEnum):
    """Events in their order: HEADER; AREA_BEGIN, DATA..., AREA_END for each
    area; DONE. NEED_INPUT whenever no event is available."""

    #: pass more bytes
    NEED_INPUT = 0
    #: the header of the image
    HEADER = 1
    #: the descriptor of the next area
    AREA_BEGIN = 2
    #: the next bytes of this area
    DATA = 3
    #: the area is complete
    AREA_END = 4
    #: the image is complete
    DONE = 5


class FactKind(OpenEnum):
    """What a fact is: how to show its value."""

    #: a text
    TEXT = 1
    #: a number that is shown in decimal
    NUMBER = 2
    #: a number that is shown in hexadecimal
    ADDRESS = 3
    #: a number: seconds since 1970
    TIME = 4
    #: a number: 1 or 0
    YES_NO = 5
    #: data: a tag, a hash, a public key
    BYTES = 6
    #: a number: SFI_CHECK_*
    CHECK = 7


class FileKind(OpenEnum):
    """What a file is, as its content tells: sfi_ctx_file_kind()."""

    #: no file has this name
    ABSENT = 0
    #: a folder, a device or a pipe
    SPECIAL = 1
    #: a file without content
    EMPTY = 2
    #: none of the kinds below
    OTHER = 3
    #: a vault, or what SQLite keeps beside it
    DATABASE = 4
    #: as long as a key or a nonce
    KEY = 5
    #: a key or a certificate in PEM or DER
    CREDENTIAL = 6
    #: a personalisation file
    PERSONALIZATION = 7
    #: an audit log
    AUDIT = 8
    #: a licence
    LICENSE = 9
    #: a chip's certificate
    CERTIFICATE = 10
    #: an image (.sfi)
    IMAGE = 11
    #: a module (.smi)
    MODULE = 12
    #: ELF, Intel HEX, S-records or DfuSe
    FIRMWARE = 13
    #: a trace of sfi_transport_capture()
    TRACE = 14
    #: JSON, also the records of sfi-program
    JSON = 15
    #: a register of used nonces
    NONCES = 16
    #: a picture of sfi_map_svg()
    MAP = 17
    #: a chip's receipt: sfi/receipt.h
    RECEIPT = 18


class HsmState(OpenEnum):
    """State of an HSM."""

    #: not provisioned yet; a vault: no such file
    BLANK = 0
    #: provisioned and locked; issues licences
    OPERATIONAL = 1
    #: serves only devices that were counted before
    EXHAUSTED = 2
    #: no PIN tries left, for ever
    BLOCKED = 3
    #: closed by its owner; issues no licences
    RETIRED = 4


class LeftOutReason(OpenEnum):
    """Why bytes were left out."""

    #: in a range of `exclude`
    EXCLUDED = 1
    #: in no range of `only`
    NOT_ONLY = 2
    #: not in the flash of the part
    NOT_FLASH = 3


class LicenseType(OpenEnum):
    """Types of licences."""

    #: valid for its device any number of times
    STATIC = 1
    #: valid for one session of its device, once
    LIVE = 2


class LinkKind(OpenEnum):
    """What a link carries."""

    #: the commands of AN3155
    USART = 1
    #: the commands of AN4286
    SPI = 2
    #: DFU, AN3156
    USB = 3
    #: words of memory, through a debug port
    MEMORY = 4


class LogLevel(OpenEnum):
    """Log levels; a context logs the lines up to its level."""

    #: nothing
    NONE = 0
    #: what a person should look at
    WARNING = 1
    #: and what is done
    INFO = 2
    #: and everything else
    DEBUG = 3


class MapFlag(enum.IntFlag):
    """How a text map may look."""

    #: no other characters than ASCII; else UTF-8
    ASCII = 1
    #: colours by ANSI escape sequences
    COLOR = 2


class MemoryKind(OpenEnum):
    """What a memory is."""

    #: a stack may be there
    RAM = 1
    #: outside the part
    EXTERNAL = 2
    #: can be programmed once
    OTP = 3
    #: of the bootloader
    SYSTEM = 4
    #: shows another memory
    ALIAS = 5
    #: registers, not memory
    PERIPHERALS = 6


class Padding(OpenEnum):
    """Whether the builder repairs the size of the firmware."""

    #: no: a wrong size is refused
    NONE = 0
    #: yes, with fill bytes
    AUTO = 1


class Phase(OpenEnum):
    """Phases of work. 1 to 7 are those of an install, in this order; 8 to
    12 are work through an open bootloader; the others need no chip."""

    #: check the image, find the chip
    CONNECT = 1
    #: make an open chip secure, for ever
    SECURE = 2
    #: read the chip's certificate
    CERTIFICATE = 3
    #: get a licence for it
    LICENSE = 4
    #: send licence and image
    AREAS = 5
    #: option bytes; confirm the firmware
    CONFIRM = 6
    #: success
    DONE = 7
    #: check what is there before a change
    CHECK = 8
    #: erase sectors
    ERASE = 9
    #: write memory
    WRITE = 10
    #: read memory, and compare
    VERIFY = 11
    #: read memory
    READ = 12
    #: verify an audit log
    AUDIT = 13
    #: verify the records inside an HSM
    RECORDS = 14


class Protocol(OpenEnum):
    """Which licences an install uses."""

    #: static: for this chip, any number of times
    STATIC = 1
    #: live: for one install of this chip
    LIVE = 2


class Readout(OpenEnum):
    """Readout protection, as far as an open bootloader tells."""

    #: not readable, or the chip is secure
    UNKNOWN = 0
    #: off
    LEVEL_0 = 1
    #: on; a bootloader tells no more
    LEVEL_1 = 2
    #: on for ever
    LEVEL_2 = 3


class Severity(OpenEnum):
    """How severe a finding is. Only errors make a check fail."""

    #: good to know
    NOTE = 1
    #: allowed, and probably not meant
    WARNING = 2
    #: the part would refuse it or come to harm
    ERROR = 3


class SimArea(OpenEnum):
    """The memories of a chip that its owner can read, without a bootloader."""

    #: All of the flash, from its first address.
    FLASH = 1
    #: The programmed words in CSV order, little-endian; in force since the
    #: last reset, or from the next one on.
    OPTION_BYTES = 2
    #: 136 bytes.
    CERTIFICATE = 3
    #: The private key, 32 bytes big-endian, so that others can check licences.
    #: A real part never reveals it.
    DEVICE_KEY = 4
    #: All RAM that bootloaders use: what the standard one offers, then the
    #: secure one's own; of a board all RAM, from its first address. It is not
    #: in the folder: only an open chip has it.
    RAM = 5


class Status(OpenEnum):
    """The hundreds digit says who must act: 1xx the program, 2xx the author
    of an input, 3xx security, 4xx the link, 5xx the device, 6xx the HSM,
    7xx the machine. Values never change; doc/errors.md lists the causes and
    remedies of each."""

    #: success
    OK = 0
    #: an argument is not valid
    ARGUMENT = -101
    #: not possible in this state
    STATE = -102
    #: struct_size is unknown, or tail set
    ABI = -103
    #: not built in, or not available
    UNSUPPORTED = -104
    #: the caller's buffer is too small
    BUFFER = -105
    #: an input is malformed
    FORMAT = -201
    #: an input ends too early
    TRUNCATED = -202
    #: an input's checksum is wrong
    CHECKSUM = -203
    #: a value is out of range
    RANGE = -204
    #: two pieces claim the same address
    OVERLAP = -205
    #: the chip cannot take this input
    CHIP_RULE = -206
    #: a named limit of libsfi is exceeded
    LIMIT = -207
    #: a tag or MAC does not match
    AUTH = -301
    #: a certificate is not trusted
    CERTIFICATE = -302
    #: the crypto library failed
    CRYPTO = -303
    #: a link or file failed
    IO = -401
    #: no reply in time
    TIMEOUT = -402
    #: no such port, or it vanished
    NO_DEVICE = -403
    #: not allowed, or in use by another
    ACCESS = -404
    #: the device broke its protocol
    PROTOCOL = -501
    #: the bootloader refused a command
    NACK = -502
    #: the secure bootloader refused
    DEVICE = -503
    #: readout or write protection is on
    PROTECTED = -504
    #: memory differs from what was expected
    MISMATCH = -505
    #: the HSM failed or is damaged
    HSM = -601
    #: blank, locked or blocked
    HSM_STATE = -602
    #: no installations left
    HSM_COUNTER = -603
    #: PIN missing or wrong
    HSM_PIN = -604
    #: no HSM, and none stored
    NO_LICENSE = -605
    #: lacks a record that was seen before
    HSM_ROLLBACK = -606
    #: out of memory
    NOMEM = -701
    #: the operating system refused
    OS = -702
    #: cancelled by the user
    CANCELLED = -703
    #: a callback returned an unknown status
    CALLBACK = -704
    #: a bug in libsfi: please report it
    INTERNAL = -799


class TargetState(OpenEnum):
    """What a chip was found to be: the first four are of an open chip."""

    #: open; readout protection hides the flash
    OPEN = 1
    #: open, no vector table in flash
    EMPTY = 2
    #: open, a vector table in flash
    PROGRAMMED = 3
    #: open, the core runs from flash
    RUNNING = 4
    #: secure: sfi_target_info.device_state
    SECURE = 5


SFI_AREA_CONFIGURATION = 67
SFI_AREA_FIRMWARE = 70
SFI_AREA_MODULE = 77
SFI_AUDIT_AGAIN = 2
SFI_AUDIT_COUNTED = 1
SFI_AUDIT_HASH_LEN = 32
SFI_AUDIT_KEY_LEN = 32
SFI_AUDIT_LEASE = 4
SFI_AUDIT_RESTORED = 6
SFI_AUDIT_RETIRED = 3
SFI_AUDIT_RETURN = 5
SFI_BOARD_BEGUN = 1
SFI_BOARD_DEVICE = 3
SFI_BOARD_DONE = 2
SFI_BOARD_FAILED = 3
SFI_BOARD_PORT = 1
SFI_BOARD_SERIAL = 2
SFI_CARD_APDU_MAX = 0x400
SFI_CARD_COMMAND = 3
SFI_CARD_INSERTED = 2
SFI_CARD_WAITING = 1
SFI_CAUSE_AREA_ADDRESS = 52
SFI_CAUSE_AREA_BELOW = 56
SFI_CAUSE_AREA_INDEX = 49
SFI_CAUSE_AREA_ORDER = 54
SFI_CAUSE_AREA_SIZE = 53
SFI_CAUSE_AREA_TAG = 55
SFI_CAUSE_AREA_TOTAL = 50
SFI_CAUSE_AREA_TYPE = 48
SFI_CAUSE_AREA_VERSION = 51
SFI_CAUSE_CRYPTO = 68
SFI_CAUSE_FLASH_ERASE = 64
SFI_CAUSE_FLASH_PROGRAM = 65
SFI_CAUSE_FLASH_VERIFY = 66
SFI_CAUSE_HEADER_AREAS = 34
SFI_CAUSE_HEADER_MAGIC = 32
SFI_CAUSE_HEADER_TAG = 35
SFI_CAUSE_HEADER_VERSION = 33
SFI_CAUSE_INSTALLED = 4
SFI_CAUSE_INTERRUPTED = 80
SFI_CAUSE_LENGTH = 2
SFI_CAUSE_LICENSE = 18
SFI_CAUSE_LICENSE_SESSION = 19
SFI_CAUSE_LICENSE_TYPE = 16
SFI_CAUSE_LICENSE_VERSION = 17
SFI_CAUSE_NONE = 0
SFI_CAUSE_NO_RECEIPT = 6
SFI_CAUSE_OFFSET = 5
SFI_CAUSE_OPTION_BYTES = 67
SFI_CAUSE_RANDOM = 70
SFI_CAUSE_SIGN = 71
SFI_CAUSE_STATE = 3
SFI_CAUSE_STORAGE = 69
SFI_CAUSE_UNKNOWN_COMMAND = 1
SFI_CERTIFICATE_LEN = 136
SFI_CHECK_FAILED = 2
SFI_CHECK_NOT_MADE = 3
SFI_CHECK_PASSED = 1
SFI_CHIP_OPTION_COMPLEMENTS = 2
SFI_CHIP_OPTION_RESETS = 4
SFI_CHIP_ROW_READ_ONLY = 1
SFI_CHIP_USB = 1
SFI_COMPARED_CONTENT = 1
SFI_COMPARED_NO_MODULES = 2
SFI_COUNT_AGAIN = 2
SFI_COUNT_NEW = 1
SFI_COUNT_NONE = 0
SFI_COUNT_UNKNOWN = 3
SFI_DEVICE_ANSWER_MAX = 0x190
SFI_DEVICE_COMPLETE = 4
SFI_DEVICE_EMPTY = 0
SFI_DEVICE_INSTALLED = 5
SFI_DEVICE_LICENSED = 2
SFI_DEVICE_READY = 1
SFI_DEVICE_RECEIVING = 3
SFI_DEVICE_RECORD_LEN = 128
SFI_DEVICE_REPLY_MAX = 197
SFI_DEVICE_SIZE_MAX = 0x1000
SFI_DIALECT_RECEIPTS = 1
SFI_DIALECT_RECEIPT_LEN = 196
SFI_DIFFERS_CONTENT = 1
SFI_DIFFERS_ONLY_FIRST = 2
SFI_DIFFERS_ONLY_SECOND = 3
SFI_ERR_ABI = -103
SFI_ERR_ACCESS = -404
SFI_ERR_ARGUMENT = -101
SFI_ERR_AUTH = -301
SFI_ERR_BUFFER = -105
SFI_ERR_CALLBACK = -704
SFI_ERR_CANCELLED = -703
SFI_ERR_CERTIFICATE = -302
SFI_ERR_CHECKSUM = -203
SFI_ERR_CHIP_RULE = -206
SFI_ERR_CRYPTO = -303
SFI_ERR_DEVICE = -503
SFI_ERR_FORMAT = -201
SFI_ERR_HSM = -601
SFI_ERR_HSM_COUNTER = -603
SFI_ERR_HSM_PIN = -604
SFI_ERR_HSM_ROLLBACK = -606
SFI_ERR_HSM_STATE = -602
SFI_ERR_INTERNAL = -799
SFI_ERR_IO = -401
SFI_ERR_LIMIT = -207
SFI_ERR_MISMATCH = -505
SFI_ERR_NACK = -502
SFI_ERR_NOMEM = -701
SFI_ERR_NO_DEVICE = -403
SFI_ERR_NO_LICENSE = -605
SFI_ERR_OS = -702
SFI_ERR_OVERLAP = -205
SFI_ERR_PROTECTED = -504
SFI_ERR_PROTOCOL = -501
SFI_ERR_RANGE = -204
SFI_ERR_STATE = -102
SFI_ERR_TIMEOUT = -402
SFI_ERR_TRUNCATED = -202
SFI_ERR_UNSUPPORTED = -104
SFI_EVENT_AREA_BEGIN = 2
SFI_EVENT_AREA_END = 4
SFI_EVENT_DATA = 3
SFI_EVENT_DONE = 5
SFI_EVENT_HEADER = 1
SFI_EVENT_NEED_INPUT = 0
SFI_FACT_ADDRESS = 3
SFI_FACT_BYTES = 6
SFI_FACT_CHECK = 7
SFI_FACT_NUMBER = 2
SFI_FACT_TEXT = 1
SFI_FACT_TIME = 4
SFI_FACT_YES_NO = 5
SFI_FILE_ABSENT = 0
SFI_FILE_AUDIT = 8
SFI_FILE_CERTIFICATE = 10
SFI_FILE_CREDENTIAL = 6
SFI_FILE_DATABASE = 4
SFI_FILE_EMPTY = 2
SFI_FILE_FIRMWARE = 13
SFI_FILE_IMAGE = 11
SFI_FILE_JSON = 15
SFI_FILE_KEY = 5
SFI_FILE_LICENSE = 9
SFI_FILE_MAP = 17
SFI_FILE_MODULE = 12
SFI_FILE_NONCES = 16
SFI_FILE_OTHER = 3
SFI_FILE_PERSONALIZATION = 7
SFI_FILE_RECEIPT = 18
SFI_FILE_SPECIAL = 1
SFI_FILE_TRACE = 14
SFI_FINDING_ERROR = 3
SFI_FINDING_NOTE = 1
SFI_FINDING_WARNING = 2
SFI_FIRMWARE_ID_MAX = 63
SFI_FIRMWARE_NO_END_RECORD = 1
SFI_FIRMWARE_PAST_END = 16
SFI_FIRMWARE_PRIVATE = 0x100
SFI_FIRMWARE_SEGMENT_RUNS_ON = 4
SFI_FIRMWARE_SEGMENT_WRAPS = 2
SFI_FIRMWARE_VIRTUAL_ADDRESS = 8
SFI_FOUND_BUSY = 2
SFI_FOUND_DENIED = 1
SFI_HSM_BLANK = 0
SFI_HSM_BLOCKED = 3
SFI_HSM_COUNT_MAX = 0xffffffff
SFI_HSM_EXHAUSTED = 2
SFI_HSM_LIVE_ONLY = 1
SFI_HSM_OPERATIONAL = 1
SFI_HSM_RETIRED = 4
SFI_IMAGE_HEADER_LEN = 28
SFI_KEY_LEN = 16
SFI_LEASE_END_LEN = 200
SFI_LEASE_LEN = 0x1b4
SFI_LEASE_REQUEST_LEN = 64
SFI_LEASE_SECONDS_MAX = 0x12cc0300
SFI_LEFT_OUT_EXCLUDED = 1
SFI_LEFT_OUT_NOT_FLASH = 3
SFI_LEFT_OUT_NOT_ONLY = 2
SFI_LICENSES_MAX = 0x400
SFI_LICENSE_LEN = 136
SFI_LICENSE_LIVE = 2
SFI_LICENSE_STATIC = 1
SFI_LINK_HAS_MEMORY = 1
SFI_LINK_HAS_REQUESTS = 2
SFI_LINK_MEMORY = 4
SFI_LINK_SPI = 2
SFI_LINK_USART = 1
SFI_LINK_USB = 3
SFI_LOG_DEBUG = 3
SFI_LOG_INFO = 2
SFI_LOG_NONE = 0
SFI_LOG_WARNING = 1
SFI_MAP_ASCII = 1
SFI_MAP_COLOR = 2
SFI_MEMORY_ALIAS = 5
SFI_MEMORY_EXTERNAL = 2
SFI_MEMORY_OTP = 3
SFI_MEMORY_PERIPHERALS = 6
SFI_MEMORY_RAM = 1
SFI_MEMORY_SYSTEM = 4
SFI_NONCE_LEN = 12
SFI_OK = 0
SFI_OPTION_EFFECT_MAX = 192
SFI_OPTION_EXPLAIN = 1
SFI_PADDING_AUTO = 1
SFI_PADDING_NONE = 0
SFI_PEER_APPLICATION = 0x10000
SFI_PHASE_AREAS = 5
SFI_PHASE_AUDIT = 13
SFI_PHASE_CERTIFICATE = 3
SFI_PHASE_CHECK = 8
SFI_PHASE_CONFIRM = 6
SFI_PHASE_CONNECT = 1
SFI_PHASE_DONE = 7
SFI_PHASE_ERASE = 9
SFI_PHASE_LICENSE = 4
SFI_PHASE_READ = 12
SFI_PHASE_RECORDS = 14
SFI_PHASE_SECURE = 2
SFI_PHASE_VERIFY = 11
SFI_PHASE_WRITE = 10
SFI_PROGRAM_NO_ERASE = 2
SFI_PROGRAM_VERIFY = 1
SFI_PROTOCOL_LIVE = 2
SFI_PROTOCOL_STATIC = 1
SFI_READOUT_LEVEL_0 = 1
SFI_READOUT_LEVEL_1 = 2
SFI_READOUT_LEVEL_2 = 3
SFI_READOUT_UNKNOWN = 0
SFI_RECEIPT_LEN = 0x14c
SFI_REGISTER_SAME_NONCE = 1
SFI_REPLACE = 1
SFI_REQUEST_DATA_MAX = 0x400
SFI_REQUEST_EXTENDED = 1
SFI_REQUEST_ONCE = 2
SFI_REQUEST_PARAM_MAX = 128
SFI_REQUEST_REPLY_MAX = 196
SFI_RESET_CORE = 2
SFI_RESET_LINE = 1
SFI_SIM_CERTIFICATE = 3
SFI_SIM_CONTROL = 2
SFI_SIM_DEVICE_KEY = 4
SFI_SIM_FLASH = 1
SFI_SIM_OPTION_BYTES = 2
SFI_SIM_PROBE_PACKET = 0x200
SFI_SIM_RAM = 5
SFI_SIM_READABLE = 1
SFI_SIM_REMOTE = 1
SFI_SIM_WRITABLE = 2
SFI_STREAM_RTT_MAX = 0xea60
SFI_TARGET_EMPTY = 2
SFI_TARGET_OPEN = 1
SFI_TARGET_PROGRAMMED = 3
SFI_TARGET_RUNNING = 4
SFI_TARGET_SECURE = 5
SFI_VERSION_NUMBER = 0x1000000


class sfi_allocator(Structure):
    """The caller's memory functions. Any thread that releases a handle
    calls `free`, also while another one is in `alloc` or `free`."""


class sfi_audit_head(Structure):
    """The head of an audit log (the same for all records), and its end."""


class sfi_audit_record(Structure):
    """One record."""


class sfi_audit_summary(Structure):
    """What an audit log proves."""


class sfi_audit_total(Structure):
    """What the audit logs of an HSM and of its leases prove together."""


class sfi_board(Structure):
    """A board.

    The texts are "" where nothing is known; they belong to the boards, and
    are valid until the next change or sfi_boards_free()."""


class sfi_card_event(Structure):
    """An event of sfi_card_serve()."""


class sfi_chip_definition(Structure):
    """A part: what its reference manual and AN2606 say of it."""


class sfi_chip_field(Structure):
    """A field of a row. Never grows."""


class sfi_chip_memory_range(Structure):
    """A memory beside the flash and the option bytes. Never grows."""


class sfi_chip_row(Structure):
    """One row of the option-byte CSV. Never grows."""


class sfi_comparison(Structure):
    """How much differs between two files."""


class sfi_connect_options(Structure):
    """How to find a chip, and which security extension it speaks."""


class sfi_ctx_options(Structure):
    """Options of a context. All zero, but for struct_size: the defaults."""


class sfi_dap_ops(Structure):
    """A link to the chip's memory, such as a debug probe (JTAG, SWD)."""


class sfi_describe_options(Structure):
    """What may be known beside the file; each member may be NULL or 0."""


class sfi_device_port(Structure):
    """The functions of a part that the core needs.

    All up to `reboot` are required. `digest` and `sign` are there both or
    neither: a part without them gives no receipts, and its table may end
    with `reboot` (struct_size). `user` comes first, as given to
    sfi_device_init(). An int is 0 for success, else failure; a function
    that failed may be called again. Addresses are those of the part's
    memory map, lengths are in bytes, and both are checked before the call.
    Unknown members behind these must be zero."""


class sfi_dialect_info(Structure):
    """The state of a secure bootloader."""


class sfi_dialect_link(Structure):
    """The bootloader that was found, and its link."""


class sfi_dialect_ops(Structure):
    """A security extension.

    Each function receives the table's `user` and the target. It returns
    SFI_OK, or a status after it has reported the reason with
    sfi_ctx_report(). With the target it may call only the functions of this
    header; any other function fails with SFI_ERR_STATE. It returns
    unchanged what a function of this header returned.

    A refusal by the chip is SFI_ERR_DEVICE, with a peer code: the
    SFI_CAUSE_* of sfi/device.h that means the same, else a number of the
    dialect's own from 0x100 on. libsfi acts on two of them:
    SFI_CAUSE_STATE, the refusal of a chip that has restarted, and
    SFI_CAUSE_INTERRUPTED in the `info` of such a chip. SFI_ERR_TIMEOUT,
    SFI_ERR_PROTOCOL and SFI_ERR_NACK leave open what the chip has done:
    libsfi connects again and asks `info`.

    All functions but `session` and `receipt` are required."""


class sfi_fact(Structure):
    """One fact about a file or a chip. Pointers are valid during the call
    that receives the fact; group, name and label are static.

    A fact with an item belongs to an entry of a list, such as an area of an
    image. Those of one entry follow one another, and so do the entries."""


class sfi_finding(Structure):
    """One finding. Texts are in English and valid during the call that
    receives the finding; rule, source and remedy are static."""


class sfi_firmware_difference(Structure):
    """Consecutive bytes that differ."""


class sfi_firmware_left_out(Structure):
    """Consecutive bytes that were left out."""


class sfi_firmware_options(Structure):
    """How to read a firmware file."""


class sfi_firmware_range(Structure):
    """Addresses from first to last, both included."""


class sfi_firmware_save_options(Structure):
    """How to write a firmware file. All zero: the defaults."""


class sfi_firmware_selection(Structure):
    """Which bytes of a firmware to keep: those in one of the ranges `only`,
    in none of `exclude`, and in the flash of a part. All zero keeps all."""


class sfi_hsm_info(Structure):
    """Information about an HSM that needs no PIN."""


class sfi_hsm_known(Structure):
    """Why an HSM is accepted that lacks a record which a station has seen."""


class sfi_hsm_lock(Structure):
    """A lock of the caller's, around an HSM that several contexts share."""


class sfi_hsm_opener(Structure):
    """How an HSM is opened late: sfi_hsm_open_late()."""


class sfi_hsm_ops(Structure):
    """A custom HSM, such as another vendor's module or a server.

    Each function gets the `user` of sfi_hsm_open_custom() and returns a
    status; before it returns an error it says why with sfi_ctx_report().
    Arguments were checked. A function must not call the handle that it
    serves. NULL: not supported."""


class sfi_hsm_slot(Structure):
    """A card reader."""


class sfi_image_event(Structure):
    """One event. Pointers are borrowed until the next call on the reader."""


class sfi_journal_job(Structure):
    """A job: what was done to one chip, or what was tried.

    What is NULL, "" or 0 is left out of the line, unless said otherwise.
    The caller's pointers are not kept. sfi_installer_get_job() fills it in
    for an install. Texts that are not UTF-8 are written with U+FFFD for
    what is wrong."""


class sfi_layout_area(Structure):
    """One area of a layout."""


class sfi_license_result(Structure):
    """What became of one certificate of several."""


class sfi_map_options(Structure):
    """Options of a map. All zero: the defaults."""


class sfi_option_field(Structure):
    """A field of the option bytes: named bits, the meaning of their value,
    and what it will do."""


class sfi_port_kind(Structure):
    """A kind of port that can be listed. The texts are static."""


class sfi_program_options(Structure):
    """How to program a firmware."""


class sfi_progress(Structure):
    """How far a long operation is."""


class sfi_provision_options(Structure):
    """Optional provisioning parameters."""


class sfi_receipt_info(Structure):
    """What a receipt states."""


class sfi_reconciled_device(Structure):
    """A device that was counted."""


class sfi_reconciliation_sum(Structure):
    """What audit logs and receipts tell together."""


class sfi_request(Structure):
    """One request to a secure bootloader."""


class sfi_sim_links(Structure):
    """Links of a chip to other processes; at least one."""


class sfi_sim_make_options(Structure):
    """A chip to make."""


class sfi_spi_ops(Structure):
    """An SPI master, in mode 0, most significant bit first; the chip is the
    slave (AN4286)."""


class sfi_stream_ops(Structure):
    """A link that transfers a stream of bytes: a serial port, a socket, a
    test."""


class sfi_target_contents(Structure):
    """What is in a chip."""


class sfi_target_info(Structure):
    """The chip, and the state of its install."""


class sfi_transport_found(Structure):
    """A port or device that a link can use. The texts of the device are
    visible ASCII, any other character in them became an escape; "": no such
    text."""


class sfi_usb_ops(Structure):
    """A link to the default pipe of a USB device (DFU, AN3156)."""


sfi_card_event_fn = CFUNCTYPE(None, c_void_p, POINTER(sfi_card_event))
sfi_fact_difference_fn = CFUNCTYPE(
    None,
    c_void_p,
    POINTER(sfi_fact),
    POINTER(sfi_fact),
)
sfi_fact_fn = CFUNCTYPE(None, c_void_p, POINTER(sfi_fact))
sfi_finding_fn = CFUNCTYPE(None, c_void_p, POINTER(sfi_finding))
sfi_firmware_difference_fn = CFUNCTYPE(
    None,
    c_void_p,
    POINTER(sfi_firmware_difference),
)
sfi_firmware_left_out_fn = CFUNCTYPE(
    None,
    c_void_p,
    POINTER(sfi_firmware_left_out),
)
sfi_hsm_answer_fn = CFUNCTYPE(
    None,
    c_void_p,
    c_size_t,
    c_int,
    c_uint32,
    c_void_p,
    c_size_t,
)
sfi_hsm_slot_fn = CFUNCTYPE(None, c_void_p, POINTER(sfi_hsm_slot))
sfi_license_result_fn = CFUNCTYPE(None, c_void_p, POINTER(sfi_license_result))
sfi_license_store_fn = CFUNCTYPE(None, c_void_p, c_char_p, c_int, c_void_p)
sfi_log_fn = CFUNCTYPE(None, c_void_p, c_int, c_char_p)
sfi_progress_fn = CFUNCTYPE(None, c_void_p, POINTER(sfi_progress))
sfi_transport_found_fn = CFUNCTYPE(
    None,
    c_void_p,
    POINTER(sfi_transport_found),
)
sfi_write_fn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)

sfi_allocator_alloc = CFUNCTYPE(c_void_p, c_void_p, c_size_t)
sfi_allocator_free = CFUNCTYPE(None, c_void_p, c_void_p)
sfi_allocator._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("user", c_void_p),
    ("alloc", sfi_allocator_alloc),
    ("free", sfi_allocator_free),
]

sfi_audit_head._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("maximum", c_uint64),
    ("low_water", c_uint64),
    ("remaining", c_uint64),
    ("sequence", c_uint64),
    ("firmware_id", c_char * 64),
    ("product_id", c_char * 16),
    ("serial", c_uint8 * 16),
    ("ca_public", c_uint8 * 64),
    ("genesis", c_uint8 * 32),
    ("audit_head", c_uint8 * 32),
    ("mac", c_uint8 * 32),
    ("lease", c_uint64),
    ("expires", c_uint64),
    ("parent", c_uint8 * 16),
    ("lease_record", c_uint8 * 32),
]

sfi_audit_record._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("sequence", c_uint64),
    ("time", c_uint64),
    ("remaining", c_uint64),
    ("session", c_uint32),
    ("reserved", c_uint32),
    ("device", c_uint8 * 32),
    ("license", c_uint8 * 32),
    ("previous", c_uint8 * 32),
    ("hash", c_uint8 * 32),
    ("mac", c_uint8 * 32),
    ("amount", c_uint64),
    ("detail", c_uint64),
]

sfi_audit_summary._fields_ = [
    ("struct_size", c_uint32),
    ("retired", c_uint32),
    ("records", c_uint64),
    ("licensed", c_uint64),
    ("remaining", c_uint64),
    ("maximum", c_uint64),
    ("first_time", c_uint64),
    ("last_time", c_uint64),
    ("set_back", c_uint64),
    ("firmware_id", c_char * 64),
    ("product_id", c_char * 16),
    ("serial", c_char * 40),
    ("leased", c_uint64),
    ("returned", c_uint64),
    ("given_up", c_uint64),
]

sfi_audit_total._fields_ = [
    ("struct_size", c_uint32),
    ("logs", c_uint32),
    ("maximum", c_uint64),
    ("licensed", c_uint64),
    ("remaining", c_uint64),
    ("outstanding", c_uint64),
    ("spent", c_uint64),
    ("given_up", c_uint64),
    ("leases", c_uint64),
    ("missing", c_uint64),
    ("firmware_id", c_char * 64),
    ("serial", c_char * 40),
]

sfi_board._fields_ = [
    ("struct_size", c_uint32),
    ("state", c_uint32),
    ("number", c_uint64),
    ("begun", c_uint64),
    ("ended", c_uint64),
    ("milliseconds", c_uint64),
    ("hsm_remaining", c_uint64),
    ("phase", c_uint32),
    ("attempts", c_uint32),
    ("image_version", c_uint32),
    ("status", c_int32),
    ("label", c_uint32),
    ("reserved", c_uint32),
    ("port", c_char_p),
    ("serial", c_char_p),
    ("device_id", c_char_p),
    ("chip", c_char_p),
    ("result", c_char_p),
    ("license", c_char_p),
    ("hsm_serial", c_char_p),
    ("error", c_char_p),
    ("receipt", c_char_p),
    ("no_receipt", c_char_p),
]

sfi_card_event._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("length", c_uint32),
    ("status_word", c_uint32),
    ("header", c_uint8 * 4),
]

sfi_chip_definition._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("name", c_char_p),
    ("device_id", c_uint32),
    ("flash_base", c_uint32),
    ("flash_size", c_uint32),
    ("bank_size", c_uint32),
    ("sector_size", c_uint32),
    ("program_unit", c_uint32),
    ("erase_ms", c_uint32),
    ("firmware_base", c_uint32),
    ("firmware_size", c_uint32),
    ("firmware_multiple", c_uint32),
    ("ram_base", c_uint32),
    ("ram_size", c_uint32),
    ("bootloader_id_at", c_uint32),
    ("flash_size_at", c_uint32),
    ("options_base", c_uint32),
    ("options_size", c_uint32),
    ("rows", POINTER(sfi_chip_row)),
    ("row_count", c_size_t),
    ("fields", POINTER(sfi_chip_field)),
    ("field_count", c_size_t),
    ("memories", POINTER(sfi_chip_memory_range)),
    ("memory_count", c_size_t),
]

sfi_chip_field._fields_ = [
    ("name", c_char_p),
    ("about", c_char_p),
    ("row", c_uint32),
    ("shift", c_uint32),
    ("width", c_uint32),
    ("reserved", c_uint32),
]

sfi_chip_memory_range._fields_ = [
    ("name", c_char_p),
    ("base", c_uint32),
    ("size", c_uint32),
    ("kind", c_uint32),
    ("reserved", c_uint32),
]

sfi_chip_row._fields_ = [
    ("name", c_char_p),
    ("shipped", c_uint32),
    ("current", c_uint32),
    ("pending", c_uint32),
    ("flags", c_uint32),
]

sfi_comparison._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("facts", c_uint64),
    ("places", c_uint64),
    ("bytes", c_uint64),
]

sfi_connect_options._fields_ = [
    ("struct_size", c_uint32),
    ("timeout_ms", c_uint32),
    ("chip", c_void_p),
    ("transport", c_void_p),
    ("dialect", POINTER(sfi_dialect_ops)),
    ("dialect_user", c_void_p),
]

sfi_ctx_options_closed = CFUNCTYPE(None, c_void_p)
sfi_ctx_options._fields_ = [
    ("struct_size", c_uint32),
    ("log_level", c_uint32),
    ("log", sfi_log_fn),
    ("log_user", c_void_p),
    ("allocator", POINTER(sfi_allocator)),
    ("closed", sfi_ctx_options_closed),
    ("closed_user", c_void_p),
]

sfi_dap_ops_read32 = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint32,
    POINTER(c_uint32),
    c_size_t,
)
sfi_dap_ops_write32 = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint32,
    POINTER(c_uint32),
    c_size_t,
)
sfi_dap_ops_reset = CFUNCTYPE(c_int, c_void_p, c_int)
sfi_dap_ops_close = CFUNCTYPE(None, c_void_p)
sfi_dap_ops._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("read32", sfi_dap_ops_read32),
    ("write32", sfi_dap_ops_write32),
    ("reset", sfi_dap_ops_reset),
    ("close", sfi_dap_ops_close),
]

sfi_describe_options._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("key", c_void_p),
    ("nonce", c_void_p),
    ("chip", c_void_p),
    ("ca", c_void_p),
    ("audit_key", c_void_p),
    ("audit_before", c_char_p),
]

sfi_device_port_flash_erase = CFUNCTYPE(c_int, c_void_p, c_uint32, c_uint32)
sfi_device_port_flash_program = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint32,
    c_void_p,
    c_uint32,
)
sfi_device_port_flash_read = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint32,
    c_void_p,
    c_uint32,
)
sfi_device_port_ob_program = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_device_port_certificate = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_device_port_open_license = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_uint32,
    c_void_p,
    c_void_p,
)
sfi_device_port_random = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_device_port_gcm_start = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_void_p,
    c_void_p,
    c_uint32,
)
sfi_device_port_gcm_update = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_device_port_gcm_verify = CFUNCTYPE(c_int, c_void_p, c_void_p)
sfi_device_port_gcm_wipe = CFUNCTYPE(None, c_void_p)
sfi_device_port_record_load = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_device_port_record_store = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_device_port_now_ms = CFUNCTYPE(c_uint64, c_void_p)
sfi_device_port_reboot = CFUNCTYPE(None, c_void_p)
sfi_device_port_digest = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_uint32,
    c_void_p,
)
sfi_device_port_sign = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
sfi_device_port._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("flash_erase", sfi_device_port_flash_erase),
    ("flash_program", sfi_device_port_flash_program),
    ("flash_read", sfi_device_port_flash_read),
    ("ob_program", sfi_device_port_ob_program),
    ("certificate", sfi_device_port_certificate),
    ("open_license", sfi_device_port_open_license),
    ("random", sfi_device_port_random),
    ("gcm_start", sfi_device_port_gcm_start),
    ("gcm_update", sfi_device_port_gcm_update),
    ("gcm_verify", sfi_device_port_gcm_verify),
    ("gcm_wipe", sfi_device_port_gcm_wipe),
    ("record_load", sfi_device_port_record_load),
    ("record_store", sfi_device_port_record_store),
    ("now_ms", sfi_device_port_now_ms),
    ("reboot", sfi_device_port_reboot),
    ("digest", sfi_device_port_digest),
    ("sign", sfi_device_port_sign),
]

sfi_dialect_info._fields_ = [
    ("struct_size", c_uint32),
    ("state", c_uint32),
    ("cause", c_uint32),
    ("device_id", c_uint32),
    ("data_max", c_uint32),
    ("area_index", c_uint32),
    ("header_tag", c_uint8 * 16),
    ("flags", c_uint32),
    ("installs", c_uint32),
]

sfi_dialect_link._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("flags", c_uint32),
    ("device_id", c_uint32),
    ("bootloader_version", c_uint32),
]

sfi_dialect_ops_speaks = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    POINTER(c_uint32),
)
sfi_dialect_ops_info = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    POINTER(sfi_dialect_info),
)
sfi_dialect_ops_certificate = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_void_p,
    POINTER(c_size_t),
)
sfi_dialect_ops_session = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    POINTER(c_uint32),
)
sfi_dialect_ops_secure = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32)
sfi_dialect_ops_license = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_void_p,
    c_size_t,
)
sfi_dialect_ops_header = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_void_p,
    c_size_t,
)
sfi_dialect_ops_area = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_size_t)
sfi_dialect_ops_data = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_uint32,
    c_void_p,
    c_size_t,
)
sfi_dialect_ops_finish = CFUNCTYPE(c_int, c_void_p, c_void_p)
sfi_dialect_ops_abort = CFUNCTYPE(c_int, c_void_p, c_void_p)
sfi_dialect_ops_receipt = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_void_p,
    POINTER(c_size_t),
)
sfi_dialect_ops._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("speaks", sfi_dialect_ops_speaks),
    ("info", sfi_dialect_ops_info),
    ("certificate", sfi_dialect_ops_certificate),
    ("session", sfi_dialect_ops_session),
    ("secure", sfi_dialect_ops_secure),
    ("license", sfi_dialect_ops_license),
    ("header", sfi_dialect_ops_header),
    ("area", sfi_dialect_ops_area),
    ("data", sfi_dialect_ops_data),
    ("finish", sfi_dialect_ops_finish),
    ("abort", sfi_dialect_ops_abort),
    ("receipt", sfi_dialect_ops_receipt),
]

sfi_fact._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("group", c_char_p),
    ("item", c_uint32),
    ("reserved", c_uint32),
    ("name", c_char_p),
    ("label", c_char_p),
    ("text", c_char_p),
    ("number", c_uint64),
    ("data", c_void_p),
    ("len", c_size_t),
]

sfi_finding._fields_ = [
    ("struct_size", c_uint32),
    ("severity", c_uint32),
    ("status", c_int),
    ("area", c_uint32),
    ("address", c_uint64),
    ("size", c_uint64),
    ("rule", c_char_p),
    ("message", c_char_p),
    ("source", c_char_p),
    ("remedy", c_char_p),
    ("row", c_char_p),
    ("field", c_char_p),
    ("file", c_char_p),
    ("segment", c_uint32),
    ("reserved", c_uint32),
    ("reserved_pointer", c_void_p),
]

sfi_firmware_difference._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("address", c_uint64),
    ("size", c_uint64),
    ("first", c_uint8),
    ("second", c_uint8),
    ("reserved", c_uint8 * 6),
]

sfi_firmware_left_out._fields_ = [
    ("struct_size", c_uint32),
    ("reason", c_uint32),
    ("address", c_uint64),
    ("size", c_uint64),
    ("memory", c_char_p),
    ("segment", c_uint32),
    ("reserved", c_uint32),
    ("reserved_pointer", c_void_p),
]

sfi_firmware_options._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("format", c_char_p),
    ("base_address", c_uint64),
    ("skip_sections", POINTER(c_char_p)),
    ("skip_section_count", c_size_t),
]

sfi_firmware_range._fields_ = [
    ("first", c_uint64),
    ("last", c_uint64),
]

sfi_firmware_save_options._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("format", c_char_p),
    ("fill", c_uint32),
    ("reserved", c_uint32),
]

sfi_firmware_selection._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("only", POINTER(sfi_firmware_range)),
    ("only_count", c_size_t),
    ("exclude", POINTER(sfi_firmware_range)),
    ("exclude_count", c_size_t),
    ("flash_of", c_void_p),
]

sfi_hsm_info._fields_ = [
    ("struct_size", c_uint32),
    ("state", c_uint32),
    ("remaining", c_uint64),
    ("maximum", c_uint64),
    ("firmware_id", c_char * 64),
    ("product_id", c_char * 16),
    ("pin_tries_left", c_uint32),
    ("flags", c_uint32),
    ("low_water", c_uint64),
    ("records", c_uint64),
    ("serial", c_char * 40),
]

sfi_hsm_known._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("sequence", c_uint64),
    ("lost", c_uint64),
]

sfi_hsm_lock_lock = CFUNCTYPE(c_int, c_void_p)
sfi_hsm_lock_unlock = CFUNCTYPE(None, c_void_p)
sfi_hsm_lock_close = CFUNCTYPE(None, c_void_p)
sfi_hsm_lock._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("lock", sfi_hsm_lock_lock),
    ("unlock", sfi_hsm_lock_unlock),
    ("close", sfi_hsm_lock_close),
]

sfi_hsm_opener_open = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_void_p))
sfi_hsm_opener_login = CFUNCTYPE(c_int, c_void_p, c_void_p)
sfi_hsm_opener_close = CFUNCTYPE(None, c_void_p)
sfi_hsm_opener._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("open", sfi_hsm_opener_open),
    ("login", sfi_hsm_opener_login),
    ("close", sfi_hsm_opener_close),
]

sfi_hsm_ops_info = CFUNCTYPE(c_int, c_void_p, POINTER(sfi_hsm_info))
sfi_hsm_ops_login = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
sfi_hsm_ops_provision = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    c_void_p,
    c_size_t,
    c_char_p,
    c_uint64,
    c_void_p,
    c_size_t,
    POINTER(sfi_provision_options),
)
sfi_hsm_ops_license = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    c_uint32,
    c_void_p,
    POINTER(c_size_t),
)
sfi_hsm_ops_close = CFUNCTYPE(None, c_void_p)
sfi_hsm_ops_change_pin = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    c_void_p,
    c_size_t,
)
sfi_hsm_ops_retire = CFUNCTYPE(c_int, c_void_p)
sfi_hsm_ops_audit_head = CFUNCTYPE(c_int, c_void_p, POINTER(sfi_audit_head))
sfi_hsm_ops_audit_record = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint64,
    POINTER(sfi_audit_record),
)
sfi_hsm_ops_verify_audit = CFUNCTYPE(c_int, c_void_p)
sfi_hsm_ops_check_image = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
sfi_hsm_ops_licenses = CFUNCTYPE(
    c_int,
    c_void_p,
    POINTER(c_void_p),
    c_size_t,
    POINTER(c_uint32),
    c_size_t,
    sfi_hsm_answer_fn,
    c_void_p,
)
sfi_hsm_ops_hold = CFUNCTYPE(c_int, c_void_p, c_uint32)
sfi_hsm_ops_lease = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    c_uint64,
    c_uint64,
    c_void_p,
    POINTER(c_size_t),
)
sfi_hsm_ops_provision_lease = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    c_void_p,
    c_size_t,
)
sfi_hsm_ops_end_lease = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_size_t))
sfi_hsm_ops_return_lease = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    POINTER(c_uint64),
)
sfi_hsm_ops_check_known = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint64,
    c_void_p,
    c_size_t,
    POINTER(sfi_hsm_known),
)
sfi_hsm_ops_declare_restored = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint64,
    c_void_p,
    c_size_t,
    c_uint64,
)
sfi_hsm_ops._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("info", sfi_hsm_ops_info),
    ("login", sfi_hsm_ops_login),
    ("provision", sfi_hsm_ops_provision),
    ("license", sfi_hsm_ops_license),
    ("close", sfi_hsm_ops_close),
    ("change_pin", sfi_hsm_ops_change_pin),
    ("retire", sfi_hsm_ops_retire),
    ("audit_head", sfi_hsm_ops_audit_head),
    ("audit_record", sfi_hsm_ops_audit_record),
    ("verify_audit", sfi_hsm_ops_verify_audit),
    ("check_image", sfi_hsm_ops_check_image),
    ("licenses", sfi_hsm_ops_licenses),
    ("hold", sfi_hsm_ops_hold),
    ("lease", sfi_hsm_ops_lease),
    ("provision_lease", sfi_hsm_ops_provision_lease),
    ("end_lease", sfi_hsm_ops_end_lease),
    ("return_lease", sfi_hsm_ops_return_lease),
    ("check_known", sfi_hsm_ops_check_known),
    ("declare_restored", sfi_hsm_ops_declare_restored),
]

sfi_hsm_slot._fields_ = [
    ("struct_size", c_uint32),
    ("number", c_uint32),
    ("present", c_uint32),
    ("reserved", c_uint32),
    ("name", c_char * 128),
]

sfi_image_event._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("area_index", c_uint32),
    ("area_count", c_uint32),
    ("area_kind", c_uint32),
    ("area_size", c_uint32),
    ("version", c_uint32),
    ("reserved", c_uint32),
    ("address", c_uint64),
    ("data", c_void_p),
    ("len", c_size_t),
    ("aad", c_void_p),
    ("aad_len", c_size_t),
    ("tag", c_void_p),
    ("tag_len", c_size_t),
]

sfi_journal_job._fields_ = [
    ("struct_size", c_uint32),
    ("image_version", c_uint32),
    ("milliseconds", c_uint64),
    ("hsm_remaining", c_uint64),
    ("hsm_low_water", c_uint64),
    ("result", c_char_p),
    ("phase", c_char_p),
    ("image", c_char_p),
    ("image_tag", c_void_p),
    ("protocol", c_char_p),
    ("files", POINTER(c_char_p)),
    ("file_count", c_size_t),
    ("port", c_char_p),
    ("chip", c_char_p),
    ("device_id", c_char_p),
    ("board_serial", c_char_p),
    ("license", c_char_p),
    ("hsm_serial", c_char_p),
    ("hsm_firmware_id", c_char_p),
    ("error", c_void_p),
    ("more", c_char_p),
    ("receipt", c_void_p),
    ("no_receipt", c_char_p),
]

sfi_layout_area._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("address", c_uint64),
    ("size", c_uint64),
    ("file", c_char_p),
    ("segment", c_uint32),
    ("readable", c_uint32),
    ("reserved", c_void_p),
]

sfi_license_result._fields_ = [
    ("struct_size", c_uint32),
    ("status", c_int),
    ("count", c_uint32),
    ("stored", c_uint32),
    ("index", c_uint64),
    ("total", c_uint64),
    ("path", c_char_p),
    ("device_id", c_char_p),
    ("certificate", c_void_p),
    ("license", c_void_p),
]

sfi_map_options._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("title", c_char_p),
    ("columns", c_uint32),
    ("reserved", c_uint32),
]

sfi_option_field._fields_ = [
    ("struct_size", c_uint32),
    ("row", c_uint32),
    ("shift", c_uint32),
    ("width", c_uint32),
    ("value", c_uint32),
    ("shipped", c_uint32),
    ("name", c_char_p),
    ("about", c_char_p),
    ("text", c_char_p),
    ("effect", c_char * 192),
]

sfi_port_kind._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("kind", c_char_p),
    ("feature", c_char_p),
    ("title", c_char_p),
    ("none", c_char_p),
    ("remedy", c_char_p),
]

sfi_program_options._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
]

sfi_progress._fields_ = [
    ("struct_size", c_uint32),
    ("phase", c_uint32),
    ("done", c_uint64),
    ("total", c_uint64),
]

sfi_provision_options._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("low_water", c_uint64),
    ("audit_key", c_void_p),
    ("reserved", c_void_p),
]

sfi_receipt_info._fields_ = [
    ("struct_size", c_uint32),
    ("chip_id", c_uint32),
    ("installs", c_uint32),
    ("product_id", c_char * 12),
    ("device_id", c_char * 68),
    ("header_tag", c_uint8 * 16),
    ("areas", c_uint8 * 32),
    ("option_bytes", c_uint8 * 32),
]

sfi_reconciled_device._fields_ = [
    ("struct_size", c_uint32),
    ("installed", c_uint32),
    ("device_id", c_char * 68),
    ("reserved", c_uint32),
]

sfi_reconciliation_sum._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("counted", c_uint64),
    ("installed", c_uint64),
    ("unproven", c_uint64),
    ("receipts", c_uint64),
    ("repeated", c_uint64),
    ("foreign", c_uint64),
    ("refused", c_uint64),
]

sfi_request._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("opcode", c_uint32),
    ("timeout_ms", c_uint32),
    ("name", c_char_p),
    ("param", c_void_p),
    ("param_len", c_size_t),
    ("data", c_void_p),
    ("data_len", c_size_t),
    ("reply_got", POINTER(c_size_t)),
]

sfi_sim_links._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("usart", c_char_p),
    ("jtag", c_char_p),
]

sfi_sim_make_options._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("chip", c_void_p),
    ("bootloader", c_char_p),
    ("ca_dir", c_char_p),
    ("state_dir", c_char_p),
    ("maker", c_void_p),
]

sfi_spi_ops_select = CFUNCTYPE(c_int, c_void_p, c_int)
sfi_spi_ops_transfer = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_size_t)
sfi_spi_ops_reset = CFUNCTYPE(c_int, c_void_p, c_int)
sfi_spi_ops_close = CFUNCTYPE(None, c_void_p)
sfi_spi_ops._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("select", sfi_spi_ops_select),
    ("transfer", sfi_spi_ops_transfer),
    ("reset", sfi_spi_ops_reset),
    ("close", sfi_spi_ops_close),
]

sfi_stream_ops_read = CFUNCTYPE(
    c_int,
    c_void_p,
    c_void_p,
    c_size_t,
    POINTER(c_size_t),
    c_uint32,
)
sfi_stream_ops_write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_uint32)
sfi_stream_ops_flush = CFUNCTYPE(c_int, c_void_p)
sfi_stream_ops_reset = CFUNCTYPE(c_int, c_void_p, c_int)
sfi_stream_ops_close = CFUNCTYPE(None, c_void_p)
sfi_stream_ops_set_speed = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint32,
    POINTER(c_uint32),
    POINTER(c_uint32),
)
sfi_stream_ops._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("read", sfi_stream_ops_read),
    ("write", sfi_stream_ops_write),
    ("flush", sfi_stream_ops_flush),
    ("reset", sfi_stream_ops_reset),
    ("close", sfi_stream_ops_close),
    ("set_speed", sfi_stream_ops_set_speed),
    ("rtt_ms", c_uint32),
    ("reserved", c_uint32),
]

sfi_target_contents._fields_ = [
    ("struct_size", c_uint32),
    ("state", c_uint32),
    ("text", c_char_p),
    ("has_vectors", c_uint32),
    ("stack", c_uint32),
    ("entry", c_uint32),
    ("has_options", c_uint32),
    ("security", c_uint32),
    ("has_image", c_uint32),
    ("device_id", c_char * 72),
]

sfi_target_info._fields_ = [
    ("struct_size", c_uint32),
    ("device_id", c_uint32),
    ("bootloader_version", c_uint32),
    ("secure", c_uint32),
    ("device_state", c_uint32),
    ("last_cause", c_uint32),
    ("area_index", c_uint32),
    ("bootloader_id", c_uint32),
    ("header_tag", c_uint8 * 16),
    ("bootloader_name", c_char_p),
    ("bootloader_limits", c_char_p),
    ("flash_size", c_uint32),
    ("readout", c_uint32),
    ("revision", c_uint32),
    ("reserved", c_uint32),
]

sfi_transport_found._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("kind", c_char * 16),
    ("uri", c_char * 288),
    ("lasting_uri", c_char * 288),
    ("product", c_char * 128),
    ("manufacturer", c_char * 128),
    ("serial", c_char * 128),
]

sfi_usb_ops_control = CFUNCTYPE(
    c_int,
    c_void_p,
    c_uint8,
    c_uint8,
    c_uint16,
    c_uint16,
    c_void_p,
    c_size_t,
    POINTER(c_size_t),
    c_uint32,
)
sfi_usb_ops_reopen = CFUNCTYPE(c_int, c_void_p, c_uint32)
sfi_usb_ops_reset = CFUNCTYPE(c_int, c_void_p, c_int)
sfi_usb_ops_close = CFUNCTYPE(None, c_void_p)
sfi_usb_ops._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("control", sfi_usb_ops_control),
    ("reopen", sfi_usb_ops_reopen),
    ("reset", sfi_usb_ops_reset),
    ("close", sfi_usb_ops_close),
]

PROTOTYPES: Dict[str, Tuple[Any, List[Any]]] = {
    "sfi_audit_key_create": (c_int, [c_void_p, c_char_p]),
    "sfi_audit_key_generate": (c_int, [c_void_p, c_void_p]),
    "sfi_audit_key_load": (c_int, [c_void_p, c_char_p, c_void_p]),
    "sfi_audit_reader_free": (None, [c_void_p]),
    "sfi_audit_reader_get_head": (c_int, [c_void_p, POINTER(sfi_audit_head)]),
    "sfi_audit_reader_next": (c_int, [
        c_void_p,
        POINTER(sfi_audit_record),
        POINTER(c_int),
    ]),
    "sfi_audit_reader_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_audit_reader_open_data": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_audit_verify": (c_int, [
        c_void_p,
        c_char_p,
        c_void_p,
        c_size_t,
        c_char_p,
        POINTER(sfi_audit_summary),
    ]),
    "sfi_audit_verify_all": (c_int, [
        c_void_p,
        POINTER(c_char_p),
        c_size_t,
        c_void_p,
        c_size_t,
        POINTER(sfi_audit_total),
    ]),
    "sfi_audit_verify_data": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        c_size_t,
        c_void_p,
        c_size_t,
        POINTER(sfi_audit_summary),
    ]),
    "sfi_board_advice": (c_char_p, [POINTER(sfi_board)]),
    "sfi_boards_begin": (c_int, [
        c_void_p,
        c_uint64,
        c_char_p,
        c_char_p,
        POINTER(c_uint64),
    ]),
    "sfi_boards_check_fact": (c_int, [c_void_p, c_char_p, c_char_p]),
    "sfi_boards_check_file": (c_int, [c_void_p, c_char_p, c_char_p]),
    "sfi_boards_count": (c_uint64, [c_void_p]),
    "sfi_boards_end": (c_int, [c_void_p, c_uint64, POINTER(sfi_journal_job)]),
    "sfi_boards_enter": (c_int, [c_void_p, c_uint64, c_uint32, c_char_p]),
    "sfi_boards_find": (c_uint64, [c_void_p, c_uint32, c_char_p]),
    "sfi_boards_free": (None, [c_void_p]),
    "sfi_boards_get": (c_int, [c_void_p, c_uint64, POINTER(sfi_board)]),
    "sfi_boards_label": (c_int, [c_void_p, c_uint64, c_int]),
    "sfi_boards_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_cause_at": (c_int32, [c_size_t]),
    "sfi_cause_name": (c_char_p, [c_int32]),
    "sfi_cause_str": (c_char_p, [c_int32]),
    "sfi_certificate_data": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_certificate_device_id": (c_char_p, [c_void_p]),
    "sfi_certificate_free": (None, [c_void_p]),
    "sfi_certificate_load": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_certificate_parse": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_certificate_product_id": (c_char_p, [c_void_p]),
    "sfi_certificate_public_key": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_certificate_save": (c_int, [c_void_p, c_char_p]),
    "sfi_certificate_verify": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_chip_at": (c_void_p, [c_size_t]),
    "sfi_chip_define": (c_int, [
        c_void_p,
        POINTER(sfi_chip_definition),
        POINTER(c_void_p),
    ]),
    "sfi_chip_device_id": (c_uint32, [c_void_p]),
    "sfi_chip_erase_ms": (c_uint32, [c_void_p]),
    "sfi_chip_find": (c_void_p, [c_char_p]),
    "sfi_chip_find_id": (c_void_p, [c_uint32]),
    "sfi_chip_flash_base": (c_uint64, [c_void_p]),
    "sfi_chip_flash_size": (c_uint64, [c_void_p]),
    "sfi_chip_interface": (c_char_p, [c_void_p, c_size_t]),
    "sfi_chip_memory": (c_char_p, [c_void_p, c_uint64]),
    "sfi_chip_name": (c_char_p, [c_void_p]),
    "sfi_chip_option_byte": (c_char_p, [c_void_p, c_size_t]),
    "sfi_chip_product_id": (c_char_p, [c_void_p]),
    "sfi_chip_program_unit": (c_uint32, [c_void_p]),
    "sfi_chip_sector_size": (c_uint32, [c_void_p]),
    "sfi_ctx_cancel": (None, [c_void_p, c_int]),
    "sfi_ctx_check_output": (c_int, [c_void_p, c_char_p, c_uint32, c_uint32]),
    "sfi_ctx_check_path": (c_int, [c_void_p, c_char_p]),
    "sfi_ctx_error": (c_void_p, [c_void_p]),
    "sfi_ctx_file_kind": (c_int, [c_void_p, c_char_p, POINTER(c_uint32)]),
    "sfi_ctx_free": (None, [c_void_p]),
    "sfi_ctx_new": (c_int, [POINTER(sfi_ctx_options), POINTER(c_void_p)]),
    "sfi_ctx_of": (c_void_p, [c_void_p]),
    "sfi_ctx_report": (None, [c_void_p, c_int, c_int32, c_char_p]),
    "sfi_ctx_save_output": (c_int, [
        c_void_p,
        c_char_p,
        c_uint32,
        c_uint32,
        c_void_p,
        c_size_t,
    ]),
    "sfi_ctx_set_log": (None, [c_void_p, c_uint32, sfi_log_fn, c_void_p]),
    "sfi_ctx_set_progress": (None, [c_void_p, sfi_progress_fn, c_void_p]),
    "sfi_describe_file": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(sfi_describe_options),
        sfi_fact_fn,
        c_void_p,
    ]),
    "sfi_description_at": (POINTER(sfi_fact), [c_void_p, c_size_t]),
    "sfi_description_compare": (c_int, [
        c_void_p,
        c_void_p,
        sfi_fact_difference_fn,
        sfi_firmware_difference_fn,
        c_void_p,
        POINTER(sfi_comparison),
    ]),
    "sfi_description_compare_json": (c_int, [
        c_void_p,
        c_void_p,
        sfi_write_fn,
        c_void_p,
        POINTER(sfi_comparison),
    ]),
    "sfi_description_compare_text": (c_int, [
        c_void_p,
        c_void_p,
        sfi_write_fn,
        c_void_p,
        POINTER(sfi_comparison),
    ]),
    "sfi_description_find": (POINTER(sfi_fact), [
        c_void_p,
        c_char_p,
        c_uint32,
        c_char_p,
    ]),
    "sfi_description_firmware": (c_int, [
        c_void_p,
        c_uint32,
        POINTER(c_void_p),
    ]),
    "sfi_description_free": (None, [c_void_p]),
    "sfi_description_json": (c_int, [c_void_p, sfi_write_fn, c_void_p]),
    "sfi_description_layout": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "sfi_description_new": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_description_read": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(sfi_describe_options),
    ]),
    "sfi_description_text": (c_int, [
        c_void_p,
        c_char_p,
        sfi_write_fn,
        c_void_p,
    ]),
    "sfi_dialect_download": (c_int, [
        c_void_p,
        c_uint32,
        c_void_p,
        c_size_t,
        c_uint32,
        POINTER(c_uint32),
    ]),
    "sfi_dialect_get_link": (c_int, [c_void_p, POINTER(sfi_dialect_link)]),
    "sfi_dialect_get_own": (c_int, [POINTER(sfi_dialect_ops)]),
    "sfi_dialect_read": (c_int, [c_void_p, c_uint64, c_void_p, c_size_t]),
    "sfi_dialect_request": (c_int, [
        c_void_p,
        POINTER(sfi_request),
        c_void_p,
        c_size_t,
        POINTER(c_uint32),
    ]),
    "sfi_dialect_reset": (c_int, [c_void_p, c_uint32]),
    "sfi_dialect_upload": (c_int, [
        c_void_p,
        c_uint32,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_dialect_wait": (c_int, [c_void_p, c_uint32]),
    "sfi_dialect_write": (c_int, [c_void_p, c_uint64, c_void_p, c_size_t]),
    "sfi_error_message": (c_char_p, [c_void_p]),
    "sfi_error_os_code": (c_int32, [c_void_p]),
    "sfi_error_peer_code": (c_int32, [c_void_p]),
    "sfi_error_status": (c_int, [c_void_p]),
    "sfi_error_where": (c_char_p, [c_void_p]),
    "sfi_feature_at": (c_char_p, [c_size_t]),
    "sfi_file_kind_name": (c_char_p, [c_uint32]),
    "sfi_firmware_compare": (c_int, [
        c_void_p,
        c_void_p,
        sfi_firmware_difference_fn,
        c_void_p,
        POINTER(c_uint64),
    ]),
    "sfi_firmware_format": (c_char_p, [c_void_p]),
    "sfi_firmware_format_by_name": (c_char_p, [c_char_p]),
    "sfi_firmware_free": (None, [c_void_p]),
    "sfi_firmware_load": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_firmware_load_binary": (c_int, [
        c_void_p,
        c_char_p,
        c_uint64,
        POINTER(c_void_p),
    ]),
    "sfi_firmware_load_with": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(sfi_firmware_options),
        POINTER(c_void_p),
    ]),
    "sfi_firmware_machine": (c_uint32, [c_void_p]),
    "sfi_firmware_name": (c_char_p, [c_void_p]),
    "sfi_firmware_parse": (c_int, [
        c_void_p,
        c_char_p,
        c_uint64,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_firmware_patch": (c_int, [
        c_void_p,
        c_uint64,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_firmware_save": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(sfi_firmware_save_options),
    ]),
    "sfi_firmware_segment": (c_int, [
        c_void_p,
        c_size_t,
        POINTER(c_uint64),
        POINTER(c_void_p),
        POINTER(c_size_t),
    ]),
    "sfi_firmware_segment_count": (c_size_t, [c_void_p]),
    "sfi_firmware_select": (c_int, [
        c_void_p,
        POINTER(sfi_firmware_selection),
        sfi_firmware_left_out_fn,
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_has_feature": (c_int, [c_char_p]),
    "sfi_hsm_change_pin": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        c_size_t,
    ]),
    "sfi_hsm_check_image": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_hsm_check_image_file": (c_int, [c_void_p, c_char_p]),
    "sfi_hsm_check_known": (c_int, [
        c_void_p,
        c_uint64,
        c_void_p,
        POINTER(sfi_hsm_known),
    ]),
    "sfi_hsm_check_provision": (c_int, [
        c_void_p,
        c_size_t,
        c_char_p,
        c_uint64,
        POINTER(sfi_provision_options),
    ]),
    "sfi_hsm_declare_restored": (c_int, [
        c_void_p,
        c_uint64,
        c_void_p,
        c_uint64,
    ]),
    "sfi_hsm_end_lease": (c_int, [c_void_p, c_void_p, POINTER(c_size_t)]),
    "sfi_hsm_export_audit": (c_int, [c_void_p, c_char_p]),
    "sfi_hsm_free": (None, [c_void_p]),
    "sfi_hsm_generate_license": (c_int, [
        c_void_p,
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_hsm_generate_licenses": (c_int, [
        c_void_p,
        POINTER(c_void_p),
        POINTER(c_uint32),
        c_size_t,
        POINTER(c_void_p),
        sfi_license_result_fn,
        c_void_p,
    ]),
    "sfi_hsm_generate_live_license": (c_int, [
        c_void_p,
        c_void_p,
        c_uint32,
        POINTER(c_void_p),
    ]),
    "sfi_hsm_get_audit_head": (c_int, [c_void_p, POINTER(sfi_audit_head)]),
    "sfi_hsm_get_audit_record": (c_int, [
        c_void_p,
        c_uint64,
        POINTER(sfi_audit_record),
    ]),
    "sfi_hsm_get_info": (c_int, [c_void_p, POINTER(sfi_hsm_info)]),
    "sfi_hsm_hold": (c_int, [c_void_p, c_uint32]),
    "sfi_hsm_lease": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_uint64,
        c_uint64,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_hsm_list": (c_int, [c_void_p, sfi_hsm_slot_fn, c_void_p]),
    "sfi_hsm_login": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_hsm_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_hsm_open_custom": (c_int, [
        c_void_p,
        POINTER(sfi_hsm_ops),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_hsm_open_late": (c_int, [
        c_void_p,
        POINTER(sfi_hsm_opener),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_hsm_provision": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        c_size_t,
        c_char_p,
        c_uint64,
        c_void_p,
        POINTER(sfi_provision_options),
    ]),
    "sfi_hsm_provision_lease": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        c_size_t,
    ]),
    "sfi_hsm_retire": (c_int, [c_void_p]),
    "sfi_hsm_return_lease": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_uint64),
    ]),
    "sfi_hsm_share": (c_int, [
        c_void_p,
        c_void_p,
        POINTER(sfi_hsm_lock),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_hsm_state_name": (c_char_p, [c_uint32]),
    "sfi_hsm_verify_audit": (c_int, [c_void_p]),
    "sfi_hsm_write_audit": (c_int, [c_void_p, sfi_write_fn, c_void_p]),
    "sfi_image_builder_add_firmware": (c_int, [c_void_p, c_void_p]),
    "sfi_image_builder_add_module": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_image_builder_add_module_file": (c_int, [c_void_p, c_char_p]),
    "sfi_image_builder_check": (c_int, [c_void_p, sfi_finding_fn, c_void_p]),
    "sfi_image_builder_free": (None, [c_void_p]),
    "sfi_image_builder_layout": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_image_builder_new": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "sfi_image_builder_save": (c_int, [c_void_p, c_char_p]),
    "sfi_image_builder_set_fill": (c_int, [c_void_p, c_uint32]),
    "sfi_image_builder_set_key": (c_int, [c_void_p, c_void_p]),
    "sfi_image_builder_set_merge_gap": (c_int, [c_void_p, c_uint64]),
    "sfi_image_builder_set_nonce": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_image_builder_set_option_bytes": (c_int, [c_void_p, c_void_p]),
    "sfi_image_builder_set_padding": (c_int, [c_void_p, c_uint32]),
    "sfi_image_builder_set_register": (c_int, [c_void_p, c_char_p, c_uint32]),
    "sfi_image_builder_set_version": (c_int, [c_void_p, c_uint32]),
    "sfi_image_builder_write": (c_int, [c_void_p, sfi_write_fn, c_void_p]),
    "sfi_image_check": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        c_size_t,
        sfi_finding_fn,
        c_void_p,
    ]),
    "sfi_image_firmware": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        c_void_p,
        c_uint32,
        POINTER(c_void_p),
    ]),
    "sfi_image_layout": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_image_reader_feed": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_image_reader_finish": (c_int, [c_void_p]),
    "sfi_image_reader_free": (None, [c_void_p]),
    "sfi_image_reader_new": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_image_reader_next": (c_int, [c_void_p, POINTER(sfi_image_event)]),
    "sfi_image_reader_push": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_size_t),
    ]),
    "sfi_installer_cancel": (None, [c_void_p]),
    "sfi_installer_certificate": (c_void_p, [c_void_p]),
    "sfi_installer_chip": (c_void_p, [c_void_p]),
    "sfi_installer_free": (None, [c_void_p]),
    "sfi_installer_get_job": (c_int, [c_void_p, POINTER(sfi_journal_job)]),
    "sfi_installer_license": (c_void_p, [c_void_p]),
    "sfi_installer_new": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "sfi_installer_no_receipt": (c_char_p, [c_void_p]),
    "sfi_installer_receipt": (c_void_p, [c_void_p]),
    "sfi_installer_run": (c_int, [c_void_p]),
    "sfi_installer_set_dialect": (c_int, [
        c_void_p,
        POINTER(sfi_dialect_ops),
        c_void_p,
    ]),
    "sfi_installer_set_erase": (c_int, [c_void_p, c_int]),
    "sfi_installer_set_hsm": (c_int, [c_void_p, c_void_p]),
    "sfi_installer_set_image": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_installer_set_image_file": (c_int, [c_void_p, c_char_p]),
    "sfi_installer_set_license": (c_int, [c_void_p, c_void_p]),
    "sfi_installer_set_license_path": (c_int, [c_void_p, c_char_p, c_int]),
    "sfi_installer_set_license_store": (c_int, [c_void_p, c_void_p]),
    "sfi_installer_set_progress": (c_int, [
        c_void_p,
        sfi_progress_fn,
        c_void_p,
    ]),
    "sfi_installer_set_protocol": (c_int, [c_void_p, c_uint32]),
    "sfi_installer_set_timeout": (c_int, [c_void_p, c_uint32]),
    "sfi_installer_set_transport": (c_int, [c_void_p, c_void_p]),
    "sfi_installer_step": (c_int, [c_void_p, POINTER(c_int)]),
    "sfi_journal_add": (c_int, [c_void_p, POINTER(sfi_journal_job)]),
    "sfi_journal_free": (None, [c_void_p]),
    "sfi_journal_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_key_create": (c_int, [c_void_p, c_char_p]),
    "sfi_key_free": (None, [c_void_p]),
    "sfi_key_generate": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_key_load": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_key_new": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(c_void_p)]),
    "sfi_layout_area_count": (c_size_t, [c_void_p]),
    "sfi_layout_check": (c_int, [c_void_p, sfi_finding_fn, c_void_p]),
    "sfi_layout_chip": (c_void_p, [c_void_p]),
    "sfi_layout_free": (None, [c_void_p]),
    "sfi_layout_get_area": (c_int, [
        c_void_p,
        c_size_t,
        POINTER(sfi_layout_area),
    ]),
    "sfi_layout_image_size": (c_uint64, [c_void_p]),
    "sfi_lease_request_create": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(c_void_p),
    ]),
    "sfi_lease_request_data": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_lease_request_free": (None, [c_void_p]),
    "sfi_lease_request_load": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_license_batch_add_certificate": (c_int, [c_void_p, c_void_p]),
    "sfi_license_batch_add_path": (c_int, [c_void_p, c_char_p]),
    "sfi_license_batch_cancel": (None, [c_void_p]),
    "sfi_license_batch_free": (None, [c_void_p]),
    "sfi_license_batch_new": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_license_batch_run": (c_int, [c_void_p]),
    "sfi_license_batch_set_result": (c_int, [
        c_void_p,
        sfi_license_result_fn,
        c_void_p,
    ]),
    "sfi_license_batch_step": (c_int, [c_void_p, POINTER(c_int)]),
    "sfi_license_data": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_license_free": (None, [c_void_p]),
    "sfi_license_load": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_license_parse": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_license_save": (c_int, [c_void_p, c_char_p]),
    "sfi_license_session": (c_uint32, [c_void_p]),
    "sfi_license_store_each": (c_int, [
        c_void_p,
        sfi_license_store_fn,
        c_void_p,
    ]),
    "sfi_license_store_find": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "sfi_license_store_free": (None, [c_void_p]),
    "sfi_license_store_open": (c_int, [
        c_void_p,
        c_char_p,
        c_int,
        POINTER(c_void_p),
    ]),
    "sfi_license_store_put": (c_int, [c_void_p, c_void_p, c_void_p]),
    "sfi_license_store_remove": (c_int, [c_void_p, c_char_p]),
    "sfi_license_type": (c_uint32, [c_void_p]),
    "sfi_map_svg": (c_int, [
        c_void_p,
        POINTER(sfi_map_options),
        sfi_write_fn,
        c_void_p,
    ]),
    "sfi_map_text": (c_int, [
        c_void_p,
        POINTER(sfi_map_options),
        sfi_write_fn,
        c_void_p,
    ]),
    "sfi_nonce_create": (c_int, [c_void_p, c_char_p]),
    "sfi_nonce_generate": (c_int, [c_void_p, c_void_p]),
    "sfi_nonce_load": (c_int, [c_void_p, c_char_p, c_void_p]),
    "sfi_option_bytes_chip": (c_void_p, [c_void_p]),
    "sfi_option_bytes_count": (c_size_t, [c_void_p]),
    "sfi_option_bytes_csv": (c_int, [c_void_p, c_uint32, POINTER(c_char_p)]),
    "sfi_option_bytes_field_count": (c_size_t, [c_void_p]),
    "sfi_option_bytes_free": (None, [c_void_p]),
    "sfi_option_bytes_from_words": (c_int, [
        c_void_p,
        c_void_p,
        POINTER(c_uint32),
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_option_bytes_get": (c_int, [
        c_void_p,
        c_size_t,
        POINTER(c_char_p),
        POINTER(c_uint32),
    ]),
    "sfi_option_bytes_get_field": (c_int, [
        c_void_p,
        c_size_t,
        POINTER(sfi_option_field),
    ]),
    "sfi_option_bytes_load": (c_int, [
        c_void_p,
        c_void_p,
        c_char_p,
        POINTER(c_void_p),
    ]),
    "sfi_option_bytes_new": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "sfi_option_bytes_parse": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_option_bytes_permanent": (c_char_p, [c_void_p]),
    "sfi_option_bytes_set": (c_int, [c_void_p, c_char_p, c_uint32]),
    "sfi_option_bytes_set_word": (c_int, [c_void_p, c_char_p]),
    "sfi_personalization_ca_public_key": (c_void_p, [
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_personalization_data": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_personalization_free": (None, [c_void_p]),
    "sfi_personalization_load": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(c_void_p),
    ]),
    "sfi_personalization_parse": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_personalization_product_id": (c_char_p, [c_void_p]),
    "sfi_personalization_save": (c_int, [c_void_p, c_char_p]),
    "sfi_phase_name": (c_char_p, [c_uint32]),
    "sfi_port_kind_at": (POINTER(sfi_port_kind), [c_size_t]),
    "sfi_receipt_certificate": (c_void_p, [c_void_p]),
    "sfi_receipt_check_image": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_receipt_check_image_file": (c_int, [c_void_p, c_char_p]),
    "sfi_receipt_check_install": (c_int, [c_void_p, c_uint32]),
    "sfi_receipt_check_option_bytes": (c_int, [c_void_p, c_void_p]),
    "sfi_receipt_data": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_receipt_free": (None, [c_void_p]),
    "sfi_receipt_get_info": (c_int, [c_void_p, POINTER(sfi_receipt_info)]),
    "sfi_receipt_load": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_receipt_parse": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_receipt_save": (c_int, [c_void_p, c_char_p]),
    "sfi_receipt_verify": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_reconciliation_add": (c_int, [c_void_p, c_void_p]),
    "sfi_reconciliation_add_file": (c_int, [c_void_p, c_char_p]),
    "sfi_reconciliation_free": (None, [c_void_p]),
    "sfi_reconciliation_get_device": (c_int, [
        c_void_p,
        c_uint64,
        POINTER(sfi_reconciled_device),
    ]),
    "sfi_reconciliation_get_sum": (c_int, [
        c_void_p,
        POINTER(sfi_reconciliation_sum),
    ]),
    "sfi_reconciliation_new": (c_int, [
        c_void_p,
        POINTER(c_char_p),
        c_size_t,
        c_void_p,
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_reconciliation_set_image_file": (c_int, [c_void_p, c_char_p]),
    "sfi_status_at": (c_int, [c_size_t]),
    "sfi_status_hint": (c_char_p, [c_int]),
    "sfi_status_name": (c_char_p, [c_int]),
    "sfi_status_str": (c_char_p, [c_int]),
    "sfi_target_activate_security": (c_int, [c_void_p]),
    "sfi_target_cancel": (None, [c_void_p, c_int]),
    "sfi_target_check_erased": (c_int, [c_void_p, c_uint64, c_uint64]),
    "sfi_target_check_write": (c_int, [c_void_p, c_uint64, c_size_t]),
    "sfi_target_chip": (c_void_p, [c_void_p]),
    "sfi_target_connect": (c_int, [
        c_void_p,
        c_void_p,
        c_void_p,
        c_uint32,
        POINTER(c_void_p),
    ]),
    "sfi_target_connect_with": (c_int, [
        c_void_p,
        POINTER(sfi_connect_options),
        POINTER(c_void_p),
    ]),
    "sfi_target_describe": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_target_erase": (c_int, [c_void_p, POINTER(c_uint32), c_size_t]),
    "sfi_target_erase_all": (c_int, [c_void_p]),
    "sfi_target_free": (None, [c_void_p]),
    "sfi_target_get_certificate": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_target_get_id": (c_int, [c_void_p, POINTER(c_uint32)]),
    "sfi_target_get_info": (c_int, [c_void_p, POINTER(sfi_target_info)]),
    "sfi_target_get_session": (c_int, [c_void_p, POINTER(c_uint32)]),
    "sfi_target_go": (c_int, [c_void_p, c_uint64]),
    "sfi_target_halt": (c_int, [c_void_p]),
    "sfi_target_inspect": (c_int, [c_void_p, POINTER(sfi_target_contents)]),
    "sfi_target_program": (c_int, [
        c_void_p,
        c_void_p,
        POINTER(sfi_program_options),
    ]),
    "sfi_target_read": (c_int, [c_void_p, c_uint64, c_void_p, c_size_t]),
    "sfi_target_read_firmware": (c_int, [
        c_void_p,
        c_uint64,
        c_uint64,
        POINTER(c_void_p),
    ]),
    "sfi_target_read_option_bytes": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_target_readout_unprotect": (c_int, [c_void_p]),
    "sfi_target_reset": (c_int, [c_void_p, c_uint32]),
    "sfi_target_send_image": (c_int, [c_void_p, c_void_p, c_size_t]),
    "sfi_target_send_license": (c_int, [c_void_p, c_void_p]),
    "sfi_target_set_progress": (c_int, [c_void_p, sfi_progress_fn, c_void_p]),
    "sfi_target_verify": (c_int, [c_void_p, c_void_p]),
    "sfi_target_write": (c_int, [c_void_p, c_uint64, c_void_p, c_size_t]),
    "sfi_target_write_option_bytes": (c_int, [c_void_p, c_void_p]),
    "sfi_text_escape": (None, [c_char_p, c_void_p, c_size_t]),
    "sfi_transport_capture": (c_int, [c_void_p, c_char_p]),
    "sfi_transport_free": (None, [c_void_p]),
    "sfi_transport_kind": (c_uint32, [c_void_p]),
    "sfi_transport_list": (c_int, [
        c_void_p,
        sfi_transport_found_fn,
        c_void_p,
    ]),
    "sfi_transport_name": (c_char_p, [c_void_p]),
    "sfi_transport_name_of_port": (c_int, [
        c_void_p,
        POINTER(c_char_p),
        c_size_t,
        c_void_p,
        c_size_t,
    ]),
    "sfi_transport_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_transport_open_dap": (c_int, [
        c_void_p,
        POINTER(sfi_dap_ops),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_transport_open_spi": (c_int, [
        c_void_p,
        POINTER(sfi_spi_ops),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_transport_open_stream": (c_int, [
        c_void_p,
        POINTER(sfi_stream_ops),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_transport_open_usb": (c_int, [
        c_void_p,
        POINTER(sfi_usb_ops),
        c_void_p,
        POINTER(c_void_p),
    ]),
    "sfi_version": (c_uint32, []),
    "sfi_version_str": (c_char_p, []),
}

SIM_PROTOTYPES: Dict[str, Tuple[Any, List[Any]]] = {
    "sfi_card_apdu": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_card_atr": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "sfi_card_free": (None, [c_void_p]),
    "sfi_card_new": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "sfi_card_reason": (c_char_p, [c_void_p]),
    "sfi_card_reset": (None, [c_void_p]),
    "sfi_card_serve": (c_int, [
        c_void_p,
        c_char_p,
        CFUNCTYPE(c_int, c_void_p),
        sfi_card_event_fn,
        c_void_p,
    ]),
    "sfi_sim_chip": (c_void_p, [c_void_p]),
    "sfi_sim_command": (c_int, [
        c_void_p,
        c_char_p,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_sim_control": (c_int, [
        c_void_p,
        c_char_p,
        c_char_p,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_sim_dump": (c_int, [c_void_p, c_uint32, c_void_p, POINTER(c_size_t)]),
    "sfi_sim_erase_flash": (c_int, [c_void_p]),
    "sfi_sim_fit_board": (c_int, [
        c_void_p,
        c_char_p,
        POINTER(c_void_p),
        c_size_t,
    ]),
    "sfi_sim_flash_ops": (c_uint64, [c_void_p]),
    "sfi_sim_free": (None, [c_void_p]),
    "sfi_sim_get_wait": (c_int, [
        c_void_p,
        c_size_t,
        POINTER(c_int),
        POINTER(c_uint32),
        POINTER(c_uint32),
    ]),
    "sfi_sim_has_power": (c_int, [c_void_p]),
    "sfi_sim_jtag_port": (c_uint32, [c_void_p]),
    "sfi_sim_make_board": (c_int, [
        c_void_p,
        POINTER(sfi_sim_make_options),
        c_char_p,
        POINTER(c_void_p),
        c_size_t,
        POINTER(c_void_p),
    ]),
    "sfi_sim_make_in_memory": (c_int, [
        c_void_p,
        POINTER(sfi_sim_make_options),
        POINTER(c_void_p),
    ]),
    "sfi_sim_manufacture": (c_int, [c_void_p, c_void_p, c_char_p, c_char_p]),
    "sfi_sim_manufacture_with": (c_int, [
        c_void_p,
        POINTER(sfi_sim_make_options),
    ]),
    "sfi_sim_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_sim_open_board": (c_int, [
        c_void_p,
        c_char_p,
        c_char_p,
        POINTER(c_void_p),
    ]),
    "sfi_sim_peek": (c_int, [
        c_void_p,
        c_char_p,
        c_uint32,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_sim_personalization": (c_int, [c_void_p, POINTER(c_void_p)]),
    "sfi_sim_poll": (c_int, [c_void_p, c_uint32]),
    "sfi_sim_power_cut_after": (None, [c_void_p, c_uint64]),
    "sfi_sim_power_on": (c_int, [c_void_p]),
    "sfi_sim_probe": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_sim_read_flash": (c_int, [c_void_p, c_uint64, c_void_p, c_size_t]),
    "sfi_sim_reset_is_due": (c_int, [c_void_p]),
    "sfi_sim_resets": (c_uint64, [c_void_p]),
    "sfi_sim_save": (c_int, [c_void_p, c_char_p, c_uint32, c_char_p]),
    "sfi_sim_serve": (c_int, [
        c_void_p,
        POINTER(sfi_sim_links),
        CFUNCTYPE(c_int, c_void_p),
        c_void_p,
    ]),
    "sfi_sim_serve_begin": (c_int, [c_void_p, POINTER(sfi_sim_links)]),
    "sfi_sim_serve_end": (None, [c_void_p]),
    "sfi_sim_set_boot0": (None, [c_void_p, c_int]),
    "sfi_sim_set_option": (c_int, [c_void_p, c_char_p, c_uint32]),
    "sfi_sim_spi": (c_int, [c_void_p, c_void_p, c_void_p, c_size_t]),
    "sfi_sim_transport": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "sfi_sim_usart": (c_int, [
        c_void_p,
        c_void_p,
        c_size_t,
        c_void_p,
        POINTER(c_size_t),
    ]),
    "sfi_sim_usb_attach": (c_int, [c_void_p]),
    "sfi_sim_usb_attached": (c_int, [c_void_p]),
    "sfi_sim_usb_control": (c_int, [
        c_void_p,
        c_uint8,
        c_uint8,
        c_uint16,
        c_uint16,
        c_void_p,
        c_size_t,
        POINTER(c_size_t),
    ]),
    "sfi_sim_version": (c_uint32, []),
    "sfi_sim_wait": (None, [c_void_p, c_uint32]),
}

# Only in libsfi-device.a, for boot loaders.
DEVICE_FUNCTIONS = (
    "sfi_device_handle",
    "sfi_device_init",
    "sfi_device_poll",
    "sfi_device_size",
    "sfi_device_spi",
    "sfi_device_state",
    "sfi_device_usart",
    "sfi_device_wipe",
)
