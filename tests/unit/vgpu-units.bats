# SPDX-License-Identifier: GPL-2.0-or-later
# Which units virtual GPUs have: those that the generator wants, the order of the installed ones, and what udev has them started for.

load product
load tree
load tree-vgpu

UNITS=$BATS_TEST_DIRNAME/../../conf/systemd

setup() {
    tree_again vgpu-units && return
    tree_new
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    nvidia_card
    tree_keep vgpu-units
}

# wanted: the units that multi-user.target wants, but for passthrough.target.
wanted() {
    rm -rf "$ROOT/run/normal"
    mkdir -p "$ROOT/run/normal"
    "$BUILD/passthrough-generator" --root="$ROOT" /run/normal || return
    (cd "$ROOT/run/normal/multi-user.target.wants" && printf '%s\n' *.service | paste -sd' ')
}

@test "a rule with types has the services that make virtual GPUs; without types, that of virtual functions" {
    vgpus Type=A40-8Q Count=2
    is "$(wanted)" 'passthrough-vgpu-functions@60-vgpu.service passthrough-vgpu@60-vgpu.service' wanted
    vgpus Type=A40-8Q '[SR-IOV]' VirtualFunctions=2
    is "$(wanted)" 'passthrough-sriov@60-vgpu.service passthrough-vgpu-functions@60-vgpu.service passthrough-vgpu@60-vgpu.service' wanted
    vgpus Count=2
    is "$(wanted)" passthrough-sriov@60-vgpu.service wanted
    vgpus Type= Count=2
    is "$(wanted)" passthrough-sriov@60-vgpu.service wanted
    mtty_parent
    vgpus Type=mtty-1
    is "$(wanted)" 'passthrough-vgpu-functions@60-vgpu.service passthrough-vgpu@60-vgpu.service' wanted
}

@test "not with passthrough=off, nor for another host, nor where the rule is wrong" {
    vgpus Type=A40-8Q
    put /proc/cmdline 'root=/dev/sda1 passthrough=off'
    is "$(wanted)" '*.service' wanted
    put /proc/cmdline 'root=/dev/sda1'
    rule 60-vgpu '[Match]' Address=41:00.0 Host=other '[VirtualGPU]' Type=A40-8Q
    is "$(wanted)" '*.service' wanted
    rule 60-vgpu '[Match]' Adress=41:00.0 '[VirtualGPU]' Type=A40-8Q
    is "$(wanted)" '*.service' wanted
}

# ordered UNIT AFTER|BEFORE NAME...
ordered() {
    local name
    for name in "${@:3}"; do
        grep -qE "^$2=(.* )?$name( |$)" "$UNITS/$1" || { echo "$1 is not $2 $name" && return 1; }
    done
}

@test "the functions come before the GPU is divided, the virtual GPUs behind that and before who hands them to virtual machines" {
    ordered passthrough-vgpu-functions@.service Before nvidia-mig-manager.service passthrough-vgpu@%i.service
    ordered passthrough-vgpu-functions@.service Before nvidia-persistenced.service nvidia-dcgm.service
    ordered passthrough-vgpu@.service After nvidia-vgpud.service nvidia-vgpu-mgr.service nvidia-mig-manager.service \
        passthrough-sriov@%i.service passthrough-vgpu-functions@%i.service
    ordered passthrough-vgpu@.service Before libvirtd.service virtqemud.service virtnodedevd.service passthrough@%i.service passthrough.target
    ordered passthrough@.service After passthrough-vgpu@%i.service
}

# udev_rules: the rules that udev gets for what appears later.
udev_rules() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0 || return 1
    RULES=$(<"$ROOT/run/udev/rules.d/71-passthrough-hotplug.rules")
}

# rule_of_udev LINE: it is one of them.
rule_of_udev() {
    grep -qxF -- "$1" <<<"$RULES" || { printf 'no such rule: %s\n%s\n' "$1" "$RULES" && return 1; }
}

WANTS='ENV{SYSTEMD_WANTS}+='

@test "a parent that registers again starts the service anew: only that event of it wants it" {
    mtty_parent
    vgpus Type=mtty-1
    udev_rules
    is "$RULES" 'ENV{MDEV_STATE}=="registered", KERNEL=="mtty", TAG+="systemd", '$WANTS'"passthrough-vgpu@60-vgpu.service"' rules
}

@test "a GPU wants its functions with its driver; what registers, and a function that a driver has, the virtual GPUs" {
    vgpus Type=A40-8Q
    udev_rules
    rule_of_udev 'SUBSYSTEM=="pci", KERNEL=="0000:41:00.0", TAG+="systemd", ENV{SYSTEMD_READY}="0"'
    rule_of_udev 'SUBSYSTEM=="pci", DRIVER=="?*", KERNEL=="0000:41:00.0", ENV{SYSTEMD_READY}="1", '$WANTS'"passthrough-vgpu-functions@60-vgpu.service"'
    rule_of_udev 'SUBSYSTEM=="pci", ENV{MDEV_STATE}=="registered", KERNEL=="0000:41:00.0", TAG+="systemd", '$WANTS'"passthrough-vgpu@60-vgpu.service"'
    rule_of_udev 'SUBSYSTEM=="pci", ENV{MDEV_STATE}=="registered", TEST=="physfn", TAG+="systemd", '$WANTS'"passthrough-vgpu@60-vgpu.service"'
    rule_of_udev 'SUBSYSTEM=="pci", ACTION=="bind", TEST=="nvidia/current_vgpu_type", TAG+="systemd", '$WANTS'"passthrough-vgpu@60-vgpu.service"'
    is "$(wc -l <<<"$RULES")" 5 'number of rules'
    grep -qx 'Wants=passthrough-vgpu@%i.service' "$UNITS/passthrough-vgpu-functions@.service"
    vgpus Count=2
    udev_rules
    [[ $RULES != *passthrough-vgpu* && $RULES == *passthrough-sriov@60-vgpu.service* ]]
}
