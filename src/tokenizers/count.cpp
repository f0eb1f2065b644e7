// atelier_engine.tokenizer_count(): how many tokens a tokenizer that is installed makes of a text.
//
// A session keeps the tokenizers that it used last, and reads them anew when their files change.
#include <list>
#include <memory>

#include "runner/text/tokenizer.hpp"
#include "runner/text/unicode_tables.hpp"
#include "src/pg/boundary.hpp"
#include "src/pg/settings.hpp"
#include "src/tokenizers/folder.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(atelier_tokenizer_count);
PGDLLEXPORT Datum atelier_tokenizer_count(PG_FUNCTION_ARGS);
}

namespace {

constexpr size_t most_tokenizers = 4;
constexpr size_t longest_text = size_t{128} << 10;
// PostgreSQL sorts the marks of a character in quadratic time. No language needs many.
constexpr int most_marks = 64;

struct Installed {
  std::string folder;
  tokenizers::Stamps stamps;
  std::unique_ptr<const runner::Tokenizer> tokenizer;  // nothing: the files are of no use
};

// The last used first.
std::list<Installed> &kept() {
  static std::list<Installed> tokenizers;
  return tokenizers;
}

// The folder is told to the log alone: users need not know what the server's files are called.
void warn(const std::string &name, const char *problem) {
  const char *const shown = name.c_str();
  pg::call([&] {
    ereport(WARNING,
            (errcode(ERRCODE_CONFIG_FILE_ERROR),
             errmsg("the tokenizer \"%s\" cannot be used", shown), errdetail_log("%s", problem),
             errhint("Tokens are estimated. The server log says what is wrong.")));
  });
}

void load(Installed &entry, const std::string &name) {
  try {
    entry.tokenizer =
        std::make_unique<runner::Tokenizer>(tokenizers::read(entry.folder, entry.stamps));
    return;
  } catch (const std::exception &problem) {
    entry.tokenizer = nullptr;
    warn(name, problem.what());
  }
}

const runner::Tokenizer *find(const std::string &name) {
  const std::string directory = settings::tokenizer_directory;
  if (!directory.starts_with('/') || !tokenizers::is_name(name)) return nullptr;
  const auto folder = directory + "/" + name;
  auto &all = kept();
  auto place = all.begin();
  while (place != all.end() && place->folder != folder)
    ++place;
  const auto stamps = tokenizers::look_at(folder);
  if (!stamps) {
    if (place != all.end()) all.erase(place);
    return nullptr;
  }
  if (place != all.end() && place->stamps == *stamps) {
    all.splice(all.begin(), all, place);
  } else {
    if (place != all.end()) all.erase(place);
    if (all.size() >= most_tokenizers) all.pop_back();
    all.push_front({folder, *stamps, nullptr});
    load(all.front(), name);
  }
  return all.front().tokenizer.get();
}

bool can_be_normalised(std::string_view utf8) {
  int marks = 0;
  for (size_t at = 0; at < utf8.size();) {
    const auto *const bytes = reinterpret_cast<const unsigned char *>(utf8.data()) + at;
    const bool mark = runner::unicode_tables::is_mark(utf8_to_unicode(bytes));
    marks = mark ? marks + 1 : 0;
    if (marks > most_marks) return false;
    at += static_cast<size_t>(pg_utf_mblen(bytes));
  }
  return true;
}

}  // namespace

Datum atelier_tokenizer_count(PG_FUNCTION_ARGS) {
  bool counted = false;
  int32 count = 0;
  pg::entry([&] {
    const char *prompt = nullptr;
    const char *name = nullptr;
    pg::call([&] {
      name = text_to_cstring(PG_GETARG_TEXT_PP(1));
      char *const own = text_to_cstring(PG_GETARG_TEXT_PP(0));
      prompt = reinterpret_cast<const char *>(
          pg_do_encoding_conversion(reinterpret_cast<unsigned char *>(own),
                                    static_cast<int>(strlen(own)), GetDatabaseEncoding(), PG_UTF8));
    });
    std::string_view const utf8 = prompt;
    if (utf8.size() > longest_text || !can_be_normalised(utf8)) return;
    if (const auto *const tokenizer = find(name)) {
      count = static_cast<int32>(tokenizer->count(utf8, longest_text));
      counted = true;
    }
  });
  if (!counted) PG_RETURN_NULL();
  PG_RETURN_INT32(count);
}
