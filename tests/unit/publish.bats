# A file that other programs read, kept as show has it: --output= and --follow.

load product
load tree
load tree-users

FILE=/srv/passthrough.json
RECORD=/run/passthrough/record

# One card bound, one not yet.
setup() {
    tree_again publish && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 12
    pci_bind 0000:01:00.0 vfio-pci
    pci_bind 0000:01:00.1 vfio-pci
    rule gpu0 '[Match]' Address=01:00.0
    rule gpu1 '[Match]' Address=42:00.0
    mkdir -p "$ROOT/srv"
    tree_keep publish
}

teardown() {
    [[ ! ${FOLLOWER-} ]] || kill "$FOLLOWER" 2>/dev/null || :
}

publish() { ctl show --all --output=$FILE "$@"; }

# changed: whoever watches the record sees that.
changed() { printf 'x\n' >"$ROOT$RECORD.new" && mv "$ROOT$RECORD.new" "$ROOT$RECORD"; }

# until COMMAND...: it succeeds, or ten seconds pass.
until_true() {
    local end=$((SECONDS + 10))
    until "$@"; do ((SECONDS < end)) || { echo "not within 10 s: $*" && return 1; }; done
}

devices() { jq -r '.devices[].name' "$ROOT$FILE" 2>/dev/null | paste -sd' '; }
has_devices() { [[ $(devices) == "$1" ]]; }

@test "a file has what is handed over now, whole, for everybody to read" {
    publish --format=cdi
    exits 0
    is "$output$stderr" '' 'what is said'
    is "$(devices)" gpu0 devices
    is "$(stat -c %a "$ROOT$FILE")" 644 mode
    is "$(ls -A "$ROOT/srv")" passthrough.json 'what is beside it'
}

@test "whoever writes it, everybody can read it" {
    (umask 077 && publish --format=cdi)
    is "$(stat -c %a "$ROOT$FILE")" 644 mode
}

@test "labels and metrics say the state, and so have what is still to come, too" {
    publish --format=nfd
    exits 0
    grep -qx 'passthrough/gpu1.state=pending' "$ROOT$FILE"
    publish --format=prometheus
    exits 0
    grep -q 'rule="gpu1",address="0000:42:00.0",state="pending"' "$ROOT$FILE"
}

@test "it is replaced if it has changed, and only then; a link stays one, an owner and a mode, too" {
    local before
    publish --format=cdi
    chmod 640 "$ROOT$FILE"
    chown 1 "$ROOT$FILE"
    before=$(stat -c '%i %y' "$ROOT$FILE")
    publish --format=cdi
    is "$(stat -c '%i %y' "$ROOT$FILE")" "$before" 'the file'
    mv "$ROOT$FILE" "$ROOT/srv/there"
    ln -s there "$ROOT$FILE"
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    publish --format=cdi
    is "$(devices)" 'gpu0 gpu1' devices
    [[ -L $ROOT$FILE ]]
    [[ $(stat -c '%i %y' "$ROOT/srv/there") != "$before" ]]
    is "$(stat -c '%a %u' "$ROOT/srv/there")" '640 1' 'mode and owner'
}

@test "where nothing is handed over there is no file: none of CDI has no device" {
    publish --format=cdi
    pci_bind 0000:01:00.0 radeon
    pci_bind 0000:01:00.1 snd_hda_intel
    publish --format=cdi
    exits 0
    [[ ! -e $ROOT$FILE ]]
    publish --format=cdi
    exits 0
}

@test "a directory that is not there, and one that is no directory: said, exit 1" {
    rmdir "$ROOT/srv"
    publish --format=cdi
    exits 1
    has "$FILE: No such file or directory"
    put /srv
    publish --format=cdi
    exits 1
    has "$FILE: Not a directory"
}

