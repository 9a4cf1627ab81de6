/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: ports of the command line, by ST's names, as links of libsfi. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "sfi_program_port.h"

/* "usb:1", "openocd:localhost:6666": the URI of a link. */
static bool
port_is_link_name(const char *port)
{
    size_t len = strcspn(port, ":/\\?");

    return port[len] == ':' && len > 1; /* not a drive, "C:" */
}

/* ST counts probes from 0, libsfi's names from 1. */
static void
port_write_probe_place(const struct program *p, const struct cli_use *use,
                       char *place, size_t size)
{
    const char *sn = cli_key(&p->cli, use, "sn");
    const char *index = cli_key(&p->cli, use, "index");
    uint64_t number = 0;

    place[0] = '\0';
    if (sn != NULL && index != NULL)
        cli_usage(&p->cli, "sn= and index= both name a probe: use one");
    if (index != NULL && !cli_number(index, UINT16_MAX, &number))
        cli_usage(&p->cli, "index=%s is not a number, expected 0 or more",
                  index);
    if (index != NULL)
        (void)snprintf(place, size, "%" PRIu64, number + 1);
    if (sn != NULL)
        (void)snprintf(place, size, "serial=%s", sn);
}

/* The link of a CMSIS-DAP probe, with the options that -c gives. */
static int
port_write_cmsis_dap(const struct program *p, bool jtag, char uri[URI_MAX])
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *mode = cli_key(&p->cli, use, "mode");
    const char *freq = cli_key(&p->cli, use, "freq");
    const char *ap = cli_key(&p->cli, use, "ap");
    char speed[32] = "";
    char place[URI_MAX];
    uint64_t khz;

    port_write_probe_place(p, use, place, sizeof(place));
    if (freq != NULL && !cli_number(freq, UINT32_MAX, &khz))
        cli_usage(&p->cli, "freq=%s is not a speed in kHz", freq);
    if (freq != NULL)
        (void)snprintf(speed, sizeof(speed), "&speed=%" PRIu64 "000", khz);
    return snprintf(uri, URI_MAX, "cmsis-dap:%s?wire=%s&mode=%s%s%s%s", place,
                    jtag ? "jtag" : "swd", mode != NULL ? mode : "HOTPLUG",
                    speed, ap != NULL ? "&ap=" : "", ap != NULL ? ap : "");
}

/* The link of a debug probe; probe=LINK names one that is not CMSIS-DAP. */
static int
port_write_debugger(const struct program *p, bool jtag, char uri[URI_MAX])
{
    static const char *const modes[] = {"HOTPLUG", "NORMAL", "UR"};
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *mode = cli_key(&p->cli, use, "mode");
    const char *probe = cli_key(&p->cli, use, "probe");
    bool known = mode == NULL;

    for (size_t i = 0; mode != NULL && i < sizeof(modes) / sizeof(*modes); i++)
        known = known || strcasecmp(mode, modes[i]) == 0;
    if (!known)
        cli_usage(&p->cli, "mode=%s, expected HOTPLUG, NORMAL or UR", mode);
    if (probe == NULL)
        return port_write_cmsis_dap(p, jtag, uri);
    if ((mode != NULL && strcasecmp(mode, modes[0]) != 0) ||
        cli_key(&p->cli, use, "freq") != NULL ||
        cli_key(&p->cli, use, "sn") != NULL ||
        cli_key(&p->cli, use, "index") != NULL ||
        cli_key(&p->cli, use, "ap") != NULL)
        cli_usage(&p->cli,
                  "mode=, freq=, sn=, index= and ap= cannot be combined with "
                  "probe=%s; set "
                  "them in its own options or in openocd's configuration",
                  probe);
    return snprintf(uri, URI_MAX, "%s", probe);
}

/* What follows /dev/spidev for a port spi, spi0.1, spidev0.1 or
 * spidev0.1?speed=4000000; NULL: not an SPI port. */
static const char *
port_spi_number(const char *port)
{
    size_t word = strncasecmp(port, "spidev", 6) == 0 ? 6 : 3;

    if (strncasecmp(port, "spi", 3) != 0)
        return NULL;
    if (port[word] == '\0')
        return "0.0";
    return port[word] >= '0' && port[word] <= '9' ? port + word : NULL;
}

static bool
port_is_usb_number(const char *port)
{
    return strncasecmp(port, "usb", 3) == 0 &&
           port[3 + strspn(port + 3, "0123456789")] == '\0';
}

/* One device by its number, by sn=, or by VID= and PID=, hexadecimal. */
static int
port_write_usb(const struct program *p, const char *port, char uri[URI_MAX])
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *sn = cli_key(&p->cli, use, "sn");
    const char *vid = cli_key(&p->cli, use, "VID");
    const char *pid = cli_key(&p->cli, use, "PID");
    uint64_t v = 0x0483, d = 0xdf11;

    if (vid == NULL && pid == NULL)
        return snprintf(uri, URI_MAX, "usb:%s%s", sn != NULL ? "serial=" : "",
                        sn != NULL ? sn : port + 3);
    if (sn != NULL)
        cli_usage(&p->cli, "sn= names a device, so VID= and PID= cannot be "
                           "combined with it");
    if ((vid != NULL && !cli_number(vid, UINT16_MAX, &v)) ||
        (pid != NULL && !cli_number(pid, UINT16_MAX, &d)))
        cli_usage(&p->cli, "VID= and PID= are numbers like 0x0483");
    return snprintf(uri, URI_MAX, "usb:%04" PRIx64 ":%04" PRIx64, v, d);
}

