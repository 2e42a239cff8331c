// A 16-bit model: tensors, and no quantised layer.
#include "checkpoint/importers.h"

namespace halfbyte::checkpoint {

const Importer dense_importer = {
    .name = "dense",
    .method = "",
    .dialect = "",
    .marker = "",
    .dialect_of = [](const ConfigObject&) { return std::string(); },
    .read_config = [](const ConfigObject&) { return QuantConfig{}; },
    .describe = nullptr,
    .load = nullptr,
};

}  // namespace halfbyte::checkpoint
