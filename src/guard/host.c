/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graph of what the host stands on: see host.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/graph.h"

size_t host_find(const struct evidence *evidence, enum node_kind kind, const char *name)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == kind && streq(evidence->nodes[i].name, name))
                        return i;
        return NO_NODE;
}

static bool has(const size_t *list, size_t n, size_t v)
{
        for (size_t i = 0; i < n; i++)
                if (list[i] == v)
                        return true;
        return false;
}

static void add_unique(struct arena *a, size_t **list, size_t *n, size_t v)
{
        size_t *slot;

        if (has(*list, *n, v))
                return;
        slot = arena_grow(a, list, *n, sizeof(**list));
        *slot = v;
        (*n)++;
}

void host_stand(struct graph *h, size_t node, size_t below)
{
        struct node *n = &h->evidence->nodes[node];

        if (!(node == below || below == NO_NODE))
                add_unique(h->arena, &n->below, &n->n_below, below);
}

void host_on_function(struct graph *h, size_t node, size_t device)
{
        struct node *n = &h->evidence->nodes[node];

        add_unique(h->arena, &n->functions, &n->n_functions, device);
}

void host_on_path(struct graph *h, size_t node, const char *path)
{
        char copy[PATH_MAX], *part, *rest = copy;

        if (strlen(path) >= sizeof(copy))
                return;
        strcpy(copy, path);
        while ((part = strsep(&rest, "/"))) {
                size_t i = facts_find(h->facts, part);

                if (i != NO_DEVICE)
                        host_on_function(h, node, i);
        }
}

/* "../../devices/..." of a class link. */
void host_add(struct graph *h, enum node_kind kind, int class_fd, const char *name, char *target, size_t size,
              size_t *ret)
{
        struct evidence *evidence = h->evidence;
        struct node *n;
        char *label;

        *target = '\0';
        if (class_fd >= 0 && dir_readlink(class_fd, name, target, size) < 0)
                *target = '\0';
        n = arena_grow(h->arena, &evidence->nodes, evidence->n_nodes, sizeof(*evidence->nodes));
        *ret = evidence->n_nodes++;
        *n = (struct node){.kind = kind, .name = arena_strdup(h->arena, name)};
        n->label = label = arena_strdup(h->arena, name);
        str_make_printable(label);
        n->virtual_ = strstr(target, "/devices/virtual/") != NULL;
        host_on_path(h, *ret, target);
}

/* Of what files and devices are named is said only what a line and a document can hold. */
static const char *vprint(struct graph *h, const char *format, va_list ap)
{
        char *text = arena_vprintf(h->arena, format, ap);

        if (text)
                str_make_printable(text);
        return text;
}

void host_use(struct graph *h, size_t node, const char *format, ...)
{
        struct evidence *evidence = h->evidence;
        struct use *use = arena_grow(h->arena, &evidence->uses, evidence->n_uses, sizeof(*evidence->uses));
        va_list ap;

        va_start(ap, format);
        *use = (struct use){.node = node, .what = vprint(h, format, ap)};
        va_end(ap);
        evidence->n_uses++;
}

void host_unknown(struct graph *h, const char **why, const char *format, ...)
{
        va_list ap;

        if (*why)
                return;
        va_start(ap, format);
        *why = vprint(h, format, ap);
        va_end(ap);
}

int host_read(struct graph *h, const char *path, char **ret)
{
        size_t size;

        return root_read_all(h->root, h->arena, path, (size_t)16 * 1024 * 1024, ret, &size);
}

const char *host_line(const char **text, const char **ret_end)
{
        const char *line = *text;

        if (!*line)
                return NULL;
        *ret_end = strchrnul(line, '\n');
        *text = **ret_end ? *ret_end + 1 : *ret_end;
        return line;
}

/* As the kernel and fstab(5) write blanks. */
static void unescape(char *s)
{
        char *out = s;

        while (*s) {
                unsigned v;

                if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3 && sscanf(s + 1, "%3o", &v) == 1) {
                        *out++ = (char)v;
                        s += 4;
                } else
                        *out++ = *s++;
        }
        *out = '\0';
}

int host_fields(struct graph *h, const char **text, const char ***ret, size_t *ret_n)
{
        const char *end, *line = host_line(text, &end);
        char *copy = line ? arena_strndup(h->arena, line, (size_t)(end - line)) : NULL;

        if (!line)
                return 0;
        str_words(h->arena, copy, ret, ret_n);
        for (size_t i = 0; i < *ret_n; i++)
                unescape((char *)(*ret)[i]);
        return 1;
}

bool host_concerned(const struct graph *h, size_t first)
{
        const struct facts *facts = h->facts;

        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed && (!*facts->devices[i].class || guarded_class(facts->devices[i].class)))
                        return true;
        for (size_t i = first; i < h->evidence->n_nodes; i++)
                for (size_t f = 0; f < h->evidence->nodes[i].n_functions; f++)
                        if (facts->devices[h->evidence->nodes[i].functions[f]].detailed)
                                return true;
        return false;
}

static bool has_interface(const struct evidence *evidence, size_t device, bool up_only)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == NODE_INTERFACE && (evidence->nodes[i].up || !up_only) &&
                    has(evidence->nodes[i].functions, evidence->nodes[i].n_functions, device))
                        return true;
        return false;
}

