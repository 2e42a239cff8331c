#include "linear/under_test.h"

namespace halfbyte::test {

Device device_under_test() { return {}; }
std::string why_no_device() { return ""; }

}  // namespace halfbyte::test
