/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Commands to a card: how they are split, and replies, also invalid ones. */
#include <stdio.h>
#include <string.h>

#include "util/hex.h"
#include "proto/apdu.h"

#include "fixture.h"

#define DATA_MAX 70000u
#define BUF_MAX 1024u

static uint8_t data[DATA_MAX];

static void
setup(void)
{
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    fixture_setup();
}

/* ---- whole talks ---- */

/* "> 80ca0110 00 < 9000": the words are hex, `@FROM+LEN` is a part of the data
 * and `^LEN` that many bytes of an answer: 0, 1, 2, ... */
static const struct {
    const char *name;
    uint8_t cla, ins, p1, p2;
    size_t len, answer;
    bool extended;
    const char *talk;
    enum apdu_turn turn;
    uint16_t sw;
    size_t got;   /* all bytes being 0, 1, 2, ... */
    size_t found; /* of what is wrong */
    bool refused; /* no extended length from now on */
} talks[] = {
    {"case 1", 0x80, 0xf0, 0, 0x0f, 0, 0, true, "> 80f0000f < 9000", APDU_DONE,
     0x9000, 0, 0, false},
    {"case 2", 0x80, 0xca, 1, 5, 0, 1, true, "> 80ca010500 < ^1 9000",
     APDU_DONE, 0x9000, 1, 0, false},
    {"case 3", 0, 0x20, 0, 1, 4, 0, true, "> 00200001 04 @0+4 < 63c9",
     APDU_DONE, 0x63c9, 0, 0, false},
    {"case 4", 0, 0xa4, 4, 0, 8, 256, true, "> 00a40400 08 @0+8 00 < ^12 9000",
     APDU_DONE, 0x9000, 12, 0, false},
    {"256 bytes", 0x80, 0xca, 1, 0x10, 0, 256, true, "> 80ca011000 < ^256 9000",
     APDU_DONE, 0x9000, 256, 0, false},

    {"extended, case 2", 0x80, 0xca, 1, 0x11, 0, 284, true,
     "> 80ca0111 000000 < ^284 9000", APDU_DONE, 0x9000, 284, 0, false},
    {"extended, case 3", 0x80, 0xda, 1, 0x21, 160, 0, true,
     "> 80da0121 0000a0 @0+160 < 9000", APDU_DONE, 0x9000, 0, 0, false},
    {"extended, case 4", 0x80, 0x2a, 0, 0, 136, 136, true,
     "> 802a0000 000088 @0+136 0000 < ^136 9000", APDU_DONE, 0x9000, 136, 0,
     false},
    {"an error has no data", 0x80, 0x2a, 0, 0, 136, 136, true,
     "> 802a0000 000088 @0+136 0000 < 6985", APDU_DONE, 0x6985, 0, 0, false},
    {"the card does as it likes: 61xx", 0x80, 0xca, 1, 0x11, 0, 284, true,
     "> 80ca0111 000000 < ^256 611c > 00c000001c < ^28+256 9000", APDU_DONE,
     0x9000, 284, 0, false},

    {"chained in two", 0x80, 0x2a, 0, 0, 136, 136, false,
     "> 902a0000 80 @0+128 < 9000 > 802a0000 08 @128+8 00 < ^136 9000",
     APDU_DONE, 0x9000, 136, 0, false},
    {"chained in three", 0x80, 0xda, 1, 0x21, 300, 0, false,
     "> 90da0121 80 @0+128 < 9000 > 90da0121 80 @128+128 < 9000 "
     "> 80da0121 2c @256+44 < 9000",
     APDU_DONE, 0x9000, 0, 0, false},
    {"a full piece is no chain", 0x80, 0xda, 1, 0x21, 128, 0, false,
     "> 80da0121 80 @0+128 < 9000", APDU_DONE, 0x9000, 0, 0, false},
    {"a chain that is refused at once", 0x80, 0x2a, 0, 0, 136, 136, false,
     "> 902a0000 80 @0+128 < 6884", APDU_DONE, 0x6884, 0, 0, false},
    {"a chain that is refused at its end", 0x80, 0x2a, 0, 0, 136, 136, false,
     "> 902a0000 80 @0+128 < 9000 > 802a0000 08 @128+8 00 < 6a80", APDU_DONE,
     0x6a80, 0, 0, false},
    {"61xx inside a chain is no status of ours", 0x80, 0x2a, 0, 0, 136, 136,
     false, "> 902a0000 80 @0+128 < 6110", APDU_DONE, 0x6110, 0, 0, false},

    {"GET RESPONSE", 0x80, 0xca, 1, 0x11, 0, 284, false,
     "> 80ca011100 < 6100 > 00c0000000 < ^256 611c "
     "> 00c000001c < ^28+256 9000",
     APDU_DONE, 0x9000, 284, 0, false},
    {"GET RESPONSE in crumbs", 0x80, 0xca, 1, 5, 0, 3, false,
     "> 80ca010500 < 6103 > 00c0000003 < ^1 6102 > 00c0000002 < ^1+1 6101 "
     "> 00c0000001 < ^1+2 9000",
     APDU_DONE, 0x9000, 3, 0, false},
    {"an error instead of a response", 0x80, 0xca, 1, 0x11, 0, 284, false,
     "> 80ca011100 < 6100 > 00c0000000 < 6f00", APDU_DONE, 0x6f00, 0, 0, false},
    {"wrong Le", 0x80, 0xca, 1, 5, 0, 1, true,
     "> 80ca010500 < 6c01 > 80ca010501 < ^1 9000", APDU_DONE, 0x9000, 1, 0,
     false},
    {"wrong Le for ever", 0x80, 0xca, 1, 5, 0, 1, true,
     "> 80ca010500 < 6c01 > 80ca010501 < 6c00", APDU_DONE, 0x6c00, 0, 0, false},
    {"wrong Le where there is none", 0, 0x20, 0, 1, 4, 0, true,
     "> 00200001 04 @0+4 < 6c01", APDU_DONE, 0x6c01, 0, 0, false},

    {"no extended length", 0x80, 0x2a, 0, 0, 136, 136, true,
     "> 802a0000 000088 @0+136 0000 < 6700 > 902a0000 80 @0+128 < 9000 "
     "> 802a0000 08 @128+8 00 < 6188 > 00c0000088 < ^136 9000",
     APDU_DONE, 0x9000, 136, 0, true},
    {"no extended length, and the wrong length", 0x80, 0xda, 1, 0x21, 160, 0,
     true,
     "> 80da0121 0000a0 @0+160 < 6700 > 90da0121 80 @0+128 < 9000 "
     "> 80da0121 20 @128+32 < 6700",
     APDU_DONE, 0x6700, 0, 0, true},
    {"the wrong length of a short one", 0, 0x20, 0, 1, 4, 0, true,
     "> 00200001 04 @0+4 < 6700", APDU_DONE, 0x6700, 0, 0, false},

    {"nothing", 0x80, 0xca, 1, 5, 0, 1, true, "> 80ca010500 <", APDU_NO_STATUS,
     0, 0, 0, false},
    {"half a status word", 0x80, 0xca, 1, 5, 0, 1, true, "> 80ca010500 < 90",
     APDU_NO_STATUS, 0, 0, 1, false},
    {"one byte too many", 0x80, 0xca, 1, 5, 0, 1, true,
     "> 80ca010500 < ^2 9000", APDU_TOO_LONG, 0x9000, 0, 2, false},
    {"an answer to a command that has none", 0, 0x20, 0, 1, 4, 0, true,
     "> 00200001 04 @0+4 < ^1 9000", APDU_TOO_LONG, 0x9000, 0, 1, false},
    {"an answer inside a chain", 0x80, 0x2a, 0, 0, 136, 136, false,
     "> 902a0000 80 @0+128 < ^1 9000", APDU_TOO_LONG, 0x9000, 0, 1, false},
    {"too long a response", 0x80, 0xca, 1, 5, 0, 3, false,
     "> 80ca010500 < ^2 6102 > 00c0000002 < ^2 9000", APDU_TOO_LONG, 0x9000, 2,
     4, false},
    {"more where there is no room", 0x80, 0xca, 1, 5, 0, 1, false,
     "> 80ca010500 < ^1 6101", APDU_TOO_LONG, 0x6101, 1, 2, false},
    {"more, but it never comes", 0x80, 0xca, 1, 5, 0, 3, false,
     "> 80ca010500 < 6103 > 00c0000003 < 6103", APDU_STALLED, 0x6103, 0, 0,
     false},
};

