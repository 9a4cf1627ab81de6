#include "proto/an4286.h"

#include "util/wr.h"

void
spi_command(uint8_t out[SPI_COMMAND_LEN], uint8_t cmd)
{
    out[0] = SPI_SOF;
    usart_command(out + 1, cmd);
}

size_t
spi_pages(uint8_t out[SPI_PAGES_MAX], const uint16_t *pages, size_t count)
{
    struct wr w;
    uint8_t x = 0;

    wr_init(&w, out, SPI_PAGES_MAX);
    for (size_t i = 0; i < count; i++) {
        wr_u16be(&w, pages[i]);
        x = (uint8_t)(x ^ pages[i] >> 8 ^ pages[i]);
    }
    wr_u8(&w, x);
    return wr_ok(&w) ? wr_len(&w) : 0;
}
