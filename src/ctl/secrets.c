/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/secrets.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"

#define GROUPS_MAX 8
#define UUID_SIZE  36

struct learner {
        struct anonymiser *y;
        const char *path, *data;
        size_t size;
};

static bool is_plain(char c)
{
        return isalnum((unsigned char)c) && (unsigned char)c < 128;
}

static bool is_hex(char c)
{
        return isxdigit((unsigned char)c);
}

/* Whether a word begins, or ends, at i: udev and systemd may have written what stands there as "\x2d". */
static bool is_edge(const struct learner *l, size_t i)
{
        return i == 0 || i >= l->size || !is_plain(l->data[i]) || !is_plain(l->data[i - 1]) ||
               (i >= 4 && anonymiser_gap(l->data + i - 4, 4, false) == 4);
}

/* ---- shapes --------------------------------------------------------------------------------------------------------
 */

/* Where groups of so many characters, with something between each two, end; 0: they are not there. */
static size_t groups_end(const struct learner *l, size_t i, const unsigned char *groups, bool hex)
{
        for (; *groups; groups++) {
                for (unsigned n = *groups; n > 0; n--, i++)
                        if (i >= l->size || !(hex ? is_hex(l->data[i]) : is_plain(l->data[i])))
                                return 0;
                if (groups[1]) {
                        size_t gap = anonymiser_gap(l->data + i, l->size - i, false);

                        if (gap == 0)
                                return 0;
                        i += gap;
                }
        }
        return is_edge(l, i) ? i : 0;
}

/* Addresses and serial numbers by the byte: six or more, with the same between all. */
static size_t pairs_end(const struct learner *l, size_t i)
{
        const char *gap_at = NULL;
        size_t gap = 0, n = 0;

        for (;; i += gap) {
                if (i + 2 > l->size || !is_hex(l->data[i]) || !is_hex(l->data[i + 1]))
                        return 0;
                i += 2;
                n++;
                gap = anonymiser_gap(l->data + i, l->size - i, false);
                if (gap == 0 || l->data[i] == ' ' || l->data[i] == '.' ||
                    (gap_at && memcmp(gap_at, l->data + i, gap) != 0) || i + gap >= l->size ||
                    !is_hex(l->data[i + gap]))
                        return n >= 6 && is_edge(l, i) ? i : 0;
                gap_at = l->data + i;
        }
}

static size_t shape_end(const struct learner *l, size_t i)
{
        static const struct {
                unsigned char groups[GROUPS_MAX];
                bool hex;
        } shapes[] = {
                {{8, 4, 4, 4, 12}, true},       /* a UUID */
                {{8, 8, 8, 8}, true},           /* mdadm's form of one */
                {{32}, true},                   /* machine-id */
                {{6, 4, 4, 4, 4, 4, 6}, false}, /* LVM's */
        };
        size_t end = pairs_end(l, i);

        for (size_t s = 0; end == 0 && s < ARRAY_SIZE(shapes); s++)
                end = groups_end(l, i, shapes[s].groups, shapes[s].hex);
        return end;
}

/* Names that end with a number: how many characters of it are behind the word. */
static void behind_word(const struct learner *l, size_t i)
{
        static const struct {
                const char *word;
                unsigned least, part; /* digits; so many are one secret; 0: all */
                bool hex;
        } words[] = {
                {"enx", 12, 0, true},    {"wlx", 12, 0, true},           {"wwx", 12, 0, true},
                {"eui.", 16, 0, true},   {"naa.", 16, 0, true},          {"wwn-0x", 16, 0, true},
                {"uuid.", 32, 0, true},  {"LVM-", 64, 32, false},        {"mpath-", 16, 0, true},
                {"scsi-3", 16, 0, true}, {"CRYPT-LUKS1-", 32, 32, true}, {"CRYPT-LUKS2-", 32, 32, true},
        };

        for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
                size_t length = strlen(words[w].word), at = i + length, n = 0;

                if (at >= l->size || strncasecmp(l->data + i, words[w].word, length) != 0)
                        continue;
                while (at + n < l->size && (words[w].hex ? is_hex(l->data[at + n]) : is_plain(l->data[at + n])))
                        n++;
                if (n < words[w].least || (words[w].part > 0 && n < words[w].part))
                        continue;
                for (size_t part = words[w].part > 0 ? words[w].part : n; n >= part; n -= part, at += part)
                        anonymiser_add(l->y, l->data + at, part);
        }
}

