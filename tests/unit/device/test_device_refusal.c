/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device: refusals, and requests repeated after a lost answer. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

/* ---- what is refused ---- */

/* The small H753: user 0x08000000..0x08000fff, banks of 2048. */
static void
set_type(void)
{
    image.area[0].d.type = 'M';
}

static void
set_no_type(void)
{
    image.area[0].d.type = 0;
}

static void
set_address_below(void)
{
    image.area[0].d.address = 0x07ffffff;
}

static void
set_address_past(void)
{
    image.area[0].d.address = 0x08001000 - 299;
}

static void
set_address_far(void)
{
    image.area[0].d.address = 0xffffffff;
}

static void
set_bank_end(void)
{
    image.area[0].d.address = 0x08000800 - 300;
}

static void
set_over_bank_end(void)
{
    image.area[0].d.address = 0x08000800 - 150;
}

static void
set_last_unit(void)
{
    image.area[0].d.address = 0x08000fe0 - 299;
}

static void
set_overlap(void)
{
    image.area[1].d.address = 0x08000000 + 200;
}

static void
set_shared_unit(void)
{
    image.area[1].d.address = 0x08000000 + 300;
}

static void
set_shared_end(void)
{
    image.area[0].d.address = 0x08000000 + 512 + 16;
    image.area[1].d.address = 0x08000000 + 512 + 8 - 417;
}

static void
set_descending(void)
{
    image.area[0].d.address = 0x08000000 + 1536;
}

static void
set_no_size(void)
{
    image.area[0].d.size = 0;
}

static void
set_huge(void)
{
    image.area[0].d.size = 4097;
}

static void
set_version(void)
{
    image.area[1].d.version = 8;
}

static void
set_ob_short(void)
{
    image.area[2].d.size = 32;
}

static void
set_ob_long(void)
{
    image.area[2].d.size = 40;
}

static void
set_ob_address(void)
{
    image.area[2].d.address = 0x08000000;
}

static void
set_ob_first(void)
{
    image.area[0].d.type = 'C';
    image.area[0].d.address = 0;
    image.area[0].d.size = 36;
}

static void
set_ob_missing(void)
{
    image.area[2].d.type = 'F';
    image.area[2].d.address = 0x08000c00;
}

/* Authentic, but not right for the part. */
static const struct {
    const char *name;
    void (*change)(void);
    int cause;
} wrong[] = {
    {"module", set_type, SFI_CAUSE_AREA_TYPE},
    {"no type", set_no_type, SFI_CAUSE_AREA_TYPE},
    {"below the flash", set_address_below, SFI_CAUSE_AREA_ADDRESS},
    {"past the flash", set_address_past, SFI_CAUSE_AREA_ADDRESS},
    {"end of addresses", set_address_far, SFI_CAUSE_AREA_ADDRESS},
    {"last word of bank 1", set_bank_end, SFI_CAUSE_AREA_ADDRESS},
    {"across the banks", set_over_bank_end, SFI_CAUSE_AREA_ADDRESS},
    {"last word of bank 2", set_last_unit, SFI_CAUSE_AREA_ADDRESS},
    {"overlap", set_overlap, SFI_CAUSE_AREA_BELOW},
    {"shared program unit", set_shared_unit, SFI_CAUSE_AREA_BELOW},
    {"shared program unit, from below", set_shared_end, SFI_CAUSE_AREA_BELOW},
    {"descending", set_descending, SFI_CAUSE_AREA_BELOW},
    {"no content", set_no_size, SFI_CAUSE_AREA_SIZE},
    {"larger than the flash", set_huge, SFI_CAUSE_AREA_SIZE},
    {"two versions", set_version, SFI_CAUSE_AREA_VERSION},
    {"option bytes missing", set_ob_short, SFI_CAUSE_AREA_SIZE},
    {"too many option bytes", set_ob_long, SFI_CAUSE_AREA_SIZE},
    {"option bytes at an address", set_ob_address, SFI_CAUSE_AREA_ADDRESS},
    {"option bytes first", set_ob_first, SFI_CAUSE_AREA_ORDER},
    {"firmware last", set_ob_missing, SFI_CAUSE_AREA_ORDER},
};

