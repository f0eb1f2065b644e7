// What SQL may do with the secrets of provider tokens and of their webhooks: seal them, seal them
// anew with the newest key, and ask whether they can be opened. They are opened in C++ alone.
#include "src/functions/provider_secrets.hpp"

#include <vector>

#include "src/pg/boundary.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include <sys/stat.h>

PG_FUNCTION_INFO_V1(atelier_seal_secret);
PG_FUNCTION_INFO_V1(atelier_reseal_secret);
PG_FUNCTION_INFO_V1(atelier_key_of_secret);
PG_FUNCTION_INFO_V1(atelier_secret_problem);
PG_FUNCTION_INFO_V1(atelier_has_key_of_secret);
PG_FUNCTION_INFO_V1(atelier_newest_secret_key);
PGDLLEXPORT Datum atelier_seal_secret(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_reseal_secret(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_key_of_secret(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_secret_problem(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_has_key_of_secret(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_newest_secret_key(PG_FUNCTION_ARGS);
}

namespace provider_secrets {
namespace {

secrets::KeyRing load_keys() { return secrets::KeyRing::load(settings::secret_key_file, DataDir); }

std::span<const uint8_t> bytes_from(const bytea *value) {
  return {reinterpret_cast<const uint8_t *>(VARDATA_ANY(value)), VARSIZE_ANY_EXHDR(value)};
}

std::string_view view_of(const text *value) {
  return {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

secrets::Owner owner_from(Datum token, const text *purpose) {
  secrets::Owner out{secrets::Purpose::provider_token, {}};
  if (view_of(purpose) == "webhook secret")
    out.purpose = secrets::Purpose::webhook_secret;
  else if (view_of(purpose) != "provider token")
    throw pg::Failure(ERRCODE_INVALID_PARAMETER_VALUE, "unknown purpose of a secret");
  memcpy(out.token.bytes.data(), DatumGetUUIDP(token)->data, out.token.bytes.size());
  return out;
}

Datum to_bytea(const std::vector<uint8_t> &bytes) {
  auto *const out = pg::call([&] { return static_cast<bytea *>(palloc(VARHDRSZ + bytes.size())); });
  SET_VARSIZE(out, VARHDRSZ + bytes.size());
  memcpy(VARDATA(out), bytes.data(), bytes.size());
  return PointerGetDatum(out);
}

Datum to_text(std::string_view value) {
  const char *const data = value.data();
  int const size = static_cast<int>(value.size());
  return pg::call([&] { return PointerGetDatum(cstring_to_text_with_len(data, size)); });
}

// As pg::entry; whatever is wrong with keys becomes 55000.
template <typename F>
Datum with_problems_raised(F &&f) {
  return pg::entry([&]() -> Datum {
    try {
      return f();
    } catch (const secrets::Problem &problem) {
      throw pg::Failure(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, problem.what(), problem.hint());
    }
  });
}

// The names of the keys, read again when the file is another one. Claims ask for them.
class KeyNames {
 public:
  bool has(std::string_view name) {
    if (name.empty()) return false;
    struct stat facts {};
    if (settings::secret_key_file[0] == '\0' || stat(settings::secret_key_file, &facts) != 0)
      return false;
    if (path_ != settings::secret_key_file || !is_same(facts)) read(facts);
    for (const std::string &known : names_)
      if (known == name) return true;
    return false;
  }

 private:
  bool is_same(const struct stat &facts) const {
    return facts.st_dev == facts_.st_dev && facts.st_ino == facts_.st_ino &&
           facts.st_size == facts_.st_size && facts.st_ctim.tv_sec == facts_.st_ctim.tv_sec &&
           facts.st_ctim.tv_nsec == facts_.st_ctim.tv_nsec;
  }

  void read(const struct stat &facts) {
    names_.clear();
    path_ = settings::secret_key_file;
    facts_ = facts;
    try {
      secrets::KeyRing const ring = load_keys();
      for (const secrets::Key &key : ring.keys())
        names_.push_back(key.id());
    } catch (const secrets::Problem &) {
      names_.clear();  // doctor() says what is wrong
    }
  }

  std::string path_;
  struct stat facts_ {};
  std::vector<std::string> names_;
};

}  // namespace

std::string Reader::open(const secrets::Owner &owner, std::span<const uint8_t> sealed) {
  if (!keys_) keys_.emplace(load_keys());
  return secrets::unseal(*keys_, owner, sealed);
}

}  // namespace provider_secrets

using namespace provider_secrets;

Datum atelier_seal_secret(PG_FUNCTION_ARGS) {
  Datum const token = PG_GETARG_DATUM(0);
  const text *const secret = PG_GETARG_TEXT_PP(1);
  const text *const purpose = PG_GETARG_TEXT_PP(2);
  return with_problems_raised([&] {
    return to_bytea(
        secrets::seal(load_keys().newest(), owner_from(token, purpose), view_of(secret)));
  });
}

Datum atelier_reseal_secret(PG_FUNCTION_ARGS) {
  Datum const token = PG_GETARG_DATUM(0);
  const bytea *const sealed = PG_GETARG_BYTEA_PP(1);
  const text *const purpose = PG_GETARG_TEXT_PP(2);
  return with_problems_raised([&] {
    secrets::KeyRing const keys = load_keys();
    secrets::Owner const owner = owner_from(token, purpose);
    std::string secret = secrets::unseal(keys, owner, bytes_from(sealed));
    std::vector<uint8_t> const anew = secrets::seal(keys.newest(), owner, secret);
    secrets::wipe(secret);
    return to_bytea(anew);
  });
}

Datum atelier_key_of_secret(PG_FUNCTION_ARGS) {
  std::string_view const name = secrets::key_name_of(bytes_from(PG_GETARG_BYTEA_PP(0)));
  if (name.empty()) PG_RETURN_NULL();
  PG_RETURN_TEXT_P(cstring_to_text_with_len(name.data(), static_cast<int>(name.size())));
}

Datum atelier_secret_problem(PG_FUNCTION_ARGS) {
  Datum const token = PG_GETARG_DATUM(0);
  const bytea *const sealed = PG_GETARG_BYTEA_PP(1);
  const text *const purpose = PG_GETARG_TEXT_PP(2);
  bool fine = false;
  Datum const problem = pg::entry([&]() -> Datum {
    try {
      std::string secret = Reader().open(owner_from(token, purpose), bytes_from(sealed));
      secrets::wipe(secret);
      fine = true;
      return Datum{0};
    } catch (const secrets::Problem &found) {
      return to_text(found.what());
    }
  });
  if (fine) PG_RETURN_NULL();
  return problem;
}

Datum atelier_has_key_of_secret(PG_FUNCTION_ARGS) {
  const bytea *const sealed = PG_GETARG_BYTEA_PP(0);
  return pg::entry([&]() -> Datum {
    static KeyNames names;
    return BoolGetDatum(names.has(secrets::key_name_of(bytes_from(sealed))));
  });
}

Datum atelier_newest_secret_key(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return with_problems_raised([&] { return to_text(load_keys().newest().id()); });
}
