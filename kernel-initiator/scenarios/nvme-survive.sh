# shellcheck shell=sh
# shellcheck source=steps.sh
# A host that goes on writing while its gateway dies and comes back: no error may reach the file system, no byte may differ.
# The test waits for `MARK fio-running`, kills the gateway and starts it again, within FIO_SECONDS.
# NQN is required; ADDRESS, PORT, NSID, CONNECT_OPTIONS, RECONNECT_SECONDS, RECONNECTS (how many at least), FIO_SECONDS and
# FIO_MEBIBYTES are optional.
. /scenario/steps.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"
: "${RECONNECT_SECONDS:=1}" "${RECONNECTS:=1}" "${FIO_SECONDS:=20}" "${FIO_MEBIBYTES:=64}"

# shellcheck disable=SC2086 # options are words
step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 \
  --reconnect-delay="$RECONNECT_SECONDS" $CONNECT_OPTIONS
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")
step mkfs mkfs.ext4 -F -q "$DEVICE"
step mount mount "$DEVICE" /mnt

# One pass at a fixed rate instead of --time_based: each block is written once, so a later run can verify all of them.
job="--name=survive --filename=/mnt/data --rw=randwrite --bs=4k --size=${FIO_MEBIBYTES}m --ioengine=libaio --direct=1 --iodepth=32
  --verify=crc32c --verify_fatal=1 --group_reporting --eta=never"
rate=$((FIO_MEBIBYTES * 256 / FIO_SECONDS))
# The paths are counted (nvme0c0n1): a multipath device of this kernel has no statistics of its own. These are completed writes.
writes() { awk '{ sum += $5 } END { print sum + 0 }' /sys/block/nvme*c*n*/stat; }
wrote_more_than() { [ "$(writes)" -gt "$1" ]; }

before=$(writes)
# shellcheck disable=SC2086
echo "+ fio" $job --rate_iops=,$rate
# shellcheck disable=SC2086
fio $job --rate_iops=,$rate --do_verify=1 --end_fsync=1 </dev/null >/tmp/fio.log 2>&1 &
fio=$!
await 30 fio-start wrote_more_than $((before + rate))
mark fio-running

# A stall shows as a number that stands still; a test can measure the outage by it.
while kill -0 $fio 2>/dev/null; do
  echo "PROGRESS $(cut -d. -f1 /proc/uptime) $(writes) $(cat /sys/class/nvme/nvme*/state)"
  sleep 1
done
wait $fio
code=$?
cat /tmp/fio.log
[ $code = 0 ] || fail fio "(exit code $code)"
mark fio-ended

# shellcheck disable=SC2086
step verify fio $job --verify_only
step umount umount /mnt
step fsck e2fsck -fn "$DEVICE"
echo "--- what the kernel said about the connection"
dmesg | grep 'nvme nvme' | tail -n 40
clean_dmesg errors
reconnects=$(dmesg | grep -c 'Successfully reconnected')
[ "$reconnects" -ge "$RECONNECTS" ] || fail reconnect "(the kernel reconnected $reconnects times, expected at least $RECONNECTS)"
echo "RECONNECTS $reconnects"
step disconnect nvme disconnect -n "$NQN"
mark ended
