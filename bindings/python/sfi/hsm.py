# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""HSMs: where firmware keys live and installations are counted."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, Dict, Iterator, List, Optional, Union

from . import _abi
from ._callback import (
    during,
    has,
    closing_callback,
    on_write,
    optional,
    register,
    release,
    status_callback,
    void_callback,
)
from ._handle import (
    BytesLike,
    State,
    StrPath,
    decode,
    encode,
    encode_path,
    read_only,
    unsigned,
    wipe,
)
from .audit import AuditHead, AuditRecord, head_of, record_of
from .certificate import Certificate, Personalization
from .context import Context, chosen
from .enums import AuditKind, HsmState, Status
from .errors import InputError, LinkTimeout, UsageError
from .keys import Key
from .lease import Leasing
from .license import License
from .progress import OnProgress, watched
from .target import milliseconds

__all__ = ["CustomHsm", "Hsm", "HsmInfo", "Reader", "readers"]


@dataclasses.dataclass(frozen=True)
class HsmInfo:
    """Information about an HSM that needs no PIN."""

    #: what it can do
    state: HsmState
    #: installations left
    remaining: int
    #: installations provisioned
    maximum: int
    #: the firmware identifier, for people; empty when blank
    firmware_id: str = ""
    #: eight characters that name the part; empty when blank
    product_id: str = ""
    #: wrong PINs until it blocks; 0: it is blocked
    pin_tries_left: int = 0
    #: it issues live licences only
    live_only: bool = False
    #: a warning is given when so many or fewer remain
    low_water: int = 0
    #: records in its audit
    records: int = 0
    #: serial number, 32 hexadecimal digits; empty when blank
    serial: str = ""


def _info_of(raw: Any) -> HsmInfo:
    return HsmInfo(
        state=HsmState(raw.state), remaining=raw.remaining,
        maximum=raw.maximum, firmware_id=decode(raw.firmware_id),
        product_id=decode(raw.product_id), pin_tries_left=raw.pin_tries_left,
        live_only=bool(raw.flags & _abi.SFI_HSM_LIVE_ONLY),
        low_water=raw.low_water, records=raw.records,
        serial=decode(raw.serial))


