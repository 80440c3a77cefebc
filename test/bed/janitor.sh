#!/bin/sh
# The bed's janitor: janitor.sh LOCK DIR PREFIX [sweep]
# It holds LOCK, says "held", waits until its standard input ends and then removes everything of the bed. The other end
# of that pipe is in the process that made the bed, so the bed is gone however that process ends: a close, a signal, a
# kill -9. What a killed janitor left is removed by the next one that gets the lock: first thing, before "held".
# With "sweep" it only does that. Exit 75: the lock is taken, the bed is alive.
set -u
if [ "${BED_LOCKED-}" != "$1" ]; then
  BED_LOCKED=$1 exec flock --nonblock --conflict-exit-code 75 "$1" sh "$0" "$@"
fi
dir=$2 prefix=$3

processes() { find /sys/fs/cgroup -path "*/$prefix/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u; }

remove_processes() {
  for _ in $(seq 500); do
    pids=$(processes)
    [ -n "$pids" ] || return 0
    kill -9 $pids 2>/dev/null
    sleep 0.02
  done
}

remove_cgroups() {
  for group in $(find /sys/fs/cgroup -depth -type d \( -path "*/$prefix/*" -o -name "$prefix" \) 2>/dev/null); do
    rmdir "$group" 2>/dev/null
  done
}

remove_all() {
  remove_processes
  for netns in $(ip netns list | cut -d ' ' -f 1 | grep "^$prefix-"); do ip netns delete "$netns"; done
  remove_cgroups
  rm -rf "$dir"
  [ ! -e "$dir" ]
}

remove_all || exit 1
[ "${4-}" != sweep ] || exit 0
echo held
cat >/dev/null
remove_all
