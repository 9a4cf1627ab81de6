/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -l: list the connected ports. */
#include <string.h>

#include "sfi_program.h"

enum { BEFORE_FIRST = -1 };

/* The kinds of ports, by ST's words and by the library's. */
static const struct kind {
    const char *word;
    const char *kind;
    const char *feature; /* also the name of the meson option */
    const char *title;
    const char *none;
    const char *remedy; /* when access is denied */
} kinds[] = {
    {"uart", "serial", "serial", "Serial ports", "no serial port is connected",
     "join its group, often dialout"},
    {"spi", "spi", "spi", "SPI ports", "no SPI port (/dev/spidev*) was found",
     "add a udev rule for it"},
    {"usb", "usb", "usb", "USB devices in DFU mode",
     "no chip in DFU mode is connected", "add a udev rule for it"},
    {"probe", "cmsis-dap", "usb", "Debug probes",
     "no CMSIS-DAP probe is connected; openocd knows others",
     "add a udev rule for it"},
};
#define KIND_COUNT ((int)(sizeof(kinds) / sizeof(*kinds)))

struct list {
    struct json *out; /* NULL: text */
    const char *word; /* NULL: all kinds */
    int titled;       /* the last kind whose title was printed */
    bool filled;      /* a port of that kind was printed */
    sfi_status st;
};

static bool
kind_is_wanted(const struct list *l, const struct kind *k)
{
    return l->word == NULL || strcmp(l->word, k->word) == 0;
}

/* Listing can fail on USB only. */
static bool
list_covers_usb(const struct list *l)
{
    return l->word == NULL || strcmp(l->word, "usb") == 0 ||
           strcmp(l->word, "probe") == 0;
}

/* A port without a scheme is serial. */
static const char *
uri_as_port_name(const char *uri)
{
    return strncmp(uri, "serial:", 7) == 0 ? uri + 7 : uri;
}

static const char *
kind_empty_reason(const struct list *l, const struct kind *k)
{
    if (sfi_has_feature(k->feature) == 0)
        return "this libsfi was built without this kind";
    if (l->st != SFI_OK && strcmp(k->feature, "usb") == 0)
        return "listing failed";
    return k->none;
}

/* Print the titles up to this kind, each empty kind with its reason. */
static void
list_print_titles(struct list *l, int up_to)
{
    while (l->titled < up_to) {
        int i = l->titled;

        if (i != BEFORE_FIRST && kind_is_wanted(l, &kinds[i]) && !l->filled)
            (void)printf("  %s\n", kind_empty_reason(l, &kinds[i]));
        l->filled = false;
        i = ++l->titled;
        if (i < KIND_COUNT && kind_is_wanted(l, &kinds[i]))
            (void)printf("%s:\n", kinds[i].title);
    }
}

/* "FT232R USB UART, FTDI, serial number A50285BI" */
static void
device_print_texts(const sfi_transport_found *f)
{
    const struct {
        const char *before;
        const char *text;
    } texts[] = {
        {"", f->product},
        {"", f->manufacturer},
        {"serial number ", f->serial},
    };
    const char *lead = "    ";

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (texts[i].text[0] == '\0')
            continue;
        (void)printf("%s%s%s", lead, texts[i].before,
                     cli_visible(texts[i].text));
        lead = ", ";
    }
    if (lead[0] == ',')
        (void)printf("\n");
}

static void
device_print(const struct kind *k, const sfi_transport_found *f)
{
    (void)printf("  port=%s\n", cli_visible(uri_as_port_name(f->uri)));
    device_print_texts(f);
    if (f->lasting_uri[0] != '\0')
        (void)printf("    also port=%s\n",
                     cli_visible(uri_as_port_name(f->lasting_uri)));
    if ((f->flags & SFI_FOUND_DENIED) != 0)
        (void)printf("    access denied: %s\n", k->remedy);
    if ((f->flags & SFI_FOUND_BUSY) != 0)
        (void)printf("    in use by another program\n");
}

static void
device_write_json(struct json *j, const sfi_transport_found *f)
{
    json_object(j, NULL);
    json_text(j, "kind", f->kind);
    json_text(j, "uri", f->uri);
    json_text(j, "port", uri_as_port_name(f->uri));
    if (f->lasting_uri[0] != '\0')
        json_text(j, "lasting_port", uri_as_port_name(f->lasting_uri));
    json_text(j, "product", f->product);
    json_text(j, "manufacturer", f->manufacturer);
    json_text(j, "serial", f->serial);
    json_bool(j, "denied", (f->flags & SFI_FOUND_DENIED) != 0);
    json_bool(j, "busy", (f->flags & SFI_FOUND_BUSY) != 0);
    json_close(j);
}

static void
list_on_found(void *user, const sfi_transport_found *found)
{
    struct list *l = user;
    int i = 0;

    while (i < KIND_COUNT && strcmp(kinds[i].kind, found->kind) != 0)
        i++;
    if (i == KIND_COUNT || !kind_is_wanted(l, &kinds[i]))
        return;
    if (l->out != NULL) {
        device_write_json(l->out, found);
        return;
    }
    list_print_titles(l, i);
    l->filled = true;
    device_print(&kinds[i], found);
}

/* The wanted kinds that this build lacks. */
static void
list_write_not_built_in(const struct list *l)
{
    json_array(l->out, "not_built_in");
    for (int i = 0; i < KIND_COUNT; i++) {
        if (kind_is_wanted(l, &kinds[i]) &&
            sfi_has_feature(kinds[i].feature) == 0)
            json_text(l->out, NULL, kinds[i].kind);
    }
    json_close(l->out);
}

sfi_status
program_list(struct program *p)
{
    struct list l = {
        .out = p->json ? &p->out : NULL,
        .word = cli_value(&p->cli, OPT_LIST),
        .titled = BEFORE_FIRST,
    };

    if (p->json)
        json_array(&p->out, "found");
    l.st = sfi_transport_list(p->ctx, list_on_found, &l);
    if (p->json) {
        json_close(&p->out);
        list_write_not_built_in(&l);
    } else {
        list_print_titles(&l, KIND_COUNT);
    }
    return list_covers_usb(&l) ? l.st : SFI_OK;
}
