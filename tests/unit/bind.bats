# passthroughctl bind and release: now, by hand. In a tree of plain files no driver ever binds: what is shown is what is written and
# what is refused, and that a device which has its driver already is as it should be.

load product
load tree

setup() {
    tree_again bind && return
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=radeon
    pci_add 0000:01:00.1 1002:aa38 0403 under=0000:00:02.0 group=1 driver=snd_hda_intel
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci override=vfio-pci
    root_port 0000:00:04.0 03
    pci_add 0000:03:00.0 1b36:0010 010802 under=0000:00:04.0 group=3 driver=nvme
    disk nvme0n1 259:0 0000:03:00.0
    part nvme0n1p1 259:1
    root_port 0000:00:05.0 04
    pci_add 0000:04:00.0 8086:10d3 0200 under=0000:00:05.0 group=4 driver=e1000e
    nic eno1 0000:04:00.0 up
    driver_present vfio-pci
    rule gpu '[Match]' Address=01:00.0
    rule edu '[Match]' Address=02:00.0
    rule nvme '[Match]' Address=03:00.0
    rule nic '[Match]' Address=04:00.0
    process 1 systemd
    tree_keep bind
}

written() { # written PATH: what a write has left there
    tr '\n' '|' <"$ROOT$1"
}

override_of() {
    tr '\n' '|' <"$(pci_file "$1" driver_override)"
}

service() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
}

# --- bind

@test "bind RULE writes for that rule's devices alone" {
    ctl bind gpu
    exits 1
    # No driver of a plain file takes it: put back as it was.
    has 'gpu: 01:00.0 failed: vfio-pci did not take it; it is bound to radeon'
    is "$(written /sys/bus/pci/drivers/radeon/unbind)" 0000:01:00.0 'radeon/unbind'
    is "$(written /sys/bus/pci/drivers/snd_hda_intel/unbind)" 0000:01:00.1 'the companion'
    is "$(written /sys/bus/pci/drivers/nvme/unbind)" '' 'nvme/unbind'
    is "$(override_of 0000:01:00.0)" '|' 'override afterwards'
    is "$(override_of 0000:03:00.0)" '(null)|' 'override of another rule'
    ctl status --json
    is "$(get '[.devices[] | select(.rule == "gpu").state] | unique[]')" failed 'the record'
    is "$(get '[.devices[] | select(.rule == "nvme")] | length')" 0 'of others in the record'
}

@test "bind of what has its driver already succeeds, and changes nothing" {
    ctl bind edu
    exits 0
    has 'edu: 02:00.0 bound to vfio-pci'
    is "$(written /sys/bus/pci/drivers_probe)" '' drivers_probe
    ctl bind edu
    exits 0
    ctl bind edu --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.state) \(.rule)"')" '0000:02:00.0 bound edu' document
    is "$(get '.rules[] | "\(.name) \(.state)"')" 'edu ok' rules
    service edu
    exits 0
}

@test "bind ADDRESS takes what has to come with it" {
    ctl bind 01:00.1
    exits 1
    has 'gpu: 01:00.0 failed' 'gpu: 01:00.1 failed'
}

@test "bind ADDRESS leaves the rule's other devices alone" {
    pci_add 0000:05:00.0 1234:11e8 00ff group=50
    rule edu '[Match]' ID=1234:11e8 '[Device]' Expect=2
    ctl bind 0000:02:00.0
    exits 0
    is "$(override_of 0000:05:00.0)" '(null)|' 'the other'
    ctl status
    exits 1
}

@test "bind of an address that no rule covers says how to write one" {
    ctl bind 00:1f.3
    exits 2
    has 'no rule covers 00:1f.3' 'passthroughctl add NAME 00:1f.3'
    is "$(override_of 0000:00:1f.3)" '(null)|' override
}

@test "bind of nothing there is a usage error" {
    ctl bind 99:00.0
    exits 2
    has 99:00.0
    ctl bind gpx
    exits 2
    has '"gpu" is meant' || has 'is "gpu" meant'
    ctl bind
    exits 2
    ctl bind a b
    exits 2
}

@test "bind of a rule with an error is a config error, and says where" {
    rule gpu '[Match]' Adress=01:00.0
    ctl bind gpu
    exits 2
    has gpu.conf:2
    is "$(override_of 0000:01:00.0)" '(null)|' override
}

@test "bind of a rule that has no device here says missing" {
    rule none '[Match]' Address=99:00.0
    ctl bind none
    exits 1
    has 'none: missing'
}

