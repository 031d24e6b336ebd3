# Virtual GPUs of every kind: what is made, in order, at a boot and on a host that is up; what does not fit; and what is refused.

load product
load tree
load tree-vgpu

setup() {
    tree_new
}

# an_a40 [N]: an A40 with so many virtual functions of NVIDIA's vendor VFIO.
an_a40() {
    if ! tree_again "a40.${1-4}"; then
        tree_new
        nvidia_card
        nvidia_functions "${1-4}"
        vendor_vfio "${1-4}" '556:NVIDIA A40-2Q' '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q' '560:NVIDIA A40-16Q'
        tree_keep "a40.${1-4}"
    fi
    CARD=0000:41:00.0 CARD_MATCH=Address=41:00.0 CARD_BUS=
}

# an_old_a40: the same with mediated devices on its four virtual functions, as before version 17 of the driver.
an_old_a40() {
    if ! tree_again a40.old; then
        tree_new
        nvidia_card
        nvidia_functions 4
        vf_mediated 4
        tree_keep a40.old
    fi
    CARD=0000:41:00.0 CARD_MATCH=Address=41:00.0 CARD_BUS=
}

# --- what fits

@test "3 of 4 fit: those are made, and the rule says that one is missing" {
    mtty_parent 3
    vgpus Type=mtty-1 Count=4
    plan
    exits 1
    rule_is 60-vgpu missing
    rule_says 60-vgpu '^mtty: 3 of 4 fit: there is no room for another Single port serial$'
    vgpu_aim now
    makes 'write mdev_supported_types/mtty-1/create u0' 'write mdev_supported_types/mtty-1/create u1' \
        'write mdev_supported_types/mtty-1/create u2'
    has 'promised 2: mdev u2 on mtty, mtty-1' 'parent mtty: 0 of 4 are there'
    has_not 'promised 3'
}

@test "a type is meant by its ID, its whole name, its name without the maker, or its number" {
    nvidia_turing
    for type in nvidia-233 'GRID T4-8Q' T4-8Q 233; do
        vgpus "Type=$type"
        vgpu_aim boot
        makes 'write mdev_supported_types/nvidia-233/create u0'
        vgpu_rule ok 'makes 1 virtual GPU of 0000:41:00.0'
    done
}

@test "what is there already is not made again, and counts as room at the next boot" {
    mtty_parent 4
    vgpus Type=mtty-1 "UUID=$GIVEN $FOREIGN"
    add_mdev "$GIVEN" devices/virtual/mtty/mtty mtty-1 mtty 90
    mdev_available devices/virtual/mtty/mtty mtty-1 1
    vgpu_aim now
    makes "write mdev_supported_types/mtty-1/create $FOREIGN"
    has 'parent mtty: 1 of 2 are there'
    mdev_available devices/virtual/mtty/mtty mtty-1 0
    vgpu_aim now
    makes_none
    vgpu_rule missing 'mtty: 1 of 2 fit: .*'
    add_mdev "$FOREIGN" devices/virtual/mtty/mtty mtty-1 mtty 91
    vgpu_aim now
    makes_none
    vgpu_rule ok ''
    vgpu_aim boot
    makes "write mdev_supported_types/mtty-1/create $GIVEN" "write mdev_supported_types/mtty-1/create $FOREIGN"
    vgpu_rule ok 'makes 2 .*'
    has_not promised # they are devices of the plan
}

@test "attributes come before the first, and none where all are there" {
    mtty_parent
    vgpus Type=mtty-1 "UUID=$GIVEN" Attribute=power/control=on
    vgpu_aim boot
    makes 'write power/control on' "write mdev_supported_types/mtty-1/create $GIVEN"
    add_mdev "$GIVEN" devices/virtual/mtty/mtty mtty-1 mtty
    vgpu_aim now
    makes_none
}

@test "mediated devices on virtual functions: one on each, beside what somebody else has there" {
    an_old_a40
    vgpus Type=A40-8Q Count=2
    vgpu_aim now
    makes 'write 0000:41:00.4/mdev_supported_types/nvidia-558/create u0' 'write 0000:41:00.5/mdev_supported_types/nvidia-558/create u1'
    has 'promised 0: mdev u0 on 0000:41:00.4, nvidia-558'
    add_mdev "$FOREIGN" "$(pci_dir 0000:41:00.4)" nvidia-558
    nvidia_sized "$(pci_dir 0000:41:00.4)" nvidia-558 0
    vgpu_aim now
    makes 'write 0000:41:00.5/mdev_supported_types/nvidia-558/create u0' 'write 0000:41:00.6/mdev_supported_types/nvidia-558/create u1'
}

