#include "installer/target.h"

#include "core/ctx.h"
#include "core/err.h"

static void
target_destroy(void *self)
{
    sfi_target *t = self;

    sfi__obj_unref(t->tp);
}

sfi_status
sfi__target_ended(sfi_transport *tp, sfi_status st)
{
    sfi_ctx *ctx = tp->obj.ctx;

    if (st == SFI_OK)
        sfi__clear_error(ctx);
    else if ((st <= -400 && st > -600) || st == SFI_ERR_CALLBACK)
        (void)sfi__where(ctx, "%s", tp->name);
    return st;
}

/* ---- connect ---- */

/* Which part it is, and which bootloader runs. */
static sfi_status
recognise(sfi_target *t)
{
    sfi_ctx *ctx = t->obj.ctx;
    uint32_t id = t->boot.device_id;
    const struct sfi_chip *is = sfi__chip_by_device_id(id);

    if (is == NULL)
        return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                         "the chip's device id is 0x%03x, which libsfi does "
                         "not know",
                         id);
    if (t->chip == NULL)
        t->chip = is;
    if (t->chip->device_id != id)
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "the chip is %s (0x%03x), expected %s (0x%03x)",
                         is->name, id, t->chip->name, t->chip->device_id);
    t->secure = t->dialect->speaks(&t->boot);
    sfi__log(ctx, SFI_LOG_INFO, "%s (0x%03x), bootloader V%u.%u, %s", is->name,
             id, t->boot.version >> 4u, t->boot.version & 0xfu,
             t->secure ? "secure" : "open");
    return SFI_OK;
}

sfi_status
sfi__target_reconnect(sfi_target *t)
{
    sfi_status st = boot_connect(&t->boot, t->timeout_ms);

    return st == SFI_OK ? recognise(t) : st;
}

sfi_status
sfi__target_connect(sfi_ctx *ctx, const struct sfi_chip *chip,
                    sfi_transport *tp, uint32_t timeout_ms,
                    const atomic_bool *cancel, sfi_target **out)
{
    sfi_target *t = sfi__obj_new(ctx, OBJ_TARGET, sizeof(*t), target_destroy);
    sfi_status st;

    if (t == NULL)
        return SFI_ERR_NOMEM;
    t->tp = sfi__obj_ref(tp);
    t->chip = chip;
    t->dialect = &sfi__dialect;
    t->timeout_ms = timeout_ms > 0 ? timeout_ms : TARGET_TIMEOUT_MS;
    st = boot_init(&t->boot, tp, cancel);
    if (st == SFI_OK)
        st = sfi__target_reconnect(t);
    if (st != SFI_OK) {
        sfi__obj_unref(t);
        return st;
    }
    *out = t;
    return SFI_OK;
}

sfi_status
sfi_target_connect(sfi_ctx *ctx, const sfi_chip *chip, sfi_transport *tp,
                   uint32_t timeout_ms, sfi_target **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ENTER(tp, TRANSPORT);
    SFI_ARG(ctx, tp->obj.ctx == ctx);
    return sfi__target_ended(
        tp, sfi__target_connect(ctx, chip, tp, timeout_ms, NULL, out));
}

const sfi_chip *
sfi_target_chip(const sfi_target *t)
{
    return sfi__is(t, OBJ_TARGET) ? t->chip : NULL;
}

sfi_status
sfi_target_get_id(sfi_target *t, uint32_t *device_id)
{
    TARGET_ENTER(t);
    SFI_ARG(t, device_id != NULL);
    *device_id = t->boot.device_id;
    return SFI_OK;
}

void
sfi_target_free(sfi_target *t)
{
    sfi__obj_free(t, OBJ_TARGET);
}
