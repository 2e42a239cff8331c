#pragma once

#include <vector>

#include "halfbyte/weight.h"

struct hbb_weights {
  std::vector<halfbyte::PackedWeight> copies;
};
