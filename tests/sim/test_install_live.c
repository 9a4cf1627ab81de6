/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Live licences, from the HSM to the chip: each serves one session, once.  A
 * licence that was kept, recorded or outdated by a reset is refused, a
 * repetition after a damaged line is not, and no chip is counted twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/device.h>
#include <sfi/license_store.h>
#include <sfi/target.h>

#include "license/license.h"

#include <bench/station.h>

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

#define OTHER_SESSION                                                   \
    "the live licence is for another session of the chip: it was used " \
    "before, or the chip has restarted since; run the install again, "  \
    "which is not counted again"

/* A live licence for the chip, made where its key is known. */
static sfi_license *
make_license(uint32_t session)
{
    const struct package *p = &station.package;
    uint8_t cert[SFI_CERTIFICATE_LEN], raw[SFI_LICENSE_LEN];
    size_t len = sizeof(cert);
    sfi_license *lic;

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, cert, &len));
    ck_assert_ok(sfi__license_make(ctx, cert + 8, LICENSE_LIVE, session, p->key,
                                   p->nonce, raw));
    ck_assert_ok(sfi_license_parse(ctx, raw, sizeof(raw), &lic));
    return lic;
}

/* An installer with such a licence and without an HSM. */
static sfi_installer *
prepare_given(uint32_t session)
{
    sfi_installer *in = station_prepare_licensed();
    sfi_license *lic = make_license(session);

    ck_assert_ok(sfi_installer_set_license(in, lic));
    ck_assert_ok(sfi_installer_set_protocol(in, SFI_PROTOCOL_LIVE));
    sfi_license_free(lic);
    return in;
}

/* The licence of the last install, to be sent again. */
static sfi_license *
record(void)
{
    const sfi_license *lic = sfi_installer_license(station.installer);
    sfi_license *copy;

    ck_assert_uint_eq(sfi_license_type(lic), SFI_LICENSE_LIVE);
    ck_assert_ok(sfi_license_parse(ctx, sfi_license_data(lic, NULL),
                                   SFI_LICENSE_LEN, &copy));
    return copy;
}

/* ---- success ---- */

START_TEST(test_install)
{
    const sfi_license *lic;

    station_setup(chips[_i]);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    lic = sfi_installer_license(station.installer);
    ck_assert_uint_eq(sfi_license_type(lic), SFI_LICENSE_LIVE);
    ck_assert_uint_ne(sfi_license_session(lic), 0);
    station_teardown();
}
END_TEST

/* Each install has its own session; the chip is counted once. */
START_TEST(test_install_again)
{
    uint32_t seen[4];

    station_setup("stm32h753xi");
    for (size_t i = 0; i < ROWS(seen); i++) {
        ck_assert_ok(station_install_live(true));
        install_assert_complete(&station.package);
        seen[i] = sfi_license_session(sfi_installer_license(station.installer));
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_ne(seen[i], seen[k]);
    }
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    ck_assert_ok(station_install(true)); /* and a static one */
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* The HSM is on another machine: the session goes out, the licence comes in. */
START_TEST(test_given)
{
    sfi_installer *in;

    station_setup(chips[_i]);
    in = prepare_given(station_session());
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    station_teardown();
}
END_TEST

/* ---- kept and recorded licences ---- */

/* The host refuses it before the chip is changed ... */
START_TEST(test_kept)
{
    char message[160];
    uint32_t now;

    station_setup("stm32h753xi");
    ck_assert_ok(station_install_live(true));
    now = station_session();
    (void)snprintf(message, sizeof(message),
                   "the live licence is for session 0x%08x, and the chip is in "
                   "session 0x%08x: get one for this session",
                   now ^ 1, now);
    prepare_given(now ^ 1);
    ck_assert_ok(sfi_installer_set_erase(station.installer, 1));
    ck_assert_fails(sfi_installer_run(station.installer), SFI_ERR_DEVICE, "",
                    message);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_LICENSE_SESSION);
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_session(), now);
    station_teardown();
}
END_TEST

/* ... and the chip refuses it from a host that sends it all the same: after an
 * install, after a failed install, and after a reset. */
