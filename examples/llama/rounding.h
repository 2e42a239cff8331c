// What low precision does to activations: rows become the values of their codes, as attention, a
// cache of keys and values, or a linear in that precision would read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace llama {

enum class Codes : std::uint8_t { none, e4m3, e5m2, int8, int4 };
enum class Scales : std::uint8_t { tensor, row };  // one for a call's rows, or one for each

// What Model::forward() rounds. A row of q, k or v is one head of one token; a row of a linear's
// input is a token and has a scale of its own.
struct Rounding {
  Codes attention = Codes::none;
  Scales scales = Scales::row;
  bool q = true, k = true, v = true;  // which of them have attention's codes
  Codes linears = Codes::none;        // inputs of every linear but the output head
  bool turn_qk = false;               // H on every head of q and k; it cancels in q k^T
  bool turn_down = false;             // H before the rounding of down_proj's input, H^T after it
};

// A Rounding in the words of the command line.
struct RoundingNames {
  std::string attention_codes = "none";  // none, e4m3, e5m2, int8, int4
  std::string attention_scales = "row";  // tensor, row
  std::string attention_parts = "qkv";   // one or more of these letters
  std::string linear_codes = "none";     // as attention_codes
  std::vector<std::string> hadamard{};   // qk, down
};

// Throws E_ARG, the argument being the option of halfbyte-llama.
Rounding rounding_from_names(const RoundingNames& names);

// Rounds each of m rows of `width` elements to codes times a scale, largest |element| / largest
// code of the row or of all rows. Throws E_SHAPE for int4 and an odd width.
void round_rows(float* rows, std::int64_t m, std::int64_t width, Codes codes, Scales scales);

// Every row becomes H row / sqrt(width), or H^T row / sqrt(width). Throws E_SHAPE where there is
// no H.
void turn_rows(float* rows, std::int64_t m, std::int64_t width, bool back = false);

}  // namespace llama
