#include "sim_wrap.h"

int
sim_wrap(const struct cli *c, sfi_ctx *ctx, sfi_sim *sim, unsigned wired,
         const char *const *command)
{
    (void)ctx;
    (void)sim;
    (void)wired;
    (void)command;
    return cli_fail_text(c, SFI_ERR_UNSUPPORTED,
                         "this sfi-sim was built without umockdev");
}
