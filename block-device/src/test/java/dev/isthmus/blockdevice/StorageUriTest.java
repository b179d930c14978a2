package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StorageUriTest {

  @Test
  void takesTheParts() {
    StorageUri uri = StorageUri.parse("S3://my-bucket:9000/vol%20one?size=1GiB&a%3Db=c%26d+e");
    assertEquals("s3", uri.scheme());
    assertEquals("my-bucket:9000", uri.authority());
    assertEquals("/vol one", uri.path());
    assertEquals(List.of("size", "a=b"), List.copyOf(uri.query().keySet()));
    assertEquals("c&d+e", uri.get("a=b"));
    assertNull(uri.get("other"));
    assertEquals(uri, StorageUri.parse(uri.toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///disk.img",
        "file:///d%C3%BCsk%25.img?blk_size=512",
        "malloc:///a?size=64MiB&blk_size=4096",
        "s3://bucket/",
        "s3://bucket",
        "nvmf://[::1]:4420/nqn.2014-08.org.nvmexpress:uuid:1",
        "file:////two",
        "x:///a?b="
      })
  void printsWhatItParses(String text) {
    StorageUri uri = StorageUri.parse(text);
    assertEquals(uri, StorageUri.parse(uri.toString()), uri::toString);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/path",
        "file",
        "file:",
        "file://",
        "file:relative",
        "://x/y",
        "file:///a b",
        "file:///a#b",
        "file:///a%00b",
        "file:///a%0ab",
        "file:///a%ff",
        "file:///a%",
        "file:///a?b",
        "file:///a?=c",
        "file:///a?b=1&",
        "file:///a?b=1&b=2",
        "file:///a?b=1&%62=2",
        "file:///a?b=%0d",
        "file:///a?b=%zz",
        "s3://buck%20et/x",
        "s3://a,b/x",
        "file:///\ud800"
      })
  void refuses(String text) {
    assertThrows(DeviceException.Invalid.class, () -> StorageUri.parse(text));
  }

  @Test
  void neverRepeatsASecret() {
    for (String text :
        List.of(
            "s3://key:hunter2@bucket/vol",
            "s3://hunter2@bucket/vol",
            "s3://key:hunter2@bucket/v o l",
            "s3://b/v?hunter2",
            "s3://b/v#hunter2",
            "hunter2://a b")) {
      var refused = assertThrows(DeviceException.Invalid.class, () -> StorageUri.parse(text));
      for (Throwable e = refused; e != null; e = e.getCause()) {
        assertFalse(String.valueOf(e.getMessage()).contains("hunter2"), e::toString);
      }
    }
  }

  @Test
  void refusesWhatIsTooLong() {
    String start = "file:///";
    assertEquals(4089, StorageUri.parse(start + "a".repeat(4088)).path().length());
    assertThrows(DeviceException.Invalid.class, () -> StorageUri.parse(start + "a".repeat(4089)));
  }

  @Test
  void refusesUnknownKeysByName() {
    StorageUri uri = StorageUri.parse("file:///a?blk_size=512&sise=1GiB");
    var refused =
        assertThrows(
            DeviceException.Invalid.class, () -> uri.requireKeys(Set.of("size", "blk_size")));
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains("[sise]") && message.contains("[blk_size, size]"), message);
  }

  @Test
  void readsSizes() {
    StorageUri uri = StorageUri.parse("file:///a?blk_size=512&size=1MiB");
    assertEquals(512, uri.blockSizeBytes(4096));
    assertEquals(1 << 20, uri.sizeBytesAtCreate(512));
    assertThrows(DeviceException.Invalid.class, uri::refuseSizeAtOpen);
    StorageUri plain = StorageUri.parse("file:///a");
    assertEquals(4096, plain.blockSizeBytes(4096));
    plain.refuseSizeAtOpen();
    assertThrows(DeviceException.Invalid.class, () -> plain.sizeBytesAtCreate(4096));
    for (String bad : List.of("0", "512", "4097", "x")) {
      StorageUri wrong = StorageUri.parse("file:///a?size=" + bad);
      assertThrows(DeviceException.Invalid.class, () -> wrong.sizeBytesAtCreate(4096));
    }
    for (String bad : List.of("", "1024", "0512", "4096 ")) {
      var query = Map.of("blk_size", bad);
      var wrong = new StorageUri("file", "", "/a", query);
      assertThrows(DeviceException.Invalid.class, () -> wrong.blockSizeBytes(512));
    }
  }

  @Test
  void doesNotShareTheQueryThatItIsMadeOf() {
    var query = new LinkedHashMap<String, String>();
    var uri = new StorageUri("file", "", "/a", query);
    query.put("b", "c");
    assertTrue(uri.query().isEmpty());
  }

  @Test
  void standsRandomInput() {
    StorageUriFuzz.run(20_000);
  }
}
