/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A card that plays a script, for replies that a real one would never give. */
#include <card/card_play.h>

#include <stdio.h>
#include <string.h>

#include <sfi/ctx.h>

#include "util/hex.h"

#include "fixture.h"

struct play play;
sfi_hsm_ops play_ops;
void *play_card;

void
play_init(void)
{
    play = (struct play){.text = "", .at = ""};
    play.info[0] = CARD_VERSION;
    play.info[PLAY_STATE] = SFI_HSM_OPERATIONAL;
    play.info[PLAY_TRIES] = 10;
    play.info[PLAY_REMAINING] = 5;
    play.info[PLAY_MAXIMUM] = 5;
    memset(play.info + PLAY_SERIAL, 0x5e, 16);
    memcpy(play.info + PLAY_PRODUCT, "45002001", 8);
    memcpy(play.info + PLAY_FIRMWARE, "blink 1.0", 9);
    memcpy(play.full, play.info, sizeof(play.full));
    memset(play.cert, 0xce, sizeof(play.cert));
    memset(play.lic, 0x11, sizeof(play.lic));
    memset(play.perso, 0x9e, sizeof(play.perso));
    play.audit[11] = 5; /* maximum */
    play.audit[27] = 4; /* remaining */
    play.audit[35] = 1; /* sequence */
    memcpy(play.audit + 36, "blink 1.0", 9);
    memcpy(play.audit + 100, "45002001", 8);
    memset(play.audit + 108, 0x5e, 16);
    for (size_t i = 124; i < sizeof(play.audit); i++)
        play.audit[i] = (uint8_t)i;
    play.rec[3] = SFI_AUDIT_COUNTED;
    play.rec[11] = 1; /* sequence */
    play.rec[19] = 99;
    play.rec[27] = 4;
    for (size_t i = 28; i < sizeof(play.rec); i++)
        play.rec[i] = (uint8_t)i;
}

/* ---- the text ---- */

static const char *
here(void)
{
    static char text[160];

    (void)snprintf(text, sizeof(text), "before \"%s\"", play.at);
    return text;
}

static size_t
word(char *out, size_t cap)
{
    size_t len;

    play.at += strspn(play.at, " ");
    len = strcspn(play.at, " ");
    ck_assert_uint_lt(len, cap);
    memcpy(out, play.at, len);
    out[len] = '\0';
    return len;
}

static void
expect(const char *what)
{
    char got[64];
    size_t len = word(got, sizeof(got));

    ck_assert_msg(strcmp(got, what) == 0, "the host says \"%s\" %s", what,
                  here());
    play.at += len;
}

/* One of the words that stand for bytes. */
static size_t
named(const char *name, uint8_t *out)
{
    static const uint8_t select[] = "\x00\xa4\x04\x00\x08" CARD_AID;
    static const uint8_t ask[] = {0x80, 0xca, 0x01, 0x10, 0x00};
    const struct {
        const char *name;
        const void *data;
        size_t len;
    } words[] = {
        {"$sel", select, sizeof(select)}, /* its NUL is Le */
        {"$ask", ask, sizeof(ask)},
        {"$info", play.info, sizeof(play.info)},
        {"$full", play.full, sizeof(play.full)},
        {"$pin", PLAY_PIN, strlen(PLAY_PIN)},
        {"$new", PLAY_NEW_PIN, strlen(PLAY_NEW_PIN)},
        {"$cert", play.cert, sizeof(play.cert)},
        {"$lic", play.lic, sizeof(play.lic)},
        {"$perso", play.perso, sizeof(play.perso)},
        {"$audit", play.audit, sizeof(play.audit)},
        {"$rec", play.rec, sizeof(play.rec)},
    };

    for (size_t i = 0; i < ROWS(words); i++) {
        if (strcmp(words[i].name, name) != 0)
            continue;
        memcpy(out, words[i].data, words[i].len);
        return words[i].len;
    }
    ck_abort_msg("no word \"%s\" %s", name, here());
    return 0;
}

