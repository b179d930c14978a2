package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** {@link Tls} as what Java's TLS asks. Stateless. */
public final class TrustManagers {

  private TrustManagers() {}

  /**
   * Who decides about a server's certificate; blocks while a file is read.
   *
   * @throws StoreException.Invalid if the file holds no certificate
   */
  public static X509TrustManager of(Tls tls) {
    if (tls.insecureSkipVerify()) {
      return new TrustsAnybody();
    }
    Path file = tls.caFile();
    try {
      return ofStore(file == null ? null : certificates(file));
    } catch (GeneralSecurityException | IOException e) {
      throw new StoreException.Invalid("the trusted certificates can't be used: " + e, e);
    }
  }

  private static KeyStore certificates(Path file) throws GeneralSecurityException, IOException {
    Collection<? extends Certificate> certificates;
    try (InputStream in = Files.newInputStream(file)) {
      certificates = CertificateFactory.getInstance("X.509").generateCertificates(in);
    } catch (IOException e) {
      throw new StoreException.Invalid("ca_file " + file + " can't be read: " + e, e);
    } catch (CertificateException e) {
      // The parser's message may quote the file, and somebody may have named a private key.
      throw new StoreException.Invalid("ca_file " + file + " is not a file of certificates in PEM");
    }
    if (certificates.isEmpty()) {
      throw new StoreException.Invalid(
          "ca_file "
              + file
              + " holds no certificate: it is a text with -----BEGIN CERTIFICATE-----");
    }
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    for (Certificate certificate : certificates) {
      store.setCertificateEntry("ca-" + number++, certificate);
    }
    return store;
  }

  private static X509TrustManager ofStore(@Nullable KeyStore store)
      throws GeneralSecurityException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        return x509;
      }
    }
    throw new GeneralSecurityException("this Java runtime has no X.509 trust manager");
  }

  /** Looks at nothing; an extended one, since Java adds a check of names to any other. */
  private static final class TrustsAnybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
