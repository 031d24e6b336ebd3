/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the judging of single tokens shares. */

#include <stdint.h>

#include "cmdline/cmdline.h"

#define SIZES_MAX 16

struct judge {
        const struct cmdline_machine *machine;
        struct arena *arena;
        struct findings *findings;
        const struct token *tokens;
        size_t n_tokens;

        /* Huge pages: what the kernel has read when it comes to the next token of theirs. */
        struct huge_size {
                const struct token *token;
                uint64_t size, count;
                bool asked;          /* a hugepages= was for it, whatever it was worth */
        } sizes[SIZES_MAX], unnamed; /* unnamed: the default size, while no token names one */
        size_t n_sizes;
        struct huge_size *current;      /* which a count is for */
        struct huge_size *counted_last; /* which the last count was for */
        struct huge_size *default_size; /* what default_hugepagesz= names */
        bool invalid_size;              /* the last size was not valid, and swallows the count behind it */
};

int say(struct judge *j, const struct token *t, enum cmdline_reader reader, enum severity severity, const char *fix,
        const char *format, ...) _must_check_ _printf_(6, 7);

/* The last token of that name, or NULL; behind "--" too, for those who do not stop there. */
const struct token *last_named(const struct judge *j, const char *name);

typedef int (*judge_token)(struct judge *j, const struct token *t);

/* iommu.c */
int judge_intel_iommu(struct judge *j, const struct token *t) _must_check_;
int judge_amd_iommu(struct judge *j, const struct token *t) _must_check_;
int judge_iommu(struct judge *j, const struct token *t) _must_check_;
int judge_iommu_passthrough(struct judge *j, const struct token *t) _must_check_;
int judge_iommu_bool(struct judge *j, const struct token *t) _must_check_;
int judge_intremap(struct judge *j, const struct token *t) _must_check_;
int judge_nointremap(struct judge *j, const struct token *t) _must_check_;
int judge_acs_override(struct judge *j, const struct token *t) _must_check_;
int judge_pci(struct judge *j, const struct token *t) _must_check_;

/* hugepages.c */
int judge_hugepagesz(struct judge *j, const struct token *t) _must_check_;
int judge_default_hugepagesz(struct judge *j, const struct token *t) _must_check_;
int judge_hugepages(struct judge *j, const struct token *t) _must_check_;
int judge_hugetlb_cma(struct judge *j, const struct token *t) _must_check_;
/* Sizes that no count followed, and a count that another one replaces. */
int judge_sizes(struct judge *j) _must_check_;

/* drivers.c: what keeps drivers away or brings them in. */
int judge_module_blacklist(struct judge *j, const struct token *t) _must_check_;
int judge_modprobe_blacklist(struct judge *j, const struct token *t) _must_check_;
int judge_rd_blacklist(struct judge *j, const struct token *t) _must_check_;
int judge_old_blacklist(struct judge *j, const struct token *t) _must_check_;
int judge_rd_load(struct judge *j, const struct token *t) _must_check_;
int judge_old_load(struct judge *j, const struct token *t) _must_check_;
int judge_initcall_blacklist(struct judge *j, const struct token *t) _must_check_;
int judge_nomodeset(struct judge *j, const struct token *t) _must_check_;
int judge_video(struct judge *j, const struct token *t) _must_check_;
int judge_passthrough(struct judge *j, const struct token *t) _must_check_;
int judge_passthrough_skip(struct judge *j, const struct token *t) _must_check_;
int judge_passthrough_trial(struct judge *j, const struct token *t) _must_check_;
int judge_kdump(struct judge *j, const struct token *t) _must_check_;

/* params.c: MODULE.PARAMETER of the modules of this field. *ret_known says whether the module is one of them. */
int judge_module_parameter(struct judge *j, const struct token *t, bool *ret_known) _must_check_;