@test "a whole card has so many of a type at most, whatever each virtual function says" {
    an_old_a40
    vgpus Type=A40-16Q Count=4
    vgpu_aim boot
    vgpu_rule missing '0000:41:00.0: 3 of 4 fit: there is no room for another NVIDIA A40-16Q'
    add_mdev "$FOREIGN" "$(pci_dir 0000:41:00.7)" nvidia-560 nvidia-vgpu-vfio 90
    vgpu_aim now
    vgpu_rule missing '0000:41:00.0: 2 of 4 fit: .*'
    add_mdev "$GIVEN" "$(pci_dir 0000:41:00.6)" nvidia-560 nvidia-vgpu-vfio 91
    vgpus Type=A40-16Q "UUID=$GIVEN"
    vgpu_aim now
    vgpu_rule ok ''
}

# --- NVIDIA's vendor VFIO

@test "vendor VFIO at a boot: its program makes the functions, which are looked at; then each gets its type" {
    an_a40
    sriov_manage
    vgpus Type=A40-8Q Count=2
    plan
    exits 0
    is "$(vgpu_planned)" "$(cat <<'END'
run /usr/lib/nvidia/sriov-manage -e 0000:41:00.0
verify driver nvidia
verify virtfn0/driver nvidia
verify virtfn1/driver nvidia
write /sys/devices/pci0000:00/0000:00:04.0/0000:41:00.4/nvidia/current_vgpu_type 558
write /sys/devices/pci0000:00/0000:00:04.0/0000:41:00.5/nvidia/current_vgpu_type 558
END
    )" operations
    vgpu_aim boot
    is "$(grep -c '^functions ' <<<"$output")" 4 'operations of the first phase'
    has 'promised 1: pci 0000:41:00.5 on 0000:41:00.5, 558'
}

@test "where the functions are there, the program is not run; the line that names the columns may be missing" {
    an_a40
    sriov_manage
    vgpus Type=A40-8Q Count=2 '[VirtualGPU]' Type=560
    vendor_bare 0 '558:NVIDIA A40-8Q'
    vgpu_aim now
    makes 'write 0000:41:00.4/nvidia/current_vgpu_type 558' 'write 0000:41:00.5/nvidia/current_vgpu_type 558' \
        'write 0000:41:00.6/nvidia/current_vgpu_type 560'
    vgpu_rule ok 'makes 3 virtual GPUs of 0000:41:00.0; unlike sizes .*nvidia-smi vgpu -i 0000:41:00.0 -shm 1'
}

@test "functions that show are there, whatever their number says: the program is not run" {
    an_a40 4
    sriov_manage
    pci_set "$CARD" sriov_numvfs 0
    vendor_current 3 557
    vgpus Type=A40-8Q
    vgpu_aim now
    makes 'write 0000:41:00.4/nvidia/current_vgpu_type 558'
}

@test "as many as a rule can ask for are planned as fast as what fits allows" {
    mtty_parent 2
    vgpus Type=mtty-1 Count=65535
    run --separate-stderr timeout 60 "$BUILD/passthroughctl" --root="$ROOT" plan --json
    exits 1
    rule_says 60-vgpu '^mtty: 2 of 65535 fit: '
}

@test "without a type, virtual functions of NVIDIA's are no virtual GPUs; a type that somebody has set stays" {
    an_a40 2
    vgpus Count=2
    plan
    exits 1
    rule_is 60-vgpu refused
    has "NVIDIA's virtual GPUs have types; write Type="
    is "$(vgpu_planned)" '' operations
    vendor_current 0 558
    plan
    exits 1
    is "$(vgpu_planned)" '' operations
    rule_says 60-vgpu "NVIDIA's virtual GPUs have types; write Type="
    is "$(get '.devices[] | select(.address == "0000:41:00.4") | "\(.action) \(.reason)"')" \
        'refuse in use: it is a virtual GPU, of type 558; virtual GPUs go with the driver, so remove them first' function
    has_not sriov_numvfs
}

