/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The first instructions of an image: RAM is wiped before anything uses it,
 * with what a reset in mid-install left. */
#include <stddef.h>

#include "part.h"
#include "regs.h"

/* The linker script's. */
extern uint32_t ram_stack_top[], ram_data[], ram_data_end[], ram_data_load[];
extern uint32_t ram_bss[], ram_bss_end[];
_Noreturn void image_main(void);
void image_reset(void);
void image_fault(void);

/* Overwrite all RAM, then take the new table's stack and entry; r0: table.
 * No stack is used meanwhile. */
__attribute__((naked, noreturn)) void
part_start(uint32_t vectors)
{
    (void)vectors;
    __asm__ volatile("cpsid i\n"
                     "ldr r1, =0xe000ed08\n" /* VTOR */
                     "str r0, [r1]\n"
                     "ldr r1, =%c0\n"
                     "ldr r2, =%c1\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "1: stmia r1!, {r4-r7}\n"
                     "cmp r1, r2\n"
                     "blo 1b\n"
                     "ldr r1, [r0]\n"
                     "ldr r0, [r0, #4]\n"
                     "movs r2, #0\n"
                     "movs r3, #0\n"
                     "msr msp, r1\n"
                     "cpsie i\n"
                     "bx r0\n"
                     ".ltorg\n"
                     :
                     : "i"(MAP_RAM), "i"(MAP_RAM_END));
}

/* All other RAM is zero: part_start() did that, or this does at a reset. */
__attribute__((noreturn, used)) static void
start_image(void)
{
    const uint32_t *from = ram_data_load;

    for (uint32_t *to = ram_data; to < ram_data_end; to++)
        *to = *from++;
    image_main();
}

/* 0xe000ed08 has been set by whoever came before, or is 0 after a reset. */
__attribute__((naked)) void
image_reset(void)
{
    __asm__ volatile("cpsid i\n" PART_BEFORE_RAM "ldr r1, =%c0\n"
                     "ldr r2, =%c1\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "1: stmia r1!, {r4-r7}\n"
                     "cmp r1, r2\n"
                     "blo 1b\n"
                     /* paint the stack */
                     "ldr r1, =ram_stack\n"
                     "ldr r2, =ram_stack_top\n"
                     "ldr r4, =0xcdcdcdcd\n"
                     "2: str r4, [r1], #4\n"
                     "cmp r1, r2\n"
                     "blo 2b\n"
                     "movs r4, #0\n"
                     "b start_image\n"
                     ".ltorg\n"
                     :
                     : "i"(MAP_RAM), "i"(MAP_RAM_END));
}

/* Nothing of this raises one: flash or RAM are broken, or power is. */
__attribute__((noreturn)) void
image_fault(void)
{
    part_reset();
}

typedef void (*vector)(void);

/* ARMv7-M ARM, B1.5.3.  No interrupt is enabled. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    vector reset, nmi, faults[14];
} vectors = {
    ram_stack_top,
    image_reset,
    flash_on_nmi,
    {image_fault, image_fault, image_fault, image_fault, NULL, NULL, NULL, NULL,
     image_fault, image_fault, NULL, image_fault, image_fault},
};
