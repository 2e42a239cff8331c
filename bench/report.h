// The rows as one HTML page: charts, tables, how it was measured. Nothing is loaded from elsewhere
// and nothing runs: the page reads the same in ten years and from a mail.
#pragma once

#include <string>
#include <vector>

#include "bench/rows.h"

namespace halfbyte::bench {

// `command` is shown as the way to make the page again.
std::string to_html(const std::vector<BenchRow>& rows, const std::string& command);

// A whole page around a body.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace halfbyte::bench