@test "bind does nothing where passthrough=off holds" {
    cmdline passthrough=off
    ctl bind gpu
    exits 1
    has skipped passthrough=off
    is "$(override_of 0000:01:00.0)" '(null)|' override
}

@test "bind refuses with the plan's reason" {
    pci_set 0000:01:00.0 boot_vga 1
    ctl bind gpu
    exits 1
    has 'gpu: 01:00.0 refused: the firmware booted on this display'
    is "$(override_of 0000:01:00.0)" '(null)|' override
}

@test "Driver=native is nothing that bind could carry out" {
    rule gpu '[Match]' Address=01:00.0 '[Device]' Driver=native
    ctl bind gpu
    exits 1
    has 'stays with the host'
}

# --- in use

@test "a mounted disk is refused, with the mount" {
    mounted nvme0n1p1 /srv ext4
    ctl bind nvme
    exits 1
    has '03:00.0 refused: the host needs it: 03:00.0 ← nvme0n1p1 ← /srv'
    is "$(override_of 0000:03:00.0)" '(null)|' override
}

@test "a disk, or a volume on it, that a process has open is refused, with the process" {
    process 812 mkfs.ext4 /dev/nvme0n1p1
    ctl bind nvme
    exits 1
    has 'refused: in use: 03:00.0 ← nvme0n1p1 ← mkfs.ext4 (PID 812)'
}

@test "the node of an NVMe controller" {
    devnode 0000:03:00.0 nvme/nvme0 nvme0 240:0
    process 812 nvme /dev/nvme0
    ctl bind nvme
    exits 1
    has 'in use: 03:00.0 ← /dev/nvme0 ← nvme (PID 812)'
}

@test "a sound card that a process has open keeps the whole card" {
    devnode 0000:01:00.1 sound/card1/controlC1 snd/controlC1 116:3
    process 812 wireplumber /dev/snd/seq /dev/snd/controlC1
    ctl bind gpu
    exits 1
    has 'gpu: 01:00.1 refused: in use: 01:00.1 ← /dev/snd/controlC1 ← wireplumber (PID 812)'
    has 'gpu: 01:00.0 refused: IOMMU group 1 also holds 01:00.1 (1002:aa38, audio), which is refused'
    is "$(override_of 0000:01:00.0)" '(null)|' override
}

@test "a display, a frame buffer, a USB device, a serial port" {
    local kind
    for kind in 'drm/card1 dri/card1' 'graphics/fb0 fb0' 'usb1/1-2 bus/usb/001/002' 'tty/ttyS4 ttyS4'; do
        # shellcheck disable=SC2086 # two words
        devnode 0000:01:00.0 $kind 10:99
        process 812 user "/dev/${kind#* }"
        ctl bind gpu
        exits 1
        has "in use: 01:00.0 ← /dev/${kind#* } ← user (PID 812)" || { echo "$kind" && return 1; }
    done
}

@test "NVIDIA's node, which no class shows" {
    pci_bind 0000:01:00.0 nvidia
    put /proc/driver/nvidia/gpus/0000:01:00.0/information 'Model: 	 Quadro' 'Device Minor: 	 1'
    process 812 Xorg /dev/nvidia0
    ctl bind gpu
    has_not 'in use'
    process 813 Xorg /dev/nvidia1
    ctl bind gpu
    has 'in use: 01:00.0 ← /dev/nvidia1 ← Xorg (PID 813)'
}

@test "what another card's process has open does not matter, nor an input device" {
    devnode 0000:01:00.1 sound/card1/controlC1 snd/controlC1 116:3
    devnode 0000:01:00.1 sound/card1/input7/event7 input/event7 13:71
    process 812 wireplumber /dev/snd/controlC0 /dev/input/event7 '/dev/snd/controlC1 (deleted)' 'socket:[1]'
    ctl bind gpu
    has_not 'in use'
}

@test "the plan of the next boot does not ask who has what open" {
    devnode 0000:01:00.1 sound/card1/controlC1 snd/controlC1 116:3
    process 812 wireplumber /dev/snd/controlC1
    plan
    device 0000:01:00.0 bind
}

@test "an interface that is up with an address is refused, with the address; without, or with one of the link alone, it is not" {
    add_line /proc/net/if_inet6 'fe80000000000000505400fffe123456 02 40 20 80     eno1'
    ctl bind nic
    has_not refused
    add_line /proc/net/if_inet6 '20010db8000000000000000000000007 02 80 00 80     eno1'
    ctl bind nic
    exits 1
    has 'refused: the host needs it: 04:00.0 ← eno1 ← address 2001:db8::7'
    put /sys/class/net/eno1/carrier 0
    ctl bind nic
    has_not refused
}

