#include "runner/text/bpe.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <queue>
#include <utility>

#include "runner/checkpoint/config.hpp"
#include "runner/text/unicode.hpp"

namespace runner {
namespace {

constexpr const char *end_of_word = "</w>";
constexpr int byte_values = 256;
constexpr int64_t max_id = INT32_MAX;

// CLIP writes each byte as a printable character: itself where it is one, else a character from
// U+0100 upwards.
std::vector<std::string> byte_spellings() {
  std::vector<std::string> spellings(byte_values);
  char32_t next = byte_values;
  for (char32_t byte = 0; byte < byte_values; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) ||
                           (byte >= 0xae && byte <= 0xff);
    append_utf8(printable ? byte : next++, spellings[byte]);
  }
  return spellings;
}

// Takes {"token": id, …} as it is read: a hostile file costs no more memory than it has bytes.
class VocabularyReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit VocabularyReader(std::unordered_map<std::string, int64_t> &ids) : ids_(ids) {}

  const std::string &problem() const { return problem_; }

  bool null() override { return refuse(); }
  bool boolean(bool) override { return refuse(); }
  bool number_integer(number_integer_t) override { return refuse(); }
  bool number_unsigned(number_unsigned_t id) override {
    if (!inside_ || id > max_id) return refuse();
    ids_.insert_or_assign(std::move(token_), static_cast<int64_t>(id));
    return true;
  }
  bool number_float(number_float_t, const string_t &) override { return refuse(); }
  bool string(string_t &) override { return refuse(); }
  bool binary(binary_t &) override { return refuse(); }
  bool start_object(size_t) override {
    if (inside_) return refuse();
    inside_ = true;
    return true;
  }
  bool key(string_t &token) override {
    token_ = std::move(token);
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return refuse(); }
  bool end_array() override { return refuse(); }
  bool parse_error(size_t, const std::string &, const nlohmann::detail::exception &) override {
    problem_ = "is not valid JSON";
    return false;
  }

 private:
  bool refuse() {
    problem_ = inside_ ? "bad id for \"" + token_ + "\"" : "is not a JSON object";
    return false;
  }

  std::unordered_map<std::string, int64_t> &ids_;
  std::string token_;
  std::string problem_;
  bool inside_ = false;
};

uint64_t pair_key(int64_t left, int64_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
}

}  // namespace

BytePairEncoder::BytePairEncoder(const TokenizerFile &vocabulary, const TokenizerFile &merges) {
  VocabularyReader reader(ids_);
  nlohmann::json::sax_parse(vocabulary.text, &reader);
  if (!reader.problem().empty()) throw CheckpointError(vocabulary.name + ": " + reader.problem());
  for (const auto &[token, id] : ids_)
    size_ = std::max(size_, id + 1);
  for (const auto &spelling : byte_spellings()) {
    byte_ids_.push_back(id_of(spelling));
    last_byte_ids_.push_back(id_of(spelling + end_of_word));
    if (byte_ids_.back() < 0 || last_byte_ids_.back() < 0) {
      throw CheckpointError(vocabulary.name + ": has no entry for \"" + spelling + "\"");
    }
  }
  load_merges(merges);
}

void BytePairEncoder::load_merges(const TokenizerFile &file) {
  std::string_view rest = file.text;
  for (int64_t rank = 0; !rest.empty(); ++rank) {
    const std::string line(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto space = line.find(' ');
    const bool is_version = rank == 0 && line.starts_with("#version");
    if (is_version || line.empty()) continue;
    const auto left = id_of(line.substr(0, space));
    const auto right = space == line.npos ? -1 : id_of(line.substr(space + 1));
    const auto result =
        left < 0 || right < 0 ? -1 : id_of(line.substr(0, space) + line.substr(space + 1));
    if (result < 0) {
      throw CheckpointError(file.name + ": merge \"" + line + "\" is not in the vocabulary");
    }
    merges_.emplace(pair_key(left, right), Merge{rank, result});
  }
}

int64_t BytePairEncoder::id_of(const std::string &token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? -1 : found->second;
}

const BytePairEncoder::Merge *BytePairEncoder::find_merge(int64_t left, int64_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

std::vector<int64_t> BytePairEncoder::encode(std::string_view word) const {
  constexpr size_t none = SIZE_MAX;
  struct Symbol {
    int64_t id;
    size_t previous, next;
  };
  struct Candidate {
    int64_t rank;
    size_t position;
    int64_t left, right;
    bool operator>(const Candidate &other) const {
      return std::pair(rank, position) > std::pair(other.rank, other.position);
    }
  };
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (size_t i = 0; i < word.size(); ++i) {
    const bool last = i + 1 == word.size();
    const auto byte = static_cast<unsigned char>(word[i]);
    symbols.push_back(
        {(last ? last_byte_ids_ : byte_ids_)[byte], i == 0 ? none : i - 1, last ? none : i + 1});
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](size_t position) {
    if (position == none || symbols[position].next == none) return;
    const auto left = symbols[position].id;
    const auto right = symbols[symbols[position].next].id;
    if (const auto *merge = find_merge(left, right)) {
      candidates.push({merge->rank, position, left, right});
    }
  };
  for (size_t i = 0; i < symbols.size(); ++i)
    consider(i);
  while (!candidates.empty()) {
    const auto best = candidates.top();
    candidates.pop();
    auto &left = symbols[best.position];
    // A neighbour's merge may have consumed or changed either side since this candidate was queued.
    if (left.id != best.left || left.next == none || symbols[left.next].id != best.right) continue;
    auto &right = symbols[left.next];
    left.id = find_merge(best.left, best.right)->result;
    right.id = -1;
    left.next = right.next;
    if (left.next != none) symbols[left.next].previous = best.position;
    consider(best.position);
    consider(left.previous);
  }
  std::vector<int64_t> ids;
  for (size_t i = word.empty() ? none : 0; i != none; i = symbols[i].next) {
    ids.push_back(symbols[i].id);
  }
  return ids;
}

}  // namespace runner