@test "functions that are not there yet are made first, and nobody knows what they are until then" {
    nvidia_card
    sriov_manage
    pci_set "$CARD" sriov_drivers_autoprobe 0
    vgpus Type=A40-8Q Count=2
    vgpu_aim now
    makes 'write sriov_drivers_autoprobe 1' 'run /usr/lib/nvidia/sriov-manage -e 0000:41:00.0' 'verify driver nvidia' \
        'verify virtfn0/driver nvidia' 'verify virtfn1/driver nvidia'
    has 'promised 1: pci - on -, A40-8Q'
    rm "$ROOT/usr/lib/nvidia/sriov-manage"
    vgpu_aim now
    makes_none
    has 'waits for its driver, nvidia, to offer virtual GPUs'
    vgpus Type=A40-8Q Count=17
    vgpu_aim now
    vgpu_rule refused '0000:41:00.0: it has at most 16 virtual functions, and the rule wants 17 virtual GPUs'
}

@test "a card before Ampere has its types itself: the program is not run for it" {
    vgpu_card 10de:1eb8 0302 nvidia 16
    sriov_manage
    vgpus Type=T4-8Q
    vgpu_aim now
    makes_none
    has 'waits for its driver, nvidia, to offer virtual GPUs'
}

@test "the list of what can be made shrinks: what is made still has its name" {
    an_a40
    vgpus Type=A40-16Q Count=3
    for i in 0 1 2; do vendor_creatable $i && vendor_current $i 560; done
    vendor_creatable 3
    vgpu_aim now
    vgpu_rule refused '0000:41:00.0: its driver offers no type A40-16Q, and no other now'
    put /usr/share/nvidia/vgpu/vgpuConfig.xml '<vgpuconfig>' '    <vgpuType id="558" name="NVIDIA A40-8Q" class="Quadro">' '    </vgpuType>' \
        '    <vgpuType id="560" name="NVIDIA A40-16Q" class="Quadro">' '</vgpuType></vgpuconfig>'
    vgpu_aim now
    makes_none
    vgpu_rule ok ''
    vendor_current 2 0
    vgpu_aim now
    makes_none
    vgpu_rule missing '0000:41:00.0: 2 of 3 fit: there is no room for another NVIDIA A40-16Q'
    vgpus Type=560 Count=2
    rm "$ROOT/usr/share/nvidia/vgpu/vgpuConfig.xml"
    vgpu_aim now
    vgpu_rule ok ''
    vgpu_aim boot
    makes 'write 0000:41:00.4/nvidia/current_vgpu_type 560' 'write 0000:41:00.5/nvidia/current_vgpu_type 560'
}

@test "more than there are virtual functions: those that there are" {
    an_a40 2
    vgpus Type=A40-8Q Count=3
    vgpu_aim now
    is "$(grep -c '^make write' <<<"$output")" 2 operations
    vgpu_rule missing '0000:41:00.0: 2 of 3 fit: there is no room for another NVIDIA A40-8Q; 2 of its virtual functions can be virtual GPUs'
}

@test "a virtual function that its driver does not have is named" {
    an_a40
    vgpus Type=A40-8Q Count=2
    rm -r "$(pci_file 0000:41:00.5 nvidia)" "$(pci_file 0000:41:00.5 driver)"
    vgpu_aim now
    makes 'write 0000:41:00.4/nvidia/current_vgpu_type 558'
    vgpu_rule missing '0000:41:00.0: 1 of 2 fit: there is no room for another NVIDIA A40-8Q; 0000:41:00.5 has no driver'
    mkdir -p "$(pci_file 0000:41:00.5 vfio-dev/vfio1)"
    vgpu_aim now
    vgpu_rule missing '.*; 0000:41:00.5: its driver is to leave it, and waits for who has it open through VFIO'
    link "$(pci_dir 0000:41:00.5)/driver" bus/pci/drivers/vfio-pci
    vgpu_aim now
    vgpu_rule missing '.*; 0000:41:00.5 is bound to vfio-pci, which makes no virtual GPU of it'
}