@test "an address on what stands on the interface counts, and a route does" {
    net_over br0 eno1
    add_line /proc/net/if_inet6 '20010db8000000000000000000000007 03 80 00 80      br0'
    ctl bind nic
    has 'the host needs it: 04:00.0 ← eno1 ← br0 ← address 2001:db8::7'
    default_route br0
    ctl bind nic
    has '04:00.0 ← eno1 ← br0 ← default route'
}

# --- what does not come back

# hangs FILE: a write to it blocks, as one to sysfs does where a driver never lets go.
hangs() {
    rm "$ROOT$1"
    mkfifo "$ROOT$1"
    exec {pipe}<>"$ROOT$1"
    head -c 65536 /dev/zero >&"$pipe"
}

@test "an unbind that hangs is reported after ten seconds; the rest is left alone, and nobody waits for it" {
    hangs /sys/bus/pci/drivers/radeon/unbind
    local start=$SECONDS
    ctl bind gpu # reads standard output to its end, which the child that hangs must not hold open
    exits 1
    ((SECONDS - start >= 9 && SECONDS - start < 15))
    has 'gpu: 01:00.0 failed: unbinding 01:00.0 from radeon has not finished after 10 s; the kernel log may say why'
    has 'gpu: 01:00.1 not tried'
    is "$(override_of 0000:01:00.1)" '(null)|' 'the rest'
    is "$(override_of 0000:01:00.0)" 'vfio-pci' 'no driver of the host may take it meanwhile'
    [[ $(<"$ROOT/run/passthrough/stuck/0000:01:00.0") == [0-9]* ]]
    # nor the lock
    start=$SECONDS
    ctl bind edu
    exits 0
    ((SECONDS - start < 5))
    exec {pipe}>&-
}

@test "what still hangs is refused, and not asked for what would hang, too; what hangs no more is nothing special" {
    put /run/passthrough/stuck/0000:01:00.0 4711
    process 4711 passthroughctl
    rm "$(pci_file 0000:01:00.0 driver_override)"
    mkfifo "$(pci_file 0000:01:00.0 driver_override)"
    ctl bind gpu
    exits 1
    has 'gpu: 01:00.0 refused: a driver of it hangs, and passthroughctl (PID 4711) still waits'
    put /run/passthrough/stuck/0000:02:00.0 4711
    ctl release edu
    exits 1
    has 'edu: 02:00.0 not given back' 'still waits'
    rm -r "$ROOT/proc/4711"
    ctl bind gpu
    has_not 'still waits'
}

@test "a driver of VFIO that is to leave its device, and waits for who has it open, is named" {
    mkdir -p "$(pci_file 0000:01:00.0 vfio-dev/vfio0)"
    ctl bind gpu --dry-run
    has_not 'waits'
    rm "$(pci_file 0000:01:00.0 driver)"
    ctl bind gpu
    exits 1
    has 'gpu: 01:00.0 refused: its driver is to leave it, and waits for who has it open through VFIO'
    rm -r "$(pci_file 0000:01:00.0 vfio-dev)"
    ctl bind gpu
    has_not 'waits'
}

@test "a reset method that the kernel does not know is said, and the device goes back" {
    rm "$(pci_file 0000:02:00.0 reset_method)"
    rule edu '[Match]' Address=02:00.0 '[Device]' ResetMethod=flr
    ctl bind edu
    exits 1
    has 'edu: 02:00.0 failed: writing "flr" to /sys/bus/pci/devices/0000:02:00.0/reset_method: No such file or directory (the kernel knows no way to reset it alone, or is older than 5.15)'
}

@test "a reset method is written before the device is probed" {
    rule edu '[Match]' Address=02:00.0 '[Device]' ResetMethod=bus
    ctl bind edu
    exits 0
    is "$(written "/sys/bus/pci/devices/0000:02:00.0/reset_method")" bus reset_method
}

# --- release

@test "release writes an empty override, unbinds and probes, and says what has it" {
    ctl bind edu
    ctl release edu
    exits 1
    has 'edu: 02:00.0 failed: vfio-pci still has it'
    is "$(override_of 0000:02:00.0)" '|' override
    is "$(written /sys/bus/pci/drivers/vfio-pci/unbind)" 0000:02:00.0 unbind
    is "$(written /sys/bus/pci/drivers_probe)" 0000:02:00.0 drivers_probe
}

