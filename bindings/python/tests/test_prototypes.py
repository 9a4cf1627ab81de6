# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The generated interface against the headers, and against what compilers say
of them: names, types, sizes, offsets, constants."""
from __future__ import annotations

import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Dict, Iterator, List

from kit import CC, CXX, INCLUDE, PACKAGE, have, main

from sfi import _abi, _lib, enums

sys.path.insert(0, str(PACKAGE))

import make_abi  # noqa: E402

ALL = "#include <sfi/sfi.h>\n#include <sfi/device.h>\n" \
      "#include <sfi/sim_serve.h>\n#include <sfi/card.h>\n"


def structs() -> Dict[str, Any]:
    return {name: kind for name, kind in vars(_abi).items()
            if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
            and name.startswith("sfi_")}


def constants() -> Dict[str, int]:
    return {name: value for name, value in vars(_abi).items()
            if name.startswith("SFI_") and isinstance(value, int)}


def callbacks() -> Dict[str, Any]:
    """The function types that have a name in C."""
    return {name: kind for name, kind in vars(_abi).items()
            if isinstance(kind, type) and name.endswith("_fn")
            and issubclass(kind, ctypes._CFuncPtr)}  # type: ignore


def kind_of(ctype: Any) -> str:
    """A letter and a size: v0, p8 (pointer), i4 (signed), u8 (unsigned)."""
    if ctype is None:
        return "v0"
    size = ctypes.sizeof(ctype)
    if (issubclass(ctype, (ctypes.c_void_p, ctypes.c_char_p,
                           ctypes._Pointer, ctypes._CFuncPtr))):
        return f"p{size}"
    return ("i" if ctype(-1).value < 0 else "u") + str(size)


def run_program(compiler: List[str], suffix: str, source: str) -> List[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / ("show" + suffix)
        path.write_text(source)
        program = path.with_suffix("")
        subprocess.run([*compiler, f"-I{INCLUDE}", str(path), "-o",
                        str(program)], check=True)
        return subprocess.run(
            [str(program)], stdout=subprocess.PIPE, text=True,
            check=True).stdout.splitlines()


class Generated(unittest.TestCase):
    def test_committed_file_is_what_the_headers_say(self) -> None:
        text = make_abi.generate(make_abi.Api(INCLUDE / "sfi"))
        self.assertEqual(text, (PACKAGE / "sfi" / "_abi.py").read_text(
            "utf-8"), "run bindings/python/make_abi.py")

    def test_every_function_of_the_headers_is_there(self) -> None:
        declared = set()
        for path in (INCLUDE / "sfi").glob("*.h"):
            text = re.sub(r"/\*.*?\*/", " ", path.read_text("utf-8"),
                          flags=re.S)
            for part in re.findall(r"^SFI_API\b([^;]*);", text, re.M):
                found = re.search(r"\b(sfi_\w+)\s*\(", part)
                assert found is not None, part
                declared.add(found.group(1))
        self.assertEqual(declared, {
            *_abi.PROTOTYPES, *_abi.SIM_PROTOTYPES, *_abi.DEVICE_FUNCTIONS})

    def test_libraries_have_every_function(self) -> None:
        self.assertEqual(_lib.sfi().missing(), [])
        self.assertEqual(_lib.sim().missing(), [])

    def test_every_struct_knows_its_size(self) -> None:
        for name, kind in structs().items():
            if name in ("sfi_firmware_range", "sfi_chip_row",
                        "sfi_chip_field", "sfi_chip_memory_range"):
                continue  # elements of arrays, never changed
            self.assertEqual(kind._fields_[0][0], "struct_size", name)

    def test_enums_are_public(self) -> None:
        made = {name for name, kind in vars(_abi).items()
                if isinstance(kind, type) and issubclass(kind, int)
                and kind is not _abi.OpenEnum}
        self.assertEqual(made - set(enums.__all__), set())

    def test_unknown_values_become_members(self) -> None:
        later = _abi.Phase(77)
        self.assertEqual((later, later.name), (77, "UNKNOWN_77"))
        self.assertIsInstance(later, _abi.Phase)
        with self.assertRaises(ValueError):
            _abi.Phase("connect")  # type: ignore[arg-type]


class Parser(unittest.TestCase):
    """What make_abi.py reads, on headers of the test's own."""

    def api(self, text: str) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "some.h"
            path.write_text(text)
            return make_abi.Api(pathlib.Path(folder))

    def test_enums_with_and_without_tag(self) -> None:
        plain = self.api("enum { SFI_WAY_A = 1, /**< one */ SFI_WAY_B };")
        tagged = self.api("enum sfi_way { SFI_WAY_A = 1, /**< one */\n"
                          "  SFI_WAY_B /**< two */ };")
        for api in plain, tagged:
            (enum,) = api.enums
            self.assertEqual(enum.name(), "Way")
            self.assertEqual([m[:2] for m in enum.members()],
                             [("A", 1), ("B", 2)])
        self.assertEqual([m[2] for m in tagged.enums[0].members()],
                         ["one", "two"])

    def test_enum_types_are_ints(self) -> None:
        api = self.api("enum sfi_way { SFI_WAY_A };\n"
                       "SFI_API int sfi_go(enum sfi_way way);")
        self.assertEqual(api.parameter_types(api.functions[0]), ["c_int"])

    def test_bytes_with_a_length_are_no_strings(self) -> None:
        api = self.api("SFI_API int sfi_f(const char *name, const char *pin, "
                       "size_t pin_len, char *out, size_t *len);")
        self.assertEqual(
            api.parameter_types(api.functions[0]),
            ["c_char_p", "c_void_p", "c_size_t", "c_void_p",
             "POINTER(c_size_t)"])

    def test_constants_of_every_form(self) -> None:
        api = self.api("#define SFI_A 0x10u\n#define SFI_B (SFI_A | 1u)\n"
                       "#define SFI_C 'F'\n#define SFI_D(x) (x)\n"
                       "#define SFI_E 1u << 3 /**< why */\n#define SFI_F\n")
        self.assertEqual(api.constants,
                         {"SFI_A": 16, "SFI_B": 17, "SFI_C": 70, "SFI_E": 8})

    def test_what_is_for_cplusplus_is_left_out(self) -> None:
        api = self.api('#ifdef __cplusplus\nextern "C" {\n#endif\n'
                       "typedef struct sfi_a sfi_a;\n")
        self.assertEqual(api.opaque, {"sfi_a"})

    def test_unknown_forms_are_refused(self) -> None:
        for text in ("int x;", "SFI_API float sfi_f(void);",
                     "typedef struct sfi_s { sfi_what x; } sfi_s;"):
            with self.assertRaises(make_abi.Fault):
                make_abi.generate(self.api(text))


