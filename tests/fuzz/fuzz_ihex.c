#include "fuzz_firmware.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_firmware("ihex", data, len);
    return 0;
}
