#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A stranger's walk: the commands of README and of the manual, typed as they stand there. A command that is neither run here nor named in
# the table of what runs it elsewhere is a fault.

load product
load tree
load tree-guard
load readme

setup() { document README.md; }

# What else README, TESTING and HACKING have in `` with a blank in it.
PROSE='without passthrough
git stash -- src
git stash pop
machine NAME
tests/guard/run -t NAME
passthrough-bind --deadline
passthrough-bind --rescue
add --from=NAME
tests/lab/deps build lint test'

# COMMAND | FILE | what that file has, which runs it: what takes a boot, a package or a machine of the lab. A command may have several lines,
# one of them about each half. `by hand` in place of a file says that no test runs it, and why.
elsewhere() {
    cat <<'TABLE'
make | tests/check | make -s -j "$workers" all
make check | .ci/run | make --no-print-directory check
make check-full | Makefile | tests/check --full
make demo | tests/check | make -s demo
make soak N=50 | tests/check | make -s soak N=
make fuzz | tests/check | make -s fuzz FUZZ_SECONDS=
make cost | tests/check | tests/cost/run
make lint | tests/check | tests/lint/run
make unit | tests/check | make -s unit
make coverage | by hand | its figures are for people to read
make bench | by hand | its figures are for people to read, and want a quiet machine
make compile_commands.json | by hand | other programs read it
make SANITIZE=1 BUILD=build/sanitized CFLAGS='-O1 -g' | Makefile | BUILD=$(BUILD)/sanitized SANITIZE=1 CFLAGS='-O1 -g'
make deb | Makefile | deb-check: deb
make deb-check | tests/check | make -s deb-check
make clean | by hand | it removes what the tests run
tests/unit/run tests/unit/plan.bats | Makefile | tests/unit/run
CAPTURES=1 tests/unit/run tests/unit/plan.bats | tests/check | CAPTURES=1
BUILD=build/sanitized tests/unit/run tests/unit/plan.bats | Makefile | BUILD=$(BUILD)/sanitized tests/unit/run
bats -f 'twins' tests/unit/plan.bats | by hand | it is bats' own
tests/lab/run --list | by hand | its list is for people to read
tests/lab/run gpu-plain | tests/check | tests/lab/run
REGENERATE=1 tests/unit/run tests/unit/plans.bats | by hand | it writes what the test expects
REGENERATE=1 tests/unit/run tests/unit/session.bats | by hand | it writes what the test expects
passthroughctl add --from=initramfs-tools | tests/unit/hand-made.bats | ctl add --from=initramfs-tools
apt-get install ./build/passthrough_*.deb | tests/package/run | host_dpkg -i "$deb"
apt-get purge passthrough | tests/package/run | host_dpkg --purge passthrough
reboot | tests/boot/loader-apply/vm | boot_from_disk applied
passthroughctl status | tests/boot/loader-apply/guest | passthroughctl status
passthroughctl status --boot=-1 | tests/unit/status.bats | ctl status --boot=-1
passthroughctl confirm | tests/unit/session.bats | sudo passthroughctl confirm
passthroughctl apply --no-trial | tests/boot/loader-apply/guest | passthroughctl apply --no-trial
passthroughctl remove gpu0 | tests/unit/credentials.bats | ctl remove gpu0
qemu ... -smbios type=11,value=io.systemd.credential.binary:passthrough.d.gpu0=W01hdGNoXQpTbG90PTMK | tests/lab/verbs.sh | -smbios "type=11,value=io.systemd.credential.binary:passthrough.d.$1=
systemd.set_credential_binary=passthrough.d.gpu0:W01hdGNoXQpTbG90PTMK | by hand | systemd reads it, 254 and later
passthroughctl bind RULE | tests/unit/demand.bats | passthroughctl bind cards
systemctl daemon-reload | tests/boot/demand/guest | systemctl daemon-reload
systemctl stop | tests/boot/demand/guest | systemctl stop lab-machine@1000.service
passthroughctl add --from=modprobe | tests/unit/import.bats | ctl add --from=modprobe
passthroughctl add stick /dev/sdb | tests/unit/examples.bats | ctl add stick /dev/sdb
passthroughctl release gpu0 | tests/boot/bind-release/guest | hand release gpu
passthroughctl release RULE | tests/boot/bind-release/guest | hand release gpu
passthroughctl release 0000:42:00.0 | tests/boot/bind-release/guest | hand release
passthroughctl list --types | tests/unit/vgpu-show.bats | ctl list --types
passthroughctl bind vgpu | tests/unit/vgpu-act.bats | with_kernel passthroughctl bind
passthroughctl image | tests/unit/images.bats | image_built
vgchange --activate n NAME | tests/boot/nvme-guest-lvm/guest | vgchange --activate n guestvg
ovs-vsctl set Open_vSwitch . other_config:hw-offload=true | tests/boot/switchdev/guest | ovs-vsctl set Open_vSwitch . other_config:hw-offload=true
ovs-vsctl add-port br0 eth4 | tests/boot/switchdev/guest | ovs-vsctl add-port br0
ovs-vsctl add-port br0 eth4_0 tag=7 | tests/boot/switchdev/guest | ovs-vsctl add-port br0
passthroughctl plan --json | tests/unit/product.bash | ctl plan --json
lsinitrd -f usr/lib/passthrough/left-out | tests/unit/images.bats | usr/lib/passthrough/left-out
TABLE
}

