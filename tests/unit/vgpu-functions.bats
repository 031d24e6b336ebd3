# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual GPUs of NVIDIA's virtual functions: its program makes these, whatever it says of itself, and each is given a type that its driver
# still has room for. iov.so has the kernel's part; what it answers is a script of the test, and so is the program.

load product
load tree
load live
load iov
load tree-vgpu

setup() {
    tree_again vgpu-functions && return
    tree_new
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    process 1 systemd
    put /etc/passthrough.conf '[Host]' Uplink=none
    nvidia_card
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    vgpus Type=A40-8Q Count=3
    tree_keep vgpu-functions
}

kernel() { iov_kernel "$@"; }

make_gpus() {
    with_iov "$BUILD/passthrough-vgpu" --root="$ROOT" "$@" 60-vgpu
}

rule_ends() {
    ctl status --json
    rule_is 60-vgpu "$1" && rule_says 60-vgpu "$2"
}

# types: which each virtual function has.
types() {
    local i
    for i in 0 1 2 3; do echo "$(<"$(pci_file "$(function_at "$i")" nvidia/current_vgpu_type)")"; done | paste -sd' '
}

@test "each is given its type, and stays with the driver that has it" {
    kernel
    make_gpus
    exits 0
    is "$(types)" '558 558 558 0' types
    rule_ends ok '^$'
    kernel 'exit 1'
    make_gpus
    exits 0
    is "$(readlink "$(pci_file "$(function_at 0)" driver)" | xargs basename)" nvidia driver
}

