# Scripts that people put into boot images of initramfs-tools, as the guides have them: what check says of them, what
# add --from=initramfs-tools takes over, and what it leaves alone.
# shellcheck disable=SC2016,SC2059 # the text of scripts, which nobody runs here

load product
load tree

TOP=/etc/initramfs-tools/scripts/init-top

# radeon PORT BUS GROUP: both functions of one maker
radeon() {
    root_port "$1" "$2"
    pci_add "${1%%:*}:$2:00.0" 1002:5159 0300 under="$1" group="$3" driver=radeon
    pci_add "${1%%:*}:$2:00.1" 1002:aa98 0403 under="$1" group="$3" driver=snd_hda_intel
}

setup() {
    tree_again hand-made && return
    tree_new
    driver_present vfio-pci
    radeon 0000:00:02.0 01 1
    pci_root 0000:40
    radeon 0000:40:03.1 42 15
    pci_add 0000:00:08.0 8086:10d3 0200 group=32 driver=e1000e
    nic eno8 0000:00:08.0
    put /usr/sbin/mkinitramfs '#!/bin/sh'
    put /usr/sbin/update-initramfs '#!/bin/sh'
    put /etc/kernel/postinst.d/initramfs-tools '#!/bin/sh'
    put /usr/share/initramfs-tools/hooks/passthrough '#!/bin/sh'
    tree_keep hand-made
}

# runs FILE LINE...: one that is executable.
runs() { put "$@" && chmod +x "$ROOT$1"; }

# script NAME LINE...: of init-top.
script() { runs "$TOP/$1" '#!/bin/sh' "${@:2}"; }

# guide NAME [PREREQ]: the usual one, for both functions of the second card.
guide() {
    script "$1" "PREREQ=\"${2-}\"" 'prereqs()' '{' '    echo "$PREREQ"' '}' 'case $1 in' 'prereqs)' '    prereqs' '    exit 0' '    ;;' 'esac' \
        'DEVS="0000:42:00.0 0000:42:00.1"' 'for DEV in $DEVS;' '  do echo "vfio-pci" > /sys/bus/pci/devices/$DEV/driver_override' 'done' \
        'modprobe -i vfio-pci'
}

rules() {
    (cd "$ROOT/etc/passthrough.d" && ls) 2>/dev/null | sed 's/\.conf$//' | paste -sd' '
}

# rule_has NAME LINE...
rule_has() { is "$(grep -v '^#' "$ROOT/etc/passthrough.d/$1.conf" | paste -sd' ')" "${*:2}" "rule $1"; }

# row STATUS MESSAGE [FIX]: the row, or one of them.
row() {
    local found
    found=$(jq -r '.checks[] | select(.id == "conflict.initramfs") | "\(.status): \(.message)|\(.fix)"' <<<"$output")
    grep -qE "^$1: .*$2.*\|${3-}" <<<"$found" || { printf 'the rows are "%s", expected %s /%s/ /%s/\n' "$found" "$1" "$2" "${3-}" && show && return 1; }
}

# takes RULES LINE...: what an import makes of such a script; nothing that it says is run.
takes() {
    rm -rf "$ROOT/etc/passthrough.d"
    script vfio.sh "${@:2}"
    ctl add --from=initramfs-tools
    is "$(rules)" "$1" "rules, of ${*:2}"
}

@test "the script of the guides: check says that it runs behind udev, and what to do" {
    guide vfio.sh
    ctl check --json
    row warn "$TOP/vfio.sh gives 0000:42:00.0, 0000:42:00.1 to vfio-pci in the initrd, too late: udev .*no rule has 0000:42:00.0, 0000:42:00.1" \
        "passthroughctl add --from=initramfs-tools, then remove $TOP/vfio.sh, then update-initramfs -u"
    ctl add --from=initramfs-tools
    exits 0
    ctl check --json
    row warn 'rules take 0000:42:00.0, 0000:42:00.1 already' "remove $TOP/vfio.sh, then update-initramfs -u"
    rm "$ROOT$TOP/vfio.sh"
    ctl check --json
    row pass 'no script or line of initramfs-tools'
}

