#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make sfi/_abi.py from the headers in include/sfi.

Without an option the file is written if it changed.  --check fails, and says
how to mend it, if it would change.  The output depends on the headers only.
"""
from __future__ import annotations

import argparse
import ast
import dataclasses
import pathlib
import re
import sys
import textwrap
from typing import Dict, Iterator, List, Optional, Tuple

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include" / "sfi"
OUTPUT = HERE / "sfi" / "_abi.py"

# Which library has the functions of a header; all others: "sfi".
LIBRARY = {"sim.h": "sim", "sim_serve.h": "sim", "card.h": "sim",
           "device.h": "device"}

# Names of enums in Python, by the prefix that their enumerators share.  An enum
# that is not listed gets its name from its tag, or from that prefix.
ENUM_NAMES = {
    "SFI_": "Status",
    "SFI_LOG_": "LogLevel",
    "SFI_FILE_": "FileKind",
    "SFI_FINDING_": "Severity",
    "SFI_AREA_": "AreaKind",
    "SFI_EVENT_": "EventKind",
    "SFI_PADDING_": "Padding",
    "SFI_LEFT_OUT_": "LeftOutReason",
    "SFI_DIFFERS_": "DifferenceKind",
    "SFI_LICENSE_": "LicenseType",
    "SFI_AUDIT_": "AuditKind",
    "SFI_COUNT_": "Counted",
    "SFI_HSM_": "HsmState",
    "SFI_READOUT_LEVEL_": "Readout",
    "SFI_READOUT_": "Readout",
    "SFI_PHASE_": "Phase",
    "SFI_PROTOCOL_": "Protocol",
    "SFI_LINK_": "LinkKind",
    "SFI_SIM_": "SimArea",
    "SFI_DEVICE_": "DeviceState",
    "SFI_CAUSE_": "Cause",
    "SFI_FACT_": "FactKind",
    "SFI_CHECK_": "CheckResult",
    "SFI_MAP_": "MapFlag",
    "SFI_TARGET_": "TargetState",
}

SCALARS = {
    "int": "c_int",
    "int8_t": "c_int8",
    "int16_t": "c_int16",
    "int32_t": "c_int32",
    "int64_t": "c_int64",
    "uint8_t": "c_uint8",
    "uint16_t": "c_uint16",
    "uint32_t": "c_uint32",
    "uint64_t": "c_uint64",
    "size_t": "c_size_t",
    "unsigned": "c_uint",
    "unsigned int": "c_uint",
    "double": "c_double",
    "sfi_status": "c_int",
}

TOKEN = re.compile(r"""
    \x01\d+\x02                                  # a doc comment
  | [A-Za-z_]\w* | 0[xX][0-9a-fA-F]+\w* | \d\w*  # names, numbers
  | '(?:\\.|[^'\\])' | "(?:\\.|[^"\\])*"         # characters, strings
  | \.\.\. | << | >> | [^\s]                     # the rest
