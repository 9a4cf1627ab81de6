/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of licence servers. */
#include <stdio.h>
#include <string.h>

#include <sfi/hsm.h>
#include <sfi/version.h>

#include "hsm/server/name.h"

#include "fixture.h"

#define FILES "cert=a.crt&key=a.key&ca=ca.crt"

static struct server_name name;

static void
parse(const char *text)
{
    ck_assert_ok(sfi__server_name_parse(ctx, text, &name));
}

START_TEST(test_defaults)
{
    parse("https://line.example:8443/blink?" FILES);
    ck_assert_uint_eq(name.url_count, 1);
    ck_assert_str_eq(name.urls[0], "https://line.example:8443");
    ck_assert_str_eq(name.firmware, "blink");
    ck_assert_str_eq(name.cert, "a.crt");
    ck_assert_str_eq(name.key, "a.key");
    ck_assert_str_eq(name.ca, "ca.crt");
    ck_assert_str_eq(name.fence, "a.key.fence");
    ck_assert_uint_eq(name.timeout_s, SERVER_TIMEOUT_S);
    sfi__server_name_free(ctx, &name);
    sfi__server_name_free(ctx, &name);
}
END_TEST

START_TEST(test_all_parameters)
{
    parse(
        "https://[fe80::1]:1/my%20app?also=https://b:65535&ca=%2Fx%26y%3d&"
        "key=k%25&timeout=3600&cert=c=d&fence=/var/f&also=https://10.0.0.1:2");
    ck_assert_uint_eq(name.url_count, 3);
    ck_assert_str_eq(name.urls[0], "https://[fe80::1]:1");
    ck_assert_str_eq(name.urls[1], "https://b:65535");
    ck_assert_str_eq(name.urls[2], "https://10.0.0.1:2");
    ck_assert_str_eq(name.firmware, "my app");
    ck_assert_str_eq(name.ca, "/x&y=");
    ck_assert_str_eq(name.key, "k%");
    ck_assert_str_eq(name.cert, "c=d");
    ck_assert_str_eq(name.fence, "/var/f");
    ck_assert_uint_eq(name.timeout_s, 3600);
    sfi__server_name_free(ctx, &name);
}
END_TEST

#define NAME_64 \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ALSO "&also=https://a:1"