static void by_shape(const struct learner *l)
{
        for (size_t i = 0; i < l->size;) {
                size_t end = 0;

                if (is_plain(l->data[i]) && is_edge(l, i)) {
                        end = shape_end(l, i);
                        if (end > 0)
                                anonymiser_add(l->y, l->data + i, end - i);
                        else
                                behind_word(l, i);
                }
                i = end > 0 ? end : i + 1;
        }
}

/*
 * net/ipv6/addrconf.c, if6_seq_show(), and ipv6_route: addresses are no secrets, but one that is made from an
 * interface's own (RFC 4291, appendix A) gives that away.
 */
static void by_interface_identifier(const struct learner *l)
{
        for (size_t i = 0; i + 32 <= l->size; i++) {
                char mac[13], octet[3];
                const char *id = l->data + i + 16;
                size_t n = 0;

                while (n < 32 && is_hex(l->data[i + n]))
                        n++;
                if (n < 32 || !is_edge(l, i) || strncasecmp(id + 6, "fffe", 4) != 0)
                        continue;
                snprintf(octet, sizeof(octet), "%.2s", id);
                snprintf(mac, sizeof(mac), "%02lx%.4s%.6s", strtoul(octet, NULL, 16) ^ 2, id + 2, id + 10);
                anonymiser_add(l->y, mac, 12);
                i += 31;
        }
}

/* UEFI Specification, 10.3: device path nodes by type, subtype and length, and what they have. */
static void by_device_path(const struct learner *l)
{
        static const struct {
                char head[4];
                size_t at, size;
        } nodes[] = {
                {{4, 1, 42, 0}, 24, 16}, /* hard drive: signature */
                {{3, 11, 37, 0}, 4, 6},  /* MAC address */
                {{3, 23, 16, 0}, 8, 8},  /* NVMe: EUI-64 */
        };

        for (size_t i = 0; i + 4 <= l->size; i++)
                for (size_t k = 0; k < ARRAY_SIZE(nodes); k++) {
                        const unsigned char *v = (const unsigned char *)l->data + i + nodes[k].at;
                        static const unsigned char order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
                        char text[33];

                        if (memcmp(l->data + i, nodes[k].head, 4) != 0 || i + nodes[k].at + nodes[k].size > l->size)
                                continue;
                        for (size_t b = 0; b < nodes[k].size; b++)
                                snprintf(text + 2 * b, 3, "%02x", v[nodes[k].size == 16 ? order[b] : b]);
                        anonymiser_add(l->y, text, strlen(text));
                }
}

/* ---- keys ----------------------------------------------------------------------------------------------------------
 */

/* "1234abcd-02" of an MBR is the disk's number, and the partition's. */
static void add_uuid(const struct learner *l, const char *s, size_t n)
{
        static const char luks[] = "luks-";
        size_t hex = 0, all = 0, skip = n > strlen(luks) && startswith(s, luks) ? strlen(luks) : 0, gap = 0;

        s += skip;
        n -= skip;
        while (all < n && (is_hex(s[all]) || (gap = anonymiser_gap(s + all, n - all, false)) > 0))
                all += is_hex(s[all]) ? 1 : gap;
        if (all < n)
                return; /* a name; or a form that has a shape of its own */
        while (hex < n && is_hex(s[hex]))
                hex++;
        anonymiser_add(l->y, s, hex == 8 && n > hex && n <= hex + 1 + 2 ? hex : n);
}

