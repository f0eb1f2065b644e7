// sample_media.hpp -- pictures and answers for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace test {

// A real PNG with noise in it.
std::string make_png(std::uint32_t width, std::uint32_t height);

// A PNG of about that many bytes: a small picture and long ancillary chunks, which keep it cheap to
// make.
std::string make_png_of_size(std::size_t bytes);

std::string to_base64(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

// {"created":..,"data":[{"b64_json":..},..]} as an OpenAI-compatible server writes it.
std::string make_answer(const std::vector<std::string> &pictures);

// A file of the corpus that real encoders wrote.
std::string read_corpus(const std::string &name);

}  // namespace test
