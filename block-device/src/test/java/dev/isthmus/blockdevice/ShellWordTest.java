package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ShellWordTest {

  @Test
  void plainWordsStayAndAShellReadsTheOthersBack() throws Exception {
    assertEquals("s3://my-bucket/db:1+2", ShellWord.of("s3://my-bucket/db:1+2"));
    for (String word : new String[] {"", "a b", "it's", "$(false)", "a?b=c&d", "*", "\\n\""}) {
      var shell =
          new ProcessBuilder("sh", "-c", "printf '[%s]' " + ShellWord.of(word))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals("[" + word + "]", said, ShellWord.of(word));
      assertEquals(0, shell.waitFor());
    }
  }
}
