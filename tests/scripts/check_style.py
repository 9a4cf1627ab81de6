#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What clang-format does not see: calls and words that have no place here."""

import collections
import re

import source

CODE = ["lib", "include", "examples", "tests"]
TEXT = CODE + ["doc", "scripts", ".ci", "bindings", "packaging"]
TEXT_SUFFIXES = (".c", ".h", ".py", ".md", ".map", ".build", ".sh", ".csv",
                 ".txt", ".yml", "")

# (calls, the folders they are banned from, except in, what to use)
CALLS = [
    (r"memcmp", ["lib"], ["lib/util/"], "sfi__ct_equal or sfi__equal"),
    (r"memset|bzero|explicit_bzero", ["lib"], ["lib/util/"],
     "sfi__zero, sfi__fill or sfi__wipe"),
    (r"realloc|reallocarray", ["lib", "examples"], ["lib/util/"],
     "struct buf, which wipes what it leaves"),
    # the list of open files is the process's, not a context's
    (r"malloc|calloc|free|strdup|strndup|asprintf|vasprintf", ["lib"],
     ["lib/util/alloc.c", "lib/util/fd.c", "lib/util/sys_win32.c"],
     "sfi__ctx_alloc, so that the caller's allocator is asked"),
    (r"strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets", ["lib", "examples"],
     [],
     "the bounded functions of util/text.h, or snprintf"),
    (r"snprintf|vsnprintf", ["lib"], ["lib/util/"], "text_format"),
    (r"strtol|strtoul|strtoll|strtoull|atoi|atol|sscanf", ["lib"],
     ["lib/util/"], "text_to_u64"),
    (r"strtok|localtime|gmtime|ctime|asctime|rand|srand|tmpnam|mktemp",
     ["lib", "examples"], [], "its reentrant counterpart"),
    (r"clock_gettime|gettimeofday|time|nanosleep|usleep|sleep", ["lib"],
     ["lib/util/sys_posix.c", "lib/util/sys_win32.c"], "util/clock.h"),
    (r"printf|puts|putchar|perror|fprintf|fputs", ["lib"], [],
     "sfi__log: the library does not talk to the terminal"),
    (r"abort|exit|_exit|assert|raise|signal|sigaction", ["lib"], [],
     "a status: a library does not end its caller"),
    # the exceptions open folders, what they made, and a file of the kernel
    (r"open|openat|fopen|freopen|creat|mkstemp", ["lib"],
     ["lib/util/", "lib/sim/storage/store.c", "lib/sim/serve/pty.c",
      "lib/sim/storage/factory.c", "lib/transport/base/sysfs.c"],
     "sfi__fd_open: a close must not drop the locks of a vault"),
    (r"strerror|strerror_r|strerror_l|strsignal|gai_strerror|strcoll|strftime|"
     r"isalpha|isalnum|isdigit|isspace|isprint|isupper|islower|toupper|tolower",
     ["lib"], [], "sfi__os_text() or util/text.h: the process's locale is not "
     "libsfi's"),
    (r"accept|pipe|dup|dup2|mkstemp|epoll_create|inotify_init|fopen|freopen",
     ["lib"], [], "its counterpart that takes CLOEXEC"),
    (r"getenv|secure_getenv|setlocale|system|popen|alloca", ["lib"], [],
     "an argument"),
]

WORDS = [
    (r"\b(?:TODO|FIXME|XXX|HACK)\b", "unfinished work"),
    (r"(?<![\w.])/(?:work|home|root|Users)/", "a path of one machine"),
]
# This file names the words that it looks for.
SELF = "tests/scripts/check_style.py"

CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else|endif)\b",
                         re.M)


def calls(path, text):
    code = source.code_only(text)
    for names, folders, exceptions, instead in CALLS:
        if path.parts[0] not in folders or \
                str(path).startswith(tuple(exceptions) or ("\0",)):
            continue
        # no member, and no declaration in a table of functions
        for m in re.finditer(rf"(?<![\w.>*])({names})\s*\(", code):
            yield source.finding(path, source.line_of(code, m.start()),
                                 f"{m.group(1)}() is not used here: {instead}")


