/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/kargs.h"

#include <string.h>

#include "report/screen.h"

const char *const kargs_format_names[KARGS_MAX_] = {"plain", "grub", "kernel", "bootc"};

typedef void (*put_token)(FILE *f, const char *token);

static void put_as_is(FILE *f, const char *token)
{
        fputs(token, f);
}

/*
 * Two readers take their quotes away before the kernel does: the shell, in which grub-mkconfig reads the drop-in, and
 * GRUB's own language, in which grub.cfg is (GRUB's manual, "Quoting").
 */
static void put_for_grub(FILE *f, const char *token)
{
        bool quoted = false;

        for (const char *c = token; *c; c++) {
                quoted ^= *c == '"';
                if (strchr(quoted ? "\\$" : "\\$'{}|&;<>#", *c))
                        fputs("\\\\", f);
                if (strchr("\\\"$`", *c))
                        fputc('\\', f);
                fputc(*c, f);
        }
}

/* A basic string of TOML. */
static void put_for_toml(FILE *f, const char *token)
{
        fputc('"', f);
        for (const char *c = token; *c; c++) {
                if ((unsigned char)*c < 0x20 || *c == 0x7f) {
                        fprintf(f, "\\u%04X", (unsigned)*c);
                        continue;
                }
                if (*c == '"' || *c == '\\')
                        fputc('\\', f);
                fputc(*c, f);
        }
        fputc('"', f);
}

static void put_tokens(FILE *f, const struct needs *needs, put_token put, const char *separator)
{
        for (size_t i = 0; i < needs->n_tokens; i++) {
                fputs(i > 0 ? separator : "", f);
                put(f, needs->tokens[i].token);
        }
}

void kargs_print(FILE *f, const struct needs *needs, enum kargs_format format)
{
        switch (format) {
        case KARGS_GRUB:
                /*
                 * Not GRUB_CMDLINE_LINUX_DEFAULT, which recovery entries do not get: they boot the same image, and its
                 * rules would be refused for want of an IOMMU. A boot without any rule has passthrough=off.
                 */
                fputs("GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX", f);
                fputs(needs->n_tokens > 0 ? " " : "", f);
                put_tokens(f, needs, put_for_grub, " ");
                fputs("\"\n", f);
                return;
        case KARGS_BOOTC:
                fputs("kargs = [", f);
                put_tokens(f, needs, put_for_toml, ", ");
                fputs("]\n", f);
                return;
        default:
                put_tokens(f, needs, put_as_is, " ");
                fputc('\n', f);
        }
}

static void put_reason(const struct screen *s, const char *token, const char *why)
{
        screen_skip(s, 2);
        screen_wrap(s, 2, 4, arena_join(s->arena, token, ": ", why, NULL));
}

void kargs_reasons(FILE *f, const struct needs *needs, struct arena *a)
{
        const struct screen s = screen_of(f, a);

        for (size_t i = 0; i < needs->n_tokens; i++)
                put_reason(&s, needs->tokens[i].token, needs->tokens[i].why);
        if (needs->n_options > 0)
                fputs("In modprobe.d, where each boot image has it:\n", f);
        for (size_t i = 0; i < needs->n_options; i++)
                put_reason(&s, needs->options[i].token, needs->options[i].why);
}
