package dev.isthmus.blocktranslation.store.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.StoreException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HttpProxyTest {

  private static @Nullable HttpProxy of(boolean tls, Map<String, String> environment) {
    return HttpProxy.of(ProxyChoice.fromEnvironment(), tls, environment);
  }

  @Test
  void eachSchemeHasItsVariable() {
    var environment =
        Map.of("HTTPS_PROXY", "http://secure.lan:3128", "HTTP_PROXY", "plain.lan:8080/");
    assertEquals("http://secure.lan:3128", String.valueOf(of(true, environment)));
    assertEquals("http://plain.lan:8080", String.valueOf(of(false, environment)));
    assertNull(of(true, Map.of("HTTP_PROXY", "http://plain.lan:8080")));
    assertNull(of(true, Map.of("HTTPS_PROXY", "")));
    assertEquals(
        "http://lower.lan:1",
        String.valueOf(
            of(true, Map.of("https_proxy", "http://lower.lan:1", "HTTPS_PROXY", "http://u:2"))));
    assertEquals(
        "http://[::1]:1", String.valueOf(of(true, Map.of("https_proxy", "http://[::1]:1"))));
  }

  @Test
  void aLoginIsUsedAndNotShown() {
    HttpProxy proxy = of(true, Map.of("HTTPS_PROXY", "http://me:p%40ss+word@proxy.lan:3128"));
    assertNotNull(proxy);
    assertEquals("me", proxy.user());
    assertEquals("p@ss+word", proxy.password());
    assertFalse(proxy.toString().contains("ss"), proxy.toString());
  }

  @Test
  void whatCantBeUnderstoodIsRefusedWithoutItsText() {
    for (String text :
        new String[] {"http://me:hunter2@h:x", "socks5://hunter2", "http://hunter2 x"}) {
      var e =
          assertThrows(StoreException.Invalid.class, () -> of(true, Map.of("HTTPS_PROXY", text)));
      assertFalse(String.valueOf(e.getMessage()).contains("hunter2"), e.getMessage());
    }
  }

  /** The words of NO_PROXY as curl and Go have them. */
  @Test
  void exceptions() {
    HttpProxy proxy =
        of(
            true,
            Map.of(
                "HTTPS_PROXY", "http://p:1", "NO_PROXY", ".Example.com, *.lan,10.0.0.7,s3.test"));
    assertNotNull(proxy);
    for (String direct :
        new String[] {
          "bucket.example.com",
          "example.com",
          "EXAMPLE.COM",
          "minio.lan",
          "10.0.0.7",
          "b.s3.test",
          "localhost",
          "127.0.0.1",
          "[::1]"
        }) {
      assertFalse(proxy.appliesTo(direct), direct);
    }
    for (String through : new String[] {"badexample.com", "10.0.0.70", "s3.test.org", "1000.0.7"}) {
      assertTrue(proxy.appliesTo(through), through);
    }
    HttpProxy never = of(true, Map.of("HTTPS_PROXY", "http://p:1", "NO_PROXY", "*"));
    assertNotNull(never);
    assertFalse(never.appliesTo("anything"));
  }

  @Test
  void aChoiceOverrulesTheEnvironment() {
    var environment = Map.of("HTTPS_PROXY", "http://p:1", "NO_PROXY", "*");
    assertNull(HttpProxy.of(ProxyChoice.direct(), true, environment));
    HttpProxy through = HttpProxy.of(new ProxyChoice.Through("q", 2), true, environment);
    assertNotNull(through);
    assertEquals("http://q:2", through.uri());
    assertTrue(through.appliesTo("localhost"));
  }
}
