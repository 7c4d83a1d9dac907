#!/bin/sh
# enter-root.sh ROOT USER:GROUP STATE [NAME=VALUE...] COMMAND...
# Run COMMAND in the private root, which it sees read-only, with STATE as /inst and in an environment of its own, but for
# the mark by which processes are found whose supervisor died. The mounts vanish with the process, whose pid is this
# script's. Without /dev its programs hang.
exec unshare --mount --propagation private sh -euc '
root=$1 user=$2 state=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$state" "$root/inst"
exec chroot --userspec="$user" "$root" env -i SKALD_PLATFORM="${SKALD_PLATFORM-}" "$@"
' enter-root "$@"
