/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The words that ST's tool takes behind -c, as names of links (UM2237). */
#include <string.h>

#include <sfi/transport.h>

#include "fixture.h"

#define WORDS_MAX 6

static const struct {
    const char *words[WORDS_MAX + 1];
    const char *name; /* NULL: refused */
    const char *message;
} rows[] = {
    {{"port=/dev/ttyUSB0"}, "serial:/dev/ttyUSB0?baud=115200", NULL},
    {{"port=COM3", "br=9600", "rts=low", "dtr=HIGH"},
     "serial:COM3?baud=9600&rts=low&dtr=HIGH",
     NULL},
    {{"port=/dev/ttyUSB0?reset=rts", "P=even", "db=8", "sb=1", "fc=OFF",
      "noinit=0"},
     "serial:/dev/ttyUSB0?reset=rts&baud=115200",
     NULL},
    {{"port=spinner"}, "serial:spinner?baud=115200", NULL},
    {{"port=spi"}, "spi:/dev/spidev0.0", NULL},
    {{"port=SPIDEV1.2", "br=375"}, "spi:/dev/spidev1.2?speed=375000", NULL},
    {{"port=spi0.1?gap=5", "br=375", "mode=master"},
     "spi:/dev/spidev0.1?gap=5&speed=375000",
     NULL},
    {{"port=/dev/spidev9.9"}, "spi:/dev/spidev9.9", NULL},
    {{"port=usb1"}, "usb:1", NULL},
    {{"port=USB", "sn=3275"}, "usb:serial=3275", NULL},
    {{"port=usb1", "VID=0x1234"}, "usb:1234:df11", NULL},
    {{"port=swd"}, "cmsis-dap:?wire=swd&mode=HOTPLUG", NULL},
    {{"port=JTAG", "mode=UR", "freq=480", "index=1", "ap=0"},
     "cmsis-dap:2?wire=jtag&mode=UR&speed=480000&ap=0",
     NULL},
    {{"port=swd", "sn=ABC", "reset=HWrst"},
     "cmsis-dap:serial=ABC?wire=swd&mode=HOTPLUG",
     NULL},
    {{"port=jtag", "probe=openocd:localhost:6666"},
     "openocd:localhost:6666",
     NULL},
    {{"port=openocd:localhost:6666", "br=1"}, "openocd:localhost:6666", NULL},
    {{"port=rfc2217:host:4000", "br=9600"},
     "rfc2217:host:4000?baud=9600",
     NULL},
    {{"port=serial:x?reset=dtr", "br=9600"},
     "serial:x?reset=dtr&baud=9600",
     NULL},

    {{NULL}, NULL, "port=PORT is missing, such as port=/dev/ttyUSB0"},
    {{"br=9600"}, NULL, "port=PORT is missing, such as port=/dev/ttyUSB0"},
    {{"port=x", "br=fast"}, NULL, "br=fast is not a speed"},
    {{"port=x", "colour=red"}, NULL, "unexpected \"colour=red\""},
    {{"port=x", "PORT=y"}, NULL, "unexpected \"PORT=y\""},
    {{"port=x", "fast"}, NULL, "unexpected \"fast\""},
    {{"port=x", "console"}, NULL, "console: use a terminal program"},
    {{"port=x", "mode=UR"}, NULL, "mode= needs port=swd or port=jtag"},
    {{"port=swd", "P=EVEN"}, NULL, "P= needs a serial port"},
    {{"port=swd", "noinit=1"},
     NULL,
     "noinit= needs a serial port or an SPI "
     "port"},
    {{"port=x", "sn=1"}, NULL, "sn= needs port=swd, port=jtag or port=usb1"},
    {{"port=x", "VID=1"}, NULL, "VID= needs port=usb1"},
    {{"port=x", "cpol=low"}, NULL, "cpol= needs an SPI port"},
    {{"port=x", "db=7"},
     NULL,
     "db=7, expected 8: the bootloader's frames have 8 bits, even parity, 1 "
     "stop bit"},
    {{"port=x", "rts=up"}, NULL, "rts=up, expected one of: low high"},
    {{"port=spi", "nss=1"}, NULL, "nss=1: Linux's spidev has no such setting"},
    {{"port=spi", "mode=slave"},
     NULL,
     "mode=slave, expected master: the chip is the slave"},
    {{"port=swd", "mode=SLOW"},
     NULL,
     "mode=SLOW, expected HOTPLUG, NORMAL or UR"},
    {{"port=swd", "freq=x"}, NULL, "freq=x is not a speed in kHz"},
    {{"port=swd", "index=x"},
     NULL,
     "index=x is not a number, expected 0 or more"},
    {{"port=swd", "index=1", "sn=2"},
     NULL,
     "sn= and index= both name a probe: use one"},
    {{"port=swd", "probe=openocd:x:1", "freq=1"},
     NULL,
     "mode=, freq=, sn=, index= and ap= cannot be combined with "
     "probe=openocd:x:1; set them in its own options or in openocd's "
     "configuration"},
    {{"port=usb1", "sn=1", "PID=2"},
     NULL,
     "sn= names a device, so VID= and PID= cannot be combined with it"},
    {{"port=usb1", "VID=x"}, NULL, "VID= and PID= are numbers like 0x0483"},
    {{"port=stlink"},
     NULL,
     "port=stlink: this probe needs OpenOCD: port=swd "
     "probe=openocd:HOST:PORT"},
    {{"port=serial:x?baud=1", "br=2"},
     NULL,
     "br= and baud= both set the speed: use one"},
};

static sfi_status
name_of(const char *const *words, char *name, size_t size)
{
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    return sfi_transport_name_of_port(ctx, words, count, name, size);
}

START_TEST(test_words)
{
    char name[200] = "as before";

    if (rows[_i].name != NULL) {
        ck_assert_ok(name_of(rows[_i].words, name, sizeof(name)));
        ck_assert_str_eq(name, rows[_i].name);
        return;
    }
    ck_assert_fails(name_of(rows[_i].words, name, sizeof(name)),
                    SFI_ERR_ARGUMENT, "", rows[_i].message);
    ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(test_room)
{
    const char *words[] = {"port=usb1", NULL, NULL};
    char name[6], word[2000];

    ck_assert_ok(name_of(words, name, 6));
    ck_assert_str_eq(name, "usb:1");
    ck_assert_fails(name_of(words, name, 5), SFI_ERR_BUFFER, "",
                    "the name of the link has 5 characters, the buffer room "
                    "for 4");
    memset(word, 'x', sizeof(word));
    word[sizeof(word) - 1] = '\0';
    words[1] = word;
    ck_assert_fails(name_of(words, name, 6), SFI_ERR_ARGUMENT, "",
                    "the port is too long");
    ck_assert_int_eq(sfi_transport_name_of_port(NULL, words, 1, name, 6),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_transport_name_of_port(ctx, NULL, 1, name, 6),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_transport_name_of_port(ctx, words, 3, name, 6),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_transport_name_of_port(ctx, words, 1, NULL, 6),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_transport_name_of_port(ctx, words, 1, name, 0),
                     SFI_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("port_words");
    TCase *tc = tcase_create("port_words");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_words, 0, ROWS(rows));
    tcase_add_test(tc, test_room);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
