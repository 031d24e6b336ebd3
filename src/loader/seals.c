/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/seals.h"

#include "base/str.h"

uint32_t seals_changed(const struct boot_facts *facts, bool line, bool initrd)
{
        const struct loader *l = facts->loader;
        uint32_t by_line = l && l->line_pcrs ? l->line_pcrs : BOOT_PCRS_ANY;
        uint32_t by_initrd = l && l->initrd_pcrs ? l->initrd_pcrs : BOOT_PCRS_ANY;

        return (line ? by_line : 0) | (initrd ? by_initrd : 0);
}

/* "8 and 9", "8+9" */
static const char *numbers(struct arena *a, uint32_t pcrs, const char *between, const char *last)
{
        const char *text = "";

        for (unsigned i = 0; i < LUKS_PCRS; i++)
                if (pcrs >> i & 1)
                        text = arena_printf(a, "%s%s%u", text, !*text ? "" : pcrs >> (i + 1) ? between : last, i);
        return text;
}

const char *seals_pcrs(struct arena *a, uint32_t pcrs)
{
        return arena_join(a, pcrs & (pcrs - 1) ? "PCRs " : "PCR ", numbers(a, pcrs, ", ", " and "), NULL);
}

static bool breaks(const struct luks_seal *s, uint32_t changed)
{
        return s->unclear || ((s->pcrs | s->signed_pcrs) & changed);
}

/* Another one of its kind, which is tried as well, still opens the volume. */
static bool other_holds(const struct luks *l, const struct luks_seal *s, uint32_t changed, bool pin)
{
        for (size_t i = 0; i < l->n_seals; i++)
                if (l->seals[i].clevis == s->clevis && (pin || !l->seals[i].pin) && !breaks(&l->seals[i], changed))
                        return true;
        return false;
}

/* The seal that breaks, or NULL. Where nobody types a PIN now, nobody need be there to type one. */
static const struct luks_seal *broken(const struct luks *l, uint32_t changed)
{
        for (size_t i = 0; i < l->n_seals; i++)
                if (breaks(&l->seals[i], changed) && !other_holds(l, &l->seals[i], changed, l->seals[i].pin))
                        return &l->seals[i];
        return NULL;
}

/* The command that seals its key anew, as it is sealed now. */
static const char *anew(const struct luks *l, const struct luks_seal *s, struct arena *a)
{
        const char *to;

        if (s->clevis)
                return arena_join(a, "clevis luks regen -d ", l->device, " -s ", s->slot, NULL);
        to = s->unclear ? "..." : numbers(a, s->pcrs, "+", "+");
        return arena_join(
                a, "systemd-cryptenroll --wipe-slot=", s->slot, " --tpm2-device=auto --tpm2-pcrs=", to,
                s->signed_pcrs ? arena_join(a, " --tpm2-public-key-pcrs=", numbers(a, s->signed_pcrs, "+", "+"), NULL)
                               : "",
                s->pin ? " --tpm2-with-pin=yes" : "", " ", l->device, NULL);
}

static const char *fix(const struct luks *l, const struct luks_seal *s, const struct seal_verdict *v, uint32_t changed,
                       const char *predict, struct arena *a)
{
        if (v->state == SEAL_LOCKS)
                return arena_join(a, "add a recovery key first: systemd-cryptenroll --recovery-key ", l->device, NULL);
        if (s->pcrlock)
                return predict;
        if (!(s->pcrs & changed) && !s->unclear)
                return arena_join(a, "sign the new boot image for ", seals_pcrs(a, s->signed_pcrs), NULL);
        return arena_join(a, "once the new configuration is kept and booted: ", anew(l, s, a), NULL);
}

static const char *ways(const struct luks *l, bool pin)
{
        if (pin)
                return "the PIN of another key is then asked for";
        if (l->n_passphrases > 0)
                return l->n_recoveries > 0 ? "its passphrase or recovery key is then asked for"
                                           : "its passphrase is then asked for";
        if (l->n_recoveries > 0)
                return "its recovery key is then asked for";
        return l->n_others > 0 ? "neither a passphrase nor a recovery key opens it then, only another token"
                               : "neither a passphrase nor a recovery key opens it then";
}

static struct seal_verdict unknown(const struct luks *l, struct arena *a)
{
        return (struct seal_verdict){
                .state = SEAL_UNKNOWN,
                .what = arena_join(a, "it is unknown whether the key of ", l->device, " (", l->needed,
                                   ") is sealed to what changes: ", l->unknown, NULL),
                .asked = arena_join(a, "the key of ", l->device, " may be sealed", NULL),
                .fix = l->denied ? "run this as root"
                                 : arena_join(a, "look at its key slots: cryptsetup luksDump ", l->device, NULL)};
}

struct seal_verdict seals_judge(const struct luks *l, uint32_t changed, const char *predict, struct arena *a)
{
        const struct luks_seal *s = changed && !l->unknown ? broken(l, changed) : NULL;
        struct seal_verdict v = {};
        const char *to;
        bool pin;

        if (changed && l->unknown)
                return unknown(l, a);
        if (!s)
                return v;
        pin = other_holds(l, s, changed, true);
        v.state = pin || l->n_passphrases + l->n_recoveries > 0 ? SEAL_BREAKS : SEAL_LOCKS;
        to = s->unclear ? arena_join(a, "PCRs that are not known (", s->unclear, ")", NULL)
                        : seals_pcrs(a, (s->pcrs | s->signed_pcrs) & changed);
        v.asked = arena_join(a, "the key of ", l->device, " is sealed to ", to, NULL);
        v.what = arena_join(a, "the key of ", l->device, " (", l->needed, ") is sealed to ", to,
                            s->unclear ? "; " : ", which a new command line or boot image changes; ", ways(l, pin),
                            NULL);
        v.fix = fix(l, s, &v, changed, predict, a);
        return v;
}
