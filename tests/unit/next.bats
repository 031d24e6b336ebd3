# SPDX-License-Identifier: GPL-2.0-or-later
# The next step, which every screen ends with: the same for all of them, by the state of the host; and a walk from a host without a rule
# to one that hands its card over, by what the screens say.

load product
load tree
load tree-guard
load readme
load desktop

RULE=/etc/passthrough.d/gpu0.conf

setup() {
    if ! tree_again next-step; then
        desktop
        tree_keep next-step
    fi
    clone
    [[ -d $BATS_TEST_TMPDIR/proc ]] || cp -r "$ROOT/proc" "$BATS_TEST_TMPDIR/proc"
    put /usr/bin/apt-get '#!/bin/sh'
    sed -i '/status --boot/d' "$ROOT/stand-ins/passthroughctl"
}

# typed COMMAND: on that host; whatever its exit status.
typed() { on_host "$1"; }

# step: the command that the last screen ends with.
step() { sed -n 's/^  Next: //p' <<<"$output" | tail -n 1 | sed 's/   .*//'; }

# ends SCREEN STEP...: each screen with its step, in what they say now. A step that is missing is an empty one.
ends() {
    local screen wanted='' said
    while (($#)); do
        wanted+="$1: $2"$'\n'
        shift 2
    done
    # shellcheck disable=SC2016 # expanded on the host
    typed 'while IFS= read -r screen; do [ "$screen" = bare ] && words= || words=$screen
        echo "$screen: $(passthroughctl $words 2>/dev/null </dev/null | sed -n "s/^  Next: //p" | sed "s/   .*//")"; done <<END
'"$(sed 's/: .*//' <<<"${wanted%$'\n'}")"'
END'
    said=$output
    diff -u <(printf '%s' "$wanted") <(printf '%s\n' "$said") || { show && return 1; }
}

# all_end STEP [SCREEN STEP]...: every screen but those.
all_end() {
    local screen step=$1 i
    local -a list=()
    shift
    for screen in bare list plan status check 'apply --dry-run'; do
        local own=$step
        for ((i = 1; i < $#; i += 2)); do [[ ${!i} != "$screen" ]] || own=${*:i+1:1}; done
        list+=("$screen" "$own")
    done
    ends "${list[@]}"
}

ctl_="sudo passthroughctl"

with_rule() {
    typed 'passthroughctl add gpu0 42:00.0'
    exits 0
}

# on_trial [ENVIRONMENT]: the trial of the rule runs.
on_trial() {
    with_rule
    typed "${1-} passthroughctl apply"
    exits 0
    boots_next
}

kept() {
    on_trial
    typed 'passthroughctl confirm --automatic'
    exits 0
}

# another_boot: the first entry of the menu, whatever was to be booted once.
another_boot() {
    on_host grub-editenv
    boots_next
}

# no_loader: one that passthrough does not know has the entries; nothing is found of those that it knows.
no_loader() {
    mv "$ROOT$MENU" "$ROOT/boot/loader-of-its-own"
    rm -rf "$ROOT"/boot/grub "$ROOT"/etc/grub.d "$ROOT"/etc/default/grub* "$ROOT"/usr/sbin/{update-grub,grub-*}
    MENU=/boot/loader-of-its-own
}

no_groups() {
    find "$ROOT/sys" \( -name iommu_group -o -name iommu \) -type l -delete
    rm -rf "$ROOT"/sys/kernel/iommu_groups/* "$ROOT"/sys/class/iommu/*
}

@test "no rule: list, which has a device for add" {
    all_end "$ctl_ list" list "$ctl_ add NAME ADDRESS"
    typed 'passthroughctl undo'
    is "$(step)" "$ctl_ list" undo
    typed 'passthroughctl undo --list'
    is "$(step)" "$ctl_ list" 'undo --list'
}

@test "a rule: apply" {
    typed 'passthroughctl add gpu0 42:00.0'
    is "$(step)" "$ctl_ apply" add
    all_end "$ctl_ apply"
    typed 'passthroughctl hugepages 2M=1 --dry-run'
    is "$(step)" "$ctl_ apply" hugepages
}

@test "applied without a trial: reboot; and without the rule, apply again" {
    with_rule
    typed 'passthroughctl apply --no-trial'
    is "$(step)" 'sudo reboot' apply
    all_end 'sudo reboot'
    typed 'passthroughctl apply'
    is "$(step)" 'sudo reboot' 'apply again'
    typed 'passthroughctl remove gpu0'
    is "$(step)" "$ctl_ apply" remove
}

@test "the next boot is the trial: reboot; a rule that changes before: apply" {
    with_rule
    typed 'passthroughctl apply'
    is "$(step)" 'sudo reboot' apply
    has 'tries this once; a boot that is not complete within 15 min is taken back'
    all_end 'sudo reboot'
    echo '# changed' >>"$ROOT$RULE"
    all_end "$ctl_ apply"
}

@test "in the trial that keeps itself: status, which knows confirm" {
    on_trial
    all_end "$ctl_ status" status "$ctl_ confirm"
    typed 'passthroughctl apply'
    is "$(step)" "$ctl_ status" apply
}

@test "in the trial that was made through SSH: confirm" {
    on_trial SSH_CONNECTION=1
    all_end "$ctl_ confirm"
    typed 'passthroughctl apply'
    is "$(step)" "$ctl_ confirm" apply
    typed 'passthroughctl confirm --automatic'
    all_end "$ctl_ confirm"
}

@test "the trial is kept: what the virtual machine gets" {
    on_trial SSH_CONNECTION=1
    typed 'passthroughctl confirm'
    exits 0
    is "$(step)" "$ctl_ show gpu0" confirm
    all_end "$ctl_ show gpu0"
    another_boot
    all_end "$ctl_ show gpu0"
    typed 'passthroughctl apply'
    is "$(step)" "$ctl_ show gpu0" apply
}

@test "the trial failed: what happened in it, and then apply without one; a rule that changes: apply" {
    with_rule
    typed 'passthroughctl apply'
    another_boot
    all_end "$ctl_ status --boot=-1"
    typed 'passthroughctl apply'
    exits 1
    is "$(step)" "$ctl_ status --boot=-1" apply
    typed 'passthroughctl status --boot=-1'
    is "$(step)" "$ctl_ apply --no-trial" 'status --boot=-1'
    echo '# changed' >>"$ROOT$RULE"
    all_end "$ctl_ apply"
}

@test "an image of another config, or that lacks the rule, after all was well: apply" {
    kept
    all_end "$ctl_ show gpu0"
    echo '# changed' >>"$ROOT$RULE"
    all_end "$ctl_ apply"
    sed -i '$ d' "$ROOT$RULE"
    all_end "$ctl_ show gpu0"
    tar -cf "$ROOT/boot/initrd.img-$KERNEL" -T /dev/null
    all_end "$ctl_ apply"
}

@test "undone: the boot as before, where this one has the devices; the rules wait for apply" {
    kept
    typed 'passthroughctl undo --dry-run'
    is "$(step)" "$ctl_ undo" 'undo --dry-run'
    typed 'passthroughctl undo'
    exits 0
    is "$(step)" 'sudo reboot' undo
    another_boot
    all_end "$ctl_ apply"
}

@test "a trial that is undone before it is booted: the rules, which stay" {
    with_rule
    typed 'passthroughctl apply && passthroughctl undo'
    is "$(step)" "$ctl_ plan" undo
    all_end "$ctl_ apply"
}

@test "an error in a rule: its file, whatever else there is; the bare command says where to read of it" {
    with_rule
    put /etc/passthrough.d/bad.conf '[Match]' 'Adress=01:00.0'
    all_end 'sudoedit /etc/passthrough.d/bad.conf' bare "$ctl_ plan"
    typed 'passthroughctl list'
    says 'Next: sudoedit /etc/passthrough.d/bad.conf   line 2 has an error'
    typed 'passthroughctl apply'
    exits 2
    is "$(step)" 'sudoedit /etc/passthrough.d/bad.conf' apply
}

@test "no dracut: check, which has the command that installs it; it matters once there is a rule" {
    rm "$ROOT/usr/sbin/dracut"
    all_end "$ctl_ list" list "$ctl_ add NAME ADDRESS"
    with_rule
    all_end "$ctl_ check" check 'sudo apt-get install dracut'
    typed 'passthroughctl apply --no-trial'
    exits 1
    is "$(step)" "$ctl_ check" apply
}

@test "no IOMMU in the firmware: check, and the firmware setup" {
    no_groups
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    all_end "$ctl_ check" check 'sudo systemctl reboot --firmware-setup'
    rule gpu0 '[Match]' Address=42:00.0
    all_end "$ctl_ check" check 'sudo systemctl reboot --firmware-setup'
}

@test "an IOMMU that the kernel does not use: a rule has apply switch it on, and without one passthrough.conf can" {
    no_groups
    all_end "$ctl_ check" check 'sudoedit /etc/passthrough.conf'
    put /etc/passthrough.conf '[Host]' IOMMU=on
    all_end "$ctl_ apply"
    rm "$ROOT/etc/passthrough.conf"
    rule gpu0 '[Match]' Address=42:00.0
    all_end "$ctl_ apply"
}

@test "a rule that is refused: plan, which has its file to change" {
    rule disk '[Match]' Address=43:00.0
    all_end "$ctl_ plan" plan 'sudoedit /etc/passthrough.d/disk.conf'
}

@test "a rule whose device is not there: plan, too, once nothing else is to be done" {
    rule gone '[Match]' Address=77:00.0
    all_end "$ctl_ plan" plan 'sudoedit /etc/passthrough.d/gone.conf'
    kept
    all_end "$ctl_ plan" plan 'sudoedit /etc/passthrough.d/gone.conf'
}

@test "in a virtual machine without an IOMMU: check, which knows nothing to type" {
    no_groups
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    sed -i 's/^flags.*/& hypervisor/; $ a flags : hypervisor' "$BATS_TEST_TMPDIR/proc/cpuinfo"
    all_end "$ctl_ check"
    typed 'passthroughctl check'
    has '  Next: sudo passthroughctl check   once what fails above is mended as it says'
}

@test "something fails that apply does not mend: apply, once that is mended" {
    with_rule
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1b06'
    put /etc/modules-load.d/vfio.conf vfio-pci
    typed 'passthroughctl check'
    exits 1
    has '  Next: sudo passthroughctl apply   once what fails above is mended as it says'
    rm "$ROOT/etc/modprobe.d/vfio.conf" "$ROOT/etc/modules-load.d/vfio.conf"
    typed 'passthroughctl check'
    says '  Next: sudo passthroughctl apply   puts the rules into the next boot'
}

@test "an apply that was cut short: apply, which begins anew" {
    with_rule
    typed 'passthroughctl apply --no-trial'
    rm "$ROOT/var/lib/passthrough/undo/1/done"
    all_end "$ctl_ apply"
    typed 'passthroughctl status'
    says '  Next: sudo passthroughctl apply   the last one was cut short'
    typed 'flock /var/lib/passthrough/undo passthroughctl status'
    has_not 'cut short'
}

@test "the making of a trial that was cut short: apply, which begins anew" {
    with_rule
    program /usr/sbin/update-grub 'kill -9 $PPID'
    typed 'passthroughctl apply'
    typed 'passthroughctl confirm'
    exits 1
    has 'the apply that was to make the trial was cut short'
    typed 'passthroughctl undo --list'
    says 'trial .*(cut short)'
    all_end "$ctl_ apply"
    typed 'passthroughctl undo --list'
    says 'trial .*(cut short)'
}

@test "another system, from rescue media: after apply and undo, its boot" {
    rule gpu0 '[Match]' Address=42:00.0
    ctl apply
    [[ $(step) == reboot ]] || { show && return 1; }
    ctl undo
    [[ $(step) == reboot ]] || { show && return 1; }
    ctl list
    is "$(step)" 'passthroughctl apply' list
}

@test "a boot that was switched off: reboot; where each entry is, what says so" {
    kept
    sed -i 's/$/ passthrough=off/' "$BATS_TEST_TMPDIR/proc/cmdline" && rm -r "$ROOT/run/passthrough"
    all_end 'sudo reboot'
    put /etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT=quiet' 'GRUB_CMDLINE_LINUX=passthrough=off'
    on_host update-grub
    ends list "$ctl_ cmdline check" status "$ctl_ cmdline check"
}

@test "a card that a rule should have, and this boot did not take: status, and bind" {
    kept
    pci_bind 0000:42:00.0 nouveau
    ends bare "$ctl_ status" list "$ctl_ status" plan "$ctl_ status" status "$ctl_ bind gpu0" check "$ctl_ status"
}

@test "a loader that boots nothing once: apply --no-trial" {
    with_rule
    rm "$ROOT/usr/sbin/grub-reboot" "$ROOT/usr/sbin/grub-editenv"
    all_end "$ctl_ apply --no-trial"
}

@test "no boot loader that apply knows: the kernel's parameters, which people add by hand" {
    with_rule
    no_loader
    all_end "$ctl_ cmdline"
    typed 'passthroughctl apply'
    exits 1
    is "$(step)" "$ctl_ cmdline" apply
    typed 'passthroughctl apply --no-trial'
    exits 1
    is "$(step)" "$ctl_ cmdline" 'apply --no-trial'
    typed 'passthroughctl check --all'
    says 'no supported boot loader was found.* apply cannot change its kernel command line'
    has_not 'fix: passthroughctl apply'
    says "fix: dracut --force --kver $KERNEL /boot/initrd.img-$KERNEL$"
    says 'fix: add intel_iommu=on by hand, and reboot'
}

# --- the walk

# walks [ENVIRONMENT]: types what the screens end with, from the bare command on, until a virtual machine can have the card. $walk has the way.
walks() {
    local said
    walk=()
    typed passthroughctl
    while ((${#walk[@]} < 20)); do
        said=$(step)
        walk+=("${said#sudo }")
        case $said in
        *'add NAME ADDRESS') typed "${1-} sudo passthroughctl $(sed -n 's/^  Next: .* e\.g\. //p' <<<"$output")" ;;
        'sudo reboot')
            boots_next
            typed 'passthroughctl confirm --automatic; passthroughctl status'
            ;;
        'sudo apt-get install dracut')
            mv "$ROOT/usr/sbin/dracut.away" "$ROOT/usr/sbin/dracut"
            typed 'passthroughctl check'
            ;;
        'sudoedit /etc/passthrough.d/bad.conf')
            rm "$ROOT/etc/passthrough.d/bad.conf"
            typed 'passthroughctl plan'
            ;;
        *' cmdline')
            typed "$said"
            exits 0
            sed -i "s/ root=/ ${output//$'\n'/ }&/" "$ROOT$MENU"
            typed 'passthroughctl check'
            typed "$(sed -n 's/^ *fix: \(dracut .*\)/\1/p' <<<"$output")"
            exits 0
            boots
            typed 'passthroughctl status'
            ;;
        *' show '*) return ;;
        *' '*) typed "${1-} $said" ;;
        *) echo "the screen ends with: $said" && show && return 1 ;;
        esac
    done
    printf '%s\n' "${walk[@]}"
    return 1
}

