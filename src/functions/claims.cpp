#include "src/functions/claims.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace claims {
namespace {

using nlohmann::json;

constexpr int max_depth = 64;
constexpr size_t max_number_length = 400;  // a number as long as any double written out

// jsonb keeps numbers as they are written and refuses some that are far out of the range of any
// double, also far below it.
bool is_storable_number(std::string_view text) {
  if (text.size() > max_number_length) return false;
  size_t const exponent = text.find_first_of("eE");
  return exponent == std::string_view::npos || text.size() - exponent <= sizeof "e-308";
}

bool is_storable_text(std::string_view text) { return text.find('\0') == std::string_view::npos; }

// Takes the members of the outermost object and checks everything else. Of a repeated key the last
// one wins, as in jsonb.
class Reader final : public nlohmann::json_sax<json> {
 public:
  explicit Reader(Claims &out) : out_(out) {}

  bool null() override { return take(std::nullopt); }
  bool boolean(bool) override { return take(std::nullopt); }
  bool number_integer(number_integer_t) override { return take(std::nullopt); }
  bool number_unsigned(number_unsigned_t) override { return take(std::nullopt); }
  bool number_float(number_float_t, const string_t &text) override {
    return is_storable_number(text) && take(std::nullopt);
  }
  bool string(string_t &text) override { return is_storable_text(text) && take(std::move(text)); }
  bool binary(binary_t &) override { return false; }
  bool key(string_t &text) override {
    if (depth_ == 1)
      target_ = text == "sub"     ? &out_.sub
                : text == "role"  ? &out_.role
                : text == "email" ? &out_.email
                                  : nullptr;
    return is_storable_text(text);
  }
  bool start_object(size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(size_t) override { return depth_ > 0 && enter(); }
  bool end_array() override { return leave(); }
  bool parse_error(size_t, const std::string &, const nlohmann::detail::exception &) override {
    return false;
  }

 private:
  bool take(std::optional<std::string> value) {
    if (depth_ == 1 && target_ != nullptr) *target_ = std::move(value);
    return depth_ > 0;
  }
  bool enter() {
    take(std::nullopt);
    return ++depth_ <= max_depth;
  }
  bool leave() {
    --depth_;
    return true;
  }

  Claims &out_;
  std::optional<std::string> *target_ = nullptr;
  int depth_ = 0;
};

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Claims parse(std::string_view text) {
  Claims out;
  if (text.starts_with("\xEF\xBB\xBF")) return out;  // the parser skips it, jsonb does not
  Reader reader(out);
  if (!json::sax_parse(text.begin(), text.end(), &reader)) return {};
  out.valid = true;
  return out;
}

std::optional<Uuid> uuid_of(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  Uuid out{};
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    int const digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    out[digits / 2] = static_cast<unsigned char>(out[digits / 2] << 4 | digit);
    ++digits;
  }
  return out;
}

}  // namespace claims
