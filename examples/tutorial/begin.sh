#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
# Makes in this folder what earlier chapters of doc/guide.md would have left:
#   begin.sh image   key, nonce and blink.sfi            (chapter 1)
#   begin.sh hsm     and two chips, line.vault and pin   (chapter 2)
#   begin.sh chip    and chip-1 runs                     (chapter 3)
#   begin.sh chips   and chip-2, too                     (chapter 4)
# What is there is left as it is.
set -eu
data=$(dirname "$0")/../../tests/data

image() {
    [ -e blink.elf ] || cp "$data/blink-stm32h753xi.elf" blink.elf
    [ -e ob.csv ] || cp "$data/ob-stm32h753xi.csv" ob.csv
    [ -e key.bin ] || sfi-create --genkey key.bin --gennonce nonce.bin
    [ -e blink.sfi ] || sfi-create -sfi -fir blink.elf -k key.bin -n nonce.bin \
        -ob ob.csv -v 1 -devid 0x450 -o blink.sfi
}

hsm() {
    for chip in chip-1 chip-2; do
        [ -e $chip ] || sfi-sim manufacture --ca chip-maker --chip stm32h753xi \
            --state $chip
    done
    [ -e pin ] || (umask 077; echo 'a PIN that is in no dictionary' >pin)
    [ -e line.vault ] || sfi-hsm -i vault:line.vault -k key.bin -n nonce.bin \
        -id blink-h753 -mc 2 -pd chip-maker/45002001_SFI_*.pd \
        --audit-key audit.key --pin-file pin --yes
}

run() {
    sfi-sim ctl "$1" state >/dev/null 2>&1 ||
        sfi-sim run --state "$1" --usart "$1.tty" --background
}

case ${1-} in
image | hsm | chip | chips) ;;
*)
    sed -n 's/^# \{0,1\}//; 4,9p' "$0" >&2
    exit 64
    ;;
esac

{
    image
    [ "$1" = image ] || hsm
    case $1 in chip | chips) run chip-1 ;; esac
    [ "$1" != chips ] || run chip-2
} >/dev/null # what fails says so elsewhere
echo "ready: $(echo *)"
