# passthroughctl check of rules that make virtual GPUs: who else makes them, what only the administrator can do, and what shows of neither.

load product
load tree
load tree-vgpu

setup() {
    tree_again vgpu-check && return
    tree_new
    image_there
    menu_there
    cmdline intel_iommu=on iommu=pt
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    tree_keep vgpu-check
}

# an_a40: with four virtual functions of NVIDIA's vendor VFIO, its services and its program.
an_a40() {
    nvidia_card
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    sriov_manage
    vgpu_services
}

# vgpu_services: NVIDIA's two, enabled.
vgpu_services() {
    local unit
    for unit in nvidia-vgpud.service nvidia-vgpu-mgr.service; do
        put "/usr/lib/systemd/system/$unit" '[Unit]'
        unit_enabled "$unit"
    done
}

# check: the rows as JSON, with an image that is newer than the rules; a fix stands where something is to be done, and only there.
check() {
    touch "$ROOT/boot/initrd.img-$KERNEL"
    ctl check --json "$@"
    whole '.checks | length > 0 and all(.[]; ((.status | IN("warn", "fail")) == (.fix != "")))'
}

# row ID STATUS [MESSAGE REGEX [FIX REGEX]]: that is the one row of it.
row() {
    is "$(get "[.checks[] | select(.id == \"$1\")] | length")" 1 "rows of $1" &&
        is "$(get ".checks[] | select(.id == \"$1\").status")" "$2" "status of $1" || return 1
    [[ $(get ".checks[] | select(.id == \"$1\").message") =~ ${3-} && $(get ".checks[] | select(.id == \"$1\").fix") =~ ${4-} ]] ||
        { get ".checks[] | select(.id == \"$1\")" && return 1; }
}

no_row() {
    is "$(get ".checks[] | select(.id == \"$1\") | .id")" '' "row $1"
}

bad() {
    get '.checks[] | select(.status | IN("warn", "fail")) | .id'
}

# --- what is well

@test "a host that is ready for its virtual GPUs passes, in the area of their name" {
    an_a40
    vgpus Type=A40-8Q Count=2
    check
    exits 0
    is "$(bad)" '' 'rows that are not well'
    row "vgpu.$CARD" pass 'offers .*A40-8Q'
    row vgpu.nvidia-vgpud pass
    row vgpu.nvidia-vgpu-mgr pass
    row group.60-vgpu pass '4 virtual functions'
    row guard.60-vgpu skip
    ctl check
    has 'virtual GPUs, '
    has_not 'leaves its devices to the host'
}

@test "rules without types have none of these rows, nor has a host without rules" {
    check
    no_row "vgpu.$CARD"
    xe_card
    vgpus Count=2
    check
    no_row "vgpu.$CARD"
    no_row vgpu.nvidia-vgpud
    no_row module.mdev
    row "sriov.$CARD" skip
}

# --- who else makes them

@test "units that make the virtual functions of the card: each by its name, with what to do" {
    local unit
    an_a40
    vgpus Type=A40-8Q
    for unit in pve-nvidia-sriov@ALL.service nvidia-sriov-manage@0000:41:00.0.service; do
        unit_enabled "$unit"
        check
        exits 1
        row conflict.pve-nvidia-sriov fail "0000:41:00.0: both .*/$unit and /etc/passthrough.d/60-vgpu.conf" \
            "^systemctl disable $unit, or the rule: passthroughctl remove 60-vgpu$"
        row "vgpu.$CARD" skip 'see conflict'
        is "$(bad)" conflict.pve-nvidia-sriov 'rows that are not well'
        rm "$ROOT/etc/systemd/system/multi-user.target.wants/$unit"
    done
    unit_enabled nvidia-sriov-manage@0000:42:00.0.service
    check
    exits 0
    row conflict.pve-nvidia-sriov pass
}

@test "a definition of mdevctl: the same UUID, and one that takes the room; any other stays its own" {
    mtty_parent 2
    vgpus Type=mtty-1 "UUID=$GIVEN"
    mdevctl_defined mtty "$GIVEN" mtty-1 manual
    check
    exits 1
    row conflict.mdevctl fail "mtty: both /etc/mdevctl.d/mtty/$GIVEN and /etc/passthrough.d/60-vgpu.conf" \
        "^mdevctl undefine -u $GIVEN -p mtty, or the rule: passthroughctl remove 60-vgpu$"
    row vgpu.mtty skip 'see conflict'
    rm "$ROOT/etc/mdevctl.d/mtty/$GIVEN"
    mdevctl_defined mtty "$FOREIGN" mtty-1 auto
    check
    exits 0
    row conflict.mdevctl pass '1 definition .* its own'
    mdev_available devices/virtual/mtty/mtty mtty-1 1
    check
    row conflict.mdevctl fail "both /etc/mdevctl.d/mtty/$FOREIGN" "^mdevctl undefine -u $FOREIGN -p mtty, "
}

@test "definitions that cannot be read are no reason to go on" {
    mtty_parent 2
    vgpus Type=mtty-1
    put "/etc/mdevctl.d/mtty/$FOREIGN" '{'
    check
    exits 1
    row conflict.mdevctl fail 'cannot see whether' "^see why /etc/mdevctl.d/mtty/$FOREIGN cannot be read$"
}

@test "the GPU operator's vgpu-device-manager is known by its pod, or by what its validator leaves" {
    local place
    an_a40
    vgpus Type=A40-8Q
    for place in /var/log/pods/gpu-operator_nvidia-vgpu-device-manager-x7k2p_0d1f/nvidia-vgpu-device-manager/0.log \
        /var/log/pods/default_vgpu-device-manager-abcde_0d1f/x/0.log /run/nvidia/validations/vgpu-devices-ready; do
        put "$place" ''
        check
        exits 1
        row conflict.vgpu-device-manager fail 'vgpu-device-manager .*0000:41:00.0' 'nvidia.com/gpu.deploy.vgpu-device-manager=false'
        rm -r "$ROOT/var/log/pods" "$ROOT/run/nvidia" 2>/dev/null || :
    done
    mkdir -p "$ROOT/var/log/pods/kube-system_coredns-5d78c_0d1f"
    check
    exits 0
    row conflict.vgpu-device-manager pass
    mtty_parent
    vgpus Type=mtty-1
    check
    no_row conflict.vgpu-device-manager
}

# --- what the administrator does

@test "unlike sizes take heterogeneous mode, which does not show; the command is the fix" {
    an_a40
    vgpus Type=A40-8Q '[VirtualGPU]' Type=A40-4Q
    check
    row "vgpu.$CARD" warn 'unlike sizes, .*heterogeneous' "^nvidia-smi vgpu -i $CARD -shm 1"
    exits 0
    ctl check
    has "fix: nvidia-smi vgpu -i $CARD -shm 1"
    vendor_current 0 558
    vendor_current 1 557
    check
    row "vgpu.$CARD" pass
}

@test "a type of a GPU instance takes one; the commands are the fix" {
    an_a40
    vgpus Type=A100-1-5C
    check
    exits 1
    row "vgpu.$CARD" fail 'GPU instance' "nvidia-smi -i $CARD -mig 1.* nvidia-smi mig -i $CARD -cgi PROFILE -C"
}

@test "a type that is no longer there, as after an update of the driver, is named with those that are" {
    an_a40
    vgpus Type=A40-6Q
    check
    exits 1
    row "vgpu.$CARD" fail 'no type A40-6Q' "Type= that passthroughctl list --types $CARD shows into /etc/passthrough.d/60-vgpu.conf"
}

@test "more than fit: how many do" {
    mtty_parent 3
    vgpus Type=mtty-1 Count=4
    check
    exits 1
    row vgpu.mtty fail '3 of 4 fit' '/etc/passthrough.d/60-vgpu.conf, by Count='
    row group.60-vgpu skip
}

@test "without NVIDIA's program its virtual functions are made by nobody" {
    nvidia_card
    vgpu_services
    vgpus Type=A40-8Q
    check
    exits 1
    row "vgpu.$CARD" fail 'sriov-manage' "install NVIDIA's vGPU host driver"
    sriov_manage
    check
    row "vgpu.$CARD" skip 'virtual functions'
    ctl check
    says "^  unknown  vgpu.41:00.0  "
    nvidia_functions 4
    check
    exits 1
    row "vgpu.$CARD" fail '4 virtual functions .* no types' 'journalctl -u nvidia-vgpud'
}

@test "a card before Ampere needs no such program" {
    nvidia_turing
    vgpu_services
    vgpus Type=T4-2Q
    check
    exits 0
    row "vgpu.$CARD" pass
}

@test "another driver, or none, offers no virtual GPUs" {
    nvidia_card
    vgpus Type=A40-8Q
    rm "$ROOT/sys/$(pci_dir "$CARD")/driver"
    check
    exits 1
    row "vgpu.$CARD" fail 'no driver' 'driver'
    tree_again vgpu-check
    vgpu_card 10de:2235 0302 nouveau 16 4 1
    vgpus Type=A40-8Q
    check
    row "vgpu.$CARD" fail 'nouveau' "NVIDIA's vGPU host driver"
}

@test "NVIDIA's services: not installed, not enabled, masked, and in a container" {
    an_a40
    vgpus Type=A40-8Q
    rm -r "$ROOT"/etc/systemd/system/*.wants
    check
    exits 0
    row vgpu.nvidia-vgpud warn 'not enabled' '^systemctl enable --now nvidia-vgpud.service$'
    row vgpu.nvidia-vgpu-mgr warn 'not enabled' '^systemctl enable --now nvidia-vgpu-mgr.service$'
    ln -s /dev/null "$ROOT/etc/systemd/system/nvidia-vgpud.service"
    check
    row vgpu.nvidia-vgpud fail masked '^systemctl unmask '
    rm "$ROOT"/etc/systemd/system/nvidia-vgpud.service "$ROOT"/usr/lib/systemd/system/nvidia-vgpu*
    check
    row vgpu.nvidia-vgpud fail 'not installed' "install NVIDIA's vGPU host driver"
    put /run/nvidia/validations/vgpu-manager-ready ''
    check
    row vgpu.nvidia-vgpud skip 'GPU operator'
    row vgpu.nvidia-vgpu-mgr skip 'GPU operator'
}

@test "a parent that is not there is missing, and the kernel may lack mediated devices" {
    rule 60-vgpu '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1
    check
    exits 1
    row group.60-vgpu fail 'missing' 'load the driver .*list --types'
    row module.mdev fail 'no such module' CONFIG_VFIO_MDEV
    module mdev loadable
    check
    row module.mdev pass
    module mdev absent
    mtty_parent
    check
    row module.mdev pass /sys/class/mdev_bus
    row group.60-vgpu skip
}

@test "one that is made keeps its driver, which need be no module's name" {
    mtty_parent
    add_mdev 0a0a0a0a-1111-4222-8333-444455556666 devices/virtual/mtty/mtty mtty-1 vfio_mtty 9
    rule 60-vgpu '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1 UUID=0a0a0a0a-1111-4222-8333-444455556666
    check
    no_row module.vfio_mtty
}

@test "vfio_mdev is asked for where the kernel is of a time when it was needed" {
    mtty_parent
    vgpus Type=mtty-1
    check
    no_row module.vfio_mdev
    put /proc/sys/kernel/osrelease 5.10.0-30-amd64
    cp -a "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/5.10.0-30-amd64"
    check
    row module.vfio_mdev warn 'no such module'
    mkdir -p "$ROOT/sys/bus/mdev/drivers/vfio_mdev"
    check
    row module.vfio_mdev pass
}

# --- the IOMMU

@test "virtual functions that share a group with their card are of no use to a virtual machine" {
    nvidia_card
    untraced vgpu_functions_add 2 nvidia
    vendor_vfio 2 '558:NVIDIA A40-8Q'
    vgpus Type=A40-8Q
    check
    row group.60-vgpu pass '2 virtual functions'
    link "$(pci_dir 0000:41:00.4)/iommu_group" kernel/iommu_groups/41
    check
    row group.60-vgpu fail '0000:41:00.4 is in group 41 with 0000:41:00.0' ACS
}

@test "mediated devices of a driver alone need no IOMMU; virtual functions do" {
    mtty_parent
    vgpus Type=mtty-1
    find "$ROOT/sys" \( -name iommu_group -o -name iommu \) -type l -delete
    rm -rf "$ROOT"/sys/kernel/iommu_groups/* "$ROOT"/sys/class/iommu/*
    check
    exits 0
    row iommu.enabled skip 'no rule needs'
    row firmware.iommu skip 'no rule needs'
    is "$(bad)" '' 'rows that are not well'
    ctl cmdline
    has_not intel_iommu
    an_a40
    rule 70-nvidia '[Match]' Address=41:00.0 '[VirtualGPU]' Type=A40-8Q
    find "$ROOT/sys" \( -name iommu_group -o -name iommu \) -type l -delete
    rm -rf "$ROOT"/sys/kernel/iommu_groups/* "$ROOT"/sys/class/iommu/*
    check
    exits 1
    row iommu.enabled fail
    ctl cmdline
    has intel_iommu=on
}
