# shellcheck shell=sh
# shellcheck source=steps.sh
# A whole round of a Linux host on one namespace: discovery to disconnect, with a file system and checksummed I/O between.
# NQN is required; ADDRESS, PORT, NSID, CONNECT_OPTIONS (say "--hdr-digest --data-digest"), FILE_SYSTEM (ext4 or xfs),
# FIO_SIZE, FIO_BLOCK and FIO_OPTIONS are optional.
. /scenario/steps.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"
: "${FILE_SYSTEM:=ext4}" "${FIO_SIZE:=256m}" "${FIO_BLOCK:=4k}" "${FIO_OPTIONS:=}"

discover() { nvme discover -t tcp -a "$ADDRESS" -s "$PORT" | tee /tmp/discovery; }
step discover discover
grep -q "subnqn: *$NQN\$" /tmp/discovery || fail discover "(the log does not list $NQN)"

# shellcheck disable=SC2086 # options are words
step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 $CONNECT_OPTIONS
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")
mark connected

step list nvme list
step list-subsys nvme list-subsys
step id-ctrl nvme id-ctrl "$DEVICE"
step id-ns nvme id-ns "$DEVICE"
step smart-log nvme smart-log "$DEVICE"
for limit in logical_block_size physical_block_size max_hw_sectors_kb discard_max_bytes write_zeroes_max_bytes write_cache fua; do
  echo "LIMIT $limit $(cat "/sys/block/${DEVICE##*/}/queue/$limit")"
done

case $FILE_SYSTEM in
  ext4) step mkfs mkfs.ext4 -F -q "$DEVICE" ;;
  xfs) step mkfs mkfs.xfs -f -q "$DEVICE" ;;
  *) fail mkfs "(no file system $FILE_SYSTEM)" ;;
esac
step mount mount "$DEVICE" /mnt
mark fio-started
# shellcheck disable=SC2086
step fio fio --name=round --filename=/mnt/data --rw=randwrite --bs="$FIO_BLOCK" --size="$FIO_SIZE" --ioengine=libaio --direct=1 \
  --iodepth=32 --verify=crc32c --verify_fatal=1 --end_fsync=1 --group_reporting --eta=never $FIO_OPTIONS
mark fio-ended
step remove rm /mnt/data
step fstrim fstrim -v /mnt
step umount umount /mnt
case $FILE_SYSTEM in
  ext4) step fsck e2fsck -fn "$DEVICE" ;;
  xfs) step fsck xfs_repair -n "$DEVICE" ;;
esac
clean_dmesg errors
step disconnect nvme disconnect -n "$NQN"
mark ended