def conditionals(path, text):
    plain = source.without_comments(text)
    for f in source.functions(text):
        for m in CONDITIONAL.finditer(plain, f.body, f.end):
            yield source.finding(path, source.line_of(plain, m.start()),
                                 f"{m.group(0).strip()} inside {f.name}(): "
                                 "let the build pick a file")


# Whatever a process starts while libsfi works inherits no descriptor of it.
OPENS = re.compile(r"(?<![\w.>*])(open|openat|posix_openpt|socket|socketpair|"
                   r"accept4|pipe2|dup3|mkostemp|epoll_create1|inotify_init1|"
                   r"eventfd|timerfd_create|memfd_create)\s*\(([^;]*);")


def inherited(path, text):
    code = source.code_only(text)
    for m in OPENS.finditer(code if path.parts[0] == "lib" else ""):
        if "CLOEXEC" not in m.group(2):
            yield source.finding(path, source.line_of(code, m.start()),
                                 f"{m.group(1)}() without CLOEXEC: a program "
                                 "that is started meanwhile inherits it")


EXTERN = re.compile(r"^extern\b[^;(]*?(\w+)(?:\[[^\]]*\])*;", re.M)


def names(path, text, statics):
    """What the linker sees of lib/ begins with sfi_: a program that links it
    has names of its own.  Static functions go into `statics`."""
    code = source.code_only(text)
    for f in source.functions(text):
        head = code.rfind(";", 0, f.body)
        head = code[max(head, code.rfind("}", 0, f.body)) + 1:f.body]
        if f.name.isupper():
            continue
        if re.search(r"\bstatic\b", head):
            statics[f.name].append((path, f.first))
        elif not f.name.startswith("sfi_"):
            yield source.finding(path, f.first, f"{f.name}() is external: "
                                 f"sfi__{f.name}, or static")
    for m in EXTERN.finditer(code):
        if not m.group(1).startswith("sfi_"):
            yield source.finding(path, source.line_of(code, m.start()),
                                 f"{m.group(1)} is external: sfi__{m.group(1)}")


def room(path):
    """Files of which a build has one: serial_posix.c, serial_win32.c."""
    return re.sub(r"_(linux|none|posix|win32)(?=\.c$)", "", str(path))


def twice(statics):
    """A backtrace and a grep name one place: a static stands in one file."""
    for name, places in sorted(statics.items()):
        for path, line in places[1:]:
            if room(path) == room(places[0][0]):
                continue
            yield source.finding(path, line, f"{name}() is static in "
                                 f"{places[0][0]} too: say whose it is")


def words(path, text):
    for pattern, why in WORDS:
        for m in re.finditer(pattern, text):
            yield source.finding(path, source.line_of(text, m.start()),
                                 f"{m.group(0)}: {why}")


def layout(path, text):
    if not text.endswith("\n"):
        yield source.finding(path, text.count("\n") + 1, "no final line end")
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip() != line:
            yield source.finding(path, number, "blanks at the end of the line")
        if "\t" in line:
            yield source.finding(path, number, "a tab")
    if path.suffix in (".c", ".h"):
        for at in source.line_comments(text):
            yield source.finding(path, source.line_of(text, at),
                                 "// comments are not used here")


def check(root):
    found = []
    statics = collections.defaultdict(list)
    top = [p.relative_to(root) for p in sorted(root.glob("*"))
           if p.is_file() and p.suffix in (".md", ".build", ".txt")]
    for path in top + source.files(root, TEXT, TEXT_SUFFIXES):
        if str(path) == SELF:
            continue
        try:
            text = source.read(root, path)
        except UnicodeDecodeError:
            continue
        found += words(path, text)
        if path.suffix not in (".csv", ".txt", ""):
            found += layout(path, text)
        if path.suffix in (".c", ".h") and path.parts[0] in CODE:
            found += calls(path, text)
            found += inherited(path, text)
            found += conditionals(path, text)
            if path.parts[0] == "lib":
                found += names(path, text, statics)
    return found + list(twice(statics))


