/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Ports in the words of ST's tool (UM2237), as names of links: which words
 * belong to which kind of port, and the ones that have one possible value. */
#include <string.h>

#include <sfi/transport.h>

#include "util/text.h"
#include "core/err.h"
#include "core/obj.h"

#define NAME_MAX 1024u
#define SPEED_MAX 32u
#define WORD_MAX 16u

enum {
    SERIAL = 1,
    SPI = 2,
    USB = 4,
    DEBUG = 8, /* swd, jtag */
    LINK = 16  /* the name of a link, with options of its own */
};

struct port_words {
    sfi_ctx *ctx;
    const char *const *words;
    size_t count;
    const char *port;
    unsigned kind;
    uint64_t baud;
    char name[NAME_MAX];
};

/* ---- the words ---- */

#define FRAMES "the bootloader's frames have 8 bits, even parity, 1 stop bit"
#define MODE_0 "the bootloader is a slave in mode 0, with 8 bits, MSB first"
#define BY_SPIDEV "Linux's spidev has no such setting"
#define BY_OPENOCD "OpenOCD has its own settings: probe=openocd:HOST:PORT"

static const struct port_rule {
    const char *key;
    unsigned ports;     /* where it belongs; 0: nowhere */
    const char *values; /* the possible ones; NULL: any */
    const char *why;
} rules[] = {
    {"port", SERIAL | SPI | USB | DEBUG | LINK, NULL, NULL},
    {"br", SERIAL | SPI | USB | DEBUG | LINK, NULL, NULL},
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
static const struct {
    const char *word, *sentence;
} bare[] = {
    {"shared", "a CMSIS-DAP probe has one owner; several programs can use "
               "OpenOCD: probe=openocd:HOST:PORT"},
    {"LPM", "libsfi does not change what the core does in low power"},
    {"dLPM", "libsfi does not change what the core does in low power"},
    {"getAuthID", "it belongs to other parts than libsfi knows"},
    {"console", "use a terminal program"},
};

/* The value when `word` is KEY=value, else NULL. */
static const char *
port_word_value(const char *word, const char *key)
{
    const char *rest = sfi__text_after(word, key);

    return rest != NULL && *rest == '=' ? rest + 1 : NULL;
}

/* NULL: it is not given. */
static const char *
port_value_of(const struct port_words *p, const char *key)
{
    for (size_t i = 0; i < p->count; i++) {
        const char *value = port_word_value(p->words[i], key);

        if (value != NULL)
            return value;
    }
    return NULL;
}

static const char *
port_kind_text(unsigned ports)
{
    switch (ports) {
    case SERIAL:
        return "a serial port";
    case SPI:
        return "an SPI port";
    case USB:
        return "port=usb1";
    case SERIAL | SPI:
        return "a serial port or an SPI port";
    case DEBUG | USB:
        return "port=swd, port=jtag or port=usb1";
    default:
        return "port=swd or port=jtag";
    }
}

/* Is it one of the words of a list, whatever its case? */
static bool
port_list_has(const char *list, const char *word)
{
    while (*list != '\0') {
        char one[WORD_MAX];
        size_t len = strcspn(list, " ");

        sfi__text_format(one, sizeof(one), "%.*s", (int)len, list);
        if (sfi__text_same(one, word))
            return true;
        list += len + (list[len] == ' ');
    }
    return false;
}

static sfi_status
port_check_value(const struct port_words *p, const struct port_rule *r,
                 const char *value)
{
    if (r->ports == 0)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "%s=%s: %s", r->key, value,
                         r->why);
    if ((r->ports & p->kind) == 0)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "%s= needs %s", r->key,
                         port_kind_text(r->ports));
    if (r->values == NULL || port_list_has(r->values, value))
        return SFI_OK;
    if (r->why != NULL)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "%s=%s, expected %s: %s",
                         r->key, value, r->values, r->why);
    return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "%s=%s, expected one of: %s",
                     r->key, value, r->values);
}

static sfi_status
port_check_word(const struct port_words *p, const char *word)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const char *value = port_word_value(word, rules[i].key);

        if (value != NULL)
            return port_check_value(p, &rules[i], value);
    }
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
        if (sfi__text_same(word, bare[i].word))
            return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "%s: %s", word,
                             bare[i].sentence);
    }
    return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "unexpected \"%s\"", word);
}

/* ---- debug probes ---- */

/* ST counts probes from 0, libsfi's names from 1. */
static sfi_status
port_write_place(struct port_words *p, char place[NAME_MAX])
{
    const char *sn = port_value_of(p, "sn");
    const char *index = port_value_of(p, "index");
    uint64_t number = 0;

    place[0] = '\0';
    if (sn != NULL && index != NULL)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "sn= and index= both name a probe: use one");
    if (index != NULL && !sfi__text_to_u64(index, UINT16_MAX, &number))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "index=%s is not a number, expected 0 or more", index);
    if (index != NULL)
        sfi__text_format(place, NAME_MAX, "%u", (unsigned)number + 1);
    if (sn != NULL)
        sfi__text_format(place, NAME_MAX, "serial=%s", sn);
    return SFI_OK;
}

