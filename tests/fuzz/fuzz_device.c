/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader's core: a stream of good requests in any order, wild
 * ones, hardware failures and power cuts.  The part must be empty and erased,
 * or complete, or report that it is unclean. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "util/rd.h"

#include "fuzz.h"

enum step {
    STEP_SECURE, /* flags */
    STEP_LICENSE,
    STEP_HEADER,
    STEP_AREA, /* which */
    STEP_DATA, /* length, in 8 bytes */
    STEP_FINISH,
    STEP_ABORT,
    STEP_WAIT,  /* 8 ms */
    STEP_POWER, /* cycle */
    STEP_WILD,  /* opcode, parameter length, data length; both follow */
    STEP_FAULT, /* which call, when, which fault */
    STEP_SESSION,
    STEP_LIVE, /* 0: of another session; a live LICENSE */
    STEPS,
};

/* An install takes 10; more find nothing that fewer do not. */
#define STEPS_MAX 64u

/* Made once for each chip: it costs more than a run. */
static struct test_image images[2];

static void
prepare(unsigned which)
{
    static const struct sfi_chip *const chips[] = {&small_h7, &small_l4};

    memset(&image, 0, sizeof(image));
    if (images[which].areas == 0) {
        test_plain(plain[0], sizeof(plain[0]), 1);
        test_plain(plain[1], sizeof(plain[1]), 2);
        test_plain(ob_plain, sizeof(ob_plain), 50);
        make_image(chips[which]);
        images[which] = image;
    }
    image = images[which];
    part_new(&part, chips[which]);
}

static bool
info(struct security_info *i)
{
    if (part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0) < 0)
        return false;
    part_info(&part, i);
    return true;
}

static void
check_state(void)
{
    struct security_info i;

    if (!info(&i))
        return;
    if (i.state == SFI_DEVICE_EMPTY && (i.flags & SFI_CMD_INFO_UNCLEAN) == 0) {
        FUZZ_HOLDS(part_is_blank(&part, &part.chip->user));
        FUZZ_HOLDS(part.gcm == NULL);
    }
    if (i.state == SFI_DEVICE_INSTALLED || i.state == SFI_DEVICE_COMPLETE) {
        FUZZ_HOLDS(image_is_in(&image, &part));
        FUZZ_HOLDS(part.gcm == NULL);
    }
    if (i.state == SFI_DEVICE_INSTALLED)
        FUZZ_HOLDS(memcmp(part.ob, ob_plain, 4 * part.chip->ob_count) == 0);
}

/* The next bytes of the area that is being received. */
static void
data(uint8_t length)
{
    uint8_t le[4] = {0};
    struct security_info i;
    size_t len = 8u * length;

    if (!info(&i) || i.area == 0)
        return;
    FUZZ_HOLDS(i.area <= image.areas);
    FUZZ_HOLDS(i.offset < image.area[i.area - 1].d.size);
    if (len > image.area[i.area - 1].d.size - i.offset)
        len = image.area[i.area - 1].d.size - i.offset;
    le[0] = (uint8_t)i.offset;
    le[1] = (uint8_t)(i.offset >> 8);
    (void)part_send(&part, SFI_CMD_DATA, le, sizeof(le),
                    image.area[i.area - 1].cipher + i.offset, len);
}

/* What SESSION says stays until a live licence has come. */
static void
session(void)
{
    uint32_t id, again;
    int cause = part_session(&part, &id);

    FUZZ_HOLDS(cause < 0 || (cause == SFI_CAUSE_NONE) == (id != 0));
    FUZZ_HOLDS(cause <= SFI_CAUSE_NONE || cause == SFI_CAUSE_RANDOM);
    if (id != 0 && part_session(&part, &again) == SFI_CAUSE_NONE)
        FUZZ_HOLDS(again == id);
}

