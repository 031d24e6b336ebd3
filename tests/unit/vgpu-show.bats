# What people and programs read of virtual GPUs: list --types, list, plan, status and show. Golden screens are in screens/.

load product
load tree
load tree-users
load sriov
load tree-vgpu
load guest
load screen

FIRST=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 SECOND=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002 THIRD=83b8f4f2-509f-382f-3c1e-e6bfe0fa1003
MTTY=devices/virtual/mtty/mtty

setup() {
    tree_again vgpu-show && return
    host_with_uplink
    tree_keep vgpu-show
}

# mtty_made N: the rule has three UUIDs, of which the first N are there.
mtty_made() {
    local uuid i=0
    mtty_parent
    vgpus Type=mtty-1 UUID="$FIRST $SECOND $THIRD"
    for uuid in $FIRST $SECOND $THIRD; do
        ((i++ < $1)) || break
        add_mdev "$uuid" $MTTY mtty-1 mtty $((70 + i))
    done
}

# recorded: what the rule's service has made of it, 4.1 seconds after the start of the kernel.
recorded() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-vgpu" --root="$ROOT" 60-vgpu
    sed -i -E $'s/^([DT]\t.*\t)[1-9][0-9]{5,}$/\\14112345/; s/^end .*/end/' "$ROOT/run/passthrough/record"
}

# mediated_host: a card with mediated devices on its virtual functions, one of them mdevctl's, beside the kernel's sample.
mediated_host() {
    nvidia_card 16
    nvidia_functions 4
    vf_mediated 4
    mdevctl_defined 0000:41:00.4 $FIRST nvidia-557 auto
    add_mdev $FIRST "$(pci_dir 0000:41:00.4)" nvidia-557 nvidia-vgpu-vfio 300
    mtty_parent
    add_mdev $SECOND $MTTY mtty-2 mtty 301
}

types() { get ".parents[] | select(.address == \"$1\") | .types[] | \"\(.id) \(.framebuffer_mib) \(.available)-\(.available_most)\""; }

@test "the types of each parent, with framebuffer, how many fit, and who has made what is there" {
    mediated_host
    vgpu_card_rule
    LC_ALL=C.UTF-8 shown_at 80 list --types
    is_screen vgpu.types.80
    fits 80
    LC_ALL=C ctl list --types
    exits 0
    is "$stderr" '' 'standard error'
    is_screen vgpu.types.pipe
    ctl list --types --json
    is "$(types 0000:41:00.0)" 'nvidia-556 2048 4-4 nvidia-557 4096 3-3 nvidia-558 8192 4-4 nvidia-560 16384 4-4' types
    is "$(types mtty)" 'mtty-1 null 24-24 mtty-2 null 11-11' types
    is "$(get '.parents[].made[] | "\(.address) \(.parent) \(.type) \(.by) \(.rule)"')" \
        "$FIRST 0000:41:00.4 nvidia-557 mdevctl  $SECOND mtty mtty-2 no rule " made
    is "$(get '.parents[].definitions[] | "\(.who) \(.uuid) \(.automatic)"')" \
        "/etc/mdevctl.d/0000:41:00.4/$FIRST $FIRST true" definitions
    is "$(get '.parents[] | "\(.address) \(.kind) \(.rule)"')" '0000:41:00.0 mediated 60-vgpu mtty mediated ' parents
}

# vgpu_card_rule: for the card, where the verbs are at another parent.
vgpu_card_rule() {
    rule 60-vgpu '[Match]' Address=41:00.0 '[VirtualGPU]' Type=A40-8Q Count=2
}

@test "words choose parents, and one device says whatever it offers" {
    mediated_host
    ctl list --types nvidia --json
    is "$(get '.parents[].address')" 0000:41:00.0 parents
    ctl list --types mtty --json
    is "$(get '.parents[].address')" mtty parents
    ctl list --types 41:00.5 --json
    is "$(get '.parents[].address')" 0000:41:00.0 'of a virtual function'
    ctl list --types 00:19.0
    exits 0
    has 'driver e1000e offers no virtual GPUs' 'This device offers no virtual GPUs.'
    says '^ *Next: '
    ctl list --types 41:01.0
    exits 2
}

@test "the step behind the types is the rule for one that fits, and none where a rule has the device" {
    mdpy_parent
    ctl list --types
    has 'add vgpu0 mdpy Type=mdpy-hd'
    vgpus Type=mdpy-hd
    ctl list --types
    has_not 'add vgpu0'
    says '^ *Next: '
}