START_TEST(test_wrong_image)
{
    int cause;

    begin(&small_h7);
    wrong[_i].change();
    image_seal(&image);
    cause = image_install(&image, &part, 128);
    ck_assert_msg(cause == wrong[_i].cause, "%s: 0x%02x", wrong[_i].name,
                  (unsigned)cause);
    assert_refused(wrong[_i].name, wrong[_i].cause);
    assert_can_install();
}
END_TEST

/* The unit after the barred one is allowed: the limit is exact. */
START_TEST(test_unbarred)
{
    begin(&small_h7);
    image.area[1].d.address = 0x08000fe0 - 417;
    image_seal(&image);
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

START_TEST(test_low_power_part)
{
    static const struct {
        uint32_t address;
        uint32_t size;
        int cause;
    } rows[] = {
        {0x080001f8, 8, SFI_CAUSE_AREA_ADDRESS},
        {0x080001ff, 300, SFI_CAUSE_AREA_ADDRESS},
        {0x08000200, 2560, SFI_CAUSE_NONE},
        {0x08000200, 2561, SFI_CAUSE_AREA_SIZE},
        {0x08000bf8, 8, SFI_CAUSE_NONE},
        {0x08000bf8, 9, SFI_CAUSE_AREA_ADDRESS},
        {0x08000c00, 8, SFI_CAUSE_AREA_ADDRESS},
    };

    part_new(&part, &small_l4);
    image_add(&image, 'F', rows[_i].address, plain[0], rows[_i].size);
    image_add(&image, 'C', 0, ob_plain, 20);
    image_seal(&image);
    ck_assert_int_eq(image_install(&image, &part, 128), rows[_i].cause);
    if (rows[_i].cause == SFI_CAUSE_NONE)
        ck_assert(image_is_in(&image, &part));
    else
        assert_refused("row", rows[_i].cause);
    ck_assert(!part_is_blank(&part, &small_l4.loader));
}
END_TEST

/* An area's address is authenticated only by its tag: until then no answer
 * depends on what an earlier area programmed there, firmware or 0xff. */
START_TEST(test_place_tells_nothing)
{
    static uint8_t blank[300];
    int cause[2];

    memset(blank, 0xff, sizeof(blank));
    for (int i = 0; i < 2; i++) {
        part_new(&part, &small_h7);
        image_add(&image, 'F', 0x08000000, i == 0 ? plain[0] : blank, 300);
        image_add(&image, 'F', 0x08000400, plain[1], 32);
        image_add(&image, 'C', 0, ob_plain, 36);
        image_seal(&image);
        ck_assert_int_eq(image_send(&image, &part, 1, 128), SFI_CAUSE_NONE);
        image.area[1].raw[9] = 0; /* 0x080000xx */
        image.area[1].raw[8] = (uint8_t)(32 * _i);
        cause[i] =
            part_send(&part, SFI_CMD_AREA, image.area[1].raw, 30, NULL, 0);
        image_free(&image);
        part_free(&part);
    }
    ck_assert_int_eq(cause[0], SFI_CAUSE_AREA_BELOW);
    ck_assert_int_eq(cause[1], SFI_CAUSE_AREA_BELOW);
}
END_TEST

/* Altered in transit: one byte of one request. */
static const struct {
    const char *name;
    uint16_t opcode;
    uint32_t at;
    int cause;
} altered[] = {
    {"licence type", SFI_CMD_LICENSE, 3, SFI_CAUSE_LICENSE_TYPE},
    {"licence version", SFI_CMD_LICENSE, 8, SFI_CAUSE_LICENSE_VERSION},
    {"licence security version", SFI_CMD_LICENSE, 15,
     SFI_CAUSE_LICENSE_VERSION},
    {"licence for another", SFI_CMD_LICENSE, 24, SFI_CAUSE_LICENSE},
    {"magic", SFI_CMD_HEADER, 7, SFI_CAUSE_HEADER_MAGIC},
    {"version", SFI_CMD_HEADER, 9, SFI_CAUSE_HEADER_VERSION},
    {"areas", SFI_CMD_HEADER, 11, SFI_CAUSE_HEADER_TAG},
    {"header tag", SFI_CMD_HEADER, 27, SFI_CAUSE_HEADER_TAG},
    {"type", SFI_CMD_AREA, 0, SFI_CAUSE_AREA_TYPE},
    {"image version", SFI_CMD_AREA, 1, SFI_CAUSE_AREA_TAG},
    {"index", SFI_CMD_AREA, 2, SFI_CAUSE_AREA_INDEX},
    {"size", SFI_CMD_AREA, 7, SFI_CAUSE_AREA_SIZE},
    {"address", SFI_CMD_AREA, 8, SFI_CAUSE_AREA_TAG},
    {"total", SFI_CMD_AREA, 12, SFI_CAUSE_AREA_TOTAL},
    {"area tag", SFI_CMD_AREA, 14, SFI_CAUSE_AREA_TAG},
    {"first byte", SFI_CMD_DATA, 0, SFI_CAUSE_AREA_TAG},
    {"last byte", SFI_CMD_DATA, 299, SFI_CAUSE_AREA_TAG},
};

START_TEST(test_altered)
{
    uint8_t *at = altered[_i].opcode == SFI_CMD_LICENSE  ? image.license
                  : altered[_i].opcode == SFI_CMD_HEADER ? image.header
                                                         : image.area[0].raw;
    int cause;

    begin(&small_h7);
    if (altered[_i].opcode == SFI_CMD_DATA)
        at = image.area[0].cipher;
    at[altered[_i].at] ^= 1;
    cause = image_install(&image, &part, 128);
    ck_assert_msg(cause == altered[_i].cause, "%s: 0x%02x", altered[_i].name,
                  (unsigned)cause);
    assert_refused(altered[_i].name, altered[_i].cause);
    assert_can_install();
}
END_TEST

/* An authentic header that announces no area. */
START_TEST(test_no_areas)
{
    begin(&small_h7);
    image_free(&image);
    image_seal(&image);
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_HEADER_AREAS);
    assert_refused("no areas", SFI_CAUSE_HEADER_AREAS);
}
END_TEST

