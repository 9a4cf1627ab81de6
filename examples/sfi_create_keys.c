/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Keys and nonces in files of their own. */
#include "sfi_create.h"

int
create_keys(const struct job *j)
{
    const char *key = cli_value(&j->cli, OPT_GENKEY);
    const char *nonce = cli_value(&j->cli, OPT_GENNONCE);
    const struct cli_option *o = j->cli.spec->options;
    int status = 0;

    for (size_t id = 0; id < OPT_GENKEY; id++) {
        if (cli_has(&j->cli, id))
            cli_usage(&j->cli,
                      "--genkey and --gennonce cannot be combined with -%s",
                      o[id].brief != NULL ? o[id].brief : o[id].name);
    }
    if (key != NULL) {
        status = create_status(j, sfi_key_create(j->ctx, key));
        if (status == 0)
            (void)printf("%s: new key, %u bytes\n", cli_visible(key),
                         SFI_KEY_LEN);
    }
    if (nonce != NULL && status == 0) {
        status = create_status(j, sfi_nonce_create(j->ctx, nonce));
        if (status == 0)
            (void)printf("%s: new nonce, %u bytes\n", cli_visible(nonce),
                         SFI_NONCE_LEN);
    }
    return status;
}
