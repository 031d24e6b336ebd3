/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/clearance.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "facts/facts.h"

#define HEADER   "passthrough-clearance 1"
#define MAX_SIZE ((size_t)16 * 1024 * 1024)
#define FIELDS   14

/* The firmware's UUID; NULL where it has none that is its own. */
static void machine(const struct root *root, struct arena *a, const char **ret)
{
        char text[64];

        *ret = NULL;
        if (root_read(root, PRODUCT_UUID, text, sizeof(text)) <= 0 || strspn(text, "0-") == strlen(text) ||
            strspn(text, "fF-") == strlen(text))
                return;
        *ret = arena_strdup(a, text);
}

int clearance_context(const struct root *root, struct arena *a, const char **ret)
{
        static const char *const keys[] = {"root=",
                                           "resume=",
                                           "rd.luks",
                                           "rd.lvm",
                                           "rd.md",
                                           "rd.dm",
                                           "rd.iscsi",
                                           "rd.nfs",
                                           "rd.nbd",
                                           "luks.",
                                           "ip=",
                                           "nfsroot=",
                                           "netroot=",
                                           "rootflags=",
                                           "iscsi",
                                           "nbdroot",
                                           "usr",
                                           "mount.",
                                           "systemd.volatile",
                                           "systemd.mount-extra=",
                                           "systemd.swap-extra=",
                                           "systemd.verity",
                                           "roothash",
                                           "rd.nvm",
                                           "fcoe=",
                                           "bond=",
                                           "vlan=",
                                           "bridge=",
                                           "team=",
                                           "BOOTIF=",
                                           "zfs=",
                                           "md=",
                                           "cryptdevice=",
                                           "boot=",
                                           "rd.live"};
        struct token *tokens;
        bool unclosed;
        char *text;
        size_t size, all = 0;
        int k = root_read_all(root, a, "/proc/cmdline", MAX_SIZE, &text, &size);

        *ret = "";
        if (k < 0)
                return 0;
        cmdline_split(a, text, &tokens, &all, &unclosed);
        for (size_t i = 0; k == 0 && i < all; i++) {
                char *token = arena_join(a, tokens[i].name, tokens[i].value ? "=" : "",
                                         tokens[i].value ? tokens[i].value : "", NULL);

                str_make_printable(token);
                for (size_t j = 0; j < ARRAY_SIZE(keys); j++)
                        if (startswith(token, keys[j])) {
                                *ret = arena_join(a, *ret, **ret ? " " : "", token, NULL);
                                break;
                        }
        }
        return k;
}

static void read_device(struct clearance *c, struct arena *a, const char *const f[static FIELDS])
{
        struct clearance_device *d = arena_grow(a, &c->devices, c->n_devices, sizeof(*c->devices));

        *d = (struct clearance_device){
                .rule = f[1],
                .digest = strtoull(f[2], NULL, 16),
                .address = f[3],
                .path = f[4],
                .firmware = f[5],
                .slot = f[6],
                .id = f[7],
                .pcie_serial = f[8],
                .disk_serial = f[9],
                .companion = streq(f[10], "companion"),
                .cleared = streq(f[11], "cleared"),
                .withheld = f[12],
        };
        c->n_devices++;
        str_words(a, f[13], &d->company, &d->n_company);
}

int clearance_read(const struct root *root, struct arena *a, struct clearance *ret)
{
        struct clearance c = {};
        const char *here, *context, *built = "";
        bool told = false;
        char *text, *line;
        size_t size;
        int k = root_read_all(root, a, CLEARANCE_PATH, MAX_SIZE, &text, &size);

        *ret = c;
        if (k < 0)
                return 0;
        line = strsep(&text, "\n");
        if (!line || !streq(line, HEADER))
                return 0;
        machine(root, a, &here);
        if (k == 0)
                k = clearance_context(root, a, &context);
        while (k == 0 && (line = strsep(&text, "\n"))) {
                const char *f[FIELDS];
                size_t n = 0;

                for (char *field; n < FIELDS && (field = strsep(&line, "\t")); f[n++] = field)
                        str_make_printable(field);
                if (n == 2 && streq(f[0], "M"))
                        built = f[1];
                else if (n == 2 && streq(f[0], "C") && streq(f[1], context))
                        told = true;
                else if (n == 2 && streq(f[0], "C"))
                        c.lapsed = "root=, resume= or the like on the kernel command line is not what it was then";
                else if (n == FIELDS && streq(f[0], "D"))
                        read_device(&c, a, f);
        }
        if (!told && !c.lapsed)
                c.lapsed = "it does not say for which root= it was given";
        if (k == 0 && here && streq(here, built))
                *ret = c;
        return k;
}

int clearance_format(const struct root *root, struct arena *a, const struct clearance *c, char **ret, size_t *ret_size)
{
        const char *here, *context;
        int k = 0;

        machine(root, a, &here);
        FILE *f;

        if (k == 0)
                k = clearance_context(root, a, &context);
        if (k < 0)
                return k;
        if (!here)
                return -ENODATA;
        f = open_memstream(ret, ret_size);
        fprintf(f, HEADER "\nM\t%s\nC\t%s\n", here, context);
        for (size_t i = 0; i < c->n_devices; i++) {
                const struct clearance_device *d = &c->devices[i];

                fprintf(f, "D\t%s\t%" PRIx64 "\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", d->rule, d->digest,
                        d->address, d->path, d->firmware, d->slot, d->id, d->pcie_serial, d->disk_serial,
                        d->companion ? "companion" : "match", d->cleared ? "cleared" : "known", d->withheld);
                for (size_t m = 0; m < d->n_company; m++)
                        fprintf(f, "%s%s", m > 0 ? " " : "", d->company[m]);
                fputc('\n', f);
        }
        fclose(f);
        return 0;
}