/* Behind "by-uuid/" and the like: the name of a link. */
static void by_link_name(const struct learner *l)
{
        static const struct {
                const char *word;
                bool whole;
        } words[] = {
                {"by-uuid/", true},   {"by-partuuid/", true}, {"by\\x2duuid-", true}, {"by\\x2dpartuuid-", true},
                {"--fs-uuid ", true}, {"--fs-uuid=", true},   {"by-id/", false},      {"by\\x2did-", false},
        };

        for (size_t w = 0; w < ARRAY_SIZE(words); w++)
                for (const char *at = l->data, *end = l->data + l->size;
                     (at = memmem(at, (size_t)(end - at), words[w].word, strlen(words[w].word)));) {
                        const char *last;
                        size_t n = 0, gap = 0;

                        at += strlen(words[w].word);
                        while (at + n < end &&
                               (is_plain(at[n]) ||
                                (at[n] != ' ' && (gap = anonymiser_gap(at + n, (size_t)(end - at) - n, false)) > 0)))
                                n += is_plain(at[n]) ? 1 : gap;
                        if (words[w].whole) {
                                add_uuid(l, at, n);
                                continue;
                        }
                        /* TRANSPORT-VENDOR_MODEL_SERIAL[-part1], of USB with -0:0 */
                        last = memrchr(at, '_', n);
                        if (!last)
                                continue;
                        n -= (size_t)(last + 1 - at);
                        n = MIN(n, strcspn(last + 1, "-:\\\n "));
                        if (n >= 6)
                                anonymiser_add(l->y, last + 1, n);
                }
}

/* The beginning of the key in front of "=" at i. */
static size_t key_begins(const struct learner *l, size_t i)
{
        while (i > 0 && (is_plain(l->data[i - 1]) || strchr("_.-", l->data[i - 1])) && l->data[i - 1])
                i--;
        return i;
}

static bool ends_with(const char *s, size_t n, const char *word)
{
        size_t m = strlen(word);

        return n >= m && strncasecmp(s + n - m, word, m) == 0 && (n == m || !is_plain(s[n - m - 1]));
}

static bool has_short_serial(const struct learner *l)
{
        return memmem(l->data, l->size, "SERIAL_SHORT=", 13) != NULL;
}

static void by_key(const struct learner *l)
{
        static const char *const serials[] = {"serial",  "serial_short", "wwn",  "wwid",     "wwn_with_extension",
                                              "nguid",   "eui64",        "nqn",  "idname",   "initiatorname",
                                              "hostnqn", "hostid",       "pvid", "node.name"};
        static const char *const uuids[] = {"uuid", "uuid_enc", "uuid_sub", "uuid_sub_enc", "partuuid"};
        const char *eq, *end = l->data + l->size;

        for (const char *at = l->data; (eq = memchr(at, '=', (size_t)(end - at))); at = eq + 1) {
                size_t begin = key_begins(l, (size_t)(eq - l->data)), length = (size_t)(eq - l->data) - begin, n = 0;
                const char *key = l->data + begin, *value = eq + 1;
                bool serial = false, uuid = false;

                for (size_t i = 0; i < ARRAY_SIZE(serials); i++)
                        serial |= ends_with(key, length, serials[i]);
                for (size_t i = 0; i < ARRAY_SIZE(uuids); i++)
                        uuid |= ends_with(key, length, uuids[i]);
                if (ends_with(key, length, "ID_PART_ENTRY_TYPE") && value + UUID_SIZE <= end)
                        anonymiser_keep(l->y, value, UUID_SIZE);
                /* The whole one has the model, too, and the serial number behind it. */
                if ((ends_with(key, length, "ID_SERIAL") || ends_with(key, length, "ID_USB_SERIAL")) &&
                    has_short_serial(l))
                        continue;
                while (serial || uuid) {
                        while (value < end && (strchr(" !\"'", *value) && *value))
                                value++;
                        for (n = 0; value + n < end && value[n] && !strchr(" \t\n,;\"'", value[n]);)
                                n++;
                        if (n == 0)
                                break;
                        if (uuid)
                                add_uuid(l, value, n);
                        else
                                anonymiser_add(l->y, value, n);
                        value += n;
                        /* A rule may name several. */
                        if (uuid || value >= end || *value != ' ' || !l->path || !strstr(l->path, "/passthrough"))
                                break;
                }
        }
}