@test "types of NVIDIA's virtual functions fit once for certain, and at most on each that is free" {
    nvidia_card 16
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    vgpus Type=A40-8Q Count=2
    ctl list --types
    says '^ +558 +NVIDIA A40-8Q +- +1 to 4$'
    vendor_current 0 558
    vendor_current 1 558
    vendor_creatable 3 '557:NVIDIA A40-4Q'
    ctl list --types --json
    is "$(types 0000:41:00.0)" '557 null 1-2 558 null 1-1' types
    is "$(get '.parents[] | "\(.kind) \(.virtual_functions) \(.virtual_functions_most)"')" 'vendor 4 16' parent
    is "$(get '.parents[].made[] | "\(.address) \(.type) \(.rule)"')" '0000:41:00.4 558 60-vgpu 0000:41:00.5 558 60-vgpu' made
}

@test "a card that offers no types yet says why, and what makes it offer some" {
    nvidia_card 16
    ctl list --types
    has 'No device here offers virtual GPUs.' 'sriov-manage, which makes them, is not here: install the vGPU host driver'
    sriov_manage
    ctl list --types
    has 'its 16 virtual functions are not made yet' '/usr/lib/nvidia/sriov-manage -e 0000:41:00.0 now'
    ctl list --types --json
    is "$(get '.parents[] | "\(.kind) \(.types | length)"')" 'none 0' parent
    is "$(get '.parents[].message' | cut -c1-24)" 'its 16 virtual functions' message
    nvidia_functions 16
    ctl list --types
    has 'its 16 virtual functions are there, and offer no types: nvidia-vgpud' 'journalctl -u nvidia-vgpud'
}

@test "where each virtual function is a virtual GPU there are no types, and the rule without Type= is named" {
    xe_card 12
    ctl list --types
    has '41:00.0  ' 'driver xe' 'no types: each of its virtual functions is a virtual GPU, and 0 of at most 12 are there' 'without Type='
    ctl list --types --json
    is "$(get '.parents[] | "\(.kind) \(.virtual_functions_most)"')" 'functions 12' parent
    vgpus Count=2
    ctl plan
    has 'makes 2 virtual GPUs, each a virtual function: 0-1 for virtual machines'
}

@test "virtual functions that [SR-IOV] counts beside types are called so" {
    nvidia_card
    vgpus Type=A40-8Q Count=2 '[SR-IOV]' VirtualFunctions=4 Driver=native
    ctl plan
    has 'makes 4 virtual functions: 0-3 for the host' 'makes 2 virtual GPUs, A40-8Q'
}

@test "mediated devices without a rule are not what add --from=running takes over" {
    mtty_parent
    add_mdev $THIRD devices/virtual/mtty/mtty mtty-2 vfio_mdev 79
    vgpus Type=mtty-1
    ctl status
    is "$stderr" '' 'standard error'
}

@test "list has the parent's virtual GPUs on its line, and one of them alone by its UUID" {
    mtty_made 2
    add_mdev $THIRD $MTTY mtty-2 mtty 79
    rule 60-vgpu '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1 UUID="$FIRST $SECOND"
    ctl list
    has '3 virtual GPUs: 2 Single port serial (rule 60-vgpu), 1 Dual port serial (no rule)'
    has_not $FIRST $THIRD
    LC_ALL=C.UTF-8 shown_at 80 list mtty
    is_screen vgpu.parent.80
    ctl list $FIRST
    has 'Type          Single port serial (mtty-1)' 'of mtty, made by rule 60-vgpu' 'handed over' 'Next: passthroughctl show 60-vgpu'
    ctl list ${THIRD^^}
    has 'of mtty, made by no rule' 'Handover      held: no rule makes it' 'a rule names its parent mtty and has [VirtualGPU]'
    ctl list --json
    is "$(get '.devices[] | select(.type) | "\(.address) \(.parent) \(.type) \(.rule) \(.handover.action)"')" \
        "$FIRST mtty mtty-1 60-vgpu bind $SECOND mtty mtty-1 60-vgpu bind $THIRD mtty mtty-2  refuse" devices
    ctl list $FIRST-0
    exits 0
    has 'No device here matches'
}

@test "a parent that is on no other bus is no device to hand over, and says so" {
    mtty_parent
    ctl list
    says '^ +mtty +makes mediated devices +- +held +makes virtual GPUs: can have virtual GPUs of 2 types$'
    ctl list mtty
    has 'held: a rule with [VirtualGPU] makes virtual GPUs of it'
    is "$(grep -c 'Bus=mdev' <<<"$output")" 1 'lines with Bus='
    ctl list --json
    is "$(get '.devices[] | select(.address == "mtty").handover.action')" refuse action
}

# --- plan

# steps: "OP TARGET" of each step on the screen.
steps() { sed -n '/^  Operations/,/^$/p' <<<"$output" | sed -nE 's/^  host +([a-z]+) +([^ ]+).*/\1 \2/p' | paste -sd' '; }

