# Virtual functions of NVMe controllers: they get queues and are set online, unless the host has anything to do with the controller.

load product
load tree
load sriov

PF=/sys/bus/pci/devices/0000:05:00.0

setup() {
    tree_again sriov-nvme && return
    tree_new
    pci_add 0000:00:17.0 8086:a102 0106 group=9 driver=ahci
    disk sda 8:0 0000:00:17.0
    part sda1 8:1
    mounted sda1 / ext4
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 144d:a824 010802 under=0000:00:05.0 group=5 driver=nvme
    nvme_serial 0000:05:00.0 nvme1 S64FNE0R
    put "/sys/$(pci_dir 0000:05:00.0)/nvme/nvme1/state" live
    disk nvme1n1 259:1 0000:05:00.0
    udev_tags nvme1n1
    sriov 0000:05:00.0 32
    pci_set 0000:05:00.0 reset ''
    process 1 systemd
    tree_keep sriov-nvme
}

functions() {
    rule 50-disk '[Match]' Path=00:05.0/00.0 '[SR-IOV]' "$@"
}

# vfs N [KEY=VALUE...]: as the driver leaves them, the parent being as it was.
vfs() {
    local i
    for ((i = 0; i < $1; i++)); do
        pci_add "0000:05:00.$((i + 1))" 144d:a824 010802 under=0000:00:05.0 "group=$((50 + i))" physfn=0000:05:00.0 "index=$i" "${@:2}"
    done
    pci_set 0000:05:00.0 sriov_numvfs 0
}

@test "its resources are set free, it is reset, and each function has an equal part and is set online before it is handed over" {
    functions VirtualFunctions=2
    plan
    exits 0
    rule_is 50-disk ok
    is "$(planned)" "$(paste -sd' ' <<'END'
write sriov_drivers_autoprobe 0
nvme  flexible vq 0 vi 0
write reset 1
nvme  live
write sriov_numvfs 2
verify sriov_numvfs 2
nvme  vf 0 vq 1/2 vi 1/2 online
nvme  vf 1 vq 1/2 vi 1/2 online
nvme  namespaces
load vfio-pci ids=
load vfio_iommu_type1 
write virtfn0/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:05:10.0
verify virtfn0/driver vfio-pci
write virtfn1/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:05:10.2
verify virtfn1/driver vfio-pci
write sriov_drivers_autoprobe 1
END
    )" operations
}

@test "on a host that is up the operations are those of the plan, and other functions go first" {
    vfs 2 driver=vfio-pci
    pci_set 0000:05:00.0 sriov_numvfs 1
    functions VirtualFunctions=2
    make_functions 50-disk
    exits 0
    attribute 0000:05:00.0 sriov_numvfs 2
    attribute 0000:05:00.0 sriov_drivers_autoprobe 1
    attribute 0000:05:00.0 reset 1
    attribute 0000:05:00.2 driver_override vfio-pci
    diff "$ROOT/passthrough-netlink" - <<END
$PF flexible vq 0 vi 0
$PF live
$PF vf 0 vq 1/2 vi 1/2 online
$PF vf 1 vq 1/2 vi 1/2 online
$PF namespaces
END
}

@test "with as many as there are to be it is not reset, and those that are offline are set online" {
    vfs 2 driver=vfio-pci
    pci_set 0000:05:00.0 sriov_numvfs 2
    functions VirtualFunctions=2
    make_functions 50-disk
    exits 0
    attribute 0000:05:00.0 reset ''
    diff "$ROOT/passthrough-netlink" - <<END
$PF vf 0 vq 1/2 vi 1/2 online
$PF vf 1 vq 1/2 vi 1/2 online
$PF namespaces
END
}

# refused_untouched REGEX: by the plan of the next boot and by hand, and nothing is written.
refused_untouched() {
    plan
    exits 1
    rule_is 50-disk refused
    rule_says 50-disk "$1"
    is "$(planned)" '' operations
    make_functions 50-disk
    exits 1
    attribute 0000:05:00.0 sriov_numvfs 0
    attribute 0000:05:00.0 reset ''
    [[ ! -e $ROOT/passthrough-netlink ]]
}

