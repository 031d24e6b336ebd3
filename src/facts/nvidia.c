/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/nvidia.h"

#include <limits.h>

#include "base/str.h"

#define VALIDATIONS "/run/nvidia/validations"
#define PODS        "/var/log/pods"

/* Where units are, the first that has one counts. */
static const char *const dirs[] = {"/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/",
                                   "/usr/lib/systemd/system/", "/lib/systemd/system/"};

static bool is_wanted(const struct root *root, struct arena *a, const char *dir, const char *unit, bool *unreadable)
{
        const char **names;
        size_t n;
        char target[PATH_MAX];

        *unreadable |= root_look_in(root, a, dir, &names, &n) == SOURCE_UNREADABLE;
        for (size_t i = 0; i < n; i++)
                if ((endswith(names[i], ".wants") || endswith(names[i], ".requires")) &&
                    root_readlink(root, arena_join(a, dir, names[i], "/", unit, NULL), target, sizeof(target)) > 0)
                        return true;
        return false;
}

static enum unit_state state_of(const struct root *root, struct arena *a, const char *unit)
{
        char target[PATH_MAX];
        bool found = false, unreadable = false;

        for (size_t i = 0; i < ARRAY_SIZE(dirs) && !found; i++) {
                const char *file = arena_join(a, dirs[i], unit, NULL);
                ssize_t n = root_readlink(root, file, target, sizeof(target) - 1);

                target[n > 0 ? n : 0] = '\0';
                if (streq(target, "/dev/null"))
                        return UNIT_MASKED;
                found = *target || root_exists(root, file);
        }
        if (!found)
                return UNIT_ABSENT;
        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                if (is_wanted(root, a, dirs[i], unit, &unreadable))
                        return UNIT_ENABLED;
        return unreadable ? UNIT_UNREADABLE : UNIT_DISABLED;
}

/* The kubelet has a directory NAMESPACE_POD_UID for each pod that is here. */
static void look_for_manager(const struct root *root, struct arena *a, struct nvidia_host *ret)
{
        static const char *const pods[] = {"_nvidia-vgpu-device-manager-", "_vgpu-device-manager-"};
        static const char made[] = VALIDATIONS "/vgpu-devices-ready";
        const char **names;
        size_t n;

        if (root_exists(root, made))
                ret->manager = made;
        if (root_look_in(root, a, PODS, &names, &n) == SOURCE_UNREADABLE)
                ret->unreadable = PODS;
        for (size_t i = 0; i < n && !ret->manager; i++)
                for (size_t k = 0; k < ARRAY_SIZE(pods); k++)
                        if (strstr(names[i], pods[k]))
                                ret->manager = arena_join(a, PODS "/", str_printable(a, names[i]), NULL);
}

void nvidia_host_read(const struct root *root, struct arena *a, struct nvidia_host *ret)
{
        static const char driver[] = VALIDATIONS "/vgpu-manager-ready";

        *ret = (struct nvidia_host){};
        for (size_t i = 0; i < NVIDIA_SERVICE_MAX_; i++)
                ret->services[i] = state_of(root, a, arena_join(a, nvidia_service_name(i), ".service", NULL));
        ret->container = root_exists(root, driver) ? driver : NULL;
        look_for_manager(root, a, ret);
}
