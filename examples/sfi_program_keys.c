/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: the keys of -c, which of them belong to which port, and the ones
 * of ST's tool (UM2237) that have one possible value here. */
#include <string.h>
#include <strings.h>

#include "sfi_program_port.h"

#define SERIAL PORT_SERIAL
#define SPI PORT_SPI
#define USB PORT_USB
#define DEBUG PORT_DEBUG

#define FRAMES "the bootloader's frames have 8 bits, even parity, 1 stop bit"
#define MODE_0 "the bootloader is a slave in mode 0, with 8 bits, MSB first"
#define BY_SPIDEV "Linux's spidev has no such setting"
#define BY_OPENOCD "OpenOCD has its own settings: probe=openocd:HOST:PORT"

static const struct key_rule {
    const char *key;
    unsigned ports;     /* where it belongs; 0: nowhere */
    const char *values; /* the possible ones; NULL: any */
    const char *why;
} rules[] = {
    {"mode", DEBUG | SPI, NULL, NULL},
    {"probe", DEBUG, NULL, NULL},
    {"freq", DEBUG, NULL, NULL},
    {"sn", DEBUG | USB, NULL, NULL},
    {"index", DEBUG, NULL, NULL},
    {"ap", DEBUG, NULL, NULL},
    {"reset", DEBUG, "HWrst", "libsfi resets a part by its reset line"},
    {"P", SERIAL, "EVEN", FRAMES},
    {"db", SERIAL, "8", FRAMES},
    {"sb", SERIAL, "1", FRAMES},
    {"fc", SERIAL, "OFF", "the bootloader has no flow control"},
    {"noinit", SERIAL | SPI, "0 1", NULL}, /* libsfi finds out by itself */
    {"rts", SERIAL, "low high", NULL},
    {"dtr", SERIAL, "low high", NULL},
    {"PID", USB, NULL, NULL},
    {"VID", USB, NULL, NULL},
    {"cpha", SPI, "1Edge", MODE_0},
    {"cpol", SPI, "low", MODE_0},
    {"crc", SPI, "0 disable", "the bootloader has checksums of its own"},
    {"datasize", SPI, "8bit", MODE_0},
    {"direction", SPI, "2LFullDuplex", MODE_0},
    {"firstbit", SPI, "MSB", MODE_0},
    {"frameformat", SPI, "Motorola", MODE_0},
    {"crcpol", 0, NULL, BY_SPIDEV},
    {"nss", 0, NULL, BY_SPIDEV},
    {"nsspulse", 0, NULL, BY_SPIDEV},
    {"delay", 0, NULL, "port='spidev0.0?gap=US' sets the time between bytes"},
    {"tcpport", 0, NULL, BY_OPENOCD},
    {"TargetSel", 0, NULL, BY_OPENOCD},
    {"speed", 0, NULL, "it belongs to other parts; br= and freq= set a speed"},
};

/* Words without a value. */
static const struct cli_foreign words[] = {
    {"shared", "a CMSIS-DAP probe has one owner; several programs can use "
               "OpenOCD: probe=openocd:HOST:PORT"},
    {"LPM", "libsfi does not change what the core does in low power"},
    {"dLPM", "libsfi does not change what the core does in low power"},
    {"getAuthID", "it belongs to other parts than libsfi knows"},
    {"console", "use a terminal program"},
};

static const char *
port_kind_text(unsigned ports)
{
    switch (ports) {
    case PORT_SERIAL:
        return "a serial port";
    case PORT_SPI:
        return "an SPI port";
    case PORT_USB:
        return "port=usb1";
    case PORT_SERIAL | PORT_SPI:
        return "a serial port or an SPI port";
    case PORT_DEBUG | PORT_USB:
        return "port=swd, port=jtag or port=usb1";
    default:
        return "port=swd or port=jtag";
    }
}

/* Is it one of the words of a list, whatever its case? */
static bool
list_has_word(const char *list, const char *word)
{
    while (*list != '\0') {
        size_t len = strcspn(list, " ");

        if (strlen(word) == len && strncasecmp(list, word, len) == 0)
            return true;
        list += len + (list[len] == ' ');
    }
    return false;
}

static void
check_key(const struct cli *c, const struct key_rule *r, const char *value,
          unsigned kind)
{
    if (r->ports == 0)
        cli_usage(c, "%s=%s: %s", r->key, value, r->why);
    if ((r->ports & kind) == 0)
        cli_usage(c, "%s= needs %s", r->key, port_kind_text(r->ports));
    if (r->values == NULL || list_has_word(r->values, value))
        return;
    if (r->why != NULL)
        cli_usage(c, "%s=%s, expected %s: %s", r->key, value, r->values,
                  r->why);
    cli_usage(c, "%s=%s, expected one of: %s", r->key, value, r->values);
}

void
port_check_keys(const struct cli *c, const struct cli_use *use, unsigned kind)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        const char *value = cli_key(c, use, rules[i].key);

        if (value != NULL)
            check_key(c, &rules[i], value, kind);
    }
    for (unsigned i = 0; i < use->count; i++) {
        for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
            if (strcasecmp(use->value[i], words[k].word) == 0)
                cli_usage(c, "%s: %s", use->value[i], words[k].sentence);
        }
        cli_usage(c, "unexpected \"%s\"", use->value[i]);
    }
}
