// halfbyte list-kernels: every kernel of this build, and why a problem does or does not get it.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/random_data.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "halfbyte/hadamard.h"
#include "halfbyte/linear.h"
#include "halfbyte/rotary.h"

namespace halfbyte::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::optional<std::string> m, n, k, split;
  std::string group = "128", dtype = "f16", schedule = "auto", device = "cpu";
  bool json = false;
};

// What the planner says of one problem, on a random weight of its shape.
LinearPlan plan(const Arguments& a) {
  const auto extent = [](const char* option, const std::optional<std::string>& text) {
    if (!text) {
      refuse(ErrorCode::arg, {"list-kernels", option}, "nothing", "--m, --n and --k together");
    }
    return parse_integer({"list-kernels", option}, *text, 0, largest_extent);
  };
  const std::int64_t m = extent("--m", a.m), n = extent("--n", a.n), k = extent("--k", a.k);
  const std::int64_t group = parse_group({"list-kernels", "--group"}, a.group);
  const DType dtype = parse_dtype({"list-kernels", "--dtype"}, a.dtype);
  LinearOptions options;
  options.schedule = parse_schedule({"list-kernels", "--schedule"}, a.schedule);
  if (a.split)
    options.split = parse_integer({"list-kernels", "--split"}, *a.split, 1, largest_split);
  const PackedWeight w = pack(bench::random_weight(k, n, group, 0),
                              parse_device({"list-kernels", "--device"}, a.device));
  // The planner looks at shapes, not at values: one element stands for all of x and of y.
  std::uint64_t x = 0, y = 0;
  return plan_linear(TensorView::matrix(&x, dtype, m, k), w, TensorView::matrix(&y, dtype, m, n),
                     options);
}

Json entries(const std::vector<KernelInfo>& kernels) {
  Json list = Json::array();
  for (const KernelInfo& kernel : kernels) {
    list.push_back({{"name", kernel.name},
                    {"description", kernel.description},
                    {"available", kernel.unavailable.empty()},
                    {"unavailable", kernel.unavailable}});
  }
  return list;
}

Json describe(const std::optional<LinearPlan>& plan) {
  Json out = {{"kernels", entries(linear_kernels())}};
  out["hadamard_kernels"] = entries(hadamard_kernels());
  out["rotary_kernels"] = entries(rotary_kernels());
  if (plan) {
    for (Json& entry : out["kernels"]) {
      entry["rejected"] = "";
      for (const Rejection& rejection : plan->rejected) {
        if (rejection.kernel == entry["name"].get<std::string>())
          entry["rejected"] = rejection.reason;
      }
      entry["chosen"] = entry["name"] == plan->kernel;
    }
    out["plan"] = {{"kernel", plan->kernel},
                   {"config", to_string(plan->config)},
                   {"predicted_us", plan->predicted_us},
                   {"workspace_bytes", plan->workspace_bytes}};
  }
  return out;
}

void print_text(const Json& all) {
  // A problem to plan is one of linear().
  const bool planned = all.contains("plan");
  Json kernels = all["kernels"];
  for (const char* table : {"hadamard_kernels", "rotary_kernels"}) {
    if (!planned) kernels.insert(kernels.end(), all[table].begin(), all[table].end());
  }
  for (const Json& kernel : kernels) {
    std::string state = "available";
    if (!kernel["available"].get<bool>()) {
      state = "unavailable: " + kernel["unavailable"].get<std::string>();
    } else if (kernel.contains("chosen")) {
      const std::string rejected = kernel["rejected"];
      state = kernel["chosen"].get<bool>() ? "chosen" : rejected.empty() ? "can run" : rejected;
    }
    std::cout << kernel["name"].get<std::string>() << "\n    "
              << kernel["description"].get<std::string>() << "\n    " << state << '\n';
  }
  if (planned) {
    std::cout << "\nplan  " << all["plan"]["kernel"].get<std::string>() << "  "
              << all["plan"]["config"].get<std::string>() << "  predicted "
              << all["plan"]["predicted_us"] << " us\n";
  }
}

void list_kernels(const Arguments& a) {
  std::optional<LinearPlan> chosen;
  if (a.m || a.n || a.k || a.split) chosen = plan(a);
  const Json out = describe(chosen);
  if (a.json) {
    std::cout << out.dump(1) << '\n';
  } else {
    print_text(out);
  }
}

}  // namespace

void add_list_kernels(CLI::App& app, int&) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb =
      app.add_subcommand("list-kernels", "every kernel, and why a problem does not get it");
  verb->add_option("--m", a->m, "rows of x: with --n and --k, a problem to plan");
  verb->add_option("--n", a->n, "output features");
  verb->add_option("--k", a->k, "input features");
  verb->add_option("--group", a->group, "rows that share a scale, or -1")->capture_default_str();
  verb->add_option("--dtype", a->dtype, "f16, bf16, f32")->capture_default_str();
  verb->add_option("--schedule", a->schedule, "as in `apply`")->capture_default_str();
  verb->add_option("--split", a->split, "as in `apply`");
  verb->add_option("--device", a->device, "cpu or cuda:I")->capture_default_str();
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a] { list_kernels(*a); });
}

}  // namespace halfbyte::cli
