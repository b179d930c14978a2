# shellcheck shell=sh
# shellcheck source=steps.sh
# Files on a file system, with their checksums told, for a test that looks for them elsewhere later. With ROUND=1 it is made
# anew; later rounds change some files, add some and remove some.
# NQN is required; ADDRESS, PORT, NSID, ROUND and FIO_SIZE are optional.
. /scenario/steps.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${ROUND:=1}" "${FIO_SIZE:=24m}"

step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")

[ "$ROUND" != 1 ] || step mkfs mkfs.ext4 -F -q "$DEVICE"
step mount mount "$DEVICE" /mnt
step fio fio --name=files --filename=/mnt/random --rw=randwrite --bsrange=4k-64k --size="$FIO_SIZE" --ioengine=libaio --direct=1 \
  --iodepth=16 --randseed="$ROUND" --end_fsync=1 --eta=never --refill_buffers
step sequential dd if=/dev/urandom "of=/mnt/sequential-$ROUND" bs=64k count=48
step directory mkdir -p "/mnt/small-$ROUND"
count=0
while [ $count -lt 60 ]; do
  count=$((count + 1))
  head -c $((count * 97)) /dev/urandom >"/mnt/small-$ROUND/$count" || fail small
done
[ "$ROUND" = 1 ] || step remove rm -r "/mnt/small-$((ROUND - 1))"
step fstrim fstrim -v /mnt
find /mnt -type f -exec sha256sum {} + | sed 's/^/SUM /'
step umount umount /mnt
step fsck e2fsck -fn "$DEVICE"
clean_dmesg errors
step disconnect nvme disconnect -n "$NQN"
mark ended
