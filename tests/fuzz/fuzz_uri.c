/* Names of links; nothing is opened but what is no port. */
#include <string.h>

#include "transport/uri.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const keys[] = {"baud", "reset", "boot0", NULL};
    sfi_ctx *ctx = fuzz_ctx();
    char *text = malloc(len + 1);
    struct uri u;
    sfi_status st;

    FUZZ_HOLDS(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    st = uri_parse(ctx, text, &u);
    FUZZ_HOLDS((st == SFI_OK) == (sfi_ctx_error(ctx) == NULL));
    if (st == SFI_OK) {
        FUZZ_HOLDS(u.scheme[0] != '\0' && u.path[0] != '\0');
        for (size_t i = 0; i < u.param_count; i++)
            FUZZ_HOLDS(uri_get(&u, u.param[i].key) == u.param[i].value);
        (void)uri_allow(ctx, &u, keys);
    }
    free(text);
    fuzz_ctx_free(ctx);
    return 0;
}
