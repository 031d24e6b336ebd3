/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/addon.h"

#include <errno.h>

#include "base/file.h"
#include "base/program.h"
#include "loader/pe.h"

/* A reboot removes what a kill has left. */
#define MADE   "/run/passthrough/addon.efi"
#define INITRD "/run/passthrough/addon.initrd"

static const char *option(struct arena *a, const char *name, const char *value)
{
        return arena_join(a, name, value, NULL);
}

static int run(struct arena *a, const struct boot_signer *s, const struct change *c, const char **ret_wrong)
{
        /* Settings of the host are for whole images. */
        const char *argv[11] = {program_find(a, "ukify"), "build", "--config=/dev/null", "--output=" MADE}, *said;
        size_t n = 4;
        int k;

        if (*c->new)
                argv[n++] = option(a, "--cmdline=", c->new);
        if (c->initrd)
                argv[n++] = "--initrd=" INITRD;
        if (s->key) {
                argv[n++] = option(a, "--secureboot-private-key=", s->key);
                argv[n++] = option(a, "--secureboot-certificate=", s->certificate);
        }
        if (s->key && s->tool)
                argv[n++] = option(a, "--signtool=", s->tool);
        if (!argv[0])
                return -ENOENT;
        k = program_run(argv, a, &said);
        if (k > 0)
                *ret_wrong = arena_printf(a, "ukify failed with status %d\n%s", k, said);
        return k < 0 ? k : 0;
}

static int has_initrd(const struct root *root, struct arena *a, const struct pe_file *made, const struct change *c,
                      bool *ret)
{
        char *data;
        int k;

        *ret = made->initrd.size == (c->initrd ? c->initrd_size : 0);
        if (!*ret || !c->initrd)
                return 0;
        k = pe_section_read(root, a, MADE, made->initrd, &data);
        *ret = k == 0 && memcmp(data, c->initrd, c->initrd_size) == 0;
        return k;
}

/* It is looked at before it takes any place. */
static int take(const struct root *root, struct arena *a, const struct boot_signer *s, struct change *c,
                const char **ret_wrong)
{
        struct pe_file made;
        bool carries = false;
        char *data;
        int k = pe_read(root, a, MADE, false, &made);

        if (k == 0)
                k = has_initrd(root, a, &made, c, &carries);
        if (k == 0 && (!made.valid || !streq(made.line ? made.line : "", c->new)))
                *ret_wrong = "what ukify has made has not the kernel parameters";
        else if (k == 0 && !carries)
                *ret_wrong = c->initrd ? "what ukify has made has not the initrd" : "what ukify has made has an initrd";
        else if (k == 0 && s->key && !made.is_signed)
                *ret_wrong = "what ukify has made is not signed";
        if (k == 0 && !*ret_wrong)
                k = root_read_all(root, a, MADE, SOURCE_MAX, &data, &c->size);
        if (k == 0 && !*ret_wrong)
                c->data = data;
        return k;
}

int addon_make(const struct root *root, struct arena *a, const struct boot_signer *signer, struct change *change,
               const char **ret_wrong)
{
        int k = file_make_parents(root, MADE), left;

        *ret_wrong = NULL;
        if (k == 0)
                k = file_remove(root, MADE);
        if (k == 0 && change->initrd)
                k = root_replace(root, INITRD, change->initrd, change->initrd_size);
        if (k == 0)
                k = run(a, signer, change, ret_wrong);
        if (k == 0 && !*ret_wrong)
                k = take(root, a, signer, change, ret_wrong);
        left = file_remove(root, INITRD);
        if (left == 0)
                left = file_remove(root, MADE);
        return k < 0 ? k : left;
}