START_TEST(test_replayed)
{
    sfi_license *lic;
    sfi_target *t;

    station_setup("stm32h753xi");
    station_check_nothing();
    if (_i == 1) /* used by an install that stopped there */
        station.package.image.data[14] ^= 1;
    ck_assert_int_eq(station_install_live(true),
                     _i == 1 ? SFI_ERR_DEVICE : SFI_OK);
    lic = record();
    if (_i == 2)
        ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_fails(sfi_target_send_license(t, lic), SFI_ERR_DEVICE, "stream",
                    OTHER_SESSION);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_LICENSE_SESSION);
    sfi_target_free(t);
    sfi_license_free(lic);
    install_assert_clean(&station.package);
    if (_i == 1)
        station.package.image.data[14] ^= 1;
    ck_assert_ok(station_install_live(true));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* An L462 has one install, so the replay is of a failed one. */
START_TEST(test_replayed_l4)
{
    sfi_license *lic;
    sfi_target *t;

    station_setup("stm32l462ce");
    station_check_nothing();
    station.package.image.data[14] ^= 1;
    ck_assert_int_eq(station_install_live(false), SFI_ERR_DEVICE);
    station.package.image.data[14] ^= 1;
    lic = record();
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_fails(sfi_target_send_license(t, lic), SFI_ERR_DEVICE, "stream",
                    OTHER_SESSION);
    sfi_target_free(t);
    sfi_license_free(lic);
    install_assert_clean(&station.package);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* Another chip of the product, which may even be in that session. */
START_TEST(test_other_chip)
{
    sfi_license *lic;
    uint8_t raw[SFI_LICENSE_LEN];
    sfi_target *t;

    station_setup("stm32h753xi");
    lic = make_license(station_session());
    memcpy(raw, sfi_license_data(lic, NULL), sizeof(raw));
    sfi_license_free(lic);
    raw[135] ^= 1;
    ck_assert_ok(sfi_license_parse(ctx, raw, sizeof(raw), &lic));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_fails_about(sfi_target_send_license(t, lic), SFI_ERR_DEVICE,
                          "stream", "not for this chip", "altered");
    sfi_target_free(t);
    sfi_license_free(lic);
    install_assert_clean(&station.package);
    station_teardown();
}
END_TEST

/* ---- the wrong kind ---- */

START_TEST(test_wrong_kind)
{
    sfi_installer *in;

    station_setup("stm32h753xi");
    in = station_prepare_licensed();
    ck_assert_ok(sfi_installer_set_protocol(in, SFI_PROTOCOL_LIVE));
    ck_assert_fails(sfi_installer_run(in), SFI_ERR_FORMAT, "",
                    "the given licence is a static one, expected a live one as "
                    "the protocol says");
    in = prepare_given(1);
    ck_assert_ok(sfi_installer_set_protocol(in, SFI_PROTOCOL_STATIC));
    ck_assert_fails(sfi_installer_run(in), SFI_ERR_FORMAT, "",
                    "the given licence is a live one, expected a static one as "
                    "the protocol says");
    ck_assert_uint_eq(station.wire.sent, 0);
    /* it had not begun */
    in = prepare_given(station_session());
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

START_TEST(test_arguments)
{
    sfi_installer *in;
    int finished;

    station_setup("stm32h753xi");
    ck_assert_int_eq(sfi_installer_set_protocol(NULL, SFI_PROTOCOL_LIVE),
                     SFI_ERR_ARGUMENT);
    in = station_prepare();
    ck_assert_int_eq(sfi_installer_set_protocol(in, 0), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_protocol(in, 3), SFI_ERR_ARGUMENT);
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_fails_about(sfi_installer_set_protocol(in, SFI_PROTOCOL_LIVE),
                          SFI_ERR_STATE, "", "begun");
    station_teardown();
}
END_TEST

/* An HSM for live licences only provides no static licence. */
START_TEST(test_live_only)
{
    char where[1300];

    station_setup_live_only(chips[_i]);
    (void)snprintf(where, sizeof(where), "vault:%s", station.vault);
    ck_assert_int_eq(station_install(false), SFI_ERR_HSM_STATE);
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), where);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    install_assert_clean(&station.package);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* A store never holds a live licence. */
START_TEST(test_store)
{
    sfi_license_store *store;
    sfi_installer *in;
    char path[256];

    test_mkdir(path, sizeof(path));
    station_setup("stm32h753xi");
    ck_assert_ok(sfi_license_store_open(ctx, path, 0, &store));
    ck_assert_ok(sfi_installer_new(ctx, NULL, &in));
    ck_assert_ok(sfi_installer_set_image(in, station.package.image.data,
                                         station.package.image.len));
    ck_assert_ok(sfi_installer_set_transport(in, station.tp));
    ck_assert_ok(sfi_installer_set_license_store(in, store));
    ck_assert_ok(sfi_installer_set_protocol(in, SFI_PROTOCOL_LIVE));
    ck_assert_fails(sfi_installer_run(in), SFI_ERR_STATE, "",
                    "no live licence is set, and no HSM that could give one");
    ck_assert_ok(sfi_installer_set_hsm(in, station.hsm));
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    sfi_installer_free(in);
    in = station_prepare();
    ck_assert_ok(sfi_installer_set_license_store(in, store));
    ck_assert_ok(sfi_installer_set_erase(in, 1));
    ck_assert_ok(sfi_installer_run(in)); /* nothing live in the store */
    ck_assert_uint_eq(sfi_license_type(sfi_installer_license(in)),
                      SFI_LICENSE_STATIC);
    sfi_license_store_free(store);
    station_teardown();
    test_rmdir(path);
}
END_TEST

/* ---- cancelled, reset ---- */

/* Steps up to the end: as of a static install (test_install.c). */
#define STEPS (11u + 16u)
#define LEAVING (STEPS - 1)

/* Before step n, for every n: the chip is clean, and the next install succeeds.
 */
START_TEST(test_cancel_each_step)
{
    station_setup("stm32h753xi");
    for (size_t n = 0; n < LEAVING; n += test_step(5)) {
        sfi_installer *in = station_prepare_live();
        int finished = 0;

        ck_assert_ok(sfi_installer_set_erase(in, 1));
        for (size_t i = 0; i < n; i++)
            ck_assert_ok(sfi_installer_step(in, &finished));
        sfi_installer_cancel(in);
        ck_assert_fails(sfi_installer_step(in, &finished), SFI_ERR_CANCELLED,
                        "", "cancelled");
        install_assert_clean(&station.package);
    }
    ck_assert_ok(station_install_live(true));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* The power fails before step n.  Between SESSION and SECURE only the session
 * shows it: a licence for the old session is refused. */
START_TEST(test_reset_before_each_step)
{
    unsigned overtaken = 0, interrupted = 0;
    size_t step = test_step(3);

    station_setup("stm32h753xi");
    for (size_t n = 0; n < STEPS; n += step) {
        sfi_installer *in = station_prepare_live();
        int finished = 0;
        sfi_status st = SFI_OK;
        int cause;

        ck_assert_ok(sfi_installer_set_erase(in, 1));
        for (size_t i = 0; i < n; i++)
            ck_assert_ok(sfi_installer_step(in, &finished));
        ck_assert_ok(sfi_sim_power_on(board.sim));
        while (st == SFI_OK && !finished)
            st = sfi_installer_step(in, &finished);
        if (st == SFI_OK) {
            install_assert_complete(&station.package);
            continue;
        }
        cause = (int)sfi_error_peer_code(sfi_ctx_error(ctx));
        if (cause == SFI_CAUSE_LICENSE_SESSION)
            ck_assert_fails(st, SFI_ERR_DEVICE, "stream", OTHER_SESSION);
        else
            ck_assert_int_eq(cause, SFI_CAUSE_INTERRUPTED);
        install_assert_clean(&station.package);
        overtaken += cause == SFI_CAUSE_LICENSE_SESSION;
        interrupted += cause == SFI_CAUSE_INTERRUPTED;
    }
    /* before the licence is made, and before SECURE */
    ck_assert_uint_ge(overtaken, 2 / step);
    ck_assert_uint_ge(interrupted, (1 + 16 + 1) / step);
    ck_assert_uint_le(overtaken + interrupted, 2 + 1 + 16 + 1);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* An L462 loses its power in each of these places; the next install succeeds.
 */
START_TEST(test_reset_l4)
{
    const unsigned steps[] = {6, 7, 8, 9};
    int finished = 0;
    sfi_status st = SFI_OK;
    sfi_installer *in;

    station_setup("stm32l462ce");
    in = station_prepare_live();
    for (unsigned i = 0; i < steps[_i]; i++)
        ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    while (st == SFI_OK && !finished)
        st = sfi_installer_step(in, &finished);
    ck_assert_int_eq(st, SFI_ERR_DEVICE);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     steps[_i] < 8 ? SFI_CAUSE_LICENSE_SESSION
                                   : SFI_CAUSE_INTERRUPTED);
    install_assert_clean(&station.package);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* ---- a bad line ---- */

#define SMALL 40u

/* Bytes on the wire of two requests, both ways, and where they begin. */
struct window {
    uint64_t sent, sent_end, received, received_end;
};

/* SESSION is asked twice: so long are command, opcode and empty packet, and so
 * long the ACKs with the answer. */
#define SESSION_SENT (2u * (2 + 3 + 3))
#define SESSION_RECEIVED (2u * (1 + 1 + 1 + 2 + 4 + 4))

static struct window
watch(sfi_installer *in, unsigned step, unsigned *at)
{
    struct window w = {0};
    int finished;

    for (; *at <= step; ++*at) {
        w.sent = station.wire.sent;
        w.received = station.wire.received;
        ck_assert_ok(sfi_installer_step(in, &finished));
    }
    w.sent_end = station.wire.sent;
    w.received_end = station.wire.received;
    return w;
}

static const struct {
    const char *name;
    enum strike strike;
    bool from_chip;
    unsigned may_fail; /* of a hundred */
} noises[] = {
    {"a byte to the chip is lost", STRIKE_DROP, false, 1},
    {"a byte to the chip is changed", STRIKE_FLIP, false, 0},
    {"a byte to the chip is doubled", STRIKE_DOUBLE, false, 2},
    {"a byte from the chip is lost", STRIKE_DROP, true, 0},
    {"a byte from the chip is changed", STRIKE_FLIP, true, 0},
    {"a byte from the chip is doubled", STRIKE_DOUBLE, true, 0},
    {"the chip loses its power", STRIKE_RESET, false, 100},
};

/* One install with a disturbance at a byte; if it failed, another without. */
static bool
disturb(int row, uint64_t at)
{
    sfi_status st;

    station_strike(noises[row].strike, noises[row].from_chip, at);
    st = station_install_live(true);
    ck_assert(station.wire.struck);
    station_strike(STRIKE_NONE, false, 0);
    if (st == SFI_OK)
        return true;
    ck_assert_msg(st <= -400 && st > -600, "%s: %llu: %s", noises[row].name,
                  (unsigned long long)at, sfi_status_name(st));
    install_assert_clean(&station.package);
    ck_assert_ok(station_install_live(true));
    return false;
}

/* Every byte of a reply, some of a licence; few where time is short. */
static uint64_t
stride(uint64_t len)
{
    return test_step(61) > 1 ? 61 : len > 100 ? 5 : 1;
}

/* At the bytes of SESSION and of LICENSE.  A licence that the chip took, but
 * whose answer was lost, is sent again and is no replay. */
START_TEST(test_noise)
{
    struct window w[2];
    uint64_t tried = 0, failed = 0;
    unsigned at_step = 0;
    sfi_installer *in;

    station_setup_sized("stm32h753xi", SMALL);
    ck_assert_ok(station_install_live(false));
    station_strike(STRIKE_NONE, false, 0);
    in = station_prepare_live();
    ck_assert_ok(sfi_installer_set_erase(in, 1));
    w[0] = watch(in, 5, &at_step);
    w[0].sent = w[0].sent_end - SESSION_SENT;
    w[0].received = w[0].received_end - SESSION_RECEIVED;
    w[1] = watch(in, 8, &at_step);
    ck_assert_ok(sfi_installer_run(in));
    for (int k = 0; k < 2; k++) {
        bool back = noises[_i].from_chip;
        uint64_t begin = back ? w[k].received : w[k].sent;
        uint64_t end = back ? w[k].received_end : w[k].sent_end;
        uint64_t step = stride(end - begin);

        /* the last one always */
        for (uint64_t at = begin + (end - begin - 1) % step; at < end;
             at += step) {
            tried++;
            failed += !disturb(_i, at);
        }
    }
    ck_assert_msg(failed * 100 <= (tried + 99) * noises[_i].may_fail,
                  "%s: %llu of %llu failed", noises[_i].name,
                  (unsigned long long)failed, (unsigned long long)tried);
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_live");
    TCase *tc = tcase_create("live");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_install, 0, ROWS(chips));
    tcase_add_test(tc, test_install_again);
    tcase_add_loop_test(tc, test_given, 0, ROWS(chips));
    tcase_add_test(tc, test_kept);
    tcase_add_loop_test(tc, test_replayed, 0, 3);
    tcase_add_test(tc, test_replayed_l4);
    tcase_add_test(tc, test_other_chip);
    tcase_add_test(tc, test_wrong_kind);
    tcase_add_test(tc, test_arguments);
    tcase_add_loop_test(tc, test_live_only, 0, ROWS(chips));
    tcase_add_test(tc, test_store);
    tcase_add_test(tc, test_cancel_each_step);
    tcase_add_test(tc, test_reset_before_each_step);
    tcase_add_loop_test(tc, test_reset_l4, 0, 4);
    tcase_add_loop_test(tc, test_noise, 0, ROWS(noises));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
