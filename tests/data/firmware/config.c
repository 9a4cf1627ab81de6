/* The configuration block, in a place of its own so that a product line can
 * give each unit another one.  CONFIG_CRC comes from build.sh. */
#include "board.h"

__attribute__((section(".config"), used)) const struct config config = {
    .magic = CONFIG_MAGIC,
    .version = 3,
    .log_every = 4,
    .baud = 115200,
    .on_ms = 120,
    .off_ms = 380,
    .breathe_ms = 2048,
    .serial = "SN-2041-000137",
    .marker = "LIBSFI-PLAINTEXT-MARKER config 5d0e77a1",
    .crc = CONFIG_CRC,
};