class Hsm(Leasing):
    """An open HSM: a vault, a card, or one of the program's own::

        with sfi.Hsm.open("vault:line.vault") as hsm:
            hsm.login(pin)
            license = hsm.license(certificate)

    It counts devices, not attempts: a device that was counted gets its licence
    again without cost, and the count is on disk before the licence leaves.

    Every method can raise :class:`HsmError` when the HSM is damaged or
    misbehaves, :class:`PinError` when it wants a login, and :class:`LinkError`,
    :class:`AccessError` or :class:`MachineError` for its file, reader or token.
    """

    _FREE = "sfi_hsm_free"
    _MAKE = "Hsm.open(), Hsm.over(), Hsm.late() or Hsm.share()"

    @classmethod
    def open(cls, uri: str, *, context: Optional[Context] = None) -> "Hsm":
        """Open an HSM by name.

        :param uri: ``"vault:PATH"``, ``"vault:PATH?token=URI"``,
            ``"vault:postgresql://HOST/DATABASE?vault=NAME"``,
            ``"pcsc:READER"``, a reader's number such as ``"1"``, or a licence
            server, ``"server:https://HOST:PORT/FIRMWARE?..."``, which Ctrl-C
            does not wait for
        :raises InputError: the name has no known form
        :raises Unsupported: libsfi was built without this kind
        :raises NoDevice: no such reader, no card in it, or no such token
        """
        return cls._made(chosen(context), "sfi_hsm_open", encode(uri, "name"))

    @classmethod
    def over(cls, hsm: "CustomHsm", *,
             context: Optional[Context] = None) -> "Hsm":
        """Open an HSM of the program's own.

        It is used until the last object that uses the handle is gone; then its
        :meth:`CustomHsm.close` is called.

        :raises TypeError: not a :class:`CustomHsm`
        """
        if not isinstance(hsm, CustomHsm):
            raise TypeError(
                f"expected a CustomHsm, not {type(hsm).__name__}")
        return cls._over(chosen(context), "sfi_hsm_open_custom",
                         hsm._table(), hsm)

    @classmethod
    def late(cls, open: Callable[[], "Hsm"],
             login: Optional[Callable[["Hsm"], object]] = None, *,
             context: Optional[Context] = None) -> "Hsm":
        """An HSM that is opened at the first request to it.

        For an installer that may find a licence in its store, and then needs no
        HSM and no PIN.

        :param open: returns the HSM, in the same context, which belongs to the
            late one from then on; it is called again at the next request when
            it failed
        :param login: logs in; its failure is final, so that nobody is asked
            twice and no second try is used up.  None: no login is needed
        """
        table = _abi.sfi_hsm_opener(
            struct_size=ctypes.sizeof(_abi.sfi_hsm_opener),
            open=_late_open, close=_late_close)
        if login is not None:
            table.login = _late_login
        return cls._over(chosen(context), "sfi_hsm_open_late", table,
                         _Late(open, login))

    def share(self, context: Context) -> "Hsm":
        """Make a second handle of this HSM, in another context.

        For one HSM and several threads, each with a context and a handle of its
        own: their requests run one at a time.  Meanwhile this handle's context
        is used by these threads, too; a thread that uses it while one of them
        is in a request gets a :class:`UsageError`.

        :param context: of the thread that will use the handle
        """
        owner, state = self._owner, self._context._state
        if owner is None or state.closed:
            self._pointer  # raises ClosedError
        assert owner is not None
        lock = _Shared(state, context._state)
        table = _abi.sfi_hsm_lock(
            struct_size=ctypes.sizeof(_abi.sfi_hsm_lock),
            lock=_shared_lock, unlock=_shared_unlock, close=_shared_close)
        number = register(lock, context._state)
        try:
            return self._made(context, "sfi_hsm_share", owner.pointer,
                              ctypes.byref(table), ctypes.c_void_p(number))
        except BaseException:
            release(number)
            raise

    @classmethod
    def _over(cls, context: Context, function: str, table: Any,
              target: Any) -> "Hsm":
        number = register(target, context._state)
        try:
            return cls._made(context, function, ctypes.byref(table),
                             ctypes.c_void_p(number))
        except BaseException:
            release(number)
            raise

    def login(self, pin: BytesLike) -> None:
        """Present the PIN.

        On a blank vault this chooses the PIN that :meth:`provision` will set.
        Ten wrong ones in a row block a vault for ever.

        :param pin: 4 to 64 bytes; a buffer that can be changed, such as a
            ``bytearray``, is wiped
        :raises PinError: the wrong PIN, or a wrong length
        :raises HsmError: blocked, damaged, or rolled back to an older copy
        """
        try:
            self._call("sfi_hsm_login", *read_only(pin))
        finally:
            wipe(pin)

    def change_pin(self, pin: BytesLike, new_pin: BytesLike) -> None:
        """Change the PIN, completely or not at all; both buffers are wiped.

        :raises PinError: the wrong PIN, or a wrong length
        """
        try:
            self._call("sfi_hsm_change_pin", *read_only(pin),
                       *read_only(new_pin))
        finally:
            wipe(pin)
            wipe(new_pin)

    def info(self) -> HsmInfo:
        """Information that needs no PIN."""
        raw = _abi.sfi_hsm_info(struct_size=ctypes.sizeof(_abi.sfi_hsm_info))
        self._call_long("sfi_hsm_get_info", ctypes.byref(raw))
        return _info_of(raw)

    def check_provision(self, firmware_id: str, max_count: int, *,
                        live_only: bool = False, low_water: int = 0) -> None:
        """Check what :meth:`provision` would be given, and change nothing.

        :raises InputError: an argument is out of range
        :raises Unsupported: this HSM is provisioned elsewhere
        """
        self._call("sfi_hsm_check_provision", _abi.SFI_NONCE_LEN,
                   encode(firmware_id, "firmware id"),
                   unsigned(max_count, 64, "count"),
                   ctypes.byref(_options(live_only, low_water, None)))

    def provision(self, key: Key, nonce: BytesLike, firmware_id: str,
                  max_count: int, personalization: Personalization, *,
                  live_only: bool = False, low_water: int = 0,
                  audit_key: Optional[BytesLike] = None) -> None:
        """Give a blank HSM its firmware key, and lock it for ever.

        This cannot be undone or repeated.  A vault needs :meth:`login` first,
        which chooses its PIN.

        :param nonce: the 12 bytes that belong to the key
        :param firmware_id: 1 to 63 ASCII characters, for people
        :param max_count: how many devices may be licensed
        :param personalization: the product, and the CA to trust
        :param live_only: issue no static licences
        :param low_water: warn when so many or fewer remain; 0: a tenth
        :param audit_key: 32 bytes for the owner to keep; None: the HSM draws a
            key that it never reveals
        :raises InputError: an argument is out of range
        :raises HsmError: already provisioned
        :raises UsageError: an argument belongs to another context
        """
        secret = None
        if audit_key is not None:
            secret, length = read_only(audit_key)
            if length != _abi.SFI_AUDIT_KEY_LEN:
                raise InputError(
                    f"an audit key of {length} bytes, expected "
                    f"{_abi.SFI_AUDIT_KEY_LEN}", status=Status.RANGE)
        self._call("sfi_hsm_provision", self._use(key), *read_only(nonce),
                   encode(firmware_id, "firmware id"),
                   unsigned(max_count, 64, "count"),
                   self._use(personalization),
                   ctypes.byref(_options(live_only, low_water, secret)))

    def license(self, certificate: Certificate) -> License:
        """Get the licence that installs the firmware on one device.

        The device is counted, unless it was before.

        :raises SecurityError: the certificate is for another product, or not
            signed by the CA
        :raises CounterExhausted: no installations are left
        :raises HsmError: blank, retired, or it issues live licences only
        :raises UsageError: the certificate belongs to another context
        """
        made = License.__new__(License)
        made._make(self._context, "sfi_hsm_generate_license", self._pointer,
                   self._use(certificate), long=True)
        return made

    def live_license(self, certificate: Certificate, session: int) -> License:
        """Get a licence for one session of one device, valid once.

        :param session: of :meth:`Target.session`, not 0
        :raises Error: as :meth:`license`
        """
        if not 0 < session <= 0xffffffff:
            raise UsageError(f"{session} is not a session")
        made = License.__new__(License)
        made._make(self._context, "sfi_hsm_generate_live_license",
                   self._pointer, self._use(certificate), session, long=True)
        return made

    def check_image(self, image: Union[BytesLike, StrPath]) -> None:
        """Check that an image was built with the key and nonce of this HSM;
        nothing is counted.

        :param image: its bytes, or the first of them; or a path that is a
            ``str`` or path object
        :raises SecurityError: it was built with others
        :raises InputError: not an image
        :raises Unsupported: this HSM cannot check images
        :raises OSError: the file cannot be read
        """
        if isinstance(image, (bytes, bytearray, memoryview)):
            self._call("sfi_hsm_check_image", *read_only(image))
        else:
            self._call("sfi_hsm_check_image_file", encode_path(image))

    def hold(self, timeout: Optional[float] = None) -> bool:
        """Be the one server of this HSM, until the handle is closed.

        For two licence servers of which one stands by.  The count is exact
        without it.

        :param timeout: seconds to wait for the other one; None: not at all
        :return: whether it is held; False: by another server
        :raises Unsupported: this HSM cannot be held
        """
        try:
            self._call("sfi_hsm_hold", milliseconds(timeout))
        except LinkTimeout:
            return False
        return True

    def retire(self) -> None:
        """Write the closing record: no more licences, for ever.

        :raises HsmError: blank, or retired already
        """
        self._call("sfi_hsm_retire")

    # the audit

    def audit_head(self) -> AuditHead:
        """What all records have in common, and the end.

        :raises HsmError: blank
        :raises Unsupported: this HSM has no audit
        """
        raw = _abi.sfi_audit_head(
            struct_size=ctypes.sizeof(_abi.sfi_audit_head))
        self._call("sfi_hsm_get_audit_head", ctypes.byref(raw))
        return head_of(raw)

    def audit_record(self, sequence: int) -> AuditRecord:
        """One record.

        :param sequence: its number, from 1
        :raises InputError: there is no such record
        """
        if not 0 < sequence < 1 << 64:
            raise InputError(f"there is no record {sequence}",
                             status=Status.RANGE)
        raw = _abi.sfi_audit_record(
            struct_size=ctypes.sizeof(_abi.sfi_audit_record))
        self._call("sfi_hsm_get_audit_record", sequence, ctypes.byref(raw))
        return record_of(raw)

    def audit(self) -> Iterator[AuditRecord]:
        """All records, in order; not those that are added meanwhile."""
        for sequence in range(1, self.audit_head().sequence + 1):
            yield self.audit_record(sequence)

    def export_audit(self, path: StrPath) -> None:
        """Write the whole audit to a file, completely or not at all.

        :raises AccessError: the file may not be written; an earlier log is
            never replaced
        """
        self._call("sfi_hsm_export_audit", encode_path(path))

    def audit_bytes(self) -> bytes:
        """The whole audit as :meth:`export_audit` writes it.

        :raises HsmError: the HSM is blank or damaged
        """
        pieces: List[bytes] = []
        with during(pieces.append, self._context._state) as number:
            self._call("sfi_hsm_write_audit", on_write,
                       ctypes.c_void_p(number))
        return b"".join(pieces)

    def verify_audit(self, progress: Optional[OnProgress] = None) -> None:
        """Verify every record inside the HSM, with its own audit key.

        :param progress: told how many records are verified
        :raises HsmError: a record is missing, damaged or altered
        :raises Cancelled: by ``Context.cancel()``
        """
        with watched(self._context._state, progress):
            self._call_long("sfi_hsm_verify_audit")