/* Any one bit of header, descriptors, tags and contents. */
START_TEST(test_every_bit)
{
    struct {
        uint8_t *at;
        size_t len;
    } parts[] = {
        {image.header, sizeof(image.header)},
        {image.area[_i].raw, sizeof(image.area[_i].raw)},
        {NULL, 0},
    };

    begin(&small_h7);
    parts[2].at = image.area[_i].cipher;
    parts[2].len = image.area[_i].d.size;
    for (size_t k = 0; k < ROWS(parts); k++) {
        for (size_t bit = 0; bit < 8 * parts[k].len; bit += test_step(37)) {
            int cause;

            parts[k].at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cause = image_install(&image, &part, 1024);
            parts[k].at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            /* another size is noticed when more data or the next area comes */
            if (cause == SFI_CAUSE_LENGTH || cause == SFI_CAUSE_STATE)
                ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
            else
                ck_assert_int_ge(cause, SFI_CAUSE_HEADER_MAGIC);
            ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_EMPTY);
            ck_assert(part_is_blank(&part, &small_h7.user));
        }
    }
    ck_assert_uint_eq(part.ob_writes, 0);
    ck_assert_int_eq(image_install(&image, &part, 1024), SFI_CAUSE_NONE);
}
END_TEST

START_TEST(test_reordered)
{
    static const struct {
        uint16_t order[3];
        int cause;
    } rows[] = {
        {{1, 0, 2}, SFI_CAUSE_AREA_INDEX}, {{0, 2, 1}, SFI_CAUSE_AREA_INDEX},
        {{2, 0, 1}, SFI_CAUSE_AREA_INDEX}, {{0, 0, 2}, SFI_CAUSE_AREA_INDEX},
        {{0, 1, 1}, SFI_CAUSE_AREA_INDEX}, {{0, 1, 0}, SFI_CAUSE_AREA_INDEX},
    };
    int cause;

    begin(&small_h7);
    cause = image_send(&image, &part, 0, 64);
    for (size_t i = 0; cause == SFI_CAUSE_NONE && i < 3; i++)
        cause = image_send_area(&image.area[rows[_i].order[i]], &part, 64);
    ck_assert_int_eq(cause, rows[_i].cause);
    assert_refused("reordered", rows[_i].cause);
    assert_can_install();
}
END_TEST

