# shellcheck shell=sh
# Sourced by every scenario: steps that say what they run, and that name themselves when they fail.

# Where the gateway listens, seen from the guest: the host's end of the guest's own network.
HOST_ADDRESS=$(ip route | sed -n 's/^default via \([^ ]*\).*/\1/p')
export HOST_ADDRESS

# fail STEP [MESSAGE…]: ends the scenario; the kernel's last words usually tell why.
fail() {
  echo "--- dmesg, the last lines"
  dmesg | tail -n 40
  echo "FAILED $*"
  exit 1
}

# step NAME COMMAND…: echoes the command, runs it, ends the scenario if it fails.
step() {
  step_name=$1
  shift
  echo "+ $*"
  "$@" </dev/null || fail "$step_name" "(exit code $?)"
}

# mark NAME: a line for the test on the host to wait for.
mark() { echo "MARK $1"; }

# await SECONDS WHAT COMMAND…: waits until COMMAND succeeds.
await() {
  await_seconds=$1 await_what=$2
  shift 2
  await_ticks=$((await_seconds * 10))
  until "$@" >/dev/null 2>&1; do
    await_ticks=$((await_ticks - 1))
    [ "$await_ticks" -gt 0 ] || fail "$await_what" "(not within $await_seconds s)"
    sleep 0.1
  done
}

# device NQN [NSID]: prints the block device of that namespace; fails while there is none.
device() {
  for device_block in /sys/block/nvme*n*; do
    case ${device_block##*/} in nvme*c*n*) continue ;; esac # one path of a multipath device
    [ "$(cat "$device_block/device/subsysnqn" 2>/dev/null)" = "$1" ] || continue
    [ "$(cat "$device_block/nsid" 2>/dev/null)" = "${2:-1}" ] || continue
    [ -b "/dev/${device_block##*/}" ] && echo "/dev/${device_block##*/}" && return
  done
  return 1
}

# clean_dmesg STEP: no error of the block layer or a file system may have happened, even one that nobody saw.
clean_dmesg() {
  if dmesg | grep -E 'I/O error|EXT4-fs (error|warning)|XFS .*(error|corrupt)|Buffer I/O|critical (medium|target|space)|hung task'; then
    fail "$1" "(the kernel logged errors)"
  fi
}
