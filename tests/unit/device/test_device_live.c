/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device: live licences.  A session id is new, stays until it is used, and
 * ends with the licence that names it, whatever the result; so a live licence
 * works once, and never after a restart. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

static const struct sfi_chip *const chips[] = {&small_h7, &small_l4};

#define LICENSE(p)                                          \
    part_send((p), SFI_CMD_LICENSE, NULL, 0, image.license, \
              sizeof(image.license))

static uint32_t
session(void)
{
    uint32_t id;

    ck_assert_int_eq(part_session(&part, &id), SFI_CAUSE_NONE);
    ck_assert_uint_ne(id, 0);
    return id;
}

/* A part with an erased flash, and a live licence for its session. */
static uint32_t
ready(const struct sfi_chip *chip)
{
    uint32_t id;

    begin(chip);
    id = session();
    image_set_live(&image, id);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    return id;
}

/* ---- a session ---- */

/* The id stays the same until a live licence uses it, whatever other requests
 * come. */
START_TEST(test_same_until_used)
{
    uint32_t id;

    begin(chips[_i]);
    id = session();
    ck_assert_uint_eq(session(), id);
    ck_assert_int_eq(part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(part_send(&part, SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_uint_eq(session(), id);
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    ck_assert_uint_eq(session(), id);
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
    ck_assert_uint_eq(session(), id); /* a static licence does not use it */
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* In every state that a device can be in. */
START_TEST(test_any_state)
{
    uint32_t id;

    begin(&small_h7);
    id = session();
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_EMPTY);
    for (uint16_t n = 0; n <= image.areas; n++) {
        ck_assert_int_eq(image_send(&image, &part, n, 64), SFI_CAUSE_NONE);
        ck_assert_uint_eq(session(), id);
    }
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_COMPLETE);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    ck_assert_uint_eq(session(), id);
}
END_TEST

/* ---- a live licence ---- */

START_TEST(test_install)
{
    uint32_t id;

    begin(chips[_i]);
    id = session();
    image_set_live(&image, id);
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
    ck_assert_uint_ne(session(), id);
    assert_forgotten("live");
}
END_TEST

/* After an install or a refusal it is used up: the same licence again is
 * refused, and a licence for the next session is taken. */
START_TEST(test_replay)
{
    uint32_t first, next;

    begin(&small_h7);
    first = session();
    image_set_live(&image, first);
    if (_i == 0)
        ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
    else
        ck_assert_int_eq(image_send(&image, &part, 1, 128), SFI_CAUSE_NONE);
    for (int i = 0; i < 3; i++) {
        /* with and without a session that is open */
        next = i == 0 ? 0 : session();
        ck_assert_uint_ne(next, first);
        ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
        ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
        part.ob_writes = 0;
        assert_refused("replay", SFI_CAUSE_LICENSE_SESSION);
    }
    image_set_live(&image, session());
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* Another byte of the licence each time: whatever the refusal, the session is
 * over. */
static const struct {
    const char *name;
    size_t at;
    int cause;
} refusals[] = {
    {"session", 4, SFI_CAUSE_LICENSE_SESSION},
    {"session, last byte", 7, SFI_CAUSE_LICENSE_SESSION},
    {"version", 8, SFI_CAUSE_LICENSE_VERSION},
    {"security version", 12, SFI_CAUSE_LICENSE_VERSION},
    {"for another", 24, SFI_CAUSE_LICENSE},
};

START_TEST(test_refusal_uses_up)
{
    uint32_t id = ready(&small_h7);

    image.license[refusals[_i].at] ^= 1;
    ck_assert_msg(LICENSE(&part) == refusals[_i].cause, "%s",
                  refusals[_i].name);
    assert_refused(refusals[_i].name, refusals[_i].cause);
    ck_assert_uint_ne(session(), id);
    image.license[refusals[_i].at] ^= 1;
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    assert_can_install();
}
END_TEST

/* A licence in the wrong state does not end a session. */
START_TEST(test_too_early)
{
    uint32_t id;

    begin(&small_h7);
    id = session();
    image_set_live(&image, id);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_STATE);
    ck_assert_uint_eq(session(), id);
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
}
END_TEST

/* The other letters of the type, too. */
START_TEST(test_other_type)
{
    uint32_t id = ready(&small_h7);

    image.license[3] = 'G';
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_TYPE);
    assert_refused("type", SFI_CAUSE_LICENSE_TYPE);
    ck_assert_uint_eq(session(), id);
}
END_TEST

/* A static licence names no session, and a live one always does. */
START_TEST(test_wrong_kind)
{
    uint32_t id = ready(&small_h7);

    memcpy(image.license, "SFI.", 4);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    assert_refused("static with the session", SFI_CAUSE_LICENSE_SESSION);
    ck_assert_uint_eq(session(), id); /* it was none of its */

    image_set_live(&image, 0);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    assert_refused("live without one", SFI_CAUSE_LICENSE_SESSION);
    assert_can_install();
}
END_TEST

/* Without a SESSION request no live licence is accepted, not even one for 0. */
START_TEST(test_without_session)
{
    static const uint32_t ids[] = {0, 1, 0x5e551011, UINT32_MAX};

    begin(&small_h7);
    image_set_live(&image, ids[_i]);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    assert_refused("no session", SFI_CAUSE_LICENSE_SESSION);
    assert_can_install();
}
END_TEST

/* ---- again ---- */

/* The answer was lost: a repeated LICENSE gets the same answer, although its
 * session is over and the next one was asked for. */
START_TEST(test_answer_lost)
{
    uint32_t id = ready(chips[_i]);

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_NONE);
        ck_assert_uint_ne(session(), id);
    }
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_LICENSED);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_HEADER, image.header, 28, NULL, 0),
        SFI_CAUSE_NONE);
    for (uint16_t i = 0; i < image.areas; i++)
        ck_assert_int_eq(image_send_area(&image.area[i], &part, 64),
                         SFI_CAUSE_NONE);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* A repeated refusal gets the same answer too, and uses no second session. */
