// Mutations that keep the outer structure whole, since a file whose first length is wrong dies at
// the first check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace halfbyte::fuzz {

// Of text: bytes, or a number, or a run copied to another place.
void mutate_text(std::string& text, std::size_t most, unsigned seed);
// Of a safetensors file: the header as text, or the data; the length is made right again.
void mutate_safetensors(std::string& file, std::size_t most, unsigned seed);

// Of a config and a safetensors file with a zero byte between them.
void mutate_model(std::string& bytes, std::size_t most, unsigned seed);
// Of an NPY file: the dictionary, or anything; the length is made right again.
void mutate_npy(std::string& file, std::size_t most, unsigned seed);

}  // namespace halfbyte::fuzz