/* One word as bytes. */
static size_t
word(const char *text, size_t len, uint8_t *out)
{
    char copy[64];
    size_t from = 0, count = 0;

    ck_assert_uint_lt(len, sizeof(copy));
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (copy[0] == '@') {
        ck_assert_int_eq(sscanf(copy, "@%zu+%zu", &from, &count), 2);
    } else if (copy[0] == '^') {
        ck_assert_int_ge(sscanf(copy, "^%zu+%zu", &count, &from), 1);
    } else {
        ck_assert(sfi__hex_decode(out, len / 2, copy));
        return len / 2;
    }
    memcpy(out, data + from, count);
    return count;
}

/* Up to the next '<' or '>'. */
static size_t
words(const char **at, uint8_t *out)
{
    size_t len = 0;

    for (;;) {
        size_t word_len;

        *at += strspn(*at, " ");
        word_len = strcspn(*at, " <>");
        if (word_len == 0)
            return len;
        len += word(*at, word_len, out + len);
        *at += word_len;
    }
}

START_TEST(test_talk)
{
    const struct apdu command = {
        .cla = talks[_i].cla,
        .ins = talks[_i].ins,
        .p1 = talks[_i].p1,
        .p2 = talks[_i].p2,
        .data = data,
        .len = talks[_i].len,
        .answer = talks[_i].answer,
    };
    uint8_t out[BUF_MAX], sent[BUF_MAX], bytes[BUF_MAX];
    const char *at = talks[_i].talk;
    enum apdu_turn turn = APDU_GO_ON;
    struct apdu_talk t;

    sfi__apdu_begin(&t, &command, talks[_i].extended, out);
    while (*at != '\0') {
        size_t len = sfi__apdu_next(&t, sent, sizeof(sent));

        ck_assert_int_eq(turn, APDU_GO_ON);
        ck_assert_int_eq(*at++, '>');
        ck_assert_msg(words(&at, bytes) == len && memcmp(bytes, sent, len) == 0,
                      "%s: %zu bytes go out before \"%s\"", talks[_i].name, len,
                      at);
        ck_assert_int_eq(*at++, '<');
        turn = sfi__apdu_take(&t, bytes, words(&at, bytes));
    }
    ck_assert_msg(turn == talks[_i].turn, "%s: turn %d", talks[_i].name, turn);
    ck_assert_uint_eq(t.sw, talks[_i].sw);
    ck_assert_uint_eq(t.got, talks[_i].got);
    ck_assert_mem_eq(out, data, t.got);
    if (turn != APDU_DONE)
        ck_assert_uint_eq(t.found, talks[_i].found);
    ck_assert(t.extended == (talks[_i].extended && !talks[_i].refused));
}
END_TEST

