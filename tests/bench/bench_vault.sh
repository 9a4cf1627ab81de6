#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# How many licences a second a vault gives, beside what libcrypto's own
# benchmark says of the same machine in the same minute.
#   tests/bench/bench_vault.sh [BUILD [FOLDER [LICENCES [RECORDS]]]]
# A new licence costs a verification, a key pair, an agreement and a sync of the
# disk; one given again costs the verification.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${1-build}
tool=$build/tests/bench/bench_vault
[ -x "$tool" ] || { echo "$tool is missing: build first" >&2; exit 1; }

"$tool" "${2-$build}" "${3-500}" "${4-100000}"
# On one processor.  -mr: operations a second, for programs to read.
openssl speed -mr -seconds 1 ecdhp256 ecdsap256 2>/dev/null |
    awk -F: '
        function row(what, rate) {
            printf "%-44s %9.1f us %10.0f /s\n", what, 1e6 / rate, rate
        }
        $1 == "+F4" { row("openssl speed: ECDSA sign", $4)
                      row("openssl speed: ECDSA verify", $5) }
        $1 == "+F5" { row("openssl speed: ECDH", $4) }'