@test "plan says what each rule makes, and has the steps in the order of the document" {
    local document
    mediated_host
    vgpu_card_rule
    rule 70-tty '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1 Count=2 '[VirtualGPU]' Type=mtty-2
    LC_ALL=C.UTF-8 shown_at 80 plan
    is_screen vgpu.plan.80
    plan
    exits 0
    document=$(get '.operations[] | "\(.op) \(.target)"')
    ctl plan --steps
    is "$(steps)" "$document" steps
    [[ $document == *mtty-1/create*mtty-2/create* ]]
}

@test "the promised mediated devices are devices of the document: UUID, parent, index and type" {
    mtty_made 0
    plan
    is "$(get '.devices[] | select(.type) | "\(.bus) \(.address) \(.parent) \(.index) \(.type) \(.action) \(.stage) \(.driver)"')" \
        "mdev $FIRST mtty 0 mtty-1 bind host  mdev $SECOND mtty 1 mtty-1 bind host  mdev $THIRD mtty 2 mtty-1 bind host " promised
    mtty_made 2
    plan
    is "$(get '.devices[] | select(.type) | "\(.address) \(.parent) \(.index) \(.driver) \(.back | length)"')" \
        "$FIRST mtty 0 mtty 2 $SECOND mtty 1 mtty 2 $THIRD mtty 2  0" 'those that are there have a way back'
}

@test "a virtual function that gets a type stands in the document once, with the card as its parent" {
    nvidia_card 16
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    vgpus Type=A40-8Q Count=3
    vendor_current 0 558
    plan
    is "$(get '.devices[] | select(.action == "bind") | "\(.bus) \(.address) \(.parent) \(.index) \(.type) \(.driver)"')" \
        'pci 0000:41:00.4 0000:41:00.0 0 558 nvidia pci 0000:41:00.5 0000:41:00.0 1 558 nvidia pci 0000:41:00.6 0000:41:00.0 2 558 nvidia' functions
    is "$(get '.devices | group_by(.address) | map(length) | max')" 1 'devices of one address'
    ctl plan
    has 'makes 3 virtual GPUs, NVIDIA A40-8Q'
    has_not 41:00.4 41:00.7
}

@test "plan says what a rule waits for, what it refuses, and what does not fit" {
    nvidia_card 16
    vgpus Type=A40-8Q Count=3
    ctl plan
    has 'makes 3 virtual GPUs, A40-8Q' 'waits for its driver, nvidia, to offer virtual GPUs'
    mtty_parent 2
    vgpus Type=mtty-1 Count=3
    ctl plan
    exits 1
    says '^  60-vgpu  missing +mtty '
    has 'wants 3 virtual GPUs, Single port serial' '2 of 3 fit'
    is "$(grep -c '2 of 3 fit' <<<"$output")" 1 'times that it is said'
    rule 60-vgpu '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-7
    ctl plan
    exits 1
    has mtty-7
}

# --- status

@test "status has each virtual GPU as bound, and the rule in effect" {
    mtty_made 2
    vgpus Type=mtty-1 UUID="$FIRST $SECOND"
    recorded
    LC_ALL=C.UTF-8 shown_at 80 status
    is_screen vgpu.status.80
    ctl status --json
    exits 0
    is "$(get '.devices[] | select(.type) | "\(.bus) \(.address) \(.parent) \(.type) \(.state) \(.driver)"')" \
        "mdev $FIRST mtty mtty-1 bound mtty mdev $SECOND mtty mtty-1 bound mtty" devices
    rule_is 60-vgpu ok
}

@test "status names how many of a rule's virtual GPUs are there where that is not all, and the step that makes the others" {
    mtty_made 3
    recorded
    rm "$ROOT/sys/bus/mdev/devices/$THIRD"
    ctl status --json
    exits 1
    rule_is 60-vgpu failed
    rule_says 60-vgpu '^2 of 3 virtual GPUs are there'
    ctl status
    has '2 virtual GPUs made, 1 device failed' 'Next: passthroughctl bind 60-vgpu'
    says "^ *x $THIRD"
}

@test "a virtual function whose type is gone does not satisfy its rule, and those without one have no row" {
    nvidia_card 16
    nvidia_functions 4
    vendor_vfio 4 '558:NVIDIA A40-8Q'
    vgpus Type=A40-8Q Count=2
    vendor_current 0 558
    vendor_current 1 558
    recorded
    ctl status
    exits 0
    has '2 virtual GPUs made'
    has_not 41:00.6 41:00.7
    vendor_current 1 0
    ctl status
    exits 1
    has '1 of 2 virtual GPUs are there' 'it was made a virtual GPU at boot and is none now'
}

# --- show

