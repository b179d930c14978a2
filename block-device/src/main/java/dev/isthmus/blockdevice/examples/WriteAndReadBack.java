package dev.isthmus.blockdevice.examples;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceRegistry;

/**
 * Creates the device that its argument names, writes a block, and reads it back. As in {@code java
 * -cp block-device.jar dev.isthmus.blockdevice.examples.WriteAndReadBack
 * 'file:///tmp/disk.img?size=64MiB'}.
 */
public final class WriteAndReadBack {

  private WriteAndReadBack() {}

  public static void main(String[] args) {
    try (var device = new BlockingDevice(DeviceRegistry.simple().create(args[0]))) {
      byte[] block = new byte[device.info().blockSizeBytes()];
      block[0] = 42;
      device.writeAt(0, block);
      device.flush();
      byte[] back = new byte[block.length];
      device.readAt(0, back);
      System.out.println("read back " + back[0]);
    }
  }
}
