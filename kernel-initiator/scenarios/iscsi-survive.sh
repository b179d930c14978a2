# shellcheck shell=sh
# shellcheck source=steps.sh
# As nvme-survive.sh, over iSCSI: the session is lost and recovered under load, and nothing above may notice.
# The test waits for `MARK fio-running`, kills the gateway and starts it again, within FIO_SECONDS.
# Parameters: RECONNECTS (how many at least), those of iscsi.sh and of write_through_outage (workloads.sh).
. /scenario/steps.sh
# shellcheck source=workloads.sh
. /scenario/workloads.sh
# shellcheck source=iscsi.sh
. /scenario/iscsi.sh

iscsi_login
write_through_outage "$DEVICE" "/sys/block/${DEVICE##*/}/stat" '/sys/class/iscsi_session/session*/state'
echo "--- what the kernel said about the connection"
dmesg | grep -iE 'iscsi|connection[0-9]+:|session[0-9]+:' | tail -n 40
# The kernel reports only the loss; that fio's writes were verified after it is the recovery.
expect_reconnects 'detected conn error'
iscsi_logout
mark ended
