// Times every CUDA row of hadamard() beside a copy of the same bytes, in graphs, and prints a JSON
// object a line. Right or wrong is the business of tests/cuda/hadamard_test.cpp.
//
// usage: hadamard_sweep [N,N,...] [LOG2_ELEMENTS,...] [f16|bf16,...] [MODE,...]
//   N       transforms; default: 128 ... 65536 and the sizes of language models with q > 1
//   MODE    out, in, fast, e4m3-given, e4m3-row; default: out,in,fast,e4m3-given
// cold: buffers rotate through 512 MB or more; warm: one buffer, up to 2^24 elements.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/commit.h"
#include "bench/cuda/copy.h"
#include "bench/timer.h"
#include "halfbyte/halfbyte.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr std::size_t cold_bytes = std::size_t{512} << 20;
constexpr double round_us = 3000;
constexpr int rounds = 3;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts{""};
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

struct Case {
  std::int64_t n, rows;
  DType dtype;
  std::string mode;
  bool cold;

  bool codes() const { return mode.starts_with("e4m3"); }
  std::size_t x_bytes() const { return static_cast<std::size_t>(rows * n) * 2; }
  std::size_t y_bytes() const { return x_bytes() / (codes() ? 2 : 1); }
};

// x, y and scales of every turn.
struct Buffers {
  explicit Buffers(const Case& c)
      : turns(c.cold
                  ? std::clamp<std::size_t>(cold_bytes / (c.x_bytes() + c.y_bytes()) + 1, 2, 2048)
                  : 1),
        x(gpu, turns * c.x_bytes()),
        y(gpu, turns * c.y_bytes()),
        scales(gpu, static_cast<std::size_t>(c.rows) * sizeof(float)) {
    // Small numbers of both signs in f16 and bf16: in place nothing may overflow.
    std::vector<std::uint16_t> some(c.x_bytes() / 2);
    for (std::size_t i = 0; i < some.size(); ++i) {
      some[i] =
          static_cast<std::uint16_t>(0x3C00 + (i * 2654435761U >> 20) % 512 + (i % 2) * 0x8000);
    }
    for (std::size_t t = 0; t < turns; ++t) {
      copy_memory(static_cast<std::byte*>(x.data()) + t * c.x_bytes(), gpu, some.data(), {},
                  c.x_bytes());
    }
    const std::vector<float> ones(static_cast<std::size_t>(c.rows), 1.0F);
    copy_memory(scales.data(), gpu, ones.data(), {}, scales.size());
  }
  std::size_t turns;
  DeviceMemory x, y, scales;
};

class Sweep {
 public:
  explicit Sweep(Timer& timer) : timer_(timer) {}

  void run(const Case& c) {
    const Buffers buffers(c);
    const auto of = [&](const DeviceMemory& memory, std::size_t turn, std::size_t bytes) {
      return static_cast<std::byte*>(memory.data()) + turn % buffers.turns * bytes;
    };
    double best_copy = HUGE_VAL;
    for (const CopyGrid grid : copy_grids) {
      const double us = time(buffers.turns, [&](std::size_t turn, void* stream) {
        start_copy(
            grid, of(buffers.x, turn, c.x_bytes()),
            c.mode == "in" ? of(buffers.x, turn, c.x_bytes()) : of(buffers.y, turn, c.y_bytes()),
            static_cast<std::int64_t>(c.x_bytes() / 16), c.codes() ? 8 : 16, stream);
      });
      best_copy = std::min(best_copy, us);
    }
    for (const KernelInfo& kernel : hadamard_kernels()) {
      if (!kernel.name.starts_with("cuda/") || !kernel.unavailable.empty()) continue;
      HadamardOptions options;
      options.kernel = kernel.name;
      if (c.mode == "fast") options.precision = HadamardPrecision::fast;
      const auto call = [&](std::size_t turn, void* stream) {
        const auto x =
            TensorView::matrix(of(buffers.x, turn, c.x_bytes()), c.dtype, c.rows, c.n, -1, gpu);
        auto y = c.mode == "in"
                     ? x
                     : TensorView::matrix(of(buffers.y, turn, c.y_bytes()),
                                          c.codes() ? DType::e4m3 : c.dtype, c.rows, c.n, -1, gpu);
        if (c.mode == "e4m3-given") {
          options.scales = TensorView::vector(buffers.scales.data(), DType::f32, 1, gpu);
        }
        if (c.mode == "e4m3-row") {
          options.scaling = HadamardScaling::per_row;
          options.scales = TensorView::vector(buffers.scales.data(), DType::f32, c.rows, gpu);
        }
        options.stream = stream;
        hadamard(x, y, options);
      };
      try {
        options.workspace_bytes = workspace_bytes(c, options, buffers, of);
        // The plain row at large sizes only takes time.
        if (kernel.name == "cuda/hadamard_butterfly" && c.rows * c.n > (1 << 22)) continue;
        const DeviceMemory workspace(gpu, options.workspace_bytes);
        options.workspace = workspace.data();
        const double us = time(buffers.turns, call);
        print(c, kernel.name, us, best_copy);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
      }
    }
  }