# types COMMAND [WORD=VALUE...]: the next place where the document has it, run with these in place of what it leaves open.
types() {
    local line text=$1 pair
    line=$(commands | AT=$AT TEXT=$1 awk -F'\t' '$1 >= ENVIRON["AT"] + 0 && $2 == ENVIRON["TEXT"] { print $1; exit }')
    [[ $line ]] || { echo "$PAGE does not have, behind line $AT: $1" && return 1; }
    AT=$line
    for pair in "${@:2}"; do text=${text//"${pair%%=*}"/"${pair#*=}"}; done
    echo "$PAGE:$line: $text"
    on_host "$text"
}

# section TITLE: goes on from there.
section() {
    AT=$(grep -nxE -m 1 -- "##+ $1" "$DOCUMENT" | cut -d: -f1)
    [[ $AT ]] || { echo "$PAGE has no section $1" && return 1; }
}

# Commands that a test in this file types.
typed() { sed -nE "s/^ *types (\"([^\"]*)\"|'([^']*)').*/\2\3/p" "$BATS_TEST_FILENAME"; }

image_has() { tar -tf "$ROOT/boot/initrd.img-$KERNEL" | grep -qF -- "$1"; }

# What the screens say is for their own tests: these ask for the document.
# could ADDRESS ACTION [OPTION]: what list has of it.
could() {
    on_host "passthroughctl list --json ${3-}"
    is "$(get ".devices[] | select(.address == \"$1\").handover.action")" "$2" "what becomes of $1"
}

# goes [OPTION]: the plan takes the second card as a whole, in the initrd. gone: this boot has.
goes() {
    on_host "passthroughctl plan --json ${1-}"
    is "$(get '.devices[] | select(.action == "bind") | .address, .driver, .stage')" \
        '0000:42:00.0 vfio-pci initrd 0000:42:00.1 vfio-pci initrd' 'what is taken'
}

gone() {
    on_host 'passthroughctl status --json'
    is "$(get '.devices[] | select(.state == "bound") | .address')" '0000:42:00.0 0000:42:00.1' 'what is bound'
}

# of_host: all that a host boots from or keeps its config in.
of_host() { (cd "$ROOT" && find boot etc -type f -exec sha256sum {} + | LC_ALL=C sort -k2); }

# --- nothing is left out

# not_run: the document's commands that no test types, and for which none is named; with sudo or without.
not_run() {
    local line command known
    known=$({ typed && elsewhere | sed 's/ | .*//'; } | sed 's/^sudo //')
    while IFS=$'\t' read -r line command; do
        grep -qxF -- "${command#sudo }" <<<"$known" || echo "$PAGE:$line: no test runs this: $command"
    done < <(commands)
}

# unknown: what the document has as code within its text, with a blank in it, that is neither a command nor known to be none.
unknown() {
    local line span
    while IFS=$'\t' read -r line _ span; do
        if [[ $span == *' '* && ! $span =~ ^(struct|enum)\  ]] && ! grep -qxF -- "$span" <<<"$PROSE" && [[ " $(xargs <<<"$PROGRAMS") " != *" ${span%% *} "* ]]; then
            echo "$PAGE:$line: neither a command nor in the list of what is none: $span"
        fi
    done < <(parts | awk -F'\t' '$2 == "span"')
}

@test "each command of README, TESTING, HACKING and the manual is run here, or named with the test that runs it" {
    local page
    for page in $DOCUMENTS; do
        document "$page"
        (($(commands | wc -l) > 0))
        run not_run
        is "$output" '' 'what is not run'
        [[ $page == *.md ]] || continue
        run unknown
        is "$output" '' 'what is not known'
    done
}

@test "a command that is new is seen: in a block, behind another, and within the text; also in a manual page" {
    local TOP=$BATS_TEST_TMPDIR
    printf '%s\n' '# a' '' '    sudo passthroughctl apply' '    frobnicate --all     # at once' '' '1. b:' '' \
        '       sudo reboot && sudo passthroughctl confirm' '' '   then `sudo passthroughctl' '   frob`, or `frob gpu0`, or `apply`.' >"$TOP/a.md"
    document a.md
    run not_run
    is "$output" "a.md:4: no test runs this: frobnicate --all
a.md:8: no test runs this: sudo reboot && sudo passthroughctl confirm
a.md:10: no test runs this: sudo passthroughctl frob" 'what is not run'
    run unknown
    is "$output" 'a.md:11: neither a command nor in the list of what is none: frob gpu0' 'what is not known'
    printf '%s\n' '.SH A' '.B passthroughctl frob' '.BR "passthroughctl frob gpu0" ,' '.EX' 'passthroughctl undo \-\-frob' '.EE' '.B passthroughctl' >"$TOP/a.7"
    document a.7
    run not_run
    is "$output" "a.7:2: no test runs this: passthroughctl frob
a.7:3: no test runs this: passthroughctl frob gpu0
a.7:5: no test runs this: passthroughctl undo --frob" 'what is not run'
}

@test "what is said to run a command does, and some document has that command" {
    local command file text page all=''
    for page in $DOCUMENTS; do document "$page" && all+=$(commands | cut -f2 | sed 's/^sudo //')$'\n'; done
    while IFS='|' read -r command file text; do
        command=${command% } file=${file# } text=${text# }
        grep -qxF -- "$command" <<<"$all" || { echo "no document has it any more: $command" && return 1; }
        file=${file% }
        if [[ $file == 'by hand' ]]; then continue; fi
        grep -qF -- "$text" "$TOP/$file" || { echo "$file does not have: $text" && return 1; }
    done < <(elsewhere)
}

@test "each target of make in README, TESTING and HACKING is one" {
    local target page
    for page in README.md TESTING.md HACKING.md; do
        document "$page"
        while read -r target; do
            make -s -C "$TOP" help | grep -qE "^  make $target( |$)" || { echo "$page: no target $target" && return 1; }
        done < <(commands | sed -nE 's/^[0-9]+\t(.*&& )?(sudo )?make ([a-z_.-]+).*/\3/p' | sort -u)
    done
}

# --- README's limits

@test "README has at most 120 lines of 110 columns, and a newcomer reads less than 80 words before the first command" {
    local first
    (($(wc -l <"$README") <= 120))
    is "$(LC_ALL=C.UTF-8 awk 'length > 110' "$README")" '' 'lines that are too long'
    first=$(commands | head -n 1 | cut -f1)
    (($(head -n $((first - 1)) "$README" | wc -w) < 80))
    commands | head -n 1 | grep -q $'\tsudo apt-get install make'
}

@test "where a document shows a reboot behind apply, it shows confirm behind that" {
    local page
    for page in $DOCUMENTS; do
        document "$page"
        commands | awk -F'\t' -v page="$page" '$2 ~ /passthroughctl apply$/ { apply = $1 } $2 ~ /reboot$/ && $1 - apply < 9 { at = $1 } $2 ~ /confirm$/ && $1 - at < 9 { at = 0 }
            END { if (at) { print page ": " at ": no confirm"; exit 1 } }'
    done
}

# --- the walk

@test "from a bare host to a card that is handed over, and back, as README has it" {
    local before
    host
    types 'sudo apt-get install make'
    ran 'apt-get install make'
    on_host 'make install'
    exits 0
    before=$(of_host)
    types 'sudo passthroughctl list'
    exits 0
    has '42:00.0' '41:00.0'
    could 0000:42:00.0 bind
    could 0000:41:00.0 refuse
    types 'sudo passthroughctl add gpu0 42:00.0'
    exits 0
    document man/passthrough.d.5
    diff <(sense "$ROOT/etc/passthrough.d/gpu0.conf") <(passage '/etc/passthrough.d/50-gpu1.conf' | sense)
    document README.md
    types 'sudo passthroughctl apply'
    exits 0
    grep -q 'linux.* intel_iommu=on iommu=pt' "$ROOT$MENU"
    image_has etc/passthrough.d/gpu0.conf
    types 'sudo reboot'
    ran reboot
    boots
    types 'sudo passthroughctl status'
    exits 0
    has '42:00.0'
    gone
    types 'sudo passthroughctl check'
    exits 0
    types 'sudo passthroughctl plan'
    exits 0
    has '42:00.0'
    goes
    types 'sudo passthroughctl undo'
    exits 0
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    diff <(echo "$before") <(of_host)
    on_host 'passthroughctl add gpu0 42:00.0 && passthroughctl apply'
    types 'sudo passthroughctl remove gpu0'
    exits 0
    on_host 'passthroughctl apply'
    exits 0
    ! image_has etc/passthrough.d/gpu0.conf || return 1
}

@test "setting up, as passthrough(7) has it" {
    host
    document HACKING.md
    types 'sudo apt-get install gcc make libc6-dev libkmod-dev libblkid-dev libjson-c-dev libmnl-dev libsystemd-dev'
    libraries_are_those_of_the_package
    rm "$ROOT/var/lib/ran"
    types 'make && sudo make install'
    exits 0
    [[ -x $ROOT/usr/bin/passthroughctl && ! -e $ROOT/var/lib/ran ]]
    document man/passthrough.7
    on_without_groups
    section 'The rules'
    types 'passthroughctl list'
    exits 0
    types 'passthroughctl add gpu0 42:00.0'
    exits 0
    on_host 'passthroughctl add disk0 /dev/nvme0n1 && passthroughctl add nic0 eno2'
    exits 0
    on_host 'passthroughctl remove disk0 && passthroughctl remove nic0'
    on_host 'passthroughctl add nic1 eno1'
    exits 1
    has 'default route'
    types 'passthroughctl plan'
    exits 0
    put '/etc/driverctl.d/0000:43:00.0' vfio-pci
    types 'passthroughctl add --from=driverctl'
    exits 0
    [[ -e $ROOT/etc/passthrough.d/driverctl-43-00.0.conf ]]
    rm "$ROOT"/etc/{passthrough.d/driverctl-43-00.0.conf,driverctl.d/0000:43:00.0}
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=8086:10d3'
    on_host 'passthroughctl add --dry-run --from=modprobe'
    has 'modprobe-8086-10d3'
    rm "$ROOT/etc/modprobe.d/vfio.conf"
    types 'passthroughctl remove gpu0'
    exits 0
    [[ ! -e $ROOT/etc/passthrough.d/gpu0.conf ]]
    on_host 'passthroughctl add gpu0 42:00.0'

    applies
    document man/passthrough.conf.5
    types 'passthroughctl cmdline'
    is "$output" 'intel_iommu=on iommu=pt' tokens
    document man/passthrough.7
    types 'passthroughctl cmdline --format=bootc --vendor=intel --kernel=RELEASE' RELEASE="$KERNEL"
    is "$output" 'kargs = ["intel_iommu=on", "iommu=pt"]' 'tokens for bootc'
    types "passthroughctl cmdline check --cmdline='...'" ...=intel_iommu=off
    exits 1
    boots
    types 'passthroughctl show RULE' RULE=gpu0
    exits 0
    has '-device vfio-pci,host=0000:42:00.0,addr=0x10.0,multifunction=on' '-device vfio-pci,host=0000:42:00.1,addr=0x10.1' \
        "<hostdev mode='subsystem' type='pci' managed='no'>"
}

# Without IOMMU groups nothing can be handed over; the next boot has them.
on_without_groups() {
    local kept=$BATS_TEST_TMPDIR/sys
    cp -a "$ROOT/sys" "$kept"
    no_groups
    types 'passthroughctl check'
    exits 1
    says '^  fail +iommu.enabled .*: off in the kernel'
    has 'IOMMU=on below [Host]'
    on_host 'passthroughctl add gpu0 42:00.0'
    exits 1
    has 'sudo passthroughctl check   says why there is no IOMMU group'
    passage '/etc/passthrough.conf [Host]' >"$ROOT/etc/passthrough.conf"
    on_host 'passthroughctl apply'
    exits 0
    grep -q 'linux.* intel_iommu=on' "$ROOT$MENU"
    rm -rf "$ROOT/sys" && mv "$kept" "$ROOT/sys"
    boots
    on_host 'passthroughctl check'
    exits 0
    says '^  ok +firmware, '
    on_host 'passthroughctl check --all'
    says '^  pass +iommu.enabled'
    # From here on as on a host that has had them.
    on_host 'passthroughctl undo && rm /etc/passthrough.conf'
    exits 0
}

no_groups() {
    rm -rf "$ROOT"/sys/kernel/iommu_groups/* "$ROOT"/sys/class/iommu/*
    find "$ROOT/sys/devices" -name iommu_group -delete
}

libraries_are_those_of_the_package() {
    local name words
    words=$(sed -n 's/^apt-get install //p' "$ROOT/var/lib/ran")
    for name in $(sed -n 's/^Build-Depends: //p' "$TOP/conf/debian/control" | tr -d ',' | xargs -n 1 | grep '^lib') gcc make; do
        [[ " $words " == *" $name "* ]] || { echo "HACKING installs no $name" && return 1; }
    done
}

applies() {
    local before
    before=$(of_host)
    section 'The next boot'
    types 'passthroughctl apply --dry-run'
    exits 0
    has 'GRUB of Debian' 'would run dracut'
    diff <(echo "$before") <(of_host)
    types 'passthroughctl apply'
    exits 0
    on_host 'passthroughctl apply'
    has 'nothing to do'
    on_host 'passthroughctl undo'
    exits 0
    diff <(echo "$before") <(of_host)
    on_host 'passthroughctl apply'
    exits 0
}

@test "afterwards: when something has changed, by hand, in trouble, and to be rid of it, as passthrough(7) has it" {
    host
    on_host 'make install && passthroughctl add gpu0 42:00.0 && passthroughctl apply'
    exits 0
    boots
    on_host 'passthroughctl apply'
    exits 0
    document man/passthrough.d.5
    types 'passthroughctl list --json'
    is "$(get '.devices[] | select(.address == "0000:42:00.0") | .path, .handover.action, has("slot"), has("serial")')" \
        '0000:40:03.1/00.0 bind true true' device
    section EXAMPLES
    types 'passthroughctl plan'
    exits 0
    types 'passthroughctl apply'
    exits 0
    has 'Boot images     nothing to do'

    document man/passthrough.7
    section Clearance
    sed -i 's/root=[^ ]*/root=\/dev\/sda1/' "$BATS_TEST_TMPDIR/proc/cmdline"
    types 'passthroughctl apply'
    exits 0
    has 'Boot image ' 'another root='
    types 'rm /var/lib/passthrough/clearance && passthroughctl apply'
    exits 0
    has 'Boot image ' 'no clearance of its own'
    [[ -s $ROOT/var/lib/passthrough/clearance ]]

    section LOG
    types 'journalctl -b -t passthrough'
    ran 'journalctl -b -t passthrough'
    grep -q '^#define IDENTIFIER *"passthrough"$' "$TOP/src/report/log.c"
    section 'GETTING OUT OF TROUBLE'
    types 'passthroughctl check'
    exits 0
    types 'passthroughctl apply'
    exits 0
    types 'passthroughctl undo'
    exits 0
    on_host 'passthroughctl apply'
    exits 0
    types 'passthroughctl bind gpu0'
    exits 0
    gone
    on_host 'passthroughctl bind 42:00.0'
    exits 0
    types 'passthroughctl remove RULE' RULE=gpu0
    exits 0
    types 'passthroughctl plan'
    exits 0
    types 'passthroughctl status'
    types 'passthroughctl apply'
    exits 0
    ! image_has etc/passthrough.d/gpu0.conf || return 1
    rid
}

rid() {
    local n
    section 'REMOVING IT'
    types 'passthroughctl undo 1'
    exits 1
    has 'not kept any more'
    for n in 1 2 3 4 5 6 7 8 9; do
        on_host 'passthroughctl undo 1'
        [[ $output != *'othing to undo'* ]] || break
    done
    has 'othing to undo'
    ! grep -q iommu "$ROOT$MENU" || return 1
    types 'make uninstall'
    exits 0
    types 'rm -rf /etc/passthrough.* /var/lib/passthrough'
    exits 0
    rm -f "$ROOT/var/lib/ran"
    types 'update-initramfs -u -k all'
    ran 'update-initramfs -u -k all'
    types 'dracut -f --regenerate-all'
    ran 'dracut -f --regenerate-all'
    is "$(find "$ROOT" -path "$ROOT/stand-ins" -prune -o -path "$ROOT/run" -prune -o -name '*passthrough*' -print)" '' 'left behind'
    ! image_has passthrough
}

@test "a copy of a host to try rules on, as passthrough(7) has it" {
    host
    on_host 'make install'
    document man/passthrough.7
    types 'passthroughctl capture /tmp/host1'
    exits 0
    local before here
    before=$(of_host)
    types 'passthroughctl --root=/tmp/host1 list'
    exits 0
    could 0000:42:00.0 bind --root=/tmp/host1
    types 'passthroughctl --root=/tmp/host1 add gpu0 42:00.0'
    exits 0
    [[ -s $ROOT/tmp/host1/etc/passthrough.d/gpu0.conf ]]
    types 'passthroughctl --root=/tmp/host1 plan'
    exits 0
    here=$output
    goes --root=/tmp/host1
    types 'passthroughctl --root=/tmp/host1 apply --dry-run'
    exits 0
    has 'to be run on that system: /usr/sbin/update-grub'
    diff <(echo "$before") <(of_host)
    types 'passthroughctl capture FILE.tar.zst' FILE=/tmp/captured
    exits 0
    on_host 'mkdir /tmp/m && tar -C /tmp/m -xf /tmp/captured.tar.zst && passthroughctl --root=/tmp/m add gpu0 42:00.0'
    exits 0
    on_host 'passthroughctl --root=/tmp/m plan'
    is "$output" "$here" 'the plan of the archive'
}

@test "make, as HACKING has it" {
    host
    document HACKING.md
    types 'make help'
    has 'make install' 'make check-full'
    types 'make install'
    exits 0
    types 'make uninstall'
    exits 0
    [[ ! -e $ROOT/usr/bin/passthroughctl ]]
}

@test "passthrough=off and passthrough.skip=RULE, as the documents have them for a host that does not come up" {
    tree_new bare
    pci_root 0000:40
    two_cards
    rule gpu0 '[Match]' Address=42:00.0
    grep -qF '`passthrough=off`' "$README"
    document man/passthrough.7
    section 'GETTING OUT OF TROUBLE'
    parts | awk -F'\t' -v at="$AT" '$1 > at { print $3 }' | grep -qx 'passthrough.skip=RULE'
    local word
    for word in passthrough=off passthrough.skip=gpu0; do
        put /proc/cmdline "root=/dev/sda1 $word"
        plan
        bound
        rule_is gpu0 skipped
    done
}

# --- what is shown

@test "the guard's reasons, word for word" {
    tree_new
    mkdir -p "$ROOT/dev"
    root_port 0000:00:02.0 03
    pci_add 0000:03:00.0 1b36:0010 010802 under=0000:00:02.0 group=3 driver=nvme
    disk nvme0n1 259:0 0000:03:00.0
    part nvme0n1p2 259:2
    crypt dm-0 253:0 root nvme0n1p2
    root_is '30 27 253:0 / / rw - ext4 /dev/mapper/root rw'
    root_port 0000:00:03.0 04
    pci_add 0000:04:00.0 8086:10d3 0200 under=0000:00:03.0 group=4 driver=e1000e
    nic eno1 0000:04:00.0 up
    net_over bond0 eno1
    net_over br0 bond0
    default_route br0
    root_port 0000:00:04.0 05
    pci_add 0000:05:00.0 1b36:0010 010802 under=0000:00:04.0 group=5 driver=nvme
    rule all '[Match]' Address=03:00.0 '[Device]'
    rule nic '[Match]' Address=04:00.0
    rule free '[Match]' Address=05:00.0
    document man/passthrough.7
    plan
    local line
    while read -r line; do
        if [[ $line == 'not cleared'* ]]; then put /etc/fstab 'UUID=... /data ext4 defaults 0 2' && plan; fi
        get '.devices[].reason' | grep -qF -- "$line" || { echo "no refusal says: $line" && get '.devices[].reason' && return 1; }
    done < <(passage 'the host needs it:' && passage 'not cleared:')
}

@test "who has a device in use, word for word" {
    tree_new
    pci_root 0000:40
    two_cards
    rule gpu0 '[Match]' Address=42:00.0
    process 1 systemd
    process 812 wireplumber /dev/snd/controlC1
    devnode 0000:42:00.1 sound/card1/controlC1 snd/controlC1 116:7
    ctl bind gpu0
    exits 1
    document man/passthrough.7
    has "$(passage 'in use:')"
}

@test "check's rows, word for word" {
    tree_new
    put /proc/cpuinfo 'vendor_id : GenuineIntel' 'flags : fpu vmx'
    put /proc/cmdline 'root=/dev/sda2 ro quiet intel_iommu=off'
    mkdir -p "$ROOT/sys/firmware/acpi/tables"
    : >"$ROOT/sys/firmware/acpi/tables/DMAR"
    no_groups
    document man/passthrough.7
    ctl check
    local row
    while read -r row; do
        xargs -0 <<<"$output" | tr -s ' \n' ' ' | grep -qF -- "$row" || { echo "check does not say: $row" && show && return 1; }
    done < <(passage 'fail  iommu.enabled' | sed 's/^ *//' | tr -s ' \n' ' ' | sed 's/ \(fail\|fix:\) /\n\1 /g; s/ $//')
}

@test "the table that make demo ends with" {
    local word
    for word in $(passage 'DEVICE ' | head -n 1 | sed 's/PROBED.*//'); do
        grep -qE "printf .* $word( |\$)" "$TOP/tests/demo/guest" || { echo "no column $word" && return 1; }
    done
}

@test "an error in a rule, word for word" {
    tree_new bare
    document man/passthrough.d.5
    rule gpu '[Match]' Address=42:00.0 '' '[Device]' Drivr=native
    ctl plan
    exits 2
    is "$stderr" "$(passage /etc/passthrough.d/gpu.conf:5)" 'standard error'
}