""", re.X)


class Fault(Exception):
    """A header that this script cannot read."""


@dataclasses.dataclass
class CType:
    """A C type: its name, and how many stars and const it has."""
    base: str = ""
    pointers: int = 0
    const: bool = False  # what the first pointer points to
    array: Optional[int] = None
    function: Optional["Function"] = None

    def __str__(self) -> str:
        text = ("const " if self.const else "") + self.base
        return text + (" " + "*" * self.pointers if self.pointers else "")


@dataclasses.dataclass
class Variable:
    name: str
    type: CType


@dataclasses.dataclass
class Function:
    name: str
    result: CType
    parameters: List[Variable]
    library: str = "sfi"
    header: str = ""


@dataclasses.dataclass
class Struct:
    name: str
    members: List[Variable]
    doc: str = ""
    header: str = ""


@dataclasses.dataclass
class Enum:
    tag: str
    values: List[Tuple[str, int, str]]  # name, value, doc
    doc: str = ""
    header: str = ""

    def prefix(self) -> str:
        names = [name for name, _, _ in self.values]
        first, last = min(names), max(names)
        same = 0
        while same < min(len(first), len(last)) and (
                first[same] == last[same]):
            same += 1
        end = first.rfind("_", 0, same + (len(names) > 1)) + 1
        return str(first[:end])

    def name(self) -> str:
        if self.prefix() in ENUM_NAMES:
            return ENUM_NAMES[self.prefix()]
        words: str = self.tag or self.prefix().lower()
        return "".join(w.capitalize() for w in words.split("_")
                       if w and w != "sfi")

    def members(self) -> Iterator[Tuple[str, int, str]]:
        for name, value, doc in self.values:
            short = name[len(self.prefix()):]
            if short.startswith("ERR_"):
                short = short[len("ERR_"):]
            yield (short if short.isidentifier() else name), value, doc


class Header:
    """Everything that one header declares."""

    def __init__(self, path: pathlib.Path, known: "Api") -> None:
        self.path = path
        self.known = known
        self.docs: List[str] = []
        text = re.sub(r"/\*.*?\*/", self.keep_doc, path.read_text("utf-8"),
                      flags=re.S)
        text = re.sub(r"\\\n", " ", text)
        self.pending = ""
        body = []
        for line in self.outside_cplusplus(text):
            define = re.match(r"\s*#\s*define\s+(\w+)(\(?)(.*)", line)
            if define:
                self.constant(*define.groups())
            elif not line.lstrip().startswith("#"):
                body.append(line)
        self.tokens: List[str] = TOKEN.findall("\n".join(body))
        self.at = 0
        self.declarations()

    def keep_doc(self, comment: "re.Match[str]") -> str:
        text = comment.group(0)
        if not text.startswith("/**"):
            return " "
        text = re.sub(r"^/\*\*|\*/$", "", text)
        text = re.sub(r"^[ \t]*\*[ \t]?", "", text, flags=re.M)
        paragraphs = [" ".join(p.split()) for p in text.split("\n\n")]
        self.docs.append("\n\n".join(p for p in paragraphs if p))
        return " \x01%d\x02 " % (len(self.docs) - 1)

    @staticmethod
    def outside_cplusplus(text: str) -> Iterator[str]:
        depth = skip = 0
        for line in text.split("\n"):
            word = re.match(r"\s*#\s*(if\w*|else|elif|endif)\b(.*)", line)
            if not word:
                if not skip:
                    yield line
                continue
            if word.group(1).startswith("if"):
                depth += 1
                if "__cplusplus" in word.group(2) and not skip:
                    skip = depth
            elif word.group(1) == "endif":
                if skip == depth:
                    skip = 0
                depth -= 1
            elif skip == depth:
                skip = 0

    # constants

    def constant(self, name: str, bracket: str, value: str) -> None:
        value = re.sub(r"\x01\d+\x02", "", value).strip()
        if bracket or not value or not name.startswith("SFI_"):
            return
        number = self.evaluate(value, strict=False)
        if number is not None:
            self.known.constants[name] = number

    def evaluate(self, text: str, strict: bool = True) -> Optional[int]:
        python = re.sub(r"'(\\?.)'",
                        lambda m: str(ord(ast.literal_eval(m.group(0)))), text)
        python = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", python)
        try:
            tree = ast.parse(python, mode="eval")
            for node in ast.walk(tree):
                if not isinstance(node, (
                        ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant,
                        ast.Name, ast.Load, ast.operator, ast.unaryop)):
                    raise ValueError(ast.dump(node))
            value = eval(compile(tree, text, "eval"),
                         {"__builtins__": {}}, dict(self.known.constants))
            return int(value)
        except Exception as error:
            if strict:
                raise Fault(f"{self.path}: {text!r} is no number") from error
            return None

    # declarations

    def fault(self, what: str) -> Fault:
        near = " ".join(self.tokens[max(0, self.at - 8):self.at + 8])
        near = re.sub(r"\x01\d+\x02", "/**/", near)
        return Fault(f"{self.path}: {what} near: {near}")

    def peek(self) -> str:
        while (self.at < len(self.tokens)
               and self.tokens[self.at].startswith("\x01")):
            self.pending = self.doc_at(self.at)
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def doc_at(self, at: int) -> str:
        return self.docs[int(self.tokens[at][1:-1])]

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            self.at -= 1
            raise self.fault(f"expected {token!r}")

    def accept(self, token: str) -> bool:
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def declarations(self) -> None:
        while self.peek():
            doc, self.pending = self.pending, ""
            if self.accept("SFI_BEGIN_DECLS") or self.accept(
                    "SFI_END_DECLS") or self.accept(";"):
                continue
            if self.accept("SFI_API"):
                self.function()
            elif self.accept("typedef"):
                self.typedef(doc)
            elif self.accept("enum"):
                self.enum(doc)
                self.expect(";")
            elif self.accept("struct"):
                name = self.take()
                if self.peek() == "{":
                    self.struct(name, doc)
                self.expect(";")
            else:
                raise self.fault("a declaration of an unknown form")

    def function(self) -> None:
        self.accept("SFI_NODISCARD")
        result = self.type()
        name = self.take()
        parameters = self.parameters()
        self.expect(";")
        self.known.functions.append(Function(
            name, result, parameters,
            LIBRARY.get(self.path.name, "sfi"), self.path.name))

    def typedef(self, doc: str) -> None:
        if self.accept("struct"):
            name = self.take()
            if self.peek() == "{":
                self.struct(name, doc)
            else:
                self.known.opaque.add(name)
            self.take()  # the typedef's name is the struct's
            self.expect(";")
            return
        if self.accept("enum"):
            self.enum(doc)
            self.known.scalars[self.take()] = "c_int"
            self.expect(";")
            return
        result = self.type()
        if self.accept("("):
            self.expect("*")
            name = self.take()
            self.expect(")")
            self.known.callbacks[name] = Function(
                name, result, self.parameters(), "", self.path.name)
        else:
            self.known.scalars[self.take()] = SCALARS[result.base]
        self.expect(";")

    def enum(self, doc: str) -> None:
        tag = "" if self.peek() == "{" else self.take()
        if self.peek() != "{":  # a forward declaration
            return
        self.expect("{")
        self.pending = ""
        values: List[Tuple[str, int, str]] = []
        following = 0
        while not self.accept("}"):
            before = self.pending
            name = self.take()
            self.pending = before
            if self.accept("="):
                words = []
                while self.peek() not in (",", "}"):
                    words.append(self.take())
                following = self.evaluate(" ".join(words)) or 0
            self.peek()
            about, self.pending = self.pending, ""
            if self.accept(","):
                self.peek()
                if self.pending.startswith("<"):
                    about, self.pending = self.pending, ""
            values.append((name, following, about.lstrip("< ")))
            self.known.constants[name] = following
            following += 1
        self.known.enums.append(Enum(tag, values, doc, self.path.name))

    def struct(self, name: str, doc: str) -> None:
        self.expect("{")
        members = []
        while not self.accept("}"):
            kind = self.type()
            if self.accept("("):
                self.expect("*")
                member = self.take()
                self.expect(")")
                kind = CType(function=Function(
                    f"{name}_{member}", kind, self.parameters()))
            else:
                member = self.take()
                kind.array = self.array()
            self.expect(";")
            members.append(Variable(member, kind))
        self.known.structs[name] = Struct(name, members, doc, self.path.name)

    def array(self) -> Optional[int]:
        size = None
        while self.accept("["):
            words = []
            while self.peek() != "]":
                words.append(self.take())
            self.expect("]")
            length = self.evaluate(" ".join(words)) or 0
            size = length * (1 if size is None else size)
        return size

    def parameters(self) -> List[Variable]:
        self.expect("(")
        found: List[Variable] = []
        while not self.accept(")"):
            kind = self.type()
            if kind.base == "void" and not kind.pointers:
                self.expect(")")
                break
            if self.accept("("):
                self.expect("*")
                name = self.take()
                self.expect(")")
                kind = CType(function=Function(name, kind, self.parameters()))
            else:
                name = self.take()
                if self.array() is not None:
                    kind.pointers += 1
            found.append(Variable(name, kind))
            self.accept(",")
        return found

    def type(self) -> CType:
        found = CType()
        names = []
        while True:
            word = self.peek()
            if word == "const":
                if not found.pointers:
                    found.const = True
            elif word == "*":
                found.pointers += 1
            elif word == "enum":
                names.append("int")
                self.take()
            elif word == "struct":
                pass
            elif not names or (names == ["unsigned"] and word == "int"):
                names.append(word)
            else:
                break
            self.take()
        found.base = " ".join(names)
        return found


class Api:
    """Everything that the headers declare, in their order."""

    def __init__(self, include: pathlib.Path) -> None:
        self.constants: Dict[str, int] = {}
        self.functions: List[Function] = []
        self.callbacks: Dict[str, Function] = {}
        self.structs: Dict[str, Struct] = {}
        self.opaque: set[str] = set()
        self.enums: List[Enum] = []
        self.scalars: Dict[str, str] = {}
        for path in in_order(include):
            Header(path, self)

    def scalar(self, name: str) -> Optional[str]:
        return SCALARS.get(name) or self.scalars.get(name)

    def python_type(self, kind: CType, following: Optional[Variable] = None
                    ) -> str:
        """The ctypes name of a type; `following` is the next parameter."""
        if kind.function is not None:
            return self.function_type(kind.function)
        base, stars = kind.base, kind.pointers
        if kind.array is not None and stars == 0:
            element = "c_char" if base == "char" else self.scalar(base)
            if element is None:
                raise Fault(f"an array of {base}")
            return f"{element} * {kind.array}"
        if stars == 0:
            if base == "void":
                return "None"
            if base in self.callbacks or base in self.structs:
                return base
            found = self.scalar(base)
            if found is None:
                raise Fault(f"the unknown type {kind}")
            return found
        if stars == 1:
            if base in ("void", "uint8_t"):
                return "c_void_p"
            if base == "char":
                counted = following is not None and (
                    following.type.base == "size_t")
                return ("c_char_p" if kind.const and not counted
                        else "c_void_p")
            if base in self.structs:
                return f"POINTER({base})"
            found = self.scalar(base)
            if found is not None:
                return f"POINTER({found})"
            if base in self.opaque:
                return "c_void_p"
            raise Fault(f"the unknown type {kind}")
        inner = dataclasses.replace(kind, pointers=stars - 1, array=None)
        return f"POINTER({self.python_type(inner)})"

    def parameter_types(self, function: Function) -> List[str]:
        after: List[Optional[Variable]] = [*function.parameters[1:], None]
        return [self.python_type(p.type, n)
                for p, n in zip(function.parameters, after)]

    def function_type(self, function: Function) -> str:
        types = [self.python_type(function.result)]
        return "CFUNCTYPE(%s)" % ", ".join(
            types + self.parameter_types(function))

    def structs_in_order(self) -> List[Struct]:
        """Those that are members of others first."""
        done: List[Struct] = []

        def visit(struct: Struct) -> None:
            if struct in done:
                return
            for member in struct.members:
                inside = self.structs.get(member.type.base)
                if inside is not None and not member.type.pointers:
                    visit(inside)
            done.append(struct)

        for name in sorted(self.structs):
            visit(self.structs[name])
        return done


def in_order(include: pathlib.Path) -> List[pathlib.Path]:
    """The headers, each after those that it includes."""
    done: List[pathlib.Path] = []
    busy: set[pathlib.Path] = set()

    def visit(path: pathlib.Path) -> None:
        if path in busy or not path.exists():
            return
        busy.add(path)
        for name in re.findall(r'^\s*#\s*include\s*[<"]sfi/([\w.]+)[>"]',
                               path.read_text("utf-8"), re.M):
            visit(include / name)
        done.append(path)

    for path in sorted(include.glob("*.h")):
        visit(path)
    return done


# output

HEAD = '''\
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
'''


def document(text: str, indent: str) -> List[str]:
    """A docstring, or nothing."""
    text = re.sub(r"::(\w+)", r"\1", text.replace("\\", "\\\\"))
    if not text:
        return []
    lines: List[str] = []
    for paragraph in ('"""' + text).split("\n\n"):
        lines += [""] if lines else []
        lines += textwrap.wrap(paragraph, 79 - len(indent) - 3,
                               break_long_words=False)
    lines[-1] += '"""'
    return [(indent + line).rstrip() for line in lines]


