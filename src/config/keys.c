/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/keys.h"

#include <strings.h>

#include "base/str.h"
#include "config/attribute.h"
#include "config/device-values.h"
#include "config/ini.h"
#include "config/key-table.h"
#include "config/sriov.h"
#include "config/vgpu.h"

struct key;

struct parser {
        struct arena *arena;
        struct diags *diags;
        const struct keys *keys;
        const char *file;
        unsigned line;
        struct rule *rule;
        uint64_t seen;                /* keys of this file that cannot repeat, a bit each */
        uint64_t seen_sriov, seen_vf; /* the same of [SR-IOV], and of the last [VirtualFunction] */
        uint64_t seen_vgpu;           /* of the last [VirtualGPU] */
        size_t harmless;              /* errors that leave [Match] readable */
        bool bus_given, bus_wrong;    /* by a Bus= of this file */
};

/* False: the value is none such, and the caller says what would be right. */
typedef bool (*parse_fn)(struct parser *p, const struct key *key, const char *value);

struct key {
        struct key_name is;
        parse_fn parse;
        enum match_key match; /* of a match key; where is.right is NULL, its words are for the bus to read */
        bool choosing;        /* means nothing where the bus leaves no driver to choose, or nothing to hand over */
};

/* The values that would be right; NULL if the key has no meaning on the rule's bus. */
static const char *right_for(const struct parser *p, const struct key *key)
{
        return key->is.right ? key->is.right : p->keys->bus->right[key->match];
}

/* A key of other buses: where nothing names a bus, that is what lacks. */
static void foreign(struct parser *p, const struct key *key)
{
        const struct bus_syntax *const *bus = p->keys->buses;
        const char *others = "";

        if (p->bus_wrong)
                return;
        for (bool assumed = p->keys->bus == *bus && !p->bus_given; *bus && assumed; bus++)
                if ((*bus)->right[key->match])
                        others = arena_join(p->arena, others, *others ? " or " : "write ", "Bus=", (*bus)->name, NULL);
        diag_add(p->diags, DIAG_ERROR, p->file, p->line, "%s= means nothing for Bus=%s; %s%s", key->is.name,
                 p->keys->bus->name, others, *others ? " above it, or leave it out" : "leave it out");
}

static bool parse_match(struct parser *p, const struct key *key, const char *value)
{
        struct words *list = &p->rule->match[key->match];
        bool negate = *value == '!';
        const char **words;
        size_t n;

        if (!right_for(p, key)) {
                foreign(p, key);
                return true;
        }
        if (!*value) {
                *list = (struct words){};
                return true;
        }
        str_words(p->arena, value + negate, &words, &n);
        if (n == 0)
                return false;
        if (list->n > 0 && list->negate != negate) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                         "%s=%.*s: adds to a list that %s with \"!\"; begin every %s= line of a negated list with it",
                         key->is.name, SHOWN, value, list->negate ? "begins" : "does not begin", key->is.name);
                return true;
        }
        list->negate = negate;
        if (!key->is.right && p->keys->bus->unstable[key->match])
                diag_add(p->diags, DIAG_WARNING, p->file, p->line, "%s=%.*s: %s", key->is.name, SHOWN, value,
                         p->keys->bus->unstable[key->match]);
        for (size_t i = 0; i < n; i++) {
                if (key->is.right)
                        str_add(p->arena, &list->v, &list->n, words[i]);
                else if (!p->keys->bus->parse(key->match, p->arena, words[i], list))
                        return false;
        }
        return true;
}

static const char *known_buses(const struct parser *p)
{
        const struct bus_syntax *const *bus = p->keys->buses;
        const char *text = (*bus)->name;

        while (*++bus)
                text = arena_join(p->arena, text, bus[1] ? ", " : " or ", (*bus)->name, NULL);
        return text;
}

static bool parse_bus(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        for (const struct bus_syntax *const *bus = p->keys->buses; *bus; bus++)
                if (streq(value, (*bus)->name) || !*value) {
                        p->rule->bus = *bus;
                        p->bus_given = *value;
                        return true;
                }
        p->bus_wrong = true;
        diag_add(p->diags, DIAG_ERROR, p->file, p->line, "Bus=%.*s: not valid; write %s", SHOWN, value, known_buses(p));
        return true;
}

