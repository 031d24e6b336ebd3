/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/readiness.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/str.h"
#include "bus/mdev/mdev.h"
#include "bus/pci/pci.h"
#include "config/sriov.h"
#include "ctl/ids-say.h"
#include "ctl/lines.h"
#include "ctl/sealed.h"
#include "facts/gather.h"
#include "facts/users.h"
#include "maker/origin.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"
#include "validate/machine.h"

static void add_module(struct ctl *c, const char *name, const char *directory, struct check_facts *ret)
{
        struct module *m;

        for (size_t i = 0; i < ret->n_modules; i++)
                if (streq(ret->modules[i].name, name))
                        return;
        m = arena_grow(&c->arena, &ret->modules, ret->n_modules, sizeof(*m));
        *m = (struct module){.name = name, .directory = directory};
        ret->n_modules++;
}

/* What mediated devices are made with, and until Linux 6.0 opened with. */
static void mdev_modules(struct ctl *c, struct check_facts *ret)
{
        static const char driver[] = "/sys/bus/mdev/drivers/vfio_mdev";
        bool needed = false;

        for (size_t i = 0; i < c->config.n_rules; i++)
                needed |= !c->config.rules[i].invalid && c->config.rules[i].vgpu && c->config.rules[i].bus->made;
        for (size_t i = 0; c->plan.vgpu && i < c->plan.vgpu->n_parents; i++)
                needed |= c->plan.vgpu->parents[i].is.kind == VGPU_MEDIATED;
        if (!needed)
                return;
        add_module(c, "mdev", root_exists(&c->root, MDEV_PARENTS) ? MDEV_PARENTS : NULL, ret);
        if (kernel_since(ret->kernel.release, 6, 0) == KNOWN_NO)
                add_module(c, "vfio_mdev", root_exists(&c->root, driver) ? driver : NULL, ret);
}

static void modules(struct ctl *c, struct check_facts *ret)
{
        bool power = ret->machine.cmdline.arch == ARCH_POWER;
        const char *const vfio[] = {"vfio-pci", "vfio", driver_iommu_module(power), "iommufd"};
        const struct facts *facts = &c->facts;

        for (size_t i = 0; i < ARRAY_SIZE(vfio); i++)
                add_module(c, vfio[i], NULL, ret);
        for (size_t i = 0; i < facts->n_modules; i++)
                add_module(c, facts->modules[i].name,
                           facts->modules[i].state == MODULE_REGISTERED ? facts->modules[i].directory : NULL, ret);
        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const struct device *d = &facts->devices[e->device];

                /* A virtual GPU keeps the driver that it has. */
                if (e->driver && !d->bus->syntax->taken_by && !device_is_vgpu(d))
                        add_module(c, e->driver, NULL, ret);
        }
        mdev_modules(c, ret);
        if (facts->kernel)
                modules_look_up(&c->root, &c->arena, facts->kernel, ret->modules, ret->n_modules);
        for (size_t i = 0; i < ret->n_modules; i++)
                if (ret->modules[i].directory)
                        ret->modules[i].state = MODULE_REGISTERED;
        modules_look_loaded(&c->root, &c->arena, ret->modules, ret->n_modules);
}

static bool is_nobody(struct ctl *c, enum user_kind kind, const char *name)
{
        uint32_t number;

        return name && user_find(&c->root, &c->arena, kind, name, &number) == USER_NOBODY;
}

static void devices(struct ctl *c, struct check_facts *ret)
{
        ret->devices = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*ret->devices));
        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const struct node_access *access = &c->config.rules[e->rule].node;
                const struct device *d = &c->facts.devices[e->device];
                struct check_device *x = &ret->devices[i];

                inspect(&c->root, &c->arena, ret->kernel.release, d, &x->shows);
                if (d->bus == &pci_bus) {
                        pci_line_look(&c->root, &c->arena, &c->facts, e->device, &x->line);
                        pci_functions_look(&c->root, d, &x->functions);
                }
                x->no_owner = is_nobody(c, USER, access->owner);
                x->no_group = is_nobody(c, GROUP, access->group);
        }
}

/* When a file was changed last, in seconds; 0 where it is not there. */
static int64_t changed(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_PATH);
        struct stat st;

        return fd < 0 || fstat(fd, &st) < 0 ? 0 : (int64_t)st.st_mtime;
}

static void config_changed(struct ctl *c, struct check_facts *ret)
{
        const struct config *config = &c->config;
        const char *newest = "/etc/passthrough.d"; /* a rule that was removed is in no file */
        int64_t at = changed(&c->root, newest);

        for (size_t r = 0; r < config->n_rules; r++)
                for (size_t i = 0; i < config->rules[r].n_files && !config->rules[r].credential; i++) {
                        int64_t t = changed(&c->root, config->rules[r].files[i]);

                        if (t >= at) {
                                at = t;
                                newest = config->rules[r].files[i];
                        }
                }
        ret->config_changed = at;
        ret->config_newest = newest;
}

