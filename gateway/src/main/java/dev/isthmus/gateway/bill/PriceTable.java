package dev.isthmus.gateway.bill;

import dev.isthmus.blocktranslation.store.RequestKind;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a provider charges, in one currency. Immutable.
 *
 * @param name of the provider, the class of storage, the region
 * @param source where it was read
 * @param date of the prices
 * @param currency three letters
 * @param bytesPerGb what a GB is here
 * @param storagePerGbMonth for a GB that is stored for a month
 * @param per1000 for a thousand requests of each kind; all kinds
 * @param transferOutPerGb for a GB that leaves the bucket; null where the table has none
 * @param transferOutFreeGb so much leaves it free each month, of an account
 */
public record PriceTable(
    String name,
    String source,
    LocalDate date,
    String currency,
    long bytesPerGb,
    BigDecimal storagePerGbMonth,
    Map<RequestKind, BigDecimal> per1000,
    @Nullable BigDecimal transferOutPerGb,
    BigDecimal transferOutFreeGb) {

  public PriceTable {
    if (per1000.size() != RequestKind.values().length) {
      throw new IllegalArgumentException("prices of " + per1000.keySet());
    }
    per1000 = Map.copyOf(new EnumMap<>(per1000));
  }

  /** The price of a thousand requests. */
  public BigDecimal per1000(RequestKind kind) {
    return per1000.getOrDefault(kind, BigDecimal.ZERO);
  }

  /** The same for a gateway to which nothing is charged for transfer. */
  public PriceTable withoutTransfer() {
    return new PriceTable(
        name,
        source,
        date,
        currency,
        bytesPerGb,
        storagePerGbMonth,
        per1000,
        null,
        BigDecimal.ZERO);
  }
}