/* The content of one area under the descriptor of another. */
START_TEST(test_swapped_content)
{
    uint8_t *cipher;

    begin(&small_h7);
    image.area[1].d.size = 300;
    image_seal(&image);
    cipher = image.area[0].cipher;
    image.area[0].cipher = image.area[1].cipher;
    image.area[1].cipher = cipher;
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_AREA_TAG);
    assert_refused("swapped", SFI_CAUSE_AREA_TAG);
}
END_TEST

/* FINISH before the last area: nothing is committed, nothing is lost. */
START_TEST(test_truncated)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 2, 64), SFI_CAUSE_NONE);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_STATE);
    ck_assert_uint_eq(part.ob_writes, 0);
    ck_assert_int_eq(image_send_area(&image.area[2], &part, 64),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* ---- a lost answer ---- */

static int
send_data(uint32_t offset, const uint8_t *bytes, size_t len)
{
    uint8_t le[4] = {(uint8_t)offset, (uint8_t)(offset >> 8), 0, 0};

    return part_send(&part, SFI_CMD_DATA, le, 4, bytes, len);
}

START_TEST(test_data_offsets)
{
    const uint8_t *c;

    begin(&small_h7);
    c = image.area[0].cipher;
    ck_assert_int_eq(image_send(&image, &part, 0, 64), SFI_CAUSE_NONE);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_AREA, image.area[0].raw, 30, NULL, 0),
        SFI_CAUSE_NONE);
    ck_assert_int_eq(send_data(1, c + 1, 10), SFI_CAUSE_OFFSET);
    ck_assert_int_eq(send_data(0, c, 301), SFI_CAUSE_LENGTH);
    ck_assert_int_eq(send_data(0, c, 100), SFI_CAUSE_NONE);
    ck_assert_int_eq(send_data(0, c, 100), SFI_CAUSE_NONE); /* again */
    ck_assert_int_eq(send_data(0, c, 99), SFI_CAUSE_OFFSET);
    ck_assert_int_eq(send_data(99, c + 99, 1), SFI_CAUSE_OFFSET);
    ck_assert_int_eq(send_data(200, c + 200, 100), SFI_CAUSE_OFFSET);
    ck_assert_int_eq(send_data(100, c + 100, 201), SFI_CAUSE_LENGTH);
    ck_assert_int_eq(send_data(100, c + 100, 100), SFI_CAUSE_NONE);
    ck_assert_int_eq(send_data(0, c, 100), SFI_CAUSE_OFFSET);
    ck_assert_int_eq(send_data(100, c + 100, 100), SFI_CAUSE_NONE); /* again */
    ck_assert_int_eq(send_data(200, c + 200, 100), SFI_CAUSE_NONE);
    ck_assert_int_eq(send_data(200, c + 200, 100), SFI_CAUSE_NONE); /* again */
    ck_assert_int_eq(send_data(300, c, 1), SFI_CAUSE_STATE);
    ck_assert_int_eq(image_send_area(&image.area[1], &part, 64),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(image_send_area(&image.area[2], &part, 64),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* Every request of an install is sent three times. */
static int
thrice(uint16_t opcode, const void *param, size_t param_len, const void *data,
       size_t data_len)
{
    int cause = part_send(&part, opcode, param, param_len, data, data_len);

    for (int i = 0; i < 2; i++) {
        /* other requests in between change nothing */
        ck_assert_int_eq(part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0),
                         SFI_CAUSE_NONE);
        ck_assert_int_eq(
            part_send(&part, opcode, param, param_len, data, data_len), cause);
    }
    return cause;
}

START_TEST(test_everything_thrice)
{
    begin(_i == 0 ? &small_h7 : &small_l4);
    ck_assert_int_eq(thrice(SFI_CMD_SECURE, "\0", 1, NULL, 0), SFI_CAUSE_NONE);
    ck_assert_int_eq(thrice(SFI_CMD_LICENSE, NULL, 0, image.license, 136),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(thrice(SFI_CMD_HEADER, image.header, 28, NULL, 0),
                     SFI_CAUSE_NONE);
    for (uint16_t a = 0; a < image.areas; a++) {
        uint32_t size = image.area[a].d.size;

        ck_assert_int_eq(thrice(SFI_CMD_AREA, image.area[a].raw, 30, NULL, 0),
                         SFI_CAUSE_NONE);
        for (uint32_t off = 0; off < size; off += 20) {
            uint8_t le[4] = {(uint8_t)off, (uint8_t)(off >> 8), 0, 0};
            uint32_t n = size - off < 20 ? size - off : 20;

            ck_assert_int_eq(
                thrice(SFI_CMD_DATA, le, 4, image.area[a].cipher + off, n),
                SFI_CAUSE_NONE);
        }
    }
    ck_assert_int_eq(thrice(SFI_CMD_FINISH, NULL, 0, NULL, 0), SFI_CAUSE_NONE);
    ck_assert_uint_eq(part.ob_writes, 1);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* A refusal is repeated too, but not for another request of that kind. */
START_TEST(test_refusal_again)
{
    uint8_t other[136];

    begin(&small_h7);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    image.license[24] ^= 1;
    ck_assert_int_eq(thrice(SFI_CMD_LICENSE, NULL, 0, image.license, 136),
                     SFI_CAUSE_LICENSE);
    memcpy(other, image.license, 136);
    other[135] ^= 1;
    ck_assert_int_eq(part_send(&part, SFI_CMD_LICENSE, NULL, 0, other, 136),
                     SFI_CAUSE_STATE);
    /* after SECURE it is checked again */
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    part.calls = 0;
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_LICENSE, NULL, 0, image.license, 136),
        SFI_CAUSE_LICENSE);
    ck_assert_uint_gt(part.calls, 0);

    image.license[24] ^= 1;
    image.area[0].raw[14] ^= 1;
    ck_assert_int_eq(image_send(&image, &part, 0, 64), SFI_CAUSE_NONE);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_AREA, image.area[0].raw, 30, NULL, 0),
        SFI_CAUSE_NONE);
    ck_assert_int_eq(
        thrice(SFI_CMD_DATA, "\0\0\0\0", 4, image.area[0].cipher, 300),
        SFI_CAUSE_AREA_TAG);
    assert_refused("again", SFI_CAUSE_AREA_TAG);
}
END_TEST

