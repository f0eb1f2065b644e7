#include "courier/json/pruned.hpp"

#include <cstdint>

namespace courier::json {

namespace {

constexpr std::size_t before_first = SIZE_MAX;

}  // namespace

bool Pruned::is_left_out() {
  if (cut_ > 0) return true;
  if (!path_.empty() && path_.back().in_array) ++path_.back().index;
  if (!skip_(path_)) return false;
  inner_.null();
  return true;
}

bool Pruned::opens_within_left_out() {
  if (!is_left_out()) return false;
  ++cut_;
  return true;
}

bool Pruned::closes_within_left_out() {
  if (cut_ == 0) return false;
  --cut_;
  return true;
}

void Pruned::begin_object() {
  if (opens_within_left_out()) return;
  inner_.begin_object();
  path_.push_back(Step{});
}

void Pruned::end_object() {
  if (closes_within_left_out()) return;
  path_.pop_back();
  inner_.end_object();
}

void Pruned::begin_array() {
  if (opens_within_left_out()) return;
  inner_.begin_array();
  path_.push_back(Step{{}, before_first, true});
}

void Pruned::end_array() {
  if (closes_within_left_out()) return;
  path_.pop_back();
  inner_.end_array();
}

void Pruned::key(std::string_view name) {
  if (cut_ > 0) return;
  path_.back().key = name;
  inner_.key(name);
}

void Pruned::begin_string() {
  in_cut_string_ = is_left_out();
  if (!in_cut_string_) inner_.begin_string();
}

void Pruned::string_piece(std::string_view piece) {
  if (!in_cut_string_) inner_.string_piece(piece);
}

void Pruned::end_string() {
  if (!in_cut_string_) inner_.end_string();
}

void Pruned::number(std::string_view text) {
  if (!is_left_out()) inner_.number(text);
}

void Pruned::boolean(bool value) {
  if (!is_left_out()) inner_.boolean(value);
}

void Pruned::null() {
  if (!is_left_out()) inner_.null();
}

}  // namespace courier::json