static int images(struct ctl *c, const struct boot_facts *boot, struct check_facts *ret)
{
        struct installed_list list;
        int k = 0;

        boot = boot->unreadable ? NULL : boot;
        installed_find(&c->root, &c->arena, &ret->makers, boot, &list);
        running_find(&c->root, &c->arena, &ret->makers, boot, &list, &c->config, &ret->running);
        ret->images = arena_alloc(&c->arena, list.n * sizeof(*ret->images));
        for (; k == 0 && ret->n_images < list.n; ret->n_images++) {
                const struct installed *image = &list.v[ret->n_images];
                struct check_image *x = &ret->images[ret->n_images];

                *x = (struct check_image){.release = image->release, .kernel = image->kernel, .path = image->path};
                if (!image->path) {
                        x->lost = installed_lost_of(&list, &c->arena, image->release);
                        continue;
                }
                x->made = (int64_t)image->st.st_mtime;
                k = origin_judge(&c->root, &c->arena, &ret->makers, image, &c->config, &x->read, &x->stale);
        }
        return k;
}

/* Each by itself. */
static void esps(struct ctl *c, const struct boot_facts *boot, const struct needs *needs, struct check_facts *ret)
{
        struct strings tokens = {};

        for (size_t i = 0; i < needs->n_tokens; i++)
                strings_add(&c->arena, &tokens, needs->tokens[i].token);
        ret->esps = arena_alloc(&c->arena, boot->n_esps * sizeof(*ret->esps));
        for (; ret->n_esps < boot->n_esps; ret->n_esps++) {
                struct boot_facts one = *boot;
                struct boot_verdict verdict;

                one.esps = &boot->esps[ret->n_esps];
                one.n_esps = 1;
                boot_verify(&one, tokens, &c->arena, &verdict);
                ret->esps[ret->n_esps] = (struct check_esp){
                        .uuid = one.esps->uuid, .unread = one.esps->unread || !boot->loader, .wrong = verdict.lacking};
        }
}

static void trial(struct ctl *c, const struct boot_facts *boot, const struct needs *needs, struct check_facts *ret)
{
        boot_trial_lines(boot, &c->arena, &ret->of_trial);
        trial_read(&c->root, &c->arena, &ret->trial);
        ret->live = c->root.live;
        if (!ret->live)
                return;
        ret->watchdog = trial_watchdog(&c->root);
        ret->loader_problem = needs->n_tokens > 0 ? boot->problem : NULL;
        ret->trial_problem = boot->unreadable ? arena_join(&c->arena, boot->unreadable, " cannot be read", NULL)
                                              : oneshot_problem(boot, &c->root, &c->arena);
}

static int volumes(struct ctl *c, const struct boot_facts *boot, struct check_facts *ret)
{
        int k = sealed_gather(c, &ret->volumes);

        if (k < 0 || ret->volumes.n == 0)
                return k;
        ret->changed_pcrs = seals_changed(boot, true, true);
        ret->predict = sealed_predict(c, boot);
        return 0;
}

static void look_at_daemons(struct ctl *c, struct check_facts *ret)
{
        for (size_t i = 0; i < c->config.n_rules; i++)
                if (c->config.rules[i].bus->taken_by) {
                        daemons_read(&c->root, &c->arena, &ret->daemons);
                        return;
                }
}

static void look_at_switch(struct ctl *c, struct check_facts *ret)
{
        for (size_t i = 0; i < c->config.n_rules; i++)
                if (c->config.rules[i].sriov && c->config.rules[i].sriov->eswitch == ESWITCH_SWITCHDEV) {
                        openvswitch_read(&c->root, &c->arena, &ret->openvswitch);
                        return;
                }
}

int ctl_readiness(struct ctl *c, struct check_facts *ret)
{
        struct needs needs = ctl_needs(c);
        struct boot_facts boot;
        int k;

        *ret = (struct check_facts){};
        makers_find(c->makers, c->initrds, &c->root, &c->arena, &ret->makers);
        machine_read(&c->root, &c->arena, &ret->machine);
        validate_machine_of(&c->root, &c->arena, &c->facts, &ret->machine.cmdline);
        iommus_read(&c->root, &c->arena, &ret->iommus);
        kernel_read(&c->root, &c->arena, NULL, &ret->kernel);
        memory_read(&c->root, &c->arena, &ret->memory);
        rivals_read(&c->root, &c->arena, &ret->rivals);
        boot_scripts_read(&c->root, &c->arena, ret->makers.maker->settings, &ret->scripts);
        owners_read(&c->root, &c->arena, &ret->owners);
        if (c->plan.sriov && c->plan.sriov->n_parents > 0)
                complaints_read(&c->root, &c->arena, &ret->complaints);
        if (c->plan.vgpu && c->plan.vgpu->n_parents > 0)
                nvidia_host_read(&c->root, &c->arena, &ret->nvidia);
        pve_mappings_read(&c->root, &c->arena, &ret->mappings);
        ids_look(c, &ret->ids);
        look_at_switch(c, ret);
        look_at_daemons(c, ret);
        modules(c, ret);
        devices(c, ret);
        boot_detect_all(c->loaders, &c->root, &c->arena, &boot);
        esps(c, &boot, &needs, ret);
        trial(c, &boot, &needs, ret);
        config_changed(c, ret);
        lines_judge_next(c, &needs, &ret->refused);
        k = volumes(c, &boot, ret);
        return k < 0 ? k : images(c, &boot, ret);
}