/* The same bytes as the request before the last are not a repeat. */
START_TEST(test_stale_repeat)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 0, 64), SFI_CAUSE_NONE);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_LICENSE, NULL, 0, image.license, 136),
        SFI_CAUSE_STATE);
    ck_assert_int_eq(image_send_area(&image.area[0], &part, 64),
                     SFI_CAUSE_NONE);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_HEADER, image.header, 28, NULL, 0),
        SFI_CAUSE_STATE);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_AREA, image.area[0].raw, 30, NULL, 0),
        SFI_CAUSE_AREA_INDEX);
    assert_refused("stale", SFI_CAUSE_AREA_INDEX);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device_refusal");
    TCase *tc = tcase_create("refusals");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_loop_test(tc, test_wrong_image, 0, ROWS(wrong));
    tcase_add_loop_test(tc, test_place_tells_nothing, 0, 8);
    tcase_add_test(tc, test_unbarred);
    tcase_add_loop_test(tc, test_low_power_part, 0, 7);
    tcase_add_loop_test(tc, test_altered, 0, ROWS(altered));
    tcase_add_test(tc, test_no_areas);
    tcase_add_loop_test(tc, test_every_bit, 0, 3);
    tcase_add_loop_test(tc, test_reordered, 0, 6);
    tcase_add_test(tc, test_swapped_content);
    tcase_add_test(tc, test_truncated);
    tcase_add_test(tc, test_data_offsets);
    tcase_add_loop_test(tc, test_everything_thrice, 0, 2);
    tcase_add_test(tc, test_refusal_again);
    tcase_add_test(tc, test_stale_repeat);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