@test "refused: a disk of it is mounted, or in fstab, or swap" {
    functions VirtualFunctions=2
    mounted nvme1n1 /srv ext4
    refused_untouched '05:00\.0: the host needs it: .* ← nvme1n1 ← /srv'
    sed -i /nvme1n1/d "$ROOT"/proc/{mounts,self/mountinfo}
    add_line /etc/fstab '/dev/nvme1n1 /srv ext4 defaults 0 0'
    refused_untouched 'the host needs it: .* ← nvme1n1 ← '
    rm "$ROOT/etc/fstab"
    swap_on nvme1n1
    refused_untouched 'the host needs it: .* ← nvme1n1 ← swap'
}

@test "refused: what is mounted cannot be seen" {
    functions VirtualFunctions=2
    rm "$ROOT/proc/self/mountinfo"
    mkdir "$ROOT/proc/self/mountinfo"
    refused_untouched 'not cleared: '
}

@test "while a process has a disk of it open, it is waited for, and the process named" {
    functions VirtualFunctions=2
    process 4711 ceph-osd /dev/nvme1n1
    plan
    rule_says 50-disk '05:00\.0: in use: .* ← nvme1n1 ← ceph-osd \(PID 4711\)'
    make_functions 50-disk
    exits 1
    has '05:00.0 waits for its users: ' 'ceph-osd (PID 4711)'
    attribute 0000:05:00.0 reset ''
    [[ ! -e $ROOT/passthrough-netlink ]]
    rm -r "$ROOT/proc/4711"
    vfs 2 driver=vfio-pci
    make_functions 50-disk
    exits 0
}

@test "so it is where the process sends commands alone, to a namespace of several paths, whose nodes are below no controller" {
    local head=devices/virtual/nvme-subsystem/nvme-subsys1
    rm -r "$ROOT/sys/$(pci_dir 0000:05:00.0)/nvme/nvme1/nvme1n1" "$ROOT/sys/class/block/nvme1n1"
    block nvme1n1 259:1 $head/nvme1n1
    link class/nvme-subsystem/nvme-subsys1 $head
    link $head/nvme1 "$(pci_dir 0000:05:00.0)/nvme/nvme1"
    put /sys/$head/ng1n1/dev 510:1
    put /sys/$head/ng1n1/uevent MAJOR=510 MINOR=1 DEVNAME=ng1n1
    link class/nvme-generic/ng1n1 $head/ng1n1
    functions VirtualFunctions=2
    process 4711 qemu-system-x86 /dev/ng1n1
    plan
    rule_says 50-disk '05:00\.0: in use: .* ← nvme1n1 ← qemu-system-x86 \(PID 4711\)'
    make_functions 50-disk
    exits 1
    has '05:00.0 waits for its users: '
    attribute 0000:05:00.0 reset ''
    # A node that does not tell its numbers may be the one that a process has open.
    : >"$ROOT/sys/$head/ng1n1/dev"
    plan
    exits 1
    rule_says 50-disk 'cannot see which programs have devices open: /sys/class/nvme-generic/ng1n1/dev cannot be read'
}

@test "a storage controller that is no NVMe one makes none" {
    pci_add 0000:00:1a.0 1000:00e6 0107 group=21 driver=mpt3sas
    sriov 0000:00:1a.0 7
    rule 50-disk '[Match]' Address=00:1a.0 '[SR-IOV]' VirtualFunctions=2
    plan
    exits 1
    rule_says 50-disk 'virtual functions of storage controllers other than NVMe are not built'
}

@test "released, they go away, and the host may have its disk in use" {
    vfs 2
    pci_set 0000:05:00.0 sriov_numvfs 2
    functions VirtualFunctions=2
    mounted nvme1n1 /srv ext4
    ctl release 50-disk
    exits 0
    attribute 0000:05:00.0 sriov_numvfs 0
    attribute 0000:05:00.0 reset ''
}

@test "what is of a network has no place in a rule for a controller of disks" {
    functions VirtualFunctions=2 '[VirtualFunction]' Index=0 VLANId=5
    plan
    exits 1
    rule_says 50-disk '^0000:05:00\.0: it is no network card, and the rule sets up a network'
    functions VirtualFunctions=2 Eswitch=switchdev
    plan
    exits 1
    rule_is 50-disk refused
    # Those that are there from before can go.
    vfs 2
    pci_set 0000:05:00.0 sriov_numvfs 2
    functions VirtualFunctions=2 '[VirtualFunction]' Index=0 VLANId=5
    ctl release 50-disk
    exits 0
    attribute 0000:05:00.0 sriov_numvfs 0
}
