// json_fuzzer.cpp -- the push tokenizer against a whole-document parser, and against itself cut in
// two.
//
// First byte: where to cut. What the tokenizer accepts must be the same document to both; what it
// refuses must be refused by the other, unless one of our limits is the reason.
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "courier/json/skeleton.hpp"
#include "fuzzing.hpp"

namespace {

using courier::json::Path;
using courier::json::Skeleton;
using courier::json::Tokenizer;

struct Answer {
  std::optional<nlohmann::json> document;
  std::string refusal;
};

Answer read(std::string_view first, std::string_view second) {
  Skeleton skeleton([](const Path &) { return nullptr; });
  Tokenizer tokenizer(skeleton);
  Answer answer;
  try {
    tokenizer.feed(first);
    tokenizer.feed(second);
    tokenizer.finish();
    answer.document = skeleton.document();
  } catch (const courier::json::Error &error) {
    answer.refusal = error.what();
  }
  return answer;
}

bool is_a_limit(const std::string &refusal) {
  for (const char *limit : {"nested too deeply", "too long", "too much"})
    if (refusal.find(limit) != std::string::npos) return true;
  return false;
}

// The other parser skips a byte order mark, ends at NUL, and refuses numbers beyond a double.
bool is_comparable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && !text.starts_with("\xEF\xBB\xBF");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const text = fuzz::as_text(data + 1, size - 1);
  std::size_t const cut = std::min<std::size_t>(data[0], text.size());
  Answer const whole = read(text, {});
  Answer const pieces = read(text.substr(0, cut), text.substr(cut));
  fuzz::require(whole.document == pieces.document, "a document does not depend on where it is cut");
  if (!is_comparable(text)) return 0;

  bool out_of_range = false;
  std::optional<nlohmann::json> expected;
  try {
    expected = nlohmann::json::parse(text);
  } catch (const nlohmann::json::out_of_range &) {
    out_of_range = true;
  } catch (const nlohmann::json::parse_error &) {
  }
  if (whole.document && !out_of_range)
    fuzz::require(expected && *expected == *whole.document, "what is accepted is what is written");
  if (expected && !whole.document)
    fuzz::require(is_a_limit(whole.refusal), "nothing valid is refused");
  return 0;
}
