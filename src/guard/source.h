/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How the guard asks the machine's files. */

#include <limits.h>

#include "guard/graph.h"

/*
 * What cannot be read is noted: see struct graph, unknown. A text, "" unless it was read; one that ends in mid-line is
 * unreadable from there on. The names in a directory, none unless it was read. A line less than size, as
 * root_read_line() has it, and where a link leads; "" unless it was read.
 */
enum source guard_read(struct graph *g, const char *path, char **ret);
enum source guard_list(struct graph *g, const char *path, const char ***ret, size_t *ret_n);
/* What is no text. */
enum source guard_bytes(struct graph *g, const char *path, char **ret, size_t *ret_size);
ssize_t guard_attribute(struct graph *g, const char *path, char *buf, size_t size);
/* One of which that cannot be told exists. */
bool guard_exists(struct graph *g, const char *path);
ssize_t guard_readlink(struct graph *g, const char *path, char *buf, size_t size);
/*
 * A file of somebody's configuration, "" if it is masked or not there. One that must be there (a directory has its
 * name), that cannot be read, or that is not whole to its last line end makes the network unknown.
 */
const char *guard_config(struct graph *g, const char *path, bool listed);
/* A table of the kernel's, "" if there is none. */
const char *guard_table(struct graph *g, const char *path);
/* The same path below what will be the host's root: in an initrd, below where that mounts it. */
const char *guard_in_root(const struct graph *g, const char *path);
/* The names in a class's directory: where they cannot be read, evidence.h's unlisted says so, too. */
enum source guard_class(struct graph *g, const char *path, const char ***ret, size_t *ret_n);
/* Where the link dir/name leads, "" if it is none; dir is open as dir_fd. Returns buf. */
const char *guard_link(struct graph *g, int dir_fd, const char *dir, const char *name, char buf[static PATH_MAX]);
/*
 * A virtual function is there for as long as a driver of the host has the physical one: what is reached through the one
 * is reached through the other, from that node on. Early in the next boot there is no virtual function yet, and nothing
 * else would speak of it.
 */
void guard_reach_physical(struct graph *g, size_t first);
