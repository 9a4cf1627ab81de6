/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Makes layouts from a seed. */
#include <bench/layout_kit.h>

#include "wire/image.h"

#include "fixture.h"

#define LONG_NAME                                                              \
    "out/release/thermostat-controller-with-a-very-long-name-that-somebody-"   \
    "thought-of-and-nobody-could-stop-2026-11-29-r5123-g1234567-dirty-signed-" \
    "padded-merged.hex"

static const char *const names[] = {
    "app.hex",
    "/build/boot/boot.elf",
    LONG_NAME,
    "<b>&\"'</text><script>alert(1)</script>.hex",
    "tab\there\x1b[31mred\x07.bin",
    "\xc3\xbcn\xc3\xaf-\xe5\x9b\xba\xe4\xbb\xb6-\xf0\x9f\x94\xa5.hex",
    "z\xcc\x80\xcc\x81\xcc\x82\xcc\x83.hex",
    ("right\xe2\x80\xae"
     "to left.hex"),
    "not utf-8 \xff\xfe\xc3.hex",
    "]]>.hex",
    "",
    "%s%n%d.hex",
};

uint32_t
layout_kit_number(uint32_t *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 1 ^ *seed >> 17;
}

static uint32_t
below(uint32_t *seed, uint32_t end)
{
    return layout_kit_number(seed) % end;
}

static void
add_area(sfi_layout *l, uint8_t type, uint64_t address, uint64_t size,
         const char *file)
{
    /* a piece without bytes: fill, for the rules about content */
    struct piece p = {.address = address, .file = file, .segment = 1};
    struct layout_area a = {type, address, size, file != NULL ? &p : NULL,
                            file != NULL};

    ck_assert(sfi__layout_add(l, &a));
}

static uint64_t
any_address(const struct sfi_chip *c, uint32_t *seed)
{
    switch (below(seed, 8)) {
    case 0: /* the ends of sectors, banks and the flash */
        return c->flash.base +
               (uint64_t)c->sector_size *
                   below(seed, c->flash.size / c->sector_size + 1) -
               below(seed, 64);
    case 1:
        return below(seed, 2) ? 0x20000000u : layout_kit_number(seed);
    case 2:
        return sfi__chip_range_end(&c->flash) - below(seed, 300);
    default:
        return c->flash.base + below(seed, c->flash.size);
    }
}

static uint64_t
any_size(const struct sfi_chip *c, uint32_t *seed)
{
    switch (below(seed, 4)) {
    case 0:
        return below(seed, c->flash.size / 3);
    case 1:
        return below(seed, c->sector_size + 1);
    default:
        return below(seed, 400);
    }
}

static void
add_option_bytes(sfi_layout *l, uint32_t *seed)
{
    uint8_t ob[CHIP_OB_ROWS_MAX * sizeof(uint32_t)];
    const struct sfi_chip *c = l->plain.chip;
    bool shipped = below(seed, 2);

    for (size_t i = 0; i < c->ob_count && i < CHIP_OB_ROWS_MAX; i++) {
        uint32_t word = c->ob[i].shipped;

        if (!shipped)
            word = layout_kit_number(seed) ^ layout_kit_number(seed) << 1;
        for (size_t k = 0; k < 4; k++)
            ob[4 * i + k] = (uint8_t)(word >> 8 * k);
    }
    sfi__layout_set_ob(l, ob);
    add_area(l, SFI_FORMAT_CONFIGURATION, 0, c->ob_count * 4, NULL);
}

sfi_layout *
layout_kit_any(const char *chip, uint32_t seed)
{
    uint32_t count =
        below(&seed, 4) == 0 ? below(&seed, 120) : below(&seed, 14);
    sfi_layout *l;

    ck_assert_ok(sfi__layout_new(ctx, sfi_chip_find(chip),
                                 below(&seed, 2) ? "area" : "segment", &l));
    for (uint32_t i = 0; i < count; i++) {
        const char *file = names[below(&seed, (uint32_t)ROWS(names))];

        add_area(
            l, below(&seed, 10) == 0 ? SFI_FORMAT_MODULE : SFI_FORMAT_FIRMWARE,
            any_address(l->plain.chip, &seed), any_size(l->plain.chip, &seed),
            below(&seed, 5) == 0 ? NULL : file);
    }
    if (below(&seed, 4) != 0)
        add_option_bytes(l, &seed);
    sfi__layout_end(l);
    return l;
}

sfi_layout *
layout_kit_segments(const char *chip, uint32_t count, const char *file)
{
    const struct sfi_chip *c = sfi_chip_find(chip);
    uint64_t step = c->user.size / (count + 1) / 8 * 8;
    sfi_layout *l;

    ck_assert_ok(sfi__layout_new(ctx, c, "segment", &l));
    for (uint32_t i = 0; i < count; i++)
        add_area(l, SFI_FORMAT_FIRMWARE, c->user.base + i * step,
                 16 + i % 7 * 8, file);
    sfi__layout_end(l);
    return l;
}