@test "show has QEMU's and libvirt's words for mediated devices, and the unit that they are there with" {
    mtty_made 3
    ctl show 60-vgpu
    exits 0
    has "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/$FIRST" "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>" \
        "<address uuid='$THIRD'/>" 'Requires=passthrough@60-vgpu.service and After=passthrough@60-vgpu.service'
    has_not managed= nodedev
    libvirt_takes 60-vgpu
    libvirt_refuses "s/model='vfio-pci'//"
    ctl show $SECOND --json
    is "$(get '.devices[] | "\(.address) \(.parent) \(.type)"')" "$SECOND mtty mtty-1" device
    is "$(get '.rules[].unit')" passthrough@60-vgpu.service unit
    put /sys/$MTTY/mdev_supported_types/mtty-1/device_api vfio-ap
    ctl show $FIRST
    has "-device vfio-ap,sysfsdev=/sys/bus/mdev/devices/$FIRST" "type='mdev' model='vfio-ap'"
}

@test "show has libvirt's node device only where it is asked for, of parents on PCI, and libvirt's schema takes it" {
    mediated_host
    rule 60-vgpu '[Match]' Address=41:00.0 '[VirtualGPU]' Type=nvidia-557 UUID=$FIRST
    rm -r "$ROOT/etc/mdevctl.d"
    ctl show 60-vgpu
    has_not '<capability'
    ctl show 60-vgpu --format=libvirt-nodedev
    exits 0
    diff <(echo "$output") - <<END
<device>
  <name>mdev_${FIRST//-/_}_0000_41_00_4</name>
  <parent>pci_0000_41_00_4</parent>
  <capability type='mdev'>
    <type id='nvidia-557'/>
    <uuid>$FIRST</uuid>
  </capability>
</device>
END
    has 'define it in libvirt only once the rule is gone'
    command -v virt-xml-validate >/dev/null && command -v xmllint >/dev/null || skip 'no virt-xml-validate'
    echo "$output" >"$BATS_TEST_TMPDIR/device.xml"
    virt-xml-validate "$BATS_TEST_TMPDIR/device.xml" nodedev
    sed -i 's/uuid>/uid>/g' "$BATS_TEST_TMPDIR/device.xml"
    ! virt-xml-validate "$BATS_TEST_TMPDIR/device.xml" nodedev
}

@test "a parent that libvirt has no name for has no node device" {
    mtty_made 3
    ctl show 60-vgpu --format=libvirt-nodedev
    exits 1
    is "$output" '' 'standard output'
    has '60-vgpu has no mediated device of a PCI device, which is what --format=libvirt-nodedev is for'
}

@test "show has the virtual functions that have a type, and says why managed= is no" {
    nvidia_card 16
    nvidia_functions 4
    vendor_vfio 4 '558:NVIDIA A40-8Q'
    vgpus Type=A40-8Q Count=2
    ctl show 60-vgpu
    exits 1
    is "$output" '' 'standard output'
    has '60-vgpu: its virtual GPUs are not there yet' 'passthroughctl bind 60-vgpu'
    vendor_current 0 558
    ctl show 60-vgpu
    exits 1
    has '60-vgpu: 1 of 2 virtual GPUs are there' '-device vfio-pci,host=0000:41:00.4'
    has_not 0000:41:00.5
    vendor_current 1 558
    ctl show 60-vgpu
    exits 0
    has '-device vfio-pci,host=0000:41:00.5' "type='pci' managed='no'" 'with yes libvirt would bind the virtual function to vfio-pci'
    libvirt_takes 60-vgpu
}

@test "show of a mediated device that no rule makes names the rule that would" {
    mtty_made 1
    rm "$ROOT/etc/passthrough.d/60-vgpu.conf"
    vgpus Type=mtty-2
    ctl show $FIRST
    exits 1
    has "no rule makes $FIRST; one with [VirtualGPU] does: passthroughctl add NAME mtty Type=mtty-1 UUID=$FIRST"
    ctl show $SECOND
    exits 2
    has "there is no device $SECOND here"
    vgpus Type=mtty-2 UUID=$SECOND
    ctl show $SECOND
    exits 2
    has "$SECOND is not there yet; rule 60-vgpu makes it in a boot, or passthroughctl bind 60-vgpu now"
}

@test "a captured machine has the same types" {
    local before
    mediated_host
    ctl list --types --json
    before=$output
    ctl capture --raw "$BATS_TEST_TMPDIR/captured"
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured ctl list --types --json
    is "$output" "$before" document
}

@test "while virtual GPUs are not made yet the next step is apply, not another device" {
    mtty_made 0
    ctl plan
    exits 0
    has_not 'shows which devices are free'
    ctl show 60-vgpu
    exits 1
    has '60-vgpu: its virtual GPUs are not there yet'
    shown_at 80 show 60-vgpu
    fits 80
}
