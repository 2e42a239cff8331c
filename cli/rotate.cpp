// halfbyte rotate: rotations folded into the weights of a 16-bit checkpoint.
#include "halfbyte/rotate.h"
#include "cli/arguments.h"
#include "cli/verbs.h"

namespace halfbyte::cli {
namespace {

struct Arguments {
  std::string from, to, seed = "1";
  bool no_residual = false, no_heads = false;
};

}  // namespace

void add_rotate(CLI::App& app, int&) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("rotate", "fold Hadamard rotations into a 16-bit checkpoint");
  verb->add_option("from", a->from, "folder of the 16-bit checkpoint")->required();
  verb->add_option("to", a->to, "folder to write, made when it is missing")->required();
  verb->add_option("--seed", a->seed, "of the signs; 0: none")->capture_default_str();
  verb->add_flag("--no-residual", a->no_residual, "leave the residual stream (R1) as it is");
  verb->add_flag("--no-heads", a->no_heads, "leave the heads (R2) as they are");
  verb->callback([a] {
    const auto seed = parse_integer({"rotate", "--seed"}, a->seed, 0, largest_extent);
    fold_rotations(a->from, a->to,
                   {.residual = !a->no_residual,
                    .heads = !a->no_heads,
                    .seed = static_cast<std::uint64_t>(seed)});
  });
}

}  // namespace halfbyte::cli
