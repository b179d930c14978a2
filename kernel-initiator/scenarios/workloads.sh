# shellcheck shell=sh
# shellcheck source=steps.sh
# Sourced by the scenarios: what they do with a block device, whichever protocol brought it.

# file_system_round DEVICE: mkfs, checksummed I/O at queue depth 32, trim, check.
# FILE_SYSTEM (ext4 or xfs), FIO_SIZE, FIO_BLOCK and FIO_OPTIONS are optional.
file_system_round() {
  : "${FILE_SYSTEM:=ext4}" "${FIO_SIZE:=256m}" "${FIO_BLOCK:=4k}" "${FIO_OPTIONS:=}"
  for limit in logical_block_size physical_block_size max_hw_sectors_kb discard_max_bytes write_zeroes_max_bytes write_cache fua; do
    echo "LIMIT $limit $(cat "/sys/block/${1##*/}/queue/$limit")"
  done
  case $FILE_SYSTEM in
    ext4) step mkfs mkfs.ext4 -F -q "$1" ;;
    xfs) step mkfs mkfs.xfs -f -q "$1" ;;
    *) fail mkfs "(no file system $FILE_SYSTEM)" ;;
  esac
  step mount mount "$1" /mnt
  mark fio-started
  # shellcheck disable=SC2086 # options are words
  step fio fio --name=round --filename=/mnt/data --rw=randwrite --bs="$FIO_BLOCK" --size="$FIO_SIZE" --ioengine=libaio --direct=1 \
    --iodepth=32 --verify=crc32c --verify_fatal=1 --end_fsync=1 --group_reporting --eta=never $FIO_OPTIONS
  mark fio-ended
  step remove rm /mnt/data
  step fstrim fstrim -v /mnt
  step umount umount /mnt
  case $FILE_SYSTEM in
    ext4) step fsck e2fsck -fn "$1" ;;
    xfs) step fsck xfs_repair -n "$1" ;;
  esac
  clean_dmesg errors
}

# write_through_outage DEVICE STATISTICS STATES: writes for FIO_SECONDS, whatever the gateway does meanwhile, then verifies twice.
# STATISTICS and STATES are patterns of sysfs files: completed writes, and what the kernel says of its connection.
# FIO_SECONDS and FIO_MEBIBYTES are optional.
write_through_outage() {
  : "${FIO_SECONDS:=20}" "${FIO_MEBIBYTES:=64}"
  statistics=$2 states=$3
  step mkfs mkfs.ext4 -F -q "$1"
  step mount mount "$1" /mnt
  # One pass at a fixed rate instead of --time_based: each block is written once, so a later run can verify all of them.
  job="--name=survive --filename=/mnt/data --rw=randwrite --bs=4k --size=${FIO_MEBIBYTES}m --ioengine=libaio --direct=1 --iodepth=32
    --verify=crc32c --verify_fatal=1 --group_reporting --eta=never"
  rate=$((FIO_MEBIBYTES * 256 / FIO_SECONDS))
  # shellcheck disable=SC2086 # patterns
  writes() { cat $statistics 2>/dev/null | awk '{ sum += $5 } END { print sum + 0 }'; }
  # shellcheck disable=SC2317 # called by await
  wrote_more_than() { [ "$(writes)" -gt "$1" ]; }

  before=$(writes)
  # shellcheck disable=SC2086 # options are words
  echo "+ fio" $job --rate_iops=,$rate --do_verify=1 --end_fsync=1
  # shellcheck disable=SC2086
  fio $job --rate_iops=,$rate --do_verify=1 --end_fsync=1 </dev/null >/tmp/fio.log 2>&1 &
  fio=$!
  await 30 fio-start wrote_more_than $((before + rate))
  mark fio-running
  # A stall shows as a number that stands still; a test can measure the outage by it.
  while kill -0 $fio 2>/dev/null; do
    # shellcheck disable=SC2086
    echo "PROGRESS $(cut -d. -f1 /proc/uptime) $(writes) $(cat $states 2>/dev/null)"
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
  step fsck e2fsck -fn "$1"
  clean_dmesg errors
}

# expect_reconnects PATTERN: the kernel must have said PATTERN at least RECONNECTS times (1), or nothing was survived.
expect_reconnects() {
  reconnects=$(dmesg | grep -c "$1")
  echo "RECONNECTS $reconnects"
  [ "$reconnects" -ge "${RECONNECTS:=1}" ] || fail reconnect "(the kernel reconnected $reconnects times, expected at least $RECONNECTS)"
}