all_well() {
    typed 'passthroughctl status'
    exits 0
    has 'gpu0'
    [[ $(readlink "$ROOT/sys/$(pci_dir 0000:42:00.0)/driver") == */vfio-pci ]]
}

@test "from no rule to a card that is handed over, by what the screens say" {
    walks
    is "$(printf '%s, ' "${walk[@]}")" 'passthroughctl list, passthroughctl add NAME ADDRESS, passthroughctl apply, reboot, passthroughctl show gpu0, ' walk
    all_well
}

@test "the same through SSH: confirm is on the way" {
    walks SSH_CONNECTION=1
    is "$(printf '%s, ' "${walk[@]}")" \
        'passthroughctl list, passthroughctl add NAME ADDRESS, passthroughctl apply, reboot, passthroughctl confirm, passthroughctl show gpu0, ' walk
    all_well
}

@test "the same from an error in a rule, on a host without dracut" {
    mv "$ROOT/usr/sbin/dracut" "$ROOT/usr/sbin/dracut.away"
    put /etc/passthrough.d/bad.conf '[Match]' 'Adress=01:00.0'
    walks
    is "$(printf '%s, ' "${walk[@]}")" \
        'passthroughctl plan, sudoedit /etc/passthrough.d/bad.conf, passthroughctl list, passthroughctl add NAME ADDRESS, passthroughctl check, apt-get install dracut, passthroughctl apply, reboot, passthroughctl show gpu0, ' walk
    all_well
}

@test "the same on a host whose boot loader passthrough does not know" {
    no_loader
    walks
    is "$(printf '%s, ' "${walk[@]}")" 'passthroughctl list, passthroughctl add NAME ADDRESS, passthroughctl cmdline, passthroughctl show gpu0, ' walk
    all_well
}
