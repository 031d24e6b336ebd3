# shellcheck shell=bash
# What the checks of a boot test are written in. Every assertion prints a line and counts; `finish` turns the count into the verdict.

boot=$(sed -n 's/.*\blab\.boot=\([^ ]*\).*/\1/p' /proc/cmdline)
# A boot loader's menu does not know.
if [[ ! $boot ]]; then boot=$(</lab/boot); fi
out=/lab/out
done_count=0
failed_count=0
# isa-debug-exit makes 2N+1 of these: 33 and 35
readonly verdict_pass=16 verdict_fail=17

ok() {
    done_count=$((done_count + 1))
    echo "ok $done_count - $*"
}

not_ok() {
    done_count=$((done_count + 1))
    failed_count=$((failed_count + 1))
    echo "not ok $done_count - $*"
}

finish() {
    local verdict=$verdict_fail
    if ((done_count > 0 && failed_count == 0)); then verdict=$verdict_pass; fi
    if ((failed_count > 0)); then show_state; fi
    echo "# $done_count assertions, $failed_count failed"
    journalctl -b --no-pager -o short-monotonic >"$out/$boot.journal" 2>/dev/null
    keep_results
    sync
    # With Secure Boot the kernel lets nobody at a port: the verdict goes to the console then, and the machine off.
    /usr/lib/lab/debug-exit $verdict && return
    echo "# verdict: $verdict"
    poweroff -ff
}

# Where the root is one that the lab cannot read, it reads a disk made for that.
keep_results() {
    local disk=/dev/disk/by-label/lab-out
    if [[ ! -e $disk ]]; then return; fi
    mkdir -p /run/lab-out
    mount "$disk" /run/lab-out
    mkdir -p /run/lab-out/lab
    cp -a "$out" /run/lab-out/lab/
    umount /run/lab-out
}

fail_now() {
    not_ok "$*"
    finish
}

# request NAME: has the lab do in QEMU's monitor what the test's `on_request NAME` says. Nothing comes back but what it does.
request() { echo "# request: $1"; }

