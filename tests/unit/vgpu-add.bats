# passthroughctl add for virtual GPUs: a rule with types, and one that takes over what mdevctl defines.

load product
load tree
load tree-vgpu

setup() {
    tree_again vgpu-add && return
    tree_new
    dracut_there
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    tree_keep vgpu-add
}

an_a40() {
    nvidia_card
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
}

# rule_has NAME LINE...: these are the lines of that rule, less comments.
rule_has() {
    is "$(grep -v '^#' "$ROOT/etc/passthrough.d/$1.conf" | paste -sd' ')" "${*:2}" "rule $1"
}

# not_added EXIT TEXT ARGUMENT...: no rule is written, and that is why.
not_added() {
    ctl add vgpu0 "${@:3}"
    exits "$1" && has "$2" || return 1
    [[ ! -e $ROOT/etc/passthrough.d/vgpu0.conf ]]
}

# --- types

@test "a type and how many: the rule is written, and the plan makes them" {
    mtty_parent
    ctl add vgpu0 mtty Type=mtty-1 Count=2
    exits 0
    has 'gets 2 virtual GPUs' 'Wrote /etc/passthrough.d/vgpu0.conf.'
    says '^ *Next: '
    rule_has vgpu0 '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1 Count=2
    plan
    exits 0
    rule_is vgpu0 ok
}

@test "a card is named by what survives renumbering, and its types by any of their names" {
    local type
    an_a40
    for type in 'NVIDIA A40-8Q' A40-8Q 558; do
        ctl add vgpu0 41:00.0 "Type=$type"
        exits 0
        has '41:00.0  NVIDIA' 'gets 1 virtual GPU'
        has_not 41:00.4
        rule_has vgpu0 '[Match]' ID=10de:2235 Path=0000:00:04.0/00.0 '[VirtualGPU]' "Type=$type"
        ctl remove vgpu0
    done
    ctl add vgpu0 41:00.0 Type=A40-8Q --dry-run
    has '[VirtualGPU]' 'add vgpu0 41:00.0 Type=A40-8Q   writes it'
    [[ ! -e $ROOT/etc/passthrough.d/vgpu0.conf ]]
}

@test "each Type= begins a section; UUID= and Attribute= behind it are of that section, other keys of [Device]" {
    mtty_parent
    ctl add vgpu0 mtty Owner=root Type=mtty-1 "UUID=$GIVEN" Type=mtty-2 Count=2 Attribute=power/control=on
    exits 0
    rule_has vgpu0 '[Match]' Bus=mdev Address=mtty '[Device]' Owner=root '[VirtualGPU]' Type=mtty-1 "UUID=$GIVEN" \
        '[VirtualGPU]' Type=mtty-2 Count=2 Attribute=power/control=on
    ctl remove vgpu0
    xe_card
    ctl add vgpu0 41:00.0 Count=2 Attribute=vram_quota=1073741824
    exits 0
    rule_has vgpu0 '[Match]' ID=8086:e211 Path=0000:00:04.0/00.0 '[VirtualGPU]' Count=2 Attribute=vram_quota=1073741824
    has 'gets 2 virtual functions'
}

@test "a wrong type is said with those that there are, and the next step lists them" {
    mtty_parent
    not_added 1 'its driver offers no type A40-8Q; it has Single port serial (mtty-1), Dual port serial (mtty-2)' mtty Type=A40-8Q
    has 'Next: passthroughctl list --types mtty'
    an_a40
    not_added 1 'is NVIDIA A40-8Q (558) meant?' 41:00.0 Type=A40-8
    has 'Next: passthroughctl list --types 41:00.0'
}

