// halfbyte doctor: what this machine has, what the library makes of it, and whether its kernels
// compute the right numbers here.
#include <array>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/commit.h"
#include "bench/table.h"
#include "cli/self_test.h"
#include "cli/verbs.h"
#include "cpu/isa.h"
#include "halfbyte/error.h"
#include "halfbyte/threads.h"
#include "ops/device.h"

namespace halfbyte::cli {
namespace {

using Json = nlohmann::ordered_json;

Json cpu_flags() {
  Json flags = Json::array();
#if defined(__x86_64__)
  // __builtin_cpu_supports takes literals only.
  const std::array<std::pair<const char*, bool>, 9> known = {
      {{"avx2", __builtin_cpu_supports("avx2") != 0},
       {"fma", __builtin_cpu_supports("fma") != 0},
       {"avx512f", __builtin_cpu_supports("avx512f") != 0},
       {"avx512bw", __builtin_cpu_supports("avx512bw") != 0},
       {"avx512vl", __builtin_cpu_supports("avx512vl") != 0},
       {"avx512vbmi", __builtin_cpu_supports("avx512vbmi") != 0},
       {"avx512vnni", __builtin_cpu_supports("avx512vnni") != 0},
       {"avx512bf16", __builtin_cpu_supports("avx512bf16") != 0},
       {"vpclmulqdq", __builtin_cpu_supports("vpclmulqdq") != 0}}};
  for (const auto& [name, present] : known) {
    if (present) flags.push_back(name);
  }
#endif
  return flags;
}

Json environment() {
  Json set = Json::object();
  for (const char* name :
       {"HALFBYTE_ISA", "HALFBYTE_NUM_THREADS", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"}) {
    if (const char* value = std::getenv(name)) set[name] = value;
  }
  return set;
}

// The first GPU, or why there is none.
Json gpu() {
  try {
    const DeviceInfo& info = device_info({DeviceType::cuda, 0});
    return {{"name", info.name},
            {"compute_capability", info.compute_capability},
            {"multiprocessors", info.workers},
            {"read_gbps", info.read_gbps},
            {"l2_bytes", info.l2_bytes}};
  } catch (const Error& e) {
    return {{"none", e.what()}};
  }
}

Json packages() {
  return {{"compiler", __VERSION__},
          {"CLI11", CLI11_VERSION},
          {"nlohmann-json", std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
                                std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
                                std::to_string(NLOHMANN_JSON_VERSION_PATCH)}};
}

Json examine(bool& healthy) {
  const DeviceInfo& cpu = device_info({});
  Json out;
  out["commit"] = bench::source_commit();
  out["cpu"] = {{"name", cpu.name},         {"flags", cpu_flags()},
                {"isa", cpu.isa},           {"isa_detected", cpu::name(cpu::detected_isa())},
                {"threads", num_threads()}, {"processors", std::thread::hardware_concurrency()}};
  out["gpu"] = gpu();
  out["environment"] = environment();
  out["packages"] = packages();
  out["kernels"] = Json::array();
  healthy = true;
  for (const KernelResult& result : test_kernels({})) {
    healthy = healthy && result.ok;
    out["kernels"].push_back({{"kernel", result.kernel},
                              {"ok", result.ok},
                              {"err_over_bound", result.err_over_bound},
                              {"reason", result.reason}});
  }
  // A doctor that examined nothing must not say that all is well.
  healthy = healthy && !out["kernels"].empty();
  return out;
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : " ") + item.get<std::string>();
  return text;
}

void print_text(const Json& all) {
  const Json& cpu = all["cpu"];
  const Json& gpu = all["gpu"];
  std::cout << "commit    " << all["commit"].get<std::string>() << "\ncpu       "
            << cpu["name"].get<std::string>() << "\nflags     " << joined(cpu["flags"])
            << "\nisa       " << cpu["isa"].get<std::string>() << " (the CPU has "
            << cpu["isa_detected"].get<std::string>() << ")\nthreads   " << cpu["threads"] << " of "
            << cpu["processors"] << " processors\ngpu       "
            << (gpu.contains("none") ? gpu["none"] : gpu["name"]).get<std::string>() << '\n';
  for (const auto& [name, value] : all["environment"].items()) {
    std::cout << "env       " << name << '=' << value.get<std::string>() << '\n';
  }
  for (const auto& [name, value] : all["packages"].items()) {
    std::cout << "built by  " << name << ' ' << value.get<std::string>() << '\n';
  }
  for (const Json& kernel : all["kernels"]) {
    std::cout << "kernel    " << kernel["kernel"].get<std::string>() << "  "
              << (kernel["ok"].get<bool>() ? "ok" : "WRONG: " + kernel["reason"].get<std::string>())
              << ", error / bound " << bench::short_number(kernel["err_over_bound"].get<double>())
              << '\n';
  }
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("doctor", "this machine, and a test of its kernels");
  verb->add_flag("--json", *json, "print JSON");
  verb->callback([json, &status] {
    bool healthy = false;
    const Json out = examine(healthy);
    if (*json) {
      std::cout << out.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
    } else {
      print_text(out);
    }
    status = healthy ? 0 : 1;
  });
}

}  // namespace halfbyte::cli
