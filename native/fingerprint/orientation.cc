#include "orientation.h"

#include <algorithm>
#include <array>

#include "instruction_sets.h"

namespace gillnet::fingerprint {

namespace {

constexpr int kBins = 36;
constexpr int kRadius = 8;
constexpr int kDiameter = 2 * kRadius + 1;
constexpr double kSigma = 4;
/// A second direction this strong makes a second keypoint of the place (Lowe 2004).
constexpr double kSecondPeak = 0.8;

using Histogram = std::array<double, kBins>;

/// How much each place around a keypoint counts, and how far each row of them reaches.
struct Disc {
  double weights[kDiameter][kDiameter];
  int reach[kDiameter];

  Disc() {
    for (int row = 0; row < kDiameter; ++row) {
      const int y = row - kRadius;
      for (int column = 0; column < kDiameter; ++column) {
        const int x = column - kRadius;
        weights[row][column] = std::exp(-(x * x + y * y) / (2 * kSigma * kSigma));
        if (x * x + y * y <= kRadius * kRadius) reach[row] = x;
      }
    }
  }
};

/// Gradients around a keypoint, with weights.
struct Gradients {
  int count = 0;
  double x[kDiameter * kDiameter];
  double y[kDiameter * kDiameter];
  double weight[kDiameter * kDiameter];
};

/// What each gradient adds to a bin of the histogram and to the one after it.
struct Parts {
  int bin[kDiameter * kDiameter];
  double here[kDiameter * kDiameter];
  double next[kDiameter * kDiameter];
};

Gradients GradientsAround(const Grey& grey, int centre_x, int centre_y) {
  static const Disc disc;
  Gradients gradients;
  const int first = std::max(centre_y - kRadius, 1);
  const int last = std::min(centre_y + kRadius, grey.height() - 2);
  for (int y = first; y <= last; ++y) {
    const int row = y - centre_y + kRadius;
    const float* const above = grey.Row(y - 1);
    const float* const values = grey.Row(y);
    const float* const below = grey.Row(y + 1);
    const int right = std::min(centre_x + disc.reach[row], grey.width() - 2);
    for (int x = std::max(centre_x - disc.reach[row], 1); x <= right; ++x) {
      gradients.x[gradients.count] = static_cast<double>(values[x + 1]) - values[x - 1];
      gradients.y[gradients.count] = static_cast<double>(below[x]) - above[x];
      gradients.weight[gradients.count] = disc.weights[row][x - centre_x + kRadius];
      ++gradients.count;
    }
  }
  return gradients;
}

/// atan2 without branches: the reduction to five intervals and the polynomial of fdlibm (Sun Microsystems 1993), which
/// is off by less than a unit in the last place.
inline double AngleOf(double x, double y) {
  constexpr double kPiLow = 1.2246467991473531772e-16;
  const double across = std::fabs(x);
  const double along = std::fabs(y);
  const double ratio = along / (across == 0 && along == 0 ? 1 : across);
  double numerator = ratio;
  double denominator = 1;
  double high = 0;
  double low = 0;
  // Each interval's values go over those of the one before.
  const auto from = [&](double least, double over, double under, double whole, double rest) {
    const bool is_beyond = ratio >= least;
    numerator = is_beyond ? over : numerator;
    denominator = is_beyond ? under : denominator;
    high = is_beyond ? whole : high;
    low = is_beyond ? rest : low;
  };
  from(0.4375, 2 * ratio - 1, 2 + ratio, 4.63647609000806093515e-01, 2.26987774529616870924e-17);
  from(0.6875, ratio - 1, ratio + 1, 7.85398163397448278999e-01, 3.06161699786838301793e-17);
  from(1.1875, ratio - 1.5, 1 + 1.5 * ratio, 9.82793723247329054082e-01, 1.39033110312309984516e-17);
  from(2.4375, -1, ratio, 1.57079632679489655800e+00, 6.12323399573676603587e-17);
  const double t = numerator / denominator;
  const double z = t * t;
  const double w = z * z;
  const double even = z * (3.33333333333329318027e-01 +
                           w * (1.42857142725034663711e-01 +
                                w * (9.09088713343650656196e-02 +
                                     w * (6.66107313738753120669e-02 +
                                          w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)))));
  const double odd =
      w *
      (-1.99999999998764832476e-01 +
       w * (-1.11111104054623557880e-01 +
            w * (-7.69187620504482999495e-02 + w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02))));
  const double positive = high - ((t * (even + odd) - low) - t);
  const double upper = x < 0 ? kPi - (positive - kPiLow) : positive;
  return y < 0 ? -upper : upper;
}

GILLNET_ALL_LEVELS void PartsOf(const Gradients& __restrict gradients, Parts& __restrict parts) {
  const int count = gradients.count;
  for (int i = 0; i < count; ++i) {
    const double x = gradients.x[i];
    const double y = gradients.y[i];
    const double turn = (AngleOf(x, y) / (2 * kPi) + 1) * kBins;
    const int bin = static_cast<int>(turn);
    const double share = turn - bin;
    const double strength = gradients.weight[i] * std::sqrt(x * x + y * y);
    parts.bin[i] = bin;
    parts.here[i] = strength * (1 - share);
    parts.next[i] = strength * share;
  }
}

Histogram HistogramOf(const Gradients& gradients) {
  Parts parts;
  PartsOf(gradients, parts);
  Histogram histogram{};
  for (int i = 0; i < gradients.count; ++i) {
    histogram[parts.bin[i] % kBins] += parts.here[i];
    histogram[(parts.bin[i] + 1) % kBins] += parts.next[i];
  }
  return histogram;
}

Histogram Smoothed(const Histogram& histogram) {
  Histogram smoothed;
  for (int bin = 0; bin < kBins; ++bin) {
    const double before = histogram[(bin + kBins - 1) % kBins];
    const double after = histogram[(bin + 1) % kBins];
    smoothed[bin] = (histogram[bin] * 2 + before + after) / 4;
  }
  return smoothed;
}

}  // namespace

std::vector<double> AnglesOf(const Keypoint& keypoint, const std::vector<Level>& levels) {
  const Grey& grey = levels[NearestLevel(keypoint, levels)].smooth;
  const Grey& first = levels[0].smooth;
  const int centre_x = Rounded((keypoint.x + 0.5) * grey.width() / first.width() - 0.5);
  const int centre_y = Rounded((keypoint.y + 0.5) * grey.height() / first.height() - 0.5);
  const Histogram histogram = Smoothed(Smoothed(HistogramOf(GradientsAround(grey, centre_x, centre_y))));
  struct Peak {
    double angle;
    double height;
  };
  std::vector<Peak> peaks;
  for (int bin = 0; bin < kBins; ++bin) {
    const double before = histogram[(bin + kBins - 1) % kBins];
    const double middle = histogram[bin];
    const double after = histogram[(bin + 1) % kBins];
    if (middle <= before || middle < after) continue;
    const double offset = (before - after) / (2 * (before + after - 2 * middle));
    peaks.push_back({std::fmod(kBins + bin + offset, kBins) / kBins * 2 * kPi, middle});
  }
  std::stable_sort(peaks.begin(), peaks.end(), [](const Peak& a, const Peak& b) { return a.height > b.height; });
  std::vector<double> angles;
  for (const Peak& peak : peaks) {
    if (angles.size() < 2 && peak.height >= kSecondPeak * peaks[0].height) angles.push_back(peak.angle);
  }
  return angles;
}

}  // namespace gillnet::fingerprint
