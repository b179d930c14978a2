package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What both ends of the control socket have in common. */
final class ControlSocket {

  /** Linux, unix(7): sun_path has 108 bytes with the NUL at its end. */
  private static final int MAX_PATH_BYTES = 107;

  private ControlSocket() {}

  static DomainSocketAddress address(Path path) {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new DeviceException.Invalid(
          "the path of a Unix socket has at most "
              + MAX_PATH_BYTES
              + " bytes, and "
              + path
              + " has "
              + bytes
              + ": choose another with --socket");
    }
    if (!Epoll.isAvailable()) {
      throw new DeviceException.Unavailable(
          "Unix sockets need Linux on x86-64 or arm64 here", Epoll.unavailabilityCause());
    }
    return new DomainSocketAddress(path.toString());
  }
}
