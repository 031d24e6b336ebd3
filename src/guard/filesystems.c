/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/filesystems.h"

#include "base/str.h"

/* proc_filesystems(5), Documentation/filesystems: those that need no disk of this machine. One that is not here may. */
static const struct {
        enum filesystem kind;
        const char *types; /* with a blank around each */
} kinds[] = {
        {FILESYSTEM_NOTHING,
         " autofs bdev binder binfmt_misc bpf cgroup cgroup2 configfs cpuset dax debugfs devpts devtmpfs drm efivarfs "
         "functionfs fusectl hugetlbfs ipathfs mqueue none nsfs ocfs2_dlmfs oprofilefs pidfs pipefs proc pstore ramfs "
         "resctrl rootfs rpc_pipefs nfsd secretmem securityfs selinuxfs smackfs sockfs spufs sysfs tmpfs tracefs usbfs "
         "xenfs "},
        {FILESYSTEM_NETWORK, " cifs ncpfs nfs nfs4 smb3 smbfs "},
        {FILESYSTEM_CLUSTER, " afs beegfs ceph coda lustre orangefs pvfs2 "},
        {FILESYSTEM_HOST, " 9p prl_fs vboxsf virtiofs vmhgfs "},
        {FILESYSTEM_LAYERS, " aufs composefs overlay unionfs "},
};

enum filesystem filesystem_of(const char *type)
{
        size_t n = strlen(type);

        if (streq(type, "fuse") || startswith(type, "fuse."))
                return FILESYSTEM_PROCESS;
        for (size_t i = 0; n > 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
                for (const char *at = kinds[i].types; (at = strstr(at, type)); at++)
                        if (at[-1] == ' ' && at[n] == ' ')
                                return kinds[i].kind;
        return FILESYSTEM_DISK;
}