@test "too many, a value that is none, and what stands in each other's way" {
    mtty_parent 3
    not_added 1 'Not written: 3 of 4 fit' mtty Type=mtty-1 Count=4
    has_not 'gets 4'
    not_added 2 'Count=x: not valid' mtty Type=mtty-1 Count=x
    not_added 2 'UUID=, one for each, and Count=, too' mtty Type=mtty-1 "UUID=$GIVEN" Count=1
    not_added 2 'have types; write Type=, too' mtty "UUID=$GIVEN"
    not_added 2 'Type= takes a type' mtty Type=
    an_a40
    not_added 2 'leave Driver= out of [Device]' 41:00.0 Driver=vfio-pci Type=A40-8Q
    not_added 2 'have types; write Type=, too' 41:00.0 Count=2
    not_added 2 "name $CARD, 0000:41:00.4 is a virtual function of it" 41:00.4 Type=A40-8Q
}

@test "a card whose types do not show yet gets its rule, and a word about that" {
    nvidia_card
    sriov_manage
    ctl add vgpu0 41:00.0 Type=A40-8Q
    exits 0
    has 'gets 1 virtual GPU' 'Type= cannot be checked'
}

@test "a device whose virtual GPUs have no types takes none, and the next step is one that it takes" {
    xe_card
    not_added 1 'without a type; leave Type= out' 41:00.0 Type=B60-8Q
    has_not 'cannot be checked' 'which types there are'
    ctl list --types
    has 'Next: passthroughctl add vgpu0 41:00.0 Count=1   writes a rule for that many at each boot'
    ctl list 41:00.0
    has 'what it can have: passthroughctl list --types 41:00.0'
    has_not vfs=N
    gim_card 4
    ctl list --types
    has 'Next: passthroughctl add vgpu0 41:00.0 Count=4'
    not_added 1 'write Count=4' 41:00.0 Count=2
    has 'Next: passthroughctl list --types 41:00.0   shows which virtual GPUs it can have'
}

@test "a key that is nearly one of a virtual GPU is not taken for one of the device" {
    mtty_parent
    not_added 2 'typ=mtty-1: did you mean Type=?' mtty typ=mtty-1
    not_added 2 'Counts=2: did you mean Count=?' mtty Type=mtty-1 Counts=2
}

@test "without a type the card goes as a whole, and that it could have virtual GPUs is said" {
    an_a40
    ctl add gpu0 41:00.0 Driver=native
    exits 0
    has 'can have virtual GPUs: passthroughctl list --types 41:00.0'
    rule_has gpu0 '[Match]' ID=10de:2235 Path=0000:00:04.0/00.0 '[Device]' Driver=native
    pci_add 0000:00:06.0 1002:5159 0300 group=6 driver=radeon
    ctl add gpu1 00:06.0 Driver=native
    exits 0
    has_not 'list --types'
    ctl remove gpu0
    not_added 1 '4 of its virtual functions are enabled' 41:00.0
    has 'Next: passthroughctl list --types 41:00.0   shows which virtual GPUs it can have'
    mtty_parent
    not_added 2 'write Type=, too: passthroughctl list --types mtty' mtty
}

# --- mdevctl

# definitions: what is in mdevctl's files.
definitions() {
    find "$ROOT/etc/mdevctl.d" -type f -exec cat {} + | sha256sum
}

@test "mdevctl: one rule for a parent, with the UUIDs and types; each step is said, and in that order it works" {
    local before
    mtty_parent
    mdevctl_defined mtty "$GIVEN" mtty-1 auto
    mdevctl_defined mtty "$FOREIGN" mtty-2 auto
    add_mdev "$GIVEN" devices/virtual/mtty/mtty mtty-1 mtty 90
    before=$(definitions)
    ctl add --from=mdevctl
    exits 0
    is "$(definitions)" "$before" "mdevctl's files"
    rule_has mdevctl-mtty '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1 "UUID=$GIVEN" '[VirtualGPU]' Type=mtty-2 "UUID=$FOREIGN"
    has 'Wrote /etc/passthrough.d/mdevctl-mtty.conf.' "mdevctl undefine -u $GIVEN -p mtty" "mdevctl undefine -u $FOREIGN -p mtty"
    says '^ *Next: mdevctl undefine -u '
    plan
    exits 1
    rule_is mdevctl-mtty refused
    rm -r "$ROOT/etc/mdevctl.d"
    plan
    exits 0
    rule_is mdevctl-mtty ok
    is "$(get '.devices[] | select(.bus == "mdev" and .parent) | .address' | tr ' ' '\n' | sort | paste -sd' ')" "$GIVEN $FOREIGN" devices
}