@test "unlike sizes, and types of a GPU instance, are the administrator's: the command is named" {
    an_a40
    vgpus Type=A40-8Q Count=1
    vendor_current 3 557
    for i in 0 1 2; do vendor_creatable $i '557:NVIDIA A40-4Q'; done
    put /usr/share/nvidia/vgpu/vgpuConfig.xml '<vgpuType id="558" name="NVIDIA A40-8Q" class="Quadro">'
    vgpu_aim now
    makes_none
    vgpu_rule missing '.*: 0 of 1 fit: there is no room for a NVIDIA A40-8Q; unlike sizes .*: nvidia-smi vgpu -i 0000:41:00.0 -shm 1'
    vgpus Type=A100-1-5C
    vgpu_aim now
    makes_none
    vgpu_rule refused '.*offers no type A100-1-5C: it is a type of a GPU instance, and none is free: nvidia-smi mig -i 0000:41:00.0 -cgi .*'
    vendor_creatable 0 '474:NVIDIA A100-1-5C'
    vgpu_aim now
    makes 'write 0000:41:00.4/nvidia/current_vgpu_type 474'
}

@test "a mediated type of a GPU instance fits once there is one" {
    nvidia_card
    nvidia_functions 2
    vf_mediated 2 474:1-5C:4864:7 468:4C:4096:10
    vgpus Type=A40-1-5C
    nvidia_sized "$(pci_dir 0000:41:00.4)" nvidia-468 1
    nvidia_sized "$(pci_dir 0000:41:00.5)" nvidia-468 1
    vgpu_aim now
    makes_none
    vgpu_rule missing '.*0 of 1 fit: .*A40-1-5C; it is a type of a GPU instance, and none is free: .*'
    mdev_available "$(pci_dir 0000:41:00.5)" nvidia-474 1
    vgpu_aim now
    makes 'write 0000:41:00.5/mdev_supported_types/nvidia-474/create u0'
}

# --- virtual functions without types

@test "xe: profiles before the number, each function its own; what max_vfs= allows" {
    xe_card
    vgpus Count=2 Attribute=vram_quota=4294967296 '[VirtualGPU]' Attribute=vram_quota=8589934592 Attribute=sched_priority=high
    plan
    exits 0
    is "$(vgpu_planned | head -7)" "$(cat <<'END'
write sriov_admin/vf1/profile/vram_quota 4294967296
write sriov_admin/vf2/profile/vram_quota 4294967296
write sriov_admin/vf3/profile/vram_quota 8589934592
write sriov_admin/vf3/profile/sched_priority high
write sriov_drivers_autoprobe 0
write sriov_numvfs 3
verify sriov_numvfs 3
END
    )" operations
    put /sys/module/xe/parameters/max_vfs 2
    pci_set "$CARD" sriov_totalvfs 2
    plan
    exits 1
    rule_says 60-vgpu 'it has at most 2 virtual functions, and the rule wants 3; xe was loaded with max_vfs=2$'
    is "$(vgpu_planned)" '' operations
}

@test "an xe without profiles takes no Attribute=, nor one that they lack; other drivers have them at the card" {
    xe_bare
    vgpus Count=1 Attribute=vram_quota=1
    plan
    exits 1
    rule_says 60-vgpu 'no profiles .*leave Attribute= out of \[VirtualGPU\]$'
    is "$(vgpu_planned)" '' operations
    xe_card
    find "$ROOT/sys/$(pci_dir "$CARD")/sriov_admin" -name vram_quota -delete
    plan
    exits 1
    rule_says 60-vgpu 'no sriov_admin/vf1/profile/vram_quota; it has exec_quantum_ms, preempt_timeout_us, sched_priority$'
    is "$(vgpu_planned)" '' operations
    i915_card
    vgpus Count=1 Attribute=power/control=on
    plan
    exits 0
    is "$(vgpu_planned | head -3 | paste -sd' ')" 'write power/control on write sriov_drivers_autoprobe 0 write sriov_numvfs 1' operations
}

@test "gim: exactly those that it made are bound; any other number is refused, with its parameter" {
    for shape in gim_card gim_bare; do
        tree_new
        $shape 2
        vgpus Count=2
        plan
        exits 0
        rule_is 60-vgpu ok
        is "$(vgpu_planned | grep -v '^load')" "$(cat <<'END'
write /sys/bus/pci/devices/0000:41:00.4/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:41:00.4
verify /sys/bus/pci/devices/0000:41:00.4/driver vfio-pci
write /sys/bus/pci/devices/0000:41:00.5/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:41:00.5
verify /sys/bus/pci/devices/0000:41:00.5/driver vfio-pci
END
        )" "operations of $shape"
        vgpus Count=3
        plan
        exits 1
        rule_says 60-vgpu 'gim has made 2 virtual functions .*; write Count=2, or load it with vf_num=3$'
    done
}