 private:
  template <class Of>
  std::size_t workspace_bytes(const Case& c, const HadamardOptions& options, const Buffers& buffers,
                              const Of& of) {
    HadamardOptions o = options;
    const auto x = TensorView::matrix(of(buffers.x, 0, 0), c.dtype, c.rows, c.n, -1, gpu);
    auto y = c.mode == "in"
                 ? x
                 : TensorView::matrix(of(buffers.y, 0, 0), c.codes() ? DType::e4m3 : c.dtype,
                                      c.rows, c.n, -1, gpu);
    if (c.codes()) {
      o.scaling = c.mode == "e4m3-row" ? HadamardScaling::per_row : HadamardScaling::given;
      o.scales = TensorView::vector(buffers.scales.data(), DType::f32,
                                    c.mode == "e4m3-row" ? c.rows : 1, gpu);
    }
    const HadamardPlan plan = plan_hadamard(x, y, o);
    predicted_ = plan.predicted_us;
    return plan.workspace_bytes;
  }

  double time(std::size_t turns, const Timer::Run& run) {
    const auto series = timer_.series(run, turns);
    for (int i = 0; i < rounds; ++i) series->round(round_us);
    return series->us().median;
  }

  void print(const Case& c, const std::string& kernel, double us, double copy_us) const {
    const double bytes = static_cast<double>(c.x_bytes() + c.y_bytes());
    std::printf(
        "{\"n\": %lld, \"elements\": %lld, \"dtype\": \"%s\", \"mode\": \"%s\", "
        "\"cold\": %s, \"kernel\": \"%s\", \"us\": %.3f, \"tbps\": %.3f, "
        "\"copy_us\": %.3f, \"copy_over_us\": %.3f, \"predicted_us\": %.2f}\n",
        static_cast<long long>(c.n), static_cast<long long>(c.rows * c.n),
        std::string(name(c.dtype)).c_str(), c.mode.c_str(), c.cold ? "true" : "false",
        kernel.c_str(), us, bytes / us * 1e-6, copy_us, copy_us / us, predicted_);
    std::fflush(stdout);
  }

  Timer& timer_;
  double predicted_ = 0;
};

int run(int count, char** arguments) {
  const auto argument = [&](int i, const char* fallback) {
    return split(i < count ? arguments[i] : fallback);
  };
  const auto sizes = argument(1,
                              "64,128,256,512,1024,2048,4096,8192,16384,32768,65536,11008,13824,"
                              "14336,18944,28672,53248");
  const auto counts = argument(2, "0,14,16,18,20,22,24,26");
  const auto timer = make_timer(gpu);
  std::printf("{\"commit\": \"%s\", \"device\": \"%s\"}\n", source_commit(),
              device_info(gpu).name.c_str());
  Sweep sweep(*timer);
  for (const std::string& dtype : argument(3, "f16,bf16")) {
    for (const std::string& mode : argument(4, "out,in,fast,e4m3-given")) {
      for (const std::string& size : sizes) {
        for (const std::string& log2 : counts) {
          const std::int64_t n = std::stoll(size);
          const int bits = std::stoi(log2);  // 0: one row
          const std::int64_t rows = std::max<std::int64_t>(1, (std::int64_t{1} << bits) / n);
          if (bits != 0 && (std::int64_t{1} << bits) < n) continue;
          for (const bool cold : {true, false}) {
            if (!cold && bits > 24) continue;
            sweep.run({n, rows, dtype == "bf16" ? DType::bf16 : DType::f16, mode, cold});
          }
        }
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace halfbyte::bench

int main(int count, char** arguments) {
  try {
    return halfbyte::bench::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hadamard_sweep: %s\n", error.what());
    return 1;
  }
}