/* Slips of the one name nearly every rule has; any other name is known only once its module is loaded. */
static bool means_vfio_pci(const char *name)
{
        static const char *const slips[] = {"vfio-pci", "vfio_pci", "vfiopci", "vfio",
                                            "vifo-pci", "vfio-pc",  "vfoi-pci"};

        for (size_t i = 0; i < ARRAY_SIZE(slips); i++)
                if (strcasecmp(name, slips[i]) == 0)
                        return !streq(name, slips[0]);
        return false;
}

static bool parse_driver(struct parser *p, const struct key *key, const char *value)
{
        struct rule *r = p->rule;

        (void)key;
        if (p->keys->bus->taken_by && *value && !streq(value, "native")) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                         "Driver=%.*s: not valid for Bus=%s; write native, or leave it out", SHOWN, value,
                         p->keys->bus->name);
                return true;
        }
        if (!*value)
                value = RULE_INIT.driver_name;
        /* It becomes a part of paths below /sys/bus and /sys/module. */
        if (strlen(value) > 63 || *value == '.' || *value == '-' ||
            value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")])
                return false;
        if (means_vfio_pci(value)) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                         "Driver=%s: no driver has that name; did you mean \"vfio-pci\"?", value);
                return true;
        }

        r->driver_given = true;
        r->driver = streq(value, "auto") ? DRIVER_AUTO : streq(value, "native") ? DRIVER_NATIVE : DRIVER_NAMED;
        r->driver_name = NULL;
        if (r->driver == DRIVER_NAMED)
                r->driver_name = arena_strdup(p->arena, value);
        return true;
}

/* The position of value among names, the empty value standing for the first; or -1. */
static int one_of(const char *value, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(value, names[i]) || (i == 0 && !*value))
                        return (int)i;
        return -1;
}

static bool parse_functions(struct parser *p, const struct key *key, const char *value)
{
        static const char *const names[] = {"", "match", "slot"};
        int k = one_of(value, names, ARRAY_SIZE(names));

        (void)key;
        if (k < 0)
                return false;
        p->rule->functions = (enum functions)k;
        return true;
}

static bool parse_group(struct parser *p, const struct key *key, const char *value)
{
        static const char *const names[] = {"require", "complete"};
        int k = one_of(value, names, ARRAY_SIZE(names));

        (void)key;
        if (k < 0)
                return false;
        p->rule->group = (enum group_policy)k;
        return true;
}

static bool parse_stage(struct parser *p, const struct key *key, const char *value)
{
        enum stage stage = stage_named(value);

        (void)key;
        if (stage == STAGE_MAX_ || !stages[stage].of_rules)
                return false;
        p->rule->stage = stage;
        p->rule->stage_file = p->file;
        p->rule->stage_line = p->line;
        return true;
}

/* The empty value resets. */
static bool parse_bool(const char *value, bool *ret)
{
        if (*value)
                return str_to_bool(value, ret);
        *ret = false;
        return true;
}

static bool parse_allow_boot_display(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return parse_bool(value, &p->rule->allow_boot_display);
}

static bool parse_required(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return parse_bool(value, &p->rule->required);
}

static int parse_text(struct parser *p, const char *value, bool (*parse)(struct arena *, const char *, const char **),
                      const char **ret)
{
        if (*value)
                return parse(p->arena, value, ret);
        *ret = NULL;
        return true;
}

static bool parse_reset_method(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return parse_text(p, value, value_reset_method, &p->rule->reset_method);
}

static bool parse_node_owner(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return parse_text(p, value, value_owner, &p->rule->node.owner);
}

static bool parse_node_group(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return parse_text(p, value, value_owner, &p->rule->node.group);
}

static bool parse_node_mode(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return parse_text(p, value, value_mode, &p->rule->node.mode);
}

static bool parse_expect(struct parser *p, const struct key *key, const char *value)
{
        const char *dash = strchr(value, '-');
        char *first;
        uint32_t min, max = UINT32_MAX;

        (void)key;
        if (!*value)
                value = "1";
        first = arena_strndup(p->arena, value, dash ? (size_t)(dash - value) : strlen(value));
        if (!str_to_u32(first, 10, &min))
                return false;
        if (!dash)
                max = min;
        else if (dash[1] && !str_to_u32(dash + 1, 10, &max))
                return false;
        if (min > max)
                return false;
        p->rule->expect_min = min;
        p->rule->expect_max = max;
        return true;
}