# --- what is another than it is to be, and what goes

@test "one with another type goes first if nobody uses it, and then everything is made anew" {
    mtty_parent 0
    vgpus Type=mtty-2 "UUID=$GIVEN" '[VirtualGPU]' Type=mtty-1
    add_mdev "$GIVEN" devices/virtual/mtty/mtty mtty-1 mtty 90
    vgpu_aim now
    makes "write $GIVEN/remove 1" "write mdev_supported_types/mtty-2/create $GIVEN" 'write mdev_supported_types/mtty-1/create u0'
    process 77 qemu-system-x86 /dev/vfio/90
    vgpu_aim now
    makes_none
    vgpu_rule refused "mtty: in use: $GIVEN: qemu-system-x86 \(PID 77\) has /dev/vfio/90 open; it has the type mtty-1"
    an_a40
    vgpus Type=A40-8Q Count=2
    vendor_current 1 557
    vgpu_aim now
    makes 'write 0000:41:00.5/nvidia/current_vgpu_type 0' 'write 0000:41:00.4/nvidia/current_vgpu_type 558' \
        'write 0000:41:00.5/nvidia/current_vgpu_type 558'
    process 77 qemu-system-x86 /dev/vfio/201
    vgpu_aim now
    makes_none
    vgpu_rule refused '.*in use: 0000:41:00.5: qemu-system-x86 \(PID 77\) has /dev/vfio/201 open; it has the type 557'
}

@test "gone: those of the rule alone, and none where somebody uses one" {
    mtty_parent
    vgpus Type=mtty-1 "UUID=$GIVEN"
    add_mdev "$GIVEN" devices/virtual/mtty/mtty mtty-1 mtty 90
    add_mdev "$FOREIGN" devices/virtual/mtty/mtty mtty-1 mtty 91
    vgpu_aim gone
    makes "write $GIVEN/remove 1"
    process 77 qemu /dev/vfio/90
    vgpu_aim gone
    makes_none
    vgpu_rule refused "mtty: in use: $GIVEN: qemu \(PID 77\) has /dev/vfio/90 open"
    # While it goes, its driver shows no more.
    rm "$ROOT/sys/devices/virtual/mtty/mtty/$GIVEN/driver"
    vgpu_aim gone
    makes_none
    an_a40
    vgpus Type=A40-8Q Count=2
    vendor_current 0 558
    vendor_current 3 557
    vgpu_aim gone
    makes 'write 0000:41:00.4/nvidia/current_vgpu_type 0'
}

@test "a UUID that another parent has is no virtual GPU of this one" {
    mtty_parent
    mdpy_parent
    vgpus Type=mdpy-hd "UUID=$GIVEN"
    add_mdev "$GIVEN" devices/virtual/mtty/mtty mtty-1 mtty
    vgpu_aim now
    makes_none
    vgpu_rule refused "mdpy: the mediated device $GIVEN is there already, of mtty"
}

# --- who else makes them

@test "a UUID that two rules have is the first one's, on this host; the other is refused, and both are named" {
    mtty_parent
    rule 50-first '[Match]' Bus=mdev Address=mtty '[VirtualGPU]' Type=mtty-1 "UUID=$FOREIGN $GIVEN"
    mdpy_parent
    vgpus Type=mdpy-hd "UUID=${GIVEN^^}"
    vgpu_aim boot
    has "promised 1: mdev $GIVEN on mtty, mtty-1"
    has_not 'on mdpy'
    vgpu_rule refused "mdpy: rule 50-first has UUID=$GIVEN, too; write another one"
    rule 50-first '[Match]' Bus=mdev Address=mtty Host=other '[VirtualGPU]' Type=mtty-1 "UUID=$GIVEN"
    vgpu_aim boot
    makes "write mdev_supported_types/mdpy-hd/create $GIVEN"
}

@test "a definition of mdevctl with the rule's UUID is refused, whatever its parent; another one stays its own" {
    mtty_parent
    vgpus Type=mtty-1 Count=2
    mdevctl_defined mtty "$FOREIGN" mtty-1 auto
    vgpu_aim boot
    vgpu_rule ok 'makes 2 .*'
    vgpus Type=mtty-1 "UUID=$FOREIGN"
    vgpu_aim boot
    makes_none
    vgpu_rule refused "mtty: both /etc/mdevctl.d/mtty/$FOREIGN and /etc/passthrough.d/60-vgpu.conf make the mediated device $FOREIGN; keep one of the two"
    rm -r "$ROOT/etc/mdevctl.d"
    mdevctl_defined 0000:41:00.0 "${FOREIGN^^}" nvidia-558 manual
    vgpu_aim boot
    vgpu_rule refused 'mtty: both .* keep one of the two'
}

