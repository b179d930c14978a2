package dev.isthmus.targets.nvme;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a subsystem's commands came to. Each loop counts for itself, so that counting costs no
 * contention; a snapshot adds up.
 *
 * <p>Threading: {@link #count} by the loop of that index; {@link #snapshot} from any thread.
 */
final class Counters {

  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  /** Parts of each power of two: times are told to 25 %. */
  private static final int PARTS_SHIFT = 2;

  /** Up to 2^40 ns, 18 minutes; longer ones count there. */
  private static final int BUCKETS = 40 << PARTS_SHIFT;

  private static final int COUNT = 0;
  private static final int BYTES = 1;
  private static final int SUM_NANOS = 2;
  private static final int FIRST_BUCKET = 3;

  /** One loop's counts of one operation. */
  private static final class Cells {
    final long[] values = new long[FIRST_BUCKET + BUCKETS];
    // By status code; made at the first error.
    volatile long @Nullable [] errors;
  }

  private final List<Map<NvmeOperation, Cells>> perLoop = new ArrayList<>();

  Counters(int loops) {
    for (int i = 0; i < loops; i++) {
      var cells = new EnumMap<NvmeOperation, Cells>(NvmeOperation.class);
      for (NvmeOperation operation : NvmeOperation.values()) {
        cells.put(operation, new Cells());
      }
      perLoop.add(cells);
    }
  }

  private static Cells of(Map<NvmeOperation, Cells> cells, NvmeOperation operation) {
    return Objects.requireNonNull(cells.get(operation));
  }

  void count(int loop, NvmeOperation operation, int status, long bytes, long nanos) {
    Cells cells = of(perLoop.get(loop), operation);
    long[] mine = cells.values;
    add(mine, COUNT, 1);
    add(mine, BYTES, bytes);
    add(mine, SUM_NANOS, nanos);
    add(mine, FIRST_BUCKET + bucket(nanos), 1);
    int code = status & StatusCode.CODE_MASK;
    if (code != StatusCode.SUCCESS) {
      long[] byStatus = cells.errors;
      if (byStatus == null) {
        byStatus = new long[StatusCode.CODE_MASK + 1];
        cells.errors = byStatus;
      }
      add(byStatus, code, 1);
    }
  }

  private static void add(long[] array, int index, long value) {
    // One writer: opaque keeps each cell whole for readers, at the price of a plain store.
    LONGS.setOpaque(array, index, (long) LONGS.getOpaque(array, index) + value);
  }

  static int bucket(long nanos) {
    long value = Math.max(nanos, 1 << PARTS_SHIFT);
    int exponent = 63 - Long.numberOfLeadingZeros(value);
    int part = (int) (value >>> (exponent - PARTS_SHIFT)) & ((1 << PARTS_SHIFT) - 1);
    return Math.min(BUCKETS - 1, (exponent << PARTS_SHIFT) + part);
  }

  static long bucketUpperNanos(int bucket) {
    int exponent = bucket >>> PARTS_SHIFT;
    long part = bucket & ((1 << PARTS_SHIFT) - 1);
    long step = 1L << Math.max(0, exponent - PARTS_SHIFT);
    return (1L << exponent) + (part + 1) * step - 1;
  }

  Map<NvmeOperation, NvmeTargetStatistics.Operation> snapshot() {
    var all = new EnumMap<NvmeOperation, NvmeTargetStatistics.Operation>(NvmeOperation.class);
    for (NvmeOperation operation : NvmeOperation.values()) {
      long[] sum = new long[FIRST_BUCKET + BUCKETS];
      var byStatus = new TreeMap<Integer, Long>();
      for (Map<NvmeOperation, Cells> loop : perLoop) {
        Cells cells = of(loop, operation);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += (long) LONGS.getOpaque(cells.values, i);
        }
        addErrors(cells.errors, byStatus);
      }
      if (sum[COUNT] > 0) {
        all.put(
            operation,
            new NvmeTargetStatistics.Operation(
                sum[COUNT], sum[BYTES], Map.copyOf(byStatus), latency(sum)));
      }
    }
    return Map.copyOf(all);
  }

  private static void addErrors(long @Nullable [] mine, Map<Integer, Long> byStatus) {
    if (mine == null) {
      return;
    }
    for (int code = 0; code < mine.length; code++) {
      long count = (long) LONGS.getOpaque(mine, code);
      if (count > 0) {
        byStatus.merge(code, count, Long::sum);
      }
    }
  }

  private static NvmeTargetStatistics.Latency latency(long[] sum) {
    List<NvmeTargetStatistics.Bucket> buckets = new ArrayList<>();
    for (int i = 0; i < BUCKETS; i++) {
      if (sum[FIRST_BUCKET + i] > 0) {
        buckets.add(new NvmeTargetStatistics.Bucket(bucketUpperNanos(i), sum[FIRST_BUCKET + i]));
      }
    }
    return new NvmeTargetStatistics.Latency(sum[SUM_NANOS], List.copyOf(buckets));
  }
}
