package dev.isthmus.blocktranslation.check;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.store.BucketFacts;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks one by one whether volumes can live at a place: what credentials may do, what the provider
 * keeps to, how fast it is, which settings of the bucket would harm.
 *
 * <p>All that it writes lies below {@code ROOT/.isthmus-check/RANDOM/} and is deleted at its end;
 * no volume is read or touched. It takes about 350 requests, at most 64 MiB, and ends by itself.
 * Threading: {@link #run} on one thread; {@link #cleanUp} on any.
 */
public final class BucketCheck implements AutoCloseable {

  /** After that nothing more is begun. */
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(3);

  /** A few attempts, so that one lost packet is no finding. */
  private static final StoreLimits LIMITS =
      new StoreLimits(
          16,
          256,
          TimeUnit.SECONDS.toNanos(20),
          TimeUnit.SECONDS.toNanos(10),
          4,
          TimeUnit.MILLISECONDS.toNanos(50),
          TimeUnit.SECONDS.toNanos(1),
          0);

  private static final int ROUNDS = 10;
  private static final int QUICK_ROUNDS = 3;

  /** Prefixes of earlier checks that are named. */
  private static final int MAX_LEFTOVERS = 5;

  private final boolean isVolume;
  private final String rootPrefix;
  private final Map<String, String> tags;
  private final boolean quick;
  private final ScheduledThreadPoolExecutor timer;
  private final ObjectStore store;
  private final @Nullable BucketFacts facts;
  private final ProbeArea area;
  private final Remedies remedies;
  private final List<Finding> findings = new ArrayList<>();
  private final long startNanos = System.nanoTime();
  private Consumer<Finding> told = _ -> {};

  /**
   * Sends nothing yet.
   *
   * @param isVolume whether {@code uri} is that of a volume, beside which is checked, and not that
   *     of the root
   * @param quick shorter races, and no measurements
   * @throws DeviceException.Invalid if the URI is none of a bucket, or can't work
   */
  public BucketCheck(StorageUri uri, boolean isVolume, boolean quick) {
    this(uri, place(uri, isVolume), quick);
  }

  private BucketCheck(StorageUri uri, BucketUri place, boolean quick) {
    this.isVolume = place.volume() != null;
    this.rootPrefix = place.rootPrefix();
    this.tags =
        place.address() instanceof StoreAddress.S3 s3 ? s3.settings().placement().tags() : Map.of();
    this.quick = quick;
    this.remedies = new Remedies(uri.toString(), place);
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("check-timer-", 0).factory());
    timer.setRemoveOnCancelPolicy(true);
    try {
      this.store = place.address().open(LIMITS, new ExecutorStoreTimer(timer));
      this.facts = place.address().facts(LIMITS);
    } catch (StoreException e) {
      timer.shutdownNow();
      throw new DeviceException.Invalid(String.valueOf(e.getMessage()), e);
    }
    byte[] random = new byte[6];
    new SecureRandom().nextBytes(random);
    this.area =
        new ProbeArea(
            store, rootPrefix + ProbeArea.DIRECTORY + HexFormat.of().formatHex(random) + "/");
  }

  /**
   * The place that a URI names.
   *
   * @throws DeviceException.Invalid naming what is wrong
   */
  public static BucketUri place(StorageUri uri, boolean isVolume) {
    return isVolume ? BucketUri.ofVolume(uri, Set.of("log_dir")) : BucketUri.ofRoot(uri);
  }

  /**
   * Checks.
   *
   * @param listener hears each finding at once
   * @throws DeviceException.Unavailable if no answer comes from where the bucket should be
   * @throws java.util.concurrent.CancellationException after {@link #cleanUp}
   */
  public CheckReport run(Consumer<Finding> listener) {
    told = listener;
    try {
      checkAll();
    } catch (StoreException.Unreachable e) {
      throw new DeviceException.Unavailable(String.valueOf(e.getMessage()), e);
    } finally {
      tellLeft(cleanUp());
    }
    StoreStatistics.Counts total = store.statistics().total();
    return new CheckReport(
        store.description(),
        findings,
        total.attempts() + (facts == null ? 0 : facts.requests()),
        total.sentBytes(),
        total.receivedBytes(),
        Duration.ofNanos(System.nanoTime() - startNanos));
  }

  private void checkAll() {
    var access = new AccessChecks(area, facts, remedies);
    Finding credentials = access.credentials();
    tell(credentials);
    if (credentials.verdict() == Verdict.FAIL) {
      tell(access.clock());
      tell(Finding.skip("everything else", "nothing can be asked before that is mended"));
      return;
    }
    if (!isVolume) {
      refuseVolume();
    }
    check("ListBucket", null, access::list);
    check("PutObject", null, access::put);
    check("GetObject", null, access::get);
    check("DeleteObject", null, access::delete);
    check("absent", access.mayGet() ? null : "needs GetObject", access::absent);
    tell(access.clock());
    String needs = access.mayPut() && access.mayGet() ? null : "needs PutObject and GetObject";
    var conditions = new ConditionChecks(area, quick ? QUICK_ROUNDS : ROUNDS);
    check("create if absent", needs, conditions::create);
    check("create race", needs, conditions::createRace);
    check("replace if unchanged", needs, conditions::replace);
    check("replace race", needs, conditions::replaceRace);
    var reads = new ReadChecks(area, facts);
    check("ranged reads", needs, reads::ranges);
    check("list", passed("ListBucket") ? needs : "needs ListBucket", reads::lists);
    check("read after write", needs, reads::overwrites);
    check("checksum", needs, reads::checksum);
    if (quick || needs != null) {
      SpeedChecks.skipped(needs).forEach(this::tell);
    } else {
      var speed = new SpeedChecks(area);
      check("latency", null, speed::latency);
      check("throughput", null, speed::throughput);
    }
    new SettingsChecks(facts, remedies, rootPrefix, tags).all().forEach(this::tell);
    check("leftovers", passed("ListBucket") ? null : "needs ListBucket", this::leftovers);
  }

  /** What is written below a volume would be in the way of its deletion. */
  private void refuseVolume() {
    try {
      var _ =
          ProbeArea.await(
              store.get(rootPrefix + Keys.MANIFEST, ByteRange.span(0, 1), ProbeArea.OPTIONS));
    } catch (StoreException e) {
      return;
    }
    throw new DeviceException.Invalid(
        "there is a volume at this place: say --volume to check beside it, or name the root that it"
            + " lies under");
  }

  private boolean passed(String check) {
    return findings.stream().anyMatch(f -> f.check().equals(check) && f.verdict() == Verdict.OK);
  }

  private void tell(Finding finding) {
    findings.add(finding);
    told.accept(finding);
  }

  private void check(String name, @Nullable String obstacle, Supplier<Finding> check) {
    if (obstacle != null) {
      tell(Finding.skip(name, obstacle));
      return;
    }
    if (System.nanoTime() - startNanos > LONGEST_NANOS) {
      tell(Finding.skip(name, "no time left: the check ends after 3 minutes"));
      return;
    }
    try {
      tell(check.get());
    } catch (StoreException e) {
      tell(Finding.fail(name, Words.of(e), "the whole message: " + e.getMessage()));
    }
  }

  /** What checks left that were killed; one that runs at this moment looks the same. */
  private Finding leftovers() {
    String all = rootPrefix + ProbeArea.DIRECTORY;
    var others = new TreeSet<String>();
    ListPage page =
        ProbeArea.await(store.list(all, null, ObjectStore.MAX_LIST_KEYS, ProbeArea.OPTIONS));
    for (ListPage.ListedObject object : page.objects()) {
      int slash = object.key().indexOf('/', all.length());
      if (slash > 0 && !object.key().startsWith(area.prefix())) {
        others.add(object.key().substring(0, slash + 1));
      }
    }
    if (others.isEmpty()) {
      return Finding.ok("leftovers", "none of earlier checks");
    }
    var commands = new ArrayList<String>();
    commands.add("if no check runs there now, delete them:");
    for (String prefix : others.stream().limit(MAX_LEFTOVERS).toList()) {
      commands.add(
          facts == null
              ? "rm -r DIRECTORY/objects/" + prefix
              : remedies.aws("s3 rm --recursive s3://" + remedies.bucket() + "/" + prefix));
    }
    return Finding.warn(
        "leftovers",
        "earlier checks left objects below %s%s"
            .formatted(
                String.join(", ", others.stream().limit(MAX_LEFTOVERS).toList()),
                others.size() > MAX_LEFTOVERS ? ", …" : ""),
        commands.toArray(String[]::new));
  }

  private void tellLeft(List<String> left) {
    if (!left.isEmpty()) {
      tell(
          Finding.warn(
              "clean-up",
              "what this check wrote could not be deleted: %d of its objects, below %s"
                  .formatted(left.size(), area.prefix()),
              facts == null
                  ? "rm -r DIRECTORY/objects/" + area.prefix()
                  : remedies.aws(
                      "s3 rm --recursive s3://" + remedies.bucket() + "/" + area.prefix())));
    }
  }

  /**
   * Ends the check, and deletes what it has written. For a process that is about to end; else
   * {@link #run} does it.
   *
   * @return keys that could not be deleted
   */
  public List<String> cleanUp() {
    return area.cleanUp();
  }

  @Override
  public void close() {
    store.close();
    if (facts != null) {
      facts.close();
    }
    timer.shutdownNow();
  }
}
