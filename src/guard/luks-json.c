/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON of a LUKS2 header: what is judged of it, first as text, then as values. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "guard/luks.h"

#define DEPTH 8 /* of clevis' secrets in secrets */

static struct json_object *member(struct json_object *o, const char *name, enum json_type type)
{
        struct json_object *v = NULL;

        if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, name, &v))
                return NULL;
        return json_object_is_type(v, type) ? v : NULL;
}

static const char *text(struct json_object *o, const char *name)
{
        struct json_object *v = member(o, name, json_type_string);

        return v ? json_object_get_string(v) : "";
}

static bool flag(struct json_object *o, const char *name)
{
        return json_object_get_boolean(member(o, name, json_type_boolean));
}

static struct json_object *parse(const char *json)
{
        struct json_tokener *t = json_tokener_new();
        size_t n = strlen(json);
        struct json_object *o = t && n < INT32_MAX ? json_tokener_parse_ex(t, json, (int)n) : NULL;

        if (t)
                json_tokener_free(t);
        if (o && json_object_is_type(o, json_type_object))
                return o;
        json_object_put(o);
        return NULL;
}

/* ---- sets of PCRs --------------------------------------------------------------------------------------------------
 */

static bool add_pcr(int64_t number, uint32_t *pcrs)
{
        if (number < 0 || number >= LUKS_PCRS)
                return false;
        *pcrs |= UINT32_C(1) << number;
        return true;
}

/* [7, 9] */
static bool from_array(struct json_object *array, uint32_t *pcrs)
{
        bool good = true;

        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                struct json_object *v = json_object_array_get_idx(array, i);

                good &= json_object_is_type(v, json_type_int) && add_pcr(json_object_get_int64(v), pcrs);
        }
        return good;
}

/* "7,9" */
static bool from_text(const char *s, uint32_t *pcrs)
{
        while (*s) {
                size_t n = strspn(s, "0123456789");

                if (n == 0 || n > 2 || !add_pcr(atoi(s), pcrs) || (s[n] && (s[n] != ',' || !s[n + 1])))
                        return false;
                s += n + (s[n] == ',');
        }
        return true;
}

static struct json_object *to_array(uint32_t pcrs)
{
        struct json_object *array = json_object_new_array();

        for (int i = 0; i < LUKS_PCRS; i++)
                if (pcrs >> i & 1)
                        json_object_array_add(array, json_object_new_int(i));
        return array;
}

bool luks_parse_pcrlock(const char *json, uint32_t *ret)
{
        struct json_object *o = parse(json), *values = member(o, "pcrValues", json_type_array);
        bool good = values;

        *ret = 0;
        for (size_t i = 0; good && i < json_object_array_length(values); i++) {
                struct json_object *pcr = member(json_object_array_get_idx(values, i), "pcr", json_type_int);

                good = pcr && add_pcr(json_object_get_int64(pcr), ret);
        }
        json_object_put(o);
        return good;
}

/* ---- clevis --------------------------------------------------------------------------------------------------------
 */

/* RFC 4648, 5. NULL: it is not that. */
static char *from_base64url(struct arena *a, const char *s, size_t n)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        char *out = arena_alloc(a, n + 1), *to = out;
        unsigned bits = 0, held = 0;

        for (size_t i = 0; i < n && s[i] != '='; i++) {
                const char *digit = s[i] ? strchr(digits, s[i]) : NULL;

                if (!digit)
                        return NULL;
                held = (held << 6 | (unsigned)(digit - digits)) & 0xfff;
                bits += 6;
                if (bits >= 8)
                        *to++ = (char)(held >> (bits -= 8));
        }
        *to = '\0';
        return out;
}

static bool from_protected(struct arena *a, const char *s, size_t n, unsigned depth, uint32_t *pcrs, bool *ret_tpm);

/*
 * Shamir's secret sharing: t of the parts are enough. Where those that no TPM has part in do not suffice, each PCR of
 * the others may be missed.
 */