def _options(live_only: bool, low_water: int, audit_key: Any) -> Any:
    options = _abi.sfi_provision_options(
        struct_size=ctypes.sizeof(_abi.sfi_provision_options),
        flags=_abi.SFI_HSM_LIVE_ONLY if live_only else 0,
        low_water=unsigned(low_water, 64, "low-water mark"))
    if audit_key is not None:
        options.audit_key = ctypes.cast(audit_key, ctypes.c_void_p)
    return options


# an HSM that is opened late

class _Late:
    def __init__(self, open: Callable[[], Hsm],
                 login: Optional[Callable[[Hsm], object]]) -> None:
        self.open = open
        self.login = login
        self.hsm: Optional[Hsm] = None


def _given(pointer: int) -> None:
    """How a handle that libsfi owns is released: by libsfi."""


@status_callback(_abi.sfi_hsm_opener_open)
def _late_open(late: _Late, context: int, out: Any) -> None:
    hsm = late.open()
    if not isinstance(hsm, Hsm):
        raise TypeError(f"expected an Hsm, not {type(hsm).__name__}")
    if hsm._context._state.pointer != context:
        raise UsageError("the Hsm belongs to another context")
    pointer, owner = hsm._pointer, hsm._owner
    assert owner is not None
    if owner.free is _given:
        raise UsageError("the Hsm was given to another late HSM")
    owner.finalizer.detach()  # the handle is libsfi's from now on
    owner.free = _given
    late.hsm = hsm
    out[0] = pointer