def broken(start: str, items: List[str], end: str) -> List[str]:
    """start + items + end on one line, or an item on each."""
    line = start + ", ".join(items) + end
    if len(line) <= 79:
        return [line]
    indent = re.match(r" *", start).group(0)  # type: ignore[union-attr]
    return [start] + [f"{indent}    {item}," for item in items] + [
        indent + end]


def write_enum(enum: Enum) -> Iterator[str]:
    is_flags = enum.name().endswith(("Flag", "Flags"))
    yield ""
    yield ""
    yield "class %s(%s):" % (enum.name(),
                             "enum.IntFlag" if is_flags else "OpenEnum")
    yield from document(
        enum.doc or f"The constants {enum.prefix()}*.", "    ")
    yield ""
    for name, value, about in enum.members():
        for line in textwrap.wrap(" ".join(about.split()), 72):
            yield "    #: " + line
        shown = f"{value:#04x}" if enum.name() == "Cause" else str(value)
        yield f"    {name} = {shown}"


def write_function_type(api: Api, name: str, function: Function
                        ) -> Iterator[str]:
    items = [api.python_type(function.result)] + api.parameter_types(function)
    yield from broken(f"{name} = CFUNCTYPE(", items, ")")


def write_struct(api: Api, struct: Struct) -> Iterator[str]:
    yield f"{struct.name}._fields_ = ["
    for member in struct.members:
        kind = api.python_type(member.type)
        if member.type.function is not None:
            kind = member.type.function.name
        yield f'    ("{member.name}", {kind}),'
    yield "]"