static bool from_shares(struct arena *a, struct json_object *sss, unsigned depth, uint32_t *pcrs, bool *ret_tpm)
{
        struct json_object *parts = member(sss, "jwe", json_type_array), *t = member(sss, "t", json_type_int);
        uint32_t all = 0;
        int64_t others = 0;
        bool good = parts && t && json_object_get_int64(t) > 0;

        for (size_t i = 0; good && i < json_object_array_length(parts); i++) {
                struct json_object *part = json_object_array_get_idx(parts, i);
                const char *compact = json_object_is_type(part, json_type_string) ? json_object_get_string(part) : "";
                bool tpm = false;

                good = from_protected(a, compact, strcspn(compact, "."), depth, &all, &tpm);
                others += !tpm;
        }
        *ret_tpm = good && others < json_object_get_int64(t);
        *pcrs |= *ret_tpm ? all : 0;
        return good;
}

/* The protected header of a JWE (RFC 7516, 4): which pin of clevis holds the key, and to what it is sealed. */
static bool from_protected(struct arena *a, const char *s, size_t n, unsigned depth, uint32_t *pcrs, bool *ret_tpm)
{
        const char *json = n > 0 && depth > 0 ? from_base64url(a, s, n) : NULL, *pin;
        struct json_object *o = json ? parse(json) : NULL, *clevis = member(o, "clevis", json_type_object), *of;
        bool good = false;

        pin = text(clevis, "pin");
        of = member(clevis, pin, json_type_object);
        if (streq(pin, "tpm2") && of) {
                struct json_object *ids = NULL;

                *ret_tpm = true;
                good = !json_object_object_get_ex(of, "pcr_ids", &ids) ||
                       (json_object_is_type(ids, json_type_string) && from_text(json_object_get_string(ids), pcrs));
        } else if (streq(pin, "sss") && of)
                good = from_shares(a, of, depth - 1, pcrs, ret_tpm);
        else
                good = streq(pin, "tang");
        json_object_put(o);
        return good;
}

/* ---- what is judged ------------------------------------------------------------------------------------------------
 */

static void copy(struct json_object *to, struct json_object *from, const char *name)
{
        struct json_object *v = NULL;

        if (json_object_object_get_ex(from, name, &v))
                json_object_object_add(to, name, json_object_get(v));
}

static struct json_object *reduce_token(struct arena *a, struct json_object *from, const uint32_t *pcrlock)
{
        static const char *const names[] = {"type",         "keyslots", "tpm2-pcrs", "tpm2-pin", "tpm2_pubkey_pcrs",
                                            "tpm2_pcrlock", "unclear"};
        struct json_object *to = json_object_new_object(), *jwe = member(from, "jwe", json_type_object);
        const char *protected = text(jwe, "protected");
        uint32_t pcrs = 0;
        bool tpm = false;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                copy(to, from, names[i]);
        if (jwe) {
                if (!from_protected(a, protected, strlen(protected), DEPTH, &pcrs, &tpm))
                        json_object_object_add(to, "unclear", json_object_new_boolean(true));
                json_object_object_add(to, "tpm2-pcrs", to_array(pcrs));
        }
        if (!flag(from, "tpm2_pcrlock"))
                return to;
        /* The token's own PCRs count besides. */
        if (pcrlock && from_array(member(from, "tpm2-pcrs", json_type_array), &pcrs))
                json_object_object_add(to, "tpm2-pcrs", to_array(pcrs | *pcrlock));
        else
                json_object_object_add(to, "unclear", json_object_new_boolean(true));
        return to;
}

static struct json_object *reduce_members(struct json_object *from, const char *one, const char *other)
{
        struct json_object *to = json_object_new_object();

        copy(to, from, one);
        copy(to, from, other);
        return to;
}

