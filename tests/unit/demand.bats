# SPDX-License-Identifier: GPL-2.0-or-later
# Stage=demand: no boot takes the device, the rule's service takes it when it starts and gives it back when it stops, and what is cut short
# between them is brought to one or the other. drivers.c has the kernel's part of sysfs.

load product
load tree
load live
load drivers

A=0000:01:00.0 B=0000:02:00.0 C=0000:03:00.0

# Two cards for the rule, one with an override that somebody has set, and a third one beside them.
setup() {
    tree_again demand && return
    tree_new
    local address n=0
    for address in $A $B $C; do
        n=$((n + 1))
        root_port 0000:00:0$n.0 0$n
        pci_add $address 1234:11e8 00ff under=0000:00:0$n.0 group=$n
        pci_set $address native e1000e
        pci_bind $address e1000e
    done
    pci_set $A driver_override e1000e
    driver_present vfio-pci
    put /sys/bus/pci/drivers_probe
    mkdir -p "$ROOT"/sys/module/vfio_iommu_type1
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=demand
    process 1 systemd
    tree_keep demand
}

start() { with "${@:2}" -- passthrough-bind --rule="$1"; }
stop() { with "${@:2}" -- passthrough-demand --give-back="$1"; }
stage() { with SYSTEMD_IN_INITRD=1 -- passthrough-bind --stage="$1"; }

# drivers: what each has, and its override.
drivers() {
    local address override all=
    for address in $A $B $C; do
        override=$(tr -d '\n' <"$(pci_file $address driver_override)")
        override=${override/(null)/}
        all+="$(basename "$(readlink "$(pci_file $address driver)")") ${override:--}, "
    done
    echo "${all%, }"
}

HOST='e1000e e1000e, e1000e -, e1000e -' TAKEN='vfio-pci vfio-pci, vfio-pci vfio-pci, e1000e -'

have() { # have DRIVERS WHEN
    is "$(drivers)" "$1" "$2"
}

# is_now STATE: of the rule as status has it, and no failure.
is_now() {
    ctl status --json
    exits 0
    is "$(get '.rules[] | "\(.name) \(.state)"')" "cards $1" 'state of the rule'
}

DROPIN=passthrough@cards.service.d/50-passthrough-demand.conf

generate() {
    rm -rf "$BATS_TEST_TMPDIR/units" && mkdir "$BATS_TEST_TMPDIR/units"
    run_program "$BUILD/passthrough-generator" --root="$ROOT" "$BATS_TEST_TMPDIR/units"
    exits 0
}

# --- in a boot

@test "in the plan it is bound on demand, without an operation, and a later rule does not get it" {
    rule zz-all '[Match]' ID=1234:11e8 '[Device]' Expect=0-
    plan
    exits 0
    is "$(get '.devices[] | select(.rule == "cards") | "\(.address) \(.action) \(.stage)"')" "$A bind demand $B bind demand" devices
    is "$(get '.operations[] | select(.target | test("01:00|02:00")) | .target')" '' operations
    is "$(get '.devices[] | select(.rule == "zz-all") | .address')" "$C" 'the later rule'
    ctl plan --steps
    has 'not at boot: started by passthrough@cards.service'
    has_not "$A/driver_override"
}

@test "no stage of a boot takes it, says anything of it or has it in its record" {
    rule other '[Match]' Address=$C '[Device]' Stage=initrd
    rule gone '[Match]' Address=0000:09:00.0 '[Device]' Stage=demand
    stage initrd
    exits 0
    has_not cards gone $A $B
    stage root
    exits 0
    have 'e1000e e1000e, e1000e -, vfio-pci vfio-pci' 'after the initrd'
    with -- passthrough-bind --rule=other
    exits 0
    have 'e1000e e1000e, e1000e -, vfio-pci vfio-pci' "after another rule's service"
    grep -q $C "$ROOT/run/passthrough/record"
    ! grep -e cards -e gone -e $A -e $B "$ROOT/run/passthrough/record" || return 1
}

