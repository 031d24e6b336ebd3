# Devices that appear once the host is up: the rules that udev gets, judged here by an evaluator of the few keys that they have, and what
# the process does that such a rule starts.

load product
load tree
load sriov

setup() {
    tree_again hotplug && return
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=vfio-pci override=vfio-pci
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci
    pci_root 0000:40
    card 0000:40:03.1 42 15
    root_port 0000:00:05.0 04
    pci_add 0000:04:00.0 8086:10d3 0200 under=0000:00:05.0 group=4 driver=e1000e
    driver_present vfio-pci
    process 1 systemd
    tree_keep hotplug
}

RULES=/run/udev/rules.d/71-passthrough-hotplug.rules

# rules_written: the executor makes them; $status is its.
rules_written() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
}

plugged() { # plugged ADDRESS: what the rules start for it
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --hotplug="$1"
}

# event ADDRESS [KEY=VALUE]: what the kernel's event of a function has, as in pci_uevent().
event() {
    local dir class
    declare -gA E=([ACTION]=add [SUBSYSTEM]=pci [KERNEL]=$1 [DRIVER]='' [ENV{SYNTH_UUID}]='')
    dir=$(pci_dir "$1")
    E[DEVPATH]=/$dir
    class=$(<"$ROOT/sys/$dir/class")
    printf -v 'E[ENV{PCI_CLASS}]' %04X "$class"
    printf -v 'E[ENV{PCI_ID}]' %04X:%04X "$(<"$ROOT/sys/$dir/vendor")" "$(<"$ROOT/sys/$dir/device")"
    printf -v 'E[ENV{PCI_SUBSYS_ID}]' %04X:%04X "$(<"$ROOT/sys/$dir/subsystem_vendor")" "$(<"$ROOT/sys/$dir/subsystem_device")"
    [[ -z ${2-} ]] || E[${2%%=*}]=${2#*=}
}

# holds KEY OPERATOR VALUE: alternatives are globs.
holds() {
    local pattern found=no
    local -a patterns
    [[ -v E[$1] ]] || { echo "a key the tests do not know: $1" >&2 && exit 1; }
    IFS='|' read -ra patterns <<<"$3"
    ((${#patterns[@]})) || patterns=('')
    for pattern in "${patterns[@]}"; do
        # shellcheck disable=SC2053
        [[ ${E[$1]} != $pattern ]] || found=yes
    done
    [[ $2 == == && $found == yes || $2 == != && $found == no ]]
}

# starts ADDRESS [KEY=VALUE]: the units that udev has systemd start for the event.
starts() {
    local line rest label='' jump
    event "$@"
    while read -r line; do
        [[ $line && $line != '#'* ]] || continue
        if [[ $label ]]; then
            [[ $line != "LABEL=\"$label\"" ]] || label=
            continue
        fi
        rest=$line
        jump=
        while [[ $rest =~ ^([A-Z]+(\{[A-Za-z_]+\})?)(==|!=|\+=|=)\"([^\"]*)\"(, )? ]]; do
            rest=${rest:${#BASH_REMATCH[0]}}
            case ${BASH_REMATCH[1]}${BASH_REMATCH[3]} in
            *==* | *!=*) holds "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}" || continue 2 ;;
            'ENV{SYSTEMD_WANTS}+=') echo "${BASH_REMATCH[4]/\$kernel/"$1"}" ;;
            GOTO=) jump=${BASH_REMATCH[4]} ;;
            'TAG+=' | 'ENV{SYSTEMD_READY}=' | LABEL= | 'RUN{builtin}+=') ;;
            *) echo "an assignment the tests do not know: $line" ;;
            esac
        done
        [[ ! $rest ]] || echo "not understood: $rest"
        label=$jump
    done <"$ROOT$RULES"
}

# starts_for ADDRESS…: these and no other function of the machine start a process.
starts_for() {
    local device address started=()
    rules_written
    exits 0 || return 1
    for device in "$ROOT"/sys/bus/pci/devices/*; do
        address=${device##*/}
        case $(starts "$address") in
        '') ;;
        "passthrough-hotplug@$address.service") started+=("$address") ;;
        *) starts "$address" && return 1 ;;
        esac
    done
    [[ ${started[*]} == "$*" ]] || { printf 'started for: %s\n' "${started[*]}" && cat "$ROOT$RULES" && return 1; }
}

