# What an NVMe controller is told for its virtual functions, and what is made of its answers: on a made-up one, command by command.

load product
load tree

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.."
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -Isrc -o "$BATS_FILE_TMPDIR/nvme-controller" \
        tests/unit/nvme-controller.c src/act/nvme.c src/base/*.c
}

setup() {
    tree_new bare
    put /device/nvme/nvme1/state live
    put /dev/nvme1 ''
}

# told COUNT WHAT...: action, resource (0 queues, 1 interrupts), controller, number of each command, and what came of it
told() {
    run env "${CONTROLLER[@]}" "$BATS_FILE_TMPDIR/nvme-controller" "$ROOT" "$@"
    exits 0
}
CONTROLLER=()

@test "what is free is shared out in equal parts, and each function set online" {
    told 2 free 0 1 namespaces
    is "$output" $'1 0 0 0\n1 1 0 0\nfree: done\n8 0 1 4\n8 1 1 4\n9 0 1 0\n0: done\n8 0 2 4\n8 1 2 4\n9 0 2 0\n1: done\nnamespaces: done' commands
}

@test "parts are in the controller's steps, and no more than a function may have" {
    CONTROLLER=(FREE=23 STEP=4)
    told 2 0
    is "$output" $'8 0 1 8\n8 1 1 8\n9 0 1 0\n0: done' commands
    CONTROLLER=(FREE=1000 STEP=4 MOST=30)
    told 2 0
    is "$output" $'8 0 1 28\n8 1 1 28\n9 0 1 0\n0: done' commands
}

@test "a controller that keeps nothing for itself need not be reset, and a function that is online is left alone" {
    CONTROLLER=(OWN=0)
    told 2 free 0 0
    is "$output" $'free: nothing to do\n8 0 1 4\n8 1 1 4\n9 0 1 0\n0: done\n0: nothing to do' commands
}

@test "more functions than fit into one answer" {
    CONTROLLER=(SECONDARIES=300 FREE=900)
    told 300 299
    is "$output" $'8 0 300 3\n8 1 300 3\n9 0 300 0\n299: done' commands
}

@test "too few queues, a refusal and a function that the controller does not know are named, and the others go on" {
    CONTROLLER=(FREE=3)
    told 2 0 1
    is "$output" $'8 0 1 1\n8 1 1 1\n9 0 1 0\n0: failed\n8 0 2 1\n8 1 2 1\n9 0 2 0\n1: failed\nvirtual function 0 stays offline, with 1 queues and 1 interrupts: the function is in no state for that\nvirtual function 1 stays offline, with 1 queues and 1 interrupts: the function is in no state for that' commands
    CONTROLLER=('REFUSES=8 1 1 4')
    told 2 0 1 2
    is "$output" $'8 0 1 4\n8 1 1 4\n0: failed\n8 0 2 4\n8 1 2 4\n9 0 2 0\n1: done\n2: failed\nvirtual function 0 stays offline, interrupts: it has not as many to give\nvirtual function 2 stays offline: it has no such controller' commands
    CONTROLLER=('REFUSES=1 1 0 0' STATUS=0x86)
    told 2 free
    is "$output" $'1 0 0 0\n1 1 0 0\nfree: failed\nits interrupts: the controller\'s status is 0x86' commands
}

@test "without Virtualization Management it is told nothing, and that is named" {
    CONTROLLER=(MANAGES=0)
    told 2 free 0 namespaces
    is "$output" $'free: nothing to do\n0: nothing to do\nnamespaces: nothing to do\nit has no Virtualization Management: its virtual functions have what its firmware gives them' commands
}

@test "a namespace that no controller has is named" {
    CONTROLLER=(UNATTACHED=2)
    told 2 0 namespaces
    [[ $output == *$'\nno controller has namespace 2; nvme-attach-ns(1) gives it to a virtual function' ]]
}

@test "a controller that does not become ready is told nothing" {
    put /device/nvme/nvme1/state resetting
    told 2 live free
    is "$output" $'live: failed\nfree: failed\nit does not become ready: Connection timed out\nit does not become ready: Connection timed out' commands
}