/* Words that stand for bytes, as many as there are. */
static size_t
bytes(uint8_t *out)
{
    char text[600];
    size_t len = 0;

    for (;;) {
        size_t text_len = word(text, sizeof(text)), count = 0;

        if (text_len < 2 || text[0] == '!' || text[1] == '!')
            return len;
        if (text[0] == '$') {
            count = named(text, out + len);
        } else if (sscanf(text, "^%zu", &count) == 1) {
            for (size_t i = 0; i < count; i++)
                out[len + i] = (uint8_t)i;
        } else {
            count = text_len / 2;
            ck_assert_msg(sfi__hex_decode(out + len, count, text), "\"%s\" %s",
                          text, here());
        }
        len += count;
        play.at += text_len;
    }
}

void
play_done(void)
{
    play.at += strspn(play.at, " ");
    ck_assert_msg(*play.at == '\0', "the host says no more %s", here());
}

void
play_text(const char *text)
{
    play_done();
    play.text = text;
    play.at = text;
}

/* ---- the channel ---- */

static sfi_status
gone(void)
{
    sfi_ctx_report(ctx, SFI_ERR_NO_DEVICE, 0, "the card was removed");
    return SFI_ERR_NO_DEVICE;
}

static sfi_status
play_transmit(void *user, const uint8_t *in, size_t in_len, uint8_t *out,
              size_t *out_len)
{
    uint8_t want[CHANNEL_APDU_MAX];
    char text[64];
    size_t len;

    ck_assert_ptr_eq(user, &play);
    ck_assert_uint_ge(*out_len, CHANNEL_APDU_MAX);
    expect(">");
    len = bytes(want);
    ck_assert_msg(len == in_len && memcmp(want, in, len) == 0,
                  "%zu other bytes, %02x %02x %02x %02x ..., go out %s", in_len,
                  in[0], in[1], in[2], in[3], here());
    len = word(text, sizeof(text));
    play.at += len;
    if (strcmp(text, "!gone") == 0)
        return gone();
    if (strcmp(text, "!io") == 0) {
        sfi_ctx_report(ctx, SFI_ERR_IO, 0, "the reader failed");
        return SFI_ERR_IO;
    }
    ck_assert_str_eq(text, "<");
    *out_len = bytes(out);
    return SFI_OK;
}

static sfi_status
play_begin(void *user, bool *was_reset)
{
    char text[64];

    ck_assert_ptr_eq(user, &play);
    play.at += word(text, sizeof(text));
    *was_reset = strcmp(text, "B") == 0;
    if (strcmp(text, "b!") == 0)
        return gone();
    ck_assert_msg(*was_reset || strcmp(text, "b") == 0,
                  "a transaction begins %s", here());
    return SFI_OK;
}

static void
play_end(void *user)
{
    ck_assert_ptr_eq(user, &play);
    expect("e");
}

static void
play_close(void *user)
{
    ck_assert_ptr_eq(user, &play);
    ck_assert(!play.closed);
    play.closed = true;
}

void
play_channel(struct channel *out)
{
    static const struct channel_ops ops = {
        .transmit = play_transmit,
        .begin = play_begin,
        .end = play_end,
        .close = play_close,
    };

    out->ops = &ops;
    out->user = &play;
}

/* ---- an open card ---- */

sfi_status
play_open(bool short_only)
{
    struct channel ch;

    play_channel(&ch);
    return sfi__card_open(ctx, &ch, short_only, &play_ops, &play_card);
}

sfi_status
play_login(void)
{
    return play_ops.login(play_card, PLAY_PIN, strlen(PLAY_PIN));
}

void
play_setup(void)
{
    fixture_setup();
    play_init();
}

void
play_setup_open(void)
{
    play_setup();
    play_text(PLAY_OPENING);
    ck_assert_ok(play_open(false));
}

void
play_setup_login(void)
{
    play_setup_open();
    play_text("b " PLAY_MEET " " PLAY_VERIFY " < 9000 e");
    ck_assert_ok(play_login());
}

void
play_setup_blank(void)
{
    play_setup();
    memset(play.info + PLAY_STATE, 0, CARD_INFO_LEN - PLAY_STATE);
    play.info[PLAY_TRIES] = 10;
    play_text(PLAY_OPENING);
    ck_assert_ok(play_open(false));
    play_text("b " PLAY_MEET " " PLAY_VERIFY " < 9000 e");
    ck_assert_ok(play_login());
}

void
play_teardown(void)
{
    play_done();
    if (play_card != NULL)
        play_ops.close(play_card);
    play_card = NULL;
    ck_assert(play.closed);
    fixture_teardown();
}