# wait_until COMMAND…: it succeeds within a minute. On a busy host that is not long.
wait_until() {
    local i
    for ((i = 0; i < 300; i++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    return 1
}

# What a reader of a failed test asks first.
show_state() {
    echo '# ---- state ----'
    for device in /sys/bus/pci/devices/*; do
        printf '# %s %s:%s driver=%s override=%s boot_vga=%s\n' "${device##*/}" "$(<"$device/vendor")" "$(<"$device/device")" \
            "$(driver_of "${device##*/}")" "$(<"$device/driver_override")" "$(cat "$device/boot_vga" 2>/dev/null)"
    done
    systemctl --failed --no-legend --plain | sed 's/^/# failed: /'
    journalctl -b --no-pager -o short-monotonic | grep -i passthrough | tail -n 40 | sed 's/^/# /'
    dmesg | grep -E '(vfio|masquerade|passthrough)' | grep -vE 'probe|ommand line|Default domain' | tail -n 20 | sed 's/^/# /'
    if command -v passthroughctl >/dev/null; then
        passthroughctl status 2>&1 | sed 's/^/# status: /'
    fi
}

# ---- facts ----

driver_of() { # driver_of ADDRESS: its driver's name, or "none"
    local link
    if link=$(readlink "/sys/bus/pci/devices/$1/driver"); then echo "${link##*/}"; else echo none; fi
}

group_of() {
    local link
    link=$(readlink "/sys/bus/pci/devices/$1/iommu_group")
    echo "${link##*/}"
}

id_of() {
    local id
    id=$(cat "/sys/bus/pci/devices/$1"/{vendor,device} | sed 's/^0x//' | xargs)
    echo "${id/ /:}"
}

addresses_of() { # addresses_of VENDOR:DEVICE
    local device
    for device in /sys/bus/pci/devices/*; do
        if [[ $(id_of "${device##*/}") == "$1" ]]; then echo "${device##*/}"; fi
    done
}

# disk_of ADDRESS: the kernel's name of its NVMe disk; partition_of: of the first partition there
disk_of() {
    local disk
    for disk in "/sys/bus/pci/devices/$1"/nvme/nvme*/nvme*n1; do
        if [[ -e $disk ]]; then echo "${disk##*/}"; fi
    done
}

interface_of() { # interface_of ADDRESS
    ls "/sys/bus/pci/devices/$1/net"
}

dm_of() { # dm_of UUID-PREFIX
    local uuid
    for uuid in /sys/block/dm-*/dm/uuid; do
        if [[ -e $uuid && $(<"$uuid") == "$1"* ]]; then basename "${uuid%/dm/uuid}"; fi
    done
}

partition_of() { echo "$(disk_of "$1")p1"; }

# usb_of SERIAL: the kernel's name of the USB device with it, "none" where there is none
usb_of() {
    local serial
    for serial in /sys/bus/usb/devices/*/serial; do
        if [[ -e $serial && $(<"$serial") == "$1" ]]; then
            basename "${serial%/serial}"
            return
        fi
    done
    echo none
}

usb_drivers_of() { # usb_drivers_of DEVICE: of its interfaces, blank-separated; "none" where no interface has one
    local interface names=()
    for interface in "/sys/bus/usb/devices/$1/$1":*; do
        if [[ -e $interface/driver ]]; then names+=("$(basename "$(readlink "$interface/driver")")"); fi
    done
    echo "${names[*]:-none}"
}

# behind RULE: the kernel's name of the USB device or the port that its link is of
behind() { basename "$(udevadm info --query=path --name="/dev/passthrough/$1" 2>/dev/null)"; }

# node_of RULE: owner, group and mode of what its link is of
node_of() { stat -L -c '%U:%G %a' "/dev/passthrough/$1"; }

module_loaded() { # - and _ are one
    [[ -d /sys/module/${1//-/_} ]]
}

# The driver core logs each probe (dyndbg on drivers/base/dd.c): up to 6.9 or so as
#   bus: 'pci': really_probe: probing driver radeon with device 0000:01:00.0
# and later with the device, and what it is bound to, as a prefix:
#   pci 0000:01:00.0: bus: 'pci': really_probe: probing driver radeon with device
probes_of() { # probes_of ADDRESS: the drivers that probed it, in order, blank-separated
    dmesg | sed -nE \
        -e "s/^.*really_probe: probing driver ([^ ]+) with device ${1//./\\.}\$/\\1/p" \
        -e "s/^.* ${1//./\\.}: .*really_probe: probing driver ([^ ]+) with device\$/\\1/p" | xargs
}

# ---- assertions ----

show() {
    if [[ $1 ]]; then printf '# %s\n' "${1//$'\n'/$'\n'# }"; fi
}

assert() { # assert DESCRIPTION COMMAND…
    local description=$1
    shift
    if "$@"; then ok "$description"; else not_ok "$description"; fi
}

refute() {
    local description=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    if ((status == 0)); then not_ok "$description"; else ok "$description"; fi
    show "$output"
}

assert_eq() { # assert_eq DESCRIPTION GOT WANTED
    if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1: got '$2', wanted '$3'"; fi
}

assert_match() { # assert_match DESCRIPTION TEXT GLOB
    # shellcheck disable=SC2053 # the right side is a pattern
    if [[ $2 == $3 ]]; then ok "$1"; else not_ok "$1: '${2:0:400}' does not match '$3'"; fi
}

assert_run() { # assert_run DESCRIPTION COMMAND…: succeeds; what it prints is shown
    local description=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    if ((status == 0)); then ok "$description"; else not_ok "$description: exit status $status"; fi
    show "$output"
}

assert_driver() { # assert_driver ADDRESS DRIVER
    assert_eq "$1 is on $2" "$(driver_of "$1")" "$2"
}

assert_probes() { # assert_probes ADDRESS DRIVERS: these and no others ever probed it
    assert_eq "$1 was probed by ${2:-nobody} alone" "$(probes_of "$1")" "$2"
}

assert_loaded() {
    assert "module $1 is loaded" module_loaded "$1"
}

# Without the log's beginning "no native driver probed" would mean nothing.
assert_whole_log() {
    assert_match 'the kernel log begins at the beginning' "$(dmesg | sed -n 1p)" '*Linux version*'
}

assert_log() { # assert_log DESCRIPTION REGEX: the kernel said so
    if grep -qE -- "$2" <(dmesg); then ok "$1"; else not_ok "$1: no line of the kernel log matches '$2'"; fi
}

assert_journal() { # assert_journal DESCRIPTION REGEX
    if grep -qE -- "$2" <(journalctl -b --no-pager); then ok "$1"; else not_ok "$1: no line of the journal matches '$2'"; fi
}

assert_no_log() {
    if grep -qE -- "$2" <(dmesg); then not_ok "$1: $(grep -E -m 1 -- "$2" <(dmesg))"; else ok "$1"; fi
}

# edu's DMA there and back, and what the IOMMU stops. QEMU 7.2's AMD IOMMU stops it without a word in its event log.
assert_edu_dma() { # assert_edu_dma ADDRESS
    local fault='DMAR:.*[Ff]ault'
    assert_no_log 'no DMA fault before' "$fault"
    assert_run "$1: DMA goes through the IOMMU" /usr/lib/lab/edu-dma "$1"
    if [[ -e /sys/class/iommu/dmar0 ]]; then assert_log 'the IOMMU reported the stopped DMA' "$fault"; fi
}

assert_active() {
    assert_eq "unit $1 is active" "$(systemctl is-active "$1")" active
}

assert_failed() {
    assert_eq "unit $1 is failed" "$(systemctl is-failed "$1")" failed
}

# ---- what the product says ----

plan_of() { # plan_of ADDRESS FIELD
    passthroughctl plan --json 2>/dev/null | device_field "$1" "$2"
}

status_of() { # status_of ADDRESS FIELD
    passthroughctl status --json 2>/dev/null | device_field "$1" "$2"
}

device_field() {
    jq -r --arg address "$1" --arg field "$2" '[.devices[] | select(.address == $address)][0][$field] // "none"'
}

rule_in_plan() { # rule_in_plan RULE FIELD
    passthroughctl plan --json 2>/dev/null | rule_field "$1" "$2"
}

rule_in_status() {
    passthroughctl status --json 2>/dev/null | rule_field "$1" "$2"
}

rule_field() {
    jq -r --arg name "$1" --arg field "$2" '[.rules[] | select(.name == $name)][0][$field] // "none"'
}

assert_status() { # assert_status ADDRESS STATE
    assert_eq "status: $1 is $2" "$(status_of "$1" state)" "$2"
}

# The heart of most tests: handed over before any native driver, by the product's word and by the kernel's.
assert_handed_over() { # assert_handed_over ADDRESS…
    local address
    for address; do
        assert_driver "$address" vfio-pci
        assert_probes "$address" vfio-pci
        assert_status "$address" bound
    done
}

assert_native() { # assert_native ADDRESS DRIVER
    assert_driver "$1" "$2"
    assert_probes "$1" "$2"
}

# assert_needed ADDRESS CHAIN [CHAIN-NOW]: a rule speaks of it, and it stays with the host for that chain, which begins behind the address;
# the host up and running may know more of the way than the boot did.
assert_needed() {
    assert_status "$1" refused
    assert_eq "$1: the reason is the chain" "$(status_of "$1" reason)" "the host needs it: $1 ← $2"
    assert_eq "$1: plan says so too" "$(plan_of "$1" reason)" "the host needs it: $1 ← ${3-$2}"
}

# verdicts [OPTION]: what the plan says of each device, and what the guard would say if a rule took it.
verdicts() {
    passthroughctl plan --json "$@"
    passthroughctl list --json "$@"
}

# boot_loader_is_there: what apply and check need to see of a boot loader and its image, where QEMU itself has started the kernel.
boot_loader_is_there() {
    local kernel
    kernel=$(uname -r)
    mkdir -p /boot/grub
    touch "/boot/vmlinuz-$kernel" "/boot/initrd.img-$kernel"
    echo 'GRUB_CMDLINE_LINUX=""' >/etc/default/grub
    echo 12 >/etc/debian_version
    printf "menuentry 'Debian' {\n\tlinux /boot/vmlinuz-%s root=/dev/vda ro\n\tinitrd /boot/initrd.img-%s\n}\n" "$kernel" "$kernel" >/boot/grub/grub.cfg
}

# capture_machine DIR: whoever reads DIR comes to the same.
capture_machine() {
    local live
    live=$(verdicts 2>/dev/null)
    assert_run 'the machine is captured' passthroughctl capture --raw "$1"
    assert_match 'what is said of the machine is of devices' "$live" '*"handover"*'
    assert_eq 'of the capture the same is said, byte for byte' "$(verdicts --root="$1" 2>/dev/null)" "$live"
}

# The boots of a test about the guard: `record`, without rules, leaves a captured machine behind; `elsewhere` has an image that nobody on this
# machine had a hand in; `cleared` one that carries what the machine captured says.
record_and_finish() {
    if [[ $boot != record ]]; then return; fi
    capture_machine "$out/tree"
    finish
}

# A disk that the host does not need. No number of it can be read before its native driver has it, so it waits for the root.
assert_taken() {
    assert_driver "$1" vfio-pci
    assert_probes "$1" 'nvme vfio-pci'
    assert_status "$1" late
}

# Something beyond the network card echoes what this host says.
echoed() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    timeout 20 bash -c 'exec 3<>/dev/tcp/10.0.2.100/7 && echo hello >&3 && read -r answer <&3 && [[ $answer == hello ]]'
}

assert_answers() {
    assert 'the host reaches, and is reached, through its network' echoed
}