static bool parse_attribute(struct parser *p, const struct key *key, const char *value)
{
        struct key_place place = {p->diags, p->file, p->line};

        (void)key;
        return attribute_parse(p->arena, &place, value, &p->rule->attributes, &p->rule->n_attributes);
}

/* Read by the rule's bus. */
#define MATCH(name_, match_)                                                                                           \
        {                                                                                                              \
                .is = {.section = "Match", .name = name_, .repeats = true}, .parse = parse_match, .match = match_      \
        }
/* A key of the machine. */
#define MACHINE(name_, match_, right_)                                                                                 \
        {                                                                                                              \
                .is = {"Match", name_, true, right_}, .parse = parse_match, .match = match_                            \
        }
#define DEVICE(name_, parse_, repeats_, right_)                                                                        \
        {                                                                                                              \
                .is = {"Device", name_, repeats_, right_}, .parse = parse_                                             \
        }
#define CHOOSING(name_, parse_, right_)                                                                                \
        {                                                                                                              \
                .is = {"Device", name_, false, right_}, .parse = parse_, .choosing = true                              \
        }

static const struct key keys[] = {
        {.is = {.section = "Match", .name = "Bus"}, .parse = parse_bus},
        MATCH("Address", MATCH_ADDRESS),
        MATCH("Path", MATCH_PATH),
        MATCH("Slot", MATCH_SLOT),
        MATCH("ID", MATCH_ID),
        MATCH("Subsystem", MATCH_SUBSYSTEM),
        MATCH("Class", MATCH_CLASS),
        MATCH("Serial", MATCH_SERIAL),
        MATCH("Parent", MATCH_PARENT),
        MATCH("VirtualFunction", MATCH_VIRTUAL_FUNCTION),
        MACHINE("Host", MATCH_HOST, "a host name or machine-id; shell globs allowed"),
        MACHINE("Product", MATCH_PRODUCT, "a DMI product name; shell globs allowed"),
        MACHINE("MachineTag", MATCH_TAG, "a tag of TAGS= in /etc/machine-info; shell globs allowed"),
        MATCH("Port", MATCH_PORT),
        DEVICE("Driver", parse_driver, false, "vfio-pci, auto, native, or the name of a PCI driver"),
        CHOOSING("Functions", parse_functions, "match or slot"),
        CHOOSING("IOMMUGroup", parse_group, "require or complete"),
        DEVICE("Stage", parse_stage, false, "auto, initrd, root or demand"),
        CHOOSING("AllowBootDisplay", parse_allow_boot_display, "yes or no"),
        DEVICE("Expect", parse_expect, false, "a number of devices, N, N-M or N-, such as 1, 2-4 or 0-"),
        DEVICE("Attribute", parse_attribute, true, ATTRIBUTE_RIGHT),
        CHOOSING(
                "ResetMethod", parse_reset_method,
                "default, or some of device_specific, acpi, flr, af_flr, pm, bus and cxl_bus in the order to try them"),
        DEVICE("Owner", parse_node_owner, false, "a user's name or number, such as libvirt-qemu or 64055"),
        DEVICE("Group", parse_node_group, false, "a group's name or number, such as kvm or 36"),
        DEVICE("Mode", parse_node_mode, false, "an octal mode that lets nobody execute, such as 0660"),
        DEVICE("Required", parse_required, false, "yes or no"),
};
_Static_assert(ARRAY_SIZE(keys) <= 64, "parser.seen has a bit for each key");

static const char *const sections[] = {"Match", "Device"};
static const char *const sriov_sections[] = {"SR-IOV", "VirtualFunction"};
static const char *const vgpu_sections[] = {"VirtualGPU"};

/* Each [VirtualFunction] is of other indexes; whether they say more of them is for a program that makes them to read.
 */