@test "no rules of udev's where no rule takes anything" {
    rules_written
    exits 0
    [[ ! -e $ROOT$RULES ]]
    rule host '[Match]' Address=01:00.0 '[Device]' Driver=native
    rules_written
    exits 0
    [[ ! -e $ROOT$RULES ]]
}

@test "ID, address, class and subsystem are judged by udev, and nothing else starts a process" {
    rule a '[Match]' ID=1234:11e8
    starts_for 0000:02:00.0
    rule a '[Match]' Address=42:00.1
    starts_for 0000:42:00.1
    rule a '[Match]' 'Address=4?:00.*'
    starts_for 0000:42:00.0 0000:42:00.1
    rule a '[Match]' Class=display ID=1002:*
    starts_for 0000:01:00.0 0000:42:00.0
    rule a '[Match]' Class=00ff
    starts_for 0000:02:00.0
    rule a '[Match]' 'Class=network audio'
    starts_for 0000:04:00.0 0000:42:00.1
    rule a '[Match]' Subsystem=1af4:1100 'ID=!1002:5159 1002:aa38' 'Class=!01 06 0c'
    starts_for 0000:02:00.0 0000:04:00.0
}

@test "a path is judged by the directories that the function is below" {
    rule a '[Match]' Path=0000:40:03.1/00.0
    starts_for 0000:42:00.0
    rule a '[Match]' Path=00:02.0/00.0
    starts_for 0000:01:00.0
    # A function behind one more bridge is another.
    root_port 0000:00:06.0 05
    pci_add 0000:05:00.0 104c:8232 0604 under=0000:00:06.0 bus=06
    pci_add 0000:06:00.0 1234:11e8 00ff under=0000:05:00.0 group=7
    rule a '[Match]' Path=00:06.0/00.0
    starts_for
    rule a '[Match]' Path=00:06.0/00.0/00.0
    starts_for 0000:06:00.0
    rule a '[Match]' 'Path=!00:06.0/00.0/00.0' ID=1234:11e8
    starts_for 0000:02:00.0
}

@test "what udev cannot judge leaves the rest of the rule, and bridges are never asked about" {
    rule a '[Match]' ID=1234:11e8 Serial=00-11-22-33-44-55-66-77
    starts_for 0000:02:00.0
    rule a '[Match]' Slot=7
    starts_for 0000:00:1f.2 0000:00:1f.3 0000:01:00.0 0000:02:00.0 0000:04:00.0 0000:42:00.0 0000:42:00.1
}

@test "a list that is longer than udev reads a line is left to the process, and the file stays whole" {
    local many
    many=$(printf '0000:%02x:1f.7 ' {16..255} {16..255} {16..255} {16..255} {16..255})
    rule a '[Match]' "Address=02:00.0 $many" Class=00ff
    rule b '[Match]' Class=network
    starts_for 0000:02:00.0 0000:04:00.0
    is "$(awk 'length > 16000' "$ROOT$RULES")" '' 'lines that udev does not read'
    # What is kept of a list that cannot be told there would keep too much.
    rule a '[Match]' "Address=42:00.0 $many" '[Device]' Driver=native
    rule b '[Match]' Class=display
    starts_for 0000:01:00.0 0000:42:00.0
    is "$(awk 'length > 16000' "$ROOT$RULES")" '' 'lines that udev does not read'
}

@test "a rule of three megabytes is a matter of a moment" {
    local ids
    ids=$(printf '%04x:%04x ' {4096..65535})
    rule a '[Match]' "ID=$ids $ids $ids $ids $ids $ids $ids $ids $ids $ids" Address=02:00.0
    (($(wc -c <"$ROOT/etc/passthrough.d/a.conf") > 3000000))
    # The sanitizers' own map of the memory is larger than all of that.
    [[ $BUILD == */sanitized ]] || ulimit -v 200000
    rules_written
    exits 0
    grep -q KERNEL== "$ROOT$RULES"
}

@test "what is there when the host starts was decided then: its event is one that was asked for" {
    rule a '[Match]' ID=1234:11e8
    rules_written
    is "$(starts 0000:02:00.0 'ENV{SYNTH_UUID}=0')" '' 'coldplug'
    is "$(starts 0000:02:00.0 'ENV{SYNTH_UUID}=9b2d0c0e-0000-4000-8000-000000000001')" '' 'a trigger with a name'
    is "$(starts 0000:02:00.0 ACTION=bind)" '' 'a driver that binds'
    is "$(starts 0000:02:00.0 SUBSYSTEM=usb)" '' 'another bus'
    is "$(starts 0000:02:00.0)" passthrough-hotplug@0000:02:00.0.service 'the kernel itself'
}