@test "an automatic definition that takes the room of the rule is refused; one that is started has taken it already" {
    mtty_parent 2
    vgpus Type=mtty-1 Count=2
    mdevctl_defined mtty "$FOREIGN" mtty-1 manual
    vgpu_aim boot
    vgpu_rule ok 'makes 2 .*'
    mdevctl_defined mtty "$FOREIGN" mtty-1 auto
    vgpu_aim boot
    makes_none
    vgpu_rule refused "mtty: both /etc/mdevctl.d/mtty/$FOREIGN and .* it has room for 2 of Single port serial; keep one of the two"
    mdev_available devices/virtual/mtty/mtty mtty-1 3
    add_mdev "$FOREIGN" devices/virtual/mtty/mtty mtty-1 mtty
    vgpu_aim boot
    vgpu_rule ok 'makes 2 .*'
    an_old_a40
    vgpus Type=A40-8Q Count=4
    mdevctl_defined 0000:41:00.6 "$FOREIGN" nvidia-556 auto
    vgpu_aim now
    makes_none
    vgpu_rule refused '.*both /etc/mdevctl.d/0000:41:00.6/.*'
}

@test "services that make virtual functions are named, where these are what is made" {
    an_a40
    vgpus Type=A40-8Q
    unit_enabled pve-nvidia-sriov@0000:42:00.0.service
    vgpu_aim boot
    vgpu_rule ok 'makes 1 .*'
    for unit in pve-nvidia-sriov@ALL.service nvidia-sriov-manage@0000:41:00.0.service; do
        rm -r "$ROOT/etc/systemd/system"
        unit_enabled "$unit"
        vgpu_aim boot
        makes_none
        vgpu_rule refused ".*both /etc/systemd/system/multi-user.target.wants/$unit and /etc/passthrough.d/60-vgpu.conf make its virtual functions; keep .*"
    done
    nvidia_turing
    vgpus Type=T4-8Q
    vgpu_aim boot
    vgpu_rule ok 'makes 1 .*'
}

@test "who has the card open stops its program, and nothing else; at a boot nobody has" {
    local who
    nvidia_card
    sriov_manage
    put /proc/driver/nvidia/gpus/0000:41:00.0/information 'Model: 		 NVIDIA A40' 'Device Minor: 	 0'
    vgpus Type=A40-8Q
    for who in nvidia-persiste Xorg cuda; do
        process 99 "$who" /dev/nvidia0
        vgpu_aim now
        makes_none
        vgpu_rule refused "0000:41:00.0: in use: .*$who \(PID 99\).*, and its virtual functions are made while no driver has it"
    done
    vgpu_aim boot
    vgpu_rule ok 'makes 1 .*'
    nvidia_turing
    vgpus Type=T4-8Q
    vgpu_aim now
    makes 'write mdev_supported_types/nvidia-233/create u0'
}

# --- types that nobody has, and what cannot be read

@test "no such type: what may be meant, or what there is; several: which" {
    nvidia_turing
    vgpus Type=T4-8X
    vgpu_aim boot
    vgpu_rule refused '0000:41:00.0: its driver offers no type T4-8X; is GRID T4-8[A-Z]? ?\(nvidia-[0-9]+\) meant\?'
    vgpus Type=Quadro
    vgpu_aim boot
    vgpu_rule refused '0000:41:00.0: its driver offers no type Quadro; it has GRID T4-1B \(nvidia-222\), .* and 1 more: passthroughctl list --types'
    mdev_type "$(pci_dir "$CARD")" nvidia-300 'NVIDIA T4-8Q' 2
    vgpus Type=T4-8Q
    vgpu_aim boot
    makes_none
    vgpu_rule refused '0000:41:00.0: Type=T4-8Q may be GRID T4-8Q \(nvidia-233\), NVIDIA T4-8Q \(nvidia-300\); write the one that is meant'
}

