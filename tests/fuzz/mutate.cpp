#include "fuzz/mutate.h"

#include <algorithm>
#include <random>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace halfbyte::fuzz {
namespace {

void mutate_bytes(std::string& bytes, std::size_t most) {
  std::string buffer = bytes;
  buffer.resize(std::max<std::size_t>(most, 1));
  const std::size_t size = LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(buffer.data()),
                                            std::min(bytes.size(), most), most);
  bytes.assign(buffer, 0, size);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Puts another number in the place of one of the text's numbers.
void mutate_number(std::string& text, std::mt19937& random) {
  static constexpr std::string_view numbers[] = {"0",
                                                 "1",
                                                 "2",
                                                 "3",
                                                 "4",
                                                 "7",
                                                 "8",
                                                 "9",
                                                 "16",
                                                 "31",
                                                 "32",
                                                 "33",
                                                 "64",
                                                 "100",
                                                 "128",
                                                 "255",
                                                 "256",
                                                 "-1",
                                                 "4294967295",
                                                 "4294967296",
                                                 "2147483648",
                                                 "9223372036854775807",
                                                 "9223372036854775808",
                                                 "18446744073709551615",
                                                 "18446744073709551616",
                                                 "1e3",
                                                 "0.5",
                                                 "1152921504606846976"};
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (is_digit(text[i]) && (i == 0 || !is_digit(text[i - 1]))) starts.push_back(i);
  if (starts.empty()) return;
  const std::size_t begin = starts[random() % starts.size()];
  std::size_t end = begin;
  while (end < text.size() && is_digit(text[end])) ++end;
  std::string number(numbers[random() % std::size(numbers)]);
  if (random() % 2 == 0 && end - begin < 18) {  // a neighbour of the old one
    const long long old = std::stoll(text.substr(begin, end - begin));
    number = std::to_string(old + static_cast<int>(random() % 17) - 8);
  }
  text.replace(begin, end - begin, number);
}

void copy_run(std::string& text, std::mt19937& random) {
  if (text.empty()) return;
  const std::size_t from = random() % text.size();
  const std::string run = text.substr(from, 1 + random() % 64);
  text.insert(random() % (text.size() + 1), run);
}

}  // namespace

void mutate_text(std::string& text, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  switch (random() % 4) {
    case 0:
      mutate_number(text, random);
      break;
    case 1:
      copy_run(text, random);
      break;
    default:
      mutate_bytes(text, most);
  }
  if (text.size() > most) text.resize(most);
}

void mutate_safetensors(std::string& file, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  if (random() % 16 == 0 || file.size() < 8 || most < 64) {
    mutate_bytes(file, most);
    return;
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i)
    length |= std::uint64_t{static_cast<unsigned char>(file[i])} << (8 * i);
  const std::size_t split =
      8 + static_cast<std::size_t>(std::min<std::uint64_t>(length, file.size() - 8));
  std::string header = file.substr(8, split - 8), data = file.substr(split);
  if (random() % 3 == 0)
    mutate_bytes(data, most - 8 - std::min(most - 8, header.size()));
  else
    mutate_text(header, most - 8 - std::min(most - 8, data.size()), random());
  file.assign(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    file[i] = static_cast<char>(std::uint64_t{header.size()} >> (8 * i));
  file += header + data;
  if (file.size() > most) file.resize(most);
}

void mutate_model(std::string& bytes, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  const std::size_t split = bytes.find('\0');
  if (split == std::string::npos) {
    mutate_bytes(bytes, most);
    return;
  }
  std::string config = bytes.substr(0, split), file = bytes.substr(split + 1);
  if (random() % 3 == 0)
    mutate_text(config, most - 1 - std::min(most - 1, file.size()), random());
  else
    mutate_safetensors(file, most - 1 - std::min(most - 1, config.size()), random());
  bytes = config + '\0' + file;
  if (bytes.size() > most) bytes.resize(most);
}

void mutate_npy(std::string& file, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  constexpr std::size_t start = 10;
  if (random() % 8 == 0 || file.size() < start || file[6] != 1) {
    mutate_bytes(file, most);
    return;
  }
  const std::size_t length =
      static_cast<unsigned char>(file[8]) | std::size_t{static_cast<unsigned char>(file[9])} << 8;
  const std::size_t split = start + std::min(length, file.size() - start);
  std::string header = file.substr(start, split - start);
  const std::string data = file.substr(split);
  mutate_text(header, std::min<std::size_t>(65535, most), random());
  file.resize(8);
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  file += header + data;
  if (file.size() > most) file.resize(most);
}

}  // namespace halfbyte::fuzz