@test "who runs before udev: by name, and without a prerequisite" {
    local name prereq turn
    while read -r name prereq turn; do
        rm -rf "$ROOT$TOP"
        guide "$name" "${prereq#-}"
        ctl check --json
        row warn "to vfio-pci in the initrd$turn" || { echo "$name $prereq" && return 1; }
    done <<'SCRIPTS'
00-vfio - ;
bind_vfio.sh - ;
vfio.sh - , too late
00-vfio udev , too late
SCRIPTS
    rm -rf "$ROOT$TOP"
    runs /etc/initramfs-tools/scripts/init-premount/00-vfio 'echo vfio-pci >/sys/bus/pci/devices/0000:42:00.0/driver_override'
    ctl check --json
    row warn 'init-premount/00-vfio gives .*, too late'
}

@test "what a rule keeps, is refused for, or gives another driver: check fails" {
    guide vfio.sh
    rule 10-host '[Match]' Path=0000:40:03.1/00.0 '[Device]' Driver=native
    ctl check --json
    exits 1
    row fail 'rule 10-host keeps 0000:42:00.0 for the host' "remove $TOP/vfio.sh"
    rule 10-host '[Match]' Path=0000:40:03.1/00.0 '[Device]' Driver=pci-stub
    driver_present pci-stub
    ctl check --json
    row fail 'rule 10-host gives 0000:42:00.0 the driver pci-stub'
    default_route eno8
    rule nic '[Match]' Address=00:08.0 '[Device]' Stage=initrd
    script vfio.sh 'echo vfio-pci >/sys/bus/pci/devices/0000:00:08.0/driver_override'
    ctl check --json
    row fail 'rule nic is refused for 0000:00:08.0'
}

