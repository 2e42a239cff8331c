// The commit that this program was built from: 12 hex digits, "-dirty" after them for a changed
// tree, "unknown" where git or its folder is missing.
#pragma once

namespace halfbyte::bench {

const char* source_commit();

}  // namespace halfbyte::bench
