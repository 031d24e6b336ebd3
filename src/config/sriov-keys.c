/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/sriov.h"

#include "base/str.h"
#include "config/attribute.h"

struct parser {
        struct arena *arena;
        const struct key_place *place;
        struct sriov *sriov;
        struct vf_section *vf; /* of [VirtualFunction] */
};

struct key;

/* False: the value is none such. */
typedef bool (*parse_fn)(struct parser *p, const struct key *key, const char *value);

struct key {
        struct key_name is;
        parse_fn parse;
        enum vf_key vf;
        uint32_t min, max; /* of a number */
};

static bool parse_count(struct parser *p, const struct key *key, const char *value)
{
        uint32_t n = 0;

        (void)key;
        if (streq(value, "all") || streq(value, "existing")) {
                p->sriov->kind = *value == 'a' ? VF_COUNT_ALL : VF_COUNT_EXISTING;
                return true;
        }
        /* The capability has 16 bits for it (PCI Express Base Specification, SR-IOV, TotalVFs). */
        if (*value && (!str_to_u32(value, 10, &n) || n == 0 || n > UINT16_MAX))
                return false;
        p->sriov->kind = *value ? VF_COUNT_NUMBER : VF_COUNT_UNSET;
        p->sriov->count = n;
        return true;
}

static bool driver_choice(const char *value, enum driver_choice *ret, const char **ret_name)
{
        bool named = streq(value, DRIVER_VFIO_PCI) || !*value;

        if (!named && !streq(value, "auto") && !streq(value, "native"))
                return false;
        *ret = named ? DRIVER_NAMED : streq(value, "auto") ? DRIVER_AUTO : DRIVER_NATIVE;
        *ret_name = named ? DRIVER_VFIO_PCI : NULL;
        return true;
}

static bool parse_driver_of_all(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        p->sriov->driver_written = *value;
        return driver_choice(value, &p->sriov->driver, &p->sriov->driver_name);
}

static bool parse_eswitch(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        if (*value && !streq(value, "legacy") && !streq(value, "switchdev"))
                return false;
        p->sriov->eswitch = !*value ? ESWITCH_UNSET : *value == 'l' ? ESWITCH_LEGACY : ESWITCH_SWITCHDEV;
        return true;
}

static bool parse_attribute_of_parent(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return attribute_parse(p->arena, p->place, value, &p->sriov->attributes, &p->sriov->n_attributes);
}

static bool parse_index(struct parser *p, const struct key *key, const char *value)
{
        const char *dash = strchr(value, '-');
        char *first = arena_strndup(p->arena, value, dash ? (size_t)(dash - value) : strlen(value));

        (void)key;
        if (!str_to_u32(first, 10, &p->vf->first) || !str_to_u32(dash ? dash + 1 : value, 10, &p->vf->last) ||
            p->vf->first > p->vf->last || p->vf->last >= UINT16_MAX)
                return false;
        p->vf->indexed = true;
        return true;
}

static bool parse_driver(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return driver_choice(value, &p->vf->settings.driver, &p->vf->settings.driver_name);
}

/* Of one interface: the group's bit is not set, and it is not zero. */
static bool parse_mac(struct parser *p, const struct key *key, const char *value)
{
        struct vf_settings *s = &p->vf->settings;
        uint32_t sum = 0;

        (void)key;
        s->derive = streq(value, "derive");
        if (s->derive)
                return true;
        for (size_t i = 0; i < sizeof(s->mac); i++) {
                char byte[3] = {};
                uint32_t v;

                if (strnlen(value + 3 * i, 2) < 2 || value[3 * i + 2] != (i < 5 ? ':' : '\0'))
                        return false;
                memcpy(byte, value + 3 * i, 2);
                if (!str_to_u32(byte, 16, &v))
                        return false;
                s->mac[i] = (uint8_t)v;
                sum |= v;
        }
        return sum != 0 && !(s->mac[0] & 1);
}

static bool parse_number(struct parser *p, const struct key *key, const char *value)
{
        uint32_t n;

        if (!str_to_u32(value, 10, &n) || n < key->min || n > key->max)
                return false;
        p->vf->settings.number[key->vf] = n;
        return true;
}

static bool parse_flag(struct parser *p, const struct key *key, const char *value)
{
        bool on;

        if (!str_to_bool(value, &on))
                return false;
        p->vf->settings.number[key->vf] = on;
        return true;
}

static bool parse_protocol(struct parser *p, const struct key *key, const char *value)
{
        bool q = streq(value, "802.1Q");

        p->vf->settings.number[key->vf] = q ? 0x8100 : 0x88a8; /* ETH_P_8021Q, ETH_P_8021AD */
        return q || streq(value, "802.1ad");
}

static bool parse_link_state(struct parser *p, const struct key *key, const char *value)
{
        bool on = false;

        if (!streq(value, "auto") && !str_to_bool(value, &on))
                return false;
        p->vf->settings.number[key->vf] = streq(value, "auto") ? VF_LINK_AUTO : on ? VF_LINK_ENABLE : VF_LINK_DISABLE;
        return true;
}