@test "a UUID= for vendor VFIO, and no machine-id for derived ones, are refused" {
    an_a40
    vgpus Type=A40-8Q "UUID=$GIVEN"
    vgpu_aim boot
    vgpu_rule refused '.*virtual functions, which have no UUIDs; leave UUID= out'
    mtty_parent
    rm "$ROOT/etc/machine-id"
    vgpus Type=mtty-1
    vgpu_aim boot
    makes_none
    vgpu_rule refused 'mtty: cannot see this host.s machine-id, .*; write UUID='
    for id in uninitialized 00000000000000000000000000000000 0123456789abcdef 0123456789abcdef0123456789abcdeX; do
        put /etc/machine-id "$id"
        vgpu_aim boot
        makes_none
        vgpu_rule refused 'mtty: cannot see this host.s machine-id, .*; write UUID='
    done
    vgpus Type=mtty-1 "UUID=$GIVEN"
    vgpu_aim boot
    makes "write mdev_supported_types/mtty-1/create $GIVEN"
}

# unreadable FILE: below /sys or whole; it is there, and cannot be read.
unreadable() {
    rm -r "${ROOT:?}$1"
    ln -s "${1##*/}" "$ROOT$1"
}

@test "what cannot be read never makes anything" {
    local file dir shape
    for shape in mtty turing vendor; do
        case $shape in
        mtty)
            tree_new && mtty_parent && vgpus Type=mtty-1 Count=2 && mdevctl_defined mtty "$FOREIGN" mtty-1 auto
            dir=/sys/devices/virtual/mtty/mtty/mdev_supported_types
            set -- "$dir" "$dir/mtty-1/available_instances" /etc/machine-id "/etc/mdevctl.d/mtty/$FOREIGN" /etc/mdevctl.d/mtty /etc/mdevctl.d
            ;;
        turing)
            tree_new && nvidia_turing && vgpus Type=T4-8Q
            dir=/sys/$(pci_dir "$CARD")/mdev_supported_types
            set -- "$dir" "$dir/nvidia-233/name" "$dir/nvidia-233/available_instances" /etc/mdevctl.d
            mkdir -p "$ROOT/etc/mdevctl.d"
            ;;
        vendor)
            an_a40 && vgpus Type=A40-8Q Count=4
            dir=/sys/$(pci_dir 0000:41:00.5)/nvidia
            mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
            set -- "$dir/current_vgpu_type" "$dir/creatable_vgpu_types" /etc/systemd/system/multi-user.target.wants /etc/systemd/system
            ;;
        esac
        vgpu_aim now
        grep -q '^make write' <<<"$output" || { show && return 1; }
        cp -a "$ROOT" "$ROOT.whole"
        for file; do
            rm -rf "$ROOT" && cp -a "$ROOT.whole" "$ROOT"
            unreadable "$file"
            for aim in now boot; do
                vgpu_aim $aim
                makes_none || { echo "$shape: $file: $aim" && return 1; }
                vgpu_rule refused '.*' || { echo "$shape: $file: $aim" && return 1; }
            done
        done
        rm -r "$ROOT.whole"
    done
}

@test "each parent of a rule has its own, and one that is full is named" {
    vgpu_card 10de:13f2 0300 nvidia
    pci_add 0000:41:00.1 10de:13f2 0300 under=0000:00:04.0 group=42 driver=nvidia
    for at in 0 1; do
        mdev_parent "$(pci_dir "0000:41:00.$at")" "0000:41:00.$at"
        nvidia_types "$(pci_dir "0000:41:00.$at")" max 'GRID M60-' 18:2Q:2048:4 22:8Q:8192:1
    done
    rule 60-vgpu '[Match]' ID=10de:13f2 '[Device]' Expect=2 '[VirtualGPU]' Type=M60-2Q Count=2
    vgpu_aim boot
    vgpu_rule ok 'makes 2 virtual GPUs of 0000:41:00.0, 2 of 0000:41:00.1'
    makes 'write mdev_supported_types/nvidia-18/create u0' 'write mdev_supported_types/nvidia-18/create u1' \
        'write 0000:41:00.1/mdev_supported_types/nvidia-18/create u2' 'write 0000:41:00.1/mdev_supported_types/nvidia-18/create u3'
    nvidia_sized "$(pci_dir 0000:41:00.0)" nvidia-18 1
    vgpu_aim boot
    vgpu_rule missing '0000:41:00.0: 1 of 2 fit: .*'
    is "$(grep -c '^make ' <<<"$output")" 3 operations
}