def write_prototypes(api: Api, title: str, library: str) -> Iterator[str]:
    yield ""
    yield f"{title}: Dict[str, Tuple[Any, List[Any]]] = {{"
    for f in sorted(api.functions, key=lambda f: f.name):
        if f.library != library:
            continue
        start = f'    "{f.name}": ({api.python_type(f.result)}, ['
        yield from broken(start, api.parameter_types(f), "]),")
    yield "}"


def generate(api: Api) -> str:
    lines = [HEAD.rstrip()]
    for e in sorted(api.enums, key=lambda e: e.name()):
        lines += write_enum(e)
    lines += ["", ""]
    lines += [f"{name} = {value:#x}" if value > 255 else f"{name} = {value}"
              for name, value in sorted(api.constants.items())]
    for name in sorted(api.structs):
        lines += ["", "", f"class {name}(Structure):"]
        lines += document(api.structs[name].doc or f"The struct {name}.",
                          "    ")
    lines += ["", ""]
    for name in sorted(api.callbacks):
        lines += write_function_type(api, name, api.callbacks[name])
    for struct in api.structs_in_order():
        lines.append("")
        for member in struct.members:
            if member.type.function is not None:
                lines += write_function_type(
                    api, member.type.function.name, member.type.function)
        lines += write_struct(api, struct)
    lines += write_prototypes(api, "PROTOTYPES", "sfi")
    lines += write_prototypes(api, "SIM_PROTOTYPES", "sim")
    lines.append("")
    lines.append("# Only in libsfi-device.a, for boot loaders.")
    lines += broken("DEVICE_FUNCTIONS = (", sorted(
        f'"{f.name}"' for f in api.functions if f.library == "device"), ")")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true",
                        help="write nothing; fail if the file is out of date")
    parser.add_argument("--include", type=pathlib.Path, default=INCLUDE)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    args = parser.parse_args()
    try:
        text = generate(Api(args.include))
    except Fault as fault:
        print(f"make_abi.py: {fault}", file=sys.stderr)
        return 1
    old = args.output.read_text("utf-8") if args.output.exists() else ""
    if args.check:
        if old != text:
            print(f"{args.output} is out of date: run make_abi.py",
                  file=sys.stderr)
        return int(old != text)
    if old != text:
        args.output.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
