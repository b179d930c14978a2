# shellcheck shell=sh
# shellcheck source=steps.sh
# A host that writes, flushes and reads back, pass by pass, while the way to its gateway's bucket is bad: no error may reach
# it, no byte may differ. Every pass has a pattern of its own and reads all blocks, most of them from the bucket.
# The test creates /share/enough when it has seen what it wants; one more pass ends it.
# NQN is required; ADDRESS, PORT, NSID, CONNECT_OPTIONS and FILE_MEBIBYTES (16) are optional.
. /scenario/steps.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"
: "${FILE_MEBIBYTES:=16}"

# shellcheck disable=SC2086 # options are words
step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 --reconnect-delay=1 $CONNECT_OPTIONS
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")

number=0 left=1
mark fio-running
while [ $left -gt 0 ]; do
  [ ! -e /share/enough ] || left=$((left - 1))
  number=$((number + 1))
  pattern=$(printf '0x%08x' $((0x15750000 + number)))
  for how in '--rw=randwrite --fsync=16 --do_verify=0' '--rw=randread --verify_only=1'; do
    # shellcheck disable=SC2086 # options are words
    fio --name=pass --filename="$DEVICE" $how --bs=4k --size="${FILE_MEBIBYTES}m" --ioengine=libaio --direct=1 --iodepth=32 \
      --verify=pattern --verify_pattern="$pattern" --verify_fatal=1 --eta=never </dev/null >/tmp/fio.log 2>&1 || {
      cat /tmp/fio.log
      fail fio "(pass $number, $how)"
    }
  done
  echo "PASS $number"
done
mark fio-ended
echo "--- what the kernel said"
dmesg | tail -n 60
clean_dmesg errors
step disconnect nvme disconnect -n "$NQN"
mark ended