@test "what can be made is read again before each: what no longer fits is named, and the others are made" {
    # With the first, the room for that type is gone, and so is the line that names the columns.
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at after current_vgpu_type 558; then
        for file in "$root$(dirname "${path%/*/*}")"/0000:41:00.*/nvidia/creatable_vgpu_types; do echo "557  : NVIDIA A40-4Q" >"$file"; done
    fi'
    make_gpus
    exits 1
    is "$(types)" '558 0 0 0' types
    rule_ends failed '/creatable_vgpu_types: type 558 can not be made there, or not any more$'
}

@test "a card that is full names no type any more: what this boot has made is still of the type that the rule means" {
    local i
    kernel
    make_gpus
    exits 0
    for i in 0 1 2 3; do vendor_bare "$i"; done
    kernel 'exit 5'
    make_gpus
    exits 0
    rule_ends ok '^$'
    plan
    exits 0
    vendor_current 1 0
    make_gpus
    exits 1
    is "$(types)" '558 0 558 0' types
    rule_ends missing '2 of 3 fit: there is no room for another A40-8Q'
    # The text is another, and nobody knows which number that is.
    vgpus Type=A40-16Q Count=3
    plan
    exits 1
    rule_says 60-vgpu 'its driver offers no type A40-16Q, and no other now$'
}

@test "without the line that names the columns they are made, too" {
    local i
    for i in 0 1 2 3; do vendor_bare "$i" '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'; done
    kernel
    make_gpus
    exits 0
    is "$(types)" '558 558 558 0' types
}

@test "one that is in use keeps its type, and that is named" {
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at before current_vgpu_type 558 && [[ $path == *:41:00.5/* ]]; then echo 0 >"$root$path"; exit 1; fi'
    make_gpus
    exits 1
    is "$(types)" '558 0 558 0' types
    rule_ends failed '/nvidia/current_vgpu_type=558: it is in use, and keeps type 0'
}

@test "one that is refused is named, whatever it was given" {
    kernel
    pci_add 0000:00:1f.0 8086:a2c9 0c80 group=202 driver=other
    make_gpus
    exits 1
    rule_ends refused '^0000:41:00.6: IOMMU group 202 also holds '
}

@test "by hand, one that its driver alone knows to be in use is said to be" {
    kernel
    make_gpus
    exits 0
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at before current_vgpu_type 0 && [[ $path == *:41:00.5/* ]]; then echo 558 >"$root$path"; exit 1; fi'
    with_iov "$BUILD/passthroughctl" release --root="$ROOT" 60-vgpu
    exits 1
    has '60-vgpu: 41:00.4 is no virtual GPU any more: its type is cleared'
    has_not 'given back'
    says '41:00.5 .*current_vgpu_type: Operation not permitted \(its driver says that it is in use\)'
    is "$(types)" '0 558 0 0' types
}

@test "success without the type is not believed" {
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at after current_vgpu_type 558 && [[ $path == *:41:00.4/* ]]; then echo 0 >"$root$path"; fi'
    make_gpus
    exits 1
    is "$(types)" '0 558 558 0' types
    rule_ends failed 'current_vgpu_type=558: its driver takes that, and does not do it$'
}

# --- the program that makes virtual functions

# without_functions: the card has none yet; /functions keeps them for the program.
without_functions() {
    local i dir
    live_root
    mkdir -p "$ROOT/functions"
    dir=$ROOT/sys/$(pci_dir "$CARD")
    for i in 0 1 2 3; do
        mv "$dir/virtfn$i" "$ROOT/functions/virtfn$i"
        mv "$ROOT/sys/bus/pci/devices/$(function_at "$i")" "$ROOT/functions/"
    done
    pci_set "$CARD" sriov_numvfs 0
    FUNCTIONS='exec 2>/dev/null; mv /functions/virtfn* /sys/bus/pci/devices/'$CARD'/; mv /functions/0000* /sys/bus/pci/devices/; echo 4 >/sys/bus/pci/devices/'$CARD'/sriov_numvfs'
}

# live_make [OPTION]: on the running machine.
live_make() {
    with_iov_live /build/passthrough-vgpu "$@" 60-vgpu
}

@test "it makes them, which its exit status need not say, and the types follow" {
    without_functions
    sriov_manage 'printf "%s\n" "$*" >>/runs' "$FUNCTIONS" 'exit 1'
    live_make
    exits 0
    is "$(<"$ROOT/runs")" "-e $CARD" runs
    is "$(types)" '558 558 558 0' types
    rule_ends ok '^$'
}

@test "before others divide the GPU they alone are made; where they are there it is not run" {
    without_functions
    sriov_manage 'printf "%s\n" "$*" >>/runs' "$FUNCTIONS"
    live_make --functions
    exits 0
    is "$(types)" '0 0 0 0' types
    live_make --functions
    exits 0
    live_make
    exits 0
    is "$(<"$ROOT/runs")" "-e $CARD" runs
    is "$(types)" '558 558 558 0' types
}

@test "while somebody holds its lock it is run again" {
    without_functions
    # shellcheck disable=SC2016 # the program's
    sriov_manage 'echo >>/runs' '(($(wc -l </runs) >= 3)) || { echo "Cannot obtain unbindLock for '"$CARD"'"; exit 0; }' "$FUNCTIONS"
    live_make
    exits 0
    is "$(wc -l <"$ROOT/runs")" 3 runs
    is "$(types)" '558 558 558 0' types
    (($(<"$ROOT/clock") >= 4 && $(<"$ROOT/clock") < 15))
}

@test "one that says it has done it, and has not, is run five times, and what it said is the rule's message" {
    without_functions
    sriov_manage 'echo >>/runs' 'echo Enabling VFs' 'echo "Cannot obtain unbindLock for '"$CARD"'"'
    live_make
    exits 1
    is "$(wc -l <"$ROOT/runs")" 5 runs
    rule_ends failed "^$CARD: /usr/lib/nvidia/sriov-manage -e $CARD: it has ended, and 0 of 3 virtual functions are there; it said: Cannot obtain unbindLock for $CARD$"
}

# left DEVICE: it is left without a driver.
left() {
    without_functions
    sriov_manage "$FUNCTIONS" 'echo >>/runs' "rm -f /sys/bus/pci/devices/$1/driver"
    mkdir -p "$ROOT/sys/bus/pci/drivers/nvidia"
    : >"$ROOT/sys/bus/pci/drivers/nvidia/bind"
    : >"$ROOT/sys/bus/pci/drivers_probe"
}

@test "a GPU that it leaves without a driver gets it back" {
    left "$CARD"
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at after bind "*"; then ln -s /sys/bus/pci/drivers/nvidia "/sys/bus/pci/devices/$value/driver"; fi'
    cp "$BATS_TEST_TMPDIR/kernel" "$ROOT/kernel"
    # shellcheck disable=SC2034 # for live_run
    ENVIRONMENT=(IOV_KERNEL=/kernel)
    live_make
    exits 0
    is "$(wc -l <"$ROOT/runs")" 1 runs
    is "$(types)" '558 558 558 0' types
}

@test "one that its driver does not take back is named" {
    left "$CARD"
    live_make
    exits 1
    is "$(<"$ROOT/sys/bus/pci/drivers/nvidia/bind")" "$CARD" bind
    rule_ends failed "it has ended, and $CARD has no driver$"
}

@test "so is a virtual function, for which drivers are asked" {
    left 0000:41:00.5
    live_make
    exits 1
    is "$(<"$ROOT/sys/bus/pci/drivers_probe")" 0000:41:00.5 probe
    rule_ends failed 'it has ended, and 0000:41:00.5 has no driver$'
}

@test "one that does not end is left alone after a minute, and named" {
    without_functions
    mkfifo "$BATS_TEST_TMPDIR/stuck" "$ROOT/go"
    sriov_manage 'echo Working >&2' 'echo >/stuck' 'read -r line </go' ': >/ended'
    mkfifo "$ROOT/stuck"
    with_iov_live IOV_STUCK=/stuck /build/passthrough-vgpu 60-vgpu
    exits 1
    (($(<"$ROOT/clock") >= 60 && $(<"$ROOT/clock") < 75))
    rule_ends failed "^$CARD: /usr/lib/nvidia/sriov-manage -e $CARD: it has not ended within 60 s, and 0 of 3 virtual functions are there; it said: Working$"
}

@test "a parent whose driver offers none is waited for half a minute, and named" {
    live_root
    rm -r "$ROOT"/sys/devices/pci*/0000:00:04.0/0000:41:00.*/nvidia
    live_make
    exits 1
    (($(<"$ROOT/clock") >= 30 && $(<"$ROOT/clock") < 45))
    rule_ends failed "^$CARD waits for its driver, nvidia, to offer virtual GPUs$"
}

@test "the service before it does not wait for what makes no virtual functions" {
    live_root
    mtty_parent
    rm -r "$ROOT/sys/devices/virtual/mtty/mtty/mdev_supported_types"
    vgpus Type=mtty-1
    live_make --functions
    exits 0
    (($(<"$ROOT/clock") < 15))
    live_make
    exits 1
    (($(<"$ROOT/clock") >= 30))
    rule_ends failed '^mtty waits for its driver to offer virtual GPUs$'
}

# withheld: when an image was built the host could not do without the card.
withheld() {
    local uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
    firmware_uuid
    mv "$ROOT/etc/passthrough.d/60-vgpu.conf" "$BATS_TEST_TMPDIR"
    rule card '[Match]' Address=41:00.0
    mkdir -p "$ROOT/sys/bus/mdev/devices" "$ROOT/sys/$(pci_dir "$CARD")/$uuid"
    link "bus/mdev/devices/$uuid" "$(pci_dir "$CARD")/$uuid"
    image_built
    rm -r "$ROOT/sys/bus/mdev/devices/$uuid" "$ROOT/sys/$(pci_dir "$CARD")/$uuid" "$ROOT/etc/passthrough.d/card.conf"
    mv "$BATS_TEST_TMPDIR/60-vgpu.conf" "$ROOT/etc/passthrough.d"
}

@test "a card that is not cleared is not taken from its driver; once it is, all is made" {
    withheld
    without_functions
    sriov_manage 'printf "%s\n" "$*" >>/runs' "$FUNCTIONS"
    live_make --functions
    exits 0
    live_make
    exits 1
    [[ ! -e $ROOT/runs ]]
    rule_ends refused "^$CARD: not cleared: the host needed it when a boot image was last built: "
    rm "$ROOT/var/lib/passthrough/clearance"
    live_make
    exits 0
    is "$(types)" '558 558 558 0' types
    rule_ends ok '^$'
}

@test "by hand it is asked what shows now, and nobody is sent to the command that was just typed" {
    withheld
    without_functions
    sriov_manage 'printf "%s\n" "$*" >>/runs' "$FUNCTIONS"
    live_make --now
    exits 1
    has 'the mediated device' 'now less shows than then'
    has_not 'passthroughctl bind'
    [[ ! -e $ROOT/runs ]]
}

@test "a virtual function that another rule decides is given no type, keeps what it has, and is named" {
    kernel
    rule 10-other '[Match]' Address=41:00.5
    make_gpus
    exits 1
    is "$(types)" '558 0 558 0' types
    rule_ends missing "^$CARD: 2 of 3 fit: rule 10-other decides 0000:41:00.5$"
    vendor_current 1 557
    make_gpus
    is "$(types)" '558 557 558 0' types
    vendor_current 1 0
    rule 10-other '[Match]' Address=41:00.5 '[Device]' Drvier=a
    make_gpus
    is "$(types)" '558 0 558 0' types
    rm "$ROOT/etc/passthrough.d/10-other.conf"
    make_gpus
    exits 0
    is "$(types)" '558 558 558 0' types
}

@test "a type that somebody else has set, beyond the number that the rule makes, is not the rule's" {
    kernel
    vendor_current 3 557
    make_gpus
    exits 0
    is "$(types)" '558 558 558 557' types
    plan
    device 0000:41:00.7 keep
    with_iov "$BUILD/passthroughctl" release --root="$ROOT" 60-vgpu
    is "$(types)" '0 0 0 557' types
    vgpus Type=A40-8Q Count=1
    vendor_current 1 558
    plan
    device 0000:41:00.5 keep
}

@test "one that is refused keeps another type" {
    kernel
    vendor_current 2 557
    pci_add 0000:00:1f.0 8086:a2c9 0c80 group=202 driver=other
    make_gpus
    exits 1
    is "$(types)" '0 0 557 0' types
    rule_ends refused '0000:41:00.6.* IOMMU group 202 also holds '
}

# unlike: two sizes on one card, and its driver has room for the first alone once that is made.
unlike() {
    vgpus Type=A40-8Q '[VirtualGPU]' Type=A40-4Q
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at after current_vgpu_type 558; then
        for file in "$root$(dirname "${path%/*/*}")"/0000:41:00.*/nvidia/creatable_vgpu_types; do echo "558  : NVIDIA A40-8Q" >"$file"; done
    fi'
}

SHM='between passthrough-vgpu-functions@60-vgpu.service and passthrough-vgpu@60-vgpu.service run nvidia-smi vgpu -i 0000:41:00.0 -shm 1'

@test "unlike sizes want heterogeneous mode, which is switched on between the two services: said once, before and after" {
    sriov_manage
    unlike
    plan
    rule_says 60-vgpu "^makes 2 virtual GPUs of $CARD; unlike sizes .*; $SHM$"
    is "$(grep -o 'shm 1' <<<"$output" | wc -l)" 1 'times that it is said'
    make_gpus
    exits 1
    is "$(types)" '558 0 0 0' types
    rule_ends failed "type 557 can not be made there, or not any more; unlike sizes .*; $SHM$"
    is "$(get '.rules[0].message' | grep -o 'shm 1' | wc -l)" 1 'times that it is said'
    rm "$ROOT/usr/lib/nvidia/sriov-manage"
    vendor_creatable 1 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    plan
    rule_says 60-vgpu 'unlike sizes stand beside each other in heterogeneous mode alone: nvidia-smi vgpu -i 0000:41:00.0 -shm 1$'
}

@test "another Type=: what has the old one and is idle goes first, which is said; what is used keeps it" {
    kernel
    make_gpus
    exits 0
    vgpus Type=A40-4Q Count=2
    plan
    rule_says 60-vgpu "^makes 2 virtual GPUs of $CARD; 0000:41:00.4 has the type 558 until then, 0000:41:00.5 has the type 558 until then$"
    ctl bind 60-vgpu --dry-run
    has "would make 2 virtual GPUs; 41:00.4 has the type 558 and goes first, 41:00.5 has the type 558 and goes first"
    process 4711 qemu-system-x86 /dev/vfio/201
    make_gpus --now
    exits 1
    is "$(types)" '558 558 558 0' types
    has "in use: 0000:41:00.5: qemu-system-x86 (PID 4711) has /dev/vfio/201 open; it has the type 558"
    rm -r "$ROOT/proc/4711"
    make_gpus --now
    exits 0
    is "$(types)" '557 557 558 0' types
}