CASES = [
    ("clean", {"lib/util/mem.c": "void\nsfi__f(void)\n{\n    memset(p, 0, 1);\n}\n",
               "lib/core/a.c": "#if SFI_HAVE_VAULT\n#endif\n"
               'static int\ng(void)\n{\n    s = "memcmp(";\n'
               "    return a.free(b) + p->time(q); /* memset(x) */\n}\n",
               "tests/a.c": "int\nh(void)\n{\n    return memcmp(a, b, 1);\n}\n",
               "README.md": "Paths like ../shared are fine.\n"}, []),
    ("memcmp", {"lib/core/a.c": "int x = memcmp(a, b, 2);\n"},
     [r"memcmp\(\) is not used here: sfi__ct_equal"]),
    ("memset", {"lib/sim/a.c": "\n\nmemset (a, 0, 2);\n"}, [":3: memset"]),
    ("realloc", {"examples/a.c": "p = realloc(p, 2);\n"}, ["realloc"]),
    ("malloc", {"lib/hsm/a.c": "p = malloc(2);\nfree(p);\n"},
     ["malloc", ":2: free"]),
    ("the locale", {"lib/hsm/a.c": "p = strerror(2);\nif (isdigit(c))\n"},
     ["strerror", ":2: isdigit"]),
    ("inherited", {"lib/hsm/a.c": "a = socket(AF_UNIX,\n SOCK_STREAM, 0);\n"
                   "b = accept(a, NULL, NULL);\n"
                   "c = accept4(a, NULL, NULL, SOCK_CLOEXEC);\n"
                   "d = open(p,\n O_RDONLY | O_CLOEXEC | O_DIRECTORY);\n"},
     [r":1: socket\(\) without CLOEXEC", r":3: accept\(\) is not used",
      r":5: open\(\) is not used here: sfi__fd_open"]),
    ("sprintf", {"examples/a.c": 'sprintf(b, "x");\n'}, ["sprintf"]),
    ("strcpy", {"examples/a.c": "strcpy(a, b);\n"}, ["strcpy"]),
    ("a clock", {"lib/hsm/a.c": "now = time(NULL);\n"}, [r"time\(\)"]),
    ("stdout", {"lib/hsm/a.c": 'printf("x");\n'}, ["printf"]),
    ("the end of the caller", {"lib/hsm/a.c": "abort();\n"}, ["abort"]),
    ("#ifdef in a function",
     {"lib/core/a.c": "void\nsfi__f(void)\n{\n#ifdef X\n    g();\n#endif\n}\n"},
     [":4: #ifdef inside sfi__f", ":6: #endif inside sfi__f"]),
    ("external names", {"lib/core/a.c":
                        "static int\na(void)\n{\n}\n\nint\nsfi__b(void)\n{\n}\n"
                        "\nint\nrd_init(void)\n{\n}\n",
                        "lib/core/a.h": "extern const int sfi__d;\n"
                        "extern const struct t table;\n"},
     [r"lib/core/a.c:11: rd_init\(\) is external",
      r"lib/core/a.h:2: table is external"]),
    ("a static name twice", {"lib/a/a.c": "static int\ntake(void)\n{\n}\n",
                             "lib/b/b.c": "\nstatic int\ntake(void)\n{\n}\n"},
     [r"lib/b/b.c:2: take\(\) is static in lib/a/a.c too"]),
    ("unfinished", {"scripts/x": "#!/bin/sh\n# TO" + "DO: finish\n"},
     ["unfinished"]),
    ("one machine", {"doc/a.md": "see /ho" + "me/me/x\n"}, ["one machine"]),
    ("layout", {"lib/core/a.c": "int a; \n\tint b;"},
     ["final line end", "blanks at the end", "a tab"]),
    ("// comments", {"lib/core/a.c": "\nint a; // b\n"}, [":2: // comments"]),
    ("// in strings", {"lib/core/a.c": 'char *a = "http://x";\n'}, []),
]

if __name__ == "__main__":
    source.main(check, CASES)
