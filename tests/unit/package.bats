#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What packages are made of: completion, manual pages, the lists of what is installed, and the scripts that dpkg runs.

load product
load tree
load tree-vgpu

top=$(realpath "$BATS_TEST_DIRNAME/../..")
conf=$top/conf

# completes LINE: what bash's completion makes of it, with readline's own breaks.
completes() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    run bash -c 'compopt() { :; }
        . "$1" && COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=" \"'\''@><=;|&(:" && _passthroughctl && printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$conf/completion/passthroughctl.bash" "passthroughctl $1"
    stderr=
    exits 0
}

offers() {
    local word
    for word; do
        grep -qxF -e "$word" <<<"$output" || { printf 'not offered: %s\n' "$word" && show && return 1; }
    done
}

# Of help: the commands; the options of one, and those that take a value with "=" behind them.
help_commands() { "$BUILD/passthroughctl" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort -u; }
help_options() { "$BUILD/passthroughctl" help "$1" | sed -nE 's/^  (--[a-z-]+)(=)?.*/\1\2/p' | sort -u; }

@test "bash completes every command of help, and no other" {
    completes ''
    is "$(sort <<<"$output" | paste -sd' ')" "$(help_commands | paste -sd' ')" 'commands'
}

@test "bash completes every option that help has of a command, and no other" {
    local command n=0
    while read -r command; do
        completes "$command --"
        is "$(grep -vxF -e --version <<<"$output" | sort -u | paste -sd' ')" "$(help_options "$command" | paste -sd' ')" "options of $command" || return 1
        n=$((n + 1))
    done < <(help_commands)
    ((n > 15))
}

@test "zsh completes every command and option of help, and no other" {
    local command file=$conf/completion/passthroughctl.zsh options
    is "$(sed -n "/local -a commands/,/^    )/s/^ *'\([a-z]*\):.*/\1/p" "$file" | sort | paste -sd' ')" \
        "$(help_commands | paste -sd' ')" 'commands'
    while read -r command; do
        options=$(awk -v is="^    [(]([a-z|]*[|])?$command([|][a-z|]*)?[)]( |\$)" '$0 ~ is { on = 1 } on { print } /;;/ { on = 0 }' "$file" | grep -oE -- "'--[a-z-]+=?\[" | tr -d "'[" | sort -u | paste -sd' ')
        is "$options" "$(help_options "$command" | grep -vxE -e '--(root=|help|version)' | paste -sd' ')" "options of $command" || return 1
    done < <(help_commands)
    if command -v zsh >/dev/null; then zsh -n "$file"; else skip 'no zsh here to parse it'; fi
}

@test "the manual has a paragraph for every command, and every option of help" {
    local command option page
    page=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' "$top/man/passthroughctl.8")
    while read -r command; do
        grep -qE "^\.(B|BR|BI) \"?$command( |\$|\")" <<<"$page" || { echo "no $command" && return 1; }
        while read -r option; do
            grep -qF -e "$option" <<<"$page" || { echo "no $option of $command" && return 1; }
        done < <(help_options "$command")
    done < <(help_commands)
}

@test "rules and devices are completed, those below --root=" {
    tree_new bare
    pci_add 0000:01:00.0 1002:5159 0300
    pci_add 0001:02:00.1 1002:aa38 0403
    rule gpu0 '[Match]' ID=1002:5159
    put /usr/lib/passthrough.d/other.conf '[Match]'
    completes "bind --root=$ROOT "
    offers gpu0 other 0000:01:00.0 0001:02:00.1
    completes "remove --root=$ROOT g"
    is "$output" gpu0 'rules'
    completes "remove --root=$ROOT 0"
    is "$output" '' 'what can be removed'
    # Behind a colon alone the rest is replaced.
    completes "show --root=$ROOT 0000:01:"
    is "$output" 00.0 'the rest of the address'
    completes "show --root=$ROOT 01:"
    is "$output" 00.0 'the rest of the short address'
    completes "--root=$ROOT add gpu1 0001"
    is "$output" 0001:02:00.1 'devices for add'
    completes "--root=$ROOT add "
    is "$output" '' 'a new name'
    mtty_parent
    add_mdev 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 devices/virtual/mtty/mtty mtty-2
    completes "list --root=$ROOT --types mt"
    is "$output" mtty 'a parent of mediated devices'
    completes "show --root=$ROOT 83"
    is "$output" 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 'a mediated device'
}