@unittest.skipUnless(have(CC), "no C compiler")
class AgainstC(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.lines = run_program(CC, ".c", "".join(cls.source()))

    @staticmethod
    def source() -> Iterator[str]:
        yield "#include <stddef.h>\n#include <stdio.h>\n" + ALL
        yield "int main(void)\n{\n"
        for name, value in constants().items():
            yield f'printf("{name} %lld\\n", (long long)({name}));\n'
        for name, kind in structs().items():
            yield f'printf("{name} %zu\\n", sizeof({name}));\n'
            for field in kind._fields_:
                place = f"{name}.{field[0]}"
                yield (f'printf("{place} %zu %zu\\n", offsetof({name}, '
                       f"{field[0]}), sizeof((({name} *)0)->{field[0]}));\n")
        yield "return 0;\n}\n"

    def test_constants(self) -> None:
        said = {line.split()[0]: int(line.split()[1]) for line in self.lines
                if line.startswith("SFI_")}
        self.assertEqual(said, constants())
        self.assertGreater(len(said), 140)

    def test_sizes_and_offsets(self) -> None:
        said = [line for line in self.lines if line.startswith("sfi_")]
        ours = []
        for name, kind in structs().items():
            ours.append(f"{name} {ctypes.sizeof(kind)}")
            for field in kind._fields_:
                member = getattr(kind, field[0])
                ours.append(
                    f"{name}.{field[0]} {member.offset} {member.size}")
        self.assertEqual(said, ours)
        self.assertGreater(len(said), 240)


# For each function: the kind of its result and of its parameters.
SHOW = """
#include <cstdio>
#include <type_traits>
template <class T> void show()
{
    if (std::is_void<T>::value)
        std::printf(" v0");
    else
        std::printf(" %c%d", std::is_pointer<T>::value ? 'p'
                    : std::is_signed<T>::value         ? 'i' : 'u',
                    (int)sizeof(typename std::conditional<
                        std::is_void<T>::value, char, T>::type));
}
template <class R, class... A> void show(const char *name, R (*)(A...))
{
    std::printf("%s", name);
    show<R>();
    int all[] = {0, (show<A>(), 0)...};
    (void)all;
    std::printf("\\n");
}
"""


@unittest.skipUnless(have(CXX), "no C++ compiler")
class AgainstCplusplus(unittest.TestCase):
    def test_functions_and_callbacks(self) -> None:
        ours, lines = [], []
        for name, (result, parameters) in sorted(
                {**_abi.PROTOTYPES, **_abi.SIM_PROTOTYPES}.items()):
            ours.append(" ".join(
                [name, kind_of(result), *map(kind_of, parameters)]))
            lines.append(f'show("{name}", (decltype(&{name}))nullptr);\n')
        for name, kind in sorted(callbacks().items()):
            ours.append(" ".join([name, kind_of(kind._restype_),
                                  *map(kind_of, kind._argtypes_)]))
            lines.append(f'show("{name}", ({name})nullptr);\n')
        for name, struct in sorted(structs().items()):
            for field in struct._fields_:
                if not issubclass(field[1], ctypes._CFuncPtr):
                    continue
                place = f"{name}.{field[0]}"
                ours.append(" ".join(
                    [place, kind_of(field[1]._restype_),
                     *map(kind_of, field[1]._argtypes_)]))
                lines.append(f'show("{place}", (decltype({name}::'
                             f"{field[0]}))nullptr);\n")
        said = run_program(
            CXX + ["-std=c++11", "-w"], ".cc",
            SHOW + ALL + "int main()\n{\n" + "".join(lines) + "}\n")
        self.assertEqual(said, ours)
        self.assertGreater(len(said), 280)


if __name__ == "__main__":
    main()
