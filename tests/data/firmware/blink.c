/* The demo firmware: checks its configuration block, then blinks, breathes and
 * rests in turn, and says so on the UART. */
#include <stdint.h>

#include "board.h"

/* GPIO and USART registers that both parts share: RM0433 11.4 and 48.8,
 * RM0394 8.4 and 38.8. */
#define GPIO_BSRR 0x18u
#define USART_CR1 0x00u
#define USART_BRR 0x0cu
#define USART_ISR 0x1cu
#define USART_TDR 0x28u
#define USART_CR1_UE (1u << 0)
#define USART_CR1_TE (1u << 3)
#define USART_ISR_TXE (1u << 7)

/* SysTick: ARMv7-M B3.3 */
#define SYST_CSR 0xe000e010u
#define SYST_RVR 0xe000e014u
#define SYST_CVR 0xe000e018u
#define SYST_CSR_RUN 7u /* core clock, interrupt, enable */

#define TICKS_PER_MS 8u /* 8 kHz: a PWM of 256 steps at 31 Hz */
#define PWM_STEPS 256u

enum state { STATE_BLINK, STATE_BREATHE, STATE_REST, STATE_FAULT };

struct rule {
    enum state next;
    uint32_t rounds; /* of on_ms + off_ms, or of one breath */
    enum message message;
};

static const struct rule rules[] = {
    [STATE_BLINK] = {STATE_BREATHE, 8, MSG_BLINK},
    [STATE_BREATHE] = {STATE_REST, 3, MSG_BREATHE},
    [STATE_REST] = {STATE_BLINK, 1, MSG_REST},
    [STATE_FAULT] = {STATE_FAULT, 20, MSG_FAULT},
};

static volatile uint32_t ticks;
static uint32_t log_left = 1;
static uint32_t marker_seen = 0x53464921u; /* in .data: proves the copy */

static volatile uint32_t *
reg(uint32_t addr)
{
    return (volatile uint32_t *)addr;
}

void tick_handler(void);

void
tick_handler(void)
{
    ticks++;
}

static void
wait_until(uint32_t tick)
{
    while ((int32_t)(ticks - tick) < 0)
        __asm__ volatile("wfi");
}

static void
led(int on)
{
    *reg(board.led_port + GPIO_BSRR) = 1u << (board.led_pin + (on ? 0 : 16));
}

static void
put(const char *text)
{
    for (; *text != 0; text++) {
        while ((*reg(board.uart + USART_ISR) & USART_ISR_TXE) == 0)
            continue;
        *reg(board.uart + USART_TDR) = (uint8_t)*text;
    }
}

static void
put_hex(uint32_t value)
{
    char text[9];

    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15u];
    text[8] = 0;
    put(text);
}

static uint32_t
crc32(const uint8_t *data, uint32_t len)
{
    uint32_t crc = 0xffffffffu;

    while (len-- > 0) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

static int
config_is_good(void)
{
    uint32_t len =
        (uint32_t)((const uint8_t *)&config.crc - (const uint8_t *)&config);

    return config.magic == CONFIG_MAGIC &&
           crc32((const uint8_t *)&config, len) == config.crc;
}

static void
say(enum message message)
{
    if (--log_left > 0 && message != MSG_FAULT)
        return;
    log_left = config.log_every;
    put(board.name);
    put(" ");
    put(config.serial);
    put(" ");
    put_hex(ticks / TICKS_PER_MS);
    put(": ");
    put(messages[message]);
    put("\r\n");
}

static void
blink_once(uint32_t on_ms, uint32_t off_ms)
{
    uint32_t now = ticks;

    led(1);
    wait_until(now + on_ms * TICKS_PER_MS);
    led(0);
    wait_until(now + (on_ms + off_ms) * TICKS_PER_MS);
}

static void
breathe_once(void)
{
    uint32_t period = config.breathe_ms * TICKS_PER_MS;
    uint32_t start = ticks;

    for (uint32_t t = 0; t < period; t = ticks - start) {
        uint32_t level = 32768u + (uint32_t)sine[t * SINE_LEN / period];

        led((level & 0xffffu) >> 8 > t % PWM_STEPS);
        wait_until(start + t + 1);
    }
    led(0);
}

static enum state
run(enum state state)
{
    const struct rule *rule = &rules[state];

    say(rule->message);
    for (uint32_t i = 0; i < rule->rounds; i++) {
        switch (state) {
        case STATE_BLINK:
            blink_once(config.on_ms, config.off_ms);
            break;
        case STATE_BREATHE:
            breathe_once();
            break;
        case STATE_REST:
            wait_until(ticks + 1000 * TICKS_PER_MS);
            break;
        case STATE_FAULT:
            blink_once(50, 50);
            break;
        }
    }
    return rule->next;
}

static void
init(uint32_t baud)
{
    for (uint32_t i = 0; i < board.init_count; i++) {
        const struct write_op *op = &board.init[i];

        *reg(op->addr) = (*reg(op->addr) & ~op->clear) | op->set;
    }
    *reg(board.uart + USART_BRR) = (board.hz + baud / 2) / baud;
    *reg(board.uart + USART_CR1) = USART_CR1_UE | USART_CR1_TE;
    *reg(SYST_RVR) = board.hz / (1000 * TICKS_PER_MS) - 1;
    *reg(SYST_CVR) = 0;
    *reg(SYST_CSR) = SYST_CSR_RUN;
}

int main(void);

int
main(void)
{
    int good = config_is_good();
    enum state state = good ? STATE_BLINK : STATE_FAULT;

    init(good ? config.baud : 115200);
    put(messages[MSG_BOOT]);
    put_hex(marker_seen);
    put("\r\n");
    for (;;)
        state = run(state);
}