@test "mdevctl: a dry run says the same and writes nothing; the document has the rule" {
    mtty_parent
    mdevctl_defined mtty "$GIVEN" mtty-1 auto
    ctl add --from=mdevctl --dry-run
    exits 0
    has 'Would write /etc/passthrough.d/mdevctl-mtty.conf' "mdevctl undefine -u $GIVEN -p mtty" 'add --from=mdevctl   writes it'
    [[ ! $(ls "$ROOT/etc/passthrough.d") ]]
    ctl add --from=mdevctl --json
    exits 0
    is "$(get '.rules[] | "\(.name) \(.state) \(.written)"')" 'mdevctl-mtty ok true' document
}

@test "mdevctl: what no rule can say, and what it does not make at boot, is left alone and named" {
    mtty_parent
    mdevctl_defined mtty "$GIVEN" mtty-1 manual
    put "/etc/mdevctl.d/mtty/$FOREIGN" '{"mdev_type":"mtty-1","start":"auto","attrs":[{"assign_adapter":"5"}]}'
    put /etc/mdevctl.d/mtty/83b8f4f2-509f-382f-3c1e-e6bfe0fa3003 '{'
    mdevctl_defined 0000:99:00.0 83b8f4f2-509f-382f-3c1e-e6bfe0fa4004 nvidia-222 auto
    ctl add --from=mdevctl
    exits 0
    has 'Nothing to take over.' "/etc/mdevctl.d/mtty/$GIVEN is left alone: it is started by hand" \
        "/etc/mdevctl.d/mtty/$FOREIGN is left alone: it sets assign_adapter of the device" \
        'e6bfe0fa3003 is left alone: it cannot be read' 'e6bfe0fa4004 is left alone: there is no such parent here'
    [[ ! $(ls "$ROOT/etc/passthrough.d") ]]
}

@test "mdevctl: a type that its parent no longer has is not written, exit 1; the other parent's rule is" {
    mtty_parent
    mdevctl_defined mtty "$GIVEN" mtty-9 auto
    mdpy_parent
    mdevctl_defined mdpy "$FOREIGN" mdpy-hd auto
    ctl add --from=mdevctl
    exits 1
    has 'mdevctl-mtty.conf is not written: its driver offers no type mtty-9'
    rule_has mdevctl-mdpy '[Match]' Bus=mdev Address=mdpy '[VirtualGPU]' Type=mdpy-hd "UUID=$FOREIGN"
    has_not "undefine -u $GIVEN"
    has "undefine -u $FOREIGN"
    ctl add --from=mdevctl
    exits 1
    has "Next: mdevctl undefine -u $FOREIGN -p mdpy"
}

@test "mdevctl: those of virtual functions go into the rule of their card" {
    nvidia_card
    nvidia_functions 4
    vf_mediated 4
    mdevctl_defined 0000:41:00.4 "$GIVEN" nvidia-558 auto
    mdevctl_defined 0000:41:00.5 "$FOREIGN" nvidia-558 auto
    ctl add --from=mdevctl
    exits 0
    rule_has mdevctl-41-00.0 '[Match]' ID=10de:2235 Path=0000:00:04.0/00.0 '[VirtualGPU]' Type=nvidia-558 "UUID=$GIVEN $FOREIGN"
    has 'the first virtual function that has room'
    rm -r "$ROOT/etc/mdevctl.d"
    plan
    exits 0
}

@test "mdevctl: a second time there is nothing to take over, nor where a rule has the parent" {
    mtty_parent
    ctl add --from=mdevctl
    exits 0
    has 'Nothing to take over'
    mdevctl_defined mtty "$GIVEN" mtty-1 auto
    ctl add --from=mdevctl
    exits 0
    ctl add --from=mdevctl
    exits 0
    has 'there is /etc/passthrough.d/mdevctl-mtty.conf already'
    has "mdevctl undefine -u $GIVEN -p mtty"
}
