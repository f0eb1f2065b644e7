#include "bgworkers/spoken_texts.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "src/pg/spi.hpp"
#include "src/pg/transaction.hpp"

namespace bgworkers {
namespace {

// 0.1.0 does not know it.
pg::Statement knows_append_texts(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'append_texts')");
pg::Statement append_texts("select atelier_engine.append_texts($1, $2, $3)");

// The courier gathers what is said in a tenth of a second; here only what many say comes together.
constexpr auto delay = std::chrono::milliseconds(20);

// Of valid UTF-8.
int32_t character_count(const std::string &text) {
  return static_cast<int32_t>(std::count_if(
      text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0U) != 0x80U; }));
}

}  // namespace

void SpokenTexts::take(const wire::Delta &delta) {
  if (unwritten_.empty()) due_ = Clock::now() + delay;
  unwritten_[delta.attempt] += delta.text;
}

void SpokenTexts::write() {
  if (unwritten_.empty()) return;
  std::vector<wire::Uuid> attempts;
  std::vector<int32_t> starts;
  std::vector<std::string> texts;
  for (const auto &[attempt, text] : unwritten_) {
    attempts.push_back(attempt);
    starts.push_back(written_[attempt]);
    texts.push_back(text);
  }
  pg::Transaction transaction("writing down answers");
  if (knows_append_texts.run({}).boolean(0, 1))
    append_texts.run({pg::uuid_array(attempts), pg::int4_array(starts), pg::text_array(texts)});
  transaction.commit();
  for (const auto &[attempt, text] : unwritten_)
    written_[attempt] += character_count(text);
  unwritten_.clear();
}

void SpokenTexts::forget(const wire::Uuid &attempt) {
  unwritten_.erase(attempt);
  written_.erase(attempt);
}

}  // namespace bgworkers