static sfi_status
port_write_cmsis_dap(struct port_words *p, const char *mode)
{
    const char *wire = sfi__text_same(p->port, "jtag") ? "jtag" : "swd";
    const char *freq = port_value_of(p, "freq");
    const char *ap = port_value_of(p, "ap");
    char speed[SPEED_MAX] = "";
    char place[NAME_MAX];
    uint64_t khz;
    sfi_status st = port_write_place(p, place);

    if (st != SFI_OK)
        return st;
    if (freq != NULL && !sfi__text_to_u64(freq, UINT32_MAX, &khz))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "freq=%s is not a speed in kHz", freq);
    if (freq != NULL)
        sfi__text_format(speed, sizeof(speed), "&speed=%llu000",
                         (unsigned long long)khz);
    sfi__text_format(p->name, sizeof(p->name),
                     "cmsis-dap:%s?wire=%s&mode=%s%s%s%s", place, wire,
                     mode != NULL ? mode : "HOTPLUG", speed,
                     ap != NULL ? "&ap=" : "", ap != NULL ? ap : "");
    return SFI_OK;
}

/* probe=LINK names a probe that is not CMSIS-DAP. */
static sfi_status
port_write_debugger(struct port_words *p)
{
    static const char *const others[] = {"freq", "sn", "index", "ap"};
    const char *mode = port_value_of(p, "mode");
    const char *probe = port_value_of(p, "probe");
    bool more = mode != NULL && !sfi__text_same(mode, "HOTPLUG");

    if (mode != NULL && !port_list_has("HOTPLUG NORMAL UR", mode))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "mode=%s, expected HOTPLUG, NORMAL or UR", mode);
    if (probe == NULL)
        return port_write_cmsis_dap(p, mode);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        more = more || port_value_of(p, others[i]) != NULL;
    if (more)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "mode=, freq=, sn=, index= and ap= cannot be combined "
                         "with probe=%s; set them in its own options or in "
                         "openocd's configuration",
                         probe);
    sfi__text_format(p->name, sizeof(p->name), "%s", probe);
    return SFI_OK;
}

/* ---- other ports ---- */

/* "usb:1", "openocd:localhost:6666": the name of a link. */
static bool
port_is_link(const char *port)
{
    size_t len = strcspn(port, ":/\\?");

    return port[len] == ':' && len > 1; /* not a drive, "C:" */
}

/* What follows PREFIX in `text`, whatever its case; NULL: another text. */
static const char *
port_after(const char *text, const char *prefix)
{
    char head[WORD_MAX];
    size_t len = strlen(prefix);

    sfi__text_format(head, sizeof(head), "%.*s", (int)len, text);
    return sfi__text_same(head, prefix) ? text + len : NULL;
}

/* What follows /dev/spidev for a port spi, spi0.1, spidev0.1 or
 * spidev0.1?speed=4000000; NULL: not an SPI port. */
static const char *
port_spi_number(const char *port)
{
    const char *number = sfi__text_after(port, "/dev/spidev");

    if (number != NULL)
        return number;
    number = port_after(port, "spidev");
    if (number == NULL)
        number = port_after(port, "spi");
    if (number == NULL)
        return NULL;
    if (*number == '\0')
        return "0.0";
    return *number >= '0' && *number <= '9' ? number : NULL;
}

static unsigned
port_kind_of(const char *port)
{
    const char *number = port_after(port, "usb");

    if (sfi__text_same(port, "jtag") || sfi__text_same(port, "swd"))
        return DEBUG;
    if (port_is_link(port))
        return LINK;
    if (number != NULL && number[strspn(number, "0123456789")] == '\0')
        return USB;
    return port_spi_number(port) != NULL ? SPI : SERIAL;
}

/* One device by its number, by sn=, or by VID= and PID=, hexadecimal. */
static sfi_status
port_write_usb(struct port_words *p)
{
    const char *sn = port_value_of(p, "sn");
    const char *vid = port_value_of(p, "VID");
    const char *pid = port_value_of(p, "PID");
    uint64_t v = 0x0483, d = 0xdf11;

    if (vid == NULL && pid == NULL) {
        sfi__text_format(p->name, sizeof(p->name), "usb:%s%s",
                         sn != NULL ? "serial=" : "",
                         sn != NULL ? sn : p->port + strlen("usb"));
        return SFI_OK;
    }
    if (sn != NULL)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "sn= names a device, so VID= and PID= cannot be "
                         "combined with it");
    if ((vid != NULL && !sfi__text_to_u64(vid, UINT16_MAX, &v)) ||
        (pid != NULL && !sfi__text_to_u64(pid, UINT16_MAX, &d)))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "VID= and PID= are numbers like 0x0483");
    sfi__text_format(p->name, sizeof(p->name), "usb:%04x:%04x", (unsigned)v,
                     (unsigned)d);
    return SFI_OK;
}