static void begin_sriov(struct parser *p, unsigned line, const char *name)
{
        struct sriov *x = p->rule->sriov;
        struct vf_section *v;

        if (!x) {
                x = p->rule->sriov = arena_alloc(p->arena, sizeof(*x));
                *x = (struct sriov){
                        .line = line, .file = p->file, .driver_name = DRIVER_VFIO_PCI, .driver = DRIVER_NAMED};
        }
        x->declared |= streq(name, sriov_sections[0]);
        if (streq(name, sriov_sections[0]))
                return;
        v = arena_grow(p->arena, &x->sections, x->n_sections++, sizeof(*x->sections));
        v->line = line;
        v->settings.file = p->file;
        p->seen_vf = 0;
}

static void begin_vgpu(struct parser *p, unsigned line)
{
        struct vgpu *x = p->rule->vgpu;
        struct vgpu_section *v;

        if (!x)
                x = p->rule->vgpu = arena_alloc(p->arena, sizeof(*x));
        v = arena_grow(p->arena, &x->sections, x->n_sections++, sizeof(*x->sections));
        *v = (struct vgpu_section){.line = line, .file = p->file};
        p->seen_vgpu = 0;
}

static bool known(const char *name, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(name, names[i]))
                        return true;
        return false;
}

static void on_section(void *data, unsigned line, const char *name)
{
        struct parser *p = data;
        const char *nearest;

        if (known(name, sections, ARRAY_SIZE(sections)))
                return;
        if (known(name, sriov_sections, ARRAY_SIZE(sriov_sections))) {
                begin_sriov(p, line, name);
                return;
        }
        if (known(name, vgpu_sections, ARRAY_SIZE(vgpu_sections))) {
                begin_vgpu(p, line);
                return;
        }
        nearest = str_nearest(name, sections, ARRAY_SIZE(sections));
        if (!nearest)
                nearest = str_nearest(name, sriov_sections, ARRAY_SIZE(sriov_sections));
        if (!nearest)
                nearest = str_nearest(name, vgpu_sections, ARRAY_SIZE(vgpu_sections));
        if (nearest) {
                diag_add(p->diags, DIAG_ERROR, p->file, line, "unknown section [%.*s]; did you mean [%s]?", SHOWN, name,
                         nearest);
                return;
        }
        diag_add(p->diags, DIAG_ERROR, p->file, line,
                 "unknown section [%.*s]; a rule has [Match], [Device], [SR-IOV], [VirtualFunction] and [VirtualGPU]",
                 SHOWN, name);
        return;
}

static const struct key_table table = {.keys = keys,
                                       .key_size = sizeof(*keys),
                                       .n = ARRAY_SIZE(keys),
                                       .sections = "[Match] or [Device]",
                                       .page = "passthrough.d(5)"};

/* Where a key belongs that only virtual functions have, if it stands in a section that is not theirs; else NULL. */
static const char *section_of_virtual(const char *section, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (streq(keys[i].is.name, name))
                        return NULL;
        if (!sriov_keys_used || !section || !known(section, sections, ARRAY_SIZE(sections)))
                return NULL;
        return sriov_keys_used->section(name) || !vgpu_keys_used ? sriov_keys_used->section(name)
                                                                 : vgpu_keys_used->section(name);
}

static void assign(struct parser *p, unsigned line, const char *section, const char *name, const char *value)
{
        struct key_place place = {p->diags, p->file, line};
        const char *elsewhere;
        size_t i;

        p->line = line;
        if (streq_ptr(section, sriov_sections[0]) || streq_ptr(section, sriov_sections[1])) {
                if (sriov_keys_used)
                        sriov_keys_used->assign(p->arena, &place, p->rule->sriov,
                                                streq(section, sriov_sections[0]) ? &p->seen_sriov : &p->seen_vf,
                                                section, name, value);
                return;
        }
        if (streq_ptr(section, vgpu_sections[0])) {
                if (vgpu_keys_used)
                        vgpu_keys_used->assign(p->arena, &place, p->rule->vgpu, &p->seen_vgpu, name, value);
                return;
        }
        elsewhere = section_of_virtual(section, name);
        if (elsewhere) {
                diag_add(p->diags, DIAG_ERROR, p->file, line, "key \"%s\" does not belong in [%s]; move it to [%s]",
                         name, section, elsewhere);
                return;
        }
        if (!key_find(&table, &place, section, name, &i))
                return;
        if (keys[i].choosing && (p->keys->bus->taken_by || p->keys->bus->made)) {
                diag_add(p->diags, DIAG_ERROR, p->file, line, "%s= means nothing for Bus=%s; leave it out", name,
                         p->keys->bus->name);
                return;
        }
        if (key_once(&table, &place, i, &p->seen) && !keys[i].parse(p, &keys[i], value))
                key_invalid(&place, name, value, right_for(p, &keys[i]));
}

