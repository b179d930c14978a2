# shellcheck shell=sh
# shellcheck source=steps.sh
# A host that goes on overwriting one file, pass by pass, while its gateway's log is full and takes nothing: it waits, whatever it
# resets meanwhile; no error may reach the file system, and no pass may find what an earlier one wrote.
# The test waits for `MARK fio-running`, stops the bucket, and lets it go on. While the log is full it may create /share/reset:
# the controller is reset then, under the commands that wait (`MARK reset`). /share/enough ends it, two passes later.
# NQN is required; ADDRESS, PORT, NSID, CONNECT_OPTIONS, RECONNECT_SECONDS and FILE_MEBIBYTES (8) are optional.
. /scenario/steps.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"
: "${RECONNECT_SECONDS:=1}" "${FILE_MEBIBYTES:=8}"

# shellcheck disable=SC2086 # options are words
step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 \
  --reconnect-delay="$RECONNECT_SECONDS" $CONNECT_OPTIONS
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")
step mkfs mkfs.ext4 -F -q "$DEVICE"
step mount mount "$DEVICE" /mnt

# Each pass writes every block once, at queue depth 16, reads all back, and has a pattern of its own: a block that a late copy of
# an earlier pass's command hit is found.
pass() {
  fio --name=pass --filename=/mnt/data --rw=randwrite --bs=16k --size="${FILE_MEBIBYTES}m" --ioengine=libaio --direct=1 --iodepth=16 \
    --verify=pattern --verify_pattern="$(printf '0x%08x' $((0x15740000 + $1)))" --do_verify=1 --verify_fatal=1 --end_fsync=1 \
    --eta=never </dev/null >/tmp/fio.log 2>&1
}
passes() {
  number=0 left=2
  while [ $left -gt 0 ]; do
    number=$((number + 1))
    pass $number || return
    echo $number >/tmp/passes
    [ ! -e /share/enough ] || left=$((left - 1))
  done
}
writes() { cat /sys/block/nvme*c*n*/stat | awk '{ sum += $5 } END { print sum + 0 }'; }

passes &
passes=$!
await 30 fio-start test -e /tmp/passes
mark fio-running
while kill -0 $passes 2>/dev/null; do
  # A stall shows as numbers that stand still.
  echo "PROGRESS $(cut -d. -f1 /proc/uptime) $(writes) $(cat /sys/class/nvme/nvme*/state) $(cat /sys/block/nvme*c*n*/ana_state)"
  if [ -e /share/reset ]; then
    rm /share/reset
    for controller in /sys/class/nvme/nvme*; do
      # Returns when it is connected again.
      echo 1 >"$controller/reset_controller" || fail reset "(${controller##*/})"
    done
    mark reset
  fi
  sleep 1
done
wait $passes
code=$?
echo "PASSES $(cat /tmp/passes)"
[ $code = 0 ] || {
  cat /tmp/fio.log
  fail fio "(exit code $code)"
}
mark fio-ended

step umount umount /mnt
step fsck e2fsck -fn "$DEVICE"
echo "--- what the kernel said"
dmesg | tail -n 60
clean_dmesg errors
step disconnect nvme disconnect -n "$NQN"
mark ended