@test "what an earlier rule keeps starts nothing, where udev can tell" {
    rule 10-host '[Match]' Address=42:00.0 '[Device]' Driver=native
    rule 50-all '[Match]' ID=1002:5159 '[Device]' Expect=0-
    starts_for 0000:01:00.0
    rule 10-host '[Match]' Serial=00-11-22-33-44-55-66-77 '[Device]' Driver=native
    starts_for 0000:01:00.0 0000:42:00.0
}

@test "switched off, left out, invalid and meant for elsewhere: no rule of udev's" {
    rule a '[Match]' ID=1234:11e8
    rule b '[Match]' ID=1002:5159
    rule c '[Match]' ID=8086:10d3 Host=another
    rule d '[Match]' ID=1002:aa38 Nonsense=yes
    cmdline passthrough.skip=b
    starts_for 0000:02:00.0
    cmdline passthrough=off
    rules_written
    exits 0
    [[ ! -s $ROOT$RULES ]]
}

@test "the generator wants the rules written before udevd starts, unless all is off" {
    mkdir -p "$ROOT/run/normal"
    local unit=$ROOT/run/normal/sysinit.target.wants/passthrough-udev.service line
    rule a '[Match]' ID=1234:11e8
    "$BUILD/passthrough-generator" --root="$ROOT" /run/normal
    [[ -L $unit && -f $BATS_TEST_DIRNAME/../../conf/systemd/${unit##*/} ]]
    line=$(grep ^Before= "$BATS_TEST_DIRNAME/../../conf/systemd/passthrough-udev.service")
    [[ $line == *systemd-udevd.service* ]]
    rm -r "$ROOT/run/normal" && mkdir "$ROOT/run/normal"
    cmdline passthrough=off
    "$BUILD/passthrough-generator" --root="$ROOT" /run/normal
    [[ ! -e $unit && ! -L $unit ]]
}

@test "a rule that was edited since this boot's plan takes nothing that appears" {
    rule a '[Match]' ID=1234:11e8
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=a
    exits 0
    rule a '[Match]' ID=8086:10d3
    rules_written
    [[ ! -s $ROOT$RULES ]]
    plugged 0000:04:00.0
    exits 1
    has 'a: 0000:04:00.0 refused: its text changed since this boot'
    is "$(cat "$ROOT/sys/bus/pci/drivers/e1000e/unbind")" '' 'e1000e/unbind'
}

@test "what appears for a rule that was missing is taken, and the rule is satisfied" {
    pci_remove 0000:02:00.0
    rule edu '[Match]' ID=1234:11e8
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    ctl status --json
    exits 1
    rule_is edu missing
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci
    plugged 0000:02:00.0
    exits 0
    has 'edu: 0000:02:00.0 bound to vfio-pci'
    ctl status --json
    exits 0
    rule_is edu ok
    is "$(get '.devices[] | "\(.address) \(.state) \(.driver)"')" '0000:02:00.0 bound vfio-pci' device
    is "$(get '[.operations[] | select(.target | contains("02:00.0"))] | length > 0')" true 'operations in the record'
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=edu
    exits 0
    # What was taken already, by the rule's unit it may be, is no news.
    plugged 0000:02:00.0
    exits 0
    is "$output$stderr" '' 'the second time'
}

@test "a device that no driver takes is put back, and only it is touched" {
    rule gpu '[Match]' Address=42:00.0
    rule edu '[Match]' ID=1234:11e8
    rule nic '[Match]' ID=8086:10d3
    plugged 0000:42:00.0
    exits 1
    has 'gpu: 0000:42:00.0 failed: vfio-pci did not take it; it is bound to radeon'
    is "$(cat "$ROOT/sys/bus/pci/drivers/radeon/unbind")" 0000:42:00.0 'radeon/unbind'
    is "$(cat "$ROOT/sys/bus/pci/drivers/snd_hda_intel/unbind")" 0000:42:00.1 'what comes with it'
    is "$(cat "$ROOT/sys/bus/pci/drivers/e1000e/unbind")" '' 'e1000e/unbind'
    ctl status --json
    is "$(get '.devices[] | "\(.address)=\(.state)"')" '0000:42:00.0=failed 0000:42:00.1=failed' states
    is "$(get '[.rules[] | select(.state != "pending").name] | unique[]')" gpu 'rules in the record'
}

@test "what no rule takes, or what is gone again, is no fault, and leaves no trace" {
    rule edu '[Match]' ID=1234:11e8
    plugged 0000:04:00.0
    exits 0
    plugged 0000:99:00.0
    exits 0
    is "$output$stderr" '' output
    plugged nonsense
    exits 2
}

@test "the guard has the last word: what the host uses is refused" {
    nic eno1 0000:04:00.0 up
    printf 'eno1\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' >>"$ROOT/proc/net/route"
    rule nic '[Match]' ID=8086:10d3
    plugged 0000:04:00.0
    exits 1
    has 'nic: 0000:04:00.0 refused: the host needs it: 0000:04:00.0 ← eno1'
    is "$(cat "$ROOT/sys/bus/pci/drivers/e1000e/unbind")" '' 'e1000e/unbind'
    ctl status --json
    is "$(get '.devices[] | "\(.address) \(.state)"')" '0000:04:00.0 refused' device
}

@test "one too many is refused, and the rule stays satisfied with what it has" {
    rule gpu '[Match]' ID=1002:5159 '[Device]' Functions=match
    mv "$ROOT/sys/bus/pci/devices/0000:42:00.0" "$BATS_TEST_TMPDIR/unplugged"
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    exits 0
    mv "$BATS_TEST_TMPDIR/unplugged" "$ROOT/sys/bus/pci/devices/0000:42:00.0"
    plugged 0000:42:00.0
    exits 1
    has 'gpu: 0000:42:00.0 refused: the rule matches 2 devices and Expect= is 1'
    ctl status --json
    exits 0
    is "$(get '.devices[] | "\(.address)=\(.state)"')" '0000:01:00.0=bound 0000:42:00.0=refused' devices
}

@test "what moves to another slot takes the place of what was there" {
    rule edu '[Match]' ID=1234:11e8
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    exits 0
    pci_remove 0000:02:00.0
    root_port 0000:00:07.0 07
    pci_add 0000:07:00.0 1234:11e8 00ff under=0000:00:07.0 group=8 driver=vfio-pci
    ctl status
    exits 1
    has 'is not there any more'
    plugged 0000:07:00.0
    exits 0
    ctl status --json
    exits 0
    is "$(get '.devices[].address')" 0000:07:00.0 devices
}

@test "what was given back by hand stays with the host when it comes again" {
    rule edu '[Match]' ID=1234:11e8
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    ctl release edu
    pci_remove 0000:02:00.0
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci
    plugged 0000:02:00.0
    exits 1
    has 'given back by hand'
}

@test "with passthrough=off nothing that appears is taken" {
    rule edu '[Match]' ID=1234:11e8
    cmdline passthrough=off
    plugged 0000:02:00.0
    exits 0
    [[ ! -e $ROOT/run/passthrough/record ]]
}

@test "udev loads what the driver needs, so that the process need not: vfio-pci, a variant of it, another" {
    rule gpu0 '[Match]' Address=42:00.0
    rule gpu1 '[Match]' Address=01:00.0 '[Device]' Driver=auto
    rule gpu2 '[Match]' Address=02:00.0 '[Device]' Driver=pci-stub
    rules_written
    exits 0
    has_line() { grep -qF -- "$1" "$ROOT$RULES" || { cat "$ROOT$RULES" && return 1; }; }
    has_line 'KERNEL=="0000:42:00.0", RUN{builtin}+="kmod load vfio-pci vfio_iommu_type1", TAG+='
    # shellcheck disable=SC2016 # udev's
    has_line 'KERNEL=="0000:01:00.0", RUN{builtin}+="kmod load vfio_$env{MODALIAS} vfio-pci vfio_iommu_type1", TAG+='
    has_line 'KERNEL=="0000:02:00.0", RUN{builtin}+="kmod load pci-stub", TAG+='
    # With whatever ids= there is, unless they are there already.
    local unit="$BATS_TEST_DIRNAME/../../conf/systemd/passthrough-udev.service"
    grep -q '^CapabilityBoundingSet=CAP_SYS_MODULE$' "$unit" && grep -q '^SystemCallFilter=@module$' "$unit" && ! grep ProtectKernelModules "$unit"
}

@test "an interface that the configuration declares is not taken, with plan's own words; one that it does not goes its way" {
    root_port 0000:00:06.0 05
    pci_add 0000:05:00.0 8086:10d3 0200 under=0000:00:06.0 group=5 driver=e1000e
    nic eno4 0000:04:00.0 up
    nic eno5 0000:05:00.0 up
    put /etc/network/interfaces 'iface eno4 inet dhcp'
    rule nic '[Match]' ID=8086:10d3 '[Device]' Expect=0-
    plan
    refused 0000:04:00.0 '^the host needs it: 0000:04:00.0 ← eno4 ← /etc/network/interfaces$'
    device 0000:05:00.0 bind
    plugged 0000:04:00.0
    [[ $stderr == *'0000:04:00.0 ← eno4 ← /etc/network/interfaces'* ]] || { echo "$stderr" && return 1; }
    [[ ! -s $(pci_file 0000:04:00.0 driver_override) || $(<"$(pci_file 0000:04:00.0 driver_override)") == '(null)' ]]
    plugged 0000:05:00.0
    # No kernel is here that would.
    [[ $stderr == *'0000:05:00.0 failed: vfio-pci did not take it'* ]] || { echo "$stderr" && return 1; }
}

@test "a virtual function that a rule makes starts nothing, wherever it appears; any other like it does" {
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 8086:10c9 0200 under=0000:00:06.0 group=6 driver=igb
    sriov 0000:06:00.0 7
    pci_add 0000:06:10.0 8086:10ca 0200 under=0000:00:06.0 group=16 physfn=0000:06:00.0 index=0
    pci_add 0000:07:10.0 8086:10ca 0200 under=0000:00:06.0 group=17 physfn=0000:06:00.0 index=1
    pci_add 0000:06:10.1 8086:10cb 0200 under=0000:00:06.0 group=18
    root_port 0000:00:07.0 08
    pci_add 0000:08:10.0 8086:10ca 0200 under=0000:00:07.0 group=19
    rule 50-nic '[Match]' Address=06:00.0 '[SR-IOV]' VirtualFunctions=2
    rule 90-all '[Match]' Class=network '[Device]' Expect=0-
    starts_for 0000:04:00.0 0000:06:10.1 0000:08:10.0
    rule 50-nic '[Match]' Address=06:00.0 '[SR-IOV]' VirtualFunctions=existing
    starts_for 0000:04:00.0 0000:06:10.0 0000:06:10.1 0000:07:10.0 0000:08:10.0
    rule 50-nic '[Match]' Address=06:00.0 '[SR-IOV]' VirtualFunctions=9
    starts_for 0000:04:00.0 0000:06:10.0 0000:06:10.1 0000:07:10.0 0000:08:10.0
}

@test "neither does a virtual function of an NVMe controller" {
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 144d:a824 010802 under=0000:00:06.0 group=6 driver=nvme
    sriov 0000:06:00.0 32
    pci_set 0000:06:00.0 sriov_vf_device a824
    pci_add 0000:06:00.1 144d:a824 010802 under=0000:00:06.0 group=16 physfn=0000:06:00.0 index=0
    rule 50-disk '[Match]' Path=00:06.0/00.0 '[SR-IOV]' VirtualFunctions=2
    rule 90-all '[Match]' Class=nvme '[Device]' Expect=0-
    starts_for
}

@test "nor is one left out that an earlier rule decides, or that the card's other function may make" {
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 8086:10c9 0200 under=0000:00:06.0 group=6 driver=igb
    sriov 0000:06:00.0 7
    pci_add 0000:06:10.0 8086:10ca 0200 under=0000:00:06.0 group=16 physfn=0000:06:00.0 index=0
    rule 50-nic '[Match]' Address=06:00.0 '[SR-IOV]' VirtualFunctions=2
    rule 10-one '[Match]' ID=8086:10ca
    starts_for 0000:06:10.0
    rm "$ROOT/etc/passthrough.d/10-one.conf"
    rule 90-all '[Match]' ID=8086:10ca
    starts_for
    pci_add 0000:06:00.1 8086:10c9 0200 under=0000:00:06.0 group=7 driver=igb
    sriov 0000:06:00.1 7
    starts_for 0000:06:10.0
    rule 51-nic '[Match]' Address=06:00.1 '[SR-IOV]' VirtualFunctions=2
    starts_for
}
