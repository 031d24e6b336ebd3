# What act does with operations, whatever they are for: the way there, the way back, and what is said of it.

setup() {
    local src=$BATS_TEST_DIRNAME/../../src root=$BATS_TEST_TMPDIR/root name
    command -v "${CC:-cc}" >/dev/null || skip 'no compiler'
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$src" -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
        -Wl,--wrap=sysfs_write -o "$BATS_TEST_TMPDIR/act" "$BATS_TEST_DIRNAME/act.c" \
        "$src"/act/{act,attempt,await,kmod,sysfs}.c "$src"/config/driver.c "$src"/base/{arena,str,root,memory}.c
    mkdir -p "$root"/drivers/{vfio,other} "$root"/{kept,other}
    ln -s ../drivers/vfio "$root/kept/driver"
    ln -s ../drivers/other "$root/other/driver"
    touch "$root"/{kept,other}/override "$root"/drivers/{vfio,other}/unbind "$root/probe"
    run "$BATS_TEST_TMPDIR/act" "$root"
    echo "$output"
    [[ $status == 0 ]]
}


@test "what fails is put back by its own way back, the others go on, and no memory is taken in between" {
    diff <(sed -n '/^take$/,/^optional$/p' <<<"$output") - <<'END'
take
/kept/override vfio 0
/other/override vfio 0
/other/override \n 0
/probe other 0
/none/override vfio -2
/none/override \n -2
kept: bound 
other: failed vfio did not take it; it is bound to other
none: failed writing "vfio" to /none/override: No such file or directory
optional
END
}

@test "what may fail is named, what depends on it is not done, and the rest is" {
    diff <(sed -n '/^optional$/,/^give$/p' <<<"$output") - <<'END'
optional
/kept/none 1 -2
/kept/override vfio 0
/probe depends on what is done 0
kept: bound not done: writing "1" to /kept/none: No such file or directory
give
END
}

@test "giving back writes what the list has, unbinds only from the driver that was given, and looks what has it then" {
    diff <(sed -n '/^give$/,$p' <<<"$output") - <<'END'
give
/kept/override \n 0
/kept/driver/unbind kept 0
/probe kept 0
kept: failed vfio still has it; see the kernel log
/other/override \n 0
/probe other 0
other: skipped other
/none/override \n -2
none: failed writing "" to /none/override: No such file or directory
END
}
