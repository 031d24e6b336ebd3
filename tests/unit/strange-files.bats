# Files that nobody means to write: no crash, no hang, no memory, a message that names the file, and the rest still applies.

load product
load tree

setup() {
    tree_again strange && return
    tree_new
    card 0000:00:02.0 01 1
    rule 50-good '[Match]' Address=01:00.0
    tree_keep strange
}

# wrong FILE: the plan is exit 2 with a message that begins with this file; 50-good is done all the same.
wrong() {
    plan
    exits 2
    grep -qE "^/etc/passthrough\.d/$1(:[0-9]+)?: ." <<<"$stderr" || { show && return 1; }
    good
}

good() {
    rule_is 50-good ok && bound 0000:01:00.0 0000:01:00.1
}

@test "a directory named like a rule" {
    mkdir "$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
}

@test "a rule that is a link to nowhere is wrong, not silently absent" {
    ln -s /nowhere "$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
}

@test "a rule that is a link to itself" {
    ln -s x.conf "$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
}

@test "a pipe that nobody writes to" {
    mkfifo "$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
}

@test "a socket" {
    command -v python3 >/dev/null || skip 'no python3 to make one'
    (cd "$ROOT/etc/passthrough.d" && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("x.conf")')
    wrong x.conf
}

@test "a device that never ends" {
    mknod "$ROOT/etc/passthrough.d/x.conf" c 1 5 || skip 'cannot make device nodes here'
    wrong x.conf
}

@test "binary garbage" {
    head -c 65536 "$BUILD/passthroughctl" >"$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
    is "$(iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null 2>&1 && echo valid)" valid 'UTF-8'
}

@test "a NUL byte, with the number of its line" {
    printf '[Match]\nAddress=01:00.0\n[Device]\nDriver=\0vfio-pci\n' >"$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
    has x.conf:4:
}

@test "a NUL byte behind a rule that would be right by itself" {
    printf '[Match]\nAddress=02:00.0\n\0\n' >"$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
    rule_is x invalid
}

@test "bytes that are no UTF-8: the document stays valid" {
    printf '[Match]\nAddr\xff\xfe=\x80\n\x1b[31mkey\x07=1\n' >"$ROOT/etc/passthrough.d/x.conf"
    plan
    exits 2
    is "$(iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null 2>&1 && echo valid)" valid 'UTF-8'
    [[ $output$stderr != *$'\e'* && $output$stderr != *$'\a'* ]] || { echo 'control characters printed' && show && return 1; }
    good
}

@test "what a terminal takes for ESC [ in UTF-8 is not printed either, wherever it comes from" {
    local c
    rule x '[Match]' $'Addr\u009b31m=1'
    rule y '[Match]' Address=00:1f.2
    mounted sda2 $'/srv/\u009b31m\e[31m' ext4
    pci_add 0000:02:00.0 1234:11e8 00ff group=2 driver=$'edu\e[31m\u009b' override=$'x\e[31m'
    put /etc/driverctl.d/0000:02:00.0 $'vfio\e[31m\u009b'
    put /etc/modprobe.d/x.conf $'options vfio-pci ids=1234:11e8,x\e[31m\u009b'
    for c in plan list check status 'plan --json' 'list --json' 'add n 0000:02:00.0' 'add --from=driverctl' 'add --from=modprobe --dry-run'; do
        # shellcheck disable=SC2086
        ctl $c
        [[ $output$stderr != *$'\e'* && $output$stderr != *$'\u009b'* ]] || { echo "$c" && show && return 1; }
    done
}

@test "quotes and backslashes in what is wrong: the document stays valid" {
    rule x '[Match]' 'Addr"\ess\u0000=1' '[Sec"tion\]'
    wrong x.conf
}

@test "a line of a megabyte" {
    { printf '[Match]\nAddress=' && head -c 1048576 /dev/zero | tr '\0' 'x' && echo; } >"$ROOT/etc/passthrough.d/x.conf"
    wrong x.conf
    ((${#stderr} < 4096)) || { echo "a message of ${#stderr} characters" && return 1; }
}

@test "a value of a megabyte, in each kind of key: the message stays short" {
    local key
    for key in ID Path Host Driver Attribute Attribute=remove Attribute=x/ Expect Bus; do
        { printf '[Match]\nID=10de:1b06\n' && [[ $key == [IPHB]* ]] || echo '[Device]' && printf '%s=' $key &&
            head -c 1048576 /dev/zero | tr '\0' 'y' && echo; } >"$ROOT/etc/passthrough.d/x.conf"
        plan
        [[ $status == [02] || ( $status == 1 && $key == Attribute* ) ]] || { show | head -c 4096 && return 1; }
        ((${#stderr} < 4096)) || { echo "with $key= a message of ${#stderr} characters" && return 1; }
    done
}

@test "a megabyte of comments is no error" {
    { printf '[Match]\nAddress=99:00.0\n[Device]\nExpect=0-\n#' && head -c 1048576 /dev/zero | tr '\0' 'x' && echo; } >"$ROOT/etc/passthrough.d/x.conf"
    plan
    [[ $status == 0 || $stderr == */etc/passthrough.d/x.conf* ]] || { show && return 1; }
    good
}

@test "a file of ten gigabytes is not read" {
    truncate -s 10G "$ROOT/etc/passthrough.d/x.conf" || skip 'no sparse files here'
    sanitized || ulimit -v 2000000
    wrong x.conf
}

@test "two hundred thousand wrong lines" {
    yes 'Drivr=x' | head -200000 >"$ROOT/etc/passthrough.d/x.conf"
    plan
    exits 2
    good
}

@test "ten thousand values in one key" {
    { printf '[Match]\nAddress=' && printf '%04x:00:00.0 ' {4096..14095} && printf '\n[Device]\nExpect=0-\n'; } >"$ROOT/etc/passthrough.d/x.conf"
    plan
    exits 0
    good
}

@test "ten thousand rules" {
    local i
    for ((i = 10000; i < 20000; i++)); do
        printf '[Match]\nAddress=%04x:00:00.0\n[Device]\nExpect=0-\n' $i >"$ROOT/etc/passthrough.d/$i.conf"
    done
    plan
    exits 0
    is "$(get '.rules | length')" 10001 rules
    good
}

@test "names that are no rule names are an error each: blank, leading dash, slash-like, too long, not ASCII, empty" {
    local name
    for name in 'with blank' -x _x 'x@y' "$(printf 'n%064d' 0)" $'\xff' 'ü' $'new\nline'; do
        printf '[Match]\nAddress=99:00.0\n' >"$ROOT/etc/passthrough.d/$name.conf"
        plan
        exits 2 || { printf 'name: %q\n' "$name" && return 1; }
        is "$(iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null 2>&1 && echo valid)" valid "UTF-8 with $name"
        good
        rm "$ROOT/etc/passthrough.d/$name.conf"
    done
}

@test "a function whose identity is empty, garbage or missing is not taken, the rest is" {
    local content
    for content in '' garbage $'\xff\xff' 0x10000 -1; do
        tree_again strange
        pci_add 0000:00:05.0 1234:11e8 00ff group=40
        rule x '[Match]' Address=00:05.0
        printf '%s\n' "$content" | tee "$(pci_file 0000:00:05.0 modalias)" "$(pci_file 0000:00:05.0 vendor)" >/dev/null
        plan
        untouched 0000:00:05.0
        good
    done
    rm "$(pci_file 0000:00:05.0 modalias)" "$(pci_file 0000:00:05.0 vendor)"
    plan
    untouched 0000:00:05.0
    good
}

@test "strange entries among the devices are passed over" {
    mkdir "$ROOT/sys/bus/pci/devices/not-an-address" "$ROOT/sys/bus/pci/devices/0000:zz:00.0"
    ln -s ../../../devices/nowhere "$ROOT/sys/bus/pci/devices/0000:66:00.0"
    : >"$ROOT/sys/bus/pci/devices/0000:67:00.0"
    plan
    exits 0
    good
}

@test "an iommu_group that is no number is unknown, and unknown does not permit" {
    link "$(pci_dir 0000:01:00.0)/iommu_group" kernel/iommu_groups/garbage
    plan
    untouched 0000:01:00.0
}

@test "mountinfo and routes of garbage: no crash" {
    head -c 65536 /dev/urandom >"$ROOT/proc/self/mountinfo"
    head -c 65536 /dev/urandom >"$ROOT/proc/net/route"
    head -c 65536 /dev/urandom >"$ROOT/proc/swaps"
    rule ahci '[Match]' Address=00:1f.2 '[Device]' IOMMUGroup=complete
    plan
    exits 1
    untouched 0000:00:1f.2
    good
}

@test "a pipe in place of any file that is read does not hang the plan" {
    local file
    rule 60-serial '[Match]' Serial=3c-ec-ef-ff-ff-12-34-56 '[Device]' Driver=auto
    for file in /proc/cmdline /proc/self/mountinfo /proc/swaps /proc/net/route /etc/hostname /etc/machine-id \
        /lib/modules/$KERNEL/modules.{dep,alias,builtin} \
        /sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0/{vendor,class,modalias,config,boot_vga,driver_override}; do
        mv "$ROOT$file" "$BATS_TEST_TMPDIR/kept"
        mkfifo "$ROOT$file"
        ctl plan --json
        [[ $status == [012] ]] || { echo "with $file" && show && return 1; }
        mv "$BATS_TEST_TMPDIR/kept" "$ROOT$file"
    done
}

@test "a file where the directory of rules should be is an error that says so" {
    tree_new
    rm -rf "$ROOT/etc/passthrough.d"
    put /etc/passthrough.d '[Match]' ID=1002:5159
    ctl plan
    exits 2
    [[ $stderr == *'/etc/passthrough.d: is not a directory'* ]] || { show && return 1; }
}