static void on_assign(void *data, unsigned line, const char *section, const char *name, const char *value)
{
        struct parser *p = data;
        size_t errors = p->diags->n_errors;

        assign(p, line, section, name, value);
        if (section && !streq(section, "Match"))
                p->harmless += p->diags->n_errors - errors;
}

void keys_parse(const struct keys *x, struct arena *a, struct diags *diags, const char *file, char *text, size_t size,
                struct rule *rule)
{
        struct parser p = {.arena = a, .diags = diags, .keys = x, .file = file, .rule = rule};
        struct ini_handler handler = {.section = on_section, .assign = on_assign, .data = &p};

        size_t errors = diags->n_errors;

        ini_parse(file, text, size, diags, &handler);
        rule->unread |= diags->n_errors - errors > p.harmless;
}

bool keys_name_device(const struct rule *rule)
{
        for (int key = 0; key < MATCH_MAX_; key++)
                if (rule->match[key].n > 0 && !match_of_machine((enum match_key)key))
                        return true;
        return false;
}

/* Where a rule can be carried out by its service alone. */
static void check_demand(struct diags *diags, const struct rule *rule)
{
        const char *why =
                rule->sriov ? "makes no virtual functions: a boot does; leave it out, and write it in a rule "
                              "of its own for one of them (Parent=, VirtualFunction=)"
                : rule->vgpu && !vgpu_typed(rule->vgpu)
                        ? "makes virtual GPUs of a Type=, and without one each is a virtual function, which a "
                          "boot makes; leave it out"
                : rule->driver == DRIVER_NATIVE && !rule->vgpu
                        ? "hands the device over after all, and Driver=native never does; leave one out"
                : rule->required ? "hands nothing over in a boot, and Required=yes waits for that; leave one out"
                                 : NULL;

        if (rule->stage == STAGE_DEMAND && why)
                diag_add(diags, DIAG_ERROR, rule->stage_file, rule->stage_line, "Stage=demand %s", why);
}

void keys_check(struct arena *a, struct diags *diags, struct rule *rule)
{
        check_demand(diags, rule);
        if (rule->sriov && (rule->bus->taken_by || rule->bus->made))
                diag_add(diags, DIAG_ERROR, rule->file, rule->sriov->line,
                         "virtual functions are on PCI; leave Bus=%s out", rule->bus->name);
        if (rule->vgpu && rule->bus->taken_by)
                diag_add(diags, DIAG_ERROR, rule->vgpu->sections[0].file, rule->vgpu->sections[0].line,
                         "virtual GPUs are of PCI devices; leave Bus=%s out", rule->bus->name);
        if (!rule->vgpu && rule->bus->made)
                diag_add(diags, DIAG_ERROR, rule->file, 0,
                         "Bus=%s is for virtual GPUs alone; write [VirtualGPU] with Type=", rule->bus->name);
        /* Who cannot tell whether it is wrong lets it hand nothing over. */
        if ((rule->sriov || rule->vgpu) && (!rule->driver_given || !sriov_keys_used)) {
                rule->driver = DRIVER_NATIVE;
                rule->driver_name = NULL;
        }
        if (rule->vgpu && vgpu_keys_used)
                vgpu_keys_used->check(a, diags, rule);
        if (rule->sriov && sriov_keys_used)
                sriov_keys_used->check(diags, rule);
        if (rule->match[MATCH_VIRTUAL_FUNCTION].n > 0 && rule->match[MATCH_PARENT].n == 0) {
                diag_add(diags, DIAG_ERROR, rule->file, 0,
                         "VirtualFunction= counts the functions of a parent; add Parent= to [Match]");
                return;
        }
        if (!keys_name_device(rule))
                diag_add(diags, DIAG_ERROR, rule->file, 0,
                         "names no device; write [Match] with %s or another key that picks one",
                         rule->bus->taken_by ? "ID=, Path=, Serial=, Port=" : "Path=, Slot=, ID=, Address=");
}