# --- shapes of real hosts

# shape TYPE OPERATION...: the rule asks for one of that type; these are the operations on a host that is up.
shape() {
    vgpus "Type=$1"
    vgpu_aim now
    makes "${@:2}" || { echo "type $1" && return 1; }
}

# a_card ID N NUMBER:NAME...: with N virtual functions of vendor VFIO.
a_card() {
    tree_new
    vgpu_card "$1" 0302 nvidia 32 4 1
    nvidia_functions "$2"
    vendor_vfio "$2" "${@:3}"
}

@test "types of real hosts are declared as their drivers call them" {
    nvidia_turing && shape T4-16Q 'write mdev_supported_types/nvidia-234/create u0'
    tree_new && vgpu_card 10de:1db4 0302 nvidia && mdev_parent "$(pci_dir "$CARD")" "$CARD"
    nvidia_types "$(pci_dir "$CARD")" max 'GRID V100-' 105:1Q:1024:16 182:16C:16384:1
    shape V100-16C 'write mdev_supported_types/nvidia-182/create u0'
    tree_new && vgpu_card 10de:1bb3 0302 nvidia && mdev_parent "$(pci_dir "$CARD")" "$CARD"
    nvidia_types "$(pci_dir "$CARD")" max 'GRID P4-' 63:1Q:1024:8 288:8C:8192:1
    shape 'GRID P4-8C' 'write mdev_supported_types/nvidia-288/create u0'
    an_old_a40 && shape A40-2Q 'write 0000:41:00.4/mdev_supported_types/nvidia-556/create u0'
    tree_new && nvidia_card && nvidia_functions 2 && vf_mediated 2 474:1-5C:4864:7
    shape 'NVIDIA A40-1-5C' 'write 0000:41:00.4/mdev_supported_types/nvidia-474/create u0'
    a_card 10de:27b8 2 '1434:NVIDIA L4-1B' '1446:NVIDIA L4-24Q'
    shape L4-24Q 'write 0000:41:00.4/nvidia/current_vgpu_type 1446'
    a_card 10de:2335 2 && vendor_bare 0 '1428:NVIDIA H200X-141C' '1414:NVIDIA H200X-1-18C'
    shape H200X-1-18C 'write 0000:41:00.4/nvidia/current_vgpu_type 1414'
    a_card 10de:2bb5 1 '1561:NVIDIA RTX Pro 6000 Blackwell DC-12Q' '1587:NVIDIA RTX Pro 6000 Blackwell DC-1-24Q'
    shape 'RTX Pro 6000 Blackwell DC-12Q' 'write 0000:41:00.4/nvidia/current_vgpu_type 1561'
    shape 'NVIDIA RTX Pro 6000 Blackwell DC-1-24Q' 'write 0000:41:00.4/nvidia/current_vgpu_type 1587'
    tree_new && gvtg && shape i915-GVTg_V5_8 'write mdev_supported_types/i915-GVTg_V5_8/create u0'
    shape GVTg_V5_4 'write mdev_supported_types/i915-GVTg_V5_4/create u0'
    tree_new && mtty_parent && shape 'Dual port serial' 'write mdev_supported_types/mtty-2/create u0'
    tree_new && mdpy_parent && shape xga 'write mdev_supported_types/mdpy-xga/create u0'
    tree_new && css_parent && vgpus Type=vfio_ccw-io
    vgpu_aim now
    makes 'write /sys/devices/css0/0.0.0313/mdev_supported_types/vfio_ccw-io/create u0'
}

@test "beside a type the virtual functions stay with their driver, unless [SR-IOV] says more" {
    an_a40
    sriov_manage
    vgpus Type=A40-8Q Count=2 '[SR-IOV]' VirtualFunctions=4
    plan
    exits 0
    is "$(vgpu_planned | grep -c vfio-pci)" 0 'operations for vfio-pci'
    is "$(vgpu_planned | grep -c 'current_vgpu_type 558$')" 2 types
}

@test "a rule lacks a type where nothing makes virtual functions, and has one in vain where these have none" {
    gvtg
    vgpus Count=2
    plan
    rule_is 60-vgpu refused
    has '[VirtualGPU] without Type= makes virtual functions, and it can have none'
    xe_card
    vgpus Type=B60-8Q
    plan
    rule_is 60-vgpu refused
    has 'without a type; leave Type= out'
}