static bool has_disk(const struct evidence *evidence, size_t device)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == NODE_BLOCK &&
                    has(evidence->nodes[i].functions, evidence->nodes[i].n_functions, device))
                        return true;
        return false;
}

/* Why what the host does with a function cannot be told; NULL where it can, or where it is not the host's now. */
static int unseen(struct graph *h, size_t device)
{
        struct device *d = &h->facts->devices[device];
        const struct evidence *evidence = h->evidence;
        const char *kind = guarded_class(d->class), *driver = d->driver ? d->driver : "";
        bool storage = kind && streq(kind, "storage"), network = kind && streq(kind, "network");
        bool usb = kind && streq(kind, "USB");

        if (driver_sets_aside(driver))
                return 0;
        /* A disk, an interface and a keyboard may all be on USB. */
        if (evidence->sees_storage && (storage || usb || has_disk(evidence, device)))
                d->unseen = evidence->storage_unknown;
        if (evidence->sees_storage && storage && !d->unseen && !*driver)
                d->unseen = "it has no driver, so what is on its disks cannot be seen";
        for (size_t i = 0; i < evidence->n_nodes && !d->unseen; i++)
                if (evidence->nodes[i].claim &&
                    has(evidence->nodes[i].functions, evidence->nodes[i].n_functions, device))
                        d->unseen = evidence->nodes[i].claim;
        if (evidence->sees_network && (network || has_interface(evidence, device, false)) && !d->unseen)
                d->unseen = evidence->network_unknown;
        if (evidence->sees_network && !d->unseen && has_interface(evidence, device, true))
                d->unseen = evidence->up_unknown;
        if (evidence->sees_people && usb && !d->unseen)
                d->unseen = evidence->people_unknown;
        if (evidence->sees_network && network && !d->unseen && *driver && !has_interface(evidence, device, false)) {
                d->unseen =
                        arena_printf(h->arena,
                                     "%s has it, and its interface is nowhere to be seen: another network namespace "
                                     "may",
                                     driver);
                return 0;
        }
        return 0;
}

/* rd.lvm.lv=, rd.md.uuid= and the like, on the command line or in what an image has in its place; or root= itself. */
static bool names_volumes(const char *text)
{
        static const char *const words[] = {
                "rd.lvm.lv=",        "rd.lvm.vg=",      "rd.md.uuid=",       "rd.luks.uuid=", "rd.luks.name=",
                "rd.luks.partuuid=", "rd.luks.serial=", "root=/dev/mapper/", "root=/dev/md",  "root=/dev/dm-",
                "root=/dev/bcache",  "root=zfs",        "root=ZFS",          "luks.uuid="};

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strstr(text, words[i]))
                        return true;
        return false;
}

static void volumes(struct graph *h)
{
        const char **names;
        char *text;
        size_t n;
        int k = host_read(h, "/proc/cmdline", &text);

        /* What cannot be read may name some. */
        h->facts->root_on_volumes = k < 0 || names_volumes(text);
        if (root_list(h->root, h->arena, "/etc/cmdline.d", &names, &n) < 0)
                n = 0;
        for (size_t i = 0; i < n; i++) {
                char *path = arena_join(h->arena, "/etc/cmdline.d/", names[i], NULL);

                k = host_read(h, path, &text);
                h->facts->root_on_volumes |= k == 0 && names_volumes(text);
        }
        h->facts->lvm_filters = root_exists(h->root, "/etc/lvm/lvmlocal.conf");
        k = host_read(h, "/etc/lvm/lvm.conf", &text);
        for (const char *line, *end, *rest = k == 0 ? text : ""; (line = host_line(&rest, &end));) {
                line += strspn(line, " \t");
                h->facts->lvm_filters |= startswith(line, "global_filter") || startswith(line, "filter");
        }
}

/* What the host needs, as far as it shows. */
static int uses(struct graph *h, const struct facts_request *request)
{
        const struct facts *facts = h->facts;
        struct evidence *evidence = h->evidence;
        bool storage = false;
        int k;

        evidence->sees_storage = !request->early && (!facts->in_initrd || facts_root_mounted(h->root));
        evidence->sees_network = evidence->sees_people = !facts->booting;
        k = evidence->sees_storage ? host_storage(h) : 0;
        if (k == 0)
                host_consoles(h);
        if (k == 0 && evidence->sees_network)
                k = host_network(h);
        if (k == 0 && evidence->sees_people)
                k = host_people(h);
        if (k == 0 && request->writers && !facts->booting)
                host_writers(h);
        for (size_t i = 0; k == 0 && i < facts->n_devices && !storage; i++) {
                const char *kind = facts->devices[i].detailed ? guarded_class(facts->devices[i].class) : NULL;

                storage = kind && streq(kind, "storage");
        }
        if (k == 0 && storage)
                volumes(h);
        for (size_t i = 0; k == 0 && i < facts->n_devices; i++)
                if (facts->devices[i].detailed)
                        k = unseen(h, i);
        return k;
}

int guard_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct evidence *evidence = arena_alloc(a, sizeof(*evidence));
        struct graph h = {.root = root, .arena = a, .facts = facts, .evidence = evidence};
        int k = request->use ? uses(&h, request) : 0;

        if (k == 0 && request->busy)
                host_busy(&h);
        facts->evidence = evidence;
        return k;
}