/* ---- what does not fit is not sent ---- */

START_TEST(test_room)
{
    struct apdu command = {.cla = 0x80, .data = data, .len = 136, .answer = 9};
    uint8_t sent[BUF_MAX];
    struct apdu_talk t;

    sfi__apdu_begin(&t, &command, true, NULL);
    for (size_t cap = 0; cap < 145; cap++)
        ck_assert_uint_eq(sfi__apdu_next(&t, sent, cap), 0);
    ck_assert_uint_eq(sfi__apdu_next(&t, sent, 145), 145);
    command.len = DATA_MAX;
    ck_assert_uint_eq(sfi__apdu_next(&t, sent, sizeof(sent)), 0);
}
END_TEST

/* With any replies the exchange never writes past its buffer, and it ends. */
START_TEST(test_any_status_ends)
{
    const struct apdu command = {
        .cla = 0x80, .data = data, .len = 300, .answer = 40};
    uint8_t out[41], sent[BUF_MAX], raw[44] = {0};
    size_t step = test_step(7);

    for (uint32_t sw = 0; sw <= UINT16_MAX; sw += (uint32_t)step) {
        for (size_t body = 0; body < 3; body++) {
            enum apdu_turn turn = APDU_GO_ON;
            struct apdu_talk t;
            int turns = 0;

            out[40] = 0xa5;
            raw[body] = (uint8_t)(sw >> 8);
            raw[body + 1] = (uint8_t)sw;
            sfi__apdu_begin(&t, &command, (sw & 1) != 0, out);
            while (turn == APDU_GO_ON) {
                ck_assert_uint_gt(sfi__apdu_next(&t, sent, sizeof(sent)), 0);
                turn = sfi__apdu_take(&t, raw, body + 2);
                ck_assert_int_lt(turns++, 50);
            }
            ck_assert_uint_le(t.got, 40);
            ck_assert_uint_eq(out[40], 0xa5);
        }
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("apdu");
    TCase *tc = tcase_create("apdu");

    tcase_add_checked_fixture(tc, setup, fixture_teardown);
    tcase_add_loop_test(tc, test_talk, 0, (int)ROWS(talks));
    tcase_add_test(tc, test_room);
    tcase_add_test(tc, test_any_status_ends);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