static char
port_next_mark(const char *name)
{
    return strchr(name, '?') != NULL ? '&' : '?';
}

/* ST's br= of an SPI port is in kHz. */
static sfi_status
port_write_spi(struct port_words *p)
{
    const char *path = port_spi_number(p->port);
    const char *mode = port_value_of(p, "mode");
    const char *speed = port_value_of(p, "br");

    if (mode != NULL && !sfi__text_same(mode, "master"))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "mode=%s, expected master: the chip is the slave",
                         mode);
    if (speed == NULL)
        sfi__text_format(p->name, sizeof(p->name), "spi:/dev/spidev%s", path);
    else
        sfi__text_format(p->name, sizeof(p->name),
                         "spi:/dev/spidev%s%cspeed=%s000", path,
                         port_next_mark(path), speed);
    return SFI_OK;
}

/* The options of a serial port may be there already:
 * /dev/ttyUSB0?reset=rts. */
static sfi_status
port_write_serial(struct port_words *p)
{
    const char *rts = port_value_of(p, "rts");
    const char *dtr = port_value_of(p, "dtr");

    if (sfi__text_same(p->port, "jlink") || sfi__text_same(p->port, "stlink") ||
        sfi__text_same(p->port, "st-link"))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "port=%s: this probe needs OpenOCD: port=swd "
                         "probe=openocd:HOST:PORT",
                         p->port);
    sfi__text_format(p->name, sizeof(p->name), "serial:%s%cbaud=%llu%s%s%s%s",
                     p->port, port_next_mark(p->port),
                     (unsigned long long)p->baud, rts != NULL ? "&rts=" : "",
                     rts != NULL ? rts : "", dtr != NULL ? "&dtr=" : "",
                     dtr != NULL ? dtr : "");
    return SFI_OK;
}

/* br= also sets the speed of a serial link with a name of its own, such as
 * rfc2217:HOST:PORT, unless that says it. */
static sfi_status
port_write_link(struct port_words *p)
{
    bool serial = sfi__text_after(p->port, "serial:") != NULL ||
                  sfi__text_after(p->port, "rfc2217:") != NULL;

    sfi__text_format(p->name, sizeof(p->name), "%s", p->port);
    if (!serial || port_value_of(p, "br") == NULL)
        return SFI_OK;
    if (strstr(p->port, "baud=") != NULL)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "br= and baud= both set the speed: use one");
    sfi__text_format(p->name, sizeof(p->name), "%s%cbaud=%llu", p->port,
                     port_next_mark(p->port), (unsigned long long)p->baud);
    return SFI_OK;
}

/* ---- all together ---- */

static sfi_status
port_write(struct port_words *p)
{
    switch (p->kind) {
    case DEBUG:
        return port_write_debugger(p);
    case LINK:
        return port_write_link(p);
    case USB:
        return port_write_usb(p);
    case SPI:
        return port_write_spi(p);
    default:
        return port_write_serial(p);
    }
}

static sfi_status
port_read_words(struct port_words *p)
{
    const char *speed = port_value_of(p, "br");
    size_t room = NAME_MAX - 128; /* for what is written around them */

    for (size_t i = 0; i < p->count; i++) {
        size_t len = strlen(p->words[i]);

        if (len > room)
            return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "the port is too long");
        room -= len;
    }
    p->port = port_value_of(p, "port");
    if (p->port == NULL)
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT,
                         "port=PORT is missing, such as port=/dev/ttyUSB0");
    if (speed != NULL && !sfi__text_to_u64(speed, UINT32_MAX, &p->baud))
        return sfi__fail(p->ctx, SFI_ERR_ARGUMENT, "br=%s is not a speed",
                         speed);
    p->kind = port_kind_of(p->port);
    for (size_t i = 0; i < p->count; i++) {
        sfi_status st = port_check_word(p, p->words[i]);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

sfi_status
sfi_transport_name_of_port(sfi_ctx *ctx, const char *const *words, size_t count,
                           char *out, size_t size)
{
    struct port_words p = {
        .ctx = ctx,
        .words = words,
        .count = count,
        .baud = 115200,
    };
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, out != NULL && size > 0);
    out[0] = '\0';
    SFI_ARG(ctx, words != NULL || count == 0);
    for (size_t i = 0; i < count; i++)
        SFI_ARG(ctx, words[i] != NULL);
    st = port_read_words(&p);
    if (st == SFI_OK)
        st = port_write(&p);
    if (st != SFI_OK)
        return st;
    if (strlen(p.name) >= size)
        return sfi__fail(ctx, SFI_ERR_BUFFER,
                         "the name of the link has %zu characters, the buffer "
                         "room for %zu",
                         strlen(p.name), size - 1);
    (void)sfi__text_copy(out, size, p.name);
    return SFI_OK;
}
