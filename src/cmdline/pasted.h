/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a line has that was pasted from a page, a mail or a file of another form. Pure. */

#include "cmdline/cmdline.h"

/*
 * The token without what no reader of the line takes for what it looks like: typographic quotes, long dashes, and
 * blanks that are no ASCII. NULL: it has none of them; else *ret_what says which came first, and *ret_quotes whether
 * there were quotes.
 */
const char *pasted_plain(struct arena *a, const char *token, const char **ret_what, bool *ret_quotes);

/* A device's ID, "10de:1b06", with or without a comma around it. */
bool pasted_is_id(const char *token);

/*
 * The list that token i belongs to if the blanks in it are taken out: "vfio-pci.ids=10de:1b06, 10de:10ef". *ret_head is
 * the token that it begins with. NULL: it belongs to none.
 */
const char *pasted_list(struct arena *a, const struct token *tokens, size_t n, size_t i, size_t *ret_head);

/* What was meant by a token that is only the end of another: "igfx_off", "efifb:off". NULL: nothing that is known. */
const char *pasted_whole(const char *token);