@test "values of options are completed" {
    completes 'cmdline --format=g'
    is "$output" grub 'format'
    completes 'cmdline --vendor='
    offers intel amd
    completes 'add --from='
    offers driverctl modprobe cmdline running mdevctl
    tree_new bare
    mkdir -p "$ROOT/lib/modules/6.1.0-99-amd64"
    completes "cmdline --root=$ROOT --kernel=6"
    is "$output" 6.1.0-99-amd64 'kernels'
}

@test "a name with a command in it is a name" {
    tree_new bare
    # shellcheck disable=SC2016 # the name is to have it as it is
    put '/etc/passthrough.d/$(touch ran).conf' '[Match]'
    cd "$BATS_TEST_TMPDIR"
    completes "remove --root=$ROOT "
    # shellcheck disable=SC2016
    offers '$(touch ran)'
    [[ ! -e $BATS_TEST_TMPDIR/ran ]]
}

@test "manual pages are without warnings" {
    # Where manual pages are left out, a script stands in for man.
    man --version 2>/dev/null | grep -q '^man [0-9]' || skip 'no man-db here'
    local page n=0
    for page in "$top"/man/*.[1-8]; do
        run --separate-stderr env MANWIDTH=100 LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l "$page"
        exits 0
        is "$stderr" '' "$page"
        n=$((n + 1))
    done
    ((n >= 5))
}

installs() { # installs TARGET [VARIABLE=VALUE...]: to $BATS_TEST_TMPDIR/stage; what is built stays as it is
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u PREFIX make -s -C "$top" -o all "$1" BUILD="$BUILD" DESTDIR="$BATS_TEST_TMPDIR/stage" "${@:2}"
}

@test "uninstall leaves nothing of what install brought" {
    installs install
    [[ -x $BATS_TEST_TMPDIR/stage/usr/bin/passthroughctl && -d $BATS_TEST_TMPDIR/stage/etc/passthrough.d ]]
    find "$BATS_TEST_TMPDIR/stage" -path '*/zsh/*/_passthroughctl' | grep -q .
    installs uninstall
    run find "$BATS_TEST_TMPDIR/stage" \( ! -type d -o -name '*passthrough' \)
    is "$output" '' 'left behind'
}

# What the spec's %files names, as shell patterns.
spec_files() {
    sed -n '/^%files/,/^%changelog/p' "$conf/passthrough.spec" | sed -nE 's/^(%dir |%config )?(%\{_|\/)/\2/p' |
        sed 's,%{_bindir},/usr/bin,; s,%{_prefix},/usr,; s,%{_datadir},/usr/share,; s,%{_docdir},/usr/share/doc,; s,%{_mandir},/usr/share/man,
            s,%{_sysconfdir},/etc,; s,/$,/*,'
}

@test "the RPM's list of files is what install installs" {
    local file pattern found stage=$BATS_TEST_TMPDIR/stage
    installs install ZSH_COMPLETIONS=/usr/share/zsh/site-functions
    while read -r file; do
        found=
        while read -r pattern; do
            # shellcheck disable=SC2053 # a pattern
            [[ $file != $pattern ]] || found=yes
        done < <(spec_files)
        [[ $found ]] || { echo "not in %files: $file" && return 1; }
    done < <(cd "$stage" && find . ! -type d -printf '/%P\n')
    while read -r pattern; do
        compgen -G "$stage$pattern" >/dev/null || { echo "%files names what is not there: $pattern" && return 1; }
    done < <(spec_files)
}

@test "each command that has --json has a schema, which is strict, installed and named in the manual" {
    local command name
    run --separate-stderr "$BATS_TEST_DIRNAME/documents" --schemas
    exits 0
    installs install
    for command in $(help_commands); do
        help_options "$command" | grep -qx -e --json || continue
        [[ $command =~ ^(bind|release)$ ]] && continue
        [[ -s $BATS_TEST_TMPDIR/stage/usr/share/passthrough/schema/$command.schema.json ]] || { echo "no schema of $command" && return 1; }
    done
    # What the manual does not name by its command alone.
    for name in "$conf"/schema/*.schema.json; do
        name=${name##*/} name=${name%.schema.json}
        grep -qx "$name" <<<"$(help_commands)" || grep -q "^\.I[R]* ${name//-/\\\\-}" "$top/man/passthroughctl.8" || { echo "not in the manual: $name" && return 1; }
    done
}

