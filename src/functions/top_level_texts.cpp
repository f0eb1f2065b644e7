// The words in a JSON document from a stranger: read without building the document, so that what
// else is in there (text that the database cannot hold, numbers without measure) does not matter.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>  // before postgres.h, which redefines snprintf

#include "src/pg/boundary.hpp"
#include "src/pg/compat.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(atelier_top_level_texts);
PGDLLEXPORT Datum atelier_top_level_texts(PG_FUNCTION_ARGS);
}

namespace {

using Json = nlohmann::json;

constexpr size_t longest_text = 500;

bool is_word(const std::string &text) {
  return !text.empty() && text.size() <= longest_text &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

class Reader : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(const std::vector<std::string> &names) : names_(names), texts_(names.size()) {}
  std::vector<std::string> take_texts() { return std::move(texts_); }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool string(string_t &value) override {
    if (depth_ == 1 && at_ < names_.size()) texts_[at_] = is_word(value) ? value : "";
    return true;
  }
  bool key(string_t &name) override {
    if (depth_ == 1) {
      at_ = static_cast<size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
      if (at_ < names_.size()) texts_[at_].clear();
    }
    return true;
  }
  bool start_object(std::size_t) override { return ++depth_ > 0; }
  bool end_object() override { return --depth_ >= 0; }
  // What is in an array at the top is at no member.
  bool start_array(std::size_t) override { return (depth_ += 2) > 0; }
  bool end_array() override { return (depth_ -= 2) >= 0; }
  bool parse_error(std::size_t, const std::string &, const nlohmann::detail::exception &) override {
    return false;
  }

 private:
  const std::vector<std::string> &names_;
  std::vector<std::string> texts_;
  size_t at_ = 0;
  int64_t depth_ = 0;
};

std::vector<std::string> texts_in(ArrayType *array) {
  Datum *elements = nullptr;
  bool *nulls = nullptr;
  int count = 0;
  pg::call([&] {
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
  });
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) {
    const text *const element = nulls[i] ? nullptr : DatumGetTextPP(elements[i]);
    out.emplace_back(
        element == nullptr ? "" : std::string(VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element)));
  }
  return out;
}

Datum array_of(const std::vector<std::string> &texts) {
  return pg::call([&] {
    auto *const elements = static_cast<Datum *>(palloc0(texts.size() * sizeof(Datum)));
    auto *const nulls = static_cast<bool *>(palloc0(texts.size() * sizeof(bool)));
    for (size_t i = 0; i < texts.size(); ++i) {
      nulls[i] = texts[i].empty();
      if (!nulls[i])
        elements[i] = PointerGetDatum(
            cstring_to_text_with_len(texts[i].data(), static_cast<int>(texts[i].size())));
    }
    int dimension = static_cast<int>(texts.size());
    int from = 1;
    return PointerGetDatum(construct_md_array(elements, nulls, 1, &dimension, &from, TEXTOID, -1,
                                              false, TYPALIGN_INT));
  });
}

}  // namespace

Datum atelier_top_level_texts(PG_FUNCTION_ARGS) {
  const bytea *const document = PG_GETARG_BYTEA_PP(0);
  ArrayType *const array = PG_GETARG_ARRAYTYPE_P(1);
  return pg::entry([&]() -> Datum {
    std::vector<std::string> const names = texts_in(array);
    Reader reader(names);
    const char *const begin = VARDATA_ANY(document);
    // It is JSON, but may have a number that is too large to be one here: what came before counts.
    (void)Json::sax_parse(begin, begin + VARSIZE_ANY_EXHDR(document), &reader);
    return array_of(reader.take_texts());
  });
}
