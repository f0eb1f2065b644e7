#include "courier/json/skeleton.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace courier::json {

namespace {

template <typename Number>
bool parse_whole(std::string_view text, Number &value) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

// Null: beyond the range of a double. What is nearer to zero than any of them is zero.
nlohmann::json extreme_number(std::string_view text) {
  double const value = std::strtod(std::string(text).c_str(), nullptr);
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

}  // namespace

void Skeleton::account(std::size_t text_bytes) {
  text_bytes_ += text_bytes;
  if (values_ > limits_.values || text_bytes_ > limits_.text_bytes)
    throw Error("it holds too much");
}

void Skeleton::begin_value() {
  ++values_;
  account(0);
  if (!path_.empty() && path_.back().in_array) path_.back().index = open_.back()->size();
}

nlohmann::json *Skeleton::place(nlohmann::json &&value) {
  if (open_.empty()) {
    root_ = std::move(value);
    return &root_;
  }
  nlohmann::json &parent = *open_.back();
  const Step &step = path_.back();
  if (!step.in_array) return &(parent[step.key] = std::move(value));
  parent.push_back(std::move(value));
  return &parent.back();
}

void Skeleton::open(nlohmann::json &&empty, bool is_array) {
  begin_value();
  open_.push_back(place(std::move(empty)));
  path_.push_back(Step{{}, 0, is_array});
}

void Skeleton::close() {
  open_.pop_back();
  path_.pop_back();
}

void Skeleton::begin_object() { open(nlohmann::json::object(), false); }
void Skeleton::end_object() { close(); }
void Skeleton::begin_array() { open(nlohmann::json::array(), true); }
void Skeleton::end_array() { close(); }

void Skeleton::key(std::string_view name) {
  account(name.size());
  path_.back().key = name;
}

void Skeleton::begin_string() {
  begin_value();
  text_.clear();
  sink_ = divert_(path_);
}

void Skeleton::string_piece(std::string_view piece) {
  if (sink_ != nullptr) return sink_->write(piece);
  account(piece.size());
  text_ += piece;
}

void Skeleton::end_string() {
  if (sink_ == nullptr) {
    place(std::exchange(text_, {}));
    return;
  }
  std::exchange(sink_, nullptr)->end();
  place(nullptr);
}

void Skeleton::number(std::string_view text) {
  begin_value();
  account(text.size());
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  double real = 0;
  if (parse_whole(text, natural))
    place(natural);
  else if (parse_whole(text, integer))
    place(integer);
  else if (parse_whole(text, real))
    place(real);
  else
    place(extreme_number(text));
}

void Skeleton::boolean(bool value) {
  begin_value();
  place(value);
}

void Skeleton::null() {
  begin_value();
  place(nullptr);
}

}  // namespace courier::json
