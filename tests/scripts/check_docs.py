#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Every public function has a doc comment in the form of CONTRIBUTING.md."""

import re

import source

STATUS = re.compile(r"\bX\((SFI_\w+),")
DECLARATION = re.compile(r"^SFI_API\b([^;]*);", re.M)


def statuses(root):
    return set(STATUS.findall(source.read(root, "lib/core/status_list.h")))


def split_parameters(text):
    """At the commas that are not inside brackets."""
    depth, part, parts = 0, "", []
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += c
    return parts + [part]


def parameter_name(text):
    callback = re.search(r"\(\s*\*\s*(\w+)\s*\)", text)
    if callback:
        return callback.group(1)
    return re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", text.strip()).group(1)


class Declaration:
    def __init__(self, text):
        # what can fail may not be ignored
        self.can_fail = "SFI_NODISCARD" in text
        text = " ".join(text.replace("SFI_NODISCARD", " ").split())
        m = re.match(r"(.*?)(\w+)\s*\((.*)\)$", text)
        self.type, self.name = m.group(1).strip(), m.group(2)
        inside = m.group(3).strip()
        self.parameters = [] if inside in ("", "void") else [
            parameter_name(p) for p in split_parameters(inside)]


def comment_before(text, at):
    """The doc comment that ends just before, or None."""
    m = re.search(r"/\*\*((?:[^*]|\*(?!/))*)\*/\s*$", text[:at])
    if m is None or "@file" in m.group(1):
        return None
    return re.sub(r"^[ \t]*\* ?", "", m.group(1), flags=re.M).strip()


def first_paragraph(doc):
    return " ".join(doc.split("\n\n")[0].split())


def faults(decl, doc, known):
    """What is wrong with one function's comment."""
    sentence = first_paragraph(doc)
    if not re.match(r"[A-Z]", sentence) or not sentence.endswith((".", "?")):
        yield "the comment does not begin with one sentence"
    named = re.findall(r"^@param\s+(\w+)", doc, re.M)
    for name in decl.parameters:
        if name not in named:
            yield f"@param {name} is missing"
    for name in named:
        if name not in decl.parameters:
            yield f"@param {name} is no parameter"
    if sorted(named) == sorted(decl.parameters) and named != decl.parameters:
        yield "the parameters are in another order"
    returns = re.search(r"^@return\b(.*?)(?=^(?:@|Blocks:)|\Z)", doc,
                        re.M | re.S)
    if decl.type == "void" and returns:
        yield "@return of a void function"
    if decl.type != "void" and not returns:
        yield "@return is missing"
    if decl.type == "sfi_status" and decl.can_fail and returns:
        listed = re.findall(r"SFI_(?:OK|ERR_\w+)", returns.group(1))
        if "SFI_OK" not in listed:
            yield "@return does not say SFI_OK"
        if not any(s.startswith("SFI_ERR_") for s in listed) and \
                "any status" not in returns.group(1):
            yield "@return lists no error"
        for status in sorted(s for s in set(listed) if listed.count(s) > 1):
            yield f"@return lists {status} twice"
    for status in sorted(set(re.findall(r'(?<!")SFI_ERR_\w+', doc)) - known):
        yield f"{status} is no status"
    if not re.search(r"^Blocks: \S.*Thread: \S", doc, re.M | re.S):
        yield "'Blocks: ...  Thread: ...' is missing"
    if not re.search(r"^@since \d+\.\d+$", doc, re.M):
        yield "@since is missing"


def check(root):
    known = statuses(root)
    found = []
    for path in source.files(root, ["include"], (".h",)):
        text = source.read(root, path)
        plain = source.without_comments(text)
        # after the licence, which a check of its own looks for
        if not re.match(rf"(?:/\* .* \*/\n)*/\*\*\n \* @file {path.name}\n",
                        text):
            found.append(source.finding(path, 1, "the header does not begin "
                                        f"with '@file {path.name}'"))
        for m in DECLARATION.finditer(plain):
            decl = Declaration(m.group(1))
            line = source.line_of(plain, m.start())
            doc = comment_before(text, m.start())
            if doc is None:
                found.append(source.finding(
                    path, line, f"{decl.name}: has no doc comment"))
                continue
            found += [source.finding(path, line, f"{decl.name}: {fault}")
                      for fault in faults(decl, doc, known)]
    return found


LIST = "#define L(X) X(SFI_OK, 0, \"\") X(SFI_ERR_IO, -401, \"\")\n"
GOOD = """\
/**
 * Do a thing.
 *
 * @param a   the one
 * @param fn  the other
 *
 * @return SFI_OK, or
 *   SFI_ERR_IO  it failed
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_a(const int a[4],
                                       int (*fn)(void *user, int x));
"""
VOID = """\
/**
 * Do a thing.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_b(void);
"""


def case(name, text, *expected):
    return (name, {"include/sfi/a.h": "/**\n * @file a.h\n */\n" + text,
                   "lib/core/status_list.h": LIST}, list(expected))


CASES = [
    case("good", GOOD + VOID),
    case("macros are no functions", "#define SFI_API x\n" + VOID),
    case("none at all", "SFI_API void sfi_b(void);\n", "has no doc comment"),
    case("the one before is not its own", VOID + "SFI_API int sfi_c(void);\n",
         "sfi_c: has no doc comment"),
    case("parameter missing", GOOD.replace(" * @param a   the one\n", ""),
         "@param a is missing"),
    case("no such parameter", GOOD.replace("@param fn", "@param gn"),
         "@param fn is missing", "@param gn is no parameter"),
    case("order", GOOD.replace("@param a ", "@param X ").replace(
        "@param fn", "@param a ").replace("@param X", "@param fn"),
         "another order"),
    case("no return", GOOD.replace("@return", "returns"), "@return is missing"),
    case("void returns", VOID.replace(" * Blocks", " * @return 1\n * Blocks"),
         "void function"),
    case("no SFI_OK", GOOD.replace("SFI_OK, or", "0, or"), "say SFI_OK"),
    case("no error", GOOD.replace("SFI_ERR_IO", "an error"), "lists no error"),
    case("twice", GOOD.replace("SFI_ERR_IO ", "SFI_ERR_IO, SFI_ERR_IO "),
         "SFI_ERR_IO twice"),
    case("no such status", GOOD.replace("SFI_ERR_IO", "SFI_ERR_OI"),
         "SFI_ERR_OI is no status"),
    case("no thread", GOOD.replace("Thread", "thread"), "Blocks"),
    case("no since", GOOD.replace("@since 1.0", "since 1.0"), "@since"),
    case("no sentence", VOID.replace("Do a thing.", "do a thing"),
         "one sentence"),
    ("no @file", {"include/sfi/a.h": "/* nothing */\n",
                  "lib/core/status_list.h": LIST}, ["@file a.h"]),
]

if __name__ == "__main__":
    source.main(check, CASES)