@status_callback(_abi.sfi_hsm_opener_login)
def _late_login(late: _Late, pointer: int) -> None:
    assert late.hsm is not None and late.login is not None
    late.login(late.hsm)


@closing_callback(_abi.sfi_hsm_opener_close)
def _late_close(late: _Late) -> None:
    if late.hsm is not None:
        late.hsm._owner = None


# an HSM that several contexts share

class _Shared:
    """The lock of a shared HSM is that of its own context."""

    def __init__(self, source: State, user: State) -> None:
        self.source = source
        self.user = user


@status_callback(_abi.sfi_hsm_lock_lock)
def _shared_lock(shared: _Shared) -> None:
    shared.source.lock.acquire()
    shared.source.depth += 1


@void_callback(_abi.sfi_hsm_lock_unlock, always=True)
def _shared_unlock(shared: _Shared) -> None:
    source, user = shared.source, shared.user
    stored, source.exception = source.exception, None
    reported, source.reported = source.reported, None
    if stored is not None:
        user.store(stored)
    if user.reported is None:
        user.reported = reported
    source.depth -= 1
    source.lock.release()


@closing_callback(_abi.sfi_hsm_lock_close)
def _shared_close(shared: _Shared) -> None:
    """Nothing to do: the lock belongs to the context."""


# an HSM of the program's own


