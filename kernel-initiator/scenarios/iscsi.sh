# shellcheck shell=sh
# shellcheck source=steps.sh
# Sourced by the iSCSI scenarios: from discovery to a disk.
# IQN is required; ADDRESS, PORT, LUN, DIGESTS (None or CRC32C), CHAP_USER and CHAP_PASSWORD, CHAP_USER_IN and CHAP_PASSWORD_IN
# (mutual CHAP) and NODE_SETTINGS ("name=value …" of iscsiadm's records) are optional.

: "${IQN:?the target to log in to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=3260}" "${LUN:=0}" "${DIGESTS:=None}"
: "${CHAP_USER:=}" "${CHAP_PASSWORD:=}" "${CHAP_USER_IN:=}" "${CHAP_PASSWORD_IN:=}" "${NODE_SETTINGS:=}"

node() { iscsiadm -m node -T "$IQN" -p "$ADDRESS:$PORT" "$@"; }
setting() { node -o update -n "$1" -v "$2"; }

# iscsi_disk: prints the disk of that LUN; fails while there is none.
iscsi_disk() {
  for iscsi_block in /sys/class/iscsi_session/session*/device/target*/*:"$LUN"/block/*; do
    [ -b "/dev/${iscsi_block##*/}" ] && echo "/dev/${iscsi_block##*/}" && return
  done
  return 1
}

iscsi_login() {
  step modules modprobe -a iscsi_tcp sd_mod # no udev here to load the disk driver
  step daemon iscsid
  # shellcheck disable=SC2317 # called by step
  discovery() { iscsiadm -m discovery -t sendtargets -p "$ADDRESS:$PORT" | tee /tmp/discovery; }
  step discover discovery
  grep -q " $IQN\$" /tmp/discovery || fail discover "(SendTargets does not list $IQN)"
  step header-digest setting 'node.conn[0].iscsi.HeaderDigest' "$DIGESTS"
  step data-digest setting 'node.conn[0].iscsi.DataDigest' "$DIGESTS"
  # Never give up on a session that is gone, as with NVMe's --ctrl-loss-tmo=-1: a gateway's restart is no I/O error.
  step replacement-timeout setting node.session.timeo.replacement_timeout -1
  if [ -n "$CHAP_USER" ]; then
    step chap setting node.session.auth.authmethod CHAP
    step chap setting node.session.auth.username "$CHAP_USER"
    step chap setting node.session.auth.password "$CHAP_PASSWORD"
  fi
  if [ -n "$CHAP_USER_IN" ]; then
    step chap setting node.session.auth.username_in "$CHAP_USER_IN"
    step chap setting node.session.auth.password_in "$CHAP_PASSWORD_IN"
  fi
  for node_setting in $NODE_SETTINGS; do
    step setting setting "${node_setting%%=*}" "${node_setting#*=}"
  done
  step login node --login
  await 10 disk iscsi_disk
  DEVICE=$(iscsi_disk)
  export DEVICE
  mark connected
  step session iscsiadm -m session -P 3
}

iscsi_logout() { step logout node --logout; }
