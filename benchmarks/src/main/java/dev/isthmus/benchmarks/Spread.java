package dev.isthmus.benchmarks;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The middle and the ends of what several rounds said.
 *
 * @param median of the rounds; of an even number the mean of the middle two
 */
record Spread(double median, double min, double max) {

  static Spread of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("no rounds");
    }
    double[] sorted = values.clone();
    java.util.Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  static <T> Spread of(List<T> rounds, ToDoubleFunction<T> value) {
    return of(rounds.stream().mapToDouble(value).toArray());
  }

  /** Of the quotients round by round: what slows the machine in one round slows both. */
  static <T> Spread ofRatios(List<T> rounds, List<T> baselines, ToDoubleFunction<T> value) {
    double[] ratios = new double[rounds.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = value.applyAsDouble(rounds.get(i)) / value.applyAsDouble(baselines.get(i));
    }
    return of(ratios);
  }
}
