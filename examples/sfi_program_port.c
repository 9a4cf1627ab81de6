/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: ports of the command line, by ST's names, as links of libsfi. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "sfi_program.h"

/* "usb:1", "openocd:localhost:6666": the URI of a link. */
static bool
port_is_link_name(const char *port)
{
    size_t len = strcspn(port, ":/\\?");

    return port[len] == ':' && len > 1; /* not a drive, "C:" */
}

/* The link of a CMSIS-DAP probe, with the options that -c gives. */
static int
port_write_cmsis_dap(const struct program *p, bool jtag, char uri[URI_MAX])
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *mode = cli_key(&p->cli, use, "mode");
    const char *freq = cli_key(&p->cli, use, "freq");
    const char *sn = cli_key(&p->cli, use, "sn");
    char speed[32] = "";
    uint64_t khz;

    if (freq != NULL && !cli_number(freq, UINT32_MAX, &khz))
        cli_usage(&p->cli, "freq=%s is not a speed in kHz", freq);
    if (freq != NULL)
        (void)snprintf(speed, sizeof(speed), "&speed=%" PRIu64 "000", khz);
    return snprintf(uri, URI_MAX, "cmsis-dap:%s%s?wire=%s&mode=%s%s",
                    sn != NULL ? "serial=" : "", sn != NULL ? sn : "",
                    jtag ? "jtag" : "swd", mode != NULL ? mode : "HOTPLUG",
                    speed);
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
        cli_key(&p->cli, use, "sn") != NULL)
        cli_usage(&p->cli,
                  "mode=, freq= and sn= cannot be combined with probe=%s; set "
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

/* A port is a name of ST's tool, the path of a serial port, or the URI of a
 * link. */
void
program_port(const struct program *p, const char *port, uint64_t baud,
             char uri[URI_MAX])
{
    bool jtag = strcasecmp(port, "jtag") == 0;
    int len;

    if (jtag || strcasecmp(port, "swd") == 0)
        len = port_write_debugger(p, jtag, uri);
    else if (port_is_link_name(port))
        len = snprintf(uri, URI_MAX, "%s", port);
    else if (strncasecmp(port, "usb", 3) == 0 &&
             port[3 + strspn(port + 3, "0123456789")] == '\0')
        len = snprintf(uri, URI_MAX, "usb:%s", port + 3);
    else if (strncmp(port, "/dev/spidev", 11) == 0)
        len = snprintf(uri, URI_MAX, "spi:%s", port);
    else if (port_spi_number(port) != NULL)
        len =
            snprintf(uri, URI_MAX, "spi:/dev/spidev%s", port_spi_number(port));
    else /* it may have options already: /dev/ttyUSB0?reset=rts */
        len = snprintf(uri, URI_MAX, "serial:%s%cbaud=%" PRIu64, port,
                       strchr(port, '?') != NULL ? '&' : '?', baud);
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
    p->chip = sfi_chip_find(chip);
    if (chip != NULL && p->chip == NULL)
        cli_unknown_chip(&p->cli, chip);
}

/* The keys of a debug probe need one. */
static void
check_debugger_keys(const struct program *p, const struct cli_use *use,
                    const char *port)
{
    static const char *const keys[] = {"mode", "probe", "freq", "sn"};

    if (strcasecmp(port, "swd") == 0 || strcasecmp(port, "jtag") == 0)
        return;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (cli_key(&p->cli, use, keys[i]) != NULL)
            cli_usage(&p->cli, "%s= needs port=swd or port=jtag", keys[i]);
    }
}

void
program_read_port(struct program *p, struct station *s)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const char *port = cli_key(&p->cli, use, "port");

    if (cli_has(&p->cli, OPT_CAPTURE) && use == NULL)
        cli_usage(&p->cli, "--capture FILE needs -c");
    if (cli_has(&p->cli, OPT_GANG)) {
        read_link_options(p, cli_next(&p->cli, OPT_GANG, NULL));
        program_check_gang(p);
        return;
    }
    if (use == NULL && cli_has(&p->cli, OPT_RECORD))
        cli_usage(&p->cli, "--record FILE needs -c or --gang");
    if (use == NULL)
        return;
    if (port == NULL)
        cli_usage(&p->cli, "-c needs port=PORT, such as port=/dev/ttyUSB0");
    read_link_options(p, use);
    check_debugger_keys(p, use, port);
    s->port = port;
    program_port(p, port, p->baud, s->uri);
}
