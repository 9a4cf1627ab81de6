/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Frames of AN3155 as scripts of link/script.h, and a target on such a link. */
#ifndef SFI_TESTS_TARGET_FRAMES_H
#define SFI_TESTS_TARGET_FRAMES_H

#include <sfi/target.h>

#include "util/hex.h"
#include "util/mem.h"
#include "target/target.h"

#include "fixture.h"
#include <link/script.h>

#define GET_OPEN "> 00 ff < 79 07 31 00 01 02 11 21 31 44 79\n"
#define GET_SECURE "> 00 ff < 79 05 31 00 01 02 50 51 79\n"
#define ID_H7 "> 02 fd < 79 01 04 50 79\n"
#define ID_L4 "> 02 fd < 79 01 04 62 79\n"
#define SYNC "> 7f < 79\n"
#define RESYNC "> 7f < 1f\n"
/* Sent twice, since these replies have no checksum, unless one is the expected
 * one. */
#define LOADER_ONCE(id) \
    "> 11 ee < 79 > 1f f1 e7 fe f7 < 79 > 00 ff < 79 " id "\n"
#define SIZE_ONCE(kb) "> 11 ee < 79 > 1f f1 e8 80 86 < 79 > 01 fe < 79 " kb "\n"
#define SIZE(kb) SIZE_ONCE(kb) SIZE_ONCE(kb)
#define LOADER_SIZE(id, kb) LOADER_ONCE(id) LOADER_ONCE(id) SIZE(kb)
#define LOADER(id) LOADER_ONCE(id) LOADER_ONCE(id) SIZE_ONCE("00 08")
#define LOADER_L4_ONCE "> 11 ee < 79 > 1f ff 6f fe 71 < 79 > 00 ff < 79 92\n"
#define SIZE_L4_ONCE "> 11 ee < 79 > 1f ff 75 e0 75 < 79 > 01 fe < 79 00 02\n"
#define LOADER_L4 LOADER_L4_ONCE LOADER_L4_ONCE SIZE_L4_ONCE
/* The word of FOPTSR in force. */
#define READ_RDP_AS(word) \
    "> 11 ee < 79 > 52 00 20 1c 6e < 79 > 03 fc < 79 " word "\n"
#define READ_RDP READ_RDP_AS("f0 aa c6 1b") READ_RDP_AS("f0 aa c6 1b")
#define WHO_OPEN GET_OPEN ID_H7 GET_OPEN ID_H7 LOADER("92")
#define WHO_SECURE GET_SECURE ID_H7 GET_SECURE ID_H7
/* A chip that answers as before. */
#define OPEN_AGAIN GET_OPEN ID_H7
#define SECURE_AGAIN GET_SECURE ID_H7
#define OPEN_H7 SYNC WHO_OPEN
#define SECURE_H7 SYNC WHO_SECURE

/* Special, up to its packet: opcode with checksum */
#define SPECIAL(opcode) "> 50 af < 79 > " opcode " < 79\n"
#define EXTENDED(opcode) "> 51 ae < 79 > " opcode " < 79\n"
#define DONE "00 00 00 01 00 79\n" /* no data, status 0, ACK */
#define REFUSED(cause) "00 00 00 01 " cause " 79\n"

/* The first 88 bytes of the area: FOPTSR and the other registers of bank 1, in
 * force and programmed. */
#define REGISTERS_AS(optsr, pending)                                      \
    optsr " " pending " 00*4 ff 00*3 ff 00*3 ff 00*3 ff 00*3 ff 00*3 ff " \
          "00*3 00 08 f0 1f 00 08 f0 1f"
#define AREA_AS(optsr, pending) REGISTERS_AS(optsr, pending) " 00*44"
#define OPTSR "f0 aa c6 1b"
#define OPTSR_SECURITY "f0 aa e6 1b"
#define READ_AREA_AS(optsr, pending)                                  \
    "> 11 ee < 79 > 52 00 20 1c 6e < 79 > 57 a8 < 79 " AREA_AS(optsr, \
                                                               pending) "\n"
#define READ_OPTION_ONCE READ_AREA_AS(OPTSR, OPTSR)
#define READ_OPTION READ_OPTION_ONCE READ_OPTION_ONCE
#define READ_PENDING READ_AREA_AS(OPTSR, OPTSR_SECURITY)
#define WRITE_OPTION                       \
    "> 31 ce < 79 > 52 00 20 1c 6e < 79\n" \
    "> 57 " AREA_AS(OPTSR_SECURITY, OPTSR_SECURITY) " 57"
#define STILL_OPEN RESYNC OPEN_AGAIN
/* What was written is read again, but for what is behind the registers; and
 * once, when it is as expected. */
#define READ_BACK_AS(registers) \
    "> 11 ee < 79 > 52 00 20 1c 6e < 79 > 2b d4 < 79 " registers "\n"
#define READ_BACK READ_BACK_AS(REGISTERS_AS(OPTSR, OPTSR_SECURITY))
#define WROTE_OPTION WRITE_OPTION " < 79\n" STILL_OPEN READ_BACK

/* version 1, state, cause, flags, 0x450, 1024 per DATA, product, session,
 * area, areas, offset, header tag */
#define INFO_BODY(state, cause)                                          \
    "01 " state " " cause " 00 50 04 00 04 34 35 30 30 32 30 30 31 07 "  \
    "00 00 00 00 00 00 00 00 00 00 00 a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa " \
    "ab ac ad ae af "
#define INFO_ONCE(state, cause) \
    SPECIAL("53 01 52")         \
    "> 00*3 < 79 00 2c " INFO_BODY(state, cause) "00 01 00 79\n"
#define INFO(state, cause) INFO_ONCE(state, cause) INFO_ONCE(state, cause)

static struct script bus;
static sfi_transport *tp;
static sfi_target *t;

static void
setup(void)
{
    fixture_setup();
    tp = NULL;
    t = NULL;
}

static void
teardown(void)
{
    sfi_target_free(t);
    sfi_transport_free(tp);
    fixture_teardown();
}

static sfi_status
connect_to(const char *text, const sfi_chip *chip, uint32_t ms)
{
    script_open(&bus, text, &tp);
    return sfi_target_connect(ctx, chip, tp, ms, &t);
}

/* Connect; the script continues with `text`. */
static inline void
begin(const char *connection, const char *text)
{
    ck_assert_ok(connect_to(connection, NULL, 0));
    script_then(&bus, text);
}

static inline sfi_license *
make_license(void)
{
    uint8_t raw[SFI_LICENSE_LEN];
    sfi_license *lic;

    /* the ephemeral key is the generator of P-256 */
    ck_assert(sfi__hex_decode(raw, 88,
                              "5346492e00000000010000000000000000000000000000"
                              "00"
                              "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33"
                              "a0f4a13945d898c296"
                              "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315e"
                              "cecbb6406837bf51f5"));
    sfi__fill(raw + 88, 0x33, sizeof(raw) - 88);
    ck_assert_ok(sfi_license_parse(ctx, raw, sizeof(raw), &lic));
    return lic;
}

#endif
