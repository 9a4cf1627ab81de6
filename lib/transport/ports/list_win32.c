/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lists serial ports from Windows' registry, with the texts that SetupAPI has
 * of their devices.  A port is never opened: that would change DTR and RTS. */
#include <wchar.h>
#include <windows.h>

#include <setupapi.h>

#include "util/mem.h"
#include "util/text.h"
#include "transport/base/list.h"
#include "transport/base/uri.h"

/* "COM256", and names of drivers with their own. */
#define NAME_MAX_LEN 64u
#define TEXT_MAX_LEN 256u
/* Bytes of a character of UTF-16 in UTF-8. */
#define UTF8_EACH 3u

typedef wchar_t wide_text[TEXT_MAX_LEN];
typedef char utf8_text[TEXT_MAX_LEN * UTF8_EACH];

/* GUID_DEVCLASS_PORTS (devguid.h) */
static const GUID ports_class = {
    0x4d36e978,
    0xe325,
    0x11ce,
    {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18},
};

/* ---- names ---- */

/* Can this be part of a link's name? */
static bool
list_is_plain_name(const wchar_t *name)
{
    size_t len = wcslen(name);

    for (size_t i = 0; i < len; i++) {
        if (name[i] <= 0x20 || name[i] >= 0x7f || name[i] == '?')
            return false;
    }
    return len > 0 && len < URI_PATH_MAX;
}

/* COM2 comes before COM10. */
static bool
list_is_before(const wchar_t *a, const wchar_t *b)
{
    size_t a_len = wcslen(a), b_len = wcslen(b);

    return a_len != b_len ? a_len < b_len : wcscmp(a, b) < 0;
}

/* A value of the key: "\Device\Serial0" is "COM1". */
static bool
list_read_value(HKEY key, DWORD index, wide_text device,
                wchar_t name[NAME_MAX_LEN])
{
    DWORD device_len = TEXT_MAX_LEN;
    DWORD bytes = (NAME_MAX_LEN - 1) * sizeof(*name);
    DWORD type = 0;
    LSTATUS error = RegEnumValueW(key, index, device, &device_len, NULL, &type,
                                  (BYTE *)name, &bytes);

    name[0] = error == ERROR_SUCCESS && type == REG_SZ ? name[0] : L'\0';
    name[bytes / sizeof(*name) < NAME_MAX_LEN ? bytes / sizeof(*name) : 0] =
        L'\0';
    return error == ERROR_SUCCESS || error == ERROR_MORE_DATA;
}

/* Replace `name` by the next one, and `device` by its device; false: it was the
 * last. */
static bool
list_next_port(HKEY key, wide_text device, wchar_t name[NAME_MAX_LEN])
{
    wchar_t next[NAME_MAX_LEN] = L"";
    wide_text its_device = L"";
    wide_text other_device;
    wchar_t other[NAME_MAX_LEN];

    for (DWORD i = 0; list_read_value(key, i, other_device, other); i++) {
        if (!list_is_plain_name(other) || !list_is_before(name, other) ||
            (next[0] != L'\0' && !list_is_before(other, next)))
            continue;
        (void)wcscpy(next, other);
        (void)wcscpy(its_device, other_device);
    }
    (void)wcscpy(name, next);
    (void)wcscpy(device, its_device);
    return name[0] != L'\0';
}

/* ---- texts ---- */

static void
list_show(char *out, size_t cap, const wchar_t *text)
{
    utf8_text utf8;

    if (WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL,
                            NULL) > 0)
        sfi__text_visible(out, cap, utf8);
}

static bool
list_is_port_of(HDEVINFO all, SP_DEVINFO_DATA *device, const wchar_t *name)
{
    wchar_t its_name[NAME_MAX_LEN] = L"";
    DWORD bytes = sizeof(its_name) - sizeof(*its_name);
    HKEY key = SetupDiOpenDevRegKey(all, device, DICS_FLAG_GLOBAL, 0, DIREG_DEV,
                                    KEY_READ);

    if (key == INVALID_HANDLE_VALUE)
        return false;
    (void)RegQueryValueExW(key, L"PortName", NULL, NULL, (BYTE *)its_name,
                           &bytes);
    (void)RegCloseKey(key);
    return wcscmp(its_name, name) == 0;
}

