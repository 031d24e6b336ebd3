/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot images, the programs that make them, and how old both they and the config are. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/str.h"
#include "check/gather.h"
#include "maker/origin.h"

/* When a file was changed last, in seconds; 0 where it is not there. */
static int64_t changed(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_PATH);
        struct stat st;

        return fd < 0 || fstat(fd, &st) < 0 ? 0 : (int64_t)st.st_mtime;
}

static void config_changed(struct gather *g)
{
        const struct config *config = g->plan->config;
        const char *newest = "/etc/passthrough.d"; /* a rule that was removed is in no file */
        int64_t at = changed(g->root, newest);

        for (size_t r = 0; r < config->n_rules; r++)
                for (size_t i = 0; i < config->rules[r].n_files; i++) {
                        int64_t t = changed(g->root, config->rules[r].files[i]);

                        if (t >= at) {
                                at = t;
                                newest = config->rules[r].files[i];
                        }
                }
        g->facts->config_changed = at;
        g->facts->config_newest = newest;
}

static int gather_image(struct gather *g, const struct installed *image)
{
        struct check_image *x = arena_grow(g->arena, &g->facts->images, g->facts->n_images, sizeof(*x));

        *x = (struct check_image){.release = image->release, .kernel = image->kernel, .path = image->path};
        g->facts->n_images++;
        if (!image->path)
                return 0;
        x->made = (int64_t)image->st.st_mtime;
        return origin_judge(g->root, g->arena, &g->facts->makers, image, g->plan->config, &x->read, &x->stale);
}

int gather_trial(struct gather *g)
{
        struct check_facts *f = g->facts;
        struct boot_facts boot;

        trial_read(g->root, g->arena, &f->trial);
        f->live = g->root->live;
        if (!f->live)
                return 0;
        f->watchdog = trial_watchdog(g->root);
        boot_detect(g->loaders, g->root, g->arena, &boot);
        f->trial_problem = boot.unreadable ? arena_join(g->arena, boot.unreadable, " cannot be read", NULL)
                                           : oneshot_problem(&boot, g->root, g->arena);
        return 0;
}

int gather_images(struct gather *g)
{
        struct installed_list list;
        int k = 0;

        config_changed(g);
        installed_look(g->loaders, &g->facts->makers, g->root, g->arena, &list);
        for (size_t i = 0; k == 0 && i < list.n; i++)
                k = gather_image(g, &list.v[i]);
        return k;
}
