/* Vector table and reset handler of a Cortex-M part, ARMv7-M B1.5. */
#include <stdint.h>

extern uint32_t data_load[], data_start[], data_end[];
extern uint32_t bss_start[], bss_end[], stack_top[];

int main(void);
void reset_handler(void);
void tick_handler(void);

static void
halt_handler(void)
{
    for (;;)
        __asm__ volatile("wfi");
}

void
reset_handler(void)
{
    const uint32_t *from = data_load;

    for (uint32_t *to = data_start; to < data_end; to++)
        *to = *from++;
    for (uint32_t *to = bss_start; to < bss_end; to++)
        *to = 0;
    main();
    halt_handler();
}

typedef void (*vector)(void);

/* Entries 1 to 15; entry 0 is the initial stack pointer, set by the linker
 * script.  The interrupts above 15 stay disabled and have no entry. */
__attribute__((section(".vectors"), used)) static const vector vectors[15] = {
    reset_handler,
    halt_handler,
    halt_handler,
    halt_handler,
    halt_handler,
    halt_handler,
    0,
    0,
    0,
    0,
    halt_handler,
    halt_handler,
    0,
    halt_handler,
    tick_handler,
};
