// Tokens that allow to report about one attempt, and nothing else: its id, the second at which the
// token expires, and the HMAC-SHA-256 of both. No frame here has anything to destroy: PostgreSQL
// may leave by longjmp.
#include <cstdio>
#include <string_view>

#include "src/pg/compat.hpp"

extern "C" {
#include "common/hmac.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(atelier_hmac_sha256);
PG_FUNCTION_INFO_V1(atelier_attempt_token);
PG_FUNCTION_INFO_V1(atelier_attempt_of_token);
PGDLLEXPORT Datum atelier_hmac_sha256(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_attempt_token(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_attempt_of_token(PG_FUNCTION_ARGS);
}

namespace {

constexpr size_t uuid_length = 36;
constexpr size_t code_length = size_t{2} * PG_SHA256_DIGEST_LENGTH;
constexpr size_t longest_time = 12;

struct Code {
  uint8 bytes[PG_SHA256_DIGEST_LENGTH];
};

Code code_of(const bytea *key, std::string_view purpose, std::string_view message) {
  Code out{};
  pg_hmac_ctx *const context = pg_hmac_create(PG_SHA256);
  if (context == nullptr ||
      pg_hmac_init(context, reinterpret_cast<const uint8 *>(VARDATA_ANY(key)),
                   VARSIZE_ANY_EXHDR(key)) < 0 ||
      pg_hmac_update(context, reinterpret_cast<const uint8 *>(purpose.data()), purpose.size()) <
          0 ||
      pg_hmac_update(context, reinterpret_cast<const uint8 *>(message.data()), message.size()) <
          0 ||
      pg_hmac_final(context, out.bytes, sizeof out.bytes) < 0)
    elog(ERROR, "HMAC-SHA-256 failed: %s", pg_hmac_error(context));
  pg_hmac_free(context);
  return out;
}

// In a time that says nothing about how much is the same.
bool is_same(const Code &a, const Code &b) {
  uint8 difference = 0;
  for (size_t i = 0; i < sizeof a.bytes; ++i)
    difference = static_cast<uint8>(difference | (a.bytes[i] ^ b.bytes[i]));
  return difference == 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool read_hex(std::string_view text, uint8 *out) {
  for (size_t i = 0; i < text.size(); i += 2) {
    int const high = hex_digit(text[i]);
    int const low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out[i / 2] = static_cast<uint8>(high << 4 | low);
  }
  return true;
}

void write_hex(const uint8 *bytes, size_t count, char *out) {
  static constexpr char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < count; ++i) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 0xf];
  }
}

// The text in front of the code: 8-4-4-4-12 small hexadecimal digits, a point, and the seconds.
bool read_signed(std::string_view text, pg_uuid_t *id, int64 *expires_at) {
  if (text.size() < uuid_length + 2 || text.size() > uuid_length + 1 + longest_time) return false;
  char digits[2 * UUID_LEN];
  size_t count = 0;
  for (size_t i = 0; i < uuid_length; ++i) {
    bool const is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_hyphen ? text[i] != '-' : hex_digit(text[i]) < 0) return false;
    if (!is_hyphen) digits[count++] = text[i];
  }
  if (text[uuid_length] != '.' || !read_hex({digits, sizeof digits}, id->data)) return false;
  *expires_at = 0;
  for (char const c : text.substr(uuid_length + 1)) {
    if (c < '0' || c > '9') return false;
    *expires_at = *expires_at * 10 + (c - '0');
  }
  return true;
}

constexpr std::string_view purpose = "attempt.";

}  // namespace

Datum atelier_hmac_sha256(PG_FUNCTION_ARGS) {
  const bytea *const message = PG_GETARG_BYTEA_PP(1);
  Code const code =
      code_of(PG_GETARG_BYTEA_PP(0), {}, {VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message)});
  auto *const out = static_cast<bytea *>(palloc(VARHDRSZ + sizeof code.bytes));
  SET_VARSIZE(out, VARHDRSZ + sizeof code.bytes);
  memcpy(VARDATA(out), code.bytes, sizeof code.bytes);
  PG_RETURN_BYTEA_P(out);
}

Datum atelier_attempt_token(PG_FUNCTION_ARGS) {
  const pg_uuid_t *const id = PG_GETARG_UUID_P(1);
  char token[uuid_length + 1 + longest_time + 9 + code_length];
  char digits[2 * UUID_LEN];
  write_hex(id->data, UUID_LEN, digits);
  int const length =
      snprintf(token, sizeof token, "%.8s-%.4s-%.4s-%.4s-%.12s." INT64_FORMAT, digits, digits + 8,
               digits + 12, digits + 16, digits + 20, PG_GETARG_INT64(2));
  Code const code = code_of(PG_GETARG_BYTEA_PP(0), purpose, {token, static_cast<size_t>(length)});
  token[length] = '.';
  write_hex(code.bytes, sizeof code.bytes, token + length + 1);
  PG_RETURN_TEXT_P(cstring_to_text_with_len(token, length + 1 + static_cast<int>(code_length)));
}

Datum atelier_attempt_of_token(PG_FUNCTION_ARGS) {
  const text *const packed = PG_GETARG_TEXT_PP(1);
  std::string_view const token(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
  if (token.size() < code_length + 1 || token[token.size() - code_length - 1] != '.')
    PG_RETURN_NULL();
  std::string_view const signed_part = token.substr(0, token.size() - code_length - 1);
  auto *const id = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  int64 expires_at = 0;
  Code given{};
  if (!read_signed(signed_part, id, &expires_at) ||
      !read_hex(token.substr(token.size() - code_length), given.bytes) ||
      !is_same(given, code_of(PG_GETARG_BYTEA_PP(0), purpose, signed_part)) ||
      expires_at <= PG_GETARG_INT64(2))
    PG_RETURN_NULL();
  PG_RETURN_UUID_P(id);
}
