# SPDX-License-Identifier: GPL-2.0-or-later
# apply, confirm, undo and remove, for people: on a host with Debian's GRUB, whose tools are stand-ins, each screen as wide as the terminal
# is and in the letters that it has. What they are like is in screens/; UPDATE_SCREENS=1 writes what they are now.

load product
load tree
load live
load tree-boot

setup() {
    command -v script >/dev/null || skip 'no script(1)'
    command -v systemd-hwdb >/dev/null || skip 'no systemd-hwdb'
    tree_new bare
    root_port 0000:40:03.1 42
    pci_add 0000:42:00.0 10de:1b06 0300 under=0000:40:03.1 group=15 driver=nouveau
    pci_add 0000:42:00.1 10de:10ef 0403 under=0000:40:03.1 group=15 driver=snd_hda_intel
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /etc/udev/hwdb.d/20-pci.hwdb 'pci:v000010DE*' ' ID_VENDOR_FROM_DATABASE=NVIDIA Corporation' '' \
        'pci:v000010DEd00001B06*' ' ID_MODEL_FROM_DATABASE=GP102 [GeForce GTX 1080 Ti]'
    systemd-hwdb update --root="$ROOT"
    put /sys/class/watchdog/watchdog0/state active
    firmware_uuid
    rule gpu0 '[Match]' Address=42:00.0
    live_root
    mkdir -p "$ROOT/usr/sbin"
    image_tools
    grub_host
    disk device
}

# on SCREEN COMMAND...: as root of the running machine. SCREEN is a width, in UTF-8 and without colour; `ascii` is 80 columns where the
# locale has no more, `pipe` no terminal.
on() {
    local columns=$1 letters=C.UTF-8
    case $1 in
    pipe)
        live_run env LC_ALL=C.UTF-8 /build/passthroughctl "${@:2}"
        output+=${stderr:+$'\n'$stderr}
        return
        ;;
    ascii) columns=80 letters=C ;;
    esac
    live_run env SHELL=/bin/sh TERM=xterm LC_ALL=$letters NO_COLOR=1 script -qec "stty cols $columns; exec /build/passthroughctl ${*:2}" /dev/null
    output=${output//$'\r'/}
}

# is_screen NAME SCREEN: the output is what screens/NAME has, no line of it is too long, and with `ascii` all of it is ASCII. No two runs
# have times alike, nor do two machines have dates and tar.
is_screen() {
    local file=$BATS_TEST_DIRNAME/screens/$1.$2 shown
    shown=$(sed -E 's/[0-9]+(\.[0-9])? s\b/31 s/g; s/\([0-9.]+ [KM]iB\)/(38 MiB)/g; s/[0-9]{4}-[0-9-]{5} [0-9:]{8}/2026-11-29 18:27:05/g' <<<"$output")
    if [[ ${UPDATE_SCREENS-} ]]; then printf '%s\n' "$shown" >"$file"; fi
    diff -u "$file" - <<<"$shown" || return 1
    case $2 in
    pipe) return ;;
    ascii) ! LC_ALL=C grep -n '[^ -~]' <<<"$output" || return 1 ;;
    esac
    (($(LC_ALL=C.UTF-8 wc -L <<<"$output") <= ${2/ascii/80}))
}

# screens NAME COMMAND...: the same on each screen, as it changes nothing.
screens() {
    local screen
    for screen in 80 200 pipe ascii; do
        on $screen "${@:2}"
        exits "${STATUS-0}" || return 1
        is_screen "$1" $screen || return 1
    done
}

# back_and_forth NAME COMMAND: the same, taken back in between.
back_and_forth() {
    local screen
    for screen in 80 200 pipe ascii; do
        on $screen "${@:2}"
        exits 0 && is_screen "$1" $screen || return 1
        live undo
        exits 0 || return 1
    done
}

@test "apply: before anything, as a trial, and once more" {
    screens apply.dry-run apply --dry-run
    back_and_forth apply.first apply
    live apply
    screens apply.again apply
    screens undo.list undo --list
    screens undo.dry-run undo --dry-run
}

@test "apply --no-trial, once more, what undo can take back, and undo" {
    back_and_forth apply.no-trial apply --no-trial
    live apply --no-trial
    screens apply.nothing apply --no-trial
    screens undo.list-applies undo --list
    on 80 undo
    exits 0
    is_screen undo 80
    screens undo.nothing undo
}

@test "apply over SSH, and confirm" {
    ENVIRONMENT=(SSH_CONNECTION=1)
    on 80 apply
    is_screen apply.ssh 80
    on 80 apply --dry-run
    boot_with second "$(grub_line passthrough-trial)"
    live trial --settle
    on 80 confirm
    exits 0
    is_screen confirm 80
    screens confirm.nothing confirm
}

@test "apply is refused where no trial is possible, where a file has an error, and where a program fails" {
    local STATUS=1
    rm "$ROOT/etc/grub.d/42_passthrough"
    screens apply.refused apply
    cp "$BATS_TEST_DIRNAME/../../conf/grub/42_passthrough" "$ROOT/etc/grub.d/"
    program /usr/sbin/dracut 'echo "dracut: *** Including module: passthrough ***"' 'echo "dracut: No space left" >&2' 'exit 3'
    on 80 apply
    exits 1
    is_screen apply.fails 80
    rule gpu0 '[Match]' Adress=42:00.0
    STATUS=2 screens apply.error apply
}

@test "apply: what somebody has to know of the host and of the trial" {
    rm -r "$ROOT/sys/class/watchdog" "$ROOT/sys/devices/virtual/dmi"
    on 80 apply
    exits 0
    is_screen apply.notes 80
}

@test "remove" {
    on 80 remove gpu0
    exits 0
    is_screen remove 80
    rule gpu0 '[Match]' Address=42:00.0
    screens remove.dry-run remove gpu0 --dry-run
}
