package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blockdevice.contract.ChildJvm;
import dev.isthmus.blockdevice.examples.WriteAndReadBack;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that uses a device as a library needs no JVM flag, and the JVM has nothing to say. */
class ExampleTest {

  @TempDir private Path scratch;

  @Test
  void runsWithoutAFlagAndWithoutAWarning() throws Exception {
    for (String uri :
        new String[] {"file://" + scratch + "/disk.img?size=8MiB", "malloc:///disk?size=1TiB"}) {
      var result = ChildJvm.run(WriteAndReadBack.class, uri);
      assertEquals("", result.err());
      assertEquals("read back 42\n", result.out());
      assertEquals(0, result.exit());
    }
  }
}