@test "the packages and the manual pages have the program's version" {
    local version page
    version=$("$BUILD/passthroughctl" --version)
    version=${version#* }
    is "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$conf/debian/changelog")" "$version" 'Debian'
    is "$(sed -n 's/^Version: *//p' "$conf/passthrough.spec")" "$version" 'RPM'
    for page in "$top"/man/*.[1-8]; do
        grep -qF "\"passthrough $version\"" "$page" || { echo "$page has another version" && return 1; }
    done
}

# script NAME ARGUMENT...: a script of the Debian package on $ROOT; what it runs besides the shell's own is in $BATS_TEST_TMPDIR/ran.
script() {
    local bin=$BATS_TEST_TMPDIR/bin name
    mkdir -p "$bin"
    for name in passthroughctl dracut systemctl udevadm update-initramfs update-grub; do
        printf '#!/bin/sh\necho "%s $*" >>%s\n' "$name" "$BATS_TEST_TMPDIR/ran" >"$bin/$name"
        chmod +x "$bin/$name"
    done
    run env DPKG_ROOT="$ROOT" PATH="$bin:$PATH" sh "$conf/debian/passthrough.$1" "${@:2}"
    stderr=
    exits 0
    [[ ! -e $BATS_TEST_TMPDIR/ran ]] || { cat "$BATS_TEST_TMPDIR/ran" && return 1; }
}

@test "what follows an installation or upgrade is a hint, and no more" {
    tree_new bare
    rm -rf "$ROOT/etc/passthrough.d"
    script postinst configure
    has 'passthroughctl add NAME DEVICE'
    rule gpu0 '[Match]' ID=1002:5159
    script postinst configure 0.0
    has 'upgraded from 0.0' 'nothing was rebuilt' 'passthroughctl check' 'passthroughctl apply'
    script postinst triggered /usr/lib/passthrough.d
    has '/usr/lib/passthrough.d' 'passthroughctl apply'
    script postinst abort-upgrade 0.0
    is "$output" '' 'hint'
}

@test "an upgrade names the rule that worked until then and is refused by the new version" {
    tree_new
    firmware_uuid
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme
    disk nvme0n1 259:0 0000:01:00.0
    driver_present vfio-pci
    rule disk '[Match]' Address=01:00.0
    image_built
    mkdir -p "$ROOT/usr/bin"
    cp "$BUILD/passthroughctl" "$ROOT/usr/bin/"
    script postinst configure 0.0
    has_not 'worked until now'
    mounted nvme0n1 /srv ext4
    script postinst configure 0.0
    has 'passthrough: rule disk worked until now, and the next boot image refuses it' '0000:01:00.0 ← nvme0n1 ← /srv'
    rm "$ROOT/usr/bin/passthroughctl"
    script postinst configure 0.0
    has_not 'worked until now'
}

@test "purge takes the records away, and says what stays" {
    tree_new bare
    rule gpu0 '[Match]' ID=1002:5159
    mkdir -p "$ROOT/var/lib/passthrough/undo"
    script postrm upgrade 0.2
    is "$output" '' 'hint'
    script postrm remove
    has 'passthroughctl undo 1'
    [[ -d $ROOT/var/lib/passthrough/undo ]]
    script postrm purge
    has '/etc/passthrough.d stays'
    has_not passthrough.conf
    [[ ! -e $ROOT/var/lib/passthrough && -e $ROOT/etc/passthrough.d/gpu0.conf ]]
}