@test "no row where another program makes the images, nor for scripts that are never run" {
    guide 'vfio.sh~'
    ctl check --json
    row pass 'no script'
    guide vfio.sh
    rm "$ROOT"/usr/sbin/*initramfs "$ROOT/etc/kernel/postinst.d/initramfs-tools"
    dracut_there
    ctl check --json
    is "$(get '[.checks[] | select(.id == "conflict.initramfs")] | length')" 0 rows
}

@test "a hook that writes ids= into images, and a module with ids=" {
    runs /etc/initramfs-tools/hooks/vfio 'echo "options vfio-pci ids=8086:10d3" > ${DESTDIR}/etc/modprobe.d/vfio.conf'
    ctl check --json
    row warn 'hooks/vfio gives 8086:10d3 to vfio-pci by what it puts into boot images; no rule has 0000:00:08.0'
    rm "$ROOT/etc/initramfs-tools/hooks/vfio"
    put /etc/initramfs-tools/modules vfio 'vfio_pci ids=8086:10d3'
    ctl check --json
    row fail '/etc/initramfs-tools/modules: "vfio_pci ids=8086:10d3" takes 0000:00:08.0' '.*then update-initramfs'
    is "$(get '.checks[] | select(.id == "conflict.modprobe").status')" pass 'modprobe.d'
}

@test "a script that loads vfio-pci makes ids= of modprobe.d count" {
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=8086:10d3'
    ctl check --json
    is "$(get '.checks[] | select(.id == "conflict.modprobe").status')" warn 'as long as nothing loads it'
    guide vfio.sh
    ctl check --json
    is "$(get '.checks[] | select(.id == "conflict.modprobe").status')" fail 'once something does'
    [[ $(get '.checks[] | select(.id == "conflict.modprobe").message') == *"$TOP/vfio.sh loads vfio-pci first"* ]] || { show && return 1; }
}

@test "import: the script of the guides becomes a rule, and what can go then is said" {
    guide vfio.sh
    local before
    before=$(sha256sum "$ROOT$TOP/vfio.sh")
    ctl add --from=initramfs-tools
    exits 0
    is "$(rules)" initramfs-tools-42-00.0 rules
    rule_has initramfs-tools-42-00.0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    has 'this can go:'
    says 'vfio.sh: what it gives to vfio-pci: 0000:42:00.0, 0000:42:00.1; then update-initramfs -u'
    has 'Next: passthroughctl apply'
    is "$(sha256sum "$ROOT$TOP/vfio.sh")" "$before" 'the script'
    plan
    bound 0000:42:00.0 0000:42:00.1
    ctl add --from=initramfs-tools
    exits 0
    has 'Nothing to take over'
}

@test "import: the forms that scripts have" {
    local address=0000:00:08.0 nic=initramfs-tools-00-08.0 override=/sys/bus/pci/devices/0000:00:08.0/driver_override
    takes $nic "echo vfio-pci > $override"
    takes $nic "printf 'vfio-pci\n' >$override"
    takes $nic "DRIVER=vfio-pci" "DEV=$address" 'echo "$DRIVER" >"/sys/bus/pci/devices/${DEV}/driver_override"'
    takes $nic "NIC=00:08" 'for f in 0; do echo vfio-pci >/sys/bus/pci/devices/0000:$NIC.$f/driver_override; done'
    takes $nic 'DEVS="0000:99:00.0' '0000:00:08.0"' 'DEVS="$DEVS"' 'for i in $DEVS; do' 'echo vfio-pci >/sys/bus/pci/devices/$i/driver_override' 'done'
    takes $nic 'modprobe vfio-pci || true' "echo vfio-pci >$override; exit 0"
    takes $nic "echo $address >/sys/bus/pci/devices/$address/driver/unbind" "echo vfio-pci >$override" "echo $address >/sys/bus/pci/drivers/vfio-pci/bind"
    takes initramfs-tools-8086-10d3 'modprobe vfio-pci' 'echo 8086 10d3 > /sys/bus/pci/drivers/vfio-pci/new_id'
    takes initramfs-tools-8086-10d3 'for id in "8086 10d3"; do echo $id >/sys/bus/pci/drivers/vfio-pci/new_id; done'
    takes initramfs-tools-8086-10d3 'modprobe vfio_pci disable_vga=1 ids=8086:10D3'
}

@test "import: what does not show, or depends on something, is named and left alone" {
    local override=/sys/bus/pci/devices/0000:00:08.0/driver_override
    takes '' 'for DEV in $(lspci -D | cut -d" " -f1); do echo vfio-pci >/sys/bus/pci/devices/$DEV/driver_override; done'
    says 'in /etc/.*/vfio.sh:2 is left alone: the device is not named in it; --from=running'
    takes '' 'while read -r DEV; do echo vfio-pci >/sys/bus/pci/devices/$DEV/driver_override; done </devs'
    takes '' 'echo vfio-pci >/sys/bus/pci/devices/$1/driver_override'
    takes '' 'echo vfio-pci >/sys/bus/pci/devices/*/driver_override'
    takes '' 'echo vfio-pci >/sys/bus/pci/devices/00:08.0/driver_override'
    takes '' "if grep -q vm /proc/cmdline; then echo vfio-pci >$override; fi"
    says '0000:00:08.0 of .* is left alone: it depends on a condition; --from=running'
    takes '' 'grep -q novfio /proc/cmdline && exit 0' "echo vfio-pci >$override"
    takes '' "grep -q vm /proc/cmdline && echo vfio-pci >$override"
    takes '' 'hand() {' "echo vfio-pci >$override" '}'
    takes '' 'DEV=0000:00:08.0' 'if grep -q two /proc/cmdline; then' 'DEV=0000:42:00.0; fi' 'echo vfio-pci >/sys/bus/pci/devices/$DEV/driver_override'
    takes '' 'if true; then' "echo vfio-pci >$override"
    takes '' "echo 'vfio-pci >$override"
    takes '' /usr/local/bin/vfio-pci-override.sh
    has 'the device is not named in it'
    takes '' 'exit 0' "echo vfio-pci >$override"
    takes '' "# echo vfio-pci >$override" "echo pci-stub >$override" "echo >$override" "echo vfio-pci >/sys/bus/pci/drivers_probe"
    has 'Nothing to take over'
    takes '' 'echo vfio-pci >/sys/bus/pci/devices/0000:99:00.0/driver_override' 'echo 10de 1b80 >/sys/bus/pci/drivers/vfio-pci/new_id'
    is "$(grep -c 'there is no such device here' <<<"$output")" 2 'devices that are not here'
}