const char *luks_reduce(struct arena *a, const char *json, const uint32_t *pcrlock)
{
        struct json_object *from = parse(json), *to = json_object_new_object();
        const char *const lists[] = {"keyslots", "tokens", "digests"}, *reduced = NULL;
        bool whole = from;

        for (size_t i = 0; whole && i < ARRAY_SIZE(lists); i++) {
                struct json_object *list = member(from, lists[i], json_type_object), *kept = json_object_new_object();

                json_object_object_add(to, lists[i], kept);
                whole = list;
                if (!list)
                        break;
                json_object_object_foreach (list, number, v) {
                        json_object_object_add(kept, number,
                                               i == 0   ? reduce_members(v, "type", "priority")
                                               : i == 1 ? reduce_token(a, v, pcrlock)
                                                        : reduce_members(v, "keyslots", "segments"));
                }
        }
        if (whole)
                reduced = arena_strdup(a, json_object_to_json_string_ext(to, JSON_C_TO_STRING_PLAIN));
        json_object_put(from);
        json_object_put(to);
        return reduced;
}

/* ---- as values -----------------------------------------------------------------------------------------------------
 */

static bool lists(struct json_object *o, const char *slot)
{
        struct json_object *slots = member(o, "keyslots", json_type_array);

        for (size_t i = 0; slots && i < json_object_array_length(slots); i++)
                if (streq_ptr(json_object_get_string(json_object_array_get_idx(slots, i)), slot))
                        return true;
        return false;
}

/* It opens the volume, and is tried unasked: a slot with priority 0 is not (LUKS2 specification, 3.2.1). */
static bool opens(struct json_object *header, const char *slot, struct json_object *v)
{
        struct json_object *digests = member(header, "digests", json_type_object), *priority;

        priority = member(v, "priority", json_type_int);
        if (!streq(text(v, "type"), "luks2") || (priority && json_object_get_int64(priority) == 0))
                return false;
        json_object_object_foreach (digests, number, digest) {
                struct json_object *segments = member(digest, "segments", json_type_array);

                (void)number;
                if (segments && json_object_array_length(segments) > 0 && lists(digest, slot))
                        return true;
        }
        return false;
}

static void add_seal(struct arena *a, struct luks *l, const char *slot, struct json_object *token)
{
        struct json_object *pcrs = member(token, "tpm2-pcrs", json_type_array);
        struct luks_seal *seal = arena_grow(a, &l->seals, l->n_seals, sizeof(*seal));

        *seal = (struct luks_seal){.slot = arena_strdup(a, slot),
                                   .clevis = streq(text(token, "type"), "clevis"),
                                   .pin = flag(token, "tpm2-pin"),
                                   .pcrlock = flag(token, "tpm2_pcrlock")};
        l->n_seals++;
        if (!pcrs || !from_array(pcrs, &seal->pcrs) ||
            !from_array(member(token, "tpm2_pubkey_pcrs", json_type_array), &seal->signed_pcrs) ||
            flag(token, "unclear"))
                seal->unclear = seal->pcrlock ? "systemd-pcrlock's policy does not tell its PCRs"
                                              : "its header does not tell its PCRs";
}

static void add_slot(struct arena *a, struct luks *l, const char *slot, struct json_object *tokens)
{
        bool anybody = false;

        json_object_object_foreach (tokens, number, token) {
                const char *type = text(token, "type");

                (void)number;
                /* That says where the kernel finds the passphrase (cryptsetup-token(8)), which people type as well. */
                if (!lists(token, slot) || streq(type, "luks2-keyring"))
                        continue;
                anybody = true;
                if (streq(type, "systemd-tpm2") || streq(type, "clevis"))
                        add_seal(a, l, slot, token);
                else if (streq(type, "systemd-recovery"))
                        l->n_recoveries++;
                else
                        l->n_others++;
        }
        l->n_passphrases += !anybody;
}

bool luks_parse(struct arena *a, const char *reduced, struct luks *ret)
{
        struct json_object *header = parse(reduced), *slots = member(header, "keyslots", json_type_object);
        struct json_object *tokens = member(header, "tokens", json_type_object);
        bool whole = slots && tokens && member(header, "digests", json_type_object);

        if (whole) {
                json_object_object_foreach (slots, slot, v) {
                        if (opens(header, slot, v))
                                add_slot(a, ret, slot, tokens);
                }
        }
        json_object_put(header);
        return whole;
}