static const struct {
    const char *text;
    const char *facts[3];
} bad_names[] = {
    {"", {"https://HOST:PORT"}},
    {"http://a:1/f?" FILES, {"http:", "https:"}},
    {"HTTPS://a:1/f?" FILES, {"HTTPS://a:1/f", "https://HOST:PORT"}},
    {"https://a/f?" FILES, {"https://HOST:PORT"}},
    {"https://a:/f?" FILES, {"https://HOST:PORT"}},
    {"https://:1/f?" FILES, {"https://HOST:PORT"}},
    {"https://a:0/f?" FILES, {"https://HOST:PORT"}},
    {"https://a:65536/f?" FILES, {"https://HOST:PORT"}},
    {"https://a:123456/f?" FILES, {"https://HOST:PORT"}},
    {"https://u@a:1/f?" FILES, {"https://HOST:PORT"}},
    {"https://a b:1/f?" FILES, {"https://HOST:PORT"}},
    {"https://[::1:1/f?" FILES, {"https://HOST:PORT"}},
    {"https://[x]:1/f?" FILES, {"https://HOST:PORT"}},
    {"https://a:1x/f?" FILES, {"https://HOST:PORT"}},
    {"https://a:1", {"0 characters", "FIRMWARE"}},
    {"https://a:1?" FILES, {"0 characters", "FIRMWARE"}},
    {"https://a:1/?" FILES, {"0 characters", "FIRMWARE"}},
    {"https://a:1/" NAME_64 "?" FILES, {"64 characters", "1 to 63"}},
    {"https://a:1/a%0ab?" FILES, {"character 2", "0x0a"}},
    {"https://a:1/a%00?" FILES, {"firmware's name", "%25"}},
    {"https://a:1/f", {"cert=", "missing"}},
    {"https://a:1/f?cert=x&ca=y", {"key=", "missing"}},
    {"https://a:1/f?cert=x&key=y", {"ca=", "missing"}},
    {"https://a:1/f?" FILES "&", {"\"\"", "cert=", "also="}},
    {"https://a:1/f?" FILES "&pin=1", {"\"pin\"", "cert=", "also="}},
    {"https://a:1/f?" FILES "&Cert=1", {"\"Cert\""}},
    {"https://a:1/f?" FILES "&certs=1", {"\"certs\""}},
    {"https://a:1/f?" FILES "&timeout", {"\"timeout\""}},
    {"https://a:1/f?" FILES "&cert=1", {"cert=", "twice"}},
    {"https://a:1/f?" FILES "&fence=", {"fence=", "no file"}},
    {"https://a:1/f?" FILES "&fence=%", {"fence", "%25"}},
    {"https://a:1/f?" FILES "&fence=%2", {"fence", "%25"}},
    {"https://a:1/f?" FILES "&fence=%2g", {"fence", "%25"}},
    {"https://a:1/f?" FILES "&fence=a%00b", {"fence", "%25"}},
    {"https://a:1/f?" FILES "&timeout=0", {"timeout=0", "1 to 3600"}},
    {"https://a:1/f?" FILES "&timeout=3601", {"timeout=3601"}},
    {"https://a:1/f?" FILES "&timeout=1s", {"timeout=1s"}},
    {"https://a:1/f?" FILES "&timeout=+1", {"timeout=+1"}},
    {"https://a:1/f?" FILES "&timeout=1&timeout=2", {"timeout=", "twice"}},
    {"https://a:1/f?" FILES "&also=", {"https://HOST:PORT"}},
    {"https://a:1/f?" FILES "&also=https://b", {"https://b"}},
    {"https://a:1/f?" FILES "&also=https://b:1/", {"https://b:1/"}},
    {"https://a:1/f?" FILES "&also=http://b:1", {"http://b:1"}},
    {"https://a:1/f?" FILES ALSO ALSO ALSO ALSO ALSO ALSO ALSO ALSO,
     {"more than 8"}},
};

START_TEST(test_bad_name)
{
    char uri[512];
    sfi_hsm *hsm;

    ck_assert_fails_about(
        sfi__server_name_parse(ctx, bad_names[_i].text, &name), SFI_ERR_FORMAT,
        "", bad_names[_i].facts[0],
        bad_names[_i].facts[1] != NULL ? bad_names[_i].facts[1] : "",
        bad_names[_i].facts[2] != NULL ? bad_names[_i].facts[2] : "");
    ck_assert_ptr_null(name.memory);
    (void)snprintf(uri, sizeof(uri), "server:%s", bad_names[_i].text);
    ck_assert_int_eq(sfi_hsm_open(ctx, uri, &hsm), SFI_ERR_FORMAT);
    ck_assert_ptr_null(hsm);
}
END_TEST

/* Without libcurl the message gives the reason; with it, the files are read. */
START_TEST(test_server_or_reason)
{
    sfi_hsm *hsm;
    sfi_status st = sfi_hsm_open(
        ctx, "server:https://a:1/f?cert=/nonexistent/c&key=k&ca=c", &hsm);

    if (sfi_has_feature("server"))
        ck_assert_fails_about(st, SFI_ERR_OS,
                              "server:https://a:1/f:/nonexistent/c", "read");
    else
        ck_assert_fails(st, SFI_ERR_UNSUPPORTED, "server:https://a:1/f",
                        "this libsfi was built without licence servers: they "
                        "need libcurl and jansson");
    ck_assert_ptr_null(hsm);
}
END_TEST

START_TEST(test_no_memory)
{
    memory.fail_at = 1;
    ck_assert_int_eq(sfi__server_name_parse(ctx, "https://a:1/f?" FILES, &name),
                     SFI_ERR_NOMEM);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("server_name");
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_defaults);
    tcase_add_test(tc, test_all_parameters);
    tcase_add_loop_test(tc, test_bad_name, 0, (int)ROWS(bad_names));
    tcase_add_test(tc, test_server_or_reason);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