/* ---- files ---------------------------------------------------------------------------------------------------------
 */

/* The USB controllers' own hubs have its address there, or its driver's name; and nothing is called by its number. */
static bool is_name(const char *path, const char *s)
{
        const char *at = strstr(path, s);
        unsigned a, b, c, d;
        int n = 0;

        return (at && at > path && at[-1] == '/' && at[strlen(s)] == '/') ||
               (sscanf(s, "%x:%x:%x.%u%n", &a, &b, &c, &d, &n) == 4 && s[n] == '\0') || strstr(s, "hcd");
}

/* usbguard-rules.conf(5): a hash is of all that a device says of itself, and base64: "+" and "/" are no gaps. */
static void by_usbguard(const struct learner *l)
{
        static const char *const words[] = {" serial \"", "hash \""};
        const char *end = l->data + l->size;

        for (size_t w = 0; w < ARRAY_SIZE(words); w++)
                for (const char *at = l->data; (at = memmem(at, (size_t)(end - at), words[w], strlen(words[w])));) {
                        const char *quote;

                        at += strlen(words[w]);
                        quote = memchr(at, '"', (size_t)(end - at));
                        if (!quote || is_name("", arena_strndup(l->y->arena, at, (size_t)(quote - at))))
                                continue;
                        for (size_t n; at < quote; at += n + 1) {
                                for (n = 0; at + n < quote && !strchr("+/=", at[n]);)
                                        n++;
                                anonymiser_add(l->y, at, n);
                        }
                        at = quote;
                }
}

static void by_file(const struct learner *l)
{
        static const char *const names[] = {"serial",        "wwid",       "product_uuid",   "product_serial",
                                            "board_serial",  "uuid",       "chassis_serial", "subsysnqn",
                                            "initiatorname", "vpd_serial", "unique_id",      "hostnqn"};
        const char *name = str_basename(l->path);
        char *text = str_trim(arena_strndup(l->y->arena, l->data, MIN(l->size, (size_t)512)));

        if (!startswith(l->path, "/sys/") || str_index(name, names, ARRAY_SIZE(names)) < 0 || is_name(l->path, text))
                return;
        /* "mpath-", "CRYPT-...": a kind, and names that people gave. */
        if (strstr(l->path, "/dm/uuid") || startswith(text, "naa.") || startswith(text, "eui.") ||
            startswith(text, "uuid."))
                return;
        anonymiser_add(l->y, text, strlen(text));
}

/* The name of a variable tells whose it is, which is the same on each machine. */
static void by_variable_name(const struct learner *l)
{
        if (startswith(l->path, "/sys/firmware/efi/") && strlen(l->path) > UUID_SIZE)
                anonymiser_keep(l->y, l->path + strlen(l->path) - UUID_SIZE, UUID_SIZE);
}

/* LVM's "PV 32 characters", and what zpool.cache and firmware have in no text. */
void secrets_learn(struct anonymiser *y, const char *path, const char *data, size_t size)
{
        struct learner l = {.y = y, .path = path, .data = data, .size = size};

        if (path && startswith(path, "/proc/") && strstr(path, "/net/")) {
                by_interface_identifier(&l);
                return;
        }
        by_shape(&l);
        by_link_name(&l);
        if (!path)
                return;
        by_key(&l);
        by_file(&l);
        if (strstr(path, "usbguard"))
                by_usbguard(&l);
        by_variable_name(&l);
        if (memchr(data, '\0', size))
                by_device_path(&l);
}