/* It serves once, and only for the session that was asked for last. */
static void
live(bool is_mine)
{
    uint8_t license[LICENSE_LEN];
    uint32_t id, next;
    int cause;

    if (part_session(&part, &id) != SFI_CAUSE_NONE)
        return;
    memcpy(license, image.license, sizeof(license));
    image_set_live(&image, is_mine ? id : ~id);
    cause = part_send(&part, SFI_CMD_LICENSE, NULL, 0, image.license,
                      sizeof(image.license));
    memcpy(image.license, license, sizeof(license));
    FUZZ_HOLDS(is_mine || cause != SFI_CAUSE_NONE);
    if (cause == SFI_CAUSE_NONE && part_session(&part, &next) == SFI_CAUSE_NONE)
        FUZZ_HOLDS(next != id);
}

static void
wild(struct rd *r)
{
    uint16_t opcode = (uint16_t)(0x5300 | sfi__rd_u8(r));
    size_t param_len = sfi__rd_u8(r);
    size_t data_len = sfi__rd_u16le(r) % (SFI_CMD_DATA_MAX + 2);
    const uint8_t *param = sfi__rd_view(r, param_len);
    const uint8_t *bytes = sfi__rd_view(r, data_len);

    if (sfi__rd_ok(r))
        (void)part_send(&part, opcode, param, param_len, bytes, data_len);
}

static void
wait(uint8_t time)
{
    uint8_t out[4];
    size_t len = sizeof(out);

    part.now += 8u * time;
    sfi_device_poll(part.dev, out, &len);
    FUZZ_HOLDS(len == 0);
}

/* A function that reports false success cannot be detected; any other failure
 * is. */
static void
fault(struct rd *r)
{
    static const enum part_fault faults[] = {
        FAULT_FAIL,     FAULT_STUCK,     FAULT_CUT_BEFORE,
        FAULT_CUT_HALF, FAULT_CUT_AFTER,
    };
    unsigned calls = 1u << sfi__rd_u8(r) % 12;
    uint8_t at = sfi__rd_u8(r);

    part_fault(&part, calls & CALL_ANY, at,
               faults[sfi__rd_u8(r) % ROWS(faults)]);
}

static void
run(struct rd *r)
{
    uint8_t arg;

    switch ((enum step)(sfi__rd_u8(r) % STEPS)) {
    case STEP_SECURE:
        arg = sfi__rd_u8(r);
        (void)SECURE(&part, &arg);
        break;
    case STEP_LICENSE:
        (void)part_send(&part, SFI_CMD_LICENSE, NULL, 0, image.license,
                        sizeof(image.license));
        break;
    case STEP_HEADER:
        (void)part_send(&part, SFI_CMD_HEADER, image.header,
                        sizeof(image.header), NULL, 0);
        break;
    case STEP_AREA:
        arg = sfi__rd_u8(r);
        (void)part_send(&part, SFI_CMD_AREA, image.area[arg % image.areas].raw,
                        SFI_FORMAT_AREA_LEN, NULL, 0);
        break;
    case STEP_DATA:
        data(sfi__rd_u8(r));
        break;
    case STEP_FINISH:
        (void)FINISH(&part);
        break;
    case STEP_ABORT:
        (void)ABORT(&part);
        break;
    case STEP_WAIT:
        wait(sfi__rd_u8(r));
        break;
    case STEP_POWER:
        part_power_on(&part);
        break;
    case STEP_WILD:
        wild(r);
        break;
    case STEP_FAULT:
        fault(r);
        break;
    case STEP_SESSION:
        session();
        break;
    case STEP_LIVE:
        live(sfi__rd_u8(r) != 0);
        break;
    case STEPS:
        break;
    }
    check_state();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct rd r;
    static unsigned steps;

    ctx = fuzz_ctx();
    sfi__rd_init(&r, bytes, len);
    steps = 0;
    prepare(sfi__rd_u8(&r) % 2);
    if (setjmp(part.power) != 0) {
        /* power comes back, and with it good hardware */
        part_fault(&part, 0, 0, FAULT_NONE);
        part_power_on(&part);
        check_state();
    }
    while (sfi__rd_ok(&r) && sfi__rd_left(&r) > 0 && steps++ < STEPS_MAX)
        run(&r);
    part_fault(&part, 0, 0, FAULT_NONE);
    part_power_on(&part);
    check_state();
    part_free(&part);
    fuzz_ctx_free(ctx);
    return 0;
}