START_TEST(test_refusal_lost)
{
    uint32_t next;

    (void)ready(&small_h7);
    image.license[4] ^= 1;
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    next = session();
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    ck_assert_uint_eq(session(), next);
}
END_TEST

/* ---- reset ---- */

/* After a reset an earlier licence is a replay, wherever the power was cut. */
START_TEST(test_reset_ends_it)
{
    uint32_t id = ready(chips[_i % 2]);

    if (_i / 2 == 1)
        ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_NONE);
    part_power_on(&part);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_STATE);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    assert_refused("reset", SFI_CAUSE_LICENSE_SESSION);
    ck_assert_uint_ne(session(), id);
    assert_can_install();
}
END_TEST

/* ---- the generator ---- */

/* The generator fails once, and works the next time. */
START_TEST(test_random_fails)
{
    uint32_t id;
    struct security_info i;

    begin(&small_h7);
    part_fault(&part, CALL_RANDOM, 1, FAULT_FAIL);
    ck_assert_int_eq(part_session(&part, &id), SFI_CAUSE_RANDOM);
    part_info(&part, &i);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_NONE); /* no install was ended */
    image_set_live(&image, 0);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_LICENSE_SESSION);
    image_set_live(&image, session());
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
}
END_TEST

/* The generator reports success and writes nothing: the id would be 0. */
START_TEST(test_random_lies)
{
    uint32_t id;

    begin(&small_h7);
    part_fault(&part, CALL_RANDOM, 1, FAULT_LIE);
    id = session(); /* the second try has one */
    part.random_is_stuck = true;
    image_set_live(&image, id);
    part.random = id;
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_NONE);
    ck_assert_int_eq(part_session(&part, &id), SFI_CAUSE_RANDOM);
    part.random = 0;
    ck_assert_int_eq(part_session(&part, &id), SFI_CAUSE_RANDOM);
    part.random = 1;
    ck_assert_uint_eq(session(), 1);
}
END_TEST

/* Many ids are all different: only the generator makes them. */
START_TEST(test_fresh)
{
    uint32_t seen[64];

    begin(&small_h7);
    for (size_t i = 0; i < ROWS(seen); i++) {
        if (i % 2 == 1)
            part_power_on(&part);
        seen[i] = session();
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_ne(seen[i], seen[k]);
        image_set_live(&image, seen[i]);
        ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
        ck_assert_int_eq(LICENSE(&part), SFI_CAUSE_NONE);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device_live");
    TCase *tc = tcase_create("live");

    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_loop_test(tc, test_same_until_used, 0, 2);
    tcase_add_test(tc, test_any_state);
    tcase_add_loop_test(tc, test_install, 0, 2);
    tcase_add_loop_test(tc, test_replay, 0, 2);
    tcase_add_loop_test(tc, test_refusal_uses_up, 0, ROWS(refusals));
    tcase_add_test(tc, test_too_early);
    tcase_add_test(tc, test_other_type);
    tcase_add_test(tc, test_wrong_kind);
    tcase_add_loop_test(tc, test_without_session, 0, 4);
    tcase_add_loop_test(tc, test_answer_lost, 0, 2);
    tcase_add_test(tc, test_refusal_lost);
    tcase_add_loop_test(tc, test_reset_ends_it, 0, 4);
    tcase_add_test(tc, test_random_fails);
    tcase_add_test(tc, test_random_lies);
    tcase_add_test(tc, test_fresh);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