static bool parse_attribute(struct parser *p, const struct key *key, const char *value)
{
        (void)key;
        return attribute_parse(p->arena, p->place, value, &p->vf->settings.attributes, &p->vf->settings.n_attributes);
}

#define PARENT(name_, parse_, repeats_, right_)                                                                        \
        {                                                                                                              \
                .is = {"SR-IOV", name_, repeats_, right_}, .parse = parse_, .vf = VF_KEY_MAX_                          \
        }
#define VF(name_, parse_, vf_, right_)                                                                                 \
        {                                                                                                              \
                .is = {"VirtualFunction", name_, (vf_) == VF_ATTRIBUTE, right_}, .parse = parse_, .vf = vf_            \
        }
#define NUMBER(name_, vf_, min_, max_, right_)                                                                         \
        {                                                                                                              \
                .is = {"VirtualFunction", name_, false, right_}, .parse = parse_number, .vf = vf_, .min = min_,        \
                .max = max_                                                                                            \
        }

static const char drivers[] = "vfio-pci, auto or native";

static const struct key keys[] = {
        PARENT("VirtualFunctions", parse_count, false,
               "how many, all, or existing where the driver makes them by itself"),
        PARENT("Driver", parse_driver_of_all, false, drivers),
        PARENT("Eswitch", parse_eswitch, false, "legacy or switchdev"),
        PARENT("Attribute", parse_attribute_of_parent, true, ATTRIBUTE_RIGHT),
        VF("Index", parse_index, VF_KEY_MAX_, "an index from 0 on, or a range such as 0-3"),
        VF("Driver", parse_driver, VF_DRIVER, drivers),
        VF("MACAddress", parse_mac, VF_MAC_ADDRESS,
           "the address of one interface, such as 52:54:00:12:34:56, or derive"),
        NUMBER("VLANId", VF_VLAN, 1, 4094, "1 to 4094"),
        VF("VLANProtocol", parse_protocol, VF_VLAN_PROTOCOL, "802.1Q or 802.1ad"),
        NUMBER("QualityOfService", VF_QUALITY_OF_SERVICE, 0, 7, "a priority, 0 to 7"),
        NUMBER("MinTxRate", VF_MIN_TX_RATE, 0, UINT32_MAX, "Mbit/s, a whole number"),
        NUMBER("MaxTxRate", VF_MAX_TX_RATE, 0, UINT32_MAX, "Mbit/s, a whole number; 0: no limit"),
        VF("MACSpoofCheck", parse_flag, VF_MAC_SPOOF_CHECK, "yes or no"),
        VF("Trust", parse_flag, VF_TRUST, "yes or no"),
        VF("LinkState", parse_link_state, VF_LINK_STATE, "auto, yes or no"),
        NUMBER("MSIXVectors", VF_MSIX_VECTORS, 1, 2048, "1 to 2048"),
        VF("Attribute", parse_attribute, VF_ATTRIBUTE, ATTRIBUTE_RIGHT),
};

static const struct key_table table = {.keys = keys,
                                       .key_size = sizeof(*keys),
                                       .n = ARRAY_SIZE(keys),
                                       .sections = "[SR-IOV] or [VirtualFunction]",
                                       .page = "passthrough.d(5)"};

static void assign(struct arena *a, const struct key_place *place, struct sriov *sriov, uint64_t *seen,
                   const char *section, const char *name, const char *value)
{
        struct parser p = {.arena = a, .place = place, .sriov = sriov};
        const struct key *key;
        size_t i;

        if (!key_find(&table, place, section, name, &i))
                return;
        key = &keys[i];
        if (streq(section, "VirtualFunction"))
                p.vf = &sriov->sections[sriov->n_sections - 1];
        if (!key_once(&table, place, i, seen))
                return;
        if (!key->parse(&p, key, value))
                key_invalid(place, name, value, key->is.right);
        else if (key->vf != VF_KEY_MAX_)
                p.vf->settings.line[key->vf] = place->line;
}

/* ---- what only shows once all is read --------------------------------------------------------------------------- */

static const char *key_of(enum vf_key vf)
{
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (keys[i].vf == vf)
                        return keys[i].is.name;
        return "";
}