@test "a device, a pipe and what is linked to one are no file: said, exit 1, and left alone" {
    local kind
    mknod "$ROOT/srv/null" c 1 3
    mkfifo "$ROOT/srv/pipe"
    ln -s null "$ROOT/srv/link"
    kind=$(stat -c '%n %F %i' "$ROOT"/srv/*)
    rm -r "$ROOT/etc/passthrough.d"
    for FILE in /srv/{null,pipe,link}; do
        publish --format=cdi
        exits 1
        has "$FILE: is not a regular file, and is left alone"
        publish --format=prometheus
        exits 1
        is "$(stat -c '%n %F %i' "$ROOT"/srv/*)" "$kind" 'what is there'
    done
}

@test "of a rule whose file has an odd name each sample is of the text format, and there once" {
    local name
    for name in 'a"b' 'back\slash' $'b\xffad' $'b\xfead' $'new\nline'; do put "/etc/passthrough.d/$name.conf" '[Match]'; done
    mkdir -p "$ROOT/usr/lib" "$ROOT/run"
    put /usr/lib/passthrough.d
    put /run/passthrough.d
    publish --format=prometheus
    exits 2
    grep -qF 'rule="a\"b"' "$ROOT$FILE"
    grep -qF 'rule="back\\slash"' "$ROOT$FILE"
    is "$(grep -v '^#' "$ROOT$FILE" | grep -vE '^[a-z_]+\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\} 1$')" '' 'lines of another form'
    is "$(sort "$ROOT$FILE" | uniq -d)" '' 'what is there twice'
    is "$(grep -c 'rule="-"' "$ROOT$FILE")" 1 'directories that are none'
}

@test "a rule with an error keeps the others' file: exit 2" {
    rule gpu2 nonsense
    publish --format=cdi
    exits 2
    is "$(devices)" gpu0 devices
}

@test "what a file cannot be: exit 2, and none is written" {
    local -a words
    for words in '--format=libvirt' '' '--format=cdi --json'; do
        # shellcheck disable=SC2086 # words
        publish $words
        exits 2
        [[ $output == '' ]]
    done
    ctl show gpu0 --format=cdi --output=$FILE
    exits 2
    ctl show --all --format=cdi --output=passthrough.json
    exits 2
    has '--output= takes an absolute path'
    ctl show --all --format=nova --follow
    exits 2
    has 'where a file of that format is to be is not known; --output=FILE says it'
    [[ ! -e $ROOT$FILE ]]
}

# follow [OPTION...]: in the background; $FOLLOWER is it. Where leaks are looked for, the signal that ends it hangs it once in a while:
# SIGCONT, which timeout sends as well, undoes the stop that the search waits for.
follow() {
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 timeout -k 5 60 "$BUILD/passthroughctl" show --root="$ROOT" --all --follow "$@" >"$BATS_TEST_TMPDIR/follow.log" 2>&1 3>&- &
    FOLLOWER=$!
}

@test "followed, the file changes with the record of this boot, and goes with its keeper" {
    follow --format=cdi --output=$FILE
    until_true has_devices gpu0
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    changed
    until_true has_devices 'gpu0 gpu1'
    pci_bind 0000:01:00.0 radeon
    pci_bind 0000:01:00.1 snd_hda_intel
    changed
    until_true has_devices gpu1
    kill "$FOLLOWER"
    wait "$FOLLOWER" || is $? 0 'exit status'
    [[ ! -e $ROOT$FILE ]]
}

@test "what changes while the file is made is not lost: the last state counts" {
    local i
    follow --format=cdi --output=$FILE
    until_true has_devices gpu0
    for ((i = 0; i < 20; i++)); do
        pci_bind 0000:42:00.0 vfio-pci
        pci_bind 0000:42:00.1 vfio-pci
        changed
        pci_bind 0000:42:00.0 radeon
        pci_bind 0000:42:00.1 snd_hda_intel
        changed
    done
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    changed
    until_true has_devices 'gpu0 gpu1'
}

@test "other files of that directory, and a file that cannot be written, are no reason to end" {
    follow --format=cdi --output=$FILE
    until_true has_devices gpu0
    rm -r "$ROOT/srv"
    changed
    until_true grep -q 'No such file or directory' "$BATS_TEST_TMPDIR/follow.log"
    mkdir "$ROOT/srv"
    changed
    until_true has_devices gpu0
}

@test "a file that cannot be made anew is gone: what is in it may be wrong" {
    local keeper
    follow --format=cdi --output=$FILE
    until_true has_devices gpu0
    keeper=$(pgrep -P "$FOLLOWER")
    # Whatever is written kills the writer.
    prlimit --pid "$keeper" --fsize=0
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    changed
    until_true test ! -e "$ROOT$FILE"
    kill -0 "$keeper"
}

@test "what could not be written is tried again, though the record does not change any more" {
    rmdir "$ROOT/srv"
    follow --format=cdi --output=$FILE
    until_true grep -q 'No such file or directory' "$BATS_TEST_TMPDIR/follow.log"
    mkdir "$ROOT/srv"
    until_true has_devices gpu0
}

@test "a writer that is killed leaves nothing where a link leads" {
    local keeper
    mkdir "$ROOT/there"
    ln -s ../there/file "$ROOT$FILE"
    follow --format=cdi --output=$FILE
    until_true has_devices gpu0
    keeper=$(pgrep -P "$FOLLOWER")
    prlimit --pid "$keeper" --fsize=0
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    changed
    until_true test ! -e "$ROOT/there/file"
    kill "$FOLLOWER"
    wait "$FOLLOWER" || :
    is "$(ls -A "$ROOT/there")" '' 'what is left'
}

@test "the directory of the record is removed and made anew, or is another: it is still followed" {
    follow --format=cdi --output=$FILE
    until_true has_devices gpu0
    rm -r "$ROOT/run/passthrough"
    until_true test -d "$ROOT/run/passthrough"
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    changed
    until_true has_devices 'gpu0 gpu1'
    mv "$ROOT/run/passthrough" "$ROOT/run/away"
    until_true test -d "$ROOT/run/passthrough"
    pci_bind 0000:01:00.0 radeon
    pci_bind 0000:01:00.1 snd_hda_intel
    changed
    until_true has_devices gpu1
}

@test "without a file that is named, it is where its reader looks, and the directory is made" {
    follow --format=cdi
    FILE=/run/cdi/passthrough.json
    until_true has_devices gpu0
    kill "$FOLLOWER"
    wait "$FOLLOWER" || :
    follow --format=nfd
    until_true test -s "$ROOT/etc/kubernetes/node-feature-discovery/features.d/passthrough"
    kill "$FOLLOWER"
    wait "$FOLLOWER" || :
    follow --format=prometheus
    until_true test -s "$ROOT/var/lib/prometheus/node-exporter/passthrough.prom"
}