@test "an image has the rule, which decides there, and no module for it" {
    rule zz-all '[Match]' ID=1234:11e8 '[Device]' Expect=0- Driver=pci-stub
    driver_present pci-stub
    ctl image --modules
    exits 0
    is "$output" pci-stub modules
    mkdir "$BATS_TEST_TMPDIR/image"
    ctl image "$BATS_TEST_TMPDIR/image"
    exits 0
    [[ -e $BATS_TEST_TMPDIR/image/etc/passthrough.d/cards.conf ]]
}

@test "a device that appears is left to the host" {
    rule zz-all '[Match]' ID=1234:11e8 '[Device]' Expect=0-
    with -- passthrough-bind --hotplug=$A
    exits 0
    have "$HOST" 'after it appeared'
    rm "$ROOT/etc/passthrough.d/zz-all.conf"
    with -- passthrough-bind --stage=udev
    exits 0
    ! grep -s -e SYSTEMD_WANTS -e vfio "$ROOT"/run/udev/rules.d/*passthrough* || return 1
}

@test "a boot's rule does not get a group of which a rule has a member on demand, and the other way round" {
    pci_add 0000:03:00.1 1234:11e9 00ff under=0000:00:03.0 group=3 driver=e1000e
    rule half '[Match]' Address=$C '[Device]' Stage=demand
    rule other '[Match]' Address=03:00.1
    plan
    exits 1
    is "$(get '.devices[] | select(.address | test("03:00")) | "\(.address) \(.action)"')" "$C refuse 0000:03:00.1 refuse" actions
    has 'which rule half takes on demand alone; Stage=demand for both would keep them together'
    stage initrd
    is "$(basename "$(readlink "$(pci_file 0000:03:00.1 driver)")")" e1000e 'in a boot'
    start half
    exits 1
    have "$HOST" 'after a start'
    rule other '[Match]' Address=03:00.1 '[Device]' Stage=demand
    plan
    exits 0
}

# --- the service

@test "starting it takes all of the rule, a second start is content, and stopping gives it back as it was found" {
    for _ in 1 2 3; do
        start cards
        exits 0
        have "$TAKEN" started
        is_now ok
        is "$(get '.devices[] | "\(.address) \(.state) \(.from) \(.at_us > 0)"')" "$A late e1000e true $B late e1000e true" devices
        start cards
        exits 0
        have "$TAKEN" 'started twice'
        stop cards
        exits 0
        have "$HOST" stopped
        is_now idle
    done
    stop cards
    exits 0
    have "$HOST" 'stopped twice'
}

@test "another device that is plugged in at the same address meanwhile has a way back of its own" {
    start cards
    exits 0
    pci_remove $B
    pci_add $B 8086:1533 00ff under=0000:00:02.0 group=2
    driver_present igb
    pci_set $B native igb
    pci_bind $B igb
    pci_set $B driver_override igb
    start cards
    exits 0
    have "$TAKEN" 'started anew'
    ctl status --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.id) \(.from)"')" "$A 1234:11e8 e1000e $B 8086:1533 igb" devices
    stop cards
    exits 0
    have 'e1000e e1000e, igb igb, e1000e -' stopped
}

@test "a device that a process has open is refused with its user, and nothing of the rule is taken" {
    pci_add 0000:03:00.1 1234:11e9 0403 under=0000:00:03.0 group=5 driver=snd_hda_intel
    devnode 0000:03:00.1 sound/card1/controlC1 snd/controlC1 116:3
    rule cards '[Match]' Address="$A $B 03:00.1" '[Device]' Expect=3 Stage=demand
    process 777 wireplumber /dev/snd/controlC1
    start cards
    exits 1
    has 'in use' 'wireplumber (PID 777)'
    has_not 'bound to'
    have "$HOST" 'while it is in use'
    is_now idle
    rm -rf "$ROOT/proc/777"
    start cards
    exits 0
    have "$TAKEN" 'once it is not'
}

@test "what has a graphics card open is named with what ends it" {
    local who
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 1002:5159 0300 under=0000:00:08.0 group=8 driver=radeon
    devnode 0000:08:00.0 drm/card1 dri/card1 226:1
    rule cards '[Match]' Address=08:00.0 '[Device]' Stage=demand
    process 812 Xorg /dev/dri/card1
    put /proc/812/cgroup '1:name=systemd:/elsewhere' '0::/system.slice/lightdm.service'
    start cards
    exits 1
    has '/dev/dri/card1 ← Xorg (PID 812)' 'a service of the host is on it: systemctl stop lightdm.service'
    put /proc/812/cgroup '0::/user.slice/user-1000.slice/session-2.scope'
    for who in gnome-shell systemd-logind; do
        put /proc/812/comm $who
        start cards
        exits 1
        has "← $who (PID 812)" 'a session is on it: systemctl stop display-manager.service, or end the program'
        put /proc/812/cgroup '0::/system.slice/systemd-logind.service'
    done
}

@test "where one device cannot be taken the others go back" {
    rm "$(pci_file $B driver_override)"
    start cards
    exits 1
    has "$A bound to vfio-pci" "$B failed" "$A given back to e1000e"
    is "$(drivers 2>/dev/null | cut -d, -f1)" 'e1000e e1000e' 'the one that could be taken'
    is_now idle
}

@test "a rule added or changed while the host runs counts at the next start" {
    with -- passthrough-bind --rule=none
    exits 1
    start cards
    exits 0
    rule cards '[Match]' Address="$A $B $C" '[Device]' Expect=3 Stage=demand
    start cards
    exits 0
    have 'vfio-pci vfio-pci, vfio-pci vfio-pci, vfio-pci vfio-pci' 'one more'
    stop cards
    have "$HOST" 'all stopped'
    rule cards '[Match]' Address=$C '[Device]' Stage=demand
    rule new '[Match]' Address=$A '[Device]' Stage=demand
    start cards
    exits 0
    start new
    exits 0
    have 'vfio-pci vfio-pci, e1000e -, vfio-pci vfio-pci' 'both started'
    stop cards
    exits 0
    have 'vfio-pci vfio-pci, e1000e -, e1000e -' 'one stopped'
}

@test "what is refused, missing, switched off or invalid is not taken, and the reason is said" {
    rule cards '[Match]' Address="$A 00:1f.2" '[Device]' Expect=2 Stage=demand
    start cards
    exits 1
    has 'the host needs it'
    rule cards '[Match]' Address="$A 09:00.0" '[Device]' Expect=2 Stage=demand
    start cards
    exits 1
    has 'matches 1 devices and Expect= is 2'
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=demand Required=yes
    start cards
    exits 1
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=demand
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    put /proc/cmdline 'root=/dev/sda2 intel_iommu=on passthrough.skip=cards'
    start cards
    exits 1
    has passthrough.skip=
    put /proc/cmdline 'root=/dev/sda2 intel_iommu=on passthrough=off'
    start cards
    exits 1
    has passthrough=off
    have "$HOST" 'after all of them'
}

@test "the uplink of the host is not taken, be that up, down or unknown" {
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 8086:10d3 020000 under=0000:00:08.0 group=8 driver=e1000e
    nic eno8 0000:08:00.0 up
    rule cards '[Match]' Address=08:00.0 '[Device]' Stage=demand
    local state
    for state in route address unknown; do
        case $state in
        route) default_route eno8 ;;
        address) put /proc/net/route 'Iface Destination Gateway' && net_address eno8 ;;
        unknown) rm -rf "$ROOT"/proc/net/route "$ROOT"/proc/net/ipv6_route ;;
        esac
        start cards
        exits 1
        is "$(basename "$(readlink "$(pci_file 0000:08:00.0 driver)")")" e1000e "$state"
        is_now idle
    done
    put /proc/net/route 'Iface Destination Gateway'
    put /proc/net/ipv6_route ''
    nic eno8 0000:08:00.0 down
    put /etc/passthrough.conf '[Host]' Uplink=none
    start cards
    exits 0
    is "$(basename "$(readlink "$(pci_file 0000:08:00.0 driver)")")" vfio-pci 'once nothing goes through it'
}

@test "a virtual machine that has one device open keeps all of the rule, and stopping says so" {
    start cards
    exits 0
    put /dev/vfio/2 ''
    process 4242 qemu-system-x86 /dev/vfio/2
    stop cards
    exits 1
    has 'cards' 'qemu-system-x86 (PID 4242)' 'not given back'
    have "$TAKEN" 'while it is open'
    is_now ok
    rm -rf "$ROOT/proc/4242"
    stop cards
    exits 0
    have "$HOST" 'once it is closed'
}

# kept NAME: what $ROOT holds is kept. again NAME: it is there again.
kept() { rm -rf "$BATS_TEST_TMPDIR/$1" && cp -a "$ROOT" "$BATS_TEST_TMPDIR/$1"; }
again() { rm -rf "$ROOT" && cp -a "$BATS_TEST_TMPDIR/$1" "$ROOT"; }

# ends_well WHEN: however far it came, it can be stopped, and it can be started.
ends_well() {
    kept cut
    stop cards
    exits 0 || { echo "$1, stopped" && return 1; }
    have "$HOST" "$1, stopped"
    again cut
    start cards
    exits 0 || { echo "$1, started" && return 1; }
    have "$TAKEN" "$1, started"
    stop cards
    have "$HOST" "$1, started and stopped"
    ! grep -s cards "$ROOT/run/passthrough/record" || { echo "$1: left in the record" && return 1; }
}

# killed_everywhere VERB FROM
killed_everywhere() {
    local calls call when
    again "$2"
    "$1" cards KILL_COUNT="$BATS_TEST_TMPDIR/calls"
    calls=$(<"$BATS_TEST_TMPDIR/calls")
    ((calls > 8)) || { show && return 1; }
    for ((call = 1; call <= calls; call++)); do
        for when in b a; do
            again "$2"
            "$1" cards KILL_AT=$when$call
            is "$status" 137 "$1 killed at $when$call of $calls"
            ends_well "$1 killed at $when$call of $calls" || return 1
        done
    done
    echo "# $1: $calls calls, killed before and behind each" >&3
}

@test "killed at any of its writes, the next stop or start brings it to one or the other" {
    start cards
    exits 0
    kept started
    stop cards
    exits 0
    kept stopped
    killed_everywhere start stopped
    killed_everywhere stop started
    again started
    stop cards KILL_AT=a7
    ctl status --json
    exits 1
    is "$(get '.devices[].state')" 'begun begun' 'of a stop that is cut short'
}

@test "systemd says how a start ended: what was killed is given back at once, and what ended by itself is let be" {
    local result
    start cards
    stop cards
    start cards KILL_COUNT="$BATS_TEST_TMPDIR/calls"
    stop cards
    start cards KILL_AT="b$(<"$BATS_TEST_TMPDIR/calls")"
    is "$status" 137 'the start'
    for result in success exit-code; do
        with SERVICE_RESULT=$result -- passthrough-demand --cut-short=cards
        exits 0
        have "$TAKEN" "behind $result"
    done
    with SERVICE_RESULT=signal -- passthrough-demand --cut-short=cards
    exits 0
    have "$HOST" 'behind a signal'
    is_now idle
}

@test "a record that cannot be read is no leave to forget what is held" {
    start cards
    put /run/passthrough/record 'passthrough-record 1' 'nonsense'
    stop cards
    exits 1
    has 'cannot be read'
    have "$TAKEN" 'with a broken record'
}

@test "by hand it goes both ways as well" {
    with -- passthroughctl bind cards
    exits 0
    have "$TAKEN" bound
    is_now ok
    start cards
    exits 0
    with -- passthroughctl release cards
    exits 0
    have "$HOST" released
    is_now idle
    start cards
    exits 0
    have "$TAKEN" 'started after that'
}

# as STATE PROGRAM ARGUMENT: on the running host, of which systemctl says that.
as() {
    put /systemctl '#!/bin/sh' "[ \"\$*\" = is-system-running ] && echo $1"
    chmod +x "$ROOT/systemctl"
    # shellcheck disable=SC2016 # for the inner shell
    live_run /usr/bin/unshare --net /bin/bash -c 'mount --bind /systemctl /usr/bin/systemctl
        mount --bind /kept/swaps /proc/swaps && mount --bind /kept/self/mountinfo /proc/$$/mountinfo
        for file in route ipv6_route; do mount --bind /kept/net/$file /proc/$$/net/$file; done
        export LD_PRELOAD=/drivers.so && exec "$@"' bash "/build/$2" "$3"
}

live_drivers() {
    live_root
    cp "$BATS_FILE_TMPDIR/drivers.so" "$ROOT/"
    cp -r "$BATS_TEST_TMPDIR/proc" "$ROOT/kept"
    ENVIRONMENT=(DRIVERS_ROOT= ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0")
}

@test "while the host is on its way up, what it may need takes a clearance" {
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 8086:a36d 0c0330 under=0000:00:08.0 group=8 driver=xhci_hcd
    rule cards '[Match]' Address=08:00.0 '[Device]' Stage=demand
    put /etc/passthrough.conf '[Host]' Uplink=none
    live_drivers
    local state
    # Nor does anything start before its stop would give back what it takes.
    as degraded passthrough-demand --rule=cards
    exits 1
    is "$(basename "$(readlink "$(pci_file 0000:08:00.0 driver)")")" xhci_hcd 'before a daemon-reload'
    put "/run/systemd/generator/$DROPIN"
    for state in starting initializing nonsense; do
        as $state passthrough-demand --rule=cards
        exits 1
        is "$(basename "$(readlink "$(pci_file 0000:08:00.0 driver)")")" xhci_hcd "$state"
    done
    as degraded passthrough-demand --rule=cards
    exits 0
    is "$(basename "$(readlink "$(pci_file 0000:08:00.0 driver)")")" vfio-pci 'on a host that is up'
}

@test "a rule that systemd has not read yet: the next step is to tell it" {
    live_drivers
    as degraded passthroughctl status
    exits 0
    has 'Next: sudo systemctl daemon-reload'
    put "/run/systemd/generator/$DROPIN"
    as degraded passthroughctl status
    exits 0
    has 'Next: sudo systemctl start passthrough@cards.service'
}

@test "while the host shuts down nothing is given back" {
    start cards
    exits 0
    live_drivers
    as stopping passthrough-demand --give-back=cards
    exits 0
    have "$TAKEN" 'at shutdown'
    grep -q cards "$ROOT/run/passthrough/record"
    # A live root's files are not cut short first, so what is written there is no driver's name: it is tried.
    as degraded passthrough-demand --give-back=cards
    [[ $(drivers) != *'vfio-pci vfio-pci'* ]] || { drivers && return 1; }
}

@test "a rule of this boot that is switched over can be given back at once, and one switched back waits for a boot" {
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=initrd
    stage initrd
    have "$TAKEN" 'in the boot'
    with -- passthrough-bind --rule=cards
    exits 0
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=demand
    is_now ok
    stop cards
    exits 0
    have "$HOST" 'given back'
    is_now idle
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=initrd
    ctl status
    exits 1
    has pending 'not in effect yet'
    start cards
    exits 1
    have "$HOST" 'before the next boot'
}

# --- the units

@test "the generator wants its service nowhere, and has its stop and a start that is killed give back" {
    rule boot '[Match]' Address=$C
    generate
    [[ ! -L $BATS_TEST_TMPDIR/units/passthrough.target.wants/passthrough@cards.service ]]
    [[ -L $BATS_TEST_TMPDIR/units/passthrough.target.wants/passthrough@boot.service ]]
    grep -qx 'ExecStop=/usr/lib/passthrough/passthrough-demand --give-back=%i' "$BATS_TEST_TMPDIR/units/$DROPIN"
    grep -qx 'ExecStopPost=/usr/lib/passthrough/passthrough-demand --cut-short=%i' "$BATS_TEST_TMPDIR/units/$DROPIN"
    grep -qx 'TimeoutStopSec=60s' "$BATS_TEST_TMPDIR/units/$DROPIN"
    [[ ! -e $BATS_TEST_TMPDIR/units/passthrough@boot.service.d ]]
    # Once it is started the record has it, and a reload must not want it all the same.
    start cards
    exits 0
    generate
    [[ ! -L $BATS_TEST_TMPDIR/units/passthrough.target.wants/passthrough@cards.service ]]
    [[ -e $BATS_TEST_TMPDIR/units/$DROPIN ]]
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=demand Required=yes
    generate
    [[ ! -e $BATS_TEST_TMPDIR/units/$DROPIN ]]
}

# --- what is told of it

@test "an idle rule is no failure on any screen, and the next step is to start its service" {
    ctl status
    exits 0
    has idle '1 rule idle.' 'systemctl start passthrough@cards.service'
    has_not refused failed 'not in effect'
    ctl status --json
    exits 0
    is "$(get '.rules[].message')" 'not started: systemctl start passthrough@cards.service' message
    process 777 cat
    rule cards '[Match]' Address="$A $B 00:1f.2" '[Device]' Expect=3 Stage=demand
    ctl status
    exits 0
    has idle 'could not be now'
}

@test "list, show and check tell of the service, and of no boot" {
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 1002:5159 0300 under=0000:00:08.0 group=8 driver=radeon
    pci_add 0000:08:00.1 1002:aa38 0403 under=0000:00:08.0 group=8 driver=snd_hda_intel
    rule gpu '[Match]' Address=08:00.0 '[Device]' Stage=demand
    ctl list
    exits 0
    says '08:00.0 .* radeon +on demand +gpu'
    has '3 on demand'
    ctl list 08:00.0
    has 'on demand: to vfio-pci, by passthrough@gpu.service'
    ctl show gpu
    exits 0
    has 'systemctl start passthrough@gpu.service does it'
    has_not 'a boot with the rule'
    ctl check --all
    has 'driver now: radeon, vfio-pci once passthrough@gpu.service is started'
    has_not 'from the next boot on'
    ctl status
    exits 0
    says '08:00.0 .* radeon$'
    has 'with 08:00.1' '2 rules idle.'
    has_not 'not yet' 'Nothing was handed over'
}

@test "status says why an idle rule could not be started now" {
    pci_add 0000:03:00.1 1234:11e9 0403 under=0000:00:03.0 group=5 driver=snd_hda_intel
    devnode 0000:03:00.1 sound/card1/controlC1 snd/controlC1 116:3
    rule cards '[Match]' Address=03:00.1 '[Device]' Stage=demand
    process 777 wireplumber /dev/snd/controlC1
    ctl status
    exits 0
    has idle 'not started, and could not be now' 'wireplumber (PID 777)'
    rm -rf "$ROOT/proc/777"
    ctl status
    exits 0
    has 'not started: systemctl start passthrough@cards.service'
}

@test "status says who has what is started" {
    start cards
    exits 0
    ctl status
    exits 0
    has_not open
    put /dev/vfio/2 ''
    process 4242 qemu-system-x86 /dev/vfio/2
    ctl status
    exits 0
    has 'qemu-system-x86 (PID 4242) has /dev/vfio/2 open'
    ctl status --json
    is "$(get '[.devices[] | .user] | join(",")')" ',qemu-system-x86 (PID 4242) has /dev/vfio/2 open' users
}

@test "check names a card that the console is drawn on, where a rule takes it on demand" {
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 1002:5159 0300 under=0000:00:08.0 group=8 driver=radeon
    rule gpu '[Match]' Address=08:00.0 '[Device]' Stage=demand
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:08:00.0").status')" pass 'without a console'
    devnode 0000:08:00.0 graphics/fb0 fb0 29:0
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:08:00.0").status')" warn 'with it'
    has 'the console is drawn on it (fb0)' 'start and stop passthrough@gpu.service'
    rule gpu '[Match]' Address=08:00.0
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:08:00.0").status')" pass 'in a boot'
}

@test "a card taken by its service and gone from it since is a failure" {
    start cards
    exits 0
    rm "$(pci_file $A driver)"
    ctl status
    exits 1
    has 'was taken and has no driver now'
    has_not 'at boot'
    start cards
    exits 0
    have "$TAKEN" 'started anew'
}