class CustomHsm:
    """An HSM of the program's own, such as another vendor's module or a server.

    Derive from it, and open it with :meth:`Hsm.over`.  Methods that are not
    replaced are not supported.  An exception of a method comes out of the call
    that needed the HSM; an :class:`Error` gives that call its status.  A method
    must not use the :class:`Hsm` that calls it.
    """

    @optional
    def info(self) -> HsmInfo:
        """Information that needs no PIN."""
        raise NotImplementedError

    @optional
    def login(self, pin: bytearray) -> None:
        """Take the PIN; the buffer is wiped when this returns.

        :raises PinError: the wrong PIN
        """
        raise NotImplementedError

    @optional
    def change_pin(self, pin: bytearray, new_pin: bytearray) -> None:
        """Change the PIN, or keep the old one on failure."""
        raise NotImplementedError

    @optional
    def provision(self, key: bytearray, nonce: bytes, firmware_id: str,
                  max_count: int, personalization: bytes, live_only: bool,
                  low_water: int, audit_key: Optional[bytearray]) -> None:
        """Store everything, and lock for ever; the keys are wiped when this
        returns."""
        raise NotImplementedError

    @optional
    def license(self, certificate: bytes, session: int) -> bytes:
        """Issue a licence.

        :param certificate: 136 bytes
        :param session: 0 for a static licence, else a session of the device
        :return: 136 bytes
        :raises CounterExhausted: no installations are left
        """
        raise NotImplementedError

    @optional
    def hold(self, timeout: float) -> bool:
        """Be the one server until :meth:`close`; False: another one is.

        :param timeout: seconds to wait for the other one
        """
        raise NotImplementedError

    @optional
    def retire(self) -> None:
        """Write the closing record; issue no licences from now on."""
        raise NotImplementedError

    @optional
    def audit_head(self) -> AuditHead:
        """What all records have in common, and the end."""
        raise NotImplementedError

    @optional
    def audit_record(self, sequence: int) -> AuditRecord:
        """One record, from 1.

        :raises InputError: with ``status=Status.RANGE``: there is no such one
        """
        raise NotImplementedError

    @optional
    def verify_audit(self) -> None:
        """Verify every record."""
        raise NotImplementedError

    @optional
    def check_image(self, header: bytes) -> None:
        """Verify the tag of an image's header; count nothing.

        :raises SecurityError: the image was built with another key or nonce
        """
        raise NotImplementedError

    def close(self) -> None:
        """The last that used the HSM is gone.  Optional."""

    def _table(self) -> Any:
        table = _abi.sfi_hsm_ops(
            struct_size=ctypes.sizeof(_abi.sfi_hsm_ops), close=_custom_close)
        for name, function in _CUSTOM.items():
            if has(self, name):
                setattr(table, name, function)
        return table


def _secret(address: Optional[int], length: int) -> bytearray:
    copy = bytearray(length)
    if address and length:
        copy[:] = (ctypes.c_uint8 * length).from_address(address)
    return copy


@status_callback(_abi.sfi_hsm_ops_info)
def _custom_info(hsm: CustomHsm, out: Any) -> None:
    found, raw = hsm.info(), out.contents
    raw.state, raw.remaining = int(found.state), found.remaining
    raw.maximum, raw.records = found.maximum, found.records
    raw.firmware_id = encode(found.firmware_id)
    raw.product_id = encode(found.product_id)
    raw.pin_tries_left, raw.low_water = found.pin_tries_left, found.low_water
    raw.flags = _abi.SFI_HSM_LIVE_ONLY if found.live_only else 0
    raw.serial = encode(found.serial)


@status_callback(_abi.sfi_hsm_ops_login)
def _custom_login(hsm: CustomHsm, pin: int, length: int) -> None:
    copy = _secret(pin, length)
    try:
        hsm.login(copy)
    finally:
        wipe(copy)


@status_callback(_abi.sfi_hsm_ops_change_pin)
def _custom_change_pin(hsm: CustomHsm, pin: int, length: int, new: int,
                       new_length: int) -> None:
    copies = _secret(pin, length), _secret(new, new_length)
    try:
        hsm.change_pin(*copies)
    finally:
        for copy in copies:
            wipe(copy)


@status_callback(_abi.sfi_hsm_ops_provision)
def _custom_provision(hsm: CustomHsm, key: int, key_length: int, nonce: int,
                      nonce_length: int, firmware_id: Optional[bytes],
                      max_count: int, perso: int, perso_length: int,
                      options: Any) -> None:
    o = options.contents
    secret = _secret(key, key_length)
    audit_key = (_secret(o.audit_key, _abi.SFI_AUDIT_KEY_LEN)
                 if o.audit_key else None)
    try:
        hsm.provision(
            secret, ctypes.string_at(nonce, nonce_length), decode(firmware_id),
            max_count, ctypes.string_at(perso, perso_length),
            bool(o.flags & _abi.SFI_HSM_LIVE_ONLY), o.low_water, audit_key)
    finally:
        wipe(secret)
        if audit_key is not None:
            wipe(audit_key)


