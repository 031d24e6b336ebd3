# InfiniBand controllers without an interface: they go, unless something may use them for the host.

load product
load tree
load tree-guard

setup() {
    candidates 0000:01:00.0 0000:02:00.0 0000:03:00.0
    tree_again guard-rdma && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    local i
    for i in 1 2; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 15b3:1021 0207 under=0000:00:0$i.0 group=$i driver=mlx5_core
        devnode 0000:0$i:00.0 infiniband_verbs/uverbs$((i - 1)) infiniband/uverbs$((i - 1)) 231:$((191 + i))
        link class/infiniband_verbs/uverbs$((i - 1)) "$(pci_dir 0000:0$i:00.0)/infiniband_verbs/uverbs$((i - 1))"
    done
    put /sys/class/infiniband_verbs/abi_version 6
    for i in mlx5_ib ib_uverbs rdma_cm nvme_rdma; do mkdir -p "$ROOT/sys/module/ib_core/holders/$i"; done
    root_port 0000:00:03.0 03
    pci_add 0000:03:00.0 1002:5159 0403 under=0000:00:03.0 group=3 driver=snd_hda_intel
    rule ib '[Match]' 'Class=network audio' '[Device]' Expect=0-
    tree_keep guard-rdma
}

@test "nobody uses it: it is taken; so it is where the modules are not there" {
    needs_nothing
    exits 0
    rm -r "$ROOT/sys/module/ib_core"
    needs_nothing
}

@test "a process has its node open: that one is needed, the other is not" {
    process 77 ibv_rc /dev/infiniband/uverbs0
    plan
    exits 1
    refused_with 0000:01:00.0 'in use: 0000:01:00.0 ← /dev/infiniband/uverbs0 ← ibv_rc (PID 77)'
    bound 0000:02:00.0 0000:03:00.0
}

@test "processes that cannot be looked at clear none" {
    process 77 ibv_rc /dev/infiniband/uverbs9
    needs_nothing
    rm -r "$ROOT/proc/77/fd"
    ln -s fd "$ROOT/proc/77/fd"
    plan
    refused 0000:01:00.0 'cannot see which programs have devices open'
    refused 0000:02:00.0 'cannot see which programs have devices open'
    bound 0000:03:00.0
}

@test "a module that uses it on its own, or that is not known, clears none" {
    local module
    for module in rds_rdma smc ko2iblnd never_heard_of; do
        mkdir "$ROOT/sys/module/ib_core/holders/$module"
        unclear "$module is loaded" 0000:01:00.0 0000:02:00.0 || return 1
        rmdir "$ROOT/sys/module/ib_core/holders/$module"
    done
    mkdir -p "$ROOT/sys/module/rdma_cm/holders/rds_rdma"
    unclear 'rds_rdma is loaded' 0000:01:00.0 0000:02:00.0
    rm -r "$ROOT/sys/module/rdma_cm"
    mkdir "$ROOT/sys/module/ib_core/holders/ib_ipoib"
    unclear 'another network namespace' 0000:01:00.0 0000:02:00.0
    rm -r "$ROOT/sys/module/ib_core/holders"
    unclear 'cannot see which modules use ib_core' 0000:01:00.0 0000:02:00.0
}

@test "a mount over RDMA, NVMe over RDMA, an iSCSI session where iser is loaded" {
    add_line /proc/self/mountinfo '200 27 0:60 / /data rw - nfs4 192.0.2.9:/data rw,vers=4.2,proto=rdma,port=20049'
    unclear 'mounted over RDMA' 0000:01:00.0 0000:02:00.0
    sed -i /proto=rdma/d "$ROOT/proc/self/mountinfo"
    put /sys/devices/virtual/nvme-fabrics/ctl/nvme7/transport rdma
    link class/nvme/nvme7 devices/virtual/nvme-fabrics/ctl/nvme7
    unclear 'nvme7 is connected over RDMA' 0000:01:00.0 0000:02:00.0
    put /sys/devices/virtual/nvme-fabrics/ctl/nvme7/transport tcp
    needs_nothing
    mkdir -p "$ROOT/sys/devices/platform/host8/session1"
    link class/iscsi_session/session1 devices/platform/host8/session1
    needs_nothing
    mkdir "$ROOT/sys/module/ib_iser"
    unclear 'session1 may be connected over RDMA' 0000:01:00.0 0000:02:00.0
}

@test "one with an interface is judged by that; an Ethernet controller without one is not taken" {
    net_interface ib0 "$(pci_dir 0000:01:00.0)/net/ib0" up
    default_route ib0
    needs 0000:01:00.0 'ib0 ← default route'
    root_port 0000:00:04.0 04
    pci_add 0000:04:00.0 15b3:1017 0200 under=0000:00:04.0 group=4 driver=mlx5_core
    plan
    refused 0000:04:00.0 'another network namespace'
    bound 0000:02:00.0 0000:03:00.0
}
