# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What a file is, what it says, and whether it is sound; what a chip is."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
    overload,
)

from . import _abi
from ._callback import during, on_write, void_callback
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    checked_nonce,
    decode,
    encode,
    encode_path,
    wipe,
)
from .certificate import Personalization
from .chips import ChipLike, chip as chip_of, context_for
from .context import Context, chosen
from .enums import CheckResult, FactKind, FileKind, Status
from .errors import Error, InputError
from .firmware import Difference, difference_of
from .keys import Key

__all__ = ["Comparison", "Description", "Fact", "describe"]

FactValue = Union[str, int, bool, bytes, CheckResult]


@dataclasses.dataclass(frozen=True)
class Fact:
    """One fact about a file or a chip."""

    #: what it is: how to show its value
    kind: FactKind
    #: for programs; never changes
    name: str
    #: for people
    label: str
    #: the value as text; text from the file is as it is there: ``sfi.escape()``
    text: str
    #: the value: a number, bytes, a bool, a :class:`CheckResult`, or the text
    value: FactValue
    #: what it is part of, such as ``"areas"``
    group: str = ""
    #: the number in the list ``group``, from 1; 0: no list
    item: int = 0


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How two files differ."""

    #: the facts that differ; the second is None if that file has none
    facts: List[Tuple[Fact, Optional[Fact]]]
    #: runs of bytes that differ
    places: List[Difference]
    #: how many bytes differ
    bytes: int
    #: whether the content was compared, byte by byte
    content: bool
    #: whether the code of modules was left out of that
    without_modules: bool

    @property
    def equal(self) -> bool:
        """Whether nothing differs of what was compared."""
        return not self.facts and not self.bytes


class Description(Handle, Sequence[Fact]):
    """The facts about a file or a chip, in their order.

    ``description["kind"]`` is the value of the fact of that name that belongs
    to no list, and ``description.items("areas")`` are the entries of a list.
    """

    _FREE = "sfi_description_free"
    _MAKE = "describe()"

    _facts: List[Fact]
    #: why the file is not sound; None: no check failed
    error: Optional[Error]

    def _read(self, path: StrPath, options: Any) -> None:
        state = self._context._state
        with state:
            status = self._lib().sfi_description_read(
                self._pointer, encode_path(path), ctypes.byref(options))
            self._take_facts()
            if status != Status.OK and self._facts:
                self.error, status = state.error(status), Status.OK
            state.check(status)

    def _keep(self) -> None:
        """The facts of a description that C has made."""
        with self._context._state:
            self._take_facts()

    def _take_facts(self) -> None:
        self._facts, self.error = [], None
        while True:
            raw = self._lib().sfi_description_at(
                self._pointer, len(self._facts))
            if not raw:
                break
            self._facts.append(_fact(raw.contents))

    def to_text(self, group: Optional[str] = None) -> str:
        """The facts in words, as sfi-info shows them, fit for a terminal.

        :param group: only those of a group, such as ``"areas"``
        """
        return self._written("sfi_description_text",
                             None if group is None else encode(group))

    def to_json(self) -> str:
        """The facts as a JSON object: see doc/json.md."""
        return self._written("sfi_description_json")

    def _written(self, function: str, *arguments: Any,
                 out: Sequence[Any] = ()) -> str:
        pieces: List[bytes] = []
        with during(pieces.append, self._context._state) as number:
            self._call(function, *arguments, on_write,
                       ctypes.c_void_p(number), *out)
        return decode(b"".join(pieces))

    def compare(self, other: "Description") -> Comparison:
        """Compare two images, two firmware files, or one with the other.

        With the keys of the images the content is compared; without, what they
        show.

        :raises UsageError: files that cannot be compared, such as an image
            without its key and a firmware; or of another context
        :raises Error: a file cannot be read any more
        """
        facts: List[Tuple[Fact, Optional[Fact]]] = []
        places: List[Difference] = []
        raw = _abi.sfi_comparison(
            struct_size=ctypes.sizeof(_abi.sfi_comparison))
        with during((facts, places), self._context._state) as number:
            self._call("sfi_description_compare", self._use(other),
                       _on_fact_difference, _on_place,
                       ctypes.c_void_p(number), ctypes.byref(raw))
        return Comparison(
            facts, places, raw.bytes,
            bool(raw.flags & _abi.SFI_COMPARED_CONTENT),
            bool(raw.flags & _abi.SFI_COMPARED_NO_MODULES))

    def compare_to_text(self, other: "Description") -> str:
        """Compare as :meth:`compare`, and say in words what differs, as
        sfi-info shows it."""
        return self._compared("sfi_description_compare_text", other)

    def compare_to_json(self, other: "Description") -> str:
        """Compare as :meth:`compare`; the differences as a JSON object: see
        doc/json.md."""
        return self._compared("sfi_description_compare_json", other)

    def _compared(self, function: str, other: "Description") -> str:
        raw = _abi.sfi_comparison(
            struct_size=ctypes.sizeof(_abi.sfi_comparison))
        return self._written(function, self._use(other),
                             out=(ctypes.byref(raw),))

    @property
    def sound(self) -> bool:
        """Whether no check failed."""
        return self.error is None

    def __len__(self) -> int:
        return len(self._facts)

    @overload
    def __getitem__(self, index: int) -> Fact: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Fact]: ...

    @overload
    def __getitem__(self, index: str) -> FactValue: ...

    def __getitem__(self, index: Union[int, slice, str]
                    ) -> Union[Fact, Sequence[Fact], FactValue]:
        if not isinstance(index, str):
            return self._facts[index]
        for fact in self._facts:
            if fact.name == index and not fact.item:
                return fact.value
        raise KeyError(index)

    def get(self, name: str) -> Optional[FactValue]:
        """The value of a fact; None if it is not there."""
        try:
            return self[name]
        except KeyError:
            return None

    def items(self, group: str) -> List[Dict[str, FactValue]]:
        """The entries of a list: names and values of each."""
        found: Dict[int, Dict[str, FactValue]] = {}
        for fact in self._facts:
            if fact.group == group and fact.item:
                found.setdefault(fact.item, {})[fact.name] = fact.value
        return [found[number] for number in sorted(found)]

    def checks(self) -> Iterator[Fact]:
        """How each check ended."""
        return (f for f in self._facts if f.kind == FactKind.CHECK)

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Description closed>"
        return f"<sfi.Description {str(self.get('kind'))}, " \
               f"{'sound' if self.sound else 'not sound'}>"


def _value(raw: Any) -> FactValue:
    kind = raw.kind
    if kind == FactKind.BYTES:
        return ctypes.string_at(raw.data, raw.len) if raw.len else b""
    if kind == FactKind.YES_NO:
        return bool(raw.number)
    if kind == FactKind.CHECK:
        return CheckResult(raw.number)
    if kind in (FactKind.NUMBER, FactKind.ADDRESS, FactKind.TIME):
        return int(raw.number)
    return decode(raw.text)


def _fact(raw: Any) -> Fact:
    return Fact(FactKind(raw.kind), decode(raw.name), decode(raw.label),
                decode(raw.text), _value(raw), decode(raw.group), raw.item)


@void_callback(_abi.sfi_fact_difference_fn)
def _on_fact_difference(found: Any, first: Any, second: Any) -> None:
    found[0].append((_fact(first.contents),
                     _fact(second.contents) if second else None))


@void_callback(_abi.sfi_firmware_difference_fn)
def _on_place(found: Any, pointer: Any) -> None:
    found[1].append(difference_of(pointer.contents))


def describe(path: StrPath, kind: Optional[FileKind] = None, *,
             key: Optional[Key] = None, nonce: Optional[BytesLike] = None,
             chip: Optional[ChipLike] = None,
             ca: Optional[Personalization] = None,
             audit_key: Optional[BytesLike] = None,
             audit_before: Optional[StrPath] = None,
             context: Optional[Context] = None) -> Description:
    """Tell what a file is, what it says, and whether it is sound.

    It knows images, modules, firmware, option bytes, certificates, licences and
    folders of them, personalisations, vaults, audit logs, traces and more.  No
    fact tells a secret.

    :param kind: what the file is meant to be; None: as its content tells
    :param key: of an image: verify its tags, with ``nonce``
    :param nonce: 12 bytes
    :param chip: the part of option bytes; None: found out
    :param ca: names the CA of certificates
    :param audit_key: 32 bytes: verify the MACs of a vault or an audit log; a
        buffer that can be changed is wiped
    :param audit_before: an earlier audit log, which an audit log must continue
    :return: the facts.  If a check failed, ``error`` says which, and the other
        facts are still there.
    :raises InputError: of no known kind
    :raises UsageError: key without nonce or nonce without key, or an argument
        of another context
    :raises AccessError: the file may not be read
    :raises MachineError: the file cannot be read
    """
    if context is None:
        context = (key.context if key is not None
                   else None if ca is None else ca.context)
    where = chosen(context_for(context, chip))
    options = _abi.sfi_describe_options(
        struct_size=ctypes.sizeof(_abi.sfi_describe_options),
        kind=0 if kind is None else int(kind),
        key=None if key is None else key._pointer_in(where),
        chip=None if chip is None else chip_of(chip)._pointer_in(where),
        ca=None if ca is None else ca._pointer_in(where),
        audit_before=None if audit_before is None
        else encode_path(audit_before))
    secret = _buffer(audit_key, _abi.SFI_AUDIT_KEY_LEN, "audit key")
    number = _buffer(checked_nonce(nonce), _abi.SFI_NONCE_LEN, "nonce")
    made = Description._made(where, "sfi_description_new")
    try:
        if secret is not None:
            options.audit_key = ctypes.addressof(secret)
            assert audit_key is not None
            wipe(audit_key)
        if number is not None:
            options.nonce = ctypes.addressof(number)
        made._read(path, options)
    finally:
        if secret is not None:
            ctypes.memset(secret, 0, ctypes.sizeof(secret))
    return made


def _buffer(data: Optional[BytesLike], length: int, what: str) -> Any:
    """A copy for C; None for None."""
    if data is None:
        return None
    if memoryview(data).nbytes != length:
        raise InputError(f"the {what} has {memoryview(data).nbytes} bytes, "
                         f"expected {length}", status=Status.RANGE)
    buffer = (ctypes.c_uint8 * length)()
    memoryview(buffer).cast("B")[:] = memoryview(data).cast("B")
    return buffer