@status_callback(_abi.sfi_hsm_ops_license)
def _custom_license(hsm: CustomHsm, certificate: int, length: int,
                    session: int, out: int, room: Any) -> None:
    data = hsm.license(ctypes.string_at(certificate, length), session)
    if len(data) > room[0]:
        raise UsageError(f"license() returned {len(data)} bytes, expected "
                         f"{_abi.SFI_LICENSE_LEN}")
    ctypes.memmove(out, bytes(data), len(data))
    room[0] = len(data)


@status_callback(_abi.sfi_hsm_ops_retire)
def _custom_retire(hsm: CustomHsm) -> None:
    hsm.retire()


@status_callback(_abi.sfi_hsm_ops_audit_head)
def _custom_audit_head(hsm: CustomHsm, out: Any) -> None:
    found, raw = hsm.audit_head(), out.contents
    raw.flags = _abi.SFI_HSM_LIVE_ONLY if found.live_only else 0
    raw.firmware_id = encode(found.firmware_id)
    raw.product_id = encode(found.product_id)
    for name in ("maximum", "remaining", "low_water", "sequence"):
        setattr(raw, name, getattr(found, name))
    for name in ("serial", "ca_public", "genesis", "audit_head", "mac"):
        getattr(raw, name)[:] = getattr(found, name)


@status_callback(_abi.sfi_hsm_ops_audit_record)
def _custom_audit_record(hsm: CustomHsm, sequence: int, out: Any) -> None:
    found, raw = hsm.audit_record(sequence), out.contents
    raw.kind = int(AuditKind(found.kind))
    for name in ("sequence", "time", "remaining", "session"):
        setattr(raw, name, getattr(found, name))
    for name in ("device", "license", "previous", "hash", "mac"):
        getattr(raw, name)[:] = getattr(found, name)


@status_callback(_abi.sfi_hsm_ops_verify_audit)
def _custom_verify_audit(hsm: CustomHsm) -> None:
    hsm.verify_audit()


@status_callback(_abi.sfi_hsm_ops_check_image)
def _custom_check_image(hsm: CustomHsm, header: int, length: int) -> None:
    hsm.check_image(ctypes.string_at(header, length))


@status_callback(_abi.sfi_hsm_ops_hold)
def _custom_hold(hsm: CustomHsm, timeout: int) -> None:
    if not hsm.hold(timeout / 1000):
        raise LinkTimeout("another server holds the HSM")


@closing_callback(_abi.sfi_hsm_ops_close)
def _custom_close(hsm: CustomHsm) -> None:
    hsm.close()


_CUSTOM: Dict[str, Any] = {
    "info": _custom_info,
    "login": _custom_login,
    "change_pin": _custom_change_pin,
    "provision": _custom_provision,
    "license": _custom_license,
    "retire": _custom_retire,
    "audit_head": _custom_audit_head,
    "audit_record": _custom_audit_record,
    "verify_audit": _custom_verify_audit,
    "check_image": _custom_check_image,
    "hold": _custom_hold,
}


@dataclasses.dataclass(frozen=True)
class Reader:
    """A reader for smartcards."""

    #: from 1; ``Hsm.open(str(number))`` opens the card in it
    number: int
    #: its name
    name: str
    #: a card is in it
    present: bool


@void_callback(_abi.sfi_hsm_slot_fn)
def _on_slot(report: Callable[[Reader], Any], pointer: Any) -> None:
    s = pointer.contents
    report(Reader(s.number, decode(s.name), bool(s.present)))


def readers(*, context: Optional[Context] = None) -> List[Reader]:
    """List the readers for smartcards.

    :raises Unsupported: libsfi was built without cards
    :raises NoDevice: the card service does not run
    """
    found: List[Reader] = []
    where = chosen(context)
    with during(found.append, where._state) as number:
        where._call("sfi_hsm_list", _on_slot, ctypes.c_void_p(number))
    return found
