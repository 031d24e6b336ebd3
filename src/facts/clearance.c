/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/clearance.h"

#include <errno.h>

#include "base/recfile.h"
#include "base/str.h"
#include "cmdline/cmdline.h"
#include "facts/facts.h"
#include "facts/host-var.h"

#define MAX_SIZE ((size_t)16 * 1024 * 1024)

/* The firmware's UUID, "" where it has none that is its own; NULL: it cannot be read. */
static const char *machine(const struct root *root, struct arena *a)
{
        char text[64];
        ssize_t n = root_read(root, PRODUCT_UUID, text, sizeof(text));

        if (n < 0 && n != -ENOENT && n != -ENOTDIR)
                return NULL;
        return n <= 0 || strspn(text, "0-") == strlen(text) || strspn(text, "fF-") == strlen(text)
                       ? ""
                       : arena_strdup(a, text);
}

const char *clearance_context(const struct root *root, struct arena *a)
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
        const char *context = "";
        struct token *tokens;
        bool unclosed;
        char *text;
        size_t size, all = 0;

        if (root_read_all(root, a, "/proc/cmdline", MAX_SIZE, &text, &size) < 0)
                return context;
        cmdline_split(a, text, &tokens, &all, &unclosed);
        for (size_t i = 0; i < all; i++) {
                char *token = arena_join(a, tokens[i].name, tokens[i].value ? "=" : "",
                                         tokens[i].value ? tokens[i].value : "", NULL);

                str_make_printable(token);
                for (size_t j = 0; j < ARRAY_SIZE(keys); j++)
                        if (startswith(token, keys[j])) {
                                context = arena_join(a, context, *context ? " " : "", token, NULL);
                                break;
                        }
        }
        return context;
}

/* The file: whose it is, for which root=, and by which evidence; then the devices. */
struct clearance_file {
        const char *machine, *context;
        bool says_seen;
        const char **seen;
        size_t n_seen;
        struct clearance_device *devices;
        size_t n_devices;
        bool counted;
        uint64_t count; /* of the devices: earlier versions have neither this nor a checksum */
};

static const struct field fields[] = {
        {FIELD(TEXT, clearance_device, rule)},
        {FIELD(HEX, clearance_device, digest)},
        {FIELD(TEXT, clearance_device, address)},
        {FIELD(TEXT, clearance_device, path)},
        {FIELD(TEXT, clearance_device, marks[MARK_FIRMWARE])},
        {FIELD(TEXT, clearance_device, marks[MARK_SLOT])},
        {FIELD(TEXT, clearance_device, id)},
        {FIELD(TEXT, clearance_device, marks[MARK_SERIAL])},
        {FIELD(TEXT, clearance_device, marks[MARK_DISK_SERIAL])},
        {FIELD(FLAG, clearance_device, companion), .names = (const char *const[]){"companion", "match"}},
        {FIELD(FLAG, clearance_device, cleared), .names = (const char *const[]){"cleared", "known"}},
        {FIELD(TEXT, clearance_device, withheld)},
        {FIELD(WORDS, clearance_device, company)},
        {FIELD(TEXT, clearance_device, below)},
        {FIELD(INT, clearance_device, withheld_kind)},
        {FIELD(TEXT, clearance_device, needed_for)},
        {FIELD(WORDS, clearance_device, named)},
};

static const struct record_type types[] = {
        {.key = "M", ONE_FIELD(FIELD(TEXT, clearance_file, machine))},
        {.key = "C", ONE_FIELD(FIELD(TEXT, clearance_file, context))},
        {.key = "S", FLAGGED(clearance_file, says_seen), ONE_FIELD(FIELD(WORDS, clearance_file, seen))},
        {.key = "N", FLAGGED(clearance_file, counted), ONE_FIELD(FIELD(U64, clearance_file, count))},
        /*
         * Earlier versions did not know what is below what, by what kind of use a device was withheld, nor what the
         * host named then.
         */
        {.key = "D", LIST(clearance_file, devices), FIELDS(fields), .n_late = 4},
};

static const struct recfile format = {
        .first = "passthrough-clearance 1",
        .separator = '\t',
        .printable = true,
        .max = MAX_SIZE,
        RECORD_TYPES(clearance_file, types),
};

/* What earlier versions saw, which did not say: they wrote nothing of a kind without these. */
static const char *usual[] = {"storage:/proc/self/mountinfo", "storage:/proc/swaps", "network:/proc/net/route"};

/* root: this machine; the file is at path below the other. */
static void read_file(const struct root *root, struct arena *a, const struct root *below, const char *path,
                      struct clearance *ret)
{
        const char *this = machine(root, a);
        struct clearance_file f;
        int k = recfile_read(below, a, &format, path, &f);

        *ret = (struct clearance){.elsewhere = k == RECFILE_ABSENT || (k == 0 && f.machine)};
        if (k == RECFILE_ABSENT || (k == 0 && f.machine && this && !streq(this, f.machine)))
                return;
        *ret = (struct clearance){.unread = k != 0 || !f.machine || (f.counted && f.count != f.n_devices)};
        if (ret->unread)
                return;
        *ret = (struct clearance){.devices = f.devices, .n_devices = f.n_devices, .seen = f.seen, .n_seen = f.n_seen};
        if (!f.says_seen) {
                ret->seen = usual;
                ret->n_seen = ARRAY_SIZE(usual);
        }
        if (!this)
                ret->lapsed = "it may be another machine's: " PRODUCT_UUID " cannot be read";
        else if (!f.context)
                ret->lapsed = "it does not say for which root= it was given";
        else if (!streq(f.context, clearance_context(root, a)))
                ret->lapsed = "root=, resume= or the like on the kernel command line has changed since";
}

void clearance_read(const struct root *root, struct arena *a, struct clearance *ret)
{
        read_file(root, a, root, CLEARANCE_PATH, ret);
}

/*
 * The same bounds hold as for one in an image: it is this machine's by its firmware's UUID, of this root= and the like,
 * and each record is for the text that the rule has in this image. A disk may move to another machine, an image bring
 * other rules, and a stateroot outlive both: such a file says nothing, and what is unknown never permits.
 */
void clearance_read_host(const struct root *root, struct arena *a, const char *sysroot, const char *cmdline,
                         struct clearance *ret)
{
        struct root var = ROOT_INIT;
        const char *path;

        if (!host_var_find(root, a, sysroot, cmdline, &var, &path))
                return;
        read_file(root, a, &var, arena_join(a, path, CLEARANCE_IN_VAR, NULL), ret);
        root_close(&var);
        /* The image stays one from elsewhere: its first stage knew nothing of this, and went by that. */
        ret->elsewhere = true;
}

char *clearance_format(const struct root *root, struct arena *a, const struct clearance *c, size_t *ret_size)
{
        struct clearance_file f = {.machine = machine(root, a),
                                   .context = clearance_context(root, a),
                                   .says_seen = true,
                                   .seen = c->seen,
                                   .n_seen = c->n_seen,
                                   .devices = c->devices,
                                   .n_devices = c->n_devices,
                                   .counted = true,
                                   .count = c->n_devices};

        return f.machine && *f.machine ? recfile_format(a, &format, &f, ret_size) : NULL;
}