@test "import: a construct that is not known makes its step and all that follow doubtful, and check says what may be" {
    local override=/sys/bus/pci/devices/0000:00:08.0/driver_override form
    local bind="echo vfio-pci >$override"
    while IFS= read -r form; do
        form=${form//BIND/"$bind"}
        form=${form//OVERRIDE/"$override"}
        rm -rf "$ROOT/etc/passthrough.d"
        printf "$form\\n" | runs "$TOP/vfio.sh"
        ctl add --from=initramfs-tools
        is "$(rules)" '' "rules, of $form"
        [[ $output == *'0000:00:08.0 of '*'is left alone: it depends on a condition'* ]] || { echo "$form" && show && return 1; }
        ctl check --json
        row warn 'vfio.sh may give 0000:00:08.0 to vfio-pci in the initrd' || { echo "$form" && return 1; }
    done <<'FORMS'
grep -q vm /proc/cmdline && {\nBIND\n}
grep -q vm /proc/cmdline && { true; BIND; }
grep -q vm /proc/cmdline && ( BIND )
grep -q vm /proc/cmdline && if true; then BIND; fi
grep -q vm /proc/cmdline &&\nBIND
grep -q vm /proc/cmdline || {\nexit 0\n}\nBIND
grep -q vm /proc/cmdline || true && BIND
set -e\ngrep -q vm /proc/cmdline\nBIND
#!/bin/sh -e\nBIND
: <<END\nBIND\nEND
cat >/tmp/readme <<END\nBIND\nEND
f() ( BIND )
f()\n(\nBIND\n)
function f {\nBIND\n}
function f() {\nBIND\n}
prereqs() {\necho\nBIND\n}
case $1 in\nprereqs)\nBIND\nexit 0;;\nesac
case $1 in\nprereqs)\necho\n;;\nesac\nBIND
L=""; for d in $L; do\nBIND\ndone
for d in; do\nBIND\ndone
for d in /nonexist/*; do\nBIND\ndone
for d in a; do\nbreak\nBIND\ndone
for d in a; do BIND; done && true
for d in 0000:00:08.0; do BIND; done | cat
while false; do\nBIND\ndone
modprobe vfio-pci || BIND
if ! modprobe vfio-pci; then BIND; fi
[ -e /sys/bus/pci/devices/0000:01:00.0 ] || BIND
[ -d /sys/class/iommu ] || exit 0\nBIND
[ ! -d /sys/class/iommu ] && BIND
! true && BIND
exec true\nBIND
. /scripts/functions\nBIND
BIND &
echo vfio-pci | tee OVERRIDE >/dev/null
D='$X'\nBIND
IFS=:\nBIND
BIND\nif true; then echo >OVERRIDE; fi
BIND\nsh -c "echo >OVERRIDE"
BIND\nfor d in /sys/bus/pci/devices/*; do echo >$d/driver_override; done
modprobe vfio-pci || exit 1; BIND
FORMS
}

@test "import: a step counts that stands before the first doubt, and a later write takes it back" {
    local override=/sys/bus/pci/devices/0000:00:08.0/driver_override nic=initramfs-tools-00-08.0
    takes $nic "echo vfio-pci >$override" 'grep -q vm /proc/cmdline && exit 0' 'echo done'
    takes $nic "echo e1000e >$override" "echo vfio-pci >$override"
    takes $nic 'for d in 0000:42:00.0 0000:00:08.0; do' 'for o in vfio-pci; do echo $o >/sys/bus/pci/devices/$d/driver_override; done; done' \
        'echo >/sys/bus/pci/devices/0000:42:00.0/driver_override'
    takes '' "echo vfio-pci >$override" "echo >$override"
    has 'Nothing to take over'
    takes '' "echo vfio-pci >$override" "echo e1000e >$override"
    has 'Nothing to take over'
    takes '' "eval \"echo vfio-pci >$override\""
    has 'the device is not named in it'
    rule nic '[Match]' Address=00:08.0 '[Device]' Driver=native
    script vfio.sh "if true; then echo vfio-pci >$override; fi"
    ctl check --json
    row warn 'vfio.sh may give 0000:00:08.0 .*rule nic keeps 0000:00:08.0 for the host'
}

@test "a script that is not executable is never run: neither check nor an import names it, here and in a capture" {
    script vfio.sh 'echo vfio-pci >/sys/bus/pci/devices/0000:00:08.0/driver_override'
    chmod -x "$ROOT$TOP/vfio.sh"
    ctl add --from=initramfs-tools
    has 'Nothing to take over'
    ctl check --json
    row pass 'no script'
    ctl capture "$BATS_TEST_TMPDIR/capture"
    exits 0
    ! grep -rq 'echo vfio-pci' "$BATS_TEST_TMPDIR/capture" || return 1
    run --separate-stderr "$BUILD/passthroughctl" --root="$BATS_TEST_TMPDIR/capture" check --json
    row pass 'no script'
}

@test "a script that is too long to be understood is named and left, and takes no time or memory" {
    local bind='echo vfio-pci >/sys/bus/pci/devices/0000:00:08.0/driver_override' form
    sanitized || ulimit -v 200000
    for form in 'echo A=xx; for i in {1..40}; do echo "A=\"\$A\$A\""; done' \
        'for i in {1..20000}; do echo ": $i"; done' \
        'echo "echo $(printf x%.0s {1..5000})"' \
        'echo "for d in $(printf "x %.0s" {1..1100}); do"; echo done' \
        'for i in {1..1100}; do echo "V$i=$i"; done' \
        'for i in {1..1100}; do printf "echo vfio-pci >/sys/bus/pci/devices/0000:%02x:00.%x/driver_override\n" $((i/8)) $((i%8)); done' \
        'for i in {1..6}; do echo "for v$i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do"; done; echo true; for i in {1..6}; do echo done; done'; do
        { echo "$bind" && eval "$form" && echo "$bind"; } | runs "$TOP/vfio.sh"
        ctl add --from=initramfs-tools
        is "$(rules)" '' "rules, of $form"
        has "$TOP/vfio.sh is too long to be understood, and is left alone"
        ctl check --json
        row skip "$TOP/vfio.sh is too long to be understood, and may give devices to vfio-pci"
    done
}

@test "import: what only passes by the text is not run" {
    takes '' 'touch /tmp/ran-by-passthrough' 'DEVS=$(touch /tmp/ran-by-passthrough)' 'for D in `touch /tmp/ran-by-passthrough`; do echo vfio-pci >/sys/bus/pci/devices/$D/driver_override; done'
    [[ ! -e /tmp/ran-by-passthrough && ! -e $ROOT/tmp/ran-by-passthrough ]]
}

@test "import: modules of the initrd, and lines that do nothing there" {
    put /etc/initramfs-tools/modules '# mine' vfio vfio_iommu_type1 'vfio_pci ids=8086:10d3,10de:1b80' 'options vfio_pci ids=1002:5159' 'softdep radeon pre: vfio-pci'
    ctl add --from=initramfs-tools
    exits 0
    is "$(rules)" initramfs-tools-8086-10d3 rules
    rule_has initramfs-tools-8086-10d3 '[Match]' ID=8086:10d3
    says '10de:1b80 of "vfio_pci .*" in /etc/initramfs-tools/modules:4 is left alone: there is no such device here'
    says '"options .*" in /etc/initramfs-tools/modules:5 is left alone: it does nothing there'
    has 'this can go' /etc/initramfs-tools/modules:4:
}

@test "import: both cards of one ID are one rule, and a hook counts" {
    runs /etc/initramfs-tools/hooks/vfio 'echo "options vfio-pci ids=1002:5159,1002:aa98" >"$DESTDIR/etc/modprobe.d/vfio.conf"'
    ctl add --from=initramfs-tools
    exits 0
    is "$(rules)" initramfs-tools-1002-5159 rules
    rule_has initramfs-tools-1002-5159 '[Match]' ID=1002:5159 '[Device]' Expect=2
}

@test "what the host needs is not taken over, and a name of another maker is no source" {
    default_route eno8
    script vfio.sh 'echo vfio-pci >/sys/bus/pci/devices/0000:00:08.0/driver_override'
    ctl add --from=initramfs-tools
    exits 1
    is "$(rules)" '' rules
    has 'initramfs-tools-00-08.0.conf is not written' 'the host needs it'
    has_not 'this can go'
    ctl add --from=dracut
    exits 2
    has 'driverctl, mdevctl, modprobe, cmdline, running or initramfs-tools'
}

@test "capture: scripts about vfio-pci as they are, and of the others no more than the name" {
    guide vfio.sh
    runs /etc/initramfs-tools/hooks/unlock '#!/bin/sh' 'echo "a passphrase of the disk"'
    ctl capture "$BATS_TEST_TMPDIR/capture"
    exits 0
    ! grep -rq 'a passphrase of the disk' "$BATS_TEST_TMPDIR/capture" || return 1
    run --separate-stderr "$BUILD/passthroughctl" --root="$BATS_TEST_TMPDIR/capture" check --json
    row warn "vfio.sh gives 0000:42:00.0, 0000:42:00.1"
}