static bool
list_get_text(HDEVINFO all, SP_DEVINFO_DATA *device, DWORD property,
              wide_text text)
{
    sfi__zero(text, sizeof(wide_text));
    return SetupDiGetDeviceRegistryPropertyW(
               all, device, property, NULL, (BYTE *)text,
               sizeof(wide_text) - sizeof(*text), NULL) &&
           text[0] != L'\0';
}

/* What identifies the device: "USB\VID_0483&PID_374B&MI_02\7&2E46&0&0002", or
 * "USB\VID_0483&PID_5740\STM32123"; a last part with '&' is Windows' own, not
 * the serial number of the device. */
static void
list_describe_id(sfi_transport_found *f, const wchar_t *id)
{
    const wchar_t *vid = wcsstr(id, L"VID_");
    const wchar_t *pid = wcsstr(id, L"PID_");
    const wchar_t *last = wcsrchr(id, L'\\');
    char product[sizeof(f->product)];

    if (vid == NULL || pid == NULL || wcslen(vid) < 8 || wcslen(pid) < 8)
        return;
    (void)sfi__text_copy(product, sizeof(product), f->product);
    sfi__text_format(f->product, sizeof(f->product), "%s%s%.4ls:%.4ls", product,
                     product[0] != '\0' ? " " : "", vid + 4, pid + 4);
    if (last != NULL && last > pid && wcschr(last, L'&') == NULL)
        list_show(f->serial, sizeof(f->serial), last + 1);
}

static void
list_describe_device(sfi_transport_found *f, HDEVINFO all,
                     SP_DEVINFO_DATA *device)
{
    wide_text text;

    if (list_get_text(all, device, SPDRP_DEVICEDESC, text))
        list_show(f->product, sizeof(f->product), text);
    if (list_get_text(all, device, SPDRP_MFG, text))
        list_show(f->manufacturer, sizeof(f->manufacturer), text);
    if (SetupDiGetDeviceInstanceIdW(all, device, text, TEXT_MAX_LEN, NULL))
        list_describe_id(f, text);
}

/* The name of its device, "Serial0", where SetupAPI does not know the port. */
static void
list_describe_port(sfi_transport_found *f, HDEVINFO all, const wchar_t *name,
                   const wchar_t *device_name)
{
    const wchar_t *last = wcsrchr(device_name, L'\\');
    SP_DEVINFO_DATA device = {.cbSize = sizeof(device)};

    list_show(f->product, sizeof(f->product),
              last != NULL ? last + 1 : device_name);
    if (all == INVALID_HANDLE_VALUE)
        return;
    for (DWORD i = 0; SetupDiEnumDeviceInfo(all, i, &device); i++) {
        if (!list_is_port_of(all, &device, name))
            continue;
        list_describe_device(f, all, &device);
        return;
    }
}

/* ---- the listings ---- */

static void
list_ports(const struct listing *l, HKEY key, HDEVINFO all)
{
    wchar_t name[NAME_MAX_LEN] = L"";
    wide_text device;

    while (list_next_port(key, device, name)) {
        sfi_transport_found f = {.struct_size = sizeof(f), .kind = "serial"};

        sfi__text_format(f.uri, sizeof(f.uri), "serial:%ls", name);
        list_describe_port(&f, all, name, device);
        l->fn(l->user, &f);
    }
}

sfi_status
sfi__list_serial(const struct listing *l)
{
    HDEVINFO all;
    HKEY key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DEVICEMAP\\SERIALCOMM", 0,
                      KEY_READ, &key) != ERROR_SUCCESS)
        return SFI_OK; /* no driver has made a port since the system started */
    all = SetupDiGetClassDevsW(&ports_class, NULL, NULL, DIGCF_PRESENT);
    list_ports(l, key, all);
    if (all != INVALID_HANDLE_VALUE)
        (void)SetupDiDestroyDeviceInfoList(all);
    (void)RegCloseKey(key);
    return SFI_OK;
}

sfi_status
sfi__list_spi(const struct listing *l)
{
    (void)l;
    return SFI_OK;
}