@test "what was given back stays with the host: the rule's unit fails and takes nothing, until it is bound by hand" {
    ctl bind edu
    pci_bind 0000:02:00.0 nvme
    ctl release edu
    exits 0
    has 'edu: 02:00.0 is with nvme already'
    pci_set 0000:02:00.0 driver_override '(null)'
    service edu
    exits 1
    has 'edu: skipped: 0000:02:00.0 was given back by hand; "passthroughctl bind edu" takes it again'
    is "$(override_of 0000:02:00.0)" '(null)|' 'override after the unit'
    ctl status
    exits 1
    has 'given back by hand'
    ctl status --json
    is "$(get '.devices[] | select(.rule == "edu").state')" skipped state
    is "$(get '.rules[] | select(.name == "edu").state')" skipped 'rule state'
    pci_bind 0000:02:00.0 vfio-pci
    ctl bind edu
    exits 0
    service edu
    exits 0
}

@test "while one of two is with the host, binding the other does not make the rule satisfied" {
    pci_add 0000:05:00.0 1234:11e8 00ff group=50 driver=vfio-pci override=vfio-pci
    rule edu '[Match]' ID=1234:11e8 '[Device]' Expect=2
    ctl bind edu
    exits 0
    pci_bind 0000:02:00.0 nvme
    ctl release 02:00.0
    exits 0
    has_not 05:00.0
    ctl status --json
    is "$(get '.devices[] | select(.address == "0000:05:00.0").state')" bound 'the other'
    ctl bind 05:00.0
    exits 0
    service edu
    exits 1
    has 'given back by hand'
}

@test "release of what a process has open through VFIO is refused, with the process" {
    ctl bind edu
    process 4711 qemu-system-x86 /dev/vfio/vfio /dev/vfio/2
    ctl release edu
    exits 1
    has 'edu: 02:00.0 not given back: in use: qemu-system-x86 (PID 4711) has /dev/vfio/2 open'
    is "$(override_of 0000:02:00.0)" 'vfio-pci|' override
    ctl release edu --json
    exits 1
    is "$(get '.devices[] | "\(.address) \(.state)"')" '0000:02:00.0 refused' document
    ctl status --json
    is "$(get '.devices[] | select(.rule == "edu").state')" bound 'the record'
}

@test "the node that newer kernels have for the device itself counts, too, also of another member of the group" {
    pci_add 0000:02:00.1 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci override=vfio-pci
    devnode 0000:02:00.1 vfio-dev/vfio0 vfio/devices/vfio0 511:0
    rule edu '[Match]' Address=02:00.0 '[Device]' IOMMUGroup=complete
    process 4711 qemu-system-x86 /dev/vfio/devices/vfio0
    ctl release 02:00.0
    exits 1
    has '/dev/vfio/devices/vfio0 open'
    is "$(override_of 0000:02:00.0)" 'vfio-pci|' override
}

@test "a device in a guest's hands is bound, as far as bind is concerned" {
    process 4711 qemu-system-x86 /dev/vfio/2
    ctl bind edu
    exits 0
}

@test "release of a device that only the record knows" {
    ctl bind edu
    rm "$ROOT/etc/passthrough.d/edu.conf"
    ctl release 02:00.0
    exits 1
    is "$(override_of 0000:02:00.0)" '|' override
    ctl release edu
    is "$(written /sys/bus/pci/drivers/vfio-pci/unbind)" 0000:02:00.0 unbind
}

@test "release of what nobody took is an error, and touches nothing" {
    ctl release 00:1f.2
    exits 2
    has 00:1f.2
    is "$(override_of 0000:00:1f.2)" '(null)|' override
    ctl release nothing
    exits 2
}

@test "release of a device that has no driver clears its override" {
    rm "$(pci_file 0000:02:00.0 driver)"
    ctl release edu
    exits 0
    is "$(override_of 0000:02:00.0)" '|' override
    has 'the host has no driver for it'
}

@test "an unbind from vfio-pci that hangs is reported, too, and stays the host's" {
    ctl bind edu
    hangs /sys/bus/pci/drivers/vfio-pci/unbind
    ctl release edu
    exits 1
    has 'unbinding 02:00.0 from vfio-pci has not finished after 10 s'
    exec {pipe}>&-
    service edu
    exits 1
    has 'given back by hand'
}
