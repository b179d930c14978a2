package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.BucketFacts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.LifecycleExpiration;
import software.amazon.awssdk.services.s3.model.LifecycleRule;
import software.amazon.awssdk.services.s3.model.LifecycleRuleAndOperator;
import software.amazon.awssdk.services.s3.model.LifecycleRuleFilter;

/** Lifecycle rules as S3 tells them, as what matters of them. Stateless. */
final class S3LifecycleRules {

  private S3LifecycleRules() {}

  /** Those that are switched on. */
  static List<BucketFacts.LifecycleRule> inForce(List<LifecycleRule> rules) {
    var inForce = new ArrayList<BucketFacts.LifecycleRule>();
    for (LifecycleRule rule : rules) {
      if ("Enabled".equals(rule.statusAsString())) {
        inForce.add(of(rule));
      }
    }
    return inForce;
  }

  private static BucketFacts.LifecycleRule of(LifecycleRule rule) {
    var transitions = new ArrayList<BucketFacts.Transition>();
    rule.transitions()
        .forEach(t ->
            transitions.add(
                new BucketFacts.Transition(
                    Objects.requireNonNullElse(t.storageClassAsString(), "another class"),
                    when(t.days(), t.date()))));
    LifecycleExpiration expiration = rule.expiration();
    boolean expires =
        expiration != null && (expiration.days() != null || expiration.date() != null);
    return new BucketFacts.LifecycleRule(
        Objects.requireNonNullElse(rule.id(), "(without an id)"),
        prefix(rule),
        tags(rule.filter()),
        narrowedBy(rule.filter()),
        expires ? when(expiration.days(), expiration.date()) : "",
        transitions,
        rule.noncurrentVersionExpiration() != null);
  }

  private static String when(@Nullable Integer days, @Nullable Object date) {
    return days != null ? "after " + days + " days" : "on " + date;
  }

  @SuppressWarnings("deprecation") // rules of the first version have no filter
  private static String prefix(LifecycleRule rule) {
    LifecycleRuleFilter filter = rule.filter();
    String prefix = rule.prefix();
    if (filter != null && filter.prefix() != null) {
      prefix = filter.prefix();
    } else if (filter != null && filter.and() != null) {
      prefix = filter.and().prefix();
    }
    return Objects.requireNonNullElse(prefix, "");
  }

  private static Map<String, String> tags(@Nullable LifecycleRuleFilter filter) {
    var tags = new LinkedHashMap<String, String>();
    if (filter != null && filter.tag() != null) {
      tags.put(filter.tag().key(), filter.tag().value());
    }
    if (filter != null && filter.and() != null) {
      filter.and().tags().forEach(tag -> tags.put(tag.key(), tag.value()));
    }
    return tags;
  }

  private static String narrowedBy(@Nullable LifecycleRuleFilter filter) {
    var words = new ArrayList<String>();
    if (filter != null) {
      sizes(filter.objectSizeGreaterThan(), filter.objectSizeLessThan(), words);
    }
    if (filter != null && filter.and() != null) {
      LifecycleRuleAndOperator and = filter.and();
      sizes(and.objectSizeGreaterThan(), and.objectSizeLessThan(), words);
    }
    return String.join(", ", words);
  }

  private static void sizes(@Nullable Long above, @Nullable Long below, List<String> words) {
    if (above != null) {
      words.add("more than " + above + " bytes");
    }
    if (below != null) {
      words.add("less than " + below + " bytes");
    }
  }
}
