/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/device-values.h"

#include "base/str.h"

/* pci_reset_fn_methods of drivers/pci/pci.c; reset_method is there since Linux 5.15, cxl_bus since 6.12. */
static const char *const reset_methods[] = {"device_specific", "acpi", "flr", "af_flr", "pm", "bus", "cxl_bus"};

static int reset_method(const char *word)
{
        for (size_t i = 0; i < ARRAY_SIZE(reset_methods); i++)
                if (streq(word, reset_methods[i]))
                        return (int)i;
        return -1;
}

bool value_reset_method(struct arena *a, const char *value, const char **ret)
{
        const char **words, *text = "";
        unsigned seen = 0;
        size_t n;

        str_words(a, value, &words, &n);

        if (n == 0)
                return false;
        for (size_t i = 0; i < n; i++) {
                int at = reset_method(words[i]);

                if (n == 1 && streq(words[0], "default"))
                        at = 0;
                if (at < 0 || seen & 1U << at)
                        return false;
                seen |= 1U << at;
                text = arena_join(a, text, i > 0 ? " " : "", words[i], NULL);
        }
        *ret = text;
        return true;
}

/* As systemd and shadow let users be called; a number is one that the kernel takes: neither (uid_t)-1 nor its half. */
bool value_owner(struct arena *a, const char *value, const char **ret)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        size_t n = strspn(value, letters);
        uint32_t number;

        if (*value >= '0' && *value <= '9') {
                if (!str_to_u32(value, 10, &number) || number == UINT32_MAX || number == UINT16_MAX)
                        return false;
                *ret = arena_printf(a, "%u", number);
                return true;
        }
        if (n == 0 || strchr(".-", *value) || strlen(value) > 255 || !(value[n] == '\0' || streq(value + n, "$")))
                return false;
        *ret = arena_strdup(a, value);
        return true;
}

bool value_mode(struct arena *a, const char *value, const char **ret)
{
        size_t n = strlen(value);
        uint32_t mode;

        /* Nobody executes a device node. */
        if (n < 3 || n > 4 || !str_to_u32(value, 8, &mode) || mode & ~0666U)
                return false;
        *ret = arena_printf(a, "%04o", mode);
        return true;
}
