/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The judges of single tokens, by the file they are in. */

#include "cmdline/finding.h"

typedef void (*judge_token)(struct judge *j, const struct token *t);

/* iommu.c */
void judge_intel_iommu(struct judge *j, const struct token *t);
void judge_amd_iommu(struct judge *j, const struct token *t);
void judge_iommu(struct judge *j, const struct token *t);
void judge_iommu_passthrough(struct judge *j, const struct token *t);
void judge_iommu_bool(struct judge *j, const struct token *t);
void judge_intremap(struct judge *j, const struct token *t);
void judge_nointremap(struct judge *j, const struct token *t);
void judge_nolapic(struct judge *j, const struct token *t);
void judge_acs_override(struct judge *j, const struct token *t);
void judge_pci(struct judge *j, const struct token *t);

/* hugepages.c */
void judge_hugepagesz(struct judge *j, const struct token *t);
void judge_default_hugepagesz(struct judge *j, const struct token *t);
void judge_hugepages(struct judge *j, const struct token *t);
void judge_hugetlb_cma(struct judge *j, const struct token *t);
/* Sizes that no count followed, and a count that another one replaces. */
void judge_sizes(struct judge *j);
/* What all counts make together, in bytes, and the last token of them, or NULL. */
uint64_t judge_pages(const struct judge *j, const struct token **ret);
/* lib/cmdline.c, memparse(). */
uint64_t judge_bytes(const char *s);

/* drivers.c: what keeps drivers away or brings them in. */
void judge_module_blacklist(struct judge *j, const struct token *t);
void judge_modprobe_blacklist(struct judge *j, const struct token *t);
void judge_rd_blacklist(struct judge *j, const struct token *t);
void judge_old_blacklist(struct judge *j, const struct token *t);
void judge_rd_load(struct judge *j, const struct token *t);
void judge_old_load(struct judge *j, const struct token *t);
void judge_initcall_blacklist(struct judge *j, const struct token *t);
void judge_nomodeset(struct judge *j, const struct token *t);
void judge_video(struct judge *j, const struct token *t);
void judge_passthrough(struct judge *j, const struct token *t);
void judge_passthrough_skip(struct judge *j, const struct token *t);
void judge_passthrough_trial(struct judge *j, const struct token *t);
void judge_kdump(struct judge *j, const struct token *t);

/* params.c: a parameter without its module, or with another sign between the two: what was meant, or NULL. */
const char *judge_parameter_meant(struct judge *j, const struct token *t);
/* Whether it is a parameter of one of the modules. */
bool judge_is_parameter(const char *name);
/* params.c: MODULE.PARAMETER of the modules of this field. *ret_known says whether the module is one of them. */
void judge_module_parameter(struct judge *j, const struct token *t, bool *ret_known);

/* booting.c: what keeps the host from booting or from answering. */
void judge_root(struct judge *j, const struct token *t);
void judge_init(struct judge *j, const struct token *t);
void judge_rdinit(struct judge *j, const struct token *t);
void judge_unit(struct judge *j, const struct token *t);
void judge_run(struct judge *j, const struct token *t);
void judge_mask(struct judge *j, const struct token *t);
void judge_rescue(struct judge *j, const struct token *t);
void judge_rd_break(struct judge *j, const struct token *t);

/* hardware.c: what the kernel is to do without. */
void judge_mem(struct judge *j, const struct token *t);
void judge_acpi(struct judge *j, const struct token *t);
void judge_noapic(struct judge *j, const struct token *t);
void judge_maxcpus(struct judge *j, const struct token *t);
/* Huge pages, and the memory that is left beside them. */
void judge_memory(struct judge *j);