/* In switchdev mode a virtual function's port is its representor, which the host's switch has (mlx5, ice). */
static void check_switchdev(struct diags *diags, const struct vf_settings *s)
{
        static const struct {
                enum vf_key key;
                const char *instead;
        } refused[] = {
                {VF_VLAN, "in Open vSwitch it is the tag of its port"},
                {VF_TRUST, "what passes is for the switch to say"},
                {VF_MAC_SPOOF_CHECK, "what passes is for the switch to say"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                if (s->line[refused[i].key])
                        diag_add(diags, DIAG_ERROR, s->file, s->line[refused[i].key],
                                 "%s= does not go with Eswitch=switchdev; leave it out and set it at the "
                                 "representor: %s",
                                 key_of(refused[i].key), refused[i].instead);
}

static void check_settings(struct diags *diags, const struct sriov *x, const struct vf_section *v)
{
        const struct vf_settings *s = &v->settings;
        static const enum vf_key of_vlan[] = {VF_VLAN_PROTOCOL, VF_QUALITY_OF_SERVICE};

        if (!v->indexed) {
                diag_add(diags, DIAG_ERROR, s->file, v->line,
                         "[VirtualFunction] without Index=; write which are meant, such as Index=0-3");
                return;
        }
        if (x->kind == VF_COUNT_NUMBER && v->last >= x->count)
                diag_add(diags, DIAG_ERROR, s->file, v->line,
                         "Index=%u: there is none with VirtualFunctions=%u; write 0 to %u", v->last, x->count,
                         x->count - 1);
        if (s->line[VF_MAC_ADDRESS] && !s->derive && v->first != v->last)
                diag_add(diags, DIAG_ERROR, s->file, s->line[VF_MAC_ADDRESS],
                         "MACAddress= is one address and Index=%u-%u are several; write MACAddress=derive, or a "
                         "[VirtualFunction] for each",
                         v->first, v->last);
        if (s->line[VF_MIN_TX_RATE] && s->number[VF_MAX_TX_RATE] > 0 &&
            s->number[VF_MIN_TX_RATE] > s->number[VF_MAX_TX_RATE])
                diag_add(diags, DIAG_ERROR, s->file, s->line[VF_MIN_TX_RATE],
                         "MinTxRate=%u is more than MaxTxRate=%u; write less", s->number[VF_MIN_TX_RATE],
                         s->number[VF_MAX_TX_RATE]);
        for (size_t i = 0; i < ARRAY_SIZE(of_vlan); i++)
                if (s->line[of_vlan[i]] && !s->line[VF_VLAN])
                        diag_add(diags, DIAG_ERROR, s->file, s->line[of_vlan[i]],
                                 "%s= is of a VLAN, and there is none; write VLANId= beside it", key_of(of_vlan[i]));
        if (x->eswitch == ESWITCH_SWITCHDEV)
                check_switchdev(diags, s);
}

/* Sections may have the same index where they say different things of it. */
static void check_twice(struct diags *diags, const struct vf_section *a, const struct vf_section *b)
{
        uint32_t first = MAX(a->first, b->first);

        if (!a->indexed || !b->indexed || first > MIN(a->last, b->last))
                return;
        for (int k = 0; k < VF_KEY_MAX_; k++)
                if (a->settings.line[k] && b->settings.line[k])
                        diag_add(diags, DIAG_ERROR, b->settings.file, b->settings.line[k],
                                 "%s= of index %u stands in line %u, too; keep one of the lines",
                                 key_of((enum vf_key)k), first, a->settings.line[k]);
}

/* Two of one address on a card: neither guest would get what is sent to it. */
static void check_address(struct diags *diags, const struct vf_section *a, const struct vf_section *b)
{
        const struct vf_settings *was = &a->settings, *is = &b->settings;

        if (was->line[VF_MAC_ADDRESS] && is->line[VF_MAC_ADDRESS] && !was->derive && !is->derive &&
            a->first != b->first && memcmp(was->mac, is->mac, sizeof(is->mac)) == 0)
                diag_add(diags, DIAG_ERROR, is->file, is->line[VF_MAC_ADDRESS],
                         "MACAddress= is that of index %u in line %u, too; write another for each", a->first,
                         was->line[VF_MAC_ADDRESS]);
}

static void check(struct diags *diags, const struct rule *rule)
{
        const struct sriov *x = rule->sriov;

        if (!x->declared) {
                diag_add(diags, DIAG_ERROR, x->file, x->line,
                         "[VirtualFunction] without [SR-IOV]; write how many there are: VirtualFunctions= in [SR-IOV]");
                return;
        }
        if (x->kind == VF_COUNT_UNSET)
                diag_add(diags, DIAG_ERROR, x->file, x->line, "[SR-IOV] without VirtualFunctions=; write how many");
        if (rule->driver != DRIVER_NATIVE)
                diag_add(diags, DIAG_ERROR, x->file, x->line,
                         "[Device] hands the function itself over, which then has no virtual functions; leave Driver= "
                         "out of [Device], [SR-IOV] has one for them");
        if (rule->stage != STAGE_AUTO && rule->stage != STAGE_DEMAND)
                diag_add(diags, DIAG_ERROR, x->file, x->line,
                         "Stage=%s: virtual functions are made on the host alone; leave it out",
                         stages[rule->stage].name);
        if (rule->n_attributes > 0)
                diag_add(diags, DIAG_ERROR, x->file, x->line,
                         "Attribute= of [Device] is of a function that is handed over; move it to [SR-IOV] or "
                         "[VirtualFunction]");
        for (size_t i = 0; i < x->n_sections; i++) {
                check_settings(diags, x, &x->sections[i]);
                for (size_t k = 0; k < i; k++) {
                        check_twice(diags, &x->sections[k], &x->sections[i]);
                        check_address(diags, &x->sections[k], &x->sections[i]);
                }
        }
}

static const char *section_of(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (streq(keys[i].is.name, name))
                        return keys[i].is.section;
        return NULL;
}

const struct sriov_keys sriov_keys = {assign, check, sriov_driver, section_of};