/* ST's br= of an SPI port is in kHz. */
static int
port_write_spi(const struct program *p, const char *path, char uri[URI_MAX])
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *mode = cli_key(&p->cli, use, "mode");
    const char *speed = cli_key(&p->cli, use, "br");

    if (mode != NULL && strcasecmp(mode, "master") != 0)
        cli_usage(&p->cli, "mode=%s, expected master: the chip is the slave",
                  mode);
    if (speed == NULL)
        return snprintf(uri, URI_MAX, "spi:/dev/spidev%s", path);
    return snprintf(uri, URI_MAX, "spi:/dev/spidev%s%cspeed=%s000", path,
                    strchr(path, '?') != NULL ? '&' : '?', speed);
}

/* The options of a serial port may be there already:
 * /dev/ttyUSB0?reset=rts. */
static int
port_write_serial(const struct program *p, const char *port, uint64_t baud,
                  char uri[URI_MAX])
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *rts = cli_key(&p->cli, use, "rts");
    const char *dtr = cli_key(&p->cli, use, "dtr");

    return snprintf(uri, URI_MAX, "serial:%s%cbaud=%" PRIu64 "%s%s%s%s", port,
                    strchr(port, '?') != NULL ? '&' : '?', baud,
                    rts != NULL ? "&rts=" : "", rts != NULL ? rts : "",
                    dtr != NULL ? "&dtr=" : "", dtr != NULL ? dtr : "");
}

/* br= also sets the speed of a serial link with a name of its own, such as
 * rfc2217:HOST:PORT, unless that says it. */
static int
port_write_link(const struct program *p, const char *port, char uri[URI_MAX])
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    bool serial =
        strncmp(port, "serial:", 7) == 0 || strncmp(port, "rfc2217:", 8) == 0;

    if (!serial || cli_key(&p->cli, use, "br") == NULL)
        return snprintf(uri, URI_MAX, "%s", port);
    if (strstr(port, "baud=") != NULL)
        cli_usage(&p->cli, "br= and baud= both set the speed: use one");
    return snprintf(uri, URI_MAX, "%s%cbaud=%" PRIu64, port,
                    strchr(port, '?') != NULL ? '&' : '?', p->baud);
}

static unsigned
port_kind(const char *port)
{
    if (strcasecmp(port, "jtag") == 0 || strcasecmp(port, "swd") == 0)
        return PORT_DEBUG;
    if (port_is_link_name(port))
        return PORT_LINK;
    if (port_is_usb_number(port))
        return PORT_USB;
    return strncmp(port, "/dev/spidev", 11) == 0 ||
                   port_spi_number(port) != NULL
               ? PORT_SPI
               : PORT_SERIAL;
}

/* A port is a name of ST's tool, the path of a serial port, or the URI of a
 * link. */
void
program_port(const struct program *p, const char *port, uint64_t baud,
             char uri[URI_MAX])
{
    int len;

    switch (port_kind(port)) {
    case PORT_DEBUG:
        len = port_write_debugger(p, strcasecmp(port, "jtag") == 0, uri);
        break;
    case PORT_LINK:
        len = port_write_link(p, port, uri);
        break;
    case PORT_USB:
        len = port_write_usb(p, port, uri);
        break;
    case PORT_SPI:
        len = port_write_spi(
            p, port[0] == '/' ? port + 11 : port_spi_number(port), uri);
        break;
    default:
        if (strcasecmp(port, "jlink") == 0 || strcasecmp(port, "stlink") == 0 ||
            strcasecmp(port, "st-link") == 0)
            cli_usage(&p->cli,
                      "port=%s: this probe needs OpenOCD: port=swd "
                      "probe=openocd:HOST:PORT",
                      port);
        len = port_write_serial(p, port, baud, uri);
        break;
    }
    if (len >= URI_MAX)
        cli_usage(&p->cli, "port=%s is too long", port);
}

/* br= and chip= of -c or --gang. */
static void
read_link_options(struct program *p, const struct cli_use *use)
{
    const char *speed = cli_key(&p->cli, use, "br");
    const char *chip = cli_key(&p->cli, use, "chip");

    p->baud = 115200;
    if (speed != NULL && !cli_number(speed, UINT32_MAX, &p->baud))
        cli_usage(&p->cli, "br=%s is not a speed", speed);
    p->chip = cli_chip(&p->cli, chip);
}

void
program_read_port(struct program *p, struct station *s)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *port = cli_key(&p->cli, use, "port");

    if (cli_has(&p->cli, OPT_GANG)) {
        read_link_options(p, cli_next(&p->cli, OPT_GANG, NULL));
        program_check_gang(p);
        return;
    }
    if (use == NULL)
        return;
    if (port == NULL)
        cli_usage(&p->cli, "-c needs port=PORT, such as port=/dev/ttyUSB0");
    read_link_options(p, use);
    port_check_keys(&p->cli, use, port_kind(port));
    s->port = port;
    program_port(p, port, p->baud, s->uri);
}
